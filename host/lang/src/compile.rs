//! The stages, one after the other.

use crate::catalog::SkillCatalog;
use crate::diagnostic::{Diagnostic, Report};
use crate::graph::Graph;
use crate::source::Source;
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

/// Compiles a pipeline. A pure function: the same text and catalog give the same result.
pub fn compile(source: &Source<'_>, catalog: &dyn SkillCatalog) -> Compiled {
    let mut report = Report::default();
    let graph = stages(source, catalog, &mut report);
    let graph = if report.has_errors() { None } else { graph };
    Compiled { graph, diagnostics: report.into_sorted() }
}

fn stages(source: &Source<'_>, catalog: &dyn SkillCatalog, report: &mut Report) -> Option<Graph> {
    let root = match yaml::read::read(source.text) {
        Ok(root) => root,
        Err(problem) => {
            report.push(*problem);
            return None;
        }
    };
    let document = document::read(&root, report)?;
    let resolved = resolve::resolve(&document, source.text, catalog, report);
    check::check(&document, &resolved, report);
    if report.has_errors() {
        return None;
    }
    lower::lower(source, &document, &resolved)
}
