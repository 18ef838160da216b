//! The head and foot that every pipeline of ours has.

use coldframe_lang::shown::shown;

use crate::names::kebab;
use crate::out::step::{Step, block};
use crate::out::{Map, Out};
use crate::work::Work;
use crate::yaml::node::Node;

/// What a document says of itself beside its steps.
pub(crate) fn pipeline(
    name: &str,
    description: Option<&str>,
    version: Option<&str>,
    limits: Map,
    steps: Vec<Step>,
    outputs: Map,
    work: &Work,
) -> Map {
    let mut metadata = Map::default().with("name", kebab(name));
    metadata.put_some("version", version.map(Out::text));
    metadata.put_some("description", description.map(Out::text));
    let mut map = Map::default()
        .with("apiVersion", "coldframe/v1")
        .with("kind", "Pipeline")
        .with("metadata", metadata);
    let inputs = work.take_inputs();
    if !inputs.is_empty() {
        map.put("inputs", inputs);
    }
    if !limits.is_empty() {
        map.put("limits", limits);
    }
    map.0.extend(block(steps, None).0);
    if !outputs.is_empty() {
        map.put("outputs", outputs);
    }
    map
}

/// The last part of a file's name without its ending: what a pipeline without a name is called.
pub(crate) fn stem(file: &str) -> &str {
    let last = file.rsplit(['/', '\\']).next().unwrap_or(file);
    last.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("pipeline")
}

/// A short form of any value, for messages and comments.
pub(crate) fn short(node: &Node) -> String {
    shown(node.scalar().unwrap_or_else(|| node.what()))
}
