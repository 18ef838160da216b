//! Large values are kept once: long texts leave a record on its way into the file and come back on its
//! way out of it.
//!
//! A text of more than [`TEXT_BYTES_MAX`] stands in the table `blobs`, and in its place in the record
//! stands `{"$blob":"sha256:…"}`. So that nothing else looks like that, keys of a split record that are
//! `$blob` with any number of `$` have one more of them. Keys themselves stay where they are. What is
//! split is the text that serde_json wrote, and what is joined is that text again, byte for byte, so
//! that nobody above the store can tell.

use std::collections::BTreeMap;

use coldframe_engine::Blob;
use coldframe_format::Digest;

/// The longest text that stays in its record, bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 64 << 10;

/// The key of what stands for a text.
const KEY: &str = "$blob";

/// A record without its long texts.
#[derive(Debug, PartialEq)]
pub(crate) struct Split {
    pub(crate) text: String,
    pub(crate) blobs: Vec<Blob>,
}

/// Takes the long texts out of a record as serde_json wrote it. `None` where there are none, which
/// costs nothing where the whole record is no longer than one.
pub(crate) fn split(record: &str) -> Option<Split> {
    split_at(record, TEXT_BYTES_MAX)
}

fn split_at(record: &str, max: usize) -> Option<Split> {
    if record.len() <= max {
        return None;
    }
    let mut blobs = BTreeMap::new();
    let mut text = String::new();
    let mut rest = record;
    while let Some((before, literal, after)) = next_literal(rest) {
        text.push_str(before);
        rest = after;
        if is_key(after) {
            if is_marked(literal) {
                text.push_str("\"$");
                text.push_str(literal.get(1..).unwrap_or_default());
            } else {
                text.push_str(literal);
            }
        } else if let Some(long) = long_text(literal, max) {
            let digest = Digest::of(long.as_bytes());
            text.push_str(&format!("{{\"{KEY}\":\"{digest}\"}}"));
            blobs.entry(digest).or_insert_with(|| long.into_bytes());
        } else {
            text.push_str(literal);
        }
    }
    if blobs.is_empty() {
        return None;
    }
    text.push_str(rest);
    let blobs = blobs.into_iter().map(|(digest, bytes)| Blob { digest, bytes }).collect();
    Some(Split { text, blobs })
}

/// Puts the texts back into a record that was split, each from `find`. What is wrong is a sentence
/// that names the text.
pub(crate) fn join<E: From<String>>(
    record: &str,
    mut find: impl FnMut(Digest) -> Result<Option<Vec<u8>>, E>,
) -> Result<String, E> {
    let mut text = String::with_capacity(record.len());
    let mut rest = record;
    while let Some((before, literal, after)) = next_literal(rest) {
        text.push_str(before);
        rest = after;
        if !is_key(after) || !is_marked(literal) {
            text.push_str(literal);
        } else if let Some(fewer) = literal.strip_prefix("\"$$") {
            text.push_str("\"$");
            text.push_str(fewer);
        } else {
            let (digest, behind) = marker(after)
                .filter(|_| text.ends_with('{'))
                .ok_or_else(|| format!("there is a `{KEY}` in it that names nothing"))?;
            let bytes = find(digest)?
                .ok_or_else(|| format!("its value `{digest}` is missing from the table `blobs`"))?;
            let wrong = || format!("its value `{digest}` in the table `blobs` is not what it was");
            if Digest::of(&bytes) != digest {
                return Err(wrong().into());
            }
            let long = String::from_utf8(bytes).map_err(|_| wrong())?;
            let long = serde_json::to_string(&long).map_err(|_| wrong())?;
            text.pop();
            text.push_str(&long);
            rest = behind;
        }
    }
    text.push_str(rest);
    Ok(text)
}

/// What is before the next string literal, the literal with its quotes, and what is behind it.
fn next_literal(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find('"')?;
    let (before, from) = text.split_at_checked(start)?;
    let bytes = from.as_bytes();
    let mut at = 1;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        if bytes.get(at) == Some(&b'"') {
            break;
        }
        // The stroke and what it escapes; the digits of `\u` are letters like others.
        at += 2;
    }
    let (literal, after) = from.split_at_checked(at + 1)?;
    Some((before, literal, after))
}

fn is_key(after: &str) -> bool {
    after.starts_with(':')
}

/// Whether a literal is `$blob` with any number of `$`, one at least.
fn is_marked(literal: &str) -> bool {
    let key = literal.strip_prefix('"').and_then(|key| key.strip_suffix('"'));
    key.is_some_and(|key| key.starts_with('$') && key.trim_start_matches('$') == &KEY[1..])
}

/// The text of a literal, where it is a long one.
fn long_text(literal: &str, max: usize) -> Option<String> {
    // Written out it is never shorter than it is.
    if literal.len() <= max {
        return None;
    }
    serde_json::from_str::<String>(literal).ok().filter(|text| text.len() > max)
}

/// The digest behind our key, and what is behind the object.
fn marker(after: &str) -> Option<(Digest, &str)> {
    let (digest, behind) = after.strip_prefix(":\"")?.split_once("\"}")?;
    Some((digest.parse().ok()?, behind))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// A text is long from here on in these tests.
    const MAX: usize = 8;

    fn found(split: &Split) -> impl FnMut(Digest) -> Result<Option<Vec<u8>>, String> + '_ {
        |digest| {
            let blob = split.blobs.iter().find(|blob| blob.digest == digest);
            Ok(blob.map(|blob| blob.bytes.clone()))
        }
    }

    #[track_caller]
    fn check(value: &Value, expected: &str) {
        let text = value.to_string();
        let split = split_at(&text, MAX).unwrap();
        let shown = split.blobs.iter().fold(split.text.clone(), |shown, blob| {
            shown.replace(&blob.digest.to_string(), &format!("#{}", blob.bytes.len()))
        });
        assert_eq!(shown, expected);
        assert_eq!(join(&split.text, found(&split)), Ok(text));
    }

    #[test]
    fn only_long_texts_leave() {
        check(&json!("123456789"), r##"{"$blob":"#9"}"##);
        check(&json!(["12345678", "123456789"]), r##"["12345678",{"$blob":"#9"}]"##);
        // Once, however often it is there.
        let twice = json!(["123456789", {"a": "123456789"}]);
        check(&twice, r##"[{"$blob":"#9"},{"a":{"$blob":"#9"}}]"##);
        assert_eq!(split_at(&twice.to_string(), MAX).unwrap().blobs.len(), 1);
        // The length is that of the text, not of how it is written.
        assert_eq!(split_at(&json!(["\u{1}\u{1}\u{1}\u{1}"]).to_string(), MAX), None);
        check(&json!("\"\\\n\u{1}\u{e9}\u{1F980}"), r##"{"$blob":"#10"}"##);
        // Keys stay, and numbers are no texts.
        assert_eq!(split_at(r#"{"123456789":1234567890123}"#, MAX), None);
    }

    #[test]
    fn what_looks_like_ours_is_not() {
        let long = "123456789";
        check(&json!([{"$blob": 1}, long]), r##"[{"$$blob":1},{"$blob":"#9"}]"##);
        check(&json!([{"$$blob": "$blob"}, long]), r##"[{"$$$blob":"$blob"},{"$blob":"#9"}]"##);
        check(&json!([{"blob": 1, "$blobs": 2, "$": 3}, long]), {
            r##"[{"$":3,"$blobs":2,"blob":1},{"$blob":"#9"}]"##
        });
        check(&json!({"$blob": long}), r##"{"$$blob":{"$blob":"#9"}}"##);
        // Without a long text nothing is touched.
        assert_eq!(split_at(r#"{"$blob":"sha256:0"}"#, MAX), None);
    }

    #[test]
    fn at_its_real_length() {
        let just = json!({"a": "x".repeat(TEXT_BYTES_MAX)}).to_string();
        assert_eq!(split(&just), None);
        let over = json!({"a": "x".repeat(TEXT_BYTES_MAX + 1)}).to_string();
        assert!(split(&over).is_some_and(|split| split.text.len() < 100));
    }

    #[track_caller]
    fn damaged(text: &str, bytes: Option<&[u8]>, expected: &str) {
        let digest = Digest::of(b"abc").to_string();
        let found = join::<String>(&text.replace('#', &digest), |_| Ok(bytes.map(<[u8]>::to_vec)));
        assert_eq!(found.map_err(|error| error.replace(&digest, "#")), Err(expected.to_owned()));
    }

    #[test]
    fn what_is_damaged_is_said() {
        let missing = "its value `#` is missing from the table `blobs`";
        damaged(r##"{"$blob":"#"}"##, None, missing);
        let changed = "its value `#` in the table `blobs` is not what it was";
        damaged(r##"{"$blob":"#"}"##, Some(b"abd"), changed);
        let nothing = "there is a `$blob` in it that names nothing";
        for text in [
            r#"{"$blob":"sha256:0"}"#,
            r#"{"$blob":1}"#,
            r#"{"$blob":"#,
            r##"{"a":1,"$blob":"#"}"##,
            r##"{"$blob":"#","a":1}"##,
            r##""$blob":"#"}"##,
        ] {
            damaged(text, Some(b"abc"), nothing);
        }
        // What is cut off is left for whoever parses it.
        assert_eq!(join::<String>("{\"a", |_| Ok(None)), Ok("{\"a".to_owned()));
        assert_eq!(join::<String>("\"\\", |_| Ok(None)), Ok("\"\\".to_owned()));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let key = prop_oneof![
            Just("$blob".to_owned()),
            Just("$$blob".to_owned()),
            Just("$$$blob".to_owned()),
            any::<String>(),
        ];
        let digest = Digest::of(b"abc").to_string();
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[\"\\\\$:{}x]{0,24}".prop_map(Value::from),
            Just(Value::from(digest)),
            key.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 60, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((key.clone(), inner), 0..4)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    fn longest(value: &Value) -> usize {
        match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(longest).max().unwrap_or(0),
            Value::Object(fields) => fields.values().map(longest).max().unwrap_or(0),
            _ => 0,
        }
    }

    proptest! {
        #[test]
        fn what_is_split_is_joined(value in any_json(), max in 0_usize..40) {
            let text = value.to_string();
            match split_at(&text, max) {
                None => prop_assert!(longest(&value) <= max),
                Some(split) => {
                    prop_assert!(longest(&value) > max);
                    prop_assert!(split.blobs.iter().all(|blob| blob.bytes.len() > max));
                    prop_assert!(serde_json::from_str::<Value>(&split.text).is_ok());
                    prop_assert_eq!(join(&split.text, found(&split)), Ok(text));
                }
            }
        }

        #[test]
        fn whatever_is_in_the_file_is_no_panic(text in "[\"\\\\$blo:{}a-f0-9]{0,40}") {
            let _ = join::<String>(&text, |_| Ok(Some(b"abc".to_vec())));
        }
    }
}
