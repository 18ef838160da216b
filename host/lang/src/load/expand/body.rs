//! The block that a use of a macro comes to.

use super::arguments::Argument;
use crate::load::macros::{Macro, PARAMS};
use crate::source::Span;
use crate::yaml::node::{Entry, Node, NodeKind, Text};

/// The macro's steps and a step with its arguments, at places that are moved by `base`.
pub(super) fn body<'n>(
    used: &Macro<'n>,
    arguments: Vec<(&'n str, Argument<'n>)>,
    base: usize,
) -> Node {
    let declared = used.declared.moved(base);
    let mut steps = used.steps.moved(base);
    // Behind the others, so that these keep their places. Order comes from references.
    if let NodeKind::List(items) = &mut steps.kind
        && !used.parameters.is_empty()
    {
        let values = arguments.into_iter().map(|(name, argument)| match argument {
            Argument::Given(span, value) => Entry { key: Text::made(name, span), value },
            Argument::Default(span, value) => {
                Entry { key: Text::made(name, span.moved(base)), value: as_data(value.moved(base)) }
            }
        });
        let set = Node { span: declared, kind: NodeKind::Map(values.collect()) };
        let id = NodeKind::String(Text::made(PARAMS, declared));
        let entries = vec![
            Entry { key: Text::made("id", declared), value: Node { span: declared, kind: id } },
            Entry { key: Text::made("set", declared), value: set },
        ];
        items.push(Node { span: declared, kind: NodeKind::Map(entries) });
    }
    let key = |text: &str| Text::made(text, used.span.moved(base));
    let entries = vec![
        Entry { key: key("steps"), value: steps },
        Entry { key: key("output"), value: used.output.moved(base) },
    ];
    Node { span: used.span.moved(base), kind: NodeKind::Map(entries) }
}

/// A value in which nothing is a hole.
fn as_data(mut node: Node) -> Node {
    match &mut node.kind {
        NodeKind::String(text) => text.data = std::iter::once(0..text.text.len()).collect(),
        NodeKind::List(items) => {
            *items = std::mem::take(items).into_iter().map(as_data).collect();
        }
        NodeKind::Map(entries) => {
            for entry in entries {
                let value = std::mem::replace(
                    &mut entry.value,
                    Node { span: Span::default(), kind: NodeKind::Null },
                );
                entry.value = as_data(value);
            }
        }
        _ => {}
    }
    node
}
