//! Values, paths, expressions and rules by hand.

use super::*;

/// A value without holes.
pub fn lit(value: Value) -> Template {
    Template::Literal(value)
}

/// A path: `a.b[0]`. Names are bound where the graph is built.
pub fn path(text: &str) -> Template {
    Template::Path(parse_path(text))
}

/// An expression of the evaluator below.
pub fn expr(source: &str) -> Template {
    Template::Expr(when(source))
}

/// A rule: that `assert` holds for what `subject` is.
pub fn rule(id: &str, subject: Subject, assert: &str, action: Action) -> Policy {
    let assert = Expr { path: None, ..when(assert) };
    Policy { id: id.into(), subject, when: None, assert, action, message: None, line: 0 }
}

/// A condition.
pub fn when(source: &str) -> Expr {
    let mut roots: Vec<Root> = source
        .split_whitespace()
        .filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
        .map(|word| parse_path(word).root)
        .collect();
    roots.sort();
    roots.dedup();
    let path = (!source.contains(' ')).then(|| parse_path(source));
    Expr { source: source.into(), roots, path }
}

pub(super) const UNBOUND: usize = usize::MAX;

fn parse_path(text: &str) -> Path {
    let spread = text.replace('[', ".[");
    let mut parts = spread.split('.');
    let root = match parts.next().unwrap() {
        "inputs" => Root::Inputs,
        "run" => Root::Run,
        "item" => Root::Item(UNBOUND, "item".into()),
        "index" => Root::Index(UNBOUND),
        "loop" => Root::Loop(UNBOUND),
        "branches" => Root::Branches(UNBOUND),
        "result" => Root::Result,
        "step" => Root::Subject,
        "steps" => Root::Steps,
        "totals" => Root::Totals,
        id => Root::Step(UNBOUND, id.into()),
    };
    let segments = parts.map(|part| match part.strip_prefix('[') {
        Some(index) => Segment::Index(index.trim_end_matches(']').parse().unwrap()),
        None => Segment::Key(part.into()),
    });
    Path { root, segments: segments.collect() }
}
