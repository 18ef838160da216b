//! The examples of `docs/language.md`, section "Documents".

use super::Case;

/// The texts of the section, in order.
fn examples() -> Vec<String> {
    let page = include_str!("../../../../../docs/language.md");
    let section = page.split("\n## Documents\n").nth(1).unwrap().split("\n## ").next().unwrap();
    section
        .split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_examples_compile() {
    let examples = examples();
    let [include, env, config, models, policy, adapter, macro_, use_] = examples.as_slice() else {
        panic!("eight examples, found {}", examples.len())
    };
    Case::of(include)
        .file("inputs.yml", "letter: string\n")
        .file("steps/first.yml", "{ id: first, set: { n: \"{{ inputs.letter }}\" } }\n")
        .graph();
    Case::of(env).env("REGION", "eu").graph();
    let mut case = Case::of(&format!(
        "inputs: {{ letter: string }}\nsteps:\n{use_}  policy: patient\noutputs: {{ enough: \"{{{{ letter.enough }}}}\" }}\n"
    ));
    for other in [config, models, policy, adapter, macro_] {
        case.text += &format!("---\n{other}");
    }
    let graph = case.graph();
    assert_eq!(graph.models.len(), 1);
    assert!(graph.limits.cost_nano.is_some() && graph.steps[0].retry.is_some());
}
