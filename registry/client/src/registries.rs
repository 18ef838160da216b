//! Several registries side by side. A namespace belongs to exactly one of them.

use std::collections::BTreeMap;

use coldframe_format::row::State;
use coldframe_format::{SkillId, SkillRef, suggest};
use semver::{Version, VersionReq};

use crate::error::Error;
use crate::pipeline::PipelineRelease;
use crate::registry::{Registry, Release};
use crate::skill::VerifiedSkill;

/// The registries a project uses.
#[derive(Debug)]
pub struct Registries {
    registries: Vec<Registry>,
    /// Namespace to the place of its registry.
    owners: BTreeMap<String, usize>,
}

impl Registries {
    /// Puts registries side by side. There is no order among them and nothing falls back: two that
    /// own the same namespace are an error, since the wrong one could answer.
    pub fn new(registries: Vec<Registry>) -> Result<Self, Error> {
        let mut owners = BTreeMap::new();
        for (index, registry) in registries.iter().enumerate() {
            for namespace in registry.namespaces() {
                if let Some(other) = owners.insert(namespace.clone(), index) {
                    let location = |index: usize| {
                        registries.get(index).map_or("", Registry::location).to_owned()
                    };
                    return Err(Error::Namespace {
                        namespace: namespace.clone(),
                        first: location(other),
                        second: location(index),
                    });
                }
            }
        }
        Ok(Self { registries, owners })
    }

    /// Every registry, as they were given.
    pub fn iter(&self) -> impl Iterator<Item = &Registry> {
        self.registries.iter()
    }

    /// The registry that owns a namespace.
    pub fn owner(&self, namespace: &str) -> Option<&Registry> {
        self.registries.get(*self.owners.get(namespace)?)
    }

    /// Every skill, sorted. Reads the rows of every namespace.
    pub fn ids(&self) -> Result<Vec<SkillId>, Error> {
        let mut ids: Vec<SkillId> =
            self.releases()?.into_iter().map(|(_, release)| release.row.id.clone()).collect();
        ids.sort();
        ids.dedup();
        Ok(ids)
    }

    /// Every release of every registry.
    pub(crate) fn releases(&self) -> Result<Vec<(&Registry, Release)>, Error> {
        let mut all = Vec::new();
        for registry in &self.registries {
            for namespace in registry.namespaces() {
                let releases = registry.releases(namespace)?;
                all.extend(releases.iter().map(|release| (registry, release.clone())));
            }
        }
        Ok(all)
    }

    /// The release that a reference means where nothing is locked: the newest that satisfies it
    /// and that its owner still stands behind; a deprecated one only where there is no other.
    pub fn resolve(&self, wanted: &SkillRef) -> Result<(&Registry, Release), Error> {
        let owner = self.owner(wanted.id.namespace());
        let releases = owner.map_or(Ok(Vec::new()), |owner| owner.releases_of(&wanted.id))?;
        let (Some(owner), false) = (owner, releases.is_empty()) else {
            return Err(self.unknown(&wanted.id));
        };
        match newest(&releases, &wanted.req, |release| release.row.rank()) {
            Some(release) => Ok((owner, release.clone())),
            None => Err(no_version(wanted, releases.iter().map(|release| release.row.rank()))),
        }
    }

    /// The release of a pipeline that a reference means, as [`Self::resolve`] has that of a skill.
    pub fn resolve_pipeline(
        &self,
        wanted: &SkillRef,
    ) -> Result<(&Registry, PipelineRelease), Error> {
        let owner = self.owner(wanted.id.namespace());
        let releases = owner.map_or(Ok(Vec::new()), |owner| owner.pipelines_of(&wanted.id))?;
        let (Some(owner), false) = (owner, releases.is_empty()) else {
            return Err(self.unknown_pipeline(&wanted.id));
        };
        match newest(&releases, &wanted.req, |release| release.row.rank()) {
            Some(release) => Ok((owner, release.clone())),
            None => Err(no_version(wanted, releases.iter().map(|release| release.row.rank()))),
        }
    }

    /// [`Self::resolve`] and [`Registry::fetch`] in one.
    pub fn fetch(&self, wanted: &SkillRef) -> Result<VerifiedSkill, Error> {
        let (registry, release) = self.resolve(wanted)?;
        registry.fetch(&release)
    }

    /// The error for a skill that is not there, with the nearest one that is.
    pub fn unknown(&self, id: &SkillId) -> Error {
        // A registry that cannot be read has its own error elsewhere; here it suggests nothing.
        let ids = self.ids().unwrap_or_default();
        let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
        Error::UnknownSkill { id: id.clone(), closest: suggest::closest(&id.to_string(), &names) }
    }

    /// The error for a pipeline that is not there, with the nearest one that is.
    pub fn unknown_pipeline(&self, id: &SkillId) -> Error {
        let ids = self.pipeline_ids().unwrap_or_default();
        let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let closest = suggest::closest(&id.to_string(), &names);
        Error::UnknownPipeline { id: id.clone(), closest }
    }

    /// Every pipeline, sorted. Reads the rows of every namespace.
    pub fn pipeline_ids(&self) -> Result<Vec<SkillId>, Error> {
        let mut ids: Vec<SkillId> =
            self.pipelines()?.into_iter().map(|(_, release)| release.row.id.clone()).collect();
        ids.sort();
        ids.dedup();
        Ok(ids)
    }

    /// Every release of a pipeline of every registry.
    pub(crate) fn pipelines(&self) -> Result<Vec<(&Registry, PipelineRelease)>, Error> {
        let mut all = Vec::new();
        for registry in &self.registries {
            for namespace in registry.namespaces() {
                let releases = registry.pipelines(namespace)?;
                all.extend(releases.iter().map(|release| (registry, release.clone())));
            }
        }
        Ok(all)
    }
}

/// What a choice among releases is made by.
type Rank<'r> = (&'r Version, State);

trait Ranked {
    fn rank(&self) -> Rank<'_>;
}

impl Ranked for coldframe_format::IndexRow {
    fn rank(&self) -> Rank<'_> {
        (&self.version, self.state)
    }
}

impl Ranked for coldframe_format::PipelineRow {
    fn rank(&self) -> Rank<'_> {
        (&self.version, self.state)
    }
}

/// The newest of releases, oldest first, that will do; a deprecated one only where there is no other.
fn newest<'r, R>(
    releases: &'r [R],
    req: &VersionReq,
    rank: impl Fn(&'r R) -> Rank<'r>,
) -> Option<&'r R> {
    let newest = |wanted: State| {
        releases.iter().rev().find(|release| {
            let (version, state) = rank(release);
            state == wanted && req.matches(version)
        })
    };
    newest(State::Ok).or_else(|| newest(State::Deprecated))
}

fn no_version<'r>(wanted: &SkillRef, releases: impl DoubleEndedIterator<Item = Rank<'r>>) -> Error {
    let versions = releases
        .rev()
        .map(|(version, state)| match state {
            State::Ok | State::Deprecated => version.to_string(),
            State::Yanked => format!("{version} (yanked)"),
            State::Revoked => format!("{version} (revoked)"),
        })
        .collect();
    Error::NoVersion {
        id: wanted.id.clone(),
        wanted: format!("that satisfies `{}`", wanted.req),
        versions,
    }
}
