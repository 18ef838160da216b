//! Where in a value an error is, and what the error is.

use std::fmt;

use serde_json::Value;

/// A place in a value: `input.rows[3].name`. Built on the way down, printed only for an error.
#[derive(Clone, Copy)]
pub(crate) enum At<'a> {
    /// The whole value.
    Root(&'a str),
    /// A named part.
    Name(&'a At<'a>, &'a str),
    /// An item of a list or tuple.
    Index(&'a At<'a>, usize),
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(name) => f.write_str(name),
            Self::Name(parent, name) => write!(f, "{parent}.{}", name.replace('-', "_")),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// Why a value does not fit a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ValueError {
    /// One line, with the place in front.
    pub(crate) message: String,
    /// Whether a bound was passed, as opposed to the value being of the wrong shape.
    pub(crate) too_big: bool,
}

impl ValueError {
    /// The value is of the wrong shape.
    pub(crate) fn shape(at: At<'_>, problem: impl fmt::Display) -> Self {
        Self { message: format!("{at}: {problem}"), too_big: false }
    }

    /// The value is larger than allowed.
    pub(crate) fn too_big(at: At<'_>, problem: impl fmt::Display) -> Self {
        Self { message: format!("{at}: {problem}"), too_big: true }
    }

    /// `expected string, found number 3`.
    pub(crate) fn expected(at: At<'_>, expected: impl fmt::Display, found: &Value) -> Self {
        Self::shape(at, format_args!("expected {expected}, found {}", Found(found)))
    }
}

/// What a JSON value is, in a few words.
pub(crate) struct Found<'a>(pub(crate) &'a Value);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Number(value) => write!(f, "number {value}"),
            Value::String(text) => {
                let shown = crate::sanitize::line(text, 40);
                write!(f, "string `{shown}`")
            }
            Value::Array(_) => f.write_str("array"),
            Value::Object(_) => f.write_str("object"),
        }
    }
}

/// Whether `json` is the JSON spelling of the WIT name `wit`.
pub(crate) fn same_name(wit: &str, json: &str) -> bool {
    wit.len() == json.len()
        && wit.bytes().zip(json.bytes()).all(|(w, j)| if w == b'-' { j == b'_' } else { w == j })
}

/// `` `a`, `b` or `c` `` in JSON spelling, at most ten of them.
pub(crate) fn choices<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for (index, name) in names.enumerate() {
        if index == 10 {
            text.push_str(", …");
            break;
        }
        if index > 0 {
            text.push_str(", ");
        }
        text.push('`');
        text.push_str(&name.replace('-', "_"));
        text.push('`');
    }
    text
}
