//! The stages, one after the other.

use crate::diagnostic::{Diagnostic, Report};
use crate::graph::Graph;
use crate::resolve::Children;
use crate::source::Source;
use crate::types::Ty;
use crate::world::World;
use crate::{check, document, lower, resolve, yaml};

/// What became of a text.
#[derive(Debug)]
pub struct Compiled {
    /// There if and only if there are no errors.
    pub graph: Option<Graph>,
    /// All problems by place, warnings too.
    pub diagnostics: Vec<Diagnostic>,
}

impl Compiled {
    /// Whether a signature, digest or revocation was among the reasons.
    pub fn is_refused(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_refusal)
    }
}

/// Compiles a pipeline. A pure function: the same text and world give the same result.
pub fn compile(source: &Source<'_>, world: World<'_>) -> Compiled {
    let mut report = Report::default();
    let mut children = Children::new(world, source.name);
    let graph = stages(source, &mut children, &mut report).map(|(graph, _)| graph);
    let graph = if report.has_errors() { None } else { graph };
    Compiled { graph, diagnostics: report.into_sorted() }
}

/// The graph, and the type of its outputs.
pub(crate) fn stages(
    source: &Source<'_>,
    children: &mut Children<'_>,
    report: &mut Report,
) -> Option<(Graph, Ty)> {
    let root = match yaml::read::read(source.text) {
        Ok(root) => root,
        Err(problem) => {
            report.push(*problem);
            return None;
        }
    };
    let document = document::read(&root, report)?;
    let resolved = resolve::resolve(&document, source, children, report);
    let outputs = check::check(&document, &resolved, report);
    if report.has_errors() {
        return None;
    }
    Some((lower::lower(source, &document, &resolved)?, outputs))
}
