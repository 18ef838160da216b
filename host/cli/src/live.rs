//! A run as it happens: a tree with spinners on a terminal, plain lines elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use coldframe_engine::{Answer, Observer, place};
use coldframe_journal::event::{Broken, Next, Waiting};
use coldframe_journal::{Event, Failure, Receipt, Record};
use coldframe_lang::graph::{Action, Graph};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::output::{self, DIM, GREEN, RED, YELLOW};
use crate::report;

/// So many items or iterations of a step are shown; the others only count.
const SLOTS_SHOWN: usize = 10;

/// Shows the records of a run on stderr.
pub(crate) struct Live {
    graph: Arc<Graph>,
    width: usize,
    what_width: usize,
    bars: Option<MultiProgress>,
    quiet: bool,
    now: Mutex<Now>,
}

/// What goes on.
#[derive(Default)]
struct Now {
    running: BTreeMap<String, ProgressBar>,
    /// Steps that hold others and have begun, by their place.
    open: BTreeMap<String, Holder>,
    /// Steps whose fallback took their place.
    fell_back: BTreeSet<String>,
    /// When steps that wait give up, microseconds since 1970.
    gives_up: BTreeMap<String, u64>,
}

/// What the steps in a step have come to so far.
#[derive(Default)]
struct Holder {
    begun_us: u64,
    blocks: u64,
    fuel: u64,
    cost_nano: u64,
}

impl Live {
    /// A view of a run of `graph`.
    pub(crate) fn new(graph: &Arc<Graph>, quiet: bool) -> Self {
        let steps = graph.root();
        Self {
            width: steps.iter().map(|step| step.id.len()).max().unwrap_or(0),
            what_width: steps.iter().map(|step| report::what(step).len()).max().unwrap_or(0),
            graph: Arc::clone(graph),
            bars: (output::is_live() && !quiet).then(MultiProgress::new),
            quiet,
            now: Mutex::default(),
        }
    }

    /// Takes in what happened before this process, without showing it.
    pub(crate) fn catch_up(&self, past: &[Record]) {
        for record in past {
            let event = &record.event;
            let Some(step) = event.step() else { continue };
            self.note(event, record.at_us);
            match event {
                Event::StepEntered { .. } => {
                    let holder = Holder { begun_us: record.at_us, ..Holder::default() };
                    self.now().open.entry(step.to_owned()).or_insert(holder);
                }
                Event::BlockEnded { .. } => {
                    if let Some(holder) = self.now().open.get_mut(step) {
                        holder.blocks += 1;
                    }
                }
                _ => {}
            }
            if let Some(receipt) = event.receipt() {
                self.count(step, receipt);
            }
        }
    }

    /// Keeps what later lines tell of a step.
    fn note(&self, event: &Event, at_us: u64) {
        match event {
            Event::StepStarted { step, .. } => {
                let timeout = place::find(&self.graph, step).and_then(|found| found.step.timeout);
                let timeout = timeout.and_then(|timeout| u64::try_from(timeout.as_micros()).ok());
                if let Some(due_us) = timeout.and_then(|timeout| at_us.checked_add(timeout)) {
                    // It counts from the first try on.
                    self.now().gives_up.entry(step.clone()).or_insert(due_us);
                }
            }
            Event::AttemptFailed { step, next: Next::Fallback, .. } => {
                self.now().fell_back.insert(step.clone());
            }
            _ => {}
        }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self, text: &str) {
        if self.quiet {
            return;
        }
        match &self.bars {
            Some(bars) => bars.suspend(|| output::note(text)),
            None => output::note(text),
        }
    }

    fn start(&self, step: &str) {
        let Some(bars) = &self.bars else { return };
        if !is_shown(step) {
            return;
        }
        let bar = bars.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg} {elapsed}") {
            bar.set_style(style.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
        }
        bar.set_message(self.head(step));
        bar.enable_steady_tick(Duration::from_millis(80));
        self.now().running.insert(step.to_owned(), bar);
    }

    fn stop_bar(&self, step: &str) {
        if let Some(bars) = &self.bars
            && let Some(bar) = self.now().running.remove(step)
        {
            bar.finish_and_clear();
            bars.remove(&bar);
        }
    }

    /// Counts what a step consumed for all that hold it.
    fn count(&self, step: &str, receipt: &Receipt) {
        let mut now = self.now();
        if now.open.is_empty() {
            return;
        }
        for (at, _) in step.match_indices(['[', '.', '/', '#']).filter(|(at, _)| *at > 0) {
            if let Some(holder) = step.get(..at).and_then(|around| now.open.get_mut(around)) {
                holder.fuel = holder.fuel.saturating_add(receipt.fuel);
                holder.cost_nano = holder.cost_nano.saturating_add(receipt.cost_nano);
            }
        }
        if let Some(holder) = now.open.get_mut(step) {
            holder.fuel = holder.fuel.saturating_add(receipt.fuel);
            holder.cost_nano = holder.cost_nano.saturating_add(receipt.cost_nano);
        }
    }

    /// The line of a step that ended. What it holds is in its account.
    fn end(&self, step: &str, at_us: u64, mark: &str, receipt: &Receipt, tail: &str) {
        self.stop_bar(step);
        self.count(step, receipt);
        let holder = self.now().open.remove(step);
        let (wall_us, fuel, cost_nano) = match &holder {
            Some(holder) => (at_us.saturating_sub(holder.begun_us), holder.fuel, holder.cost_nano),
            None => (receipt.wall_us, receipt.fuel, receipt.cost_nano),
        };
        let blocks = match holder {
            Some(Holder { blocks, .. }) if blocks > 0 => {
                format!("  {DIM}({blocks}){DIM:#}")
            }
            _ => String::new(),
        };
        let (time, fuel) = (output::time(wall_us), output::large(fuel));
        let cost = output::money(cost_nano);
        let head = self.head(step);
        let cached = match report::taken(receipt) {
            Some(taken) => format!("  {DIM}{taken}{DIM:#}"),
            None => String::new(),
        };
        self.line(&format!(
            "  {mark} {head}  {DIM}{time:>8}  {fuel:>6} fuel  {cost}{DIM:#}{blocks}{cached}{tail}"
        ));
    }

    fn head(&self, step: &str) -> String {
        let found = place::find(&self.graph, step);
        let fell_back = self.now().fell_back.contains(step);
        let what = found.map_or_else(String::new, |found| match fell_back {
            true => report::fallback(found.step),
            false => report::what(found.step),
        });
        let (width, what_width) = (self.width, self.what_width);
        format!("{step:<width$}  {DIM}{what:<what_width$}{DIM:#}")
    }

    fn failed(&self, step: &str, at_us: u64, failure: &Failure, receipt: &Receipt) {
        let tail = format!("\n      {RED}{}{RED:#}: {}", failure.kind, failure.message);
        self.end(step, at_us, &format!("{RED}✗{RED:#}"), receipt, &tail);
    }

    fn suspended(&self, step: &str, waiting: &Waiting) {
        self.stop_bar(step);
        let until = self.now().gives_up.get(step).copied();
        let until = until.map_or_else(String::new, |us| format!(", until {}", output::moment(us)));
        let what = match waiting {
            Waiting::Approval { message, .. } | Waiting::Release { message, .. } => {
                format!("asks: {}{until}", output::safe(message))
            }
            Waiting::Signal { name } => format!("waits for the signal `{name}`{until}"),
            Waiting::Until { at_us } => format!("waits until {}", output::moment(*at_us)),
        };
        let head = self.head(step);
        self.line(&format!("  {YELLOW}?{YELLOW:#} {head}  {what}"));
    }

    /// Rules that only warn.
    fn warn(&self, broken: &[Broken]) {
        for rule in broken.iter().filter(|rule| rule.action == Action::Warn.as_str()) {
            let message = output::safe(&rule.message);
            self.line(&format!(
                "      {YELLOW}warning{YELLOW:#}: rule `{}`: {message}",
                rule.policy
            ));
        }
    }

    fn step(&self, record: &Record) {
        self.happened(record);
        if let Some(receipt) = record.event.receipt() {
            self.warn(&receipt.broken);
        }
        if let Event::RunFinished { broken, .. } | Event::RunHeld { broken, .. } = &record.event {
            self.warn(broken);
        }
    }

    fn happened(&self, record: &Record) {
        let at_us = record.at_us;
        if !matches!(record.event, Event::AttemptFailed { .. }) {
            self.note(&record.event, at_us);
        }
        let done = |step: &str, mark: &str, receipt: &Receipt, tail: &str| {
            if is_shown(step) {
                self.end(step, at_us, mark, receipt, tail);
            } else {
                self.stop_bar(step);
                self.count(step, receipt);
                self.now().open.remove(step);
            }
        };
        match &record.event {
            Event::StepStarted { step, .. } => self.start(step),
            Event::StepEntered { step, receipt, .. } => {
                let holder = Holder { begun_us: at_us, ..Holder::default() };
                self.now().open.entry(step.clone()).or_insert(holder);
                self.count(step, receipt);
            }
            Event::BlockEnded { step, receipt, .. } => {
                self.count(step, receipt);
                if let Some(holder) = self.now().open.get_mut(step) {
                    holder.blocks += 1;
                }
            }
            Event::StepSucceeded { step, receipt, .. } => {
                done(step, &format!("{GREEN}✓{GREEN:#}"), receipt, "");
            }
            Event::StepSkipped { step, receipt } => {
                let tail = format!("  {DIM}skipped{DIM:#}");
                done(step, &format!("{DIM}-{DIM:#}"), receipt, &tail);
            }
            Event::StepCancelled { step, receipt } => {
                let tail = format!("  {DIM}cancelled{DIM:#}");
                done(step, &format!("{DIM}-{DIM:#}"), receipt, &tail);
            }
            Event::StepFailed { step, failure, receipt } => {
                self.failed(step, at_us, failure, receipt);
            }
            Event::AttemptFailed { step, failure, next, receipt } => {
                self.stop_bar(step);
                self.count(step, receipt);
                let next = match next {
                    Next::Retry { at_us: due } => {
                        format!("again in {}", output::roughly(due.saturating_sub(at_us)))
                    }
                    Next::Fallback => "the fallback takes its place".to_owned(),
                };
                let head = self.head(step);
                self.line(&format!(
                    "  {YELLOW}↻{YELLOW:#} {head}  {}: {}  {DIM}{next}{DIM:#}",
                    failure.kind, failure.message
                ));
                // The line above is about the try.
                self.note(&record.event, at_us);
            }
            Event::StepSuspended { step, waiting, receipt } => {
                self.count(step, receipt);
                self.suspended(step, waiting);
            }
            Event::DecisionMade { step, approved, by, .. } => {
                let word = if *approved { "approved" } else { "rejected" };
                self.line(&format!("  {DIM}{word} by {}: {step}{DIM:#}", output::safe(by)));
            }
            Event::RunHeld { waiting, .. } => {
                if let Some((message, _)) = waiting.question() {
                    let message = output::safe(message);
                    self.line(&format!("  {YELLOW}?{YELLOW:#} the run asks: {message}"));
                }
            }
            Event::RunReleased { approved, by, .. } => {
                let word = if *approved { "approved" } else { "rejected" };
                self.line(&format!("  {DIM}{word} by {}{DIM:#}", output::safe(by)));
            }
            Event::SignalReceived { name, .. } => {
                self.line(&format!("  {DIM}signal {name}{DIM:#}"));
            }
            // What follows from a timeout has a record of its own.
            Event::StepTimedOut { .. }
            | Event::RunStarted { .. }
            | Event::RunResumed
            | Event::RunHalted { .. }
            | Event::RunFinished { .. } => {}
        }
    }
}

/// Whether a step's good end gets a line: not in the hundredth item of a list.
fn is_shown(step: &str) -> bool {
    step.split('[').skip(1).all(|rest| {
        let number = rest.split(']').next().and_then(|number| number.parse::<usize>().ok());
        number.is_none_or(|number| number < SLOTS_SHOWN)
    })
}

impl Observer for Live {
    fn record(&self, record: &Record) {
        match &record.event {
            Event::RunStarted { pipeline, .. } => {
                self.line(&format!("{GREEN}▶{GREEN:#} {pipeline}"));
            }
            Event::RunResumed => self.line(&format!("{YELLOW}▶{YELLOW:#} resumed")),
            _ => self.step(record),
        }
    }

    fn logs(&self, step: &str, lines: &[String]) {
        for line in lines {
            self.line(&format!("    {DIM}{step}:{DIM:#} {line}"));
        }
    }

    fn refused(&self, _answer: &Answer, why: &str) {
        self.line(&format!("{YELLOW}warning:{YELLOW:#} an answer is not taken: {why}"));
    }
}
