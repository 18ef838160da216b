//! The files next to the pipelines of these tests: a table in place of a folder.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::HEAD;
use crate::world::{File, FileError, Files};

/// Texts by name, and which of them were read, in order.
#[derive(Default)]
pub(super) struct Folder {
    files: BTreeMap<String, String>,
    pub(super) read: RefCell<Vec<String>>,
}

impl Files for Folder {
    fn read(&self, _from: &str, path: &str) -> Result<File, FileError> {
        let name = path.strip_prefix("./").unwrap_or(path);
        if name.starts_with("../") {
            return Err(FileError::Outside { path: path.to_owned(), root: "/project".to_owned() });
        }
        if name == "binary.yml" {
            let why = "it is not UTF-8".to_owned();
            return Err(FileError::Unreadable { path: path.to_owned(), why });
        }
        self.read.borrow_mut().push(name.to_owned());
        let text = self.files.get(name).ok_or_else(|| FileError::Missing(path.to_owned()))?;
        Ok(File { name: name.to_owned(), text: text.clone() })
    }
}

impl Folder {
    /// What every test has.
    pub(super) fn new() -> Self {
        let mut folder = Self::default();
        folder.add(
            "triage.yml",
            "inputs: { ticket: string, urgent: { type: boolean, default: false } }
steps:
  - { id: words, uses: std/text#stats, with: { text: \"{{ inputs.ticket }}\" } }
outputs: { count: \"{{ words.word_count }}\", label: billing }
",
        );
        folder.add(
            "broken.yml",
            "steps:
  - { id: a, set: { n: \"{{ nope }}\" } }
  - { id: a, set: { n: 1 } }
",
        );
        folder.add("tampered.yml", "steps:\n  - { id: a, uses: acme/tampered }\n");
        folder.add(
            "rights.yml",
            "caps: { log: true, http: [\"GET https://a.org/**\"] }
limits: { fuel: 1e6, wall: 1m }
steps:
  - { id: a, uses: acme/note, with: { text: x } }
  - { id: b, uses: std/web, with: { url: x } }
",
        );
        folder.add("again.yml", "steps:\n  - { id: a, pipeline: ./back.yml }\n");
        folder.add("back.yml", "steps:\n  - { id: a, pipeline: ./again.yml }\n");
        folder.add_text("one.yml", "id: other\nset: { n: \"{{ run.id }}\" }\n");
        folder.add_text("cycle.yml", "- !include cycle.yml\n");
        // Not from the pipelines of the tests themselves, which have this name.
        folder.add("flow.yml", "steps:\n  - { id: a, set: { n: 1 } }\n");
        folder
    }

    /// A file as it is.
    pub(super) fn add_text(&mut self, name: &str, text: &str) {
        self.files.insert(name.to_owned(), text.to_owned());
    }

    /// A file behind the usual three lines.
    pub(super) fn add(&mut self, name: &str, text: &str) {
        self.files.insert(name.to_owned(), format!("{HEAD}{text}"));
    }
}
