//! Every kind of problem has a page, and the page is true: the first text on it has exactly that
//! problem and the second has none.

use std::collections::BTreeSet;

use super::compiled;
use crate::codes::{Code, all, explain};
use crate::load::DOCUMENTS_MAX;
use crate::yaml::read::{NODES_MAX, TEXT_BYTES_MAX};

/// The texts on a page, in order.
fn texts(page: &str) -> Vec<String> {
    page.split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

/// Texts with a problem that would fill the page, by code.
fn too_long_to_show(code: &Code) -> Option<Vec<String>> {
    match code.id {
        "yaml-too-large" => Some(vec![
            format!("a: \"{}\"\n", "x".repeat(TEXT_BYTES_MAX)),
            format!("a: [{}]\n", "1,".repeat(NODES_MAX)),
        ]),
        "yaml-documents" => Some(vec!["---\na: 1\n".repeat(DOCUMENTS_MAX + 1)]),
        _ => None,
    }
}

/// What is not as the page says, or nothing.
fn check_exactly(code: &Code, text: &str) -> Vec<String> {
    let found = compiled(text);
    let mut wrong = Vec::new();
    if found.diagnostics.is_empty() {
        wrong.push(format!("{code:?}: its first text has no problem"));
    }
    for diagnostic in &found.diagnostics {
        if diagnostic.code != code {
            wrong.push(format!(
                "{code:?}: its first text has {:?}: {}",
                diagnostic.code, diagnostic.message
            ));
        }
        if diagnostic.help.is_none() {
            wrong.push(format!("{code:?} has no help: {}", diagnostic.message));
        }
    }
    wrong
}

fn check_page(code: &Code) -> Vec<String> {
    let title = format!("# {}\n", code.id);
    assert!(code.page.starts_with(&title), "{code:?} begins with its title");
    let texts = texts(code.page);
    let (mut wrong, good) = match (too_long_to_show(code), texts.as_slice()) {
        (Some(bad), [good]) => {
            (bad.iter().flat_map(|bad| check_exactly(code, bad)).collect(), good)
        }
        (None, [bad, good]) => (check_exactly(code, bad), good),
        _ => panic!("{code:?} has {} texts", texts.len()),
    };
    let fixed = compiled(good);
    let messages = fixed
        .diagnostics
        .iter()
        .map(|d| format!("{code:?}: its last text has {:?}: {}", d.code, d.message));
    wrong.extend(messages);
    if let Some(graph) = fixed.graph {
        graph.assert_valid();
    }
    wrong
}

#[test]
fn every_page_shows_its_problem_and_the_way_out() {
    let wrong: Vec<String> = all().iter().flat_map(|code| check_page(code)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn ids_are_kebab_case_and_unique() {
    let ids: BTreeSet<&str> = all().iter().map(|code| code.id).collect();
    assert_eq!(ids.len(), all().len());
    for id in ids {
        assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{id}");
        assert!(explain(id).is_some());
    }
    assert_eq!(explain("no-such-code"), None);
}
