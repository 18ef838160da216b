//! Pictures of small graphs, and of names that try to be more than names.

use super::{dot, svg};
use crate::tests::compiled;

const TEXT: &str = "apiVersion: coldframe/v1
kind: Pipeline
metadata: { name: t }
steps:
  - { id: a, name: \"say \\\"hi\\\" <b>\\\\\", uses: std/text#stats, with: { text: hi } }
  - { id: b, when: a.word_count > 1, set: { n: 1 } }
  - { id: c, set: { n: \"{{ b.n }}\", m: \"{{ a.word_count }}\" } }
";

#[test]
fn draws_steps_edges_and_conditions_for_graphviz() {
    assert_eq!(
        dot(&compiled(TEXT).graph.unwrap()),
        r#"digraph "t" {
  rankdir=TB;
  node [shape=box, style=rounded, fontname="sans-serif"];
  s0 [label="say \"hi\" <b>\\\nstd/text@1.0.0#stats"];
  s1 [label="b\nwhen a.word_count > 1"];
  s2 [label="c"];
  s0 -> s1;
  s0 -> s2;
  s1 -> s2 [style=dashed];
}
"#
    );
}

#[test]
fn an_svg_is_well_formed_and_nothing_in_it_is_markup_of_the_author() {
    let picture = svg(&compiled(TEXT).graph.unwrap());
    assert!(picture.contains("say &quot;hi&quot; &lt;b&gt;\\"), "{picture}");
    assert_eq!(picture.matches("<rect").count(), 3);
    assert_eq!(picture.matches("<path d=\"M").count(), 3 + 1, "edges, and the arrow's head");
    assert_eq!(picture.matches('<').count(), picture.matches('>').count());
}
