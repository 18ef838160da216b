//! Who has a say in what a call may do: the pipeline, the steps around a call, the operator.

use std::sync::Arc;

use coldframe_format::Caps;

/// One who has a say.
#[derive(Debug, Clone)]
pub struct Layer {
    /// For messages: "the pipeline's `caps`".
    pub who: Arc<str>,
    /// What it allows.
    pub caps: Arc<Caps>,
}

/// All who have a say. A right holds only where every one of them allows it; none allow nothing.
pub type Layers = Arc<[Layer]>;

impl Layer {
    /// What `who` allows.
    pub fn new(who: impl Into<Arc<str>>, caps: impl Into<Arc<Caps>>) -> Self {
        Self { who: who.into(), caps: caps.into() }
    }

    /// What a step says beside what is around it.
    pub(crate) fn of_step(id: &str, caps: &Caps) -> Self {
        Self::new(format!("the `caps` of step `{id}`"), caps.clone())
    }
}

/// The layers and more of them.
pub(crate) fn with(layers: &Layers, more: impl IntoIterator<Item = Layer>) -> Layers {
    layers.iter().cloned().chain(more).collect()
}
