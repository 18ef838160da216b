//! Plays a case, and judges it.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use crate::case::{Case, How};
use crate::guest::Guest;
use crate::world::{self, Ground, World, code, kind};

/// How often the canary sings beside an attack.
const SONGS: usize = 20;
/// The longest that the canary may take, on a machine that is busy with other things.
const CANARY_US_MAX: u64 = 1_500_000;

/// What became of a case.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The kind that it came to.
    pub outcome: String,
    /// The longest command.
    pub wall: Duration,
    /// The most memory of the host and all it starts, bytes.
    pub peak_rss: u64,
    /// The slowest answer of the canary but one in a hundred, microseconds.
    pub canary_us: u64,
    /// Why the case failed; empty where it held.
    pub problems: Vec<String>,
}

impl Verdict {
    /// Whether the host held.
    pub fn held(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Plays one case.
pub fn run(ground: &Arc<Ground>, case: &Case) -> Verdict {
    let played = World::new(ground, case.id).map(|mut world| {
        let outcome = play(&mut world, case);
        (world, outcome)
    });
    let (mut world, outcome) = match played {
        Ok(played) => played,
        Err(error) => return lost(format!("{error:#}")),
    };
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            world.problems.push(format!("{error:#}"));
            "nothing".to_owned()
        }
    };
    let mut problems = std::mem::take(&mut world.problems);
    if !case.expect.contains(&outcome.as_str()) {
        problems.push(format!("came to `{outcome}`, expected one of {:?}", case.expect));
    }
    if world.wall > case.max_wall {
        problems.push(format!("took {:?}, expected at most {:?}", world.wall, case.max_wall));
    }
    if world.peak_rss > case.max_rss_mib << 20 {
        let (found, max) = (world.peak_rss >> 20, case.max_rss_mib);
        problems.push(format!("had {found} MiB of memory, expected at most {max}"));
    }
    world.canary_us.sort_unstable();
    let rank = (world.canary_us.len() * 99).div_ceil(100).saturating_sub(1);
    let canary_us = world.canary_us.get(rank).copied().unwrap_or(0);
    match world.canary_us.last() {
        None => problems.push("the canary was not heard".to_owned()),
        Some(slowest) if *slowest > CANARY_US_MAX => {
            problems.push(format!("the canary took {slowest} us"));
        }
        Some(_) => {}
    }
    Verdict { outcome, wall: world.wall, peak_rss: world.peak_rss, canary_us, problems }
}

fn lost(problem: String) -> Verdict {
    let (wall, outcome) = (Duration::ZERO, "nothing".to_owned());
    Verdict { outcome, wall, peak_rss: 0, canary_us: 0, problems: vec![problem] }
}

fn play(world: &mut World, case: &Case) -> anyhow::Result<String> {
    let outcome = match &case.how {
        How::Beside(guest) => return beside(world, case.id, guest),
        How::Alone(guest) => {
            let (outcome, output) = world.call(guest)?;
            looked(guest, &outcome, &output).map_err(anyhow::Error::msg)?;
            outcome
        }
        How::Check(text) => checked(world, &text())?,
        How::Session(session) => session(world)?,
    };
    if world.canary_us.is_empty() {
        world.canary()?;
    }
    Ok(outcome)
}

fn looked(guest: &Guest, outcome: &str, output: &Value) -> Result<(), String> {
    match (&guest.look, outcome) {
        (Some(look), "works") => look(output),
        _ => Ok(()),
    }
}

/// Checks the text of a pipeline.
pub fn checked(world: &mut World, text: &str) -> anyhow::Result<String> {
    let file = world.file("attack.yml", text)?;
    let registry = world.registry().display().to_string();
    let found = world.json(&["check", &file, "--registry", &registry])?;
    Ok(match found.get("ok").and_then(Value::as_bool) {
        Some(true) => "works".to_owned(),
        _ => code(&found).unwrap_or_else(|| kind(&found)),
    })
}

/// Publishes the attack and runs it beside the canary.
pub fn beside(world: &mut World, id: &str, guest: &Guest) -> anyhow::Result<String> {
    let name = id.to_lowercase();
    if let Err(kind) = world.publish(&name, guest)? {
        world.canary()?;
        return Ok(kind);
    }
    let run = piped(world, &pipeline(&name, guest))?;
    let step = run.step("attack").context("there is no step `attack`")?;
    let output = run.output("attack").unwrap_or(Value::Null);
    if guest.times == 1 {
        let outcome = kind(step);
        looked(guest, &outcome, &output).map_err(anyhow::Error::msg)?;
        return Ok(outcome);
    }
    let mut kinds: Vec<String> = Vec::new();
    for item in output.as_array().context("`attack` has no items")? {
        match item.pointer("/ok/one") {
            Some(output) => {
                looked(guest, "works", output).map_err(anyhow::Error::msg)?;
                kinds.push("works".to_owned());
            }
            None => kinds.push(kind(item)),
        }
    }
    kinds.sort();
    kinds.dedup();
    Ok(kinds.join(", "))
}

/// A run that is over: what it came to, and its journal.
#[derive(Debug)]
pub struct Run {
    /// The answer of `coldframe run`.
    pub found: Value,
    /// The records of its journal.
    pub events: Vec<Value>,
}

impl Run {
    /// A step, by its place.
    pub fn step(&self, place: &str) -> Option<&Value> {
        self.found.get("steps")?.as_array()?.iter().find(|step| step["id"] == place)
    }

    /// What a step came to.
    pub fn output(&self, place: &str) -> Option<Value> {
        self.events.iter().find_map(|event| {
            let ended = event.pointer("/event/step_succeeded")?;
            (ended["step"] == place).then(|| ended["output"].clone())
        })
    }

    /// When something happened to a step, microseconds since 1970.
    fn at(&self, what: &str, place: &str) -> Option<u64> {
        let found = self.events.iter().find(|event| event["event"][what]["step"] == place)?;
        found["at_us"].as_u64()
    }
}

/// Runs a pipeline with a step `canary` in it, and takes in how the canary did.
pub fn piped(world: &mut World, text: &str) -> anyhow::Result<Run> {
    let file = world.file("attack.yml", text)?;
    let registry = world.registry().display().to_string();
    let flags = world.flags.clone();
    let mut arguments = vec!["run", &file, "--registry", &registry];
    arguments.extend(flags.iter().map(String::as_str));
    let found = world.json(&arguments)?;
    let id = found.get("run_id").and_then(Value::as_str);
    let id = id.with_context(|| format!("nothing was run: {found}"))?.to_owned();
    let shown = world.host(&["runs", "show", &id, "--events", "--format", "json"]);
    let lines = String::from_utf8_lossy(&shown.stdout);
    let events = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>();
    let run = Run { found, events: events.context("the journal is no JSON")? };
    sang(world, &run);
    Ok(run)
}

/// Takes in how the canary did: from when its turn came to its answer.
fn sang(world: &mut World, run: &Run) {
    for song in 0..SONGS {
        let place = format!("canary[{song}].sing");
        let (began, ended) = (run.at("step_started", &place), run.at("step_succeeded", &place));
        match (began, ended, run.output(&place)) {
            (Some(began), Some(ended), Some(output)) if output == 42 => {
                world.canary_us.push(ended.saturating_sub(began));
            }
            _ => {
                let step = run.step(&place).unwrap_or(&Value::Null);
                world.problems.push(format!("the canary no longer sings: {step}"));
                return;
            }
        }
    }
}

/// The pipeline of an attack, with the canary beside it.
pub fn pipeline(name: &str, guest: &Guest) -> String {
    let mut text = head(&guest.caps);
    let caps = yaml_caps(&guest.caps);
    let limits = match guest.limits {
        "" => String::new(),
        limits => format!(", limits: {{ {limits} }}"),
    };
    let call = format!("uses: \"evil/{name}@1.0.0#f\", with: {}{caps}{limits}", guest.with);
    let _ = match guest.times {
        1 => writeln!(text, "  - {{ id: attack, on_error: continue, {call} }}"),
        times => {
            let over: Vec<String> = (0..times).map(|n| n.to_string()).collect();
            writeln!(
                text,
                "  - id: attack\n    map:\n      over: [{}]\n      max_concurrent: {times}\n      \
                 on_error: collect\n      steps: [{{ id: one, {call} }}]",
                over.join(", ")
            )
        }
    };
    text.push_str(&canary());
    text
}

fn yaml_caps(caps: &[String]) -> String {
    if caps.is_empty() { String::new() } else { format!(", caps: {}", grants(caps)) }
}

fn grants(caps: &[String]) -> String {
    let parts = world::rights(caps).into_iter().map(|(cap, value)| format!("{cap}: {value}"));
    format!("{{ {} }}", parts.collect::<Vec<_>>().join(", "))
}

/// What every pipeline begins with, up to its steps.
pub fn head(caps: &[String]) -> String {
    let caps = if caps.is_empty() { String::new() } else { format!("caps: {}\n", grants(caps)) };
    format!(
        "apiVersion: coldframe/v1\nkind: Pipeline\nmetadata: {{ name: attack }}\n\
         limits: {{ fuel: 1e12 }}\n{caps}steps:\n"
    )
}

/// The canary: a harmless skill, called over and over while the attack goes on.
pub fn canary() -> String {
    let over: Vec<String> = (0..SONGS).map(|n| n.to_string()).collect();
    format!(
        "  - id: canary\n    map:\n      over: [{}]\n      max_concurrent: 1\n      steps:\n        \
         - {{ id: pause, wait: 5ms }}\n        \
         - {{ id: sing, needs: pause, uses: \"evil/canary@1.0.0#f\", with: {{ n: 41 }} }}\n",
        over.join(", ")
    )
}
