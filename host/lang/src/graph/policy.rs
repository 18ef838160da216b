//! Rules over steps and over the result, checked while a run goes on.

use crate::template::Expr;

/// A rule: whenever `when` holds, `assert` has to.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Unique in the pipeline.
    pub id: String,
    /// What it looks at.
    pub subject: Subject,
    /// The rule is only asked where this is true.
    pub when: Option<Expr>,
    /// What has to be true.
    pub assert: Expr,
    /// What happens where it is not.
    pub action: Action,
    /// Shown where it is not; the assertion itself without one.
    pub message: Option<String>,
    /// Line in the source, from 1.
    pub line: usize,
}

/// What a rule looks at. In its expressions `result` is the output of the step or of the run,
/// `steps` what every step came to, `totals` what was consumed so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The end of the run.
    Run,
    /// The end of a step, by index in `Graph::steps`, each time it succeeds.
    Step(usize),
    /// The end of every step.
    EveryStep,
}

/// What happens where a rule does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The run fails with `policy.violated`.
    FailRun,
    /// The step fails with `policy.violated`, and its `retry`, `fallback` and `on_error` apply.
    FailStep,
    /// The run says so and goes on.
    Warn,
    /// The run is suspended until a person lets it go on.
    RequireApproval,
}

impl Action {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FailRun => "fail_run",
            Self::FailStep => "fail_step",
            Self::Warn => "warn",
            Self::RequireApproval => "require_approval",
        }
    }
}
