//! Tools: skills that call others they may not, use them to get at more than they have, or are called
//! and do harm. Nearly every attack is made with and without an executor.

use std::sync::LazyLock;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::{files, llm};
use crate::case::Case;
use crate::guest::Guest;
use crate::net::{Manner, Server};
use crate::world::World;
use crate::{run, world};

/// What no caller without a right to it may come by.
const CANARY: &str = "s-canary-of-a-file";
const ISOLATIONS: [&str; 2] = ["in-process", "process"];

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    let session = Case::right;
    vec![
        session(
            "TOOL-1",
            "a tool that is not granted, and an operation beside one that is",
            beside,
            &["denied.tool"],
        ),
        session("TOOL-2", "a tool by a name that is like a granted one", names, &["refused"]),
        session(
            "TOOL-3",
            "a tool that has a right which its caller lacks, also through two skills",
            deputy,
            &["refused"],
        ),
        session("TOOL-3b", "one component signed with two manifests", twins, &["refused"]),
        session("TOOL-4", "tools that call each other in circles", ring, &["limit.depth"]),
        session("TOOL-5", "a flood of calls", flood, &["limit.tool-calls"]),
        session(
            "TOOL-6",
            "a tool that never ends, on its caller's account",
            endless,
            &["limit.deadline"],
        ),
        session(
            "TOOL-7",
            "tools that trap or fill all memory, one after another",
            fails,
            &["works"],
        ),
        session("TOOL-8", "giant inputs and outputs", giant, &["limit.hostcall-bytes"]),
        session("TOOL-9", "inputs of another shape", shapes, &["refused"]),
        session(
            "TOOL-10",
            "escape sequences in what a tool gives, logs and fails with",
            red,
            &["works"],
        ),
        session(
            "TOOL-11",
            "a tool that asks a model, on its caller's account",
            money,
            &["limit.cost"],
        ),
    ]
}

static CALLER: LazyLock<Vec<u8>> = LazyLock::new(|| caller(0));

/// One of several callers that do the same and are not the same component.
fn caller(nth: u32) -> Vec<u8> {
    let wit = "package t:t; world w { import coldframe:host/tools@0.1.0;
        use coldframe:host/tools@0.1.0.{error};
        export f: func(first: string, first-input: string, times: u32, tool: string, input: string)
            -> result<string, error>; }";
    let core = include_str!("../../data/tools-caller.wat");
    crate::guest::encode(wit, &core.replace("65536", &(65536 + 64 * nth).to_string()))
}
static GIANT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let wit = "package t:t; world w { import coldframe:host/tools@0.1.0;
        use coldframe:host/tools@0.1.0.{error};
        export f: func(tool: string, bytes: u32, what: u32) -> result<string, error>; }";
    crate::guest::encode(wit, include_str!("../../data/tools-giant.wat"))
});
static WORKER: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let wit = "package t:t; world w { import coldframe:host/log@0.1.0;
        export boom: func(); export spin: func(); export burn: func(rounds: u32) -> u32;
        export grow: func() -> u32; export large: func(bytes: u32) -> string;
        export length: func(text: string) -> u32;
        export red: func() -> string; export red-error: func() -> result<string, string>;
        export typed: func(n: u8, name: string, %list: list<u16>) -> u8; }";
    crate::guest::encode(wit, include_str!("../../data/tools-worker.wat"))
});

fn ring_of(next: &str) -> Vec<u8> {
    let wit = "package t:t; world w { import coldframe:host/tools@0.1.0;
        use coldframe:host/tools@0.1.0.{error};
        export f: func() -> result<string, error>; }";
    crate::guest::encode(wit, &include_str!("../../data/tools-ring.wat").replace("NEXT", next))
}

/// A call of one tool.
fn asking(tool: &str, input: &str, grant: &str) -> Guest {
    twice((tool, input, 0), (tool, input), grant)
}

/// Calls of one tool, whatever they come to, and of another.
fn twice(first: (&str, &str, u32), then: (&str, &str), grant: &str) -> Guest {
    let with = json!({
        "first": first.0, "first_input": first.1, "times": first.2,
        "tool": then.0, "input": then.1,
    });
    Guest::bytes(|| CALLER.to_vec()).cap(format!("tools={grant}")).cap("log").with(with.to_string())
}

fn published(world: &mut World, name: &str, guest: &Guest) -> anyhow::Result<()> {
    world.publish(name, guest)?.map_err(anyhow::Error::msg)
}

/// The skill `evil/NAME` that does harm where it is told to.
fn worker(world: &mut World, name: &str) -> anyhow::Result<()> {
    published(world, name, &Guest::bytes(|| WORKER.to_vec()).cap("log"))
}

fn isolated(world: &mut World, isolation: &str) {
    let registry = world.registry().display().to_string();
    world.flags = ["--registry", &registry, "--isolation", isolation].map(str::to_owned).into();
}

/// What a call came to, and what is said of it.
fn tell(world: &mut World, guest: &Guest) -> anyhow::Result<(String, Value)> {
    let found = world.called(guest)?;
    let said = found.get("output").filter(|output| !output.is_null());
    let said = said.or_else(|| found.pointer("/error/message")).unwrap_or(&Value::Null).clone();
    Ok((world::kind(&found), said))
}

#[track_caller]
fn holds(said: &Value, text: &str) -> bool {
    said.as_str().is_some_and(|said| said.contains(text))
}

fn beside(world: &mut World) -> anyhow::Result<String> {
    worker(world, "tool-1")?;
    worker(world, "tool-1b")?;
    for isolation in ISOLATIONS {
        isolated(world, isolation);
        for (tool, grant) in [
            ("evil/tool-1#boom", "evil/tool-1#length"),
            ("evil/tool-1b#length", "evil/tool-1#*"),
            ("evil/tool#length", "evil/tool-1#*"),
            ("evil/canary#f", "evil/tool-1#*"),
            ("std/text#stats", "evil/tool-1#*"),
            ("other/tool-1#length", "evil/tool-1#*"),
        ] {
            let (kind, said) = tell(world, &asking(tool, r#"{"text":"a"}"#, grant))?;
            ensure!(kind == "denied.tool", "`{tool}` came to `{kind}`, {said}");
        }
    }
    let (kind, said) =
        tell(world, &asking("evil/tool-1#length", r#"{"text":"a"}"#, "evil/tool-1#length"))?;
    ensure!(kind == "works" && said == "1", "the granted one came to `{kind}`, {said}");
    Ok("denied.tool".to_owned())
}

fn names(world: &mut World) -> anyhow::Result<String> {
    worker(world, "tool-2")?;
    isolated(world, "auto");
    let long = format!("evil/tool-2#{}", "length".repeat(2_000));
    for tool in [
        "",
        "#",
        "evil/tool-2",
        "evil/tool-2#",
        "#length",
        "evil/tool-2#*",
        "evil/*#length",
        "*",
        "evil/tool-2#length ",
        " evil/tool-2#length",
        "EVIL/tool-2#length",
        "evil/tool-2#Length",
        "evil/tool-2#length\u{0}",
        "evil/tool-2#length\n",
        "evil/tool‐2#length",
        "evil/tool-2#length\u{200b}",
        "evil/tool-2#\u{1b}[31mlength",
        "evil/tool-2@1.0.0#length",
        "evil/tool-2@*#length",
        "evil//tool-2#length",
        "evil/../evil/tool-2#length",
        "./tool-2.wasm#length",
        "evil/tool-2#length#boom",
        "evil/tool-2#boom",
        &long,
    ] {
        let guest = asking(tool, r#"{"text":"a"}"#, "evil/tool-2#length");
        let (kind, said) = tell(world, &guest)?;
        let short: String = tool.chars().take(30).collect();
        let no = kind == "denied.tool" || (kind == "guest.error" && holds(&said, "unknown_tool"));
        ensure!(no, "{short:?} came to `{kind}`, {said}");
    }
    Ok("refused".to_owned())
}

/// A tool reads a file. Who calls it may not, whoever else of those around it may.
fn deputy(world: &mut World) -> anyhow::Result<String> {
    world.file("data/canary.txt", CANARY)?;
    let tool = "evil/tool-3#f";
    let reads = Guest::bytes(|| files::FILES.clone()).cap("fs=read data");
    published(world, "tool-3", &reads)?;
    let caller = |nth: u32| Guest::bytes(move || caller(nth)).cap("tools=evil/*");
    published(world, "tool-3-poor", &caller(1))?;
    published(world, "tool-3-rich", &caller(2).cap("fs=read data"))?;
    published(world, "tool-3-other", &caller(3).cap("fs=read elsewhere"))?;
    let input = json!({ "what": 0, "path": "data/canary.txt", "times": 1, "size": 0 }).to_string();
    let inner = |tool: &str, input: &str| {
        json!({ "first": tool, "first_input": "", "times": 0, "tool": tool, "input": input })
            .to_string()
    };
    for isolation in ISOLATIONS {
        isolated(world, isolation);
        for (caps, works) in
            [(&[][..], false), (&["fs=read other"], false), (&["fs=write data"], true)]
        {
            let guest = caps.iter().fold(asking(tool, &input, tool), |guest, cap| guest.cap(*cap));
            let (kind, said) = tell(world, &guest)?;
            ensure!(holds(&said, CANARY) == works, "{caps:?} came to `{kind}`, {said}");
        }
        // The pipeline grants all of it.
        let one = inner(tool, &input);
        let two = inner("evil/tool-3-rich#f", &one);
        let round = inner("evil/tool-3-poor#f", &one);
        for (skill, with, works) in [
            ("tool-3-rich", &one, true),
            ("tool-3-poor", &one, false),
            ("tool-3-other", &one, false),
            ("tool-3-rich", &two, true),
            ("tool-3-poor", &two, false),
            ("tool-3-rich", &round, false),
        ] {
            let tools = [tool, "evil/tool-3-rich#f", "evil/tool-3-poor#f"];
            let caps = tools.map(|tool| format!("tools={tool}"));
            let caps: Vec<String> = caps.into_iter().chain(["fs=read data".to_owned()]).collect();
            let text = format!(
                "{}  - {{ id: attack, uses: \"evil/{skill}@1.0.0#f\", with: {with} }}\n\
                 outputs: {{ found: \"{{{{ attack }}}}\" }}\n",
                run::head(&caps)
            );
            let file = world.file("attack.yml", text)?;
            let flags = world.flags.clone();
            let arguments = ["run", &file].into_iter().chain(flags.iter().map(String::as_str));
            let found = world.json(&arguments.collect::<Vec<_>>())?;
            let came = found.to_string().contains(CANARY);
            ensure!(came == works, "`{skill}` with {with} came to {found}");
        }
    }
    Ok("refused".to_owned())
}

/// The same component signed twice, with one manifest that asks for files and one that does not.
/// Whichever is loaded first, the other one must not have its rights.
fn twins(world: &mut World) -> anyhow::Result<String> {
    world.file("data/canary.txt", CANARY)?;
    let tool = "evil/tool-3b#f";
    published(world, "tool-3b", &Guest::bytes(|| files::FILES.clone()).cap("fs=read data"))?;
    let caller = || Guest::bytes(|| caller(4)).cap("tools=evil/*");
    published(world, "tool-3b-poor", &caller())?;
    for rich in ["tool-3b-first-rich", "tool-3b-rich"] {
        published(world, rich, &caller().cap("fs=read data"))?;
    }
    let input = json!({ "what": 0, "path": "data/canary.txt", "times": 1, "size": 0 }).to_string();
    let with =
        json!({ "first": tool, "first_input": "", "times": 0, "tool": tool, "input": input });
    let caps = [format!("tools={tool}"), "fs=read data".to_owned()];
    for isolation in ISOLATIONS {
        isolated(world, isolation);
        for rich in ["first-rich", "rich"] {
            let poor = "poor";
            let mut text = run::head(&caps);
            for (id, who) in [("one", rich), (poor, poor)] {
                let uses = format!("uses: \"evil/tool-3b-{who}@1.0.0#f\"");
                text += &format!("  - {{ id: {id}, on_error: continue, {uses}, with: {with} }}\n");
            }
            let file = world.file("attack.yml", text)?;
            let flags = world.flags.clone();
            let arguments = ["run", &file].into_iter().chain(flags.iter().map(String::as_str));
            let found = world.json(&arguments.collect::<Vec<_>>())?;
            let steps = found.get("steps").and_then(Value::as_array);
            let step = steps.and_then(|steps| steps.iter().find(|step| step["id"] == poor));
            let step = step.with_context(|| format!("no such step: {found}"))?;
            let no = world::kind(step) == "guest.error" && step.to_string().contains("denied.");
            ensure!(no, "beside `{rich}` it came to {step}");
        }
    }
    Ok("refused".to_owned())
}

fn ring(world: &mut World) -> anyhow::Result<String> {
    for (name, next) in [("ring-a", "ring-b"), ("ring-b", "ring-a"), ("ring-c", "ring-c")] {
        published(world, name, &Guest::bytes(move || ring_of(next)).cap("tools=*"))?;
    }
    let mut kinds = Vec::new();
    for isolation in ISOLATIONS {
        isolated(world, isolation);
        for (tool, limits) in
            [("evil/ring-a#f", ""), ("evil/ring-a#f", "tool_depth: 8"), ("evil/ring-c#f", "")]
        {
            let guest = asking(tool, "{}", "evil/ring-a#f").cap("tools=evil/ring-b#f");
            let guest = guest.cap("tools=evil/ring-c#f").limits(limits);
            let (kind, said) = tell(world, &guest)?;
            ensure!(kind == "limit.depth", "`{tool}` came to `{kind}`, {said}");
            kinds.push(kind);
        }
    }
    kinds.pop().context("nothing was called")
}

fn flood(world: &mut World) -> anyhow::Result<String> {
    worker(world, "tool-5")?;
    let grant = "evil/tool-5#*";
    for isolation in ISOLATIONS {
        isolated(world, isolation);
        for (tool, limits, expected) in [
            ("evil/tool-5#length", "", "limit.tool-calls"),
            ("evil/tool-5#boom", "", "limit.tool-calls"),
            ("evil/tool-5#red-error", "", "limit.tool-calls"),
            ("evil/tool-5#there-is-none", "", "limit.tool-calls"),
            ("evil/tool-5#length", "tool_calls: 0", "limit.tool-calls"),
            // What is no name asks nobody.
            ("no name", "call_fuel: 2e7", "limit.fuel"),
        ] {
            let input = r#"{"text":"a"}"#;
            let guest = twice((tool, input, u32::MAX), (tool, input), grant).limits(limits);
            let (kind, said) = tell(world, &guest)?;
            ensure!(kind == expected, "{isolation}: `{tool}` came to `{kind}`, {said}");
        }
    }
    Ok("limit.tool-calls".to_owned())
}

fn endless(world: &mut World) -> anyhow::Result<String> {
    worker(world, "tool-6")?;
    let grant = "evil/tool-6#*";
    let (spin, burn) = ("evil/tool-6#spin", "evil/tool-6#burn");
    let some = r#"{"rounds": 1000000}"#;
    for isolation in ISOLATIONS {
        isolated(world, isolation);
        let found = world.called(&asking(spin, "{}", grant).limits("call_fuel: 2e7"))?;
        let fuel = found.pointer("/receipt/fuel").and_then(Value::as_u64);
        let all = fuel.is_some_and(|fuel| (15_000_000..=20_000_000).contains(&fuel));
        ensure!(world::kind(&found) == "limit.fuel" && all, "all fuel came to {found}");
        // Each of them alone is within the limit.
        let guest = twice((burn, some, 60), (burn, some), grant).limits("call_fuel: 2e7");
        let found = world.called(&guest)?;
        let fuel = found.pointer("/receipt/fuel").and_then(Value::as_u64);
        let within = fuel.is_some_and(|fuel| fuel <= 20_000_000);
        ensure!(world::kind(&found) == "limit.fuel" && within, "some fuel came to {found}");
        let guest = asking(spin, "{}", grant).limits("call_fuel: 1e12, call_wall: 300ms");
        let (kind, said) = tell(world, &guest)?;
        ensure!(kind == "limit.deadline", "no end came to `{kind}`, {said}");
    }
    Ok("limit.deadline".to_owned())
}

/// The caller is told, has its own memory as before, and goes on.
fn fails(world: &mut World) -> anyhow::Result<String> {
    worker(world, "tool-7")?;
    for isolation in ISOLATIONS {
        isolated(world, isolation);
        for (tool, kind) in [("boom", "guest.trap"), ("grow", "")] {
            let (tool, grant) = (format!("evil/tool-7#{tool}"), "evil/tool-7#*");
            let then = ("evil/tool-7#length", r#"{"text":"abc"}"#);
            let (came, said) = tell(world, &twice((&tool, "{}", 20), then, grant))?;
            ensure!(came == "works" && said == "3", "`{tool}`, and then `{came}`, {said}");
            let (came, said) = tell(world, &asking(&tool, "{}", grant))?;
            let told = came == "guest.error" && holds(&said, kind);
            ensure!(told || (tool.ends_with("grow") && came == "works"), "`{came}`, {said}");
        }
    }
    Ok("works".to_owned())
}

fn giant(world: &mut World) -> anyhow::Result<String> {
    worker(world, "tool-8")?;
    let (length, large, grant) = ("evil/tool-8#length", "evil/tool-8#large", "evil/tool-8#*");
    let mut last = String::new();
    for isolation in ISOLATIONS {
        isolated(world, isolation);
        for (what, bytes, expected, text) in [
            (0, 3 << 20, "works", "31457"),
            (1, 3 << 20, "guest.error", "bad_input"),
            (2, 3 << 20, "guest.error", "bad_input"),
            (3, 3 << 20, "guest.error", "bad_input"),
            // Eight times as much, as for every result that has parts.
            (0, 40 << 20, "limit.hostcall-bytes", ""),
        ] {
            let with = json!({ "tool": length, "bytes": bytes, "what": what }).to_string();
            let guest = Guest::bytes(|| GIANT.to_vec()).cap(format!("tools={grant}")).cap("log");
            let (kind, said) = tell(world, &guest.with(with).limits("hostcall_bytes: 4MiB"))?;
            let right = kind == expected && (text.is_empty() || holds(&said, text));
            ensure!(right, "{bytes} bytes of {what} came to `{kind}`, {said}");
            last = kind;
        }
        for (bytes, expected) in [(3 << 20, "works"), (30 << 20, "guest.error")] {
            let input = json!({ "bytes": bytes }).to_string();
            let (kind, said) = tell(world, &asking(large, &input, grant))?;
            let short: String = said.to_string().chars().take(200).collect();
            ensure!(kind == expected, "an output of {bytes} bytes came to `{kind}`, {short}");
        }
    }
    Ok(last)
}

fn shapes(world: &mut World) -> anyhow::Result<String> {
    worker(world, "tool-9")?;
    isolated(world, "auto");
    let deep = format!("{{\"n\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    for input in [
        "",
        " ",
        "null",
        "7",
        "[]",
        "\"\"",
        "{",
        "{}",
        "{}{}",
        "\u{0}",
        r#"{"n":1}"#,
        r#"{"n":256,"name":"","list":[]}"#,
        r#"{"n":-1,"name":"","list":[]}"#,
        r#"{"n":1.5,"name":"","list":[]}"#,
        r#"{"n":1e400,"name":"","list":[]}"#,
        r#"{"n":"1","name":"","list":[]}"#,
        r#"{"n":null,"name":"","list":[]}"#,
        r#"{"n":1,"name":7,"list":[]}"#,
        r#"{"n":1,"name":"\ud800","list":[]}"#,
        r#"{"n":1,"name":"","list":{"0":1}}"#,
        r#"{"n":1,"name":"","list":[65536]}"#,
        r#"{"n":1,"name":"","list":[1,null]}"#,
        r#"{"n":1,"name":"","list":[],"more":1}"#,
        r#"{"n":1,"name":"","list":[],"\u001b[31m":1}"#,
        &deep,
    ] {
        let (kind, said) = tell(world, &asking("evil/tool-9#typed", input, "evil/tool-9#typed"))?;
        let short: String = input.chars().take(40).collect();
        let no = kind == "guest.error" && holds(&said, "bad_input");
        ensure!(no, "{short:?} came to `{kind}`, {said}");
    }
    Ok("refused".to_owned())
}

fn red(world: &mut World) -> anyhow::Result<String> {
    worker(world, "tool-10")?;
    let mut last = String::new();
    for isolation in ISOLATIONS {
        isolated(world, isolation);
        for (tool, expected) in [("red-error", "guest.error"), ("red", "works")] {
            let tool = format!("evil/tool-10#{tool}");
            let guest = asking(&tool, "{}", "evil/tool-10#*");
            let (kind, said) = tell(world, &guest)?;
            ensure!(kind == expected, "`{tool}` came to `{kind}`, {said}");
            // For people: the world looks for control characters in all that is printed.
            let arguments = world.arguments(&guest)?;
            let found = world.host(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
            let said = String::from_utf8_lossy(&found.stderr);
            let acts = said.contains(['\u{202e}', '\u{7f}']) || said.contains("\nok: ");
            ensure!(!acts, "`{tool}` had {said:?} printed");
            last = kind;
        }
    }
    Ok(last)
}

fn money(world: &mut World) -> anyhow::Result<String> {
    let chat = Guest::bytes(|| llm::CHAT.to_vec()).cap("llm=m-*");
    published(world, "tool-11", &chat)?;
    let usage = "{\"prompt_tokens\":40,\"completion_tokens\":40}";
    let text: &str = format!("{},\"usage\":{usage}}}", llm::HELLO).leak();
    let (tool, input) = ("evil/tool-11#f", llm::request("m-a", 50));
    for isolation in ISOLATIONS {
        for (limits, expected, asked) in [
            // Enough for one.
            ("call_tokens: 140", "limit.tokens", 1),
            ("call_cost_usd: 0.01", "limit.cost", 0),
        ] {
            let server = Server::start(Manner::Tells(200, text))?;
            isolated(world, isolation);
            let flags = world.flags.clone();
            llm::armed(world, &server)?;
            world.flags.extend(flags);
            let guest = twice((tool, &input, 1), (tool, &input), tool).cap("llm=m-*");
            let (kind, said) = tell(world, &guest.limits(limits))?;
            ensure!(kind == expected, "`{limits}` came to `{kind}`, {said}");
            let found = server.connections();
            ensure!(found == asked, "`{limits}`: {found} questions were asked, expected {asked}");
        }
    }
    // Who may not ask a model may not have it asked.
    let server = Server::start(Manner::Tells(200, text))?;
    llm::armed(world, &server)?;
    isolated(world, "auto");
    let (kind, said) = tell(world, &asking(tool, &input, tool))?;
    ensure!(kind == "guest.error" && holds(&said, "denied."), "came to `{kind}`, {said}");
    ensure!(server.connections() == 0, "the provider was asked");
    world.search();
    Ok("limit.cost".to_owned())
}
