//! What `registry init`, `skill publish` and a release promise.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use coldframe_format::{Caps, SkillRef};

use super::world::{CLOCK, World, component, copy, manifest, now};
use crate::author::{default_keys_dir, init, release};
use crate::{Error, Expect, Found, Provenance, Registries, Registry};

#[track_caller]
fn check_refused<T: std::fmt::Debug>(result: Result<T, Error>, kind: &str, text: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(text), "{error}");
}

#[test]
fn what_is_published_can_be_run() {
    let world = World::full();
    let skill = world.run("acme/echo").unwrap();
    assert_eq!(skill.version().unwrap().to_string(), "1.1.0");
    assert_eq!(skill.ceiling(), &Caps { clock: true, ..Caps::default() });
    assert_eq!(skill.bytes(), component("say", Some(CLOCK)));
    assert!(skill.interface().operation(Some("say")).is_ok());
    let Provenance::Registry { location, .. } = skill.provenance() else { panic!("unsigned") };
    assert_eq!(location, &world.dir().canonicalize().unwrap().display().to_string());
    assert_eq!(world.run("acme/echo@~1.0").unwrap().version().unwrap().to_string(), "1.0.0");
    check_refused(world.run("acme/echo@2"), "registry.no-version", "`1.1.0`, `1.0.0`");
    check_refused(world.run("acme/ecko"), "registry.unknown-skill", "`acme/ecko`");
    assert_eq!(
        world.run("acme/ecko").unwrap_err().help().as_deref(),
        Some("did you mean `acme/echo`?")
    );
}

#[test]
fn a_version_is_never_changed() {
    let world = World::full();
    let first = world.publish(&manifest("acme/new", "1.0.0", ""), component("a", None)).unwrap();
    assert!(!first.already && !first.new_namespace && first.previous.is_none());
    let again = world.publish(&manifest("acme/new", "1.0.0", ""), component("a", None)).unwrap();
    assert!(again.already);
    assert_eq!(again.snapshot, first.snapshot);
    let other = world.publish(&manifest("acme/new", "1.0.0", ""), component("b", None));
    check_refused(other, "registry.author", "published already, with other content");
    let next = world.publish(&manifest("acme/new", "1.0.1", ""), component("b", None)).unwrap();
    assert_eq!(next.previous.unwrap().version.to_string(), "1.0.0");
}

#[test]
fn refuses_skills_that_do_not_hold_together() {
    let world = World::full();
    let plain = manifest("acme/x", "1.0.0", "");
    let cases = [
        (component("a", Some(CLOCK)), "denied.import", "does not declare `clock`"),
        (component("a", Some("wasi:sockets/tcp@0.2.6")), "denied.import", "wasi:sockets"),
        (b"\x7fELF".to_vec(), "invalid.kind", "an ELF file"),
        (wat::parse_str("(component)").unwrap(), "registry.author", "exports no function"),
        (
            wat::parse_str("(component (core module (func (result i32))))").unwrap(),
            "invalid.component",
            "type mismatch",
        ),
    ];
    for (bytes, kind, text) in cases {
        check_refused(world.publish(&plain, bytes), kind, text);
    }
    let case =
        manifest("acme/x", "1.0.0", "[[cases]]\nname = \"a\"\noperation = \"b\"\noutput = 1");
    check_refused(
        world.publish(&case, component("a", None)),
        "registry.manifest",
        "no operation `b`",
    );
}

#[test]
fn keys_are_private_and_not_served() {
    let world = World::full();
    for name in ["root", "targets", "online", "ns-acme", "ns-other"] {
        let path = world.keys().join(format!("{name}.pem"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        assert!(fs::read_to_string(&path).unwrap().starts_with("-----BEGIN PRIVATE KEY-----"));
    }
    let fresh = World::empty();
    let inside = fresh.dir().join("keys");
    check_refused(init(&fresh.dir(), &inside, now()), "registry.author", "inside of the registry");
    let taken = init(&fresh.dir(), &world.keys(), now());
    check_refused(taken, "registry.author", "is not empty");
    let there = init(&world.dir(), &fresh.keys(), now());
    check_refused(there, "registry.author", "there is a registry");
    assert_eq!(default_keys_dir(&fresh.dir()), fresh.keys());
}

#[test]
fn refuses_keys_that_are_open_missing_or_foreign() {
    let skill = || (manifest("acme/x", "1.0.0", ""), component("a", None));
    let open = World::full();
    let path = open.keys().join("online.pem");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let (manifest, bytes) = skill();
    check_refused(open.publish(&manifest, bytes), "registry.author", "has mode 0644");

    let missing = World::full();
    fs::remove_file(missing.keys().join("ns-acme.pem")).unwrap();
    let (manifest, bytes) = skill();
    check_refused(missing.publish(&manifest, bytes), "registry.author", "ns-acme.pem` is not here");

    let foreign = World::full();
    fs::copy(foreign.keys().join("ns-other.pem"), foreign.keys().join("ns-acme.pem")).unwrap();
    let (manifest, bytes) = skill();
    check_refused(
        foreign.publish(&manifest, bytes),
        "registry.author",
        "not one that may sign for `ns-acme`",
    );
}

#[test]
fn signs_nothing_on_top_of_a_foreign_or_older_tree() {
    let replaced = World::full();
    let other = World::empty();
    init(&other.dir(), &other.keys(), now()).unwrap();
    fs::remove_dir_all(replaced.dir()).unwrap();
    copy(&other.dir(), &replaced.dir());
    let manifest = manifest("acme/x", "1.0.0", "");
    check_refused(
        replaced.publish(&manifest, component("a", None)),
        "registry.root",
        "root of trust",
    );
    let older = World::full();
    fs::copy(older.old_timestamp(), older.file("metadata/timestamp.json")).unwrap();
    check_refused(
        older.publish(&manifest, component("a", None)),
        "registry.rollback",
        "was rolled back",
    );
}

#[test]
fn a_publish_renews_what_expires_soon() {
    let world = World::full();
    let late = now() + jiff::SignedDuration::from_hours(24 * 400);
    assert!(world.open().unwrap().stale(late).is_some());
    let manifest = manifest("acme/echo", "1.2.0", "");
    crate::author::publish(&world.dir(), &world.keys(), &manifest, component("say", None), late)
        .unwrap();
    assert!(world.open().unwrap().stale(late).is_none());
}

#[test]
fn a_release_is_a_registry_without_keys() {
    let world = World::empty();
    let skills = || {
        vec![
            (manifest("std/b", "1.0.0", "keywords = [\"page\"]"), component("run", None)),
            (manifest("std/a", "1.0.0", ""), component("run", None)),
        ]
    };
    let first = release(&world.dir(), skills(), now()).unwrap();
    let files: Vec<_> = ["metadata", "targets"].iter().map(|d| count(&world.file(d))).collect();
    assert_eq!(files, [5, 4]);
    assert!(!world.keys().exists());
    assert_eq!(world.open().unwrap().fingerprint(), first);
    // Again: other keys, so another root, in the same place.
    let second = release(&world.dir(), skills(), now()).unwrap();
    assert_ne!(first, second);
    check_refused(world.open(), "registry.root", "root of trust");
    fs::remove_dir_all(world.data()).unwrap();
    world.run("std/a").unwrap();
    let twice = vec![skills().remove(0), skills().remove(0)];
    check_refused(release(&world.dir(), twice, now()), "registry.author", "given twice");
}

fn count(dir: &std::path::Path) -> usize {
    fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|e| if e.file_type().unwrap().is_dir() { count(&e.path()) } else { 1 })
        .sum()
}

#[test]
fn a_namespace_has_one_registry() {
    let (a, b) = (World::full(), World::full());
    let both = Registries::new(vec![a.open().unwrap(), b.open().unwrap()]);
    check_refused(both, "registry.namespace", "namespace `acme`");
    let other = World::empty();
    release(&other.dir(), vec![(manifest("std/a", "1.0.0", ""), component("run", None))], now())
        .unwrap();
    let both = Registries::new(vec![a.open().unwrap(), other.open().unwrap()]).unwrap();
    for name in ["std/a", "acme/echo"] {
        both.fetch(&name.parse::<SkillRef>().unwrap()).unwrap();
    }
    let ids: Vec<String> = both.ids().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(ids, ["acme/echo", "other/tool", "std/a"]);
}

#[test]
fn search_finds_the_newest_of_what_fits_best_first() {
    let world = World::full();
    let publish = |id, more| {
        world.publish(&manifest(id, "1.0.0", more), component("render", None)).unwrap();
    };
    publish("acme/page", "");
    publish("acme/draw", "keywords = [\"page\", \"svg\"]");
    let registries = Registries::new(vec![world.open().unwrap()]).unwrap();
    let find = |text: &str| -> Vec<String> {
        let hits = registries.search(text).unwrap();
        hits.iter()
            .map(|hit| match &hit.found {
                Found::Skill(release) => format!("{}@{}", release.row().id, release.row().version),
                Found::Pipeline(release) => {
                    format!("{}@{}", release.row().id, release.row().version)
                }
            })
            .collect()
    };
    assert_eq!(find("page"), ["acme/page@1.0.0", "acme/draw@1.0.0"]);
    assert_eq!(find("PAGE svg"), ["acme/draw@1.0.0"]);
    assert_eq!(find("render"), ["acme/draw@1.0.0", "acme/page@1.0.0"]);
    assert_eq!(find("acme/echo"), ["acme/echo@1.1.0"]);
    assert_eq!(find("nothing"), Vec::<String>::new());
    assert_eq!(find("").len(), 4);
}

#[test]
fn first_use_is_told_once() {
    let world = World::full();
    fs::remove_dir_all(world.data()).unwrap();
    assert!(world.open().unwrap().first_use());
    assert!(!world.open().unwrap().first_use());
    let missing = Registry::open_dir(&world.file("none"), &world.data(), Expect::Remembered);
    check_refused(missing, "registry.io", "failed to open the registry");
}

#[test]
fn yanked_releases_run_only_where_they_are_locked() {
    let world = World::full();
    let locked = world.lock("acme/echo");
    let yank = |state: &'static str| {
        world.forge("ns-acme", "ns-acme", |role| {
            role["targets"]["acme/echo/1.1.0.wasm"]["custom"]["state"] = serde_json::json!(state);
        });
    };
    yank("yanked");
    assert_eq!(world.run("acme/echo").unwrap().version().unwrap().to_string(), "1.0.0");
    check_refused(world.run("acme/echo@~1.1"), "registry.no-version", "1.1.0 (yanked)");
    let registry = world.open().unwrap();
    registry.fetch(&registry.find_locked(&locked).unwrap()).unwrap();
    yank("deprecated");
    assert_eq!(world.run("acme/echo").unwrap().version().unwrap().to_string(), "1.0.0");
    assert_eq!(world.run("acme/echo@~1.1").unwrap().version().unwrap().to_string(), "1.1.0");
    yank("revoked");
    let registry = world.open().unwrap();
    check_refused(
        registry.fetch(&registry.find_locked(&locked).unwrap()),
        "registry.revoked",
        "`acme/echo@1.1.0` is revoked",
    );
}
