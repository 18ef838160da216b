//! What a call may do: the skill's ceiling and every layer around the call, asked one after the
//! other, so that a refusal names who refused.

use coldframe_engine::{CallError, Layer, Layers};
use coldframe_format::caps::SecretGrant;
use coldframe_format::{Cap, Caps};
use coldframe_journal::{Asked, ErrorKind};

use crate::audit::Audit;

/// The rights of one call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rights {
    ceiling: Option<Layer>,
    layers: Layers,
    audit: Audit,
}

impl Rights {
    pub(crate) fn new(ceiling: Layer, layers: Layers, audit: Audit) -> Self {
        Self { ceiling: Some(ceiling), layers, audit }
    }

    /// Everyone who has a say, the skill's own ceiling first.
    fn all(&self) -> impl Iterator<Item = &Layer> {
        self.ceiling.iter().chain(self.layers.iter())
    }

    /// What everybody allows, one after the other.
    pub(crate) fn each(&self) -> impl Iterator<Item = &Caps> {
        self.all().map(|layer| &*layer.caps)
    }

    /// Whether everybody allows it.
    pub(crate) fn allows(&self, allows: impl Fn(&Caps) -> bool) -> bool {
        self.ceiling.is_some() && self.each().all(allows)
    }

    /// Where secrets may go: what everybody allows together.
    pub(crate) fn secrets(&self) -> Vec<SecretGrant> {
        let mut layers = self.each();
        let Some(first) = layers.next().filter(|first| !first.secrets.is_empty()) else {
            return Vec::new();
        };
        layers.fold(first.only(Cap::Secrets), |all, layer| all.and(layer)).secrets
    }

    /// What is granted by those around the call. Nothing where there is nobody.
    pub(crate) fn granted(&self) -> impl Iterator<Item = &Caps> {
        self.layers.iter().map(|layer| &*layer.caps)
    }

    /// Whether everybody allows `what`; else an error that says who does not, and which `line` of
    /// `cap` would.
    pub(crate) fn check(
        &self,
        allows: impl Fn(&Caps) -> bool,
        kind: ErrorKind,
        what: &str,
        (cap, line): (Cap, &str),
    ) -> Result<(), CallError> {
        // Where nobody has a say, nobody has allowed it.
        if self.allows(&allows) {
            self.audit.decided(cap, line, None);
            return Ok(());
        }
        let mut refusing: Vec<&str> =
            self.all().filter(|layer| !allows(&layer.caps)).map(|layer| &*layer.who).collect();
        refusing.dedup();
        let refusing = refusing.join(" and ");
        self.audit.decided(cap, line, Some(&refusing));
        let message = format!(
            "{what} is not granted by {refusing}; the line `{cap}: [{line:?}]` would allow it"
        );
        Err(CallError::new(kind, message))
    }

    /// Writes down that something was refused which no grant decides.
    pub(crate) fn refused(&self, cap: Cap, line: &str, by: &str) {
        self.audit.decided(cap, line, Some(by));
    }

    /// Writes down what a tool asked for that this call called.
    pub(crate) fn asked_below(&self, asked: &Asked) {
        self.audit.add(asked.clone());
    }

    /// The capability among `needs` that somebody grants nothing of, and who that is.
    pub(crate) fn missing<'l>(
        ceiling: &'l Layer,
        layers: &'l Layers,
        needs: coldframe_format::CapSet,
    ) -> Option<(&'l str, Cap)> {
        let missing = |layer: &Layer| needs.missing_from(&layer.caps).next();
        let mut all = std::iter::once(ceiling).chain(layers.iter());
        all.find_map(|layer| Some((&*layer.who, missing(layer)?)))
    }
}
