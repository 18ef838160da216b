//! Expressions that look at a run from outside: the assertions of tests, and the rules of policies.

use super::place::Locator;
use super::values;
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::Document;
use crate::expr::scan::{self, Use};
use crate::shown::shown;
use crate::source::Span;
use crate::sources::Sources;
use crate::template::{Expr, Root, Segment};
use crate::yaml::node::Text;

/// What `result` has beside the outputs.
const RESULT: &[&str] = &["status", "outputs", "error", "total_cost_usd", "total_fuel"];
const TOTALS: &[&str] = &[
    "attempts",
    "fuel",
    "cost_usd",
    "wall_us",
    "memory_peak_bytes",
    "host_calls",
    "net_bytes",
    "tokens",
];
const STEP: &[&str] = &["status", "output", "attempts", "fuel", "cost_usd", "error"];
/// What a rule that looks at steps knows of the step.
const SUBJECT: &[&str] = &["id", "place", "attempts", "fuel", "cost_usd"];

/// When an expression is asked, and so what it sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// By a test, after the run.
    Test,
    /// At the end of a run.
    Run,
    /// When a step has its output.
    Step,
}

impl Seen {
    /// The names it has beside steps by id.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Test => &["result", "steps", "totals", "events", "inputs", "run"],
            Self::Run => &["result", "steps", "totals", "inputs", "run"],
            Self::Step => &["result", "step", "totals", "inputs", "run"],
        }
    }
}

/// What an expression looks at, for the check of types.
#[derive(Debug)]
pub(crate) struct Claim {
    /// `policies[2].assert`
    pub(crate) path: String,
    pub(crate) uses: Vec<ClaimUse>,
}

/// A path in it.
#[derive(Debug)]
pub(crate) struct ClaimUse {
    pub(crate) at: Looks,
    pub(crate) path: Vec<(Segment, Span)>,
}

/// Where a path with a known type begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looks {
    Inputs,
    Run,
    /// A step by its id.
    Step(usize),
    /// `result` of a rule over this step.
    Output(usize),
    /// `result` of the run.
    Result,
}

/// Binds them for one pipeline.
pub(super) struct Claims<'a, 'n> {
    pub(super) document: &'a Document<'n>,
    pub(super) sources: &'a Sources,
    /// Every one that was bound.
    pub(super) found: Vec<Claim>,
}

impl Claims<'_, '_> {
    /// The expression with every name bound; steps in it are counted by place in the document.
    /// With `of`, `result` is the output of that step.
    pub(super) fn bind(
        &mut self,
        text: &Text,
        (seen, of): (Seen, Option<usize>),
        path: &str,
        report: &mut Report,
    ) -> Option<Expr> {
        let written = text.text.trim();
        let start = text.text.len() - text.text.trim_start().len();
        let place = Locator::new(text, self.sources).place(start..start + written.len());
        let found = match scan::scan(written) {
            Ok(found) => found,
            Err(errors) => {
                for error in errors {
                    values::report_expr(error, &place, path, report);
                }
                return None;
            }
        };
        let mut roots = Vec::new();
        let mut good = true;
        let mut uses = Vec::new();
        for used in &found.uses {
            let span = place.span(used.start, used.end);
            let Some(root) = self.root(used, seen, span, path, report) else {
                good = false;
                continue;
            };
            let first = used.path.first().map(|part| &part.segment);
            let at = match &root {
                Root::Inputs => Some(Looks::Inputs),
                Root::Run => Some(Looks::Run),
                Root::Step(index, _) => Some(Looks::Step(*index)),
                Root::Result if seen == Seen::Step => of.map(Looks::Output),
                Root::Result => match first {
                    Some(Segment::Key(key)) if !RESULT.contains(&key.as_str()) => {
                        Some(Looks::Result)
                    }
                    _ => None,
                },
                _ => None,
            };
            let parts = used.path.iter();
            let path = parts.map(|part| (part.segment.clone(), place.span(part.start, part.end)));
            uses.extend(at.map(|at| ClaimUse { at, path: path.collect() }));
            roots.push(root);
        }
        self.found.push(Claim { path: path.to_owned(), uses });
        roots.sort();
        roots.dedup();
        good.then(|| Expr { source: written.to_owned(), roots, path: None })
    }

    fn root(
        &self,
        used: &Use,
        seen: Seen,
        span: Span,
        path: &str,
        report: &mut Report,
    ) -> Option<Root> {
        let keys: Vec<&str> = used
            .path
            .iter()
            .map_while(|part| match &part.segment {
                Segment::Key(key) => Some(key.as_str()),
                Segment::Index(_) => None,
            })
            .collect();
        let name = used.name.as_str();
        let ids = || self.own_ids().map(|(id, _)| id);
        let outputs = || self.document.outputs.iter().map(|(name, _)| name.text.as_str());
        let mut known = |at: usize, names: Vec<&str>| {
            let Some(key) = keys.get(at).copied() else { return true };
            if names.contains(&key) {
                return true;
            }
            let before: Vec<&str> = keys.iter().take(at).copied().collect();
            let of = std::iter::once(name).chain(before).collect::<Vec<_>>().join(".");
            let help = report.suggest(key, "it has", names.iter().copied());
            let message = format!("`{of}` has no field `{}`", shown(key));
            report.push(
                Diagnostic::new(&codes::UNKNOWN_FIELD, span, message)
                    .help(help.unwrap_or_else(|| "it has no fields".to_owned()))
                    .at(path),
            );
            false
        };
        if !seen.names().contains(&name) {
            let own = self.own_ids().find(|(id, _)| *id == name).filter(|_| seen != Seen::Step);
            if let Some((_, index)) = own {
                return Some(Root::Step(index, name.to_owned()));
            }
            let steps = ids().filter(|_| seen != Seen::Step);
            let all: Vec<&str> = steps.chain(seen.names().iter().copied()).collect();
            let help = report.suggest(name, "there are", all);
            let message = format!("there is no step or value `{}`", shown(name));
            report.push(
                Diagnostic::new(&codes::UNKNOWN_NAME, span, message)
                    .help(help.unwrap_or_else(|| "write `result` or `totals`".to_owned()))
                    .at(path),
            );
            return None;
        }
        match name {
            "inputs" => Some(Root::Inputs),
            "run" => Some(Root::Run),
            "events" => Some(Root::Events),
            "totals" => known(0, TOTALS.to_vec()).then_some(Root::Totals),
            "step" => known(0, SUBJECT.to_vec()).then_some(Root::Subject),
            "steps" => {
                (known(0, ids().collect()) && known(1, STEP.to_vec())).then_some(Root::Steps)
            }
            _ if seen == Seen::Step => Some(Root::Result),
            _ => {
                known(0, outputs().chain(RESULT.iter().copied()).collect()).then_some(Root::Result)
            }
        }
    }

    /// The pipeline's own steps by id.
    fn own_ids(&self) -> impl Iterator<Item = (&str, usize)> {
        let own = self.document.blocks.first().map_or(&[][..], |block| &block.steps);
        own.iter().filter_map(|index| {
            let id = self.document.steps.get(*index)?.id?;
            Some((id.text.as_str(), *index))
        })
    }
}
