//! Outgoing requests against a real server on a free loopback port: what is granted arrives, what is
//! not never connects.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::{Failed, Trial};

use crate::world::World;

/// The tests.
pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test("loopback/granted_requests_arrive", || requests().map_err(Failed::from))]
}

/// A server that answers `/moved` with a redirect, `/busy` with 429, everything else with its path.
fn serve() -> Result<(u16, Arc<AtomicUsize>), String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
    let port = listener.local_addr().map_err(|e| e.to_string())?.port();
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::SeqCst);
            let mut stream = stream;
            let mut head = [0; 2048];
            let read = stream.read(&mut head).unwrap_or(0);
            let line = String::from_utf8_lossy(head.get(..read).unwrap_or_default()).into_owned();
            let path = line.split(' ').nth(1).unwrap_or("?").to_owned();
            let (status, extra) = match path.as_str() {
                "/moved" => ("302 Found", "location: http://169.254.169.254/\r\n"),
                "/busy" => ("429 Too Many Requests", "retry-after: 7\r\n"),
                _ => ("200 OK", ""),
            };
            let body = format!("you asked for {path}");
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\n{extra}content-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    Ok((port, seen))
}

fn requests() -> Result<(), String> {
    let (port, seen) = serve()?;
    let world = World::new();
    let pipeline = format!(
        r#"
apiVersion: coldframe/v1
kind: Pipeline
metadata: {{ name: get }}
inputs: {{ path: {{ type: string }} }}
caps: {{ http: ["GET http://127.0.0.1:{port}", "GET http://localhost:{port}/named"] }}
steps:
  - {{ id: page, uses: std/http#get, with: {{ url: "http://127.0.0.1:{port}{{{{ inputs.path }}}}" }} }}
outputs: {{ status: "{{{{ page.status }}}}", body: "{{{{ page.body }}}}" }}
"#
    );
    std::fs::write(world.work().join("get.yml"), &pipeline).map_err(|e| e.to_string())?;
    let narrow =
        pipeline.replace(&format!("127.0.0.1:{port}\""), &format!("127.0.0.1:{port}/only/**\""));
    std::fs::write(world.work().join("narrow.yml"), narrow).map_err(|e| e.to_string())?;
    let wide = pipeline.replace(&format!("GET http://127.0.0.1:{port}"), "http://*");
    std::fs::write(world.work().join("wide.yml"), wide).map_err(|e| e.to_string())?;

    // File, path, exit code, what is said, requests the server saw.
    let cases = [
        ("get.yml", "/hello", 0, "you asked for /hello", 1),
        ("get.yml", "/moved", 0, "status: 302", 1),
        ("get.yml", "/busy", 4, "guest.error", 1),
        ("narrow.yml", "/only/this", 0, "you asked for /only/this", 1),
        ("narrow.yml", "/other", 5, "denied.host", 0),
        ("narrow.yml", "/only/../other", 5, "denied.host", 0),
        ("wide.yml", "/hello", 5, "denied.address", 0),
    ];
    for (file, path, code, said, requests) in cases {
        let before = seen.load(Ordering::SeqCst);
        let output = world.coldframe(&["run", file, "--input", &format!("path={path}")]);
        let found = seen.load(Ordering::SeqCst) - before;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        if output.status.code() != Some(code) || !text.contains(said) || found != requests {
            return Err(format!(
                "{file} {path}: {} with {found} requests, expected {code} with {requests}:\n{text}",
                output.status
            ));
        }
        replays(&world, requests, said.starts_with("denied."))
            .map_err(|why| format!("{file} {path}: {why}"))?;
        if seen.load(Ordering::SeqCst) - before != requests {
            return Err(format!("{file} {path}: the replay asked the server"));
        }
    }
    Ok(())
}

/// What a run heard is enough to run it again.
fn replays(world: &World, requests: usize, is_refused: bool) -> Result<(), String> {
    let output = world.coldframe(&["runs", "replay", "--format", "json"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let found: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
    let recorded = found.get("from_recordings").and_then(serde_json::Value::as_u64);
    let same = found.get("differences").and_then(serde_json::Value::as_array).map(Vec::len);
    // A request that was refused before it was sent is on the tape as one that was not.
    if !output.status.success() || same != Some(0) || recorded < Some(requests.min(1) as u64) {
        return Err(format!("{}: {text}", output.status));
    }
    // Every decision is written down, with how often it was made.
    let output = world.coldframe(&["runs", "audit", "--format", "json"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let refused = text.contains("\"refused_by\": \"the ");
    if !text.contains("\"cap\": \"http\"") || refused != is_refused {
        return Err(format!("audit: {text}"));
    }
    // And a single call of it, wherever the skill is.
    for command in [["export", "page", "--out", "page.json"].as_slice(), &["verify", "page.json"]] {
        let output = world.coldframe(&[&["receipt"], command].concat());
        if !output.status.success() {
            return Err(format!("{command:?}: {output:?}"));
        }
    }
    Ok(())
}
