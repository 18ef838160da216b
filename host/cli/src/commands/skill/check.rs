//! `coldframe skill check`: what the bytes say, against what the manifest says; and the cases.

use std::sync::Arc;

use coldframe_client::VerifiedSkill;
use coldframe_engine::{Call, CallLimits, Cancel, Invoke as _, Layer, MemoryMeter};
use coldframe_format::manifest::{Case, Expected};
use coldframe_format::{Manifest, schema};
use serde_json::{Value, json};

use super::{SourceArgs, build};
use crate::args::Global;
use crate::exit::{Exit, Fail};
use crate::loading;
use crate::output::{self, DIM, Format, GREEN, RED};

/// A case and what came of it.
struct Tried<'m> {
    case: &'m Case,
    problem: Option<String>,
    fuel: u64,
}

pub(crate) fn run(global: &Global, args: &SourceArgs) -> Result<(), Fail> {
    let (manifest, _) = checked(global, args)?;
    if global.format() == Format::Text {
        output::note(&format!("{GREEN}ok{GREEN:#}: {}@{}", manifest.id, manifest.version));
    }
    Ok(())
}

/// The manifest and component of a skill in which everything is in order; prints what was found.
pub(super) fn checked(global: &Global, args: &SourceArgs) -> Result<(Manifest, Vec<u8>), Fail> {
    let manifest = super::manifest(&args.dir)?;
    let bytes = build::component(global, args)?;
    let name = manifest.id.to_string();
    let skill = coldframe_client::unsigned(&name, bytes.clone(), &manifest.capabilities)
        .map_err(|error| problem(&error.to_string(), error.help()).kind(error.kind()))?;
    manifest.check(skill.interface()).map_err(|error| problem(&error.to_string(), error.help()))?;
    let tried = cases(global, &manifest, &skill)?;
    let failed = tried.iter().filter(|tried| tried.problem.is_some()).count();
    if global.format() == Format::Json {
        output::json(&report(&manifest, &skill, &tried));
    } else if !global.quiet {
        print(&manifest, &skill, &tried);
    }
    if failed > 0 {
        let failed = output::count(failed, "case");
        return Err(Fail::new(
            Exit::Problems,
            format!("{failed} of `{name}` did not come out as written"),
        ));
    }
    Ok((manifest, bytes))
}

fn problem(message: &str, help: Option<String>) -> Fail {
    let fail = Fail::new(Exit::Problems, message);
    match help {
        Some(help) => fail.help(help),
        None => fail,
    }
}

fn cases<'m>(
    global: &Global,
    manifest: &'m Manifest,
    skill: &VerifiedSkill,
) -> Result<Vec<Tried<'m>>, Fail> {
    let sandbox = loading::sandbox(global)?;
    loading::load_one(&sandbox, skill, &manifest.id.to_string())?;
    let runtime = loading::runtime()?;
    let mut tried = Vec::new();
    for case in &manifest.cases {
        let operation = skill
            .interface()
            .operation(case.operation.as_deref())
            .map_err(|error| problem(&error.to_string(), error.help()))?;
        let report = runtime.block_on(sandbox.invoke(Call {
            component: skill.component_digest(),
            operation: operation.name.clone(),
            input: case.input.clone(),
            // A case may use all the manifest asks for, and nothing more.
            grants: [Layer::new("the manifest", manifest.capabilities.clone())].into(),
            limits: CallLimits::default(),
            memory: Arc::new(MemoryMeter::new(u64::MAX)),
            cancel: Cancel::default(),
            tape: None,
            tools: Arc::default(),
        }));
        let problem = match (&case.expected, &report.result) {
            (Expected::Output(expected), Ok(found)) if expected == found => None,
            (Expected::Error(kind), Err(error)) if kind == error.kind.as_str() => None,
            (Expected::Output(expected), Ok(found)) => {
                Some(format!("expected {expected}, found {found}"))
            }
            (Expected::Output(_), Err(error)) => Some(format!("{}: {}", error.kind, error.message)),
            (Expected::Error(kind), Ok(found)) => Some(format!("expected {kind}, found {found}")),
            (Expected::Error(kind), Err(error)) => {
                Some(format!("expected {kind}, found {}: {}", error.kind, error.message))
            }
        };
        tried.push(Tried { case, problem, fuel: report.fuel });
    }
    Ok(tried)
}

fn report(manifest: &Manifest, skill: &VerifiedSkill, tried: &[Tried<'_>]) -> Value {
    let operations = skill.interface().operations.iter().map(|operation| {
        json!({
            "name": operation.name,
            "description": operation.doc,
            "input": schema::input_schema(operation),
            "output": schema::output_schema(operation),
        })
    });
    let cases = tried.iter().map(
        |tried| json!({ "name": tried.case.name, "problem": tried.problem, "fuel": tried.fuel }),
    );
    json!({
        "id": manifest.id,
        "version": manifest.version,
        "digest": skill.component_digest(),
        "bytes": skill.bytes().len(),
        "operations": operations.collect::<Vec<_>>(),
        "imports": skill.interface().imports,
        "ceiling": skill.ceiling(),
        "cases": cases.collect::<Vec<_>>(),
    })
}

fn print(manifest: &Manifest, skill: &VerifiedSkill, tried: &[Tried<'_>]) {
    let (id, version) = (&manifest.id, &manifest.version);
    output::note(&format!("{id}@{version}  {DIM}{}{DIM:#}", skill.component_digest()));
    output::note("operations");
    for operation in &skill.interface().operations {
        let first = operation.doc.lines().next().unwrap_or_default();
        output::note(&format!("  {:<16} {DIM}{first}{DIM:#}", operation.name));
    }
    let rights = serde_json::to_string(skill.ceiling()).unwrap_or_default();
    let rights = if rights == "{}" { "none".to_owned() } else { rights };
    output::note(&format!("rights\n  {rights}\ncases"));
    for tried in tried {
        let name = &tried.case.name;
        match &tried.problem {
            None => output::note(&format!(
                "  {GREEN}✓{GREEN:#} {name}  {DIM}{} fuel{DIM:#}",
                output::large(tried.fuel)
            )),
            Some(problem) => output::note(&format!("  {RED}✗{RED:#} {name}\n      {problem}")),
        }
    }
}
