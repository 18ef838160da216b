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
    assert_eq!(codes("timeout: 1s\nrate_limit: { per_second: 3 }\n"), ["unsupported-key"]);
    assert_eq!(codes("timeout: 1s\ncircuit_breaker: {}\ngovernance: []\n"), ["unsupported-key"; 2]);
    assert_eq!(codes("timeout: 1s\nsteps: []\n"), ["unknown-key"]);
}
