//! Literals, methods and functions of Python, as filters and tests of ours.

use super::python::{Binds, Found, Parser, Result1};

/// A text. Escapes that both languages have stay as they are.
pub(super) fn literal(text: &str) -> Result1 {
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    let mut escaped = false;
    for c in inner.chars() {
        if escaped && !matches!(c, 'n' | 't' | 'r' | '\\' | '\'' | '"') {
            return Err(format!("`\\{c}` in a text has no counterpart"));
        }
        escaped = !escaped && c == '\\';
    }
    if inner.contains(['\'', '\\']) {
        return Ok(Found::new(text, Binds::Whole));
    }
    Ok(Found::new(format!("'{inner}'"), Binds::Whole))
}

/// A method as a filter or a test.
pub(super) fn method(on: Found, name: &str, arguments: &[String]) -> Result1 {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let found = match (name, arguments.as_slice()) {
        ("get", [key]) => on.key(key).filtered("default(none)"),
        ("get", [key, default]) => on.key(key).filtered(&format!("default({default})")),
        ("lower" | "upper" | "title" | "capitalize", []) => on.filtered(name),
        ("strip", []) => on.filtered("trim"),
        ("split", []) => on.filtered("split"),
        ("split", [by]) => on.filtered(&format!("split({by})")),
        ("replace", [a, b]) => on.filtered(&format!("replace({a}, {b})")),
        ("join", [list]) => {
            Found::new(*list, Binds::Choice).filtered(&format!("join({})", on.text))
        }
        ("keys", []) => on.filtered("list"),
        ("values", []) => on.filtered("items").filtered("map('last')").filtered("list"),
        ("items", []) => on.filtered("items"),
        ("copy", []) => on,
        ("startswith", [with]) => {
            Found::new(format!("({} is startingwith({with}))", on.at(Binds::Whole)), Binds::Whole)
        }
        ("endswith", [with]) => {
            Found::new(format!("({} is endingwith({with}))", on.at(Binds::Whole)), Binds::Whole)
        }
        _ => {
            return Err(format!(
                "the method `{name}` with {} arguments has no counterpart",
                arguments.len()
            ));
        }
    };
    Parser::bounded(found)
}

/// A function as a filter or an operator.
pub(super) fn function(name: &str, arguments: Vec<String>) -> Result1 {
    let value = |text: &str| Found::new(text, Binds::Choice);
    let list: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let found = match (name, list.as_slice()) {
        ("len", [a]) => value(a).filtered("length"),
        (
            "min" | "max" | "sum" | "abs" | "int" | "float" | "bool" | "list" | "upper" | "lower"
            | "round" | "items",
            [a],
        ) => value(a).filtered(name),
        ("min" | "max", [_, _, ..]) => {
            Found::new(format!("[{}]", list.join(", ")), Binds::Whole).filtered(name)
        }
        ("round", [a, digits]) => value(a).filtered(&format!("round({digits})")),
        ("str", [a]) => value(a).filtered("string"),
        ("strip" | "trim", [a]) => value(a).filtered("trim"),
        ("sorted", [a]) => value(a).filtered("sort"),
        ("keys", [a]) => value(a).filtered("list"),
        ("values", [a]) => value(a).filtered("items").filtered("map('last')").filtered("list"),
        ("split", [a]) => value(a).filtered("split"),
        ("split", [a, by]) => value(a).filtered(&format!("split({by})")),
        ("join", [a, by]) if by.starts_with('\'') || by.starts_with('"') => {
            value(a).filtered(&format!("join({by})"))
        }
        ("join", [by, a]) => value(a).filtered(&format!("join({by})")),
        ("replace", [a, b, c]) => value(a).filtered(&format!("replace({b}, {c})")),
        ("default", [a, b]) => value(a).filtered(&format!("default({b})")),
        ("zip", [a, b]) => value(a).filtered(&format!("zip({b})")).filtered("list"),
        ("range", [_] | [_, _] | [_, _, _]) => {
            Found::new(format!("range({})", list.join(", ")), Binds::Whole)
        }
        ("pow", [a, b]) => Found::new(format!("({a}) ** ({b})"), Binds::Power),
        ("isnone", [a]) => Found::new(format!("({a}) is none"), Binds::Compare),
        ("isempty", [a]) => Found::new(format!("not ({a})"), Binds::Not),
        ("coalesce", [a, b]) => {
            Found::new(format!("({a}) if ({a}) is not none else ({b})"), Binds::Choice)
        }
        ("dict", []) => Found::new("{}", Binds::Whole),
        _ => {
            return Err(format!(
                "the function `{name}` with {} arguments has no counterpart",
                list.len()
            ));
        }
    };
    Parser::bounded(found)
}
