//! `coldframe receipt export|verify`: one call of a run as a file that whoever has the skill can run
//! again, without the run's journal and without anything outside.
//!
//! A receipt is not a signature: it says what comes out, and `verify` finds out whether it does.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::{Args, Subcommand};
use coldframe_engine::{
    Call, CallLimits, CallReport, Cancel, Invoke, Layer, MemoryMeter, Replay, RunLimits, Tape,
    replay,
};
use coldframe_format::{Caps, Digest, SkillId, canonical};
use coldframe_journal::{ErrorKind, Receipt};
use coldframe_lang::graph::Model;
use coldframe_sandbox::{Sandbox, SandboxConfig};
use coldframe_store::{Level, Store};
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::args::Global;
use crate::exit::{Exit, Fail};
use crate::loading::{self, NANO_PER_MFUEL};
use crate::output::{self, Format};
use crate::project::Project;
use crate::settings::Settings;
use crate::{inputs, place, walls, write};

/// The version of [`Document`].
const VERSION: u32 = 1;
/// The largest receipt that is read, bytes.
const BYTES_MAX: u64 = 128 << 20;
/// A call may take no longer than this to be verified: the file says how much fuel it has.
const WALL_MAX: Duration = Duration::from_secs(60);
/// Nor may it hold more memory than this, bytes.
const MEMORY_MAX: u64 = 1 << 30;

#[derive(Debug, Subcommand)]
pub(crate) enum ReceiptCommand {
    /// Write what a step's call was asked, heard and gave into a file
    Export(ExportArgs),
    /// Run the call of a receipt again, offline, and compare
    Verify(VerifyArgs),
}

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

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The receipt
    file: PathBuf,
}

pub(crate) fn run(global: &Global, command: &ReceiptCommand) -> Result<(), Fail> {
    match command {
        ReceiptCommand::Export(args) => export(global, args),
        ReceiptCommand::Verify(args) => verify(global, args),
    }
}

/// A call that was made, with all it takes to make it again.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    /// Where it comes from; of no weight when it is verified.
    run_id: String,
    step: String,
    /// As the journal has it.
    receipt: Receipt,
    skill: SkillId,
    skill_version: Version,
    operation: String,
    grants: Vec<Grant>,
    limits: CallLimits,
    input: Value,
    /// The output, or why there is none.
    result: Outcome,
    fuel: u64,
    memory_peak_bytes: u64,
    host_calls: u64,
    net_bytes: u64,
    logs: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    tape: Option<Tape>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    who: String,
    caps: Caps,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Outcome {
    Output(Value),
    Failed { kind: ErrorKind, message: String },
}

impl Outcome {
    fn of(report: &CallReport) -> Self {
        match &report.result {
            Ok(output) => Self::Output(output.clone()),
            Err(error) => Self::Failed { kind: error.kind, message: error.message.clone() },
        }
    }
}

/// Remembers the last call that went through it, but for those of the evaluator.
struct Watching {
    inner: Arc<dyn Invoke>,
    evaluator: Digest,
    last: Mutex<Option<(Call, CallReport)>>,
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
fn export(global: &Global, args: &ExportArgs) -> Result<(), Fail> {
    let store = Store::open(&place::data_dir(global)?, Level::Relaxed)?;
    let row = super::runs::find(&store, args.run.as_deref())?;
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
    let (project, graph) = loading::recompile(global, &row)?;
    let Settings { limits, .. } = Settings::of(&row)?;
    let sandbox = offline(global, Some(&graph.models))?;
    let evaluator = loading::load(&project, &sandbox, &graph)?;
    let watching = Arc::new(Watching { inner: sandbox, evaluator, last: Mutex::default() });
    let recordings = |digest: &str| super::runs::recording(&store, digest);
    let graph = Arc::new(graph);
    let found = loading::runtime()?.block_on(replay(Replay {
        limits: RunLimits::new(&graph.limits, &limits.bounds, limits.profile),
        graph: Arc::clone(&graph),
        records: row.records.get(..=end).unwrap_or_default(),
        run_id: run_id.clone(),
        operator_caps: None,
        evaluator,
        nano_per_mfuel: NANO_PER_MFUEL,
        invoke: Arc::clone(&watching) as _,
        recordings: &recordings,
    }))?;
    if let Some(difference) = found.differences.first() {
        let message =
            format!("the run does not replay up to there: record {} differs", difference.seq);
        return Err(Fail::new(Exit::RunFailed, message)
            .kind(ErrorKind::ReplayDiffers)
            .help(format!("`coldframe runs replay {run_id}` says how")));
    }
    let last = watching.last.lock().unwrap_or_else(PoisonError::into_inner).take();
    let (call, report) = last.ok_or_else(|| {
        Fail::usage(format!("step `{}` ended by time, and is not made again", args.step))
    })?;
    let uses = graph.with_children().into_iter().flat_map(coldframe_lang::graph::Graph::calls);
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
        tape: receipt.recording.as_ref().and_then(|digest| recordings(digest)),
        receipt,
    };
    let text = serde_json::to_string_pretty(&document)
        .map_err(|error| Fail::usage(format!("failed to write the receipt: {error}")))?;
    match &args.out {
        Some(path) => {
            write::replace(path, &format!("{text}\n"))?;
            output::note(&format!("wrote {}", path.display()));
        }
        None => output::result(&text),
    }
    Ok(())
}

fn verify(global: &Global, args: &VerifyArgs) -> Result<(), Fail> {
    let name = args.file.display();
    let bytes = inputs::read_bytes(&args.file, BYTES_MAX)?;
    let document: Document = serde_json::from_slice(&bytes)
        .map_err(|error| Fail::new(Exit::Problems, format!("`{name}` is no receipt: {error}")))?;
    if document.version != VERSION {
        let message =
            format!("`{name}` has version {}, this one reads {VERSION}", document.version);
        return Err(Fail::new(Exit::Problems, message).help("use the version that wrote it"));
    }
    let mut differences = claims(&document);
    let component: Digest =
        document.receipt.component.as_deref().unwrap_or_default().parse().map_err(|error| {
            Fail::new(Exit::Problems, format!("`{name}`: the receipt's component: {error}"))
        })?;
    let project = Project::here(global)?;
    let skill = project.fetch(&document.skill, &document.skill_version, component)?;
    let sandbox = offline(global, None)?;
    let called = format!("{}@{}", document.skill, document.skill_version);
    loading::load_one(&sandbox, &skill, &called)?;
    let memory = document.limits.memory_bytes.min(MEMORY_MAX);
    let grants = document.grants.iter();
    let call = Call {
        component,
        operation: document.operation.clone(),
        input: document.input.clone(),
        grants: grants.map(|grant| Layer::new(grant.who.clone(), grant.caps.clone())).collect(),
        limits: CallLimits {
            wall: document.limits.wall.min(WALL_MAX),
            memory_bytes: memory,
            ..document.limits
        },
        memory: Arc::new(MemoryMeter::new(memory)),
        cancel: Cancel::default(),
        tape: Some(Arc::new(document.tape.clone().unwrap_or_else(Tape::empty))),
        // What they said is on the tape.
        tools: Arc::default(),
    };
    let report = loading::runtime()?.block_on(sandbox.invoke(call));
    differences.extend(compared(&document, &report));
    match global.format() {
        Format::Json => output::json(&json!({
            "skill": called,
            "operation": document.operation,
            "component": component.to_string(),
            "differences": differences
                .iter()
                .map(|(what, said, found)| json!({ "what": what, "receipt": said, "found": found }))
                .collect::<Vec<_>>(),
        })),
        Format::Text => {
            for (what, said, found) in &differences {
                let (said, found) = (super::runs::shown(said), super::runs::shown(found));
                output::result(&format!("{what}\n  receipt  {said}\n  now      {found}"));
            }
            if differences.is_empty() {
                output::result(&format!(
                    "{called}#{} gives what the receipt says: {} fuel, output {}",
                    document.operation,
                    document.fuel,
                    document.receipt.output_sha256.as_deref().unwrap_or("none"),
                ));
            }
        }
    }
    match differences.is_empty() {
        true => Ok(()),
        false => Err(Fail::said(Exit::RunFailed)),
    }
}

/// What of a receipt contradicts itself: what differs, what it says, what that is.
fn claims(document: &Document) -> Vec<(&'static str, String, String)> {
    let Document { receipt, input, result, tape, .. } = document;
    let nothing = || "nothing".to_owned();
    let said = |value: &Option<String>| value.clone().unwrap_or_else(nothing);
    let output = match result {
        Outcome::Output(output) => canonical::digest(output).to_string(),
        Outcome::Failed { .. } => nothing(),
    };
    let tape = tape.as_ref().map_or_else(nothing, |tape| Digest::of(&tape.to_bytes()).to_string());
    let operation = format!("{}@{}#{}", document.skill, document.skill_version, document.operation);
    [
        ("digest of the input", said(&receipt.input_sha256), canonical::digest(input).to_string()),
        ("digest of the output", said(&receipt.output_sha256), output),
        ("digest of the recording", said(&receipt.recording), tape),
        ("operation", said(&receipt.operation), operation),
    ]
    .into_iter()
    .filter(|(_, said, found)| said != found)
    .collect()
}

/// What the call came to now and what it came to then.
fn compared(document: &Document, report: &CallReport) -> Vec<(&'static str, String, String)> {
    let outcome = |outcome: &Outcome| serde_json::to_string(outcome).unwrap_or_default();
    let found = Outcome::of(report);
    let numbers = [
        ("fuel", document.fuel, report.fuel),
        ("memory_peak_bytes", document.memory_peak_bytes, report.memory_peak_bytes),
        ("host_calls", document.host_calls, report.host_calls),
        ("net_bytes", document.net_bytes, report.net_bytes),
    ];
    let numbers = numbers.into_iter().map(|(what, a, b)| (what, a.to_string(), b.to_string()));
    let logs = ("logs", document.logs.join("\n"), report.logs.join("\n"));
    std::iter::once(("result", outcome(&document.result), outcome(&found)))
        .chain(numbers)
        .chain([logs])
        .filter(|(_, said, found)| said != found)
        .collect()
}

/// A sandbox without anything outside. What models cost is counted where they are given.
pub(crate) fn offline(global: &Global, models: Option<&[Model]>) -> Result<Arc<Sandbox>, Fail> {
    let config = SandboxConfig { models: models.map(Arc::from), ..walls::sandbox_config(global)? };
    Sandbox::new(config).map_err(|error| Fail::usage(error.to_string()))
}
