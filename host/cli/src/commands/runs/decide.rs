//! Answers to runs that wait: yes, no, and signals.

use clap::Args;
use coldframe_journal::Event;
use coldframe_lang::graph::{StepKind, Wait};
use coldframe_store::{RunRow, Store, StoreError};
use serde_json::Value;

use super::{OnTheWay, find, goes_on, level};
use crate::args::{Global, JournalLevel};
use crate::exit::Fail;
use crate::{loading, output, place};

#[derive(Debug, Args)]
pub(crate) struct DecideArgs {
    /// The run: its id, or the beginning of it
    id: String,
    /// The step that asks, by its place in the run; may be left out where only one does
    step: Option<String>,
    /// Who decides
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// How durable the rest of the journal is
    #[arg(long, value_enum, default_value_t = JournalLevel::Relaxed)]
    journal: JournalLevel,
}

#[derive(Debug, Args)]
pub(crate) struct SignalArgs {
    /// The run: its id, or the beginning of it
    id: String,
    /// The signal
    name: String,
    /// What comes with it, as JSON
    #[arg(long, value_name = "JSON", default_value = "null")]
    data: String,
    /// How durable the rest of the journal is
    #[arg(long, value_enum, default_value_t = JournalLevel::Relaxed)]
    journal: JournalLevel,
}

/// The longest name and note that are kept, bytes.
const TEXT_BYTES_MAX: usize = 4096;

/// The largest value of a signal, bytes.
const DATA_BYTES_MAX: usize = 1 << 20;

pub(super) fn decide(global: &Global, args: &DecideArgs, approved: bool) -> Result<(), Fail> {
    let long = |text: &String| text.len() > TEXT_BYTES_MAX;
    if args.by.trim().is_empty() || long(&args.by) || args.note.as_ref().is_some_and(long) {
        return Err(Fail::usage("`--by` is empty, or it or `--note` is longer than 4096 bytes")
            .help("name the person who decides: --by ann"));
    }
    let (store, row) = open(global, &args.id, args.journal)?;
    let step = asking(&row, args.step.as_deref())?;
    let event =
        Event::DecisionMade { step, approved, by: args.by.clone(), note: args.note.clone() };
    answer(global, &store, &row, &event)
}

pub(super) fn signal(global: &Global, args: &SignalArgs) -> Result<(), Fail> {
    if args.data.len() > DATA_BYTES_MAX {
        return Err(Fail::usage("`--data` is larger than 1 MiB").help("send a reference instead"));
    }
    let value: Value = serde_json::from_str(&args.data).map_err(|error| {
        Fail::usage(format!("`--data` is not JSON: {error}"))
            .help("a text stands in quotes: --data '\"text\"'")
    })?;
    let (store, row) = open(global, &args.id, args.journal)?;
    // A signal may come before the step that waits for it; one that no step waits for is a mistake.
    let (_, graph) = loading::recompile(global, &row)?;
    let mut names: Vec<&str> = graph
        .with_children()
        .into_iter()
        .flat_map(|graph| &graph.steps)
        .filter_map(|step| match &step.kind {
            StepKind::Wait(Wait::Signal(name)) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    if !names.contains(&args.name.as_str()) {
        let message = format!(
            "no step of run `{}` waits for the signal `{}`",
            row.run.run_id,
            output::safe(&args.name)
        );
        return Err(Fail::usage(message).help(match names.as_slice() {
            [] => "it waits for no signal at all".to_owned(),
            names => format!("its signals are {}", names.join(", ")),
        }));
    }
    let event = Event::SignalReceived { name: args.name.clone(), value };
    answer(global, &store, &row, &event)
}

fn open(global: &Global, id: &str, journal: JournalLevel) -> Result<(Store, RunRow), Fail> {
    let store = Store::open(&place::data_dir(global)?, level(journal)?)?;
    let row = find(&store, Some(id))?;
    goes_on(&row)?;
    Ok((store, row))
}

/// The step that is meant, by its whole place or the end of it.
fn asking(row: &RunRow, wanted: Option<&str>) -> Result<String, Fail> {
    let asking: Vec<&str> = row
        .state
        .waiting()
        .filter(|(_, waiting)| waiting.question().is_some())
        .map(|(step, _)| step)
        .collect();
    let id = &row.run.run_id;
    let list = || match asking.as_slice() {
        [] => format!("no step of it asks; see `coldframe runs show {id}`"),
        steps => format!("these ask: {}", steps.join(", ")),
    };
    let Some(wanted) = wanted else {
        return match asking.as_slice() {
            [one] => Ok((*one).to_owned()),
            _ => Err(Fail::usage(format!("say which step of run `{id}` is meant")).help(list())),
        };
    };
    let matching: Vec<&str> = asking
        .iter()
        .copied()
        .filter(|step| {
            let before = step.strip_suffix(wanted);
            before.is_some_and(|before| before.is_empty() || before.ends_with(['.', '/']))
        })
        .collect();
    match (asking.iter().find(|step| **step == wanted), matching.as_slice()) {
        (Some(exact), _) => Ok((*exact).to_owned()),
        (None, [one]) => Ok((*one).to_owned()),
        (None, _) => {
            let message = format!(
                "step `{}` of run `{id}` does not ask for a decision",
                output::safe(wanted)
            );
            Err(Fail::usage(message).help(list()))
        }
    }
}

/// Keeps the answer and goes on with the run, unless somebody else drives it. Where the run cannot
/// go on the answer is not kept: it would count as given, and nobody could take it back.
fn answer(global: &Global, store: &Store, row: &RunRow, event: &Event) -> Result<(), Fail> {
    let id = &row.run.run_id;
    let keep = || store.post(id, loading::now_us(), event);
    match store.resume(id) {
        Ok(journal) => {
            let run = OnTheWay::prepare(global, store, id, journal)
                .map_err(|fail| fail.advise("the answer was not kept: give it again after that"))?;
            keep()?;
            run.drive(global)
        }
        Err(StoreError::Busy(_)) => {
            // What that process needs is its own business.
            keep()?;
            taken_up(global, store, id)
        }
        Err(error) => Err(error.into()),
    }
}

/// After an answer was kept for a run that another process drove a moment ago.
fn taken_up(global: &Global, store: &Store, id: &str) -> Result<(), Fail> {
    match store.resume(id) {
        Ok(journal) => OnTheWay::prepare(global, store, id, journal)
            .map_err(|fail| {
                fail.advise(&format!("the answer is kept; then `coldframe runs resume {id}`"))
            })?
            .drive(global),
        // It looks into its inbox while it works, and once more before it ends.
        Err(StoreError::Busy(_)) => {
            global.tell(&format!("noted: the process that drives run {id} takes it up"));
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
