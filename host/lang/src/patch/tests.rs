//! Patches on texts: what comes out, what is refused, and the suite of other implementations.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{OPERATIONS_MAX, apply, written};
use crate::fmt::tree::{Document, Item, Written};
use crate::yaml::read;

#[track_caller]
fn check(text: &str, patch: &Value, expected: &str) {
    let found = apply(text, &patch.to_string()).unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(found, expected, "patched:\n{found}");
}

#[track_caller]
fn check_refused(text: &str, patch: &Value, expected: &str) {
    let error = apply(text, &patch.to_string()).unwrap_err();
    assert_eq!(format!("{error}\n    {}", error.help.clone().unwrap_or_default()), expected);
}

const TEXT: &str = "# head
apiVersion:   coldframe/v1 # odd spaces
steps:
# the first
- id: a   # a
  # what it says
  with: {text:   hi,  n: 1} # with
  set:

    b: 1


    c: 2 # c
    # foot
# the second
-   id: b
    needs: [ a ]
# end
";

#[test]
fn lines_that_do_not_change_stay_as_they_are() {
    check(
        TEXT,
        &json!([
            {"op": "test", "path": "/steps/0/id", "value": "a"},
            {"op": "replace", "path": "/steps/0/with/text", "value": "a, b"},
            {"op": "add", "path": "/steps/0/set/d", "value": {"x": [1, "yes"]}},
            {"op": "remove", "path": "/steps/0/set/b"},
            {"op": "add", "path": "/steps/1", "value": {"id": "new", "uses": "std/text#stats", "with": {"text": "one\ntwo\n"}}},
            {"op": "add", "path": "/steps/2/needs/-", "value": "new"},
        ]),
        "# head
apiVersion:   coldframe/v1 # odd spaces
steps:
# the first
- id: a   # a
  # what it says
  with: { text: \"a, b\", n: 1 } # with
  set:


    c: 2 # c
    d: { x: [1, \"yes\"] }
    # foot
- id: new
  uses: std/text#stats
  with:
    text: |
      one
      two
# the second
-   id: b
    needs: [a, new]
# end
",
    );
}

#[test]
fn items_move_with_their_comments() {
    check(
        TEXT,
        &json!([{"op": "move", "from": "/steps/0", "path": "/steps/1"}, {"op": "copy", "from": "/steps/0/id", "path": "/name"}]),
        "# head
apiVersion:   coldframe/v1 # odd spaces
steps:
# the second
-   id: b
    needs: [ a ]
# the first
- id: a # a
  # what it says
  with: { text: hi, n: 1 } # with
  set:
    b: 1

    c: 2 # c
    # foot
name: b
# end
",
    );
    check(
        "a: [1]\n# x\nb: {}\n",
        &json!([{"op": "remove", "path": "/a/0"}, {"op": "add", "path": "/b/a~1b", "value": null}]),
        "a: []\n# x\nb: { a/b: null }\n",
    );
    check("a:\n- 1 # one\n# x\n", &json!([{"op": "remove", "path": "/a/0"}]), "a: []\n# x\n");
    check(
        "steps: []\n",
        &json!([{"op": "add", "path": "/steps/-", "value": {"id": "a", "set": {}}}]),
        "steps:\n  - id: a\n    set: {}\n",
    );
    check("a: 1\n", &json!([{"op": "replace", "path": "", "value": {"b": "x"}}]), "{ b: x }\n");
}

#[test]
fn errors_name_the_operation_and_what_there_is() {
    check_refused(
        TEXT,
        &json!([{"op": "remove", "path": "/steps/0/needs"}]),
        "operation 0, `remove` of `/steps/0/needs`: there is no `needs`\n    there are: `id`, `set`, `with`",
    );
    check_refused(
        TEXT,
        &json!([{"op": "test", "path": "", "value": 1}]),
        "operation 0, `test` of ``: the value is `{\"apiVersion\":\"coldframe/v1\",\"steps\":[{\"id\":\"a\",\"set\":{\"b\":1,\"c\":2},\"with\":{\"n\":…`, expected `1`\n    the file has changed since the patch was made; make it anew",
    );
    check_refused(
        TEXT,
        &json!([{"op": "test", "path": "/steps/0/id", "value": "a"}, {"op": "replace", "path": "/steps/0/wiht", "value": 1}]),
        "operation 1, `replace` of `/steps/0/wiht`: there is no `wiht`\n    did you mean `with`?",
    );
    check_refused(
        TEXT,
        &json!([{"op": "add", "path": "/steps/7", "value": 1}]),
        "operation 0, `add` of `/steps/7`: `7` is not a place in the list\n    from `0` to `2`, or `-` for the end",
    );
    check_refused(
        TEXT,
        &json!([{"op": "move", "from": "/steps", "path": "/steps/0"}]),
        "operation 0, `move` of `/steps/0`: `/steps` cannot be moved into itself\n    copy it instead, or move it to a place outside",
    );
    check_refused(
        TEXT,
        &json!([{"op": "remov", "path": ""}]),
        "operation 0: there is no operation `remov`\n    did you mean `remove`?",
    );
    check_refused(
        TEXT,
        &json!([{"op": "add", "path": "a", "value": 1}]),
        "operation 0: `a` is not a pointer\n    a pointer begins with `/`, as in `/steps/0/with/text`",
    );
    check_refused(
        TEXT,
        &json!({}),
        "the patch is not a list of operations\n    for example `[{\"op\": \"remove\", \"path\": \"/steps/0\"}]`",
    );
    check_refused(
        "a: 1\n",
        &json!([{"op": "remove", "path": ""}]),
        "the result is not read: the file is empty, expected a pipeline\n    start with `apiVersion: coldframe/v1` and `kind: Pipeline`",
    );
    check_refused(
        "a: 1\n",
        &json!([{"op": "add", "path": "/", "value": 1}]),
        "the result is not read: an empty key, expected a name\n    give the value a name, or remove the `:`",
    );
}

#[test]
fn bombs_are_refused_before_they_grow() {
    let double = json!({"op": "copy", "from": "/a", "path": "/a/-"});
    let patch = Value::Array(vec![double; 80]);
    let error = apply("a: [xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx]\n", &patch.to_string()).unwrap_err();
    assert!(
        error.to_string().contains("the file would be larger")
            || error.to_string().contains("nested"),
        "{error}"
    );

    let wide: Vec<Value> =
        (0..20).map(|n| json!({"op": "copy", "from": "/a", "path": format!("/a/k{n}")})).collect();
    let error = apply("a: { x: 1, y: 2 }\n", &json!(wide).to_string()).unwrap_err();
    assert!(error.operation.unwrap() < 20, "{error}");

    let many = vec![json!({"op": "test", "path": "/a", "value": 1}); OPERATIONS_MAX + 1];
    assert!(apply("a: 1\n", &json!(many).to_string()).is_err());
    let deep = format!("[{{\"op\":\"add\",\"path\":\"{}\",\"value\":1}}]", "/a".repeat(65));
    assert!(apply("a: 1\n", &deep).unwrap_err().to_string().contains("65 parts"));
    assert!(apply("a: 1\n", &" ".repeat(70_000)).is_err());
    assert!(apply("a: 1\n", &"[".repeat(60_000)).is_err());
}

/// A document as YAML without brackets.
fn block_text(value: &Value) -> String {
    fn open(value: &mut Written) {
        if let Written::Collection(found) = value {
            found.flow = found.items.is_empty();
            found.items.iter_mut().for_each(|item| open(&mut item.value));
        }
    }
    let mut root = Item::new(None, written::value(value));
    open(&mut root.value);
    crate::fmt::print::print(&Document { head: Vec::new(), root, foot: Vec::new(), body: 0..0 })
}

#[test]
fn the_suite_of_json_patch() {
    let suites = [
        include_str!("../tests/data/json-patch/tests.json"),
        include_str!("../tests/data/json-patch/spec_tests.json"),
    ];
    let mut seen = 0;
    let mut unwritable = Vec::new();
    for suite in suites {
        let records: Vec<Value> = serde_json::from_str(suite).unwrap();
        for record in records {
            if record.get("disabled").is_some() || record.get("doc").is_none() {
                continue;
            }
            let doc = &record["doc"];
            for text in [block_text(doc), doc.to_string()] {
                if read::read(&text).map(|root| root.to_value()) != Ok(doc.clone()) {
                    unwritable.push(record["comment"].clone());
                    continue;
                }
                seen += 1;
                let found = apply(&text, &record["patch"].to_string());
                match (record.get("expected"), found) {
                    (Some(expected), Ok(found)) => {
                        assert_eq!(read::read(&found).unwrap().to_value(), *expected, "{record}");
                    }
                    (None, Ok(found)) => {
                        assert!(record.get("error").is_none(), "{record}\n{found}");
                    }
                    // What YAML as we read it has no way to say.
                    (Some(expected), Err(error)) => {
                        assert!(
                            error.message.starts_with("the result is not read"),
                            "{error}: {record}"
                        );
                        assert!(*expected == Value::Null || has_empty_key(expected), "{record}");
                    }
                    (None, Err(error)) => {
                        assert!(!error.to_string().contains("would not say"), "{error}: {record}");
                    }
                }
            }
        }
    }
    assert_eq!(seen, 178);
    assert!(unwritable.len() <= 8, "{unwritable:?}");
}

fn has_empty_key(value: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            fields.iter().any(|(key, value)| key.is_empty() || has_empty_key(value))
        }
        Value::Array(items) => items.iter().any(has_empty_key),
        _ => false,
    }
}

/// Every pointer into a value.
fn pointers(value: &Value, at: &str, out: &mut Vec<String>) {
    out.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                pointers(value, &format!("{at}/{key}"), out);
            }
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, value)| pointers(value, &format!("{at}/{index}"), out)),
        _ => {}
    }
}

fn comments(text: &str) -> usize {
    text.matches('#').count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_operations_on_commented_texts(text in crate::fmt::tests::value(3), picks in prop::collection::vec((0..6_usize, any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..6_usize), 1..5)) {
        let Ok(root) = read::read(&text) else { return Ok(()) };
        let mut places = Vec::new();
        pointers(&root.to_value(), "", &mut places);
        let values = [json!(1), json!("a\nb\n"), json!({"id": "x", "with": {"text": "{{ y }}", "n": [1, {"z": null}]}}), json!([]), json!("no"), json!([["a"], {}])];
        let patch: Vec<Value> = picks.iter().map(|(op, at, from, value)| {
            let (at, from, value) = (at.get(&places), from.get(&places), &values[*value]);
            match op {
                0 => json!({"op": "add", "path": at, "value": value}),
                1 => json!({"op": "remove", "path": at}),
                2 => json!({"op": "replace", "path": at, "value": value}),
                3 => json!({"op": "move", "from": from, "path": at}),
                4 => json!({"op": "copy", "from": from, "path": at}),
                _ => json!({"op": "add", "path": format!("{at}/-"), "value": value}),
            }
        }).collect();
        match apply(&text, &json!(patch).to_string()) {
            Ok(found) => {
                read::read(&found).unwrap();
                if picks.iter().all(|(op, ..)| *op == 5) {
                    prop_assert_eq!(comments(&found), comments(&text), "{}\n{}", text, found);
                }
            }
            Err(error) => prop_assert!(!error.to_string().contains("would not say"), "{error}\n{text}\n{patch:?}"),
        }
    }

    #[test]
    fn any_patch(patch in any::<String>()) {
        let _ = apply(TEXT, &patch);
    }
}

const SEVERAL: &str = "kind:  Policy   # odd
metadata: {name: p}
--- # own
kind:  Pipeline
metadata: {name: p}
steps:
- id: a
  # last
---
{kind: Macro, metadata: {name: m}}
";

#[track_caller]
fn check_document(document: Option<&str>, patch: &Value, expected: &str) {
    let found = match super::apply_to(SEVERAL, document, &patch.to_string()) {
        Ok(found) => found,
        Err(error) => format!("{error}\n    {}", error.help.clone().unwrap_or_default()),
    };
    assert_eq!(found, expected, "patched:\n{found}");
}

#[test]
fn one_of_several_documents() {
    let id = json!([{ "op": "replace", "path": "/steps/0/id", "value": "b" }]);
    check_document(None, &id, &SEVERAL.replace("id: a", "id: b"));
    check_document(Some("Pipeline/p"), &id, &SEVERAL.replace("id: a", "id: b"));
    let name = json!([{ "op": "add", "path": "/timeout", "value": "5m" }]);
    check_document(
        Some("Policy/p"),
        &name,
        &SEVERAL.replace("{name: p}\n--- #", "{name: p}\ntimeout: \"5m\"\n--- #"),
    );
    check_document(
        Some("m"),
        &name,
        &SEVERAL.replace(
            "{kind: Macro, metadata: {name: m}}",
            "{ kind: Macro, metadata: { name: m }, timeout: \"5m\" }",
        ),
    );
    check_document(
        Some("m"),
        &json!([{ "op": "test", "path": "/kind", "value": "Macro" }]),
        SEVERAL,
    );
}

#[test]
fn which_document_is_said() {
    let none = json!([]);
    check_document(
        Some("p"),
        &none,
        "2 documents are called `p`
    say of which kind it is: `Policy/p`, `Pipeline/p`, `Macro/m`",
    );
    check_document(
        Some("x"),
        &none,
        "there is no document `x`
    the documents are: `Policy/p`, `Pipeline/p`, `Macro/m`",
    );
    check_refused(
        "kind: Policy\n---\nkind: Macro\n",
        &none,
        "the file has no pipeline
    say which document is meant: `Policy/?`, `Macro/?`",
    );
    check_refused(
        "{ kind: Pipeline, metadata: { name: a } }\n---\nkind: Pipeline\n",
        &none,
        "the file has 2 pipelines, expected one
    say which document is meant: `Pipeline/a`, `Pipeline/?`",
    );
}

#[test]
fn a_text_of_one_line_break_keeps_it() {
    let patch = json!([{ "op": "add", "path": "/a", "value": "\n" }]);
    check("a: 1\n", &patch, "a: \"\\n\"\n");
}
