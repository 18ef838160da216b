//! Several documents in one file, and documents of the project.

use super::{Case, document};
use crate::tests::HEAD;

const STEPS: &str = "steps: [{ id: a, set: { n: 1 } }]\n";

#[test]
fn the_only_pipeline_is_compiled_wherever_it_stands() {
    let policy = document("Policy", "patient", "timeout: 5s\n");
    let mut case = Case::of(STEPS);
    case.text = format!("---\n{policy}---\n{}...\n", case.text);
    assert_eq!(case.graph().name, "t");
}

#[test]
fn one_of_several_pipelines_is_asked_for() {
    let mut case = Case::of(STEPS).with("Pipeline", "other", STEPS);
    case.says(
        "\
error[which-pipeline]: the file has 2 pipelines, expected one
 --> flow.yml:3:19
  |
3 | metadata: { name: t }
  |                   ^
  |
 ::: flow.yml:8:19
  |
8 | metadata: { name: other }
  |                   ----- another one
  |
  = help: say which one: `t`, `other`

",
    );
    case.name = Some("other");
    assert_eq!(case.graph().name, "other");
    case.name = Some("othr");
    case.says(
        "\
error[which-pipeline]: `flow.yml` has no pipeline `othr`
 --> flow.yml:1:1
  |
1 | apiVersion: coldframe/v1
  | ^
  |
  = help: did you mean `other`?

",
    );
}

#[test]
fn documents_that_are_not_of_use() {
    let alone = Case { text: document("Config", "acme", ""), ..Case::default() };
    assert_eq!(alone.codes(), ["which-pipeline"]);
    assert_eq!(Case::of(STEPS).with("Pipeline", "t", STEPS).codes(), ["duplicate-document"]);
    assert_eq!(Case::of(STEPS).with("System", "web", "port: http\n").codes(), ["unsupported-kind"]);
    assert_eq!(Case::of(STEPS).with("Pipline", "x", STEPS).codes(), ["unknown-kind"]);
    let none = Case { text: format!("{HEAD}{STEPS}---\nsteps: []\n"), ..Case::default() };
    assert_eq!(none.codes(), ["missing-key", "missing-key"]);
    let extra = Case::of(STEPS).extra("coldframe.yml", document("Pipeline", "more", STEPS));
    assert_eq!(extra.codes(), ["which-pipeline"]);
    let empty = Case { text: format!("{HEAD}{STEPS}---\n"), ..Case::default() };
    assert_eq!(empty.codes(), ["yaml-empty"]);
}

#[test]
fn a_problem_in_another_file_is_shown_there() {
    Case::of(STEPS)
        .extra("coldframe.yml", document("Policy", "patient", "retry: { max: none }\n"))
        .says(
            "\
error[wrong-shape]: `retry.max` is a string, expected a whole number
 --> coldframe.yml:4:15
  |
4 | retry: { max: none }
  |               ^^^^
  |
  = help: for example `max: 1`

",
        );
}

#[test]
fn the_file_itself_is_not_read_twice() {
    let mut case = Case::of(STEPS).with("Policy", "patient", "timeout: 5s\n");
    case.extra.push(("flow.yml", case.text.clone()));
    case.graph();
}
