//! `coldframe skill publish` and `registry publish`: one release into a registry in a directory.
//!
//! Order of writes: component and manifest, or document (named by content), the role of the namespace, the list
//! of namespaces if it is a new one, the snapshot (created exclusively: of two publishers at the
//! same time one loses and starts over), the timestamp last. Nothing points to what was written
//! before the timestamp takes its place, so a crash anywhere leaves the registry as it was.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use coldframe_format::{Digest, IndexRow, Manifest, PipelineRow};
use jiff::Timestamp;
use serde_json::{Map, Value};
use sigstore_tuf::RoleKeys;

use super::init::{ONLINE_KEY, TARGETS_KEY};
use super::keys::KeyRing;
use super::roles::{self, Head, Pin, SOLO};
use super::sign::{Signer, envelope};
use super::submission::{Row, Submission};
use super::write::{self, Applied, Step};
use crate::error::Error;
use crate::floors;
use crate::layout;
use crate::registry::Registry;
use crate::tree::DirTree;
use crate::trust::Trust;

/// How often a publisher starts over when others publish at the same time.
const ATTEMPTS: usize = 8;

/// What a publish did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published<R = IndexRow> {
    /// What was signed about the release.
    pub row: R,
    /// The newest release before it, to compare with.
    pub previous: Option<R>,
    /// Whether the namespace was created with it.
    pub new_namespace: bool,
    /// Whether exactly this was published before, so that nothing was written.
    pub already: bool,
    /// Version of the snapshot that has it.
    pub snapshot: u64,
}

/// Publishes a component with its manifest to the registry in `dir`, signed by the keys in
/// `keys_dir`. A namespace that is new gets a role and a key of its own.
///
/// A version that exists is never changed: the same content is a success that writes nothing,
/// other content is refused.
pub fn publish(
    dir: &Path,
    keys_dir: &Path,
    manifest: &Manifest,
    component: Vec<u8>,
    now: Timestamp,
) -> Result<Published, Error> {
    submit(dir, keys_dir, &Submission::new(manifest, component, now)?, now)
}

/// Publishes the document of a pipeline. The compiler has accepted it as it stands, and `row` is
/// what it says of it; digest and time are set here.
pub fn publish_pipeline(
    dir: &Path,
    keys_dir: &Path,
    row: PipelineRow,
    document: &str,
    now: Timestamp,
) -> Result<Published<PipelineRow>, Error> {
    submit(dir, keys_dir, &Submission::of_pipeline(row, document, now)?, now)
}

fn submit<R: Row>(
    dir: &Path,
    keys_dir: &Path,
    submission: &Submission<R>,
    now: Timestamp,
) -> Result<Published<R>, Error> {
    let ring = KeyRing::open(keys_dir)?;
    let dir = dir.canonicalize().map_err(Error::io("open the registry", dir))?;
    // Held until the end. Where the file system has no locks, the exclusive files still decide.
    let _lock = floors::lock(&dir.join("metadata"))?;
    let mut conflict = String::new();
    for _ in 0..ATTEMPTS {
        let current = open(&dir, &ring)?;
        let plan = plan(&current, &ring, submission, now)?;
        match write::apply(&dir, &plan.steps)? {
            Applied::All => {
                // Reads back what was written, and remembers it beside the keys.
                open(&dir, &ring)?.releases(submission.row.id().namespace())?;
                return Ok(plan.published);
            }
            Applied::Conflict(path) => conflict = path,
        }
    }
    Err(Error::author(
        format!("`{conflict}` was created by others {ATTEMPTS} times"),
        Some("wait until nobody else publishes, then try again"),
    ))
}

/// The writes of a publish, and what they come to.
#[derive(Debug)]
pub(super) struct Plan<R = IndexRow> {
    pub(super) steps: Vec<Step>,
    pub(super) published: Published<R>,
}

/// Opens the registry as the owner of the keys knows it.
pub(super) fn open(dir: &Path, ring: &KeyRing) -> Result<Registry, Error> {
    let location = dir.display().to_string();
    let floors = ring.floors();
    let first = floors.first_root()?.ok_or_else(|| {
        Error::author(
            "the directory of keys has no memory of its registry".to_owned(),
            Some("name the directory that `coldframe registry init` made"),
        )
    })?;
    let path = dir.join(layout::versioned(1, "root"));
    let found = fs::read(&path).map_err(Error::io("read", path))?;
    if found != first {
        let (expected, found) = (Digest::of(&first), Digest::of(&found));
        return Err(Error::Root { location, expected, found });
    }
    Registry::open(location, Box::new(DirTree::new(dir)), &first, &floors, false)
}

/// Decides what to write. Touches nothing but the key of a new namespace.
pub(super) fn plan<R: Row>(
    current: &Registry,
    ring: &KeyRing,
    submission: &Submission<R>,
    now: Timestamp,
) -> Result<Plan<R>, Error> {
    let row = &submission.row;
    let (id, version) = (row.id(), row.version());
    if let Some(other) = R::taken(current, id)? {
        return Err(Error::author(
            format!("`{id}` is a {other} already, and a name is that of one thing"),
            Some("choose another name"),
        ));
    }
    let releases = R::published(current, id)?;
    let mut published = Published {
        row: row.clone(),
        previous: releases.last().cloned(),
        new_namespace: !current.namespaces().iter().any(|n| n == id.namespace()),
        already: false,
        snapshot: current.snapshot_version(),
    };
    if let Some(existing) = releases.iter().find(|other| other.version() == version) {
        if !existing.is_same(row) {
            return Err(Error::author(
                format!("`{id}@{version}` is published already, with other content"),
                Some(&format!("raise the version in {}", R::VERSION_IN)),
            ));
        }
        (published.row, published.already) = (existing.clone(), true);
        return Ok(Plan { steps: Vec::new(), published });
    }
    let mut change = current.with_trust(|trust| Change::start(current, trust, ring, now))?;
    change.steps.extend(submission.files());
    change.namespace(ring, submission, published.new_namespace)?;
    published.snapshot = change.finish(ring)?;
    Ok(Plan { steps: change.steps, published })
}

/// A new state of a registry while it is put together.
struct Change<'a> {
    current: &'a Registry,
    now: Timestamp,
    steps: Vec<Step>,
    pins: BTreeMap<String, Pin>,
    /// The documents that are being followed up, by role.
    documents: BTreeMap<String, Value>,
    authorities: BTreeMap<String, RoleKeys>,
    timestamp: u64,
    snapshot: u64,
    targets_expired: bool,
}

impl<'a> Change<'a> {
    fn start(
        current: &'a Registry,
        trust: &Trust,
        ring: &KeyRing,
        now: Timestamp,
    ) -> Result<Self, Error> {
        // A missing key is found out before anything is written.
        ring.load(ONLINE_KEY)?;
        let set = trust.set();
        let mut authorities: BTreeMap<String, RoleKeys> = set.root().roles.clone();
        let targets = set.targets_role("targets");
        for role in targets.and_then(|t| t.delegations.as_ref()).iter().flat_map(|d| &d.roles) {
            authorities.insert(role.name.clone(), role.role_keys());
        }
        let mut pins = BTreeMap::new();
        let mut documents = BTreeMap::new();
        for name in set.snapshot().iter().flat_map(|snapshot| snapshot.meta.keys()) {
            let role = name.strip_suffix(".json").unwrap_or(name).to_owned();
            if let Some((_, pin)) = trust.path_of(&role) {
                let hashes = pin.hashes.unwrap_or_default();
                let sha256 = hashes.get("sha256").cloned().unwrap_or_default();
                let length = pin.length.unwrap_or_default();
                pins.insert(role.clone(), Pin { version: pin.version, length, sha256 });
            }
            if let Some(bytes) = trust.file(&role) {
                // Verified before, so it parses.
                let file: Value = serde_json::from_slice(bytes).unwrap_or_default();
                documents.insert(role, file.get("signed").cloned().unwrap_or_default());
            }
        }
        Ok(Self {
            current,
            now,
            steps: Vec::new(),
            pins,
            documents,
            authorities,
            timestamp: set.timestamp().map_or(0, |t| t.version),
            snapshot: set.snapshot().map_or(0, |s| s.version),
            targets_expired: targets.is_some_and(|t| t.expires < now),
        })
    }

    /// The role of the submission's namespace, and the list of namespaces where that changes.
    fn namespace<R: Row>(
        &mut self,
        ring: &KeyRing,
        submission: &Submission<R>,
        new: bool,
    ) -> Result<(), Error> {
        let namespace = submission.row.id().namespace();
        let role = layout::role_of(namespace);
        let mut delegations =
            self.documents.get("targets").and_then(|d| d.get("delegations")).cloned();
        let signer = if new {
            // Before the key is made: without this one the namespace cannot be created.
            self.signer(ring, TARGETS_KEY, "targets")?;
            // A key that is there is left from a publish that was cut short.
            let signer = if ring.has(&role) { ring.load(&role)? } else { ring.create_key(&role)? };
            roles::delegate(delegations.get_or_insert(Value::Null), namespace, &signer);
            signer
        } else {
            self.signer(ring, &role, &role)?
        };
        let mut targets: Map<String, Value> = self
            .documents
            .get(&role)
            .and_then(|document| document.get("targets")?.as_object().cloned())
            .unwrap_or_default();
        submission.add_to(&mut targets);
        self.add(&role, &signer, |head| head.namespace(targets))?;
        if new || self.targets_expired {
            let signer = self.signer(ring, TARGETS_KEY, "targets")?;
            self.add("targets", &signer, |head| head.targets(delegations.unwrap_or_default()))?;
        }
        Ok(())
    }

    /// Snapshot and timestamp; gives the version of the snapshot.
    fn finish(&mut self, ring: &KeyRing) -> Result<u64, Error> {
        let online = self.signer(ring, ONLINE_KEY, "snapshot")?;
        self.signer(ring, ONLINE_KEY, "timestamp")?;
        let version = self.next("snapshot", self.snapshot);
        let snapshot = envelope(&self.head(version).snapshot(&self.pins), &online)?;
        let pin = Pin::of(version, &snapshot);
        self.steps.push(Step::new_file(layout::versioned(version, "snapshot"), snapshot));
        let timestamp = envelope(&self.head(self.timestamp + 1).timestamp(&pin), &online)?;
        self.steps.push(Step::replace(layout::TIMESTAMP.to_owned(), timestamp));
        Ok(version)
    }

    fn add(
        &mut self,
        role: &str,
        signer: &Signer,
        document: impl FnOnce(Head) -> Value,
    ) -> Result<(), Error> {
        let version = self.next(role, self.pins.get(role).map_or(0, |pin| pin.version));
        let bytes = envelope(&document(self.head(version)), signer)?;
        self.pins.insert(role.to_owned(), Pin::of(version, &bytes));
        self.steps.push(Step::new_file(layout::versioned(version, role), bytes));
        Ok(())
    }

    fn head(&self, version: u64) -> Head {
        Head { version, now: self.now, lifetimes: SOLO }
    }

    /// The next version whose file is not there. A publish that was cut short leaves files that
    /// nothing points to; they are stepped over and never overwritten.
    fn next(&self, role: &str, version: u64) -> u64 {
        let mut next = version + 1;
        while self.current.tree().has(&layout::versioned(next, role)) {
            next += 1;
        }
        next
    }

    /// The key of this name, if it alone may sign for the role.
    fn signer(&self, ring: &KeyRing, key: &str, role: &str) -> Result<Signer, Error> {
        let signer = ring.load(key)?;
        let authority = self.authorities.get(role);
        let named = authority.is_some_and(|a| a.keyids.iter().any(|id| id == signer.id()));
        if !named {
            return Err(Error::author(
                format!("the key `{key}` is not one that may sign for `{role}`"),
                Some("these are the keys of another registry, or they were replaced"),
            ));
        }
        if authority.is_some_and(|a| a.threshold > 1) {
            return Err(Error::author(
                format!("`{role}` needs more than one signature, expected a registry of one owner"),
                None,
            ));
        }
        Ok(signer)
    }
}
