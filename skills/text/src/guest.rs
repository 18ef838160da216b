//! The component's exports: WIT types in, calls of the plain functions, WIT types out.

use crate::{parts, stats};

wit_bindgen::generate!({ world: "text", path: "wit", generate_all });

/// How many frequent words are listed where the caller names no number.
const TOP_WORDS: u32 = 10;

struct Skill;

impl Guest for Skill {
    fn stats(text: String, top: Option<u32>, min_letters: Option<u32>) -> Statistics {
        let top = top.unwrap_or(TOP_WORDS) as usize;
        let found = stats::statistics(&text, top, min_letters.unwrap_or(1) as usize);
        let word_count = |(word, count)| WordCount { word, count };
        Statistics {
            bytes: found.bytes,
            characters: found.characters,
            words: found.words,
            distinct_words: found.distinct_words,
            lines: found.lines,
            sentences: found.sentences,
            paragraphs: found.paragraphs,
            reading_seconds: found.reading_seconds,
            longest_word: found.longest_word,
            top_words: found.top_words.into_iter().map(word_count).collect(),
        }
    }

    fn split(text: String, by: Unit, max: Option<u32>) -> Vec<String> {
        let by = match by {
            Unit::Lines => parts::Unit::Lines,
            Unit::Words => parts::Unit::Words,
            Unit::Sentences => parts::Unit::Sentences,
            Unit::Paragraphs => parts::Unit::Paragraphs,
        };
        parts::split(&text, by, max).into_iter().map(str::to_owned).collect()
    }
}

export!(Skill);
