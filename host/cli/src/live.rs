//! A run as it happens: a tree with spinners on a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use coldframe_engine::Observer;
use coldframe_journal::{Event, Failure, Receipt, Record};
use coldframe_lang::graph::{Graph, StepKind};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::output::{self, DIM, GREEN, RED, YELLOW};

/// Shows the records of a run on stderr.
pub(crate) struct Live {
    /// What each step does, for the line it gets.
    what: BTreeMap<String, String>,
    width: usize,
    what_width: usize,
    bars: Option<Bars>,
    quiet: bool,
}

struct Bars {
    all: MultiProgress,
    running: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Live {
    /// A view of a run of `graph`.
    pub(crate) fn new(graph: &Arc<Graph>, quiet: bool) -> Self {
        let what = graph.steps.iter().map(|step| {
            let what = match &step.kind {
                StepKind::Uses(uses) => uses.to_string(),
                other => other.key().to_owned(),
            };
            (step.id.clone(), what)
        });
        let bars = || Bars { all: MultiProgress::new(), running: Mutex::default() };
        Self {
            width: graph.steps.iter().map(|step| step.id.len()).max().unwrap_or(0),
            what_width: what.clone().map(|(_, what)| what.len()).max().unwrap_or(0),
            what: what.collect(),
            bars: (output::is_live() && !quiet).then(bars),
            quiet,
        }
    }

    fn line(&self, text: &str) {
        if self.quiet {
            return;
        }
        match &self.bars {
            Some(bars) => bars.all.suspend(|| output::note(text)),
            None => output::note(text),
        }
    }

    fn start(&self, step: &str) {
        let Some(bars) = &self.bars else { return };
        let bar = bars.all.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg} {elapsed}") {
            bar.set_style(style.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
        }
        bar.set_message(self.head(step));
        bar.enable_steady_tick(Duration::from_millis(80));
        bars.running.lock().unwrap_or_else(PoisonError::into_inner).insert(step.to_owned(), bar);
    }

    fn end(&self, step: &str, mark: &str, receipt: &Receipt, tail: &str) {
        if let Some(bars) = &self.bars {
            let mut running = bars.running.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(bar) = running.remove(step) {
                bar.finish_and_clear();
                bars.all.remove(&bar);
            }
        }
        let (time, fuel) = (output::time(receipt.wall_us), output::large(receipt.fuel));
        let cost = output::money(receipt.cost_nano);
        let head = self.head(step);
        self.line(&format!("  {mark} {head}  {DIM}{time:>8}  {fuel:>6} fuel  {cost}{DIM:#}{tail}"));
    }

    fn head(&self, step: &str) -> String {
        let what = self.what.get(step).map_or("", String::as_str);
        let (width, what_width) = (self.width, self.what_width);
        format!("{step:<width$}  {DIM}{what:<what_width$}{DIM:#}")
    }

    fn failed(&self, step: &str, failure: &Failure, receipt: &Receipt) {
        let tail = format!("\n      {RED}{}{RED:#}: {}", failure.kind, failure.message);
        self.end(step, &format!("{RED}✗{RED:#}"), receipt, &tail);
    }
}

impl Observer for Live {
    fn record(&self, record: &Record) {
        match &record.event {
            Event::RunStarted { pipeline, .. } => {
                self.line(&format!("{GREEN}▶{GREEN:#} {pipeline}"));
            }
            Event::RunResumed => self.line(&format!("{YELLOW}▶{YELLOW:#} resumed")),
            Event::StepStarted { step, .. } => self.start(step),
            Event::StepSucceeded { step, receipt, .. } => {
                self.end(step, &format!("{GREEN}✓{GREEN:#}"), receipt, "");
            }
            Event::StepFailed { step, failure, receipt } => self.failed(step, failure, receipt),
            Event::StepSkipped { step, receipt } => {
                self.end(
                    step,
                    &format!("{DIM}-{DIM:#}"),
                    receipt,
                    &format!("  {DIM}skipped{DIM:#}"),
                );
            }
            Event::RunFinished { .. } => {}
        }
    }

    fn logs(&self, step: &str, lines: &[String]) {
        for line in lines {
            self.line(&format!("    {DIM}{step}:{DIM:#} {line}"));
        }
    }
}
