//! `coldframe doctor`: what is there, and which walls stand.

use clap::Args;
use coldframe_client::Registry;
use coldframe_sandbox::walls::{Groups, Standing, Wall};
use coldframe_sandbox::worker::Worker;
use coldframe_sdk::Toolchain;
use coldframe_store::{Level, Store};
use serde_json::json;

use crate::args::Global;
use crate::exit::{Exit, Fail};
use crate::output::{self, Format, GREEN, RED, YELLOW};
use crate::{loading, place, walls};

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {}

/// How a thing stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Health {
    Good,
    /// Works, but something is not there.
    Absent,
    Bad,
}

struct Finding {
    name: &'static str,
    health: Health,
    text: String,
}

pub(crate) fn run(global: &Global, _args: &DoctorArgs) -> Result<(), Fail> {
    let mut findings = vec![data(global), builtin(), sandbox(global)];
    findings.extend(standing(global));
    findings.extend([groups(), toolchain()]);
    match global.format() {
        Format::Json => output::json(
            &findings
                .iter()
                .map(|finding| {
                    json!({
                        "name": finding.name,
                        "health": match finding.health {
                            Health::Good => "good",
                            Health::Absent => "absent",
                            Health::Bad => "bad",
                        },
                        "text": finding.text,
                    })
                })
                .collect(),
        ),
        Format::Text => {
            for finding in &findings {
                let (mark, style) = match finding.health {
                    Health::Good => ("✓", GREEN),
                    Health::Absent => ("-", YELLOW),
                    Health::Bad => ("✗", RED),
                };
                output::result(&format!(
                    "{style}{mark}{style:#} {:<20} {}",
                    finding.name, finding.text
                ));
            }
        }
    }
    if findings.iter().any(|finding| finding.health == Health::Bad) {
        return Err(Fail::said(Exit::Usage));
    }
    Ok(())
}

fn finding<E: ToString>(name: &'static str, found: Result<String, E>, bad: Health) -> Finding {
    match found {
        Ok(text) => Finding { name, health: Health::Good, text },
        Err(error) => Finding { name, health: bad, text: error.to_string() },
    }
}

fn data(global: &Global) -> Finding {
    let opened = place::data_dir(global).map_err(|fail| fail.message).and_then(|dir| {
        let store = Store::open(&dir, Level::Relaxed).map_err(|error| error.to_string())?;
        Ok(format!("runs are kept in {}", store.file().display()))
    });
    finding("data directory", opened, Health::Bad)
}

fn builtin() -> Finding {
    let opened = Registry::builtin().and_then(|registry| {
        let mut skills = 0;
        for namespace in registry.namespaces() {
            skills += registry.releases(namespace)?.len();
        }
        let skills = output::count(skills, "skill");
        Ok(format!("{skills}, every signature good, root {}", registry.fingerprint().short()))
    });
    finding("built-in registry", opened, Health::Bad)
}

fn sandbox(global: &Global) -> Finding {
    let made = loading::sandbox(global).map_err(|fail| fail.message).map(|_sandbox| {
        "wasmtime 48.0.8: fuel, epochs, memory and host-call limits are always on".to_owned()
    });
    finding("sandbox", made, Health::Bad)
}

/// Every wall, each tried by a worker that does what it is there to stop.
fn standing(global: &Global) -> Vec<Finding> {
    let standing = walls::inspect(global, &Worker::this_program());
    standing
        .into_iter()
        .map(|Standing { wall, stands, text }| {
            let name = match wall {
                Wall::Worker => "compile worker",
                Wall::Executor => "executor",
                Wall::Rlimits => "rlimits",
                Wall::CoreDumps => "core dumps",
                Wall::Landlock => "landlock",
                Wall::Seccomp => "seccomp",
            };
            if stands {
                return Finding { name, health: Health::Good, text };
            }
            Finding { name, health: Health::Absent, text: format!("{text}; {}", wall.help()) }
        })
        .collect()
}

/// Control groups, which nobody has to have. A worker that holds too much shows whether they bound.
fn groups() -> Finding {
    let tried = Groups::of_this_process().and_then(|groups| {
        let dir = groups.dir().display().to_string();
        let worker = Worker { groups: Some(groups), ..Worker::this_program() };
        worker.try_group().map(|()| dir)
    });
    let said = tried
        .map(|dir| format!("a group for each process bounds its memory and threads, in {dir}"))
        .map_err(|why| format!("{why}; not needed, and to be had with `{DELEGATE} coldframe …`"));
    finding("cgroup v2", said, Health::Absent)
}

/// How an operator gives a group away.
const DELEGATE: &str = "systemd-run --user --scope -p Delegate=yes";

fn toolchain() -> Finding {
    let found = Toolchain::present().map(|toolchain| toolchain.identity().to_owned());
    let found = found.map_err(|error| format!("{error}; {}", error.help()));
    finding("toolchain for skills", found, Health::Absent)
}
