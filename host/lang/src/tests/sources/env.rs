//! `${NAME}`.

use serde_json::json;

use super::Case;
use crate::graph::{StepKind, Uses};
use crate::template::Template;

/// What a text comes to, with some values.
#[track_caller]
fn value(text: &str) -> Template {
    let steps = format!(
        "env: [REGION, EMPTY, EVIL, UNSET, BRACE]\nsteps:\n  - {{ id: a, set: {{ n: {text}, all: \"${{REGION}}${{EMPTY}}${{EVIL}}${{UNSET:-}}${{BRACE}}\" }} }}\n"
    );
    let graph = environment(Case::of(&steps)).graph();
    let StepKind::Set(set) = &graph.steps[0].kind else { panic!("set") };
    set.values["n"].clone()
}

fn environment(case: Case) -> Case {
    case.env("REGION", "eu")
        .env("EMPTY", "")
        .env("EVIL", "{{ inputs.x }} {% x %}")
        .env("BRACE", "{")
        .env("OTHER", "not listed")
}

#[test]
fn values_are_filled_in_as_texts() {
    for (text, expected) in [
        ("\"${REGION}\"", "eu"),
        ("'a ${REGION}/${REGION} b'", "a eu/eu b"),
        ("\"${UNSET:-us east}\"", "us east"),
        ("\"${EMPTY:-none}\"", "none"),
        ("\"${EMPTY}\"", ""),
        ("\"${REGION:-us}\"", "eu"),
        ("\"$${REGION} $ $5 $REGION\"", "${REGION} $ $5 $REGION"),
        ("\"\\x24{REGION}\"", "eu"),
    ] {
        assert_eq!(value(text), Template::Literal(json!(expected)), "{text}");
    }
}

#[test]
fn values_are_never_read_as_templates() {
    for (text, expected) in [
        ("\"${EVIL}\"", "{{ inputs.x }} {% x %}"),
        ("\"{${BRACE} run.id }}\"", "{{ run.id }}"),
        ("\"${BRACE}{ run.id }}\"", "{{ run.id }}"),
        ("\"{${EMPTY}{ run.id }}\"", "{{ run.id }}"),
        ("\"${BRACE}${BRACE} run.id }}\"", "{{ run.id }}"),
        ("\"${BRACE}% if %}\"", "{% if %}"),
    ] {
        assert_eq!(value(text), Template::Literal(json!(expected)), "{text}");
    }
    let Template::Text(parts) = value("\"${EVIL}{{ run.id }}${{ run.name }}\"") else {
        panic!("text")
    };
    assert_eq!(parts.len(), 4);
}

#[test]
fn blocks_of_text_and_other_places_are_filled_in_too() {
    let case = Case::of(
        "env: [SKILL, FUEL, TEXT]
limits: { fuel: \"${FUEL}\" }
steps:
  - id: a
    uses: std/${SKILL}#stats
    with:
      text: |
        Hello ${TEXT}
",
    )
    .env("SKILL", "text")
    .env("FUEL", "5e6")
    .env("TEXT", "wörld\n- x: y");
    let graph = case.graph();
    assert_eq!(graph.limits.fuel, Some(5_000_000));
    let StepKind::Uses(Uses { skill, with, .. }) = &graph.steps[0].kind else { panic!("uses") };
    assert_eq!(skill.to_string(), "std/text");
    assert_eq!(with["text"], Template::Literal(json!("Hello wörld\n- x: y\n")));
}

#[test]
fn the_values_that_were_used_are_told() {
    let case = environment(Case::of(
        "env: [REGION, UNSET]\nsteps: [{ id: a, set: { n: \"${REGION}${UNSET:-x}\" } }]\n",
    ));
    let used: Vec<String> = case.compiled().env.into_keys().collect();
    assert_eq!(used, ["REGION"]);
}

#[test]
fn what_is_not_allowed_is_said_at_its_place() {
    environment(Case::of(
        "env: [REGION]\nsteps: [{ id: a, set: { n: \"in ${REGOIN}\", m: \"${REGION}\" } }]\n",
    ))
    .says(
        "\
error[env-not-allowed]: `REGOIN` is not on the `env` list of the pipeline
 --> flow.yml:5:32
  |
5 | steps: [{ id: a, set: { n: \"in ${REGOIN}\", m: \"${REGION}\" } }]
  |                                ^^^^^^^^^
  |
  = help: did you mean `${REGION}`?

",
    );
    let codes = |env: &str, value: &str| {
        let text = format!("env: {env}\nsteps:\n  - {{ id: a, set: {{ n: {value} }} }}\n");
        environment(Case::of(&text)).codes()
    };
    assert_eq!(codes("[REGION]", "\"${OTHER}\""), ["env-not-allowed"]);
    assert_eq!(codes("[UNSET]", "\"${UNSET}\""), ["env-missing"]);
    assert_eq!(codes("[REGION]", "1"), ["unused-env"]);
    assert_eq!(codes("REGION", "1"), ["wrong-shape"]);
    assert_eq!(codes("[REGION, REGION]", "\"${REGION}\""), ["duplicate-document"]);
    assert_eq!(codes("[1X]", "1"), ["wrong-shape"].map(|_| "bad-name"));
    for name in
        ["API_KEY", "github_token", "DB_PASSWORD", "SECRET", "AWS_SECRET", "VAULT_SECRET_ID"]
    {
        assert_eq!(codes(&format!("[{name}]"), "1"), ["env-secret"], "{name}");
    }
    assert_eq!(codes("[USER_ID]", "1"), ["unused-env"]);
    for text in ["${", "${REGION", "${}", "${a b}", "${REGION:x}", "${REGION-x}"] {
        assert_eq!(codes("[REGION]", &format!("\"{text}\"")), ["env-syntax"], "{text}");
    }
    // Neither keys nor expressions.
    assert_eq!(codes("[REGION]", "{ \"${REGION}\": 1 }"), ["env-not-here"]);
    assert_eq!(codes("[REGION]", "\"{{ '${REGION}' }}\""), ["env-not-here"]);
    let when = "env: [EVIL]\nsteps: [{ id: a, when: \"${EVIL}\", set: { n: 1 } }]\n";
    assert_eq!(environment(Case::of(when)).codes(), ["env-not-here"]);
    let over = "env: [EVIL]\nsteps: [{ id: a, map: { over: \"${EVIL}\", steps: [{ id: b, set: { n: 1 } }] } }]\n";
    assert_eq!(environment(Case::of(over)).codes(), ["env-not-here"]);
}

#[test]
fn macros_and_policies_take_no_values() {
    let case = Case::of("steps: [{ id: a, set: { n: 1 } }]\n").with(
        "Macro",
        "m",
        "steps: [{ id: a, set: { n: \"${REGION}\" } }]\noutput: 1\n",
    );
    assert_eq!(environment(case).codes(), ["env-not-allowed"]);
    let case = Case::of("steps: [{ id: a, set: { n: 1 } }]\n").with(
        "Policy",
        "p",
        "env: [REGION]\ntimeout: 5s\n",
    );
    assert_eq!(environment(case).codes(), ["unknown-key"]);
}
