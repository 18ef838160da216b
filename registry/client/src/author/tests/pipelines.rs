//! Pipelines beside skills: published, fetched, locked, attacked.

use std::fs;

use coldframe_format::{Caps, Digest, LockedPipeline, PipelineRow};
use serde_json::{Value, json};

use super::world::{World, component, manifest, now};
use crate::author::{Published, publish_pipeline};
use crate::{Error, Registries, VerifiedPipeline};

const TEXT: &str = "kind: Pipeline\n";

impl World {
    fn publish_text(
        &self,
        id: &str,
        version: &str,
        text: &str,
    ) -> Result<Published<PipelineRow>, Error> {
        let digest = Digest::of(b"set by the publisher");
        let mut row = PipelineRow::new(id.parse().unwrap(), version.parse().unwrap(), digest, 0);
        row.caps = Caps { log: true, ..Caps::default() };
        publish_pipeline(&self.dir(), &self.keys(), row, text, now())
    }

    fn read(&self, reference: &str) -> Result<VerifiedPipeline, Error> {
        let registries = Registries::new(vec![self.open()?])?;
        let (registry, release) = registries.resolve_pipeline(&reference.parse().unwrap())?;
        registry.fetch_pipeline(&release)
    }

    fn with_triage() -> Self {
        let world = Self::full();
        world.publish_text("acme/triage", "1.0.0", TEXT).unwrap();
        world.publish_text("acme/triage", "1.2.0", "kind: Pipeline # 2\n").unwrap();
        world
    }
}

#[track_caller]
fn check_refused<T: std::fmt::Debug>(result: Result<T, Error>, kind: &str, text: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(text), "{error}");
}

#[test]
fn what_is_published_can_be_read() {
    let world = World::with_triage();
    let found = world.read("acme/triage@~1.0").unwrap();
    assert_eq!((&**found.text(), found.row().version.to_string()), (TEXT, "1.0.0".to_owned()));
    assert_eq!(found.row().document, Digest::of(TEXT.as_bytes()));
    assert_eq!(world.read("acme/triage").unwrap().row().version.to_string(), "1.2.0");
    // The skills beside it are as they were.
    assert_eq!(world.run("acme/echo").unwrap().version().unwrap().to_string(), "1.1.0");
    check_refused(world.read("acme/triage@2"), "registry.no-version", "`1.2.0`, `1.0.0`");
    let unknown = world.read("acme/trage").unwrap_err();
    assert_eq!(unknown.kind(), "registry.unknown-pipeline");
    assert_eq!(unknown.help().as_deref(), Some("did you mean `acme/triage`?"));
    // Neither is found where the other is looked for.
    check_refused(world.read("acme/echo"), "registry.unknown-pipeline", "`acme/echo`");
    check_refused(world.run("acme/triage"), "registry.unknown-skill", "`acme/triage`");
}

#[test]
fn a_name_is_that_of_one_thing_and_a_version_of_one_text() {
    let world = World::with_triage();
    let again = world.publish_text("acme/triage", "1.0.0", TEXT).unwrap();
    assert!(again.already);
    let other = world.publish_text("acme/triage", "1.0.0", "other");
    check_refused(other, "registry.author", "published already, with other content");
    let skill = world.publish_text("acme/echo", "2.0.0", TEXT);
    check_refused(skill, "registry.author", "`acme/echo` is a skill already");
    let pipeline = world.publish(&manifest("acme/triage", "2.0.0", ""), component("a", None));
    check_refused(pipeline, "registry.author", "`acme/triage` is a pipeline already");
    let large = world.publish_text("acme/large", "1.0.0", &"#".repeat((1 << 20) + 1));
    check_refused(large, "registry.author", "expected at most 1048576");
}

#[test]
fn a_lock_pins_the_digest() {
    let world = World::with_triage();
    let registry = world.open().unwrap();
    let mut locked = LockedPipeline {
        id: "acme/triage".parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        registry: registry.location().to_owned(),
        document: Digest::of(TEXT.as_bytes()),
        caps: Caps::default(),
    };
    let release = registry.find_locked_pipeline(&locked).unwrap();
    assert_eq!(registry.fetch_pipeline(&release).unwrap().text().len(), TEXT.len());
    locked.document = Digest::of(b"other");
    check_refused(registry.find_locked_pipeline(&locked), "registry.digest", "expected");
    locked.version = "3.0.0".parse().unwrap();
    check_refused(registry.find_locked_pipeline(&locked), "registry.no-version", "`3.0.0`");
}

#[test]
fn other_bytes_are_refused() {
    let world = World::with_triage();
    let file = world.target("acme/triage", "1.2.0.yml");
    let text = fs::read(&file).unwrap();
    fs::write(&file, [b"Kind".as_slice(), &text[4..]].concat()).unwrap();
    check_refused(world.read("acme/triage"), "registry.digest", "1.2.0.yml");
    fs::write(&file, [&text[..], b"#"].concat()).unwrap();
    check_refused(world.read("acme/triage"), "registry.length", "1.2.0.yml");
    fs::remove_file(&file).unwrap();
    check_refused(world.read("acme/triage"), "registry.missing", "1.2.0.yml");
    assert!(world.read("acme/triage@~1.0").is_ok());
}

#[test]
fn what_the_owner_withdraws_is_not_chosen_or_not_run() {
    for (state, kind) in [("yanked", None), ("revoked", Some("registry.revoked"))] {
        let world = World::with_triage();
        world.forge("ns-acme", "ns-acme", |signed| {
            signed["targets"]["acme/triage/1.2.0.yml"]["custom"]["state"] = json!(state);
        });
        assert_eq!(world.read("acme/triage").unwrap().row().version.to_string(), "1.0.0");
        let registry = world.open().unwrap();
        let releases = registry.pipelines_of(&"acme/triage".parse().unwrap()).unwrap();
        let read = registry.fetch_pipeline(&releases[1]);
        assert_eq!(read.err().map(|error| error.kind()), kind, "{state}");
    }
}

#[test]
fn a_row_is_about_its_target_and_nothing_else() {
    type Edit = fn(&mut Value);
    let row = "acme/triage/1.2.0.yml";
    let cases: [(Edit, &str); 5] = [
        (|t| t["custom"]["version"] = json!("1.0.0"), "it is about `acme/triage@1.0.0`"),
        (|t| t["custom"]["kind"] = json!("skill"), "does not parse"),
        (|t| t["custom"]["document"] = json!(Digest::of(b"x").to_string()), "another digest"),
        (|t| t["custom"]["extra"] = json!(1), "does not parse"),
        (|t| drop(t.as_object_mut().unwrap().remove("custom")), "there is none"),
    ];
    for (edit, text) in cases {
        let world = World::with_triage();
        world.forge("ns-acme", "ns-acme", |signed| edit(&mut signed["targets"][row]));
        check_refused(world.read("acme/triage"), "registry.row", text);
    }
    // A pipeline under the name of a skill spoils the role.
    let world = World::with_triage();
    world.forge("ns-acme", "ns-acme", |signed| {
        let mut target = signed["targets"][row].clone();
        target["custom"]["id"] = json!("acme/echo");
        signed["targets"]["acme/echo/1.2.0.yml"] = target;
    });
    check_refused(world.run("acme/echo"), "registry.row", "it is a skill and a pipeline");
}

#[test]
fn pipelines_are_searched() {
    let world = World::with_triage();
    let registries = Registries::new(vec![world.open().unwrap()]).unwrap();
    let hits = registries.search("triage").unwrap();
    let [hit] = hits.as_slice() else { panic!("{hits:?}") };
    let crate::Found::Pipeline(release) = &hit.found else { panic!("{hit:?}") };
    assert_eq!(release.row().version.to_string(), "1.2.0");
    assert_eq!(registries.pipeline_ids().unwrap().len(), 1);
    assert_eq!(registries.search("").unwrap().len(), 3);
}
