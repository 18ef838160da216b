//! `coldframe:host/sql`: statements for the operator's databases. Who may ask which one is looked at
//! here; that a question changes nothing, and how long it takes, is for the database to enforce.

use coldframe_engine::CallError;
use coldframe_engine::services::{
    Answer, Ask, SqlAnswer, SqlAsk, SqlBound, SqlProblem, SqlRows, SqlValue,
};
use coldframe_engine::tape::Bytes;
use coldframe_format::{Cap, Caps};
use coldframe_journal::ErrorKind;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, Lower};

use super::services::{self, wrong_answer};
use crate::rights::Rights;
use crate::sanitize;
use crate::state::CallState;

/// The longest statement, bytes.
const STATEMENT_BYTES_MAX: usize = 64 << 10;
/// The most parameters.
const PARAMS_MAX: usize = 1000;
/// The longest message a guest is told, bytes.
const MESSAGE_BYTES_MAX: usize = 1024;

/// `variant value` of the interface.
#[derive(Debug, Clone, PartialEq, ComponentType, Lift, Lower)]
#[component(variant)]
enum Value {
    #[component(name = "null")]
    Null,
    #[component(name = "boolean")]
    Boolean(bool),
    #[component(name = "integer")]
    Integer(i64),
    #[component(name = "real")]
    Real(f64),
    #[component(name = "text")]
    Text(String),
    #[component(name = "blob")]
    Blob(Vec<u8>),
}

/// `record rows` of the interface.
#[derive(Debug, Clone, PartialEq, ComponentType, Lift, Lower)]
#[component(record)]
struct Rows {
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

/// `variant error` of the interface.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(variant)]
enum Error {
    #[component(name = "syntax")]
    Syntax(String),
    #[component(name = "constraint")]
    Constraint(String),
    #[component(name = "read-only")]
    ReadOnly(String),
    #[component(name = "refused")]
    Refused(String),
    #[component(name = "unavailable")]
    Unavailable(String),
    #[component(name = "failed")]
    Failed(String),
}

type Store<'a> = StoreContextMut<'a, CallState>;
type Statement = (String, String, Vec<Value>);

/// Adds the interface under `name`.
pub(crate) fn add(linker: &mut Linker<CallState>, name: &str) -> wasmtime::Result<()> {
    let mut sql = linker.instance(name)?;
    sql.func_wrap_async("query", |mut store: Store<'_>, statement: Statement| {
        Box::new(async move {
            Ok((match ask(&mut store, statement, false).await? {
                Ok(SqlAnswer::Rows(found)) => Ok(rows(found)),
                Ok(_) => return Err(wrong_answer()),
                Err(error) => Err(error),
            },))
        })
    })?;
    sql.func_wrap_async("execute", |mut store: Store<'_>, statement: Statement| {
        Box::new(async move {
            Ok((match ask(&mut store, statement, true).await? {
                Ok(SqlAnswer::Changed(count)) => Ok(count),
                Ok(_) => return Err(wrong_answer()),
                Err(error) => Err(error),
            },))
        })
    })
}

/// Looks who grants a database, and bounds the statement.
pub(super) fn admit(rights: &Rights, ask: &mut SqlAsk, bound: SqlBound) -> Result<(), CallError> {
    ask.bound = bound;
    let shown = sanitize::line(&ask.database, 64);
    let mode = if ask.write { "write" } else { "read" };
    let what = format!("to {mode} the database `{shown}`");
    let line = format!("{mode} {shown}");
    let allows =
        |caps: &Caps| caps.sql.iter().any(|grant| grant.access.allows(ask.write, &ask.database));
    rights.check(allows, ErrorKind::DeniedDatabase, &what, (Cap::Sql, &line))
}

async fn ask(
    store: &mut Store<'_>,
    (database, statement, params): Statement,
    write: bool,
) -> wasmtime::Result<Result<SqlAnswer, Error>> {
    if statement.len() > STATEMENT_BYTES_MAX || params.len() > PARAMS_MAX {
        let message = format!(
            "a statement has at most {STATEMENT_BYTES_MAX} bytes and {PARAMS_MAX} parameters"
        );
        return Ok(Err(Error::Syntax(message)));
    }
    let params = params.into_iter().map(param).collect();
    // Whoever admits it writes the bounds.
    let ask = SqlAsk { database, statement, params, write, bound: SqlBound::default() };
    Ok(match services::ask(store, Ask::Sql(ask)).await? {
        Ok(Answer::Sql(SqlAnswer::Problem(problem))) => Err(error(problem)),
        Ok(Answer::Sql(answer)) => Ok(answer),
        Ok(_) => return Err(wrong_answer()),
        Err(message) => Err(Error::Unavailable(message)),
    })
}

fn param(value: Value) -> SqlValue {
    match value {
        Value::Null => SqlValue::Null,
        Value::Boolean(value) => SqlValue::Boolean(value),
        Value::Integer(value) => SqlValue::Integer(value),
        Value::Real(value) => SqlValue::real(value),
        Value::Text(value) => SqlValue::Text(value),
        Value::Blob(value) => SqlValue::Blob(Bytes(value)),
    }
}

fn value(value: SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Boolean(value) => Value::Boolean(value),
        SqlValue::Integer(value) => Value::Integer(value),
        SqlValue::Real(bits) => Value::Real(f64::from_bits(bits)),
        SqlValue::Text(value) => Value::Text(value),
        SqlValue::Blob(Bytes(value)) => Value::Blob(value),
    }
}

fn rows(SqlRows { columns, rows }: SqlRows) -> Rows {
    let row = |row: Vec<SqlValue>| row.into_iter().map(value).collect();
    Rows { columns, rows: rows.into_iter().map(row).collect() }
}

fn error(problem: SqlProblem) -> Error {
    let short = |message: String| sanitize::line(&message, MESSAGE_BYTES_MAX);
    match problem {
        SqlProblem::Syntax(message) => Error::Syntax(short(message)),
        SqlProblem::Constraint(message) => Error::Constraint(short(message)),
        SqlProblem::ReadOnly(message) => Error::ReadOnly(short(message)),
        SqlProblem::Refused(message) => Error::Refused(short(message)),
        SqlProblem::Unavailable(message) => Error::Unavailable(short(message)),
        SqlProblem::Failed(message) => Error::Failed(short(message)),
    }
}
