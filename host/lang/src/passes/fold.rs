//! Values that are known when the file is compiled, put where they are used.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Note;
use crate::graph::{Graph, Step, StepKind};
use crate::template::{Part, Path, Root, Segment, Template};

/// Replaces paths into `set` steps that always come to the same. Steps stand in an order in which
/// each comes after those it uses, so one walk is enough.
pub fn fold(graph: &mut Graph) -> Vec<Note> {
    let mut known: BTreeMap<usize, Value> = BTreeMap::new();
    let mut used: BTreeMap<usize, usize> = BTreeMap::new();
    for (index, step) in graph.steps.iter_mut().enumerate() {
        for template in step.templates_mut() {
            replace(template, &known, &mut used);
        }
        // A rule may want a person's word before the output counts.
        let ruled = graph.policies.iter().any(|rule| rule.is_of_step(&step.id));
        if let Some(value) = constant(step).filter(|_| !ruled) {
            known.insert(index, value);
        }
    }
    let blocks = graph.blocks.iter_mut().filter_map(|block| block.output.as_mut());
    for template in graph.outputs.values_mut().chain(blocks) {
        replace(template, &known, &mut used);
    }
    let note = |(index, count): (usize, usize)| {
        let places = if count == 1 { "1 place".to_owned() } else { format!("{count} places") };
        let step = graph.steps.get(index)?.id.clone();
        Some(Note { pass: "fold", step, what: format!("is constant, and stands in {places} now") })
    };
    used.into_iter().filter_map(note).collect()
}

/// The output of a step that computes nothing and always runs.
fn constant(step: &Step) -> Option<Value> {
    let StepKind::Set(set) = &step.kind else { return None };
    if step.when.is_some() {
        return None;
    }
    let values = set.values.iter().map(|(name, template)| match template {
        Template::Literal(value) => Some((name.clone(), value.clone())),
        _ => None,
    });
    values.collect::<Option<Map<_, _>>>().map(Value::Object)
}

/// Depth is that of the YAML the template came from, which the reader bounds.
fn replace(
    template: &mut Template,
    known: &BTreeMap<usize, Value>,
    used: &mut BTreeMap<usize, usize>,
) {
    match template {
        Template::Path(path) => {
            if let Some((step, value)) = value_at(path, known) {
                *template = Template::Literal(value.clone());
                *used.entry(step).or_default() += 1;
            }
        }
        Template::Text(parts) => {
            for part in parts.iter_mut() {
                let Part::Hole(expr) = part else { continue };
                let Some((step, value)) = expr.path.as_ref().and_then(|path| value_at(path, known))
                else {
                    continue;
                };
                // As at run time: a text goes in as it is, anything else as JSON.
                *part = Part::Text(match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                });
                *used.entry(step).or_default() += 1;
            }
            if parts.iter().all(|part| matches!(part, Part::Text(_))) {
                let texts = parts.iter().filter_map(|part| match part {
                    Part::Text(text) => Some(text.as_str()),
                    Part::Hole(_) => None,
                });
                *template = Template::Literal(Value::String(texts.collect()));
            }
        }
        Template::List(items) => {
            items.iter_mut().for_each(|item| replace(item, known, used));
            let values = items.iter().map(literal).collect::<Option<Vec<Value>>>();
            if let Some(values) = values {
                *template = Template::Literal(Value::Array(values));
            }
        }
        Template::Map(entries) => {
            entries.values_mut().for_each(|item| replace(item, known, used));
            let values = entries.iter().map(|(key, item)| Some((key.clone(), literal(item)?)));
            if let Some(values) = values.collect::<Option<Map<_, _>>>() {
                *template = Template::Literal(Value::Object(values));
            }
        }
        Template::Literal(_) | Template::Expr(_) => {}
    }
}

fn literal(template: &Template) -> Option<Value> {
    match template {
        Template::Literal(value) => Some(value.clone()),
        _ => None,
    }
}

/// The value at a path into a constant step. A path that leads nowhere stays, and fails when the
/// run comes to it, as it would have.
fn value_at<'v>(path: &Path, known: &'v BTreeMap<usize, Value>) -> Option<(usize, &'v Value)> {
    let Root::Step(step, _) = &path.root else { return None };
    let start = known.get(step)?;
    let value = path.segments.iter().try_fold(start, |at, segment| match segment {
        Segment::Key(key) => at.get(key),
        Segment::Index(index) => at.get(index),
    })?;
    Some((*step, value))
}
