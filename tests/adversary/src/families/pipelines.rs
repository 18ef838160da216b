//! Texts of pipelines that are more than they look like.

use anyhow::ensure;
use serde_json::{Value, json};

use crate::case::{Boundary, Case, Session};
use crate::run::{self, head};
use crate::world::{World, kind};

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    let session = |id, title, play: Session, expect| {
        Case::session(id, title, Boundary::Pipeline, play, expect)
    };
    vec![
        Case::check("YML-1", "a billion laughs: anchors of anchors", laughs, &["yaml-alias"])
            .wall_ms(2_000),
        Case::check(
            "YML-2",
            "20,000 brackets in each other",
            || format!("{}{}", "[".repeat(20_000), "]".repeat(20_000)),
            &["yaml-too-deep"],
        )
        .wall_ms(2_000),
        Case::check(
            "YML-2b",
            "20,000 maps in each other, by indentation",
            deep_blocks,
            &["yaml-too-deep", "yaml-too-large"],
        )
        .wall_ms(4_000),
        Case::check(
            "YML-2c",
            "300,000 values",
            || format!("[{}]", "0,".repeat(300_000)),
            &["yaml-too-large"],
        )
        .wall_ms(4_000),
        Case::check(
            "YML-3",
            "a right granted twice, in two keys of one name",
            || {
                head(&[]).replace(
                    "limits:",
                    "caps: { log: true }\ncaps: { http: [\"http://*\"] }\nlimits:",
                ) + "  - { id: a, set: { v: 1 } }\n"
            },
            &["yaml-duplicate-key"],
        ),
        session("YML-4", "values that readers of YAML read in different ways", traps, &["works"]),
        Case::check(
            "YML-5",
            "a tag that asks for an object",
            || head(&[]) + "  - { id: a, set: !!python/object/apply:os.system [id] }\n",
            &["yaml-tag"],
        ),
        Case::check(
            "YML-5b",
            "a merge key",
            || head(&[]) + "  - { id: a, set: { <<: { v: 1 } } }\n",
            &["yaml-merge-key"],
        ),
        Case::check(
            "YML-5c",
            "including a file outside of the project",
            || head(&[]) + "  - { id: a, set: !include /etc/passwd }\n",
            &["file-outside"],
        ),
        session("YML-5d", "including a link that leads outside", link_out, &["file-outside"]),
        Case::check(
            "YML-5e",
            "a second document that takes the first one's place",
            || {
                format!(
                    "{0}  - {{ id: a, set: {{ v: 1 }} }}\n---\n{0}  - {{ id: a, set: {{ v: 2 }} }}\n",
                    head(&[])
                )
            },
            &["duplicate-document", "which-pipeline"],
        ),
        Case::check(
            "YML-5f",
            "a field that nobody knows",
            || head(&[]) + "  - { id: a, set: { v: 1 }, privileged: true }\n",
            &["unknown-key"],
        ),
        Case::check(
            "YML-5g",
            "a text that runs backwards for the reader",
            || head(&[]) + "  - { id: a, set: { v: \"\u{202e}live\" } }\n",
            &["yaml-hidden-character"],
        ),
        Case::check(
            "YML-6",
            "a hundred thousand steps",
            || {
                head(&[])
                    + &(0..100_000)
                        .map(|n| format!("  - {{ id: s{n}, set: {{ v: 1 }} }}\n"))
                        .collect::<String>()
            },
            &["yaml-too-large"],
        )
        .wall_ms(2_000),
        Case::check(
            "YML-6b",
            "a step that needs itself over a detour",
            || {
                head(&[])
                    + "  - { id: a, set: { v: \"{{ b.v }}\" } }\n  - { id: b, set: { v: \"{{ a.v }}\" } }\n"
            },
            &["cycle"],
        ),
        Case::check(
            "YML-6c",
            "a pipeline that runs itself",
            || head(&[]) + "  - { id: a, pipeline: ./attack.yml }\n",
            &["pipeline-cycle", "child-pipeline"],
        ),
        Case::check(
            "YML-6d",
            "a map that asks for a thousand million items",
            || {
                head(&[])
                    + "  - { id: a, map: { over: [1], max: 1000000000, steps: [{ id: b, set: { v: 1 } }] } }\n"
            },
            &["bad-limit"],
        ),
        session(
            "YML-6e",
            "a million steps out of three maps in each other",
            fan_out,
            &["limit.deadline", "limit.fan-out", "limit.memory"],
        )
        .wall_ms(15_000)
        .rss_mib(1_000),
        session(
            "YML-6f",
            "a list of a thousand million numbers to go over",
            endless_list,
            &["limit.fuel", "limit.memory", "expr.failed", "limit.output", "limit.hostcall-bytes"],
        ),
    ]
}

fn laughs() -> String {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let below = format!("*a{}", level - 1);
        text.push_str(&format!("a{level}: &a{level} [{}]\n", vec![below; 10].join(", ")));
    }
    text
}

/// Each level is one more space: 1,000 levels are half a MiB.
fn deep_blocks() -> String {
    (0..1_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect()
}

/// All but the first three are texts, whatever older readers take them for.
fn traps(world: &mut World) -> anyhow::Result<String> {
    let values = [
        ("010", json!(10)),
        ("0x1F", json!(31)),
        ("true", json!(true)),
        ("NO", json!("NO")),
        ("no", json!("no")),
        ("yes", json!("yes")),
        ("on", json!("on")),
        ("1_000", json!("1_000")),
        ("12:30", json!("12:30")),
        ("2024-01-01", json!("2024-01-01")),
        ("~x", json!("~x")),
        ("=", json!("=")),
    ];
    let set: Vec<String> =
        values.iter().enumerate().map(|(n, (text, _))| format!("v{n}: {text}")).collect();
    let text = format!(
        "{}  - {{ id: attack, set: {{ {} }} }}\n{}outputs: {{ attack: \"{{{{ attack }}}}\" }}\n",
        head(&[]),
        set.join(", "),
        run::canary()
    );
    let run = run::piped(world, &text)?;
    let output = run.found["outputs"]["attack"].clone();
    for (n, (text, expected)) in values.iter().enumerate() {
        let found = &output[format!("v{n}")];
        ensure!(found == expected, "`{text}` is {found}, expected {expected}");
    }
    Ok("works".to_owned())
}

fn link_out(world: &mut World) -> anyhow::Result<String> {
    std::os::unix::fs::symlink("/etc/passwd", world.here().join("part.yml"))?;
    run::checked(world, &(head(&[]) + "  - { id: a, set: !include part.yml }\n"))
}

fn fan_out(world: &mut World) -> anyhow::Result<String> {
    let over: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    let over = over.join(", ");
    let text = head(&[]).replace("fuel: 1e12", "fuel: 1e12, wall: 1s")
        + &format!(
            "  - {{ id: a, map: {{ over: [{over}], steps: [{{ id: b, map: {{ over: [{over}], steps: [{{ id: c, map: \
             {{ over: [{over}], steps: [{{ id: d, set: {{ v: 1 }} }}] }} }}] }} }}] }} }}\n"
        );
    let file = world.file("attack.yml", text)?;
    let found = world.json(&["run", &file, "--journal", "memory"])?;
    // What it came to is enough; the steps are many.
    Ok(kind(&json!({ "status": found["status"], "error": found["error"] })))
}

fn endless_list(world: &mut World) -> anyhow::Result<String> {
    let text = head(&[])
        + "  - { id: attack, on_error: continue, map: { over: \"range(1000000000)\", steps: [{ id: b, set: { v: 1 } }] } }\n"
        + &run::canary();
    let run = run::piped(world, &text)?;
    Ok(kind(run.step("attack").unwrap_or(&Value::Null)))
}
