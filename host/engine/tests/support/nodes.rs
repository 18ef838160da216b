//! Steps by hand, with the blocks they hold.

use super::*;

/// A step with the blocks it holds, before it has a place in a graph.
pub struct Node {
    pub step: Step,
    pub blocks: Vec<(Vec<Node>, Option<Template>)>,
}

impl Node {
    pub fn with(mut self, change: impl FnOnce(&mut Step)) -> Self {
        change(&mut self.step);
        self
    }
}

fn leaf(id: &str, kind: StepKind) -> Node {
    Node { step: Step::new(id, kind), blocks: Vec::new() }
}

pub fn set(id: &str, values: &[(&str, Template)]) -> Node {
    let values = values.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
    leaf(id, StepKind::Set(Set { values }))
}

/// A call without arguments of an operation of the table.
pub fn table_of(operation: &str) -> Uses {
    let skill = SkillId::new("test", "table").unwrap();
    Uses::new(skill, Version::new(1, 0, 0), Digest::of(b"table"), operation.into())
}

pub fn op(operation: &str, with: &[(&str, Template)]) -> Uses {
    Uses {
        asks: (operation == "fetch").then_some(Cap::Http).into_iter().collect(),
        pure: operation == "work",
        with: with.iter().map(|(name, value)| ((*name).into(), value.clone())).collect(),
        ..table_of(operation)
    }
}

pub fn uses(id: &str, operation: &str, with: &[(&str, Template)]) -> Node {
    leaf(id, StepKind::Uses(op(operation, with)))
}

pub fn approve(id: &str, on_reject: OnReject) -> Node {
    let kind = StepKind::Approve(Approve { message: lit(json!("go?")), show: None, on_reject });
    leaf(id, kind)
}

pub fn signal(id: &str, name: &str) -> Node {
    leaf(id, StepKind::Wait(Wait::Signal(name.into())))
}

pub fn pause(id: &str, time: Duration) -> Node {
    leaf(id, StepKind::Wait(Wait::Duration(time)))
}

pub fn map(id: &str, over: Template, steps: Vec<Node>, output: Option<Template>) -> Node {
    let kind = StepKind::Map(Map {
        over,
        name: "item".into(),
        max: ITEMS_MAX,
        max_concurrent: SIDE_BY_SIDE,
        on_error: OnItemError::Fail,
        block: 0,
    });
    Node { step: Step::new(id, kind), blocks: vec![(steps, output)] }
}

pub fn on_item_error(mut node: Node, what: OnItemError) -> Node {
    if let StepKind::Map(map) = &mut node.step.kind {
        map.on_error = what;
    }
    node
}

pub fn looped(id: &str, looped: Loop, steps: Vec<Node>, output: Option<Template>) -> Node {
    Node { step: Step::new(id, StepKind::Loop(looped)), blocks: vec![(steps, output)] }
}

/// A loop of `max` iterations and nothing else.
pub fn times(max: u32) -> Loop {
    let on_max = OnMax::Stop;
    Loop { state: None, whilst: None, until: None, max, next: None, on_max, block: 0 }
}

pub fn switch(
    id: &str,
    on: Option<Template>,
    cases: Vec<(CaseTest, Vec<Node>)>,
    default: Option<Vec<Node>>,
) -> Node {
    let (tests, mut blocks): (Vec<CaseTest>, Vec<_>) =
        cases.into_iter().map(|(test, steps)| (test, (steps, None))).unzip();
    let kind = StepKind::Switch(Switch {
        on,
        cases: tests.into_iter().map(|test| Case { test, block: 0 }).collect(),
        default: default.as_ref().map(|_| 0),
    });
    blocks.extend(default.map(|steps| (steps, None)));
    Node { step: Step::new(id, kind), blocks }
}

pub fn parallel(id: &str, join: Join, branches: Vec<(&str, Vec<Node>, Option<Template>)>) -> Node {
    let kind = StepKind::Parallel(Parallel {
        branches: branches
            .iter()
            .map(|(name, ..)| Branch { name: (*name).into(), block: 0 })
            .collect(),
        join,
        output: None,
    });
    let blocks = branches.into_iter().map(|(_, steps, output)| (steps, output)).collect();
    Node { step: Step::new(id, kind), blocks }
}

pub fn child(id: &str, graph: Arc<Graph>, with: &[(&str, Template)]) -> Node {
    let with = with.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
    let kind = Pipeline { source: "child.yml".into(), release: None, graph, with };
    leaf(id, StepKind::Pipeline(kind))
}

pub fn add_one(id: &str, to: &str) -> Node {
    uses(id, "add", &[("x", path(to)), ("y", lit(json!(1)))])
}

pub fn sub(steps: Vec<Node>, outputs: &[(&str, Template)]) -> Graph {
    let input = |default| Input { schema: json!({ "type": "integer" }), default };
    Graph {
        inputs: [("n".to_owned(), input(None)), ("m".to_owned(), input(Some(json!(3))))].into(),
        ..graph(steps, outputs)
    }
}

/// `max` tries more, a second apart, after failures that may pass.
pub fn retry(max: u32) -> Retry {
    let second = Duration::from_secs(1);
    let on = vec![RetryOn::Transient];
    Retry { max, backoff: Backoff::Constant, delay: second, delay_max: 60 * second, on }
}
