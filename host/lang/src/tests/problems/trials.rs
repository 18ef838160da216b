//! Mistakes in the `tests` of a pipeline.

use super::check;

const FLOW: &str = r##"inputs: { text: string }
steps:
  - { id: words, uses: std/text#stats, with: { text: "{{ inputs.text }}" } }
  - { id: ok, approve: { message: go on? } }
  - { id: paid, wait: { signal: paid } }
outputs: { count: "{{ words.word_count }}" }
tests:
"##;

#[track_caller]
fn check_test(test: &str, expected: &str) {
    check(&format!("{FLOW}{test}"), expected);
}

#[test]
fn a_good_one() {
    check_test(
        r##"  - name: all of it
    input: { text: hi }
    stub: { std/text#stats: { word_count: 2 } }
    http: [{ url: "https://example.com/", status: 404, headers: { A: b }, body: no }]
    decisions: { ok: approve, paid: { signal: { amount: 3 } } }
    assert:
      - "result.status == 'succeeded' and result.count == 2"
      - steps.words.status == 'succeeded' and totals.fuel > 0
      - "events | selectattr('event', 'eq', 'step_failed') | list | length == 0"
      - words is defined and inputs.text == 'hi'
    timeout: 5s
"##,
        "",
    );
}

#[test]
fn names_that_are_not_there() {
    check_test(
        r##"  - { name: a, input: { text: hi }, stub: { std/txt: 1 }, assert: result.cuont == 1 }
  - { name: b, input: { text: hi }, decisions: { okk: approve, paid: reject, words: approve }, assert: steps.wrods.status == 'x' }
  - { name: c, input: { text: hi }, assert: [wrods.x == 1, totals.fule > 1, steps.words.state == 1, item == 1] }
"##,
        r##"11:45 unknown-stub: the pipeline does not call `std/txt`
    did you mean `std/text`?
11:67 unknown-field: `result` has no field `cuont`
    did you mean `count`?
12:50 unknown-step: no step `okk` asks for an answer
    did you mean `ok`?
12:64 unknown-step: `paid` waits for a signal, not for a decision
    write `{ signal: … }`
12:78 unknown-step: no step `words` asks for an answer
    these ask: `ok`, `paid`
12:104 unknown-field: `steps` has no field `wrods`
    did you mean `words`?
13:46 unknown-name: there is no step or value `wrods`
    did you mean `words`?
13:60 unknown-field: `totals` has no field `fule`
    did you mean `fuel`?
13:77 unknown-field: `steps.words` has no field `state`
    it has: `status`, `output`, `attempts`, `fuel`, `cost_usd`, `error`
13:101 unknown-name: there is no step or value `item`
    there are: `words`, `ok`, `paid`, `result`, `steps`, `totals`, `events`, `inputs`, `run`
"##,
    );
}

#[test]
fn shapes_and_inputs() {
    check_test(
        r##"  - { name: a, assert: result.count == 1 }
  - { name: a, input: { text: 3, more: 1 }, assert: [] }
  - { input: { text: hi }, http: [{ method: get, status: 7 }], assert: "1 +" }
"##,
        r##"11:13 test-input: input `text` is missing
    add `text: …` to `input`
12:13 duplicate-id: two tests are called `a`
    11:13 the first one
    give one of them another name
12:31 test-input: input `text` does not match its schema: it is not of type "string"
    give the test what a run would take
12:40 test-input: there is no input `more`
    the inputs are: `text`
12:53 wrong-shape: `tests[1].assert` is a list, expected an expression or a list of them
    a test without an assertion cannot fail
13:7 missing-key: `name` is missing in `tests[2]`
    say what the test shows: `name: an empty text`
13:35 wrong-shape: `get` is not a method
    methods are written like `GET` and `POST`
13:37 missing-key: `url` is missing in `tests[2].http[0]`
    write the address: `url: "https://…"`
13:58 bad-limit: `status` is `7`, expected a whole number from 100 to 599
    write a number from 100 to 599
"##,
    );
}
