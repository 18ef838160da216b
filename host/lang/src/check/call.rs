//! Calls of skills and pipelines: what is given against what is taken.

use std::collections::{BTreeMap, BTreeSet};

use super::flow::Flow;
use super::value::Values;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::join;
use crate::resolve::tree::Named;
use crate::resolve::{Call, Child, SubPipeline};
use crate::shown::shown;
use crate::source::Span;
use crate::suggest;
use crate::types::Ty;
use crate::yaml::node::Text;

/// What a call takes: type and whether it has to be given, by name.
type Takes<'a> = indexmap::IndexMap<&'a str, (&'a Ty, bool)>;

/// How to talk of what is called.
struct Words<'a> {
    name: &'a str,
    /// `parameter`, `input`
    one: &'static str,
    /// Where it is named.
    span: Span,
}

impl<'n> Flow<'_, 'n> {
    /// Arguments against parameters.
    pub(super) fn call(&mut self, call: &Call<'n>, path: &str) -> Ty {
        let Some(skill) = &call.skill else {
            self.values(&call.with, path);
            return Ty::Any;
        };
        let takes: Takes<'_> =
            skill.params.iter().map(|(name, p)| (name.as_str(), (&p.ty, p.required))).collect();
        let name = format!("{}#{}", skill.entry.id, skill.operation);
        let words = Words { name: &name, one: "parameter", span: call.reference.span };
        self.arguments(&call.with, &takes, &words, path);
        skill.output.clone()
    }

    /// Arguments against the inputs of another pipeline.
    pub(super) fn pipeline(&mut self, child: &SubPipeline<'n>, path: &str) -> Ty {
        let Some(compiled) = &child.child else {
            self.values(&child.with, path);
            return Ty::Any;
        };
        let Child { graph, outputs, .. } = &**compiled;
        let inputs: BTreeMap<&str, Ty> = graph
            .inputs
            .iter()
            .map(|(name, input)| (name.as_str(), Ty::of_schema(&input.schema)))
            .collect();
        let takes: Takes<'_> = graph
            .inputs
            .iter()
            .filter_map(|(name, input)| {
                Some((name.as_str(), (inputs.get(name.as_str())?, input.default.is_none())))
            })
            .collect();
        let name = shown(&child.reference.text);
        let words = Words { name: &name, one: "input", span: child.reference.span };
        self.arguments(&child.with, &takes, &words, path);
        outputs.clone()
    }

    fn arguments(&mut self, given: &Named<'n>, takes: &Takes<'_>, words: &Words<'_>, path: &str) {
        let names: BTreeSet<&str> = given.iter().map(|(name, _)| name.text.as_str()).collect();
        let mut missing: BTreeSet<&str> = takes
            .iter()
            .filter(|(name, (_, required))| *required && !names.contains(*name))
            .map(|(name, _)| *name)
            .collect();
        for (name, tree) in given {
            let path = join(path, &name.text);
            match takes.get(name.text.as_str()) {
                Some((ty, _)) => Values { flow: self }.check(tree, ty, &path),
                None => {
                    self.unknown_argument(name, takes, words, &mut missing, &path);
                    Values { flow: self }.infer(tree, &path);
                }
            }
        }
        for (name, (ty, _)) in takes {
            if !missing.contains(name) {
                continue;
            }
            let of = if words.one == "input" { "the input " } else { "" };
            let message = format!("`{}` needs {of}`{}`: {ty}", words.name, shown(name));
            self.report.push(
                Diagnostic::new(&codes::MISSING_PARAM, words.span, message)
                    .help(format!("add `{}: …` to `with`", shown(name)))
                    .at(path),
            );
        }
    }

    /// A typing error in the name of what is missing is one problem, not two.
    fn unknown_argument<'a>(
        &mut self,
        name: &Text,
        takes: &Takes<'a>,
        words: &Words<'_>,
        missing: &mut BTreeSet<&'a str>,
        path: &str,
    ) {
        let help = self.report.suggest(&name.text, "it takes", takes.keys().copied());
        let help =
            help.or_else(|| takes.is_empty().then(|| "it takes nothing; remove it".to_owned()));
        let meant = suggest::nearest(&name.text, takes.keys().copied())
            .filter(|meant| help.is_some() && missing.remove(meant));
        let help = help.map(|help| match meant {
            Some(_) => format!("{help} it is missing, and needed"),
            None => help,
        });
        let message = format!("`{}` has no {} `{}`", words.name, words.one, shown(&name.text));
        self.report.push(
            Diagnostic::new(&codes::UNKNOWN_PARAM, name.span, message).maybe_help(help).at(path),
        );
    }
}
