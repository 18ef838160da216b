//! Keys of each kind of step, and their values.

use super::check;

#[test]
fn keys_that_belong_elsewhere_and_maps() {
    check(
        r##"steps:
  - { id: a, map: [1], cache: true }
  - { id: b, map: { over: 3, max: 0, max_concurrent: 1.5, on_error: ignore, as: loop, stepz: [] }, with: { a: 1 } }
  - { id: c, map: { over: "{{ inputs.x }}", as: My-Item, steps: [] } }
  - { id: d, map: { max: 2000000, as: 3, steps: { id: x } } }
  - { id: e, set: { n: 1 }, cache: true }
  - { id: f, uses: std/text#stats, with: { text: x }, cache: yes }
"##,
        r##"5:19 wrong-shape: `steps[0].map` is a list, expected a map
    for example `map: { over: inputs.items, steps: […] }`
5:24 step-kind: `cache` belongs to `uses`, and this step has `map`
    remove it; only what a component computes from its arguments is kept
6:21 missing-key: `steps` is missing in `steps[1].map`
    list at least one step under `steps:`
6:27 wrong-shape: `steps[1].map.over` is a number, expected an expression, a list or a map
    name a list or an object: `over: inputs.items`
6:35 bad-limit: `max` is `0`, expected a whole number from 1 to 1000000
    write a number from 1 to 1000000
6:54 bad-limit: `max_concurrent` is `1.5`, expected a whole number from 1 to 1024
    write a number from 1 to 1024
6:69 unknown-value: `ignore` is not a value of `on_error`
    the values are: `fail`, `skip`, `collect`
6:81 reserved-name: `loop` means something else in expressions, so no item can be called that
    for example `loop_item`
6:87 unknown-key: `map` has no key `stepz`
    did you mean `steps`?
6:100 step-kind: `with` belongs to `uses` and `pipeline`, and this step has `map`
    remove it; what the step holds can name everything around it
7:27 when-braces: `over` is an expression, and needs no `{{ }}`
    write `over: "inputs.x"`
7:49 bad-name: `My-Item` is not a name, expected lower-case letters, digits and `_`, a letter first, at most 64
    write `my_item`, since names stand in expressions like `my_item.count`
7:65 wrong-shape: `steps[2].map.steps` is empty, expected at least one step
    begin each step with `- id: …`
8:21 missing-key: `over` is missing in `steps[3].map`
    name a list or an object: `over: inputs.items`
8:26 bad-limit: `max` is `2000000`, expected a whole number from 1 to 1000000
    write a number from 1 to 1000000
8:39 wrong-shape: `steps[3].map.as` is a number, expected a string
    quote it: `"3"`
8:49 wrong-shape: `steps[3].map.steps` is a map, expected a list of steps
    begin each step with `- id: …`
9:29 step-kind: `cache` belongs to `uses`, and this step has `set`
    remove it; only what a component computes from its arguments is kept
10:62 wrong-shape: `steps[5].cache` is a string, expected `true` or `false`
    write `true` or `false` here
"##,
    );
}

#[test]
fn loops() {
    check(
        r##"steps:
  - { id: a, loop: { steps: [{ id: x, set: { n: 1 } }] } }
  - { id: b, loop: { max: -1, while: true, until: "{{ x.n }}", on_max: fail, steps: [{ id: x, set: { n: 1 } }] } }
  - { id: c, loop: { max: many, on_max: fail, steps: [{ id: x, set: { n: 1 } }] } }
  - { id: d, loop: { max: 3, on_max: never, whilst: x, steps: [{ id: x, set: { n: 1 } }] } }
  - { id: e, loop: 3 }
"##,
        r##"5:22 missing-key: `max` is missing in `steps[0].loop`
    say when it ends at the latest: `max: 10`
6:27 bad-limit: `max` is `-1`, expected a whole number from 1 to 1000000
    write a number from 1 to 1000000
6:38 wrong-shape: `steps[1].loop.while` is a boolean, expected an expression
    quote it: `while: "true"`, or leave `while` away
6:51 when-braces: `until` is an expression, and needs no `{{ }}`
    write `until: "x.n"`
7:27 wrong-shape: `steps[2].loop.max` is a string, expected a whole number
    for example `max: 1`
7:41 wrong-shape: the loop has neither `while` nor `until`, so it would always fail
    remove `on_max`, or say when the loop has done its work: `until: …`
8:38 unknown-value: `never` is not a value of `on_max`
    the values are: `fail`, `stop`
8:45 unknown-key: `loop` has no key `whilst`
    did you mean `while`?
9:20 wrong-shape: `steps[4].loop` is a number, expected a map
    for example `loop: { max: 5, steps: […] }`
"##,
    );
}

#[test]
fn cases() {
    check(
        r##"steps:
  - { id: a, switch: { cases: [] } }
  - { id: b, switch: { on: run.name, cases: [{ when: "true", steps: [{ id: x, set: { n: 1 } }] }] } }
  - { id: c, switch: { cases: [{ is: a, steps: [{ id: x, set: { n: 1 } }] }] } }
  - { id: d, switch: { on: run.name, cases: [{ is: a, when: b, steps: [{ id: x, set: { n: 1 } }] }, { steps: [{ id: x, set: { n: 1 } }] }, { is: [], steps: [{ id: x, set: { n: 1 } }] }, { is: "{{ run.id }}", steps: [{ id: x, set: { n: 1 } }] }] } }
  - { id: e, switch: { } }
  - { id: f, switch: { on: run.name, cases: { a: b }, else: x } }
  - { id: g, switch: { on: 3, cases: [{ is: a, step: [] }], default: [x] } }
"##,
        r##"5:31 wrong-shape: `steps[0].switch.cases` is empty, expected at least one case
    begin each case with `- is: …` or `- when: …`
6:24 wrong-shape: no case has `is`, so nothing is compared with `on`
    remove it, or write `is: …` in a case
7:34 missing-key: `is` compares with `on`, which is missing in `steps[2].switch`
    name the value: `on: verdict.label`, or write conditions: `when: …`
8:55 wrong-shape: a case has either `is` or `when`, and this one has both
    8:48 the other one
    put both into `when`
8:103 missing-key: `steps[3].switch.cases[1]` has neither `is` nor `when`
    say when the case applies: `is: …` or `when: …`; what is left goes to `default`
8:146 wrong-shape: `steps[3].switch.cases[2].is` is empty, so the case would never apply
    list the values: `is: [billing, refund]`
8:193 template-not-here: `is` compares with fixed values, and has no holes
    write a condition: `when: …`
9:22 missing-key: `cases` is missing in `steps[4].switch`
    list the cases under `cases:`
10:24 wrong-shape: no case has `is`, so nothing is compared with `on`
    remove it, or write `is: …` in a case
10:45 wrong-shape: `steps[5].switch.cases` is a map, expected a list of cases
    begin each case with `- is: …` or `- when: …`
10:55 unknown-key: `switch` has no key `else`
    `switch` has: `on`, `cases`, `default`
11:28 wrong-shape: `steps[6].switch.on` is a number, expected an expression
    for example `on: verdict.label`
11:41 missing-key: `steps` is missing in `steps[6].switch.cases[0]`
    list at least one step under `steps:`
11:48 unknown-key: a case has no key `step`
    did you mean `steps`?
11:70 wrong-shape: `steps[6].switch.default` is a list, expected a map
    write a map here
"##,
    );
}

#[test]
fn values_of_cases() {
    check(
        r##"inputs: { label: { type: string, enum: [billing, refund] }, n: { type: integer, minimum: 0 } }
steps:
  - { id: a, switch: { on: inputs.label, cases: [{ is: biling, steps: [{ id: x, set: { n: 1 } }] }, { is: [refund, 3], steps: [{ id: x, set: { n: 1 } }] }, { is: [null, refund], steps: [{ id: x, set: { n: 1 } }] }] } }
  - { id: b, switch: { on: inputs.n, cases: [{ is: "1", steps: [{ id: x, set: { n: 1 } }] }, { is: -1, steps: [{ id: x, set: { n: 1 } }] }] } }
  - { id: c, uses: std/text#split, with: { text: "{{ b.x.n }}", max_parts: "{{ b.x.n + 1 }}" } }
"##,
        r##"6:56 type-mismatch: expected enum { billing, refund }, found the string `biling`
    did you mean `billing`?
6:116 type-mismatch: expected enum { billing, refund }, found the number `3`
    quote it: `"3"`
6:164 type-mismatch: expected enum { billing, refund }, found null
    it is not optional; give it a value
6:170 duplicate-case: two cases are for `"refund"`
    6:108 the first one
    remove it; the first case that applies is taken
7:52 type-mismatch: expected integer from 0, found the string `1`
    write it without quotes
7:100 type-mismatch: `-1` is out of range of integer from 0
    0 or more
8:54 type-mismatch: `b.x.n` is integer 1, expected string
    make it a text: `{{ b.x.n | string }}`
8:80 optional-value: the step `b` may be skipped, and then it has no output
    7:24 skipped where no case applies
    say what to do then: `… | default('…', true)`, or skip this step too: `when: "b is defined"`
"##,
    );
}

#[test]
fn branches() {
    check(
        r##"steps:
  - { id: a, parallel: { branches: { a: { steps: [{ id: x, set: { n: 1 } }] } } } }
  - { id: b, parallel: { join: most, branches: [a, b] } }
  - { id: c, parallel: { join: { quorum: 3 }, branches: { a: { steps: [{ id: x, set: { n: 1 } }] }, B: { steps: [{ id: x, set: { n: 1 } }] } } } }
  - { id: d, parallel: { join: { quorum: 0, vote: {} }, branches: { a: { steps: [{ id: x, set: { n: 1 } }] }, b: 1 } } }
  - { id: e, parallel: { join: { vote: { tie: last, by: x } }, branches: { a: {}, b: { steps: [{ id: x, set: { n: 1 } }], out: 1 } } } }
  - { id: f, parallel: { join: quorum, steps: [] } }
  - { id: g, parallel: { join: {}, branches: { a: { steps: [{ id: x, set: { n: 1 } }] }, b: { steps: [{ id: x, set: { n: 1 } }] } }, output: "{{ branches.c }} {{ branches.a.y }}" } }
"##,
        r##"5:36 wrong-shape: `steps[0].parallel.branches` has one branch, expected at least two
    add a branch, or put the steps where this one stands
6:32 unknown-value: `most` is not a value of `join`
    the values are: `all`, `any`, `vote`
6:48 wrong-shape: `steps[1].parallel.branches` is a list, expected a map of branches
    give each branch a name: `branches: { a: { steps: […] } }`
7:42 bad-limit: `quorum` is `3`, expected a whole number from 1 to 2
    write a number from 1 to 2
7:101 bad-name: `B` is not a name, expected lower-case letters, digits and `_`, a letter first, at most 64
    write `b`, since names stand in expressions like `b.count`
8:34 wrong-shape: `steps[3].parallel.join` has both `quorum` and `vote`, expected one of them
    remove one
8:114 wrong-shape: `steps[3].parallel.branches.b` is a number, expected a map
    write a map here
9:47 unknown-value: `last` is not a value of `tie`
    the values are: `fail`, `first`
9:53 unknown-key: `vote` has no key `by`
    `vote` has: `tie`
9:79 missing-key: `steps` is missing in `steps[4].parallel.branches.a`
    list at least one step under `steps:`
9:123 unknown-key: a branch has no key `out`
    a branch has: `output`, `steps`
10:26 missing-key: `branches` is missing in `steps[5].parallel`
    name at least two: `branches: { a: …, b: … }`
10:32 unknown-value: `quorum` needs a number
    write how many branches are enough: `join: { quorum: 2 }`
10:40 unknown-key: `parallel` has no key `steps`
    `parallel` has: `join`, `branches`, `output`
11:32 missing-key: `steps[6].parallel.join` has neither `quorum` nor `vote`
    write `all`, `any`, `{ quorum: 2 }` or `{ vote: { tie: fail } }`
11:155 unknown-field: `branches` has no field `c`
    it has: `a`, `b`
11:174 unknown-field: `branches.a` has no field `y`
    it has: `x`
"##,
    );
}

#[test]
fn people_and_time() {
    check(
        r##"steps:
  - { id: a, approve: "Publish?" }
  - { id: b, approve: { show: x, on_reject: stop } }
  - { id: c, approve: { message: 3, who: me } }
  - { id: d, approve: { message: "{{ e }}" } }
  - { id: e, wait: 5 }
  - { id: f, wait: 0s }
  - { id: g, wait: { signal: Paid Now } }
  - { id: h, wait: { signal: "{{ run.id }}", for: 3s } }
  - { id: i, wait: {} }
  - { id: j, wait: [5m] }
  - { id: k, wait: 99999d }
  - { id: l, wait: 5m, with: { a: 1 } }
"##,
        r##"5:23 wrong-shape: `steps[0].approve` is a string, expected a map
    for example `approve: { message: "Publish it?" }`
6:25 missing-key: `message` is missing in `steps[1].approve`
    say what is asked: `message: "Publish it?"`
6:45 unknown-value: `stop` is not a value of `on_reject`
    the values are: `fail`, `continue`
7:34 wrong-shape: `steps[2].approve.message` is a number, expected a string
    quote it: `"3"`
7:37 unknown-key: `approve` has no key `who`
    `approve` has: `message`, `show`, `on_reject`
9:20 bad-limit: `5` is not a value of `wait`, expected a number with a unit: `ms`, `s`, `m`, `h` or `d`
    for example `wait: 30s`
10:20 bad-limit: `wait` is `0s`, expected more than zero
    for example `wait: 30s`
11:30 bad-name: `Paid Now` is not the name of a signal, expected lower-case letters, digits and `_`, a letter first, at most 64
    for example `wait: { signal: paid }`
12:30 template-not-here: `steps[7].wait.signal` has no holes, since it is read before the run begins
    write it out; to choose while the run goes on, use `switch`
12:46 unknown-key: `wait` has no key `for`
    `wait` has: `signal`
13:20 missing-key: `signal` is missing in `steps[8].wait`
    name what is waited for: `wait: { signal: paid }`
14:20 wrong-shape: `steps[9].wait` is a list, expected a duration
    for example `wait: 30s`
15:20 bad-limit: `wait` is `99999d`, which is too large
    for example `wait: 30s`
16:24 step-kind: `with` belongs to `uses` and `pipeline`, and this step has `wait`
    remove it
"##,
    );
}
