//! A graph as a Mermaid flow chart.

use std::fmt::Write as _;

use crate::graph::{Graph, Step, StepKind, Uses};

/// The chart. Skills are boxes, computed values rounded ones, and an arrow out of a step with a
/// condition is dotted, since nothing may come along it.
pub fn mermaid(graph: &Graph) -> String {
    let mut out = String::from("flowchart TD\n");
    for (index, step) in graph.steps.iter().enumerate() {
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(out, "  s{index}{}", node(step));
    }
    for (index, step) in graph.steps.iter().enumerate() {
        for need in &step.needs {
            let conditional = graph.steps.get(*need).is_some_and(|step| step.when.is_some());
            let arrow = if conditional { "-.->" } else { "-->" };
            let _ = writeln!(out, "  s{need} {arrow} s{index}");
        }
    }
    out
}

fn node(step: &Step) -> String {
    let mut label = escape(&step.name);
    if let StepKind::Uses(Uses { skill, version, operation, .. }) = &step.kind {
        label += &format!("<br/>{}", escape(&format!("{skill}@{version}#{operation}")));
    }
    if let Some(when) = &step.when {
        label += &format!("<br/>{}", escape(&format!("when {}", when.source)));
    }
    match step.kind {
        StepKind::Uses(_) => format!("[\"{label}\"]"),
        _ => format!("(\"{label}\")"),
    }
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
}
