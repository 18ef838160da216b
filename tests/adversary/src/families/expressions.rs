//! Expressions, patterns, patches and schemas that cost more than they say.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::case::{Boundary, Case, Session};
use crate::net::{Manner, Server};
use crate::run::{self, head};
use crate::world::{World, kind};

/// What ends an expression that grows or runs on.
const STOPS: &[&str] = &[
    "limit.fuel",
    "limit.memory",
    "limit.output",
    "limit.hostcall-bytes",
    "expr.failed",
    "guest.error",
    "guest.trap",
];

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    let session = |id, title, play: Session, expect| {
        Case::session(id, title, Boundary::Pipeline, play, expect)
    };
    vec![
        session(
            "EXP-1",
            "filters over filters over filters",
            |world| {
                value(
                    world,
                    "range(10000) | batch(1) | map('batch', 1) | map('list') | list | tojson | length",
                )
            },
            &["works", "limit.fuel"],
        ),
        session(
            "EXP-2",
            "a text a thousand million letters long",
            |world| value(world, "'x' * 1000000000"),
            STOPS,
        ),
        session(
            "EXP-3",
            "a hundred thousand numbers turned to text and back",
            |world| value(world, "range(100000) | map('string') | join | length"),
            STOPS,
        ),
        session("EXP-4", "a text that doubles forty times", doubling, STOPS).wall_ms(15_000),
        Case::check(
            "EXP-4b",
            "statements in a template",
            || head(&[]) + "  - { id: s, set: { n: \"{% set a = a ~ a %}\" } }\n",
            &["unsupported-statement"],
        ),
        Case::check(
            "EXP-4c",
            "an expression of 100,000 characters",
            || {
                format!(
                    "{}  - {{ id: s, set: {{ n: \"{{{{ {}1 }}}}\" }} }}\n",
                    head(&[]),
                    "1+".repeat(50_000)
                )
            },
            &["expression-too-large"],
        ),
        Case::check(
            "EXP-4d",
            "brackets in brackets in an expression",
            || {
                format!(
                    "{}  - {{ id: s, set: {{ n: \"{{{{ {}1{} }}}}\" }} }}\n",
                    head(&[]),
                    "(".repeat(2_000),
                    ")".repeat(2_000)
                )
            },
            &["expression-syntax", "expression-too-large", "too-deep"],
        ),
        Case::check(
            "EXP-5",
            "a pattern that is a program of gigabytes",
            || {
                head(&[]).replace(
                    "limits:",
                    "inputs: { a: { type: string, pattern: '((\\w{100}){100}){100}' } }\nlimits:",
                ) + "  - { id: s, set: { n: \"{{ inputs.a }}\" } }\n"
            },
            &["bad-schema"],
        ),
        session("EXP-5b", "a pattern that other engines try for years", backtracking, &["refused"]),
        session(
            "EXP-6",
            "a JSON Patch of 1,000 bytes that copies itself 25 times",
            patch,
            &["refused"],
        ),
        session("EXP-7", "a schema that is fetched from elsewhere", remote_schema, &["refused"])
            .wall_ms(40_000),
        session(
            "EXP-7b",
            "a schema that refers to itself without end",
            recursive_schema,
            &["works", "guest.error", "guest.trap", "limit.fuel", "limit.stack"],
        )
        .wall_ms(40_000),
        session("EXP-8", "data that reads like an expression", twice, &["works"]),
        Case::check(
            "EXP-9",
            "secrets in an expression",
            || head(&[]) + "  - { id: s, set: { n: \"{{ secrets.openai }}\" } }\n",
            &["unknown-name"],
        ),
        session("EXP-9b", "the host's environment in an expression", environment, &["refused"]),
    ]
}

/// Computes a value beside the canary.
fn value(world: &mut World, expression: &str) -> anyhow::Result<String> {
    let step = json!({ "id": "attack", "on_error": "continue", "set": { "n": format!("{{{{ {expression} }}}}") } });
    let run = run::piped(world, &format!("{}  - {step}\n{}", head(&[]), run::canary()))?;
    Ok(kind(run.step("attack").context("a step")?))
}

fn doubling(world: &mut World) -> anyhow::Result<String> {
    let text = head(&[])
        + "  - id: attack\n    on_error: continue\n    limits: { fuel: 5e9 }\n    loop: { max: 40, state: { a: x }, \
           steps: [{ id: twice, set: { a: \"{{ loop.state.a ~ loop.state.a }}\" } }], next: { a: \"{{ twice.a }}\" } }\n"
        + &run::canary();
    let run = run::piped(world, &text)?;
    Ok(kind(run.step("attack").context("a step")?))
}

fn backtracking(world: &mut World) -> anyhow::Result<String> {
    let text = head(&[])
        .replace("limits:", "inputs: { a: { type: string, pattern: '^(a+)+$' } }\nlimits:")
        + "  - { id: s, set: { n: \"{{ inputs.a }}\" } }\n";
    let file = world.file("attack.yml", text)?;
    let input = format!("a={}!", "a".repeat(50_000));
    let found = world.host(&["run", &file, "--input", &input, "--format", "json"]);
    ensure!(found.code == Some(1), "ended with {:?}", found.code);
    Ok("refused".to_owned())
}

fn patch(world: &mut World) -> anyhow::Result<String> {
    let file = world.file("attack.yml", head(&[]) + "  - { id: s, set: { n: [x] } }\n")?;
    let mut operations = vec![json!({ "op": "add", "path": "/x", "value": ["a"] })];
    operations.extend(vec![json!({ "op": "copy", "from": "/x", "path": "/x/-" }); 25]);
    let bomb = world.file("bomb.json", Value::Array(operations).to_string())?;
    let found = world.host(&["patch", &file, &bomb]);
    ensure!(found.code == Some(1), "ended with {:?}", found.code);
    Ok("refused".to_owned())
}

/// Runs the schema skill, which has no right to send anything.
fn validated(world: &mut World, schema: &Value) -> anyhow::Result<String> {
    let step = json!({
        "id": "attack", "on_error": "continue", "uses": "std/schema@^0.1#validate",
        "with": { "value": { "a": 1 }, "schema": schema },
    });
    let run = run::piped(world, &format!("{}  - {step}\n{}", head(&[]), run::canary()))?;
    Ok(kind(run.step("attack").context("a step")?))
}

fn remote_schema(world: &mut World) -> anyhow::Result<String> {
    let server = Server::start(Manner::Answers)?;
    let address = format!("http://127.0.0.1:{}/schema.json", server.port);
    let text = head(&[])
        .replace("limits:", &format!("inputs: {{ a: {{ $ref: \"{address}\" }} }}\nlimits:"))
        + "  - { id: s, set: { n: 1 } }\n";
    let code = run::checked(world, &text)?;
    ensure!(code == "unsupported-key", "the check says `{code}`");
    let kind = validated(world, &json!({ "$ref": address }))?;
    ensure!(kind == "guest.error", "the skill came to `{kind}`");
    ensure!(server.connections() == 0, "the schema was fetched");
    Ok("refused".to_owned())
}

fn recursive_schema(world: &mut World) -> anyhow::Result<String> {
    let kind = validated(
        world,
        &json!({ "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } }, "$ref": "#/$defs/a" }),
    )?;
    Ok(kind)
}

fn twice(world: &mut World) -> anyhow::Result<String> {
    let data = "{{ 7 * 7 }} {% raw %} ${HOME} {{ secrets.x }}";
    let text = head(&[]).replace("limits:", "inputs: { a: string }\nlimits:")
        + "  - { id: s, set: { n: \"{{ inputs.a }}\" } }\n  - { id: t, set: { n: \"{{ s.n | upper }}\", m: \"<{{ s.n }}>\" } }\n\
           outputs: { n: \"{{ t.n }}\", m: \"{{ t.m }}\" }\n";
    let file = world.file("attack.yml", text)?;
    let found = world.json(&["run", &file, "--input", &format!("a={data}")])?;
    let outputs = &found["outputs"];
    ensure!(
        outputs["n"] == data.to_uppercase() && outputs["m"] == format!("<{data}>"),
        "came to {outputs}"
    );
    Ok(kind(&found))
}

/// Neither without being listed, nor when the name is that of a secret.
fn environment(world: &mut World) -> anyhow::Result<String> {
    world.env.push(("API_KEY".to_owned(), "canary-secret".to_owned()));
    for (list, expected) in [("", "env-not-allowed"), ("env: [API_KEY]\n", "env-secret")] {
        let text = format!("{list}{}  - {{ id: s, set: {{ n: \"${{API_KEY}}\" }} }}\n", head(&[]));
        let code = run::checked(world, &text)?;
        ensure!(code == expected, "with {list:?} the check says `{code}`");
    }
    Ok("refused".to_owned())
}
