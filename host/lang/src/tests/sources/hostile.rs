//! Files and macros that are meant to hurt.

use std::fmt::Write as _;

use super::{Case, document};

#[test]
fn include_bombs() {
    // Each file includes the next one ten times.
    let mut case = Case::of("steps: !include f0.yml\n");
    for n in 0..10 {
        let text = format!("- !include f{}.yml\n", n + 1).repeat(10);
        case = case.file(&format!("f{n}.yml"), &text);
    }
    assert_eq!(case.file("f10.yml", "- x\n").codes(), ["yaml-too-large"]);

    let mut deep = Case::of("steps: !include f0.yml\n");
    for n in 0..30 {
        deep = deep.file(&format!("f{n}.yml"), &format!("!include f{}.yml", n + 1));
    }
    assert_eq!(deep.codes(), ["yaml-tag"], "not as the whole file");
    let mut deep = Case::of("steps: !include f0.yml\n");
    for n in 0..30 {
        deep = deep.file(&format!("f{n}.yml"), &format!("a: !include f{}.yml", n + 1));
    }
    assert_eq!(deep.codes(), ["too-deep"]);

    // Depth, values and bytes count over all files.
    let nested = format!("{}{}", "[".repeat(40), "]".repeat(40));
    let inner = format!("{}!include b.yml{}", "[".repeat(40), "]".repeat(40));
    let case = Case::of("steps: !include a.yml\n").file("a.yml", &inner).file("b.yml", &nested);
    assert_eq!(case.codes(), ["yaml-too-deep"]);
    let many = "- 1\n".repeat(30_000);
    let twice = "a: !include a.yml\nb: !include a.yml\n";
    assert_eq!(Case::of(twice).file("a.yml", &many).codes(), ["yaml-too-large"]);
    let long = format!("# {}\n1\n", "x".repeat(600_000));
    assert_eq!(Case::of(twice).file("a.yml", &long).codes(), ["yaml-too-large"]);
}

#[test]
fn documents_are_counted_over_all_files() {
    let mut many = document("Policy", "p0", "timeout: 1s\n");
    for n in 1..40 {
        let _ = write!(many, "---\n{}", document("Policy", &format!("p{n}"), "timeout: 1s\n"));
    }
    let case = || Case::of("steps: [{ id: a, set: { n: 1 } }]\n");
    case().extra("a.yml", many.clone()).graph();
    assert_eq!(
        case().extra("a.yml", many.clone()).extra("b.yml", many).codes(),
        ["yaml-documents"]
    );
}

#[test]
fn macro_bombs() {
    // Each macro uses the next one ten times.
    let mut case = Case::of("steps: [{ id: a, macro: m0 }]\n");
    for n in 0..12 {
        let steps: String =
            (0..10).map(|i| format!("  - {{ id: s{i}, macro: m{} }}\n", n + 1)).collect();
        case = case.with("Macro", &format!("m{n}"), &format!("steps:\n{steps}output: 1\n"));
    }
    let last = "steps: [{ id: a, set: { n: 1 } }]\noutput: 1\n";
    assert_eq!(case.with("Macro", "m12", last).codes(), ["yaml-too-large"]);

    // One that is large, used often.
    let list = "1, ".repeat(10_000);
    let steps: String = (0..10).map(|i| format!("  - {{ id: s{i}, macro: big }}\n")).collect();
    let case = Case::of(&format!("steps:\n{steps}")).with(
        "Macro",
        "big",
        &format!("steps: [{{ id: a, set: {{ n: [{list}] }} }}]\noutput: 1\n"),
    );
    assert_eq!(case.codes(), ["yaml-too-large"]);

    let mut deep = Case::of("steps: [{ id: a, macro: m0 }]\n");
    for n in 0..20 {
        let text = format!("steps: [{{ id: a, macro: m{} }}]\noutput: 1\n", n + 1);
        deep = deep.with("Macro", &format!("m{n}"), &text);
    }
    assert_eq!(deep.with("Macro", "m20", last).codes(), ["too-deep"]);
}

#[test]
fn a_thousand_uses_are_fine() {
    let steps: String =
        (0..1_000).map(|n| format!("  - {{ id: s{n}, macro: m, with: {{ v: {n} }} }}\n")).collect();
    let graph = Case::of(&format!("steps:\n{steps}"))
        .with("Macro", "m", "parameters: { v: integer }\nsteps: [{ id: a, set: { n: \"{{ params.v }}\" } }]\noutput: \"{{ a.n }}\"\n")
        .graph();
    assert_eq!(graph.steps.len(), 3_000);
}

#[test]
fn macros_that_use_each_other() {
    Case::of("steps: [{ id: x, macro: a }]\n")
        .with("Macro", "a", "steps: [{ id: x, macro: b }]\noutput: 1\n")
        .with("Macro", "b", "steps: [{ id: x, macro: a }]\noutput: 1\n")
        .says(
            "\
error[macro-cycle]: the macros use each other without end: `a -> b -> a`
  --> flow.yml:15:25
   |
15 | steps: [{ id: x, macro: a }]
   |                         ^
   |
  ::: flow.yml:4:25
   |
 4 | steps: [{ id: x, macro: a }]
   |                         - `a` is used here
   |
  ::: flow.yml:9:25
   |
 9 | steps: [{ id: x, macro: b }]
   |                         - `b` is used here
   |
   = help: to do something again and again, use `loop`

",
        );
}

#[test]
fn values_of_the_environment_that_would_fill_the_memory() {
    let texts: String = (0..100).map(|n| format!("t{n}: \"${{BIG}}\", ")).collect();
    let case = Case::of(&format!("env: [BIG]\nsteps: [{{ id: a, set: {{ {texts} }} }}]\n"))
        .env("BIG", &"x".repeat(100_000));
    assert!(case.codes().iter().all(|code| *code == "yaml-too-large"));
    // Many dollars are read once.
    let dollars = "$".repeat(500_000);
    Case::of(&format!("steps: [{{ id: a, set: {{ n: \"{dollars}\" }} }}]\n")).graph();
    let open = "$${".repeat(200_000);
    Case::of(&format!("steps: [{{ id: a, set: {{ n: \"{open}\" }} }}]\n")).graph();
}
