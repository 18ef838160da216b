//! Databases: statements that change what they may only read, reach beyond their file, or never end.

use std::fs;
use std::sync::LazyLock;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::case::Case;
use crate::guest::Guest;
use crate::run;
use crate::world::World;

/// A table `items` with two rows: `1, apple` and `2, pear`.
const SHOP: &[u8] = include_bytes!("../../data/shop.db");
/// Counts for ever.
const FOR_EVER: &str = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)";

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    let session = Case::right;
    vec![
        session("SQL-1", "changes through a right to read", read_only, &["refused"]),
        session(
            "SQL-2",
            "other files: ATTACH, VACUUM INTO, functions that read and write",
            beyond,
            &["refused"],
        ),
        session("SQL-3", "a second statement, and transactions", second, &["refused"]),
        session(
            "SQL-4",
            "settings, tables, triggers and the schema, with a right to write",
            schema,
            &["refused"],
        ),
        session("SQL-5", "more rows and larger values than may be", huge, &["limit.rows"])
            .rss_mib(600),
        session("SQL-6", "statements that never end", endless, &["limit.statement"]),
        session("SQL-6b", "thirty-two of them at once", flood, &["limit.statement"]),
        session(
            "SQL-7",
            "databases by paths, URLs and names that are like another",
            names,
            &["denied.database"],
        ),
        session("SQL-8", "parameters that are statements", parameters, &["works"]),
    ]
}

fn encoded(function: &str, gives: &str) -> Vec<u8> {
    let wit = format!(
        "package t:t; world w {{ import coldframe:host/sql@0.1.0;
        use coldframe:host/sql@0.1.0.{{value, rows, error}};
        export f: func(database: string, statement: string, params: list<value>)
            -> result<{gives}, error>; }}"
    );
    let core = include_str!("../../data/sql.wat").replace("FUNCTION", function);
    crate::guest::encode(&wit, &core)
}

static QUERY: LazyLock<Vec<u8>> = LazyLock::new(|| encoded("query", "rows"));
static EXECUTE: LazyLock<Vec<u8>> = LazyLock::new(|| encoded("execute", "u64"));

/// The guest that asks for `statement`, of a right to `read` or `write`.
fn asking(bytes: &'static LazyLock<Vec<u8>>, right: &str, statement: &str) -> Guest {
    let with = json!({ "database": "shop", "statement": statement, "params": [] });
    Guest::bytes(|| bytes.to_vec()).cap(format!("sql={right} shop")).with(with.to_string())
}

/// The folder has a database and a text beside it.
fn furnished(world: &mut World) -> anyhow::Result<()> {
    world.file("data/shop.db", SHOP)?;
    world.file("data/beside.txt", "canary-of-a-file")?;
    world.flags = ["--database", "shop=sqlite:data/shop.db"].map(str::to_owned).into();
    Ok(())
}

/// The database is as it was, and nothing is new beside it.
fn untouched(world: &World) -> anyhow::Result<()> {
    let folder = world.here().join("data");
    ensure!(fs::read(folder.join("shop.db"))? == SHOP, "the database was changed");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder)?.chain(fs::read_dir(world.here())?) {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    let known = ["shop.db", "beside.txt", "data", "attack.wasm", "attack.yml"];
    let new = names.iter().find(|name| !known.contains(&name.as_str()));
    ensure!(new.is_none(), "there is a new file: {new:?}");
    Ok(())
}

/// Each of them is told no, and changes nothing.
fn refused(
    world: &mut World,
    bytes: &'static LazyLock<Vec<u8>>,
    right: &str,
    statements: &[&str],
) -> anyhow::Result<()> {
    for statement in statements {
        let (kind, output) = world.call(&asking(bytes, right, statement))?;
        let no = ["guest.error", "denied.database"].contains(&kind.as_str());
        ensure!(no, "`{statement}` came to `{kind}`, {output}");
        untouched(world).with_context(|| (*statement).to_owned())?;
    }
    Ok(())
}

const CHANGES: &[&str] = &[
    "DELETE FROM items",
    "DELETE FROM items RETURNING id",
    "UPDATE items SET name = 'x'",
    "INSERT INTO items (name) VALUES ('x') RETURNING id",
    "REPLACE INTO items VALUES (1, 'x')",
    "WITH x AS (SELECT 1) DELETE FROM items",
    "CREATE TABLE x (a)",
    "CREATE TEMP TABLE x (a)",
    "DROP TABLE items",
    "ALTER TABLE items RENAME TO x",
    "REINDEX",
    "ANALYZE",
    "VACUUM",
];

fn read_only(world: &mut World) -> anyhow::Result<String> {
    furnished(world)?;
    refused(world, &QUERY, "read", CHANGES)?;
    refused(world, &EXECUTE, "read", &CHANGES[..3])?;
    // Whoever may write says so by the function it calls.
    refused(world, &QUERY, "write", &CHANGES[..6])?;
    Ok("refused".to_owned())
}

fn beyond(world: &mut World) -> anyhow::Result<String> {
    furnished(world)?;
    let statements = [
        "ATTACH 'data/new.db' AS x",
        "ATTACH DATABASE 'file:data/shop.db?mode=rwc' AS x",
        "ATTACH ':memory:' AS x",
        "DETACH main",
        "VACUUM INTO 'data/copy.db'",
        "SELECT load_extension('data/beside.txt')",
        "SELECT readfile('data/beside.txt')",
        "SELECT writefile('data/new.txt', 'x')",
        "SELECT edit('x', 'touch data/new.txt')",
        "SELECT fts3_tokenizer('simple')",
        "CREATE VIRTUAL TABLE temp.x USING csv(filename='data/beside.txt')",
        "CREATE VIRTUAL TABLE x USING fts5(a)",
        "SELECT * FROM fsdir('.')",
        "PRAGMA database_list",
        "SELECT * FROM pragma_database_list",
        "SELECT file FROM pragma_database_list()",
        "PRAGMA temp_store_directory = 'data'",
    ];
    refused(world, &QUERY, "read", &statements)?;
    refused(world, &EXECUTE, "write", &statements)?;
    Ok("refused".to_owned())
}

fn second(world: &mut World) -> anyhow::Result<String> {
    furnished(world)?;
    let statements = [
        "SELECT 1; DELETE FROM items",
        "SELECT 1;;DELETE FROM items",
        "SELECT 1; -- no more\nDELETE FROM items",
        "/* */ SELECT 1 /* ; */ ; DELETE FROM items",
        "SELECT 1;\u{0}DELETE FROM items",
        "SELECT 1\u{0}; DELETE FROM items",
        "BEGIN; DELETE FROM items; COMMIT",
        "BEGIN IMMEDIATE",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT a",
        "END",
        "EXPLAIN DELETE FROM items; DELETE FROM items",
        "",
        ";",
        "--",
    ];
    refused(world, &QUERY, "read", &statements)?;
    refused(world, &QUERY, "write", &statements)?;
    refused(world, &EXECUTE, "write", &statements)?;
    Ok("refused".to_owned())
}

fn schema(world: &mut World) -> anyhow::Result<String> {
    furnished(world)?;
    let statements = [
        "PRAGMA query_only = 0",
        "PRAGMA writable_schema = ON",
        "PRAGMA trusted_schema = ON",
        "PRAGMA journal_mode = WAL",
        "PRAGMA journal_mode = MEMORY",
        "PRAGMA max_page_count = 1",
        "PRAGMA user_version = 7",
        "PRAGMA wal_checkpoint",
        "UPDATE sqlite_schema SET sql = 'x'",
        "INSERT INTO sqlite_master VALUES ('table', 'x', 'x', 2, 'CREATE TABLE x(a)')",
        "DELETE FROM sqlite_schema",
        "UPDATE SQLITE_MASTER SET name = 'x'",
        "CREATE TABLE x (a)",
        "CREATE TABLE x AS SELECT * FROM items",
        "CREATE INDEX x ON items (name)",
        "CREATE VIEW x AS SELECT 1",
        "CREATE TRIGGER x AFTER INSERT ON items BEGIN DELETE FROM items; END",
        "CREATE TEMP TRIGGER x AFTER INSERT ON items BEGIN DELETE FROM items; END",
        "CREATE TEMP TABLE items (a)",
        "DROP TABLE items",
        "ALTER TABLE items ADD COLUMN x",
        "REINDEX",
        "ANALYZE",
        "VACUUM",
    ];
    refused(world, &EXECUTE, "write", &statements)?;
    Ok("refused".to_owned())
}

fn huge(world: &mut World) -> anyhow::Result<String> {
    furnished(world)?;
    for rest in ["SELECT x FROM n", "SELECT x, x, x FROM n LIMIT 100000"] {
        let (kind, output) = world.call(&asking(&QUERY, "read", &format!("{FOR_EVER} {rest}")))?;
        ensure!(kind == "limit.rows", "`{rest}` came to `{kind}`, {output}");
    }
    // Whether the database itself or the bound on answers says no: nothing of the kind comes back.
    for statement in [
        "SELECT zeroblob(2000000000)",
        "SELECT randomblob(1000000000)",
        "SELECT hex(zeroblob(1000000000))",
        "SELECT printf('%.*c', 1000000000, 'x')",
        "SELECT replace(hex(zeroblob(500000)), '00', hex(zeroblob(500000)))",
        "SELECT group_concat(hex(zeroblob(400000)), '') FROM items a, items b, items c, items d",
        "SELECT json_group_array(hex(zeroblob(400000))) FROM items a, items b, items c, items d",
        "SELECT hex(zeroblob(400000)), hex(zeroblob(400000)), hex(zeroblob(400000))",
    ] {
        let (kind, output) = world.call(&asking(&QUERY, "read", statement))?;
        let no = ["guest.error", "limit.rows", "limit.statement"].contains(&kind.as_str());
        ensure!(no, "`{statement}` came to `{kind}`");
        ensure!(output.to_string().len() < 10_000, "`{statement}` gave too much");
    }
    // A statement that is large itself, wide and deep.
    let wide = format!("SELECT {}", vec!["1"; 40_000].join(","));
    let deep = format!("SELECT {}1{}", "(".repeat(40_000), ")".repeat(40_000));
    let long = format!("SELECT 1 {}", " ".repeat(100_000));
    for statement in [wide, deep, long] {
        let (kind, output) = world.call(&asking(&QUERY, "read", &statement))?;
        let short: String = statement.chars().take(20).collect();
        let fine = ["guest.error", "limit.rows", "works"].contains(&kind.as_str());
        ensure!(fine, "`{short}…` came to `{kind}`, {output}");
    }
    untouched(world)?;
    Ok("limit.rows".to_owned())
}

fn endless(world: &mut World) -> anyhow::Result<String> {
    furnished(world)?;
    let cross = (0..12).map(|n| format!("n n{n}")).collect::<Vec<_>>().join(", ");
    for (bytes, right, rest) in [
        (&QUERY, "read", "SELECT count(*) FROM n".to_owned()),
        (&QUERY, "read", "SELECT max(x) FROM n WHERE x < 0".to_owned()),
        (&QUERY, "read", format!("SELECT count(*) FROM {cross}")),
        (&QUERY, "read", "SELECT x FROM n ORDER BY random() LIMIT 1".to_owned()),
        (&EXECUTE, "write", "INSERT INTO items (name) SELECT x FROM n".to_owned()),
        (&EXECUTE, "write", "UPDATE items SET name = (SELECT count(*) FROM n)".to_owned()),
    ] {
        let guest = asking(bytes, right, &format!("{FOR_EVER} {rest}")).limits("sql_wall: 300ms");
        let (kind, output) = world.call(&guest)?;
        ensure!(kind == "limit.statement", "`{rest}` came to `{kind}`, {output}");
        // What was begun of a change is not there.
        let (kind, output) = world.call(&asking(&QUERY, "read", "SELECT count(*) FROM items"))?;
        let two = output.pointer("/rows/0/0/integer");
        let is_two = two == Some(&json!("2")) || two == Some(&json!(2));
        ensure!(kind == "works" && is_two, "behind `{rest}` it came to `{kind}`, {output}");
    }
    // A single comparison, which nothing interrupts, has its own bound.
    let pattern = "%a".repeat(100) + "b";
    let text = "a".repeat(2_000);
    let statement = format!("SELECT '{text}' LIKE '{pattern}'");
    let guest = asking(&QUERY, "read", &statement).limits("sql_wall: 300ms");
    let (kind, output) = world.call(&guest)?;
    let fine = ["works", "guest.error", "limit.statement"].contains(&kind.as_str());
    ensure!(fine, "a pattern came to `{kind}`, {output}");
    Ok("limit.statement".to_owned())
}

fn flood(world: &mut World) -> anyhow::Result<String> {
    furnished(world)?;
    let guest = asking(&QUERY, "read", &format!("{FOR_EVER} SELECT count(*) FROM n"))
        .limits("sql_wall: 300ms")
        .times(32);
    world.publish("sql-6b", &guest)?.map_err(anyhow::Error::msg)?;
    let run = run::piped(world, &run::pipeline("sql-6b", &guest))?;
    let output = run.output("attack").context("the attack has no output")?;
    let items = output.as_array().context("the attack has no items")?;
    ensure!(items.len() == 32, "{} of 32 ended", items.len());
    for item in items {
        let kind = crate::world::kind(item);
        ensure!(kind == "limit.statement", "one came to `{kind}`: {item}");
    }
    let same = fs::read(world.here().join("data/shop.db"))? == SHOP;
    ensure!(same, "the database was changed");
    Ok("limit.statement".to_owned())
}

fn names(world: &mut World) -> anyhow::Result<String> {
    furnished(world)?;
    let absolute = world.here().join("data/shop.db").display().to_string();
    let url = format!("file:{absolute}?mode=rw");
    let long = "shop".repeat(10_000);
    for name in [
        "",
        " ",
        "Shop",
        "shop ",
        "shop\u{0}",
        "shop\n",
        "./shop",
        "../shop",
        "data/shop.db",
        ":memory:",
        "*",
        "main",
        "sqlite:shop",
        "postgres:env:KEY",
        "sh\u{200b}op",
        &absolute,
        &url,
        &long,
    ] {
        for right in ["read shop", "write shop", "read *"] {
            let with = json!({ "database": name, "statement": "SELECT 1", "params": [] });
            let guest =
                Guest::bytes(|| QUERY.clone()).cap(format!("sql={right}")).with(with.to_string());
            let (kind, output) = world.call(&guest)?;
            let short: String = name.chars().take(30).collect();
            ensure!(kind == "denied.database", "{short:?} came to `{kind}`, {output}");
            // What is said tells nothing of where databases are.
            ensure!(output == Value::Null, "{short:?} gave {output}");
        }
    }
    untouched(world)?;
    Ok("denied.database".to_owned())
}

fn parameters(world: &mut World) -> anyhow::Result<String> {
    furnished(world)?;
    for text in [
        "' OR 1=1 --",
        "'; DELETE FROM items; --",
        "\"; ATTACH 'x' AS y; --",
        "?1",
        "\u{0}'",
        "\\' OR 1=1",
    ] {
        let with = json!({
            "database": "shop", "statement": "SELECT id FROM items WHERE name = ?",
            "params": [{ "text": text }],
        });
        let guest = Guest::bytes(|| QUERY.clone()).cap("sql=write shop").with(with.to_string());
        let (kind, output) = world.call(&guest)?;
        ensure!(kind == "works" && output["rows"] == json!([]), "{text:?} gave `{kind}`, {output}");
        untouched(world)?;
    }
    Ok("works".to_owned())
}
