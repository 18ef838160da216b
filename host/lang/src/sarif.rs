//! Problems as SARIF 2.1.0, which code hosts and editors read.
//!
//! One run for any number of files. What is said of a rule comes from its page.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Severity};
use crate::render::Places;
use crate::source::Span;
use crate::sources::Texts;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

/// Gathers the problems of several files.
#[derive(Debug, Default)]
pub struct Sarif {
    /// Where each code is in `rules`.
    known: BTreeMap<&'static str, usize>,
    rules: Vec<Value>,
    results: Vec<Value>,
}

impl Sarif {
    /// Adds the problems of one file.
    pub fn add(&mut self, diagnostics: &[Diagnostic], texts: &impl Texts) {
        let mut places = Places::new(texts);
        for diagnostic in diagnostics {
            let result = self.result(diagnostic, &mut places);
            self.results.push(result);
        }
    }

    /// The whole log. `version` is that of the program.
    pub fn finish(self, version: &str) -> Value {
        json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "coldframe",
                    "semanticVersion": version,
                    "rules": self.rules,
                } },
                "columnKind": "unicodeCodePoints",
                "results": self.results,
            }],
        })
    }

    fn result<T: Texts>(&mut self, problem: &Diagnostic, places: &mut Places<'_, T>) -> Value {
        let text = match &problem.help {
            Some(help) => format!("{}\nhelp: {help}", problem.message),
            None => problem.message.clone(),
        };
        let mut location = Map::new();
        location.insert("physicalLocation".to_owned(), place(problem.span, places));
        if let Some(path) = &problem.yaml_path {
            let path = json!([{ "fullyQualifiedName": path, "kind": "member" }]);
            location.insert("logicalLocations".to_owned(), path);
        }
        let mut result = json!({
            "ruleId": problem.code.id,
            "ruleIndex": self.rule(problem.code),
            "level": level(problem.severity),
            "message": { "text": text },
            "locations": [location],
        });
        let related: Vec<Value> = problem
            .labels
            .iter()
            .enumerate()
            .map(|(id, label)| {
                let there = place(label.span, places);
                json!({ "id": id, "physicalLocation": there, "message": { "text": label.text } })
            })
            .collect();
        if let Some(result) = result.as_object_mut().filter(|_| !related.is_empty()) {
            result.insert("relatedLocations".to_owned(), Value::Array(related));
        }
        result
    }

    fn rule(&mut self, code: &'static Code) -> usize {
        let next = self.rules.len();
        let at = *self.known.entry(code.id).or_insert(next);
        if at == next {
            let page = code.page.trim_end();
            // The first paragraph, behind the title.
            let paragraph = page.split("\n\n").nth(1).unwrap_or_default();
            let sentence = paragraph.split(". ").next().unwrap_or_default().trim_end_matches('.');
            self.rules.push(json!({
                "id": code.id,
                "shortDescription": { "text": format!("{sentence}.") },
                "fullDescription": { "text": paragraph },
                "help": { "text": page, "markdown": page },
                "defaultConfiguration": { "level": level(code.severity) },
            }));
        }
        at
    }
}

fn level(severity: Severity) -> &'static str {
    // The words are those of SARIF too.
    severity.as_str()
}

fn place<T: Texts>(span: Span, places: &mut Places<'_, T>) -> Value {
    let there = places.at(span.start);
    let (start, end) = (there.position(span.start), there.position(span.end));
    json!({
        "artifactLocation": { "uri": uri(there.name) },
        "region": {
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        },
    })
}

/// A path as a reference: relative as it was typed, or absolute.
fn uri(path: &str) -> String {
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.strip_prefix("./").unwrap_or(path).bytes() {
        // RFC 3986, section 2.3. A `:` would make what is before it a scheme.
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::tests::compiled;

    #[track_caller]
    fn log(name: &str, text: &str) -> Value {
        let source = Source { name, text };
        let mut sarif = Sarif::default();
        sarif.add(&compiled(text).diagnostics, &source);
        sarif.finish("1.2.3")
    }

    #[test]
    fn a_problem_with_another_place() {
        let text = "apiVersion: coldframe/v1\nkind: Pipeline\nmetadata: { ä: 1, name: t }\nsteps:\n  - { id: a, set: {} }\n  - { id: a, set: {} }\n";
        let log = log("./my flows/ä:1.yml", text);
        let run = &log["runs"][0];
        assert_eq!(log["version"], "2.1.0");
        assert_eq!(run["tool"]["driver"]["semanticVersion"], "1.2.3");
        let results = run["results"].as_array().unwrap();
        let twice = results.iter().find(|result| result["ruleId"] == "duplicate-id").unwrap();
        assert_eq!(twice["level"], "error");
        let place = &twice["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "my%20flows/%C3%A4%3A1.yml");
        assert_eq!(
            place["region"],
            json!({ "startLine": 6, "startColumn": 11, "endLine": 6, "endColumn": 12 })
        );
        let first = &twice["relatedLocations"][0];
        assert_eq!(first["physicalLocation"]["region"]["startLine"], 5);
        assert!(first["message"]["text"].is_string(), "{first}");
        assert!(twice["message"]["text"].as_str().unwrap().contains("\nhelp: "), "{twice}");
        for result in results {
            let rule = result["ruleIndex"].as_u64().and_then(|at| usize::try_from(at).ok());
            assert_eq!(run["tool"]["driver"]["rules"][rule.unwrap()]["id"], result["ruleId"]);
        }
    }

    #[test]
    fn every_code_has_a_description() {
        let mut sarif = Sarif::default();
        let lint = crate::lint::rules().iter().map(|rule| &rule.code);
        for code in crate::codes::all().iter().copied().chain(lint) {
            let at = sarif.rule(code);
            let rule = &sarif.rules[at];
            for key in ["shortDescription", "fullDescription"] {
                let text = rule[key]["text"].as_str().unwrap();
                assert!(text.len() > 10 && text.ends_with('.'), "{}: {text:?}", code.id);
            }
        }
        assert_eq!(sarif.rules.len(), sarif.known.len());
    }

    #[test]
    fn nothing_to_say_is_a_log_too() {
        let log = Sarif::default().finish("0.1.0");
        assert_eq!(log["runs"][0]["results"], json!([]));
        assert_eq!(uri("/tmp/a.yml"), "file:///tmp/a.yml");
    }
}
