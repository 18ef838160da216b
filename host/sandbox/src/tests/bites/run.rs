//! Runs of the engine in the sandbox, with a limit somewhere.

use std::sync::Arc;
use std::time::Duration;

use coldframe_engine::{
    Host, Invoke, LINGER, MemoryJournal, NoAnswers, RunLimits, RunOptions, Silent, drive,
};
use coldframe_format::{Cap, CapSet, Digest, SkillId};
use coldframe_lang::graph::{
    Backoff, Block, Graph, Limits, Map, OnItemError, Pipeline, Retry, RetryOn, Set, Step, StepKind,
    Tool, Uses,
};
use coldframe_lang::limits::{Profile, Scope};
use coldframe_lang::template::Template;
use serde_json::{Value, json};

use super::super::guest::{SANDBOX, all_caps, load};
use super::super::http;
use super::super::tools::tools_of;
use super::services::{TestServices, models};
use crate::{Compiler, Sandbox, SandboxConfig};

/// Where a limit is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Operator,
    Pipeline,
    /// A step that holds the one that works.
    Holder,
    /// The step that works.
    Step,
}

impl Place {
    /// Those where what is bounded is the same.
    pub(super) fn of(scope: Scope) -> Vec<Self> {
        let mut places = vec![Self::Operator, Self::Pipeline, Self::Holder];
        places.extend((scope == Scope::Call).then_some(Self::Step));
        places
    }
}

/// What is run: calls of `f` one after the other, or pipelines in each other.
pub(super) struct Work {
    sandbox: Arc<Sandbox>,
    kind: StepKind,
    items: usize,
    retries: u32,
    tools: Arc<[Tool]>,
}

impl Work {
    /// One call.
    pub(super) fn of(component: Digest) -> Self {
        Self::call(Arc::clone(&SANDBOX), component, json!({}))
    }

    /// One call that asks host services.
    pub(super) fn asking(component: &[u8]) -> Self {
        let services = Arc::new(TestServices::default());
        let config = SandboxConfig {
            services: Some(services),
            models: Some(models().into()),
            ..SandboxConfig::new(Compiler::InProcess)
        };
        let sandbox = Sandbox::new(config).unwrap();
        let digest = load(&sandbox, component).unwrap();
        Self::call(sandbox, digest, json!({}))
    }

    /// One call that asks a language model.
    pub(super) fn modelling(component: &[u8]) -> Self {
        let mut work = Self::asking(component);
        if let StepKind::Uses(uses) = &mut work.kind {
            uses.asks = CapSet::of(Cap::Llm);
        }
        work
    }

    /// One call that calls operations of its own component as tools.
    pub(super) fn calling(component: &[u8]) -> Self {
        let mut work = Self::asking(component);
        if let StepKind::Uses(uses) = &mut work.kind {
            uses.asks = CapSet::of(Cap::Tools);
        }
        Self { tools: tools_of(component), ..work }
    }

    /// One call that sends so many requests, one after the other.
    pub(super) fn fetching(path: &str, times: u32) -> Self {
        Self::sending(path, times, true)
    }

    /// The same, but all answers stay open.
    pub(super) fn unread(path: &str, times: u32) -> Self {
        Self::sending(path, times, false)
    }

    fn sending(path: &str, times: u32, read: bool) -> Self {
        let (sandbox, component) = http::fetching();
        let input = json!({
            "https": true, "host": "example.org", "path": path, "times": times, "read": read,
        });
        Self::call(sandbox, component, input)
    }

    fn call(sandbox: Arc<Sandbox>, component: Digest, input: Value) -> Self {
        let with = input.as_object().into_iter().flatten();
        let skill = SkillId::new("test", "bite").unwrap();
        let version = semver::Version::new(1, 0, 0);
        let kind = StepKind::Uses(Uses {
            asks: input.get("host").map(|_| Cap::Http).into_iter().collect(),
            with: with.map(|(k, v)| (k.clone(), Template::Literal(v.clone()))).collect(),
            ..Uses::new(skill, version, component, "f".into())
        });
        Self { sandbox, kind, items: 1, retries: 0, tools: Arc::default() }
    }

    /// A pipeline that runs a pipeline, so many of them.
    pub(super) fn nested(depth: u32) -> Self {
        let mut kind = StepKind::Set(Set { values: [].into_iter().collect() });
        for _ in 0..depth {
            let mut graph = Graph::of_steps("inner", vec![Step::new("inner", kind)]);
            graph.caps = all_caps();
            kind = StepKind::Pipeline(Pipeline {
                source: "./inner.yml".into(),
                release: None,
                graph: Arc::new(graph),
                with: [].into(),
            });
        }
        Self { sandbox: Arc::clone(&SANDBOX), kind, items: 1, retries: 0, tools: Arc::default() }
    }

    /// Two of them, one after the other: what bounds each does not bound both.
    pub(super) fn twice(self) -> Self {
        Self { items: 2, ..self }
    }

    /// With so many tries after the first.
    pub(super) fn tried_again(self, retries: u32) -> Self {
        Self { retries, ..self }
    }

    fn graph(&self) -> Graph {
        let holder = StepKind::Map(Map {
            over: Template::Literal(json!(vec![0; self.items])),
            name: "item".into(),
            max: 10,
            max_concurrent: 1,
            on_error: OnItemError::Fail,
            block: 1,
        });
        let retry = Retry {
            max: self.retries,
            backoff: Backoff::Constant,
            delay: Duration::from_millis(1),
            delay_max: Duration::from_millis(1),
            on: vec![RetryOn::Any],
        };
        let work = Step { block: 1, ..Step::new("work", self.kind.clone()) };
        let work = Step { retry: (self.retries > 0).then_some(retry), ..work };
        let mut graph = Graph::of_steps("bites", vec![Step::new("all", holder), work]);
        graph.blocks = vec![
            Block { holder: None, steps: 0..1, output: None },
            Block { holder: Some(0), steps: 1..2, output: None },
        ];
        graph.caps = all_caps();
        graph.caps.http = http::everything().http;
        graph.models = models();
        graph.tools = Arc::clone(&self.tools);
        graph
    }
}

/// How work ends with a limit in a place: `ok`, a kind, or the error a guest saw.
pub(super) fn outcome(work: &Work, place: Place, name: &str, text: &str) -> String {
    let mut limits = Limits::default();
    limits.set(name, text).unwrap();
    let mut graph = work.graph();
    let mut operator = Limits::default();
    match place {
        Place::Operator => operator = limits,
        Place::Pipeline => graph.limits = limits,
        Place::Holder => graph.steps[0].limits = limits,
        Place::Step => graph.steps[1].limits = limits,
    }
    driven(work, graph, &operator)
}

/// The same where a file allows what its operator does not.
pub(super) fn outcome_of_both(work: &Work, name: &str, file: &str, operator: &str) -> String {
    let [file, operator] = [file, operator].map(|text| {
        let mut limits = Limits::default();
        limits.set(name, text).unwrap();
        limits
    });
    let mut graph = work.graph();
    graph.steps[0].limits = file.clone();
    graph.limits = file;
    driven(work, graph, &operator)
}

fn driven(work: &Work, graph: Graph, operator: &Limits) -> String {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (_keep, cancel) = tokio::sync::watch::channel(false);
    let invoke: Arc<dyn Invoke> = Arc::clone(&work.sandbox) as _;
    let host = Host {
        invoke,
        observer: Arc::new(Silent),
        now_us: || {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            u64::try_from(now.unwrap().as_micros()).unwrap()
        },
        cancel,
        answers: Arc::new(NoAnswers),
        earlier: None,
    };
    let options = RunOptions {
        run_id: "bites".into(),
        limits: RunLimits::new(&graph.limits, operator, Profile::Strict),
        operator_caps: None,
        evaluator: Digest::of(b"none"),
        nano_per_mfuel: 1_000_000,
        linger: LINGER,
    };
    let mut journal = MemoryJournal::default();
    let driven = drive(Arc::new(graph), json!({}), &[], &mut journal, &host, options);
    let report = runtime.block_on(driven).unwrap();
    let finished = report.state.finished.unwrap();
    if let Some(failure) = finished.failure {
        return failure.kind.to_string();
    }
    let output = report.state.steps["all"].output.clone().unwrap();
    let was = |code: u32| output.as_array().unwrap().iter().any(|item| item["work"] == json!(code));
    let said = match () {
        () if was(http::CONNECTION_TIMEOUT) => "connection-timeout",
        () if was(http::CONNECTION_LIMIT_REACHED) => "connection-limit-reached",
        () => "ok",
    };
    said.to_owned()
}
