//! `kind: Macro`.

use serde_json::json;

use super::{Case, document, shape};
use crate::graph::{StepKind, Uses};
use crate::mermaid::mermaid;
use crate::template::{Path, Root, Segment, Template};

const COUNT: &str = "parameters:
  text: string
  unit: { type: string, default: \"{{ words }}\" }
steps:
  - { id: a, uses: std/text#stats, with: { text: \"{{ params.text }}\" } }
  - { id: b, set: { n: \"{{ a.word_count }}\", unit: \"{{ params.unit }}\" } }
output: { n: \"{{ b.n }}\", unit: \"{{ b.unit }}\" }
";

#[test]
fn a_use_is_one_step_that_holds_a_block() {
    // The ids `a`, `b` and `params` mean other things around the use.
    let graph = Case::of(
        "inputs: { letter: string }
steps:
  - { id: a, set: { text: \"{{ inputs.letter }}\" } }
  - { id: params, set: { text: no } }
  - id: b
    macro: count
    when: a.text != ''
    with: { text: \"{{ a.text ~ params.text }}\" }
    timeout: 5s
  - { id: c, macro: count, with: { text: hi, unit: \"{{ b.n }}\" } }
outputs: { n: \"{{ c.n }}\" }
",
    )
    .with("Macro", "count", COUNT)
    .graph();
    assert_eq!(
        shape(&graph),
        [
            "steps[0] a set",
            "steps[1] params set",
            "steps[2] b switch",
            "steps[3] c switch",
            "steps[2].macro.steps[2] params_2 set",
            "steps[2].macro.steps[0] a_2 uses",
            "steps[2].macro.steps[1] b_2 set",
            "steps[3].macro.steps[2] params_2 set",
            "steps[3].macro.steps[0] a_2 uses",
            "steps[3].macro.steps[1] b_2 set",
        ]
    );
    let [_, _, b, c, params, a, ..] = graph.steps.as_slice() else { panic!("ten steps") };
    assert_eq!((b.needs.as_slice(), c.needs.as_slice()), ([0, 1].as_slice(), [2].as_slice()));
    assert!(b.when.is_some() && b.timeout.is_some());
    assert_eq!(a.line, 9, "the line of the use");
    let StepKind::Uses(Uses { with, .. }) = &a.kind else { panic!("uses") };
    assert_eq!(
        with["text"],
        Template::Path(Path {
            root: Root::Step(4, "params_2".to_owned()),
            segments: vec![Segment::Key("text".to_owned())],
        })
    );
    let StepKind::Set(set) = &params.kind else { panic!("set") };
    assert_eq!(set.values["unit"], Template::Literal(json!("{{ words }}")), "a default is data");
    let StepKind::Switch(switch) = &b.kind else { panic!("switch") };
    assert!(switch.cases.is_empty() && switch.default.is_some());
    assert!(mermaid(&graph).contains("params"));
}

#[test]
fn macros_are_used_in_blocks_and_in_macros() {
    let graph = Case::of(
        "steps:
  - id: each
    map:
      over: [x, y]
      steps:
        - { id: n, macro: twice, with: { text: \"{{ item ~ index }}\" } }
      output: \"{{ n }}\"
outputs: { n: \"{{ each }}\" }
",
    )
    .with("Macro", "count", COUNT)
    .with(
        "Macro",
        "twice",
        "parameters: { text: string }
steps:
  - { id: n, macro: count, with: { text: \"{{ params.text }}\" } }
  - id: item
    map:
      over: params.text | list
      as: n2
      steps: [{ id: m, set: { x: \"{{ n2 ~ n.n }}\" } }]
output: \"{{ n.n }}\"
"
        .replace("- id: item", "- id: letters")
        .as_str(),
    )
    .graph();
    assert_eq!(graph.blocks.len(), 5);
}

#[test]
fn a_macro_without_parameters_and_one_of_the_project() {
    let graph = Case::of("steps: [{ id: a, macro: one }]\noutputs: { n: \"{{ a }}\" }\n")
        .extra(
            "coldframe.yml",
            document("Macro", "one", "steps: !include one.yml\noutput: \"{{ x.n }}\"\n"),
        )
        .file("one.yml", "- { id: x, set: { n: 1 } }\n")
        .graph();
    assert_eq!(shape(&graph), ["steps[0] a switch", "steps[0].macro.steps[0] x set"]);
}

#[test]
fn a_problem_inside_shows_the_line_of_the_macro_and_of_the_use() {
    Case::of("steps:\n  - { id: a, macro: count, with: { n: 1 } }\n")
        .with("Macro", "count", "parameters: { n: integer }\nsteps:\n  - { id: b, uses: std/text#stats, with: { text: \"{{ params.n }}\" } }\noutput: 1\n")
        .says(
            "\
error[type-mismatch]: `params.n` is integer 1, expected string
  --> flow.yml:12:54
   |
12 |   - { id: b, uses: std/text#stats, with: { text: \"{{ params.n }}\" } }
   |                                                      ^^^^^^^^
   |
  ::: flow.yml:5:21
   |
 5 |   - { id: a, macro: count, with: { n: 1 } }
   |                     ----- `count` is used here
   |
   = help: make it a text: `{{ params.n | string }}`

",
        );
}

#[test]
fn a_problem_deep_inside_shows_every_use_and_include() {
    Case::of("steps:\n  - { id: a, macro: outer }\n")
        .with("Macro", "outer", "steps: [{ id: b, macro: inner }]\noutput: 1\n")
        .extra("lib.yml", document("Macro", "inner", "steps: !include inner.yml\noutput: 1\n"))
        .file("inner.yml", "- { id: c, set: { n: \"{{ nope }}\" } }\n")
        .says(
            "\
error[unknown-name]: there is no step or value `nope`
  --> inner.yml:1:26
   |
 1 | - { id: c, set: { n: \"{{ nope }}\" } }
   |                          ^^^^
   |
  ::: flow.yml:5:21
   |
 5 |   - { id: a, macro: outer }
   |                     ----- `outer` is used here
   |
  ::: flow.yml:10:25
   |
10 | steps: [{ id: b, macro: inner }]
   |                         ----- `inner` is used here
   |
  ::: lib.yml:4:8
   |
 4 | steps: !include inner.yml
   |        ------------------ included here
   |
   = help: there are: `run`

",
        );
}

#[test]
fn names_inside_and_outside_never_mean_each_other() {
    // The macro cannot see `secret`, nor the inputs, the item or the step that holds it.
    for (name, used) in [
        ("secret", "{{ secret.n }}"),
        ("inputs", "{{ inputs.x }}"),
        ("item", "{{ item }}"),
        ("index", "{{ index }}"),
        ("use", "{{ use }}"),
    ] {
        let case = Case::of("inputs: { x: string }\nsteps:\n  - { id: secret, set: { n: 1 } }\n  - { id: each, map: { over: [1], steps: [{ id: use, macro: m }] } }\n")
            .with("Macro", "m", &format!("steps: [{{ id: in, set: {{ n: 1 }} }}, {{ id: inner, set: {{ n: \"{used}\" }} }}]\noutput: 1\n").replace("id: in,", "id: first,"));
        assert_eq!(case.codes(), ["unknown-name"], "{name}");
    }
    // Nor does the pipeline see what is in it.
    let case = Case::of("steps: [{ id: a, macro: m }, { id: b, set: { n: \"{{ inner.n }}\" } }]\n")
        .with("Macro", "m", "steps: [{ id: inner, set: { n: 1 } }]\noutput: 1\n");
    assert_eq!(case.codes(), ["unknown-name"]);
    let needs = Case::of("steps: [{ id: a, macro: m }, { id: b, set: { n: 1 } }]\n").with(
        "Macro",
        "m",
        "steps: [{ id: inner, needs: b, set: { n: 1 } }]\noutput: 1\n",
    );
    assert_eq!(needs.codes(), ["unknown-step"]);
    // Two steps of one macro are still told apart.
    let twice = Case::of("steps: [{ id: a, macro: m }]\n").with(
        "Macro",
        "m",
        "steps: [{ id: x, set: { n: 1 } }, { id: x, set: { n: 1 } }]\noutput: 1\n",
    );
    assert_eq!(twice.codes(), ["duplicate-id"]);
    // An argument does not see the macro's steps.
    let argument = Case::of("steps: [{ id: a, macro: m, with: { v: \"{{ x.n }}\" } }]\n")
        .with("Macro", "m", "parameters: { v: integer }\nsteps: [{ id: x, set: { n: 1 } }]\noutput: \"{{ params.v }}\"\n");
    assert_eq!(argument.codes(), ["unknown-name"]);
    let itself = Case::of("steps: [{ id: a, macro: m, with: { v: \"{{ a.n }}\" } }]\n")
        .with("Macro", "m", "parameters: { v: integer }\nsteps: [{ id: x, set: { n: 1 } }]\noutput: \"{{ params.v }}\"\n");
    assert_eq!(itself.codes(), ["self-reference"]);
}

#[test]
fn arguments_are_checked_against_the_parameters() {
    let codes = |with: &str| {
        Case::of(&format!("steps: [{{ id: a, macro: m, with: {with} }}]\n"))
            .with("Macro", "m", "parameters: { n: { type: integer, minimum: 1 }, s: { type: string, default: x } }\nsteps: [{ id: b, set: { n: \"{{ params.n }}\" } }]\noutput: \"{{ b.n }}\"\n")
            .codes()
    };
    assert_eq!(codes("{ n: 1 }"), [""; 0]);
    assert_eq!(codes("{ n: \"{{ 1 + 1 }}\", s: \"\" }"), [""; 0]);
    assert_eq!(codes("{ n: 0 }"), ["type-mismatch"]);
    assert_eq!(codes("{ n: \"1\" }"), ["type-mismatch"]);
    assert_eq!(codes("{ n: 1, s: 3 }"), ["type-mismatch"]);
    assert_eq!(codes("{ s: x }"), ["missing-param"]);
    assert_eq!(codes("{ n: 1, m: 2 }"), ["unknown-param"]);
    assert_eq!(codes("[1]"), ["wrong-shape"]);
    Case::of("steps: [{ id: a, macro: m, with: { n: x } }]\n")
        .with("Macro", "m", "parameters:\n  n: integer\nsteps: [{ id: b, set: { n: 1 } }]\noutput: 1\n")
        .says(
            "\
error[type-mismatch]: the argument is not a value of the parameter `n`: it is not of type \"integer\"
  --> flow.yml:4:39
   |
 4 | steps: [{ id: a, macro: m, with: { n: x } }]
   |                                       ^
   |
  ::: flow.yml:10:3
   |
10 |   n: integer
   |   - the parameter
   |
   = help: change the argument or the parameter's schema

",
        );
}

#[test]
fn values_of_the_environment_are_literal_arguments() {
    let case = Case::of("env: [EVIL]\nsteps: [{ id: a, macro: m, with: { v: \"${EVIL}\" } }]\n")
        .with("Macro", "m", "parameters: { v: { type: string, maxLength: 5 } }\nsteps: [{ id: x, set: { n: \"{{ params.v }}\" } }]\noutput: \"{{ x.n }}\"\n");
    assert_eq!(case.env("EVIL", "{{ run.id }}").codes(), ["type-mismatch"]);
}

#[test]
fn macros_that_are_wrong() {
    let used = |name: &str| Case::of(&format!("steps: [{{ id: a, macro: {name} }}]\n"));
    assert_eq!(used("x").codes(), ["unknown-macro"]);
    assert_eq!(used("{ steps: [{ id: b, set: { n: 1 } }] }").codes(), ["wrong-shape"]);
    let codes = |text: &str| used("m").with("Macro", "m", text).codes();
    assert_eq!(codes("steps: [{ id: b, set: { n: 1 } }]\n"), ["missing-key"]);
    assert_eq!(codes("output: 1\n"), ["missing-key"]);
    assert_eq!(codes("steps: []\noutput: 1\n"), ["wrong-shape"]);
    assert_eq!(codes("steps: [{ id: params, set: { n: 1 } }]\noutput: 1\n"), ["reserved-name"]);
    assert_eq!(
        codes("parameters: { n: intger }\nsteps: [{ id: b, set: { n: 1 } }]\noutput: 1\n"),
        ["bad-schema"]
    );
    assert_eq!(
        codes(
            "parameters: { n: { type: integer, default: x } }\nsteps: [{ id: b, set: { n: 1 } }]\noutput: 1\n"
        ),
        ["bad-default"]
    );
    assert_eq!(
        codes("inputs: {}\nsteps: [{ id: b, set: { n: 1 } }]\noutput: 1\n"),
        ["unknown-key"]
    );
    let both = Case::of("steps: [{ id: a, macro: m, set: { n: 1 } }]\n").with(
        "Macro",
        "m",
        "steps: [{ id: b, set: { n: 1 } }]\noutput: 1\n",
    );
    assert_eq!(both.codes(), ["step-kind"]);
}
