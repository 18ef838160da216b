//! `set`: values computed from others.

use coldframe_lang::graph::Set;
use serde_json::{Map, Value};

use crate::invoke::CallError;
use crate::step::Worker;
use crate::work::End;

pub(super) async fn attempt(worker: &mut Worker<'_>, set: &Set) -> Result<End, CallError> {
    let mut output = Map::new();
    for (name, template) in &set.values {
        output.insert(name.clone(), worker.fill(template).await?);
    }
    Ok(End::Output(Value::Object(output)))
}
