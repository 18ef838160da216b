//! Where tools are run: the same sandbox, an instance of their own, the rights of their own skill
//! within all that their caller has. Stands in front of the other services of a call.

use std::sync::{Arc, Weak};
use std::time::Duration;

use coldframe_engine::ports::BoxFuture;
use coldframe_engine::services::{
    Answer, Ask, ServiceError, Services, Tool, ToolBound, ToolCall, ToolInfo, ToolProblem,
    ToolSpent, ToolsAnswer, ToolsAsk,
};
use coldframe_engine::{
    Call, CallError, CallLimits, CallReport, Cancel, Layer, Layers, MemoryMeter,
};
use coldframe_journal::ErrorKind;

use crate::Sandbox;
use crate::capabilities::services::NO_SERVICE;

/// Where tools of a call are run, and for how many of them in each other there is room.
#[derive(Clone)]
pub(crate) struct Nest {
    pub(crate) sandbox: Weak<Sandbox>,
    /// Instances that are kept free for this call: its tools never wait for one, since it might be
    /// their caller who holds it.
    pub(crate) free: u32,
}

/// The services of one call, with its tools.
pub(crate) struct Desk {
    services: Option<Arc<dyn Services>>,
    nest: Nest,
    caller: Arc<Caller>,
}

/// What a tool has from its caller.
struct Caller {
    tools: Arc<[Tool]>,
    grants: Layers,
    limits: CallLimits,
    memory: Arc<MemoryMeter>,
    cancel: Cancel,
}

impl Desk {
    /// For a call of a component with this ceiling.
    pub(crate) fn new(
        services: Option<Arc<dyn Services>>,
        nest: Nest,
        call: &Call,
        ceiling: &Layer,
    ) -> Self {
        let who = match &*ceiling.who {
            "the skill's manifest" => "the manifest of the skill that called it".into(),
            _ => Arc::clone(&ceiling.who),
        };
        let ceiling = Layer { who, caps: Arc::clone(&ceiling.caps) };
        let caller = Caller {
            tools: Arc::clone(&call.tools),
            grants: call.grants.iter().cloned().chain([ceiling]).collect(),
            limits: call.limits,
            memory: Arc::clone(&call.memory),
            cancel: call.cancel.clone(),
        };
        Self { services, nest, caller: Arc::new(caller) }
    }
}

impl Services for Desk {
    fn ask(&self, ask: Ask) -> BoxFuture<Result<Answer, ServiceError>> {
        match (ask, &self.services) {
            (Ask::Tools(ToolsAsk::List), _) => {
                let found = self.caller.tools.iter().map(info).collect();
                Box::pin(std::future::ready(Ok(Answer::Tools(ToolsAnswer::List(found)))))
            }
            (Ask::Tools(ToolsAsk::Call(call)), _) => {
                let (nest, caller) = (self.nest.clone(), Arc::clone(&self.caller));
                Box::pin(async move { Ok(Answer::Tools(caller.call(nest, call).await)) })
            }
            (ask, Some(services)) => services.ask(ask),
            (_, None) => Box::pin(std::future::ready(Err(ServiceError::new(NO_SERVICE)))),
        }
    }
}

fn info(tool: &Tool) -> ToolInfo {
    ToolInfo {
        name: tool.name(),
        version: tool.version.clone(),
        description: tool.description.clone(),
        input_schema: tool.input.to_string(),
    }
}

impl Caller {
    async fn call(&self, nest: Nest, call: ToolCall) -> ToolsAnswer {
        let Some(tool) = self.tools.iter().find(|tool| tool.name() == call.tool) else {
            return ToolsAnswer::Unknown;
        };
        let input = match serde_json::from_str(&call.input) {
            Ok(input) => input,
            Err(error) => {
                let problem = ToolProblem::BadInput(format!("the input is not JSON: {error}"));
                return uncalled(problem);
            }
        };
        // Whoever admitted the question has bounded it.
        let Some((bound, sandbox)) = call.bound.zip(nest.sandbox.upgrade()) else {
            return uncalled(ended(ErrorKind::HostBug, "the sandbox is closed"));
        };
        let Some(free) = nest.free.checked_sub(1) else {
            let message = "this machine has no room for tools that deep";
            return uncalled(ended(ErrorKind::LimitDepth, message));
        };
        let nested = Call {
            component: tool.component,
            operation: tool.operation.clone(),
            input,
            grants: Arc::clone(&self.grants),
            limits: self.limits(&bound),
            memory: Arc::clone(&self.memory),
            cancel: self.cancel.clone(),
            tape: None,
            tools: Arc::clone(&self.tools),
        };
        let report = sandbox.nested(nested, free).await;
        answer(&call.tool, report)
    }

    fn limits(&self, bound: &ToolBound) -> CallLimits {
        let ToolBound { fuel, wall_us, net_bytes, tokens, services_nano, calls, depth } = *bound;
        CallLimits {
            fuel,
            wall: Duration::from_micros(wall_us),
            net_bytes,
            tokens,
            services_nano,
            tool_calls: calls,
            tool_depth: depth,
            ..self.limits
        }
    }
}

fn ended(kind: ErrorKind, message: &str) -> ToolProblem {
    ToolProblem::Ended { kind, message: message.to_owned() }
}

fn uncalled(problem: ToolProblem) -> ToolsAnswer {
    ToolsAnswer::Called { result: Err(problem), spent: Box::default() }
}

fn answer(tool: &str, report: CallReport) -> ToolsAnswer {
    let spent = ToolSpent {
        fuel: report.fuel,
        net_bytes: report.net_bytes,
        tokens: report.tokens,
        services_nano: report.services_nano,
        calls: report.tool_calls,
        host_calls: report.host_calls,
        memory_peak_bytes: report.memory_peak_bytes,
        logs: report.logs.into_iter().map(|line| format!("{tool}: {line}")).collect(),
        asked: report.asked,
    };
    let result = match report.result {
        Ok(output) => Ok(output.to_string()),
        Err(error) => Err(problem(tool, error)),
    };
    ToolsAnswer::Called { result, spent: Box::new(spent) }
}

/// Whether the caller is told of a failure, or ends with it.
fn problem(tool: &str, error: CallError) -> ToolProblem {
    let CallError { kind, message, .. } = error;
    match kind {
        ErrorKind::InvalidInput => ToolProblem::BadInput(message),
        // What these bound is the caller's own, and there is no more of it.
        ErrorKind::LimitFuel
        | ErrorKind::LimitDeadline
        | ErrorKind::LimitCost
        | ErrorKind::LimitTokens
        | ErrorKind::LimitNetBytes
        | ErrorKind::LimitToolCalls
        | ErrorKind::LimitDepth => {
            let message = match message.starts_with("in the tool ") {
                true => message,
                false => format!("in the tool `{tool}`: {message}"),
            };
            ToolProblem::Ended { kind, message }
        }
        ErrorKind::PipelineCancelled | ErrorKind::HostExecutor | ErrorKind::HostBug => {
            ToolProblem::Ended { kind, message }
        }
        _ => ToolProblem::Failed { kind, message },
    }
}
