//! `pipeline`: another pipeline, with inputs of its own.

use coldframe_journal::event::{Head, Outcome, Turn};
use coldframe_journal::{ErrorKind, Failure};
use coldframe_lang::graph::Pipeline;
use serde_json::{Value, json};

use super::{Halt, Holder, HolderEnd, lost};
use crate::invoke::CallError;
use crate::scope::Local;
use crate::step::Worker;
use crate::work::End;

pub(super) async fn head(worker: &mut Worker<'_>, child: &Pipeline) -> Result<End, CallError> {
    let allowed = worker.shape().depth;
    if worker.task.rights.depth >= allowed {
        let message = format!(
            "`{}` is a pipeline too deep, the limit `depth` is {allowed}",
            child.graph.name
        );
        return Err(CallError::new(ErrorKind::LimitDepth, message));
    }
    let mut given = std::collections::BTreeMap::new();
    for (name, template) in &child.with {
        given.insert(name.clone(), worker.fill(template).await?);
    }
    match coldframe_lang::inputs::bind(&child.graph.inputs, given) {
        Ok(inputs) => {
            // The journal says which text ran, also where it came from a registry.
            worker.receipt.component = Some(child.graph.spec_sha256.to_string());
            Ok(End::Entered(Head::Inputs(inputs)))
        }
        Err(problems) => {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Err(CallError::new(ErrorKind::InvalidInput, problems.join("; ")))
        }
    }
}

/// The inputs until it begins, and what it came to.
#[derive(Debug)]
pub(super) struct Running {
    local: Option<Local>,
    result: Result<Value, Failure>,
}

impl Running {
    pub(super) fn new(child: &Pipeline, inputs: Value, run_id: &str) -> Self {
        let run = json!({ "id": run_id, "name": child.graph.name });
        Self { local: Some(Local::Pipeline { inputs, run }), result: Err(lost()) }
    }
}

impl Holder for Running {
    fn open(&mut self, _live: usize) -> Option<(usize, Local)> {
        self.local.take().map(|local| (0, local))
    }

    fn ended(&mut self, _slot: usize, outcome: Outcome, _turn: Option<Turn>) -> Option<Halt> {
        self.result = match outcome {
            Outcome::Done(value) => Ok(value),
            Outcome::Failed(failure) => Err(failure),
            Outcome::Cancelled => Err(lost()),
        };
        None
    }

    fn end(&mut self) -> HolderEnd {
        match std::mem::replace(&mut self.result, Err(lost())) {
            Ok(value) => HolderEnd::Output(value),
            Err(failure) => HolderEnd::Failed(failure),
        }
    }
}
