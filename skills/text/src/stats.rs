//! What a text amounts to, in numbers.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::parts;

/// How fast people read, for `reading_seconds`.
const WORDS_PER_MINUTE: u64 = 200;

/// The counts of a text. The fields are those of the WIT record `statistics`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "documented in wit/world.wit, where people see it")]
pub struct Statistics {
    pub bytes: u64,
    pub characters: u64,
    pub words: u64,
    pub distinct_words: u64,
    pub lines: u64,
    pub sentences: u64,
    pub paragraphs: u64,
    pub reading_seconds: u64,
    pub longest_word: Option<String>,
    pub top_words: Vec<(String, u64)>,
}

/// Counts what is in `text`; lists the `top` most frequent words of at least `min_letters`.
pub fn statistics(text: &str, top: usize, min_letters: usize) -> Statistics {
    let words: Vec<&str> =
        parts::words(text).into_iter().filter_map(|range| text.get(range)).collect();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut longest: Option<&str> = None;
    for word in &words {
        *counts.entry(word.to_lowercase()).or_default() += 1;
        if longest.is_none_or(|longest| word.chars().count() > longest.chars().count()) {
            longest = Some(word);
        }
    }
    Statistics {
        bytes: text.len() as u64,
        characters: text.chars().count() as u64,
        words: words.len() as u64,
        distinct_words: counts.len() as u64,
        lines: parts::lines(text).len() as u64,
        sentences: parts::sentences(text).len() as u64,
        paragraphs: parts::paragraphs(text).len() as u64,
        reading_seconds: (words.len() as u64 * 60).div_ceil(WORDS_PER_MINUTE),
        longest_word: longest.map(str::to_owned),
        top_words: top_words(counts, top, min_letters),
    }
}

/// The most frequent first. The map is in alphabetical order and the sort is stable.
fn top_words(counts: BTreeMap<String, u64>, top: usize, min_letters: usize) -> Vec<(String, u64)> {
    let mut listed: Vec<_> =
        counts.into_iter().filter(|(word, _)| word.chars().count() >= min_letters).collect();
    listed.sort_by_key(|(_, count)| Reverse(*count));
    listed.truncate(top);
    listed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_everything() {
        let found = statistics("The cat saw the dög.\nThe end!\n\nTwo", 2, 1);
        let expected = Statistics {
            bytes: 35,
            characters: 34,
            words: 8,
            distinct_words: 6,
            lines: 4,
            sentences: 3,
            paragraphs: 2,
            reading_seconds: 3,
            longest_word: Some("The".to_owned()),
            top_words: vec![("the".to_owned(), 3), ("cat".to_owned(), 1)],
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn small_words_can_be_left_out_of_the_list() {
        let found = statistics("a a a bee bee cedar", 5, 3);
        assert_eq!(found.top_words, [("bee".to_owned(), 2), ("cedar".to_owned(), 1)]);
        assert_eq!(found.words, 6);
    }

    #[test]
    fn nothing_has_no_longest_word() {
        let found = statistics("", 10, 1);
        assert_eq!((found.words, found.lines, found.reading_seconds), (0, 0, 0));
        assert_eq!(found.longest_word, None);
    }
}
