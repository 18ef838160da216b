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

/// What a rule looks at. Steps of sub-pipelines have the rules of their own pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The end of the run, once every step succeeded. `result` is what the run comes to, `steps`
    /// what every step came to, and steps are there by id.
    Run,
    /// Each time a step with this id has an output, wherever it stands. `result` is that output,
    /// and `step` is `{id, place, attempts, fuel, cost_usd}`.
    Step(String),
    /// The same for every step.
    EveryStep,
}

impl Policy {
    /// Whether it looks at the outputs of the step called `id`.
    pub fn is_of_step(&self, id: &str) -> bool {
        match &self.subject {
            Subject::Run => false,
            Subject::Step(of) => of == id,
            Subject::EveryStep => true,
        }
    }
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
    /// Every action, by the word for it.
    pub const ALL: [(&'static str, Self); 4] = [
        ("fail_run", Self::FailRun),
        ("fail_step", Self::FailStep),
        ("warn", Self::Warn),
        ("require_approval", Self::RequireApproval),
    ];

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
