//! What the compiler may ask of the world, as traits: it opens nothing itself.

use std::collections::BTreeMap;
use std::fmt;

use crate::catalog::{NoPipelines, PipelineCatalog, SkillCatalog};
use crate::source::Source;

/// Where skills and other files come from.
#[derive(Clone, Copy)]
pub struct World<'w> {
    /// The skills.
    pub skills: &'w dyn SkillCatalog,
    /// Published pipelines.
    pub pipelines: &'w dyn PipelineCatalog,
    /// Files that a file names: sub-pipelines and includes.
    pub files: &'w dyn Files,
    /// Documents that hold for every pipeline of the project: `Config`, `Policy`, `Macro`. Empty
    /// where there are none.
    pub extra: &'w [Source<'w>],
    /// The environment. Only what a document lists under `env` is looked at; the values that went
    /// into a text are in `Compiled::env`.
    pub env: &'w BTreeMap<String, String>,
}

impl<'w> World<'w> {
    /// Skills and files, and nothing else.
    pub fn new(skills: &'w dyn SkillCatalog, files: &'w dyn Files) -> Self {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        Self { skills, pipelines: &NoPipelines, files, extra: &[], env: &NONE }
    }

    /// What a published pipeline sees: skills and published pipelines. It means the same wherever
    /// it runs, so no file, no document of a project and no environment is there for it.
    pub(crate) fn of_releases(self) -> Self {
        Self { pipelines: self.pipelines, ..Self::new(self.skills, &Alone) }
    }
}

impl fmt::Debug for World<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}

/// Reads files that are named in other files.
pub trait Files {
    /// The file that `path` means where it stands in the file called `from`. Asked twice, it gives
    /// the same text.
    fn read(&self, from: &str, path: &str) -> Result<File, FileError>;
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The name it is reported under, and the `from` of what it names in turn. One file has one
    /// name, however it was reached.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Why a file was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is none.
    #[error("there is no file `{0}`")]
    Missing(String),
    /// It lies outside of the project.
    #[error("`{path}` is outside of the project's folder `{root}`")]
    Outside {
        /// As it was written.
        path: String,
        /// The folder.
        root: String,
    },
    /// A published pipeline names it.
    #[error("`{0}` is a file, and a pipeline of a registry stands alone")]
    Released(String),
    /// Larger than a file of this sort may be, not UTF-8, or the system says no.
    #[error("failed to read `{path}`: {why}")]
    Unreadable {
        /// As it was written.
        path: String,
        /// For people.
        why: String,
    },
}

/// No files at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _from: &str, path: &str) -> Result<File, FileError> {
        Err(FileError::Missing(path.to_owned()))
    }
}

/// The files of a published pipeline: none, and that is why.
struct Alone;

impl Files for Alone {
    fn read(&self, _from: &str, path: &str) -> Result<File, FileError> {
        Err(FileError::Released(path.to_owned()))
    }
}
