//! Asks the rules of a pipeline that look at constants only, before anything runs. Nothing of the
//! pipeline is executed: the evaluator of expressions is ours.

use std::sync::Arc;
use std::time::Duration;

use coldframe_engine::{Call, CallLimits, Cancel, Invoke, Layers, MemoryMeter};
use coldframe_format::Digest;
use coldframe_lang::diagnostic::Severity;
use coldframe_lang::foreseen::{Foreseen, broken, foreseen};
use coldframe_lang::template::Expr;
use serde_json::{Map, Value, json};

use crate::args::Global;
use crate::exit::Fail;
use crate::loading;
use crate::project::{Checked, Project};

/// Bounds of one question.
const FUEL: u64 = 200_000_000;
const MEMORY_BYTES: u64 = 32 << 20;
const WALL: Duration = Duration::from_secs(5);

/// Adds the rules that cannot hold to what is wrong with a file.
pub(crate) fn rules(global: &Global, project: &Project, checked: &mut Checked) -> Result<(), Fail> {
    let rules = checked.graph.as_ref().map_or_else(Vec::new, foreseen);
    if rules.is_empty() {
        return Ok(());
    }
    let sandbox = loading::sandbox(global)?;
    let evaluator = project.evaluator()?;
    loading::load_one(&sandbox, &evaluator, "the expression evaluator")?;
    let evaluator = evaluator.component_digest();
    let invoke: Arc<dyn Invoke> = sandbox;
    loading::runtime()?.block_on(async {
        for Foreseen { policy, values } in rules {
            let applies = match &policy.when {
                None => true,
                Some(when) => truth(&*invoke, evaluator, when, &values).await == Some(true),
            };
            if applies && truth(&*invoke, evaluator, &policy.assert, &values).await == Some(false) {
                let problem = broken(&policy, &checked.text);
                if problem.severity == Severity::Error {
                    checked.graph = None;
                }
                checked.diagnostics.push(problem);
            }
        }
    });
    Ok(())
}

/// What an expression comes to; none where that is not known yet.
async fn truth(
    invoke: &dyn Invoke,
    evaluator: Digest,
    expr: &Expr,
    values: &Map<String, Value>,
) -> Option<bool> {
    let limits =
        CallLimits { fuel: FUEL, wall: WALL, memory_bytes: MEMORY_BYTES, ..CallLimits::default() };
    let call = Call {
        component: evaluator,
        operation: "eval".to_owned(),
        input: json!({ "source": expr.source, "vars": values, "absent": [] }),
        grants: Layers::default(),
        limits,
        memory: Arc::new(MemoryMeter::new(u64::MAX)),
        cancel: Cancel::default(),
        tape: None,
        tools: Arc::default(),
    };
    invoke.invoke(call).await.result.ok()?.as_bool()
}
