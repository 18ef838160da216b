//! What the role of a namespace signed: releases of skills and of pipelines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use coldframe_format::{IndexRow, PipelineRow};
use serde_json::Value;
use sigstore_tuf::TargetFile;

use crate::error::Error;
use crate::layout::{Kind, TargetName};
use crate::pipeline::PipelineRelease;
use crate::registry::{Blob, Release};
use crate::tree::Tree;
use crate::trust::{self, Trust};

/// The releases of a namespace, each sort by name and version.
#[derive(Debug, Clone, Default)]
pub(crate) struct Namespace {
    pub(crate) skills: Arc<[Release]>,
    pub(crate) pipelines: Arc<[PipelineRelease]>,
}

/// Verifies the role of a namespace and reads its rows. One bad row spoils the role: its owner
/// signed it, so it is either a mistake or an attack, and both should be seen.
pub(crate) fn load(
    tree: &dyn Tree,
    trust: &mut Trust,
    namespace: &str,
    role: &str,
) -> Result<Namespace, Error> {
    let targets = trust.load_role(tree, role)?.targets.clone();
    let file = trust.path_of(role).map_or_else(String::new, |(path, _)| tree.name(&path));
    let mut skills = Vec::new();
    let mut pipelines = Vec::new();
    for (path, target) in &targets {
        let name = TargetName::parse(path)
            .filter(|name| name.id.namespace() == namespace)
            .ok_or_else(|| Error::Delegation {
                file: file.clone(),
                why: format!(
                    "it lists `{path}`, expected `{namespace}/NAME/VERSION.wasm`, `.json` or `.yml`"
                ),
            })?;
        let entry = Entry { file: &file, path, name: &name, target };
        match name.kind {
            Kind::Component => skills.push(entry.skill(&targets)?),
            Kind::Manifest => {}
            Kind::Document => pipelines.push(entry.pipeline()?),
        }
    }
    skills.sort_by(|a, b| (&a.row.id, &a.row.version).cmp(&(&b.row.id, &b.row.version)));
    pipelines.sort_by(|a, b| (&a.row.id, &a.row.version).cmp(&(&b.row.id, &b.row.version)));
    let names: BTreeSet<_> = skills.iter().map(|release: &Release| &release.row.id).collect();
    if let Some(both) = pipelines.iter().find(|release| names.contains(&release.row.id)) {
        let target = both.row.id.to_string();
        let why = "it is a skill and a pipeline, expected one of them".to_owned();
        return Err(Error::Row { file, target, why });
    }
    Ok(Namespace { skills: skills.into(), pipelines: pipelines.into() })
}

/// A target of a role.
struct Entry<'a> {
    file: &'a str,
    path: &'a str,
    name: &'a TargetName,
    target: &'a TargetFile,
}

impl Entry<'_> {
    fn skill(&self, targets: &BTreeMap<String, TargetFile>) -> Result<Release, Error> {
        let row = IndexRow::from_value(self.custom()?).map_err(|e| self.bad_row(e.to_string()))?;
        if row.id != self.name.id || row.version != self.name.version {
            return Err(self.bad_row(format!("it is about `{}@{}`", row.id, row.version)));
        }
        let manifest_name = TargetName { kind: Kind::Manifest, ..self.name.clone() };
        let manifest = targets
            .get(&manifest_name.path())
            .ok_or_else(|| self.bad_row("there is no manifest beside it".to_owned()))?;
        let component = blob(self.file, self.name, self.target)?;
        let manifest = blob(self.file, &manifest_name, manifest)?;
        if component.digest != row.component || manifest.digest != row.manifest {
            return Err(self.bad_row("it has other digests than the targets".to_owned()));
        }
        Ok(Release { row: Arc::new(row), component, manifest })
    }

    fn pipeline(&self) -> Result<PipelineRelease, Error> {
        let row =
            PipelineRow::from_value(self.custom()?).map_err(|e| self.bad_row(e.to_string()))?;
        if row.id != self.name.id || row.version != self.name.version {
            return Err(self.bad_row(format!("it is about `{}@{}`", row.id, row.version)));
        }
        let document = blob(self.file, self.name, self.target)?;
        if document.digest != row.document {
            return Err(self.bad_row("it has another digest than the target".to_owned()));
        }
        Ok(PipelineRelease { row: Arc::new(row), document })
    }

    fn custom(&self) -> Result<&Value, Error> {
        self.target.custom.as_ref().ok_or_else(|| self.bad_row("there is none".to_owned()))
    }

    fn bad_row(&self, why: String) -> Error {
        Error::Row { file: self.file.to_owned(), target: self.path.to_owned(), why }
    }
}

fn blob(file: &str, name: &TargetName, target: &TargetFile) -> Result<Blob, Error> {
    let (length, digest) = trust::target_pin(file, &name.path(), target)?;
    Ok(Blob { path: name.file(&digest), length, digest })
}
