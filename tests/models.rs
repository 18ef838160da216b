//! Language models against a server on a free loopback port that speaks what most providers do: what
//! is granted is asked, in both places where skills run; what is not, or is not paid for, never
//! connects; the key is seen by the server and by nobody else.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::{Failed, Trial};

use crate::world::World;

/// The tests.
pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("models/calls", || calls().map_err(Failed::from)),
        Trial::test("models/runs", || runs().map_err(Failed::from)),
    ]
}

const KEY: &str = "sk-nobody-may-see-this";

/// A component that hands on what it is given, and one function that reads so many pieces.
const WIT: &str = "package acme:ask;
world w {
  import coldframe:host/llm@0.1.0;
  use coldframe:host/llm@0.1.0.{request, answer, error};
  export chat: func(request: request) -> result<answer, error>;
  export read: func(request: request, pieces: u32) -> string;
  export embed: func(model: string, texts: list<string>) -> result<list<list<f32>>, error>;
}
";

const CORE: &str = r#"(module
  (type $asked (func (param i32 i32 i32 i32 i32 i32 i32 f32 i32 i32 i32 i32)))
  (import "coldframe:host/llm@0.1.0" "chat" (func $chat (type $asked)))
  (import "coldframe:host/llm@0.1.0" "open" (func $open (type $asked)))
  (import "coldframe:host/llm@0.1.0" "[method]reply.next" (func $next (param i32 i32)))
  (import "coldframe:host/llm@0.1.0" "[resource-drop]reply" (func $drop (param i32)))
  (import "coldframe:host/llm@0.1.0" "embed" (func $embed (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 64)
  (global $free (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "chat") (param i32 i32 i32 i32 i32 i32 i32 f32 i32 i32 i32) (result i32)
    (call $chat (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5)
      (local.get 6) (local.get 7) (local.get 8) (local.get 9) (local.get 10) (i32.const 64))
    (i32.const 64))
  (func (export "embed") (param i32 i32 i32 i32) (result i32)
    (call $embed (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 64))
    (i32.const 64))
  (func (export "read")
    (param i32 i32 i32 i32 i32 i32 i32 f32 i32 i32 i32) (param $left i32) (result i32)
    (local $reply i32) (local $end i32)
    (local.set $end (i32.const 1024))
    (call $open (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5)
      (local.get 6) (local.get 7) (local.get 8) (local.get 9) (local.get 10) (i32.const 64))
    (if (i32.load8_u (i32.const 64)) (then unreachable))
    (local.set $reply (i32.load (i32.const 72)))
    (block $done
      (loop $more
        (br_if $done (i32.eqz (local.get $left)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (call $next (local.get $reply) (i32.const 128))
        (if (i32.load8_u (i32.const 128)) (then unreachable))
        (br_if $done (i32.eqz (i32.load8_u (i32.const 136))))
        (memory.copy (local.get $end) (i32.load (i32.const 140)) (i32.load (i32.const 144)))
        (local.set $end (i32.add (local.get $end) (i32.load (i32.const 144))))
        (i32.store8 (local.get $end) (i32.const 124))
        (local.set $end (i32.add (local.get $end) (i32.const 1)))
        (br $more)))
    (call $drop (local.get $reply))
    (i32.store (i32.const 256) (i32.const 1024))
    (i32.store (i32.const 260) (i32.sub (local.get $end) (i32.const 1024)))
    (i32.const 256)))"#;

/// The server: how many questions it was asked.
struct Server {
    port: u16,
    asked: Arc<AtomicUsize>,
}

impl Server {
    fn start() -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
        let port = listener.local_addr().map_err(|e| e.to_string())?.port();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let question = question(&mut stream);
                let _ = stream.write_all(answer(&question).as_bytes());
            }
        });
        Ok(Self { port, asked })
    }
}

/// Head and body of a question.
fn question(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).unwrap_or(0);
        text.push_str(&String::from_utf8_lossy(buffer.get(..read).unwrap_or_default()));
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            body.len() >= length.and_then(|length| length.parse().ok()).unwrap_or(0)
        });
        if whole || read == 0 {
            return text;
        }
    }
}

fn answer(question: &str) -> String {
    let http = |status: &str, extra: &str, body: &str| {
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\n{extra}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
    };
    if !question.contains(&format!("authorization: Bearer {KEY}\r\n")) {
        return http("401 No", "", r#"{"error":{"message":"no key"}}"#);
    }
    if question.contains("m-busy") {
        return http("429 Slow", "retry-after: 2\r\n", "{}");
    }
    let usage = match question.contains("m-silent") {
        true => "",
        false => r#","usage":{"prompt_tokens":9,"completion_tokens":2}"#,
    };
    if question.contains("/embeddings") {
        let body = format!(r#"{{"data":[{{"index":0,"embedding":[0.5,-1]}}]{usage}}}"#);
        return http("200 OK", "", &body);
    }
    if question.contains(r#""stream":true"#) {
        let piece = |text: &str| format!(r#"{{"choices":[{{"delta":{{"content":"{text}"}}}}]}}"#);
        let stop = format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"stop"}}]{usage}}}"#);
        let all = [piece("hel"), piece("lo"), stop, "[DONE]".to_owned()];
        let body: String = all.iter().map(|event| format!("data: {event}\n\n")).collect();
        return http("200 OK", "content-type: text/event-stream\r\n", &body);
    }
    // What comes back with the key in it is a provider that cannot be trusted.
    let text = if question.contains("m-echo") { KEY } else { "hello" };
    let body = format!(
        r#"{{"choices":[{{"message":{{"content":"{text}"}},"finish_reason":"stop"}}]{usage}}}"#
    );
    http("200 OK", "", &body)
}

/// A folder with the component and the project's models. A token costs a thousandth of a dollar.
fn world(server: &Server) -> Result<World, String> {
    let world = World::new();
    let wasm = coldframe_guests::try_encode(WIT, CORE)?;
    write(&world, "ask.wasm", &wasm)?;
    let config = format!(
        "apiVersion: coldframe/v1\nkind: Config\nmetadata: {{ name: models }}\nmodels:\n  \
         - {{ model: \"m-*\", adapter: openai, url: \"http://127.0.0.1:{}/v1\", secret: key, \
         usd_in: 1000, usd_out: 1000 }}\n",
        server.port
    );
    write(&world, "coldframe.yml", config.as_bytes())?;
    Ok(world)
}

fn write(world: &World, name: &str, bytes: &[u8]) -> Result<(), String> {
    let path = world.work().join(name);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| e.to_string())?;
    }
    std::fs::write(path, bytes).map_err(|e| e.to_string())
}

/// A command, its exit code, what it says, and how many questions came of it.
type Case<'c> = (&'c str, i32, &'c [&'c str], usize);

fn check(world: &World, server: &Server, cases: &[Case<'_>]) -> Result<(), String> {
    for (command, code, said, questions) in cases {
        let before = server.asked.load(Ordering::SeqCst);
        let output = world.shell(&format!("export KEY={KEY}; {command}"));
        let asked = server.asked.load(Ordering::SeqCst) - before;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        let all = said.iter().all(|said| text.contains(said));
        if output.status.code() != Some(*code) || !all || asked != *questions || text.contains(KEY)
        {
            return Err(format!(
                "{command}\n{} with {asked} questions, expected {code} with {questions} and \
                 {said:?}:\n{text}",
                output.status
            ));
        }
    }
    Ok(())
}

/// Fails where a file below a folder holds the key.
fn without_key(folder: &Path) -> Result<(), String> {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            without_key(&path)?;
        } else {
            let bytes = std::fs::read(&path).unwrap_or_default();
            if bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes()) {
                return Err(format!("{} holds the key", path.display()));
            }
        }
    }
    Ok(())
}

/// What is said to a model, as a guest's `request`, and how many pieces of the answer are read.
fn request(model: &str, max_tokens: &str, pieces: &str) -> String {
    let messages = r#"[{"role":"user","content":"hi"}]"#;
    let pieces = if pieces.is_empty() { String::new() } else { format!(r#","pieces":{pieces}"#) };
    format!(
        r#"--input-json '{{"request":{{"model":"{model}","messages":{messages},"max_tokens":{max_tokens},"temperature":0.5,"json_schema":null}}{pieces}}}'"#
    )
}

fn calls() -> Result<(), String> {
    let server = Server::start()?;
    let world = world(&server)?;
    for isolation in ["process", "in-process"] {
        let call = |operation: &str, grant: &str, model: &str, most: &str, more: &str| {
            let pieces = more.strip_prefix("pieces=").and_then(|more| more.split_once(' '));
            let (pieces, more) = pieces.unwrap_or(("", more));
            let request = request(model, most, pieces);
            format!(
                "coldframe --isolation {isolation} call ask.wasm#{operation} --unsigned --grant \
                 llm='{grant}' --secret key=env:KEY {request} {more}"
            )
        };
        let json = "--format json --limit call_wall=1m";
        let plain = "--limit call_wall=1m";
        let read =
            |pieces: u32| call("read", "m-*", "m-a", "50", &format!("pieces={pieces} {json}"));
        check(
            &world,
            &server,
            &[
                (
                    &call("chat", "m-a", "m-a", "50", json),
                    0,
                    &[r#""text": "hello""#, r#""tokens": 11"#, r#""services_nano": 11000000"#],
                    1,
                ),
                // 64 and 16 around two bytes, and all of the answer.
                (
                    &call("chat", "m-*", "m-silent", "50", json),
                    0,
                    &[r#""tokens": 132"#, r#""services_nano": 132000000"#],
                    1,
                ),
                (&call("chat", "*", "m-echo", "null", plain), 0, &["coldframe-secret-"], 1),
                (&call("chat", "m-*", "m-busy", "50", plain), 4, &["rate", "2000"], 1),
                (&read(9), 0, &["hel|lo|", r#""tokens": 11"#], 1),
                // The prompt, and three bytes of the answer.
                (&read(1), 0, &["\"hel|\"", r#""tokens": 85"#], 1),
                (
                    &call("chat", "m-b", "m-a", "50", plain),
                    5,
                    &[
                        "denied.model",
                        "the model `m-a` is not granted by `--grant`",
                        r#"`llm: ["m-a"]` would allow it"#,
                    ],
                    0,
                ),
                (
                    &call("chat", "*", "other", "50", plain),
                    5,
                    &["denied.model", "there is no model `other` here"],
                    0,
                ),
                (
                    &call("chat", "m-*", "m-a", "50", "--limit tokens=131"),
                    5,
                    &["limit.tokens", "the call may take 131 tokens"],
                    0,
                ),
                (
                    &call("chat", "m-*", "m-a", "50", "--limit call_cost_usd=0.131"),
                    5,
                    &["limit.cost", "0.132 USD"],
                    0,
                ),
                (&call("chat", "m-*", "m-a", "50", "--limit cost_usd=0.1"), 5, &["limit.cost"], 0),
            ],
        )?;
        without_key(world.root())?;
    }
    let call = format!("coldframe call ask.wasm#chat --unsigned {}", request("m-a", "50", ""));
    let embed = "coldframe call ask.wasm#embed --unsigned --grant llm=m-a --secret key=env:KEY \
                 --input model=m-a --input 'texts=[\"hi\"]'";
    check(
        &world,
        &server,
        &[
            (embed, 0, &["0.5", "-1"], 1),
            (&call, 5, &["denied.import", "needs `llm`"], 0),
            (&format!("{call} --grant llm=gpt-4"), 2, &["`gpt-4`, which has no price"], 0),
            (&format!("{call} --grant llm=m-a"), 2, &["want the secret `key`", "--secret key="], 0),
            (&format!("{call} --grant llm=m*a"), 2, &["not a grant of a language model"], 0),
        ],
    )
}

const SKILL: &str = "id = \"acme/ask\"\nversion = \"1.0.0\"\ndescription = \"Asks a model\"\n\
                     license = \"MIT\"\n[capabilities]\nllm = [\"*\"]\n";

fn pipeline(limits: &str) -> String {
    let step = |id: &str| {
        format!(
            "  - id: {id}\n    uses: acme/ask@^1#chat\n    with: {{ request: {{ model: m-a, \
             max_tokens: 50, messages: [{{ role: user, content: hi }}] }} }}\n"
        )
    };
    format!(
        "apiVersion: coldframe/v1\nkind: Pipeline\nmetadata: {{ name: asking }}\n\
         limits: {{ call_wall: 1m, {limits} }}\ncaps: {{ llm: [m-a] }}\nsteps:\n{}{}\
         outputs: {{ text: \"{{{{ a.text }}}}\" }}\ntests:\n  - name: recorded\n    http:\n      \
         - {{ method: POST, url: \"http://127.0.0.1:PORT/v1/chat/completions\", body: '{{\"choices\":\
         [{{\"message\":{{\"content\":\"recorded\"}},\"finish_reason\":\"stop\"}}],\"usage\":\
         {{\"prompt_tokens\":1,\"completion_tokens\":1}}}}' }}\n    \
         assert: [\"a.text == 'recorded'\", \"totals.tokens == 4\"]\n",
        step("a"),
        step("b"),
    )
}

fn runs() -> Result<(), String> {
    let server = Server::start()?;
    let world = world(&server)?;
    write(&world, "ask/skill.toml", SKILL.as_bytes())?;
    let port = server.port.to_string();
    for (name, limits) in [
        ("all", ""),
        // Enough for one at a time, and for what both take in the end.
        ("one", "tokens: 143, call_tokens: 132"),
        ("few", "tokens: 142, call_tokens: 132"),
        ("money", "cost_usd: 0.14"),
    ] {
        let text = pipeline(limits).replace("PORT", &port).replace(",  }", " }");
        write(&world, &format!("{name}.yml"), text.as_bytes())?;
    }
    let publish = "coldframe registry init reg --quiet && coldframe skill publish ask --component \
                   ask.wasm --to reg";
    let run = |name: &str, more: &str| {
        format!("coldframe --registry reg run {name}.yml --secret key=env:KEY {more}")
    };
    check(
        &world,
        &server,
        &[
            (publish, 0, &[], 0),
            (
                "coldframe --registry reg plan all.yml",
                0,
                &["tokens 200000", "the dearest model"],
                0,
            ),
            ("coldframe --registry reg test all.yml", 0, &["recorded"], 0),
            (&run("all", "--format json"), 0, &[r#""tokens": 22"#, r#""text": "hello""#], 2),
            ("coldframe runs replay", 0, &["2 of them from recordings", "nothing differs"], 0),
            ("coldframe --isolation process runs replay", 0, &["nothing differs"], 0),
            (&run("one", "--format json"), 0, &[r#""tokens": 22"#], 2),
            (&run("few", ""), 5, &["limit.tokens", "the run's tokens limit of 142"], 1),
            ("coldframe runs replay", 0, &["nothing differs"], 0),
            (&run("money", ""), 5, &["limit.cost", "the run's cost limit of 0.14 USD"], 1),
            (&run("all", "--limit tokens=100"), 5, &["limit.tokens"], 0),
            ("coldframe --registry reg run all.yml", 2, &["want the secret `key`"], 0),
            (
                "rm coldframe.yml; coldframe --registry reg run all.yml",
                2,
                &["`m-a`, which has no price"],
                0,
            ),
            (
                "coldframe --registry reg plan all.yml",
                0,
                &["not known: no `Config` has a price"],
                0,
            ),
        ],
    )?;
    without_key(world.root())
}
