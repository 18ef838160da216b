//! `coldframe receipt verify`: the call of a receipt again, offline, and compared.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use coldframe_engine::{Call, CallLimits, CallReport, Cancel, Invoke, Layer, MemoryMeter, Tape};
use coldframe_format::{Digest, canonical};
use serde_json::json;

use super::document::{Document, Outcome, VERSION, WALL_MAX};
use crate::args::Global;
use crate::exit::{Exit, Fail};
use crate::output::{self, Format};
use crate::project::Project;
use crate::{inputs, loading, replaying};

/// The largest receipt that is read, bytes.
const BYTES_MAX: u64 = 128 << 20;
/// A call may hold no more memory than this to be verified, bytes.
const MEMORY_MAX: u64 = 1 << 30;

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The receipt
    file: PathBuf,
}

pub(super) fn run(global: &Global, args: &VerifyArgs) -> Result<(), Fail> {
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
    let sandbox = replaying::offline(global, None)?;
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
                let (said, found) = (output::cut(said), output::cut(found));
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
