//! Pipelines of registries: run by steps, and on their way to be published.

use std::collections::BTreeMap;
use std::sync::Arc;

use coldframe_format::{Caps, Digest, SkillId, SkillRef};
use semver::Version;

use super::files::Folder;
use super::{HEAD, catalog, compiled};
use crate::catalog::{CatalogError, PipelineCatalog, PipelineEntry};
use crate::graph::{Graph, StepKind};
use crate::world::World;
use crate::{Source, compile_release, render_text};

/// Pipelines by id, versions ascending: a table in place of a registry.
pub(super) struct Shelf(BTreeMap<SkillId, Vec<Arc<PipelineEntry>>>);

impl PipelineCatalog for Shelf {
    fn find(&self, wanted: &SkillRef) -> Result<Arc<PipelineEntry>, CatalogError> {
        if wanted.id.to_string() == "acme/forged" {
            return Err(CatalogError::Refused("registry.digest: it was touched".to_owned()));
        }
        let versions = self.0.get(&wanted.id).ok_or(CatalogError::UnknownSkill)?;
        let found = versions.iter().rev().find(|entry| wanted.req.matches(&entry.version));
        found.cloned().ok_or_else(|| {
            CatalogError::NoVersion(versions.iter().map(|entry| entry.version.clone()).collect())
        })
    }

    fn ids(&self) -> Vec<SkillId> {
        self.0.keys().cloned().collect()
    }
}

impl Shelf {
    pub(super) fn new() -> Self {
        let mut shelf = Self(BTreeMap::new());
        for version in ["1.2.0", "1.3.0", "2.0.0"] {
            shelf.add(
                "acme/triage",
                version,
                "inputs: { ticket: string }
steps: [{ id: words, uses: \"std/text@^1#stats\", with: { text: \"{{ inputs.ticket }}\" } }]
outputs: { count: \"{{ words.word_count }}\" }
",
            );
        }
        shelf.add(
            "acme/outer",
            "1.0.0",
            "steps: [{ id: a, pipeline: acme/triage@=1.2.0, with: { ticket: x } }]
outputs: { count: \"{{ a.count }}\" }
",
        );
        shelf.add(
            "acme/loud",
            "1.0.0",
            "caps: { log: true }
limits: { fuel: 1e6 }
steps: [{ id: a, uses: acme/note@^1, with: { text: x } }]
",
        );
        shelf.add(
            "acme/reads",
            "1.0.0",
            "steps: [{ id: a, pipeline: ./triage.yml, with: { ticket: x } }]\n",
        );
        shelf.add("acme/includes", "1.0.0", "steps: [!include one.yml]\n");
        shelf.add(
            "acme/env",
            "1.0.0",
            "env: [REGION]\nsteps: [{ id: a, set: { n: \"${REGION:-eu}\" } }]\n",
        );
        shelf.add("acme/policy", "1.0.0", "steps: [{ id: a, policy: patient, set: { n: 1 } }]\n");
        shelf.add("acme/loose", "1.0.0", "steps: [{ id: a, uses: std/text#stats, with: { text: x } }, { id: b, pipeline: acme/triage, with: { ticket: x } }]\n");
        shelf.add("acme/ping", "1.0.0", "steps: [{ id: a, pipeline: acme/pong@^1 }]\n");
        shelf.add("acme/pong", "1.0.0", "steps: [{ id: a, pipeline: acme/ping@^1 }]\n");
        shelf.add("acme/tampered", "1.0.0", "steps: [{ id: a, uses: acme/tampered@^1 }]\n");
        // Rows that are not about their documents.
        shelf.add(
            "acme/other",
            "1.0.0",
            "caps: { log: true }\nsteps: [{ id: a, uses: acme/note@^1, with: { text: x } }]\n",
        );
        shelf.add(
            "acme/wider",
            "1.0.0",
            "caps: { log: true }\nsteps: [{ id: a, uses: acme/note@^1, with: { text: x } }]\n",
        );
        shelf.edit("acme/other", |entry| {
            entry.text = entry.text.replace("name: other", "name: third").into();
        });
        shelf.edit("acme/wider", |entry| entry.caps = Caps::default());
        for n in 1..10 {
            let body = format!("steps: [{{ id: a, pipeline: acme/deep{}@^1 }}]\n", n + 1);
            shelf.add(&format!("acme/deep{n}"), "1.0.0", &body);
        }
        shelf.add("acme/deep10", "1.0.0", "steps: [{ id: a, set: { n: 1 } }]\n");
        shelf
    }

    fn add(&mut self, id: &str, version: &str, body: &str) {
        let id: SkillId = id.parse().unwrap();
        let text = format!(
            "apiVersion: coldframe/v1\nkind: Pipeline\nmetadata: {{ name: {}, version: {version} }}\n{body}",
            id.name()
        );
        let caps = Caps { log: body.contains("log: true"), ..Caps::default() };
        self.0.entry(id.clone()).or_default().push(Arc::new(PipelineEntry {
            id,
            version: Version::parse(version).unwrap(),
            document: Digest::of(text.as_bytes()),
            text: text.into(),
            caps,
        }));
    }

    fn edit(&mut self, id: &str, edit: impl FnOnce(&mut PipelineEntry)) {
        let entry = self.0.get_mut(&id.parse().unwrap()).unwrap().last_mut().unwrap();
        edit(Arc::get_mut(entry).unwrap());
    }
}

fn graph_of(body: &str) -> Graph {
    let found = compiled(&format!("{HEAD}{body}"));
    assert_eq!(render_text(&found.diagnostics, &found.sources, false), "");
    found.graph.unwrap()
}

#[test]
fn a_reference_comes_to_an_exact_release() {
    let graph = graph_of(
        "steps:\n  - { id: a, pipeline: acme/triage@^1, with: { ticket: x } }\n  - { id: b, pipeline: acme/outer, with: {} }\noutputs: { n: \"{{ a.count + b.count }}\" }\n",
    );
    graph.assert_valid();
    let StepKind::Pipeline(child) = &graph.steps[0].kind else { panic!("{graph:?}") };
    let release = child.release.as_ref().unwrap();
    assert_eq!(child.source, "acme/triage@1.3.0");
    assert_eq!(release.document, child.graph.spec_sha256);
    let labels: Vec<String> = graph
        .releases()
        .iter()
        .map(|(found, _)| format!("{}@{}", found.id, found.version))
        .collect();
    assert_eq!(labels, ["acme/triage@1.3.0", "acme/outer@1.0.0", "acme/triage@1.2.0"]);
    assert!(crate::print::to_yaml(&graph).contains("pipeline: acme/triage@=1.3.0"));
}

#[track_caller]
fn check(body: &str, expected: &str) {
    let found = compiled(&format!("{HEAD}{body}"));
    let said: Vec<String> = found
        .diagnostics
        .iter()
        .map(|d| {
            format!("{:?}: {}\n    {}\n", d.code, d.message, d.help.as_deref().unwrap_or("none"))
        })
        .collect();
    assert_eq!(said.concat(), expected);
}

#[test]
fn what_is_wrong_with_a_reference() {
    check(
        "steps:
  - { id: a, pipeline: triage }
  - { id: b, pipeline: acme/Triage@^1 }
  - { id: c, pipeline: acme/triage@^one }
  - { id: d, pipeline: \"acme/triage@^1#count\" }
  - { id: e, pipeline: acme/traige@^1 }
  - { id: f, pipeline: std/text }
  - { id: g, pipeline: acme/triage@^3 }
  - { id: h, pipeline: acme/forged }
  - { id: i, pipeline: acme/triage, with: { ticket: 3, urgent: true } }
  - { id: j, uses: acme/triage, with: { ticket: x } }
",
        "bad-pipeline-reference: `triage` is neither a file nor `namespace/name`
    write its path from here, `./triage.yml`, or its name in a registry, `acme/triage@^1`
bad-pipeline-reference: `Triage` is not a name: expected lower-case letters, digits and single `-`, a letter first, at most 64
    write its path from here, `./triage.yml`, or its name in a registry, `acme/triage@^1`
bad-pipeline-reference: `^one` is not a version requirement: unexpected character 'o' while parsing major version number
    write its path from here, `./triage.yml`, or its name in a registry, `acme/triage@^1`
bad-pipeline-reference: `acme/triage@^1#count` names an operation, and pipelines have none
    leave out `#` and what follows; operations of skills are called with `uses`
unknown-pipeline: there is no pipeline `acme/traige` in a registry
    did you mean `acme/triage`?
unknown-pipeline: there is no pipeline `std/text` in a registry
    `std/text` is a skill: call an operation of it with `uses`
no-version: no version of `acme/triage` satisfies `^3`
    there are `2.0.0`, `1.3.0`, `1.2.0`
pipeline-refused: `acme/forged` is refused: registry.digest: it was touched
    don't work around it: ask the registry's owner, or restore the registry from a copy you trust
type-mismatch: expected string, found the number `3`
    quote it: `\"3\"`
unknown-param: `acme/triage` has no input `urgent`
    it takes: `ticket`
unknown-skill: there is no skill `acme/triage`
    `acme/triage` is a pipeline: run it with `pipeline`
",
    );
}

#[test]
fn what_is_published_stands_alone_and_is_what_was_signed() {
    let owner = "choose another version of it, and tell its owner";
    let one = |name: &str, expected: &str| {
        check(&format!("steps: [{{ id: a, pipeline: acme/{name} }}]\n"), expected);
    };
    for (name, why) in [
        ("reads", "in line 4: `./triage.yml` is a file, and a pipeline of a registry stands alone"),
        ("includes", "in line 4: `one.yml` is a file, and a pipeline of a registry stands alone"),
        ("env", "in line 4: a pipeline of a registry takes no values of the environment"),
        ("policy", "in line 4: there is no policy `patient`"),
        (
            "ping",
            "in line 4: `acme/pong@1.0.0` has a problem in line 4: the pipelines run each other without end: `acme/ping@1.0.0 -> acme/pong@1.0.0 -> acme/ping@1.0.0`",
        ),
    ] {
        one(
            name,
            &format!("child-pipeline: `acme/{name}@1.0.0` has a problem {why}\n    {owner}\n"),
        );
    }
    one(
        "loose",
        &format!(
            "child-pipeline: `acme/loose@1.0.0` has 2 problems, one of them in line 4: `std/text#stats` has no version, and a pipeline of a registry says which ones it runs with\n    {owner}\n"
        ),
    );
    one(
        "tampered",
        &format!(
            "child-refused: `acme/tampered@1.0.0` has a problem in line 4: `acme/tampered` is refused: the digest of the component is sha256:11…, the signed one is sha256:22…\n    {owner}\n"
        ),
    );
    let help = "don't work around it: ask the registry's owner, or restore the registry from a copy you trust";
    one(
        "other",
        &format!(
            "pipeline-refused: `acme/other@1.0.0` is refused: its document is `third` 1.0.0\n    {help}\n"
        ),
    );
    one(
        "wider",
        &format!(
            "pipeline-refused: `acme/wider@1.0.0` is refused: its document grants `{{\"log\":true}}`, and its signed row says `{{}}`\n    {help}\n"
        ),
    );
}

#[test]
fn rights_and_limits_are_those_around_it() {
    check(
        "limits: { fuel: 1e3 }\nsteps: [{ id: a, pipeline: acme/loud }]\n",
        "caps-too-wide: `acme/loud` grants `log`, which the pipeline does not
    if that is intended, widen the `caps` of the pipeline; else choose another pipeline
limit-exceeds: the `fuel` of `acme/loud` is more than the pipeline's
    raise the pipeline's, or choose another pipeline
",
    );
    graph_of("caps: { log: true }\nsteps: [{ id: a, pipeline: acme/loud }]\n");
}

#[test]
fn depth_is_bounded() {
    graph_of("steps: [{ id: a, pipeline: acme/deep3@^1 }]\n");
    let found = compiled(&format!("{HEAD}steps: [{{ id: a, pipeline: acme/deep2@^1 }}]\n"));
    assert!(found.diagnostics[0].message.ends_with("pipelines run pipelines more than 8 deep"));
}

/// What is said of a text that is to be published by `acme`, and the row if there is one.
fn published(text: &str) -> (String, Option<coldframe_format::PipelineRow>) {
    let (skills, pipelines, files) = (catalog::Table::new(), Shelf::new(), Folder::new());
    let world = World { pipelines: &pipelines, ..World::new(&skills, &files) };
    let found = compile_release(&Source { name: "flow.yml", text }, "acme", world);
    assert_eq!(found.row.is_some(), found.compiled.graph.is_some());
    let said: Vec<String> =
        found.compiled.diagnostics.iter().map(|d| format!("{:?}: {}", d.code, d.message)).collect();
    (said.join("\n"), found.row)
}

#[test]
fn a_row_says_what_the_graph_does() {
    let text = "apiVersion: coldframe/v1
kind: Pipeline
metadata: { name: sort, version: 1.0.0, description: Sorts tickets }
inputs: { ticket: string, mark: { type: string, default: x } }
caps: { log: true }
steps:
  - { id: a, pipeline: acme/outer@^1 }
  - { id: b, uses: acme/note@^1, with: { text: x } }
outputs: { n: \"{{ a.count }}\", said: \"{{ b }}\" }
";
    let (said, row) = published(text);
    assert_eq!(said, "");
    let row = serde_json::to_value(row.unwrap()).unwrap();
    assert_eq!(
        row,
        serde_json::json!({
            "v": 1, "kind": "pipeline", "id": "acme/sort", "version": "1.0.0",
            "description": "Sorts tickets",
            "inputs": [
                { "name": "ticket", "required": true, "schema": "{\"type\":\"string\"}" },
                { "name": "mark", "required": false, "schema": "{\"default\":\"x\",\"type\":\"string\"}" },
            ],
            "outputs": [{ "name": "n", "type": "u32" }, { "name": "said", "type": "string" }],
            "caps": { "log": true },
            "skills": ["acme/note@1.0.0", "std/text@1.0.0"],
            "pipelines": ["acme/outer@1.0.0", "acme/triage@1.2.0"],
            "document": Digest::of(text.as_bytes()), "published": 0, "state": "ok",
        })
    );
}

#[test]
fn what_cannot_be_published() {
    let head =
        "apiVersion: coldframe/v1\nkind: Pipeline\nmetadata: { name: ping, version: 1.1.0 }\n";
    for (text, expected) in [
        (
            format!("{HEAD}steps: [{{ id: a, set: {{ n: 1 }} }}]\n"),
            "missing-key: `metadata` has no `version`, and what is published has one",
        ),
        (
            format!("{head}steps: [{{ id: a, pipeline: acme/pong@^1 }}]\n"),
            "child-pipeline: `acme/pong@1.0.0` has a problem in line 4: the pipelines run each other without end: `acme/ping@1.1.0 -> acme/pong@1.0.0 -> acme/ping@1.1.0`",
        ),
        (
            format!("{head}steps: [{{ id: a, uses: std/text#stats, with: {{ text: x }} }}]\n"),
            "bad-skill-reference: `std/text#stats` has no version, and a pipeline of a registry says which ones it runs with",
        ),
        (
            head.replace("ping", "Ping") + "steps: [{ id: a, set: { n: 1 } }]\n",
            "bad-name: `Ping` is not a pipeline's name, expected lower-case letters, digits and single `-`, a letter first, at most 64",
        ),
        ("[".to_owned(), "yaml-syntax: not YAML: unclosed bracket '['"),
    ] {
        let (said, _) = published(&text);
        assert_eq!(said, expected);
    }
}
