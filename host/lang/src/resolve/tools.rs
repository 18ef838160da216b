//! The lines of a pipeline's `tools` to the operations they name. What can be called is fixed before
//! a run begins, so a line that could mean any skill is refused here.

use std::collections::BTreeMap;

use coldframe_format::Operation;
use coldframe_format::caps::ToolGrant;
use coldframe_format::schema::input_schema;

use super::skills::Lookup;
use crate::catalog::SkillEntry;
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::graph::Tool;
use crate::shown::shown;
use crate::source::{Source, Span};
use crate::sources::Sources;
use crate::world::World;
use crate::yaml::node::Text;

/// Every operation that some line names, by name.
pub(super) fn find(
    lines: &[(usize, ToolGrant, &Text)],
    skills: &mut Lookup<'_>,
    report: &mut Report,
) -> Vec<Tool> {
    let mut found: BTreeMap<String, Tool> = BTreeMap::new();
    for (index, grant, text) in lines {
        let path = format!("caps.tools[{index}]");
        let mut refuse = |code, message: String, help: &str| {
            report.push(Diagnostic::new(code, text.span, message).help(help).at(&path));
        };
        let Some(wanted) = grant.reference() else {
            let message = format!(
                "`{}` names no skill, and what a pipeline lets its steps call is looked up before \
                 it runs",
                shown(&text.text)
            );
            refuse(&codes::BAD_GRANT, message, "name the skills: `std/text#stats` or `std/text#*`");
            continue;
        };
        let (entry, operations) = match &wanted.operation {
            Some(_) => {
                let Some(skill) = skills.find(text, &path, report) else { continue };
                let Ok(operation) = skill.entry.interface.operation(Some(&skill.operation)) else {
                    continue;
                };
                (std::sync::Arc::clone(&skill.entry), vec![operation.clone()])
            }
            None => {
                let Some(entry) = skills.every(text, &wanted, &path, report) else { continue };
                let operations = entry.interface.operations.clone();
                (entry, operations)
            }
        };
        for operation in &operations {
            let Some(tool) = tool(&entry, operation) else {
                let message =
                    format!("`{}` imports something that this version does not offer", entry.id);
                let help = "choose another version of the skill, or a later version of coldframe";
                let problem = Diagnostic::new(&codes::UNKNOWN_IMPORT, text.span, message);
                report.push(problem.help(help).at(&path));
                break;
            };
            let name = tool.name();
            match found.get(&name) {
                Some(other) if other.component != tool.component => {
                    let message = format!(
                        "`{name}` would be that of {} and that of {}",
                        other.version, tool.version
                    );
                    let problem = Diagnostic::new(&codes::BAD_GRANT, text.span, message);
                    let help = "name one version: a guest calls a tool without one";
                    report.push(problem.help(help).at(&path));
                    break;
                }
                Some(_) => {}
                None => {
                    found.insert(name, tool);
                }
            }
        }
    }
    found.into_values().collect()
}

/// The operations that grants name which stand in no file.
pub fn tools(grants: &[ToolGrant], world: World<'_>) -> Result<Vec<Tool>, Vec<Diagnostic>> {
    let text = |grant: &ToolGrant| Text {
        span: Span::default(),
        text: grant.to_string(),
        verbatim: None,
        data: Vec::new(),
    };
    let texts: Vec<Text> = grants.iter().map(text).collect();
    let lines = grants.iter().zip(&texts).enumerate();
    let lines: Vec<_> = lines.map(|(index, (grant, text))| (index, grant.clone(), text)).collect();
    let mut report = Report::default();
    let found = find(&lines, &mut Lookup::new(world, false), &mut report);
    match report.has_errors() {
        true => Err(report.into_sorted(&Sources::of(&Source { name: "", text: "" }))),
        false => Ok(found),
    }
}

fn tool(entry: &SkillEntry, operation: &Operation) -> Option<Tool> {
    let needs = entry.interface.required_caps().ok()?;
    Some(Tool {
        skill: entry.id.clone(),
        version: entry.version.clone(),
        component: entry.component,
        operation: operation.name.clone(),
        description: operation.doc.clone(),
        input: input_schema(operation),
        needs,
    })
}
