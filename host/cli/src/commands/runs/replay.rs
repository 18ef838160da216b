//! `coldframe runs replay`: a run again, offline, from its journal and the recordings of its calls.

use clap::Args;
use coldframe_engine::{Replayed, Taken};
use coldframe_store::{Level, RunRow, Store};
use serde_json::{Value, json};

use crate::args::Global;
use crate::exit::{Exit, Fail};
use crate::output::{self, Format};
use crate::{place, replaying};

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
    let (_, found) = replaying::replay(global, &store, &row, &row.records, |sandbox, _| sandbox)?;
    match global.format() {
        Format::Json => output::json(&as_json(&row, &found)),
        Format::Text => print(&row, &found),
    }
    match found.differences.is_empty() {
        true => Ok(()),
        false => Err(Fail::said(Exit::RunFailed)),
    }
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
            output::cut(&difference.recorded),
            output::cut(&difference.found),
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
