//! `approve`: a person decides whether the run goes on.

use crate::template::Template;

/// Asks a person. The run is suspended until somebody answers; its process may end meanwhile.
///
/// Output: `{approved: bool, by: string, note: option<string>}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Approve {
    /// What is asked.
    pub message: Template,
    /// What the person should see to decide; journalled with the question.
    pub show: Option<Template>,
    /// What a no does.
    pub on_reject: OnReject,
}

/// What a no does to the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnReject {
    /// The step fails with `approval.rejected`.
    #[default]
    Fail,
    /// The step succeeds with `approved: false`.
    Continue,
}
