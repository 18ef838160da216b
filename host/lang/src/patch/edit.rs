//! The patch on the written document. Whoever changes an item gives up its lines in the text; all
//! others keep theirs.

use super::operation::Operation;
use super::pointer::{Pointer, index};
use super::written;
use crate::fmt::scalar;
use crate::fmt::tree::{Collection, Item, Written};

/// Applies one operation that the plain value has already taken. `None` where the document is not
/// what the value says.
pub(super) fn apply(root: &mut Item, operation: &Operation) -> Option<()> {
    match operation {
        Operation::Add { path, value } => add(root, path, Item::new(None, written::value(value))),
        Operation::Remove { path } => remove(root, path).map(|_| ()),
        Operation::Replace { path, value } => {
            let item = find(root, &path.tokens)?;
            item.value = written::value(value);
            item.below.clear();
            Some(())
        }
        Operation::Move { from, path } => {
            let mut item = remove(root, from)?;
            item.source = None;
            unplace(&mut item.value);
            item.key = None;
            add(root, path, item)
        }
        Operation::Copy { from, path } => {
            let value = plain(&look(root, &from.tokens)?.value)?;
            add(root, path, Item::new(None, value))
        }
        Operation::Test { .. } => Some(()),
    }
}

/// The place a new item of a list gets.
pub(super) fn place(token: &str, length: usize) -> Option<usize> {
    if token == "-" { Some(length) } else { index(token).filter(|index| *index <= length) }
}

/// The item at a place; those on the way are no longer what the text says.
fn find<'i>(root: &'i mut Item, tokens: &[String]) -> Option<&'i mut Item> {
    let mut at = root;
    for token in tokens {
        let Written::Collection(found) = &mut at.value else { return None };
        let index = position(found, token)?;
        at = found.items.get_mut(index)?;
        at.source = None;
    }
    Some(at)
}

/// The item at a place.
fn look<'i>(root: &'i Item, tokens: &[String]) -> Option<&'i Item> {
    let mut at = root;
    for token in tokens {
        let Written::Collection(found) = &at.value else { return None };
        at = found.items.get(position(found, token)?)?;
    }
    Some(at)
}

fn position(found: &Collection, token: &str) -> Option<usize> {
    if found.is_map {
        let named = |item: &Item| item.key.as_ref().is_some_and(|(_, name)| name == token);
        return found.items.iter().position(named);
    }
    index(token).filter(|index| *index < found.items.len())
}

fn add(root: &mut Item, path: &Pointer, mut new: Item) -> Option<()> {
    let Some((last, parents)) = path.tokens.split_last() else {
        root.value = new.value;
        return Some(());
    };
    let holder = find(root, parents)?;
    let Written::Collection(found) = &mut holder.value else { return None };
    if found.items.is_empty() {
        // `{}` and `[]` say nothing on how their author would write more.
        found.column = None;
        found.flow = found.is_map
            || !matches!(&new.value, Written::Collection(Collection { is_map: true, .. }));
    }
    if !found.is_map {
        if !found.flow
            && let Written::Collection(inner) = &mut new.value
        {
            // A step is written like the steps around it.
            inner.flow = inner.flow && !inner.is_map || inner.items.is_empty();
        }
        found.items.insert(place(last, found.items.len())?, new);
        return Some(());
    }
    if let Some(index) = position(found, last) {
        let item = found.items.get_mut(index)?;
        item.source = None;
        item.value = new.value;
        item.below.clear();
        return Some(());
    }
    new.key = Some((scalar::text(last, true), last.clone()));
    found.items.push(new);
    Some(())
}

fn remove(root: &mut Item, path: &Pointer) -> Option<Item> {
    let Some((last, parents)) = path.tokens.split_last() else {
        let value = std::mem::replace(&mut root.value, Written::Nothing);
        return Some(Item::new(None, value));
    };
    let holder = find(root, parents)?;
    let Written::Collection(found) = &mut holder.value else { return None };
    let item = found.items.remove(position(found, last)?);
    if found.items.is_empty() {
        found.flow = true;
        holder.below.append(&mut found.foot);
    }
    Some(item)
}

/// Gives up the lines it has in the text, as it will stand elsewhere.
fn unplace(value: &mut Written) {
    if let Written::Collection(found) = value {
        found.column = None;
        for item in &mut found.items {
            item.source = None;
            unplace(&mut item.value);
        }
    }
}

/// A copy without comments.
fn plain(value: &Written) -> Option<Written> {
    Some(match value {
        Written::Nothing => Written::Nothing,
        Written::Scalar(found) => Written::Scalar(found.clone()),
        Written::Collection(found) => {
            let items = found
                .items
                .iter()
                .map(|item| Some(Item::new(item.key.clone(), plain(&item.value)?)));
            Written::Collection(Collection {
                is_map: found.is_map,
                flow: found.flow,
                column: None,
                items: items.collect::<Option<_>>()?,
                foot: Vec::new(),
            })
        }
    })
}
