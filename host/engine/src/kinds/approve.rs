//! `approve`: a person decides.

use coldframe_journal::event::Waiting;
use coldframe_journal::{ErrorKind, Failure};
use coldframe_lang::graph::{Approve, OnReject};
use serde_json::{Value, json};

use crate::invoke::CallError;
use crate::step::Worker;
use crate::work::End;

pub(super) async fn attempt(worker: &mut Worker<'_>, ask: &Approve) -> Result<End, CallError> {
    let message = match worker.fill(&ask.message).await? {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let show = match &ask.show {
        Some(show) => Some(worker.fill(show).await?),
        None => None,
    };
    Ok(End::Suspended(Waiting::Approval { message, show }))
}

/// What a decision means for the step at `path`.
pub(crate) fn decided(
    ask: &Approve,
    path: &str,
    approved: bool,
    by: &str,
    note: Option<&str>,
) -> Result<Value, Failure> {
    if !approved && ask.on_reject == OnReject::Fail {
        let why = note.map(|note| format!(": {note}")).unwrap_or_default();
        let message = format!("`{by}` said no{why}");
        return Err(Failure::new(ErrorKind::ApprovalRejected, message, Some(path)));
    }
    Ok(json!({ "approved": approved, "by": by, "note": note }))
}
