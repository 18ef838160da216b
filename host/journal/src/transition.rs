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
    /// It holds others, and those are under way. A takeover does not disturb it.
    Entered,
    /// It waits for a person, a signal or a time.
    Suspended,
    /// A try failed, and another or the fallback comes.
    Retrying,
    /// Ended with an output.
    Succeeded,
    /// Ended without one.
    Failed,
    /// Its condition was not true.
    Skipped,
    /// Ended because nobody needed its output any more.
    Cancelled,
}

/// What can happen to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepMove {
    /// An attempt begins.
    Start,
    /// What it holds begins.
    Enter,
    /// One of the blocks it holds ended.
    EndBlock,
    /// It begins to wait for something outside.
    Suspend,
    /// Somebody answered.
    Answer,
    /// Its time is over.
    TimeOut,
    /// The attempt has no output, and something else is tried.
    TryAgain,
    /// It has an output.
    Succeed,
    /// It has none.
    Fail,
    /// The condition was not true.
    Skip,
    /// Nobody needs it any more.
    Cancel,
    /// A new process took over.
    Interrupt,
}

impl StepStatus {
    /// Every status.
    pub const ALL: [Self; 10] = [
        Self::Waiting,
        Self::Running,
        Self::Interrupted,
        Self::Entered,
        Self::Suspended,
        Self::Retrying,
        Self::Succeeded,
        Self::Failed,
        Self::Skipped,
        Self::Cancelled,
    ];

    /// Whether nothing can happen to the step any more.
    pub fn is_final(self) -> bool {
        match self {
            Self::Succeeded | Self::Failed | Self::Skipped | Self::Cancelled => true,
            Self::Waiting
            | Self::Running
            | Self::Interrupted
            | Self::Entered
            | Self::Suspended
            | Self::Retrying => false,
        }
    }

    /// The stable text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Entered => "entered",
            Self::Suspended => "suspended",
            Self::Retrying => "retrying",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
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
    pub const ALL: [Self; 12] = [
        Self::Start,
        Self::Enter,
        Self::EndBlock,
        Self::Suspend,
        Self::Answer,
        Self::TimeOut,
        Self::TryAgain,
        Self::Succeed,
        Self::Fail,
        Self::Skip,
        Self::Cancel,
        Self::Interrupt,
    ];
}

/// Where `status` goes by `step_move`; `None` where that is illegal.
pub fn next(status: StepStatus, step_move: StepMove) -> Option<StepStatus> {
    use StepMove as M;
    use StepStatus as S;
    match (status, step_move) {
        (S::Waiting | S::Interrupted | S::Retrying, M::Start) => Some(S::Running),
        (S::Running, M::Enter) | (S::Entered, M::EndBlock) => Some(S::Entered),
        (S::Running | S::Entered | S::Suspended, M::Suspend) | (S::Suspended, M::Answer) => {
            Some(S::Suspended)
        }
        (S::Running, M::Skip) => Some(S::Skipped),
        // A step that waits or holds others ends without a new attempt.
        (S::Running | S::Entered | S::Suspended, M::Succeed) => Some(S::Succeeded),
        // What was interrupted may be out of time, or not needed, before it could start again.
        (S::Running | S::Interrupted | S::Entered | S::Suspended | S::Retrying, later) => {
            match later {
                M::TimeOut => Some(status),
                M::TryAgain => Some(S::Retrying),
                M::Fail => Some(S::Failed),
                M::Cancel => Some(S::Cancelled),
                M::Interrupt if status == S::Running => Some(S::Interrupted),
                M::Interrupt => Some(status),
                M::Start
                | M::Enter
                | M::EndBlock
                | M::Suspend
                | M::Answer
                | M::Succeed
                | M::Skip => None,
            }
        }
        // A takeover concerns every step; those that are not under way stay where they are.
        (S::Waiting | S::Succeeded | S::Failed | S::Skipped | S::Cancelled, M::Interrupt) => {
            Some(status)
        }
        (
            S::Waiting | S::Succeeded | S::Failed | S::Skipped | S::Cancelled,
            M::Start
            | M::Enter
            | M::EndBlock
            | M::Suspend
            | M::Answer
            | M::TimeOut
            | M::TryAgain
            | M::Succeed
            | M::Fail
            | M::Skip
            | M::Cancel,
        ) => None,
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
            Some(StepStatus::Skipped) => 'k',
            Some(StepStatus::Suspended) => 'u',
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
            "waiting r..........w",
            "running .e.u.rrsfkci",
            "interrupted r....ir.f.ci",
            "entered ..eu.ersf.ce",
            "suspended ...uuursf.cu",
            "retrying r....rr.f.cr",
            "succeeded ...........s",
            "failed ...........f",
            "skipped ...........k",
            "cancelled ...........c",
        ];
        assert_eq!(table, expected);
    }
}
