//! The files that a pipeline names: read from the project's folder, or as a run has kept them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use coldframe_lang::world::{File, FileError, Files};
use serde::{Deserialize, Serialize};

use super::PIPELINE_BYTES_MAX;

/// Reads files below a folder and remembers what was read, so that a run can keep it.
pub(crate) struct ProjectFiles {
    /// Nothing outside of it is read; `None` where only kept files are there.
    root: Option<PathBuf>,
    read: RefCell<BTreeMap<(String, String), File>>,
}

/// One answer, as kept with a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptFile {
    from: String,
    path: String,
    name: String,
    text: String,
}

impl ProjectFiles {
    /// The files below `root`.
    pub(crate) fn below(root: PathBuf) -> Self {
        Self { root: Some(root), read: RefCell::default() }
    }

    /// The files that a run has kept, and no others.
    pub(crate) fn kept(files: &[KeptFile]) -> Self {
        let read = files.iter().map(|kept| {
            let file = File { name: kept.name.clone(), text: kept.text.clone() };
            ((kept.from.clone(), kept.path.clone()), file)
        });
        Self { root: None, read: RefCell::new(read.collect()) }
    }

    /// The folder they lie in; the current one for a run's kept files.
    pub(super) fn folder(&self) -> &Path {
        let root = self.root.as_deref().filter(|root| !root.as_os_str().is_empty());
        root.unwrap_or(Path::new("."))
    }

    /// Remembers a file under another question.
    pub(crate) fn keep_as(&self, from: &str, path: &str, file: &File) {
        self.read.borrow_mut().insert((from.to_owned(), path.to_owned()), file.clone());
    }

    /// What was read so far.
    pub(crate) fn to_keep(&self) -> Vec<KeptFile> {
        let read = self.read.borrow();
        let kept = read.iter().map(|((from, path), file)| KeptFile {
            from: from.clone(),
            path: path.clone(),
            name: file.name.clone(),
            text: file.text.clone(),
        });
        kept.collect()
    }
}

impl Files for ProjectFiles {
    fn read(&self, from: &str, path: &str) -> Result<File, FileError> {
        let key = (from.to_owned(), path.to_owned());
        if let Some(file) = self.read.borrow().get(&key) {
            return Ok(file.clone());
        }
        let Some(root) = &self.root else { return Err(FileError::Missing(path.to_owned())) };
        let file = read_below(root, from, path)?;
        self.read.borrow_mut().insert(key, file.clone());
        Ok(file)
    }
}

fn read_below(root: &Path, from: &str, path: &str) -> Result<File, FileError> {
    let unreadable = |why: &dyn std::fmt::Display| FileError::Unreadable {
        path: path.to_owned(),
        why: why.to_string(),
    };
    let beside = Path::new(from).parent().unwrap_or(Path::new(""));
    let wanted = beside.join(path);
    let real_root = root.canonicalize().map_err(|error| unreadable(&error))?;
    let real = wanted.canonicalize().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => FileError::Missing(path.to_owned()),
        _ => unreadable(&error),
    })?;
    // After links are followed: a link inside the folder may lead out of it.
    if !real.starts_with(&real_root) {
        return Err(FileError::Outside { path: path.to_owned(), root: root.display().to_string() });
    };
    let found = std::fs::metadata(&real).map_err(|error| unreadable(&error))?;
    if !found.is_file() {
        return Err(unreadable(&"it is not a file"));
    }
    if found.len() > PIPELINE_BYTES_MAX {
        return Err(unreadable(&"it is too large for a pipeline, expected at most 1 MiB"));
    }
    let bytes = std::fs::read(&real).map_err(|error| unreadable(&error))?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable(&"it is not UTF-8 text"))?;
    // As people would type it, and one name however the file was reached.
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    let shown = here.ok().and_then(|here| real.strip_prefix(&here).ok().map(Path::to_owned));
    let name = shown.as_deref().unwrap_or(&real).display().to_string();
    Ok(File { name, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_below_the_root_only() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("project");
        std::fs::create_dir_all(root.join("parts")).unwrap();
        std::fs::write(root.join("parts/a.yml"), "a").unwrap();
        std::fs::write(dir.path().join("out.yml"), "secret").unwrap();
        std::os::unix::fs::symlink(dir.path().join("out.yml"), root.join("link.yml")).unwrap();
        let files = ProjectFiles::below(root.clone());
        let main = root.join("main.yml").display().to_string();
        let part = files.read(&main, "./parts/a.yml").unwrap();
        assert_eq!(part.text, "a");
        assert_eq!(files.read(&part.name, "../parts/a.yml").unwrap(), part);
        for (path, outside) in [("../out.yml", true), ("link.yml", true), ("/etc/hostname", true)] {
            let error = files.read(&main, path).unwrap_err();
            assert_eq!(matches!(error, FileError::Outside { .. }), outside, "{path}: {error}");
        }
        assert_eq!(files.read(&main, "no.yml"), Err(FileError::Missing("no.yml".into())));
        assert!(matches!(files.read(&main, "parts"), Err(FileError::Unreadable { .. })));
        // A run that goes on later sees what was read, not what is there now.
        let kept = ProjectFiles::kept(&files.to_keep());
        std::fs::write(root.join("parts/a.yml"), "changed").unwrap();
        assert_eq!(kept.read(&main, "./parts/a.yml").unwrap().text, "a");
        assert!(kept.read(&main, "link.yml").is_err());
    }
}
