//! Whatever the file is: no panic, places inside of the text, YAML that our own reader takes, and no
//! key that is neither used nor noted.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a sample that cannot be read fails the test"
)]
#![expect(clippy::disallowed_methods, reason = "the samples are files; the importer opens none")]

use std::path::Path;

use coldframe_import::{Dialect, Imported, codes, import};
use proptest::prelude::*;

mod support;

const DIALECTS: [(&str, Dialect); 2] = [("flujo", Dialect::Flujo), ("hexdag", Dialect::Hexdag)];

/// The samples of the other test.
fn samples() -> Vec<(Dialect, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut found = Vec::new();
    for (folder, dialect) in DIALECTS {
        let mut paths: Vec<_> = std::fs::read_dir(root.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                let name = path.to_str().unwrap();
                name.ends_with(".yml") && !name.ends_with(".out.yml")
            })
            .collect();
        paths.sort();
        found.extend(paths.iter().map(|path| (dialect, std::fs::read_to_string(path).unwrap())));
    }
    found
}

#[track_caller]
fn check(dialect: Dialect, text: &str) -> Imported {
    let found = import(dialect, "any.yml", text);
    if let Err(why) = support::check(text, &found) {
        let cut = |text: &str| text.chars().take(3_000).collect::<String>();
        panic!("{}\n---- of ----\n{}", cut(&why), cut(text));
    }
    found
}

/// Pieces that are likely to matter.
const PIECES: &[&str] = &[
    "{{",
    "}}",
    "{%",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    ": ",
    "- ",
    "\n",
    "\n  ",
    "#",
    "&a ",
    "*a",
    "!py ",
    "!include x ",
    "<<: ",
    "|",
    ">",
    "?",
    "\t",
    "\u{feff}",
    "\u{0}",
    "\u{202e}",
    "ä",
    "${X:1}",
    "$input.a",
    "context.a",
    "steps",
    "previous_step",
    "loop",
    "kind: ",
    "name: ",
    "1e999",
    "010",
    "null",
    "yes",
    "---\n",
    "...",
    "((((",
    "not ",
    "{{#if a}}",
    "{{/if}}",
    "collect: reduce",
    "mode: while",
    "on_error: a",
    "9**9",
    "inputs",
    "item",
    "true",
    "",
];

fn mutated() -> impl Strategy<Value = (Dialect, String)> {
    let samples = samples();
    let edit = (
        any::<prop::sample::Index>(),
        0..60_usize,
        0..PIECES.len() + 2,
        any::<prop::sample::Index>(),
    );
    (0..samples.len(), prop::collection::vec(edit, 1..6)).prop_map(move |(at, edits)| {
        let (dialect, mut text) = samples[at].clone();
        for (at, cut, piece, from) in edits {
            if text.is_empty() {
                break;
            }
            let border = |at: usize| {
                (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap()
            };
            let (at, from) = (at.index(text.len()), from.index(text.len()));
            let (start, end) = (border(at), border(at + cut));
            let copy = text[border(from)..border(from + cut)].to_owned();
            text.replace_range(start..end, PIECES.get(piece).copied().unwrap_or(&copy));
        }
        (dialect, text)
    })
}

/// Keys of every sort, with a value that most of them can have.
const FLUJO_KEYS: &[(&str, &str)] = &[
    ("version", "\"0.2\""),
    ("name", "other"),
    ("description", "text"),
    ("agents", "{ a: { model: m } }"),
    ("imports", "{ i: ./i.yml }"),
    ("static_invariants", "[x]"),
    ("pipeline_config", "{}"),
    ("inputs", "{}"),
    ("policies", "[]"),
    ("x", "1"),
    ("Steps", "[]"),
];

const HEXDAG_KEYS: &[(&str, &str)] = &[
    ("ports", "{ llm: { adapter: x } }"),
    ("type_ports", "{}"),
    ("node_ports", "{}"),
    ("services", "{ s: a.B }"),
    ("state_machines", "{}"),
    ("aliases", "{}"),
    ("custom_types", "{ t: { base: str, strip: true } }"),
    ("input_schema", "{ a: str }"),
    ("output_schema", "{}"),
    ("output", "{ x: a.b }"),
    ("policies", "{}"),
    ("orchestrator", "{ pipeline_timeout: 5 }"),
    ("limits", "{ max_cost_usd: 1 }"),
    ("caps", "{}"),
    ("observers", "[]"),
    ("events", "{}"),
    ("limitz", "{}"),
    ("nodez", "[]"),
];

const STEP_KEYS: &[(&str, &str)] = &[
    ("uses", "\"q.r:s\""),
    ("input", "text"),
    ("config", "{ timeout: 3 }"),
    ("updates_context", "true"),
    ("validate_fields", "true"),
    ("sink_to", "context.z"),
    ("fallback", "{ name: f, agent: \"p:f\" }"),
    ("usage_limits", "{ total_cost_usd_limit: 1 }"),
    ("plugins", "[a]"),
    ("validators", "[a]"),
    ("input_schema", "{}"),
    ("output_schema", "{}"),
    ("processing", "{}"),
    ("meta", "{}"),
    ("use_history", "true"),
    ("branches", "{}"),
    ("loop", "{}"),
    ("merge_strategy", "no_merge"),
    ("sinks_to", "x"),
    ("start_state", "a"),
];

const NODE_KEYS: &[(&str, &str)] = &[
    ("input_mapping", "{ a: $input.a }"),
    ("strict_mapping", "false"),
    ("when", "\"$input.a\""),
    ("on_error", "b"),
    ("timeout", "3"),
    ("max_retries", "3"),
    ("retry_delay", "3"),
    ("retry_backoff", "3"),
    ("retry_max_delay", "3"),
    ("critical", "false"),
    ("required_inputs", "[a]"),
    ("ports", "{}"),
    ("policies", "{}"),
    ("input_schema", "{}"),
    ("unpack_input", "true"),
    ("body", "x"),
    ("tools", "[a]"),
    ("whenn", "x"),
];

/// Every key makes a difference, in the pipeline or in the notes.
fn no_key_is_forgotten(dialect: Dialect, keys: &[(&str, &str)], with: impl Fn(&str) -> String) {
    for (key, value) in keys {
        let line = format!("{key}: {value}");
        let (found, without) = (check(dialect, &with(&line)), check(dialect, &with("")));
        let changed = (&found.pipeline, &found.notes) != (&without.pipeline, &without.notes);
        assert!(changed, "`{line}` is neither used nor noted");
    }
}

#[test]
fn every_key_is_used_or_noted() {
    no_key_is_forgotten(Dialect::Flujo, FLUJO_KEYS, |line| {
        format!("steps: [ {{ name: a, agent: \"p:a\" }} ]\n{line}\n")
    });
    no_key_is_forgotten(Dialect::Flujo, STEP_KEYS, |line| {
        format!("steps:\n  - name: a\n    agent: \"p:a\"\n    {line}\n")
    });
    let node = "{ kind: function_node, metadata: { name: a }, spec: { fn: p.a } }";
    no_key_is_forgotten(Dialect::Hexdag, HEXDAG_KEYS, |line| {
        format!(
            "kind: Pipeline\nmetadata: {{ name: x }}\nspec:\n  nodes:\n    - {node}\n  {line}\n"
        )
    });
    no_key_is_forgotten(Dialect::Hexdag, NODE_KEYS, |line| {
        format!(
            "kind: Pipeline\nmetadata: {{ name: x }}\nspec:\n  nodes:\n    - kind: function_node\n      metadata: {{ name: b }}\n      spec:\n        fn: p.a\n        {line}\n"
        )
    });
}

/// Without code of theirs there is nothing left to write.
#[test]
fn a_pipeline_that_only_computes_compiles_as_it_is() {
    let text = r#"kind: Pipeline
metadata: { name: totals }
spec:
  input_schema: { price: float, count: "int" }
  nodes:
    - { kind: data_node, metadata: { name: rates }, spec: { output: { vat: 0.2 } } }
    - kind: expression_node
      metadata: { name: sum }
      spec:
        input_mapping: { p: $input.price, n: $input.count }
        expressions: { net: "p * n", gross: "round(net * (1 + rates.vat), 2)", text: "str(net) if n > 1 else 'one'" }
    - { kind: static_node, metadata: { name: line }, spec: { output: "{{sum.gross}} in all" } }
  output: { line: line, gross: sum.gross }
"#;
    let found = check(Dialect::Hexdag, text);
    assert_eq!(found.notes, []);
    assert_eq!(found.scaffolds, []);
    assert_eq!(support::problems(&found.pipeline.unwrap()), []);
}

/// Numbers that are ones to them, and out of range to us.
#[test]
fn bounds_are_those_of_ours() {
    for number in ["0", "101", "1025", "1000001", "4294967295", "4294967296", "-1"] {
        check(
            Dialect::Flujo,
            &format!(
                "steps:\n  - {{ kind: loop, name: l, loop: {{ max_loops: {number}, body: [ {{ name: b, agent: \"p:b\", max_retries: {number} }} ] }} }}\n"
            ),
        );
        let common = format!(
            "concurrency: {number}, max_iterations: {number}, max_retries: {number}, timeout: {number}, retry_delay: {number}"
        );
        for mode in
            ["while, condition: \"$input.n\"", "for-each, items: \"$input.n\"", "times, count: 3"]
        {
            check(
                Dialect::Hexdag,
                &format!(
                    "kind: Pipeline\nmetadata: {{ name: x }}\nspec:\n  nodes:\n    - {{ kind: composite_node, metadata: {{ name: c }}, spec: {{ mode: {mode}, {common}, body: [ {{ kind: function_node, metadata: {{ name: a }}, spec: {{ fn: p.a }} }} ] }} }}\n"
                ),
            );
        }
    }
}

#[test]
fn samples_are_translated_the_same_every_time() {
    for (dialect, text) in samples() {
        assert_eq!(check(dialect, &text), check(dialect, &text));
    }
}

/// Time that grows faster than the text would show here, and so would a stack that grows with it.
#[test]
fn large_files_are_no_trouble() {
    let many = |line: &str, times: usize| line.repeat(times);
    let steps = |line: &str, times| {
        check(Dialect::Flujo, &format!("name: x\nsteps:\n{}", many(line, times)))
    };
    steps("  - { name: a, agent: \"p:a\", junk: 1 }\n", 8_000);
    steps(
        "  - { name: a, agent: \"p:a\", input: \"{{ context.x }} {{ previous_step }}\", updates_context: true }\n",
        7_000,
    );
    let nodes = |line: &str, times| {
        check(
            Dialect::Hexdag,
            &format!(
                "kind: Pipeline\nmetadata: {{ name: x }}\nspec:\n  nodes:\n{}",
                many(line, times)
            ),
        )
    };
    nodes("    - { kind: function_node, metadata: { name: a }, spec: { fn: p.a } }\n", 5_000);
    nodes("    - { kind: data_node, spec: { output: \"${A}${B:1} {{a.b}}\" } }\n", 5_000);
    check(Dialect::Flujo, &format!("name: x\nsteps: [{}]", many("{name: a, zzz: 1},", 9_000)));
    check(
        Dialect::Flujo,
        &format!("name: x\n{}", (0..20_000).map(|n| format!("k{n}: 1\n")).collect::<String>()),
    );
    check(
        Dialect::Flujo,
        &format!("steps: [{{name: a, agent: p, input: \"{}\"}}]", many("{{ x", 100_000)),
    );
    check(
        Dialect::Flujo,
        &format!("steps: [{{name: a, agent: p, input: \"{}\"}}]", many("{", 500_000)),
    );
    let prompt = many("long ", 60_000);
    check(
        Dialect::Flujo,
        &format!(
            "agents: {{ a: {{ model: m, system_prompt: {prompt} }} }}\nsteps:\n{}",
            many("  - { name: a, uses: agents.a }\n", 9_000)
        ),
    );
    check(Dialect::Hexdag, &many("---\nkind: Pipeline\n", 9_000));
    check(
        Dialect::Hexdag,
        &format!(
            "kind: Pipeline\nmetadata: {{ name: x }}\nspec:\n  nodes:\n    - {{ kind: data_node, spec: {{ output: {{ \"{}\" }} }} }}\n",
            many("a: ", 500)
        ),
    );
    check(
        Dialect::Flujo,
        "steps:\n  - kind: conditional\n    name: r\n    branches: { \"a {# b\": [{ name: x, agent: p }], c: [{ name: y, agent: p }] }\n",
    );
    check(
        Dialect::Flujo,
        "imports: { child: \"./{# a.yaml\" }\nsteps:\n  - { name: call, uses: imports.child, input: x }\n",
    );
    check(
        Dialect::Hexdag,
        "kind: System\nmetadata: { name: s }\nspec: { processes: [ { name: a, pipeline: \"{{ a }}.yml\" } ] }\n",
    );
    let too_large = check(Dialect::Flujo, &many("#", coldframe_import::TEXT_BYTES_MAX + 1));
    assert_eq!(too_large.notes[0].code, codes::YAML);
    let mut nested = String::from("steps: ");
    for _ in 0..14 {
        nested.push_str("[{kind: parallel, name: p, branches: {b: ");
    }
    nested.push_str("[{name: a, agent: p}]");
    nested.push_str(&many("}}]", 14));
    check(Dialect::Flujo, &nested);
    let doubling: String =
        (0..60).map(|n| format!("          v{}: \"v{n} + v{n}\"\n", n + 1)).collect();
    check(
        Dialect::Hexdag,
        &format!(
            "kind: Pipeline\nmetadata: {{ name: x }}\nspec:\n  nodes:\n    - kind: expression_node\n      metadata: {{ name: e }}\n      spec:\n        expressions:\n          v0: \"$input.a\"\n{doubling}"
        ),
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutations_of_samples((dialect, text) in mutated()) {
        check(dialect, &text);
    }

    #[test]
    fn any_characters(text in any::<String>()) {
        check(Dialect::Flujo, &text);
        check(Dialect::Hexdag, &text);
    }

    #[test]
    fn any_pieces(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        check(Dialect::Flujo, &pieces.concat());
        check(Dialect::Hexdag, &pieces.concat());
    }

    #[test]
    fn any_expression(parts in prop::collection::vec(prop::sample::select(&[
        "previous_step", "steps", "context", "this", ".", "a", "[", "]", "(", ")", "{", "}", "|", " is ", " not ", " in ", " if ", " else ",
        " and ", " or ", "'t'", "1", "1.5", ",", ":", "==", "<", "+", "-", "**", " ", "ä", "\\", "len(", ".get(", "lambda ", "None", "upper", "$input",
    ][..]), 0..40)) {
        let expr = parts.concat().replace('\\', "\\\\");
        check(Dialect::Flujo, &format!("steps:\n  - {{ kind: conditional, name: c, condition_expression: \"{expr}\", branches: {{}} }}\n  - {{ name: d, agent: p, input: \"{{{{ {expr} }}}}\" }}\n"));
        check(Dialect::Hexdag, &format!("metadata: {{ name: x }}\nspec:\n  nodes:\n  - {{ kind: data_node, metadata: {{ name: a }}, spec: {{ when: \"{expr}\", output: \"{{{{ {expr} }}}}\" }} }}\n"));
    }
}

/// What means something to us and nothing to them, everywhere in turn; other places every time it is
/// tried by hand would be better, and are what fuzzing is for.
#[test]
fn our_marks_in_their_texts() {
    for (dialect, text) in samples() {
        for (turn, mark) in ["{{", "{#", "{%", "${A}", "}}", "{${A}{", "\\", "'"].iter().enumerate()
        {
            for at in (turn..text.len()).step_by(37).filter(|at| text.is_char_boundary(*at)) {
                let mut changed = text.clone();
                changed.insert_str(at, mark);
                check(dialect, &changed);
            }
        }
    }
}
