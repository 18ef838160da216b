//! Pipelines that are made of several documents and files, and what is said about them.

mod adapters;
mod config;
mod docs;
mod env;
mod hostile;
mod includes;
mod macros;
mod models;
mod policies;
mod several;

use std::collections::BTreeMap;

use super::files::Folder;
use super::{HEAD, catalog};
use crate::graph::Graph;
use crate::world::World;
use crate::{Compiled, Source, compile_named, render_text};

/// A compilation: a text, and what is around it.
#[derive(Default)]
struct Case {
    text: String,
    files: Folder,
    extra: Vec<(&'static str, String)>,
    env: BTreeMap<String, String>,
    name: Option<&'static str>,
}

impl Case {
    /// A pipeline behind the usual three lines.
    fn of(text: &str) -> Self {
        Self { text: format!("{HEAD}{text}"), ..Self::default() }
    }

    /// With another document in the same file.
    fn with(mut self, kind: &str, name: &str, text: &str) -> Self {
        self.text += "---\n";
        self.text += &document(kind, name, text);
        self
    }

    fn file(mut self, name: &str, text: &str) -> Self {
        self.files.add_text(name, text);
        self
    }

    fn extra(mut self, name: &'static str, text: String) -> Self {
        self.extra.push((name, text));
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    fn compiled(&self) -> Compiled {
        let skills = catalog::Table::new();
        let extra: Vec<Source<'_>> =
            self.extra.iter().map(|(name, text)| Source { name, text }).collect();
        let world = World { extra: &extra, env: &self.env, ..World::new(&skills, &self.files) };
        compile_named(&Source { name: "flow.yml", text: &self.text }, self.name, world)
    }

    /// The graph; there are no problems.
    #[track_caller]
    fn graph(&self) -> Graph {
        let found = self.compiled();
        let said = render_text(&found.diagnostics, &found.sources, false);
        assert_eq!(said, "", "{}", self.text);
        let graph = found.graph.unwrap();
        graph.assert_valid();
        graph
    }

    /// All that is said about it.
    #[track_caller]
    fn says(&self, expected: &str) {
        let found = self.compiled();
        for problem in &found.diagnostics {
            assert!(problem.help.is_some(), "{problem:?}");
        }
        assert_eq!(render_text(&found.diagnostics, &found.sources, false), expected);
    }

    /// The codes of its problems.
    fn codes(&self) -> Vec<&'static str> {
        self.compiled().diagnostics.iter().map(|problem| problem.code.id).collect()
    }
}

/// A document of some kind.
fn document(kind: &str, name: &str, text: &str) -> String {
    format!("apiVersion: coldframe/v1\nkind: {kind}\nmetadata: {{ name: {name} }}\n{text}")
}

/// `place: kind` of every step.
fn shape(graph: &Graph) -> Vec<String> {
    graph
        .steps
        .iter()
        .map(|step| format!("{} {} {}", step.yaml_path, step.id, step.kind.key()))
        .collect()
}
