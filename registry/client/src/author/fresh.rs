//! The files of a registry that has no history.

use std::collections::BTreeMap;

use coldframe_format::Digest;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::roles::{self, Head, Lifetimes, Pin};
use super::sign::{Signer, envelope};
use super::submission::Submission;
use super::write::Step;
use crate::error::Error;
use crate::layout;

/// The keys of a registry.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) root: Signer,
    pub(super) targets: Signer,
    pub(super) online: Signer,
    pub(super) namespaces: BTreeMap<String, Signer>,
}

/// A registry to be written.
#[derive(Debug)]
pub(super) struct Fresh {
    /// In the order in which they are to be written: what points comes after what is pointed to.
    pub(super) steps: Vec<Step>,
    /// Digest of the root.
    pub(super) fingerprint: Digest,
}

/// Signs version 1 of everything.
pub(super) fn registry(
    keys: &Keys,
    skills: &[Submission],
    lifetimes: Lifetimes,
    now: Timestamp,
) -> Result<Fresh, Error> {
    let head = Head { version: 1, now, lifetimes };
    let mut steps: Vec<Step> = skills.iter().flat_map(Submission::files).collect();
    let mut pins = BTreeMap::new();
    let mut add = |steps: &mut Vec<Step>, role: String, bytes: Vec<u8>| {
        pins.insert(role.clone(), Pin::of(1, &bytes));
        steps.push(Step::new_file(layout::versioned(1, &role), bytes));
    };
    let mut delegations = json!({ "keys": {}, "roles": [] });
    for (namespace, signer) in &keys.namespaces {
        roles::delegate(&mut delegations, namespace, signer);
        let mut targets = Map::<String, Value>::new();
        for skill in skills.iter().filter(|skill| skill.row.id.namespace() == namespace) {
            skill.add_to(&mut targets);
        }
        add(&mut steps, layout::role_of(namespace), envelope(&head.namespace(targets), signer)?);
    }
    add(&mut steps, "targets".to_owned(), envelope(&head.targets(delegations), &keys.targets)?);

    let root = envelope(&head.root(&keys.root, &keys.targets, &keys.online), &keys.root)?;
    let fingerprint = Digest::of(&root);
    steps.push(Step::new_file(layout::versioned(1, "root"), root));
    let snapshot = envelope(&head.snapshot(&pins), &keys.online)?;
    let pin = Pin::of(1, &snapshot);
    steps.push(Step::new_file(layout::versioned(1, "snapshot"), snapshot));
    let timestamp = envelope(&head.timestamp(&pin), &keys.online)?;
    steps.push(Step::replace(layout::TIMESTAMP.to_owned(), timestamp));
    Ok(Fresh { steps, fingerprint })
}
