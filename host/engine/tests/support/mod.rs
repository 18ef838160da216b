//! Small nested pipelines by hand, and a table of operations to run them against.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use coldframe_engine::{
    Answers, Call, CallError, CallReport, EngineError, Host, Invoke, Journal, JournalFailure,
    LINGER, NoAnswers, Replay, Replayed, RunLimits, RunOptions, RunReport, Silent, drive, replay,
};
use coldframe_format::{Caps, Digest, SkillId};
use coldframe_journal::{ErrorKind, Event, Record, RunState};
use coldframe_lang::graph::*;
use coldframe_lang::limits::Profile;
use coldframe_lang::template::{Expr, Part, Path, Root, Segment, Template};
use semver::Version;
use serde_json::{Value, json};
use tokio::sync::watch;

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

pub fn op(operation: &str, with: &[(&str, Template)]) -> Uses {
    Uses {
        skill: SkillId::new("test", "table").unwrap(),
        version: Version::new(1, 0, 0),
        component: Digest::of(b"table"),
        operation: operation.into(),
        http: operation == "fetch",
        llm: false,
        tools: false,
        with: with.iter().map(|(name, value)| ((*name).into(), value.clone())).collect(),
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

/// A value without holes.
pub fn lit(value: Value) -> Template {
    Template::Literal(value)
}

/// A path: `a.b[0]`. Names are bound where the graph is built.
pub fn path(text: &str) -> Template {
    Template::Path(parse_path(text))
}

/// An expression of the evaluator below.
pub fn expr(source: &str) -> Template {
    Template::Expr(when(source))
}

/// A rule: that `assert` holds for what `subject` is.
pub fn rule(id: &str, subject: Subject, assert: &str, action: Action) -> Policy {
    let assert = Expr { path: None, ..when(assert) };
    Policy { id: id.into(), subject, when: None, assert, action, message: None, line: 0 }
}

/// A condition.
pub fn when(source: &str) -> Expr {
    let mut roots: Vec<Root> = source
        .split_whitespace()
        .filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
        .map(|word| parse_path(word).root)
        .collect();
    roots.sort();
    roots.dedup();
    let path = (!source.contains(' ')).then(|| parse_path(source));
    Expr { source: source.into(), roots, path }
}

const UNBOUND: usize = usize::MAX;

fn parse_path(text: &str) -> Path {
    let spread = text.replace('[', ".[");
    let mut parts = spread.split('.');
    let root = match parts.next().unwrap() {
        "inputs" => Root::Inputs,
        "run" => Root::Run,
        "item" => Root::Item(UNBOUND, "item".into()),
        "index" => Root::Index(UNBOUND),
        "loop" => Root::Loop(UNBOUND),
        "branches" => Root::Branches(UNBOUND),
        "result" => Root::Result,
        "step" => Root::Subject,
        "steps" => Root::Steps,
        "totals" => Root::Totals,
        id => Root::Step(UNBOUND, id.into()),
    };
    let segments = parts.map(|part| match part.strip_prefix('[') {
        Some(index) => Segment::Index(index.trim_end_matches(']').parse().unwrap()),
        None => Segment::Key(part.into()),
    });
    Path { root, segments: segments.collect() }
}

/// The graph of these steps: names bound, needs found, blocks laid out as the compiler does.
pub fn graph(nodes: Vec<Node>, outputs: &[(&str, Template)]) -> Graph {
    let graph = graph_of(nodes, outputs);
    graph.assert_valid();
    graph
}

/// The same where the rights or limits of the pipeline come later.
pub fn graph_of(nodes: Vec<Node>, outputs: &[(&str, Template)]) -> Graph {
    let mut graph = Graph::of_steps("test", Vec::new());
    graph.blocks.clear();
    let mut queue = std::collections::VecDeque::from([(nodes, None, None::<usize>)]);
    while let Some((nodes, output, holder)) = queue.pop_front() {
        let block = graph.blocks.len();
        let first = graph.steps.len();
        if let Some(holder) = holder {
            place(&mut graph.steps[holder].kind, block);
        }
        graph.blocks.push(Block { holder, steps: first..first + nodes.len(), output });
        for (offset, node) in nodes.into_iter().enumerate() {
            graph.steps.push(Step { block, ..node.step });
            for (steps, output) in node.blocks {
                queue.push_back((steps, output, Some(first + offset)));
            }
        }
    }
    graph.outputs = outputs.iter().map(|(name, t)| ((*name).into(), t.clone())).collect();
    bind(&mut graph);
    graph
}

/// Gives the first block of a step that has none yet its index.
fn place(kind: &mut StepKind, block: usize) {
    let slots: Vec<&mut usize> = match kind {
        StepKind::Map(map) => vec![&mut map.block],
        StepKind::Loop(looped) => vec![&mut looped.block],
        StepKind::Switch(switch) => {
            switch.cases.iter_mut().map(|case| &mut case.block).chain(&mut switch.default).collect()
        }
        StepKind::Parallel(parallel) => {
            parallel.branches.iter_mut().map(|branch| &mut branch.block).collect()
        }
        _ => panic!("holds nothing"),
    };
    *slots.into_iter().find(|slot| **slot == 0).unwrap() = block;
}

fn bind(graph: &mut Graph) {
    let shape = graph.clone();
    let mut needs = Vec::new();
    for index in 0..graph.steps.len() {
        let inner = shape.steps[index].kind.blocks();
        let mut step = shape.steps[index].clone();
        for expr in step.when.iter_mut() {
            bind_expr(expr, &shape, Some(index), None, &mut needs);
        }
        let inside = inner.first().copied();
        let (mut own, mut after) = (Vec::new(), Vec::new());
        match &mut step.kind {
            StepKind::Uses(uses) => own.extend(uses.with.values_mut()),
            StepKind::Set(set) => own.extend(set.values.values_mut()),
            StepKind::Map(map) => own.push(&mut map.over),
            StepKind::Loop(looped) => {
                own.extend(&mut looped.state);
                after.extend(&mut looped.next);
                for expr in looped.whilst.iter_mut().chain(&mut looped.until) {
                    bind_expr(expr, &shape, Some(index), inside, &mut needs);
                }
            }
            StepKind::Switch(switch) => {
                own.extend(&mut switch.on);
                for case in &mut switch.cases {
                    if let CaseTest::When(expr) = &mut case.test {
                        bind_expr(expr, &shape, Some(index), None, &mut needs);
                    }
                }
            }
            StepKind::Parallel(parallel) => own.extend(&mut parallel.output),
            StepKind::Pipeline(child) => own.extend(child.with.values_mut()),
            StepKind::Approve(ask) => {
                own.extend(std::iter::once(&mut ask.message).chain(&mut ask.show));
            }
            StepKind::Wait(_) => {}
        }
        match &mut step.fallback {
            Some(Fallback::Value(value)) => own.push(value),
            Some(Fallback::Uses(uses)) => own.extend(uses.with.values_mut()),
            None => {}
        }
        for template in own {
            bind_template(template, &shape, Some(index), None, &mut needs);
        }
        for template in after {
            bind_template(template, &shape, Some(index), inside, &mut needs);
        }
        graph.steps[index] = step;
    }
    for (block, found) in shape.blocks.iter().enumerate() {
        if let Some(mut output) = found.output.clone() {
            bind_template(&mut output, &shape, found.holder, Some(block), &mut needs);
            graph.blocks[block].output = Some(output);
        }
    }
    for output in graph.outputs.values_mut() {
        bind_template(output, &shape, None, Some(0), &mut Vec::new());
    }
    for (user, used) in needs {
        let list = &mut graph.steps[user].needs;
        list.push(used);
        list.sort_unstable();
        list.dedup();
    }
}

type Needs = Vec<(usize, usize)>;

fn bind_template(
    t: &mut Template,
    graph: &Graph,
    step: Option<usize>,
    inside: Option<usize>,
    needs: &mut Needs,
) {
    match t {
        Template::Literal(_) => {}
        Template::Path(path) => bind_root(&mut path.root, graph, step, inside, needs),
        Template::Expr(expr) => bind_expr(expr, graph, step, inside, needs),
        Template::Text(parts) => {
            for part in parts {
                if let Part::Hole(expr) = part {
                    bind_expr(expr, graph, step, inside, needs);
                }
            }
        }
        Template::List(items) => {
            items.iter_mut().for_each(|item| bind_template(item, graph, step, inside, needs));
        }
        Template::Map(items) => {
            items.values_mut().for_each(|item| bind_template(item, graph, step, inside, needs));
        }
    }
}

fn bind_expr(
    expr: &mut Expr,
    graph: &Graph,
    step: Option<usize>,
    inside: Option<usize>,
    needs: &mut Needs,
) {
    expr.roots.iter_mut().for_each(|root| bind_root(root, graph, step, inside, needs));
    if let Some(path) = &mut expr.path {
        bind_root(&mut path.root, graph, step, inside, needs);
    }
}

/// Binds a name that is used by `step`, or in its block `inside`.
fn bind_root(
    root: &mut Root,
    graph: &Graph,
    step: Option<usize>,
    inside: Option<usize>,
    needs: &mut Needs,
) {
    let around = |mut at: Option<usize>, wanted: &dyn Fn(&StepKind) -> bool| {
        while let Some(index) = at {
            if wanted(&graph.steps[index].kind) {
                return index;
            }
            at = graph.blocks[graph.steps[index].block].holder;
        }
        panic!("nothing around gives this name");
    };
    match root {
        Root::Item(holder, _) => *holder = around(step, &|kind| matches!(kind, StepKind::Map(_))),
        Root::Loop(holder) => *holder = around(step, &|kind| matches!(kind, StepKind::Loop(_))),
        Root::Index(holder) => {
            *holder = around(step, &|kind| matches!(kind, StepKind::Map(_) | StepKind::Loop(_)));
        }
        Root::Branches(holder) => *holder = step.unwrap(),
        Root::Step(index, id) if *index == UNBOUND => {
            let mut user = step;
            let mut block = inside.or_else(|| step.map(|step| graph.steps[step].block));
            let mut is_inside = inside.is_some();
            while let Some(at) = block {
                let range = graph.blocks[at].steps.clone();
                if let Some(found) = range.clone().find(|n| graph.steps[*n].id == *id) {
                    *index = found;
                    if let Some(user) = user.filter(|_| !is_inside) {
                        needs.push((user, found));
                    }
                    return;
                }
                if is_inside {
                    is_inside = false;
                    block = user.map(|user| graph.steps[user].block);
                } else {
                    user = graph.blocks[at].holder;
                    block = user.map(|user| graph.steps[user].block);
                }
            }
            panic!("no step `{id}`");
        }
        _ => {}
    }
}

/// `add` sums its input, `fail` fails, `flaky` fails `n` times with a transient error, `burn` takes
/// all fuel it may have, `slow` waits to be cancelled, `fetch` moves `bytes`, `nap` sleeps `ms`, `eval` evaluates.
#[derive(Default)]
pub struct Table {
    pub calls: Mutex<BTreeMap<String, u32>>,
    pub grants: Mutex<Vec<Vec<Caps>>>,
    /// How long each call might take, those of the evaluator too.
    pub walls: Mutex<Vec<Duration>>,
    /// Bytes of the network that live calls may move, and the most of that at any one time.
    pub net: Mutex<(u64, u64)>,
}

impl Table {
    pub fn count(&self, begins: &str) -> u32 {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|(key, _)| key.starts_with(begins)).map(|(_, count)| count).sum()
    }
}

impl Invoke for Table {
    fn invoke<'a>(&'a self, call: Call) -> Pin<Box<dyn Future<Output = CallReport> + Send + 'a>> {
        Box::pin(async move {
            self.walls.lock().unwrap().push(call.limits.wall);
            let key = format!("{} {}", call.operation, call.input);
            let count = {
                let mut calls = self.calls.lock().unwrap();
                let count = calls.entry(key).or_default();
                *count += 1;
                *count
            };
            if call.operation != "eval" {
                self.grants
                    .lock()
                    .unwrap()
                    .push(call.grants.iter().map(|layer| Caps::clone(&layer.caps)).collect());
            }
            let sends = call.operation == "fetch";
            if sends {
                let mut net = self.net.lock().unwrap();
                net.0 += call.limits.net_bytes;
                net.1 = net.1.max(net.0);
            }
            let (result, fuel) = answer(&call, count).await;
            let mut net_bytes = 0;
            if sends {
                self.net.lock().unwrap().0 -= call.limits.net_bytes;
                net_bytes = call.input["bytes"].as_u64().unwrap().min(call.limits.net_bytes);
            }
            CallReport {
                result,
                fuel: fuel.min(call.limits.fuel),
                wall_us: 1,
                memory_peak_bytes: 65536,
                host_calls: 0,
                net_bytes,
                tokens: 0,
                tool_calls: 0,
                services_nano: 0,
                logs: vec![],
                asked: Vec::new(),
                recording: coldframe_engine::Recording::Nothing,
            }
        })
    }
}

fn failed(kind: ErrorKind, message: &str) -> Result<Value, CallError> {
    Err(CallError::new(kind, message))
}

async fn answer(call: &Call, count: u32) -> (Result<Value, CallError>, u64) {
    let number = |name: &str| call.input[name].as_u64().unwrap_or(0);
    match call.operation.as_str() {
        "add" if call.limits.fuel < 100 => {
            (failed(ErrorKind::LimitFuel, "out of fuel"), call.limits.fuel)
        }
        "add" => {
            let input = call.input.as_object().unwrap();
            (Ok(json!(input.values().filter_map(Value::as_i64).sum::<i64>())), 100)
        }
        "fetch" => {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let fits = number("bytes") <= call.limits.net_bytes;
            let refused = || failed(ErrorKind::LimitNetBytes, "too many bytes");
            (if fits { Ok(json!(number("bytes"))) } else { refused() }, 10)
        }
        "fail" => (failed(ErrorKind::GuestError, "no luck"), 10),
        "flaky" if u64::from(count) <= number("n") => {
            let mut error = CallError::new(ErrorKind::GuestError, "not yet");
            error.transient = true;
            error.retry_after_us = call.input["after_us"].as_u64();
            (Err(error), 10)
        }
        "flaky" => (Ok(json!(count)), 10),
        "burn" => (failed(ErrorKind::LimitFuel, "out of fuel"), u64::MAX),
        "slow" => {
            call.cancel.cancelled().await;
            (failed(ErrorKind::PipelineCancelled, "cancelled"), 7)
        }
        "nap" => {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(number("ms"))) => {
                    (Ok(json!(number("ms"))), 10)
                }
                () = call.cancel.cancelled() => {
                    (failed(ErrorKind::PipelineCancelled, "cancelled"), 7)
                }
            }
        }
        "eval" => (evaluate(&call.input), 5),
        other => panic!("no operation `{other}`"),
    }
}

/// `x op y` of paths and numbers.
fn evaluate(input: &Value) -> Result<Value, CallError> {
    let source = input["source"].as_str().unwrap();
    let words: Vec<&str> = source.split_whitespace().collect();
    let value = |word: &str| -> Result<i64, CallError> {
        if let Ok(number) = word.parse() {
            return Ok(number);
        }
        let pointer = format!("/{}", word.replace('[', "/").replace(']', "").replace('.', "/"));
        let found = input["vars"].pointer(&pointer).and_then(Value::as_i64);
        found.ok_or_else(|| CallError::new(ErrorKind::GuestError, format!("`{word}` is undefined")))
    };
    let (x, y) = (value(words[0])?, value(words[2])?);
    Ok(match words[1] {
        "+" => json!(x + y),
        "<" => json!(x < y),
        ">" => json!(x > y),
        "==" => json!(x == y),
        other => panic!("no operator `{other}`"),
    })
}

/// Keeps records until it is told to break.
#[derive(Default)]
pub struct Breaking {
    pub records: Vec<Record>,
    /// How many more it takes; without a number all.
    pub left: Option<usize>,
}

impl Journal for Breaking {
    fn append<'a>(
        &'a mut self,
        record: &'a Record,
        _blob: Option<coldframe_engine::Blob>,
    ) -> Pin<Box<dyn Future<Output = Result<(), JournalFailure>> + Send + 'a>> {
        if self.left == Some(0) {
            let broken = JournalFailure { message: "no space left".into() };
            return Box::pin(std::future::ready(Err(broken)));
        }
        self.left = self.left.map(|left| left - 1);
        // As it is read back from a disk.
        let event = serde_json::from_str(&serde_json::to_string(&record.event).unwrap()).unwrap();
        assert_eq!(event, record.event);
        self.records.push(Record { event, ..record.clone() });
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A run that can be driven on again and again.
pub struct Run {
    pub graph: Arc<Graph>,
    pub inputs: Value,
    pub journal: Breaking,
    pub table: Arc<Table>,
    pub limits: Limits,
    pub linger: Duration,
    pub answers: Arc<dyn Answers>,
    pub cancel: (watch::Sender<bool>, watch::Receiver<bool>),
}

impl Run {
    pub fn new(graph: &Arc<Graph>) -> Self {
        Self {
            graph: Arc::clone(graph),
            inputs: json!({ "list": [1, 2, 3], "n": 5, "object": { "a": 1, "b": 2 } }),
            journal: Breaking::default(),
            table: Arc::default(),
            limits: Limits::default(),
            linger: LINGER,
            answers: Arc::new(NoAnswers),
            cancel: watch::channel(false),
        }
    }

    pub async fn go(&mut self) -> Result<RunReport, EngineError> {
        let report = self.try_go().await?;
        let folded = RunState::fold(&self.journal.records).unwrap();
        assert_eq!(folded, report.state, "replay gives the state");
        Ok(report)
    }

    /// The same where the journal may not be one.
    pub async fn try_go(&mut self) -> Result<RunReport, EngineError> {
        let invoke: Arc<dyn Invoke> = Arc::clone(&self.table) as _;
        let host = Host {
            invoke,
            observer: Arc::new(Silent),
            now_us: || 7,
            cancel: self.cancel.1.clone(),
            answers: Arc::clone(&self.answers),
        };
        let options = RunOptions {
            run_id: "run".into(),
            limits: RunLimits::new(&self.graph.limits, &self.limits, Profile::Strict),
            operator_caps: None,
            evaluator: Digest::of(b"evaluator"),
            nano_per_mfuel: 1_000_000,
            linger: self.linger,
        };
        let past = self.journal.records.clone();
        let graph = Arc::clone(&self.graph);
        drive(graph, self.inputs.clone(), &past, &mut self.journal, &host, options).await
    }

    /// Runs the records again: they come to the same.
    pub async fn replays(&self) -> Replayed {
        let found = replay(Replay {
            graph: Arc::clone(&self.graph),
            records: &self.journal.records,
            run_id: "run".into(),
            limits: RunLimits::new(&self.graph.limits, &self.limits, Profile::Strict),
            operator_caps: None,
            evaluator: Digest::of(b"evaluator"),
            nano_per_mfuel: 1_000_000,
            invoke: Arc::new(Table::default()),
            recordings: &|_| None,
        });
        let found = found.await.unwrap();
        let made = found.compared + found.taken.len() as u64;
        assert_eq!(found.differences, [], "{:#?}", self.history());
        assert_eq!(made, self.journal.records.len() as u64, "{found:?} {:#?}", self.history());
        found
    }

    /// Appends what came from outside while nobody drove the run.
    pub fn say(&mut self, event: Event) {
        let seq = self.journal.records.len() as u64;
        let at_us = self.journal.records.last().map_or(0, |record| record.at_us);
        self.journal.records.push(Record { seq, at_us, event });
    }

    /// Answers everything that is asked: every approval with yes, every signal with 1.
    pub fn answer_all(&mut self) -> bool {
        let state = RunState::fold(&self.journal.records).unwrap();
        let mut answers = Vec::new();
        for (step, waiting) in state.waiting() {
            match waiting {
                coldframe_journal::Waiting::Release { .. } if state.held.is_some() => {
                    answers.push(released(true));
                }
                coldframe_journal::Waiting::Approval { .. }
                | coldframe_journal::Waiting::Release { .. } => answers.push(yes(step)),
                coldframe_journal::Waiting::Signal { name } => {
                    let event = Event::SignalReceived { name: name.clone(), value: json!(1) };
                    if !answers.contains(&event) {
                        answers.push(event);
                    }
                }
                coldframe_journal::Waiting::Until { .. } => {}
            }
        }
        let any = !answers.is_empty();
        answers.into_iter().for_each(|event| self.say(event));
        any
    }

    /// The names of the records so far, those of steps with their place.
    pub fn history(&self) -> Vec<String> {
        let name = |record: &Record| match record.event.step() {
            Some(step) => format!("{} {step}", record.event.name()),
            None => record.event.name().to_owned(),
        };
        self.journal.records.iter().map(name).collect()
    }
}

pub fn yes(step: &str) -> Event {
    Event::DecisionMade { step: step.into(), approved: true, by: "ann".into(), note: None }
}

/// An answer for the run as a whole.
pub fn released(approved: bool) -> Event {
    Event::RunReleased { approved, by: "ann".into(), note: None }
}

pub fn no(step: &str) -> Event {
    let note = Some("not now".into());
    Event::DecisionMade { step: step.into(), approved: false, by: "ann".into(), note }
}

/// Time passes at once where everybody waits for it.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

/// How a run ended, in one line.
pub fn shown(state: &RunState) -> String {
    let Some(finished) = &state.finished else {
        let waiting: Vec<String> =
            state.waiting().map(|(step, waiting)| format!("{step}: {waiting:?}")).collect();
        return format!("suspended: {}", waiting.join(", "));
    };
    let failure = finished.failure.as_ref().map(|f| format!(" [{}] {}", f.kind, f.message));
    format!("{}{} -> {}", finished.status.as_str(), failure.unwrap_or_default(), finished.outputs)
}

/// Drives a graph to its end, with all answers given, and compares how it ended.
#[track_caller]
pub fn check(nodes: Vec<Node>, outputs: &[(&str, Template)], expected: &str) -> Run {
    check_graph(&Arc::new(graph(nodes, outputs)), Limits::default(), expected)
}

#[track_caller]
pub fn check_graph(graph: &Arc<Graph>, limits: Limits, expected: &str) -> Run {
    let mut run = Run::new(graph);
    run.limits = limits;
    let report = runtime().block_on(run.go()).unwrap();
    assert_eq!(shown(&report.state), expected, "{:#?}", run.history());
    runtime().block_on(run.replays());
    run
}
