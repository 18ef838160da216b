//! A graph as a picture: text for Graphviz, and an SVG that needs no other program.

mod dot;
mod layout;
mod svg;
#[cfg(test)]
mod tests;

use crate::graph::{CaseTest, Graph, Join, Step, StepKind, Wait};

pub use dot::dot;
pub use svg::svg;

/// The longest line of a label, characters.
const LABEL_CHARS_MAX: usize = 48;

/// What stands in a step's box: its name, then what it does, then its condition.
fn label(step: &Step) -> Vec<String> {
    let mut lines = vec![cut(&step.name)];
    lines.extend(Some(what(step)).filter(|what| !what.is_empty()).map(|what| cut(&what)));
    lines.extend(step.when.as_ref().map(|when| cut(&format!("when {}", when.source))));
    lines
}

/// What a step does, in a few words.
pub(crate) fn what(step: &Step) -> String {
    match &step.kind {
        StepKind::Uses(uses) => uses.to_string(),
        StepKind::Set(_) => String::new(),
        StepKind::Map(map) => format!("for each {}", map.name),
        StepKind::Loop(looped) => match (&looped.whilst, &looped.until) {
            (Some(whilst), _) => format!("loop while {}", whilst.source),
            (None, Some(until)) => format!("loop until {}", until.source),
            (None, None) => format!("{} times", looped.max),
        },
        StepKind::Switch(_) => "switch".to_owned(),
        StepKind::Parallel(parallel) => match parallel.join {
            Join::All => "all of".to_owned(),
            Join::Any => "any of".to_owned(),
            Join::Quorum(count) => format!("{count} of"),
            Join::Vote(_) => "vote of".to_owned(),
        },
        StepKind::Pipeline(child) => child.source.clone(),
        StepKind::Approve(_) => "a person decides".to_owned(),
        StepKind::Wait(Wait::Duration(time)) => format!("wait {time:?}"),
        StepKind::Wait(Wait::Signal(name)) => format!("wait for {name}"),
    }
}

/// The blocks that a step holds, each with what it is called where there are several.
pub(crate) fn blocks(step: &Step) -> Vec<(usize, Option<String>)> {
    match &step.kind {
        StepKind::Map(map) => vec![(map.block, None)],
        StepKind::Loop(looped) => vec![(looped.block, None)],
        StepKind::Switch(switch) => switch
            .cases
            .iter()
            .map(|case| {
                let test = match &case.test {
                    CaseTest::When(when) => when.source.clone(),
                    CaseTest::Is(values) => {
                        let values: Vec<String> = values
                            .iter()
                            .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
                            .collect();
                        values.join(", ")
                    }
                };
                (case.block, Some(cut(&test)))
            })
            .chain(switch.default.map(|block| (block, Some("otherwise".to_owned()))))
            .collect(),
        StepKind::Parallel(parallel) => parallel
            .branches
            .iter()
            .map(|branch| (branch.block, Some(branch.name.clone())))
            .collect(),
        StepKind::Uses(_)
        | StepKind::Set(_)
        | StepKind::Pipeline(_)
        | StepKind::Approve(_)
        | StepKind::Wait(_) => Vec::new(),
    }
}

/// Whether nothing may come along the edges out of a step.
fn is_conditional(graph: &Graph, step: usize) -> bool {
    graph.steps.get(step).is_some_and(|step| step.when.is_some())
}

/// The beginning of a line, without what no drawing can show.
fn cut(text: &str) -> String {
    let mut line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LABEL_CHARS_MAX + 1)
        .collect();
    if line.chars().count() > LABEL_CHARS_MAX {
        line.pop();
        line.push('…');
    }
    line
}
