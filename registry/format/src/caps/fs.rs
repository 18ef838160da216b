//! One line of an `fs` capability: `read FOLDER` or `write FOLDER`.
//!
//! Folders are named from the project's own folder, which no grant can leave: a pipeline that
//! somebody else wrote reaches no file of the machine it runs on. `write` includes `read`.

use std::fmt;

use super::line::{self, GrantLine};

/// The deepest folder that can be named.
const DEPTH_MAX: usize = 32;

/// `read data/in`: which files are allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FsGrant {
    /// Whether files may be made, changed and removed too.
    pub write: bool,
    /// The folder, its parts joined by `/`; `None` for `*`, every folder there is. That is for the
    /// ceilings of skills that work wherever they are told to.
    pub folder: Option<String>,
}

impl FsGrant {
    /// Whether a file or folder may be read or, with `write`, changed. `path` is canonical: parts
    /// joined by `/`, none of them empty, `.` or `..`.
    pub fn allows(&self, write: bool, path: &str) -> bool {
        (self.write || !write) && self.folder.as_deref().is_none_or(|folder| below(path, folder))
    }
}

/// Whether `path` is `folder` or something in it.
fn below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The one spelling of a path inside the project, or why it is none.
pub fn canonical_path(text: &str) -> Result<String, &'static str> {
    if text.starts_with('/') {
        return Err("the path is not relative to the project");
    }
    if text.bytes().any(|b| b == b'\\' || b == b':' || b.is_ascii_control()) {
        return Err("the path has a backslash, a colon or a control character");
    }
    let mut parts = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err("the path has a `..`"),
            part => parts.push(part),
        }
    }
    if parts.is_empty() {
        return Err("the path names the project itself, expected something in it");
    }
    if parts.len() > DEPTH_MAX {
        return Err("the path is more than 32 folders deep");
    }
    Ok(parts.join("/"))
}

impl GrantLine for FsGrant {
    const WHAT: &'static str = "a grant of files";
    const SHAPE: &'static str = "read|write FOLDER";
    const EXAMPLE: &'static str = "read data/in";

    fn read(text: &str) -> Result<Self, &'static str> {
        let (mode, folder) = text.split_once(' ').ok_or("it names no folder")?;
        let write = match mode {
            "read" => false,
            "write" => true,
            _ => return Err("it begins with neither `read` nor `write`"),
        };
        if folder == "*" {
            return Ok(Self { write, folder: None });
        }
        if folder.contains('*') {
            return Err("`*` stands beside something else");
        }
        if folder.trim() != folder {
            return Err("it has a space too many");
        }
        canonical_path(folder).map(|folder| Self { write, folder: Some(folder) })
    }

    fn is_within(&self, ceiling: &Self) -> bool {
        let folder = match (&self.folder, &ceiling.folder) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(other)) => below(own, other),
        };
        folder && (ceiling.write || !self.write)
    }

    /// `write *` and `read data` allow reading `data` together.
    fn both(&self, other: &Self) -> Option<Self> {
        let folder = match (&self.folder, &other.folder) {
            (None, folder) | (folder, None) => folder.clone(),
            (Some(a), Some(b)) if below(a, b) => Some(a.clone()),
            (Some(a), Some(b)) if below(b, a) => Some(b.clone()),
            _ => return None,
        };
        Some(Self { write: self.write && other.write, folder })
    }
}

impl fmt::Display for FsGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if self.write { "write" } else { "read" };
        write!(f, "{mode} {}", self.folder.as_deref().unwrap_or("*"))
    }
}

line::text!(FsGrant);

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(text: &str) -> FsGrant {
        text.parse().unwrap()
    }

    #[test]
    fn prints_what_it_read_in_one_spelling() {
        for (text, expected) in [
            ("read data", "read data"),
            ("write ./out//a/", "write out/a"),
            ("read *", "read *"),
            ("read My Files", "read My Files"),
        ] {
            assert_eq!(grant(text).to_string(), expected);
            assert_eq!(grant(expected), grant(text));
        }
    }

    #[test]
    fn refuses_everything_ambiguous() {
        for (text, why) in [
            ("", "it names no folder"),
            ("data", "it names no folder"),
            ("rw data", "it begins with neither `read` nor `write`"),
            ("Read data", "it begins with neither `read` nor `write`"),
            ("read  data", "it has a space too many"),
            ("read /etc", "the path is not relative to the project"),
            ("read ../x", "the path has a `..`"),
            ("read a/../b", "the path has a `..`"),
            ("read .", "the path names the project itself, expected something in it"),
            ("read a\\b", "the path has a backslash, a colon or a control character"),
            ("read C:x", "the path has a backslash, a colon or a control character"),
            ("read a/*", "`*` stands beside something else"),
            ("read a\nb", "the path has a backslash, a colon or a control character"),
            ("read dаta", "it has characters outside of ASCII"),
        ] {
            let found = text.parse::<FsGrant>().map_err(|error| error.why);
            assert_eq!(found, Err(why), "{text}");
        }
    }

    #[test]
    fn allows_only_what_it_says() {
        for (text, write, path, expected) in [
            ("read data", false, "data", true),
            ("read data", false, "data/a/b", true),
            ("read data", false, "database", false),
            ("read data/in", false, "data", false),
            ("read data", true, "data/a", false),
            ("write data", false, "data/a", true),
            ("write data", true, "data/a", true),
            ("write *", true, "a", true),
        ] {
            assert_eq!(grant(text).allows(write, path), expected, "{text}: {path}");
        }
    }

    #[test]
    fn within_and_both() {
        for (a, b, within, both) in [
            ("read a", "read a", true, Some("read a")),
            ("read a", "write a", true, Some("read a")),
            ("write a", "read a", false, Some("read a")),
            ("read a/b", "read a", true, Some("read a/b")),
            ("read a", "write a/b", false, Some("read a/b")),
            ("read a", "read ab", false, None),
            ("read a", "write *", true, Some("read a")),
            ("write *", "read a", false, Some("read a")),
        ] {
            assert_eq!(grant(a).is_within(&grant(b)), within, "{a} in {b}");
            assert_eq!(
                grant(a).both(&grant(b)).map(|g| g.to_string()).as_deref(),
                both,
                "{a}, {b}"
            );
        }
    }
}
