//! How problems look, to people and to programs.

use serde_json::json;

use super::{HEAD, compiled};
use crate::render::{PRINTED_MAX, render_text, to_json};
use crate::source::Source;

#[track_caller]
fn check(text: &str, expected: &str) {
    let text = format!("{HEAD}{text}");
    let source = Source { name: "flow.yml", text: &text };
    assert_eq!(render_text(&compiled(&text).diagnostics, &source, false), expected);
}

#[test]
fn a_problem_has_code_place_caret_and_help() {
    check(
        "steps:\n  - { id: words, uses: std/text#stat, with: { text: hi } }\n",
        "\
error[unknown-operation]: `std/text` has no operation `stat`
 --> flow.yml:5:24
  |
5 |   - { id: words, uses: std/text#stat, with: { text: hi } }
  |                        ^^^^^^^^^^^^^
  |
  = help: did you mean `stats`?

",
    );
}

#[test]
fn other_places_are_labelled() {
    check(
        "steps:\n  - { id: a, set: { n: \"{{ b.n }}\" } }\n\n\n\n\n  - { id: b, set: { n: \"{{ a.n }}\" } }\n",
        "\
error[cycle]: the steps wait for each other: `a -> b -> a`
  --> flow.yml:5:28
   |
 5 |   - { id: a, set: { n: \"{{ b.n }}\" } }
   |                            ^
   |
  ::: flow.yml:10:28
   |
10 |   - { id: b, set: { n: \"{{ a.n }}\" } }
   |                            - `b` waits for `a`
   |
   = help: remove one of the references; each step can only use what is done before it

",
    );
}

#[test]
fn several_lines_are_shown_by_their_first() {
    check(
        "steps:\n  - id: a\n    set:\n      - 1\n      - 2\n",
        "\
error[wrong-shape]: `steps[0].set` is a list, expected a map
 --> flow.yml:7:7
  |
7 |       - 1
  |       ^^^
  |
  = help: write a map here

",
    );
}

#[test]
fn long_lines_are_cut_around_the_place() {
    let text = format!(
        "{HEAD}steps: [ {{ id: a, set: {{ n: \"{}{{{{ nope }}}}{}\" }} }} ]\n",
        "ä".repeat(5000),
        "x".repeat(5000)
    );
    let source = Source { name: "flow.yml", text: &text };
    let found = render_text(&compiled(&text).diagnostics, &source, false);
    assert!(found.contains("nope") && found.len() < 2000, "{found}");
}

#[test]
fn colours_are_there_when_asked_for_and_nothing_else_changes() {
    let text = format!("{HEAD}steps: 3\n");
    let source = Source { name: "flow.yml", text: &text };
    let found = compiled(&text).diagnostics;
    let coloured = render_text(&found, &source, true);
    assert!(coloured.contains("\u{1b}["));
    assert!(!render_text(&found, &source, false).contains('\u{1b}'));
}

#[test]
fn text_of_others_cannot_reach_the_terminal() {
    let text = format!("{HEAD}steps: [ {{ id: \"\\e[2J\\u202e\", set: {{ n: 1 }} }} ]\n");
    let source = Source { name: "flow.yml", text: &text };
    let found = compiled(&text).diagnostics;
    let shown = render_text(&found, &source, false) + &to_json(&found, &source).to_string();
    assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown}");
    assert!(shown.contains("\\u{1b}[2J"), "{shown}");
}

#[test]
fn json_has_the_same() {
    let text = "apiVersion: coldframe/v1\nkind: Pipeline\nmetadata: { name: t }\nsteps:\n  - { id: a, set: { n: 1 } }\n  - { id: a, set: { n: 1 } }\n";
    let source = Source { name: "flow.yml", text };
    let found = to_json(&compiled(text).diagnostics, &source);
    let expected = json!({
        "omitted": 0,
        "diagnostics": [{
            "code": "duplicate-id",
            "severity": "error",
            "file": "flow.yml",
            "line": 6,
            "column": 11,
            "end": { "line": 6, "column": 12 },
            "message": "two steps are called `a`",
            "labels": [{ "line": 5, "column": 11, "message": "the first one" }],
            "help": "give one of them another id",
            "yaml_path": "steps[1].id",
        }],
    });
    assert_eq!(found, expected);
}

#[test]
fn the_first_200_are_printed_and_the_rest_is_counted() {
    let keys: String = (0..PRINTED_MAX + 50).map(|n| format!("unknown_{n}: 1\n")).collect();
    let text = format!("{HEAD}steps: [{{ id: a, set: {{ n: 1 }} }}]\n{keys}");
    let source = Source { name: "flow.yml", text: &text };
    let found = compiled(&text).diagnostics;
    assert_eq!(found.len(), PRINTED_MAX + 50);
    let shown = render_text(&found, &source, false);
    assert_eq!(shown.matches("error[unknown-key]").count(), PRINTED_MAX);
    assert!(shown.ends_with("… and 50 more problems\n\n"));
    assert_eq!(to_json(&found, &source)["omitted"], 50);
}
