//! Which names an expression uses, and what is wrong with it.

use super::{EXPR_BYTES_MAX, lexer, machine};
use crate::template::Segment;

/// What an expression uses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scan {
    /// Every name in root position, in order.
    pub uses: Vec<Use>,
    /// The whole expression is one dotted path.
    pub plain: bool,
}

/// A name in root position with the path behind it: `words.counts[0].word`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The name.
    pub name: String,
    /// First byte of the name in the expression.
    pub start: usize,
    /// One behind its last byte.
    pub end: usize,
    /// The path, as far as it is written out.
    pub path: Vec<PathPart>,
    /// What the expression does about the value not being there.
    pub guard: Guard,
}

/// One part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPart {
    /// What it selects.
    pub segment: Segment,
    /// First byte in the expression.
    pub start: usize,
    /// One behind its last byte.
    pub end: usize,
}

/// What an expression does about a value not being there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guard {
    /// Nothing: it has to be there.
    None,
    /// `| default(…)` stands behind the path.
    Default,
    /// `is undefined`, `is not defined` or `is none` stands behind the path.
    Tested,
    /// `is defined`, `is not undefined` or `is not none` stands behind the path.
    Defined,
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExprError {
    /// Which kind of problem.
    pub kind: ErrorKind,
    /// First byte in the expression.
    pub start: usize,
    /// One behind the last byte.
    pub end: usize,
    /// Expected and found.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// The kinds of problems in an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Not well-formed.
    Syntax,
    /// Too long or too deep.
    TooLarge,
    /// A statement or comment instead of an expression.
    Statement,
    /// No such filter.
    Filter,
    /// No such test.
    Test,
    /// No such function.
    Function,
}

impl ExprError {
    /// An expression that is not well-formed.
    pub(crate) fn syntax(
        start: usize,
        end: usize,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let (message, help) = (message.into(), Some(help.into()));
        Self { kind: ErrorKind::Syntax, start, end, message, help }
    }
}

/// What an expression uses, or all that is wrong with it.
pub fn scan(expr: &str) -> Result<Scan, Vec<ExprError>> {
    if expr.len() > EXPR_BYTES_MAX {
        return Err(vec![ExprError {
            kind: ErrorKind::TooLarge,
            start: 0,
            end: expr.len(),
            message: format!(
                "the expression has {} bytes, expected at most {EXPR_BYTES_MAX}",
                expr.len()
            ),
            help: Some("compute parts of it in `set` steps".to_owned()),
        }]);
    }
    let tokens = lexer::tokens(expr).map_err(|error| vec![error])?;
    machine::run(expr, &tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uses as `name.path` with `?` for a default and `!` for a test, or the messages.
    #[track_caller]
    fn check(cases: &[(&str, &str)]) {
        for (expr, expected) in cases {
            let found = match scan(expr) {
                Ok(found) => {
                    let mut uses: Vec<String> = found.uses.iter().map(print).collect();
                    if found.plain {
                        uses.push("(plain)".to_owned());
                    }
                    uses.join(" ")
                }
                Err(errors) => errors
                    .iter()
                    .map(|e| format!("{}..{} {}", e.start, e.end, e.message))
                    .collect::<Vec<_>>()
                    .join("; "),
            };
            assert_eq!(found, *expected, "{expr}");
        }
    }

    fn print(used: &Use) -> String {
        let mut out = used.name.clone();
        for part in &used.path {
            match &part.segment {
                Segment::Key(key) => out += &format!(".{key}"),
                Segment::Index(index) => out += &format!("[{index}]"),
            }
        }
        match used.guard {
            Guard::None => out,
            Guard::Default => out + "?",
            Guard::Tested => out + "!",
            Guard::Defined => out + "+",
        }
    }

    #[test]
    fn plain_paths() {
        check(&[
            ("a", "a (plain)"),
            ("a.b[0]['c d'].e", "a.b[0].c d.e (plain)"),
            ("inputs.name", "inputs.name (plain)"),
            ("(a)", "a"),
            ("a.b + 1", "a.b"),
            ("a[b.c].d", "a b.c"),
            ("a[-1]", "a"),
            ("a[1:2]", "a"),
            ("a[:2]", "a"),
            ("a[::2]", "a"),
            ("1", ""),
            ("true", ""),
        ]);
    }

    #[test]
    fn names_are_told_from_everything_else() {
        check(&[
            ("a if b else c", "a b c"),
            ("not a and b or c in d", "a b c d"),
            ("a not in b", "a b"),
            ("a | upper | replace('x', b)", "a b"),
            ("a | sort(attribute='x', reverse=c)", "a c"),
            ("range(a, 3)", "a"),
            ("{'k': a, b: [c, d,]}", "a b c d"),
            ("a is divisibleby 3", "a"),
            ("a is divisibleby(b)", "a b"),
            ("a is eq b and c", "a b c"),
            ("a is not none or b", "a+ b"),
            ("'a' 'b' ~ a", "a"),
            ("a.if.not", "a.if.not (plain)"),
            ("-a ** 2 // b % c", "a b c"),
            ("[]", ""),
            ("{}", ""),
            ("()", ""),
            ("a == 1.5e-3 or b != 2", "a b"),
        ]);
    }

    #[test]
    fn guards_belong_to_the_path_before_them() {
        check(&[
            ("a.b | default(1)", "a.b?"),
            ("a.b | default(c)", "a.b? c"),
            ("a ~ b | default('')", "a b?"),
            ("(a ~ b) | default('')", "a? b?"),
            ("a[b] | default(1)", "a? b?"),
            ("a if a is defined else b", "a a+ b"),
            ("a.b is undefined", "a.b!"),
            ("a is not defined or b is none", "a! b!"),
            ("a | upper | default('')", "a?"),
            ("1 | default(a)", "a"),
        ]);
    }

    #[test]
    fn points_at_what_is_wrong() {
        check(&[
            ("a b", "2..3 found `b` where an operator is expected"),
            ("my-step.x y", "10..11 found `y` where an operator is expected"),
            ("a +", "2..3 the expression ends where a value is expected"),
            ("+ a", "0..1 found `+` where a value is expected"),
            ("(a", "0..1 the bracket does not end"),
            ("a)", "1..2 `)` closes nothing"),
            ("(a]", "2..3 found `]`, expected `)`"),
            ("a = b", "0..1 `=` assigns, and expressions only compute"),
            ("a.b = b", "4..5 `=` assigns, and expressions only compute"),
            ("a, b", "1..2 found `,` outside of brackets"),
            ("{a}", "2..3 a key without a value"),
            ("{'a': 1, b}", "10..11 a key without a value"),
            ("a[]", "2..3 found `]` where a value is expected"),
            ("a.0", "1..2 `.` without a name behind it"),
            ("a && b", "2..3 `&` means nothing in an expression"),
            ("'a", "0..2 a text begins with ' and does not end"),
            ("12ab", "0..4 `12ab` is neither a number nor a name"),
            ("a else b", "2..6 `else` without an `if`"),
            ("a | nope | nada", "4..8 there is no filter `nope`; 11..15 there is no filter `nada`"),
            ("a is nice", "5..9 there is no test `nice`"),
            ("a | map('nope') | join", "8..14 there is no filter `nope`"),
            ("a | map('upper', b) | map(attribute='x') | map(b)", "a b b"),
            ("a | select('nice')", "11..17 there is no test `nice`"),
            ("a | reject(\"nice\", 1)", "11..17 there is no test `nice`"),
            ("a | select('==', 1) | select | reject('odd')", "a"),
            ("a | selectattr('x', 'nice')", "20..26 there is no test `nice`"),
            ("a | rejectattr('x', 'nice', 3)", "20..26 there is no test `nice`"),
            ("a | selectattr('nice') | selectattr('x', '>=', 3)", "a"),
            ("a | select('up' 'per') | select(b ~ 'c')", "a b"),
            ("now()", "0..3 there is no function `now`"),
            ("a.upper()", "2..8 values have no methods"),
            ("a | ", "2..3 `|` without a filter"),
            ("a is", "2..4 `is` without a test"),
            ("a | upper upper", "10..15 found `upper` where an operator is expected"),
            ("é", "0..2 `é` means nothing in an expression"),
        ]);
    }

    #[test]
    fn huge_expressions_are_refused_and_never_recursed_into() {
        check(&[
            (
                &"1+".repeat(100_000),
                "0..200000 the expression has 200000 bytes, expected at most 4096",
            ),
            (&"(".repeat(4000), "64..65 brackets are nested more than 64 deep"),
            (&"[".repeat(4000), "64..65 brackets are nested more than 64 deep"),
            (&"-".repeat(4096), "4095..4096 the expression ends where a value is expected"),
        ]);
        let wide = format!("{}1", "1+".repeat(2000));
        assert!(scan(&wide).is_ok());
    }
}
