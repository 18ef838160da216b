//! Right pipelines with every kind of step, and their graphs.

use std::time::Duration;

use serde_json::json;

use super::{HEAD, compiled, compiled_with, files};
use crate::graph::{
    Backoff, CaseTest, Fallback, Graph, Join, OnError, OnItemError, OnMax, OnReject, RetryOn,
    StepKind, Tie, Wait,
};
use crate::template::{Path, Root, Segment, Template};

#[track_caller]
fn graph(text: &str) -> Graph {
    let text = format!("{HEAD}{text}");
    let found = compiled(&text);
    assert_eq!(found.diagnostics, [], "{text}");
    let graph = found.graph.unwrap();
    graph.assert_valid();
    graph
}

/// Every step by block: `path <- ids it needs`.
fn shape(graph: &Graph) -> Vec<String> {
    let steps = graph.steps.iter().map(|step| {
        let needs: Vec<&str> =
            step.needs.iter().map(|need| graph.steps[*need].id.as_str()).collect();
        let arrow =
            if needs.is_empty() { String::new() } else { format!(" <- {}", needs.join(" ")) };
        format!("{}:{} {}{arrow}", step.block, step.id, step.yaml_path)
    });
    steps.collect()
}

fn step<'g>(graph: &'g Graph, id: &str) -> &'g StepKind {
    &graph.steps.iter().find(|step| step.id == id).unwrap().kind
}

#[test]
fn a_map_sees_its_item() {
    let found = graph(
        "inputs: { shops: { type: array, items: { type: object, required: [text], properties: { text: { type: string } } } } }
steps:
  - id: total
    set: { n: \"{{ shops[0].word_count }}\", list: \"{{ shops }}\" }
  - id: shops
    map:
      over: inputs.shops
      as: shop
      max: 500
      max_concurrent: 4
      on_error: fail
      steps:
        - { id: place, set: { at: \"{{ index }}\", of: \"{{ base.n }}\", same: \"{{ shop.text }}\" } }
        - { id: count, needs: place, uses: std/text#stats, with: { text: \"{{ shop.text }}\" } }
      output: \"{{ count }}\"
  - { id: base, set: { n: 3 } }
",
    );
    assert_eq!(
        shape(&found),
        [
            "0:base steps[2]",
            "0:shops steps[1] <- base",
            "0:total steps[0] <- shops",
            "1:place steps[1].map.steps[0]",
            "1:count steps[1].map.steps[1] <- place",
        ]
    );
    let StepKind::Map(map) = step(&found, "shops") else { panic!("map") };
    assert_eq!(
        (map.name.as_str(), map.max, map.max_concurrent, map.on_error, map.block),
        ("shop", 500, 4, OnItemError::Fail, 1)
    );
    let over = Path { root: Root::Inputs, segments: vec![Segment::Key("shops".to_owned())] };
    assert_eq!(map.over, Template::Path(over));
    let StepKind::Set(place) = step(&found, "place") else { panic!("set") };
    let at = |root, key: Option<&str>| {
        let segments = key.map(|key| Segment::Key(key.to_owned())).into_iter().collect();
        Template::Path(Path { root, segments })
    };
    assert_eq!(place.values["at"], at(Root::Index(1), None));
    assert_eq!(place.values["of"], at(Root::Step(0, "base".to_owned()), Some("n")));
    assert_eq!(place.values["same"], at(Root::Item(1, "shop".to_owned()), Some("text")));
    assert_eq!(found.blocks[1].holder, Some(1));
    assert_eq!(found.blocks[1].output, Some(at(Root::Step(4, "count".to_owned()), None)));
}

#[test]
fn a_map_has_defaults_and_goes_over_anything() {
    let found = graph(
        "inputs: { any: {} }
steps:
  - { id: a, map: { over: [1, \"{{ run.name }}\"], steps: [{ id: x, set: { n: \"{{ item }}\" } }] } }
  - { id: b, map: { over: { k: 1 }, on_error: collect, steps: [{ id: x, set: { n: \"{{ item.key ~ item.value }}\" } }] } }
  - { id: c, map: { over: inputs.any, on_error: skip, steps: [{ id: x, set: { n: \"{{ item.whatever[3] }}\" } }] } }
  - { id: d, map: { over: \"inputs.any | list\", steps: [{ id: y, map: { over: [1], steps: [{ id: x, set: { n: \"{{ item + index }}\" } }] } }] } }
  - { id: e, set: { ok: \"{{ b.k.ok.x.n | default(1) }}\", bad: \"{{ b.k.error.kind | default('') }}\", n: \"{{ a[0].x.n }}\" } }
",
    );
    let StepKind::Map(map) = step(&found, "a") else { panic!("map") };
    assert_eq!((map.name.as_str(), map.max, map.max_concurrent), ("item", 10_000, 16));
    assert!(matches!(&map.over, Template::List(items) if items.len() == 2));
    let StepKind::Map(inner) = step(&found, "y") else { panic!("map") };
    assert_eq!(found.blocks[inner.block].holder, found.steps.iter().position(|s| s.id == "y"));
}

#[test]
fn a_loop_carries_its_state() {
    let found = graph(
        "inputs: { text: string }
steps:
  - id: refine
    loop:
      state: { text: \"{{ inputs.text }}\", score: 0, best: null, parts: [] }
      while: loop.state.score < 90 and loop.index < 3
      max: 5
      steps:
        - { id: draft, uses: std/text#stats, with: { text: \"{{ loop.state.text }}\" } }
        - { id: at, set: { n: \"{{ index }}\" } }
      until: draft.word_count > 3
      next: { text: \"{{ loop.state.text }}\", score: \"{{ draft.word_count }}\", best: \"{{ draft.language }}\", parts: [\"{{ at.n }}\"] }
      on_max: stop
  - { id: after, uses: std/text#split, with: { text: \"{{ refine.state.text }}\" } }
  - { id: last, set: { n: \"{{ refine.last.draft.word_count | default(0) }}\", c: \"{{ refine.count }}\" } }
  - { id: often, loop: { max: 3, steps: [{ id: one, set: { n: \"{{ loop.index }}\" } }] } }
  - { id: sure, set: { n: \"{{ often.last.one.n }}\" } }
",
    );
    let StepKind::Loop(looped) = step(&found, "refine") else { panic!("loop") };
    assert_eq!((looped.max, looped.on_max), (5, OnMax::Stop));
    let whilst = looped.whilst.as_ref().unwrap();
    assert_eq!(whilst.roots, [Root::Loop(0)]);
    let draft = found.steps.iter().position(|step| step.id == "draft").unwrap();
    let until = looped.until.as_ref().unwrap();
    assert_eq!(until.roots, [Root::Step(draft, "draft".to_owned())]);
    let StepKind::Loop(often) = step(&found, "often") else { panic!("loop") };
    assert_eq!((often.max, often.on_max, often.state.as_ref()), (3, OnMax::Stop, None));
    let asks = graph(
        "steps: [{ id: a, loop: { max: 1, until: \"b.n > 1\", steps: [{ id: b, set: { n: 1 } }] } }]\n",
    );
    let StepKind::Loop(asks) = step(&asks, "a") else { panic!("loop") };
    assert_eq!(asks.on_max, OnMax::Fail);
}

#[test]
fn a_switch_has_cases() {
    let found = graph(
        "inputs: { label: { type: string, enum: [billing, refund, other] }, on: boolean }
steps:
  - id: maybe
    when: inputs.on
    set: { text: hi }
  - id: route
    switch:
      on: inputs.label
      cases:
        - { is: billing, steps: [{ id: x, set: { n: 1 } }] }
        - { is: [refund, other], steps: [{ id: x, set: { n: 2 } }] }
  - id: other
    switch:
      cases:
        - when: maybe is defined
          steps: [{ id: x, uses: std/text#stats, with: { text: \"{{ maybe.text }}\" } }]
          output: \"{{ x.word_count }}\"
      default: { steps: [{ id: x, set: { n: \"{{ route.x.n }}\" } }], output: \"{{ x.n }}\" }
  - { id: tiny, uses: acme/types#take, with: { tiny: \"{{ route.x.n }}\", wide: \"{{ other }}\" } }
  - { id: perhaps, switch: { on: run.name, cases: [{ is: a, steps: [{ id: z, set: { n: 1 } }] }] } }
  - { id: use, set: { n: \"{{ perhaps.z.n | default(0) }}\", all: \"{{ perhaps }}\" } }
",
    );
    let StepKind::Switch(route) = step(&found, "route") else { panic!("switch") };
    assert_eq!(route.default, None);
    let tests: Vec<&CaseTest> = route.cases.iter().map(|case| &case.test).collect();
    assert_eq!(
        tests,
        [
            &CaseTest::Is(vec![json!("billing")]),
            &CaseTest::Is(vec![json!("refund"), json!("other")])
        ]
    );
    let StepKind::Switch(other) = step(&found, "other") else { panic!("switch") };
    assert!(
        matches!(&other.cases[0].test, CaseTest::When(when) if when.source == "maybe is defined")
    );
    let default = &found.blocks[other.default.unwrap()];
    assert_eq!(found.steps[default.steps.start].yaml_path, "steps[2].switch.default.steps[0]");
    assert_eq!(
        found.steps[found.blocks[other.cases[0].block].steps.start].yaml_path,
        "steps[2].switch.cases[0].steps[0]"
    );
}

#[test]
fn branches_run_side_by_side() {
    let branches = "branches: { a: { steps: [{ id: x, set: { n: 1 } }] }, b: { steps: [{ id: x, set: { n: 2 } }], output: \"{{ x }}\" } }";
    let text = format!(
        "steps:
  - {{ id: all, parallel: {{ {branches} }} }}
  - {{ id: any, parallel: {{ join: any, {branches} }} }}
  - {{ id: two, parallel: {{ join: {{ quorum: 2 }}, {branches} }} }}
  - {{ id: vote, parallel: {{ join: {{ vote: {{ tie: first }} }}, {branches} }} }}
  - {{ id: votes, parallel: {{ join: vote, {branches}, output: \"{{{{ branches.a.x.n | default(0) }}}}\" }} }}
  - {{ id: out, parallel: {{ {branches}, output: \"{{{{ branches.a.x.n }}}}\" }} }}
  - id: t
    uses: acme/types#take
    with: {{ tiny: \"{{{{ all.a.x.n }}}}\", wide: \"{{{{ out }}}}\", text: \"{{{{ any.branch }}}}\", whole: \"{{{{ vote.votes }}}}\" }}
  - {{ id: u, set: {{ n: \"{{{{ two.a.x.n | default(1) }}}}\", m: \"{{{{ vote.value.x }}}}\" }} }}
"
    );
    let found = graph(&text);
    let joins: Vec<Join> = ["all", "any", "two", "vote", "votes"]
        .iter()
        .map(|id| match step(&found, id) {
            StepKind::Parallel(parallel) => parallel.join,
            _ => panic!("parallel"),
        })
        .collect();
    assert_eq!(
        joins,
        [Join::All, Join::Any, Join::Quorum(2), Join::Vote(Tie::First), Join::Vote(Tie::Fail)]
    );
    let StepKind::Parallel(out) = step(&found, "out") else { panic!("parallel") };
    let names: Vec<&str> = out.branches.iter().map(|branch| branch.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    let out_index = found.steps.iter().position(|step| step.id == "out").unwrap();
    assert_eq!(out.output.as_ref().unwrap().roots(), [&Root::Branches(out_index)]);
    assert_eq!(
        found.steps[found.blocks[out.branches[1].block].steps.start].yaml_path,
        "steps[5].parallel.branches.b.steps[0]"
    );
}

#[test]
fn people_and_time() {
    let found = graph(
        "inputs: { text: string }
steps:
  - id: ok
    approve:
      message: \"Publish {{ inputs.text }}?\"
      show: { draft: \"{{ inputs.text }}\" }
      on_reject: continue
  - { id: pause, when: ok.approved, wait: 5m }
  - { id: paid, wait: { signal: paid }, timeout: 24h }
  - { id: t, uses: std/text#split, with: { text: \"{{ ok.by }}\", separator: \"{{ ok.note }}\" } }
  - { id: u, set: { n: \"{{ paid.amount }}\", p: \"{{ pause }}\" } }
",
    );
    let StepKind::Approve(ask) = step(&found, "ok") else { panic!("approve") };
    assert_eq!(ask.on_reject, OnReject::Continue);
    assert!(matches!(&ask.message, Template::Text(parts) if parts.len() == 3));
    let StepKind::Wait(pause) = step(&found, "pause") else { panic!("wait") };
    assert_eq!(*pause, Wait::Duration(Duration::from_secs(300)));
    let StepKind::Wait(paid) = step(&found, "paid") else { panic!("wait") };
    assert_eq!(*paid, Wait::Signal("paid".to_owned()));
    assert_eq!(found.steps[2].timeout, Some(Duration::from_secs(86_400)));
}

#[test]
fn failures_are_caught() {
    let found = graph(
        "steps:
  - id: a
    uses: std/text#stats
    with: { text: hi }
    retry: { max: 3, backoff: linear, delay: 2s, max_delay: 10s, on: [transient, guest.error, limit.timeout] }
    timeout: 30s
    fallback: { value: { word_count: 0, language: null, counts: [] } }
    cache: true
  - id: b
    uses: std/text#stats
    with: { text: hi }
    retry: { max: 1, delay: 2m }
    on_error: continue
  - id: c
    uses: std/text#split
    with: { text: hi }
    fallback: { uses: \"std/text#split\", with: { text: \"{{ a.word_count }} words\" } }
  - { id: t, uses: acme/types#take, with: { whole: \"{{ b.word_count | default(0) }}\", wide: \"{{ a.word_count }}\" } }
  - { id: u, when: b is defined, uses: acme/types#take, with: { wide: \"{{ b.word_count }}\" } }
",
    );
    let [a, b, c, ..] = found.steps.as_slice() else { panic!("steps") };
    let retry = a.retry.as_ref().unwrap();
    assert_eq!((retry.max, retry.backoff), (3, Backoff::Linear));
    assert_eq!((retry.delay, retry.delay_max), (Duration::from_secs(2), Duration::from_secs(10)));
    let kind = |text: &str| RetryOn::Kind(text.to_owned());
    assert_eq!(retry.on, [RetryOn::Transient, kind("guest.error"), kind("limit.timeout")]);
    assert_eq!((a.timeout, a.cache), (Some(Duration::from_secs(30)), Some(true)));
    assert!(matches!(a.fallback, Some(Fallback::Value(Template::Literal(_)))));
    let retry = b.retry.as_ref().unwrap();
    assert_eq!(
        (retry.backoff, retry.delay, retry.delay_max, retry.on.as_slice()),
        (
            Backoff::Exponential,
            Duration::from_secs(120),
            Duration::from_secs(120),
            [RetryOn::Transient].as_slice()
        )
    );
    assert_eq!(b.on_error, OnError::Continue);
    assert!(matches!(&c.fallback, Some(Fallback::Uses(uses)) if uses.operation == "split"));
    assert_eq!(c.needs, [0]);
    assert_eq!(found.calls().count(), 6);
}

#[test]
fn pipelines_run_pipelines() {
    let text = format!(
        "{HEAD}inputs: {{ ticket: string }}
steps:
  - id: triage
    pipeline: ./triage.yml
    with: {{ ticket: \"{{{{ inputs.ticket }}}}\" }}
  - id: again
    pipeline: triage.yml
    with: {{ ticket: \"{{{{ triage.label }}}}\", urgent: true }}
  - {{ id: t, uses: acme/types#take, with: {{ wide: \"{{{{ triage.count }}}}\" }} }}
"
    );
    let folder = files::Folder::new();
    let found = compiled_with(&text, &folder);
    assert_eq!(found.diagnostics, []);
    let graph = found.graph.unwrap();
    graph.assert_valid();
    let StepKind::Pipeline(child) = step(&graph, "triage") else { panic!("pipeline") };
    assert_eq!(child.source, "./triage.yml");
    assert_eq!(child.graph.steps[0].id, "words");
    child.graph.assert_valid();
    let StepKind::Pipeline(again) = step(&graph, "again") else { panic!("pipeline") };
    assert!(std::sync::Arc::ptr_eq(&child.graph, &again.graph), "compiled once");
    assert_eq!(graph.with_children().len(), 3);
}

#[test]
fn rights_are_within_those_around() {
    let found = graph(
        "caps: { log: true, http: [\"GET https://a.org/**\"] }
limits: { fuel: 1e9, wall: 5m }
steps:
  - id: m
    caps: { log: true }
    limits: { fuel: 1e8 }
    map:
      over: [1]
      steps: [{ id: a, caps: { log: true }, limits: { fuel: 1e7, wall: 1m }, uses: acme/note, with: { text: x } }]
  - { id: child, pipeline: ./rights.yml }
",
    );
    assert_eq!(found.steps[0].limits.fuel, Some(100_000_000));
}
