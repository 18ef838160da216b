//! `parallel`: blocks side by side, and when they are enough.

use std::collections::BTreeMap;

use coldframe_format::canonical;
use coldframe_journal::event::{Outcome, Turn};
use coldframe_journal::{ErrorKind, Failure};
use coldframe_lang::graph::{Join, Parallel, Tie};
use serde_json::{Map, Value, json};

use super::{Halt, Holder, HolderEnd};
use crate::scope::Local;

/// The branches, and what became of them.
#[derive(Debug)]
pub(super) struct Running {
    names: Vec<String>,
    join: Join,
    /// Whether `output` makes something of the results.
    has_output: bool,
    begun: usize,
    results: Vec<Option<Value>>,
    succeeded: usize,
    failures: Vec<Failure>,
    /// Set once the join is decided: the branch that decided it.
    decided: Option<usize>,
    path: String,
}

impl Running {
    pub(super) fn new(parallel: &Parallel, path: &str) -> Self {
        Self {
            names: parallel.branches.iter().map(|branch| branch.name.clone()).collect(),
            join: parallel.join,
            has_output: parallel.output.is_some(),
            begun: 0,
            results: vec![None; parallel.branches.len()],
            succeeded: 0,
            failures: Vec::new(),
            decided: None,
            path: path.to_owned(),
        }
    }

    /// Whether what still runs can change nothing any more.
    fn is_decided(&self) -> bool {
        let of = self.names.len();
        let possible = of - self.failures.len();
        match self.join {
            Join::All => !self.failures.is_empty(),
            Join::Any => self.succeeded > 0,
            Join::Quorum(wanted) => {
                let wanted = wanted as usize;
                self.succeeded >= wanted || possible < wanted
            }
            Join::Vote(_) => false,
        }
    }

    fn branches(&mut self) -> Value {
        let results = std::mem::take(&mut self.results);
        let named = self.names.iter().cloned().zip(results);
        Value::Object(named.map(|(name, value)| (name, value.unwrap_or(Value::Null))).collect())
    }

    fn failed(&self, message: String) -> HolderEnd {
        let mut failure = Failure::new(ErrorKind::JoinFailed, message, Some(&self.path));
        failure.transient = self.failures.iter().any(|failure| failure.transient);
        HolderEnd::Failed(failure)
    }

    /// Why too few branches succeeded, with the first reason.
    fn too_few(&self, wanted: usize) -> HolderEnd {
        let (of, got) = (self.names.len(), self.succeeded);
        let why = match self.failures.first() {
            Some(first) => format!("; the first failure: {}: {}", first.kind, first.message),
            None => String::new(),
        };
        self.failed(format!("{got} of {of} branches succeeded, expected {wanted}{why}"))
    }

    fn vote(&mut self, tie: Tie) -> HolderEnd {
        // By canonical text, so that equal values are one candidate; with the first branch for it.
        let mut votes: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for (slot, value) in self.results.iter().enumerate() {
            if let Some(value) = value {
                votes.entry(canonical::to_string(value)).or_insert((0, slot)).0 += 1;
            }
        }
        let most = votes.values().map(|(count, _)| *count).max().unwrap_or(0);
        let mut leading: Vec<usize> =
            votes.values().filter(|(count, _)| *count == most).map(|(_, slot)| *slot).collect();
        leading.sort_unstable();
        let Some(first) = leading.first().copied() else { return self.too_few(1) };
        if leading.len() > 1 && tie == Tie::Fail {
            let count = leading.len();
            let votes = if most == 1 { "1 vote each" } else { &format!("{most} votes each") };
            return self.failed(format!("{count} results have {votes}, and none has more"));
        }
        if self.has_output {
            return HolderEnd::Finish(self.branches());
        }
        let value = self.results.get_mut(first).and_then(Option::take).unwrap_or(Value::Null);
        HolderEnd::Output(json!({ "value": value, "votes": most, "of": self.names.len() }))
    }
}

impl Holder for Running {
    fn open(&mut self, _live: usize) -> Option<(usize, Local)> {
        if self.decided.is_some() || self.begun >= self.names.len() {
            return None;
        }
        self.begun += 1;
        Some((self.begun - 1, Local::Nothing))
    }

    fn ended(&mut self, slot: usize, outcome: Outcome, _turn: Option<Turn>) -> Option<Halt> {
        if self.decided.is_some() {
            // Too late to matter, so that the result does not depend on who was cancelled in time.
            return None;
        }
        match outcome {
            Outcome::Done(value) => {
                if let Some(place) = self.results.get_mut(slot) {
                    *place = Some(value);
                    self.succeeded += 1;
                }
            }
            Outcome::Failed(failure) => self.failures.push(failure),
            Outcome::Cancelled => {}
        }
        if !self.is_decided() {
            return None;
        }
        self.decided = Some(slot);
        Some(Halt::Cancel)
    }

    fn end(&mut self) -> HolderEnd {
        match self.join {
            Join::All => match self.failures.first() {
                Some(failure) => return HolderEnd::Failed(failure.clone()),
                None if self.succeeded < self.names.len() => return self.too_few(self.names.len()),
                None => {}
            },
            Join::Any if self.succeeded == 0 => return self.too_few(1),
            Join::Quorum(wanted) if self.succeeded < wanted as usize => {
                return self.too_few(wanted as usize);
            }
            Join::Vote(tie) => return self.vote(tie),
            Join::Any | Join::Quorum(_) => {}
        }
        if self.has_output {
            return HolderEnd::Finish(self.branches());
        }
        if self.join == Join::Any {
            let slot = self.decided.unwrap_or(0);
            let value = self.results.get_mut(slot).and_then(Option::take).unwrap_or(Value::Null);
            let mut output = Map::new();
            output.insert("branch".into(), json!(self.names.get(slot)));
            output.insert("value".into(), value);
            return HolderEnd::Output(Value::Object(output));
        }
        HolderEnd::Output(self.branches())
    }
}
