//! What is said of a run of the suite, for `docs/security/attacks.md`.

use std::fmt::Write as _;

use anyhow::Context as _;

use crate::case::{Boundary, Case, Gate};
use crate::peers::Peer;
use crate::run::Verdict;

/// Between these lines of a document stands a table that is made anew.
const MARKS: [(&str, &str); 2] = [
    ("<!-- begin: attacks -->\n", "<!-- end: attacks -->\n"),
    ("<!-- begin: peers -->\n", "<!-- end: peers -->\n"),
];

/// The table of what was played: id, attack, what the host did, how long it took, its memory.
pub fn table(played: &[(Case, Verdict)]) -> String {
    let mut text = String::from(
        "\n| id | attack | against | what Coldframe did | wall | peak RSS |\n|---|---|---|---|---:|---:|\n",
    );
    for (case, verdict) in played {
        let did = match verdict.held() {
            true => did(&verdict.outcome),
            false => format!("**lost**: {}", verdict.problems.join("; ")),
        };
        let night = if case.gate == Gate::Full { " (nightly)" } else { "" };
        let _ = writeln!(
            text,
            "| {}{night} | {} | {} | {did} | {} ms | {} |",
            case.id,
            case.title.replace('|', "\\|"),
            against(case.boundary),
            verdict.wall.as_millis(),
            mib(verdict.peak_rss),
        );
    }
    text.push('\n');
    text
}

fn mib(bytes: u64) -> String {
    // What is over before it can be looked at has no peak.
    if bytes >> 20 == 0 {
        "over too soon to say".to_owned()
    } else {
        format!("{} MiB", bytes >> 20)
    }
}

/// An outcome for people. Kinds stay as they are.
fn did(outcome: &str) -> String {
    match outcome {
        "works" => "came to nothing: the call ended well and harmed nobody".to_owned(),
        "refused" => "refused every one".to_owned(),
        "survived" => "refused or ran every one, and lived".to_owned(),
        "unseen" => "let nobody see it".to_owned(),
        "held" => "held the old version".to_owned(),
        kind => format!("`{kind}`"),
    }
}

fn against(boundary: Boundary) -> &'static str {
    match boundary {
        Boundary::Admission => "admission",
        Boundary::Sandbox => "sandbox",
        Boundary::Capability => "capabilities",
        Boundary::Registry => "registry",
        Boundary::Pipeline => "pipelines",
    }
}

/// The comparison: one row per artefact, one column per host.
pub fn comparison(peers: &[Peer], rows: &[(Case, String, Vec<String>)]) -> String {
    let mut text = String::from("\n| id | attack | Coldframe");
    for peer in peers {
        let _ = write!(text, " | {}", peer.name());
    }
    let _ = write!(text, " |\n|---|---|---{}|\n", "|---".repeat(peers.len()));
    for (case, ours, theirs) in rows {
        let _ = write!(text, "| {} | {} | {ours}", case.id, case.title.replace('|', "\\|"));
        for cell in theirs {
            let _ = write!(text, " | {cell}");
        }
        text.push_str(" |\n");
    }
    text.push('\n');
    text
}

/// What stands in the cell of our own column.
pub fn cell(verdict: &Verdict) -> String {
    let (ms, peak) = (verdict.wall.as_millis(), mib(verdict.peak_rss));
    format!("{}, {ms} ms, {peak}", did(&verdict.outcome))
}

/// Puts a table into a document, between its marks.
pub fn put(document: &str, which: Table, table: &str) -> anyhow::Result<String> {
    let (begin, end) = MARKS[which as usize];
    let (head, rest) =
        document.split_once(begin).with_context(|| format!("there is no `{}`", begin.trim()))?;
    let (_, tail) =
        rest.split_once(end).with_context(|| format!("there is no `{}`", end.trim()))?;
    Ok(format!("{head}{begin}{table}{end}{tail}"))
}

/// The tables of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// What was played.
    Attacks = 0,
    /// What other hosts did.
    Peers = 1,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_takes_the_place_of_the_one_before() {
        let text = "# A\n<!-- begin: peers -->\nold\n<!-- end: peers -->\nrest\n";
        let once = put(text, Table::Peers, "new\n").unwrap();
        assert_eq!(once, "# A\n<!-- begin: peers -->\nnew\n<!-- end: peers -->\nrest\n");
        assert_eq!(put(&once, Table::Peers, "new\n").unwrap(), once);
        assert!(put(text, Table::Attacks, "").is_err());
    }
}
