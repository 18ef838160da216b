//! `kind: Policy`.

use std::time::Duration;

use super::Case;
use crate::graph::{Backoff, RetryOn};

const PATIENT: &str = "retry: { max: 5, backoff: linear, on: [any] }\ntimeout: 5m\n";

#[test]
fn a_step_reads_as_if_the_policy_were_written_out() {
    let graph = Case::of(
        "steps:
  - { id: a, policy: patient, uses: std/text#stats, with: { text: x } }
  - { id: b, map: { over: [1], steps: [{ id: c, set: { n: 1 }, policy: patient }] } }
  - { id: d, switch: { cases: [{ when: \"true\", steps: [{ id: e, set: { n: 1 }, policy: patient }] }], default: { steps: [{ id: f, set: { n: 1 }, policy: patient }] } } }
  - { id: g, parallel: { branches: { x: { steps: [{ id: h, set: { n: 1 }, policy: patient }] }, y: { steps: [{ id: i, set: { n: 1 } }] } } } }
",
    )
    .with("Policy", "patient", PATIENT)
    .graph();
    for id in ["a", "c", "e", "f", "h"] {
        let step = graph.steps.iter().find(|step| step.id == id).unwrap();
        let retry = step.retry.as_ref().unwrap();
        assert_eq!(
            (retry.max, retry.backoff, &retry.on),
            (5, Backoff::Linear, &vec![RetryOn::Any])
        );
        assert_eq!(step.timeout, Some(Duration::from_secs(300)), "{id}");
    }
}

#[test]
fn what_both_say_is_shown_in_both_places() {
    Case::of("steps:\n  - { id: a, policy: patient, retry: { max: 1 }, set: { n: 1 } }\n")
        .extra("coldframe.yml", super::document("Policy", "patient", PATIENT))
        .says(
            "\
error[policy-overlap]: the step has `retry`, and so has its policy `patient`
 --> flow.yml:5:31
  |
5 |   - { id: a, policy: patient, retry: { max: 1 }, set: { n: 1 } }
  |                               ^^^^^
  |
 ::: coldframe.yml:4:1
  |
4 | retry: { max: 5, backoff: linear, on: [any] }
  | ----- the policy's
  |
  = help: keep one of the two

",
        );
}

#[test]
fn policies_that_are_wrong() {
    let used =
        |name: &str| Case::of(&format!("steps: [{{ id: a, policy: {name}, set: {{ n: 1 }} }}]\n"));
    used("pateint").with("Policy", "patient", PATIENT).says(
        "\
error[unknown-policy]: there is no policy `pateint`
 --> flow.yml:4:26
  |
4 | steps: [{ id: a, policy: pateint, set: { n: 1 } }]
  |                          ^^^^^^^
  |
  = help: did you mean `patient`?

",
    );
    assert_eq!(used("x").codes(), ["unknown-policy"]);
    assert_eq!(used("[x]").codes(), ["wrong-shape"]);
    let codes = |text: &str| used("p").with("Policy", "p", text).codes();
    assert_eq!(codes("retry: { max: 0 }\n"), ["bad-limit"]);
    assert_eq!(codes("timeout: soon\n"), ["bad-limit"]);
    assert_eq!(codes(""), ["missing-key"]);
    assert_eq!(
        codes("rate_limit: { per_second: 3 }\n"),
        ["missing-key", "missing-key", "unknown-key"]
    );
    assert_eq!(codes("rate_limit: { max: 1, per: 0s }\n"), ["bad-limit"]);
    assert_eq!(codes("rate_limit: { max: 1, per: 1s, group: \"A b\" }\n"), ["bad-name"]);
    assert_eq!(codes("timeout: 1s\ngovernance: []\n"), ["wrong-shape"]);
    assert_eq!(codes("timeout: 1s\ngovernance: {}\n"), ["missing-key"]);
    assert_eq!(codes("timeout: 1s\ngovernance: { deny: [std] }\n"), ["bad-skill-reference"]);
    assert_eq!(codes("timeout: 1s\nlimits: {}\n"), ["unsupported-key"]);
    assert_eq!(codes("governance: { deny: [std/text] }\n"), ["unruled-policy"]);
    assert_eq!(codes("rules: [{ id: a, assert: 1 > 0 }]\n"), ["missing-key"]);
    assert_eq!(codes("timeout: 1s\nsteps: []\n"), ["unknown-key"]);
}

const WORDS: &str = "steps: [{ id: words, uses: std/text#stats, with: { text: x } }]\n";

#[test]
fn steps_of_one_policy_count_together() {
    let polite =
        "rate_limit: { max: 2, per: 1m }\ncircuit_breaker: { failures: 3, open_for: 1s }\n";
    let graph = Case::of("steps:\n  - { id: a, policy: polite, set: { n: 1 } }\n")
        .with("Policy", "polite", polite)
        .graph();
    let step = &graph.steps[0];
    let limit = step.rate_limit.as_ref().unwrap();
    assert_eq!(
        (limit.max, limit.per, limit.group.as_deref()),
        (2, Duration::from_secs(60), Some("polite"))
    );
    assert_eq!(step.circuit_breaker.as_ref().unwrap().group.as_deref(), Some("polite"));
    let two = "steps:
  - { id: a, set: {}, rate_limit: { max: 1, per: 1s, group: g } }
  - { id: b, set: {}, rate_limit: { max: 2, per: 1s, group: g } }
";
    assert_eq!(Case::of(two).codes(), ["policy-overlap"]);
}

#[test]
fn rules_of_a_policy_hold_where_it_is_named() {
    let house = "rules: [{ id: cheap, assert: totals.cost_usd < 1, action: fail_run }]\n";
    let named = Case::of(&format!("policies: [house]\n{WORDS}")).with("Policy", "house", house);
    assert_eq!(named.graph().policies[0].id, "cheap");
    assert!(Case::of(WORDS).with("Policy", "house", house).graph().policies.is_empty());
    let imposed =
        Case::of(WORDS).with("Policy", "house", house).with("Config", "all", "policies: [house]\n");
    assert_eq!(imposed.graph().policies.len(), 1);
    let own = "policies: [house, { id: cheap, assert: 1 > 0, action: warn }]\n";
    let twice = Case::of(&format!("{own}{WORDS}")).with("Policy", "house", house);
    assert_eq!(twice.codes(), ["duplicate-id"]);
    let again = Case::of(&format!("policies: [house, house]\n{WORDS}"));
    assert_eq!(again.with("Policy", "house", house).codes(), ["duplicate-id"]);
    assert_eq!(Case::of(&format!("policies: [huose]\n{WORDS}")).codes(), ["unknown-policy"]);
    let nobody = Case::of(WORDS).with("Config", "all", "policies: [house]\n");
    assert_eq!(nobody.codes(), ["unknown-policy"]);
}

#[test]
fn pipelines_call_what_policies_let_them() {
    let codes = |governance: &str| {
        Case::of(WORDS)
            .with("Policy", "house", &format!("governance: {governance}\n"))
            .with("Config", "all", "policies: [house]\n")
            .codes()
    };
    for allowed in
        ["{ allow: [std/*] }", "{ allow: [std/text#stats] }", "{ deny: [std/text#other, acme/*] }"]
    {
        assert!(codes(allowed).is_empty(), "{allowed}");
    }
    for denied in [
        "{ allow: [] }",
        "{ allow: [acme/*] }",
        "{ deny: [std/*] }",
        "{ allow: [std/*], deny: [std/text#stats] }",
        "{ deny: [std/text] }",
    ] {
        assert_eq!(codes(denied), ["policy-denied"], "{denied}");
    }
}

#[test]
fn pipelines_that_are_run_call_no_more() {
    let file = super::document("Pipeline", "inner", WORDS);
    let codes = |extra: &str| {
        Case::of(&format!("{extra}steps: [{{ id: a, pipeline: ./inner.yml }}]\n"))
            .file("inner.yml", &file)
            .with("Policy", "house", "governance: { deny: [std/text] }\n")
            .codes()
    };
    assert_eq!(codes("policies: [house]\n"), ["policy-denied"]);
    assert!(codes("").is_empty());
}
