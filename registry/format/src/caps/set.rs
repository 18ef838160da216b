//! Several capabilities, without their parameters.

use std::fmt;

use super::{Cap, Caps};

/// A set of capabilities: what a component's imports need.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct CapSet(u32);

impl CapSet {
    /// The set of one.
    pub const fn of(cap: Cap) -> Self {
        Self(1 << cap as u32)
    }

    /// Whether it is in the set.
    pub const fn has(self, cap: Cap) -> bool {
        self.0 & Self::of(cap).0 != 0
    }

    /// The set with one more.
    #[must_use]
    pub const fn with(self, cap: Cap) -> Self {
        self.and(Self::of(cap))
    }

    /// What is in one of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it has none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those in the set, in the order of [`Cap::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Cap> {
        Cap::ALL.iter().copied().filter(move |cap| self.has(*cap))
    }

    /// Those in the set of which `caps` has nothing.
    pub fn missing_from(self, caps: &Caps) -> impl Iterator<Item = Cap> {
        self.iter().filter(|cap| !caps.has(*cap))
    }
}

impl fmt::Debug for CapSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl FromIterator<Cap> for CapSet {
    fn from_iter<I: IntoIterator<Item = Cap>>(caps: I) -> Self {
        caps.into_iter().fold(Self::default(), Self::with)
    }
}
