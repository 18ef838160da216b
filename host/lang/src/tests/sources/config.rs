//! `kind: Config`.

use std::time::Duration;

use super::{Case, document};
use crate::graph::Limits;

const STEPS: &str = "steps: [{ id: a, set: { n: 1 } }]\n";

fn config(text: &str) -> String {
    document("Config", "acme", text)
}

#[test]
fn defaults_apply_where_the_pipeline_is_silent_and_ceilings_always() {
    let graph = Case::of(&format!("limits: {{ wall: 10s }}\n{STEPS}"))
        .extra(
            "coldframe.yml",
            config("defaults: { limits: { wall: 20s, fuel: 2e9 } }\nceilings: { limits: { wall: 1m, fuel: 1e10, cost_usd: 1 } }\n"),
        )
        .graph();
    assert_eq!(
        graph.limits,
        Limits {
            wall: Some(Duration::from_secs(10)),
            fuel: Some(2_000_000_000),
            cost_nano: Some(1_000_000_000),
            ..Limits::default()
        }
    );
}

#[test]
fn the_tightest_of_several_applies() {
    let graph = Case::of(STEPS)
        .with("Config", "a", "defaults: { limits: { fuel: 2e9 } }\n")
        .extra("coldframe.yml", config("defaults: { limits: { fuel: 1e9, wall: 5s } }\n"))
        .graph();
    assert_eq!(graph.limits.fuel, Some(1_000_000_000));
}

#[test]
fn above_a_ceiling_both_places_are_shown() {
    Case::of("limits: { fuel: 2e9 }\nsteps: [{ id: a, set: { n: 1 } }]\n")
        .extra("coldframe.yml", config("ceilings:\n  limits: { fuel: 1e9 }\n"))
        .says(
            "\
error[above-ceiling]: `fuel` is more than the ceiling of `acme`
 --> flow.yml:4:17
  |
4 | limits: { fuel: 2e9 }
  |                 ^^^
  |
 ::: coldframe.yml:5:19
  |
5 |   limits: { fuel: 1e9 }
  |                   --- the ceiling
  |
  = help: lower it, or ask those who keep the `Config` to raise the ceiling

",
        );
}

#[test]
fn grants_have_a_ceiling_too() {
    let caps = "caps: { http: [\"https://*.example.org\"], log: true }\nsteps:\n  - { id: a, uses: std/web, with: { url: x } }\n  - { id: b, uses: acme/note, with: { text: x } }\n";
    let codes = |ceiling: &str| {
        Case::of(caps)
            .extra("coldframe.yml", config(&format!("ceilings: {{ caps: {ceiling} }}\n")))
            .codes()
    };
    assert_eq!(codes("{ http: [\"https://*.example.org\"], log: true }"), [""; 0]);
    assert_eq!(codes("{ http: [\"GET https://a.example.org\"], log: true }"), ["above-ceiling"]);
    assert_eq!(codes("{ http: [\"https://*.example.org\"] }"), ["above-ceiling"]);
    assert_eq!(codes("{}"), ["above-ceiling", "above-ceiling"]);
    assert_eq!(codes("{ http: 3 }"), ["wrong-shape"]);
}

/// What is wrong with one document does not hide what is wrong with the pipeline, and does not
/// show up again where it is used.
#[test]
fn problems_of_all_documents_are_reported_together() {
    let no = "set: { n: \"{{ inputs.no }}\" }";
    let case = |steps: &str, extra: &str| {
        Case::of(&format!("steps: [{{ id: a, {steps} }}]\n"))
            .extra("coldframe.yml", format!("{}---\n{extra}", config("ceiling: {}\n")))
            .codes()
    };
    let policy = |text: &str| document("Policy", "patient", text);
    assert_eq!(case(no, &policy("timeout: 3s\n")), ["unknown-field", "unknown-key"]);
    let used = format!("policy: patient, {no}");
    assert_eq!(case(&used, &policy("timeout: 3s\n")), ["unknown-field", "unknown-key"]);
    assert_eq!(case(&used, &policy("timeout: 3\n")), ["unknown-field", "unknown-key", "bad-limit"]);
    let bad = document("Macro", "m", "steps: []\noutput: 1\nx: 2\n");
    assert_eq!(case("macro: m", &bad), ["unknown-key", "wrong-shape", "unknown-key"]);
}

#[test]
fn steps_are_held_to_what_the_config_fills_in() {
    Case::of("steps: [{ id: a, limits: { fuel: 3e9 }, set: { n: 1 } }]\n")
        .extra("coldframe.yml", config("defaults: { limits: { fuel: 1e9 } }\n"))
        .says(
            "\
error[limit-exceeds]: the step's `fuel` is more than the pipeline's
 --> flow.yml:4:34
  |
4 | steps: [{ id: a, limits: { fuel: 3e9 }, set: { n: 1 } }]
  |                                  ^^^
  |
 ::: coldframe.yml:4:29
  |
4 | defaults: { limits: { fuel: 1e9 } }
  |                             --- the pipeline's
  |
  = help: lower it, or raise the pipeline's

",
        );
}

/// Its limits come out of those of the pipeline that runs it.
#[test]
fn a_pipeline_that_a_step_runs_gets_no_defaults() {
    let graph = Case { files: crate::tests::files::Folder::new(), ..Case::of("limits: { fuel: 1e6 }\nsteps: [{ id: a, pipeline: ./triage.yml, with: { ticket: x } }]\n") }
        .extra("coldframe.yml", config("defaults: { limits: { fuel: 1e9 } }\n"))
        .graph();
    assert_eq!(graph.with_children()[1].limits, Limits::default());
}

#[test]
fn what_a_config_cannot_say() {
    let codes = |text: &str| Case::of(STEPS).extra("coldframe.yml", config(text)).codes();
    assert_eq!(codes("defaults: { limits: { feul: 1 } }\n"), ["unknown-key"]);
    assert_eq!(codes("defaults: { limits: { fuel: x } }\n"), ["bad-limit"]);
    assert_eq!(codes("defaults: { caps: { log: true } }\n"), ["unsupported-key"]);
    assert_eq!(codes("ceilings: { steps: 3 }\n"), ["unknown-key"]);
    assert_eq!(codes("ceilings: [1]\n"), ["wrong-shape"]);
    assert_eq!(codes("spec: {}\n"), ["unknown-key"]);
}
