//! What a node is given.

use super::environment;
use super::scope::Scope;
use crate::fields::wrong_shape;
use crate::names::field;
use crate::out::{Map, Out, Piece};
use crate::values::Values;
use crate::yaml::node::{Node, NodeKind};

/// What a node is given.
pub(super) struct Inputs<'n> {
    pub(super) mapping: Option<&'n Node>,
    /// Ids of the nodes that it is said to depend on.
    pub(super) needs: Vec<String>,
    /// The id of the node before it.
    pub(super) before: Option<String>,
}

impl Inputs<'_> {
    /// The arguments: what the mapping says, else the outputs of the nodes it depends on.
    pub(super) fn arguments(&self, scope: &Scope<'_>) -> Map {
        let values = Values { work: scope.work, names: scope, blocks: false };
        let mut with = Map::default();
        if let Some(mapping) = self.mapping {
            if !matches!(mapping.kind, NodeKind::Map(_)) {
                wrong_shape(mapping, "`input_mapping` as a map", &scope.work.notes);
            }
            for entry in mapping.entries() {
                scope.at.set(entry.value.place);
                let name = field(&entry.key.text);
                if with.has(&name) {
                    scope.work.untranslated(
                        entry.key.place,
                        &entry.key.text,
                        "another argument has the same name here",
                    );
                    continue;
                }
                with.put(name, mapped(&entry.value, &values));
            }
            return with;
        }
        with.put("input", self.whole(scope));
        with
    }

    /// All that came before as one value.
    pub(super) fn whole(&self, scope: &Scope<'_>) -> Out {
        match (self.needs.as_slice(), &self.before) {
            ([], Some(before)) => Out::hole(&scope.output(before)),
            ([], None) => Out::hole("inputs"),
            ([one], _) => Out::hole(&scope.output(one)),
            (many, _) => {
                let mut map = Map::default();
                for id in many {
                    map.put(id.clone(), Out::hole(&scope.output(id)));
                }
                map.into()
            }
        }
    }
}

/// A value of a mapping: an expression, unless it has holes or is no text.
pub(super) fn mapped(node: &Node, values: &Values<'_>) -> Piece {
    match node.text() {
        Some(text) if !text.contains("{{") && node.tag.is_none() => {
            let bare = text.trim();
            let bare = bare
                .strip_suffix("required")
                .and_then(|rest| rest.trim_end().strip_suffix('|'))
                .unwrap_or(bare);
            let bare = environment::replaced(bare, false, node.place, values.work);
            match crate::expr::translate(bare.trim(), values.names) {
                Ok(expr) => Out::hole(&expr).into(),
                Err(why) => values.work.untranslated_value(node.place, text, &why),
            }
        }
        _ => values.value(node),
    }
}
