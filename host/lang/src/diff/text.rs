//! Changes as people read them.

use std::fmt::Write as _;

use super::{Change, ChangeKind, Mark};
use crate::shown::shown;

/// A line for each change, under the step it belongs to.
pub(super) fn text(changes: &[Change]) -> String {
    let mut out = String::new();
    let mut head: Option<&str> = None;
    for change in changes {
        let mark = match change.mark {
            Some(Mark::Wider) => " (wider)",
            Some(Mark::Breaking) => " (breaking)",
            None => "",
        };
        // Writing to a String cannot fail, here and below.
        let _ = match &change.kind {
            ChangeKind::Added(what) => {
                head = None;
                writeln!(out, "+ `{}`: {}{mark}", shown(&change.step), shown(what))
            }
            ChangeKind::Removed(what) => {
                head = None;
                writeln!(out, "- `{}`: {}{mark}", shown(&change.step), shown(what))
            }
            ChangeKind::Renamed(was) => {
                head = Some(&change.step);
                writeln!(out, "~ `{}`: was `{}`", shown(&change.step), shown(was))
            }
            ChangeKind::Changed { part, before, after } => {
                if head != Some(&change.step) {
                    head = Some(&change.step);
                    let _ = match change.step.as_str() {
                        "" => writeln!(out, "~ pipeline"),
                        step => writeln!(out, "~ `{}`", shown(step)),
                    };
                }
                let (before, after) = (before.as_deref().map(shown), after.as_deref().map(shown));
                match (before, after) {
                    (Some(before), Some(after)) => {
                        writeln!(out, "    {}: `{before}` -> `{after}`{mark}", shown(part))
                    }
                    (None, Some(after)) => writeln!(out, "    + {}: `{after}`{mark}", shown(part)),
                    (Some(before), None) => {
                        writeln!(out, "    - {}: `{before}`{mark}", shown(part))
                    }
                    (None, None) => Ok(()),
                }
            }
        };
    }
    out
}
