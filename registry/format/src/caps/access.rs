//! `read NAME` or `write NAME`: what lines about stores and databases have in common.

use std::fmt;

/// Whether something with a name may be read only, or changed too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Whether it may be changed too.
    pub write: bool,
    /// Its name; `None` for `*`, every one there is.
    pub name: Option<String>,
}

impl Access {
    /// Whether this may be read or, with `write`, changed.
    pub fn allows(&self, write: bool, name: &str) -> bool {
        (self.write || !write) && self.names(name)
    }

    /// Whether it is about this one.
    pub fn names(&self, name: &str) -> bool {
        self.name.as_deref().is_none_or(|own| own == name)
    }

    /// Reads the first two words of a line; else why they are none, with what to say where the name
    /// is missing or is none.
    pub(super) fn read<'t>(
        words: &mut impl Iterator<Item = &'t str>,
        missing: &'static str,
        bad: &'static str,
    ) -> Result<Self, &'static str> {
        let write = match words.next() {
            Some("read") => false,
            Some("write") => true,
            _ => return Err("it begins with neither `read` nor `write`"),
        };
        let name = match words.next() {
            None => return Err(missing),
            Some("*") => None,
            Some(name) if is_name(name) => Some(name.to_owned()),
            Some(_) => return Err(bad),
        };
        Ok(Self { write, name })
    }

    pub(super) fn is_within(&self, ceiling: &Self) -> bool {
        let name = ceiling.name.is_none() || ceiling.name == self.name;
        name && (ceiling.write || !self.write)
    }

    pub(super) fn both(&self, other: &Self) -> Option<Self> {
        let name = match (&self.name, &other.name) {
            (None, name) | (name, None) => name.clone(),
            (Some(a), Some(b)) if a == b => Some(a.clone()),
            _ => return None,
        };
        Some(Self { write: self.write && other.write, name })
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if self.write { "write" } else { "read" };
        write!(f, "{mode} {}", self.name.as_deref().unwrap_or("*"))
    }
}

/// Whether a text is the name of a store or a database: letters, digits, `-`, `_` and `.`, at most
/// 64 of them.
pub fn is_name(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=64).contains(&text.len()) && text.bytes().all(good) && !text.starts_with('.')
}
