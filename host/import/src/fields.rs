//! A map whose keys are taken one by one. What nobody took is reported when the map is let go, so
//! that no key of theirs can be forgotten.

use coldframe_lang::shown::shown;

use crate::note::{Notes, Place, codes};
use crate::yaml::node::{Entry, Key, Node, NodeKind};

/// What their manual says of the keys of one sort of map.
#[derive(Debug)]
pub(crate) struct Dictionary {
    /// `a step`, `the top level`.
    pub(crate) what: &'static str,
    /// Keys that have a counterpart: for "did you mean".
    pub(crate) known: &'static [&'static str],
    /// Keys that have none: what was lost, and what to do about it.
    pub(crate) lost: &'static [(&'static str, &'static str, &'static str)],
}

/// A map that is being read.
pub(crate) struct Fields<'n, 'w> {
    notes: &'w Notes,
    dictionaries: Vec<&'static Dictionary>,
    /// Where to point when something is missing.
    pub(crate) place: Place,
    left: Vec<&'n Entry>,
}

impl<'n, 'w> Fields<'n, 'w> {
    /// The map at a node; anything else is reported.
    pub(crate) fn of(
        node: &'n Node,
        dictionary: &'static Dictionary,
        notes: &'w Notes,
    ) -> Option<Self> {
        let NodeKind::Map(entries) = &node.kind else {
            wrong_shape(node, &format!("{} as a map", dictionary.what), notes);
            return None;
        };
        let place = entries.first().map_or(node.place, |entry| entry.key.place);
        Some(Self { notes, dictionaries: vec![dictionary], place, left: entries.iter().collect() })
    }

    /// Adds keys that this map has on top.
    pub(crate) fn and(&mut self, dictionary: &'static Dictionary) {
        self.dictionaries.push(dictionary);
    }

    /// Takes a key and its value. Who takes it answers for it.
    pub(crate) fn take_entry(&mut self, key: &str) -> Option<&'n Entry> {
        let at = self.left.iter().position(|entry| entry.key.text == key)?;
        Some(self.left.remove(at))
    }

    /// Takes the value of a key. A null counts as left away, as it does there.
    pub(crate) fn take(&mut self, key: &str) -> Option<&'n Node> {
        let entry = self.take_entry(key)?;
        let is_null = matches!(entry.value.kind, NodeKind::Null) && entry.value.tag.is_none();
        (!is_null).then_some(&entry.value)
    }

    /// Takes a text; other scalars are taken as they are written.
    pub(crate) fn take_text(&mut self, key: &str) -> Option<(&'n str, Place)> {
        let node = self.take(key)?;
        let found = node.scalar();
        if found.is_none() {
            wrong_shape(node, &format!("`{key}` as a text"), self.notes);
        }
        found.map(|text| (text, node.place))
    }

    /// Takes a boolean.
    pub(crate) fn take_bool(&mut self, key: &str) -> Option<(bool, Place)> {
        let node = self.take(key)?;
        let found = node.as_bool();
        if found.is_none() {
            wrong_shape(node, &format!("`{key}` as a boolean"), self.notes);
        }
        found.map(|value| (value, node.place))
    }

    /// Takes the value of a key that has to be there.
    pub(crate) fn require(&mut self, key: &str) -> Option<&'n Node> {
        let found = self.take(key);
        if found.is_none() {
            let what = self.dictionaries.last().map_or("it", |last| last.what);
            let message = format!("`{key}` is missing in {what}");
            let help = "complete their file, and import it again";
            self.notes.error(codes::MISSING_KEY, self.place, message, help);
        }
        found
    }

    /// Whether a key is still there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.left.iter().any(|entry| entry.key.text == key)
    }

    /// Takes everything that no dictionary knows: what goes to a kind that is code.
    pub(crate) fn take_unknown(&mut self) -> Vec<&'n Entry> {
        let dictionaries = &self.dictionaries;
        let is_known = |key: &str| {
            dictionaries.iter().any(|dictionary| {
                dictionary.known.contains(&key)
                    || dictionary.lost.iter().any(|(lost, ..)| *lost == key)
            })
        };
        let (known, unknown) =
            self.left.iter().copied().partition(|entry: &&Entry| is_known(&entry.key.text));
        self.left = known;
        unknown
    }

    fn report(&self, key: &Key) {
        let lost = self.dictionaries.iter().flat_map(|dictionary| dictionary.lost);
        if let Some((_, what, help)) = lost.clone().find(|(lost, ..)| *lost == key.text) {
            let message = format!("`{}` is left away: {what}", key.text);
            self.notes.warning(codes::UNSUPPORTED_KEY, key.place, message, *help);
            return;
        }
        let known = self.dictionaries.iter().flat_map(|dictionary| dictionary.known).copied();
        let all = known.chain(lost.map(|(key, ..)| *key));
        let what = self.dictionaries.last().map_or("it", |last| last.what);
        if all.clone().any(|known| known == key.text) {
            // A key that is known and was not asked for: it has no effect beside the others.
            let message = format!("`{}` has no effect here and is left away", key.text);
            let help = format!("{what} does not read it beside the keys that are there");
            self.notes.warning(codes::UNSUPPORTED_KEY, key.place, message, help);
            return;
        }
        let help = self.notes.suggest(&key.text, &format!("{what} has"), all);
        let message = format!(
            "{what} has no key `{}`, so it did nothing there, and it is left away",
            shown(&key.text)
        );
        self.notes.warning(codes::UNKNOWN_KEY, key.place, message, help);
    }
}

impl Drop for Fields<'_, '_> {
    fn drop(&mut self) {
        for entry in &self.left {
            self.report(&entry.key);
        }
    }
}

/// Reports something of the wrong shape.
pub(crate) fn wrong_shape(node: &Node, expected: &str, notes: &Notes) {
    if let Some(tag) = &node.tag {
        // An alias has been reported already, and has nothing to say.
        if tag.starts_with('*') {
            return;
        }
    }
    let tag = node.tag.as_deref().map(|tag| format!(" with the tag `{}`", shown(tag)));
    let message = format!("found {}{}, expected {expected}", node.what(), tag.unwrap_or_default());
    notes.error(codes::WRONG_SHAPE, node.place, message, "correct their file, and import it again");
}
