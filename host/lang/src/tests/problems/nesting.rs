//! Steps in steps: names, circles, types and rights across blocks.

use super::check;

#[test]
fn names_in_blocks() {
    check(
        r##"steps:
  - id: gather
    parallel:
      branches:
        a: { steps: [{ id: x, set: { n: 1 } }] }
        b: { steps: [{ id: y, needs: x, set: { n: "{{ x.n }}", m: "{{ gather.a }}", b: "{{ branches.a }}" } }] }
  - { id: after, needs: [y, gather], set: { n: "{{ x.n }}", i: "{{ index }}", it: "{{ item }}", l: "{{ loop.index }}", b: "{{ branches }}" } }
  - id: m
    map:
      over: x.list
      as: entry
      steps: [{ id: z, needs: m, set: { n: "{{ item }}", i: "{{ entyr }}" } }]
      output: "{{ z.m }}"
  - id: l
    loop:
      state: "{{ loop.index }}"
      while: k.n
      max: 2
      steps: [{ id: k, set: { n: "{{ l.state }}" } }]
      next: "{{ kk.n }}"
outputs: { z: "{{ z.n }}", i: "{{ entry }}" }
"##,
        r##"9:38 unknown-step: there is no step `x`
    `x` is in another block of `gather`, and these don't see each other; move it in front of `gather`
9:55 unknown-name: there is no step or value `x`
    `x` is in another block of `gather`, and these don't see each other; move it in front of `gather`
9:71 self-reference: `gather` holds this step, and has no output before this step has one
    use the output of another step; what an iteration hands to the next is `loop.state`
9:92 unknown-name: there is no step or value `branches`
    `branches` is there in the `output` of a `parallel`
10:26 unknown-step: there is no step `y`
    `y` is inside `gather`; use what `gather` comes to
10:52 unknown-name: there is no step or value `x`
    `x` is inside `gather`; use what `gather` comes to
10:68 unknown-name: there is no step or value `index`
    `index` is there inside of a `map` or `loop`
10:87 unknown-name: there is no step or value `item`
    `item` is there inside of a `map`
10:104 unknown-name: there is no step or value `loop`
    `loop` is there inside of a `loop`, and in its `while`, `until` and `next`
10:127 unknown-name: there is no step or value `branches`
    `branches` is there in the `output` of a `parallel`
13:13 unknown-name: there is no step or value `x`
    `x` is inside `gather`; use what `gather` comes to
15:31 self-reference: the step needs `m`, which holds it
    remove it
15:48 unknown-name: there is no step or value `item`
    the item is called `entry` here
15:65 unknown-name: there is no step or value `entyr`
    did you mean `entry`?
16:21 unknown-field: `z` has no field `m`
    it has: `n`, `i`
19:18 unknown-name: there is no step or value `loop`
    `loop` is there inside of a `loop`, and in its `while`, `until` and `next`
20:14 unknown-name: there is no step or value `k`
    `k` is inside `l`; use what `l` comes to
22:38 self-reference: `l` holds this step, and has no output before this step has one
    use the output of another step; what an iteration hands to the next is `loop.state`
23:17 unknown-name: there is no step or value `kk`
    there are: `k`, `after`, `gather`, `m`, `inputs`, `run`
24:19 unknown-name: there is no step or value `z`
    `z` is inside `m`; use what `m` comes to
24:35 unknown-name: there is no step or value `entry`
    there are: `after`, `gather`, `l`, `m`, `inputs`, `run`
"##,
    );
}

#[test]
fn ids_that_are_taken() {
    check(
        r##"steps:
  - id: a
    map:
      over: [1]
      as: it
      steps:
        - { id: a, set: { n: 1 } }
        - { id: b, set: { n: 1 } }
        - { id: it, set: { n: 1 } }
        - { id: c, set: { n: 1 } }
        - { id: c, set: { n: 1 } }
        - { id: d, map: { over: [1], as: it, steps: [{ id: b, set: { n: 1 } }] } }
        - { id: e, map: { over: [1], as: c, steps: [{ id: f, set: { n: 1 } }] } }
  - { id: b, set: { n: 1 } }
"##,
        r##"10:17 duplicate-id: a step in a block around this step is called `a` too
    5:9 that one
    give one of them another id
11:17 duplicate-id: a step in a block around this step is called `b` too
    17:11 that one
    give one of them another id
12:17 duplicate-id: an item around this step is called `it` too
    8:11 that one
    give one of them another id
14:17 duplicate-id: two steps are called `c`
    13:17 the first one
    give one of them another id
15:42 duplicate-id: `it` is the id of a step too
    12:17 that one
    give one of them another id
15:60 duplicate-id: a step in a block around this step is called `b` too
    11:17 that one
    give one of them another id
16:42 duplicate-id: `c` is the id of a step too
    13:17 that one
    give one of them another id
"##,
    );
}

#[test]
fn circles_across_blocks() {
    check(
        r##"steps:
  - { id: a, map: { over: [1], steps: [{ id: x, set: { n: "{{ b.n }}" } }] } }
  - { id: b, set: { n: "{{ a }}" } }
"##,
        r##"5:63 cycle: the steps wait for each other: `a -> b -> a`
    6:28 `b` waits for `a`
    remove one of the references; each step can only use what is done before it
"##,
    );
}

#[test]
fn types_in_blocks() {
    check(
        r##"inputs: { n: integer, s: string, maybe: { type: object, properties: { l: { type: array, items: { type: integer } } } } }
steps:
  - { id: a, map: { over: inputs.n, steps: [{ id: x, set: { n: 1 } }] } }
  - { id: b, map: { over: inputs.maybe.l, steps: [{ id: x, set: { n: "{{ item.foo }}" } }] } }
  - { id: c, map: { over: [{ k: 1 }, { k: 2 }], steps: [{ id: x, set: { n: "{{ item.j }}" } }, { id: y, uses: std/text#split, with: { text: "{{ item.k }}" } }] } }
  - { id: d, map: { over: { k: 1 }, on_error: collect, steps: [{ id: x, set: { n: "{{ item.val }}" } }] } }
  - { id: e, set: { a: "{{ d.k.x }}", b: "{{ c.x }}", d: "{{ c[0].z }}" } }
  - id: f
    loop:
      state: { text: "", n: 0 }
      max: 2
      steps: [{ id: x, set: { t: "{{ loop.state.txt }}", n: "{{ loop.stat }}" } }]
      next: { text: 3, m: 1 }
  - { id: g, loop: { state: { n: 0 }, while: "x", max: 2, steps: [{ id: x, set: { t: 1 } }], next: { n: "{{ x.t }}" } } }
  - { id: h, set: { n: "{{ f.ended }}", l: "{{ f.last.y }}" } }
  - { id: i, parallel: { join: any, branches: { a: { steps: [{ id: x, set: { n: 1 } }] }, b: { steps: [{ id: x, set: { n: hi } }] } } } }
  - { id: j, set: { a: "{{ i.a }}", b: "{{ i.value.x.m }}" } }
"##,
        r##"6:27 type-mismatch: `inputs.n` is integer, expected a list or an object
    name a list or an object, or make a list in an expression: `text | split(',')`
7:27 optional-value: `inputs.maybe.l` may be null, expected a list or an object
    say what to use then: `inputs.maybe.l | default([], true)`
8:85 unknown-field: `item` has no field `j`
    it has: `k`
8:145 type-mismatch: `item.k` is integer from 1 to 2, expected string
    make it a text: `{{ item.k | string }}`
9:92 unknown-field: `item` has no field `val`
    it has: `key`, `value`
10:32 unknown-field: `d.k` has no field `x`
    it has: `ok`, `error`
10:48 unknown-field: `c` is a list, and lists have no fields
    take an item: `c[0]`, or a filter: `c | length`
10:67 unknown-field: `c[0]` has no field `z`
    it has: `x`, `y`
15:49 unknown-field: `loop.state` has no field `txt`
    did you mean `text`?
15:70 unknown-field: `loop` has no field `stat`
    did you mean `state`?
16:13 type-mismatch: the field `n` is missing: integer
    add `n: …`
16:21 type-mismatch: expected string, found the number `3`
    quote it: `"3"`
16:24 type-mismatch: there is no field `m`
    the fields are: `text`, `n`
17:47 unknown-name: there is no step or value `x`
    `x` is inside `a`; use what `a` comes to
18:30 unknown-field: `f` has no field `ended`
    it has: `state`, `count`, `ended_by`, `last`
18:55 unknown-field: `f.last` has no field `y`
    it has: `x`
20:30 unknown-field: `i` has no field `a`
    it has: `branch`, `value`
20:54 unknown-field: `i.value.x` has no field `m`
    it has: `n`
"##,
    );
}

#[test]
fn items_and_what_may_be_null() {
    check(
        r##"steps:
  - { id: g, uses: acme/types#give }
  - { id: a, map: { over: g.text, steps: [{ id: x, set: { n: 1 } }] } }
  - { id: b, map: { over: g.outcome, steps: [{ id: x, set: { n: 1 } }] } }
  - { id: w, uses: std/text#stats, with: { text: x } }
  - { id: c, map: { over: w.language, steps: [{ id: x, set: { n: 1 } }] } }
  - { id: v, when: "g.flag", set: { l: [1] } }
  - { id: d, map: { over: v.l, steps: [{ id: x, set: { n: 1 } }] } }
  - { id: e, map: { over: g.names, steps: [{ id: x, uses: acme/types#take, with: { tiny: "{{ item }}" } }] } }
  - { id: f, parallel: { join: { quorum: 1 }, branches: { a: { steps: [{ id: x, set: { n: 1 } }] }, b: { steps: [{ id: x, set: { n: 1 } }] } }, output: "{{ branches.a.x.n }}" } }
"##,
        r##"6:27 type-mismatch: `g.text` is string, expected a list or an object
    name a list or an object, or make a list in an expression: `text | split(',')`
7:27 type-mismatch: `g.outcome` is result<u32, null>, expected a list or an object
    name a list or an object, or make a list in an expression: `text | split(',')`
9:27 type-mismatch: `w.language` is option<string>, expected a list or an object
    name a list or an object, or make a list in an expression: `text | split(',')`
11:27 optional-value: the step `v` may be skipped, and then it has no output
    10:20 skipped when this is not true
    say what to do then: `… | default('…', true)`, or skip this step too: `when: "v is defined"`
12:94 type-mismatch: `item` is string, expected u8
    convert it in an expression; the type of those is checked when the step starts
13:168 optional-value: `branches.a` may be null, so it has no certain field `x`
    say what to do then: `… | default('…', true)`
"##,
    );
}

#[test]
fn rights_in_blocks() {
    check(
        r##"caps: { log: true, http: ["GET https://a.org/**"] }
limits: { fuel: 1e6, wall: 1m }
steps:
  - id: m
    caps: { http: ["GET https://a.org/**"] }
    limits: { fuel: 1e5 }
    map:
      over: [1]
      steps:
        - { id: a, uses: acme/note, with: { text: x } }
        - { id: b, caps: { log: true }, limits: { fuel: 2e5, wall: 2m }, uses: std/web, with: { url: x } }
        - { id: c, pipeline: ./rights.yml }
  - { id: d, caps: {}, limits: { wall: 1s }, pipeline: ./rights.yml }
  - { id: e, uses: acme/note, with: { text: x }, cache: true }
"##,
        r##"13:26 capability-not-granted: `acme/note` needs the capability `log`, which `steps[0].caps` does not grant
    if that is intended, add `log: true` to `steps[0].caps`
14:33 caps-too-wide: the step grants `log`, which `m` does not
    a step can only narrow what `m` grants: widen its `caps`, or narrow this
14:57 limit-exceeds: the step's `fuel` is more than that of `m`
    9:21 that of `m`
    lower it, or raise that of `m`
14:68 limit-exceeds: the step's `wall` is more than the pipeline's
    5:28 the pipeline's
    lower it, or raise the pipeline's
14:80 capability-not-granted: `std/web` needs the capability `http`, which `steps[0].map.steps[1].caps` does not grant
    if that is intended, add `http: ["GET https://api.example.com/**"]` to `steps[0].map.steps[1].caps`
15:30 caps-too-wide: `./rights.yml` grants `log`, which `m` does not
    8:13 what `m` grants
    if that is intended, widen the `caps` of `m`; else narrow those of that file
15:30 limit-exceeds: the `fuel` of `./rights.yml` is more than that of `m`
    9:21 that of `m`
    lower it, or raise that of `m`
16:56 caps-too-wide: `./rights.yml` grants `http: GET https://a.org/**`, which `d` does not
    16:20 what `d` grants
    if that is intended, widen the `caps` of `d`; else narrow those of that file
16:56 caps-too-wide: `./rights.yml` grants `log`, which `d` does not
    16:20 what `d` grants
    if that is intended, widen the `caps` of `d`; else narrow those of that file
16:56 limit-exceeds: the `wall` of `./rights.yml` is more than that of `d`
    16:40 that of `d`
    lower it, or raise that of `d`
17:57 cache-impure: `acme/note` imports `coldframe:host/log@0.1.0`, so equal calls may give different results
    17:20 the skill
    remove `cache`; only what a component computes from its arguments is kept
"##,
    );
}
