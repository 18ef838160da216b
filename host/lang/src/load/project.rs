//! The documents beside the pipeline, read, and what they do to it.

use std::collections::BTreeMap;

use super::Loader;
use super::adapter::{self, Adapter};
use super::config::{self, Ceiling, Config};
use super::documents::{Documents, Kind, Other};
use super::env::{self, Env};
use super::expand::Expander;
use super::governance::Governance;
use super::macros::{self, Macro};
use super::policy::{self, Policy};
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::graph::Model;
use crate::yaml::node::{Node, Text};

/// What holds for a pipeline beside what stands in it.
#[derive(Debug, Default)]
pub(crate) struct Project<'n> {
    configs: Vec<Config<'n>>,
    /// Names of policies that hold because of a `Config` around the pipeline that is run.
    imposed: Vec<&'n Text>,
    pub(super) policies: Vec<Policy<'n>>,
    pub(super) adapters: Vec<Adapter<'n>>,
    pub(super) macros: Vec<Macro<'n>>,
}

impl Documents {
    /// Puts values of the environment into every text. `used` gets those that went in.
    pub(crate) fn fill_env(
        mut self,
        values: &BTreeMap<String, String>,
        used: &mut BTreeMap<String, String>,
        report: &mut Report,
    ) -> (Node, Vec<Other>) {
        let mut env = Env::new(values, used);
        env::fill(&mut self.pipeline, "the pipeline", true, &mut env, report);
        for other in &mut self.others {
            let (of, lists) = match other.kind {
                Kind::Config | Kind::ConfigAround => ("the config", true),
                Kind::Policy => ("a policy", false),
                Kind::Adapter => ("an adapter", false),
                Kind::Macro => ("a macro", false),
            };
            env::fill(&mut other.node, of, lists, &mut env, report);
        }
        (self.pipeline, self.others)
    }
}

impl Documents {
    /// Reports documents that take values of the environment: what is published means the same
    /// wherever it runs.
    pub(crate) fn refuse_env(&self, report: &mut Report) {
        let others = self.others.iter().map(|other| &other.node);
        for document in std::iter::once(&self.pipeline).chain(others) {
            let entries = document.entries();
            if let Some(entry) = entries.iter().find(|entry| entry.key.text == "env") {
                let message = "a pipeline of a registry takes no values of the environment";
                report.push(
                    Diagnostic::new(&codes::ENV_NOT_HERE, entry.key.span, message)
                        .help("make each of them an input, which the one who runs it fills in")
                        .at("env"),
                );
            }
        }
    }
}

impl<'n> Project<'n> {
    /// Reads the documents beside the pipeline. One that has problems is left out, or each step
    /// that uses it would have them again.
    pub(crate) fn read(others: &'n [Other], report: &mut Report) -> Self {
        let mut project = Self::default();
        let mut patterns = 0;
        for other in others {
            let mut own = Report::default();
            let Self { configs, imposed, policies, adapters, macros } = &mut project;
            let before =
                (configs.len(), policies.len(), macros.len(), imposed.len(), adapters.len());
            match other.kind {
                Kind::Config => configs.extend(config::read(&other.node, &mut own)),
                Kind::ConfigAround => {
                    let config = config::read(&other.node, &mut own);
                    imposed.extend(config.into_iter().flat_map(|config| config.policies));
                }
                Kind::Policy => policy::read(&other.node, policies, &mut own),
                Kind::Adapter => adapter::read(&other.node, adapters, &mut own),
                Kind::Macro => macros::read(&other.node, macros, &mut patterns, &mut own),
            }
            if own.has_errors() {
                configs.truncate(before.0);
                policies.truncate(before.1);
                macros.truncate(before.2);
                imposed.truncate(before.3);
                adapters.truncate(before.4);
            }
            report.append(own);
        }
        project
    }

    /// The pipeline as if everything were written out, and what governs its calls. `None` where
    /// something is wrong with that, which is reported. Problems of other documents, which the
    /// report has already, do not hide those of the pipeline.
    pub(crate) fn expand(
        &self,
        mut pipeline: Node,
        loader: &mut Loader<'_>,
        report: &mut Report,
    ) -> Option<(Node, Vec<&Governance>)> {
        config::fill(&mut pipeline, &self.configs);
        let mut own = Report::default();
        let imposed = self.configs.iter().flat_map(|config| &config.policies).chain(&self.imposed);
        let mut expander = Expander::new(self, loader, &mut own);
        let governance = expander.rules(&mut pipeline, imposed.copied());
        expander.adapters(&mut pipeline, self.configs.iter().flat_map(|config| &config.adapters));
        expander.pipeline(&mut pipeline);
        // What a step names may be a document that was left out; why is said where that stands.
        let unsure = report.has_errors();
        if unsure {
            own.forget(&codes::UNKNOWN_POLICY);
            own.forget(&codes::UNKNOWN_ADAPTER);
        }
        // Without its macro, a step is none.
        let is_whole = !own.has_errors();
        if unsure {
            own.forget(&codes::UNKNOWN_MACRO);
        }
        report.append(own);
        is_whole.then_some((pipeline, governance))
    }

    /// The language models there are, in the order in which they were read.
    pub(crate) fn models(&self) -> Vec<Model> {
        self.configs.iter().flat_map(|config| &config.models).cloned().collect()
    }

    /// What the pipeline may not exceed.
    pub(crate) fn ceilings(&self) -> Vec<&Ceiling<'n>> {
        self.configs.iter().map(|config| &config.ceiling).collect()
    }
}
