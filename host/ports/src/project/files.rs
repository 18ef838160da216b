//! Files of a project. The folder is opened once, and every path is walked from that handle, part by
//! part, without following a link: what was granted is what is opened, also where somebody puts a
//! link there between two looks.

use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, OpenOptions, OpenOptionsExt as _};
use coldframe_engine::services::{FsAnswer, FsAsk, FsEntry, FsProblem, FsWrite, ServiceError};
use coldframe_journal::ErrorKind;

/// What the host reads in a project to know what may be done in it.
const OWN_FILES: &[&str] = &["coldframe.lock", "coldframe.yml"];

/// The folder of a project.
pub(super) struct Files {
    folder: Dir,
    /// Paths in it that are the host's own.
    closed: Vec<PathBuf>,
    /// Numbers the files that are not complete yet.
    next: AtomicU64,
}

impl Files {
    pub(super) fn open(folder: &Path, closed: &[&Path]) -> io::Result<Self> {
        let whole = folder.canonicalize()?;
        let mut inside = Vec::new();
        for path in closed {
            let path = real(path)?;
            if whole.starts_with(&path) {
                // The project itself lies in what is the host's own.
                inside.push(PathBuf::new());
            } else if let Ok(path) = path.strip_prefix(&whole) {
                inside.push(path.to_path_buf());
            }
        }
        let own = OWN_FILES.iter().map(PathBuf::from);
        Ok(Self {
            closed: inside.into_iter().chain(own).collect(),
            folder: Dir::open_ambient_dir(&whole, ambient_authority())?,
            next: AtomicU64::new(0),
        })
    }

    /// Answers. The path is canonical.
    pub(super) fn answer(&self, ask: FsAsk) -> Result<FsAnswer, ServiceError> {
        let (path, writes) = match &ask {
            FsAsk::Read { path, .. } | FsAsk::List { path, .. } | FsAsk::Stat(path) => {
                (path, false)
            }
            FsAsk::Write(FsWrite { path, .. }) | FsAsk::Remove(path) => (path, true),
        };
        self.open_to_all(Path::new(path), writes)?;
        Ok(match ask {
            FsAsk::Read { path, offset, max } => self.read(&path, offset, max),
            FsAsk::Stat(path) => self.stat(&path),
            FsAsk::List { path, max } => self.list(&path, max),
            FsAsk::Write(write) => self.write(&write),
            FsAsk::Remove(path) => self.remove(&path),
        }
        .unwrap_or_else(|error| FsAnswer::Problem(problem(&error))))
    }

    /// Whether a path is none of the host's own.
    fn open_to_all(&self, path: &Path, writes: bool) -> Result<(), ServiceError> {
        // The host's notes on a project can be read like its pipelines, but never changed.
        let own = |closed: &Path| OWN_FILES.iter().any(|own| Path::new(own) == closed);
        let mut closed = self.closed.iter().filter(|closed| writes || !own(closed));
        if closed.any(|closed| path.starts_with(closed)) {
            let message = format!("`{}` belongs to the host itself", path.display());
            return Err(ServiceError::refused(ErrorKind::DeniedPath, message));
        }
        Ok(())
    }

    fn read(&self, path: &str, offset: u64, max: u64) -> io::Result<FsAnswer> {
        let (folder, name) = self.walk(path, false)?;
        let mut file = file(&folder, name, OpenOptions::new().read(true))?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(max).read_to_end(&mut bytes)?;
        Ok(FsAnswer::Bytes(bytes))
    }

    fn stat(&self, path: &str) -> io::Result<FsAnswer> {
        let (folder, name) = self.walk(path, false)?;
        entry(&folder, name).map(FsAnswer::Entry)
    }

    fn list(&self, path: &str, max: u32) -> io::Result<FsAnswer> {
        let (folder, name) = self.walk(path, false)?;
        let folder = folder.open_dir_nofollow(name)?;
        let mut found = Vec::new();
        for each in folder.entries()? {
            // A name that is no text can't be asked for, and what is neither file nor folder isn't
            // there.
            let name = each?.file_name();
            let Some(Ok(entry)) = name.to_str().map(|name| entry(&folder, name)) else { continue };
            if found.len() >= max as usize {
                return Err(io::Error::other(format!("the folder has more than {max} entries")));
            }
            found.push(entry);
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(FsAnswer::Entries(found))
    }

    fn write(&self, write: &FsWrite) -> io::Result<FsAnswer> {
        let (folder, name) = self.walk(&write.path, true)?;
        if folder.symlink_metadata(name).is_ok_and(|found| !found.is_file()) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if write.append {
            let mut options = OpenOptions::new();
            file(&folder, name, options.append(true).create(true))?.write_all(&write.bytes)?;
            return Ok(FsAnswer::Done);
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let new = format!(".coldframe-{}-{number}.tmp", std::process::id());
        let written = folder
            .open_with(&new, OpenOptions::new().write(true).create_new(true))
            .and_then(|mut file| {
                file.write_all(&write.bytes)?;
                file.sync_data()
            })
            .and_then(|()| folder.rename(&new, &folder, name));
        if written.is_err() {
            // It may be there or not; what matters is the first error.
            let _ = folder.remove_file(&new);
        }
        written.map(|()| FsAnswer::Done)
    }

    fn remove(&self, path: &str) -> io::Result<FsAnswer> {
        let (folder, name) = self.walk(path, false)?;
        if entry(&folder, name)?.folder {
            folder.remove_dir(name)?;
        } else {
            folder.remove_file(name)?;
        }
        Ok(FsAnswer::Done)
    }

    /// The folder that something lies in, and its name there. With `make`, folders on the way are
    /// made.
    fn walk<'p>(&self, path: &'p str, make: bool) -> io::Result<(Dir, &'p str)> {
        let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut at = self.folder.try_clone()?;
        for part in parents.split('/').filter(|part| !part.is_empty()) {
            let next = match at.open_dir_nofollow(part) {
                Err(error) if make && error.kind() == io::ErrorKind::NotFound => {
                    at.create_dir(part).or_else(|error| match error.kind() {
                        // Somebody else was quicker.
                        io::ErrorKind::AlreadyExists => Ok(()),
                        _ => Err(error),
                    })?;
                    at.open_dir_nofollow(part)
                }
                opened => opened,
            };
            at = next?;
        }
        Ok((at, name))
    }
}

/// Opens a file, and nothing that is none: a pipe would hold the call until somebody writes.
fn file(folder: &Dir, name: &str, options: &mut OpenOptions) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = folder
        .open_with(name, options.custom_flags(flags).follow(FollowSymlinks::No))
        // Of a pipe to which nobody listens: no such device.
        .map_err(|error| match error.raw_os_error() {
            Some(code) if code == rustix::io::Errno::NXIO.raw_os_error() => {
                io::ErrorKind::NotFound.into()
            }
            _ => error,
        })?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(file)
}

/// Where a path really leads, also one that is not there yet.
fn real(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    let mut missing = Vec::new();
    let mut at = path.as_path();
    loop {
        match at.canonicalize() {
            Ok(found) => return Ok(missing.iter().rev().fold(found, |path, name| path.join(name))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let (Some(parent), Some(name)) = (at.parent(), at.file_name()) else {
                    return Err(error);
                };
                missing.push(name);
                at = parent;
            }
            Err(error) => return Err(error),
        }
    }
}

/// What it is; nothing where it is neither file nor folder.
fn entry(folder: &Dir, name: &str) -> io::Result<FsEntry> {
    let metadata = folder.symlink_metadata(name)?;
    if !metadata.is_dir() && !metadata.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let size = if metadata.is_dir() { 0 } else { metadata.len() };
    Ok(FsEntry { name: name.to_owned(), folder: metadata.is_dir(), size })
}

fn problem(error: &io::Error) -> FsProblem {
    // What opening a link comes to that is not followed.
    let is_link = error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    match error.kind() {
        _ if is_link => FsProblem::NotFound,
        io::ErrorKind::NotFound => FsProblem::NotFound,
        io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => FsProblem::WrongKind,
        io::ErrorKind::DirectoryNotEmpty => FsProblem::NotEmpty,
        _ => FsProblem::Failed(error.to_string()),
    }
}
