//! The order of the keys that the language knows. Names that people choose keep theirs.

use super::tree::{Collection, Item, Scalar, Written};
use crate::limits;

/// What a map or list stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Pipeline,
    Metadata,
    Limits,
    Caps,
    Steps,
    Step,
    Retry,
    RateLimit,
    CircuitBreaker,
    Rules,
    Rule,
    Tests,
    Test,
    Fallback,
    Map,
    Loop,
    Switch,
    Cases,
    Case,
    Parallel,
    Branches,
    Block,
    Approve,
}

impl Place {
    /// Its keys in order. Others come behind them, as they are.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Pipeline => &[
                "apiVersion",
                "kind",
                "metadata",
                "inputs",
                "limits",
                "caps",
                "adapters",
                "steps",
                "outputs",
                "policies",
                "tests",
            ],
            Self::Metadata => &["name", "version", "description", "labels", "annotations"],
            Self::Limits => limits::NAMES,
            Self::Caps => &["http", "log", "clock", "random"],
            Self::Steps | Self::Cases | Self::Branches | Self::Rules | Self::Tests => &[],
            Self::Step => &[
                "id",
                "name",
                "needs",
                "when",
                "uses",
                "set",
                "map",
                "loop",
                "switch",
                "parallel",
                "pipeline",
                "approve",
                "wait",
                "with",
                "policy",
                "retry",
                "rate_limit",
                "circuit_breaker",
                "timeout",
                "fallback",
                "on_error",
                "limits",
                "caps",
                "cache",
            ],
            Self::Retry => &["max", "backoff", "delay", "max_delay", "on"],
            Self::RateLimit => &["max", "per", "group"],
            Self::CircuitBreaker => &["failures", "open_for", "group"],
            Self::Rule => &["id", "on", "when", "assert", "action", "message"],
            Self::Test => &["name", "input", "stub", "http", "decisions", "assert", "timeout"],
            Self::Fallback => &["value", "uses", "with"],
            Self::Map => &["over", "as", "max", "max_concurrent", "on_error", "steps", "output"],
            Self::Loop => &["state", "while", "max", "steps", "until", "next", "on_max"],
            Self::Switch => &["on", "cases", "default"],
            Self::Case => &["is", "when", "steps", "output"],
            Self::Parallel => &["join", "branches", "output"],
            Self::Block => &["steps", "output"],
            Self::Approve => &["message", "show", "on_reject"],
        }
    }

    /// What stands behind one of its keys.
    fn below(self, key: &str) -> Option<Self> {
        Some(match (self, key) {
            (Self::Pipeline, "metadata") => Self::Metadata,
            (Self::Pipeline | Self::Step, "limits") => Self::Limits,
            (Self::Pipeline | Self::Step, "caps") => Self::Caps,
            (Self::Pipeline | Self::Map | Self::Loop | Self::Case | Self::Block, "steps") => {
                Self::Steps
            }
            (Self::Step, "retry") => Self::Retry,
            (Self::Step, "rate_limit") => Self::RateLimit,
            (Self::Step, "circuit_breaker") => Self::CircuitBreaker,
            (Self::Pipeline, "policies") => Self::Rules,
            (Self::Pipeline, "tests") => Self::Tests,
            (Self::Step, "fallback") => Self::Fallback,
            (Self::Step, "map") => Self::Map,
            (Self::Step, "loop") => Self::Loop,
            (Self::Step, "switch") => Self::Switch,
            (Self::Step, "parallel") => Self::Parallel,
            (Self::Step, "approve") => Self::Approve,
            (Self::Switch, "cases") => Self::Cases,
            (Self::Switch, "default") => Self::Block,
            (Self::Parallel, "branches") => Self::Branches,
            (Self::Branches, _) => Self::Block,
            _ => return None,
        })
    }

    /// What the items of a list of this sort are.
    fn item(self) -> Option<Self> {
        match self {
            Self::Steps => Some(Self::Step),
            Self::Cases => Some(Self::Case),
            Self::Rules => Some(Self::Rule),
            Self::Tests => Some(Self::Test),
            _ => None,
        }
    }
}

/// Puts the keys of a pipeline in order. Other documents stay as they are.
pub(super) fn sort(root: &mut Written) {
    let Written::Collection(top) = root else { return };
    let kind = top.items.iter().find(|item| key(item) == Some("kind")).map(|item| &item.value);
    if let Some(Written::Scalar(Scalar::Raw { text: Some(kind), .. })) = kind
        && kind == "Pipeline"
    {
        collection(top, Place::Pipeline);
    }
}

fn key(item: &Item) -> Option<&str> {
    item.key.as_ref().map(|(_, name)| name.as_str())
}

fn collection(found: &mut Collection, place: Place) {
    if found.is_map && !place.keys().is_empty() {
        let at = |item: &Item| {
            let own = key(item).unwrap_or_default();
            place.keys().iter().position(|known| *known == own).unwrap_or(usize::MAX)
        };
        found.items.sort_by_key(at);
    }
    for item in &mut found.items {
        let below = match &item.key {
            Some((_, name)) => place.below(name),
            None => place.item(),
        };
        if let (Some(below), Written::Collection(inner)) = (below, &mut item.value) {
            collection(inner, below);
        }
    }
}
