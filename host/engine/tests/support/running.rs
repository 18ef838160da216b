//! Runs of pipelines that can be cut and driven on.

use super::*;

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
    pub earlier: Option<Arc<dyn EarlierCalls>>,
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
            earlier: None,
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
            earlier: self.earlier.clone(),
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

    /// Runs the records again.
    pub async fn replay_in(&self, table: Arc<Table>) -> Result<Replayed, EngineError> {
        replay(Replay {
            graph: Arc::clone(&self.graph),
            records: &self.journal.records,
            run_id: "run".into(),
            limits: RunLimits::new(&self.graph.limits, &self.limits, Profile::Strict),
            operator_caps: None,
            evaluator: Digest::of(b"evaluator"),
            nano_per_mfuel: 1_000_000,
            invoke: table,
            recordings: &|_| None,
        })
        .await
    }

    /// Runs the records again: they come to the same.
    pub async fn replays(&self) -> Replayed {
        let found = self.replay_in(Arc::default()).await.unwrap();
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
