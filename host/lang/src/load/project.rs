//! The documents beside the pipeline, read, and what they do to it.

use std::collections::BTreeMap;

use super::Loader;
use super::config::{self, Ceiling, Config};
use super::documents::{Documents, Kind, Other};
use super::env::{self, Env};
use super::expand::Expander;
use super::macros::{self, Macro};
use super::policy::{self, Policy};
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::yaml::node::Node;

/// What holds for a pipeline beside what stands in it.
#[derive(Debug, Default)]
pub(crate) struct Project<'n> {
    configs: Vec<Config<'n>>,
    pub(super) policies: Vec<Policy<'n>>,
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
                Kind::Config => ("the config", true),
                Kind::Policy => ("a policy", false),
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
    /// Reads the documents beside the pipeline.
    pub(crate) fn read(others: &'n [Other], report: &mut Report) -> Self {
        let mut project = Self::default();
        let mut patterns = 0;
        for other in others {
            match other.kind {
                Kind::Config => project.configs.extend(config::read(&other.node, report)),
                Kind::Policy => policy::read(&other.node, &mut project.policies, report),
                Kind::Macro => {
                    macros::read(&other.node, &mut project.macros, &mut patterns, report);
                }
            }
        }
        project
    }

    /// The pipeline as if everything were written out. `None` where something is wrong with that,
    /// which is reported.
    pub(crate) fn expand(
        &self,
        mut pipeline: Node,
        loader: &mut Loader<'_>,
        report: &mut Report,
    ) -> Option<Node> {
        config::fill(&mut pipeline, &self.configs);
        Expander::new(self, loader, report).pipeline(&mut pipeline);
        (!report.has_errors()).then_some(pipeline)
    }

    /// What the pipeline may not exceed.
    pub(crate) fn ceilings(&self) -> Vec<&Ceiling<'n>> {
        self.configs.iter().map(|config| &config.ceiling).collect()
    }
}
