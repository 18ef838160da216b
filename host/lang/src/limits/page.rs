//! The page of all limits, `docs/limits.md`.

use std::fmt::Write as _;

use super::{Ends, Limit, Profile, Row, Scope};

const BEGIN: &str = "\
# Limits

This page is made from the table in `host/lang/src/limits/table.rs`; `cargo xtask bless` writes it anew.

Everything that runs is bounded by every line below. What is above a limit is stopped with the kind of failure that stands
there, and `coldframe explain KIND` says what to do about it. A test goes through the table: just below each limit passes, just
above is stopped.

## Where a limit comes from

| | |
|---|---|
| `limits:` of a pipeline | holds for a run of it, and for every call in it |
| `limits:` of a step | narrows that for the step and all it holds |
| `--limit NAME=VALUE` | the operator's, for one run: nothing in the file goes above it |
| `ceilings.limits` of a [`Config`](language.md#config) | the operator's, for every pipeline of a project: more is an error |
| `--limits strict`, `--limits trusted` | the operator's choice of the column that applies where nobody says anything |

The tightest of all that is written counts, and the column where nothing is. So a value above the default takes effect only
where the operator's own are not below it.

*Strict* is the default: what strangers and models write. *Trusted* is for code that the operator would run without a sandbox
too, and that is still to be stopped before it takes the machine along. It grants no right, and takes nothing away from the walls.
";

/// The whole page, Markdown.
pub fn page() -> String {
    let mut text = BEGIN.to_owned();
    for (scope, title, about) in [
        (
            Scope::Whole,
            "Of a run, or of a step with all it holds",
            "Sums. Set aside before a call and settled after it, or counted where it happens, so that steps side by \
             side cannot\noverspend together.",
        ),
        (
            Scope::Call,
            "Of each call",
            "The same for each call of an operation. On a pipeline they hold for every call in it, on a step for \
             every call of the\nstep and of what it holds.",
        ),
        (Scope::Shape, "Of the form of a pipeline", "The same for each thing of its kind."),
    ] {
        section(&mut text, scope, title, about);
    }
    text
}

fn section(text: &mut String, scope: Scope, title: &str, about: &str) {
    // Writing to a text cannot fail.
    let _ = write!(text, "\n## {title}\n\n{about}\n\n");
    *text += "| Limit | Counted in | Strict | Trusted | At most | Above it |\n|---|---|---|---|---|---|\n";
    let rows = || Limit::ALL.iter().map(|limit| limit.row()).filter(|row| row.scope == scope);
    for row in rows() {
        let most = match row.most {
            u64::MAX => "".to_owned(),
            most => row.unit.shown(most),
        };
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {most} | {} |",
            row.name,
            row.unit.name(),
            row.column(Profile::Strict).text,
            row.column(Profile::Trusted).text,
            above(row),
        );
    }
    *text += "\n";
    for row in rows() {
        let _ = writeln!(text, "- `{}`: {} Enforced in `{}`.", row.name, row.doc, row.by);
    }
}

fn above(row: &Row) -> String {
    match row.ends {
        Ends::Call(kind) => format!("`{kind}`"),
        Ends::Request(error) => format!("the request ends with `{error}`"),
    }
}
