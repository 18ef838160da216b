//! `coldframe call SKILL#OPERATION`: one operation, with given inputs and limits.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use coldframe_client::VerifiedSkill;
use coldframe_engine::{Call, CallLimits, CallReport, Cancel, Invoke as _, Layer, MemoryMeter};
use coldframe_format::types::json_name;
use coldframe_format::{Cap, Caps, Operation, SkillRef, Type, canonical, suggest};
use coldframe_journal::receipt::{fuel_for, price_nano};
use coldframe_journal::{ErrorKind, Receipt};
use coldframe_lang::graph::Adapters;
use coldframe_lang::limits::{Limit, Scope};
use serde_json::{Map, Value, json};

use crate::args::{Global, InputArgs, LimitArgs};
use crate::exit::{Exit, Fail};
use crate::inputs::{self, Given};
use crate::loading::{self, NANO_PER_MFUEL, OperatorLimits};
use crate::models;
use crate::output::{self, DIM, Format, RED};
use crate::project::{Project, VerifiedSkillRef};
use crate::services::{self, ServiceArgs};

/// The largest component file, bytes.
const COMPONENT_BYTES_MAX: u64 = 32 << 20;

#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    /// `namespace/name[@version]#operation`, or `path.wasm#operation`
    target: String,
    #[command(flatten)]
    inputs: InputArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    services: ServiceArgs,
    /// A right to grant: `log`, `http="GET https://example.com/**"`, `fs="read data"` and so on; may be repeated
    #[arg(long, value_name = "NAME[=SHAPE]")]
    grant: Vec<String>,
    /// Run a component file that nobody signed
    #[arg(long)]
    unsigned: bool,
}

pub(crate) fn run(global: &Global, args: &CallArgs) -> Result<(), Fail> {
    let grants = grants(&args.grant)?;
    let limits = call_limits(&loading::limits(&args.limits)?, &grants)?;
    let (skill, operation) = find(global, args, &grants)?;
    let operation = skill.interface().operation(operation.as_deref()).map_err(|error| {
        let fail = Fail::new(Exit::Problems, error.to_string());
        match error.help() {
            Some(help) => fail.help(help),
            None => fail,
        }
    })?;
    let input = arguments(operation, inputs::read(&args.inputs)?)?;
    let given = services::given(&args.services, Path::new("."))?;
    let models = match grants.llm.is_empty() {
        true => Vec::new(),
        false => models::of_project(global)?,
    };
    let services = services::of_call(&grants, &models, given)?;
    let tools = loading::tools(global, &grants)?;
    let sandbox = loading::sandbox_with(global, &Adapters::default(), &models, &services)?;
    loading::load_one(&sandbox, &skill, &args.target)?;
    let tools = tools.load(&sandbox)?;
    let call = Call {
        component: skill.component_digest(),
        operation: operation.name.clone(),
        input: input.clone(),
        grants: [Layer::new("`--grant`", grants)].into(),
        limits,
        memory: Arc::new(MemoryMeter::new(limits.memory_bytes)),
        cancel: Cancel::default(),
        tape: None,
        tools,
    };
    let report = loading::runtime()?.block_on(sandbox.invoke(call));
    print(global, &skill, operation, &input, report)
}

/// The skill and the name of the operation.
fn find(
    global: &Global,
    args: &CallArgs,
    grants: &Caps,
) -> Result<(VerifiedSkillRef, Option<String>), Fail> {
    let (place, operation) = match args.target.split_once('#') {
        Some((place, operation)) => (place, Some(operation.to_owned())),
        None => (args.target.as_str(), None),
    };
    let path = Path::new(place);
    // The dots of a version are none of a file's name.
    let name = Path::new(place.split_once('@').map_or(place, |(name, _)| name));
    let is_file = name.extension().is_some() || place.starts_with(['.', '/']);
    if !is_file {
        if args.unsigned {
            return Err(Fail::usage(
                "`--unsigned` is for component files; skills are always verified",
            ));
        }
        let wanted: SkillRef =
            args.target.parse().map_err(|error| Fail::usage(format!("{error}")))?;
        return Ok((Project::here(global)?.newest(&wanted)?, operation));
    }
    let bytes = inputs::read_bytes(path, COMPONENT_BYTES_MAX).map_err(|fail| {
        let is_large = std::fs::metadata(path).is_ok_and(|found| found.len() > COMPONENT_BYTES_MAX);
        if is_large { fail.kind(ErrorKind::LimitStructure) } else { fail }
    })?;
    if !args.unsigned {
        return Err(Fail::new(Exit::Refused, format!("nobody signed `{place}`"))
            .help("`--unsigned` runs it all the same, in the sandbox, with the rights you grant"));
    }
    output::warn(&format!("`{place}` is not signed: nobody vouches for what it does"));
    let skill = coldframe_client::unsigned(place, bytes, grants).map_err(|error| {
        let kind = error.kind();
        let fail = Fail::new(Exit::Problems, format!("`{place}`: {kind}: {error}")).kind(kind);
        match error.help() {
            Some(help) => fail.help(help),
            None => fail,
        }
    })?;
    Ok((Arc::new(skill), operation))
}

/// What was given, as the operation's parameters want it.
fn arguments(operation: &Operation, given: Given) -> Result<Value, Fail> {
    let names: BTreeMap<String, &Type> =
        operation.params.iter().map(|field| (json_name(&field.name), &field.ty)).collect();
    let mut arguments: Map<String, Value> = given.values.into_iter().collect();
    for (name, text) in given.texts {
        let value = match names.get(&name) {
            Some(ty) if is_text(ty) => Value::String(text),
            Some(_) => serde_json::from_str(&text).map_err(|error| {
                Fail::new(Exit::Problems, format!("input `{name}` is not JSON: {error}"))
                    .help("parameters that are no strings are written as JSON")
            })?,
            None => Value::String(text),
        };
        arguments.insert(name, value);
    }
    if let Some(wrong) = arguments.keys().find(|name| !names.contains_key(*name)) {
        let known: Vec<String> = names.into_keys().collect();
        let fail =
            Fail::new(Exit::Problems, format!("`{}` has no parameter `{wrong}`", operation.name));
        return Err(match suggest::closest(wrong, &known) {
            Some(near) => fail.help(format!("did you mean `{near}`?")),
            None => fail.help(format!("it has {}", suggest::list(&known))),
        });
    }
    Ok(Value::Object(arguments))
}

/// Whether a typed text is the value itself, and not JSON.
fn is_text(ty: &Type) -> bool {
    match ty {
        Type::String | Type::Char | Type::Enum(_) => true,
        Type::Option(inner) => is_text(inner),
        list => list.is_bytes(),
    }
}

/// The bounds of the one call that is made. What bounds a whole bounds it.
fn call_limits(limits: &OperatorLimits, grants: &Caps) -> Result<CallLimits, Fail> {
    let OperatorLimits { bounds, profile } = limits;
    let runs = |limit: Limit| limit == Limit::Retries || limit.row().scope == Scope::Shape;
    if let Some((limit, _)) = bounds.written().find(|(limit, _)| runs(*limit)) {
        let message = format!("`--limit {}` bounds a run, and this is one call", limit.row().name);
        return Err(Fail::usage(message).help("leave it out"));
    }
    let mut call = CallLimits::of(*profile).with(bounds);
    // Whoever bounds the whole means the call to be able to use it.
    let of = |each: Option<u64>, own: u64, whole: Option<u64>| match (each, whole) {
        (Some(_), Some(whole)) => own.min(whole),
        (None, Some(whole)) => whole,
        (_, None) => own,
    };
    call.fuel = of(bounds.call_fuel, call.fuel, bounds.fuel);
    call.memory_bytes = of(bounds.call_memory, call.memory_bytes, bounds.memory_bytes);
    call.net_bytes = of(bounds.call_net_bytes, call.net_bytes, bounds.net_bytes);
    call.tokens = of(bounds.call_tokens, call.tokens, bounds.tokens);
    call.wall = match (bounds.call_wall, bounds.wall) {
        (Some(_), Some(whole)) => call.wall.min(whole),
        (None, Some(whole)) => whole,
        (_, None) => call.wall,
    };
    if let Some(nano) = bounds.cost_nano {
        // Of money that models want too, fuel leaves them a half.
        let purse = if grants.llm.is_empty() { nano } else { nano / 2 };
        call.fuel = call.fuel.min(fuel_for(purse, NANO_PER_MFUEL));
        let left = nano.saturating_sub(price_nano(call.fuel, NANO_PER_MFUEL));
        call.services_nano = call.services_nano.min(left);
    }
    Ok(call)
}

fn grants(flags: &[String]) -> Result<Caps, Fail> {
    let mut caps = Caps::default();
    for flag in flags {
        let (name, line) = match flag.split_once('=') {
            Some((name, line)) => (name, Some(line)),
            None => (flag.as_str(), None),
        };
        let wrong = |message: &str| Fail::usage(format!("`--grant {flag}` {message}"));
        let Some(cap) = Cap::named(name) else {
            let known: Vec<String> = Cap::names().map(str::to_owned).collect();
            let help = match suggest::closest(name, &known) {
                Some(close) => format!("did you mean `{close}`?"),
                None => format!("the rights are {}", suggest::list(&known)),
            };
            return Err(wrong("names no right").help(help));
        };
        match (cap.line(), line) {
            (None, None) => caps.set(cap, true),
            (Some(_), Some(line)) => caps
                .push(cap, line)
                .map_err(|error| Fail::usage(format!("`--grant {flag}`: {error}")))?,
            (Some((shape, example)), None) => {
                let help = format!("write --grant {cap}={shape:?}, as in {cap}={example:?}");
                return Err(wrong("does not say what is allowed").help(help));
            }
            (None, Some(_)) => {
                let help = format!("write --grant {cap}");
                return Err(wrong("says more than there is to say").help(help));
            }
        }
    }
    Ok(caps)
}

fn print(
    global: &Global,
    skill: &VerifiedSkill,
    operation: &Operation,
    input: &Value,
    report: CallReport,
) -> Result<(), Fail> {
    let receipt = Receipt {
        attempt: 1,
        component: Some(skill.component_digest().to_string()),
        operation: Some(match (skill.id(), skill.version()) {
            (Some(id), Some(version)) => format!("{id}@{version}#{}", operation.name),
            _ => operation.name.clone(),
        }),
        input_sha256: Some(canonical::digest(input).to_string()),
        output_sha256: report.result.as_ref().ok().map(|out| canonical::digest(out).to_string()),
        cached: false,
        remembered: false,
        fuel: report.fuel,
        wall_us: report.wall_us,
        memory_peak_bytes: report.memory_peak_bytes,
        host_calls: report.host_calls,
        net_bytes: report.net_bytes,
        tokens: report.tokens,
        services_nano: report.services_nano,
        cost_nano: price_nano(report.fuel, NANO_PER_MFUEL).saturating_add(report.services_nano),
        asked: report.asked.clone(),
        ..Receipt::default()
    };
    let exit = match &report.result {
        Ok(_) => None,
        Err(error) if error.kind.is_stop() => Some(Exit::Stopped),
        Err(error) if error.kind == ErrorKind::InvalidInput => Some(Exit::Problems),
        Err(_) => Some(Exit::RunFailed),
    };
    if global.format() == Format::Json {
        let error = report.result.as_ref().err().map(|error| {
            json!({ "kind": error.kind, "message": error.message, "transient": error.transient })
        });
        output::json(&json!({
            "status": match exit {
                None => "succeeded",
                Some(Exit::Stopped) => "stopped",
                Some(_) => "failed",
            },
            "output": report.result.as_ref().ok(),
            "receipt": receipt,
            "error": error,
        }));
    } else {
        if !global.quiet {
            for line in &report.logs {
                output::note(&format!("{DIM}log:{DIM:#} {line}"));
            }
            let refused = matches!(exit, Some(Exit::Problems));
            let summary = format!(
                "{DIM}{}: {}, {} fuel, {} KiB, {}{DIM:#}",
                operation.name,
                output::time(receipt.wall_us),
                output::large(receipt.fuel),
                receipt.memory_peak_bytes >> 10,
                output::money(receipt.cost_nano),
            );
            if !refused {
                output::note(&summary);
            }
        }
        match &report.result {
            Ok(value) => output::value(value),
            Err(error) => {
                output::note(&format!("{RED}error{RED:#}[{}]: {}", error.kind, error.message));
            }
        }
    }
    exit.map_or(Ok(()), |exit| Err(Fail::said(exit)))
}
