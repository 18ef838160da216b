//! The documents beside the pipeline, read, and what they do to it.

use std::collections::BTreeMap;

use super::Loader;
use super::config::{self, Ceiling, Config};
use super::documents::{Documents, Kind, Other};
use super::env::{self, Env};
use super::expand::Expander;
use super::governance::Governance;
use super::macros::{self, Macro};
use super::policy::{self, Policy};
use crate::diagnostic::Report;
use crate::yaml::node::{Node, Text};

/// What holds for a pipeline beside what stands in it.
#[derive(Debug, Default)]
pub(crate) struct Project<'n> {
    configs: Vec<Config<'n>>,
    /// Names of policies that hold because of a `Config` around the pipeline that is run.
    imposed: Vec<&'n Text>,
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
                Kind::Config | Kind::ConfigAround => ("the config", true),
                Kind::Policy => ("a policy", false),
                Kind::Macro => ("a macro", false),
            };
            env::fill(&mut other.node, of, lists, &mut env, report);
        }
        (self.pipeline, self.others)
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
                Kind::ConfigAround => {
                    let config = config::read(&other.node, report);
                    project.imposed.extend(config.into_iter().flat_map(|c| c.policies));
                }
                Kind::Policy => policy::read(&other.node, &mut project.policies, report),
                Kind::Macro => {
                    macros::read(&other.node, &mut project.macros, &mut patterns, report);
                }
            }
        }
        project
    }

    /// The pipeline as if everything were written out, and what governs its calls. `None` where
    /// something is wrong with that, which is reported.
    pub(crate) fn expand(
        &self,
        mut pipeline: Node,
        loader: &mut Loader<'_>,
        report: &mut Report,
    ) -> Option<(Node, Vec<&Governance>)> {
        config::fill(&mut pipeline, &self.configs);
        let imposed = self.configs.iter().flat_map(|config| &config.policies).chain(&self.imposed);
        let mut expander = Expander::new(self, loader, report);
        let governance = expander.rules(&mut pipeline, imposed.copied());
        expander.pipeline(&mut pipeline);
        (!report.has_errors()).then_some((pipeline, governance))
    }

    /// What the pipeline may not exceed.
    pub(crate) fn ceilings(&self) -> Vec<&Ceiling<'n>> {
        self.configs.iter().map(|config| &config.ceiling).collect()
    }
}
