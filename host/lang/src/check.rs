//! Checks over the resolved pipeline. Each is a function, all run, all report.

mod block;
mod cache;
mod call;
mod ceilings;
mod fits;
mod flow;
mod gates;
mod governed;
mod limits;
mod path;
mod rights;
mod value;
mod work;

use crate::diagnostic::Report;
use crate::document::Document;
use crate::resolve::Resolved;
use crate::types::Ty;

pub(crate) use ceilings::within as within_ceilings;
pub(crate) use governed::check as governed;

/// Everything that is checked beside types.
const CHECKS: &[fn(&Document<'_>, &Resolved<'_>, &mut Report)] =
    &[limits::within_those_around, rights::needed_and_granted, cache::only_pure, gates::agree];

/// Runs every check. Gives the type of the pipeline's outputs.
pub(crate) fn check(document: &Document<'_>, resolved: &Resolved<'_>, report: &mut Report) -> Ty {
    for check in CHECKS {
        check(document, resolved, report);
    }
    flow::types(document, resolved, report)
}
