//! `apiVersion`, `kind` and `metadata`.

use semver::Version;

use super::fields::{Fields, text, wrong_shape};
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::shown::{sentence, shown};
use crate::suggest;
use crate::yaml::node::{Node, Text};

const API_VERSION: &str = "coldframe/v1";
/// Kinds of documents.
const KINDS: &[&str] = &["Pipeline", "Config", "Policy", "Adapter", "Macro"];
/// Kinds of documents that the language will have.
const LATER: &[&str] = &["System"];

/// Checks that this is a pipeline of our version. `None` where it is something else altogether.
pub(crate) fn api_version_and_kind(top: &mut Fields<'_>, report: &mut Report) -> Option<()> {
    api_version(top, report);
    known_kind(top, report)
}

/// Checks that a document is of our version.
pub(crate) fn api_version(top: &mut Fields<'_>, report: &mut Report) {
    let help = "begin the file with `apiVersion: coldframe/v1`";
    if let Some(node) = top.require("apiVersion", help, report)
        && let Some(version) = text(node, "apiVersion", report)
        && version.text != API_VERSION
    {
        report.push(
            Diagnostic::new(
                &codes::UNKNOWN_API_VERSION,
                version.span,
                format!(
                    "`{}` is not a version of the language, expected `{API_VERSION}`",
                    shown(&version.text)
                ),
            )
            .help(help)
            .at("apiVersion"),
        );
    }
}

/// Reports what is wrong with a document that is not of a kind that can be used.
pub(crate) fn check(document: &Node, report: &mut Report) {
    if let Some(mut top) = Fields::of(document, "", report) {
        api_version_and_kind(&mut top, report);
    }
}

/// Checks that the kind is a pipeline.
fn known_kind(top: &mut Fields<'_>, report: &mut Report) -> Option<()> {
    let Some(node) = top.require("kind", "write `kind: Pipeline`", report) else { return Some(()) };
    let Some(kind) = text(node, "kind", report) else { return Some(()) };
    if kind.text == "Pipeline" {
        return Some(());
    }
    report.push(other_kind(kind));
    None
}

/// A kind that no document has, or none that anything can use.
fn other_kind(kind: &Text) -> Diagnostic {
    let shown = shown(&kind.text);
    let problem = if LATER.contains(&kind.text.as_str()) {
        let message =
            format!("`kind: {shown}` is not supported yet by this version: nothing would use it");
        Diagnostic::new(&codes::UNSUPPORTED_KIND, kind.span, message)
            .help("remove the document; nothing is ignored silently")
    } else {
        let message = format!("there is no kind `{shown}`, expected `Pipeline`");
        let near = suggest::help(&kind.text, "the kinds are", KINDS.iter().copied());
        Diagnostic::new(&codes::UNKNOWN_KIND, kind.span, message).maybe_help(near)
    };
    problem.at("kind")
}

/// The name and version. Harmless ones stand in for those that are missing or wrong.
pub(crate) fn metadata(top: &mut Fields<'_>, report: &mut Report) -> (String, Version) {
    let mut name = String::new();
    let mut version = Version::new(0, 0, 0);
    let help = "write `metadata: { name: my-pipeline }`";
    let Some(node) = top.require("metadata", help, report) else { return (name, version) };
    let Some(mut metadata) = Fields::of(node, "metadata", report) else { return (name, version) };
    if let Some(node) = metadata.require("name", help, report)
        && let Some(found) = text(node, "metadata.name", report)
    {
        check_kebab(found, report);
        name.clone_from(&found.text);
    }
    if let Some(found) = version_text(&mut metadata, report) {
        match Version::parse(&found.text) {
            Ok(parsed) => version = parsed,
            Err(error) => report.push(
                Diagnostic::new(
                    &codes::BAD_VERSION,
                    found.span,
                    format!(
                        "`{}` is not a version: {}",
                        shown(&found.text),
                        sentence(&error.to_string())
                    ),
                )
                .help("write three numbers, such as `1.4.0`")
                .at("metadata.version"),
            ),
        }
    }
    metadata.take_text("description", report);
    metadata.done("`metadata`", &["labels", "annotations"], report);
    (name, version)
}

/// The text of `version`. YAML takes `1.4` for a number, and `1.10` for the same as `1.1`.
fn version_text<'n>(metadata: &mut Fields<'n>, report: &mut Report) -> Option<&'n Text> {
    let node = metadata.take("version")?;
    let found = node.as_text();
    if found.is_none() {
        let problem = wrong_shape(node, "three numbers", "metadata.version");
        report.push(problem.help("for example `1.4.0`"));
    }
    found
}

/// Names of pipelines are kebab-case: they end up in file names and addresses.
fn check_kebab(name: &Text, report: &mut Report) {
    let text = &name.text;
    let good = text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && !text.ends_with('-')
        && !text.contains("--");
    if !good {
        report.push(
            Diagnostic::new(
                &codes::BAD_NAME,
                name.span,
                format!(
                    "`{}` is not a pipeline's name, expected lower-case letters, digits and single `-`, a letter first, at most 64",
                    shown(text)
                ),
            )
            .help("for example `ticket-triage`")
            .at("metadata.name"),
        );
    }
}
