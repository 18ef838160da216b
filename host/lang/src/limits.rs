//! The limits: what can be bounded, how it is written, and what applies where nothing is.
//!
//! `table` has a row for each; everything else here is made from it.

mod amount;
mod page;
mod row;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use crate::fields::Shape;
use crate::suggest;

pub use amount::{LimitError, cost_nano, duration, wall};
pub use page::page;
pub use row::{Column, Ends, Row, Scope, Unit};
pub(crate) use table::FIELDS;
pub use table::{CallLimits, Limit, Limits, NAMES, ShapeLimits, WholeLimits};

/// Which defaults apply where nothing is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// For code of strangers, and of models.
    #[default]
    Strict,
    /// For code that the operator has reason to trust.
    Trusted,
}

impl Profile {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Strict, Self::Trusted];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Trusted => "trusted",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|profile| profile.as_str() == text);
        found.ok_or_else(|| {
            format!("`{}` is neither `strict` nor `trusted`", crate::shown::shown(text))
        })
    }
}

impl Limit {
    /// The limit of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|limit| limit.row().name == name)
    }
}

impl Limits {
    /// Sets one limit by its name, from text.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), LimitError> {
        let Some(limit) = Limit::named(name) else {
            let help = suggest::help(name, "the limits are", NAMES.iter().copied());
            return Err(LimitError::Unknown { name: crate::shown::shown(name), help });
        };
        self.put(limit, Some(amount::read(limit, text)?));
        Ok(())
    }

    /// Whether the limit of a name is more than the other's; not where one of them has none.
    pub(crate) fn exceeds(&self, other: &Self, name: &str) -> bool {
        let limit = Limit::named(name);
        let pair = limit.and_then(|limit| Some((self.get(limit)?, other.get(limit)?)));
        pair.is_some_and(|(own, other)| own > other)
    }

    /// What is written, in order: each limit with its value in its unit.
    pub fn written(&self) -> impl Iterator<Item = (Limit, u64)> {
        Limit::ALL.iter().filter_map(|limit| Some((*limit, self.get(*limit)?)))
    }
}

/// The lesser of both, where there are both.
pub(crate) fn tighter<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

impl Unit {
    /// What a value may be, for the schema.
    const fn shape(self, zero: bool) -> Shape {
        match self {
            Self::Fuel => Shape::Fuel,
            Self::Time => Shape::Duration,
            Self::Money => Shape::Usd,
            Self::Bytes => Shape::Bytes,
            Self::Count | Self::PerSecond => Shape::Integer { min: if zero { 0 } else { 1 } },
        }
    }
}
