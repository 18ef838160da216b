//! `coldframe explain FIELD|CODE`: what a key is for, or what a diagnostic means and how it is fixed.

use clap::Args;
use coldframe_lang::{codes, fields, lint};
use serde_json::json;

use crate::args::Global;
use crate::exit::Fail;
use crate::output::{self, Format};

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A field (`step.retry.max`, `pipeline.caps`), or a code as it stands in brackets behind
    /// `error`; without one, both are listed
    topic: Option<String>,
}

pub(crate) fn run(global: &Global, args: &ExplainArgs) -> Result<(), Fail> {
    match &args.topic {
        None => list(global),
        Some(topic) => explain(global, topic),
    }
}

fn list(global: &Global) -> Result<(), Fail> {
    let codes = codes();
    let maps = fields::names();
    match global.format() {
        Format::Json => output::json(&json!({ "fields": maps, "codes": codes })),
        Format::Text => {
            output::result(&format!(
                "fields\n  {}\n\ncodes\n  {}",
                maps.join("\n  "),
                codes.join("\n  ")
            ));
        }
    }
    Ok(())
}

fn explain(global: &Global, topic: &str) -> Result<(), Fail> {
    let code = codes::explain(topic).or_else(|| lint::explain(topic));
    let (what, page) = match (code, fields::explain(topic)) {
        (Some(page), _) => ("code", page.to_owned()),
        (None, Ok(page)) => ("field", page),
        (None, Err(why)) => return Err(unknown(topic, why)),
    };
    match global.format() {
        Format::Json => output::json(&json!({ what: topic, "page": page })),
        Format::Text => output::result(&page),
    }
    Ok(())
}

/// A name with a `-` in it is a code, and so is one that is close to one.
fn unknown(topic: &str, why: String) -> Fail {
    match coldframe_format::suggest::closest(topic, &codes()) {
        Some(near) => Fail::usage(format!("there is no field and no diagnostic `{topic}`"))
            .help(format!("did you mean `{near}`?")),
        None if topic.contains('-') => Fail::usage(format!("there is no diagnostic `{topic}`"))
            .help("`coldframe explain` lists them all"),
        None => Fail::usage(why).help("`coldframe explain` lists what there is"),
    }
}

fn codes() -> Vec<String> {
    let rules = lint::rules().iter().map(|rule| rule.code.id.to_owned());
    codes::all().iter().map(|code| code.id.to_owned()).chain(rules).collect()
}
