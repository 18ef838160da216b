//! `coldframe explain FIELD|CODE|KIND`: what a key is for, what a diagnostic means and how it is
//! fixed, or what a failure of a run is about.

use clap::Args;
use coldframe_journal::ErrorKind;
use coldframe_lang::{codes, fields, lint};
use serde_json::json;

use crate::args::Global;
use crate::exit::Fail;
use crate::output::{self, Format};

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A field (`step.retry.max`, `pipeline.caps`), or what stands in brackets behind `error`: the
    /// code of a problem in a file, or the kind of a failed run; without one, all are listed
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
        Format::Json => {
            output::json(&json!({ "fields": maps, "codes": codes, "kinds": ErrorKind::ALL }));
        }
        Format::Text => {
            output::result(&format!(
                "fields\n  {}\n\ncodes of problems in files\n  {}\n\nkinds of failures of runs\n  {}",
                maps.join("\n  "),
                codes.join("\n  "),
                kinds().join("\n  ")
            ));
        }
    }
    Ok(())
}

fn explain(global: &Global, topic: &str) -> Result<(), Fail> {
    let code = codes::explain(topic).or_else(|| lint::explain(topic));
    let kind = topic.parse::<ErrorKind>().ok().map(ErrorKind::page);
    let (what, page) = match (code, kind, fields::explain(topic)) {
        (Some(page), ..) => ("code", page.to_owned()),
        (None, Some(page), _) => ("kind", page.to_owned()),
        (None, None, Ok(page)) => ("field", page),
        (None, None, Err(why)) => return Err(unknown(topic, why)),
    };
    match global.format() {
        Format::Json => output::json(&json!({ what: topic, "page": page })),
        Format::Text => output::result(&page),
    }
    Ok(())
}

/// A name with a `-` in it is a code, and so is one that is close to one.
fn unknown(topic: &str, why: String) -> Fail {
    let all: Vec<String> = codes().into_iter().chain(kinds()).collect();
    match coldframe_format::suggest::closest(topic, &all) {
        Some(near) => Fail::usage(format!("there is no field, problem or failure `{topic}`"))
            .help(format!("did you mean `{near}`?")),
        None if topic.contains('-') => Fail::usage(format!("there is no diagnostic `{topic}`"))
            .help("`coldframe explain` lists them all"),
        None => Fail::usage(why).help("`coldframe explain` lists what there is"),
    }
}

fn kinds() -> Vec<String> {
    ErrorKind::ALL.iter().map(|kind| kind.as_str().to_owned()).collect()
}

fn codes() -> Vec<String> {
    let rules = lint::rules().iter().map(|rule| rule.code.id.to_owned());
    codes::all().iter().map(|code| code.id.to_owned()).chain(rules).collect()
}
