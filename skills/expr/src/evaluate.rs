//! Expressions and templates over the fields of one object.

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior};
use serde_json::Value as Json;

use crate::convert::{from_json, to_json};

/// Longest expression or template, bytes. The parser recurses, and the drop of its tree too; the
/// sandbox would catch an overflow, but with a worse message.
const SOURCE_BYTES_MAX: usize = 256 << 10;

/// minijinja's own fuel, roughly instructions. The sandbox's fuel bounds everything; this stops a
/// loop with a message that speaks of the template.
const FUEL: u64 = 5_000_000;

/// The value of `source`, with the fields of `vars` as its names. With `some_absent` a field of
/// what is undefined is undefined too, and not an error.
pub fn eval(source: &str, vars: &str, some_absent: bool) -> Result<String, String> {
    let vars = variables(source, vars)?;
    let mut environment = environment();
    if some_absent {
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    }
    let expression = environment.compile_expression(source).map_err(describe)?;
    let value = expression.eval(vars).map_err(describe)?;
    if value.is_undefined() {
        return Err(format!("`{source}` is undefined"));
    }
    Ok(to_json(&value)?.to_string())
}

/// The text of `template`, with the fields of `vars` as its names.
pub fn render(template: &str, vars: &str) -> Result<String, String> {
    let vars = variables(template, vars)?;
    environment().render_str(template, vars).map_err(describe)
}

fn variables(source: &str, vars: &str) -> Result<Value, String> {
    if source.len() > SOURCE_BYTES_MAX {
        let bytes = source.len();
        return Err(format!("the source has {bytes} bytes, expected at most {SOURCE_BYTES_MAX}"));
    }
    let vars: Json =
        serde_json::from_str(vars).map_err(|error| format!("`vars` is not JSON: {error}"))?;
    if !vars.is_object() {
        return Err("`vars` is not an object".to_owned());
    }
    Ok(from_json(vars))
}

fn environment<'a>() -> Environment<'a> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_formatter(format);
    // It prints the interpreter's state, which is nobody's business but its own.
    environment.remove_global("debug");
    environment
}

/// A text as it is, everything else as JSON.
fn format(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.kind() == ValueKind::Undefined {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let written = match value.as_str() {
        Some(text) => out.write_str(text),
        None => {
            let json =
                to_json(value).map_err(|why| Error::new(ErrorKind::BadSerialization, why))?;
            out.write_str(&json.to_string())
        }
    };
    written.map_err(|_| Error::new(ErrorKind::WriteFailure, "out of memory"))
}

/// The error with all of its causes; the first names are minijinja's.
fn describe(error: Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const VARS: &str = r#"{"words":{"count":4,"top":["a","b"]},"name":"Ann","big":9007199254740993,
        "rows":[{"n":2,"k":"x"},{"n":1,"k":"y"}],"none":null}"#;

    #[track_caller]
    fn check(source: &str, expected: &str) {
        assert_eq!(eval(source, VARS, false).as_deref(), Ok(expected));
    }

    #[track_caller]
    fn check_refused(source: &str, expected: &str) {
        assert_eq!(eval(source, VARS, false).unwrap_err(), expected);
    }

    #[test]
    fn results_keep_their_types() {
        check("words.count > 3", "true");
        check("words.count + 1", "5");
        check("big + 1", "9007199254740994");
        check("words.count / 8", "0.5");
        check("words.count // 2", "2");
        check("name ~ '!'", "\"Ann!\"");
        check("words.top + ['c']", r#"["a","b","c"]"#);
        check("{'z': name, 'a': none}", r#"{"z":"Ann","a":null}"#);
        check("none", "null");
    }

    #[test]
    fn filters_and_tests_are_there() {
        check("rows | map(attribute='n') | sum", "3");
        check("rows | sort(attribute='n') | map(attribute='k') | list", r#"["y","x"]"#);
        check("words.top | map('upper') | join(', ')", "\"A, B\"");
        check("nothing is defined", "false");
        check("words.nothing | default(7)", "7");
        check("words | length", "2");
        check("range(3) | list", "[0,1,2]");
        check("{'a': [1]} | tojson", "\"{\\\"a\\\": [1]}\"");
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        check_refused("words.cuont", "`words.cuont` is undefined");
        check_refused("nothing.at.all", "undefined value (in <expression>:1)");
        check_refused("[words.cuont]", "the result, or a part of it, is undefined");
        check_refused("debug()", "unknown function: debug is unknown (in <expression>:1)");
    }

    #[test]
    fn what_is_absent_can_be_asked_for() {
        let absent = |source| eval(source, VARS, true);
        assert_eq!(absent("gone.text | default('none')").as_deref(), Ok("\"none\""));
        assert_eq!(absent("gone.deep.er is defined").as_deref(), Ok("false"));
        assert_eq!(absent("gone.text").unwrap_err(), "`gone.text` is undefined");
    }

    #[test]
    fn wrong_sources_say_where() {
        check_refused(
            "1 +",
            "syntax error: unexpected end of input, expected expression (in <expression>:1)",
        );
        assert!(eval("1", "[]", false).unwrap_err().contains("not an object"));
        assert!(eval("1", "{", false).unwrap_err().contains("not JSON"));
    }

    #[test]
    fn endless_work_is_stopped() {
        let loops =
            "{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}{% endfor %}";
        assert!(render(loops, "{}").unwrap_err().contains("fuel"));
        let long = "1+".repeat(200_000);
        assert!(eval(&long, "{}", false).unwrap_err().contains("expected at most"));
    }

    #[test]
    fn templates_write_texts_as_they_are_and_the_rest_as_json() {
        let template = "{{ name }} <b> {{ words.top }} {{ big }} {{ none }}{% if words.count > 3 %} many{% endif %}";
        assert_eq!(
            render(template, VARS).as_deref(),
            Ok("Ann <b> [\"a\",\"b\"] 9007199254740993 null many")
        );
        assert!(render("{{ nothing }}", VARS).unwrap_err().contains("undefined"));
        assert!(render("{% include 'x' %}", VARS).is_err());
    }
}
