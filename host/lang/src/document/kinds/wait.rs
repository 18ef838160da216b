//! `wait`: a duration, or the name of a signal.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::Body;
use crate::document::fields::{Fields, is_name, join};
use crate::document::scalars::{duration, plain_text};
use crate::document::steps::{Here, Reader};
use crate::graph::Wait;
use crate::shown::shown;
use crate::yaml::node::{Entry, Node, NodeKind};

pub(super) fn read<'n>(
    reader: &mut Reader<'n, '_>,
    node: &'n Node,
    _with: Option<&'n Entry>,
    here: Here<'_>,
) -> Option<Body<'n>> {
    let path = join(here.path, "wait");
    let report = &mut *reader.report;
    if !matches!(node.kind, NodeKind::Map(_)) {
        return duration(Some(node), "wait", &path, report).map(Wait::Duration).map(Body::Wait);
    }
    let mut fields = Fields::of(node, &path, report)?;
    let signal =
        fields.require("signal", "name what is waited for: `wait: { signal: paid }`", report);
    fields.done("`wait`", &[], report);
    let path = join(&path, "signal");
    let name = plain_text(signal?, &path, report)?;
    if !is_name(&name.text) {
        let message = format!(
            "`{}` is not the name of a signal, expected lower-case letters, digits and `_`, a letter first, at most 64",
            shown(&name.text)
        );
        report.push(
            Diagnostic::new(&codes::BAD_NAME, name.span, message)
                .help("for example `wait: { signal: paid }`")
                .at(&path),
        );
    }
    Some(Body::Wait(Wait::Signal(name.text.clone())))
}
