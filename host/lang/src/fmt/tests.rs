//! What comes out of the formatter, and that it says the same.

use proptest::prelude::*;

use super::format;

#[track_caller]
fn check(text: &str, expected: &str) {
    let found = format(text).unwrap_or_else(|problem| panic!("{problem:?}\n{text}"));
    assert_eq!(found, expected, "formatted:\n{found}\nof:\n{text}");
    let again = format(&found).unwrap();
    assert_eq!(again, found, "a second time");
}

#[test]
fn every_document_is_formatted() {
    check(
        "# first
---
kind:  Pipeline
apiVersion: coldframe/v1 # v1
# foot
--- # second
kind: Policy

metadata: {name:   p}
...
---
text
--- {a:  1}
",
        "# first
apiVersion: coldframe/v1 # v1
kind: Pipeline
# foot
---
# second
kind: Policy

metadata: { name: p }
---
text
---
{ a: 1 }
",
    );
    check("a:  |+\n    x\n\n---\nb: 1\n...\nc: 1", "a: |+\n  x\n\n---\nb: 1\n---\nc: 1\n");
    let problem = format("a: 1\n---\n? |\n  k\n: 1\n").unwrap_err();
    assert_eq!((problem.code.id, problem.span.start), ("format-differs", 11));
}

#[test]
fn keys_come_in_order_with_their_comments() {
    check(
        "# head
kind: Pipeline

# the version
apiVersion: coldframe/v1   # v1
steps:
- uses: 'std/text#stats'
  # the id
  id: a
  zzz: 1
- id: b

  # why
  when: \"a.n > 1\" # only then
  limits: {memory: 1MiB, fuel: 5}


# below
metadata: {version: \"1.0.0\",  name: t}
# end
",
        "# head
# the version
apiVersion: coldframe/v1 # v1
kind: Pipeline

# below
metadata: { name: t, version: \"1.0.0\" }
steps:
  # the id
  - id: a
    uses: std/text#stats
    zzz: 1
  - id: b

    # why
    when: a.n > 1 # only then
    limits: { fuel: 5, memory: 1MiB }
# end
",
    );
}

#[test]
fn nested_steps_are_in_order_too() {
    check(
        "kind: Pipeline
steps:
  - map: { steps: [{ set: { b: 1, a: 2 }, id: x }], over: inputs.x }
    id: m
  - id: s
    switch: { default: { output: 1, steps: [] }, cases: [{ steps: [], is: a }], on: x }
  - { parallel: { branches: { b: { output: 1, steps: [] }, a: { steps: [] } }, join: any }, id: p }
",
        "kind: Pipeline
steps:
  - id: m
    map: { over: inputs.x, steps: [{ id: x, set: { b: 1, a: 2 } }] }
  - id: s
    switch: { on: x, cases: [{ is: a, steps: [] }], default: { steps: [], output: 1 } }
  - { id: p, parallel: { join: any, branches: { b: { steps: [], output: 1 }, a: { steps: [] } } } }
",
    );
}

#[test]
fn quotes_stay_where_they_say_something() {
    check(
        "a: \"yes\"
b: '1.0'
c: \"plain words, here\"
d: [\"x, y\", 'z', \"{{ a }}\", \"\"]
'e': \"a: b\"
f: 'it''s'
g: \"2026-01-02\"
h: \"a\\tb\"
\"i j\": \" x\"
",
        "a: \"yes\"
b: '1.0'
c: plain words, here
d: [\"x, y\", z, \"{{ a }}\", \"\"]
e: \"a: b\"
f: it's
g: \"2026-01-02\"
h: \"a\\tb\"
i j: \" x\"
",
    );
}

#[test]
fn comments_stay_everywhere() {
    check(
        "a: # on a
    # first
    b: 1
    # foot of a
# lead of c
c:
- 1 # one

# two


- 2
# foot or lead
d: { x: 1, # x
  y: 2 }
e:
  # only
f: [ # open
  1
  # last
]
g:
- # dash
  h: 1
-
  # own
  - i
# end

# very end
",
        "a: # on a
  # first
  b: 1
  # foot of a
# lead of c
c:
  - 1 # one

  # two

  - 2
# foot or lead
d:
  x: 1 # x
  y: 2
e:
  # only
f:
  # open
  - 1
  # last
g:
  # dash
  - h: 1
  # own
  - - i
# end

# very end
",
    );
}

#[test]
fn long_texts_keep_their_lines() {
    check(
        "a: |  # head
      x
       y

      z

b: >-
 f
 g


c: |2+
   k

d: one
     two
e: \"q
     r\" # t
f: |
g: |-

   x
",
        "a: | # head
  x
   y

  z

b: >-
  f
  g

c: |2+
   k

d: one
  two
e: \"q
  r\" # t
f: |
g: |-

  x
",
    );
}

#[test]
fn brackets_stay_while_they_fit() {
    let long = "a".repeat(45);
    check(
        &format!(
            "a: {{x: {long}, y: [{long}, {long}]}} # c\nb:\n  [1,\n   2]\nc: [a: 1, {{}}, []]\nd: {{ e, f: }}\n"
        ),
        &format!(
            "a: # c\n  x: {long}\n  y: [{long}, {long}]\nb: [1, 2]\nc: [{{ a: 1 }}, {{}}, []]\nd: {{ e: null, f: null }}\n"
        ),
    );
}

#[test]
fn odd_documents() {
    check("--- # start\na: 1\n...\n# x\n", "# start\na: 1\n# x\n");
    check("\u{feff}a: 1\r\nb: |\r\n  x\r\n  y\r\n", "a: 1\nb: |\n  x\n  y\n");
    check("[a, b]", "[a, b]\n");
    check("? a\n: b\n? c\n", "a: b\nc:\n");
    check("- - - a\n    - b\n  - c\n", "- - - a\n    - b\n  - c\n");
    check("a", "a");
}

/// Every YAML text there is in the examples, the docs and on the pages of the codes.
#[expect(clippy::disallowed_methods, reason = "only this test looks at files")]
pub(crate) fn texts() -> Vec<String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    for folder in ["examples", "docs", "docs/decisions", "host/lang/src/codes"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let Some(extension) = path.extension().and_then(|e| e.to_str()) else { continue };
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            match extension {
                "yml" => found.push(text),
                "md" => found.extend(
                    text.split("```yaml\n")
                        .skip(1)
                        .filter_map(|rest| rest.split("```").next().map(str::to_owned)),
                ),
                _ => {}
            }
        }
    }
    assert!(found.len() > 100, "{}", found.len());
    found
}

#[test]
fn everything_in_the_repository_formats_to_the_same() {
    for text in texts() {
        if crate::yaml::read::read(&text).is_err() {
            continue;
        }
        let formatted = format(&text).unwrap_or_else(|problem| panic!("{problem:?}\n{text}"));
        assert_eq!(format(&formatted).unwrap(), formatted, "{text}");
        let (a, b) = (crate::tests::compiled(&text), crate::tests::compiled(&formatted));
        let codes = |found: &crate::Compiled| -> Vec<String> {
            let mut codes: Vec<String> =
                found.diagnostics.iter().map(|d| d.message.clone()).collect();
            codes.sort();
            codes
        };
        assert_eq!(codes(&a), codes(&b), "{text}\n{formatted}");
        match (a.graph, b.graph) {
            (Some(a), Some(b)) => assert_eq!(unplaced(a), unplaced(b)),
            (None, None) => {}
            _ => panic!("only one compiles:\n{text}\n{formatted}"),
        }
    }
}

/// Without what depends on the bytes of the text.
pub(crate) fn unplaced(mut graph: crate::Graph) -> crate::Graph {
    graph.spec_sha256 = coldframe_format::Digest::of(b"");
    // They are the operator's, and stand in no pipeline.
    graph.models.clear();
    for step in &mut graph.steps {
        step.line = 0;
        step.yaml_path = String::new();
    }
    for test in &mut graph.tests {
        test.line = 0;
    }
    graph
}

/// Pieces of documents, put together line by line.
fn documents() -> impl Strategy<Value = String> {
    let indent = prop::sample::select(&[0_usize, 0, 1, 2, 2, 3, 4, 4, 6, 8][..]);
    let content = prop::sample::select(
        &[
            "a:",
            "b: 1",
            "c: 'x'",
            "d: \"y z\" # t",
            "- ",
            "- e",
            "- f: 1",
            "# own",
            "",
            "",
            "- - g",
            "h: |",
            "i: >-",
            "text",
            "j: { k: 1, l: [2, 3] } # m",
            "n: [",
            "]",
            "o: {",
            "}",
            "p: 1,",
            "q,",
            "- # r",
            "s: # t",
            "? u",
            ": v",
            "w: |2",
            "x: 'one",
            "two'",
            "---",
            "kind: Pipeline",
            "steps:",
            "- id: z",
            "uses: y",
            "\tq",
            "id: >+",
            "...",
        ][..],
    );
    prop::collection::vec((indent, content), 0..14).prop_map(|lines| {
        lines.iter().map(|(indent, line)| format!("{}{line}\n", " ".repeat(*indent))).collect()
    })
}

/// Documents that are right from the start, with comments and styles at random.
pub(crate) fn value(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop::sample::select(
        &[
            "1",
            "x",
            "'it''s'",
            "\"a, b\"",
            "\"{{ a }}\"",
            "null",
            "~",
            "{}",
            "[]",
            "[1, 'a b', {x: \"y: z\"}]",
            "yes",
            "\"no\"",
            "",
        ][..],
    )
    .prop_map(|text| format!(" {text}"));
    if depth == 0 {
        return leaf.boxed();
    }
    let comment = || prop::sample::select(&["", "", "", "", " # trail"][..]);
    let own = || {
        prop::sample::select(
            &["", "", "", "", "# own\n", "\n", "\n\n# gap\n", "# one\n\n# two\n"][..],
        )
    };
    let text = (
        prop::sample::select(&["|", ">", "|-", ">+", "|+"][..]),
        comment(),
        prop::collection::vec(prop::sample::select(&["one", "  two", "", "# three"][..]), 1..4),
    )
        .prop_map(|(mark, comment, lines)| {
            format!(" {mark}{comment}\n  x\n  {}\n", lines.join("\n  "))
        });
    let list = (
        comment(),
        own(),
        prop::collection::vec((own(), value(depth - 1), comment()), 1..4),
        0..3_usize,
    )
        .prop_map(|(trail, first, items, extra)| {
            block(
                trail,
                first,
                extra,
                items
                    .into_iter()
                    .map(|(own, value, comment)| (own, "-".to_owned(), value, comment)),
            )
        });
    let map = (
        comment(),
        own(),
        prop::collection::vec((own(), value(depth - 1), comment()), 1..4),
        0..3_usize,
    )
        .prop_map(|(trail, first, items, extra)| {
            block(
                trail,
                first,
                extra,
                items
                    .into_iter()
                    .enumerate()
                    .map(|(at, (own, value, comment))| (own, format!("k{at}:"), value, comment)),
            )
        });
    prop_oneof![leaf, text, list.clone(), map.clone(), map].boxed()
}

fn block(
    trail: &str,
    first: &str,
    extra: usize,
    items: impl Iterator<Item = (&'static str, String, String, &'static str)>,
) -> String {
    let mut out = String::new();
    for (own, head, value, comment) in items {
        out += own;
        out += &head;
        let block = value.contains('\n');
        out += &value;
        if !block {
            out += comment;
        }
        if !out.ends_with('\n') {
            out += "\n";
        }
    }
    out += first;
    let pad = " ".repeat(1 + extra);
    let body: String = out
        .lines()
        .map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{pad}{line}\n") })
        .collect();
    format!("{trail}\n{body}")
}

fn check_any(text: &str) {
    if crate::yaml::read::read(text).is_err() {
        return;
    }
    match format(text) {
        Ok(found) => assert_eq!(format(&found).unwrap(), found, "not stable, of:\n{text}"),
        Err(problem) => panic!("{problem:?}\n{text}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_lines(text in documents()) {
        check_any(&text);
    }

    #[test]
    fn random_values(text in value(3)) {
        check_any(&text);
    }

    #[test]
    fn any_characters(text in any::<String>()) {
        let _ = format(&text);
    }
}

#[test]
fn spaces_at_the_end_of_a_file_are_no_line_of_a_text() {
    check("a:\n  b: |2+\n     x\n\n\n   ", "a:\n  b: |2+\n     x\n\n\n");
    check("a: |+\n  x\n ", "a: |+\n  x\n");
    check("a: |+\n  x\n   ", "a: |+\n  x\n   \n");
    check("a: |+\n\n ", "a: |+\n\n");
    check("a: |+\n ", "a: |+\n\n");
    for mark in ["|", "|-", "|+", "|2", "|2-", "|2+", ">", ">-", ">+", ">2+"] {
        for text in ["  x", "   x", "    x\n  y", "\n  x", "", " ", "\n"] {
            for end in ["", " ", "   ", "\n ", "\n   ", "    \n ", "\r\n ", "# c", "\n  # c"] {
                for head in ["a: ", "- ", "l:\n- "] {
                    let text = format!("{head}{mark}\n{text}\n{end}");
                    if crate::yaml::read::read(&text).is_ok() {
                        let found = format(&text).unwrap_or_else(|_| panic!("{text:?}"));
                        assert_eq!(format(&found).as_ref(), Ok(&found), "of {text:?}");
                    }
                }
            }
        }
    }
}
