//! `coldframe schema [KIND]`: the JSON Schema of documents, for editors.

use clap::Args;

use crate::exit::Fail;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// The kind, as behind `kind:`; without one, all of them
    kind: Option<String>,
}

pub(crate) fn run(args: &SchemaArgs) -> Result<(), Fail> {
    let Some(schema) = coldframe_lang::fields::schema(args.kind.as_deref()) else {
        let kinds: Vec<String> =
            coldframe_lang::fields::DOCUMENTS.iter().map(|(name, _)| (*name).to_owned()).collect();
        let wanted = args.kind.clone().unwrap_or_default();
        let help = match coldframe_format::suggest::closest(&wanted, &kinds) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the kinds are {}", kinds.join(", ")),
        };
        return Err(Fail::usage(format!("there is no kind of document `{wanted}`")).help(help));
    };
    output::json(&schema);
    Ok(())
}
