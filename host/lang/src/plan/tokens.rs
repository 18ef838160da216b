//! The most that language models can take: the tokens of a run at the dearest price there is.

use coldframe_format::Cap;

use super::Defaults;
use crate::graph::{Graph, Price};

/// What models can take in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tokens {
    /// Tokens, by the limit of the run.
    pub tokens: u64,
    /// Their price if all of them are of the dearest model that is granted, nano-USD. `None` where
    /// none of those has a price: such a run is refused.
    pub cost_nano: Option<u64>,
}

/// The bound of a pipeline; `None` for one that asks no model.
pub fn of(graph: &Graph, defaults: &Defaults) -> Option<Tokens> {
    let asks = |graph: &Graph| graph.calls().any(|uses| uses.asks.has(Cap::Llm));
    if !graph.with_children().into_iter().any(asks) {
        return None;
    }
    let tokens = graph.limits.tokens.unwrap_or(defaults.run_tokens);
    let grants = &graph.caps.llm;
    let is_priced = graph.models.iter().any(|model| model.is_granted(grants));
    let cost_nano = is_priced.then(|| {
        let each = u128::from(Price::dearest(&graph.models, grants));
        let nano = (u128::from(tokens) * each).div_ceil(1_000_000);
        u64::try_from(nano).unwrap_or(u64::MAX)
    });
    Some(Tokens { tokens, cost_nano })
}
