//! One line of a `kv` capability: `read STORE` or `write STORE`, with `ttl=` where values die.
//!
//! A store belongs to the project: pipelines of one share it, those of another never see it.

use std::fmt;

use super::access::Access;
use super::line::{self, GrantLine};

/// The longest life of a value that can be asked for, seconds: ten years.
const TTL_MAX_S: u64 = 10 * 366 * 86_400;

/// `write cache ttl=3600s`: which stores are allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KvGrant {
    /// The store, and whether values may be set and removed too.
    pub access: Access,
    /// After how many seconds a value that is set is gone; `None` for never.
    pub ttl_s: Option<u64>,
}

impl GrantLine for KvGrant {
    const WHAT: &'static str = "a grant of a store";
    const SHAPE: &'static str = "read|write STORE[ ttl=SECONDSs]";
    const EXAMPLE: &'static str = "write cache ttl=3600s";

    fn read(text: &str) -> Result<Self, &'static str> {
        let mut words = text.split(' ');
        let access = Access::read(
            &mut words,
            "it names no store",
            "the store is not a name of letters, digits, `-`, `_` and `.`",
        )?;
        let ttl_s = words.next().map(ttl).transpose()?;
        if words.next().is_some() {
            return Err("it has more words than there are to say");
        }
        if ttl_s.is_some() && !access.write {
            return Err("it reads only, and `ttl` is for what is set");
        }
        Ok(Self { access, ttl_s })
    }

    fn is_within(&self, ceiling: &Self) -> bool {
        // A value that lives longer is more.
        let ttl = match (self.ttl_s, ceiling.ttl_s) {
            (_, None) => true,
            (None, Some(_)) => !self.access.write,
            (Some(own), Some(other)) => own <= other,
        };
        ttl && self.access.is_within(&ceiling.access)
    }

    fn both(&self, other: &Self) -> Option<Self> {
        let access = self.access.both(&other.access)?;
        let ttl_s = match (self.ttl_s, other.ttl_s) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Some(Self { ttl_s: ttl_s.filter(|_| access.write), access })
    }
}

fn ttl(word: &str) -> Result<u64, &'static str> {
    let seconds = word
        .strip_prefix("ttl=")
        .ok_or("what follows the store is not `ttl=…`")?
        .strip_suffix('s')
        .ok_or("the `ttl` is not in seconds, as in `3600s`")?;
    let digits = !seconds.starts_with('0') && seconds.bytes().all(|b| b.is_ascii_digit());
    match seconds.parse() {
        Ok(seconds) if digits && seconds <= TTL_MAX_S => Ok(seconds),
        _ => Err("the `ttl` is not a number of seconds from 1 to those of ten years"),
    }
}

impl fmt::Display for KvGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.access.fmt(f)?;
        self.ttl_s.map_or(Ok(()), |seconds| write!(f, " ttl={seconds}s"))
    }
}

line::text!(KvGrant);

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(text: &str) -> KvGrant {
        text.parse().unwrap()
    }

    #[test]
    fn prints_what_it_read() {
        for text in ["read cache", "write a.b-c_1", "write cache ttl=60s", "read *"] {
            assert_eq!(grant(text).to_string(), text);
        }
    }

    #[test]
    fn refuses_everything_else() {
        for (text, why) in [
            ("", "it begins with neither `read` nor `write`"),
            ("cache", "it begins with neither `read` nor `write`"),
            ("read", "it names no store"),
            ("read a/b", "the store is not a name of letters, digits, `-`, `_` and `.`"),
            ("read ..", "the store is not a name of letters, digits, `-`, `_` and `.`"),
            ("read a b", "what follows the store is not `ttl=…`"),
            ("write a ttl=1h", "the `ttl` is not in seconds, as in `3600s`"),
            ("write a ttl=0s", "the `ttl` is not a number of seconds from 1 to those of ten years"),
            (
                "write a ttl=-1s",
                "the `ttl` is not a number of seconds from 1 to those of ten years",
            ),
            (
                "write a ttl=99999999999999999999s",
                "the `ttl` is not a number of seconds from 1 to those of ten years",
            ),
            ("write a ttl=1s x", "it has more words than there are to say"),
            ("read a ttl=1s", "it reads only, and `ttl` is for what is set"),
        ] {
            let found = text.parse::<KvGrant>().map_err(|error| error.why);
            assert_eq!(found, Err(why), "{text}");
        }
    }

    #[test]
    fn within_and_both() {
        for (a, b, within, both) in [
            ("read a", "write a", true, Some("read a")),
            ("write a", "read a", false, Some("read a")),
            ("write a", "write b", false, None),
            ("write a ttl=5s", "write *", true, Some("write a ttl=5s")),
            ("write a", "write a ttl=5s", false, Some("write a ttl=5s")),
            ("write a ttl=9s", "write a ttl=5s", false, Some("write a ttl=5s")),
            ("read a", "write a ttl=5s", true, Some("read a")),
        ] {
            assert_eq!(grant(a).is_within(&grant(b)), within, "{a} in {b}");
            assert_eq!(
                grant(a).both(&grant(b)).map(|g| g.to_string()).as_deref(),
                both,
                "{a}, {b}"
            );
        }
    }
}
