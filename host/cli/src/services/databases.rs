//! The databases a run is given: what `--database` says, and what is opened of it.
//!
//! What stands on the command line and is kept with a run is where a database is. A URL with a
//! password in it is a secret: it is read from the environment or a file, and is in no message.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use coldframe_engine::services::Database;
use coldframe_format::caps::is_name;
use coldframe_format::{Cap, suggest};
use coldframe_lang::graph::Graph;
use coldframe_ports::PostgresDatabase;
use coldframe_store::SqliteDatabase;
use zeroize::Zeroizing;

use crate::exit::Fail;

/// Where a database is.
enum Source<'a> {
    /// A file.
    Sqlite(&'a str),
    /// A server, and the variable that its URL is in.
    PostgresEnv(&'a str),
    /// A server, and the file that its URL is in.
    PostgresFile(&'a str),
}

impl<'a> Source<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (kind, rest) = text.split_once(':').filter(|(_, rest)| !rest.is_empty())?;
        match kind {
            "sqlite" => Some(Self::Sqlite(rest)),
            "postgres" => match rest.split_once(':').filter(|(_, place)| !place.is_empty())? {
                ("env", variable) => Some(Self::PostgresEnv(variable)),
                ("file", path) => Some(Self::PostgresFile(path)),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The databases of a run, opened.
#[derive(Clone, Default)]
pub(crate) struct Databases {
    pub(super) by_name: BTreeMap<String, Arc<dyn Database>>,
}

impl fmt::Debug for Databases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_name.keys()).finish()
    }
}

/// Reads the flags. What is wrong with one is said without showing it, for it may hold a password.
pub(super) fn read(flags: &[String]) -> Result<BTreeMap<String, String>, Fail> {
    let mut found = BTreeMap::new();
    for flag in flags {
        let Some((name, source)) = flag.split_once('=').filter(|(name, _)| is_name(name)) else {
            let message = "a `--database` does not begin with a name and `=`";
            return Err(Fail::usage(message).help("for example --database shop=sqlite:shop.db"));
        };
        let source = match Source::of(source) {
            Some(Source::Sqlite(path)) => format!("sqlite:{}", absolute(path)),
            Some(Source::PostgresEnv(_)) => source.to_owned(),
            Some(Source::PostgresFile(path)) => format!("postgres:file:{}", absolute(path)),
            None => return Err(no_source(name)),
        };
        if found.insert(name.to_owned(), source).is_some() {
            return Err(Fail::usage(format!("`--database {name}` is given twice")));
        }
    }
    Ok(found)
}

fn no_source(name: &str) -> Fail {
    let message = format!(
        "the database `{name}` comes from nowhere, expected `sqlite:PATH`, `postgres:env:VARIABLE` or \
         `postgres:file:PATH`"
    );
    Fail::usage(message).help(format!(
        "for example --database {name}=sqlite:shop.db; a URL of Postgres is never on the command line"
    ))
}

/// A run that goes on from another folder opens the same file.
fn absolute(path: &str) -> String {
    std::path::absolute(path).map_or_else(|_| path.to_owned(), |path| path.display().to_string())
}

/// Everything that a graph grants by name must be there.
pub(super) fn all_given(graph: &Graph, given: &BTreeMap<String, String>) -> Result<(), Fail> {
    let named = graph.caps.sql.iter().filter_map(|grant| grant.access.name.as_deref());
    for name in named {
        if given.contains_key(name) {
            continue;
        }
        let message = format!(
            "`{}` of `{}` grants the database `{name}`, which this run was not given",
            Cap::Sql,
            graph.name
        );
        let names: Vec<String> = given.keys().cloned().collect();
        let help = match suggest::closest(name, &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("say where it is: --database {name}=sqlite:PATH"),
        };
        return Err(Fail::usage(message).help(help));
    }
    Ok(())
}

/// Opens them all, so that what is not there is found before anything runs.
pub(super) fn open(given: &BTreeMap<String, String>) -> Result<Databases, Fail> {
    let mut by_name = BTreeMap::new();
    for (name, source) in given {
        let absent =
            |why: String| Fail::usage(format!("the database `{name}` is not there: {why}"));
        let database: Arc<dyn Database> = match Source::of(source) {
            Some(Source::Sqlite(path)) => {
                Arc::new(SqliteDatabase::open(Path::new(path)).map_err(absent)?)
            }
            Some(Source::PostgresEnv(variable)) => {
                let url = std::env::var(variable)
                    .map_err(|_| absent(format!("the variable `{variable}` is not set")))?;
                postgres(name, &Zeroizing::new(url))?
            }
            Some(Source::PostgresFile(path)) => {
                let url = std::fs::read_to_string(path)
                    .map_err(|error| absent(format!("failed to read {path}: {error}")))?;
                postgres(name, &Zeroizing::new(url))?
            }
            None => return Err(no_source(name)),
        };
        by_name.insert(name.clone(), database);
    }
    Ok(Databases { by_name })
}

fn postgres(name: &str, url: &str) -> Result<Arc<dyn Database>, Fail> {
    match PostgresDatabase::new(url) {
        Ok(database) => Ok(Arc::new(database)),
        Err(why) => {
            Err(Fail::usage(format!("the URL of the database `{name}` is of no use: {why}"))
                .help("for example postgres://app:PASSWORD@localhost/shop"))
        }
    }
}

/// Refuses a file that lies where the host keeps its own.
pub(super) fn apart(given: &BTreeMap<String, String>, closed: &[PathBuf]) -> Result<(), Fail> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    for (name, source) in given {
        let Some(Source::Sqlite(path)) = Source::of(source) else { continue };
        let path = real(Path::new(path));
        if closed.iter().any(|closed| path.starts_with(real(closed))) {
            let message = format!("the database `{name}` lies where the host keeps its own");
            return Err(Fail::usage(message).help("put it into another folder"));
        }
    }
    Ok(())
}

/// The files that are for no skill, however widely files are granted: those of the databases with
/// what SQLite puts beside them.
pub(super) fn files(given: &BTreeMap<String, String>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for source in given.values() {
        match Source::of(source) {
            Some(Source::Sqlite(path)) => {
                let beside = ["", "-wal", "-shm", "-journal"];
                found.extend(beside.map(|end| format!("{path}{end}").into()));
            }
            Some(Source::PostgresFile(path)) => found.push(path.into()),
            Some(Source::PostgresEnv(_)) | None => {}
        }
    }
    found
}
