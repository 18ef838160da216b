//! The one transition function of a step. Total: every pair is either listed or illegal.

use std::fmt;

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepStatus {
    /// Nothing happened yet.
    Waiting,
    /// An attempt is under way.
    Running,
    /// The process died during an attempt; the step may start again.
    Interrupted,
    /// Ended with an output.
    Succeeded,
    /// Ended without one.
    Failed,
    /// Its condition was not true.
    Skipped,
}

/// What can happen to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepMove {
    /// An attempt begins.
    Start,
    /// The attempt has an output.
    Succeed,
    /// The attempt has none.
    Fail,
    /// The condition was not true.
    Skip,
    /// A new process took over.
    Interrupt,
}

impl StepStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Running,
        Self::Interrupted,
        Self::Succeeded,
        Self::Failed,
        Self::Skipped,
    ];

    /// Whether nothing can happen to the step any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Skipped)
    }

    /// The stable text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl fmt::Display for StepStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl StepMove {
    /// Every move.
    pub const ALL: [Self; 5] =
        [Self::Start, Self::Succeed, Self::Fail, Self::Skip, Self::Interrupt];
}

/// Where `status` goes by `step_move`; `None` where that is illegal.
pub fn next(status: StepStatus, step_move: StepMove) -> Option<StepStatus> {
    use StepMove as M;
    use StepStatus as S;
    match (status, step_move) {
        (S::Waiting | S::Interrupted, M::Start) => Some(S::Running),
        (S::Running, M::Succeed) => Some(S::Succeeded),
        (S::Running, M::Fail) => Some(S::Failed),
        (S::Running, M::Skip) => Some(S::Skipped),
        (S::Running, M::Interrupt) => Some(S::Interrupted),
        // A takeover concerns every step; those that are not under way stay where they are.
        (S::Waiting | S::Interrupted | S::Succeeded | S::Failed | S::Skipped, M::Interrupt) => {
            Some(status)
        }
        (
            S::Waiting | S::Interrupted | S::Succeeded | S::Failed | S::Skipped,
            M::Succeed | M::Fail | M::Skip,
        )
        | (S::Running | S::Succeeded | S::Failed | S::Skipped, M::Start) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table in words: one line per status, one column per move, `.` where illegal.
    #[test]
    fn the_whole_table() {
        let letter = |status: Option<StepStatus>| match status {
            None => '.',
            Some(status) => status.as_str().chars().next().unwrap(),
        };
        let table: Vec<String> = StepStatus::ALL
            .iter()
            .map(|status| {
                let row: String = StepMove::ALL.iter().map(|m| letter(next(*status, *m))).collect();
                format!("{status} {row}")
            })
            .collect();
        let expected = [
            "waiting r...w",
            "running .sfsi",
            "interrupted r...i",
            "succeeded ....s",
            "failed ....f",
            "skipped ....s",
        ];
        assert_eq!(table, expected);
    }
}
