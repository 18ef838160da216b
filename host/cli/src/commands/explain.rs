//! `coldframe explain CODE`: what a diagnostic means, with an example and its fix.

use clap::Args;
use serde_json::json;

use crate::args::Global;
use crate::exit::Fail;
use crate::output::{self, Format};

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A code as it stands in brackets behind `error`; without one, all codes are listed
    code: Option<String>,
}

pub(crate) fn run(global: &Global, args: &ExplainArgs) -> Result<(), Fail> {
    let Some(code) = &args.code else {
        let list: Vec<String> =
            coldframe_lang::codes::all().iter().map(|code| code.id.to_owned()).collect();
        match global.format {
            Format::Json => output::json(&json!(list)),
            Format::Text => output::result(&list.join("\n")),
        }
        return Ok(());
    };
    let Some(page) = coldframe_lang::codes::explain(code) else {
        let codes: Vec<String> =
            coldframe_lang::codes::all().iter().map(|code| code.id.to_owned()).collect();
        let fail = Fail::usage(format!("there is no diagnostic `{code}`"));
        return Err(match coldframe_format::suggest::closest(code, &codes) {
            Some(near) => fail.help(format!("did you mean `{near}`?")),
            None => fail.help("`coldframe explain` lists them all"),
        });
    };
    match global.format {
        Format::Json => output::json(&json!({ "code": code, "page": page })),
        Format::Text => output::result(page),
    }
    Ok(())
}
