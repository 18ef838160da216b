//! `coldframe plan FILE`: skills, rights, data paths and the most a run can take, without running.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use coldframe_lang::graph::Graph;
use coldframe_lang::limits::{CallLimits, Profile, WholeLimits};
use coldframe_lang::plan::{self, Defaults, Excess, Plan, Tokens};
use serde_json::json;

use crate::args::{Global, ProfileArgs};
use crate::exit::{Exit, Fail};
use crate::loading::NANO_PER_MFUEL;
use crate::output::{self, DIM, Format};
use crate::project::Project;

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The pipeline
    file: PathBuf,
    #[command(flatten)]
    profile: ProfileArgs,
}

pub(crate) fn run(global: &Global, args: &PlanArgs) -> Result<(), Fail> {
    let project = Project::of_file(global, &args.file)?;
    let compiled = project.compile_file(global, &args.file)?;
    let graph = &compiled.graph;
    let defaults = defaults(args.profile.into());
    let plan = plan::plan(graph, &project, &defaults);
    match global.format() {
        Format::Json => {
            let mut report = plan.to_json();
            if let Some(report) = report.as_object_mut() {
                report.insert("pipeline".to_owned(), json!(graph.name));
                report.insert("ok".to_owned(), json!(plan.excess.is_empty()));
            }
            output::json(&report);
        }
        Format::Text => output::result(&text(graph, &plan, &defaults)),
    }
    match plan.excess.as_slice() {
        [] => Ok(()),
        excess => Err(refused(graph, excess)),
    }
}

fn defaults(profile: Profile) -> Defaults {
    let (call, run) = (CallLimits::of(profile), WholeLimits::of(profile));
    Defaults {
        call_fuel: call.fuel,
        call_wall: call.wall,
        run_fuel: run.fuel,
        run_wall: run.wall,
        run_tokens: run.tokens,
        nano_per_mfuel: NANO_PER_MFUEL,
    }
}

fn text(graph: &Graph, plan: &Plan, defaults: &Defaults) -> String {
    let mut text = format!("pipeline  {} {}\n\nskills\n", graph.name, graph.version);
    for skill in &plan.skills {
        let name = format!("{}@{}", skill.id, skill.version);
        let steps = skill.steps.join(", ");
        text += &format!("  {name:<24} {steps}\n    {DIM}{}{DIM:#}\n", skill.component);
    }
    if plan.skills.is_empty() {
        text += "  none\n";
    }
    if !plan.pipelines.is_empty() {
        text += "\npipelines\n";
    }
    for pipeline in &plan.pipelines {
        let release = &pipeline.release;
        let name = format!("{}@{}", release.id, release.version);
        let steps = pipeline.steps.join(", ");
        text += &format!("  {name:<24} {steps}\n    {DIM}{}{DIM:#}\n", release.document);
    }
    text += "\nrights\n";
    for rights in &plan.rights {
        let caps = &rights.caps;
        for cap in caps.set_of().iter() {
            for line in caps.lines(cap) {
                let line =
                    if cap.line().is_some() { format!("{cap} {line}") } else { cap.to_string() };
                text += &format!("  {:<24} {line}\n", rights.id);
            }
        }
    }
    if plan.rights.is_empty() {
        text += "  none: no step can reach anything outside of its instance\n";
    }
    if !plan.paths.is_empty() {
        text += "\ndata that is read outside of the run can go out over the network\n";
        for path in &plan.paths {
            text += &format!("  {}\n", path.steps.join(" -> "));
            text += &format!(
                "    {DIM}from {}, to {}{DIM:#}\n",
                path.from.join(", "),
                path.to.join(", ")
            );
        }
    }
    text + &bound(graph, plan, defaults)
}

fn bound(graph: &Graph, plan: &Plan, defaults: &Defaults) -> String {
    let bound = &plan.bound;
    let mut text = String::from("\nat most, beside what expressions take\n");
    let mut line = |name: &str, value: String| text += &format!("  {name:<6} {value}\n");
    line("calls", bound.calls.to_string());
    let run_fuel = graph.limits.fuel.unwrap_or(defaults.run_fuel);
    let open = bound.open_calls.saturating_mul(defaults.call_fuel);
    let all = bound.fuel.saturating_add(open);
    let limit = |is_written: bool| if is_written { "the run's limit" } else { "a run's default" };
    let fuel = Most {
        limit: limit(graph.limits.fuel.is_some()),
        allowed: output::large(run_fuel),
        needed: output::large(all),
        is_enough: all <= run_fuel,
    };
    line("fuel", fuel.text(&fuel_sum(bound.fuel, bound.open_calls, defaults)));
    let by_fuel =
        coldframe_journal::receipt::price_nano(all.min(run_fuel), defaults.nano_per_mfuel);
    if let Some(models) = plan.tokens {
        line("tokens", format!("{}: {}", models.tokens, limit(graph.limits.tokens.is_some())));
    }
    line("cost", cost(graph.limits.cost_nano, by_fuel, plan.tokens));
    let run_wall = graph.limits.wall.unwrap_or(defaults.run_wall);
    let wall = Most {
        limit: limit(graph.limits.wall.is_some()),
        allowed: time(run_wall),
        needed: time(bound.wall),
        is_enough: bound.wall <= run_wall,
    };
    line("time", wall.text("the longest way through the steps"));
    if bound.open_waits > 0 {
        let waits =
            output::count(usize::try_from(bound.open_waits).unwrap_or(usize::MAX), "answer");
        line("waits", format!("for {waits} from outside, as long as it takes"));
    }
    if !bound.lines.is_empty() {
        text += "\nhow the calls add up\n";
        for line in &bound.lines {
            let name = format!("{}{}", "  ".repeat(line.depth), line.id);
            let fuel = match (line.fuel, line.open_calls) {
                (0, _) => String::new(),
                (fuel, 0) => format!(", at most {} fuel", output::large(fuel)),
                (fuel, open) => {
                    format!(", at most {} fuel without {}", output::large(fuel), unlimited(open))
                }
            };
            text += &format!("  {name:<24} {}{fuel}\n", line.sum);
        }
    }
    text
}

/// The lesser of what a run may cost and what it could.
fn cost(limit: Option<u64>, by_fuel: u64, models: Option<Tokens>) -> String {
    let (needed, sum) = match models {
        None => (Some(by_fuel), "the price of that fuel".to_owned()),
        Some(Tokens { cost_nano: Some(nano), .. }) => {
            let all = by_fuel.saturating_add(nano);
            (
                Some(all),
                "the price of that fuel, and of those tokens at the dearest model".to_owned(),
            )
        }
        Some(Tokens { cost_nano: None, .. }) => (None, String::new()),
    };
    match (needed, limit) {
        (Some(needed), Some(limit)) if limit >= needed => {
            format!("{}: {sum}", output::money(needed))
        }
        (_, Some(limit)) => format!("{}: the run's limit", output::money(limit)),
        (Some(needed), None) => format!("{}: {sum}", output::money(needed)),
        (None, None) => {
            "not known: no `Config` has a price for the models that are granted".to_owned()
        }
    }
}

/// The lesser of what a run may take and what its steps could.
struct Most<'t> {
    limit: &'t str,
    allowed: String,
    needed: String,
    is_enough: bool,
}

impl Most<'_> {
    /// `sum` says what the steps' part is made of.
    fn text(&self, sum: &str) -> String {
        let Self { limit, allowed, needed, is_enough } = self;
        match is_enough {
            true => format!("{needed}: {sum}; {limit} is {allowed}"),
            false => format!("{allowed}: {limit}; without it up to {needed}: {sum}"),
        }
    }
}

fn fuel_sum(declared: u64, open_calls: u64, defaults: &Defaults) -> String {
    let open = format!("{} at {}", unlimited(open_calls), output::large(defaults.call_fuel));
    match (declared, open_calls) {
        (0, 0) => "no step calls anything".to_owned(),
        (0, _) => open,
        (declared, 0) => format!("the limits of the steps add up to {}", output::large(declared)),
        (declared, _) => format!("{} by the limits of steps + {open}", output::large(declared)),
    }
}

fn unlimited(calls: u64) -> String {
    let calls = output::count(usize::try_from(calls).unwrap_or(usize::MAX), "call");
    format!("{calls} without a limit")
}

fn time(time: Duration) -> String {
    output::time(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

fn refused(graph: &Graph, excess: &[Excess]) -> Fail {
    let shown = |excess: &Excess, value: u64| match excess.limit {
        "fuel" => output::large(value),
        "cost_usd" => output::money(value),
        _ => output::time(value),
    };
    let all: Vec<String> = excess
        .iter()
        .map(|one| {
            let (bound, allowed) = (shown(one, one.bound), shown(one, one.allowed));
            format!("`{}` allows {allowed}, and its steps may take {bound}", one.limit)
        })
        .collect();
    let message =
        format!("the limits of `{}` do not cover its steps: {}", graph.name, all.join("; "));
    Fail::new(Exit::Problems, message)
        .help("raise the limit of the pipeline, or lower those of the steps, their tries or `max`")
}
