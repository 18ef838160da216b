//! What all capabilities have in common whose grants are lines of text.

use std::fmt;
use std::str::FromStr;

/// The longest line, bytes.
const LINE_BYTES_MAX: usize = 2048;

/// One line of a grant, in one spelling.
pub trait GrantLine: Sized + Clone + PartialEq + fmt::Display + FromStr<Err = GrantError> {
    /// What such a line is, in messages.
    const WHAT: &'static str;
    /// How it is written.
    const SHAPE: &'static str;
    /// One that could stand in a file.
    const EXAMPLE: &'static str;

    /// Reads a line of printable ASCII; else why it is none.
    fn read(text: &str) -> Result<Self, &'static str>;

    /// Whether everything this line allows is allowed by `ceiling` too.
    fn is_within(&self, ceiling: &Self) -> bool;

    /// What this line and another one allow together, if that is something.
    fn both(&self, other: &Self) -> Option<Self> {
        if self.is_within(other) {
            Some(self.clone())
        } else {
            other.is_within(self).then(|| other.clone())
        }
    }
}

/// Why a text is not a line of a grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}: {why}, expected `{shape}` as in `{example}`")]
pub struct GrantError {
    /// The text.
    pub text: String,
    /// What it should be.
    pub what: &'static str,
    /// What is wrong with it.
    pub why: &'static str,
    /// How it is written.
    pub shape: &'static str,
    /// One that is right.
    pub example: &'static str,
}

/// A line from its text.
pub(super) fn parse<L: GrantLine>(text: &str) -> Result<L, GrantError> {
    let read = if text.len() > LINE_BYTES_MAX {
        Err("it is too long")
    } else if !text.is_ascii() {
        Err("it has characters outside of ASCII")
    } else {
        L::read(text)
    };
    read.map_err(|why| GrantError {
        text: text.to_owned(),
        what: L::WHAT,
        why,
        shape: L::SHAPE,
        example: L::EXAMPLE,
    })
}

/// A line is a text wherever it is written.
macro_rules! text {
    ($line:ty) => {
        impl std::str::FromStr for $line {
            type Err = $crate::caps::GrantError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::caps::line::parse(text)
            }
        }

        impl serde::Serialize for $line {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $line {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(super) use text;
