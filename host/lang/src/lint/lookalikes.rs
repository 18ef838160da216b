//! W208: names that differ only by `_`.

use std::collections::BTreeMap;

use super::Report;
use super::context::Context;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::yaml::node::NodeKind;

pub(super) fn check(context: &Context<'_>, code: &'static Code, report: &mut Report) {
    let mut seen: BTreeMap<String, (String, Span)> = BTreeMap::new();
    let mut names = Vec::new();
    if let Some(NodeKind::Map(entries)) = context.root.get("inputs").map(|node| &node.kind) {
        names.extend(entries.iter().map(|entry| (entry.key.text.clone(), entry.key.span)));
    }
    for (path, node) in context.values() {
        let is_step = path.ends_with(']') && path.contains("steps[");
        if let Some(id) = node.get("id").filter(|_| is_step).and_then(|id| id.as_text()) {
            names.push((id.text.clone(), id.span));
        }
    }
    names.sort_by_key(|(_, span)| *span);
    for (name, span) in names {
        let plain: String =
            name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect();
        match seen.get(&plain) {
            Some((other, first)) if *other != name => report.push(
                Diagnostic::new(code, span, format!("`{name}` differs from `{other}` only by `_`"))
                    .label(*first, "the other one")
                    .help("give one of them a name that cannot be mistaken"),
            ),
            Some(_) => {}
            None => {
                seen.insert(plain, (name, span));
            }
        }
    }
}
