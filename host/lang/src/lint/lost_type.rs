//! W207: white space around a single hole.

use super::Report;
use super::context::Context;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::expr::holes::{Piece, split};
use crate::shown::shown;

pub(super) fn check(context: &Context<'_>, code: &'static Code, report: &mut Report) {
    for (path, node) in context.values() {
        let Some(text) = node.as_text() else { continue };
        let Ok(pieces) = split(&text.text) else { continue };
        let mut holes = 0;
        let blank = pieces.iter().all(|piece| match piece {
            Piece::Hole(_) => {
                holes += 1;
                true
            }
            Piece::Text(range) => {
                text.text.get(range.clone()).unwrap_or_default().trim().is_empty()
            }
        });
        if blank && holes == 1 && pieces.len() > 1 {
            report.push(
                Diagnostic::new(
                    code,
                    text.span,
                    "white space around the hole makes a text of whatever it comes to",
                )
                .help(format!("write `\"{}\"` to keep the type", shown(text.text.trim())))
                .at(&path),
            );
        }
    }
}
