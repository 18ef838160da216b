//! Files of a project. The folder is opened once, and every path is resolved from that handle by
//! `cap-std`, which never leaves it: not through `..`, not through a link, not through one that is
//! put there between two looks.

use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirEntry, File, Metadata, OpenOptions, OpenOptionsExt as _};
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
        let mut file = self.file(path, OpenOptions::new().read(true))?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(max).read_to_end(&mut bytes)?;
        Ok(FsAnswer::Bytes(bytes))
    }

    fn stat(&self, path: &str) -> io::Result<FsAnswer> {
        let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
        entry(&name, &self.folder.metadata(path)?).map(FsAnswer::Entry)
    }

    fn list(&self, path: &str, max: u32) -> io::Result<FsAnswer> {
        let mut found = Vec::new();
        for each in self.folder.read_dir(path)? {
            let each: DirEntry = each?;
            let name = each.file_name();
            // A name that is no text can't be asked for, and a link may lead to nothing.
            let Some(name) = name.to_str() else { continue };
            let metadata = self.folder.metadata(Path::new(path).join(name));
            let Some(entry) = metadata.and_then(|metadata| entry(name, &metadata)).ok() else {
                continue;
            };
            if found.len() >= max as usize {
                return Err(io::Error::other(format!("the folder has more than {max} entries")));
            }
            found.push(entry);
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(FsAnswer::Entries(found))
    }

    fn write(&self, write: &FsWrite) -> io::Result<FsAnswer> {
        let path = Path::new(&write.path);
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            self.folder.create_dir_all(folder)?;
        }
        if self.folder.metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if write.append {
            let mut options = OpenOptions::new();
            self.file(&write.path, options.append(true).create(true))?.write_all(&write.bytes)?;
            return Ok(FsAnswer::Done);
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let new = path.with_file_name(format!(".coldframe-{}-{number}.tmp", std::process::id()));
        let written = self
            .folder
            .open_with(&new, OpenOptions::new().write(true).create_new(true))
            .and_then(|mut file| {
                file.write_all(&write.bytes)?;
                file.sync_data()
            })
            .and_then(|()| self.folder.rename(&new, &self.folder, path));
        if written.is_err() {
            // It may be there or not; what matters is the first error.
            let _ = self.folder.remove_file(&new);
        }
        written.map(|()| FsAnswer::Done)
    }

    fn remove(&self, path: &str) -> io::Result<FsAnswer> {
        // Of a link, the link.
        if self.folder.symlink_metadata(path)?.is_dir() {
            self.folder.remove_dir(path)?;
        } else {
            self.folder.remove_file(path)?;
        }
        Ok(FsAnswer::Done)
    }

    /// Opens a file, and nothing that is none: a pipe would hold the call until somebody writes.
    fn file(&self, path: &str, options: &mut OpenOptions) -> io::Result<File> {
        let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let file = self.folder.open_with(path, options.custom_flags(flags))?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !metadata.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(file)
    }
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
fn entry(name: &str, metadata: &Metadata) -> io::Result<FsEntry> {
    if !metadata.is_dir() && !metadata.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let size = if metadata.is_dir() { 0 } else { metadata.len() };
    Ok(FsEntry { name: name.to_owned(), folder: metadata.is_dir(), size })
}

fn problem(error: &io::Error) -> FsProblem {
    match error.kind() {
        io::ErrorKind::NotFound => FsProblem::NotFound,
        io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => FsProblem::WrongKind,
        io::ErrorKind::DirectoryNotEmpty => FsProblem::NotEmpty,
        // What `cap-std` says of a path that leads out.
        io::ErrorKind::PermissionDenied => FsProblem::NotFound,
        _ => FsProblem::Failed(error.to_string()),
    }
}
