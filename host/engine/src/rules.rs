//! Rules over outputs: which of them do not hold, and what follows.

use coldframe_journal::event::Broken;
use coldframe_journal::{ErrorKind, Failure};
use coldframe_lang::graph::{Action, Graph, Policy, Subject};
use coldframe_lang::template::{Expr, Template};
use serde_json::{Value, json};

use crate::facts::{Spent, usd};
use crate::invoke::CallError;
use crate::scope::{Local, Scope};
use crate::step::{Shared, Worker};

/// What the rules of a piece of work may ask beside its output.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// `totals`, without what the work itself consumes.
    pub(crate) totals: coldframe_journal::Totals,
    /// What earlier tries of the step, and what it holds, consumed.
    pub(crate) spent: Spent,
    /// `steps`, for rules over what a pipeline comes to.
    pub(crate) steps: Value,
}

/// What rules that do not hold lead to: the hardest of their actions.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Nothing.
    Counts,
    /// A person has to say yes.
    Asks {
        policy: String,
        message: String,
    },
    Fails(Failure),
}

/// The verdict over an output. `step` is the place of the step, none for the run.
pub(crate) fn verdict(broken: &[Broken], step: Option<&str>) -> Verdict {
    let first = |action: Action| broken.iter().find(|rule| rule.action == action.as_str());
    for (action, ends_run) in [(Action::FailRun, true), (Action::FailStep, false)] {
        let Some(rule) = first(action) else { continue };
        let message = format!("rule `{}`: {}", rule.policy, rule.message);
        let failure = Failure::new(ErrorKind::PolicyViolated, message, step);
        return Verdict::Fails(Failure { ends_run: ends_run && step.is_some(), ..failure });
    }
    let asking: Vec<&Broken> =
        broken.iter().filter(|rule| rule.action == Action::RequireApproval.as_str()).collect();
    let Some(rule) = asking.first() else { return Verdict::Counts };
    let lines = asking.iter().map(|rule| format!("rule `{}`: {}", rule.policy, rule.message));
    let message = lines.collect::<Vec<_>>().join("\n");
    Verdict::Asks { policy: rule.policy.clone(), message }
}

/// What a no of a person means.
pub(crate) fn rejected(policy: &str, by: &str, note: Option<&str>, step: Option<&str>) -> Failure {
    let why = note.map(|note| format!(": {note}")).unwrap_or_default();
    let message = format!("`{by}` said no where rule `{policy}` asks{why}");
    Failure::new(ErrorKind::ApprovalRejected, message, step)
}

/// Whether a pipeline has rules over what it comes to.
pub(crate) fn judges_run(graph: &Graph) -> bool {
    graph.policies.iter().any(|rule| rule.subject == Subject::Run)
}

impl Worker<'_> {
    /// The rules that do not hold for an output of the step.
    pub(crate) async fn judge_output(&mut self, output: &Value) -> Result<Vec<Broken>, CallError> {
        let task = self.task;
        let (Some(facts), Some(step)) = (&task.facts, task.step()) else { return Ok(Vec::new()) };
        let spent = facts.spent.plus(self.receipt.fuel, self.spent_nano());
        let subject = json!({
            "id": step.id,
            "place": &*task.path,
            "attempts": task.attempt,
            "fuel": spent.fuel,
            "cost_usd": usd(spent.cost_nano),
        });
        let local = Local::Claim {
            result: output.clone(),
            subject: Some(subject),
            steps: None,
            totals: self.totals(facts),
        };
        let scope = task.scope.with(task.step, local);
        let rules = task.plan.graph.policies.iter().filter(|rule| rule.is_of_step(&step.id));
        self.broken(&scope, rules).await
    }

    /// The rules of a sub-pipeline that do not hold for what it comes to.
    pub(crate) async fn judge_child(
        &mut self,
        child: &Graph,
        outputs: &Value,
    ) -> Result<Vec<Broken>, CallError> {
        let task = self.task;
        let Some(facts) = &task.facts else { return Ok(Vec::new()) };
        let totals = self.totals(facts);
        let spent = facts.spent.plus(self.receipt.fuel, self.spent_nano());
        let local = Local::Claim {
            result: result(outputs, spent.cost_nano, spent.fuel),
            subject: None,
            steps: Some(facts.steps.clone()),
            totals,
        };
        let scope = task.scope.with(task.step, local);
        let rules = child.policies.iter().filter(|rule| rule.subject == Subject::Run);
        self.broken(&scope, rules).await
    }

    async fn broken<'g>(
        &mut self,
        scope: &Scope,
        rules: impl Iterator<Item = &'g Policy> + Send,
    ) -> Result<Vec<Broken>, CallError> {
        let mut broken = Vec::new();
        for rule in rules {
            let of = |error: CallError| in_rule(rule, error);
            if let Some(when) = &rule.when
                && !self.condition(scope, "when", when).await.map_err(of)?
            {
                continue;
            }
            if !self.condition(scope, "assert", &rule.assert).await.map_err(of)? {
                broken.push(broken_rule(rule));
            }
        }
        Ok(broken)
    }

    fn totals(&self, facts: &Facts) -> Value {
        let mut totals = facts.totals;
        totals.add(&self.receipt);
        totals.cost_nano = facts.totals.cost_nano.saturating_add(self.spent_nano());
        crate::facts::totals_of(&totals)
    }

    /// The price of what this piece of work consumed so far.
    fn spent_nano(&self) -> u64 {
        coldframe_journal::receipt::price_nano(self.receipt.fuel, self.shared.nano_per_mfuel)
    }
}

impl Shared {
    /// The rules over the run that do not hold. What that consumes is bounded like outputs.
    pub(crate) async fn judge_run(
        &self,
        scope: &Scope,
        graph: &Graph,
    ) -> Result<Vec<Broken>, CallError> {
        let mut broken = Vec::new();
        for rule in graph.policies.iter().filter(|rule| rule.subject == Subject::Run) {
            let of = |error: CallError| in_rule(rule, error);
            if let Some(when) = &rule.when
                && !self.truth(scope, "when", when).await.map_err(of)?
            {
                continue;
            }
            if !self.truth(scope, "assert", &rule.assert).await.map_err(of)? {
                broken.push(broken_rule(rule));
            }
        }
        Ok(broken)
    }

    async fn truth(&self, scope: &Scope, key: &str, expr: &Expr) -> Result<bool, CallError> {
        let value = match self.output(scope, &Template::Expr(expr.clone())).await {
            // What is asked of a skipped step is not true.
            Err(error) if error.kind == ErrorKind::ExprFailed && !scope.absent(expr).is_empty() => {
                return Ok(false);
            }
            evaluated => evaluated?,
        };
        value.as_bool().ok_or_else(|| crate::step::not_a_condition(key, expr, &value))
    }
}

/// `result` of a rule over a run.
pub(crate) fn result(outputs: &Value, cost_nano: u64, fuel: u64) -> Value {
    let mut result = outputs.as_object().cloned().unwrap_or_default();
    result.insert("status".to_owned(), json!("succeeded"));
    result.insert("outputs".to_owned(), outputs.clone());
    result.insert("error".to_owned(), Value::Null);
    result.insert("total_cost_usd".to_owned(), usd(cost_nano));
    result.insert("total_fuel".to_owned(), json!(fuel));
    Value::Object(result)
}

fn broken_rule(rule: &Policy) -> Broken {
    let message = match &rule.message {
        Some(message) => message.clone(),
        None => format!("`{}` is not true", rule.assert.source),
    };
    Broken { policy: rule.id.clone(), action: rule.action.as_str().to_owned(), message }
}

fn in_rule(rule: &Policy, error: CallError) -> CallError {
    CallError { message: format!("rule `{}`: {}", rule.id, error.message), ..error }
}
