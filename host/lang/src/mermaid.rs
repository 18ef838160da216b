//! A graph as a Mermaid flow chart.

use std::fmt::Write as _;

use crate::draw;
use crate::graph::{Graph, Step, StepKind};

/// The chart. Skills are boxes, computed values rounded ones, and steps that hold others stand
/// around them. An arrow out of a step with a condition is dotted, since nothing may come along it.
pub fn mermaid(graph: &Graph) -> String {
    let mut out = String::from("flowchart TD\n");
    block(graph, 0, 1, &mut out);
    for (index, step) in graph.steps.iter().enumerate() {
        for need in &step.needs {
            let conditional = graph.steps.get(*need).is_some_and(|step| step.when.is_some());
            let arrow = if conditional { "-.->" } else { "-->" };
            // Writing to a String cannot fail, here and below.
            let _ = writeln!(out, "  s{need} {arrow} s{index}");
        }
    }
    out
}

/// The steps of a block. Recurses through those that hold others; the compiler bounds how deep.
fn block(graph: &Graph, index: usize, depth: usize, out: &mut String) {
    let Some(block) = graph.blocks.get(index) else { return };
    for at in block.steps.clone() {
        if let Some(step) = graph.steps.get(at) {
            node(graph, at, step, depth, out);
        }
    }
}

fn node(graph: &Graph, at: usize, step: &Step, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    let held = draw::blocks(step);
    let label = label(step);
    if held.is_empty() {
        let shape = match step.kind {
            StepKind::Uses(_) => format!("[\"{label}\"]"),
            _ => format!("(\"{label}\")"),
        };
        let _ = writeln!(out, "{indent}s{at}{shape}");
        return;
    }
    let _ = writeln!(out, "{indent}subgraph s{at}[\"{label}\"]");
    for (index, name) in held {
        match name {
            None => block(graph, index, depth + 1, out),
            Some(name) => {
                let _ = writeln!(out, "{indent}  subgraph b{index}[\"{}\"]", escape(&name));
                block(graph, index, depth + 2, out);
                let _ = writeln!(out, "{indent}  end");
            }
        }
    }
    let _ = writeln!(out, "{indent}end");
}

/// Its name, what it does and when.
fn label(step: &Step) -> String {
    let what = draw::what(step);
    let when = step.when.as_ref().map(|when| format!("when {}", when.source));
    let lines = [Some(step.name.clone()), Some(what).filter(|what| !what.is_empty()), when];
    let lines: Vec<String> = lines.iter().flatten().map(|line| escape(line)).collect();
    lines.join("<br/>")
}

/// The longest label line, in characters.
const LABEL_CHARS_MAX: usize = 80;

/// Characters that Mermaid or the HTML it makes could take for something else, as entities.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        match c {
            _ if count == LABEL_CHARS_MAX => {
                out.push('…');
                break;
            }
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '_' | '-' | '.' | ',' | '/' | '@' => {
                out.push(c);
            }
            c if c.is_alphabetic() => out.push(c),
            c if c.is_control() => out.push(' '),
            c => {
                let _ = write!(out, "#{};", u32::from(c));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::tests::compiled;

    #[test]
    fn draws_steps_edges_and_conditions() {
        let text = "apiVersion: coldframe/v1
kind: Pipeline
metadata: { name: t }
steps:
  - { id: a, name: \"say \\\"hi\\\" <b>]\", uses: std/text#stats, with: { text: hi } }
  - { id: b, when: a.word_count > 1, set: { n: 1 } }
  - { id: c, set: { n: \"{{ b.n }}\", m: \"{{ a.word_count }}\" } }
";
        assert_eq!(
            super::mermaid(&compiled(text).graph.unwrap()),
            "flowchart TD
  s0[\"say #34;hi#34; #60;b#62;#93;<br/>std/text@1.0.0#35;stats\"]
  s1(\"b<br/>when a.word_count #62; 1\")
  s2(\"c\")
  s0 --> s1
  s0 --> s2
  s1 -.-> s2
"
        );
    }

    #[test]
    fn draws_steps_around_those_they_hold() {
        let text = "apiVersion: coldframe/v1
kind: Pipeline
metadata: { name: t }
steps:
  - { id: a, map: { over: [1], steps: [{ id: x, set: { n: 1 } }, { id: y, set: { n: \"{{ x.n }}\" } }] } }
  - { id: b, switch: { on: run.name, cases: [{ is: [k, l], steps: [{ id: x, wait: 5m }] }], default: { steps: [{ id: x, set: { n: \"{{ a }}\" } }] } } }
";
        assert_eq!(
            super::mermaid(&compiled(text).graph.unwrap()),
            "flowchart TD
  subgraph s0[\"a<br/>for each item\"]
    s2(\"x\")
    s3(\"y\")
  end
  subgraph s1[\"b<br/>switch\"]
    subgraph b2[\"k, l\"]
      s4(\"x<br/>wait 300s\")
    end
    subgraph b3[\"otherwise\"]
      s5(\"x\")
    end
  end
  s0 --> s1
  s2 --> s3
"
        );
    }
}
