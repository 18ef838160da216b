//! A Python expression, rewritten while it is parsed.
//!
//! Every rule gives the text of its translation and how tightly it binds. Brackets nest at most 40
//! deep and no text grows beyond what our compiler reads, so stack and memory are bounded.

use coldframe_lang::expr::{EXPR_BYTES_MAX, FILTERS, scan};

use super::Names;
use super::calls::{function, literal, method};
use super::lexer::{Token, tokens};

/// The deepest nesting of brackets, choices and signs. Our compiler takes a little more.
const DEPTH_MAX: usize = 40;

/// The translation of an expression, or why there is none.
pub(crate) fn translate(expr: &str, names: &dyn Names) -> Result<String, String> {
    if expr.len() > EXPR_BYTES_MAX {
        return Err(format!("it has {} bytes, expected at most {EXPR_BYTES_MAX}", expr.len()));
    }
    let tokens = tokens(expr)?;
    // Said at once, since the names that they introduce would be reported as unknown first.
    if tokens.contains(&Token::Word("for")) {
        return Err("comprehensions have no counterpart".to_owned());
    }
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0, names };
    let found = parser.choice()?;
    if let Some(token) = parser.peek(0) {
        return Err(format!("{} stands where an operator is expected", written(token)));
    }
    // Whatever comes out is what our compiler takes.
    scan::scan(&found.text).map_err(|errors| {
        errors.into_iter().next().map_or_else(String::new, |error| error.message)
    })?;
    Ok(found.text)
}

fn written(token: Token<'_>) -> String {
    let (Token::Word(text) | Token::Number(text) | Token::Text(text) | Token::Mark(text)) = token;
    format!("`{text}`")
}

/// How tightly a text binds; the order of the rules below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Binds {
    Choice,
    Or,
    And,
    Not,
    Compare,
    Add,
    Multiply,
    Sign,
    Power,
    Whole,
}

pub(super) struct Found {
    pub(super) text: String,
    binds: Binds,
}

impl Found {
    pub(super) fn new(text: impl Into<String>, binds: Binds) -> Self {
        Self { text: text.into(), binds }
    }

    /// In brackets where it binds less tightly than that.
    pub(super) fn at(self, least: Binds) -> String {
        if self.binds >= least || is_path(&self.text) {
            self.text
        } else {
            format!("({})", self.text)
        }
    }

    /// With a filter behind it. In brackets, since how tightly filters bind is not obvious.
    pub(super) fn filtered(self, filter: &str) -> Self {
        Self::new(format!("({} | {filter})", self.at(Binds::Whole)), Binds::Whole)
    }
}

/// `a.b.c` or a number: needs brackets nowhere.
pub(crate) fn is_path(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
}

pub(super) struct Parser<'t, 'e> {
    tokens: &'t [Token<'e>],
    at: usize,
    depth: usize,
    names: &'t dyn Names,
}

pub(super) type Result1 = Result<Found, String>;

impl<'e> Parser<'_, 'e> {
    fn peek(&self, ahead: usize) -> Option<Token<'e>> {
        self.tokens.get(self.at + ahead).copied()
    }

    fn eat(&mut self, token: Token<'_>) -> bool {
        let found = self.peek(0) == Some(token);
        self.at += usize::from(found);
        found
    }

    fn mark(&mut self, mark: &str) -> bool {
        self.eat(Token::Mark(mark))
    }

    fn word(&mut self, word: &str) -> bool {
        self.eat(Token::Word(word))
    }

    fn expect(&mut self, mark: &str) -> Result<(), String> {
        if self.mark(mark) {
            return Ok(());
        }
        match self.peek(0) {
            Some(token) => Err(format!("{} stands where `{mark}` is expected", written(token))),
            None => Err(format!("it ends where `{mark}` is expected")),
        }
    }

    pub(super) fn bounded(found: Found) -> Result1 {
        if found.text.len() > EXPR_BYTES_MAX {
            return Err(format!("its translation is longer than {EXPR_BYTES_MAX} bytes"));
        }
        Ok(found)
    }

    fn deeper(&mut self, rule: impl FnOnce(&mut Self) -> Result1) -> Result1 {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("it is nested more than {DEPTH_MAX} deep"));
        }
        let found = rule(self)?;
        self.depth -= 1;
        Self::bounded(found)
    }

    /// `a if b else c`
    fn choice(&mut self) -> Result1 {
        self.deeper(|parser| {
            if parser.word("lambda") {
                return Err("functions have no counterpart".to_owned());
            }
            let then = parser.or()?;
            if !parser.word("if") {
                return Ok(then);
            }
            let condition = parser.or()?;
            if !parser.word("else") {
                return Err("`if` without `else` has no counterpart".to_owned());
            }
            let other = parser.choice()?;
            let text = format!(
                "{} if {} else {}",
                then.at(Binds::Or),
                condition.at(Binds::Or),
                other.at(Binds::Choice)
            );
            Ok(Found::new(text, Binds::Choice))
        })
    }

    fn or(&mut self) -> Result1 {
        let first = self.and()?;
        self.chain(first, Binds::Or, |parser| parser.word("or").then_some("or"), Self::and)
    }

    fn and(&mut self) -> Result1 {
        let first = self.not()?;
        self.chain(first, Binds::And, |parser| parser.word("and").then_some("and"), Self::not)
    }

    /// `a op b op c …`, read from the left.
    fn chain(
        &mut self,
        first: Found,
        binds: Binds,
        operator: impl Fn(&mut Self) -> Option<&'static str>,
        next: impl Fn(&mut Self) -> Result1,
    ) -> Result1 {
        let Some(mut mark) = operator(self) else { return Ok(first) };
        let mut text = first.at(binds);
        loop {
            // The right side binds more tightly, so that `a - (b - c)` keeps its brackets.
            let right = next(self)?;
            let right = if right.binds > binds { right.text } else { format!("({})", right.text) };
            text = Self::bounded(Found::new(format!("{text} {mark} {right}"), binds))?.text;
            match operator(self) {
                Some(next) => mark = next,
                None => return Ok(Found::new(text, binds)),
            }
        }
    }

    fn not(&mut self) -> Result1 {
        if !self.word("not") {
            return self.compare();
        }
        self.deeper(|parser| {
            let inner = parser.not()?;
            Ok(Found::new(format!("not {}", inner.at(Binds::Not)), Binds::Not))
        })
    }

    /// `a < b < c` is `a < b and b < c`.
    fn compare(&mut self) -> Result1 {
        let mut left = self.add()?;
        let mut parts: Vec<String> = Vec::new();
        let mut length = 0;
        loop {
            let mark = match (self.peek(0), self.peek(1)) {
                (Some(Token::Mark(mark @ ("==" | "!=" | "<" | "<=" | ">" | ">="))), _) => mark,
                (Some(Token::Word("in")), _) => "in",
                (Some(Token::Word("not")), Some(Token::Word("in"))) => "not in",
                (Some(Token::Word("is")), Some(Token::Word("not"))) => "is not",
                (Some(Token::Word("is")), _) => "is",
                _ => break,
            };
            self.at += if mark.contains(' ') { 2 } else { 1 };
            let right = self.add()?;
            // `is` compares with what Python has one of.
            let right_text = match (mark, right.text.as_str()) {
                ("is" | "is not", "none" | "true" | "false") => right.text.clone(),
                ("is" | "is not", _) => {
                    return Err(
                        "`is` has a counterpart only before `None`, `True` and `False`".to_owned()
                    );
                }
                _ => Found::new(right.text.clone(), right.binds).at(Binds::Add),
            };
            let left_text = Found::new(left.text, left.binds).at(Binds::Add);
            length += left_text.len() + right_text.len();
            if length > EXPR_BYTES_MAX {
                return Err(format!("its translation is longer than {EXPR_BYTES_MAX} bytes"));
            }
            parts.push(format!("{left_text} {mark} {right_text}"));
            left = right;
        }
        match parts.len() {
            0 => Ok(left),
            1 => Ok(Found::new(parts.concat(), Binds::Compare)),
            _ => Ok(Found::new(parts.join(" and "), Binds::And)),
        }
    }

    fn operator(&mut self, marks: &[&'static str]) -> Option<&'static str> {
        let found = marks.iter().find(|mark| self.peek(0) == Some(Token::Mark(mark)))?;
        self.at += 1;
        Some(found)
    }

    fn add(&mut self) -> Result1 {
        let first = self.multiply()?;
        self.chain(first, Binds::Add, |parser| parser.operator(&["+", "-"]), Self::multiply)
    }

    fn multiply(&mut self) -> Result1 {
        let first = self.sign()?;
        self.chain(
            first,
            Binds::Multiply,
            |parser| parser.operator(&["*", "//", "/", "%"]),
            Self::sign,
        )
    }

    fn sign(&mut self) -> Result1 {
        if self.mark("+") {
            return self.deeper(Self::sign);
        }
        if !self.mark("-") {
            return self.power();
        }
        self.deeper(|parser| {
            let inner = parser.sign()?;
            Ok(Found::new(format!("-{}", inner.at(Binds::Whole)), Binds::Sign))
        })
    }

    fn power(&mut self) -> Result1 {
        let base = self.filtered()?;
        if !self.mark("**") {
            return Ok(base);
        }
        self.deeper(|parser| {
            let exponent = parser.sign()?;
            let text = format!("{} ** {}", base.at(Binds::Whole), exponent.at(Binds::Whole));
            Ok(Found::new(text, Binds::Power))
        })
    }

    /// `a | upper | join(', ')`: the filters of templates.
    fn filtered(&mut self) -> Result1 {
        let mut found = self.postfix()?;
        while self.mark("|") {
            let Some(Token::Word(name)) = self.peek(0) else {
                return Err("`|` stands without a filter behind it".to_owned());
            };
            self.at += 1;
            if !FILTERS.contains(&name) {
                return Err(format!("there is no filter `{name}`"));
            }
            let arguments = if self.mark("(") { self.list(")")? } else { Vec::new() };
            let call = if arguments.is_empty() {
                name.to_owned()
            } else {
                format!("{name}({})", arguments.join(", "))
            };
            found = Self::bounded(found.filtered(&call))?;
        }
        Ok(found)
    }

    /// A value with attributes, subscripts and methods behind it.
    fn postfix(&mut self) -> Result1 {
        let mut found = self.value()?;
        loop {
            if self.mark(".") {
                let Some(Token::Word(name)) = self.peek(0) else {
                    return Err("`.` stands without a name behind it".to_owned());
                };
                self.at += 1;
                found = if self.mark("(") {
                    let arguments = self.list(")")?;
                    method(found, name, &arguments)?
                } else {
                    Found::new(format!("{}.{name}", found.at(Binds::Whole)), Binds::Whole)
                };
            } else if self.mark("[") {
                let inner = self.subscript()?;
                found = Found::new(format!("{}[{inner}]", found.at(Binds::Whole)), Binds::Whole);
            } else {
                return Self::bounded(found);
            }
            found = Self::bounded(found)?;
        }
    }

    fn subscript(&mut self) -> Result<String, String> {
        let mut text = String::new();
        loop {
            if self.mark(":") {
                text.push(':');
            } else if self.mark("]") {
                return Ok(text);
            } else {
                text.push_str(&self.choice()?.text);
                if !matches!(self.peek(0), Some(Token::Mark(":" | "]"))) {
                    self.expect("]")?;
                }
            }
        }
    }

    fn value(&mut self) -> Result1 {
        let Some(token) = self.peek(0) else {
            return Err("it ends where a value is expected".to_owned());
        };
        self.at += 1;
        match token {
            Token::Number(text) => Ok(Found::new(text, Binds::Whole)),
            Token::Text(text) => literal(text),
            Token::Word(word) => self.name(word),
            Token::Mark("(") => {
                let items = self.list(")")?;
                let comma =
                    matches!(self.tokens.get(self.at.wrapping_sub(2)), Some(Token::Mark(",")));
                match items.as_slice() {
                    [one] if !comma => Ok(Found::new(format!("({one})"), Binds::Whole)),
                    many => Ok(Found::new(format!("[{}]", many.join(", ")), Binds::Whole)),
                }
            }
            Token::Mark("[") => {
                let items = self.list("]")?;
                Ok(Found::new(format!("[{}]", items.join(", ")), Binds::Whole))
            }
            Token::Mark("{") => self.map(),
            Token::Mark(mark) => Err(format!("`{mark}` stands where a value is expected")),
        }
    }

    /// Values up to a closing bracket.
    fn list(&mut self, close: &str) -> Result<Vec<String>, String> {
        let mut items = Vec::new();
        let mut length = 0;
        loop {
            if self.mark(close) {
                return Ok(items);
            }
            if matches!(
                (self.peek(0), self.peek(1)),
                (Some(Token::Word(_)), Some(Token::Mark("=")))
            ) {
                return Err("arguments with names have no counterpart".to_owned());
            }
            let item = self.choice()?.text;
            length += item.len();
            if length > EXPR_BYTES_MAX {
                return Err(format!("its translation is longer than {EXPR_BYTES_MAX} bytes"));
            }
            items.push(item);
            if !self.mark(",") {
                self.expect(close)?;
                return Ok(items);
            }
        }
    }

    fn map(&mut self) -> Result1 {
        let mut pairs = Vec::new();
        let mut length = 0;
        loop {
            if self.mark("}") {
                return Ok(Found::new(format!("{{{}}}", pairs.join(", ")), Binds::Whole));
            }
            let key = self.choice()?.text;
            if !self.mark(":") {
                self.expect(":")
                    .map_err(|_| "sets and comprehensions have no counterpart".to_owned())?;
            }
            let value = self.choice()?.text;
            length += key.len() + value.len();
            if length > EXPR_BYTES_MAX {
                return Err(format!("its translation is longer than {EXPR_BYTES_MAX} bytes"));
            }
            pairs.push(format!("{key}: {value}"));
            if !self.mark(",") && self.peek(0) != Some(Token::Mark("}")) {
                self.expect("}")?;
            }
        }
    }

    fn name(&mut self, word: &str) -> Result1 {
        match word {
            "True" | "true" => return Ok(Found::new("true", Binds::Whole)),
            "False" | "false" => return Ok(Found::new("false", Binds::Whole)),
            "None" | "none" | "null" => return Ok(Found::new("none", Binds::Whole)),
            "and" | "or" | "not" | "if" | "else" | "in" | "is" | "for" | "await" | "yield" => {
                return Err(format!("`{word}` stands where a value is expected"));
            }
            _ => {}
        }
        if self.mark("(") {
            let arguments = self.list(")")?;
            return function(word, arguments);
        }
        // The part of the path that is written out: what a name means can depend on it.
        let mut path: Vec<&str> = Vec::new();
        let mut widths = Vec::new();
        let mut ahead = 0;
        loop {
            match (self.peek(ahead), self.peek(ahead + 1), self.peek(ahead + 2)) {
                (Some(Token::Mark(".")), Some(Token::Word(name)), after)
                    if after != Some(Token::Mark("(")) =>
                {
                    path.push(name);
                    widths.push(2);
                    ahead += 2;
                }
                (Some(Token::Mark("[")), Some(Token::Text(key)), Some(Token::Mark("]"))) => {
                    path.push(key.get(1..key.len().saturating_sub(1)).unwrap_or_default());
                    widths.push(3);
                    ahead += 3;
                }
                // Of these a field is read in both ways.
                (Some(Token::Mark(".")), Some(Token::Word("get")), _)
                    if matches!(word, "context" | "$input")
                        && self.peek(ahead + 2) == Some(Token::Mark("("))
                        && self.peek(ahead + 4) == Some(Token::Mark(")")) =>
                {
                    let Some(Token::Text(key)) = self.peek(ahead + 3) else { break };
                    path.push(key.get(1..key.len().saturating_sub(1)).unwrap_or_default());
                    widths.push(5);
                    ahead += 5;
                }
                _ => break,
            }
        }
        let (text, used) = self.names.resolve(word, &path)?;
        self.at += widths.iter().take(used).sum::<usize>();
        let whole = is_path(&text) || (text.starts_with('(') && text.ends_with(')'));
        Ok(Found::new(text, if whole { Binds::Whole } else { Binds::Choice }))
    }
}

impl Found {
    /// The value of a key.
    pub(super) fn key(self, key: &str) -> Self {
        Self::new(format!("{}[{key}]", self.at(Binds::Whole)), Binds::Whole)
    }
}
