//! `models` of a `Config`: the language models there are, each with its adapter and price.

use coldframe_format::caps::{GrantLine as _, HttpGrant, LlmGrant, is_secret};

use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::fields::{Fields, join, text, wrong_shape};
use crate::document::scalars;
use crate::graph::{Model, ModelAdapter, Price};
use crate::limits;
use crate::shown::shown;
use crate::source::Span;
use crate::yaml::node::{Node, NodeKind};

/// The most entries of one `Config`.
const MODELS_MAX: usize = 256;

/// Reads the entries. One that no model can come to is an error.
pub(super) fn read(node: Option<&Node>, report: &mut Report) -> Vec<Model> {
    let Some(node) = node else { return Vec::new() };
    let NodeKind::List(items) = &node.kind else {
        let help = "for example `models: [{ model: \"gpt-*\", adapter: openai, url: … }]`";
        report.push(wrong_shape(node, "a list of maps", "models").help(help));
        return Vec::new();
    };
    if items.len() > MODELS_MAX {
        let message =
            format!("`models` has {} entries, expected at most {MODELS_MAX}", items.len());
        let problem = Diagnostic::new(&codes::BAD_MODEL, node.span, message);
        report.push(problem.help("write one for many: `gpt-*`").at("models"));
        return Vec::new();
    }
    let mut found: Vec<(Model, Span)> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("models[{index}]");
        let Some((model, span)) = one(item, &path, report) else { continue };
        let covering = found.iter().find(|(before, _)| model.names.is_within(&before.names));
        if let Some((before, place)) = covering {
            let message =
                format!("`{}` is never looked at: `{}` counts first", model.names, before.names);
            report.push(
                Diagnostic::new(&codes::BAD_MODEL, span, message)
                    .label(*place, "this one fits first")
                    .help("put the narrower one first, or remove it")
                    .at(&join(&path, "model")),
            );
            continue;
        }
        found.push((model, span));
    }
    found.into_iter().map(|(model, _)| model).collect()
}

fn one(node: &Node, path: &str, report: &mut Report) -> Option<(Model, Span)> {
    let example = "{ model: \"gpt-*\", adapter: openai, url: \"https://api.openai.com/v1\", usd_in: 0.15, usd_out: 0.60 }";
    let mut fields = Fields::like(node, path, example, report)?;
    let help = "say which: `model: gpt-4o-mini`, or `\"gpt-*\"`";
    let names = fields.require("model", help, report);
    let help = "say what it speaks: `adapter: openai`, `anthropic` or `ollama`";
    let adapter = fields.require("adapter", help, report);
    let help = "say where it is: `url: \"https://api.openai.com/v1\"`";
    let url = fields.require("url", help, report);
    let secret = fields.take("secret");
    let help =
        "say what a million tokens of a prompt cost, `usd_in: 0.15`; `0` where they are free";
    let input = fields.require("usd_in", help, report);
    let help =
        "say what a million tokens of an answer cost, `usd_out: 0.60`; `0` where they are free";
    let output = fields.require("usd_out", help, report);
    let at = |key: &str| join(path, key);
    fields.done("an entry of `models`", &[], report);

    let span = names.map(|node| node.span);
    let names = names.and_then(|node| name(node, &at("model"), report));
    let adapter = adapter.and_then(|node| {
        scalars::choice(node, "adapter", &ModelAdapter::ALL, &at("adapter"), report)
    });
    let url = url.and_then(|node| address(node, &at("url"), report));
    let secret = match secret {
        Some(node) => Some(secret_name(node, &at("secret"), report)?),
        None => None,
    };
    let input = input.and_then(|node| price(node, &at("usd_in"), report));
    let output = output.and_then(|node| price(node, &at("usd_out"), report));
    let price = Price { input_nano: input?, output_nano: output? };
    Some((Model { names: names?, adapter: adapter?, url: url?, secret, price }, span?))
}

fn bad(span: Span, message: String, help: &str, path: &str, report: &mut Report) {
    report.push(Diagnostic::new(&codes::BAD_MODEL, span, message).help(help).at(path));
}

fn name(node: &Node, path: &str, report: &mut Report) -> Option<LlmGrant> {
    let written = text(node, path, report)?;
    match written.text.parse::<LlmGrant>() {
        Ok(found) => Some(found),
        Err(error) => {
            let message =
                format!("`{}` is not {}: {}", shown(&written.text), error.what, error.why);
            bad(written.span, message, "for example `gpt-4o-mini` or `claude-*`", path, report);
            None
        }
    }
}

/// An address that has one reading, as one line of `http` would have it.
fn address(node: &Node, path: &str, report: &mut Report) -> Option<String> {
    let written = text(node, path, report)?;
    let plain = written.text.trim_end_matches('/');
    let is_one = !plain.contains(['*', '?', '#', ' '])
        && plain.parse::<HttpGrant>().is_ok_and(|grant| grant.to_string() == plain);
    if is_one {
        return Some(plain.to_owned());
    }
    let message = format!("`{}` is not where a provider can be", shown(&written.text));
    let help = "write `https://host[:port][/path]`, without the scheme's own port, query and user";
    bad(written.span, message, help, path, report);
    None
}

fn secret_name(node: &Node, path: &str, report: &mut Report) -> Option<String> {
    let written = text(node, path, report)?;
    if is_secret(&written.text) {
        return Some(written.text.clone());
    }
    let message = format!("`{}` is not the name of a secret", shown(&written.text));
    let help =
        "name it, never write the value: `secret: openai` and `--secret openai=env:VARIABLE`";
    bad(written.span, message, help, path, report);
    None
}

fn price(node: &Node, path: &str, report: &mut Report) -> Option<u64> {
    let written = match &node.kind {
        NodeKind::Number(found) => &found.json,
        NodeKind::String(text) => &text.text,
        _ => {
            report.push(wrong_shape(node, "an amount in USD such as `0.15`", path));
            return None;
        }
    };
    match limits::cost_nano(written) {
        Ok(nano) => Some(nano),
        Err(_) => {
            let message = format!("`{}` is not a price of a million tokens in USD", shown(written));
            bad(node.span, message, "for example `usd_in: 0.15`", path, report);
            None
        }
    }
}
