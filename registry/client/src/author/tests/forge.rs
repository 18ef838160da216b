//! What a thief of some of the keys can sign.

use std::fs;

use coldframe_format::Digest;
use serde_json::{Value, json};

use super::world::World;
use crate::author::keys::KeyRing;
use crate::author::sign::{Signer, envelope};

impl World {
    pub(super) fn key(&self, name: &str) -> Signer {
        KeyRing::open(&self.keys()).unwrap().load(name).unwrap()
    }

    pub(super) fn json(&self, path: &str) -> Value {
        serde_json::from_slice(&fs::read(self.file(path)).unwrap()).unwrap()
    }

    pub(super) fn write(&self, path: &str, bytes: &[u8]) {
        fs::write(self.file(path), bytes).unwrap();
    }

    /// The path of a role in the current state.
    pub(super) fn current(&self, role: &str) -> String {
        let timestamp = self.json("metadata/timestamp.json");
        let snapshot = &timestamp["signed"]["meta"]["snapshot.json"]["version"];
        let snapshot = format!("metadata/{snapshot}.snapshot.json");
        if role == "snapshot" {
            return snapshot;
        }
        let meta = &self.json(&snapshot)["signed"]["meta"][format!("{role}.json")];
        format!("metadata/{}.{role}.json", meta["version"])
    }

    /// Signs a changed role as its next version, and a state that has it: the thief has `key` and
    /// the online key.
    pub(super) fn forge(&self, role: &str, key: &str, edit: impl FnOnce(&mut Value)) {
        let mut signed = self.json(&self.current(role))["signed"].clone();
        signed["version"] = json!(signed["version"].as_u64().unwrap() + 1);
        edit(&mut signed);
        let bytes = envelope(&signed, &self.key(key)).unwrap();
        self.adopt(role, &signed["version"], &bytes);
    }

    /// Makes a state that has these bytes as a role.
    pub(super) fn adopt(&self, role: &str, version: &Value, bytes: &[u8]) {
        self.write(&format!("metadata/{version}.{role}.json"), bytes);
        self.forge_snapshot(|snapshot| {
            snapshot["meta"][format!("{role}.json")] = pin(version, bytes);
        });
    }

    /// Signs a changed snapshot as the next state: the thief has the online key.
    pub(super) fn forge_snapshot(&self, edit: impl FnOnce(&mut Value)) {
        let mut signed = self.json(&self.current("snapshot"))["signed"].clone();
        signed["version"] = json!(signed["version"].as_u64().unwrap() + 1);
        edit(&mut signed);
        let bytes = envelope(&signed, &self.key("online")).unwrap();
        self.write(&format!("metadata/{}.snapshot.json", signed["version"]), &bytes);
        self.forge_timestamp(|timestamp| {
            timestamp["meta"]["snapshot.json"] = pin(&signed["version"], &bytes);
        });
    }

    /// Signs a changed timestamp, one version up.
    pub(super) fn forge_timestamp(&self, edit: impl FnOnce(&mut Value)) {
        let mut signed = self.json("metadata/timestamp.json")["signed"].clone();
        signed["version"] = json!(signed["version"].as_u64().unwrap() + 1);
        edit(&mut signed);
        self.write("metadata/timestamp.json", &envelope(&signed, &self.key("online")).unwrap());
    }

    /// A second root, signed by `key` where the first one's owner would sign.
    pub(super) fn forge_root(&self, key: &str, edit: impl FnOnce(&mut Value)) {
        let mut signed = self.json("metadata/1.root.json")["signed"].clone();
        signed["version"] = json!(2);
        edit(&mut signed);
        self.write("metadata/2.root.json", &envelope(&signed, &self.key(key)).unwrap());
    }
}

pub(super) fn pin(version: &Value, bytes: &[u8]) -> Value {
    json!({
        "version": version,
        "length": bytes.len(),
        "hashes": { "sha256": Digest::of(bytes).hex() },
    })
}
