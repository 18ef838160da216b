//! The shapes that are run side by side, as pipelines: a chain, and a fan-out that is joined.

use std::fmt::Write as _;

/// Its manifest.
pub(super) const MANIFEST: &str = "\
id = \"bench/no-op\"
version = \"1.0.0\"
description = \"Gives its argument back\"
license = \"MIT\"
";

/// What lies where in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Each step after the one before.
    Chain,
    /// A first step, all others beside each other after it, and one that joins them.
    FanOut,
}

/// What each step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Steps {
    /// A call of the component, in an instance of its own.
    Calls,
    /// A value.
    Sets,
}

impl Shape {
    /// As the scripts of the peers call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::FanOut => "fan",
        }
    }
}

/// A pipeline with so many steps, and two more where it fans out.
pub(super) fn pipeline(shape: Shape, steps: Steps, count: usize) -> String {
    // Sixteen side by side have to fit the run's fuel.
    let mut text = "\
apiVersion: coldframe/v1
kind: Pipeline
metadata: { name: bench }
limits: { call_fuel: 1e6 }
steps:
"
    .to_owned();
    let value = |id: &str| match steps {
        Steps::Calls => format!("{{{{ {id} }}}}"),
        Steps::Sets => format!("{{{{ {id}.x }}}}"),
    };
    let mut step = |id: &str, x: &str| {
        // Writing to a text cannot fail.
        let _ = match steps {
            Steps::Calls => {
                writeln!(text, "  - {{ id: {id}, uses: bench/no-op#run, with: {{ x: {x} }} }}")
            }
            Steps::Sets => writeln!(text, "  - {{ id: {id}, set: {{ x: {x} }} }}"),
        };
    };
    let quoted = |id: &str| format!("\"{}\"", value(id));
    match shape {
        Shape::Chain => {
            step("s0", "7");
            for number in 1..count {
                step(&format!("s{number}"), &quoted(&format!("s{}", number - 1)));
            }
            let _ = writeln!(text, "outputs: {{ x: {} }}", quoted(&format!("s{}", count - 1)));
        }
        Shape::FanOut => {
            step("first", "7");
            for number in 0..count {
                step(&format!("s{number}"), &quoted("first"));
            }
            let all: Vec<String> = (0..count).map(|number| format!("s{number}")).collect();
            let _ = writeln!(
                text,
                "  - {{ id: join, needs: [{}], set: {{ x: {} }} }}\noutputs: {{ x: \"{{{{ join.x }}}}\" }}",
                all.join(", "),
                quoted("first")
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipelines_are_what_their_shape_says() {
        let steps = |shape, steps| {
            let text = pipeline(shape, steps, 3);
            let lines = text.lines().skip_while(|line| *line != "steps:").skip(1);
            lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            steps(Shape::Chain, Steps::Calls),
            [
                "- { id: s0, uses: bench/no-op#run, with: { x: 7 } }",
                "- { id: s1, uses: bench/no-op#run, with: { x: \"{{ s0 }}\" } }",
                "- { id: s2, uses: bench/no-op#run, with: { x: \"{{ s1 }}\" } }",
                "outputs: { x: \"{{ s2 }}\" }",
            ]
        );
        assert_eq!(
            steps(Shape::FanOut, Steps::Sets),
            [
                "- { id: first, set: { x: 7 } }",
                "- { id: s0, set: { x: \"{{ first.x }}\" } }",
                "- { id: s1, set: { x: \"{{ first.x }}\" } }",
                "- { id: s2, set: { x: \"{{ first.x }}\" } }",
                "- { id: join, needs: [s0, s1, s2], set: { x: \"{{ first.x }}\" } }",
                "outputs: { x: \"{{ join.x }}\" }",
            ]
        );
    }
}
