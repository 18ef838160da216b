//! Runs again, offline, from their journals and the recordings of their calls.

use std::sync::Arc;

use coldframe_engine::{Invoke, Replay, Replayed, RunLimits, Tape};
use coldframe_format::Digest;
use coldframe_journal::Record;
use coldframe_lang::graph::{Graph, Model};
use coldframe_sandbox::{Sandbox, SandboxConfig};
use coldframe_store::{RunRow, Store};

use crate::args::Global;
use crate::exit::Fail;
use crate::loading::{self, NANO_PER_MFUEL};
use crate::settings::Settings;
use crate::walls;

/// Replays `records`, the first ones of a run. The calls go through what `watch` makes of the
/// sandbox and the digest of the evaluator.
pub(crate) fn replay(
    global: &Global,
    store: &Store,
    row: &RunRow,
    records: &[Record],
    watch: impl FnOnce(Arc<dyn Invoke>, Digest) -> Arc<dyn Invoke>,
) -> Result<(Arc<Graph>, Replayed), Fail> {
    let (project, graph) = loading::recompile(global, row)?;
    let Settings { limits, .. } = Settings::of(row)?;
    let sandbox = offline(global, Some(&graph.models))?;
    let evaluator = loading::load(&project, &sandbox, &graph)?;
    let graph = Arc::new(graph);
    let found = loading::runtime()?.block_on(coldframe_engine::replay(Replay {
        limits: RunLimits::new(&graph.limits, &limits.bounds, limits.profile),
        graph: Arc::clone(&graph),
        records,
        run_id: row.run.run_id.clone(),
        operator_caps: None,
        evaluator,
        nano_per_mfuel: NANO_PER_MFUEL,
        invoke: watch(sandbox, evaluator),
        recordings: &|digest| recording(store, digest),
    }))?;
    Ok((graph, found))
}

/// A sandbox without network, files and secrets: what there was of them is on the recordings. What
/// models cost is counted where they are given.
pub(crate) fn offline(global: &Global, models: Option<&[Model]>) -> Result<Arc<Sandbox>, Fail> {
    let config = SandboxConfig { models: models.map(Arc::from), ..walls::sandbox_config(global)? };
    Sandbox::new(config).map_err(|error| Fail::usage(error.to_string()))
}

/// What a call heard; `None` where it is not kept, or is not what it was.
pub(crate) fn recording(store: &Store, digest: &str) -> Option<Tape> {
    let digest: Digest = digest.parse().ok()?;
    let bytes = store.blob(digest).ok().flatten()?;
    Tape::from_bytes(&bytes).ok()
}
