//! `coldframe fmt FILE…`: writes pipelines in their one form.

use std::path::{Path, PathBuf};

use clap::Args;
use coldframe_lang::Source;
use serde_json::json;

use crate::args::Global;
use crate::exit::{Exit, Fail};
use crate::output::{self, Format};
use crate::{inputs, write};

#[derive(Debug, Args)]
pub(crate) struct FmtArgs {
    /// The pipelines; `-` reads one from stdin and prints it
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Change nothing, and end with 1 where something would change
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(global: &Global, args: &FmtArgs) -> Result<(), Fail> {
    let mut report = Vec::new();
    let mut bad = false;
    for file in &args.files {
        let name = file.display().to_string();
        let text = inputs::read_text(file)?;
        let formatted = match coldframe_lang::fmt::format(&text) {
            Ok(formatted) => formatted,
            Err(problem) => {
                let source = Source { name: &name, text: &text };
                output::note(&coldframe_lang::render_text(
                    &[*problem],
                    &source,
                    output::shows_colour(),
                ));
                bad = true;
                continue;
            }
        };
        let changed = formatted != text;
        if name == "-" && !args.check {
            output::result(&formatted);
            continue;
        }
        bad |= changed && args.check;
        if changed && !args.check {
            write::replace(Path::new(&name), &formatted)?;
        }
        report.push(json!({ "file": name, "changed": changed }));
        if changed && global.format() == Format::Text {
            output::result(&format!(
                "{} {name}",
                if args.check { "would format" } else { "formatted" }
            ));
        }
    }
    if global.format() == Format::Json {
        output::json(&json!({ "files": report, "ok": !bad }));
    }
    if bad { Err(Fail::said(Exit::Problems)) } else { Ok(()) }
}
