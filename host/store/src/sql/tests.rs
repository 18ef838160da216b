//! What statements can and cannot do in a file.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use coldframe_engine::services::{
    Database as _, SqlAnswer, SqlAsk, SqlBound, SqlProblem, SqlValue,
};
use rusqlite::Connection;

use super::SqliteDatabase;

const BOUND: SqlBound = SqlBound { rows: 3, bytes: 100_000, time_us: 5_000_000 };

struct Shop {
    dir: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
}

impl Shop {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = Connection::open(dir.path().join("shop.db")).unwrap();
        at.execute_batch(
            "CREATE TABLE items (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, price REAL);
             INSERT INTO items (name, price) VALUES ('apple', 1.5), ('pear', 2.0);
             CREATE VIEW dear AS SELECT name FROM items WHERE price > 1.9;",
        )
        .unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { dir, runtime }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("shop.db")
    }

    fn ask(&self, write: bool, text: &str, params: &[SqlValue], bound: SqlBound) -> String {
        let database = SqliteDatabase::open(&self.file()).unwrap();
        let ask = SqlAsk {
            database: "shop".to_owned(),
            statement: text.to_owned(),
            params: params.to_vec(),
            write,
            bound,
        };
        match self.runtime.block_on(database.answer(ask)) {
            Ok(SqlAnswer::Rows(found)) => {
                format!("{} {:?}", found.columns.join(","), found.rows)
            }
            Ok(SqlAnswer::Changed(count)) => format!("{count} changed"),
            Ok(SqlAnswer::Problem(problem)) => problem_text(problem),
            Err(error) => error.kind.map_or(error.message, |kind| kind.to_string()),
        }
    }

    #[track_caller]
    fn query(&self, text: &str, expected: &str) {
        let found = self.ask(false, text, &[], BOUND);
        assert!(found.starts_with(expected), "{text}: {found}");
    }

    #[track_caller]
    fn execute(&self, text: &str, expected: &str) {
        let found = self.ask(true, text, &[], BOUND);
        assert!(found.starts_with(expected), "{text}: {found}");
    }
}

fn problem_text(problem: SqlProblem) -> String {
    match problem {
        SqlProblem::Syntax(text) => format!("syntax: {text}"),
        SqlProblem::Constraint(text) => format!("constraint: {text}"),
        SqlProblem::ReadOnly(text) => format!("read-only: {text}"),
        SqlProblem::Refused(text) => format!("refused: {text}"),
        SqlProblem::Unavailable(text) => format!("unavailable: {text}"),
        SqlProblem::Failed(text) => format!("failed: {text}"),
    }
}

fn text(text: &str) -> SqlValue {
    SqlValue::Text(text.to_owned())
}

#[test]
fn reads_and_changes_rows() {
    let shop = Shop::new();
    shop.query("SELECT id, name FROM items", r#"id,name [[Integer(1), Text("apple")], ["#);
    shop.query("SELECT * FROM dear; -- that is all", r#"name [[Text("pear")]]"#);
    shop.execute("UPDATE items SET price = price + 1", "2 changed");
    shop.execute("INSERT INTO items (name) VALUES ('fig') RETURNING id", "1 changed");
    shop.query("SELECT count(*) AS n FROM items", "n [[Integer(3)]]");
    shop.query("SELECT NULL, x'00ff'", "NULL,x'00ff' [[Null, Blob(Bytes([0, 255]))]]");
}

#[test]
fn parameters_are_data() {
    let shop = Shop::new();
    let hostile = text("x' OR 1=1; DROP TABLE items; --");
    let one = |statement: &str, params: &[SqlValue]| shop.ask(false, statement, params, BOUND);
    let by_name = "SELECT id FROM items WHERE name = ?";
    assert_eq!(one(by_name, std::slice::from_ref(&hostile)), "id []");
    assert_eq!(one(by_name, &[text("pear")]), "id [[Integer(2)]]");
    assert_eq!(one("SELECT ?2, ?1", &[text("a"), text("b")]), r#"?2,?1 [[Text("b"), Text("a")]]"#);
    assert_eq!(one(by_name, &[]), "syntax: the statement has 1 parameters, 0 are given");
    assert_eq!(
        one("SELECT $2, $1", &[text("a"), text("b")]),
        "syntax: the parameter `$2` has a name, expected `?` or `?1`"
    );
    let insert = "INSERT INTO items (name) VALUES (?)";
    assert_eq!(shop.ask(true, insert, std::slice::from_ref(&hostile), BOUND), "1 changed");
    assert_eq!(one(by_name, &[hostile]), "id [[Integer(3)]]");
}

#[test]
fn what_only_reads_is_held_by_the_database() {
    let shop = Shop::new();
    for statement in [
        "INSERT INTO items (name) VALUES ('x')",
        "INSERT INTO items (name) VALUES ('x') RETURNING id",
        "UPDATE items SET price = 0 WHERE id = 99",
        "DELETE FROM items",
        "WITH x AS (SELECT 1) DELETE FROM items",
    ] {
        shop.query(statement, "read-only: attempt to write a readonly database");
    }
}

#[test]
fn nobody_leaves_the_rows_of_the_file() {
    let shop = Shop::new();
    let other = shop.dir.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    for statement in [
        format!("ATTACH '{}' AS other", other.display()),
        "ATTACH ':memory:' AS m".to_owned(),
        "DETACH main".to_owned(),
        "PRAGMA query_only = 0".to_owned(),
        "PRAGMA table_info(items)".to_owned(),
        "PRAGMA journal_mode = DELETE".to_owned(),
        format!("VACUUM INTO '{}'", other.display()),
        "CREATE TABLE t (x)".to_owned(),
        "CREATE TEMP TABLE t (x)".to_owned(),
        "CREATE TRIGGER t AFTER INSERT ON items BEGIN SELECT 1; END".to_owned(),
        "CREATE VIRTUAL TABLE t USING fts5(x)".to_owned(),
        "CREATE VIEW v AS SELECT 1".to_owned(),
        "DROP TABLE items".to_owned(),
        "ALTER TABLE items RENAME TO x".to_owned(),
        "SELECT load_extension('x.so')".to_owned(),
        "SELECT fts3_tokenizer('simple')".to_owned(),
        "BEGIN".to_owned(),
        "SAVEPOINT a".to_owned(),
    ] {
        for write in [false, true] {
            let found = shop.ask(write, &statement, &[], BOUND);
            assert!(found.starts_with("refused: "), "{statement} ({write}): {found}");
        }
    }
    // There is nothing in this build that reads files.
    shop.query("SELECT readfile('/etc/passwd')", "syntax: no such function: readfile");
    shop.execute(
        "UPDATE sqlite_schema SET sql = ''",
        "syntax: table sqlite_master may not be modified",
    );
    shop.execute("UPDATE sqlite_sequence SET seq = 0", "refused: ");
    shop.query("SELECT * FROM pragma_table_info('items')", "refused: ");
    shop.query("SELECT count(*) FROM items", "count(*) [[Integer(2)]]");
}

#[test]
fn a_change_that_was_broken_off_is_taken_back() {
    let shop = Shop::new();
    let at = Connection::open(shop.file()).unwrap();
    // More than fits into memory, so that half of it stands in the file.
    at.execute_batch(
        "PRAGMA cache_size = 1; BEGIN;
         WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 20000)
         INSERT INTO items (name) SELECT printf('%100d', x) FROM n;",
    )
    .unwrap();
    let cut_off = Shop::new();
    for end in ["", "-journal"] {
        let of = |shop: &Shop| format!("{}{end}", shop.file().display());
        std::fs::copy(of(&shop), of(&cut_off)).unwrap();
    }
    cut_off.query("SELECT count(*) FROM items", "count(*) [[Integer(2)]]");
}

#[test]
fn one_statement_and_no_more() {
    let shop = Shop::new();
    shop.query("SELECT 1; SELECT 2", "syntax: there is more than one statement");
    shop.execute("DELETE FROM items; SELECT 1", "syntax: there is more than one statement");
    shop.query("SELECT 1; nonsense", "syntax: ");
    for hidden in ["SELECT 1;\0DELETE FROM items", "SELECT 1\0; DELETE FROM items", "SELECT '\0'"] {
        shop.query(hidden, "syntax: there is a zero byte in the statement");
    }
    for nothing in ["", " ; ", "-- nothing"] {
        shop.query(nothing, "syntax: there is nothing to do in the statement");
    }
    shop.query("SELEKT 1", "syntax: near \"SELEKT\": syntax error");
    shop.query("SELECT * FROM nobody", "syntax: no such table: nobody");
    shop.query("SELECT \"text\"", "syntax: no such column: ");
    shop.query(&format!("SELECT 1{}", ";".repeat(60_000)), "1 [[Integer(1)]]");
    shop.query(&format!("SELECT {}1", "(".repeat(60_000)), "syntax: ");
    shop.query("SELECT count(*) FROM items", "count(*) [[Integer(2)]]");
}

#[test]
fn errors_have_kinds() {
    let shop = Shop::new();
    shop.execute("INSERT INTO items (name) VALUES ('pear')", "constraint: UNIQUE constraint");
    shop.query("SELECT abs(-9223372036854775808)", "failed: integer overflow");
    std::fs::write(shop.file(), "no database").unwrap();
    assert!(SqliteDatabase::open(&shop.file()).is_err());
    assert!(SqliteDatabase::open(&shop.dir.path().join("none.db")).is_err());
    assert!(!shop.dir.path().join("none.db").exists());
}

#[test]
fn answers_are_bounded() {
    let shop = Shop::new();
    let numbers = |count: u32| {
        format!(
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT {count}) SELECT x FROM n"
        )
    };
    shop.query(&numbers(3), "x [[Integer(1)], [Integer(2)], [Integer(3)]]");
    shop.query(&numbers(4), "limit.rows");
    shop.query("SELECT zeroblob(99000)", "zeroblob(99000) [[Blob(");
    shop.query("SELECT zeroblob(99990)", "limit.rows");
    shop.query("SELECT length(printf('%.*c', 900000000, 'x'))", "limit.rows");
    shop.query("SELECT length(hex(randomblob(900000000)))", "limit.rows");
}

#[test]
fn what_never_ends_is_stopped() {
    let shop = Shop::new();
    let bound = SqlBound { time_us: 100_000, ..BOUND };
    for (write, statement) in [
        (
            false,
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n",
        ),
        (
            true,
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) INSERT INTO items (name) SELECT 'n' || x FROM n",
        ),
    ] {
        let began = Instant::now();
        assert_eq!(shop.ask(write, statement, &[], bound), "limit.statement");
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    }
    // Nothing of what was stopped is there.
    shop.query("SELECT count(*) FROM items", "count(*) [[Integer(2)]]");
}

#[test]
fn the_wait_for_a_lock_counts() {
    let shop = Shop::new();
    let other = Connection::open(shop.file()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let bound = SqlBound { time_us: 200_000, ..BOUND };
    let found = shop.ask(true, "DELETE FROM items", &[], bound);
    assert_eq!(found, "limit.statement");
    drop(other);
    shop.execute("DELETE FROM items", "2 changed");
}
