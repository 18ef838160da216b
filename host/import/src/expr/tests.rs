//! Translations are evaluated as the sandbox would, and come to what Python comes to.

use minijinja::{Environment, UndefinedBehavior, context};

use super::template::translate_template;
use super::{Names, translate};

/// `x.field` reads a field of the step `given`.
struct Given;

impl Names for Given {
    fn resolve(&self, name: &str, _path: &[&str]) -> Result<(String, usize), String> {
        match name {
            "x" => Ok(("given".to_owned(), 0)),
            "this" => Ok(("item".to_owned(), 0)),
            other => Err(format!("there is no `{other}`")),
        }
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
}

fn given() -> minijinja::Value {
    context! { given => context! {
        n => 3, s => " Ada,Bob ", l => [1, 2, 3], m => context! { k => "v" }, none => (), rows => [context! { t => "a" }, context! { t => "b" }],
    } }
}

#[track_caller]
fn check(expr: &str, expected: &str) {
    let ours = translate(expr, &Given).unwrap();
    let environment = environment();
    let found = environment.compile_expression(&ours).unwrap().eval(given());
    let found =
        found.map_or_else(|why| why.to_string(), |value| serde_json::to_string(&value).unwrap());
    assert_eq!(found, expected, "{expr} as {ours}");
}

#[test]
fn operators_bind_as_in_python() {
    check("-2 ** 2", "-4");
    check("2 ** -1", "0.5");
    check("(2 ** 3) ** 2", "64");
    check("2 ** 3 ** 2", "512");
    check("1 - (2 - 3)", "2");
    check("7 // 2 * 2 % 4", "2");
    check("1 < x.n <= 3", "true");
    check("3 > x.n > 1", "false");
    check("not x.n == 3 or x.n in [1, 2]", "false");
    check("x.n not in (1, 2) and x.none is None", "true");
    check("'a' if x.n > 5 else 'b' if x.n > 2 else 'c'", "\"b\"");
    check("('a' if x.n > 5 else 'b') + 'c'", "\"bc\"");
    check("x.none or 'other'", "\"other\"");
    check("[1, (2, 3), {'k': x.n}]", "[1,[2,3],{\"k\":3}]");
    check("x.l[1:]", "[2,3]");
    check("x.l[-1] + x['n']", "6");
}

#[test]
fn methods_and_functions_do_the_same() {
    check("x.s.strip().lower().split(',')", "[\"ada\",\"bob\"]");
    check("x.m.get('k') + x.m.get('nope', '!')", "\"v!\"");
    check("x.m.get('nope') is None", "true");
    check("x.s.strip().startswith('Ada') and x.s.endswith(' ')", "true");
    check("len(x.l) + max(x.l) + min(4, 5) + sum(x.l)", "16");
    check("round(2.567, 1) + abs(-1)", "3.6");
    check("str(x.n) + upper('a')", "\"3A\"");
    check("', '.join(['a', 'b'])", "\"a, b\"");
    check("list(x.m.keys()) + x.m.values()", "[\"k\",\"v\"]");
    check("coalesce(x.none, 5)", "5");
    check("isempty([]) and isnone(x.none)", "true");
    check("default(x.nope, 1)", "1");
    check("sorted([3, 1])", "[1,3]");
    check("pow(2, 3)", "8");
}

#[test]
fn what_has_no_counterpart_says_so() {
    let why = |expr: &str| translate(expr, &Given).unwrap_err();
    for (expr, expected) in [
        ("[i for i in x.l]", "comprehensions have no counterpart"),
        ("now()", "the function `now` with 0 arguments has no counterpart"),
        ("x.l.index(1)", "the method `index` with 1 arguments has no counterpart"),
        ("f'{x}'", "`f'…` is a text of a sort that only Python reads"),
        ("lambda: 1", "functions have no counterpart"),
        ("y.z", "there is no `y`"),
        ("x is x", "`is` has a counterpart only before `None`, `True` and `False`"),
        ("x.", "`.` stands without a name behind it"),
        ("x := 1", "`:=` stands where an operator is expected"),
        ("", "it ends where a value is expected"),
        ("'\\x41'", "`\\x` in a text has no counterpart"),
        ("x | shout", "there is no filter `shout`"),
    ] {
        assert_eq!(why(expr), expected, "{expr}");
    }
}

#[track_caller]
fn check_template(template: &str, expected: &str) {
    let ours = translate_template(template, &Given, true).unwrap();
    let found = environment().render_str(&ours, given()).unwrap();
    assert_eq!(found, expected, "{template} as {ours}");
}

#[test]
fn templates_render_the_same() {
    check_template(
        "n: {{ x.n }}, {% no %} {# no #} \\{{ x }} {{",
        "n: 3, {% no %} {# no #} {{ x }} {{",
    );
    check_template("{{#if x.n}}yes {{ x.n }}'s{{/if}}{{#if x.none}}no{{/if}}.", "yes 3's.");
    check_template("{% {\\{{ x {", "{% {{{ x {");
    check_template("{{#if x.n}}a{{#if x.l}}b{{/if}}{{/if}}", "ab");
    check_template("{{#each x.rows}}{{ this.t }}, {{/each}}", "a, b, ");
    check_template("{{#each x.l}}#{{ this }}{{/each}}", "#1#2#3");
    check_template("{{#each x.m.get('nope', [])}}#{{ this }}{{/each}}", "");
    check_template("{{ x.none or 'x' or x.n }} {{ x.l | join('; ') | upper }}", "x 1; 2; 3");
}
