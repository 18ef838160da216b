//! The chain from a trusted root to the role of a namespace, TUF 1.0.34 section 5.
//!
//! The state machine is `sigstore-tuf`'s. Around it stand the rules that are ours:
//!
//! - Off-spec, stricter: no key material may stand under two ids, keys are
//!   hexadecimal Ed25519 only, no JSON object has a key twice, every file is pinned by length and
//!   SHA-256, a namespace has one terminating role whose paths are exactly its own.
//! - Off-spec, other order: expiry is not part of verification. An expired registry may still be
//!   run from, so the state machine gets a clock at which nothing has expired, and
//!   [`Trust::earliest_expiry`] tells who wants to update. Rollback is refused either way.

use std::collections::BTreeMap;

use coldframe_format::Digest;
use jiff::Timestamp;
use serde_json::Value;
use sigstore_tuf::{Error as TufError, MetaFile, TargetFile, Targets, TrustedMetadataSet};

use crate::crypto;
use crate::error::Error;
use crate::layout;
use crate::strict_json;
use crate::tree::{Bytes, Tree};

/// The clock of the state machine: before every expiry there is.
const BEFORE_EXPIRY: Timestamp = Timestamp::UNIX_EPOCH;

/// The state of a registry that was seen last. Older ones are refused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Floor {
    /// The newest root that was reached.
    pub(crate) root: Vec<u8>,
    /// The timestamp, and the snapshot it pins.
    pub(crate) last: Option<(Vec<u8>, Vec<u8>)>,
}

/// Verified metadata.
#[derive(Debug)]
pub(crate) struct Trust {
    set: TrustedMetadataSet,
    /// Role to the bytes that were verified.
    files: BTreeMap<String, Bytes>,
    namespaces: BTreeMap<String, String>,
}

impl Trust {
    /// Verifies everything down to the list of namespaces.
    pub(crate) fn open(tree: &dyn Tree, floor: &Floor) -> Result<Self, Error> {
        crypto::install();
        let mut set = first_root(&floor.root)?;
        let floor_root = set.root().version;
        let mut files = BTreeMap::from([("root".to_owned(), Bytes::from(floor.root.clone()))]);
        if let Some(newer) = follow_roots(tree, &mut set)? {
            files.insert("root".to_owned(), newer);
        }

        let timestamp = required(tree, layout::TIMESTAMP, layout::TIMESTAMP_BYTES_MAX)?;
        let file = || tree.name(layout::TIMESTAMP);
        strict(tree, layout::TIMESTAMP, &timestamp)?;
        if let Some((last, snapshot)) = &floor.last
            && last[..] != timestamp[..]
        {
            seed(&mut set, last, snapshot, floor_root)?;
        }
        set.update_timestamp(&timestamp, BEFORE_EXPIRY).map_err(|e| refusal(file(), e))?;

        let pin = set.timestamp().and_then(|t| t.snapshot_meta()).cloned();
        let pin = pin.ok_or_else(|| metadata(file(), "it does not pin `snapshot.json`"))?;
        let path = layout::versioned(pin.version, "snapshot");
        let snapshot = pinned(tree, &path, &pin, layout::SNAPSHOT_BYTES_MAX)?;
        strict(tree, &path, &snapshot)?;
        set.update_snapshot(&snapshot, BEFORE_EXPIRY).map_err(|e| refusal(tree.name(&path), e))?;

        let mut trust = Self { set, files, namespaces: BTreeMap::new() };
        trust.files.insert("timestamp".to_owned(), timestamp);
        trust.files.insert("snapshot".to_owned(), snapshot);
        trust.load_targets(tree)?;
        Ok(trust)
    }

    /// What must not be gone back behind.
    pub(crate) fn floor(&self) -> Floor {
        let file = |role: &str| self.files.get(role).map(|bytes| bytes.to_vec());
        Floor {
            root: file("root").unwrap_or_default(),
            last: file("timestamp").zip(file("snapshot")),
        }
    }

    /// The namespaces, and the role of each.
    pub(crate) fn namespaces(&self) -> &BTreeMap<String, String> {
        &self.namespaces
    }

    /// The verified bytes of a role that was loaded.
    pub(crate) fn file(&self, role: &str) -> Option<&[u8]> {
        self.files.get(role).map(|bytes| &**bytes)
    }

    /// The state machine, for its typed view of the roles.
    pub(crate) fn set(&self) -> &TrustedMetadataSet {
        &self.set
    }

    /// The path of the metadata of a role that the snapshot pins.
    pub(crate) fn path_of(&self, role: &str) -> Option<(String, MetaFile)> {
        let pin = self.set.snapshot()?.meta.get(&format!("{role}.json"))?.clone();
        Some((layout::versioned(pin.version, role), pin))
    }

    /// Verifies the role of a namespace.
    pub(crate) fn load_role(&mut self, tree: &dyn Tree, role: &str) -> Result<&Targets, Error> {
        if !self.files.contains_key(role) {
            let (path, pin) = self.pin(tree, role)?;
            let bytes = pinned(tree, &path, &pin, layout::TARGETS_BYTES_MAX)?;
            let value = strict(tree, &path, &bytes)?;
            if value.pointer("/signed/delegations").is_some_and(|d| !d.is_null()) {
                let why = "it hands names on to other roles".to_owned();
                return Err(Error::Delegation { file: tree.name(&path), why });
            }
            self.set
                .update_delegated_targets(&bytes, role, "targets", BEFORE_EXPIRY)
                .map_err(|e| refusal(tree.name(&path), e))?;
            self.files.insert(role.to_owned(), bytes);
        }
        self.set
            .targets_role(role)
            .ok_or_else(|| Error::Missing { file: tree.name(&layout::versioned(0, role)) })
    }

    /// The first of the loaded files to expire, and when.
    pub(crate) fn earliest_expiry(&self) -> (String, Timestamp) {
        let mut all = vec![("root".to_owned(), self.set.root().expires)];
        all.extend(self.set.timestamp().map(|t| ("timestamp".to_owned(), t.expires)));
        all.extend(self.set.snapshot().map(|s| ("snapshot".to_owned(), s.expires)));
        let roles = self.files.keys();
        all.extend(roles.filter_map(|role| {
            self.set.targets_role(role).map(|targets| (role.clone(), targets.expires))
        }));
        all.into_iter().min_by_key(|(_, expires)| *expires).unwrap_or_default()
    }

    fn pin(&self, tree: &dyn Tree, role: &str) -> Result<(String, MetaFile), Error> {
        self.path_of(role).ok_or_else(|| {
            let version = self.set.snapshot().map_or(0, |snapshot| snapshot.version);
            let file = tree.name(&layout::versioned(version, "snapshot"));
            metadata(file, &format!("it does not pin `{role}.json`"))
        })
    }

    fn load_targets(&mut self, tree: &dyn Tree) -> Result<(), Error> {
        let (path, pin) = self.pin(tree, "targets")?;
        let bytes = pinned(tree, &path, &pin, layout::TARGETS_BYTES_MAX)?;
        let file = tree.name(&path);
        let value = strict(tree, &path, &bytes)?;
        check_keys(&file, value.pointer("/signed/delegations/keys"))?;
        let targets =
            self.set.update_targets(&bytes, BEFORE_EXPIRY).map_err(|e| refusal(file.clone(), e))?;
        self.namespaces = namespaces(&file, targets)?;
        self.files.insert("targets".to_owned(), bytes);
        Ok(())
    }
}

/// A target's length and SHA-256, both of which it must have.
pub(crate) fn target_pin(
    file: &str,
    name: &str,
    target: &TargetFile,
) -> Result<(u64, Digest), Error> {
    let digest = sha256(Some(&target.hashes))
        .ok_or_else(|| metadata(file.to_owned(), &format!("`{name}` has no `sha256`")))?;
    Ok((target.length, digest))
}

/// Reads a file of exactly this length and digest.
pub(crate) fn read_exact(
    tree: &dyn Tree,
    path: &str,
    length: u64,
    digest: &Digest,
) -> Result<Bytes, Error> {
    let file = || tree.name(path);
    let wrong_length = |found| Error::Length { file: file(), expected: length.to_string(), found };
    let bytes = match tree.read(path, length) {
        Ok(bytes) => bytes.ok_or_else(|| Error::Missing { file: file() })?,
        Err(Error::Length { found, .. }) => return Err(wrong_length(found)),
        Err(other) => return Err(other),
    };
    if bytes.len() as u64 != length {
        return Err(wrong_length(bytes.len() as u64));
    }
    let found = Digest::of(&bytes);
    if found != *digest {
        return Err(Error::Digest { file: file(), expected: *digest, found });
    }
    Ok(bytes)
}

fn first_root(bytes: &[u8]) -> Result<TrustedMetadataSet, Error> {
    let file = || "root.json".to_owned();
    let value = strict_json::parse(bytes).map_err(|e| metadata(file(), &e))?;
    check_root(&file(), &value)?;
    TrustedMetadataSet::from_root(bytes).map_err(|e| refusal(file(), e))
}

/// TUF 5.3: each root is signed by the one before it.
fn follow_roots(tree: &dyn Tree, set: &mut TrustedMetadataSet) -> Result<Option<Bytes>, Error> {
    let mut newest = None;
    for _ in 0..layout::ROOTS_MAX {
        let Some(next) = set.root().version.checked_add(1) else { break };
        let path = layout::versioned(next, "root");
        let Some(bytes) = tree.read(&path, layout::ROOT_BYTES_MAX)? else { return Ok(newest) };
        let value = strict(tree, &path, &bytes)?;
        check_root(&tree.name(&path), &value)?;
        set.update_root(&bytes).map_err(|e| refusal(tree.name(&path), e))?;
        newest = Some(bytes);
    }
    let last = tree.name(&layout::versioned(set.root().version, "root"));
    Err(metadata(last, "there are more new roots than are followed at once"))
}

/// Puts the last state seen into the state machine, so that it refuses older ones.
fn seed(
    set: &mut TrustedMetadataSet,
    timestamp: &[u8],
    snapshot: &[u8],
    floor_root: u64,
) -> Result<(), Error> {
    let seeded = set
        .update_timestamp(timestamp, BEFORE_EXPIRY)
        .and_then(|()| set.update_snapshot(snapshot, BEFORE_EXPIRY));
    match seeded {
        Ok(()) => Ok(()),
        // TUF 5.3.11: a new root with other keys is how a registry recovers from stolen ones.
        Err(_) if set.root().version > floor_root => Ok(()),
        Err(e) => Err(refusal("the state seen before".to_owned(), e)),
    }
}

fn required(tree: &dyn Tree, path: &str, max: u64) -> Result<Bytes, Error> {
    tree.read(path, max)?.ok_or_else(|| Error::Missing { file: tree.name(path) })
}

/// Reads a metadata file that another one pins.
fn pinned(tree: &dyn Tree, path: &str, pin: &MetaFile, max: u64) -> Result<Bytes, Error> {
    let (Some(length), Some(digest)) = (pin.length, sha256(pin.hashes.as_ref())) else {
        return Err(metadata(tree.name(path), "it is not pinned by length and sha256"));
    };
    if length > max {
        let (file, expected) = (tree.name(path), format!("at most {max}"));
        return Err(Error::Length { file, expected, found: length });
    }
    read_exact(tree, path, length, &digest)
}

fn sha256(hashes: Option<&BTreeMap<String, String>>) -> Option<Digest> {
    format!("sha256:{}", hashes?.get("sha256")?).parse().ok()
}

fn strict(tree: &dyn Tree, path: &str, bytes: &[u8]) -> Result<Value, Error> {
    strict_json::parse(bytes).map_err(|e| metadata(tree.name(path), &e))
}

fn check_root(file: &str, value: &Value) -> Result<(), Error> {
    if value.pointer("/signed/consistent_snapshot") != Some(&Value::Bool(true)) {
        return Err(metadata(file.to_owned(), "`consistent_snapshot` is not true"));
    }
    check_keys(file, value.pointer("/signed/keys"))
}

/// Refuses keys that are not plain Ed25519, and one key under two ids: it would count twice
/// towards a threshold.
fn check_keys(file: &str, keys: Option<&Value>) -> Result<(), Error> {
    let wrong = |why: String| Error::Key { file: file.to_owned(), why };
    let Some(keys) = keys else { return Ok(()) };
    let keys = keys.as_object().ok_or_else(|| wrong("`keys` is no object".to_owned()))?;
    let mut owners = BTreeMap::new();
    for (id, key) in keys {
        let text = |path| key.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let public = text("/keyval/public");
        let plain = text("/keytype") == "ed25519"
            && text("/scheme") == "ed25519"
            && public.len() == 64
            && public.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !plain {
            return Err(wrong(format!(
                "`{id}` is not an Ed25519 key of 64 lower-case hexadecimal digits"
            )));
        }
        if let Some(other) = owners.insert(public, id) {
            return Err(wrong(format!("`{other}` and `{id}` are the same key")));
        }
    }
    Ok(())
}

/// The namespaces that `targets` hands out. Roles for other purposes are left alone.
fn namespaces(file: &str, targets: &Targets) -> Result<BTreeMap<String, String>, Error> {
    let wrong = |why: String| Error::Delegation { file: file.to_owned(), why };
    if let Some(name) = targets.targets.keys().next() {
        return Err(wrong(format!("it lists the target `{name}` itself")));
    }
    let mut namespaces = BTreeMap::new();
    let roles = targets.delegations.as_ref().map(|d| d.roles.as_slice()).unwrap_or_default();
    for role in roles {
        let Some(namespace) = role.name.strip_prefix("ns-") else { continue };
        // A name that cannot be an owner of skills cannot be a namespace.
        if coldframe_format::SkillId::new(namespace, "x").is_err() {
            return Err(wrong(format!("`{}` is not the role of a namespace", role.name)));
        }
        let paths = role.paths.as_deref().unwrap_or_default();
        let own = paths.len() == 1 && paths.first() == Some(&layout::paths_of(namespace));
        if !own || role.path_hash_prefixes.is_some() || !role.terminating {
            return Err(wrong(format!(
                "`{}` is not a terminating role for exactly `{}`",
                role.name,
                layout::paths_of(namespace)
            )));
        }
        if namespaces.insert(namespace.to_owned(), role.name.clone()).is_some() {
            return Err(wrong(format!("`{}` is there twice", role.name)));
        }
    }
    Ok(namespaces)
}

fn metadata(file: String, why: &str) -> Error {
    Error::Metadata { file, why: why.to_owned() }
}

/// The state machine's refusal in our words.
fn refusal(file: String, error: TufError) -> Error {
    match error {
        TufError::ThresholdNotMet { found, threshold, .. } => {
            let why = format!("{found} valid signatures, expected {threshold}");
            Error::Signature { file, why }
        }
        TufError::DuplicateSignature { key_id, .. } => {
            Error::Signature { file, why: format!("two signatures by the key `{key_id}`") }
        }
        TufError::Rollback { role, trusted, new } => {
            Error::Rollback { file, role, trusted, found: new }
        }
        TufError::EqualVersion { version, .. } => Error::Forked { file, version },
        TufError::Expired { expires, .. } => Error::Expired { file, expires: expires.to_string() },
        TufError::UnusableKey { key_id, reason } => {
            Error::Key { file, why: format!("`{key_id}`: {reason}") }
        }
        TufError::UnsupportedScheme { scheme, .. } => {
            Error::Key { file, why: format!("the scheme `{scheme}`") }
        }
        // The state machine has no type of its own for this one; a test holds the text.
        TufError::IntegrityMismatch(text) if text.starts_with("snapshot removes ") => {
            let role = text.split(' ').nth(2).unwrap_or_default();
            let role = role.trim_end_matches(',').to_owned();
            Error::RoleRemoved { file, role }
        }
        TufError::Json(e) => metadata(file, &e.to_string()),
        other => metadata(file, &other.to_string()),
    }
}
