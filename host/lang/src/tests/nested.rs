//! Random pipelines of steps that hold steps: the graph keeps its promises, and is always the same.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{HEAD, compiled};

/// A step that may hold others; what it refers to is chosen by number.
#[derive(Debug, Clone)]
enum Shape {
    Set(usize),
    Map(Vec<Shape>),
    Loop(Vec<Shape>),
    Switch(Vec<Shape>, Vec<Shape>),
    Parallel(Vec<Shape>, Vec<Shape>),
}

fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    let leaf = any::<usize>().prop_map(Shape::Set);
    let shape = leaf.prop_recursive(4, 40, 4, |inner| {
        let steps = || prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            any::<usize>().prop_map(Shape::Set),
            steps().prop_map(Shape::Map),
            steps().prop_map(Shape::Loop),
            (steps(), steps()).prop_map(|(a, b)| Shape::Switch(a, b)),
            (steps(), steps()).prop_map(|(a, b)| Shape::Parallel(a, b)),
        ]
    });
    prop::collection::vec(shape, 1..6)
}

/// Writes steps, counting them; `seen` are the names that can be used.
struct Writer {
    text: String,
    count: usize,
}

impl Writer {
    fn block(&mut self, shapes: &[Shape], seen: &[String]) {
        self.text += "steps: [";
        // All ids of the block can be named, also by those before them, if nothing goes around in
        // a circle: even places name odd ones.
        let mut seen = seen.to_vec();
        for shape in shapes {
            let id = format!("s{}", self.count);
            self.count += 1;
            let _ = write!(self.text, "{{ id: {id}, ");
            self.shape(shape, &seen);
            self.text += " }, ";
            seen.push(id);
        }
        self.text += "]";
    }

    fn shape(&mut self, shape: &Shape, seen: &[String]) {
        match shape {
            Shape::Set(choice) => {
                let names: Vec<&str> =
                    seen.iter().map(String::as_str).chain(["run", "inputs"]).collect();
                let name = names[choice % names.len()];
                let _ = write!(self.text, "set: {{ n: \"{{{{ {name} }}}}\" }}");
            }
            Shape::Map(steps) => {
                self.text += "map: { over: [1, 2], ";
                self.block(steps, &with(seen, &["item", "index"]));
                self.text += " }";
            }
            Shape::Loop(steps) => {
                self.text += "loop: { state: 1, max: 2, while: loop.index < 9, ";
                self.block(steps, &with(seen, &["loop", "index"]));
                self.text += ", next: \"{{ loop.state }}\" }";
            }
            Shape::Switch(case, default) => {
                self.text += "switch: { cases: [{ when: \"true\", ";
                self.block(case, seen);
                self.text += " }], default: { ";
                self.block(default, seen);
                self.text += " } }";
            }
            Shape::Parallel(a, b) => {
                self.text += "parallel: { branches: { a: { ";
                self.block(a, seen);
                self.text += " }, b: { ";
                self.block(b, seen);
                self.text += " } }, output: \"{{ branches.a }}\" }";
            }
        }
    }
}

fn with(seen: &[String], more: &[&str]) -> Vec<String> {
    seen.iter().cloned().chain(more.iter().map(|name| (*name).to_owned())).collect()
}

/// Pipelines of steps that hold steps.
pub(crate) fn texts() -> impl Strategy<Value = String> {
    shapes().prop_map(|shapes| {
        let mut writer = Writer { text: HEAD.to_owned(), count: 0 };
        writer.block(&shapes, &[]);
        writer.text + "\n"
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nested_steps(shapes in shapes()) {
        let mut writer = Writer { text: HEAD.to_owned(), count: 0 };
        writer.block(&shapes, &[]);
        let (text, count) = (writer.text + "\n", writer.count);
        let (once, twice) = (compiled(&text), compiled(&text));
        prop_assert_eq!(&once.diagnostics, &[], "{}", text);
        let graph = once.graph.unwrap();
        graph.assert_valid();
        crate::mermaid::mermaid(&graph);
        prop_assert_eq!(graph.steps.len(), count);
        prop_assert_eq!(Some(graph), twice.graph);
    }
}
