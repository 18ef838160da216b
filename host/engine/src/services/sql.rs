//! What can be asked of a database, and how much of an answer there can be.

use coldframe_journal::ErrorKind;
use serde::{Deserialize, Serialize};

use super::ServiceError;
use crate::tape::Bytes;

/// What each value counts besides its text or bytes.
const VALUE_BYTES: u64 = 8;

/// One statement for a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqlAsk {
    /// The database, as the operator calls it.
    pub database: String,
    /// One statement, in the database's own dialect.
    pub statement: String,
    /// Its parameters, by their place.
    pub params: Vec<SqlValue>,
    /// Whether it changes rows. Else the database itself must not let it.
    pub write: bool,
    /// The bounds of the statement.
    pub bound: SqlBound,
}

/// The bounds of one statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SqlBound {
    /// Rows of the answer.
    pub rows: u64,
    /// Bytes of the answer.
    pub bytes: u64,
    /// Microseconds, from when it is asked.
    pub time_us: u64,
}

/// A value of a parameter or in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SqlValue {
    /// Nothing.
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// The bits of a number: JSON has neither infinities nor NaN.
    Real(u64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Bytes),
}

impl SqlValue {
    /// A number. Every NaN is the same one, so that nothing depends on where it comes from.
    pub fn real(number: f64) -> Self {
        Self::Real(if number.is_nan() { f64::NAN } else { number }.to_bits())
    }

    /// What it counts.
    fn bytes(&self) -> u64 {
        let more = match self {
            Self::Text(text) => text.len(),
            Self::Blob(Bytes(bytes)) => bytes.len(),
            Self::Null | Self::Boolean(_) | Self::Integer(_) | Self::Real(_) => 0,
        };
        VALUE_BYTES.saturating_add(more as u64)
    }
}

/// What a query found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SqlRows {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each with a value for every column.
    pub rows: Vec<Vec<SqlValue>>,
}

/// An answer of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SqlAnswer {
    /// Of a query.
    Rows(SqlRows),
    /// How many rows were changed.
    Changed(u64),
    /// It can't be done; the guest is told.
    Problem(SqlProblem),
}

/// Why a statement can't be done, each with a line for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SqlProblem {
    /// The database does not understand it, it is not exactly one, or the parameters don't fit it.
    Syntax(String),
    /// A rule of the database forbids what would come of it.
    Constraint(String),
    /// It would change something, and this may not.
    ReadOnly(String),
    /// No statement may do this.
    Refused(String),
    /// The database can't be reached.
    Unavailable(String),
    /// Something else.
    Failed(String),
}

impl From<SqlProblem> for SqlAnswer {
    fn from(problem: SqlProblem) -> Self {
        Self::Problem(problem)
    }
}

/// Rows as they come, never more of them than may be.
#[derive(Debug)]
pub struct SqlCollector {
    found: SqlRows,
    bytes: u64,
    bound: SqlBound,
}

impl SqlCollector {
    /// Of an answer with these columns.
    pub fn new(columns: Vec<String>, bound: SqlBound) -> Result<Self, ServiceError> {
        let mut collector = Self { found: SqlRows::default(), bytes: 0, bound };
        let names: u64 = columns.iter().map(|name| VALUE_BYTES + name.len() as u64).sum();
        collector.take(names)?;
        collector.found.columns = columns;
        Ok(collector)
    }

    /// Looks whether one more row may come at all, before anything of it is read.
    pub fn room(&self) -> Result<(), ServiceError> {
        if self.found.rows.len() as u64 >= self.bound.rows {
            return Err(self.bound.too_many_rows());
        }
        Ok(())
    }

    /// Takes a row.
    pub fn push(&mut self, row: Vec<SqlValue>) -> Result<(), ServiceError> {
        self.room()?;
        self.take(row.iter().map(SqlValue::bytes).fold(0, u64::saturating_add))?;
        self.found.rows.push(row);
        Ok(())
    }

    fn take(&mut self, bytes: u64) -> Result<(), ServiceError> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.bound.bytes {
            return Err(self.bound.too_many_bytes());
        }
        Ok(())
    }

    /// All of them.
    pub fn done(self) -> SqlRows {
        self.found
    }
}

impl SqlBound {
    /// The refusal of an answer with more rows.
    pub fn too_many_rows(&self) -> ServiceError {
        let message = format!("an answer of a database may have {} rows", self.rows);
        ServiceError::refused(ErrorKind::LimitRows, message)
    }

    /// The refusal of an answer with more bytes.
    pub fn too_many_bytes(&self) -> ServiceError {
        let message = format!("an answer of a database may have {} bytes", self.bytes);
        ServiceError::refused(ErrorKind::LimitRows, message)
    }

    /// The refusal of a statement that takes too long.
    pub fn too_long(&self) -> ServiceError {
        let time = std::time::Duration::from_micros(self.time_us);
        let message = format!("a statement of a database may take {time:?}");
        ServiceError::refused(ErrorKind::LimitStatement, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rows: u64, bytes: u64, expected: Result<usize, &str>) {
        let bound = SqlBound { rows, bytes, time_us: 0 };
        let found = SqlCollector::new(vec!["a".to_owned()], bound).and_then(|mut collector| {
            collector.push(vec![SqlValue::Text("xyz".to_owned())])?;
            collector.push(vec![SqlValue::Null])?;
            Ok(collector.done().rows.len())
        });
        let found = found.map_err(|error| error.message);
        assert_eq!(found, expected.map_err(str::to_owned));
    }

    #[test]
    fn counts_rows_and_bytes() {
        // A name of one byte, a text of three, nothing: with 8 for each.
        check(2, 28, Ok(2));
        check(1, 28, Err("an answer of a database may have 1 rows"));
        check(2, 27, Err("an answer of a database may have 27 bytes"));
        check(0, 8, Err("an answer of a database may have 8 bytes"));
    }

    #[test]
    fn values_survive_json() {
        for value in [
            SqlValue::real(f64::INFINITY),
            SqlValue::real(-0.0),
            SqlValue::real(f64::NAN),
            SqlValue::Integer(i64::MIN),
            SqlValue::Blob(Bytes(vec![0, 255])),
        ] {
            let text = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<SqlValue>(&text).unwrap(), value, "{text}");
        }
        assert_eq!(SqlValue::real(-f64::NAN), SqlValue::real(f64::NAN));
    }
}
