//! The two sides of a comparison, so that a failed assertion can show both values.

use super::lexer::{TokenKind, tokens};

/// An assertion that is one comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sides<'a> {
    /// The expression before the operator.
    pub left: &'a str,
    /// `==`, `!=`, `<`, `<=`, `>`, `>=` or `in`.
    pub operator: &'a str,
    /// The expression behind it.
    pub right: &'a str,
}

/// The sides of an expression whose outermost operator is one comparison; `None` where it is
/// something else. Knows brackets, not precedence: with `and`, `or`, `not`, `if` or `is` outside
/// of brackets there is more than one comparison to blame.
pub fn sides(expr: &str) -> Option<Sides<'_>> {
    let mut depth = 0_usize;
    let mut found = None;
    for token in tokens(expr).ok()? {
        match token.kind {
            TokenKind::Mark("(" | "[" | "{") => depth += 1,
            TokenKind::Mark(")" | "]" | "}") => depth = depth.checked_sub(1)?,
            TokenKind::Word("and" | "or" | "not" | "if" | "else" | "is") if depth == 0 => {
                return None;
            }
            TokenKind::Mark("==" | "!=" | "<" | "<=" | ">" | ">=") | TokenKind::Word("in")
                if depth == 0 =>
            {
                if found.is_some() {
                    return None;
                }
                found = Some((token.start, token.end));
            }
            _ => {}
        }
    }
    let (start, end) = found?;
    let (left, right) = (expr.get(..start)?.trim(), expr.get(end..)?.trim());
    let both = !left.is_empty() && !right.is_empty();
    both.then_some(Sides { left, operator: expr.get(start..end)?, right })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expr: &str, expected: Option<(&str, &str, &str)>) {
        let found = sides(expr).map(|sides| (sides.left, sides.operator, sides.right));
        assert_eq!(found, expected, "{expr}");
    }

    #[test]
    fn finds_the_one_comparison() {
        check("result.n == 3", Some(("result.n", "==", "3")));
        check("(a or b) <= c[0 if d else 1]", Some(("(a or b)", "<=", "c[0 if d else 1]")));
        check("'x == y' in text", Some(("'x == y'", "in", "text")));
        check(
            "items | selectattr('n', 'eq', 3) | list | length > 1",
            Some(("items | selectattr('n', 'eq', 3) | list | length", ">", "1")),
        );
    }

    #[test]
    fn nothing_where_there_are_more_or_none() {
        for expr in [
            "a",
            "not a == b",
            "a == b and c == d",
            "a is defined",
            "1 < 2 < 3",
            "a ==",
            "== a",
            "(a == b",
            ")a == b",
            "a 'b",
        ] {
            check(expr, None);
        }
    }
}
