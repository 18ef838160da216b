//! Checks over the resolved pipeline. Each is a function, all run, all report.

mod fits;
mod flow;
mod limits;
mod path;
mod rights;
mod value;

use crate::diagnostic::Report;
use crate::document::Document;
use crate::resolve::Resolved;

/// Everything that is checked.
const CHECKS: &[fn(&Document<'_>, &Resolved<'_>, &mut Report)] =
    &[limits::steps_within_pipeline, rights::needed_and_granted, flow::types];

/// Runs every check.
pub(crate) fn check(document: &Document<'_>, resolved: &Resolved<'_>, report: &mut Report) {
    for check in CHECKS {
        check(document, resolved, report);
    }
}
