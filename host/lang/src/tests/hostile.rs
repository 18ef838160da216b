//! Texts that are meant to hurt: each gives one clear problem, soon, and nothing ever aborts.

use std::fmt::Write as _;

use super::{HEAD, compiled};

/// The code of the one problem of each text.
#[track_caller]
fn check(cases: &[(&str, String)]) {
    for (expected, text) in cases {
        let found = compiled(text);
        let codes: Vec<&str> = found.diagnostics.iter().map(|d| d.code.id).collect();
        let head: String = text.chars().take(60).collect();
        assert_eq!(codes, [*expected], "{head:?}: {:?}", found.diagnostics.first());
    }
}

fn deep_mapping(depth: usize) -> String {
    (0..depth).fold(String::new(), |mut text, level| {
        let _ = writeln!(text, "{}a:", " ".repeat(level));
        text
    })
}

#[test]
fn deep_nesting() {
    check(&[
        ("yaml-too-deep", "[".repeat(20_000)),
        ("yaml-too-deep", format!("{}{}", "[".repeat(20_000), "]".repeat(20_000))),
        ("yaml-too-deep", "- ".repeat(100_000)),
        ("yaml-key", "? ".repeat(100_000)),
        ("yaml-too-deep", "{a: ".repeat(50_000)),
        ("yaml-too-deep", deep_mapping(1_000)),
        ("yaml-too-large", deep_mapping(3_000)),
        ("yaml-too-deep", format!("{HEAD}steps: {}{}", "[".repeat(64), "]".repeat(64))),
    ]);
}

#[test]
fn bombs() {
    let mut laughs = "a: &a [x, x]\n".to_owned();
    for (from, to) in ["ab", "bc", "cd", "de", "ef", "fg", "gh", "hi", "ij"]
        .iter()
        .filter_map(|p| p.split_at_checked(1))
    {
        let _ = writeln!(laughs, "{to}: &{to} [{}]", vec![format!("*{from}"); 10].join(", "));
    }
    check(&[
        ("yaml-alias", laughs),
        ("yaml-alias", "a: *b\n".to_owned()),
        ("yaml-alias", "&a [*a]\n".to_owned()),
        ("yaml-too-large", "x".repeat(2 << 20)),
        ("yaml-too-large", "- a\n".repeat(60_000)),
        ("yaml-too-large", format!("[{}]", "a,".repeat(60_000))),
        ("yaml-documents", "--- a\n".repeat(1_000)),
    ]);
}

#[test]
fn odd_texts() {
    check(&[
        ("yaml-empty", String::new()),
        ("yaml-empty", " \n\n# only a comment\n".to_owned()),
        ("yaml-empty", "---\n...\n".to_owned()),
        ("yaml-empty", "\u{feff}".to_owned()),
        ("yaml-hidden-character", "a\0b".to_owned()),
        ("yaml-hidden-character", "\0".repeat(1000)),
        ("yaml-hidden-character", "a: b\u{feff}\n".to_owned()),
        ("yaml-hidden-character", "a: \u{202e}b\n".to_owned()),
        ("yaml-hidden-character", "\u{7f}ELF\u{1}\u{2}".to_owned()),
        ("yaml-syntax", "a:\n\t- b\n".to_owned()),
        ("yaml-syntax", "a: b: c\n".to_owned()),
        ("yaml-syntax", "%YAML 1.1\n---\na: b\n".to_owned()),
        ("yaml-syntax", "\"never closed".to_owned()),
        ("yaml-syntax", "}".to_owned()),
        ("yaml-key", "{[a]: b}".to_owned()),
        ("yaml-key", ": a\n".to_owned()),
        ("yaml-tag", "!!binary aGk=\n".to_owned()),
        ("yaml-tag", "a: !include other.yml\n".to_owned()),
        ("yaml-merge-key", "a: { <<: [1] }\n".to_owned()),
        ("yaml-duplicate-key", "allow: [a]\nallow: [evil]\n".to_owned()),
        ("yaml-duplicate-key", "a: 1\n\"a\": 2\n".to_owned()),
        ("wrong-shape", "- a\n".to_owned()),
        ("wrong-shape", "0".to_owned()),
        ("wrong-shape", "\u{feff}text\r\n".to_owned()),
    ]);
}

#[test]
fn a_byte_order_mark_moves_no_place() {
    let found = compiled(
        "\u{feff}apiVersion: coldframe/v2\nkind: Pipeline\nmetadata: { name: t }\nsteps: [{ id: a, set: { n: 1 } }]\n",
    );
    let [problem] = found.diagnostics.as_slice() else { panic!("{:?}", found.diagnostics) };
    assert_eq!((problem.span.start, problem.span.end), (15, 27));
}

#[test]
fn expressions_of_every_size() {
    let set = |value: &str| format!("{HEAD}steps: [{{ id: a, set: {{ n: \"{value}\" }} }}]\n");
    check(&[
        ("expression-too-large", set(&format!("{{{{ {}1 }}}}", "1+".repeat(100_000)))),
        ("expression-too-large", set(&format!("{{{{ {} }}}}", "(".repeat(4_000)))),
        ("expression-syntax", set(&"{{".repeat(100_000))),
        ("expression-syntax", set(&format!("{{{{ {} }}}}", "not ".repeat(1_000)))),
        ("unsupported-statement", set("{% set a = a ~ a %}")),
        ("unsupported-statement", set(&"{#".repeat(100_000))),
    ]);
    let many = compiled(&set(&"{{ 1 }}x".repeat(100_000)));
    assert!(many.graph.is_some(), "{:?}", many.diagnostics);
}

/// Places in texts that differ from the source are looked for, once each.
#[test]
fn many_holes_in_a_block() {
    let set = |value: &str| format!("{HEAD}steps:\n  - id: a\n    set:\n      n: {value}");
    let block = set(&format!("|\n{}", "        x {{ run.id }}\n".repeat(40_000)));
    assert!(compiled(&block).graph.is_some());
    let escaped = set(&format!("\"\\t{}\"\n", "{{ 'a\\\"' ~ run.id }}".repeat(30_000)));
    let found = compiled(&escaped);
    assert!(found.graph.is_some(), "{:?}", found.diagnostics);
}

/// Steps that each hold the one before them twice: their types would double every time.
#[test]
fn types_that_double() {
    let doubling = |hold: fn(usize) -> String| {
        let mut text = format!("{HEAD}steps:\n  - {{ id: s0, set: {{ v: 1 }} }}\n");
        for n in 1..2_000 {
            let _ = writeln!(text, "  - {{ id: s{n}, set: {{ v: {} }} }}", hold(n - 1));
        }
        let _ = writeln!(
            text,
            "  - {{ id: t, uses: acme/types#take, with: {{ text: \"{{{{ s3.v }}}}\" }} }}"
        );
        text
    };
    check(&[
        ("type-mismatch", doubling(|n| format!("[\"{{{{ s{n}.v }}}}\", \"{{{{ s{n}.v }}}}\"]"))),
        (
            "type-mismatch",
            doubling(|n| format!("{{ a: \"{{{{ s{n} }}}}\", b: \"{{{{ s{n} }}}}\" }}")),
        ),
        ("type-mismatch", doubling(|n| format!("[\"{{{{ s{n} }}}}\"]"))),
    ]);
}

/// Every step uses an object of many fields.
#[test]
fn wide_types() {
    let inputs: String = (0..2_000).map(|n| format!("  i{n}: string\n")).collect();
    let steps: String = (0..4_000).map(|n| format!("  - {{ id: s{n}, set: {{ n: \"{{{{ inputs.i7 }}}}\", m: \"{{{{ inputs }}}}\" }} }}\n")).collect();
    let found = compiled(&format!("{HEAD}inputs:\n{inputs}steps:\n{steps}"));
    assert!(found.graph.is_some(), "{:?}", found.diagnostics.first());
}

/// A pipeline of `count` steps, each using the one before it and the first.
fn chain(count: usize) -> String {
    let mut text = format!(
        "{HEAD}inputs: {{ text: string }}\nsteps:\n  - {{ id: s0, uses: std/text#stats, with: {{ text: \"{{{{ inputs.text }}}}\" }} }}\n"
    );
    for n in 1..count {
        let _ = writeln!(
            text,
            "  - {{ id: s{n}, needs: s{}, set: {{ n: \"{{{{ s0.word_count + {n} }}}}\" }} }}",
            n - 1
        );
    }
    text
}

/// Not a test of time: were anything quadratic, these would take minutes.
#[test]
fn thousands_of_steps() {
    let found = compiled(&chain(5_000));
    assert_eq!(found.diagnostics, []);
    let graph = found.graph.unwrap();
    graph.assert_valid();
    assert_eq!(graph.steps.len(), 5_000);

    let backwards: String = (0..5_000)
        .map(|n| format!("  - {{ id: s{n}, needs: s{}, set: {{ n: 1 }} }}\n", n + 1))
        .collect();
    let last = "  - { id: s5000, set: { n: 1 } }\n";
    let found = compiled(&format!("{HEAD}steps:\n{backwards}{last}"));
    assert_eq!(found.graph.unwrap().steps[0].id, "s5000");

    let circle =
        format!("{HEAD}steps:\n{backwards}  - {{ id: s5000, needs: s0, set: {{ n: 1 }} }}\n");
    check(&[("cycle", circle)]);
}

#[test]
fn thousands_of_problems() {
    let unknown: String = (0..5_000)
        .map(|n| format!("  - {{ id: step_{n}, set: {{ n: \"{{{{ stpe_{n}.n }}}}\" }} }}\n"))
        .collect();
    let found = compiled(&format!("{HEAD}steps:\n{unknown}"));
    assert_eq!(found.diagnostics.len(), 5_000);

    let keys: String = (0..40_000).map(|n| format!("k{n}: 1\n")).collect();
    assert_eq!(
        compiled(&format!("{HEAD}steps: [{{ id: a, set: {{ n: 1 }} }}]\n{keys}")).diagnostics.len(),
        40_000
    );

    let twice = "  - { id: a, set: { n: 1 } }\n".repeat(5_000);
    assert_eq!(compiled(&format!("{HEAD}steps:\n{twice}")).diagnostics.len(), 4_999);
}

#[test]
fn schemas_that_would_take_for_ever() {
    let pattern = "((\\\\w{100}){100}){100}";
    let inputs: String =
        (0..1_000).map(|n| format!("  i{n}: {{ pattern: \"{pattern}\" }}\n")).collect();
    let found =
        compiled(&format!("{HEAD}inputs:\n{inputs}steps: [{{ id: a, set: {{ n: 1 }} }}]\n"));
    assert!(found.graph.is_none());
    assert!(
        found.diagnostics.iter().all(|d| d.code.id == "bad-schema"),
        "{:?}",
        found.diagnostics.first()
    );
}
