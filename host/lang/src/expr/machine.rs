//! Tokens to the names an expression uses, checking on the way that it is well-formed.
//!
//! A machine with two states, "a value comes next" and "an operator comes next", and a stack of
//! open brackets. That is enough to tell names from attributes, filters, tests, keyword arguments
//! and functions, and to say where an expression goes wrong. What values mean is not its business.

use super::lexer::{Token, TokenKind};
use super::scan::{ErrorKind, ExprError, Guard, PathPart, Scan, Use};
use super::{EXPR_DEPTH_MAX, FILTERS, FUNCTIONS, KEYWORDS, TEST_NAMES, TESTS};
use crate::shown::shown;
use crate::suggest;
use crate::template::Segment;

/// What the tokens of `expr` use, or all that is wrong with them.
pub(super) fn run(expr: &str, tokens: &[Token<'_>]) -> Result<Scan, Vec<ExprError>> {
    let mut scanner = Scanner {
        tokens,
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
        self.known_filter(word, self.peek(1).unwrap_or(token));
        if word == "default" {
            self.guard(Guard::Default);
        }
        self.at += 2;
        self.applied(word);
        self.arguments()
    }

    fn known_filter(&mut self, word: &str, at: Token<'_>) {
        if !FILTERS.contains(&word) {
            let help = suggest::help(word, "the filters are", FILTERS.iter().copied());
            let message = format!("there is no filter `{}`", shown(word));
            let (start, end) = (at.start, at.end);
            self.errors.push(ExprError { kind: ErrorKind::Filter, start, end, message, help });
        }
    }

    fn unknown_test(&mut self, word: &str, at: Token<'_>) {
        let help = suggest::help(word, "the tests are", TESTS.iter().copied());
        let message = format!("there is no test `{}`", shown(word));
        let (start, end) = (at.start, at.end);
        self.errors.push(ExprError { kind: ErrorKind::Test, start, end, message, help });
    }

    /// The filter or test that `map('upper')` and `select('odd')` apply to every item: where it is
    /// written out, it must be one.
    fn applied(&mut self, filter: &str) {
        let place = match filter {
            "map" | "select" | "reject" => 1,
            // The name of the attribute comes first.
            "selectattr" | "rejectattr" if self.mark(2) == Some(",") => 3,
            _ => return,
        };
        if self.mark(0) != Some("(") || !matches!(self.mark(place + 1), Some("," | ")")) {
            return;
        }
        let Some(token) = self.peek(place) else { return };
        let TokenKind::Text(name) = token.kind else { return };
        if filter == "map" {
            self.known_filter(name, token);
        } else if !TESTS.contains(&name) && !TEST_NAMES.contains(&name) {
            self.unknown_test(name, token);
        }
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
            self.unknown_test(word, self.peek(1 + negated).unwrap_or(token));
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
