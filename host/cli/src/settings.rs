//! What a run needs to go on later besides its text and its journal.

use std::collections::BTreeMap;
use std::time::Duration;

use coldframe_format::{Digest, SkillId};
use coldframe_lang::graph::{Graph, Limits};
use coldframe_lang::limits::Limit;
use coldframe_store::RunRow;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::exit::Fail;
use crate::loading::OperatorLimits;
use crate::project::{KeptFile, Project};
use crate::services;

/// Everything that is fixed when a run begins.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Bounds from the command line.
    pub(crate) limits: OperatorLimits,
    /// Exactly what was resolved.
    pub(crate) pins: Pins,
    /// Registries the run was started with, besides the built-in one.
    pub(crate) registries: Vec<String>,
    /// Files that the pipeline names.
    pub(crate) files: Vec<KeptFile>,
    /// Values of the environment that went into its text.
    pub(crate) env: BTreeMap<String, String>,
    /// The services it was given.
    pub(crate) services: services::Given,
}

/// What a graph runs, exactly: digests of components, and of documents of published pipelines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pins {
    pub(crate) skills: BTreeMap<(SkillId, Version), Digest>,
    pub(crate) pipelines: BTreeMap<(SkillId, Version), Digest>,
}

impl Settings {
    /// The settings of a run of `graph`.
    pub(crate) fn new(
        project: &Project,
        graph: &Graph,
        limits: OperatorLimits,
        services: services::Given,
    ) -> Self {
        Self {
            limits,
            pins: pins(graph),
            registries: project.registry_places(),
            files: project.files_read(),
            env: project.env_used(),
            services,
        }
    }

    /// As kept with the run.
    pub(crate) fn to_json(&self) -> String {
        let pins = self.pins.skills.iter().map(|((id, version), component)| KeptPin {
            id: id.clone(),
            version: version.clone(),
            component: *component,
        });
        let pipelines = self.pins.pipelines.iter().map(|((id, version), document)| KeptPipeline {
            id: id.clone(),
            version: version.clone(),
            document: *document,
        });
        let written = self.limits.bounds.written();
        let kept = Kept {
            version: KEPT_VERSION,
            fuel: None,
            wall_us: None,
            cost_nano: None,
            memory_bytes: None,
            limits: written.map(|(limit, raw)| (limit.row().name.to_owned(), raw)).collect(),
            profile: self.limits.profile.as_str().to_owned(),
            pins: pins.collect(),
            pipelines: pipelines.collect(),
            registries: self.registries.clone(),
            files: self.files.clone(),
            env: self.env.clone(),
            services: self.services.clone(),
        };
        // Strings and integers: there is nothing that can fail.
        serde_json::to_string(&kept).unwrap_or_default()
    }

    fn from_json(text: &str) -> Option<Self> {
        let kept: Kept = serde_json::from_str(text).ok()?;
        if kept.version > KEPT_VERSION {
            return None;
        }
        let mut bounds = kept.old_limits();
        let skills = kept.pins.into_iter().map(|pin| ((pin.id, pin.version), pin.component));
        let pipelines = kept.pipelines.into_iter().map(|pin| ((pin.id, pin.version), pin.document));
        let pins = Pins { skills: skills.collect(), pipelines: pipelines.collect() };
        for (name, raw) in kept.limits {
            bounds.put(Limit::named(&name)?, Some(raw));
        }
        let profile = if kept.profile.is_empty() { "strict" } else { &kept.profile };
        Some(Self {
            limits: OperatorLimits { bounds, profile: profile.parse().ok()? },
            pins,
            registries: kept.registries,
            files: kept.files,
            env: kept.env,
            services: kept.services,
        })
    }

    /// The settings a run was registered with.
    pub(crate) fn of(row: &RunRow) -> Result<Self, Fail> {
        Self::from_json(&row.run.settings).ok_or_else(|| {
            Fail::usage(format!("the settings of run `{}` do not read", row.run.run_id))
                .help("it was started by another version of coldframe; use that one")
        })
    }
}

/// The version of [`Kept`]. Version 1 had no files, version 2 no published pipelines, version 3 four
/// limits, no profile and no services.
const KEPT_VERSION: u32 = 4;

/// [`Settings`] as they stand in the store.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    fuel: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    wall_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    cost_nano: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    memory_bytes: Option<u64>,
    /// By name, in the units of the table.
    #[serde(default)]
    limits: BTreeMap<String, u64>,
    #[serde(default)]
    profile: String,
    pins: Vec<KeptPin>,
    #[serde(default)]
    pipelines: Vec<KeptPipeline>,
    registries: Vec<String>,
    #[serde(default)]
    files: Vec<KeptFile>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    services: services::Given,
}

impl Kept {
    /// The limits as they were kept up to version 3.
    fn old_limits(&self) -> Limits {
        Limits {
            fuel: self.fuel,
            wall: self.wall_us.map(Duration::from_micros),
            cost_nano: self.cost_nano,
            memory_bytes: self.memory_bytes,
            ..Limits::default()
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptPin {
    id: SkillId,
    version: Version,
    component: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptPipeline {
    id: SkillId,
    version: Version,
    document: Digest,
}

/// Everything a graph runs, with what it was resolved to.
pub(crate) fn pins(graph: &Graph) -> Pins {
    let calls = graph.with_children().into_iter().flat_map(Graph::calls);
    let skills = calls.map(|uses| ((uses.skill.clone(), uses.version.clone()), uses.component));
    let tools = graph.with_children().into_iter().flat_map(|graph| &*graph.tools);
    let tools = tools.map(|tool| ((tool.skill.clone(), tool.version.clone()), tool.component));
    let releases = graph.releases().into_iter();
    let pipelines =
        releases.map(|(found, _)| ((found.id.clone(), found.version.clone()), found.document));
    Pins { skills: skills.chain(tools).collect(), pipelines: pipelines.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_the_first_version_still_read() {
        let text = r#"{"version":1,"fuel":5,"wall_us":null,"cost_nano":null,"memory_bytes":null,"pins":[],"registries":["/r"]}"#;
        let found = Settings::from_json(text).unwrap();
        assert_eq!((found.limits.bounds.fuel, found.files.len()), (Some(5), 0));
        assert!(Settings::from_json(&text.replace("\"version\":1", "\"version\":9")).is_none());
        let again = Settings::from_json(&found.to_json()).unwrap();
        assert_eq!(again.registries, ["/r"]);
        assert_eq!(again.limits, found.limits);
    }

    #[test]
    fn every_limit_is_kept() {
        let text = r#"{"version":4,"limits":{},"profile":"trusted","pins":[],"registries":[]}"#;
        let mut settings = Settings::from_json(text).unwrap();
        for (raw, limit) in (1..).zip(Limit::ALL) {
            settings.limits.bounds.put(*limit, Some(raw));
        }
        let again = Settings::from_json(&settings.to_json()).unwrap();
        assert_eq!(again.limits, settings.limits);
        assert_eq!(again.limits.profile.as_str(), "trusted");
        assert!(Settings::from_json(&text.replace("trusted", "half")).is_none());
        assert!(Settings::from_json(&text.replace("{}", r#"{"moons":1}"#)).is_none());
    }
}
