//! The documents of TUF 1.0: root, targets, the role of a namespace, snapshot, timestamp.

use std::collections::BTreeMap;

use coldframe_format::Digest;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::sign::Signer;
use crate::layout;

const SPEC_VERSION: &str = "1.0.34";

/// How long signatures hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lifetimes {
    root: i64,
    targets: i64,
    namespace: i64,
    online: i64,
}

/// One owner, no ceremony: five years for what lies offline, one for what every publish renews.
pub(super) const SOLO: Lifetimes = Lifetimes { root: 5, targets: 5, namespace: 5, online: 1 };

/// A tree that is never signed again, since its keys are gone.
pub(super) const RELEASE: Lifetimes =
    Lifetimes { root: 10, targets: 10, namespace: 10, online: 10 };

/// The part of a document that every role has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) version: u64,
    pub(super) now: Timestamp,
    pub(super) lifetimes: Lifetimes,
}

impl Head {
    fn document(self, kind: &str, years: i64) -> Map<String, Value> {
        let expires = self.now + SignedDuration::from_hours(years * 365 * 24);
        // Whole seconds: TUF knows no finer ones.
        let expires = Timestamp::from_second(expires.as_second()).unwrap_or(expires);
        let mut map = Map::new();
        map.insert("_type".to_owned(), json!(kind));
        map.insert("spec_version".to_owned(), json!(SPEC_VERSION));
        map.insert("version".to_owned(), json!(self.version));
        map.insert("expires".to_owned(), json!(expires.to_string()));
        map
    }

    /// One key for root, one for targets, one for what has to be signed often.
    pub(super) fn root(self, root: &Signer, targets: &Signer, online: &Signer) -> Value {
        let mut map = self.document("root", self.lifetimes.root);
        let keys: Map<String, Value> = [root, targets, online]
            .into_iter()
            .map(|signer| (signer.id().to_owned(), signer.public_value()))
            .collect();
        let role = |signer: &Signer| json!({ "keyids": [signer.id()], "threshold": 1 });
        map.insert("consistent_snapshot".to_owned(), json!(true));
        map.insert("keys".to_owned(), Value::Object(keys));
        map.insert(
            "roles".to_owned(),
            json!({
                "root": role(root), "targets": role(targets),
                "snapshot": role(online), "timestamp": role(online),
            }),
        );
        Value::Object(map)
    }

    /// The list of namespaces.
    pub(super) fn targets(self, delegations: Value) -> Value {
        let mut map = self.document("targets", self.lifetimes.targets);
        map.insert("targets".to_owned(), json!({}));
        map.insert("delegations".to_owned(), delegations);
        Value::Object(map)
    }

    /// The releases of a namespace.
    pub(super) fn namespace(self, targets: Map<String, Value>) -> Value {
        let mut map = self.document("targets", self.lifetimes.namespace);
        map.insert("targets".to_owned(), Value::Object(targets));
        Value::Object(map)
    }

    /// Which version of each role belongs to this state.
    pub(super) fn snapshot(self, pins: &BTreeMap<String, Pin>) -> Value {
        let mut map = self.document("snapshot", self.lifetimes.online);
        let meta: Map<String, Value> =
            pins.iter().map(|(role, pin)| (format!("{role}.json"), pin.value())).collect();
        map.insert("meta".to_owned(), Value::Object(meta));
        Value::Object(map)
    }

    /// Which snapshot is the current one.
    pub(super) fn timestamp(self, snapshot: &Pin) -> Value {
        let mut map = self.document("timestamp", self.lifetimes.online);
        map.insert("meta".to_owned(), json!({ "snapshot.json": snapshot.value() }));
        Value::Object(map)
    }
}

/// A file by version, length and digest.
#[derive(Debug, Clone)]
pub(super) struct Pin {
    pub(super) version: u64,
    pub(super) length: u64,
    pub(super) sha256: String,
}

impl Pin {
    pub(super) fn of(version: u64, bytes: &[u8]) -> Self {
        Self { version, length: bytes.len() as u64, sha256: Digest::of(bytes).hex() }
    }

    fn value(&self) -> Value {
        json!({
            "version": self.version,
            "length": self.length,
            "hashes": { "sha256": self.sha256 },
        })
    }
}

/// Adds the role of a namespace to a `delegations` object.
pub(super) fn delegate(delegations: &mut Value, namespace: &str, signer: &Signer) {
    if !delegations.is_object() {
        *delegations = json!({});
    }
    let Some(map) = delegations.as_object_mut() else { return };
    if let Value::Object(keys) = map.entry("keys").or_insert_with(|| json!({})) {
        keys.insert(signer.id().to_owned(), signer.public_value());
    }
    if let Value::Array(roles) = map.entry("roles").or_insert_with(|| json!([])) {
        roles.push(json!({
            "name": layout::role_of(namespace),
            "keyids": [signer.id()],
            "threshold": 1,
            "terminating": true,
            "paths": [layout::paths_of(namespace)],
        }));
    }
}
