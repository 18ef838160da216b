//! What a use of a macro gives, against the macro's parameters.

use super::Expander;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::{fields, join};
use crate::expr::holes::{self, Piece};
use crate::inputs::schema;
use crate::load::macros::{Macro, Parameter};
use crate::shown::{sentence, shown};
use crate::source::Span;
use crate::yaml::node::{Entry, Node, NodeKind};

/// The value of a parameter.
pub(super) enum Argument<'n> {
    /// With the place of its name.
    Given(Span, Node),
    /// With the place of the parameter.
    Default(Span, &'n Node),
}

impl<'n> Expander<'_, '_, 'n, '_> {
    /// A value for each parameter; those that are missing or wrong are reported.
    pub(super) fn arguments(
        &mut self,
        used: &Macro<'n>,
        with: Option<Entry>,
        place: Span,
        path: &str,
    ) -> Vec<(&'n str, Argument<'n>)> {
        let path = join(path, "with");
        let (key, mut given) = match with {
            Some(Entry { key, value: Node { kind: NodeKind::Map(given), .. } }) => {
                (key.span, given)
            }
            Some(entry) => {
                let problem = fields::wrong_shape(&entry.value, "a map of arguments", &path);
                self.report.push(problem.help("write `with: { name: value }`"));
                return Vec::new();
            }
            None => (place, Vec::new()),
        };
        let mut found = Vec::new();
        for parameter in &used.parameters {
            match given.iter().position(|entry| entry.key.text == parameter.name) {
                Some(at) => {
                    let Entry { key, value } = given.remove(at);
                    self.check(parameter, &value, &join(&path, parameter.name));
                    found.push((parameter.name, Argument::Given(key.span, value)));
                }
                None => match parameter.default {
                    Some(default) => {
                        found.push((parameter.name, Argument::Default(parameter.span, default)));
                    }
                    None => self.report.push(missing(used, parameter, key, &path)),
                },
            }
        }
        for entry in given {
            let names = used.parameters.iter().map(|parameter| parameter.name);
            let help = self.report.suggest(&entry.key.text, "its parameters are", names);
            let none = "it has no parameters; remove `with`".to_owned();
            let message = format!(
                "the macro `{}` has no parameter `{}`",
                shown(&used.name),
                shown(&entry.key.text)
            );
            self.report.push(
                Diagnostic::new(&codes::UNKNOWN_PARAM, entry.key.span, message)
                    .help(help.unwrap_or(none))
                    .label(used.declared, "the macro")
                    .at(&join(&path, &entry.key.text)),
            );
        }
        found
    }

    /// Whether an argument that is known already is a value of its parameter.
    fn check(&mut self, parameter: &Parameter<'_>, value: &Node, path: &str) {
        if !is_literal(value) {
            return;
        }
        let Some(validator) = &parameter.schema else { return };
        let Some(why) = schema::first_problem(validator, &value.to_value()) else { return };
        let message = format!(
            "the argument is not a value of the parameter `{}`: {}",
            shown(parameter.name),
            sentence(&why)
        );
        self.report.push(
            Diagnostic::new(&codes::TYPE_MISMATCH, value.span, message)
                .label(parameter.span, "the parameter")
                .help("change the argument or the parameter's schema")
                .at(path),
        );
    }
}

/// Whether a value has no holes.
fn is_literal(node: &Node) -> bool {
    match &node.kind {
        NodeKind::String(text) => holes::split_around(&text.text, &text.data)
            .is_ok_and(|pieces| !pieces.iter().any(|piece| matches!(piece, Piece::Hole(_)))),
        NodeKind::List(items) => items.iter().all(is_literal),
        NodeKind::Map(entries) => entries.iter().all(|entry| is_literal(&entry.value)),
        _ => true,
    }
}

fn missing(used: &Macro<'_>, parameter: &Parameter<'_>, span: Span, path: &str) -> Diagnostic {
    let name = shown(parameter.name);
    let message = format!("the macro `{}` needs the parameter `{name}`", shown(&used.name));
    Diagnostic::new(&codes::MISSING_PARAM, span, message)
        .label(parameter.span, "the parameter")
        .help(format!("write `with: {{ {name}: … }}`"))
        .at(path)
}
