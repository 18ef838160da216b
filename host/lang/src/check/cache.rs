//! `cache`: only of calls that give the same whenever they are made.

use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{Document, join};
use crate::resolve::{Resolved, Work};
use crate::shown::shown;

/// A component that imports something may give another result the next time.
pub(super) fn only_pure(document: &Document<'_>, resolved: &Resolved<'_>, report: &mut Report) {
    for (decl, step) in document.steps.iter().zip(&resolved.steps) {
        let (Some((_, span)), Work::Uses(call)) = (decl.cache, &step.work) else { continue };
        let Some(skill) = &call.skill else { continue };
        let Some(import) = skill.entry.interface.imports.first() else { continue };
        let message = format!(
            "`{}` imports `{}`, so equal calls may give different results",
            skill.entry.id,
            shown(import)
        );
        report.push(
            Diagnostic::new(&codes::CACHE_IMPURE, span, message)
                .label(call.reference.span, "the skill")
                .help("remove `cache`; only what a component computes from its arguments is kept")
                .at(&join(&decl.path, "cache")),
        );
    }
}
