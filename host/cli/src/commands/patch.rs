//! `coldframe patch FILE PATCH`: a JSON Patch on the text of a pipeline, comments kept.

use std::path::PathBuf;

use clap::Args;

use crate::args::Global;
use crate::exit::{Exit, Fail};
use crate::project::Project;
use crate::{inputs, output, write};

#[derive(Debug, Args)]
pub(crate) struct PatchArgs {
    /// The pipeline
    file: PathBuf,
    /// The patch: RFC 6902, a JSON list of operations
    patch: PathBuf,
    /// The document of the file, by its name or as `Policy/name`; the only pipeline without it
    #[arg(long, value_name = "NAME")]
    document: Option<String>,
    /// Write the file instead of printing the new text
    #[arg(long, short)]
    write: bool,
}

pub(crate) fn run(global: &Global, args: &PatchArgs) -> Result<(), Fail> {
    let text = inputs::read_text(&args.file)?;
    let patch = inputs::read_text(&args.patch)?;
    let document = args.document.as_deref();
    let patched = coldframe_lang::patch::apply_to(&text, document, &patch).map_err(|error| {
        let fail = Fail::new(Exit::Problems, error.to_string());
        match error.help.clone() {
            Some(help) => fail.help(help),
            None => fail,
        }
    })?;
    // A patch that breaks the pipeline is refused with what is wrong, and nothing is written.
    let project = Project::of_file(global, &args.file)?;
    project.compile_patched(global, &args.file, &patched)?;
    if args.write {
        write::replace(&args.file, &patched)?;
        global.tell(&format!("patched {}", args.file.display()));
    } else {
        output::result(&patched);
    }
    Ok(())
}
