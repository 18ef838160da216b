//! Notes and scaffolds as a text for people.

use coldframe_lang::shown::{sentence, shown};

use crate::Scaffold;
use crate::note::{Note, Severity};

/// How many notes are printed; the rest is counted.
const PRINTED_MAX: usize = 200;

/// The whole report.
pub(crate) fn report(name: &str, notes: &[Note], scaffolds: &[Scaffold]) -> String {
    let count = |severity| notes.iter().filter(|note| note.severity == severity).count();
    let mut out = format!(
        "{}: {}, {}, {}; {} to write\n",
        shown(name),
        counted(count(Severity::Error), "error"),
        counted(count(Severity::Warning), "warning"),
        counted(count(Severity::Info), "remark"),
        counted(scaffolds.len(), "skill operation"),
    );
    for note in notes.iter().take(PRINTED_MAX) {
        out.push_str(&format!(
            "\n{}[{}]: {}\n  --> {}:{}:{}\n",
            note.severity.as_str(),
            note.code,
            sentence(&note.message),
            shown(name),
            note.place.line,
            note.place.column
        ));
        if let Some(help) = &note.help {
            out.push_str(&format!("  help: {}\n", sentence(help)));
        }
    }
    if notes.len() > PRINTED_MAX {
        out.push_str(&format!("\nand {} more\n", notes.len() - PRINTED_MAX));
    }
    for scaffold in scaffolds {
        let lines: Vec<String> = scaffold.lines.iter().take(10).map(usize::to_string).collect();
        let inputs: Vec<String> =
            scaffold.inputs.iter().map(|(name, ty)| format!("{}: {ty}", shown(name))).collect();
        out.push_str(&format!(
            "\n{}#{}: {}\n  {} {}, called with ({})\n",
            scaffold.skill,
            scaffold.operation,
            sentence(&scaffold.why),
            if lines.len() == 1 { "line" } else { "lines" },
            lines.join(", "),
            inputs.join(", ")
        ));
        if let Some(source) = &scaffold.source {
            out.extend(source.lines().take(20).map(|line| format!("  | {}\n", sentence(line))));
        }
    }
    out
}

fn counted(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}
