//! How a file is opened, and what a statement may do in it.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags, Result};

/// Functions that reach beyond the database, and what is left of them in this build.
const FUNCTIONS: &[&str] =
    &["load_extension", "fts3_tokenizer", "readfile", "writefile", "edit", "sqlite_log"];
/// The longest pattern of `LIKE` and `GLOB`: with a long one a single comparison takes for ever.
const PATTERN_BYTES: i32 = 256;

/// A connection to the file, which is not made where it is not there. Waits so long for whoever
/// holds it locked, then and later.
pub(super) fn open(file: &Path, write: bool, wait: Duration) -> Result<Connection> {
    match connect(file, write, wait) {
        // A change that was broken off, by the end of a process, stands half in the file. Whoever
        // only reads cannot take it back.
        Err(error) if !write && error.sqlite_error_code() == Some(ErrorCode::ReadOnly) => {
            connect(file, true, wait)?;
            connect(file, false, wait)
        }
        result => result,
    }
}

fn connect(file: &Path, write: bool, wait: Duration) -> Result<Connection> {
    let mode = match write {
        true => OpenFlags::SQLITE_OPEN_READ_WRITE,
        false => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    // Without names that are URIs: a path is a path.
    let at = Connection::open_with_flags(file, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    at.busy_timeout(wait)?;
    at.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    at.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    at.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    // A name in double quotes that is no column is a mistake, not a text.
    at.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    at.pragma_update(None, "query_only", !write)?;
    at.pragma_update(None, "cell_size_check", true)?;
    // Reads the head of the file: what is no database is found here.
    at.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(at)
}

/// What is wrong with a file that does not open.
pub(super) fn why(error: &Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen) => "the file cannot be opened",
        Some(ErrorCode::NotADatabase) => "the file is no database",
        _ => "the file cannot be read as a database",
    }
}

/// Bounds what one statement can hold, and refuses what none may do.
pub(super) fn confine(at: &mut Connection, write: bool, bytes: u64) -> Result<()> {
    // Of one value. Less than some would keep the database from reading its own schema.
    let length = i32::try_from(bytes).unwrap_or(i32::MAX).clamp(64 << 10, 64 << 20);
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN_BYTES),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 10),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 200),
        (Limit::SQLITE_LIMIT_LENGTH, length),
    ] {
        at.set_limit(limit, most)?;
    }
    at.authorizer(Some(move |asked: AuthContext<'_>| match allowed(&asked.action, write) {
        true => Authorization::Allow,
        false => Authorization::Deny,
    }))
}

/// Whether a statement may do this. Rows can be read and, with `write`, changed; tables, views,
/// triggers, settings and other files are for the operator.
fn allowed(action: &AuthAction<'_>, write: bool) -> bool {
    let is_rows = |table: &str| !table.to_ascii_lowercase().starts_with("sqlite_");
    match action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => true,
        AuthAction::Function { function_name } => {
            !FUNCTIONS.iter().any(|name| name.eq_ignore_ascii_case(function_name))
        }
        // Where the file is open for reading, SQLite itself says so and why.
        AuthAction::Insert { table_name }
        | AuthAction::Delete { table_name }
        | AuthAction::Update { table_name, .. } => !write || is_rows(table_name),
        _ => false,
    }
}
