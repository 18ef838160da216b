//! The graphs that are run.

use std::collections::BTreeMap;
use std::sync::Arc;

use coldframe_format::{Digest, SkillId};
use coldframe_lang::graph::{Block, Graph, Map, OnItemError, Set, Step, StepKind, Uses};
use coldframe_lang::template::{Path, Root, Segment, Template};
use serde_json::json;

/// Steps in a chain.
pub(crate) const CHAIN: usize = 1_000;

/// A call of the component's operation.
fn no_op(component: Digest, with: BTreeMap<String, Template>) -> StepKind {
    let (skill, version) = (SkillId::new("bench", "no-op").unwrap(), semver::Version::new(1, 0, 0));
    StepKind::Uses(Uses { with, ..Uses::new(skill, version, component, "run".into()) })
}

/// `steps` calls, each with the output of the one before.
pub(crate) fn chain(component: Digest, steps: usize) -> Arc<Graph> {
    let step = |number: usize| {
        let x = match number.checked_sub(1) {
            None => Template::Literal(json!(7)),
            Some(before) => {
                let root = Root::Step(before, format!("s{before}"));
                Template::Path(Path { root, segments: vec![] })
            }
        };
        let kind = no_op(component, BTreeMap::from([("x".into(), x)]));
        Step {
            needs: number.checked_sub(1).into_iter().collect(),
            ..Step::new(format!("s{number}"), kind)
        }
    };
    Arc::new(Graph::of_steps("chain", (0..steps).map(step).collect()))
}

/// Each step takes the value of the one before.
pub(crate) fn sets() -> Arc<Graph> {
    let step = |number: usize| {
        let x = match number.checked_sub(1) {
            None => Template::Literal(json!(7)),
            Some(before) => {
                let root = Root::Step(before, format!("s{before}"));
                Template::Path(Path { root, segments: vec![Segment::Key("x".into())] })
            }
        };
        let kind = StepKind::Set(Set { values: [("x".to_owned(), x)].into_iter().collect() });
        Step {
            needs: number.checked_sub(1).into_iter().collect(),
            ..Step::new(format!("s{number}"), kind)
        }
    };
    Arc::new(Graph::of_steps("sets", (0..CHAIN).map(step).collect()))
}

/// A call for each item of the input `items`, 16 at a time.
pub(crate) fn mapped(component: Digest) -> Arc<Graph> {
    let path = |root, segments| Template::Path(Path { root, segments });
    let holder = StepKind::Map(Map {
        over: path(Root::Inputs, vec![Segment::Key("items".into())]),
        name: "item".into(),
        max: 10_000,
        max_concurrent: 16,
        on_error: OnItemError::Fail,
        block: 1,
    });
    let call = no_op(
        component,
        BTreeMap::from([("x".into(), path(Root::Item(0, "item".into()), vec![]))]),
    );
    let mut call = Step { block: 1, ..Step::new("call", call) };
    // Sixteen side by side have to fit the run's fuel.
    call.limits.fuel = Some(1_000_000);
    let mut graph = Graph::of_steps("mapped", vec![Step::new("each", holder), call]);
    graph.blocks = vec![
        Block { holder: None, steps: 0..1, output: None },
        Block { holder: Some(0), steps: 1..2, output: None },
    ];
    graph.assert_valid();
    Arc::new(graph)
}
