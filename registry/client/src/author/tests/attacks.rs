//! The attack matrix: each changes a registry that its user has seen before, and must be refused
//! for its own reason. Negative cases by far outnumber positive ones.

use std::fs;
use std::path::Path;

use coldframe_format::Digest;
use serde_json::{Value, json};

use super::forge::pin;
use super::world::{CLOCK, World, component, now};
use crate::author::sign::{Signer, envelope};
use crate::{Error, Expect, Registry};

/// What somebody does to the registry.
type Attack = fn(&World);

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn resize(path: &Path, change: i64) {
    let length = fs::metadata(path).unwrap().len();
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(length.checked_add_signed(change).unwrap()).unwrap();
}

fn replace_in(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(path, text.replace(from, to)).unwrap();
}

const ROW: &str = "acme/echo/1.1.0.wasm";

/// Changes the row of the newest `acme/echo`, signed by its owner.
fn edit_row(world: &World, edit: fn(&mut Value)) {
    world.forge("ns-acme", "ns-acme", |role| edit(&mut role["targets"][ROW]["custom"]));
}

/// Puts other bytes in place of one of the newest files of `acme/echo`, signed by its owner.
fn swap(world: &World, extension: &str, bytes: &[u8]) {
    let digest = Digest::of(bytes);
    let key = if extension == "wasm" { "component" } else { "manifest" };
    let file = format!("targets/acme/echo/{}.1.1.0.{extension}", digest.hex());
    world.write(&file, bytes);
    world.forge("ns-acme", "ns-acme", |role| {
        let target = &mut role["targets"][format!("acme/echo/1.1.0.{extension}")];
        target["length"] = json!(bytes.len());
        target["hashes"]["sha256"] = json!(digest.hex());
        role["targets"][ROW]["custom"][key] = json!(digest.to_string());
    });
}

/// Somebody on the way to the user, or with write access to the files, without any key.
const WITHOUT_KEYS: &[(&str, &str, Attack)] = &[
    ("a byte of the component", "registry.digest", |w| flip(&w.target("acme/echo", "1.1.0.wasm"))),
    ("a byte of the manifest", "registry.digest", |w| flip(&w.target("acme/echo", "1.1.0.json"))),
    ("the component cut off", "registry.length", |w| {
        resize(&w.target("acme/echo", "1.1.0.wasm"), -1);
    }),
    ("the component made longer", "registry.length", |w| {
        resize(&w.target("acme/echo", "1.1.0.wasm"), 1);
    }),
    ("an endless component", "registry.length", |w| {
        resize(&w.target("acme/echo", "1.1.0.wasm"), 1 << 40);
    }),
    ("no component", "registry.missing", |w| {
        fs::remove_file(w.target("acme/echo", "1.1.0.wasm")).unwrap();
    }),
    ("no manifest", "registry.missing", |w| {
        fs::remove_file(w.target("acme/echo", "1.1.0.json")).unwrap();
    }),
    ("a folder as component", "registry.io", |w| {
        let path = w.target("acme/echo", "1.1.0.wasm");
        fs::remove_file(&path).unwrap();
        fs::create_dir(path).unwrap();
    }),
    ("an older component under the new name", "registry.length", |w| {
        let old = w.target("acme/echo", "1.0.0.wasm");
        fs::copy(old, w.target("acme/echo", "1.1.0.wasm")).unwrap();
    }),
    ("an edited row", "registry.digest", |w| {
        replace_in(&w.file(&w.current("ns-acme")), "says acme", "SAYS acme");
    }),
    ("an edited row, longer", "registry.length", |w| {
        replace_in(&w.file(&w.current("ns-acme")), "says acme", "really says acme");
    }),
    ("an edited row and all pins of it", "registry.signature", |w| {
        let path = w.current("ns-acme");
        replace_in(&w.file(&path), "says acme", "SAYS acme");
        let role = fs::read(w.file(&path)).unwrap();
        let snapshot_path = w.current("snapshot");
        let mut snapshot = w.json(&snapshot_path);
        let version = snapshot["signed"]["meta"]["ns-acme.json"]["version"].clone();
        snapshot["signed"]["meta"]["ns-acme.json"] = pin(&version, &role);
        let snapshot = serde_json::to_vec(&snapshot).unwrap();
        w.write(&snapshot_path, &snapshot);
        let mut timestamp = w.json("metadata/timestamp.json");
        let version = timestamp["signed"]["meta"]["snapshot.json"]["version"].clone();
        timestamp["signed"]["meta"]["snapshot.json"] = pin(&version, &snapshot);
        w.write("metadata/timestamp.json", &serde_json::to_vec(&timestamp).unwrap());
    }),
    ("the timestamp rolled back", "registry.rollback", |w| {
        fs::copy(w.old_timestamp(), w.file("metadata/timestamp.json")).unwrap();
    }),
    ("a timestamp with a higher version, unsigned", "registry.signature", |w| {
        let mut timestamp = w.json("metadata/timestamp.json");
        timestamp["signed"]["version"] = json!(99);
        w.write("metadata/timestamp.json", &serde_json::to_vec(&timestamp).unwrap());
    }),
    ("a timestamp without signatures", "registry.signature", |w| {
        let mut timestamp = w.json("metadata/timestamp.json");
        timestamp["signatures"] = json!([]);
        w.write("metadata/timestamp.json", &serde_json::to_vec(&timestamp).unwrap());
    }),
    ("a timestamp signed by an unknown key", "registry.signature", |w| {
        let mut timestamp = w.json("metadata/timestamp.json");
        timestamp["signatures"][0]["keyid"] = json!("00".repeat(32));
        w.write("metadata/timestamp.json", &serde_json::to_vec(&timestamp).unwrap());
    }),
    ("one signature twice", "registry.signature", |w| {
        let mut timestamp = w.json("metadata/timestamp.json");
        let again = timestamp["signatures"][0].clone();
        timestamp["signatures"].as_array_mut().unwrap().push(again);
        w.write("metadata/timestamp.json", &serde_json::to_vec(&timestamp).unwrap());
    }),
    ("a key twice in one object", "registry.metadata", |w| {
        replace_in(&w.file("metadata/timestamp.json"), "\"_type\"", "\"version\": 1, \"_type\"");
    }),
    ("an endless timestamp", "registry.length", |w| {
        resize(&w.file("metadata/timestamp.json"), 1 << 30);
    }),
    ("an empty timestamp", "registry.metadata", |w| w.write("metadata/timestamp.json", b"")),
    ("no timestamp", "registry.missing", |w| {
        fs::remove_file(w.file("metadata/timestamp.json")).unwrap();
    }),
    ("no snapshot", "registry.missing", |w| {
        fs::remove_file(w.file(&w.current("snapshot"))).unwrap();
    }),
    ("no list of namespaces", "registry.missing", |w| {
        fs::remove_file(w.file(&w.current("targets"))).unwrap();
    }),
    ("no role of the namespace", "registry.missing", |w| {
        fs::remove_file(w.file(&w.current("ns-acme"))).unwrap();
    }),
    ("no first root", "registry.missing", |w| {
        fs::remove_file(w.file("metadata/1.root.json")).unwrap();
    }),
    ("a whole new registry in its place", "registry.root", |w| {
        let other = World::empty();
        crate::author::init(&other.dir(), &other.keys(), now()).unwrap();
        fs::remove_dir_all(w.dir()).unwrap();
        super::world::copy(&other.dir(), &w.dir());
    }),
    ("a byte of the first root", "registry.root", |w| flip(&w.file("metadata/1.root.json"))),
];

/// A thief of the online key alone.
const WITH_ONLINE_KEY: &[(&str, &str, Attack)] = &[
    ("the same version with other content", "registry.rollback", |w| {
        w.forge_timestamp(|t| {
            t["version"] = json!(t["version"].as_u64().unwrap() - 1);
            t["x"] = json!(1);
        });
    }),
    ("an older snapshot under a new timestamp", "registry.rollback", |w| {
        let old: Value = serde_json::from_slice(&fs::read(w.old_timestamp()).unwrap()).unwrap();
        w.forge_timestamp(|t| t["meta"] = old["signed"]["meta"].clone());
    }),
    ("an older role under a new snapshot", "registry.rollback", |w| {
        let old = fs::read(w.file("metadata/1.ns-acme.json")).unwrap();
        w.forge_snapshot(|s| s["meta"]["ns-acme.json"] = pin(&json!(1), &old));
    }),
    ("a role left out", "registry.rollback", |w| {
        w.forge_snapshot(|s| {
            s["meta"].as_object_mut().unwrap().remove("ns-other.json");
        });
    }),
    ("a role signed by the online key", "registry.signature", |w| {
        w.forge("ns-acme", "online", |_| {});
    }),
    ("a list of namespaces signed by the online key", "registry.signature", |w| {
        w.forge("targets", "online", |_| {});
    }),
    ("a root signed by the online key", "registry.signature", |w| w.forge_root("online", |_| {})),
    ("a pin without a digest", "registry.metadata", |w| {
        w.forge_snapshot(|s| {
            s["meta"]["ns-acme.json"].as_object_mut().unwrap().remove("hashes");
        });
    }),
    ("a pin without a length", "registry.metadata", |w| {
        w.forge_snapshot(|s| {
            s["meta"]["ns-acme.json"].as_object_mut().unwrap().remove("length");
        });
    }),
    ("a pin of an endless role", "registry.length", |w| {
        w.forge_snapshot(|s| s["meta"]["ns-acme.json"]["length"] = json!(1_u64 << 40));
    }),
    ("a timestamp that pins nothing", "registry.metadata", |w| {
        w.forge_timestamp(|t| t["meta"] = json!({}));
    }),
    ("a later major version of the format", "registry.metadata", |w| {
        w.forge_timestamp(|t| t["spec_version"] = json!("2.0.0"));
    }),
    ("a timestamp that calls itself a snapshot", "registry.metadata", |w| {
        w.forge_timestamp(|t| t["_type"] = json!("snapshot"));
    }),
];

/// The owner of `acme` against everybody else, or their own users.
const WITH_NAMESPACE_KEY: &[(&str, &str, Attack)] = &[
    ("a target of another namespace", "registry.delegation", |w| {
        w.forge("ns-acme", "ns-acme", |role| {
            role["targets"]["other/tool/2.0.0.wasm"] = role["targets"][ROW].clone();
        });
    }),
    ("a look-alike name", "registry.delegation", |w| {
        w.forge("ns-acme", "ns-acme", |role| {
            role["targets"]["аcme/echo/2.0.0.wasm"] = role["targets"][ROW].clone();
        });
    }),
    ("a path out of the tree", "registry.delegation", |w| {
        w.forge("ns-acme", "ns-acme", |role| {
            role["targets"]["acme/../1.0.0.wasm"] = role["targets"][ROW].clone();
        });
    }),
    ("a delegation of its own", "registry.delegation", |w| {
        w.forge("ns-acme", "ns-acme", |role| {
            role["delegations"] = json!({"keys": {}, "roles": []});
        });
    }),
    ("another namespace's role", "registry.signature", |w| w.forge("ns-other", "ns-acme", |_| {})),
    ("a row about another skill", "registry.row", |w| {
        edit_row(w, |row| row["id"] = json!("acme/echoo"));
    }),
    ("a row about another version", "registry.row", |w| {
        edit_row(w, |row| row["version"] = json!("9.0.0"));
    }),
    ("a row of a later format", "registry.row", |w| edit_row(w, |row| row["v"] = json!(2))),
    ("a row with an unknown key", "registry.row", |w| edit_row(w, |row| row["x"] = json!(2))),
    ("a row with another digest", "registry.row", |w| {
        edit_row(w, |row| row["component"] = json!(Digest::of(b"x")));
    }),
    ("no row", "registry.row", |w| edit_row(w, |row| *row = Value::Null)),
    ("no manifest beside the component", "registry.row", |w| {
        w.forge("ns-acme", "ns-acme", |role| {
            role["targets"].as_object_mut().unwrap().remove("acme/echo/1.1.0.json");
        });
    }),
    ("a target without SHA-256", "registry.metadata", |w| {
        w.forge("ns-acme", "ns-acme", |role| role["targets"][ROW]["hashes"] = json!({}));
    }),
    ("a row that hides an import", "registry.mismatch", |w| {
        edit_row(w, |row| row["imports"] = json!([]));
    }),
    ("a row with a wider ceiling than the manifest", "registry.mismatch", |w| {
        edit_row(w, |row| row["caps"]["random"] = json!(true));
    }),
    ("a component with more imports", "registry.mismatch", |w| {
        swap(w, "wasm", &component("say", Some("wasi:http/outgoing-handler@0.2.6")));
    }),
    ("a component that imports what nobody provides", "denied.import", |w| {
        swap(w, "wasm", &component("say", Some("wasi:sockets/tcp@0.2.6")));
        edit_row(w, |row| row["imports"] = json!(["wasi:sockets/tcp@0.2.6"]));
    }),
    ("a manifest that does not ask for the clock", "denied.import", |w| {
        let path = w.target("acme/echo", "1.1.0.json");
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains(CLOCK));
        swap(w, "json", text.replace("{\"clock\":true}", "{}").as_bytes());
        edit_row(w, |row| row["caps"] = json!({}));
    }),
    ("a manifest of another version", "registry.mismatch", |w| {
        let path = w.target("acme/echo", "1.1.0.json");
        let text = fs::read_to_string(path).unwrap();
        swap(w, "json", text.replace("\"1.1.0\"", "\"1.2.0\"").as_bytes());
    }),
    ("a manifest that is none", "registry.manifest", |w| swap(w, "json", b"{}")),
    ("an executable as component", "invalid.kind", |w| swap(w, "wasm", b"\x7fELF")),
    ("a module as component", "invalid.kind", |w| swap(w, "wasm", b"\0asm\x01\0\0\0")),
    ("an enormous component", "registry.length", |w| {
        w.forge("ns-acme", "ns-acme", |role| role["targets"][ROW]["length"] = json!(1_u64 << 40));
    }),
];

fn edit_role(world: &World, edit: fn(&mut Value)) {
    world.forge("targets", "targets", |targets| {
        let roles = targets["delegations"]["roles"].as_array_mut().unwrap();
        edit(roles.iter_mut().find(|role| role["name"] == "ns-acme").unwrap());
    });
}

/// Those who hand out namespaces, and those who own the root, against the rules.
const WITH_TARGETS_OR_ROOT_KEY: &[(&str, &str, Attack)] = &[
    ("a role for every path", "registry.delegation", |w| {
        edit_role(w, |role| role["paths"] = json!(["*/*/*"]));
    }),
    ("a role for two namespaces", "registry.delegation", |w| {
        edit_role(w, |role| role["paths"] = json!(["acme/*/*", "other/*/*"]));
    }),
    ("a role that does not end the search", "registry.delegation", |w| {
        edit_role(w, |role| role["terminating"] = json!(false));
    }),
    ("a role by hash prefixes", "registry.delegation", |w| {
        edit_role(w, |role| role["path_hash_prefixes"] = json!([""]));
    }),
    ("a namespace that looks like another", "registry.delegation", |w| {
        edit_role(w, |role| {
            role["name"] = json!("ns-аcme");
            role["paths"] = json!(["аcme/*/*"]);
        });
    }),
    ("a namespace twice", "registry.delegation", |w| {
        w.forge("targets", "targets", |targets| {
            let roles = targets["delegations"]["roles"].as_array_mut().unwrap();
            roles.push(roles[0].clone());
        });
    }),
    ("a target outside of every namespace", "registry.delegation", |w| {
        w.forge("targets", "targets", |targets| {
            targets["targets"][ROW] = json!({"length": 1, "hashes": {"sha256": "00"}});
        });
    }),
    ("a role that nobody must sign", "registry.metadata", |w| {
        edit_role(w, |role| role["threshold"] = json!(0));
    }),
    ("a role with a threshold that is not met", "registry.signature", |w| {
        edit_role(w, |role| role["threshold"] = json!(2));
    }),
    ("one key under two ids in a role", "registry.key", |w| {
        w.forge("targets", "targets", |targets| {
            let keys = targets["delegations"]["keys"].as_object_mut().unwrap();
            let key = keys.values().next().unwrap().clone();
            keys.insert("again".to_owned(), key);
        });
    }),
    ("one key under two ids in the root", "registry.key", |w| {
        w.forge_root("root", |root| {
            let keys = root["keys"].as_object_mut().unwrap();
            let mut key = keys.values().next().unwrap().clone();
            key["x-name"] = json!("somebody else");
            keys.insert("again".to_owned(), key);
        });
    }),
    ("one key in upper and lower case", "registry.key", |w| {
        w.forge_root("root", |root| {
            let keys = root["keys"].as_object_mut().unwrap();
            let mut key = keys.values().next().unwrap().clone();
            let upper = key["keyval"]["public"].as_str().unwrap().to_uppercase();
            key["keyval"]["public"] = json!(upper);
            keys.insert("again".to_owned(), key);
        });
    }),
    ("a key of another scheme", "registry.key", |w| {
        w.forge_root("root", |root| {
            root["keys"]["rsa"] = json!({
                "keytype": "rsa", "scheme": "rsassa-pss-sha256", "keyval": {"public": "x"},
            });
        });
    }),
    ("a root without consistent snapshots", "registry.metadata", |w| {
        w.forge_root("root", |root| root["consistent_snapshot"] = json!(false));
    }),
    ("a second root that is a third", "registry.metadata", |w| {
        w.forge_root("root", |root| root["version"] = json!(3));
    }),
    ("a root that forgets who signs timestamps", "registry.metadata", |w| {
        w.forge_root("root", |root| {
            root["roles"].as_object_mut().unwrap().remove("timestamp");
        });
    }),
    ("a new root that its own key did not sign", "registry.signature", |w| {
        w.forge_root("root", |root| {
            let other = crate::author::keys::generate().unwrap();
            root["keys"][other.id()] = other.public_value();
            root["roles"]["root"]["keyids"] = json!([other.id()]);
        });
    }),
];

#[track_caller]
fn check_all(attacks: &[(&str, &str, Attack)]) {
    for (name, kind, attack) in attacks {
        let world = World::full();
        attack(&world);
        match world.run("acme/echo").and_then(|_| world.run("other/tool")) {
            Ok(_) => panic!("{name}: expected `{kind}`, but it ran"),
            Err(error) => {
                assert_eq!(error.kind(), *kind, "{name}: {error}");
                let at_fault = matches!(*kind, "registry.io");
                assert_eq!(error.is_refusal(), !at_fault, "{name}: {error}");
            }
        }
    }
}

#[test]
fn without_keys() {
    check_all(WITHOUT_KEYS);
}

#[test]
fn with_the_online_key() {
    check_all(WITH_ONLINE_KEY);
}

#[test]
fn with_the_key_of_a_namespace() {
    check_all(WITH_NAMESPACE_KEY);
}

#[test]
fn with_the_key_of_targets_or_root() {
    check_all(WITH_TARGETS_OR_ROOT_KEY);
}

#[test]
fn an_attack_on_one_namespace_leaves_the_others_alone() {
    let world = World::full();
    edit_row(&world, |row| row["v"] = json!(2));
    assert!(world.run("acme/echo").is_err());
    assert!(world.run("other/tool").is_ok());
}

#[test]
fn what_is_refused_is_not_remembered() {
    let world = World::full();
    world.forge_timestamp(|t| t["version"] = json!(u64::from(u32::MAX)));
    world.forge("targets", "online", |_| {});
    assert_eq!(world.run("acme/echo").unwrap_err().kind(), "registry.signature");
    // The honest state works again: the forged one never became the floor.
    let honest = World::full();
    fs::remove_dir_all(world.dir()).unwrap();
    super::world::copy(&honest.dir(), &world.dir());
    assert!(world.run("acme/echo").is_ok());
}

#[test]
fn a_rolled_back_copy_cannot_be_told_at_first_sight_but_the_lock_can() {
    let world = World::full();
    let locked = world.lock("acme/echo");
    fs::copy(world.old_timestamp(), world.file("metadata/timestamp.json")).unwrap();
    fs::remove_dir_all(world.data()).unwrap();
    let registry = world.open().unwrap();
    assert!(registry.first_use());
    assert_eq!(registry.find_locked(&locked).unwrap_err().kind(), "registry.no-version");
}

#[test]
fn a_moved_tag_is_not_what_was_locked() {
    let world = World::full();
    let locked = world.lock("acme/echo");
    assert!(world.open().unwrap().find_locked(&locked).is_ok());
    swap(&world, "wasm", &component("say", Some("wasi:clocks/monotonic-clock@0.2.6")));
    let error = world.open().unwrap().find_locked(&locked).unwrap_err();
    assert_eq!(error.kind(), "registry.digest");
}

#[test]
fn a_root_that_is_expected_is_held_to() {
    let world = World::full();
    let fingerprint = world.open().unwrap().fingerprint();
    let open = |data: &str, root| {
        Registry::open_dir(&world.dir(), &world.data().join(data), Expect::Root(root))
    };
    assert!(!open("fresh", fingerprint).unwrap().first_use());
    let other = Digest::of(b"another root");
    let error = open("fresher", other).unwrap_err();
    assert!(matches!(error, Error::Root { expected, .. } if expected == other), "{error}");
}

#[test]
fn a_root_can_be_followed_by_another() {
    let world = World::full();
    let new = crate::author::keys::generate().unwrap();
    let mut signed = world.json("metadata/1.root.json")["signed"].clone();
    signed["version"] = json!(2);
    signed["keys"][new.id()] = new.public_value();
    signed["roles"]["root"]["keyids"] = json!([new.id()]);
    let by = |signer: &Signer| -> Value {
        serde_json::from_slice(&envelope(&signed, signer).unwrap()).unwrap()
    };
    let mut file = by(&world.key("root"));
    let second = by(&new)["signatures"][0].clone();
    file["signatures"].as_array_mut().unwrap().push(second);
    world.write("metadata/2.root.json", &serde_json::to_vec(&file).unwrap());
    let fingerprint = world.open().unwrap().fingerprint();
    world.run("acme/echo").unwrap();
    // The fingerprint is that of the first root, and the new one is remembered: taking it away
    // again changes nothing.
    fs::remove_file(world.file("metadata/2.root.json")).unwrap();
    assert_eq!(world.open().unwrap().fingerprint(), fingerprint);
    world.run("acme/echo").unwrap();
    world.forge_root("root", |_| {});
    world.run("acme/echo").unwrap();
}

#[test]
fn expiry_stops_updates_and_not_runs() {
    let world = World::full();
    let registry = world.open().unwrap();
    assert!(registry.stale(now()).is_none());
    let late = now() + jiff::SignedDuration::from_hours(24 * 400);
    let stale = registry.stale(late).unwrap();
    assert_eq!(stale.kind(), "registry.expired");
    assert!(stale.to_string().contains("timestamp.json"), "{stale}");
    world.forge_timestamp(|t| t["expires"] = json!("2001-01-01T00:00:00Z"));
    assert!(world.run("acme/echo").is_ok());
}

#[test]
fn memory_that_was_spoilt_is_an_error_and_not_a_hole() {
    let world = World::full();
    let dir = world.data().join("registries").join(world.open().unwrap().fingerprint().hex());
    fs::write(dir.join("last.json"), b"{").unwrap();
    assert_eq!(world.run("acme/echo").unwrap_err().kind(), "registry.state");
    fs::write(dir.join("last.json"), br#"{"timestamp":"{}","snapshot":"{}"}"#).unwrap();
    assert!(world.run("acme/echo").is_err());
    fs::write(dir.join("root.json"), b"{}").unwrap();
    assert!(world.run("acme/echo").is_err());
}
