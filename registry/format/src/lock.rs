//! `coldframe.lock`: which release of each skill and pipeline a project runs, by digest, and whose
//! word that was taken on.

use std::collections::BTreeSet;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::caps::Caps;
use crate::digest::Digest;
use crate::name::{SkillId, SkillRef};

/// The version of the file's format.
const VERSION: u64 = 1;

/// The largest file that is read, bytes.
const LOCK_BYTES_MAX: usize = 4 << 20;

const HEADER: &str = "\
# The skills and pipelines this project runs, by digest. Written by coldframe; keep it under version control.
# It changes only when you ask for it.
";

/// The content of `coldframe.lock`, sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lockfile {
    registries: Vec<LockedRegistry>,
    skills: Vec<LockedSkill>,
    pipelines: Vec<LockedPipeline>,
}

/// A registry and the root of trust it had.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedRegistry {
    /// A path relative to the lock file, or `builtin`.
    pub location: String,
    /// Digest of the `root.json` that was trusted first.
    pub root: Digest,
}

/// One release of one skill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedSkill {
    /// The skill.
    pub id: SkillId,
    /// The exact version.
    pub version: Version,
    /// The location of the registry it came from.
    pub registry: String,
    /// Digest of the component.
    pub component: Digest,
    /// Digest of the published manifest.
    pub manifest: Digest,
    /// The ceiling when it was locked, so that a wider one shows.
    #[serde(default, skip_serializing_if = "Caps::is_empty")]
    pub caps: Caps,
}

/// One release of one pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPipeline {
    /// The pipeline.
    pub id: SkillId,
    /// The exact version.
    pub version: Version,
    /// The location of the registry it came from.
    pub registry: String,
    /// Digest of the document.
    pub document: Digest,
    /// What it granted when it was locked, so that more shows.
    #[serde(default, skip_serializing_if = "Caps::is_empty")]
    pub caps: Caps,
}

/// What is wrong with a lock file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// More bytes than any real one has.
    #[error("the lock file has {0} bytes, expected at most {LOCK_BYTES_MAX}")]
    TooLarge(usize),
    /// Not TOML, or not with these keys and types.
    #[error("the lock file does not parse: {0}")]
    Syntax(String),
    /// Written by another version of coldframe.
    #[error("the lock file has version `{0}`, expected `{VERSION}`")]
    Version(String),
    /// Two entries for one thing.
    #[error("the lock file has two entries for `{0}`")]
    Duplicate(String),
    /// A skill or pipeline of a registry that is not listed.
    #[error("the lock file has `{id}` from `{registry}`, but no registry of that location")]
    UnknownRegistry {
        /// The skill or pipeline.
        id: SkillId,
        /// The location it names.
        registry: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    registry: Vec<LockedRegistry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    skill: Vec<LockedSkill>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pipeline: Vec<LockedPipeline>,
}

impl Lockfile {
    /// Reads the file's text.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        if text.len() > LOCK_BYTES_MAX {
            return Err(LockError::TooLarge(text.len()));
        }
        let syntax = |e: toml::de::Error| LockError::Syntax(e.to_string());
        // The version first: a later format may have keys that this one does not know.
        let table: toml::Table = toml::from_str(text).map_err(syntax)?;
        match table.get("version") {
            Some(toml::Value::Integer(version)) if u64::try_from(*version) == Ok(VERSION) => {}
            other => {
                let found = other.map_or_else(|| "none".to_owned(), ToString::to_string);
                return Err(LockError::Version(found));
            }
        }
        let written: Written = toml::from_str(text).map_err(syntax)?;
        let mut lock = Self {
            registries: written.registry,
            skills: written.skill,
            pipelines: written.pipeline,
        };
        lock.sort();
        lock.validate()?;
        Ok(lock)
    }

    /// The file's text: the same entries give the same bytes.
    pub fn print(&self) -> String {
        let written = Written {
            version: VERSION,
            registry: self.registries.clone(),
            skill: self.skills.clone(),
            pipeline: self.pipelines.clone(),
        };
        // Tables of strings and booleans: there is nothing that can fail.
        let body = toml::to_string(&written).unwrap_or_default();
        format!("{HEADER}{body}")
    }

    /// Every registry, by location.
    pub fn registries(&self) -> &[LockedRegistry] {
        &self.registries
    }

    /// Every skill, by name and version.
    pub fn skills(&self) -> &[LockedSkill] {
        &self.skills
    }

    /// Every pipeline, by name and version.
    pub fn pipelines(&self) -> &[LockedPipeline] {
        &self.pipelines
    }

    /// The registry of a location.
    pub fn registry(&self, location: &str) -> Option<&LockedRegistry> {
        self.registries.iter().find(|registry| registry.location == location)
    }

    /// The newest locked release that a reference accepts.
    pub fn find(&self, wanted: &SkillRef) -> Option<&LockedSkill> {
        self.skills
            .iter()
            .filter(|skill| skill.id == wanted.id && wanted.req.matches(&skill.version))
            .max_by(|a, b| a.version.cmp(&b.version))
    }

    /// The newest locked release of a pipeline that a reference accepts.
    pub fn find_pipeline(&self, wanted: &SkillRef) -> Option<&LockedPipeline> {
        self.pipelines
            .iter()
            .filter(|locked| locked.id == wanted.id && wanted.req.matches(&locked.version))
            .max_by(|a, b| a.version.cmp(&b.version))
    }

    /// Adds a skill and the registry it came from, in place of earlier entries for them.
    pub fn insert(&mut self, registry: LockedRegistry, skill: LockedSkill) {
        self.add_registry(registry);
        self.skills.retain(|other| (&other.id, &other.version) != (&skill.id, &skill.version));
        self.skills.push(skill);
        self.sort();
    }

    /// Adds a pipeline and the registry it came from, in place of earlier entries for them.
    pub fn insert_pipeline(&mut self, registry: LockedRegistry, pipeline: LockedPipeline) {
        self.add_registry(registry);
        self.pipelines
            .retain(|other| (&other.id, &other.version) != (&pipeline.id, &pipeline.version));
        self.pipelines.push(pipeline);
        self.sort();
    }

    /// Keeps the skills of which `keep` says so, and the registries that are needed.
    pub fn retain(&mut self, keep: impl FnMut(&LockedSkill) -> bool) {
        self.skills.retain(keep);
        self.drop_registries();
    }

    /// Keeps the pipelines of which `keep` says so, and the registries that are needed.
    pub fn retain_pipelines(&mut self, keep: impl FnMut(&LockedPipeline) -> bool) {
        self.pipelines.retain(keep);
        self.drop_registries();
    }

    fn add_registry(&mut self, registry: LockedRegistry) {
        self.registries.retain(|other| other.location != registry.location);
        self.registries.push(registry);
    }

    fn drop_registries(&mut self) {
        let used: BTreeSet<_> = self.origins().map(|(_, _, from)| from.to_owned()).collect();
        self.registries.retain(|registry| used.contains(&registry.location));
    }

    /// Name, version and registry of every entry: skills first, each sort by name and version.
    fn origins(&self) -> impl Iterator<Item = (&SkillId, &Version, &str)> {
        let skills = self.skills.iter().map(|s| (&s.id, &s.version, s.registry.as_str()));
        skills.chain(self.pipelines.iter().map(|p| (&p.id, &p.version, p.registry.as_str())))
    }

    fn sort(&mut self) {
        self.registries.sort();
        self.skills.sort_by(|a, b| (&a.id, &a.version).cmp(&(&b.id, &b.version)));
        self.pipelines.sort_by(|a, b| (&a.id, &a.version).cmp(&(&b.id, &b.version)));
    }

    fn validate(&self) -> Result<(), LockError> {
        for (a, b) in self.registries.iter().zip(self.registries.iter().skip(1)) {
            if a.location == b.location {
                return Err(LockError::Duplicate(a.location.clone()));
            }
        }
        let mut seen = BTreeSet::new();
        for (id, version, registry) in self.origins() {
            if !seen.insert((id, version)) {
                return Err(LockError::Duplicate(format!("{id}@{version}")));
            }
            if self.registry(registry).is_none() {
                let (id, registry) = (id.clone(), registry.to_owned());
                return Err(LockError::UnknownRegistry { id, registry });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(location: &str) -> LockedRegistry {
        LockedRegistry { location: location.to_owned(), root: Digest::of(b"root") }
    }

    fn skill(id: &str, version: &str, registry: &str) -> LockedSkill {
        LockedSkill {
            id: id.parse().unwrap(),
            version: version.parse().unwrap(),
            registry: registry.to_owned(),
            component: Digest::of(b"component"),
            manifest: Digest::of(b"manifest"),
            caps: Caps { log: id.contains("log"), ..Caps::default() },
        }
    }

    fn full() -> Lockfile {
        let mut lock = Lockfile::default();
        lock.insert(registry("builtin"), skill("std/text", "1.10.0", "builtin"));
        lock.insert(registry("../ours"), skill("acme/log", "0.1.0", "../ours"));
        lock.insert(registry("builtin"), skill("std/text", "1.9.0", "builtin"));
        lock.insert_pipeline(registry("../ours"), pipeline("acme/triage", "1.2.0"));
        lock
    }

    fn pipeline(id: &str, version: &str) -> LockedPipeline {
        LockedPipeline {
            id: id.parse().unwrap(),
            version: version.parse().unwrap(),
            registry: "../ours".to_owned(),
            document: Digest::of(b"document"),
            caps: Caps::default(),
        }
    }

    #[test]
    fn prints_sorted_and_reads_the_same() {
        let text = full().print();
        assert_eq!(Lockfile::parse(&text), Ok(full()));
        assert_eq!(Lockfile::parse(&text).unwrap().print(), text);
        let names: Vec<_> =
            full().skills().iter().map(|s| format!("{}@{}", s.id, s.version)).collect();
        assert_eq!(names, ["acme/log@0.1.0", "std/text@1.9.0", "std/text@1.10.0"]);
        assert!(text.starts_with("# The skills and pipelines"), "{text}");
        assert_eq!(Lockfile::parse(&Lockfile::default().print()), Ok(Lockfile::default()));
    }

    #[test]
    fn finds_the_newest_that_will_do() {
        let lock = full();
        let find =
            |text: &str| lock.find(&text.parse().unwrap()).map(|found| found.version.to_string());
        assert_eq!(find("std/text").as_deref(), Some("1.10.0"));
        assert_eq!(find("std/text@~1.9").as_deref(), Some("1.9.0"));
        assert_eq!(find("std/text@2"), None);
        assert_eq!(find("std/html"), None);
        // A pipeline is none of the skills.
        assert_eq!(find("acme/triage"), None);
        let wanted = "acme/triage@^1".parse().unwrap();
        assert_eq!(lock.find_pipeline(&wanted), Some(&pipeline("acme/triage", "1.2.0")));
    }

    #[test]
    fn an_insert_replaces_and_a_retain_cleans_up() {
        let mut lock = full();
        lock.insert(registry("../ours"), skill("std/text", "1.9.0", "../ours"));
        assert_eq!(lock.skills().len(), 3);
        lock.retain(|skill| skill.id.namespace() == "acme");
        assert_eq!(lock.registries(), [registry("../ours")]);
        lock.retain(|_| false);
        assert_eq!(lock.registries(), [registry("../ours")]);
        lock.retain_pipelines(|_| false);
        assert_eq!(lock, Lockfile::default());
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        let text = full().print();
        let cases = [
            (String::new(), "the lock file has version `none`, expected `1`"),
            (
                text.replace("version = 1\n", "version = 2\n"),
                "the lock file has version `2`, expected `1`",
            ),
            (format!("colour = 1\n{text}"), "the lock file does not parse"),
            (text.replace("location", "url"), "the lock file does not parse"),
            (
                text.replace("1.9.0", "1.10.0"),
                "the lock file has two entries for `std/text@1.10.0`",
            ),
            (
                text.replace("registry = \"builtin\"", "registry = \"elsewhere\""),
                "the lock file has `std/text` from `elsewhere`, but no registry of that location",
            ),
            (text.replace("sha256:", "sha1:"), "the lock file does not parse"),
            ("version = 1\nversion = 1".to_owned(), "the lock file does not parse"),
        ];
        for (text, expected) in cases {
            let error = Lockfile::parse(&text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
