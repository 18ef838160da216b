//! Text that came from a guest, made fit for a log, a terminal or a prompt.
//!
//! Trap texts, names in the name section, log lines and error messages are attacker's bytes: they
//! can carry terminal escapes, forged log lines and text that runs backwards.

/// One line of at most about `bytes_max` bytes: control, format and line-breaking characters are
/// written as escapes, and a cut is marked.
pub(crate) fn line(text: &str, bytes_max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(bytes_max));
    for c in text.chars() {
        if out.len() >= bytes_max {
            out.push('…');
            break;
        }
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Whether a character acts on the text around it instead of showing itself.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(line(text, 60), expected);
    }

    #[test]
    fn what_shows_itself_stays() {
        check("plain `text` 100 % äöü 漢字 🦀", "plain `text` 100 % äöü 漢字 🦀");
    }

    #[test]
    fn what_acts_is_escaped() {
        check("a\nb\r\tc", "a\\nb\\r\\tc");
        check("\u{1b}[31mEVIL\0", "\\u{1b}[31mEVIL\\u{0}");
        check("\u{202e}abc\u{200b}\u{feff}", "\\u{202e}abc\\u{200b}\\u{feff}");
        check("\u{85}\u{2028}\u{e0041}", "\\u{85}\\u{2028}\\u{e0041}");
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        assert_eq!(line("abcdef", 3), "abc…");
        assert_eq!(line("abc", 3), "abc");
        assert_eq!(line(&"\u{1b}".repeat(1000), 10), "\\u{1b}\\u{1b}…");
    }
}
