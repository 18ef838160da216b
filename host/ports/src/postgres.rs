//! Postgres databases of an operator, as databases for skills.
//!
//! Every statement has a connection and a transaction of its own, so that nothing of one is there for
//! the next. What only reads does so in a transaction that Postgres itself keeps from changing
//! anything, and the extended protocol takes one statement and parameters apart from it. What a
//! login may do besides is for the operator; one that reaches beyond its database is refused.

mod stream;
mod tls;
mod values;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use coldframe_engine::ports::BoxFuture;
use coldframe_engine::services::{
    Database, ServiceError, SqlAnswer, SqlAsk, SqlBound, SqlCollector, SqlProblem,
};
use tokio::sync::Semaphore;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config};

use stream::{Bounded, Wire};
use tls::Tls;
use values::{Found, Param};

/// Statements of one database at the same time.
const STATEMENTS_MAX: usize = 8;
/// Whether a login reaches the machine behind its database, which no read-only transaction bounds.
const BEYOND: &str = "SELECT current_setting('is_superuser') = 'on' OR EXISTS (
    SELECT FROM pg_roles WHERE pg_has_role(oid, 'MEMBER') AND rolname IN
    ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program'))";

/// One database of one server.
pub struct PostgresDatabase {
    config: Arc<Config>,
    place: Place,
    places: Arc<Semaphore>,
}

/// Where its server is.
#[derive(Debug, Clone)]
enum Place {
    /// A host and a port.
    Tcp(String, u16),
    /// A socket of this machine.
    Socket(PathBuf),
}

impl fmt::Debug for PostgresDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresDatabase")
    }
}

impl PostgresDatabase {
    /// The database that a URL names. The error says nothing of the URL, which has a password in it.
    pub fn new(url: &str) -> Result<Self, &'static str> {
        let mut config: Config =
            url.trim().parse().map_err(|_| "it is no URL of Postgres, expected `postgres://…`")?;
        if config.get_hosts().len() != 1 {
            return Err("it names no host, or more than one");
        }
        let port = match config.get_ports() {
            [] => 5432,
            [port] => *port,
            _ => return Err("it has more than one port"),
        };
        if !config.get_hostaddrs().is_empty() {
            return Err("it has a `hostaddr`, expected a host");
        }
        let (place, local) = match config.get_hosts() {
            [Host::Tcp(host)] => {
                let address = host.parse::<IpAddr>();
                let local = host == "localhost" || address.is_ok_and(|found| found.is_loopback());
                (Place::Tcp(host.clone(), port), local)
            }
            [Host::Unix(folder)] => (Place::Socket(folder.join(format!(".s.PGSQL.{port}"))), true),
            _ => return Err("it names no host, or more than one"),
        };
        // A password and rows are not for everybody on the way.
        let mode = match (config.get_ssl_mode(), local) {
            (SslMode::Disable, false) => {
                return Err("it has `sslmode=disable`, and its server is not on this machine");
            }
            (SslMode::Disable | SslMode::Prefer, true) => SslMode::Disable,
            _ => SslMode::Require,
        };
        config.ssl_mode(mode).application_name("coldframe");
        let places = Arc::new(Semaphore::new(STATEMENTS_MAX));
        Ok(Self { config: Arc::new(config), place, places })
    }
}

impl Database for PostgresDatabase {
    fn answer(&self, ask: SqlAsk) -> BoxFuture<Result<SqlAnswer, ServiceError>> {
        let (config, place) = (Arc::clone(&self.config), self.place.clone());
        let places = Arc::clone(&self.places);
        Box::pin(async move {
            let bound = ask.bound;
            let flooded = Arc::new(AtomicBool::new(false));
            let answered = async {
                let _place = places.acquire_owned().await;
                run(&config, &place, &ask, Arc::clone(&flooded)).await
            };
            let time = Duration::from_micros(bound.time_us);
            match tokio::time::timeout(time, answered).await {
                Err(_) => Err(bound.too_long()),
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(Failure::Refused(error))) => Err(error),
                Ok(Err(_)) if flooded.load(Ordering::Relaxed) => Err(bound.too_many_bytes()),
                Ok(Err(Failure::Problem(problem))) => Ok(problem.into()),
                Ok(Err(Failure::Database(error))) => problem(&error, bound).map(Into::into),
            }
        })
    }
}

/// Why there is no answer.
enum Failure {
    Refused(ServiceError),
    Problem(SqlProblem),
    Database(tokio_postgres::Error),
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

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

fn unavailable(what: &str) -> Failure {
    SqlProblem::Unavailable(what.to_owned()).into()
}

/// A task that ends with what waits for it.
struct Task(tokio::task::JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn run(
    config: &Config,
    place: &Place,
    ask: &SqlAsk,
    flooded: Arc<AtomicBool>,
) -> Result<SqlAnswer, Failure> {
    let wire = Wire::open(place)
        .await
        .map_err(|error| unavailable(&format!("the server cannot be reached: {}", error.kind())))?;
    let stream = Bounded::new(wire, wire_bytes(ask.bound), flooded);
    let host = match place {
        Place::Tcp(host, _) => host.clone(),
        Place::Socket(_) => String::new(),
    };
    let connected = config.connect_raw(stream, Tls { host }).await;
    let (client, connection) = connected.map_err(|error| {
        unavailable(match (error.as_db_error(), config.get_ssl_mode()) {
            // What the server says names the login.
            (Some(_), _) => "the server does not let this login in",
            (None, SslMode::Require) => {
                "the server speaks no TLS with a certificate that this machine trusts"
            }
            (None, _) => "the server ends the connection",
        })
    })?;
    let _task = Task(tokio::spawn(async move {
        // Whoever asks hears of it.
        let _ = connection.await;
    }));
    begin(&client, ask).await?;
    let answer = statement(&client, ask).await?;
    if ask.write {
        client.batch_execute("COMMIT").await?;
    }
    Ok(answer)
}

/// What may come over the wire: the answer, what is around it, and what a connection begins with.
fn wire_bytes(bound: SqlBound) -> u64 {
    (1_u64 << 20)
        .saturating_add(bound.bytes.saturating_mul(2))
        .saturating_add(bound.rows.saturating_mul(16))
}

async fn begin(client: &Client, ask: &SqlAsk) -> Result<(), Failure> {
    let ms = (ask.bound.time_us / 1000).clamp(1, i32::MAX as u64);
    let mode = if ask.write { "READ WRITE" } else { "READ ONLY" };
    // Nothing in it is a text of somebody.
    let text = format!(
        "SET default_transaction_read_only = {}; SET statement_timeout = {ms}; \
         SET idle_in_transaction_session_timeout = {ms}; BEGIN {mode}",
        !ask.write
    );
    client.batch_execute(&text).await?;
    let beyond: bool = client.query_one(BEYOND, &[]).await?.try_get(0)?;
    if beyond {
        let what = "its login reaches beyond the database (a superuser, or one for files and programs of the server)";
        return Err(unavailable(what));
    }
    Ok(())
}

async fn statement(client: &Client, ask: &SqlAsk) -> Result<SqlAnswer, Failure> {
    let statement = client.prepare(&ask.statement).await?;
    let (wanted, given) = (statement.params().len(), ask.params.len());
    if wanted != given {
        let message = format!("the statement has {wanted} parameters, {given} are given");
        return Err(SqlProblem::Syntax(message).into());
    }
    let params = ask.params.iter().map(Param);
    if ask.write {
        return Ok(SqlAnswer::Changed(client.execute_raw(&statement, params).await?));
    }
    let columns = statement.columns().iter().map(|column| column.name().to_owned()).collect();
    let mut collector = SqlCollector::new(columns, ask.bound)?;
    let mut rows = std::pin::pin!(client.query_raw(&statement, params).await?);
    while let Some(row) = next(rows.as_mut()).await {
        let row = row?;
        collector.room()?;
        let mut values = Vec::with_capacity(row.len());
        for (at, column) in row.columns().iter().enumerate() {
            let Found(value) = row.try_get(at).map_err(|_| {
                SqlProblem::Failed(format!(
                    "the column `{}` is of the type `{}`, which has to be cast to text",
                    column.name(),
                    column.type_().name()
                ))
            })?;
            values.push(value);
        }
        collector.push(values)?;
    }
    Ok(SqlAnswer::Rows(collector.done()))
}

async fn next(
    mut rows: std::pin::Pin<&mut tokio_postgres::RowStream>,
) -> Option<Result<tokio_postgres::Row, tokio_postgres::Error>> {
    use futures_core::Stream as _;
    std::future::poll_fn(|cx| rows.as_mut().poll_next(cx)).await
}

/// What the server, or the way to it, said no with.
fn problem(error: &tokio_postgres::Error, bound: SqlBound) -> Result<SqlProblem, ServiceError> {
    let Some(said) = error.as_db_error() else {
        return Ok(match error.is_closed() {
            true => SqlProblem::Unavailable("the server has closed the connection".to_owned()),
            // A parameter that its place can't take, a statement with a NUL in it.
            false => SqlProblem::Syntax(error.to_string()),
        });
    };
    let text = said.message().to_owned();
    let code = said.code().code();
    Ok(match (code, code.get(..2).unwrap_or_default()) {
        ("57014", _) => return Err(bound.too_long()),
        ("25006", _) => SqlProblem::ReadOnly(text),
        ("42501", _) => SqlProblem::Refused(text),
        (_, "42") => SqlProblem::Syntax(text),
        (_, "23") => SqlProblem::Constraint(text),
        (_, "08" | "53" | "57" | "58") => SqlProblem::Unavailable(text),
        _ => SqlProblem::Failed(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Result<(), &str>) {
        let found = PostgresDatabase::new(url).map(|_| ());
        assert_eq!(found.map_err(|why| why.split(',').next().unwrap_or(why)), expected, "{url}");
    }

    #[test]
    fn which_urls_are_of_use() {
        check("postgres://app:pw@localhost/shop", Ok(()));
        check("postgres://app:pw@127.0.0.1:5433/shop\n", Ok(()));
        check("postgres://app:pw@[::1]/shop?sslmode=require", Ok(()));
        check("host=/run/postgresql user=app dbname=shop", Ok(()));
        check("postgres://app:pw@db.example.com/shop", Ok(()));
        let clear = "postgres://app:pw@db.example.com/shop?sslmode=disable";
        check(clear, Err("it has `sslmode=disable`"));
        check("postgres://app@localhost,example.com/shop", Err("it names no host"));
        check("postgres://app@localhost/shop?hostaddr=10.0.0.1", Err("it has a `hostaddr`"));
        check("hunter2", Err("it is no URL of Postgres"));
        check("postgres:///shop", Err("it names no host"));
    }

    #[test]
    fn nothing_goes_over_a_network_in_clear() {
        for (url, mode) in [
            ("postgres://app@localhost/shop", SslMode::Disable),
            ("postgres://app@localhost/shop?sslmode=require", SslMode::Require),
            ("postgres://app@127.0.0.2/shop", SslMode::Disable),
            ("postgres://app@10.0.0.1/shop", SslMode::Require),
            ("postgres://app@localhost.example.com/shop?sslmode=prefer", SslMode::Require),
        ] {
            assert_eq!(PostgresDatabase::new(url).unwrap().config.get_ssl_mode(), mode, "{url}");
        }
    }
}
