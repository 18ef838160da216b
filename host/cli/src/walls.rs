//! The walls a user requires, and the worker behind them.

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Duration;

use coldframe_sandbox::walls::{Groups, Standing, Wall, core_dumps};
use coldframe_sandbox::worker::Worker;
use coldframe_sandbox::{Compiler, Isolation, SandboxConfig};

use crate::args::{Global, IsolationArg, WallArg};
use crate::exit::Fail;
use crate::place;

/// The settings of a sandbox: its cache under the data directory, its compiler behind walls. Fails
/// where a wall that is required does not stand.
pub(crate) fn sandbox_config(global: &Global) -> Result<SandboxConfig, Fail> {
    Ok(SandboxConfig {
        cache_dir: Some(place::data_dir(global)?.join("code")),
        compile_time_max: compile_time_max(global),
        isolation: match global.isolation {
            IsolationArg::Auto => Isolation::Auto,
            IsolationArg::Process => Isolation::Process,
            IsolationArg::InProcess => Isolation::InProcess,
        },
        ..SandboxConfig::new(Compiler::Worker(worker(global)?))
    })
}

/// How long one component may take to compile.
pub(crate) fn compile_time_max(global: &Global) -> Duration {
    Duration::from_secs(global.compile_seconds)
}

/// The worker, with every wall that is required standing.
pub(crate) fn worker(global: &Global) -> Result<Worker, Fail> {
    let required = required(global);
    // Nobody needs them: where no group is delegated, the other walls stand alone.
    let groups = Groups::of_this_process().ok();
    let worker = Worker { required: required.clone(), groups, ..Worker::this_program() };
    if !required.is_empty() {
        let standing = inspect(global, &worker);
        let down = standing
            .into_iter()
            .find(|standing| required.contains(&standing.wall) && !standing.stands);
        if let Some(Standing { wall, text, .. }) = down {
            return Err(Fail::usage(format!(
                "the wall `{wall}` is required and does not stand: {text}"
            ))
            .help(format!("{}; or leave it out of --require-walls", wall.help())));
        }
    }
    Ok(worker)
}

/// Which walls stand, found out by trying what they are there to stop.
pub(crate) fn inspect(global: &Global, worker: &Worker) -> Vec<Standing> {
    // A process that makes many sandboxes asks once.
    static FOUND: OnceLock<Vec<Standing>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let mut standing = worker.inspect(compile_time_max(global));
        // Of this process as well: it is the one that holds secrets.
        let own = core_dumps();
        for standing in &mut standing {
            if standing.wall == Wall::CoreDumps && standing.stands && !own.stands {
                *standing = own.clone();
            }
        }
        standing
    });
    found.clone()
}

fn required(global: &Global) -> BTreeSet<Wall> {
    let named = global.require_walls.iter().flatten();
    named
        .flat_map(|wall| match wall {
            WallArg::All => Wall::ALL.to_vec(),
            WallArg::Worker => vec![Wall::Worker],
            WallArg::Executor => vec![Wall::Executor],
            WallArg::Rlimits => vec![Wall::Rlimits],
            WallArg::CoreDumps => vec![Wall::CoreDumps],
            WallArg::Landlock => vec![Wall::Landlock],
            WallArg::Seccomp => vec![Wall::Seccomp],
        })
        .collect()
}
