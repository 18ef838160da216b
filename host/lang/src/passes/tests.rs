//! What each pass does to small graphs.

use super::simplify;
use crate::graph::Graph;
use crate::tests::compiled;

const HEAD: &str = "apiVersion: coldframe/v1\nkind: Pipeline\nmetadata: { name: t }\n";

fn simplified(text: &str) -> (Graph, Vec<String>) {
    let mut graph = compiled(&format!("{HEAD}{text}")).graph.unwrap();
    let notes = simplify(&mut graph).iter().map(ToString::to_string).collect();
    graph.assert_valid();
    (graph, notes)
}

#[track_caller]
fn check(text: &str, steps: &str, notes: &[&str]) {
    let (graph, found) = simplified(text);
    let ids: Vec<&str> = graph.steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(ids.join(" "), steps);
    assert_eq!(found, notes);
    let again = simplify(&mut graph.clone());
    assert_eq!(again, [], "simplifying twice does nothing more");
}

#[test]
fn constants_go_where_they_are_used_and_their_steps_go_away() {
    check(
        "steps:
  - { id: c, set: { n: 3, name: Ann } }
  - { id: w, uses: std/text#stats, with: { text: \"dear {{ c.name }}, {{ c.n }}\" } }
outputs: { n: \"{{ c.n }}\", words: \"{{ w.word_count }}\" }
",
        "w",
        &[
            "fold: `c` is constant, and stands in 3 places now",
            "dead: `c` is not used by anything, and is left out",
        ],
    );
    let (graph, _) =
        simplified("steps:\n  - { id: c, set: { n: 3 } }\noutputs: { n: \"{{ c.n }}\" }\n");
    assert_eq!(graph.outputs["n"], crate::template::Template::Literal(serde_json::json!(3)));
}

#[test]
fn what_may_fail_or_be_skipped_stays() {
    check("steps:\n  - { id: w, uses: std/text#stats, with: { text: hi } }\n", "w", &[]);
    check(
        "inputs: { x: string }\nsteps:\n  - { id: s, set: { n: \"{{ inputs.x }}\" } }\n",
        "s",
        &[],
    );
    check(
        "inputs: { x: boolean }\nsteps:\n  - { id: s, when: inputs.x, set: { n: 1 } }\noutputs: { n: \"{{ s.n }}\" }\n",
        "s",
        &[],
    );
}

#[test]
fn an_order_through_a_dead_step_stays() {
    let text = "steps:
  - { id: a, uses: std/text#stats, with: { text: hi } }
  - { id: barrier, needs: a, set: { } }
  - { id: b, needs: barrier, uses: std/text#stats, with: { text: hi } }
";
    let (graph, _) = simplified(text);
    assert_eq!(graph.steps.len(), 2);
    assert_eq!(graph.steps[1].needs, [0]);
}

#[test]
fn implied_waits_are_dropped() {
    check(
        "steps:
  - { id: a, uses: std/text#stats, with: { text: hi } }
  - { id: b, set: { n: \"{{ a.word_count }}\" } }
  - { id: c, needs: [a, b], set: { n: \"{{ a.word_count + b.n }}\" } }
",
        "a b c",
        &["independence: `c` has one wait less, which others imply"],
    );
}
