//! Other people's text inside our messages: escaped and cut, so that it can neither move the
//! terminal's cursor nor fill the screen.

/// The longest piece of foreign text in a message, in characters.
const SHOWN_CHARS_MAX: usize = 80;

/// The longest foreign sentence in a message, in characters.
const SENTENCE_CHARS_MAX: usize = 400;

/// A name or value: control and direction characters escaped, cut at 80 characters.
pub fn shown(text: &str) -> String {
    escaped(text, SHOWN_CHARS_MAX)
}

/// A sentence of someone else: escaped the same, cut at 400 characters.
pub fn sentence(text: &str) -> String {
    escaped(text, SENTENCE_CHARS_MAX)
}

/// A whole text as a terminal can show it: lines and tabs are kept, everything else that it would
/// obey is written as JSON writes it.
pub fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) || c.is_control() && !matches!(c, '\n' | '\t') {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

fn escaped(text: &str, chars_max: usize) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == chars_max {
            out.push('…');
            break;
        }
        if is_hidden(c) || c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Characters that make a text read differently from what it says: direction marks and overrides,
/// zero-width characters, the byte order mark, line and paragraph separators.
pub(crate) fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_shows_lines_and_obeys_nothing() {
        assert_eq!(
            inert("a\n\tb\r\u{9b}2J\u{202e}c\u{e0041}"),
            "a\n\tb\\u000d\\u009b2J\\u202ec\\udb40\\udc41"
        );
        assert_eq!(inert("grün 👩\u{200d}🔬"), "grün 👩\u{200d}🔬");
    }

    #[test]
    fn escapes_what_a_terminal_would_obey_and_cuts() {
        assert_eq!(shown("a\u{1b}[2Jb\u{202e}c\n"), "a\\u{1b}[2Jb\\u{202e}c\\n");
        assert_eq!(shown("grün"), "grün");
        assert_eq!(shown(&"x".repeat(200)).chars().count(), 81);
    }
}
