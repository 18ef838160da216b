//! Values of theirs to values of ours, with their templates translated.

use coldframe_lang::limits;
use coldframe_lang::shown::shown;

use crate::expr::Names;
use crate::expr::template::translate_template;
use crate::hexdag::environment;
use crate::note::{Place, codes};
use crate::out::{Map, Out, Piece};
use crate::work::Work;
use crate::yaml::node::{Entry, Node, NodeKind};

/// The most repetitions, items at a time and tries that our language takes.
pub(crate) const REPEATS_MAX: u32 = 1_000_000;
pub(crate) const SIDE_BY_SIDE_MAX: u32 = 1_024;
pub(crate) const RETRIES_MAX: u32 = 100;

/// A number from 1 that our language takes.
pub(crate) fn count(text: &str, most: u32) -> Option<u32> {
    text.parse().ok().filter(|found| (1..=most).contains(found))
}

/// Translates values at one place.
pub(crate) struct Values<'v> {
    pub(crate) work: &'v Work,
    pub(crate) names: &'v dyn Names,
    /// Whether `{{#if}}` and `\{{` are part of their templates.
    pub(crate) blocks: bool,
}

impl Values<'_> {
    /// A value with its templates. Depth is bounded by the reader.
    pub(crate) fn value(&self, node: &Node) -> Piece {
        if let Some(tag) = &node.tag {
            return self.tagged(node, tag);
        }
        match &node.kind {
            NodeKind::Text(text) => self.text(text, node.place),
            NodeKind::List(items) => {
                Out::List(items.iter().map(|item| self.value(item)).collect()).into()
            }
            NodeKind::Map(entries) => {
                let mut map = Map::default();
                for entry in writable(entries, self.work) {
                    map.put(entry.key.text.as_str(), self.value(&entry.value));
                }
                map.into()
            }
            _ => literal(node, self.work),
        }
    }

    /// A template.
    pub(crate) fn text(&self, text: &str, place: Place) -> Piece {
        let replaced = (!self.blocks).then(|| environment::replaced(text, true, place, self.work));
        match translate_template(replaced.as_deref().unwrap_or(text), self.names, self.blocks) {
            Ok(found) => found.into(),
            Err((part, why)) => {
                let part =
                    if replaced.as_deref().is_some_and(|new| new != text) { text } else { &part };
                let (name, comment) = self.work.untranslated(place, part, &why);
                let piece = Piece::from(Out::hole(&name)).comment(comment);
                if part.trim() == text.trim() {
                    piece
                } else {
                    piece.comment(self.work.was(place, text))
                }
            }
        }
    }

    /// A bare expression, or a name that nothing has.
    pub(crate) fn expr(&self, node: &Node) -> Piece {
        let text = node.scalar().unwrap_or_default();
        let bare = text.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
        let bare = bare.unwrap_or(text).trim();
        let replaced =
            (!self.blocks).then(|| environment::replaced(bare, false, node.place, self.work));
        let found = match (&node.tag, node.scalar()) {
            (None, Some(_)) => {
                crate::expr::translate(replaced.as_deref().unwrap_or(bare), self.names)
            }
            _ => Err(format!("it is {}", node.what())),
        };
        match found {
            Ok(found) => found.into(),
            Err(why) => {
                let original = if node.scalar().is_some() { text } else { node.what() };
                let (name, comment) = self.work.untranslated(node.place, original, &why);
                Piece::from(name).comment(comment)
            }
        }
    }

    fn tagged(&self, node: &Node, tag: &str) -> Piece {
        let original = format!("{tag} {}", node.scalar().unwrap_or_default());
        self.work.untranslated_value(
            node.place,
            &original,
            "nothing is included, run or repeated while a pipeline is read",
        )
    }
}

/// The entries of a map of data that a map of ours can have. `{{` and `${` mean something to our
/// reader, only values may have them, and no escape takes that meaning from a key; nor does it take
/// a key without characters. What stands under such a key is left away with a note.
fn writable<'n>(entries: &'n [Entry], work: &Work) -> impl Iterator<Item = &'n Entry> {
    entries.iter().filter(|Entry { key, .. }| {
        let why = match key.text.as_str() {
            "" => "no key of a map may be empty here",
            text if text.contains("{{") => "no key of a map may have `{{` here",
            text if text.contains("${") => "no key of a map may have `${` here",
            _ => return true,
        };
        let message = format!("the entry `{}` is left away: {why}", shown(&key.text));
        let help = "rename the key in their file, and import it again";
        work.notes.error(codes::UNSUPPORTED_KEY, key.place, message, help);
        false
    })
}

/// A value as it stands; braces in its texts mean nothing.
pub(crate) fn literal(node: &Node, work: &Work) -> Piece {
    let value = match &node.kind {
        NodeKind::Null => Out::Null,
        NodeKind::Bool(value) => Out::Bool(*value),
        NodeKind::Number(text) => Out::Bare(text.clone()),
        NodeKind::Text(text) => Out::Text(crate::expr::template::escape(text)),
        NodeKind::List(items) => Out::List(items.iter().map(|item| literal(item, work)).collect()),
        NodeKind::Map(entries) => {
            let mut map = Map::default();
            for entry in writable(entries, work) {
                map.put(entry.key.text.as_str(), literal(&entry.value, work));
            }
            map.into()
        }
    };
    value.into()
}

/// Seconds, or a number with a unit, as a duration of ours.
pub(crate) fn duration(text: &str) -> Option<String> {
    let text = text.trim();
    let out = match text.strip_suffix('d') {
        Some(days) => format!("{}h", days.trim().parse::<u64>().ok()?.checked_mul(24)?),
        None => {
            let unit = text.find(|c: char| c.is_ascii_alphabetic());
            let (number, unit) = unit.map_or((text, "s"), |at| text.split_at(at));
            format!("{}{unit}", number.trim())
        }
    };
    // A timeout may be shorter than a limit, and a limit finer than a timeout.
    let fits = limits::wall(&out).is_ok() && limits::duration("timeout", &out).is_ok();
    fits.then_some(out)
}
