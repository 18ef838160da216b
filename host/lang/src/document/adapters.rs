//! `adapters`: how host services are provided, with every name written out.

use super::fields::{Fields, join};
use super::scalars::{choice, duration};
use super::trials::exchanges;
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::graph::{Adapters, ClientTimes, HttpAdapter};
use crate::yaml::node::{Entry, Node};

/// The services that have adapters.
pub(crate) const PORTS: &[&str] = &["http"];

/// The adapters of a pipeline.
pub(super) fn read(node: Option<&Node>, report: &mut Report) -> Adapters {
    let example = "adapters: { http: NAME }";
    let Some(mut fields) = node.and_then(|node| Fields::like(node, "adapters", example, report))
    else {
        return Adapters::default();
    };
    let path = fields.path("http");
    let found = fields.take("http").and_then(|node| {
        let mut fields = Fields::like(node, &path, "http: { adapter: client }", report)?;
        let found = http(&mut fields, report);
        fields.done("an adapter of http", &[], report);
        found
    });
    fields.done("`adapters`", &[], report);
    Adapters { http: found }
}

/// The keys of an adapter of `http`.
pub(crate) fn http(fields: &mut Fields<'_>, report: &mut Report) -> Option<HttpAdapter> {
    let help = "say which: `adapter: client`, or `recorded`";
    let kinds = [("client", true), ("recorded", false)];
    let path = fields.path("adapter");
    let is_client = fields
        .require("adapter", help, report)
        .and_then(|node| choice(node, "adapter", &kinds, &path, report));
    let times = ["connect", "first_byte", "between_bytes", "total"]
        .map(|key| (key, fields.take_entry(key)));
    let written = fields.take_entry("exchanges");
    let mut time = |index: usize| {
        let (key, entry) = times.get(index)?;
        duration(Some(&(*entry)?.value), key, &join(fields.here(), key), report)
    };
    let client = ClientTimes {
        connect: time(0),
        first_byte: time(1),
        between_bytes: time(2),
        total: time(3),
    };
    if is_client? {
        if let Some(entry) = written {
            misplaced(fields, entry, "client", report);
        }
        return Some(HttpAdapter::Client(client));
    }
    for entry in times.iter().filter_map(|(_, entry)| *entry) {
        misplaced(fields, entry, "recorded", report);
    }
    if written.is_none() {
        report.push(
            Diagnostic::new(&codes::MISSING_KEY, fields.span, "`exchanges` is missing")
                .help("write the answers: `exchanges: [{ url: \"https://…\", body: … }]`")
                .at(fields.here()),
        );
    }
    let path = fields.path("exchanges");
    Some(HttpAdapter::Recorded(exchanges(written.map(|entry| &entry.value), &path, report)))
}

fn misplaced(fields: &Fields<'_>, entry: &Entry, adapter: &str, report: &mut Report) {
    let key = &entry.key.text;
    let message = format!("the adapter `{adapter}` of `http` has no key `{key}`");
    report.push(
        Diagnostic::new(&codes::UNKNOWN_KEY, entry.key.span, message)
            .help("remove it, or take the other adapter")
            .at(&join(fields.here(), key)),
    );
}
