//! Scalars without quotes as values, and what is said about those that are none.

use super::node::{NodeKind, Number, Text};
use super::scalar::{self, Plain};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::shown::shown;

/// What a scalar without quotes is.
pub(super) fn plain(text: Text) -> Result<NodeKind, Box<Diagnostic>> {
    let kind = match scalar::classify(&text.text) {
        Plain::Null => NodeKind::Null,
        Plain::Bool(value) => NodeKind::Bool(value),
        Plain::Number(json) => NodeKind::Number(Number { written: text.text, json }),
        Plain::String => NodeKind::String(text),
        Plain::NotFinite => {
            return Err(Box::new(
                Diagnostic::new(
                    &codes::YAML_NUMBER_RANGE,
                    text.span,
                    format!("`{}` is no number that a value can be", shown(&text.text)),
                )
                .help("quote it to hand it on as a text"),
            ));
        }
        Plain::OutOfRange => {
            return Err(Box::new(
                Diagnostic::new(
                    &codes::YAML_NUMBER_RANGE,
                    text.span,
                    format!("the number `{}` does not fit 64 bits", shown(&text.text)),
                )
                .help("quote it to hand it on as a text"),
            ));
        }
    };
    Ok(kind)
}
