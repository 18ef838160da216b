//! Where the lines, words, sentences and paragraphs of a text begin and end.

use std::ops::Range;

/// What a text is split into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// At line breaks; empty lines are kept.
    Lines,
    /// Runs of letters and digits, with single `'` and `-` inside.
    Words,
    /// Behind `.`, `!`, `?` and `…`, and at blank lines.
    Sentences,
    /// At blank lines.
    Paragraphs,
}

/// The parts of `text` in order. With `max`, the last of them holds all of the rest.
pub fn split(text: &str, by: Unit, max: Option<u32>) -> Vec<&str> {
    let mut ranges = match by {
        Unit::Lines => lines(text),
        Unit::Words => words(text),
        Unit::Sentences => sentences(text),
        Unit::Paragraphs => paragraphs(text),
    };
    if let Some(max) = max.map(|n| n as usize)
        && ranges.len() > max
    {
        let end = ranges.last().map_or(0, |range| range.end);
        ranges.truncate(max);
        if let Some(last) = ranges.last_mut() {
            last.end = end;
        }
    }
    ranges.into_iter().filter_map(|range| text.get(range)).collect()
}

/// Lines without their breaks (`\n` or `\r\n`).
pub(crate) fn lines(text: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let from = start;
            start += line.len();
            let bare = line.strip_suffix('\n').unwrap_or(line);
            let bare = bare.strip_suffix('\r').unwrap_or(bare);
            from..from + bare.len()
        })
        .collect()
}

/// Runs of letters and digits; an apostrophe or hyphen belongs to the word if it stands between two.
pub(crate) fn words(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open: Option<Range<usize>> = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let end = at + c.len_utf8();
        let joins = matches!(c, '\'' | '\u{2019}' | '-')
            && chars.peek().is_some_and(|(_, next)| next.is_alphanumeric());
        if c.is_alphanumeric() || (joins && open.is_some()) {
            open.get_or_insert(at..end).end = end;
        } else {
            found.extend(open.take());
        }
    }
    found.extend(open);
    found
}

/// Stretches between blank lines, without the white space around them.
pub(crate) fn paragraphs(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open: Option<Range<usize>> = None;
    for line in lines(text) {
        if text.get(line.clone()).is_none_or(|line| line.trim().is_empty()) {
            found.extend(open.take());
        } else {
            open.get_or_insert(line.clone()).end = line.end;
        }
    }
    found.extend(open);
    found.into_iter().map(|range| trimmed(text, range)).collect()
}

/// Stretches that end behind `.`, `!`, `?` or `…` and white space, or with their paragraph.
pub(crate) fn sentences(text: &str) -> Vec<Range<usize>> {
    paragraphs(text).into_iter().flat_map(|paragraph| sentences_of(text, paragraph)).collect()
}

fn sentences_of(text: &str, paragraph: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = paragraph.start;
    // Whether all since the last end mark were marks, quotes and brackets that close.
    let mut ended = false;
    for (at, c) in text.get(paragraph.clone()).unwrap_or_default().char_indices() {
        let at = paragraph.start + at;
        if matches!(c, '.' | '!' | '?' | '…') {
            ended = true;
        } else if ended && c.is_whitespace() {
            found.push(trimmed(text, start..at));
            (start, ended) = (at, false);
        } else if !matches!(c, '"' | '\'' | '”' | '’' | '»' | ')' | ']') {
            ended = false;
        }
    }
    found.push(trimmed(text, start..paragraph.end));
    // A lone row of dots or a dash is no sentence.
    found
        .retain(|range| text.get(range.clone()).is_some_and(|s| s.contains(char::is_alphanumeric)));
    found
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = text.get(range.clone()).unwrap_or_default();
    let start = range.start + (part.len() - part.trim_start().len());
    start..start + part.trim().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(by: Unit, max: Option<u32>, text: &str, expected: &[&str]) {
        assert_eq!(split(text, by, max), expected);
    }

    #[test]
    fn words_keep_their_apostrophes_and_hyphens() {
        check(
            Unit::Words,
            None,
            "Don't -- re-read 'it', naïve 2nd.",
            &["Don't", "re-read", "it", "naïve", "2nd"],
        );
        check(Unit::Words, None, " … ", &[]);
    }

    #[test]
    fn lines_lose_their_breaks_only() {
        check(Unit::Lines, None, "a\r\n\n b \n", &["a", "", " b "]);
        check(Unit::Lines, None, "", &[]);
    }

    #[test]
    fn sentences_end_behind_their_marks() {
        check(
            Unit::Sentences,
            None,
            "Pi is 3.14. \"Really?\" he asked…  Yes!\n\nA heading\n\nEnd",
            &["Pi is 3.14.", "\"Really?\"", "he asked…", "Yes!", "A heading", "End"],
        );
        check(Unit::Sentences, None, "...\n\n--", &[]);
    }

    #[test]
    fn paragraphs_may_span_lines() {
        check(Unit::Paragraphs, None, "\n one\ntwo \n \t\nthree", &["one\ntwo", "three"]);
    }

    #[test]
    fn the_last_of_max_parts_holds_the_rest() {
        check(Unit::Words, Some(2), "a, b, c, d.", &["a", "b, c, d"]);
        check(Unit::Words, Some(9), "a b", &["a", "b"]);
        check(Unit::Words, Some(0), "a b", &[]);
    }
}
