//! Mistakes in the `policies` of a pipeline.

use super::check;

const FLOW: &str = r##"inputs: { text: string }
steps:
  - { id: words, uses: std/text#stats, with: { text: "{{ inputs.text }}" } }
  - { id: other, map: { over: [1], steps: [{ id: in_it, set: { n: "{{ item }}" } }] } }
outputs: { count: "{{ words.word_count }}" }
policies:
"##;

#[track_caller]
fn check_rules(rules: &str, expected: &str) {
    check(&format!("{FLOW}{rules}"), expected);
}

#[test]
fn good_ones() {
    check_rules(
        r##"  - { id: a, assert: result.count > 1 and result.total_fuel < 9 and totals.cost_usd < 1, action: fail_run }
  - { id: b, assert: "steps.words.attempts == 1 and words.word_count > 1", action: warn, message: few }
  - { id: c, on: words, when: step.attempts > 1, assert: result.word_count > 1, action: fail_step }
  - { id: d, on: in_it, assert: result.n == 1, action: require_approval }
  - { id: e, on: steps, assert: "step.place != 'x' and inputs.text != run.id", action: warn }
"##,
        "",
    );
}

#[test]
fn keys_and_values() {
    check_rules(
        r##"  - { assert: a, action: warn }
  - { id: B-b, assert: totals.fuel > 1, action: fail }
  - { id: c, on: wrods, assert: totals.fuel > 1, action: warn, extra: 1 }
  - { id: d, assert: totals.fuel > 1, action: fail_step }
  - { id: d, action: warn, assert: true }
  - 3
"##,
        r##"10:7 missing-key: `id` is missing in `policies[0]`
    say what it is called when it is broken: `id: cheap`
11:11 bad-name: `B-b` is not a name, expected lower-case letters, digits and `_`, a letter first, at most 64
    write `b_b`, since names stand in expressions like `b_b.count`
11:49 unknown-value: `fail` is not a value of `action`
    the values are: `fail_run`, `fail_step`, `warn`, `require_approval`
12:18 unknown-step: there is no step `wrods`
    did you mean `words`?
12:64 unknown-key: a rule has no key `extra`
    a rule has: `id`, `on`, `when`, `assert`, `action`, `message`
13:11 unknown-value: the rule `d` looks at the whole run, where no step can fail
    write `action: fail_run`, or say at which steps it looks: `on: steps`
14:36 wrong-shape: `policies[4].assert` is a boolean, expected an expression
    quote it: `assert: "true"`
15:5 wrong-shape: `policies[5]` is a number, expected a map
    for example `{ id: cheap, assert: "totals.cost_usd <= 0.10", action: fail_run }`
"##,
    );
}

#[test]
fn what_is_not_there() {
    check_rules(
        r##"  - { id: a, assert: result.cuont > 1, action: warn }
  - { id: b, on: words, assert: result.word_cuont > 1, action: warn }
  - { id: c, on: words, assert: other is defined, action: warn }
  - { id: d, assert: events | length > 1, action: warn }
  - { id: e, on: steps, assert: step.nmae == 'x', action: warn }
  - { id: f, on: wrods, assert: totals.fuel > 1, action: warn }
  - { id: g, assert: totals.fuel > 1, action: fail_step }
  - { id: h, assert: "1 +", action: warn }
"##,
        r##"10:22 unknown-field: `result` has no field `cuont`
    did you mean `count`?
11:40 unknown-field: `result` has no field `word_cuont`
    did you mean `word_count`?
12:33 unknown-name: there is no step or value `other`
    there are: `result`, `step`, `totals`, `inputs`, `run`
13:22 unknown-name: there is no step or value `events`
    there are: `words`, `other`, `result`, `steps`, `totals`, `inputs`, `run`
14:33 unknown-field: `step` has no field `nmae`
    it has: `id`, `place`, `attempts`, `fuel`, `cost_usd`
15:18 unknown-step: there is no step `wrods`
    did you mean `words`?
16:11 unknown-value: the rule `g` looks at the whole run, where no step can fail
    write `action: fail_run`, or say at which steps it looks: `on: steps`
17:25 expression-syntax: the expression ends where a value is expected
    name a value, such as `inputs.name`
"##,
    );
}
