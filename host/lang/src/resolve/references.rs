//! References from step to step: who waits for whom, and names that nothing has.

use super::values::Binder;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::RESERVED;
use crate::shown::shown;
use crate::source::Span;
use crate::yaml::node::Text;

impl Binder<'_, '_> {
    /// Notes that this step, or the one around it that stands next to the other one, comes after
    /// that; not after itself.
    pub(super) fn reference(
        &mut self,
        index: usize,
        name: &str,
        span: Span,
        path: &str,
    ) -> Option<usize> {
        let Some((owner, waiting)) = self.waiting(index) else { return Some(index) };
        if waiting == index {
            let name = shown(name);
            let (message, help) = if owner == index {
                (
                    format!("the step `{name}` uses its own output, which it doesn't have yet"),
                    "use the output of another step",
                )
            } else {
                (
                    format!("`{name}` holds this step, and has no output before this step has one"),
                    "use the output of another step; what an iteration hands to the next is `loop.state`",
                )
            };
            self.report
                .push(Diagnostic::new(&codes::SELF_REFERENCE, span, message).help(help).at(path));
            return None;
        }
        self.needs.get_mut(waiting)?.entry(index).or_insert(span);
        Some(index)
    }

    /// The step that is looked at, and the one of it and those around it that stands in the same
    /// block as another one. None where nothing has to wait: the outputs come last, and `until`,
    /// `next` and the output of a block behind its steps.
    fn waiting(&self, index: usize) -> Option<(usize, usize)> {
        let document = self.names.document;
        let owner = self.owner?;
        let block = document.steps.get(index)?.block;
        if document.holder(index) == Some(owner) {
            return None;
        }
        let beside = |step: &usize| document.steps.get(*step).is_some_and(|s| s.block == block);
        Some((owner, document.around(owner).find(beside)?))
    }

    /// `rest` is the expression from the name on.
    pub(super) fn unknown_name(&mut self, name: &str, rest: &str, span: Span, path: &str) {
        let problem = Diagnostic::new(
            &codes::UNKNOWN_NAME,
            span,
            format!("there is no step or value `{}`", shown(name)),
        );
        let reserved = RESERVED.contains(&name) && name != "inputs" && name != "run";
        let problem = if let Some(help) = self.names.only_there(name, self.view) {
            problem.help(help)
        } else if self.view.scope > 0 && (name == "inputs" || reserved) {
            problem.help(
                "a macro sees its parameters and its own steps; hand the value in as a parameter",
            )
        } else if reserved {
            problem.help(format!(
                "`{name}` is kept for later; use `inputs`, `run` or the id of a step"
            ))
        } else if let Some(meant) = self.meant_with_minus(rest) {
            problem.help(format!("`-` is a minus here; write `{meant}`"))
        } else if let Some(help) = self.names.elsewhere(name, self.view) {
            problem.help(help)
        } else {
            let help =
                self.report.suggest(name, "there are", self.names.all(self.view, self.owner));
            problem.maybe_help(help)
        };
        self.report.push(problem.at(path));
    }

    /// The step that `my-step` means, where there is one called `my_step`.
    fn meant_with_minus(&self, rest: &str) -> Option<String> {
        let end = rest.find(|c: char| c != '-' && c != '_' && !c.is_ascii_alphanumeric());
        let meant = rest.get(..end.unwrap_or(rest.len()))?.replace('-', "_");
        self.names.find(&meant, self.view).is_some().then_some(meant)
    }

    /// A line of `needs`.
    pub(super) fn need(&mut self, id: &Text, path: &str) {
        self.view = self.view.from(self.sources.scope(id.span));
        let Some(index) = self.names.find_step(&id.text, self.view) else {
            let help = self.names.elsewhere(&id.text, self.view).or_else(|| {
                let ids = self.names.ids(self.view, self.owner);
                self.report.suggest(&id.text, "the steps are", ids)
            });
            let help = help.unwrap_or_else(|| "there is no other step to come after".to_owned());
            let message = format!("there is no step `{}`", shown(&id.text));
            self.report
                .push(Diagnostic::new(&codes::UNKNOWN_STEP, id.span, message).help(help).at(path));
            return;
        };
        let Some((owner, waiting)) = self.waiting(index) else { return };
        if waiting == index {
            let name = shown(&id.text);
            let message = if owner == index {
                format!("the step `{name}` needs itself")
            } else {
                format!("the step needs `{name}`, which holds it")
            };
            self.report.push(
                Diagnostic::new(&codes::SELF_REFERENCE, id.span, message)
                    .help("remove it")
                    .at(path),
            );
            return;
        }
        if let Some(needs) = self.needs.get_mut(waiting) {
            needs.entry(index).or_insert(id.span);
        }
    }
}
