//! One statement, from its text to its answer.

use std::path::Path;
use std::time::{Duration, Instant};

use coldframe_engine::services::{
    ServiceError, SqlAnswer, SqlAsk, SqlBound, SqlCollector, SqlProblem, SqlValue,
};
use coldframe_engine::tape::Bytes;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Error, ErrorCode, Statement};

use super::access;

/// After so many instructions of the database somebody looks at the time.
const LOOK_EVERY: i32 = 1000;
/// Nobody waits longer for a lock.
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// Why there is no answer.
enum Failure {
    Refused(ServiceError),
    Problem(SqlProblem),
    /// Before it ran.
    Compile(Error),
    Database(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        Self::Refused(error)
    }
}

impl From<SqlProblem> for Failure {
    fn from(problem: SqlProblem) -> Self {
        Self::Problem(problem)
    }
}

/// Runs the statement until it is done or `late`.
pub(super) fn run(
    file: &Path,
    ask: &SqlAsk,
    end: Option<Instant>,
    late: impl FnMut() -> bool + Clone + Send + 'static,
) -> Result<SqlAnswer, ServiceError> {
    let mut is_late = late.clone();
    let (error, runs) = match attempt(file, ask, end, late) {
        Ok(answer) => return Ok(answer),
        Err(Failure::Refused(error)) => return Err(error),
        Err(Failure::Problem(problem)) => return Ok(problem.into()),
        Err(Failure::Compile(error)) => (error, false),
        Err(Failure::Database(error)) => (error, true),
    };
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => Err(ask.bound.too_long()),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) if is_late() => {
            Err(ask.bound.too_long())
        }
        Some(ErrorCode::TooBig | ErrorCode::OutOfMemory) => Err(ask.bound.too_many_bytes()),
        code => Ok(problem(&error, code, runs).into()),
    }
}

fn is_busy(error: &Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn attempt(
    file: &Path,
    ask: &SqlAsk,
    end: Option<Instant>,
    late: impl FnMut() -> bool + Send + 'static,
) -> Result<SqlAnswer, Failure> {
    let wait = end.map_or(WAIT_MAX, |end| end.saturating_duration_since(Instant::now()));
    let mut at = access::open(file, ask.write, wait.min(WAIT_MAX)).map_err(|error| {
        if is_busy(&error) {
            return Failure::Database(error);
        }
        let why = access::why(&error);
        SqlProblem::Unavailable(why.to_owned()).into()
    })?;
    access::confine(&mut at, ask.write, ask.bound.bytes)?;
    at.progress_handler(LOOK_EVERY, Some(late))?;
    statement(&at, ask)
}

fn statement(at: &Connection, ask: &SqlAsk) -> Result<SqlAnswer, Failure> {
    // SQLite reads up to there, and would take what is behind for nothing.
    if ask.statement.contains('\0') {
        return Err(SqlProblem::Syntax("there is a zero byte in the statement".to_owned()).into());
    }
    let mut statement = at.prepare(&ask.statement).map_err(Failure::Compile)?;
    if statement.column_count() == 0 && statement.readonly() {
        return Err(SqlProblem::Syntax("there is nothing to do in the statement".to_owned()).into());
    }
    bind(&mut statement, &ask.params)?;
    if ask.write { execute(at, &mut statement) } else { query(&mut statement, ask.bound) }
}

/// Binds the parameters by their place. A name has none that its author could be sure of.
fn bind(statement: &mut Statement<'_>, params: &[SqlValue]) -> Result<(), Failure> {
    let wanted = statement.parameter_count();
    for place in 1..=wanted {
        if let Some(name) = statement.parameter_name(place)
            && !name.starts_with('?')
        {
            let message = format!("the parameter `{name}` has a name, expected `?` or `?1`");
            return Err(SqlProblem::Syntax(message).into());
        }
    }
    if wanted != params.len() {
        let message = format!("the statement has {wanted} parameters, {} are given", params.len());
        return Err(SqlProblem::Syntax(message).into());
    }
    for (place, value) in (1..).zip(params) {
        let value = match value {
            SqlValue::Null => ToSqlOutput::Owned(Value::Null),
            SqlValue::Boolean(value) => ToSqlOutput::Owned(Value::Integer(i64::from(*value))),
            SqlValue::Integer(value) => ToSqlOutput::Owned(Value::Integer(*value)),
            SqlValue::Real(bits) => ToSqlOutput::Owned(Value::Real(f64::from_bits(*bits))),
            SqlValue::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            SqlValue::Blob(Bytes(bytes)) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        };
        statement.raw_bind_parameter(place, value)?;
    }
    Ok(())
}

fn query(statement: &mut Statement<'_>, bound: SqlBound) -> Result<SqlAnswer, Failure> {
    let columns = statement.column_names().map(str::to_owned).collect::<Vec<_>>();
    let count = columns.len();
    let mut collector = SqlCollector::new(columns, bound)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        collector.room()?;
        let values = (0..count).map(|at| Ok(value(row.get_ref(at)?)));
        collector.push(values.collect::<Result<_, Error>>()?)?;
    }
    Ok(SqlAnswer::Rows(collector.done()))
}

/// A statement is a transaction: it is whole, or there is nothing of it.
fn execute(at: &Connection, statement: &mut Statement<'_>) -> Result<SqlAnswer, Failure> {
    let mut rows = statement.raw_query();
    while rows.next()?.is_some() {}
    drop(rows);
    Ok(SqlAnswer::Changed(at.changes()))
}

fn value(found: ValueRef<'_>) -> SqlValue {
    match found {
        ValueRef::Null => SqlValue::Null,
        ValueRef::Integer(value) => SqlValue::Integer(value),
        ValueRef::Real(value) => SqlValue::real(value),
        // SQLite keeps whatever bytes somebody called a text.
        ValueRef::Text(bytes) => SqlValue::Text(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Blob(bytes) => SqlValue::Blob(Bytes(bytes.to_vec())),
    }
}

fn problem(error: &Error, code: Option<ErrorCode>, runs: bool) -> SqlProblem {
    // Without the statement, which whoever wrote it knows.
    let text = match error {
        Error::SqliteFailure(_, Some(text)) => text.clone(),
        Error::SqlInputError { msg, .. } => msg.clone(),
        Error::MultipleStatement => "there is more than one statement".to_owned(),
        other => other.to_string(),
    };
    match code {
        Some(ErrorCode::ConstraintViolation) => SqlProblem::Constraint(text),
        Some(ErrorCode::ReadOnly) => SqlProblem::ReadOnly(text),
        Some(ErrorCode::AuthorizationForStatementDenied) => {
            SqlProblem::Refused(format!("{text}: a statement reads or changes rows"))
        }
        // Of a function SQLite says it in words only.
        _ if text.starts_with("not authorized to use function: ") => SqlProblem::Refused(text),
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::SystemIoFailure
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::DiskFull
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked,
        ) => SqlProblem::Unavailable(text),
        _ if runs => SqlProblem::Failed(text),
        _ => SqlProblem::Syntax(text),
    }
}
