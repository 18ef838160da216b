//! `coldframe runs replay`: a run again, offline, from its journal and the recordings of its calls.

use std::sync::Arc;

use clap::Args;
use coldframe_engine::{Invoke, Replay, Replayed, RunLimits, Taken, Tape, replay};
use coldframe_format::Digest;
use coldframe_store::{Level, RunRow, Store};
use serde_json::{Value, json};

use crate::args::Global;
use crate::exit::{Exit, Fail};
use crate::loading::{self, NANO_PER_MFUEL};
use crate::output::{self, Format};
use crate::place;
use crate::settings::Settings;

/// A longer value is cut where people read it.
const SHOWN_MAX: usize = 200;

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The id, or the beginning of it; without one, the newest run
    id: Option<String>,
}

pub(crate) fn run(global: &Global, args: &ReplayArgs) -> Result<(), Fail> {
    let store = Store::open(&place::data_dir(global)?, Level::Relaxed)?;
    let row = super::find(&store, args.id.as_deref())?;
    if row.state.started.is_none() {
        return Err(Fail::usage(format!("run `{}` never began", row.run.run_id)));
    }
    let found = again(global, &store, &row)?;
    match global.format() {
        Format::Json => output::json(&as_json(&row, &found)),
        Format::Text => print(&row, &found),
    }
    match found.differences.is_empty() {
        true => Ok(()),
        false => Err(Fail::said(Exit::RunFailed)),
    }
}

fn again(global: &Global, store: &Store, row: &RunRow) -> Result<Replayed, Fail> {
    let (project, graph) = loading::recompile(global, row)?;
    let Settings { limits, .. } = Settings::of(row)?;
    // No network, no files, no secrets: what there was of them is on the recordings.
    let sandbox = crate::commands::receipt::offline(global, Some(&graph.models))?;
    let evaluator = loading::load(&project, &sandbox, &graph)?;
    let recordings = |digest: &str| recording(store, digest);
    let invoke: Arc<dyn Invoke> = sandbox;
    let found = loading::runtime()?.block_on(replay(Replay {
        limits: RunLimits::new(&graph.limits, &limits.bounds, limits.profile),
        graph: Arc::new(graph),
        records: &row.records,
        run_id: row.run.run_id.clone(),
        operator_caps: None,
        evaluator,
        nano_per_mfuel: NANO_PER_MFUEL,
        invoke,
        recordings: &recordings,
    }))?;
    Ok(found)
}

fn print(row: &RunRow, found: &Replayed) {
    let Replayed { compared, performed, recorded, taken, differences } = found;
    for difference in differences {
        let place = match &difference.step {
            Some(step) => format!("step `{step}`, "),
            None => String::new(),
        };
        output::result(&format!(
            "record {}: {place}{}\n  recorded  {}\n  now       {}",
            difference.seq,
            difference.what,
            shown(&difference.recorded),
            shown(&difference.found),
        ));
    }
    let all = row.records.len();
    let missing = all as u64 - (compared + taken.len() as u64).min(all as u64);
    let mut line = format!(
        "replayed {compared} of {all} records of run {}: {performed} pieces of work again, {recorded} of them from recordings",
        row.run.run_id
    );
    for (reason, text) in [
        (Taken::Outside, "came from outside"),
        (Taken::Time, "ended by time"),
        (Taken::TooLarge, "heard more than is recorded"),
        (Taken::Stopping, "after the wish to stop"),
    ] {
        let count = taken.iter().filter(|(_, why)| *why == reason).count();
        if count > 0 {
            line.push_str(&format!("; {count} taken as they stand ({text})"));
        }
    }
    if missing > 0 {
        line.push_str(&format!("; {missing} not reached"));
    }
    output::result(&line);
    output::result(&match differences.len() {
        0 => "nothing differs".to_owned(),
        count => output::count(count, "difference"),
    });
}

/// What a call heard; `None` where it is not kept, or is not what it was.
pub(in crate::commands) fn recording(store: &Store, digest: &str) -> Option<Tape> {
    let digest: Digest = digest.parse().ok()?;
    let bytes = store.blob(digest).ok().flatten()?;
    Tape::from_bytes(&bytes).ok()
}

/// A value as people read it.
pub(in crate::commands) fn shown(value: &str) -> String {
    let text = output::safe(value);
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn as_json(row: &RunRow, found: &Replayed) -> Value {
    let taken = found.taken.iter().map(|(seq, why)| {
        let why = match why {
            Taken::Outside => "outside",
            Taken::Time => "time",
            Taken::TooLarge => "too_large",
            Taken::Stopping => "stopping",
        };
        json!({ "seq": seq, "why": why })
    });
    let differences = found.differences.iter().map(|difference| {
        json!({
            "seq": difference.seq,
            "step": difference.step,
            "what": difference.what,
            "recorded": difference.recorded,
            "found": difference.found,
        })
    });
    json!({
        "run_id": row.run.run_id,
        "records": row.records.len(),
        "compared": found.compared,
        "performed": found.performed,
        "from_recordings": found.recorded,
        "taken": taken.collect::<Vec<_>>(),
        "differences": differences.collect::<Vec<_>>(),
    })
}
