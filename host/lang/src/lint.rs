//! Advice: texts that compile and probably do not mean what they say.
//!
//! One file per rule, each with a code and a page. `# coldframe: allow W201` on a line, or on the
//! line above, silences a rule there; an allowance that silences nothing is reported itself.

mod allow;
mod ambiguous;
mod context;
mod costly_map;
mod endless_loop;
mod http_limits;
mod implied_needs;
mod lookalikes;
mod lost_type;
mod odd_number;
mod old_number;
mod pure_retry;
mod same_name;
#[cfg(test)]
mod tests;
mod unused_input;
mod unused_step;

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Report};
use crate::source::{Source, Span};
use crate::sources::Sources;
use crate::world::World;

use context::Context;

/// A rule.
pub struct Rule {
    /// Its code and page.
    pub code: Code,
    /// In one line.
    pub summary: &'static str,
    check: fn(&Context<'_>, &'static Code, &mut Report),
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {}", self.code, self.summary)
    }
}

macro_rules! rules {
    ($($id:literal $check:path: $summary:literal,)*) => {
        static RULES: &[Rule] = &[$(Rule {
            code: Code {
                id: $id,
                severity: crate::diagnostic::Severity::Warning,
                refusal: false,
                page: include_str!(concat!("codes/lint/", $id, ".md")),
            },
            summary: $summary,
            check: $check,
        }),*];
    };
}

rules! {
    "W200" allow::checked_elsewhere: "an allowance that silences nothing",
    "W201" ambiguous::check: "a text without quotes that others read as a boolean",
    "W202" odd_number::check: "a text without quotes that others read as a time or date",
    "W203" unused_input::check: "an input that nothing uses",
    "W204" unused_step::check: "a step without effect whose output nothing uses",
    "W205" http_limits::check: "a step that calls over HTTP and may take forever",
    "W206" implied_needs::check: "`needs` that an expression implies",
    "W207" lost_type::check: "white space around a single hole",
    "W208" lookalikes::check: "names that differ only by `_`",
    "W209" pure_retry::check: "trying again what always does the same",
    "W210" same_name::check: "a step with the name of an input",
    "W211" endless_loop::check: "a loop that only `max` ends",
    "W212" costly_map::check: "a map without `max` that calls over HTTP",
    "W213" old_number::check: "a scalar without quotes that others read as another number",
}

/// All rules by their codes.
pub fn rules() -> &'static [Rule] {
    RULES
}

/// The page of a rule.
pub fn explain(code: &str) -> Option<&'static str> {
    RULES.iter().find(|rule| rule.code.id == code).map(|rule| rule.code.page)
}

/// What the rules have to say on the documents of a text, by place. Nothing where it is not YAML; of
/// what does not compile, or is no pipeline, only the rules that need no graph are asked. The
/// compiler's own problems are not among these.
pub fn lint(source: &Source<'_>, world: World<'_>) -> Vec<Diagnostic> {
    let mut found = Report::default();
    for context in Context::of(source, world) {
        let mut report = Report::default();
        for rule in RULES {
            (rule.check)(&context, &rule.code, &mut report);
        }
        let mut problems = report.into_sorted(&context.sources);
        // What a macro brought in stands elsewhere.
        problems.retain(|problem| problem.span != Span::default());
        allow::apply(&context, problems).into_iter().for_each(|problem| found.push(problem));
    }
    found.into_sorted(&Sources::of(source))
}
