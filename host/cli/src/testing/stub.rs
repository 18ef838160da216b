//! Operations that are not called: their results stand in the test.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use coldframe_engine::{Call, CallError, CallReport, Invoke};
use coldframe_format::Digest;
use coldframe_journal::ErrorKind;
use coldframe_lang::graph::Graph;
use serde_json::Value;

/// Answers stubbed calls, and hands the others on.
pub(super) struct Stubbed {
    inner: Arc<dyn Invoke>,
    stubs: BTreeMap<(Digest, String), Value>,
}

impl Stubbed {
    /// `stubs`: `acme/classify` or `acme/classify#short` to what is returned. The compiler made
    /// sure that each names something that is called.
    pub(super) fn new(
        inner: Arc<dyn Invoke>,
        graph: &Graph,
        stubs: &BTreeMap<String, Value>,
    ) -> Self {
        let mut found = BTreeMap::new();
        for uses in graph.with_children().into_iter().flat_map(Graph::calls) {
            let skill = uses.skill.to_string();
            let whole = format!("{skill}#{}", uses.operation);
            if let Some(value) = stubs.get(&whole).or_else(|| stubs.get(&skill)) {
                found.insert((uses.component, uses.operation.clone()), value.clone());
            }
        }
        Self { inner, stubs: found }
    }
}

impl Invoke for Stubbed {
    fn invoke<'a>(&'a self, call: Call) -> Pin<Box<dyn Future<Output = CallReport> + Send + 'a>> {
        match self.stubs.get(&(call.component, call.operation.clone())) {
            Some(value) => Box::pin(std::future::ready(report(value))),
            None => self.inner.invoke(call),
        }
    }
}

/// A stubbed call costs nothing.
fn report(value: &Value) -> CallReport {
    let fails = value.as_object().filter(|map| map.len() == 1).and_then(|map| map.get("fails"));
    let result = match fails.and_then(Value::as_str) {
        Some(message) => Err(CallError::new(ErrorKind::GuestError, message)),
        None => Ok(value.clone()),
    };
    CallReport::of(result)
}
