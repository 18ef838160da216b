//! Of a text that is compiled: problems have a place, and a graph survives all that is done to it.

use std::time::Duration;

use coldframe_format::Digest;
use coldframe_lang::plan::{Defaults, plan};
use coldframe_lang::world::World;
use coldframe_lang::{
    Compiled, Diagnostic, Graph, Severity, Source, Sources, Texts as _, draw, fmt, lint, mermaid,
    passes, print, render_text, to_json,
};

use crate::{files::Folder, skills::Table};

/// Compiles a text, and whatever it gives in turn.
pub fn compile(text: &str) {
    let (skills, files) = (Table::new(), Folder::new());
    let world = World::new(&skills, &files);
    let source = Source { name: "flow.yml", text };
    let found = checked(&source, world);
    let advice = lint::lint(&source, world);
    let own = Sources::of(&source);
    advice.iter().for_each(|problem| placed(problem, &own));
    formatted(text, found.graph.as_ref(), world);
    let Some(graph) = found.graph else { return };
    let _ = plan(&graph, &skills, &defaults());
    let _ = (mermaid::mermaid(&graph), draw::dot(&graph), draw::svg(&graph));
    let mut simple = graph.clone();
    passes::simplify(&mut simple);
    simple.assert_valid();
    printed(text, graph, world);
}

/// Compiles a text, and checks what is said of it.
pub(crate) fn checked(source: &Source<'_>, world: World<'_>) -> Compiled {
    let found = coldframe_lang::compile(source, world);
    let errors = found.diagnostics.iter().any(|problem| problem.severity == Severity::Error);
    assert_eq!(found.graph.is_some(), !errors, "{:?}", found.diagnostics);
    found.diagnostics.iter().for_each(|problem| placed(problem, &found.sources));
    let _ = render_text(&found.diagnostics, &found.sources, true);
    let _ = to_json(&found.diagnostics, &found.sources);
    if let Some(graph) = &found.graph {
        graph.assert_valid();
    }
    found
}

fn placed(problem: &Diagnostic, sources: &Sources) {
    let labels = problem.labels.iter().map(|label| label.span);
    for span in std::iter::once(problem.span).chain(labels) {
        let there = sources.text_at(span.start);
        let range = span.start - there.base..span.end - there.base;
        assert!(there.text.get(range).is_some(), "{problem:?}");
    }
    assert!(problem.help.is_some(), "{problem:?}");
}

/// A formatted text stays as it is, and compiles to the same.
fn formatted(text: &str, graph: Option<&Graph>, world: World<'_>) {
    let out = match fmt::format(text) {
        Ok(out) => out,
        Err(problem) => {
            let lost = graph.is_some() && problem.code == &fmt::FORMAT_DIFFERS;
            assert!(!lost, "a pipeline is not formatted: {problem:?}");
            return;
        }
    };
    assert_eq!(fmt::format(&out).as_ref(), Ok(&out), "formatting twice changes more");
    if let Some(graph) = graph {
        let again = checked(&Source { name: "flow.yml", text: &out }, world);
        let again = again.graph.unwrap_or_else(|| panic!("{:?}\n{out}", again.diagnostics));
        assert_eq!(unplaced(graph.clone()), unplaced(again), "{out}");
    }
}

/// The text of a graph compiles to that graph.
fn printed(text: &str, graph: Graph, world: World<'_>) {
    let printed = print::to_yaml(&graph);
    if text.contains("Macro") {
        // What macros become is hygienic through places, not through names: no file can say that.
        return;
    }
    let again = checked(&Source { name: "flow.yml", text: &printed }, world);
    let again = again.graph.unwrap_or_else(|| panic!("{:?}\n{printed}", again.diagnostics));
    assert_eq!(unplaced(graph), unplaced(again), "{printed}");
    assert_eq!(fmt::format(&printed).as_ref(), Ok(&printed));
}

fn defaults() -> Defaults {
    let wall = Duration::from_secs(60);
    Defaults {
        call_fuel: 1_000_000_000,
        call_wall: wall,
        run_fuel: 10_000_000_000,
        run_wall: wall,
        run_tokens: 100_000,
        nano_per_mfuel: 1,
    }
}

/// Without what depends on the bytes of the text.
fn unplaced(mut graph: Graph) -> Graph {
    graph.spec_sha256 = Digest::of(b"");
    // They stand in a `Config`, and in no pipeline's text.
    graph.models.clear();
    for step in &mut graph.steps {
        step.line = 0;
        step.yaml_path = String::new();
    }
    for test in &mut graph.tests {
        test.line = 0;
    }
    graph
}
