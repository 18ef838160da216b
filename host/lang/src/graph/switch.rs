//! `switch`: one of several blocks.

use serde_json::Value;

use crate::template::{Expr, Template};

/// Runs the block of the first case that applies.
///
/// Output: what that block comes to; none, as if the step were skipped, where no case applies.
#[derive(Debug, Clone, PartialEq)]
pub struct Switch {
    /// The value that `is` compares with.
    pub on: Option<Template>,
    /// In source order.
    pub cases: Vec<Case>,
    /// Where no case applies, by index in `Graph::blocks`.
    pub default: Option<usize>,
}

/// One case.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// When it applies.
    pub test: CaseTest,
    /// By index in `Graph::blocks`.
    pub block: usize,
}

/// When a case applies.
#[derive(Debug, Clone, PartialEq)]
pub enum CaseTest {
    /// `is: billing` or `is: [billing, refund]`: `on` equals one of these.
    Is(Vec<Value>),
    /// `when: "verdict.score > 0.9"`
    When(Expr),
}
