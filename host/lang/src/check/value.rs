//! A value as it is written, with its holes, against the type that is wanted.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;

use super::fits::{Misfit, fits};
use super::flow::{Flow, Place};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::join;
use crate::resolve::tree::{Bound, Part, Tree, TreeKind};
use crate::shown::shown;
use crate::suggest;
use crate::types::{Object, Ty};
use crate::yaml::node::Text;
use crate::yaml::scalar;

/// Checks values of the step that is looked at.
pub(super) struct Values<'f, 'a, 'n> {
    pub(super) flow: &'f mut Flow<'a, 'n>,
}

impl<'n> Values<'_, '_, 'n> {
    /// The type of a value that may be anything. Depth is bounded by the reader.
    pub(super) fn infer(&mut self, tree: &Tree<'n>, path: &str) -> Ty {
        match &tree.kind {
            TreeKind::Null => Ty::Null,
            TreeKind::Bool(_) => Ty::Bool,
            TreeKind::Number(found) => match found.json.parse::<i128>() {
                Ok(value) => Ty::int(value, value),
                Err(_) => Ty::F64,
            },
            TreeKind::Text(text) => Ty::one_of([(*text).to_owned()]),
            TreeKind::Whole(bound) => self.flow.bound(bound, Place::Value, path),
            TreeKind::Mixed(parts) => {
                self.holes(parts, path);
                Ty::text()
            }
            TreeKind::List(items) => {
                let types = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.infer(item, &format!("{path}[{index}]")));
                Ty::Tuple(types.collect())
            }
            TreeKind::Map(entries) => {
                let fields: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| {
                        (key.text.clone(), self.infer(value, &join(path, &key.text)))
                    })
                    .collect();
                Ty::object(fields)
            }
            TreeKind::Broken => Ty::Any,
        }
    }

    /// The type of a value that others of its sort will replace: `0` stands for any integer.
    pub(super) fn widened(&mut self, tree: &Tree<'n>, path: &str) -> Ty {
        match &tree.kind {
            TreeKind::Null => Ty::Any,
            TreeKind::List(items) => {
                let types: Vec<Ty> = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.widened(item, &format!("{path}[{index}]")))
                    .collect();
                Ty::List(Arc::new(Ty::join_all(&types)))
            }
            TreeKind::Map(entries) => {
                let fields: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| {
                        (key.text.clone(), self.widened(value, &join(path, &key.text)))
                    })
                    .collect();
                Ty::object(fields)
            }
            _ => self.infer(tree, path).widened(),
        }
    }

    /// Whether a value is one of the wanted type.
    pub(super) fn check(&mut self, tree: &Tree<'n>, wanted: &Ty, path: &str) {
        match (&tree.kind, wanted) {
            (TreeKind::Broken, _) => {}
            (TreeKind::Whole(bound), _) => self.check_hole(bound, wanted, path),
            (TreeKind::Mixed(parts), _) => {
                self.holes(parts, path);
                if fits(&Ty::text(), wanted).is_err() {
                    self.mismatch(tree, wanted, path);
                }
            }
            (_, Ty::Any) => {
                self.infer(tree, path);
            }
            (TreeKind::Null, Ty::Option(_) | Ty::Null) => {}
            (_, Ty::Option(inner)) => self.check(tree, inner, path),
            (TreeKind::List(items), _) => self.check_list(tree, items, wanted, path),
            (TreeKind::Map(entries), _) => self.check_map(tree, entries, wanted, path),
            (TreeKind::Text(text), _) => self.check_text(tree, text, wanted, path),
            (TreeKind::Number(found), _) => {
                self.check_number(tree, &found.json, wanted, path);
            }
            (TreeKind::Bool(_), Ty::Bool) => {}
            (TreeKind::Null | TreeKind::Bool(_), _) => self.mismatch(tree, wanted, path),
        }
    }

    fn mismatch(&mut self, tree: &Tree<'n>, wanted: &Ty, path: &str) {
        let found = match &tree.kind {
            TreeKind::Number(found) => format!("the number `{}`", shown(&found.written)),
            TreeKind::Bool(value) => format!("`{value}`"),
            TreeKind::Text(text) => format!("the string `{}`", shown(text)),
            _ => tree.what().to_owned(),
        };
        let problem = Diagnostic::new(
            &codes::TYPE_MISMATCH,
            tree.span,
            format!("expected {wanted}, found {found}"),
        )
        .maybe_help(hint(tree, wanted));
        self.flow.report.push(problem.at(path));
    }

    fn explained(&mut self, tree: &Tree<'n>, message: String, help: Option<String>, path: &str) {
        let problem = Diagnostic::new(&codes::TYPE_MISMATCH, tree.span, message).maybe_help(help);
        self.flow.report.push(problem.at(path));
    }

    // Holes.

    fn check_hole(&mut self, bound: &Bound, wanted: &Ty, path: &str) {
        let found = self.flow.bound(bound, Place::Value, path);
        let Err(misfit) = fits(&found, wanted) else { return };
        if misfit.null_only
            && misfit.path.is_empty()
            && let Some((used, absence)) = self.flow.absent_target(bound)
        {
            let problem = self.flow.absent(used, absence);
            self.flow.report.push(problem.at(path));
            return;
        }
        self.flow.report.push(misfit_problem(bound, &misfit).at(path));
    }

    /// Holes in a text. Anything can stand there but what may be missing.
    fn holes(&mut self, parts: &[Part], path: &str) {
        for part in parts {
            let Part::Hole(bound) = part else { continue };
            let found = self.flow.bound(bound, Place::Value, path);
            if !matches!(found, Ty::Option(_)) {
                continue;
            }
            let problem = match self.flow.absent_target(bound) {
                Some((used, absence)) => self.flow.absent(used, absence),
                None => Diagnostic::new(
                    &codes::OPTIONAL_VALUE,
                    bound.span,
                    format!("`{}` may be null, and stands in a text", shown(&bound.source)),
                )
                .help(format!(
                    "say what to write then: `{{{{ {} | default('…', true) }}}}`",
                    shown(&bound.source)
                )),
            };
            self.flow.report.push(problem.at(path));
        }
    }

    // Literals.

    fn check_list(&mut self, tree: &Tree<'n>, items: &[Tree<'n>], wanted: &Ty, path: &str) {
        let below = |index: usize| format!("{path}[{index}]");
        match wanted {
            Ty::List(item) => {
                for (index, tree) in items.iter().enumerate() {
                    self.check(tree, item, &below(index));
                }
            }
            Ty::Tuple(wanted) if wanted.len() == items.len() => {
                for (index, (tree, wanted)) in items.iter().zip(wanted.iter()).enumerate() {
                    self.check(tree, wanted, &below(index));
                }
            }
            Ty::Tuple(wanted) => {
                let message = format!("expected {} items, found {}", wanted.len(), items.len());
                self.explained(
                    tree,
                    message,
                    Some(format!("write {}", Ty::Tuple(Arc::clone(wanted)))),
                    path,
                );
            }
            Ty::Flags(names) => {
                let wanted = Ty::Text(Some(Arc::clone(names)));
                for (index, tree) in items.iter().enumerate() {
                    self.check(tree, &wanted, &below(index));
                }
            }
            _ => self.mismatch(tree, wanted, path),
        }
    }

    fn check_map(
        &mut self,
        tree: &Tree<'n>,
        entries: &[(&'n Text, Tree<'n>)],
        wanted: &Ty,
        path: &str,
    ) {
        match wanted {
            Ty::Object(object) => self.check_object(tree, entries, object, path),
            Ty::Variant(cases) => self.check_case(tree, entries, cases, path),
            Ty::Result(ok, error) => {
                let sides = IndexMap::from([
                    ("ok".to_owned(), Some((**ok).clone())),
                    ("error".to_owned(), Some((**error).clone())),
                ]);
                self.check_case(tree, entries, &sides, path);
            }
            _ => self.mismatch(tree, wanted, path),
        }
    }

    fn check_object(
        &mut self,
        tree: &Tree<'n>,
        entries: &[(&'n Text, Tree<'n>)],
        object: &Object,
        path: &str,
    ) {
        for (key, value) in entries {
            let path = join(path, &key.text);
            match object.fields.get(&key.text) {
                Some(wanted) => self.check(value, wanted, &path),
                None => {
                    self.infer(value, &path);
                    self.unknown_field(key, object, &path);
                }
            }
        }
        for (name, wanted) in &object.fields {
            let given = entries.iter().any(|(key, _)| key.text == *name);
            if !given && !matches!(wanted, Ty::Option(_)) {
                let help = Some(format!("add `{name}: …`"));
                self.explained(
                    tree,
                    format!("the field `{name}` is missing: {wanted}"),
                    help,
                    path,
                );
            }
        }
    }

    fn unknown_field(&mut self, key: &Text, object: &Object, path: &str) {
        if object.open {
            return;
        }
        let help = self.flow.report.suggest(
            &key.text,
            "the fields are",
            object.fields.keys().map(String::as_str),
        );
        let message = format!("there is no field `{}`", shown(&key.text));
        let problem = Diagnostic::new(&codes::TYPE_MISMATCH, key.span, message).maybe_help(help);
        self.flow.report.push(problem.at(path));
    }

    /// `{case: payload}`
    fn check_case(
        &mut self,
        tree: &Tree<'n>,
        entries: &[(&'n Text, Tree<'n>)],
        cases: &IndexMap<String, Option<Ty>>,
        path: &str,
    ) {
        let [(key, value)] = entries else {
            let message = format!("expected one case with its value, found {} keys", entries.len());
            self.explained(tree, message, cases_help(cases), path);
            return;
        };
        match cases.get(&key.text) {
            Some(Some(payload)) => self.check(value, payload, &join(path, &key.text)),
            Some(None) => {
                let help = Some(format!("write `{}` alone", key.text));
                self.explained(tree, format!("the case `{}` has no value", key.text), help, path);
            }
            None => {
                let help = self.flow.report.suggest(
                    &key.text,
                    "the cases are",
                    cases.keys().map(String::as_str),
                );
                self.explained(
                    tree,
                    format!("there is no case `{}`", shown(&key.text)),
                    help,
                    path,
                );
            }
        }
    }

    fn check_text(&mut self, tree: &Tree<'n>, text: &str, wanted: &Ty, path: &str) {
        match wanted {
            Ty::Text(None) => {}
            Ty::Text(Some(values)) if values.iter().any(|value| value == text) => {}
            Ty::Text(Some(values)) => {
                let help = self.flow.report.suggest(
                    text,
                    "it is one of",
                    values.iter().map(String::as_str),
                );
                self.explained(
                    tree,
                    format!("expected {wanted}, found the string `{}`", shown(text)),
                    help,
                    path,
                );
            }
            Ty::Char => {
                let count = text.chars().count();
                if count != 1 {
                    let help = Some(
                        "write one character; for a longer text choose another parameter"
                            .to_owned(),
                    );
                    self.explained(
                        tree,
                        format!("expected one character, found {count}"),
                        help,
                        path,
                    );
                }
            }
            Ty::Bytes => {
                if STANDARD.decode(text).is_err() {
                    let help =
                        Some("bytes are written in base64, with `+`, `/` and `=`".to_owned());
                    self.explained(tree, format!("`{}` is not base64", shown(text)), help, path);
                }
            }
            Ty::Variant(cases) => match cases.get(text) {
                Some(None) => {}
                Some(Some(payload)) => {
                    let help = Some(format!("write `{{ {text}: … }}`"));
                    self.explained(
                        tree,
                        format!("the case `{text}` needs a value: {payload}"),
                        help,
                        path,
                    );
                }
                None => {
                    let help = self.flow.report.suggest(
                        text,
                        "the cases are",
                        cases.keys().map(String::as_str),
                    );
                    self.explained(tree, format!("there is no case `{}`", shown(text)), help, path);
                }
            },
            Ty::F32 | Ty::F64 if matches!(text, "NaN" | "Infinity" | "-Infinity") => {}
            // Beyond 2^53 a number is written as a text, so that no reader of JSON rounds it.
            Ty::Int { min, max } if is_wide(*min, *max) && scalar::is_integer(text) => {
                self.check_integer(tree, text, *min, *max, wanted, path);
            }
            _ => self.mismatch(tree, wanted, path),
        }
    }

    fn check_number(&mut self, tree: &Tree<'n>, text: &str, wanted: &Ty, path: &str) {
        match wanted {
            Ty::Int { min, max } if scalar::is_integer(text) => {
                self.check_integer(tree, text, *min, *max, wanted, path);
            }
            Ty::F64 => {}
            Ty::F32 => {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "whether it is too large for f32 is the question"
                )]
                let fits = text.parse::<f64>().is_ok_and(|value| (value as f32).is_finite());
                if !fits {
                    let help = Some(format!("up to {:e} in size", f32::MAX));
                    self.explained(
                        tree,
                        format!("`{}` is out of range of f32", shown(text)),
                        help,
                        path,
                    );
                }
            }
            _ => self.mismatch(tree, wanted, path),
        }
    }

    fn check_integer(
        &mut self,
        tree: &Tree<'n>,
        text: &str,
        min: Option<i128>,
        max: Option<i128>,
        wanted: &Ty,
        path: &str,
    ) {
        let value = text.parse::<i128>().ok();
        let good = value.is_some_and(|value| {
            min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max)
        });
        if !good {
            let help = match (min, max) {
                (Some(min), Some(max)) => format!("from {min} to {max}"),
                (Some(min), None) => format!("{min} or more"),
                (None, Some(max)) => format!("{max} or less"),
                (None, None) => "write a smaller number".to_owned(),
            };
            let help = Some(help);
            self.explained(
                tree,
                format!("`{}` is out of range of {wanted}", shown(text)),
                help,
                path,
            );
        }
    }
}

/// Whether some of its values are beyond what every reader of JSON keeps exact.
fn is_wide(min: Option<i128>, max: Option<i128>) -> bool {
    const SAFE: i128 = (1 << 53) - 1;
    min.is_some_and(|min| min < -SAFE) || max.is_some_and(|max| max > SAFE)
}

fn cases_help(cases: &IndexMap<String, Option<Ty>>) -> Option<String> {
    suggest::listed(cases.keys().map(String::as_str)).map(|list| format!("the cases are {list}"))
}

/// What to do about a literal of the wrong type.
fn hint(tree: &Tree<'_>, wanted: &Ty) -> Option<String> {
    match (&tree.kind, wanted) {
        (TreeKind::Number(found), Ty::Text(_) | Ty::Char) => {
            Some(format!("quote it: `\"{}\"`", shown(&found.written)))
        }
        (TreeKind::Bool(value), Ty::Text(_)) => Some(format!("quote it: `\"{value}\"`")),
        (TreeKind::Number(_), Ty::Int { .. }) => {
            Some("write it without a point and exponent".to_owned())
        }
        (TreeKind::Text(text), Ty::Int { .. } | Ty::F32 | Ty::F64)
            if text.parse::<f64>().is_ok() =>
        {
            Some("write it without quotes".to_owned())
        }
        (TreeKind::Text(text), Ty::Bool) if matches!(*text, "yes" | "on" | "y") => {
            Some("write `true`".to_owned())
        }
        (TreeKind::Text(text), Ty::Bool) if matches!(*text, "no" | "off" | "n") => {
            Some("write `false`".to_owned())
        }
        (TreeKind::Mixed(_), Ty::Bytes) => Some("bytes are written in base64".to_owned()),
        (TreeKind::Mixed(_), _) => {
            Some("a hole with text around it makes a string; write the hole alone".to_owned())
        }
        (TreeKind::Map(_), Ty::List(_)) => Some("begin each item with `- `".to_owned()),
        (TreeKind::Null, _) => Some("it is not optional; give it a value".to_owned()),
        (TreeKind::Text(text), Ty::Flags(_)) => Some(format!("write a list: `[{}]`", shown(text))),
        (_, Ty::List(_) | Ty::Tuple(_) | Ty::Flags(_)) => Some("write a list: `[…]`".to_owned()),
        (_, Ty::Object(object)) => suggest::listed(object.fields.keys().map(String::as_str))
            .map(|list| format!("write a map with {list}")),
        (_, Ty::Variant(cases)) => cases_help(cases),
        (_, Ty::Result(..)) => Some("write `{ ok: … }` or `{ error: … }`".to_owned()),
        (_, Ty::Int { .. } | Ty::F32 | Ty::F64) => Some("write a number".to_owned()),
        (_, Ty::Bool) => Some("write `true` or `false`".to_owned()),
        (_, Ty::Bytes) => Some("write a base64 text".to_owned()),
        _ => Some(format!("write a value of the type {wanted}")),
    }
}

/// A path whose values don't all fit.
fn misfit_problem(bound: &Bound, misfit: &Misfit) -> Diagnostic {
    let source = shown(&bound.source);
    let Misfit { path, expected, found, null_only } = misfit;
    if *null_only {
        let message = format!("`{source}{path}` may be null, expected {expected}");
        return Diagnostic::new(&codes::OPTIONAL_VALUE, bound.span, message)
            .help(format!("say what to use then: `{{{{ {source} | default('…', true) }}}}`"));
    }
    let message = format!("`{source}{path}` is {found}, expected {expected}");
    // What is wrong inside of a value can't be put right at its outside.
    let help = if path.is_empty() { narrowing(bound, expected, found) } else { None };
    let help = help.unwrap_or_else(|| {
        "convert it in an expression; the type of those is checked when the step starts".to_owned()
    });
    Diagnostic::new(&codes::TYPE_MISMATCH, bound.span, message).help(help)
}

/// How to make a wider type fit.
fn narrowing(bound: &Bound, expected: &str, found: &str) -> Option<String> {
    let input = bound.source.starts_with("inputs.");
    let source = shown(&bound.source);
    let help = match (expected, found) {
        (expected, "string") if expected.starts_with("enum") && input => {
            "list the values in the input's schema: `enum: […]`".to_owned()
        }
        ("list<u8>", "string") => {
            "bytes are base64 texts: encode the text in a step, or declare the input with `contentEncoding: base64`".to_owned()
        }
        ("string", found) if !found.starts_with("list") && !found.starts_with("record") => {
            format!("make it a text: `{{{{ {source} | string }}}}`")
        }
        (_, found) if found.starts_with("integer") && input => {
            "narrow the input with `minimum` and `maximum`".to_owned()
        }
        (_, "f64") if input => "declare the input as `type: integer`".to_owned(),
        (_, found) if found.starts_with("list<") && !expected.starts_with("list") => {
            format!("take an item: `{source}[0]`")
        }
        (expected, found) if expected == format!("list<{found}>") => {
            format!("make it a list: `[\"{{{{ {source} }}}}\"]`")
        }
        ("record { some }", _) => {
            format!("`null` would be a value too, so write `{{ some: \"{{{{ {source} }}}}\" }}`")
        }
        _ => return None,
    };
    Some(help)
}
