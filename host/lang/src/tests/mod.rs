//! Tests of the compiler as a whole: text in, graph or problems out.

mod catalog;
mod codes;
mod graphs;
mod hostile;
mod problems;
mod properties;
mod rendering;

use crate::{Compiled, Source, compile};

/// Compiles a text against the skills of these tests.
pub(crate) fn compiled(text: &str) -> Compiled {
    compile(&Source { name: "flow.yml", text }, &catalog::Table::new())
}

/// The head that every pipeline has, before what a test is about.
const HEAD: &str = "apiVersion: coldframe/v1\nkind: Pipeline\nmetadata: { name: t }\n";
