//! A run with a secret that waits for a person and goes on from another folder: the server is sent the
//! same value before and after, and what is kept of the run in between does not have it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use libtest_mimic::{Failed, Trial};

use crate::world::World;

const VALUE: &str = "a-value-that-is-kept-nowhere";

/// The tests.
pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test("resumed/sends_the_same_secret_from_another_folder", || {
        same_secret().map_err(Failed::from)
    })]
}

/// What a server was sent.
type Heads = Arc<Mutex<Vec<String>>>;

/// A server that remembers what it was sent.
fn serve() -> Result<(u16, Heads), String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
    let port = listener.local_addr().map_err(|e| e.to_string())?.port();
    let heads = Heads::default();
    let kept = Arc::clone(&heads);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 4096];
            let read = stream.read(&mut head).unwrap_or(0);
            let head = String::from_utf8_lossy(head.get(..read).unwrap_or_default()).into_owned();
            if let Ok(mut kept) = kept.lock() {
                kept.push(head);
            }
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
        }
    });
    Ok((port, heads))
}

fn same_secret() -> Result<(), String> {
    let (port, heads) = serve()?;
    let world = World::new();
    let wit = "package t:t; world w { import coldframe:host/secrets@0.1.0;
        import wasi:http/outgoing-handler@0.2.6;
        export f: func(host: string, path: string, secret: string, name: string, place: u32)
            -> string; }";
    let component = coldframe_guests::try_encode(wit, include_str!("adversary/data/secrets.wat"))?;
    let rights = format!(
        "http = [\"http://127.0.0.1:{port}\"]\nsecrets = [\"key for http://127.0.0.1:{port} in authorization\"]"
    );
    let manifest = format!(
        "id = \"acme/send\"\nversion = \"1.0.0\"\ndescription = \"Sends\"\nlicense = \"MIT\"\n\n[capabilities]\n{rights}\n"
    );
    let call = format!(
        "uses: acme/send#f, with: {{ host: \"127.0.0.1:{port}\", path: /, secret: key, name: authorization, place: 0 }}"
    );
    let pipeline = format!(
        "apiVersion: coldframe/v1\nkind: Pipeline\nmetadata: {{ name: send }}\n\
         caps: {{ http: [\"http://127.0.0.1:{port}\"], secrets: [\"key for http://127.0.0.1:{port} in authorization\"] }}\n\
         steps:\n  - {{ id: before, {call} }}\n  - {{ id: ok, needs: before, approve: {{ message: Go on? }} }}\n  - {{ id: after, needs: ok, {call} }}\n\
         outputs: {{ after: \"{{{{ after }}}}\" }}\n"
    );
    let write = |name: &str, content: &[u8]| {
        std::fs::write(world.work().join(name), content).map_err(|e| format!("{name}: {e}"))
    };
    for folder in ["send", "other"] {
        std::fs::create_dir(world.work().join(folder)).map_err(|e| e.to_string())?;
    }
    write("send.wasm", &component)?;
    write("send/skill.toml", manifest.as_bytes())?;
    write("send.yml", pipeline.as_bytes())?;
    write("key.txt", VALUE.as_bytes())?;
    let line = "coldframe -q registry init reg > out.txt 2>&1 \
        && coldframe -q skill publish send --component send.wasm --to reg > out.txt \
        && { coldframe -q run send.yml --registry reg --secret key=file:key.txt; [ $? = 6 ]; } \
        && ID=$(coldframe runs list -n 1 --format json | grep -o '\"run_id\": \"[^\"]*' | cut -d'\"' -f4) \
        && cd other && coldframe -q runs approve $ID --by ann \
        && coldframe runs show $ID --events --format json";
    let output = world.shell(line);
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    if !output.status.success() || text.contains(VALUE) || !text.contains("ok") {
        return Err(format!("{}:\n{text}", output.status));
    }
    let heads = heads.lock().map_err(|e| e.to_string())?;
    let sent = heads.iter().filter(|head| head.contains(&format!("Bearer {VALUE}\r\n"))).count();
    if (heads.len(), sent) != (2, 2) {
        return Err(format!("expected two requests with the value, found {heads:?}"));
    }
    match holding(&world.data(), VALUE.as_bytes()) {
        Some(path) => Err(format!("`{path}` holds the value")),
        None => Ok(()),
    }
}

/// The first file below a folder that holds some bytes.
fn holding(folder: &Path, bytes: &[u8]) -> Option<String> {
    crate::files(folder, "").into_iter().find_map(|path| {
        let found = std::fs::read(&path).unwrap_or_default();
        let has = found.windows(bytes.len()).any(|window| window == bytes);
        has.then(|| path.display().to_string())
    })
}
