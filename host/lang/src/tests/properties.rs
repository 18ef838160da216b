//! Whatever the text is: no panic, places inside of the text, and a graph if and only if there are
//! no errors.

use proptest::prelude::*;

use super::compiled;
use crate::diagnostic::Severity;
use crate::render::{render_text, to_json};

/// A pipeline with something of everything.
pub(crate) const SEED: &str = r#"apiVersion: coldframe/v1
kind: Pipeline
metadata: { name: seed, version: 1.0.0, description: "all of it" }
inputs:
  text: { type: string, maxLength: 20000, default: "hi" }
  count: { type: integer, minimum: 0, maximum: 9 }
  flag: boolean
limits: { cost_usd: 0.05, fuel: 2e9, wall: 30s, memory: 64MiB }
caps: { http: ["GET https://api.example.com/**"], log: true }
steps:
  - id: words
    uses: std/text@1#stats
    with: { text: "{{ inputs.text }}" }
  - id: page
    when: "words.word_count > 3 and inputs.flag"
    uses: std/web#get
    with: { url: "https://api.example.com/{{ inputs.count }}" }
    limits: { fuel: 1e6 }
    caps: { http: ["GET https://api.example.com/v1"] }
  - id: note
    needs: [words, page]
    uses: acme/note
    with: { text: "{{ page | default('', true) | upper }}" }
  - id: all
    uses: acme/types#take
    with: { tiny: "{{ inputs.count }}", names: [a, "{{ words.counts[0].word }}"], shape: { circle: 1.5 } }
  - id: sum
    set: { a: "{{ words.word_count + 1 }}", b: [1, { c: null }], d: "{{ page }}" }
  - id: each
    map:
      over: words.counts
      as: entry
      on_error: collect
      steps:
        - { id: one, set: { w: "{{ entry.word }}", i: "{{ index }}", of: "{{ sum.a }}" } }
        - id: deep
          loop:
            state: { n: 0 }
            while: loop.state.n < 3
            max: 3
            steps: [{ id: add, set: { n: "{{ loop.state.n + 1 }}", w: "{{ one.w }}" } }]
            until: add.n > 2
            next: { n: "{{ add.n }}" }
      output: "{{ deep.state }}"
  - id: route
    switch:
      on: inputs.flag
      cases:
        - { is: true, steps: [{ id: x, wait: 5m }] }
        - { is: [false], steps: [{ id: x, approve: { message: "Really {{ inputs.text }}?" } }], output: null }
  - id: both
    timeout: 1h
    parallel:
      join: { quorum: 1 }
      branches:
        a: { steps: [{ id: x, pipeline: ./triage.yml, with: { ticket: "{{ inputs.text }}" } }] }
        b: { steps: [{ id: x, uses: "std/text#split", with: { text: hi }, cache: true, on_error: continue }] }
      output: "{{ branches.a.x.label | default('') }}"
    retry: { max: 2, on: [transient, join.failed] }
    fallback: { value: "{{ route }}" }
  - !include one.yml
  - { id: count, macro: count, with: { text: "{{ sum.a }} ${A:-x}" }, policy: patient }
env: [A]
outputs: { n: "{{ sum.a }}", text: "{{ note }} and {{ words.counts | length }}", each: "{{ each }}", both: "{{ both }}" }
---
apiVersion: coldframe/v1
kind: Config
metadata: { name: acme }
defaults: { limits: { fuel: 1e9 } }
ceilings: { limits: { fuel: 1e10, wall: 1h }, caps: { http: ["https://api.example.com"], log: true } }
---
apiVersion: coldframe/v1
kind: Policy
metadata: { name: patient }
retry: { max: 3 }
timeout: 5m
---
apiVersion: coldframe/v1
kind: Macro
metadata: { name: count }
parameters: { text: string, unit: { type: string, default: words } }
steps:
  - { id: words, uses: std/text#stats, with: { text: "{{ params.text }}" } }
  - { id: inner, macro: inner, with: { n: "{{ words.word_count }}" } }
output: { n: "{{ inner }}", unit: "{{ params.unit }}" }
---
apiVersion: coldframe/v1
kind: Macro
metadata: { name: inner }
parameters: { n: integer }
steps: [{ id: words, set: { n: "{{ params.n + 1 }}" } }]
output: "{{ words.n }}"
"#;

/// Pieces that are likely to matter to some stage.
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
    "&a",
    "*a",
    "!t ",
    "<<: ",
    "|",
    ">",
    "?",
    "%",
    "\t",
    "\u{feff}",
    "\u{0}",
    "ä",
    "inputs.text",
    "words",
    "when: ",
    "uses: ",
    "set: ",
    "map: ",
    "over: ",
    "steps: ",
    "output: ",
    "loop",
    "item",
    "branches",
    "cases: ",
    "pipeline: ./back.yml",
    "fallback: ",
    "needs: ",
    "1e999",
    "010",
    "null",
    "---\n",
    "is defined",
    "| default(1)",
    "${A}",
    "$${",
    "${A:-b}",
    "env: [A]",
    "macro: count",
    "policy: patient",
    "!include one.yml",
    "!include cycle.yml",
    "params.text",
    "kind: Macro",
    "...",
];

fn check(text: &str) {
    let found = compiled(text);
    let errors = found.diagnostics.iter().any(|d| d.severity == Severity::Error);
    assert_eq!(found.graph.is_some(), !errors, "{:?}", found.diagnostics);
    for problem in &found.diagnostics {
        for span in
            std::iter::once(&problem.span).chain(problem.labels.iter().map(|label| &label.span))
        {
            assert!(found.sources.get(*span).is_some(), "{problem:?}");
        }
        assert!(problem.help.is_some(), "{problem:?}");
    }
    render_text(&found.diagnostics, &found.sources, true);
    to_json(&found.diagnostics, &found.sources);
    if let Some(graph) = found.graph {
        graph.assert_valid();
        crate::mermaid::mermaid(&graph);
    }
}

/// The seed with a few places cut out, copied or overwritten.
pub(crate) fn mutated() -> impl Strategy<Value = String> {
    let edit = (0..SEED.len(), 0..40_usize, 0..PIECES.len() + 1, 0..SEED.len());
    prop::collection::vec(edit, 1..6).prop_map(|edits| {
        let mut text = SEED.to_owned();
        for (at, cut, piece, from) in edits {
            let border = |at: usize| {
                (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap()
            };
            let (start, end) = (border(at), border(at + cut));
            let copy = text[border(from)..border(from + cut)].to_owned();
            text.replace_range(start..end, PIECES.get(piece).copied().unwrap_or(&copy));
        }
        text
    })
}

#[test]
fn the_seed_is_right() {
    let found = compiled(SEED);
    assert_eq!(found.diagnostics, []);
    check(SEED);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutations_of_a_pipeline(text in mutated()) {
        check(&text);
    }

    #[test]
    fn any_characters(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn any_pieces(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        check(&pieces.concat());
    }

    #[test]
    fn any_expression(expr in prop::collection::vec(prop::sample::select(&[
        "a", ".", "b", "[", "]", "(", ")", "{", "}", "|", "is ", "not ", "in ", "if ", "else ", "upper", "default",
        "'t'", "1", "1.5", ",", ":", "=", "==", "+", "-", " ", "ä", "\\", "\"", "range",
    ][..]), 0..40)) {
        let _ = crate::expr::scan::scan(&expr.concat());
    }
}
