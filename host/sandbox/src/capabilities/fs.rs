//! `coldframe:host/fs`: files of the project, in the folders that are granted.

use coldframe_engine::CallError;
use coldframe_engine::services::{Answer, Ask, FsAnswer, FsAsk, FsEntry, FsProblem, FsWrite};
use coldframe_format::caps::canonical_path;
use coldframe_format::{Cap, Caps};
use coldframe_journal::ErrorKind;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, Lower};

use super::services::{self, ServiceState, wrong_answer};
use crate::sanitize;
use crate::state::CallState;

/// Entries of one folder.
const ENTRIES_MAX: u32 = 10_000;
/// Bytes of one piece that is read: what comes in costs the host twice before the guest has it.
const PIECE_BYTES_MAX: u32 = 4 << 20;

/// `variant error` of the interface.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(variant)]
enum Error {
    #[component(name = "not-found")]
    NotFound,
    #[component(name = "wrong-kind")]
    WrongKind,
    #[component(name = "not-empty")]
    NotEmpty,
    #[component(name = "failed")]
    Failed(String),
}

/// `record entry` of the interface.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(record)]
struct Entry {
    name: String,
    folder: bool,
    size: u64,
}

impl From<FsEntry> for Entry {
    fn from(FsEntry { name, folder, size }: FsEntry) -> Self {
        Self { name, folder, size }
    }
}

impl From<FsProblem> for Error {
    fn from(problem: FsProblem) -> Self {
        match problem {
            FsProblem::NotFound => Self::NotFound,
            FsProblem::WrongKind => Self::WrongKind,
            FsProblem::NotEmpty => Self::NotEmpty,
            FsProblem::Failed(why) => Self::Failed(why),
        }
    }
}

/// What writing counts as at least: a file of one byte takes a block too, and an empty one a place in
/// the list of files.
const WRITE_BYTES_MIN: u64 = 4 << 10;

type Store<'a> = StoreContextMut<'a, CallState>;

/// Adds the interface under `name`.
pub(crate) fn add(linker: &mut Linker<CallState>, name: &str) -> wasmtime::Result<()> {
    let mut fs = linker.instance(name)?;
    fs.func_wrap_async("read", |mut store: Store<'_>, (path, offset, max): (String, u64, u32)| {
        Box::new(async move {
            let ask_for = FsAsk::Read { path, offset, max: max.into() };
            Ok((match ask(&mut store, ask_for).await? {
                Ok(FsAnswer::Bytes(bytes)) => Ok(bytes),
                other => Err(problem(other)?),
            },))
        })
    })?;
    fs.func_wrap_async("stat", |mut store: Store<'_>, (path,): (String,)| {
        Box::new(async move {
            Ok((match ask(&mut store, FsAsk::Stat(path)).await? {
                Ok(FsAnswer::Entry(entry)) => Ok(Entry::from(entry)),
                other => Err(problem(other)?),
            },))
        })
    })?;
    fs.func_wrap_async("list", |mut store: Store<'_>, (path,): (String,)| {
        Box::new(async move {
            Ok((match ask(&mut store, FsAsk::List { path, max: u32::MAX }).await? {
                Ok(FsAnswer::Entries(entries)) => {
                    Ok(entries.into_iter().map(Entry::from).collect::<Vec<_>>())
                }
                other => Err(problem(other)?),
            },))
        })
    })?;
    for (function, append) in [("write", false), ("append", true)] {
        fs.func_wrap_async(
            function,
            move |mut store: Store<'_>, (path, bytes): (String, Vec<u8>)| {
                Box::new(async move {
                    let ask = FsAsk::Write(FsWrite { path, bytes, append });
                    Ok((done(&mut store, ask).await?,))
                })
            },
        )?;
    }
    fs.func_wrap_async("remove", |mut store: Store<'_>, (path,): (String,)| {
        Box::new(async move { Ok((done(&mut store, FsAsk::Remove(path)).await?,)) })
    })
}

/// Makes the path of a question canonical, looks who grants it, bounds what is read and counts what
/// is written.
pub(super) fn admit(state: &mut ServiceState, ask: &mut FsAsk) -> Result<(), CallError> {
    let (path, written) = match ask {
        FsAsk::Read { path, max, .. } => {
            *max = (*max).min(u64::from(PIECE_BYTES_MAX));
            (path, None)
        }
        FsAsk::List { path, max } => {
            *max = (*max).min(ENTRIES_MAX);
            (path, None)
        }
        FsAsk::Stat(path) => (path, None),
        FsAsk::Write(FsWrite { path, bytes, .. }) => {
            (path, Some((bytes.len() as u64).max(WRITE_BYTES_MIN)))
        }
        FsAsk::Remove(path) => (path, Some(0)),
    };
    let shown = sanitize::line(path, 200);
    let canonical = canonical_path(path)
        .map_err(|why| CallError::new(ErrorKind::DeniedPath, format!("`{shown}`: {why}")))?;
    let mode = if written.is_some() { "write" } else { "read" };
    let what = format!("to {mode} `{shown}`");
    // The line for the folder it lies in says more than one for the file alone.
    let line = format!("{mode} {}", canonical.rsplit_once('/').map_or(&*canonical, |(at, _)| at));
    let allows =
        |caps: &Caps| caps.fs.iter().any(|grant| grant.allows(written.is_some(), &canonical));
    state.rights.check(allows, ErrorKind::DeniedPath, &what, (Cap::Fs, &line))?;
    *path = canonical;
    state.take_disk(written.unwrap_or(0))
}

async fn ask(store: &mut Store<'_>, ask: FsAsk) -> wasmtime::Result<Result<FsAnswer, String>> {
    match services::ask(store, Ask::Fs(ask)).await? {
        Ok(Answer::Fs(answer)) => Ok(Ok(answer)),
        Ok(_) => Err(wrong_answer()),
        Err(message) => Ok(Err(message)),
    }
}

async fn done(store: &mut Store<'_>, question: FsAsk) -> wasmtime::Result<Result<(), Error>> {
    match ask(store, question).await? {
        Ok(FsAnswer::Done) => Ok(Ok(())),
        other => Ok(Err(problem(other)?)),
    }
}

/// What is not the answer that was hoped for.
fn problem(answer: Result<FsAnswer, String>) -> wasmtime::Result<Error> {
    match answer {
        Ok(FsAnswer::Problem(problem)) => Ok(problem.into()),
        Ok(_) => Err(wrong_answer()),
        Err(message) => Ok(Error::Failed(message)),
    }
}
