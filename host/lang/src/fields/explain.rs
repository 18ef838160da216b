//! A field as a page for people.

use super::{DOCUMENTS, Field, Object};
use crate::suggest;

/// The page of a field: `pipeline.steps.retry`, `step.retry.max`, `retry`. A path begins at a kind
/// of document or at any map with known keys.
pub fn explain(path: &str) -> Result<String, String> {
    let mut parts = path.split('.').map(|part| part.trim_end_matches("[]"));
    let first = parts.next().unwrap_or_default();
    let Some(mut object) = named(first) else {
        return Err(unknown(first, objects().iter().map(|object| object.name)));
    };
    let mut field: Option<&'static Field> = None;
    for part in parts {
        if let Some(field) = field {
            let Some(below) = field.shape.object() else {
                return Err(format!(
                    "`{}` has no keys of its own: it is {}",
                    field.key,
                    field.shape.name()
                ));
            };
            object = below;
        }
        let found = object.fields.iter().find(|field| field.key == part);
        let Some(found) = found else {
            return Err(unknown(part, object.fields.iter().map(|field| field.key)));
        };
        field = Some(found);
    }
    Ok(match field {
        None => page(object.name, object.doc, None, Some(object)),
        Some(field) => page(path, field.doc, Some(field), field.shape.object()),
    })
}

fn unknown<'a>(name: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    let help = suggest::help(name, "there are", names).unwrap_or_default();
    format!("there is no field `{}`; {help}", crate::shown::shown(name))
}

fn page(path: &str, doc: &str, field: Option<&Field>, below: Option<&Object>) -> String {
    let mut text = format!("# {path}\n\n{doc}\n");
    if let Some(field) = field {
        text += &format!("\ntype      {}\n", field.shape.name());
        text += match field.required {
            true => "required  yes\n",
            false => "required  no\n",
        };
        if !field.default.is_empty() {
            text += &format!("default   {}\n", field.default);
        }
        text += &format!("example   {}: {}\n", field.key, field.example);
    }
    let Some(object) = below else { return text };
    if let Some(field) = field
        && field.doc != object.doc
    {
        text += &format!("\n{}\n", object.doc);
    }
    text += "\nkeys\n";
    for field in object.fields {
        let mark = if field.required { "*" } else { " " };
        text += &format!("  {:<15}{mark} {}\n", field.key, field.shape.name());
    }
    if object.fields.iter().any(|field| field.required) {
        text += "\n* has to be there\n";
    }
    if !object.one_of.is_empty() {
        text += &format!("exactly one of: {}\n", object.one_of.join(", "));
    }
    text
}

/// The names a path can begin with.
pub fn names() -> Vec<&'static str> {
    objects().into_iter().map(|object| object.name).collect()
}

fn named(name: &str) -> Option<&'static Object> {
    objects().into_iter().find(|object| object.name.eq_ignore_ascii_case(name))
}

/// Every map with known keys, once, outer ones first.
pub(super) fn objects() -> Vec<&'static Object> {
    let mut found: Vec<&'static Object> = DOCUMENTS.iter().map(|(_, object)| *object).collect();
    let mut at = 0;
    while let Some(object) = found.get(at).copied() {
        for below in object.fields.iter().filter_map(|field| field.shape.object()) {
            if !found.iter().any(|known| std::ptr::eq(*known, below)) {
                found.push(below);
            }
        }
        at += 1;
    }
    found
}
