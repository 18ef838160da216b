//! One line of a `tools` capability: `SKILL#OPERATION`, `SKILL#*`, `NAMESPACE/*` or `*`.
//!
//! A skill may say which versions will do, as behind `uses`: `std/text@^1#stats`.

use std::fmt;

use semver::{Version, VersionReq};

use super::line::{self, GrantLine};
use crate::name::{SkillId, SkillRef};

/// `std/text#stats`: which operations of other skills can be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolGrant {
    skills: Skills,
    /// One operation; none is `*`, every one.
    operation: Option<String>,
}

/// Which skills a line is about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Skills {
    All,
    Namespace(String),
    One(SkillId, VersionReq),
}

impl ToolGrant {
    /// Whether the operation of a version of a skill can be called.
    pub fn allows(&self, skill: &SkillId, version: &Version, operation: &str) -> bool {
        let fits = match &self.skills {
            Skills::One(_, req) => *req == VersionReq::STAR || req.matches(version),
            _ => true,
        };
        fits && self.names(skill, operation)
    }

    /// Whether the operation can be called in some version.
    pub fn names(&self, skill: &SkillId, operation: &str) -> bool {
        let named = match &self.skills {
            Skills::All => true,
            Skills::Namespace(namespace) => skill.namespace() == namespace,
            Skills::One(own, _) => own == skill,
        };
        named && self.operation.as_deref().is_none_or(|own| own == operation)
    }

    /// The skill and operation, where the line names one skill. Without an operation it is about all
    /// of them.
    pub fn reference(&self) -> Option<SkillRef> {
        match &self.skills {
            Skills::One(id, req) => {
                let (id, req, operation) = (id.clone(), req.clone(), self.operation.clone());
                Some(SkillRef { id, req, operation })
            }
            Skills::All | Skills::Namespace(_) => None,
        }
    }
}

impl Skills {
    fn both(&self, other: &Self) -> Option<Self> {
        Some(match (self, other) {
            (Self::All, all) | (all, Self::All) => all.clone(),
            (Self::Namespace(a), Self::Namespace(b)) if a == b => self.clone(),
            (Self::Namespace(namespace), one @ Self::One(id, _))
            | (one @ Self::One(id, _), Self::Namespace(namespace))
                if id.namespace() == namespace =>
            {
                one.clone()
            }
            // Of two requirements that differ nobody says which versions satisfy both.
            (Self::One(a, req), Self::One(b, more))
                if a == b && (req == more || *req == VersionReq::STAR) =>
            {
                other.clone()
            }
            (Self::One(a, _), Self::One(b, more)) if a == b && *more == VersionReq::STAR => {
                self.clone()
            }
            _ => return None,
        })
    }
}

impl GrantLine for ToolGrant {
    const WHAT: &'static str = "a grant of a tool";
    const SHAPE: &'static str = "NAMESPACE/NAME#OPERATION or NAMESPACE/NAME#*";
    const EXAMPLE: &'static str = "std/text#stats";

    fn read(text: &str) -> Result<Self, &'static str> {
        const NO_SKILL: &str = "it does not begin with the name of a skill, `namespace/name`";
        if text == "*" {
            return Ok(Self { skills: Skills::All, operation: None });
        }
        if let Some(namespace) = text.strip_suffix("/*") {
            // It is a word where a skill of that namespace has a name.
            let id = SkillId::new(namespace, "a").map_err(|_| NO_SKILL)?;
            let namespace = id.namespace().to_owned();
            return Ok(Self { skills: Skills::Namespace(namespace), operation: None });
        }
        let Some((skill, operation)) = text.split_once('#') else {
            return Err("it names no operation: `#` and its name, or `#*` for all of them");
        };
        let wanted: SkillRef = skill.parse().map_err(|_| NO_SKILL)?;
        let operation = match operation {
            "*" => None,
            _ => {
                let whole = text.parse::<SkillRef>();
                let whole = whole.map_err(|_| "the operation is not a name, and not `*`")?;
                whole.operation
            }
        };
        Ok(Self { skills: Skills::One(wanted.id, wanted.req), operation })
    }

    fn is_within(&self, ceiling: &Self) -> bool {
        self.both(ceiling).as_ref() == Some(self)
    }

    fn both(&self, other: &Self) -> Option<Self> {
        let operation = match (&self.operation, &other.operation) {
            (None, one) | (one, None) => one.clone(),
            (Some(a), Some(b)) if a == b => Some(a.clone()),
            _ => return None,
        };
        Some(Self { skills: self.skills.both(&other.skills)?, operation })
    }
}

impl fmt::Display for ToolGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.skills {
            Skills::All => return f.write_str("*"),
            Skills::Namespace(namespace) => return write!(f, "{namespace}/*"),
            Skills::One(id, req) if *req == VersionReq::STAR => write!(f, "{id}")?,
            // Without spaces, as references are written.
            Skills::One(id, req) => write!(f, "{id}@{}", req.to_string().replace(' ', ""))?,
        }
        write!(f, "#{}", self.operation.as_deref().unwrap_or("*"))
    }
}

line::text!(ToolGrant);

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(text: &str) -> ToolGrant {
        text.parse().unwrap()
    }

    #[test]
    fn prints_what_it_read() {
        for text in [
            "std/text#stats",
            "std/text#*",
            "std/text@^1#text.stats",
            "std/text@>=1.2,<2#*",
            "std/*",
            "*",
        ] {
            assert_eq!(grant(text).to_string(), text);
        }
    }

    #[test]
    fn refuses_everything_else() {
        let no_skill = "it does not begin with the name of a skill, `namespace/name`";
        let no_operation = "it names no operation: `#` and its name, or `#*` for all of them";
        let no_name = "the operation is not a name, and not `*`";
        for (text, why) in [
            ("", no_operation),
            ("std/text", no_operation),
            ("**", no_operation),
            ("std", no_operation),
            ("std/te*", no_operation),
            ("/*", no_skill),
            ("std/text/*", no_skill),
            ("*/*", no_skill),
            ("#stats", no_skill),
            ("std/*#stats", no_skill),
            ("std/text@new#stats", no_skill),
            ("std/text#", no_name),
            ("std/text#st*", no_name),
            ("std/text#Stats", no_name),
            ("std/text#stats#split", no_name),
            (" std/text#stats", no_skill),
        ] {
            let found = text.parse::<ToolGrant>().map_err(|error| error.why);
            assert_eq!(found, Err(why), "{text}");
        }
    }

    #[test]
    fn within_and_both() {
        for (a, b, within, both) in [
            ("std/text#stats", "std/text#stats", true, Some("std/text#stats")),
            ("std/text#stats", "std/text#*", true, Some("std/text#stats")),
            ("std/text#*", "std/text#stats", false, Some("std/text#stats")),
            ("std/text#stats", "std/text#split", false, None),
            ("std/text#stats", "std/hash#*", false, None),
            ("std/text#*", "std/*", true, Some("std/text#*")),
            ("std/text#*", "acme/*", false, None),
            ("std/*", "*", true, Some("std/*")),
            ("*", "std/*", false, Some("std/*")),
            ("std/text@^1#*", "std/text#stats", false, Some("std/text@^1#stats")),
            ("std/text@^1#stats", "std/text#*", true, Some("std/text@^1#stats")),
            ("std/text#stats", "std/text@^1#*", false, Some("std/text@^1#stats")),
            ("std/text@^1#stats", "std/text@^2#stats", false, None),
        ] {
            assert_eq!(grant(a).is_within(&grant(b)), within, "{a} in {b}");
            let found = grant(a).both(&grant(b)).map(|grant| grant.to_string());
            assert_eq!(found.as_deref(), both, "{a}, {b}");
            let back = grant(b).both(&grant(a)).map(|grant| grant.to_string());
            assert_eq!(back.as_deref(), both, "{b}, {a}");
        }
    }

    #[test]
    fn versions_count() {
        let (skill, one) = (SkillId::new("std", "text").unwrap(), Version::new(1, 2, 0));
        for (line, version, operation, expected) in [
            ("std/text#stats", &one, "stats", true),
            ("std/text#stats", &one, "split", false),
            ("std/text@^1#*", &one, "split", true),
            ("std/text@^2#*", &one, "split", false),
            ("std/*", &one, "split", true),
            ("acme/*", &one, "split", false),
            ("*", &one, "split", true),
        ] {
            assert_eq!(grant(line).allows(&skill, version, operation), expected, "{line}");
        }
        assert!(grant("std/text@^2#*").names(&skill, "split"));
    }
}
