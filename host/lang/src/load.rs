//! From files to the one tree that `document::read` takes: the documents of the source and of the
//! project, the files they include, values of the environment, defaults, policies and macros.
//!
//! All of it happens on trees of nodes, each with its place, so that the stages behind see a
//! pipeline as if it were written out, and their problems point at where things really stand.

mod adapter;
mod config;
mod documents;
mod env;
mod expand;
mod governance;
mod macros;
mod models;
mod policy;
mod project;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use crate::codes::{self, Code};
use crate::diagnostic::Diagnostic;
use crate::shown::{sentence, shown};
use crate::source::{Source, Span};
use crate::sources::Sources;
use crate::world::{FileError, Files};
use crate::yaml::node::{Node, Text};
use crate::yaml::read::{self, Include, Reading, TEXT_BYTES_MAX};

pub(crate) use config::Ceiling;
pub(crate) use documents::{Asked, load};
pub(crate) use governance::Governance;
pub(crate) use project::Project;

/// The most documents of a compilation.
pub(crate) const DOCUMENTS_MAX: usize = 64;
/// The most files of a compilation, each as often as it is included.
const FILES_MAX: usize = 64;
/// How deep files may include files.
const DEPTH_MAX: usize = 16;

/// Reads files within the budgets of one compilation.
pub(crate) struct Loader<'w> {
    files: &'w dyn Files,
    pub(crate) sources: Sources,
    nodes: Rc<Cell<usize>>,
    bytes: usize,
    documents: usize,
    read: usize,
    /// The files that are being read, outer ones first, with where each is included.
    open: Vec<(String, Span)>,
}

impl<'w> Loader<'w> {
    /// With nothing read so far.
    pub(crate) fn new(files: &'w dyn Files) -> Self {
        Self {
            files,
            sources: Sources::default(),
            nodes: Rc::default(),
            bytes: 0,
            documents: 0,
            read: 0,
            open: Vec::new(),
        }
    }

    /// The documents of a file.
    pub(crate) fn load(&mut self, source: &Source<'_>) -> Result<Vec<Node>, Box<Diagnostic>> {
        self.open = vec![(source.name.to_owned(), Span::default())];
        let found = self.read(source.name, source.text.into(), None, 0, DOCUMENTS_MAX)?;
        self.documents += found.len();
        if self.documents > DOCUMENTS_MAX {
            let span = found.first().map_or_else(Span::default, |document| document.span);
            let message = format!("the files have more than {DOCUMENTS_MAX} documents in all");
            return Err(Box::new(
                Diagnostic::new(&codes::YAML_DOCUMENTS, span, message)
                    .help("remove those that no pipeline needs"),
            ));
        }
        Ok(found)
    }

    fn read(
        &mut self,
        name: &str,
        text: Arc<str>,
        way: Option<(Span, String)>,
        depth: usize,
        documents: usize,
    ) -> Result<Vec<Node>, Box<Diagnostic>> {
        let base = self.sources.add(name, Arc::clone(&text), way);
        self.read += 1;
        self.bytes = self.bytes.saturating_add(text.len());
        let message = if self.read > FILES_MAX {
            Some(format!("more than {FILES_MAX} files are read, each as often as it is included"))
        } else if self.bytes > TEXT_BYTES_MAX && text.len() <= TEXT_BYTES_MAX {
            Some(format!("the files have more than {TEXT_BYTES_MAX} bytes in all"))
        } else {
            None
        };
        if let Some(message) = message {
            return Err(Box::new(
                Diagnostic::new(&codes::YAML_TOO_LARGE, Span::new(base, base), message)
                    .help("put data into files and hand them in as inputs"),
            ));
        }
        let nodes = Rc::clone(&self.nodes);
        let reading = Reading { base, depth, nodes, documents, include: Some(self) };
        read::read_all(&text, reading)
    }

    fn cycle(&self, name: &str, span: Span) -> Box<Diagnostic> {
        let from = self.open.iter().position(|(open, _)| open == name).unwrap_or_default();
        let around = self.open.get(from..).unwrap_or_default();
        let mut names: Vec<String> = around.iter().map(|(open, _)| shown(open)).collect();
        names.push(shown(name));
        let message = format!("the files include each other without end: `{}`", names.join(" -> "));
        let problem = Diagnostic::new(&codes::INCLUDE_CYCLE, span, message).help(
            "remove one of the includes; each file can only include what does not include it",
        );
        Box::new(problem)
    }
}

impl Include for Loader<'_> {
    fn include(&mut self, path: &Text, depth: usize) -> Result<Node, Box<Diagnostic>> {
        if self.open.len() > DEPTH_MAX {
            let message = format!("files include files more than {DEPTH_MAX} deep");
            return Err(Box::new(
                Diagnostic::new(&codes::TOO_DEEP, path.span, message)
                    .help("include the inner files where they are needed"),
            ));
        }
        let from = self.open.last().map_or("", |(name, _)| name);
        let file = self.files.read(from, &path.text).map_err(|error| {
            let (code, message, help) = unreadable(&error);
            Box::new(Diagnostic::new(code, path.span, message).help(help))
        })?;
        if self.open.iter().any(|(open, _)| *open == file.name) {
            return Err(self.cycle(&file.name, path.span));
        }
        self.open.push((file.name.clone(), path.span));
        let way = Some((path.span, "included here".to_owned()));
        let found = self.read(&file.name, file.text.into(), way, depth, 1);
        self.open.pop();
        match found {
            Ok(mut documents) => documents.pop().ok_or_else(|| nothing(path.span)),
            Err(problem) if *problem.code == codes::YAML_EMPTY => Err(nothing(problem.span)),
            Err(problem) => Err(problem),
        }
    }
}

fn nothing(span: Span) -> Box<Diagnostic> {
    let message = "the file is empty, expected a value";
    let help = "write the value that takes the place of `!include`";
    Box::new(Diagnostic::new(&codes::YAML_EMPTY, span, message).help(help))
}

/// Why a file that another one names was not read: the kind of problem, what is wrong, what to do.
pub(crate) fn unreadable(error: &FileError) -> (&'static Code, String, &'static str) {
    let (code, help) = match error {
        FileError::Missing(_) => {
            (&codes::UNKNOWN_FILE, "paths begin at the folder of the file they stand in")
        }
        FileError::Outside { .. } => (&codes::FILE_OUTSIDE, "move the file into the project"),
        FileError::Released(_) => (
            &codes::FILE_OUTSIDE,
            "write out what the file holds, or publish a pipeline with `--flat`, which does that",
        ),
        FileError::Unreadable { .. } => (&codes::UNKNOWN_FILE, "put a readable text file there"),
    };
    (code, sentence(&error.to_string()), help)
}
