//! Lines of plain text, with no more space between words and paragraphs than there should be.

/// What stands between two pieces of text. Of several, the greatest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Gap {
    #[default]
    None,
    Space,
    /// The border of two cells of a table.
    Cell,
    /// A line break.
    Line,
    /// A blank line.
    Blank,
}

/// Levels of lists that are shown by indentation. Deeper ones would make long output of short input.
const INDENT_LEVELS_MAX: usize = 8;

/// A text that is being laid out.
#[derive(Default)]
pub(crate) struct Layout {
    out: String,
    gap: Gap,
    /// What stands before the next text, `- ` or a number.
    marker: Option<String>,
    /// How many lists are open around the next text.
    pub(crate) level: usize,
}

impl Layout {
    /// Asks for a gap before the next text.
    pub(crate) fn gap(&mut self, gap: Gap) {
        // Between a marker and its text there is none.
        if self.marker.is_none() {
            self.gap = self.gap.max(gap);
        }
    }

    /// Begins an item of a list.
    pub(crate) fn item(&mut self, marker: String) {
        self.gap(Gap::Line);
        self.marker = Some(marker);
    }

    /// Ends an item. One without text leaves nothing.
    pub(crate) fn end_item(&mut self) {
        self.marker = None;
        self.gap(Gap::Line);
    }

    /// Adds text whose white space means no more than a space.
    pub(crate) fn folded(&mut self, text: &str) {
        for (n, word) in text.split(char::is_whitespace).enumerate() {
            if n > 0 {
                self.gap(Gap::Space);
            }
            if !word.is_empty() {
                self.begin();
                self.out.push_str(word);
            }
        }
    }

    /// Adds text whose white space is kept.
    pub(crate) fn kept(&mut self, text: &str) {
        for (n, line) in text.split('\n').enumerate() {
            if n > 0 && !self.out.is_empty() {
                self.out.push('\n');
            }
            if !line.is_empty() {
                self.begin();
                self.out.push_str(line);
            }
        }
    }

    /// The text, without space at its end.
    pub(crate) fn finish(mut self) -> String {
        self.out.truncate(self.out.trim_end().len());
        self.out
    }

    /// Writes what was asked for since the last text.
    fn begin(&mut self) {
        let gap = std::mem::take(&mut self.gap);
        let marker = self.marker.take();
        if self.out.is_empty() {
            self.indent(marker.is_some());
        } else {
            self.space(gap, marker.is_some());
        }
        self.out.push_str(&marker.unwrap_or_default());
    }

    fn space(&mut self, gap: Gap, marked: bool) {
        match gap {
            Gap::None => {}
            Gap::Space => self.out.push(' '),
            Gap::Cell => self.out.push_str(" | "),
            Gap::Line | Gap::Blank => {
                // Kept text may have ended in line breaks of its own.
                self.out.truncate(self.out.trim_end().len());
                self.out.push_str(if gap == Gap::Line { "\n" } else { "\n\n" });
                self.indent(marked);
            }
        }
    }

    /// The marker of an item stands at the level around its list.
    fn indent(&mut self, marked: bool) {
        let level = self.level.saturating_sub(usize::from(marked)).min(INDENT_LEVELS_MAX);
        self.out.extend(std::iter::repeat_n("  ", level));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(build: impl Fn(&mut Layout), expected: &str) {
        let mut layout = Layout::default();
        build(&mut layout);
        assert_eq!(layout.finish(), expected);
    }

    #[test]
    fn the_greatest_gap_counts() {
        check(
            |layout| {
                layout.gap(Gap::Blank);
                layout.folded(" a ");
                layout.gap(Gap::Cell);
                layout.folded(" b\n");
                layout.gap(Gap::Blank);
                layout.gap(Gap::Line);
                layout.folded("c d");
                layout.gap(Gap::Line);
            },
            "a | b\n\nc d",
        );
    }

    #[test]
    fn markers_stand_directly_before_their_text() {
        check(
            |layout| {
                layout.level = 1;
                layout.item("- ".to_owned());
                layout.gap(Gap::Blank);
                layout.folded(" a");
                layout.gap(Gap::Line);
                layout.folded("b");
                layout.end_item();
                layout.item("- ".to_owned());
                layout.end_item();
                layout.item("- ".to_owned());
                layout.folded("c");
            },
            "- a\n  b\n- c",
        );
    }

    #[test]
    fn kept_text_keeps_its_lines() {
        check(
            |layout| {
                layout.folded("a");
                layout.gap(Gap::Blank);
                layout.kept("  b\n\n    c\n\n");
                layout.gap(Gap::Line);
                layout.folded("d");
            },
            "a\n\n  b\n\n    c\nd",
        );
    }

    #[test]
    fn indentation_ends_somewhere() {
        check(
            |layout| {
                layout.level = 1_000_000;
                layout.item("- ".to_owned());
                layout.folded("a");
            },
            &format!("{}- a", " ".repeat(2 * INDENT_LEVELS_MAX)),
        );
    }
}
