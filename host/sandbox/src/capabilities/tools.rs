//! `coldframe:host/tools`: a component calls operations of other skills.
//!
//! What a tool may take is all that its caller has left, set aside before and settled afterwards; its
//! caller waits meanwhile. Whether a tool is granted is looked at here; running it is for [`Desk`].

mod budget;
mod desk;

use coldframe_engine::services::{
    Answer, Ask, ToolCall, ToolInfo, ToolProblem, ToolsAnswer, ToolsAsk,
};
use coldframe_engine::{CallError, services::ToolBound};
use coldframe_format::{Cap, Caps, SkillId, SkillRef};
use coldframe_journal::ErrorKind;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, Lower};

use super::services::{self, Refused, wrong_answer};
use crate::rights::Rights;
use crate::sanitize;
use crate::state::CallState;

pub(crate) use budget::{Hold, ToolBudget};
pub(crate) use desk::{Desk, Nest};

/// The longest name of a tool: a skill, `#` and an operation of an interface.
const NAME_BYTES_MAX: usize = 4 * coldframe_format::name::NAME_BYTES_MAX + 4;

/// `record tool` of the interface.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(record)]
struct Tool {
    name: String,
    description: String,
    #[component(name = "input-schema")]
    input_schema: String,
}

/// `record failure` of the interface.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(record)]
struct Failure {
    kind: String,
    message: String,
}

/// `variant error` of the interface.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(variant)]
enum Error {
    #[component(name = "unknown-tool")]
    UnknownTool,
    #[component(name = "bad-input")]
    BadInput(String),
    #[component(name = "failed")]
    Failed(Failure),
}

type Store<'a> = StoreContextMut<'a, CallState>;

/// Adds the interface under `name`.
pub(crate) fn add(linker: &mut Linker<CallState>, name: &str) -> wasmtime::Result<()> {
    let mut tools = linker.instance(name)?;
    tools.func_wrap_async("list", |mut store: Store<'_>, (): ()| {
        Box::new(async move {
            match services::ask(&mut store, Ask::Tools(ToolsAsk::List)).await? {
                Ok(Answer::Tools(ToolsAnswer::List(found))) => {
                    Ok((found.into_iter().map(tool).collect::<Vec<_>>(),))
                }
                // Where there is nobody to ask there are no tools.
                Err(_) => Ok((Vec::new(),)),
                Ok(_) => Err(wrong_answer()),
            }
        })
    })?;
    tools.func_wrap_async("call", |mut store: Store<'_>, (tool, input): (String, String)| {
        Box::new(async move { Ok((call(&mut store, tool, input).await?,)) })
    })
}

fn tool(ToolInfo { name, description, input_schema, .. }: ToolInfo) -> Tool {
    Tool { name, description, input_schema }
}

async fn call(
    store: &mut Store<'_>,
    tool: String,
    input: String,
) -> wasmtime::Result<Result<String, Error>> {
    if parse(&tool).is_none() {
        store.data_mut().host_calls += 1;
        return Ok(Err(Error::UnknownTool));
    }
    // The fuel of the tool is taken out of this store while it runs.
    let fuel = store.get_fuel()?;
    budget(store).fuel_left(fuel);
    store.set_fuel(0)?;
    let ask = Ask::Tools(ToolsAsk::Call(ToolCall { tool, input, bound: None }));
    let answered = services::ask(store, ask).await;
    let spent = budget(store).fuel_spent();
    store.set_fuel(fuel.saturating_sub(spent))?;
    match answered? {
        Ok(Answer::Tools(ToolsAnswer::Called { result, spent })) => {
            let state = store.data_mut();
            state.host_calls = state.host_calls.saturating_add(spent.host_calls);
            state.callee_memory = state.callee_memory.max(spent.memory_peak_bytes);
            state.log.append(spent.logs);
            match result {
                Ok(output) => Ok(Ok(output)),
                Err(ToolProblem::BadInput(message)) => Ok(Err(Error::BadInput(message))),
                Err(ToolProblem::Failed { kind, message }) => {
                    Ok(Err(Error::Failed(Failure { kind: kind.to_string(), message })))
                }
                Err(ToolProblem::Ended { kind, message }) => {
                    Err(Refused(CallError::new(kind, message)).into())
                }
            }
        }
        Ok(Answer::Tools(ToolsAnswer::Unknown)) => Ok(Err(Error::UnknownTool)),
        Ok(_) => Err(wrong_answer()),
        Err(message) => {
            let kind = ErrorKind::HostBug.to_string();
            Ok(Err(Error::Failed(Failure { kind, message })))
        }
    }
}

fn budget<'a>(store: &'a mut Store<'_>) -> &'a mut ToolBudget {
    &mut store.data_mut().services.get_or_insert_default().tools
}

/// A tool's name, if the text is one: a skill without a version, and an operation.
fn parse(name: &str) -> Option<(SkillId, String)> {
    if name.len() > NAME_BYTES_MAX || name.contains('@') {
        return None;
    }
    let SkillRef { id, operation, .. } = name.parse().ok()?;
    Some((id, operation?))
}

/// Looks who grants a tool. Which version there is of it says `versions`; of one there is none of
/// only the name counts.
pub(super) fn granted(
    rights: &Rights,
    tools: &[coldframe_engine::services::Tool],
    name: &str,
) -> Result<(), CallError> {
    let shown = sanitize::line(name, NAME_BYTES_MAX);
    let version = tools.iter().find(|tool| tool.name() == name).map(|tool| &tool.version);
    let parsed = parse(name);
    let allows = |caps: &Caps| {
        let Some((skill, operation)) = &parsed else { return false };
        caps.tools.iter().any(|grant| match version {
            Some(version) => grant.allows(skill, version, operation),
            None => grant.names(skill, operation),
        })
    };
    let what = format!("to call the tool `{shown}`");
    rights.check(allows, ErrorKind::DeniedTool, &what, (Cap::Tools, &shown))
}

/// Those of a list that everybody grants.
pub(super) fn visible(rights: &Rights, found: Vec<ToolInfo>) -> Vec<ToolInfo> {
    let granted = |tool: &ToolInfo| {
        let Some((skill, operation)) = parse(&tool.name) else { return false };
        rights.allows(|caps| {
            caps.tools.iter().any(|grant| grant.allows(&skill, &tool.version, &operation))
        })
    };
    found.into_iter().filter(granted).collect()
}

/// What a question asks for at most, where nobody said yet.
pub(super) const EVERYTHING: ToolBound = ToolBound {
    fuel: u64::MAX,
    wall_us: u64::MAX,
    net_bytes: u64::MAX,
    tokens: u64::MAX,
    services_nano: u64::MAX,
    calls: u64::MAX,
    depth: u64::MAX,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tools() {
        for (text, expected) in [
            ("std/text#stats", Some("stats")),
            ("std/text#text.stats", Some("text.stats")),
            ("std/text", None),
            ("std/text@1#stats", None),
            ("stats", None),
            ("", None),
            ("std/text#", None),
            ("std/text#a b", None),
        ] {
            let found = parse(text).map(|(_, operation)| operation);
            assert_eq!(found.as_deref(), expected, "{text}");
        }
        assert_eq!(parse(&format!("std/{}#a", "a".repeat(300))), None);
    }
}
