//! One line of a `sql` capability: `read DATABASE` or `write DATABASE`.
//!
//! A database is named by what the operator calls it, never by where it is.

use std::fmt;

use super::access::Access;
use super::line::{self, GrantLine};

/// `read shop`: which databases can be asked, and whether they can be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlGrant {
    /// The database, and whether its rows can be changed too.
    pub access: Access,
}

impl GrantLine for SqlGrant {
    const WHAT: &'static str = "a grant of a database";
    const SHAPE: &'static str = "read|write DATABASE";
    const EXAMPLE: &'static str = "read shop";

    fn read(text: &str) -> Result<Self, &'static str> {
        let mut words = text.split(' ');
        let access = Access::read(
            &mut words,
            "it names no database",
            "the database is not a name of letters, digits, `-`, `_` and `.`",
        )?;
        if words.next().is_some() {
            return Err("it has more words than there are to say");
        }
        Ok(Self { access })
    }

    fn is_within(&self, ceiling: &Self) -> bool {
        self.access.is_within(&ceiling.access)
    }

    fn both(&self, other: &Self) -> Option<Self> {
        self.access.both(&other.access).map(|access| Self { access })
    }
}

impl fmt::Display for SqlGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.access.fmt(f)
    }
}

line::text!(SqlGrant);

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(text: &str) -> SqlGrant {
        text.parse().unwrap()
    }

    #[test]
    fn prints_what_it_read() {
        for text in ["read shop", "write a.b-c_1", "read *", "write *"] {
            assert_eq!(grant(text).to_string(), text);
        }
    }

    #[test]
    fn refuses_everything_else() {
        let not_a_name = "the database is not a name of letters, digits, `-`, `_` and `.`";
        for (text, why) in [
            ("", "it begins with neither `read` nor `write`"),
            ("shop", "it begins with neither `read` nor `write`"),
            ("READ shop", "it begins with neither `read` nor `write`"),
            ("read", "it names no database"),
            ("read ", not_a_name),
            ("read a/b", not_a_name),
            ("read ..", not_a_name),
            ("read postgres://a@b", not_a_name),
            ("read a b", "it has more words than there are to say"),
        ] {
            let found = text.parse::<SqlGrant>().map_err(|error| error.why);
            assert_eq!(found, Err(why), "{text}");
        }
    }

    #[test]
    fn within_and_both() {
        for (a, b, within, both) in [
            ("read a", "read a", true, Some("read a")),
            ("read a", "write a", true, Some("read a")),
            ("write a", "read a", false, Some("read a")),
            ("write a", "write b", false, None),
            ("write a", "write *", true, Some("write a")),
            ("write a", "read *", false, Some("read a")),
            ("read *", "read a", false, Some("read a")),
        ] {
            assert_eq!(grant(a).is_within(&grant(b)), within, "{a} in {b}");
            let found = grant(a).both(&grant(b)).map(|grant| grant.to_string());
            assert_eq!(found.as_deref(), both, "{a}, {b}");
        }
    }

    #[test]
    fn reading_is_not_writing() {
        for (line, write, name, expected) in [
            ("read a", false, "a", true),
            ("read a", true, "a", false),
            ("write a", false, "a", true),
            ("write a", true, "b", false),
            ("read *", false, "b", true),
        ] {
            assert_eq!(grant(line).access.allows(write, name), expected, "{line}: {write} {name}");
        }
    }
}
