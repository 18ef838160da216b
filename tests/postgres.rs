//! Skills and a real Postgres: a server of the test's own, on a free port of this machine, asked by the
//! real binary.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};

use crate::world::World;

const PASSWORD: &str = "a-password-that-nobody-prints";
const OWNER: &str = "the-password-of-the-owner";

const WIT: &str = "package t:sql; world w {
    import coldframe:host/sql@0.1.0;
    use coldframe:host/sql@0.1.0.{value, rows, error};
    export query: func(database: string, statement: string, params: list<value>) -> result<rows, error>;
    export execute: func(database: string, statement: string, params: list<value>) -> result<u64, error>; }";

const CORE: &str = r#"(module
    (import "coldframe:host/sql@0.1.0" "query" (func $query (param i32 i32 i32 i32 i32 i32 i32)))
    (import "coldframe:host/sql@0.1.0" "execute" (func $execute (param i32 i32 i32 i32 i32 i32 i32)))
    (memory (export "memory") 64)
    (global $next (mut i32) (i32.const 1024))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
        (global.set $next (i32.add (local.get $at) (local.get 3)))
        (local.get $at))
    (func (export "query") (param i32 i32 i32 i32 i32 i32) (result i32)
        (call $query (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)
            (local.get 5) (i32.const 64))
        (i32.const 64))
    (func (export "execute") (param i32 i32 i32 i32 i32 i32) (result i32)
        (call $execute (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)
            (local.get 5) (i32.const 64))
        (i32.const 64)))"#;

const TABLES: &str = "
    CREATE ROLE app LOGIN PASSWORD 'a-password-that-nobody-prints';
    CREATE TYPE mood AS ENUM ('glad', 'sad');
    CREATE TABLE items (id bigint GENERATED ALWAYS AS IDENTITY, name text UNIQUE, price numeric(8, 2));
    INSERT INTO items (name, price) VALUES ('apple', 1.5), ('pear', 2.25);
    CREATE TABLE hidden (x text);
    GRANT SELECT, INSERT, UPDATE, DELETE ON items TO app;";

/// The tests.
pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test("postgres/answers_within_what_is_granted", || answers().map_err(Failed::from))]
}

/// A server that ends with the test.
struct Server {
    process: Child,
    port: u16,
    certificate: PathBuf,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // At once, and with its children.
        let _ = Command::new("kill").args(["-QUIT", &self.process.id().to_string()]).status();
        let _ = self.process.wait();
    }
}

/// Where the programs of Postgres are: Debian keeps them out of the way.
fn programs() -> Result<PathBuf, String> {
    let of_path = std::env::var_os("PATH").unwrap_or_default();
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    std::env::split_paths(&of_path)
        .chain(debian.map(|version| version.path().join("bin")))
        .find(|folder| {
            ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).is_file())
        })
        .ok_or_else(|| {
            "there is no Postgres to test with; on Debian `apt-get install postgresql`".into()
        })
}

/// A program that is not run by root, which Postgres refuses.
fn unprivileged(program: &Path) -> Command {
    use std::os::unix::fs::MetadataExt as _;
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
    if !is_root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).arg(program);
    command
}

fn done(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
}

impl Server {
    fn start() -> Result<Self, String> {
        let programs = programs()?;
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let password = folder.path().join("password");
        std::fs::write(&password, OWNER).map_err(|error| error.to_string())?;
        let data = folder.path().join("data");
        done(Command::new("chmod").arg("-R").arg("a+rwX").arg(folder.path()))?;
        done(
            unprivileged(&programs.join("initdb"))
                .args(["--username=owner", "--auth=scram-sha-256", "--no-sync", "--encoding=UTF8"])
                .args(["--locale=C", "--pwfile"])
                .arg(&password)
                .arg(&data),
        )?;
        let (key, certificate) = (folder.path().join("key"), folder.path().join("certificate"));
        done(
            unprivileged(Path::new("openssl"))
                .args(["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt"])
                .args(["ec_paramgen_curve:prime256v1", "-days", "2", "-subj", "/CN=localhost"])
                .args(["-addext", "subjectAltName=DNS:localhost"])
                .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
                .arg(&key)
                .arg("-out")
                .arg(&certificate),
        )?;
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|bound| bound.local_addr());
        let port = free.map_err(|error| error.to_string())?.port();
        let process = unprivileged(&programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"])
            .args(["-c", "unix_socket_directories=", "-c", "ssl=on"])
            .args(["-c", &format!("ssl_key_file={}", key.display())])
            .args(["-c", &format!("ssl_cert_file={}", certificate.display())])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let server = Self { process, port, certificate, _folder: folder };
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let mut psql = Command::new(programs.join("psql"));
            psql.args(["-q", "-v", "ON_ERROR_STOP=1", "-1", "-c", TABLES])
                .arg(server.url("owner", OWNER));
            match done(&mut psql) {
                Ok(()) => return Ok(server),
                Err(error) if Instant::now() > end => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(100)),
            }
        }
    }

    fn url(&self, user: &str, password: &str) -> String {
        format!("postgres://{user}:{password}@127.0.0.1:{}/postgres", self.port)
    }
}

/// Asks through a skill: the last of the exit code, what it printed, and how long it took.
fn ask(
    (world, certificate): (&World, Option<&Path>),
    url: &str,
    (operation, grant): (&str, &str),
    (statement, params): (&str, &str),
    more: &[&str],
) -> (i32, String) {
    let mut command = world.command(crate::world::COLDFRAME);
    let output = command
        .env("SHOP_URL", url)
        .envs(certificate.map(|path| ("SSL_CERT_FILE", path)))
        .args(["-q", "call", &format!("sql.wasm#{operation}"), "--unsigned"])
        .args(["--grant", &format!("sql={grant} shop"), "--database", "shop=postgres:env:SHOP_URL"])
        .args(["--input", "database=shop", "--input", &format!("statement={statement}")])
        .args(["--input", &format!("params={params}")])
        .args(more)
        .output()
        .expect("coldframe starts");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}

fn answers() -> Result<(), String> {
    let server = Server::start()?;
    let world = World::new();
    let component = coldframe_guests::try_encode(WIT, CORE)?;
    std::fs::write(world.work().join("sql.wasm"), component).map_err(|error| error.to_string())?;
    let (url, owner) = (server.url("app", PASSWORD), server.url("owner", OWNER));
    let (wrong, away) = (
        server.url("app", "wrong-password"),
        "postgres://app:pw-away@db.example/x?sslmode=disable",
    );
    let trusted = std::cell::Cell::new(None);
    let mut problems = Vec::new();
    let mut check = |url: &str,
                     how: (&str, &str),
                     what: (&str, &str),
                     more: &[&str],
                     code: i32,
                     expected: &str| {
        let began = Instant::now();
        let (found, text) = ask((&world, trusted.get()), url, how, what, more);
        let late = began.elapsed() > Duration::from_secs(20);
        let leaks =
            [PASSWORD, OWNER, "wrong-password", "pw-away"].iter().any(|word| text.contains(word));
        if found != code || !text.contains(expected) || late || leaks {
            problems
                .push(format!("{what:?} {how:?}: {found}, not {code} with {expected:?}: {text}"));
        }
    };
    let (reads, writes, changes) = (("query", "read"), ("execute", "write"), ("query", "write"));
    let many = "SELECT $1::int8 + 1, $2::text, $3::numeric, $4::timestamptz, $5::bytea, $6::bool, $7::float8, $8::mood, $9::jsonb, $10::uuid, $11::int4";
    let values = r#"[{"integer": 41}, {"text": "a'b"}, {"text": "-12.340"}, {"text": "2026-01-02T03:04:05Z"}, {"blob": "aGk="}, {"boolean": true}, {"real": 0.5}, {"text": "sad"}, {"text": "[1]"}, {"text": "6f1c5a6e-0000-4000-8000-00000000000a"}, "null"]"#;
    let row = "rows:\n- - integer: 42\n  - text: a'b\n  - text: \"-12.340\"\n  - text: \"2026-01-02T03:04:05Z\"\n  - blob: aGk=\n  - boolean: true\n  - real: 0.5\n  - text: sad\n  - text: \"[1]\"\n  - text: 6f1c5a6e-0000-4000-8000-00000000000a\n  - \"null\"\n";
    check(&url, reads, (many, values), &[], 0, row);
    check(&url, reads, (many, values), &["--isolation", "in-process"], 0, row);

    // Parameters are data, and nothing else is.
    let hostile = r#"[{"text": "x'); DROP TABLE items; --"}]"#;
    check(&url, reads, ("SELECT id FROM items WHERE name = $1", hostile), &[], 0, "rows: []");
    check(&url, writes, ("INSERT INTO items (name) VALUES ($1)", hostile), &[], 0, "1");
    check(&url, writes, ("DELETE FROM items WHERE name = $1", hostile), &[], 0, "1");
    check(&url, writes, ("INSERT INTO items (name) VALUES ('pear')", "[]"), &[], 4, "constraint");
    check(&url, reads, ("SELECT $1::int8", "[]"), &[], 4, "has 1 parameters, 0 are given");
    check(&url, reads, ("SELECT $1::int8", hostile), &[], 4, "failed");
    check(&url, reads, ("SELECT 1; SELECT 2", "[]"), &[], 4, "syntax");
    check(&url, reads, ("SELEKT 1", "[]"), &[], 4, "syntax");
    check(&url, reads, ("SELECT 1 / 0", "[]"), &[], 4, "failed");
    check(&url, reads, ("SELECT point(1, 2) AS p", "[]"), &[], 4, "has to be cast to text");

    // What only reads is held by the database, also where the grant would allow more.
    check(&url, ("execute", "read"), ("DELETE FROM items", "[]"), &[], 5, "denied.database");
    for statement in [
        "DELETE FROM items",
        "INSERT INTO items (name) VALUES ('x') RETURNING id",
        "WITH gone AS (DELETE FROM items RETURNING id) SELECT * FROM gone",
        "CREATE TABLE x (y int)",
        "DO $$ BEGIN DELETE FROM items; END $$",
        "DO $$ BEGIN SET TRANSACTION READ WRITE; DELETE FROM items; END $$",
        "DO $$ BEGIN COMMIT; DELETE FROM items; END $$",
        "SELECT set_config('transaction_read_only', 'off', false), (SELECT count(*) FROM items)",
        "SELECT nextval('items_id_seq')",
        "SET TRANSACTION READ WRITE",
        "COMMIT AND CHAIN; DELETE FROM items",
    ] {
        check(&url, changes, (statement, "[]"), &[], 4, "error[guest.error]");
    }
    check(&url, reads, ("SELECT count(*) FROM items", "[]"), &[], 0, "integer: 2");

    // What the login may not do, it does not do for a skill either.
    check(&url, reads, ("SELECT * FROM hidden", "[]"), &[], 4, "refused");
    check(&url, reads, ("SELECT pg_read_file('/etc/passwd')", "[]"), &[], 4, "refused");
    check(&url, reads, ("COPY items TO PROGRAM 'cat'", "[]"), &[], 4, "refused");
    check(&url, reads, ("COPY items TO STDOUT", "[]"), &[], 4, "error[guest.error]");

    // Bounds.
    let endless = "SELECT generate_series(1, 1000000000)";
    let rows = ["--limit", "sql_rows=3"];
    check(&url, reads, ("SELECT * FROM generate_series(1, 3)", "[]"), &rows, 0, "integer: 3");
    check(&url, reads, ("SELECT * FROM generate_series(1, 4)", "[]"), &rows, 5, "limit.rows");
    check(&url, reads, (endless, "[]"), &[], 5, "limit.rows");
    check(
        &url,
        reads,
        ("SELECT repeat('x', 400000000)", "[]"),
        &["--limit", "call_wall=20s", "--limit", "sql_wall=15s"],
        5,
        "limit.rows",
    );
    let wall = ["--limit", "sql_wall=300ms"];
    check(&url, reads, ("SELECT pg_sleep(60)", "[]"), &wall, 5, "limit.statement");
    check(
        &url,
        writes,
        ("INSERT INTO items (name) SELECT g::text FROM generate_series(1, 1000000000) g", "[]"),
        &wall,
        5,
        "limit.statement",
    );
    check(&url, reads, ("SELECT count(*) FROM items", "[]"), &[], 0, "integer: 2");

    // Logins that are too much or too little.
    check(&owner, reads, ("SELECT 1", "[]"), &[], 4, "its login reaches beyond the database");
    check(&wrong, reads, ("SELECT 1", "[]"), &[], 4, "does not let this login in");
    check(away, reads, ("SELECT 1", "[]"), &[], 2, "its server is not on this machine");

    // TLS, with a certificate that is trusted or not, and with another name than it is for.
    let certificate = server.certificate.clone();
    let secret = url.replace("127.0.0.1", "localhost") + "?sslmode=require";
    let is_secret = ("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", "[]");
    let no_tls = "speaks no TLS with a certificate that this machine trusts";
    check(&url, reads, is_secret, &[], 0, "boolean: false");
    check(&secret, reads, is_secret, &[], 4, no_tls);
    trusted.set(Some(certificate.as_path()));
    check(&secret, reads, is_secret, &[], 0, "boolean: true");
    check(&secret.replace("localhost", "127.0.0.1"), reads, is_secret, &[], 4, no_tls);
    drop(server);
    check(&url, reads, ("SELECT 1", "[]"), &[], 4, "unavailable");
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}
