//! When a try of a step may begin: `rate_limit` and `circuit_breaker`.
//!
//! Both are folds over what is in the journal, so that a run that was interrupted counts on where it
//! stopped. They count within one run.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use coldframe_journal::{ErrorKind, Failure};
use coldframe_lang::graph::{CircuitBreaker, Graph, RateLimit};

use super::Core;
use super::frame::FrameId;
use super::queue::{Job, Part};

/// Everything that is counted, by group.
#[derive(Debug, Default)]
pub(super) struct Gates {
    limits: BTreeMap<String, Limit>,
    breakers: BTreeMap<String, Breaker>,
    /// When a limit has room again for what waits there.
    due: BTreeSet<(u64, String)>,
}

/// A limit and what it has counted.
#[derive(Debug, Default)]
struct Limit {
    /// When tries began that still count, with what they are for. Ascending.
    begun: VecDeque<(u64, Job)>,
    /// What may begin and has not.
    admitted: BTreeSet<Job>,
    waiting: BTreeSet<Job>,
}

/// A breaker and what it has seen.
#[derive(Debug, Default)]
struct Breaker {
    /// Failed tries since the last that succeeded.
    failures: u32,
    /// Nothing begins before; `None` while it is closed.
    open_until_us: Option<u64>,
    /// The one that was let through after that.
    trial: Option<Job>,
}

/// What a try came to, for a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Try {
    Succeeded,
    Failed(ErrorKind),
    /// Nothing that says whether it would work.
    Dropped,
}

impl Gates {
    /// The first time at which something that waits may begin.
    pub(super) fn due_us(&self) -> Option<u64> {
        self.due.first().map(|(due_us, _)| *due_us)
    }

    /// What was under way in an earlier process tells nothing.
    pub(super) fn resumed(&mut self) {
        for breaker in self.breakers.values_mut() {
            breaker.trial = None;
        }
    }
}

impl Limit {
    fn forget(&mut self, limit: &RateLimit, now_us: u64) {
        let per_us = micros(limit.per);
        while self.begun.front().is_some_and(|(at_us, _)| at_us.saturating_add(per_us) <= now_us) {
            self.begun.pop_front();
        }
    }
}

impl Core {
    /// Keeps a try back where its step has a limit; `false` where nothing does. What the limit has
    /// room for comes back by [`Core::admit`].
    pub(super) fn keep_back(&mut self, job: Job) -> bool {
        let Some((key, limit)) = self.limit(job) else { return false };
        let counted = self.gates.limits.entry(key.clone()).or_default();
        if counted.admitted.contains(&job) {
            return false;
        }
        counted.waiting.insert(job);
        self.admit(&key, &limit);
        true
    }

    /// Puts what a limit has room for among those that may start.
    fn admit(&mut self, key: &str, limit: &RateLimit) {
        let now_us = self.now_us;
        let Some(counted) = self.gates.limits.get_mut(key) else { return };
        counted.forget(limit, now_us);
        let max = usize::try_from(limit.max).unwrap_or(usize::MAX);
        let mut admitted = Vec::new();
        while counted.begun.len() + counted.admitted.len() < max
            && let Some(job) = counted.waiting.pop_first()
        {
            counted.admitted.insert(job);
            admitted.push(job);
        }
        if !counted.waiting.is_empty()
            && let Some((at_us, _)) = counted.begun.front()
        {
            self.gates.due.insert((at_us.saturating_add(micros(limit.per)), key.to_owned()));
        }
        for job in admitted {
            self.queue_now(job);
        }
    }

    /// Looks at the limits that have room now.
    pub(super) fn admit_due(&mut self) {
        while let Some((due_us, _)) = self.gates.due.first()
            && *due_us <= self.now_us
            && let Some((_, key)) = self.gates.due.pop_first()
        {
            let waiting = self.gates.limits.get(&key).and_then(|counted| counted.waiting.first());
            let limit = waiting.copied().and_then(|job| self.limit(job));
            if let Some((_, limit)) = limit {
                self.admit(&key, &limit);
            }
        }
    }

    /// A try is no longer wanted, or has begun.
    pub(super) fn leave_gate(&mut self, job: Job) {
        let Some((key, limit)) = self.limit(job) else { return };
        let Some(counted) = self.gates.limits.get_mut(&key) else { return };
        counted.waiting.remove(&job);
        if counted.admitted.remove(&job) {
            self.admit(&key, &limit);
        }
    }

    /// A try has begun.
    pub(super) fn count_try(&mut self, id: FrameId, step: usize) {
        let job = Job { frame: id, part: Part::Step(step) };
        let now_us = self.now_us;
        if let Some((key, limit)) = self.limit(job) {
            let counted = self.gates.limits.entry(key.clone()).or_default();
            counted.admitted.remove(&job);
            counted.waiting.remove(&job);
            counted.begun.push_back((now_us, job));
            self.admit(&key, &limit);
        }
        let doomed = self.frames.get(&id).and_then(|frame| frame.node(step)?.doomed.as_ref());
        if doomed.is_none()
            && let Some((key, _)) = self.breaker(job)
        {
            let breaker = self.gates.breakers.entry(key).or_default();
            if breaker.open_until_us.is_some_and(|until_us| until_us <= now_us) {
                breaker.trial.get_or_insert(job);
            }
        }
    }

    /// A try was skipped before it did anything, so it does not count.
    pub(super) fn uncount_try(&mut self, id: FrameId, step: usize) {
        let job = Job { frame: id, part: Part::Step(step) };
        let Some((key, limit)) = self.limit(job) else { return };
        if let Some(counted) = self.gates.limits.get_mut(&key) {
            if let Some(at) = counted.begun.iter().rposition(|(_, begun)| *begun == job) {
                counted.begun.remove(at);
            }
            self.admit(&key, &limit);
        }
    }

    /// A try has ended.
    pub(super) fn judge_try(&mut self, id: FrameId, step: usize, end: Try) {
        let job = Job { frame: id, part: Part::Step(step) };
        let Some((key, rule)) = self.breaker(job) else { return };
        let now_us = self.now_us;
        let breaker = self.gates.breakers.entry(key).or_default();
        let was_trial = breaker.trial == Some(job);
        if was_trial {
            breaker.trial = None;
        }
        match end {
            Try::Succeeded => *breaker = Breaker::default(),
            Try::Dropped
            | Try::Failed(
                ErrorKind::BreakerOpen
                | ErrorKind::ApprovalRejected
                | ErrorKind::PipelineAborted
                | ErrorKind::PipelineCancelled,
            ) => {}
            Try::Failed(_) => {
                breaker.failures = breaker.failures.saturating_add(1);
                if was_trial || breaker.failures >= rule.failures {
                    breaker.open_until_us = Some(now_us.saturating_add(micros(rule.open_for)));
                }
            }
        }
    }

    /// Why a try may not begin at all.
    pub(super) fn barred(&self, job: Job) -> Option<Failure> {
        let (key, rule) = self.breaker(job)?;
        let breaker = self.gates.breakers.get(&key)?;
        let until_us = breaker.open_until_us?;
        if until_us <= self.now_us && breaker.trial.is_none() {
            return None;
        }
        let what = match &rule.group {
            Some(group) => format!("steps of `{group}`"),
            None => "this step".to_owned(),
        };
        let times = breaker.failures;
        let message = format!(
            "{what} failed {times} times in a row and are left alone for {:?} after the last",
            rule.open_for
        );
        let path = self.job_path(job);
        let failure = Failure::new(ErrorKind::BreakerOpen, message, Some(&path));
        Some(Failure { transient: true, ..failure })
    }

    /// The limit of a try, and how it is counted.
    fn limit(&self, job: Job) -> Option<(String, RateLimit)> {
        let (graph, index, step) = self.tried(job)?;
        let limit = step.rate_limit.as_ref()?;
        let key = key(graph, index, limit.group.as_deref());
        Some((format!("{key} {} {}", limit.max, micros(limit.per)), limit.clone()))
    }

    fn breaker(&self, job: Job) -> Option<(String, CircuitBreaker)> {
        let (graph, index, step) = self.tried(job)?;
        let breaker = step.circuit_breaker.as_ref()?;
        let key = key(graph, index, breaker.group.as_deref());
        let (failures, open_us) = (breaker.failures, micros(breaker.open_for));
        Some((format!("{key} {failures} {open_us}"), breaker.clone()))
    }

    /// The step that a try is one of. A fallback is none.
    fn tried(&self, job: Job) -> Option<(&Graph, usize, &coldframe_lang::graph::Step)> {
        let Part::Step(index) = job.part else { return None };
        let frame = self.frames.get(&job.frame)?;
        if frame.node(index)?.falls_back {
            return None;
        }
        Some((&frame.plan.graph, index, frame.step(index)?))
    }
}

/// How something is counted: by its group, or by the step in its file.
fn key(graph: &Graph, step: usize, group: Option<&str>) -> String {
    match group {
        Some(group) => format!("group {group}"),
        None => format!("step {} {step}", graph.spec_sha256),
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
