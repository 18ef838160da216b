//! `coldframe skill new NAME`: the files of a new skill.

use std::path::PathBuf;

use clap::Args;
use coldframe_format::SkillId;
use serde_json::json;

use crate::args::Global;
use crate::exit::Fail;
use crate::output::{self, Format};

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// `namespace/name`; the folder is the name
    name: String,
    /// Where to make the folder
    #[arg(long, default_value = ".")]
    path: PathBuf,
}

pub(crate) fn run(global: &Global, args: &NewArgs) -> Result<(), Fail> {
    let id: SkillId = args.name.parse().map_err(|error| {
        Fail::usage(format!("{error}")).help("for example: coldframe skill new acme/shout")
    })?;
    let folder = args.path.join(id.name());
    if folder.exists() {
        return Err(Fail::usage(format!("`{}` is there already", folder.display()))
            .help("choose another name, or another --path"));
    }
    let files = coldframe_sdk::scaffold::files(&id);
    for (path, text) in &files {
        let path = folder.join(path);
        let failed = |error: std::io::Error| {
            Fail::usage(format!("failed to write `{}`: {error}", path.display()))
        };
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        std::fs::write(&path, text).map_err(failed)?;
    }
    let shown = folder.display();
    match global.format() {
        Format::Json => output::json(&json!({
            "folder": folder.display().to_string(),
            "files": files.iter().map(|(path, _)| path.to_string()).collect::<Vec<_>>(),
        })),
        Format::Text => {
            global.tell(&format!("made `{shown}` with {}", output::count(files.len(), "file")));
            global.tell(&format!("next: `coldframe skill check {shown}`"));
        }
    }
    Ok(())
}
