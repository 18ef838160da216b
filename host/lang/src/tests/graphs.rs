//! Right pipelines and their graphs.

use coldframe_format::Cap;
use std::time::Duration;

use coldframe_format::Digest;
use indexmap::IndexMap;
use serde_json::json;

use super::{HEAD, compiled};
use crate::graph::{Graph, Limits, Set, StepKind, Uses};
use crate::template::{Expr, Part, Path, Root, Segment, Template};

#[track_caller]
fn graph(text: &str) -> Graph {
    let text = format!("{HEAD}{text}");
    let found = compiled(&text);
    assert_eq!(found.diagnostics, [], "{text}");
    let graph = found.graph.unwrap();
    graph.assert_valid();
    graph
}

/// `id <- ids it needs`, in order.
fn shape(graph: &Graph) -> Vec<String> {
    graph
        .steps
        .iter()
        .map(|step| {
            let needs: Vec<&str> =
                step.needs.iter().map(|need| graph.steps[*need].id.as_str()).collect();
            if needs.is_empty() {
                step.id.clone()
            } else {
                format!("{} <- {}", step.id, needs.join(" "))
            }
        })
        .collect()
}

fn path(root: Root, segments: &[&str]) -> Path {
    let segments = segments.iter().map(|segment| match segment.parse() {
        Ok(index) => Segment::Index(index),
        Err(_) => Segment::Key((*segment).to_owned()),
    });
    Path { root, segments: segments.collect() }
}

#[test]
fn two_steps() {
    let text = format!(
        "{HEAD}inputs: {{ text: string }}
limits: {{ fuel: 2e9, wall: 30s, cost_usd: 0.05, memory: 64MiB }}
steps:
  - id: words
    uses: std/text@1#stats
    with: {{ text: \"{{{{ inputs.text }}}}\" }}
  - id: sum
    name: How many
    when: words.word_count > 3
    limits: {{ fuel: 5e6 }}
    set: {{ n: \"{{{{ words.word_count }}}}\", at: {{ list: [1, \"{{{{ run.id }}}}\"] }}, plain: {{ a: [1, null, true, 0.5] }} }}
outputs: {{ n: \"{{{{ sum.n }}}}\", text: \"{{{{ words.word_count + 1 }}}} words in {{{{ run.name }}}}\" }}
"
    );
    let graph = graph(text.strip_prefix(HEAD).unwrap());
    assert_eq!(graph.name, "t");
    assert_eq!(graph.version.to_string(), "0.0.0");
    assert_eq!(graph.spec_sha256, Digest::of(text.as_bytes()));
    assert_eq!(
        graph.limits,
        Limits {
            fuel: Some(2_000_000_000),
            wall: Some(Duration::from_secs(30)),
            cost_nano: Some(50_000_000),
            memory_bytes: Some(64 << 20),
            ..Limits::default()
        }
    );
    assert_eq!(graph.inputs["text"].schema, json!({"type": "string"}));
    let [words, sum] = graph.steps.as_slice() else { panic!("two steps") };

    assert_eq!(
        (words.name.as_str(), words.yaml_path.as_str(), words.line),
        ("words", "steps[0]", 7)
    );
    let StepKind::Uses(Uses { skill, version, operation, with, .. }) = &words.kind else {
        panic!("uses")
    };
    assert_eq!(
        (skill.to_string(), version.to_string(), operation.as_str()),
        ("std/text".to_owned(), "1.0.0".to_owned(), "stats")
    );
    assert_eq!(with["text"], Template::Path(path(Root::Inputs, &["text"])));

    let root = Root::Step(0, "words".to_owned());
    assert_eq!(
        (sum.name.as_str(), sum.line, sum.needs.as_slice()),
        ("How many", 10, [0].as_slice())
    );
    let source = "words.word_count > 3".to_owned();
    assert_eq!(sum.when, Some(Expr { source, roots: vec![root.clone()], path: None }));
    assert_eq!(sum.limits.fuel, Some(5_000_000));
    let StepKind::Set(Set { values }) = &sum.kind else { panic!("set") };
    assert_eq!(values["n"], Template::Path(path(root.clone(), &["word_count"])));
    assert_eq!(values["plain"], Template::Literal(json!({"a": [1, null, true, 0.5]})));
    let list = vec![Template::Literal(json!(1)), Template::Path(path(Root::Run, &["id"]))];
    assert_eq!(
        values["at"],
        Template::Map(IndexMap::from([("list".to_owned(), Template::List(list))]))
    );

    let hole = |source: &str, root: Root, path| {
        Part::Hole(Expr { source: source.to_owned(), roots: vec![root], path })
    };
    assert_eq!(
        graph.outputs["text"],
        Template::Text(vec![
            hole("words.word_count + 1", root, None),
            Part::Text(" words in ".to_owned()),
            hole("run.name", Root::Run, Some(path(Root::Run, &["name"]))),
        ])
    );
}

#[test]
fn order_is_by_dependency_and_then_by_place() {
    let found = graph(
        "steps:
  - { id: d, set: { n: \"{{ b.n }}\", m: \"{{ c.n ~ a.n }}\" } }
  - { id: c, set: { n: 1 } }
  - { id: b, needs: c, set: { n: 1 } }
  - { id: a, set: { n: 1 } }
  - { id: e, needs: [c, c], when: \"a.n == 1\", set: { n: 1 } }
",
    );
    assert_eq!(shape(&found), ["c", "b <- c", "a", "d <- c b a", "e <- c a"]);
    assert_eq!(found.steps[3].yaml_path, "steps[0]");
}

#[test]
fn rights_are_kept_and_narrowed() {
    let found = graph(
        "caps: { http: [\"GET https://api.example.com/**\", \"https://*.example.org\"] }
steps:
  - id: page
    uses: std/web
    with: { url: \"https://api.example.com/v1\" }
    caps: { http: [\"GET https://api.example.com/v1\"] }
  - { id: other, uses: std/web#get, with: { url: x } }
",
    );
    assert_eq!(found.caps.http.len(), 2);
    assert_eq!(
        found.steps[0].caps.as_ref().unwrap().http[0].to_string(),
        "GET https://api.example.com/v1"
    );
    assert_eq!(found.steps[1].caps, None);
}

#[test]
fn every_type_takes_its_literals() {
    for with in [
        "{ flag: true, tiny: 255, wide: 18446744073709551615, whole: -2147483648, ratio: 1, rough: 0.5 }",
        "{ wide: \"18446744073709551615\", ratio: NaN, rough: \"-Infinity\", letter: ä, text: \"\", raw: AAE= }",
        "{ names: [], pair: [1, a], point: { x: 1, y_pos: 2 }, color: dark_blue, shape: no_shape, rights: [write] }",
        "{ point: { x: 1, y_pos: 2, label: null }, shape: { circle: 1.5 }, outcome: { ok: 3 }, extra: { some: null } }",
        "{ outcome: { error: null }, extra: null, flag: null, rights: [] }",
        "{ text: \"{{ 1 + 1 }}\", tiny: \"{{ 1 + 1 }}\", raw: \"{{ run.id | lower }}\", extra: \"{{ {'some': 1} }}\" }",
    ] {
        graph(&format!("steps:\n  - id: t\n    uses: acme/types#take\n    with:\n      {with}\n"));
    }
}

#[test]
fn every_type_goes_where_it_came_from() {
    graph(
        "steps:
  - { id: g, uses: acme/types#give }
  - id: t
    uses: acme/types#take
    with:
      flag: \"{{ g.flag }}\"
      tiny: \"{{ g.tiny }}\"
      wide: \"{{ g.wide }}\"
      whole: \"{{ g.whole }}\"
      ratio: \"{{ g.rough }}\"
      rough: \"{{ g.rough }}\"
      letter: \"{{ g.letter }}\"
      text: \"{{ g.color }}\"
      raw: \"{{ g.raw }}\"
      names: [\"{{ g.names[3] }}\", \"{{ g.letter }}\", \"x{{ g.extra }}\"]
      pair: [\"{{ g.pair[0] }}\", \"{{ g.pair[1] }}\"]
      point: { x: \"{{ g.tiny }}\", y_pos: 1, label: \"{{ g.point.label }}\" }
      color: \"{{ g.color }}\"
      shape: \"{{ g.shape }}\"
      rights: \"{{ g.rights }}\"
      outcome: \"{{ g.outcome }}\"
      extra: { some: \"{{ g }}\" }
  - { id: u, uses: std/json@^1, with: { doc: \"{{ g.shape }}\", path: \"{{ g.extra.any[1].thing }}\" } }
",
    );
}

#[test]
fn the_newest_version_that_will_do_is_taken() {
    let found = graph(
        "steps:
  - { id: a, uses: std/json, with: { doc: 1, path: x } }
  - { id: b, uses: std/json@1, with: { doc: 1, path: x } }
",
    );
    let versions: Vec<String> = found
        .steps
        .iter()
        .map(|step| match &step.kind {
            StepKind::Uses(uses) => uses.version.to_string(),
            _ => String::new(),
        })
        .collect();
    assert_eq!(versions, ["2.0.0", "1.1.0"]);
}

#[test]
fn equal_texts_give_equal_graphs() {
    let text = "inputs: { b: string, a: string }\nsteps: [{ id: z, set: { y: 1, x: \"{{ inputs.a ~ inputs.b }}\" } }]\n";
    assert_eq!(graph(text), graph(text));
    let inputs: Vec<String> = graph(text).inputs.into_keys().collect();
    assert_eq!(inputs, ["b", "a"]);
}

#[test]
fn tools_are_looked_up_before_anything_runs() {
    let graph = graph(
        r##"caps: { tools: ["std/text#*", "acme/note@^1#note"], log: true }
steps:
  - { id: a, uses: acme/agent, with: { text: x } }
  - { id: b, uses: std/text#stats, with: { text: x } }
"##,
    );
    let tools: Vec<String> =
        graph.tools.iter().map(|tool| format!("{} {}", tool.name(), tool.version)).collect();
    assert_eq!(tools, ["acme/note#note 1.0.0", "std/text#split 1.0.0", "std/text#stats 1.0.0"]);
    assert_eq!(graph.tools[2].input["required"], serde_json::json!(["text"]));
    let calling: Vec<bool> = graph.calls().map(|uses| uses.asks.has(Cap::Tools)).collect();
    assert_eq!(calling, [true, false]);
}
