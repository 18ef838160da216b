//! `uses`: one call of an operation, or the output of an equal one.

use coldframe_lang::graph::{Step, Uses};
use serde_json::{Map, Value};

use crate::invoke::CallError;
use crate::step::Worker;
use crate::work::End;

pub(super) async fn attempt(
    worker: &mut Worker<'_>,
    step: &Step,
    uses: &Uses,
) -> Result<End, CallError> {
    let mut input = Map::new();
    for (name, template) in &uses.with {
        input.insert(name.clone(), worker.fill(template).await?);
    }
    worker.call(step, uses, Value::Object(input)).await.map(End::Output)
}
