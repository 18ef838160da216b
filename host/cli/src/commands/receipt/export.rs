//! `coldframe receipt export`: what a step's call was asked, heard and gave, as a file.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use coldframe_engine::{Call, CallLimits, CallReport, Invoke};
use coldframe_format::{Caps, Digest};
use coldframe_journal::ErrorKind;
use coldframe_lang::graph::Graph;
use coldframe_store::{Level, Store};

use super::document::{Document, Grant, Outcome, VERSION, WALL_MAX};
use crate::args::Global;
use crate::commands::runs;
use crate::exit::{Exit, Fail};
use crate::{output, place, replaying, write};

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The step, by its place in the run: `page`, `shops[3].count`
    step: String,
    /// The id of the run, or the beginning of it; without one, the newest run
    #[arg(long)]
    run: Option<String>,
    /// Where to write it; without this, to the standard output
    #[arg(long, short)]
    out: Option<PathBuf>,
}

/// Remembers the last call that went through it, but for those of the evaluator.
struct Watching {
    inner: Arc<dyn Invoke>,
    evaluator: Digest,
    last: Arc<Mutex<Option<(Call, CallReport)>>>,
}

impl Invoke for Watching {
    fn invoke<'a>(&'a self, call: Call) -> Pin<Box<dyn Future<Output = CallReport> + Send + 'a>> {
        Box::pin(async move {
            if call.component == self.evaluator {
                return self.inner.invoke(call).await;
            }
            let report = self.inner.invoke(call.clone()).await;
            let last = Some((call, report.clone()));
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = last;
            report
        })
    }
}

/// The run is replayed up to the step, which makes the call with everything in it.
pub(super) fn run(global: &Global, args: &ExportArgs) -> Result<(), Fail> {
    let store = Store::open(&place::data_dir(global)?, Level::Relaxed)?;
    let row = runs::find(&store, args.run.as_deref())?;
    let run_id = &row.run.run_id;
    let end = row.records.iter().rposition(|record| {
        record.event.step() == Some(&args.step)
            && record.event.receipt().is_some_and(|receipt| receipt.component.is_some())
    });
    let Some((end, receipt)) = end.and_then(|end| {
        let receipt = row.records.get(end)?.event.receipt()?;
        Some((end, receipt.clone()))
    }) else {
        let message = format!("run `{run_id}` has no step `{}` that called a skill", args.step);
        return Err(Fail::usage(message).help(format!("`coldframe runs show {run_id}` lists them")));
    };
    if receipt.cached || receipt.unrecorded {
        let why = match receipt.cached {
            true => "took the output of an equal call",
            false => "heard more than is recorded",
        };
        return Err(Fail::usage(format!(
            "step `{}` {why}, so there is no call to export",
            args.step
        )));
    }
    let last = Arc::new(Mutex::new(None));
    let records = row.records.get(..=end).unwrap_or_default();
    let (graph, found) = replaying::replay(global, &store, &row, records, |inner, evaluator| {
        Arc::new(Watching { inner, evaluator, last: Arc::clone(&last) })
    })?;
    if let Some(difference) = found.differences.first() {
        let message =
            format!("the run does not replay up to there: record {} differs", difference.seq);
        return Err(Fail::new(Exit::RunFailed, message)
            .kind(ErrorKind::ReplayDiffers)
            .help(format!("`coldframe runs replay {run_id}` says how")));
    }
    let seq = records.last().map(|record| record.seq);
    let is_taken = found.taken.iter().any(|(taken, _)| Some(*taken) == seq);
    let last = last.lock().unwrap_or_else(PoisonError::into_inner).take();
    let (call, report) = last.filter(|_| !is_taken).ok_or_else(|| {
        Fail::usage(format!("step `{}` ended by time, and is not made again", args.step))
    })?;
    let uses = graph.with_children().into_iter().flat_map(Graph::calls);
    let mut uses = uses.filter(|uses| {
        uses.component == call.component && Some(uses.to_string()) == receipt.operation
    });
    let Some(uses) = uses.next() else {
        return Err(Fail::usage(format!("step `{}` calls no skill of the run", args.step)));
    };
    let document = Document {
        version: VERSION,
        run_id: run_id.clone(),
        step: args.step.clone(),
        skill: uses.skill.clone(),
        skill_version: uses.version.clone(),
        operation: call.operation,
        grants: call
            .grants
            .iter()
            .map(|layer| Grant { who: layer.who.to_string(), caps: Caps::clone(&layer.caps) })
            .collect(),
        limits: CallLimits { wall: WALL_MAX, ..call.limits },
        input: call.input,
        result: Outcome::of(&report),
        fuel: report.fuel,
        memory_peak_bytes: report.memory_peak_bytes,
        host_calls: report.host_calls,
        net_bytes: report.net_bytes,
        logs: report.logs,
        tape: receipt.recording.as_ref().and_then(|digest| replaying::recording(&store, digest)),
        receipt,
    };
    let text = serde_json::to_string_pretty(&document)
        .map_err(|error| Fail::usage(format!("failed to write the receipt: {error}")))?;
    match &args.out {
        Some(path) => {
            write::replace(path, &format!("{text}\n"))?;
            global.tell(&format!("wrote {}", path.display()));
        }
        None => output::result(&text),
    }
    Ok(())
}
