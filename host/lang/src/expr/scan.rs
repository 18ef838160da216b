//! Tokens to the names an expression uses, checking on the way that it is well-formed.
//!
//! A machine with two states, "a value comes next" and "an operator comes next", and a stack of
//! open brackets. That is enough to tell names from attributes, filters, tests, keyword arguments
//! and functions, and to say where an expression goes wrong. What values mean is not its business.

use super::lexer::{self, Token, TokenKind};
use super::{EXPR_BYTES_MAX, EXPR_DEPTH_MAX, FILTERS, FUNCTIONS, KEYWORDS, TESTS};
use crate::shown::shown;
use crate::suggest;
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
    let mut scanner = Scanner {
        tokens: &tokens,
        at: 0,
        open: Vec::new(),
        end: expr.len(),
        found: Scan::default(),
        errors: Vec::new(),
        recent: Recent::Nothing,
    };
    if let Err(error) = scanner.run() {
        scanner.errors.push(error);
    }
    if scanner.errors.is_empty() { Ok(scanner.found) } else { Err(scanner.errors) }
}

/// What comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    Operator,
}

/// An open bracket, with what it opened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Group,
    List,
    Map,
    Call,
    Subscript,
}

struct Bracket {
    kind: Kind,
    at: usize,
    /// `a if b` that may still get its `else`.
    ifs: usize,
    /// In a map: whether the `:` of the present entry has been seen.
    colon: bool,
    /// How many uses there were when the bracket was opened.
    uses: usize,
    /// A closing bracket may come straight away: behind the opening one and behind a comma.
    closable: bool,
}

/// The uses that a `| default` or `is defined` right here would guard.
#[derive(Clone, Copy)]
enum Recent {
    Nothing,
    From(usize),
}

struct Scanner<'t, 's> {
    tokens: &'t [Token<'s>],
    at: usize,
    open: Vec<Bracket>,
    end: usize,
    found: Scan,
    errors: Vec<ExprError>,
    recent: Recent,
}

impl<'s> Scanner<'_, 's> {
    fn run(&mut self) -> Result<(), ExprError> {
        let mut next = Next::Value;
        let mut top_ifs = 0_usize;
        while let Some(token) = self.peek(0) {
            next = match next {
                Next::Value => self.value(token)?,
                Next::Operator => self.operator(token, &mut top_ifs)?,
            };
        }
        if let Some(bracket) = self.open.last() {
            return Err(ExprError::syntax(
                bracket.at,
                bracket.at + 1,
                "the bracket does not end",
                "close it",
            ));
        }
        if next == Next::Value {
            return Err(ExprError::syntax(
                self.end.saturating_sub(1),
                self.end,
                "the expression ends where a value is expected",
                "name a value, such as `inputs.name`",
            ));
        }
        let whole = self.found.uses.first().is_some_and(|used| used.start == 0);
        let tokens = self.found.uses.first().map_or(0, |used| path_tokens(&used.path));
        self.found.plain = whole && self.found.uses.len() == 1 && tokens + 1 == self.tokens.len();
        Ok(())
    }

    fn peek(&self, ahead: usize) -> Option<Token<'s>> {
        self.tokens.get(self.at + ahead).copied()
    }

    fn mark(&self, ahead: usize) -> Option<&'s str> {
        match self.peek(ahead)?.kind {
            TokenKind::Mark(mark) => Some(mark),
            _ => None,
        }
    }

    fn word(&self, ahead: usize) -> Option<&'s str> {
        match self.peek(ahead)?.kind {
            TokenKind::Word(word) => Some(word),
            _ => None,
        }
    }

    // A value comes next.

    fn value(&mut self, token: Token<'s>) -> Result<Next, ExprError> {
        if !matches!(token.kind, TokenKind::Mark(")" | "]" | "}"))
            && let Some(bracket) = self.open.last_mut()
        {
            bracket.closable = false;
        }
        self.recent = Recent::Nothing;
        match token.kind {
            TokenKind::Integer(_) | TokenKind::Float | TokenKind::Text(_) => {
                self.at += 1;
                Ok(Next::Operator)
            }
            TokenKind::Word(word) => self.value_word(word, token),
            TokenKind::Mark("(") => self.enter(Kind::Group, token),
            TokenKind::Mark("[") => self.enter(Kind::List, token),
            TokenKind::Mark("{") => self.enter(Kind::Map, token),
            TokenKind::Mark("-") => {
                self.at += 1;
                Ok(Next::Value)
            }
            TokenKind::Mark(":") if self.in_subscript() => {
                self.at += 1;
                self.closable();
                Ok(Next::Value)
            }
            TokenKind::Mark(mark @ (")" | "]" | "}"))
                if self.open.last().is_some_and(|b| b.closable) =>
            {
                self.leave(mark, token)
            }
            TokenKind::Mark(mark) => Err(ExprError::syntax(
                token.start,
                token.end,
                format!("found `{mark}` where a value is expected"),
                "values are `inputs.name`, the output of a step, a number, a quoted text, `[…]` or `{…}`",
            )),
        }
    }

    fn value_word(&mut self, word: &'s str, token: Token<'s>) -> Result<Next, ExprError> {
        match word {
            "not" => {
                self.at += 1;
                return Ok(Next::Value);
            }
            "true" | "false" | "none" | "True" | "False" | "None" => {
                self.at += 1;
                return Ok(Next::Operator);
            }
            _ if KEYWORDS.contains(&word) => {
                return Err(ExprError::syntax(
                    token.start,
                    token.end,
                    format!("found `{word}` where a value is expected"),
                    "there is a value missing before it",
                ));
            }
            _ => {}
        }
        if self.mark(1) == Some("=") {
            return self.keyword_argument(token);
        }
        if self.mark(1) == Some("(") {
            self.function(word, token);
            self.at += 1;
            return match self.peek(0) {
                Some(bracket) => self.enter(Kind::Call, bracket),
                None => Ok(Next::Operator),
            };
        }
        self.name(word, token);
        Ok(Next::Operator)
    }

    fn keyword_argument(&mut self, token: Token<'s>) -> Result<Next, ExprError> {
        if self.open.last().is_some_and(|bracket| bracket.kind == Kind::Call) {
            self.at += 2;
            return Ok(Next::Value);
        }
        Err(ExprError::syntax(
            token.start,
            token.end,
            "`=` assigns, and expressions only compute",
            "compare with `==`",
        ))
    }

    fn function(&mut self, word: &str, token: Token<'_>) {
        if !FUNCTIONS.contains(&word) {
            let message = format!("there is no function `{}`", shown(word));
            let filter =
                FILTERS.contains(&word).then(|| format!("`{word}` is a filter: `value | {word}`"));
            let help = filter
                .or_else(|| suggest::help(word, "the functions are", FUNCTIONS.iter().copied()));
            self.errors.push(ExprError {
                kind: ErrorKind::Function,
                start: token.start,
                end: token.end,
                message,
                help,
            });
        }
    }

    /// A name and the path behind it, as far as it is written out.
    fn name(&mut self, word: &str, token: Token<'_>) {
        self.at += 1;
        let mut path = Vec::new();
        while let Some((segment, start, end, tokens)) = self.segment() {
            path.push(PathPart { segment, start, end });
            self.at += tokens;
        }
        self.recent = Recent::From(self.found.uses.len());
        self.found.uses.push(Use {
            name: word.to_owned(),
            start: token.start,
            end: token.end,
            path,
            guard: Guard::None,
        });
    }

    /// `.name`, `[3]` or `['name']`, with its place and the number of its tokens.
    fn segment(&self) -> Option<(Segment, usize, usize, usize)> {
        if self.mark(0) == Some(".") {
            let token = self.peek(1)?;
            let word = self.word(1)?;
            return Some((Segment::Key(word.to_owned()), token.start, token.end, 2));
        }
        if self.mark(0) == Some("[") && self.mark(2) == Some("]") {
            let token = self.peek(1)?;
            let segment = match token.kind {
                TokenKind::Integer(digits) => Segment::Index(digits.parse().ok()?),
                TokenKind::Text(text) if !text.contains('\\') => Segment::Key(text.to_owned()),
                _ => return None,
            };
            return Some((segment, token.start, token.end, 3));
        }
        None
    }

    // An operator comes next.

    fn operator(&mut self, token: Token<'s>, top_ifs: &mut usize) -> Result<Next, ExprError> {
        match token.kind {
            TokenKind::Word(word) => self.operator_word(word, token, top_ifs),
            TokenKind::Mark("|") => self.filter(token),
            TokenKind::Mark(".") => self.attribute(token),
            TokenKind::Mark("[") => self.enter(Kind::Subscript, token),
            TokenKind::Mark("(") => Err(self.method(token)),
            TokenKind::Mark(mark @ (")" | "]" | "}")) => self.leave(mark, token),
            TokenKind::Mark(",") => self.comma(token),
            TokenKind::Mark(":") => self.colon(token),
            TokenKind::Mark("=") => Err(ExprError::syntax(
                token.start,
                token.end,
                "`=` assigns, and expressions only compute",
                "compare with `==`",
            )),
            TokenKind::Mark("{" | "!") => Err(unexpected(token)),
            TokenKind::Mark(_) => {
                self.at += 1;
                Ok(Next::Value)
            }
            // Two texts side by side are one.
            TokenKind::Text(_) if self.after_text() => {
                self.at += 1;
                Ok(Next::Operator)
            }
            TokenKind::Integer(_) | TokenKind::Float | TokenKind::Text(_) => Err(unexpected(token)),
        }
    }

    fn after_text(&self) -> bool {
        self.at
            .checked_sub(1)
            .and_then(|at| self.tokens.get(at))
            .is_some_and(|token| matches!(token.kind, TokenKind::Text(_)))
    }

    fn operator_word(
        &mut self,
        word: &str,
        token: Token<'s>,
        top_ifs: &mut usize,
    ) -> Result<Next, ExprError> {
        match word {
            "and" | "or" | "in" => {
                self.at += 1;
                Ok(Next::Value)
            }
            "not" if self.word(1) == Some("in") => {
                self.at += 2;
                Ok(Next::Value)
            }
            "is" => self.test(token),
            "if" => {
                *self.ifs(top_ifs) += 1;
                self.at += 1;
                Ok(Next::Value)
            }
            "else" => {
                let ifs = self.ifs(top_ifs);
                let Some(fewer) = ifs.checked_sub(1) else {
                    return Err(ExprError::syntax(
                        token.start,
                        token.end,
                        "`else` without an `if`",
                        "write `a if b else c`",
                    ));
                };
                *ifs = fewer;
                self.at += 1;
                Ok(Next::Value)
            }
            _ => Err(unexpected(token)),
        }
    }

    fn ifs<'a>(&'a mut self, top: &'a mut usize) -> &'a mut usize {
        match self.open.last_mut() {
            Some(bracket) => &mut bracket.ifs,
            None => top,
        }
    }

    fn filter(&mut self, token: Token<'s>) -> Result<Next, ExprError> {
        let Some(word) = self.word(1) else {
            return Err(ExprError::syntax(
                token.start,
                token.end,
                "`|` without a filter",
                "write `value | filter`",
            ));
        };
        if !FILTERS.contains(&word) {
            let at = self.peek(1).unwrap_or(token);
            let help = suggest::help(word, "the filters are", FILTERS.iter().copied());
            let message = format!("there is no filter `{}`", shown(word));
            self.errors.push(ExprError {
                kind: ErrorKind::Filter,
                start: at.start,
                end: at.end,
                message,
                help,
            });
        }
        if word == "default" {
            self.guard(Guard::Default);
        }
        self.at += 2;
        self.arguments()
    }

    fn test(&mut self, token: Token<'s>) -> Result<Next, ExprError> {
        let negated = usize::from(self.word(1) == Some("not"));
        let Some(word) = self.word(1 + negated) else {
            return Err(ExprError::syntax(
                token.start,
                token.end,
                "`is` without a test",
                "write `value is defined`",
            ));
        };
        if !TESTS.contains(&word) {
            let at = self.peek(1 + negated).unwrap_or(token);
            let help = suggest::help(word, "the tests are", TESTS.iter().copied());
            let message = format!("there is no test `{}`", shown(word));
            self.errors.push(ExprError {
                kind: ErrorKind::Test,
                start: at.start,
                end: at.end,
                message,
                help,
            });
        }
        match (word, negated) {
            ("defined", 0) | ("undefined" | "none", 1) => self.guard(Guard::Defined),
            ("defined", _) | ("undefined" | "none", _) => self.guard(Guard::Tested),
            _ => {}
        }
        self.at += 2 + negated;
        self.test_argument()
    }

    /// A test takes its argument in brackets or, if it is a single value, without.
    fn test_argument(&mut self) -> Result<Next, ExprError> {
        let Some(token) = self.peek(0) else { return Ok(Next::Operator) };
        match token.kind {
            TokenKind::Mark("(") => self.enter(Kind::Call, token),
            TokenKind::Mark("[" | "{")
            | TokenKind::Text(_)
            | TokenKind::Integer(_)
            | TokenKind::Float => Ok(Next::Value),
            TokenKind::Word(word)
                if !matches!(word, "and" | "or" | "else" | "is" | "if" | "in" | "not") =>
            {
                Ok(Next::Value)
            }
            _ => Ok(Next::Operator),
        }
    }

    fn arguments(&mut self) -> Result<Next, ExprError> {
        match self.peek(0) {
            Some(token) if token.kind == TokenKind::Mark("(") => self.enter(Kind::Call, token),
            _ => Ok(Next::Operator),
        }
    }

    fn guard(&mut self, guard: Guard) {
        let Recent::From(first) = self.recent else { return };
        for used in self.found.uses.iter_mut().skip(first) {
            used.guard = used.guard.max(guard);
        }
    }

    /// `.name` behind something that is not a plain path.
    fn attribute(&mut self, token: Token<'s>) -> Result<Next, ExprError> {
        if self.word(1).is_some() {
            self.at += 2;
            return Ok(Next::Operator);
        }
        let message = "`.` without a name behind it";
        Err(ExprError::syntax(
            token.start,
            token.end,
            message,
            "items of a list are read as `list[0]`",
        ))
    }

    fn method(&self, token: Token<'_>) -> ExprError {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let name = match before.map(|token| token.kind) {
            Some(TokenKind::Word(word)) => word,
            _ => "",
        };
        let help = if FILTERS.contains(&name) {
            format!("`{name}` is a filter: `value | {name}`")
        } else {
            "use a filter: `value | upper`".to_owned()
        };
        ExprError {
            kind: ErrorKind::Function,
            start: before.map_or(token.start, |token| token.start),
            end: token.end,
            message: "values have no methods".to_owned(),
            help: Some(help),
        }
    }

    // Brackets.

    fn in_subscript(&self) -> bool {
        self.open.last().is_some_and(|bracket| bracket.kind == Kind::Subscript)
    }

    fn closable(&mut self) {
        if let Some(bracket) = self.open.last_mut() {
            bracket.closable = true;
        }
    }

    fn enter(&mut self, kind: Kind, token: Token<'_>) -> Result<Next, ExprError> {
        if self.open.len() >= EXPR_DEPTH_MAX {
            return Err(ExprError {
                kind: ErrorKind::TooLarge,
                start: token.start,
                end: token.end,
                message: format!("brackets are nested more than {EXPR_DEPTH_MAX} deep"),
                help: Some("compute parts of it in `set` steps".to_owned()),
            });
        }
        let uses = match (kind, self.recent) {
            // The arguments belong to what they are applied to: `a[b] | default(1)` guards both.
            (Kind::Call | Kind::Subscript, Recent::From(first)) => first,
            _ => self.found.uses.len(),
        };
        self.at += 1;
        self.open.push(Bracket {
            kind,
            at: token.start,
            ifs: 0,
            colon: false,
            uses,
            closable: kind != Kind::Subscript,
        });
        Ok(Next::Value)
    }

    fn leave(&mut self, mark: &str, token: Token<'_>) -> Result<Next, ExprError> {
        let Some(bracket) = self.open.pop() else {
            return Err(ExprError::syntax(
                token.start,
                token.end,
                format!("`{mark}` closes nothing"),
                "remove it",
            ));
        };
        let expected = match bracket.kind {
            Kind::Group | Kind::Call => ")",
            Kind::List | Kind::Subscript => "]",
            Kind::Map => "}",
        };
        if mark != expected {
            return Err(ExprError::syntax(
                token.start,
                token.end,
                format!("found `{mark}`, expected `{expected}`"),
                "close the brackets in the order in which they were opened",
            ));
        }
        if bracket.kind == Kind::Map && !bracket.colon && !bracket.closable {
            return Err(ExprError::syntax(
                token.start,
                token.end,
                "a key without a value",
                "write `{'key': value}`",
            ));
        }
        self.recent = Recent::From(bracket.uses);
        self.at += 1;
        Ok(Next::Operator)
    }

    fn comma(&mut self, token: Token<'_>) -> Result<Next, ExprError> {
        match self.open.last_mut() {
            None => Err(ExprError::syntax(
                token.start,
                token.end,
                "found `,` outside of brackets",
                "a list is written `[a, b]`",
            )),
            Some(bracket) if bracket.kind == Kind::Subscript => Err(unexpected(token)),
            Some(bracket) if bracket.kind == Kind::Map && !bracket.colon => Err(ExprError::syntax(
                token.start,
                token.end,
                "a key without a value",
                "write `{'key': value}`",
            )),
            Some(bracket) => {
                bracket.colon = false;
                bracket.ifs = 0;
                bracket.closable = true;
                self.at += 1;
                Ok(Next::Value)
            }
        }
    }

    fn colon(&mut self, token: Token<'_>) -> Result<Next, ExprError> {
        match self.open.last_mut() {
            Some(bracket) if bracket.kind == Kind::Map && !bracket.colon => {
                bracket.colon = true;
                self.at += 1;
                Ok(Next::Value)
            }
            Some(bracket) if bracket.kind == Kind::Subscript => {
                bracket.closable = true;
                self.at += 1;
                Ok(Next::Value)
            }
            _ => Err(unexpected(token)),
        }
    }
}

/// How many tokens a path has behind its name.
fn path_tokens(path: &[PathPart]) -> usize {
    // `.name` has two, `[3]` and `['name']` have three; the latter's text is in quotes, which its
    // place includes.
    path.iter()
        .map(|part| match &part.segment {
            Segment::Key(key) if part.end - part.start == key.len() => 2,
            Segment::Key(_) | Segment::Index(_) => 3,
        })
        .sum()
}

fn unexpected(token: Token<'_>) -> ExprError {
    let found = match token.kind {
        TokenKind::Word(word) => format!("`{}`", shown(word)),
        TokenKind::Mark(mark) => format!("`{mark}`"),
        TokenKind::Integer(_) | TokenKind::Float => "a number".to_owned(),
        TokenKind::Text(_) => "a text".to_owned(),
    };
    ExprError::syntax(
        token.start,
        token.end,
        format!("found {found} where an operator is expected"),
        "put an operator between two values; names have no `-`, only `_`",
    )
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
