//! `inputs`: a name and a JSON Schema each, or only a type.

use serde_json::{Value, json};

use super::InputDecl;
use super::fields::{join, named_values, wrong_shape};
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::inputs::schema;
use crate::shown::{sentence, shown};
use crate::yaml::node::{Node, NodeKind, Text};

/// The declared inputs, as far as their schemas are ones. `key` is where they stand; `patterns`
/// counts regular expressions.
pub(crate) fn read<'n>(
    node: Option<&'n Node>,
    key: &str,
    patterns: &mut usize,
    report: &mut Report,
) -> Vec<InputDecl<'n>> {
    named_values(node, key, report)
        .into_iter()
        .map(|(name, node)| {
            let path = join(key, &name.text);
            let schema = schema_of(node, &path, patterns, report);
            let default = default_of(node, &schema, &path, report);
            InputDecl { name, schema, default }
        })
        .collect()
}

/// The schema at a node. One that allows everything stands in for those that are wrong.
fn schema_of(node: &Node, path: &str, patterns: &mut usize, report: &mut Report) -> Value {
    let anything = json!({});
    match &node.kind {
        NodeKind::String(text) => {
            if schema::TYPES.contains(&text.text.as_str()) {
                return json!({"type": text.text});
            }
            let help = report.suggest(&text.text, "the types are", schema::TYPES.iter().copied());
            report.push(
                Diagnostic::new(
                    &codes::BAD_SCHEMA,
                    node.span,
                    format!("`{}` is not a type of inputs", shown(&text.text)),
                )
                .maybe_help(help)
                .at(path),
            );
            anything
        }
        NodeKind::Map(_) => {
            let mut keywords = Keywords { report, patterns, good: true };
            keywords.check(node, path);
            if !keywords.good {
                return anything;
            }
            let value = node.to_value();
            match schema::compile(&value) {
                Ok(_) => value,
                Err(why) => {
                    report.push(
                        Diagnostic::new(
                            &codes::BAD_SCHEMA,
                            first_key(node),
                            format!("`{path}` is not a JSON Schema: {}", sentence(&why)),
                        )
                        .help("for example `{ type: string, maxLength: 2000 }`")
                        .at(path),
                    );
                    anything
                }
            }
        }
        _ => {
            report.push(
                wrong_shape(node, "a type or a JSON Schema", path).help(
                    "for example `text: string` or `text: { type: string, maxLength: 2000 }`",
                ),
            );
            anything
        }
    }
}

/// The most regular expressions in the schemas of a pipeline; compiling each takes a moment.
const PATTERNS_MAX: usize = 100;

/// Looks for keywords that JSON Schema doesn't have: a misspelt one is a check that never happens.
struct Keywords<'r> {
    report: &'r mut Report,
    patterns: &'r mut usize,
    good: bool,
}

impl Keywords<'_> {
    fn check(&mut self, node: &Node, path: &str) {
        let NodeKind::Map(entries) = &node.kind else { return };
        for entry in entries {
            let key = entry.key.text.as_str();
            let below = join(path, key);
            if !schema::KEYWORDS.contains(&key) {
                self.unknown(&entry.key, &below);
            } else if schema::NESTED.contains(&key) {
                self.check(&entry.value, &below);
            } else if schema::NESTED_BY_NAME.contains(&key) {
                self.check_named(&entry.value, &below);
            } else if schema::NESTED_LISTS.contains(&key) {
                self.check_list(&entry.value, &below);
            }
            match key {
                "pattern" => self.count(&entry.key, 1, &below),
                "patternProperties" => self.count(&entry.key, entry.value.len(), &below),
                _ => {}
            }
        }
    }

    fn check_named(&mut self, node: &Node, path: &str) {
        if let NodeKind::Map(entries) = &node.kind {
            for entry in entries {
                self.check(&entry.value, &join(path, &entry.key.text));
            }
        }
    }

    fn check_list(&mut self, node: &Node, path: &str) {
        if let NodeKind::List(items) = &node.kind {
            for (index, item) in items.iter().enumerate() {
                self.check(item, &format!("{path}[{index}]"));
            }
        }
    }

    fn count(&mut self, key: &Text, patterns: usize, path: &str) {
        let before = *self.patterns;
        *self.patterns += patterns;
        if *self.patterns <= PATTERNS_MAX {
            return;
        }
        self.good = false;
        if before <= PATTERNS_MAX {
            let message = format!("the inputs have more than {PATTERNS_MAX} regular expressions");
            self.report.push(
                Diagnostic::new(&codes::BAD_SCHEMA, key.span, message)
                    .help("check such values in a step")
                    .at(path),
            );
        }
    }

    fn unknown(&mut self, key: &Text, path: &str) {
        self.good = false;
        let shown = shown(&key.text);
        if schema::KEYWORDS_LATER.contains(&key.text.as_str()) {
            let message = format!("the keyword `{shown}` is not supported in inputs");
            self.report.push(
                Diagnostic::new(&codes::UNSUPPORTED_KEY, key.span, message)
                    .help("write the schema out")
                    .at(path),
            );
            return;
        }
        let known = schema::KEYWORDS.iter().copied();
        let help = self.report.suggest(&key.text, "JSON Schema has", known);
        let message = format!("JSON Schema has no keyword `{shown}`");
        self.report.push(
            Diagnostic::new(&codes::UNKNOWN_KEY, key.span, message).maybe_help(help).at(path),
        );
    }
}

/// The default, which must be a value of the schema.
fn default_of(node: &Node, schema: &Value, path: &str, report: &mut Report) -> Option<Value> {
    let default = node.get("default")?;
    let value = default.to_value();
    let Ok(validator) = schema::compile(schema) else { return Some(value) };
    if let Some(why) = schema::first_problem(&validator, &value) {
        report.push(
            Diagnostic::new(
                &codes::BAD_DEFAULT,
                default.span,
                format!("the default is not a value of `{path}`: {}", sentence(&why)),
            )
            .help("change the default or the schema")
            .at(&join(path, "default")),
        );
    }
    Some(value)
}

fn first_key(node: &Node) -> crate::source::Span {
    match &node.kind {
        NodeKind::Map(entries) => entries.first().map_or(node.span, |entry| entry.key.span),
        _ => node.span,
    }
}
