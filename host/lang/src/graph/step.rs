//! What all steps share, whatever they do.

use std::time::Duration;

use coldframe_format::Caps;

use super::{CircuitBreaker, Fallback, Limits, RateLimit, Retry, StepKind, Uses};
use crate::template::Expr;

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Unique in its block; no step around it has the same.
    pub id: String,
    /// For people; the id where the file has none.
    pub name: String,
    /// Its place in the source: `steps[2]`, `steps[2].map.steps[0]`.
    pub yaml_path: String,
    /// Line of the step in the source, from 1; of one from another file or a macro, the line where
    /// that comes in.
    pub line: usize,
    /// The block it stands in, by index in `Graph::blocks`.
    pub block: usize,
    /// What it does.
    pub kind: StepKind,
    /// Steps of the same block that must have ended before this one starts: references from it or
    /// from what it holds, and `needs`. Ascending.
    pub needs: Vec<usize>,
    /// The step is skipped when this is not true.
    pub when: Option<Expr>,
    /// When it is tried again.
    pub retry: Option<Retry>,
    /// How often its tries may begin.
    pub rate_limit: Option<RateLimit>,
    /// When its tries are not even begun.
    pub circuit_breaker: Option<CircuitBreaker>,
    /// From the first attempt's start to the step's end, all attempts and delays together. What
    /// runs then is cancelled and the step fails with `limit.timeout`.
    pub timeout: Option<Duration>,
    /// What takes its place when it failed.
    pub fallback: Option<Fallback>,
    /// What its failure does to the steps around it.
    pub on_error: OnError,
    /// Whether results of equal calls in the same run are reused. Only for `uses`. `None` leaves
    /// it to what an equal call of an earlier run left; `false` is never served by that either.
    pub cache: Option<bool>,
    /// Bounds of this step and all it holds, within those around it.
    pub limits: Limits,
    /// Narrows the grants for this step and all it holds; `None` leaves them.
    pub caps: Option<Caps>,
}

impl Step {
    /// The operations it may call: its own, and the one of its fallback.
    pub fn calls(&self) -> impl Iterator<Item = &Uses> {
        let own = match &self.kind {
            StepKind::Uses(uses) => Some(uses),
            _ => None,
        };
        let fallback = match &self.fallback {
            Some(Fallback::Uses(uses)) => Some(uses),
            _ => None,
        };
        own.into_iter().chain(fallback)
    }

    /// A step of the pipeline's own block with nothing but what it does. For graphs that are built
    /// without a file.
    pub fn new(id: impl Into<String>, kind: StepKind) -> Self {
        let id = id.into();
        Self {
            name: id.clone(),
            yaml_path: String::new(),
            line: 0,
            block: 0,
            kind,
            needs: Vec::new(),
            when: None,
            retry: None,
            rate_limit: None,
            circuit_breaker: None,
            timeout: None,
            fallback: None,
            on_error: OnError::default(),
            cache: None,
            limits: Limits::default(),
            caps: None,
            id,
        }
    }
}

/// What a failure does to the block that the step stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// The block fails.
    #[default]
    Fail,
    /// The block goes on. The step has no output, as if it had been skipped.
    Continue,
}
