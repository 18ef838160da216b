//! A registry with two releases, its keys, and a user who has seen it before.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use coldframe_format::{Caps, LockedSkill, Manifest, SkillRef};
use jiff::Timestamp;
use tempfile::TempDir;

use crate::author::{init, publish};
use crate::{Error, Expect, Registries, Registry, VerifiedSkill};

pub(super) const NOW: i64 = 1_800_000_000;

pub(super) fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

/// A component that exports `operation` and imports `import`, if there is one.
pub(super) fn component(operation: &str, import: Option<&str>) -> Vec<u8> {
    let import = import.map_or_else(String::new, |name| {
        format!("(import \"{name}\" (instance (export \"x\" (func))))")
    });
    wat::parse_str(format!(
        "(component {import}
           (core module $m (func (export \"f\")))
           (core instance $i (instantiate $m))
           (func (export \"{operation}\") (canon lift (core func $i \"f\"))))"
    ))
    .unwrap()
}

pub(super) const CLOCK: &str = "wasi:clocks/wall-clock@0.2.6";

pub(super) fn manifest(id: &str, version: &str, more: &str) -> Manifest {
    Manifest::from_toml(&format!(
        "id = \"{id}\"\nversion = \"{version}\"\ndescription = \"says {id}\"\nlicense = \"MIT\"\n{more}"
    ))
    .unwrap()
}

/// A registry, its keys and a user's data, each in a directory of its own.
pub(super) struct World {
    temp: TempDir,
}

impl World {
    /// Nothing yet.
    pub(super) fn empty() -> Self {
        Self { temp: tempfile::tempdir().unwrap() }
    }

    /// `acme/echo` 1.0.0 and 1.1.0 (which needs a clock), `other/tool` 1.0.0. The user has seen
    /// the state with one release, and then the last one.
    pub(super) fn full() -> Self {
        static MASTER: OnceLock<World> = OnceLock::new();
        let master = MASTER.get_or_init(|| {
            let world = Self::empty();
            init(&world.dir(), &world.keys(), now()).unwrap();
            world.publish(&manifest("other/tool", "1.0.0", ""), component("run", None)).unwrap();
            world.publish(&manifest("acme/echo", "1.0.0", ""), component("say", None)).unwrap();
            fs::copy(
                world.dir().join("metadata/timestamp.json"),
                world.temp.path().join("old-timestamp.json"),
            )
            .unwrap();
            let clock = manifest("acme/echo", "1.1.0", "[capabilities]\nclock = true");
            world.publish(&clock, component("say", Some(CLOCK))).unwrap();
            world
        });
        let world = Self::empty();
        copy(master.temp.path(), world.temp.path());
        world.run("acme/echo").unwrap();
        world
    }

    pub(super) fn dir(&self) -> PathBuf {
        self.temp.path().join("registry")
    }

    pub(super) fn keys(&self) -> PathBuf {
        self.temp.path().join("registry.keys")
    }

    pub(super) fn data(&self) -> PathBuf {
        self.temp.path().join("data")
    }

    pub(super) fn file(&self, path: &str) -> PathBuf {
        self.dir().join(path)
    }

    /// The timestamp of the state before the last.
    pub(super) fn old_timestamp(&self) -> PathBuf {
        self.temp.path().join("old-timestamp.json")
    }

    /// The only file under `targets/` whose name ends like this.
    pub(super) fn target(&self, skill: &str, end: &str) -> PathBuf {
        let mut found: Vec<PathBuf> = fs::read_dir(self.dir().join("targets").join(skill))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_string_lossy().ends_with(end))
            .collect();
        assert_eq!(found.len(), 1, "{skill} {end}");
        found.remove(0)
    }

    pub(super) fn publish(
        &self,
        manifest: &Manifest,
        component: Vec<u8>,
    ) -> Result<crate::author::Published, Error> {
        publish(&self.dir(), &self.keys(), manifest, component, now())
    }

    pub(super) fn open(&self) -> Result<Registry, Error> {
        Registry::open_dir(&self.dir(), &self.data(), Expect::Remembered)
    }

    /// All that a run does with a skill.
    pub(super) fn run(&self, reference: &str) -> Result<VerifiedSkill, Error> {
        let wanted: SkillRef = reference.parse().unwrap();
        Registries::new(vec![self.open()?])?.fetch(&wanted)
    }

    /// The lock entry of what a reference means now.
    pub(super) fn lock(&self, reference: &str) -> LockedSkill {
        let registries = Registries::new(vec![self.open().unwrap()]).unwrap();
        let (registry, release) = registries.resolve(&reference.parse().unwrap()).unwrap();
        let row = release.row();
        LockedSkill {
            id: row.id.clone(),
            version: row.version.clone(),
            registry: registry.location().to_owned(),
            component: row.component,
            manifest: row.manifest,
            caps: Caps::default(),
        }
    }
}

pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
