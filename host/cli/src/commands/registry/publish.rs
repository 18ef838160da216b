//! `coldframe registry publish FILE --namespace NS --to DIR`: a pipeline into a registry.
//!
//! What is published stands alone: it is compiled as whoever takes it will compile it. With `--flat`
//! it is written out first, with what files, macros, policies and the project's document make of it.

use std::path::PathBuf;

use clap::Args;
use coldframe_client::author;

use crate::args::Global;
use crate::commands::published::{self, Facts};
use crate::exit::{Exit, Fail};
use crate::project::{Checked, Project, refusal};

#[derive(Debug, Args)]
pub(crate) struct PublishArgs {
    /// The pipeline; name and version are those in its `metadata`
    file: PathBuf,
    /// The owner to publish it by: it becomes `NAMESPACE/name`
    #[arg(long)]
    namespace: String,
    /// The registry's directory
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// The directory with the registry's keys; beside the registry without it
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// Write out what includes, macros, policies and the project's document add; pins every skill
    #[arg(long)]
    flat: bool,
}

pub(super) fn run(global: &Global, args: &PublishArgs) -> Result<(), Fail> {
    coldframe_format::SkillId::new(&args.namespace, "x")
        .map_err(|error| Fail::usage(format!("`--namespace {}`: {error}", args.namespace)))?;
    // It can run what is in its own registry already.
    let mut global = global.clone();
    global.registry.push(args.to.clone());
    let global = &global;
    let project = Project::of_file(global, &args.file)?;
    let text = match args.flat {
        true => {
            let graph = project.compile_file(global, &args.file)?.graph;
            if !project.env_used().is_empty() {
                let message = "a pipeline of a registry takes no values of the environment";
                return Err(Fail::new(Exit::Problems, message).help("make each of them an input"));
            }
            coldframe_lang::print::to_yaml(&graph)
        }
        false => Project::read_text(&args.file)?,
    };
    let name = args.file.display().to_string();
    let (checked, row) = project.check_release(name, text, &args.namespace);
    checked.print_diagnostics();
    let (None, Some(row)) = (checked.exit(), row) else { return Err(refused(&checked, args)) };
    let keys = args.keys.clone().unwrap_or_else(|| author::default_keys_dir(&args.to));
    let now = jiff::Timestamp::now();
    let published = author::publish_pipeline(&args.to, &keys, row, checked.text(), now);
    let published = published.map_err(refusal)?;
    published::say(global, &published, |row| Facts {
        id: &row.id,
        version: &row.version,
        caps: &row.caps,
        file: ("document", row.document),
    });
    Ok(())
}

fn refused(checked: &Checked, args: &PublishArgs) -> Fail {
    let message = format!("`{}` cannot be published as it stands", args.file.display());
    let fail = Fail::new(checked.exit().unwrap_or(Exit::Bug), message);
    let elsewhere = ["file-outside", "unknown-policy", "unknown-macro"];
    match !args.flat && checked.has_any_of(&elsewhere) {
        true => fail.help("what is in other files of the project can be written out: `--flat`"),
        false => fail,
    }
}
