//! The promises in `SECURITY.md`: behind each stands what shows it, and that has to be there.

use std::path::Path;

use anyhow::Context as _;
use xshell::{Shell, cmd};

const DOCUMENT: &str = "SECURITY.md";
const MARKS: [&str; 2] = ["<!-- begin: promises -->", "<!-- end: promises -->"];
const PROMISES: usize = 12;

/// Finds lines of the table that name nothing, and names of tests that are not there.
pub(crate) fn check(shell: &Shell, problems: &mut Vec<String>) -> anyhow::Result<()> {
    let document = shell.read_file(DOCUMENT)?;
    let tests = Tests::of(shell)?;
    let rows = rows(&document).with_context(|| format!("{DOCUMENT} has no table of promises"))?;
    if rows.len() != PROMISES {
        problems.push(format!("{DOCUMENT} has {} promises, expected {PROMISES}", rows.len()));
    }
    for (number, names) in rows {
        if names.is_empty() {
            problems.push(format!("{DOCUMENT}: nothing shows promise {number}"));
        }
        for name in names {
            if !tests.have(&name) {
                problems.push(format!(
                    "{DOCUMENT}: promise {number} names the test `{name}`, which is not there"
                ));
            }
        }
    }
    Ok(())
}

/// Each line of the table: what stands first, and what the last cell names between backticks.
fn rows(document: &str) -> Option<Vec<(String, Vec<String>)>> {
    let [begin, end] = MARKS;
    let table = document.split_once(begin)?.1.split_once(end)?.0;
    let lines = table.lines().filter(|line| line.starts_with("| I"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let (first, last) = (cells.first()?, cells.last()?);
        let names = last.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        Some(((*first).to_owned(), names))
    };
    lines.map(row).collect()
}

/// Everything that can be named.
struct Tests {
    /// Every `.rs` file of the repository.
    sources: Vec<String>,
    /// Those that hold the attacks.
    attacks: Vec<String>,
    /// Every `.case` file, from `tests/cases` on.
    cases: Vec<String>,
}

impl Tests {
    fn of(shell: &Shell) -> anyhow::Result<Self> {
        let list =
            cmd!(shell, "git ls-files --cached --others --exclude-standard").quiet().read()?;
        let (mut sources, mut attacks, mut cases) = (Vec::new(), Vec::new(), Vec::new());
        for path in list.lines().filter(|path| Path::new(path).exists()) {
            if let Some(case) = path.strip_prefix("tests/cases/") {
                cases.push(case.to_owned());
            } else if path.ends_with(".rs") {
                let text = shell.read_file(path)?;
                if path.starts_with("tests/adversary/src/families/") {
                    attacks.push(text);
                } else {
                    sources.push(text);
                }
            }
        }
        Ok(Self { sources, attacks, cases })
    }

    /// An attack such as `CPU-1`, a session such as `run/attacks.case`, a trial such as
    /// `crash/kill_9_and_resume`, or the name of a test function.
    fn have(&self, name: &str) -> bool {
        let quoted = format!("\"{name}\"");
        let is_trial = |text: &String| {
            text.contains(&format!("Trial::test({quoted}"))
                || text.contains(&format!("trial({quoted}"))
        };
        if name.ends_with(".case") {
            return self.cases.iter().any(|case| case == name);
        }
        if name.starts_with(|first: char| first.is_ascii_uppercase()) {
            return self.attacks.iter().any(|text| text.contains(&quoted));
        }
        self.sources.iter().any(|text| is_trial(text) || is_test(text, name))
    }
}

/// Whether a source has a test function with this name.
fn is_test(source: &str, name: &str) -> bool {
    let head = format!("fn {name}(");
    let mut is_marked = false;
    for line in source.lines().map(str::trim) {
        if line.contains(&head) {
            return is_marked;
        }
        // Other attributes and comments may stand between.
        let is_between = line.starts_with("#[") || line.starts_with("//");
        let is_mark = line == "#[test]" || line.starts_with("#[tokio::test");
        is_marked = is_mark || is_marked && is_between;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
# Security
<!-- begin: promises -->
| | promise | kept | shown by |
|---|---|---|---|
| I1 | It ends | yes | `CPU-1`, `run/a.case` |
| I2 | It is bounded | no: `limits` | |
<!-- end: promises -->
";

    #[test]
    fn a_line_names_what_its_last_cell_names() {
        let found = rows(TABLE).unwrap();
        let names = vec!["CPU-1".to_owned(), "run/a.case".to_owned()];
        assert_eq!(found, [("I1".to_owned(), names), ("I2".to_owned(), Vec::new())]);
        assert_eq!(rows("# Security\n"), None);
    }

    #[test]
    fn only_what_is_there_is_found() {
        let tests = Tests {
            sources: vec![
                "fn helper() {}\n#[test]\nfn it_ends() {}\nfn other() {}\nTrial::test(\"crash/it\", f)"
                    .to_owned(),
            ],
            attacks: vec!["Case::alone(\"CPU-1\", \"a loop\")".to_owned()],
            cases: vec!["run/a.case".to_owned()],
        };
        for name in ["CPU-1", "run/a.case", "crash/it", "it_ends"] {
            assert!(tests.have(name), "{name}");
        }
        for name in ["CPU-2", "run/b.case", "crash/other", "other", "helper", "it_end", ""] {
            assert!(!tests.have(name), "{name}");
        }
    }
}
