//! `kind: Adapter`: how a host service is provided, written once for many pipelines.

use super::documents::{first, twice};
use crate::diagnostic::Report;
use crate::document::{adapters, fields, header, scalars};
use crate::source::Span;
use crate::yaml::node::{Entry, Node};

use fields::Fields;

/// An `Adapter` as it is written.
#[derive(Debug)]
pub(super) struct Adapter<'n> {
    pub(super) name: String,
    /// The service, one of [`adapters::PORTS`].
    pub(super) port: &'static str,
    span: Span,
    /// What stands for it in a pipeline.
    pub(super) entries: Vec<&'n Entry>,
}

/// Reads an `Adapter` and adds it to the others.
pub(super) fn read<'n>(document: &'n Node, found: &mut Vec<Adapter<'n>>, report: &mut Report) {
    let Some(mut top) = Fields::of(document, "", report) else { return };
    header::api_version(&mut top, report);
    top.take("kind");
    let (name, _) = header::metadata(&mut top, report);
    let ports: Vec<(&'static str, &'static str)> =
        adapters::PORTS.iter().map(|port| (*port, *port)).collect();
    let port = top
        .require("port", "say which service: `port: http`", report)
        .and_then(|node| scalars::choice(node, "port", &ports, "port", report));
    adapters::http(&mut top, report);
    top.done("an adapter of http", &["secrets"], report);
    let span = first(document);
    if let Some(before) = found.iter().find(|adapter| adapter.name == name) {
        report.push(twice("adapters", &name, span, before.span));
        return;
    }
    let own = |entry: &&Entry| {
        !["apiVersion", "kind", "metadata", "port"].contains(&entry.key.text.as_str())
    };
    let entries = document.entries().iter().filter(own).collect();
    found.extend(port.map(|port| Adapter { name, port, span, entries }));
}
