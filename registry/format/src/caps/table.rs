//! The list of capabilities, and what follows from it for all of them.

use serde::{Deserialize, Serialize};

use super::config::ConfigGrant;
use super::fs::FsGrant;
use super::http::HttpGrant;
use super::kv::KvGrant;
use super::line::{GrantError, GrantLine};
use super::llm::LlmGrant;
use super::secrets::SecretGrant;
use super::set::CapSet;
use super::sql::SqlGrant;
use super::tools::ToolGrant;

/// Makes [`Caps`] and [`Cap`] of one list: capabilities whose grants are lines, and those that are
/// granted or not.
macro_rules! capabilities {
    (
        lines { $($(#[doc = $line_doc:literal])+ $Line:ident $line:ident: $Grant:ty,)* }
        flags { $($(#[doc = $flag_doc:literal])+ $Flag:ident $flag:ident,)* }
    ) => {
        /// A set of rights. Empty means none: everything is denied by default.
        #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Caps {
            $($(#[doc = $line_doc])+
            #[serde(skip_serializing_if = "Vec::is_empty")]
            pub $line: Vec<$Grant>,)*
            $($(#[doc = $flag_doc])+
            #[serde(skip_serializing_if = "is_false")]
            pub $flag: bool,)*
        }

        /// The name of a capability.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Cap {
            $($(#[doc = $line_doc])+ $Line,)*
            $($(#[doc = $flag_doc])+ $Flag,)*
        }

        impl Cap {
            /// Every one, in the order in which they are shown.
            pub const ALL: &[Self] = &[$(Self::$Line,)* $(Self::$Flag,)*];

            /// As it is written.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$Line => stringify!($line),)*
                    $(Self::$Flag => stringify!($flag),)*
                }
            }

            /// How one line of it is written, with an example; `None` where it is granted or not.
            pub const fn line(self) -> Option<(&'static str, &'static str)> {
                match self {
                    $(Self::$Line => Some((<$Grant>::SHAPE, <$Grant>::EXAMPLE)),)*
                    $(Self::$Flag => None,)*
                }
            }
        }

        impl Caps {
            /// The same with everything that is granted or not granted.
            #[must_use]
            pub fn with_flags(&self) -> Self {
                Self { $($line: self.$line.clone(),)* $($flag: true,)* }
            }

            /// Only the capabilities in `set`.
            #[must_use]
            pub fn keep(&self, set: CapSet) -> Self {
                Self {
                    $($line: if set.has(Cap::$Line) { self.$line.clone() } else { Vec::new() },)*
                    $($flag: self.$flag && set.has(Cap::$Flag),)*
                }
            }

            /// Whether anything of it is granted.
            pub fn has(&self, cap: Cap) -> bool {
                match cap {
                    $(Cap::$Line => !self.$line.is_empty(),)*
                    $(Cap::$Flag => self.$flag,)*
                }
            }

            /// Grants what is granted or not.
            pub fn set(&mut self, cap: Cap, granted: bool) {
                match cap {
                    $(Cap::$Line => self.$line.clear(),)*
                    $(Cap::$Flag => self.$flag = granted,)*
                }
            }

            /// Grants one more line.
            pub fn push(&mut self, cap: Cap, text: &str) -> Result<(), GrantError> {
                match cap {
                    $(Cap::$Line => self.$line.push(text.parse()?),)*
                    $(Cap::$Flag => return Err(GrantError {
                        text: text.to_owned(),
                        what: "a line",
                        why: "it is granted or not",
                        shape: "true",
                        example: "true",
                    }),)*
                }
                Ok(())
            }

            /// The lines that are granted, or `true`.
            pub fn lines(&self, cap: Cap) -> Vec<String> {
                match cap {
                    $(Cap::$Line => self.$line.iter().map(ToString::to_string).collect(),)*
                    $(Cap::$Flag => self.$flag.then(|| "true".to_owned()).into_iter().collect(),)*
                }
            }

            /// What both allow together.
            #[must_use]
            pub fn and(&self, other: &Self) -> Self {
                Self {
                    $($line: both(&self.$line, &other.$line),)*
                    $($flag: self.$flag && other.$flag,)*
                }
            }

            /// What `covering` does not cover. A line must be covered by a single line of it.
            #[must_use]
            pub fn without(&self, covering: &Self) -> Self {
                Self {
                    $($line: self
                        .$line
                        .iter()
                        .filter(|own| !covering.$line.iter().any(|other| own.is_within(other)))
                        .cloned()
                        .collect(),)*
                    $($flag: self.$flag && !covering.$flag,)*
                }
            }
        }
    };
}

capabilities! {
    lines {
        /// Outgoing HTTP requests, each line an allowed shape.
        Http http: HttpGrant,
        /// Files of the project, each line a folder.
        Fs fs: FsGrant,
        /// Stores of keys and values that outlive the run, each line a store.
        Kv kv: KvGrant,
        /// What the operator configured, each line a key.
        Config config: ConfigGrant,
        /// Secrets that requests carry, each line a secret and where it may go.
        Secrets secrets: SecretGrant,
        /// Language models, each line a model.
        Llm llm: LlmGrant,
        /// Databases of the operator, each line a database and whether it can be changed.
        Sql sql: SqlGrant,
        /// Operations of other skills, each line one or all of a skill.
        Tools tools: ToolGrant,
    }
    flags {
        /// Lines for the people who run the pipeline.
        Log log,
        /// The time of day, and how much of it passes.
        Clock clock,
        /// Random numbers.
        Random random,
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// What every pair of lines allows together.
fn both<L: GrantLine>(a: &[L], b: &[L]) -> Vec<L> {
    let mut found: Vec<L> = Vec::new();
    for one in a {
        for other in b {
            if let Some(both) = one.both(other)
                && !found.contains(&both)
            {
                found.push(both);
            }
        }
    }
    found
}
