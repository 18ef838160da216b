//! Block scalars, `|` and `>`: their lines without indentation.

use super::scalar::quoted;
use super::tree::Scalar;

/// A block scalar and how much of the text it takes.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) scalar: Scalar,
    /// Bytes, from the `|` to the end of its last line.
    pub(super) length: usize,
    /// Behind the `|`.
    pub(super) comment: Option<String>,
}

/// Reads the block scalar that `text` begins with and that says `value`.
pub(super) fn read(text: &str, value: &str) -> Option<Found> {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next()?;
    let (header, comment) = match first.split_once('#') {
        Some((header, comment)) => (header, Some(format!("#{}", comment.trim_end()))),
        None => (first, None),
    };
    let header = header.trim_end();
    let folded = header.starts_with('>');
    let chomp = header.chars().find(|c| matches!(c, '+' | '-'));
    let told = header.contains(|c: char| c.is_ascii_digit());
    let rest: Vec<&str> = lines.collect();
    if value.contains(' ') && value.trim_matches([' ', '\n']).is_empty() {
        // Nothing but spaces: their number shows only between quotes.
        let blank = rest.iter().take_while(|line| is_blank(line));
        let length = first.len() + blank.map(|line| line.len()).sum::<usize>();
        let scalar = Scalar::Raw { lines: vec![quoted(value)], text: None };
        return Some(Found { scalar, length, comment });
    }
    let indent = indentation(&rest, value, told)?;
    // What is less indented and not blank belongs to what follows.
    let inside = |line: &&&str| is_blank(line) || spaces(line) >= indent;
    let mut count = rest.iter().take_while(inside).count();
    // Empty lines at the end count only where they are kept. Spaces beyond the indentation do count.
    let empty = |line: &&str| is_blank(line) && spaces(line) <= indent;
    while chomp != Some('+') && count > 0 && rest.get(count - 1).is_some_and(empty) {
        count -= 1;
    }
    // The file may end in spaces without a line break. Those are no line to keep, except where the
    // text has no other: the reader counts that one.
    let open = |line: &&str| !line.ends_with('\n') && empty(line);
    if count > 1 && rest.get(count - 1).is_some_and(open) {
        count -= 1;
    }
    let taken = rest.get(..count)?;
    let length = first.len() + taken.iter().map(|line| line.len()).sum::<usize>();
    let own: Vec<String> = taken
        .iter()
        .map(|line| {
            line.trim_end_matches(['\n', '\r']).get(indent..).unwrap_or_default().to_owned()
        })
        .collect();
    let told = own.iter().find(|line| !line.is_empty()).is_some_and(|line| line.starts_with(' '));
    Some(Found { scalar: Scalar::Block { folded, chomp, told, lines: own }, length, comment })
}

/// How far its lines are indented.
fn indentation(lines: &[&str], value: &str, told: bool) -> Option<usize> {
    let first = lines.iter().find(|line| !is_blank(line));
    if value.trim_matches('\n').is_empty() {
        // No line of its own has anything on it, so the first that has is less indented.
        let blank = lines.iter().take_while(|line| is_blank(line)).map(|line| spaces(line)).max();
        return Some(blank.unwrap_or_default().max(first.map_or(0, |line| spaces(line) + 1)));
    }
    let first = first?;
    if !told {
        return Some(spaces(first));
    }
    // The digit counts from what is around, which the value tells as well.
    let said = value.split('\n').find(|line| !line.trim().is_empty())?;
    spaces(first).checked_sub(spaces(said))
}

fn spaces(line: &str) -> usize {
    line.bytes().take_while(|b| *b == b' ').count()
}

fn is_blank(line: &str) -> bool {
    line.trim_matches([' ', '\n', '\r']).is_empty()
}
