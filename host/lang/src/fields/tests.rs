//! The table against itself, and against the pages it makes.

use super::explain::objects;
use super::{Shape, explain, schema};

#[test]
fn names_are_unique_and_examples_are_there() {
    let all = objects();
    let mut names: Vec<&str> = all.iter().map(|object| object.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "{names:?}");
    for object in all {
        for field in object.fields {
            assert!(!field.example.is_empty(), "{}.{}", object.name, field.key);
            assert!(field.doc.ends_with('.'), "{}.{}", object.name, field.key);
        }
        for key in object.one_of {
            assert!(object.fields.iter().any(|field| field.key == *key), "{key}");
        }
    }
}

#[test]
fn a_field_is_explained_from_wherever_the_path_begins() {
    let page = explain("step.retry.max").unwrap();
    assert_eq!(
        page,
        "# step.retry.max\n\nThe most tries after the first one.\n\ntype      integer from 1\n\
         required  yes\nexample   max: 3\n"
    );
    assert_eq!(explain("pipeline.steps.retry.max").unwrap().lines().count(), page.lines().count());
    let block = explain("pipeline.steps[].map.steps[].loop.max").unwrap();
    assert!(block.contains("The most iterations."), "{block}");
    assert!(explain("Pipeline").unwrap().contains("\nkeys\n"));
}

#[test]
fn what_is_not_there_is_said_with_what_is_near() {
    let message = explain("step.retyr").unwrap_err();
    assert!(message.starts_with("there is no field `retyr`; did you mean `retry`"), "{message}");
    assert!(explain("step.id.x").unwrap_err().contains("no keys of its own"));
    assert!(explain("").is_err());
    assert!(explain("....").is_err());
}

#[test]
fn the_schema_is_one() {
    for kind in [None, Some("Pipeline"), Some("Config"), Some("Policy"), Some("Macro")] {
        let schema = schema(kind).unwrap();
        assert!(jsonschema::draft202012::new(&schema).is_ok());
    }
    assert!(schema(Some("Piepline")).is_none());
}

/// For each map with known keys, a text in which `zzzz` stands as a key of it.
const PLACES: &[(&str, &str)] = &[
    ("metadata", "metadata: { name: t, zzzz: 1 }"),
    ("test", "tests: [{ name: t, assert: a, zzzz: 1 }]"),
    ("exchange", "tests: [{ name: t, assert: a, http: [{ url: u, zzzz: 1 }] }]"),
    ("limits", "limits: { zzzz: 1 }"),
    ("caps", "caps: { zzzz: 1 }"),
    ("step", "steps: [{ id: a, set: {}, zzzz: 1 }]"),
    ("retry", "steps: [{ id: a, set: {}, retry: { max: 1, zzzz: 1 } }]"),
    ("rate_limit", "steps: [{ id: a, set: {}, rate_limit: { max: 1, per: 1s, zzzz: 1 } }]"),
    (
        "circuit_breaker",
        "steps: [{ id: a, set: {}, circuit_breaker: { failures: 1, open_for: 1s, zzzz: 1 } }]",
    ),
    ("adapters", "adapters: { zzzz: 1 }"),
    ("http-adapter", "adapters: { http: { adapter: client, zzzz: 1 } }"),
    ("policy", "policies: [{ id: a, assert: b, action: warn, zzzz: 1 }]"),
    ("fallback", "steps: [{ id: a, set: {}, fallback: { value: 1, zzzz: 1 } }]"),
    ("map", "steps: [{ id: a, map: { over: [1], steps: [{ id: b, set: {} }], zzzz: 1 } }]"),
    ("loop", "steps: [{ id: a, loop: { max: 1, steps: [{ id: b, set: {} }], zzzz: 1 } }]"),
    ("switch", "steps: [{ id: a, switch: { cases: [], zzzz: 1 } }]"),
    ("case", "steps: [{ id: a, switch: { cases: [{ when: x, steps: [], zzzz: 1 }] } }]"),
    ("block", "steps: [{ id: a, parallel: { branches: { b: { steps: [], zzzz: 1 } } } }]"),
    ("parallel", "steps: [{ id: a, parallel: { branches: {}, zzzz: 1 } }]"),
    ("join", "steps: [{ id: a, parallel: { branches: {}, join: { quorum: 1, zzzz: 1 } } }]"),
    ("vote", "steps: [{ id: a, parallel: { branches: {}, join: { vote: { zzzz: 1 } } } }]"),
    ("approve", "steps: [{ id: a, approve: { message: m, zzzz: 1 } }]"),
    ("wait", "steps: [{ id: a, wait: { signal: s, zzzz: 1 } }]"),
];

#[test]
fn the_readers_know_the_keys_of_the_table_and_no_others() {
    for (name, text) in PLACES {
        let object = objects().into_iter().find(|object| object.name == *name).unwrap();
        let text = format!("apiVersion: coldframe/v1\nkind: Pipeline\n{text}\n");
        let problems = crate::tests::compiled(&text).diagnostics;
        let problem = problems.iter().find(|problem| problem.message.ends_with("`zzzz`"));
        let problem = problem.unwrap_or_else(|| panic!("{name}: {problems:?}"));
        let help = problem.help.clone().unwrap_or_default();
        let more = help.rsplit_once(" and ").and_then(|(_, rest)| rest.strip_suffix(" more"));
        let more = more.map_or(0, |more| more.parse::<usize>().unwrap());
        let shown: Vec<&str> =
            help.split('`').skip(1).step_by(2).filter(|key| key != name).collect();
        assert_eq!(shown.len() + more, object.fields.len(), "{name}: {help}");
        for key in shown {
            assert!(object.fields.iter().any(|field| field.key == key), "{name}: {key}");
        }
    }
}

#[test]
fn every_capability_is_a_key_of_caps() {
    use coldframe_format::Cap;
    let keys: Vec<&str> = super::pipeline::CAPS.fields.iter().map(|field| field.key).collect();
    assert_eq!(keys, Cap::names().collect::<Vec<_>>());
    for (cap, field) in Cap::ALL.iter().zip(super::pipeline::CAPS.fields) {
        let is_list = matches!(field.shape, Shape::List(_));
        assert_eq!(is_list, cap.line().is_some(), "{cap}");
    }
}
