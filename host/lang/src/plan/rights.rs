//! Which skills are called and which rights each call has: the skill's ceiling within every grant.

use std::collections::BTreeMap;

use coldframe_format::{Cap, Caps, Digest, SkillId, SkillRef};
use semver::{Comparator, Op, Version, VersionReq};

use crate::catalog::SkillCatalog;
use crate::graph::{Graph, Release, Step, StepKind, Uses};

/// One version of a skill that can be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillUse {
    /// The skill.
    pub id: SkillId,
    /// The exact version.
    pub version: Version,
    /// The component's digest.
    pub component: Digest,
    /// Steps that call it, by place in the source, and those that can call it as a tool.
    pub steps: Vec<String>,
}

/// One version of a published pipeline that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineUse {
    /// What it is, exactly.
    pub release: Release,
    /// Steps that run it.
    pub steps: Vec<String>,
}

/// The rights of one step's call. Steps without any have no entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRights {
    /// `steps[2]`; for steps of a sub-pipeline behind the place of the step that runs it.
    pub yaml_path: String,
    /// The step's index in the pipeline's own `Graph::steps`; for steps of a sub-pipeline that of
    /// the step that runs it.
    pub step: usize,
    /// The step's id.
    pub id: String,
    /// The skill.
    pub skill: SkillId,
    /// The version.
    pub version: Version,
    /// What it can really do.
    pub caps: Caps,
    /// What it asks for besides, and is not granted.
    pub refused: Caps,
}

impl StepRights {
    /// What it can read from outside of the run: places on the network, files, stores, databases.
    pub fn sources(&self) -> Vec<String> {
        let Caps { http, fs, kv, sql, .. } = &self.caps;
        let http = http.iter().map(ToString::to_string);
        http.chain(fs.iter().map(|grant| format!("fs {grant}")))
            .chain(kv.iter().map(|grant| format!("kv {grant}")))
            .chain(sql.iter().map(|grant| format!("sql {grant}")))
            .collect()
    }

    /// Whether it can send something over the network with a method that is meant to, or say it to
    /// a language model.
    pub fn writes(&self) -> bool {
        let reading = ["GET", "HEAD", "OPTIONS"];
        self.caps
            .http
            .iter()
            .any(|grant| grant.method.as_deref().is_none_or(|method| !reading.contains(&method)))
            || !self.caps.llm.is_empty()
    }
}

/// Every skill, by id and version.
pub fn skills(graph: &Graph) -> Vec<SkillUse> {
    let mut found: BTreeMap<(SkillId, Version), SkillUse> = BTreeMap::new();
    let mut add = |(id, version): (&SkillId, &Version), component: Digest, step: &Step| {
        let entry = found.entry((id.clone(), version.clone())).or_insert_with(|| SkillUse {
            id: id.clone(),
            version: version.clone(),
            component,
            steps: Vec::new(),
        });
        entry.steps.push(step.id.clone());
    };
    for graph in graph.with_children() {
        for step in &graph.steps {
            for uses in step.calls() {
                add((&uses.skill, &uses.version), uses.component, step);
            }
            if !step.calls().any(|uses| uses.asks.has(Cap::Tools)) {
                continue;
            }
            // A skill with several tools stands there once.
            let tools: BTreeMap<_, _> =
                graph.tools.iter().map(|tool| ((&tool.skill, &tool.version), tool)).collect();
            for (key, tool) in tools {
                add(key, tool.component, step);
            }
        }
    }
    found.into_values().collect()
}

/// Every published pipeline, by id and version.
pub fn pipelines(graph: &Graph) -> Vec<PipelineUse> {
    let mut found: BTreeMap<(SkillId, Version), PipelineUse> = BTreeMap::new();
    for (release, step) in graph.releases() {
        let key = (release.id.clone(), release.version.clone());
        let new = || PipelineUse { release: release.clone(), steps: Vec::new() };
        found.entry(key).or_insert_with(new).steps.push(step.id.clone());
    }
    found.into_values().collect()
}

/// The rights of every step that has some.
pub fn of(graph: &Graph, skills: &dyn SkillCatalog) -> Vec<StepRights> {
    let mut found = asked(graph, skills);
    found.retain(|rights| !rights.caps.is_empty());
    found
}

/// The rights of every step that has some or asks for some.
pub fn asked(graph: &Graph, skills: &dyn SkillCatalog) -> Vec<StepRights> {
    let mut found = Vec::new();
    collect(graph, &[&graph.caps], None, "", skills, &mut found);
    found
}

/// `layers` are the grants around the graph; `outer` is the step of the outermost pipeline that
/// runs it. Depth is that of sub-pipelines, which the compiler bounds.
fn collect(
    graph: &Graph,
    layers: &[&Caps],
    outer: Option<usize>,
    prefix: &str,
    skills: &dyn SkillCatalog,
    found: &mut Vec<StepRights>,
) {
    for (index, step) in graph.steps.iter().enumerate() {
        let mut layers = layers.to_vec();
        layers.extend(around(graph, step));
        let yaml_path = format!("{prefix}{}", step.yaml_path);
        if let StepKind::Pipeline(child) = &step.kind {
            layers.push(&child.graph.caps);
            let prefix = format!("{yaml_path}/");
            collect(&child.graph, &layers, outer.or(Some(index)), &prefix, skills, found);
        }
        for uses in step.calls() {
            let (caps, refused) = effective(uses, &layers, skills);
            if !caps.is_empty() || !refused.is_empty() {
                found.push(StepRights {
                    yaml_path: yaml_path.clone(),
                    step: outer.unwrap_or(index),
                    id: step.id.clone(),
                    skill: uses.skill.clone(),
                    version: uses.version.clone(),
                    caps,
                    refused,
                });
            }
        }
    }
}

/// The narrowings of a step and of the steps that hold it.
fn around<'g>(graph: &'g Graph, step: &'g Step) -> Vec<&'g Caps> {
    let mut found: Vec<&Caps> = step.caps.iter().collect();
    let mut at = step;
    while let Some(holder) = graph
        .blocks
        .get(at.block)
        .and_then(|block| block.holder)
        .and_then(|holder| graph.steps.get(holder))
    {
        found.extend(&holder.caps);
        at = holder;
    }
    found
}

/// What a call can do, and what its skill asks for besides.
fn effective(uses: &Uses, layers: &[&Caps], skills: &dyn SkillCatalog) -> (Caps, Caps) {
    let exact = Comparator {
        op: Op::Exact,
        major: uses.version.major,
        minor: Some(uses.version.minor),
        patch: Some(uses.version.patch),
        pre: uses.version.pre.clone(),
    };
    let wanted = SkillRef {
        id: uses.skill.clone(),
        req: VersionReq { comparators: vec![exact] },
        operation: None,
    };
    // A skill that cannot be looked up again asks for everything it is granted.
    let ceiling = skills.find(&wanted).ok().map(|entry| entry.ceiling.clone());
    let asked = ceiling.clone().unwrap_or_default();
    let mut layers = layers.iter().map(|layer| (*layer).clone()).chain(ceiling);
    let first = layers.next().unwrap_or_default();
    let caps = layers.fold(first, |caps, layer| caps.and(&layer));
    let refused = asked.without(&caps);
    (caps, refused)
}
