//! Pairs of pipelines and what is said about them.

use proptest::prelude::*;

use super::diff;
use crate::graph::Graph;
use crate::tests::{compiled, nested};

fn graph(text: &str) -> Graph {
    let text = format!("apiVersion: coldframe/v1\nkind: Pipeline\nmetadata: {{ name: t }}\n{text}");
    let found = compiled(&text);
    found.graph.unwrap_or_else(|| panic!("{:?}", found.diagnostics))
}

#[track_caller]
fn check(before: &str, after: &str, expected: &str) {
    let found = diff(&graph(before), &graph(after));
    assert_eq!(found.to_text(), expected, "{}", found.to_text());
}

#[test]
fn steps_come_and_go_and_change() {
    check(
        "steps:
  - { id: a, uses: std/json@1, with: { doc: 1, path: x } }
  - { id: b, set: { n: \"{{ a }}\" } }
  - { id: c, set: { n: 5 } }
  - { id: d, set: { n: 6 }, limits: { fuel: 10 } }
",
        "steps:
  - { id: z, set: { n: 0 } }
  - { id: a, uses: std/json@2, with: { doc: 2, path: x } }
  - { id: b, needs: z, when: \"a == 1\", set: { n: \"{{ a }}\", m: 1 } }
  - { id: e, set: { n: 5 } }
  - { id: d, set: { n: 6 }, limits: { fuel: 20, wall: 1s } }
",
        "+ `z`: set
~ `a`
    version: `1.1.0` -> `2.0.0`
    with.doc: `1` -> `2`
~ `b`
    needs: `a` -> `z, a`
    + set.m: `1`
    + when: `a == 1`
~ `e`: was `c`
~ `d`
    limits.fuel: `10` -> `20` (wider)
    + limits.wall: `1s`
",
    );
}

#[test]
fn the_pipeline_itself() {
    check(
        "inputs: { a: string, b: { type: string, default: x }, c: string }
limits: { fuel: 10, wall: 1m }
caps: { log: true, http: [\"https://a.org/**\"] }
steps:
  - { id: s, uses: acme/note, with: { text: x } }
  - { id: w, uses: std/web, with: { url: x } }
outputs: { x: 1, y: 2 }
",
        "inputs: { a: integer, b: { type: string, description: hi }, d: { type: string, default: y } }
limits: { fuel: 10 }
caps: { log: true, http: [\"GET https://a.org/**\", \"https://b.org\"] }
steps:
  - { id: s, uses: acme/note, with: { text: x } }
  - { id: w, uses: std/web, with: { url: x } }
outputs: { x: 3 }
",
        "~ pipeline
    inputs.a: `{ type: string }` -> `{ type: integer }` (breaking)
    inputs.b: `{ default: x, type: string }` -> `{ description: hi, type: string }` (breaking)
    - inputs.c: `{ type: string }` (breaking)
    + inputs.d: `{ default: \"y\", type: string }`
    - limits.wall: `1m` (wider)
    - caps.http: `https://a.org/**`
    + caps.http: `GET https://a.org/**`
    + caps.http: `https://b.org` (wider)
    outputs.x: `1` -> `3`
    - outputs.y: `2` (breaking)
",
    );
}

#[test]
fn what_steps_hold_is_named_by_its_place() {
    let text = |n: &str, over: &str| {
        format!(
            "steps:
  - id: m
    map: {{ over: [{over}], steps: [{{ id: x, set: {{ n: {n} }} }}] }}
  - id: r
    switch: {{ cases: [{{ when: \"true\", steps: [{{ id: x, set: {{ n: {n} }} }}] }}] }}
"
        )
    };
    check(
        &text("1", "1, 2"),
        &text("2", "1"),
        "~ `m`
    map.over: `[1, 2]` -> `[1]`
~ `m.x`
    set.n: `1` -> `2`
~ `r[0].x`
    set.n: `1` -> `2`
",
    );
}

#[test]
fn charts_show_what_changed() {
    let found = diff(
        &graph("steps: [{ id: a, set: { n: 1 } }, { id: b, set: { n: 2 } }]"),
        &graph("steps: [{ id: a, set: { n: 3 } }, { id: c, set: { n: 4 } }]"),
    );
    assert!(
        found.before.ends_with(
            "class s1 removed\n  classDef changed fill:#fff3cd,stroke:#b8860b\n  class s0 changed\n"
        ),
        "{}",
        found.before
    );
    assert!(found.after.contains("class s1 added\n"), "{}", found.after);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_graph_does_not_differ_from_itself(text in nested::texts(), other in nested::texts()) {
        let (graph, other) = (compiled(&text).graph.unwrap(), compiled(&other).graph.unwrap());
        prop_assert!(diff(&graph, &graph).is_empty());
        let found = diff(&graph, &other);
        prop_assert_eq!(found.is_empty(), crate::print::to_yaml(&graph) == crate::print::to_yaml(&other));
    }
}
