//! What a call has left for the tools it calls. While one runs all of that is set aside, so that
//! neither the caller nor another tool can take it too; afterwards counts what the tool took.

use std::sync::Arc;
use std::time::{Duration, Instant};

use coldframe_engine::services::{Tool, ToolBound, ToolCall, ToolSpent};
use coldframe_engine::{CallError, CallLimits};
use coldframe_journal::ErrorKind;

use super::EVERYTHING;

/// A tool ends that much before its caller, whose account it still has to be written into.
const MARGIN: Duration = Duration::from_millis(5);

/// Fuel, time and tools of one call.
pub(crate) struct ToolBudget {
    /// Those there are.
    pub(crate) table: Arc<[Tool]>,
    fuel_left: u64,
    /// What the last tool took.
    fuel_spent: u64,
    deadline: Option<Instant>,
    calls_left: u64,
    calls_max: u64,
    depth: u64,
    is_busy: bool,
}

/// What is set aside for a tool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hold {
    pub(crate) bound: ToolBound,
}

impl ToolBudget {
    pub(crate) fn new(table: Arc<[Tool]>, limits: &CallLimits) -> Self {
        Self {
            table,
            fuel_left: limits.fuel,
            fuel_spent: 0,
            deadline: Instant::now().checked_add(limits.wall),
            calls_left: limits.tool_calls,
            calls_max: limits.tool_calls,
            depth: limits.tool_depth,
            is_busy: false,
        }
    }

    /// Says how much fuel the store has, where this process has the store.
    pub(crate) fn fuel_left(&mut self, fuel: u64) {
        (self.fuel_left, self.fuel_spent) = (fuel, 0);
    }

    /// The fuel the last tool took.
    pub(crate) fn fuel_spent(&self) -> u64 {
        self.fuel_spent
    }

    /// Tools that were called, and those they called.
    pub(crate) fn called(&self) -> u64 {
        self.calls_max.saturating_sub(self.calls_left)
    }

    /// Takes all there is for a call, beside `others`: the bytes, tokens and money there are.
    pub(crate) fn admit(
        &mut self,
        call: &mut ToolCall,
        others: (u64, u64, u64),
    ) -> Result<Hold, CallError> {
        if self.is_busy {
            let message = "a tool of this call is still under way";
            return Err(CallError::new(ErrorKind::DeniedCapability, message));
        }
        let Some(depth) = self.depth.checked_sub(1) else {
            let message = "tools call tools deeper than `tool_depth` under `limits` allows";
            return Err(CallError::new(ErrorKind::LimitDepth, message));
        };
        let Some(calls) = self.calls_left.checked_sub(1) else {
            let message = "more tools are called than `tool_calls` under `limits` allows";
            return Err(CallError::new(ErrorKind::LimitToolCalls, message));
        };
        let left = self.deadline.map_or(Duration::MAX, |deadline| {
            deadline.saturating_duration_since(Instant::now()).saturating_sub(MARGIN)
        });
        let (net_bytes, tokens, services_nano) = others;
        let own = ToolBound {
            fuel: self.fuel_left,
            wall_us: u64::try_from(left.as_micros()).unwrap_or(u64::MAX),
            net_bytes,
            tokens,
            services_nano,
            calls,
            depth,
        };
        let bound = call.bound.unwrap_or(EVERYTHING).min(own);
        call.bound = Some(bound);
        self.is_busy = true;
        self.calls_left = calls;
        Ok(Hold { bound })
    }

    /// Settles by what a tool took, or that it was not called at all. Never more than it was given.
    pub(crate) fn settle(&mut self, hold: &Hold, spent: Option<&ToolSpent>) {
        self.is_busy = false;
        self.fuel_spent = spent.map_or(0, |spent| spent.fuel).min(hold.bound.fuel);
        self.fuel_left = self.fuel_left.saturating_sub(self.fuel_spent);
        self.calls_left = self.calls_left.saturating_sub(spent.map_or(0, |spent| spent.calls));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> ToolCall {
        ToolCall { tool: "a/b#c".to_owned(), input: "{}".to_owned(), bound: None }
    }

    fn budget(limits: CallLimits) -> ToolBudget {
        ToolBudget::new(Arc::default(), &limits)
    }

    #[test]
    fn a_tool_is_given_what_is_left_and_no_more() {
        let mut budget = budget(CallLimits { fuel: 1000, tool_calls: 5, ..CallLimits::default() });
        let mut first = call();
        let hold = budget.admit(&mut first, (10, 20, 30)).unwrap();
        let bound = first.bound.unwrap();
        assert_eq!((bound.fuel, bound.net_bytes, bound.tokens), (1000, 10, 20));
        assert_eq!((bound.services_nano, bound.calls, bound.depth), (30, 4, 3));
        assert!(bound.wall_us < 10_000_000, "{bound:?}");
        // One at a time.
        let again = budget.admit(&mut call(), (10, 20, 30)).map_err(|error| error.kind);
        assert_eq!(again.err(), Some(ErrorKind::DeniedCapability));
        let spent = ToolSpent { fuel: 400, calls: 2, ..ToolSpent::default() };
        budget.settle(&hold, Some(&spent));
        let mut second = ToolCall { bound: Some(bound), ..call() };
        let hold = budget.admit(&mut second, (5, 20, 30)).unwrap();
        let bound = second.bound.unwrap();
        assert_eq!((bound.fuel, bound.net_bytes, bound.calls), (600, 5, 1));
        // What says that it took more than it had took all of it.
        budget.settle(&hold, Some(&ToolSpent { fuel: u64::MAX, ..ToolSpent::default() }));
        assert_eq!((budget.fuel_spent(), budget.called()), (600, 4));
    }

    #[test]
    fn calls_and_depth_come_to_an_end() {
        let kind = |limits: CallLimits| {
            let mut budget = budget(limits);
            let found = budget.admit(&mut call(), (0, 0, 0));
            found.map(|_| ()).map_err(|error| error.kind)
        };
        let usual = CallLimits::default();
        assert_eq!(kind(usual), Ok(()));
        assert_eq!(kind(CallLimits { tool_calls: 0, ..usual }), Err(ErrorKind::LimitToolCalls));
        assert_eq!(kind(CallLimits { tool_depth: 0, ..usual }), Err(ErrorKind::LimitDepth));
    }
}
