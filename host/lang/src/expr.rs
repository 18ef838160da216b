//! Expressions, as far as the compiler looks into them: which names they use and whether they are
//! well-formed. They are evaluated elsewhere, in the sandbox.
//!
//! Nothing here recurses. An expression of 100 KB of `1+1+…` or of 10,000 brackets is one more
//! problem to report, never a stack that overflows.

pub(crate) mod holes;
pub(crate) mod lexer;
mod machine;
pub mod scan;
pub mod sides;

/// The longest expression, in bytes.
pub const EXPR_BYTES_MAX: usize = 4096;
/// The deepest nesting of brackets.
pub const EXPR_DEPTH_MAX: usize = 64;

/// What may stand behind `|`. The evaluator has all of these.
pub const FILTERS: &[&str] = &[
    "abs",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "count",
    "default",
    "dictsort",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "urlencode",
    "zip",
];

/// What may stand behind `is`.
pub const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "even",
    "false",
    "float",
    "ge",
    "gt",
    "in",
    "integer",
    "iterable",
    "le",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sequence",
    "startingwith",
    "string",
    "true",
    "undefined",
    "upper",
];

/// What a test may be called beside that in `select('==', 1)`, where any text can stand.
pub const TEST_NAMES: &[&str] =
    &["!=", "<", "<=", "==", ">", ">=", "equalto", "greaterthan", "int", "lessthan", "sameas"];

/// What may stand before `(`.
pub const FUNCTIONS: &[&str] = &["dict", "range"];

/// Words of the expression language, which name nothing.
pub const KEYWORDS: &[&str] = &[
    "and", "else", "false", "if", "in", "is", "none", "not", "or", "true", "False", "None", "True",
];
