//! One registry, opened and verified.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use coldframe_format::{Digest, IndexRow, LockedRegistry, SkillId};
use jiff::Timestamp;

use crate::error::Error;
use crate::floors::{self, Floors};
use crate::layout;
use crate::namespace::{self, Namespace};
use crate::pipeline::PipelineRelease;
use crate::tree::{DirTree, EmbeddedTree, Tree};
use crate::trust::{Floor, Trust};

/// What the built-in registry is called where others have a path.
pub const BUILTIN: &str = "builtin";

/// The root that is trusted first.
const FIRST_ROOT: &str = "metadata/1.root.json";

/// Which root of trust is expected of a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Whatever was found at this place first.
    Remembered,
    /// The one with this digest: from a lock file, or told by the owner.
    Root(Digest),
}

/// A registry whose metadata was verified from its root down to its list of namespaces.
///
/// Rows and components are read and verified when they are asked for.
#[derive(Debug)]
pub struct Registry {
    location: String,
    tree: Box<dyn Tree>,
    fingerprint: Digest,
    first_use: bool,
    namespaces: Vec<String>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    trust: Trust,
    loaded: BTreeMap<String, Namespace>,
}

/// A release of a skill that the role of its namespace signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    pub(crate) row: Arc<IndexRow>,
    pub(crate) component: Blob,
    pub(crate) manifest: Blob,
}

/// A file by its signed length and digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blob {
    pub(crate) path: String,
    pub(crate) length: u64,
    pub(crate) digest: Digest,
}

impl Release {
    /// What the owner signed about it.
    pub fn row(&self) -> &IndexRow {
        &self.row
    }
}

impl Registry {
    /// Opens the registry in `dir`. What is remembered of it lies in `data_dir`.
    ///
    /// At first use its root is taken on trust (unless `expect` names one) and remembered;
    /// [`Self::first_use`] says so.
    pub fn open_dir(dir: &Path, data_dir: &Path, expect: Expect) -> Result<Self, Error> {
        let dir = dir.canonicalize().map_err(Error::io("open the registry", dir))?;
        let location = dir.display().to_string();
        let tree = DirTree::new(dir);
        let root = first_root(&tree)?;
        let fingerprint = Digest::of(&root);
        let known = floors::known_place(data_dir, &location)?;
        let expected = match expect {
            Expect::Root(digest) => Some(digest),
            Expect::Remembered => known,
        };
        if let Some(expected) = expected.filter(|expected| *expected != fingerprint) {
            return Err(Error::Root { location, expected, found: fingerprint });
        }
        let floors = Floors::of(data_dir, &fingerprint);
        let first_use = expected.is_none();
        let registry = Self::open(location, Box::new(tree), &root, &floors, first_use)?;
        if known != Some(fingerprint) {
            floors::remember_place(data_dir, &registry.location, &fingerprint)?;
        }
        Ok(registry)
    }

    /// Opens the registry of built-in skills.
    ///
    /// It is part of the binary, root and all, and each release has a root of its own whose keys
    /// are gone: there is nothing to remember between runs.
    pub fn builtin() -> Result<Self, Error> {
        let tree = EmbeddedTree;
        let root = first_root(&tree)?;
        let trust = Trust::open(&tree, &Floor { root: root.clone(), last: None })?;
        Ok(Self::with(BUILTIN.to_owned(), Box::new(tree), Digest::of(&root), false, trust))
    }

    pub(crate) fn open(
        location: String,
        tree: Box<dyn Tree>,
        first_root: &[u8],
        floors: &Floors,
        first_use: bool,
    ) -> Result<Self, Error> {
        let floor = floors.load(first_root)?;
        let trust = Trust::open(&*tree, &floor)?;
        floors.save(first_root, &floor, &trust.floor())?;
        Ok(Self::with(location, tree, Digest::of(first_root), first_use, trust))
    }

    fn with(
        location: String,
        tree: Box<dyn Tree>,
        fingerprint: Digest,
        first_use: bool,
        trust: Trust,
    ) -> Self {
        let namespaces = trust.namespaces().keys().cloned().collect();
        let state = Mutex::new(State { trust, loaded: BTreeMap::new() });
        Self { location, tree, fingerprint, first_use, namespaces, state }
    }

    /// Its path, or [`BUILTIN`].
    pub fn location(&self) -> &str {
        &self.location
    }

    /// Digest of the root that was trusted first.
    pub fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    /// Whether this is the first time, so that the root was taken on trust.
    pub fn first_use(&self) -> bool {
        self.first_use
    }

    /// The namespaces it owns, sorted.
    pub fn namespaces(&self) -> &[String] {
        &self.namespaces
    }

    /// Version of the snapshot.
    pub fn snapshot_version(&self) -> u64 {
        self.with_state(|state| state.trust.set().snapshot().map_or(0, |s| s.version))
    }

    /// Its entry in a lock file that calls it `location`.
    pub fn locked(&self, location: &str) -> LockedRegistry {
        LockedRegistry { location: location.to_owned(), root: self.fingerprint }
    }

    /// The releases of skills of a namespace, sorted by name and version; none where it isn't ours.
    pub fn releases(&self, namespace: &str) -> Result<Arc<[Release]>, Error> {
        Ok(self.load(namespace)?.skills)
    }

    /// The releases of one skill, oldest first.
    pub fn releases_of(&self, id: &SkillId) -> Result<Vec<Release>, Error> {
        let releases = self.releases(id.namespace())?;
        Ok(releases.iter().filter(|release| release.row.id == *id).cloned().collect())
    }

    /// The releases of pipelines of a namespace, as [`Self::releases`] has those of skills.
    pub fn pipelines(&self, namespace: &str) -> Result<Arc<[PipelineRelease]>, Error> {
        Ok(self.load(namespace)?.pipelines)
    }

    /// The releases of one pipeline, oldest first.
    pub fn pipelines_of(&self, id: &SkillId) -> Result<Vec<PipelineRelease>, Error> {
        let releases = self.pipelines(id.namespace())?;
        Ok(releases.iter().filter(|release| release.row.id == *id).cloned().collect())
    }

    fn load(&self, namespace: &str) -> Result<Namespace, Error> {
        self.with_state(|state| {
            if let Some(loaded) = state.loaded.get(namespace) {
                return Ok(loaded.clone());
            }
            let Some(role) = state.trust.namespaces().get(namespace).cloned() else {
                return Ok(Namespace::default());
            };
            let loaded = namespace::load(&*self.tree, &mut state.trust, namespace, &role)?;
            state.loaded.insert(namespace.to_owned(), loaded.clone());
            Ok(loaded)
        })
    }

    /// The first expiry among the metadata read so far, if it is past at `now`: a warning for
    /// people, and a refusal for those who update.
    pub fn stale(&self, now: Timestamp) -> Option<Error> {
        let (role, expires) = self.with_state(|state| state.trust.earliest_expiry());
        (expires < now).then(|| Error::Expired {
            file: self.tree.name(&format!("metadata/{role}.json")),
            expires: expires.to_string(),
        })
    }

    pub(crate) fn tree(&self) -> &dyn Tree {
        &*self.tree
    }

    pub(crate) fn with_trust<T>(&self, f: impl FnOnce(&mut Trust) -> T) -> T {
        self.with_state(|state| f(&mut state.trust))
    }

    fn with_state<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        // A panic elsewhere leaves the state as it was verified: roles are added whole.
        f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn first_root(tree: &dyn Tree) -> Result<Vec<u8>, Error> {
    let root = tree.read(FIRST_ROOT, layout::ROOT_BYTES_MAX)?;
    root.map(Into::into).ok_or_else(|| Error::Missing { file: tree.name(FIRST_ROOT) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every built-in skill is what its signature says. A binary without skills says so.
    #[test]
    fn the_builtin_registry_holds() {
        if !EmbeddedTree.has(FIRST_ROOT) {
            let error = Registry::builtin().unwrap_err();
            assert_eq!(error.kind(), "registry.missing");
            assert!(error.help().unwrap().contains("built without its skills"));
            return;
        }
        let registry = Registry::builtin().unwrap();
        assert_eq!((registry.location(), registry.first_use()), (BUILTIN, false));
        assert!(!registry.namespaces().is_empty());
        for namespace in registry.namespaces() {
            for release in registry.releases(namespace).unwrap().iter() {
                registry.fetch(release).unwrap();
            }
            for release in registry.pipelines(namespace).unwrap().iter() {
                registry.fetch_pipeline(release).unwrap();
            }
        }
    }
}
