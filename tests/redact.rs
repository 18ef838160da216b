//! What differs from run to run is written the same: folders, run ids, times.

use std::path::Path;

/// `text` with everything that varies replaced by a name in brackets.
pub(crate) fn redact(text: &str, root: &Path) -> String {
    let mut text = text.replace("\r\n", "\n");
    text = text.replace(&root.display().to_string(), "[dir]");
    text = text.replace(&crate::repository().display().to_string(), "[repo]");
    let lines: Vec<String> = text.lines().map(line).collect();
    let mut text = lines.join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn line(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while !rest.is_empty() {
        if let Some((name, length)) = varying(rest, out.chars().next_back()) {
            // Columns are padded to the width of what stands here.
            while name == "[time]" && out.ends_with("  ") {
                out.pop();
            }
            out.push_str(name);
            rest = rest.get(length..).unwrap_or_default();
        } else {
            let mut chars = rest.chars();
            out.extend(chars.next());
            rest = chars.as_str();
        }
    }
    out
}

/// What varies at the front of `text`: its name and how long it is.
fn varying(text: &str, before: Option<char>) -> Option<(&'static str, usize)> {
    if before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-') {
        return None;
    }
    let id: String = text.chars().take_while(|c| c.is_ascii_hexdigit() || *c == '-').collect();
    if id.len() == 36 && id.bytes().filter(|b| *b == b'-').count() == 4 {
        return Some(("[run]", 36));
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return None;
    }
    let stamp: String =
        text.chars().take_while(|c| c.is_ascii_digit() || "-T:.Z".contains(*c)).collect();
    if stamp.len() >= 19 && stamp.contains('T') && stamp.ends_with('Z') {
        return Some(("[moment]", stamp.len()));
    }
    let tail = text.get(digits..)?;
    let fraction = match tail.strip_prefix('.') {
        Some(after) => 1 + after.bytes().take_while(u8::is_ascii_digit).count(),
        None => 0,
    };
    let unit = tail.get(fraction..)?;
    for name in [" us", " ms", " s", "ms", "µs"] {
        if let Some(after) = unit.strip_prefix(name)
            && !after.starts_with(|c: char| c.is_ascii_alphanumeric())
        {
            return Some(("[time]", digits + fraction + name.len()));
        }
    }
    None
}

/// JSON output: the value of these keys varies.
pub(crate) fn redact_json(text: &str) -> String {
    let keys = ["wall_us", "at_us", "created_us", "published"];
    let lines = text.lines().map(|line| {
        let trimmed = line.trim_start();
        let indent = &line[..line.len() - trimmed.len()];
        for key in keys {
            let start = format!("\"{key}\": ");
            if let Some(rest) = trimmed.strip_prefix(&start) {
                let comma = if rest.ends_with(',') { "," } else { "" };
                return format!("{indent}{start}[number]{comma}");
            }
        }
        line.to_owned()
    });
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() { String::new() } else { lines.join("\n") + "\n" }
}
