//! Tests of the compiler as a whole: text in, graph or problems out.

mod catalog;
mod codes;
mod files;
mod graphs;
mod holders;
mod hostile;
pub(crate) mod nested;
mod problems;
pub(crate) mod properties;
mod releases;
mod rendering;
mod sources;
mod yaml_suite;

use crate::world::World;
use crate::{Compiled, Source, compile};

/// Compiles a text against the skills of these tests.
pub(crate) fn compiled(text: &str) -> Compiled {
    compiled_with(text, &files::Folder::new())
}

/// The same with these files next to it.
fn compiled_with(text: &str, files: &files::Folder) -> Compiled {
    let skills = catalog::Table::new();
    let pipelines = releases::Shelf::new();
    let world = World { pipelines: &pipelines, ..World::new(&skills, files) };
    compile(&Source { name: "flow.yml", text }, world)
}

/// The skills of these tests.
pub(crate) fn catalog_of_tests() -> impl crate::catalog::SkillCatalog {
    catalog::Table::new()
}

/// The head that every pipeline has, before what a test is about.
pub(crate) const HEAD: &str = "apiVersion: coldframe/v1\nkind: Pipeline\nmetadata: { name: t }\n";
