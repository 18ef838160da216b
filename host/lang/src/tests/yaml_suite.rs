//! The reader against the suite of the YAML project: what is taken says what the suite says, and
//! what is refused is listed with its reason.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::yaml::read::read;

/// Texts of the suite that are right YAML and are refused: id and code.
const REFUSED: &str = include_str!("data/yaml-suite/refused.txt");
/// Texts of the suite that are wrong YAML and are taken, or say something else here.
const DIFFERENT: &str = include_str!("data/yaml-suite/different.txt");

/// What became of every text that is not as the suite says.
fn outcome() -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let (mut refused, mut different) = (BTreeMap::new(), BTreeMap::new());
    for line in include_str!("data/yaml-suite/cases.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let id = case["id"].as_str().unwrap().to_owned();
        let wrong = case["fail"] == true;
        match read(case["yaml"].as_str().unwrap()) {
            Err(_) if wrong => {}
            Err(problem) => {
                refused.insert(id, problem.code.id.to_owned());
            }
            Ok(_) if wrong => {
                different.insert(id, "taken".to_owned());
            }
            Ok(root) => {
                let expected =
                    case["json"].as_str().and_then(|json| serde_json::from_str::<Value>(json).ok());
                if expected.is_some_and(|expected| expected != root.to_value()) {
                    different.insert(id, "value".to_owned());
                }
            }
        }
    }
    (refused, different)
}

fn table(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(id, why)| (id.to_owned(), why.to_owned()))
        .collect()
}

#[test]
fn the_formatter_keeps_what_the_suite_says() {
    let mut left = Vec::new();
    for line in include_str!("data/yaml-suite/cases.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let text = case["yaml"].as_str().unwrap();
        if read(text).is_ok() {
            match crate::fmt::format(text) {
                Ok(found) => assert_eq!(crate::fmt::format(&found).unwrap(), found, "{line}"),
                Err(_) => left.push(case["id"].as_str().unwrap().to_owned()),
            }
        }
    }
    // Keys behind `?` that are texts of several lines.
    assert_eq!(left, ["5WE3"]);
}

#[test]
fn the_reader_agrees_with_the_suite() {
    let (refused, different) = outcome();
    let show = |found: &BTreeMap<String, String>| -> String {
        found.iter().map(|(id, why)| format!("{id} {why}\n")).collect()
    };
    assert_eq!(refused, table(REFUSED), "refused:\n{}", show(&refused));
    assert_eq!(different, table(DIFFERENT), "different:\n{}", show(&different));
}
