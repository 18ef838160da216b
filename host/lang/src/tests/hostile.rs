//! Texts that are meant to hurt: each gives one clear problem, soon, and nothing ever aborts.

use std::fmt::Write as _;

use super::files::Folder;
use super::{HEAD, compiled, compiled_with};

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
        ("yaml-hidden-character", "a: b\rc: d\n".to_owned()),
        ("yaml-hidden-character", "a: b\r".to_owned()),
        ("yaml-hidden-character", "\u{7f}ELF\u{1}\u{2}".to_owned()),
        ("yaml-syntax", "a:\n\t- b\n".to_owned()),
        ("yaml-syntax", "a: b: c\n".to_owned()),
        ("yaml-syntax", "%YAML 1.1\n---\na: b\n".to_owned()),
        ("yaml-syntax", "\"never closed".to_owned()),
        ("yaml-syntax", "}".to_owned()),
        ("yaml-key", "{[a]: b}".to_owned()),
        ("yaml-key", ": a\n".to_owned()),
        ("yaml-tag", "!!binary aGk=\n".to_owned()),
        ("yaml-tag", "a: !include [other.yml]\n".to_owned()),
        ("yaml-tag", "!include other.yml\n".to_owned()),
        ("yaml-tag", "{ !include other.yml: 1 }\n".to_owned()),
        ("yaml-tag", "a: !Include other.yml\n".to_owned()),
        ("yaml-tag", "a: !<!include> other.yml\n".to_owned()),
        ("unknown-file", "a: !include other.yml\n".to_owned()),
        ("unknown-file", "a: !include\n".to_owned()),
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

/// Thousands of steps in one block, and blocks in blocks, all using what is around them.
#[test]
fn thousands_of_steps_in_a_step() {
    let mut inner = String::new();
    for n in 1..5_000 {
        let _ = writeln!(
            inner,
            "        - {{ id: s{n}, needs: s{}, set: {{ n: \"{{{{ first.n ~ item }}}}\" }} }}",
            n - 1
        );
    }
    let text = format!(
        "{HEAD}steps:\n  - {{ id: first, set: {{ n: 1 }} }}\n  - id: all\n    map:\n      over: [1]\n      steps:\n        - {{ id: s0, set: {{ n: 1 }} }}\n{inner}  - {{ id: last, set: {{ n: \"{{{{ all }}}}\" }} }}\n"
    );
    let found = compiled(&text);
    assert_eq!(found.diagnostics, []);
    let graph = found.graph.unwrap();
    graph.assert_valid();
    assert_eq!(graph.steps.len(), 5_003);

    let maps: String = (0..2_500)
        .map(|n| format!("  - {{ id: m{n}, map: {{ over: [1], steps: [{{ id: x, set: {{ n: \"{{{{ m{} }}}}\" }} }}] }} }}\n", n + 1))
        .collect();
    let found = compiled(&format!("{HEAD}steps:\n{maps}  - {{ id: m2500, set: {{ n: 1 }} }}\n"));
    assert_eq!(found.diagnostics, []);
    found.graph.unwrap().assert_valid();

    let unknown: String = (0..5_000)
        .map(|n| format!("      - {{ id: s{n}, set: {{ n: \"{{{{ stpe{n} }}}}\" }} }}\n"))
        .collect();
    let found = compiled(&format!(
        "{HEAD}steps:\n  - id: l\n    loop:\n      max: 1\n      steps:\n{unknown}"
    ));
    assert_eq!(found.diagnostics.len(), 5_000);
}

/// Steps in steps in steps.
#[test]
fn steps_nested_too_deep() {
    let nested = |depth: usize, open: &str, close: &str| {
        let mut text = "{ id: last, set: { n: 1 } }".to_owned();
        for n in 0..depth {
            text = format!("{{ id: s{n}, {open}[{text}]{close} }}");
        }
        format!("{HEAD}steps: [{text}]\n")
    };
    let (open, close) = ("loop: { max: 1, steps: ", " }");
    let deepest = compiled(&nested(16, open, close));
    assert_eq!(deepest.diagnostics, []);
    deepest.graph.unwrap().assert_valid();
    let (case, end) = ("switch: { cases: [{ when: run.id, steps: ", " }] }");
    check(&[
        ("too-deep", nested(17, open, close)),
        ("too-deep", nested(19, open, close)),
        ("yaml-too-deep", nested(1_000, open, close)),
        ("yaml-too-deep", nested(16, case, end)),
    ]);
}

/// Blocks whose types hold the one before them twice.
#[test]
fn types_of_blocks_that_double() {
    let doubling = |step: fn(usize) -> String| {
        let steps: String =
            (1..1_500).map(|n| format!("  - {{ id: s{n}, {} }}\n", step(n))).collect();
        format!(
            "{HEAD}steps:\n  - {{ id: s0, set: {{ v: 1 }} }}\n{steps}  - {{ id: t, uses: acme/types#take, with: {{ text: \"{{{{ s3 }}}}\" }} }}\n"
        )
    };
    check(&[
        (
            "type-mismatch",
            doubling(|n| {
                format!(
                    "map: {{ over: [1], steps: [{{ id: x, set: {{ a: \"{{{{ s{0} }}}}\", b: \"{{{{ s{0} }}}}\" }} }}] }}",
                    n - 1
                )
            }),
        ),
        (
            "type-mismatch",
            doubling(|n| {
                format!(
                    "loop: {{ max: 1, steps: [{{ id: x, set: {{ n: 1 }} }}], output: [\"{{{{ s{0} }}}}\", \"{{{{ s{0} }}}}\"] }}",
                    n - 1
                )
            }),
        ),
        (
            "type-mismatch",
            doubling(|n| {
                format!(
                    "parallel: {{ branches: {{ a: {{ steps: [{{ id: x, set: {{ n: \"{{{{ s{0} }}}}\" }} }}] }}, b: {{ steps: [{{ id: x, set: {{ n: \"{{{{ s{0} }}}}\" }} }}] }} }} }}",
                    n - 1
                )
            }),
        ),
    ]);
}

/// Many cases, and many values in them.
#[test]
fn many_cases() {
    let cases: String = (0..3_000)
        .map(|n| {
            format!("        - {{ is: [a{n}, b{n}], steps: [{{ id: x, set: {{ n: {n} }} }}] }}\n")
        })
        .collect();
    let text =
        format!("{HEAD}steps:\n  - id: s\n    switch:\n      on: run.name\n      cases:\n{cases}");
    assert_eq!(compiled(&text).diagnostics, []);
}

/// Files that run files: too deep, too many in all, and through each other.
#[test]
fn pipelines_of_pipelines() {
    let mut folder = Folder::new();
    for n in 0..9 {
        folder.add(
            &format!("deep{n}.yml"),
            &format!("steps: [{{ id: a, pipeline: deep{}.yml }}]\n", n + 1),
        );
    }
    folder.add("deep9.yml", "steps: [{ id: a, set: { n: 1 } }]\n");
    // Each runs the next one a hundred times.
    for n in 0..6 {
        let steps: String = (0..100)
            .map(|k| format!("  - {{ id: a{k}, pipeline: wide{}.yml }}\n", n + 1))
            .collect();
        folder.add(&format!("wide{n}.yml"), &format!("steps:\n{steps}"));
    }
    folder.add("wide6.yml", "steps: [{ id: a, set: { n: 1 } }]\n");
    let said = |start: &str| {
        let found =
            compiled_with(&format!("{HEAD}steps: [{{ id: a, pipeline: {start} }}]\n"), &folder);
        found
            .diagnostics
            .iter()
            .map(|d| format!("{}: {}", d.code.id, d.message))
            .collect::<Vec<_>>()
    };
    assert_eq!(said("deep2.yml"), Vec::<String>::new());
    let deep = said("deep1.yml");
    assert!(deep.len() == 1 && deep[0].contains("run pipelines more than 8 deep"), "{deep:?}");
    let wide = said("wide0.yml");
    assert!(wide.len() == 1 && wide[0].contains("more than 100000 steps in all"), "{wide:?}");
    assert_eq!(said("wide5.yml"), Vec::<String>::new());
    // Each is asked for where it is named, and compiled once.
    let read = folder.read.borrow().len();
    assert!(read < 1_000, "{read}");
    let again = said("flow.yml");
    assert!(again[0].starts_with("pipeline-cycle"), "{again:?}");
}

/// What is fine where it is first met may be too deep where it is met again.
#[test]
fn a_file_that_was_compiled_higher_up() {
    let mut folder = Folder::new();
    for n in 0..8 {
        folder.add(
            &format!("deep{n}.yml"),
            &format!("steps: [{{ id: a, pipeline: deep{}.yml }}]\n", n + 1),
        );
    }
    folder.add("deep8.yml", "steps: [{ id: a, set: { n: 1 } }]\n");
    folder.add("down.yml", "steps: [{ id: a, pipeline: deep1.yml }]\n");
    let text = format!(
        "{HEAD}steps: [{{ id: a, pipeline: deep1.yml }}, {{ id: b, pipeline: down.yml }}]\n"
    );
    let found = compiled_with(&text, &folder);
    let [problem] = found.diagnostics.as_slice() else { panic!("{:?}", found.diagnostics) };
    assert_eq!(problem.code.id, "child-pipeline");
    assert!(problem.message.contains("more than 8 deep"), "{}", problem.message);
}
