//! A publish that is cut short after any of its writes.

use std::fs;

use super::world::{World, component, manifest, now};
use crate::author::keys::KeyRing;
use crate::author::publish;
use crate::author::submission::Submission;
use crate::author::write;

/// The versions of a skill that can be resolved and fetched.
fn versions(world: &World, id: &str) -> Vec<String> {
    let registry = world.open().unwrap();
    let releases = registry.releases_of(&id.parse().unwrap()).unwrap();
    for release in &releases {
        registry.fetch(release).unwrap();
    }
    releases.iter().map(|release| release.row().version.to_string()).collect()
}

/// Publishes `id` after a publish of the same was cut short after each number of writes, the last
/// of them also in the middle of the file.
#[track_caller]
fn check(id: &str, before: &[&str]) {
    let manifest = manifest(id, "2.0.0", "");
    let bytes = component("say", None);
    let after: Vec<&str> = before.iter().copied().chain(["2.0.0"]).collect();
    let mut cut = 0;
    loop {
        let world = World::full();
        let ring = KeyRing::open(&world.keys()).unwrap();
        let submission = Submission::new(&manifest, bytes.clone(), now()).unwrap();
        let current = publish::open(&world.dir(), &ring).unwrap();
        let steps = publish::plan(&current, &ring, &submission, now()).unwrap().steps;
        if cut == steps.len() {
            assert!(cut >= 5, "expected two files, a role, a snapshot and a timestamp");
            break;
        }
        write::apply(&world.dir(), &steps[..cut]).unwrap();
        assert_eq!(versions(&world, id), before, "after {cut} writes");
        write::apply_half(&world.dir(), &steps[cut]);
        assert_eq!(versions(&world, id), before, "in the middle of write {cut}");
        let published = world.publish(&manifest, bytes.clone()).unwrap();
        assert!(!published.already);
        assert_eq!(versions(&world, id), after, "published after {cut} writes");
        cut += 1;
    }
}

#[test]
fn of_a_known_namespace() {
    check("acme/echo", &["1.0.0", "1.1.0"]);
}

#[test]
fn of_a_new_namespace() {
    check("novel/thing", &[]);
}

#[test]
fn two_publishers_at_once_both_succeed() {
    let world = World::full();
    std::thread::scope(|scope| {
        for n in 0..6 {
            let world = &world;
            scope.spawn(move || {
                let manifest = manifest("acme/echo", &format!("3.{n}.0"), "");
                world.publish(&manifest, component("say", None)).unwrap();
            });
        }
    });
    let versions = versions(&world, "acme/echo");
    assert_eq!(versions, ["1.0.0", "1.1.0", "3.0.0", "3.1.0", "3.2.0", "3.3.0", "3.4.0", "3.5.0"]);
    // Nobody overwrote anybody: no temporary file is left either.
    let left: Vec<_> = fs::read_dir(world.file("metadata"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().starts_with('.'))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
