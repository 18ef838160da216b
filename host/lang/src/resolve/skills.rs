//! `uses` to an operation of a skill.

use std::collections::BTreeMap;
use std::sync::Arc;

use coldframe_format::types::json_name;
use coldframe_format::{Operation, OperationError, SkillId, SkillRef, Type};
use semver::{Version, VersionReq};

use super::{Param, Skill};
use crate::catalog::{CatalogError, PipelineCatalog, SkillCatalog, SkillEntry};
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::shown::{sentence, shown};
use crate::suggest;
use crate::types::Ty;
use crate::world::World;
use crate::yaml::node::Text;

/// Looks skills up, each reference once.
pub(super) struct Lookup<'c> {
    catalog: &'c dyn SkillCatalog,
    pipelines: &'c dyn PipelineCatalog,
    /// Whether references have to say which versions will do: what is published means the same
    /// wherever it runs.
    exact: bool,
    /// By the text of the reference.
    found: BTreeMap<String, Result<Arc<Skill>, Problem>>,
    /// By what the references come to: types can be large, and are converted once.
    skills: BTreeMap<(SkillId, Version, String), Arc<Skill>>,
    /// Every id there is, asked for when the first is unknown.
    ids: Option<Vec<String>>,
}

/// A problem without its place.
#[derive(Clone)]
struct Problem {
    code: &'static codes::Code,
    message: String,
    help: Option<String>,
}

impl Problem {
    fn new(code: &'static codes::Code, message: String, help: Option<String>) -> Self {
        Self { code, message, help }
    }
}

impl<'c> Lookup<'c> {
    pub(super) fn new(world: World<'c>, exact: bool) -> Self {
        let (catalog, pipelines) = (world.skills, world.pipelines);
        Self {
            catalog,
            pipelines,
            exact,
            found: BTreeMap::new(),
            skills: BTreeMap::new(),
            ids: None,
        }
    }

    /// The operation that a reference means.
    pub(super) fn find(
        &mut self,
        reference: &Text,
        path: &str,
        report: &mut Report,
    ) -> Option<Arc<Skill>> {
        if !self.found.contains_key(&reference.text) {
            let found = self.look_up(&reference.text, report);
            self.found.insert(reference.text.clone(), found);
        }
        match self.found.get(&reference.text)? {
            Ok(skill) => Some(Arc::clone(skill)),
            Err(problem) => {
                report.push(
                    Diagnostic::new(problem.code, reference.span, problem.message.clone())
                        .maybe_help(problem.help.clone())
                        .at(path),
                );
                None
            }
        }
    }

    /// The skill of a reference that stands for all its operations.
    pub(super) fn every(
        &mut self,
        reference: &Text,
        wanted: &SkillRef,
        path: &str,
        report: &mut Report,
    ) -> Option<Arc<SkillEntry>> {
        let found = self.entry(wanted, &reference.text, report).and_then(|entry| {
            match entry.interface.operations.is_empty() {
                true => Err(no_operations(&entry.id)),
                false => Ok(entry),
            }
        });
        let problem = match found {
            Ok(entry) => return Some(entry),
            Err(problem) => problem,
        };
        let diagnostic = Diagnostic::new(problem.code, reference.span, problem.message);
        report.push(diagnostic.maybe_help(problem.help).at(path));
        None
    }

    fn look_up(&mut self, text: &str, report: &mut Report) -> Result<Arc<Skill>, Problem> {
        let wanted: SkillRef =
            text.parse().map_err(|error: coldframe_format::name::NameError| {
                let help = "write `namespace/name#operation`, as in `std/text@^1#stats`".to_owned();
                Problem::new(&codes::BAD_SKILL_REFERENCE, sentence(&error.to_string()), Some(help))
            })?;
        let entry = self.entry(&wanted, text, report)?;
        let operation = operation(&entry, &wanted)?;
        let key = (entry.id.clone(), entry.version.clone(), operation.name.clone());
        let skill = self.skills.entry(key).or_insert_with(|| Arc::new(typed(&entry, operation)));
        Ok(Arc::clone(skill))
    }

    /// The version of a skill that a reference means.
    fn entry(
        &mut self,
        wanted: &SkillRef,
        text: &str,
        report: &mut Report,
    ) -> Result<Arc<SkillEntry>, Problem> {
        if self.exact && wanted.req == VersionReq::STAR {
            let (id, text) = (&wanted.id, shown(text));
            let message = format!(
                "`{text}` has no version, and a pipeline of a registry says which ones it runs with"
            );
            let operation =
                text.split_once('#').map_or_else(String::new, |(_, name)| format!("#{name}"));
            let found = self.catalog.find(&SkillRef {
                id: id.clone(),
                req: VersionReq::STAR,
                operation: None,
            });
            let version = found.map_or_else(|_| "1".to_owned(), |entry| entry.version.to_string());
            let help = format!("write `{id}@^{version}{operation}`");
            return Err(Problem::new(&codes::BAD_SKILL_REFERENCE, message, Some(help)));
        }
        self.catalog.find(wanted).map_err(|error| self.not_found(wanted, error, report))
    }

    fn not_found(
        &mut self,
        wanted: &SkillRef,
        error: CatalogError,
        report: &mut Report,
    ) -> Problem {
        let id = &wanted.id;
        match error {
            CatalogError::UnknownSkill => {
                let help = self.nearest(id, report);
                Problem::new(&codes::UNKNOWN_SKILL, format!("there is no skill `{id}`"), help)
            }
            CatalogError::NoVersion(versions) => {
                let there: Vec<String> = versions.iter().rev().map(ToString::to_string).collect();
                let help = suggest::listed(there.iter().map(String::as_str)).map(|list| format!("there are {list}"));
                let message = format!("no version of `{id}` satisfies `{}`", shown(&wanted.req.to_string()));
                Problem::new(&codes::NO_VERSION, message, help)
            }
            CatalogError::Refused(why) => Problem::new(
                &codes::SKILL_REFUSED,
                format!("`{id}` is refused: {}", sentence(&why)),
                Some("don't work around it: ask the registry's owner, or restore the registry from a copy you trust".to_owned()),
            ),
        }
    }

    fn nearest(&mut self, id: &SkillId, report: &mut Report) -> Option<String> {
        if self.pipelines.ids().contains(id) {
            return Some(format!("`{id}` is a pipeline: run it with `pipeline`"));
        }
        let catalog = self.catalog;
        let ids =
            self.ids.get_or_insert_with(|| catalog.ids().iter().map(ToString::to_string).collect());
        report.suggest(&id.to_string(), "the skills are", ids.iter().map(String::as_str))
    }
}

fn typed(entry: &Arc<SkillEntry>, operation: &Operation) -> Skill {
    let params = operation.params.iter().map(|param| {
        let required = !matches!(param.ty, Type::Option(_));
        (json_name(&param.name), Param { ty: Ty::of_wit(&param.ty), required })
    });
    Skill {
        entry: Arc::clone(entry),
        operation: operation.name.clone(),
        params: params.collect(),
        output: operation.output().map_or(Ty::Null, Ty::of_wit),
    }
}

fn no_operations(id: &SkillId) -> Problem {
    let help = Some("choose another skill".to_owned());
    Problem::new(&codes::UNKNOWN_OPERATION, format!("`{id}` has no operations"), help)
}

fn operation<'e>(entry: &'e SkillEntry, wanted: &SkillRef) -> Result<&'e Operation, Problem> {
    let id = &wanted.id;
    entry.interface.operation(wanted.operation.as_deref()).map_err(|error| match error {
        OperationError::None => no_operations(id),
        OperationError::Ambiguous(names) => {
            let example = names.first().map_or("operation", String::as_str);
            let message =
                format!("`{id}` has {} operations, expected `#` and one of them", names.len());
            let list = suggest::listed(names.iter().map(String::as_str)).unwrap_or_default();
            Problem::new(
                &codes::OPERATION_NEEDED,
                message,
                Some(format!("write `{id}#{}`; there are {list}", shown(example))),
            )
        }
        OperationError::Unknown { name, names, .. } => {
            let help = suggest::help(&name, "the operations are", names.iter().map(String::as_str));
            Problem::new(
                &codes::UNKNOWN_OPERATION,
                format!("`{id}` has no operation `{}`", shown(&name)),
                help,
            )
        }
    })
}
