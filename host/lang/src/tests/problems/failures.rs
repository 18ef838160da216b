//! What is said about failures: retries, timeouts, fallbacks.

use super::check;

#[test]
fn what_a_failure_does() {
    check(
        r##"steps:
  - { id: a, set: { n: 1 }, retry: 3, timeout: 30, fallback: 0, on_error: ignore }
  - { id: b, set: { n: 1 }, retry: { max: 0, backoff: expo, delay: 5, on: transient } , timeout: -3s }
  - { id: c, set: { n: 1 }, retry: { max: 101, delay: 3m, max_delay: 2m, on: [transient, guest.eror, 3], jitter: true }, timeout: [1] }
  - { id: d, set: { n: 1 }, retry: { backoff: linear, on: [] }, fallback: { value: 1, uses: std/text#stats } }
  - { id: e, set: { n: 1 }, fallback: { with: { a: 1 } } }
  - { id: f, set: { n: 1 }, fallback: {} }
  - { id: g, set: { n: 1 }, fallback: { uses: std/text#stats, with: { txt: 1 } }, on_error: contineu }
  - { id: h, set: { n: 1 }, fallback: { valeu: 1 } }
  - { id: i, set: { n: 1 }, fallback: { value: "{{ i.n }}" } }
  - { id: j, set: { n: 1 }, fallback: { uses: acme/note, with: { text: x } } }
"##,
        r##"5:36 wrong-shape: `steps[0].retry` is a number, expected a map
    for example `retry: { max: 3 }`
5:48 bad-limit: `30` is not a value of `timeout`, expected a number with a unit: `ms`, `s`, `m`, `h` or `d`
    for example `timeout: 30s`
5:62 wrong-shape: `steps[0].fallback` is a number, expected a map
    for example `fallback: { value: null }`
5:75 unknown-value: `ignore` is not a value of `on_error`
    the values are: `fail`, `continue`
6:43 bad-limit: `max` is `0`, expected a whole number from 1 to 100
    write a number from 1 to 100
6:55 unknown-value: `expo` is not a value of `backoff`
    the values are: `constant`, `linear`, `exponential`
6:68 bad-limit: `5` is not a value of `delay`, expected a number with a unit: `ms`, `s`, `m`, `h` or `d`
    for example `delay: 30s`
6:75 wrong-shape: `steps[1].retry.on` is a string, expected a list of failures
    for example `on: [transient, guest.error]`
6:98 bad-limit: `-3s` is not a value of `timeout`, expected a number with a unit: `ms`, `s`, `m`, `h` or `d`
    for example `timeout: 30s`
7:43 bad-limit: `max` is `101`, expected a whole number from 1 to 100
    write a number from 1 to 100
7:70 bad-limit: `max_delay` is shorter than `delay`
    raise it, or lower `delay`
7:90 unknown-value: there is no failure `guest.eror`
    did you mean `guest.error`?
7:102 wrong-shape: `steps[2].retry.on[2]` is a number, expected a string
    quote it: `"3"`
7:106 unknown-key: `retry` has no key `jitter`
    `retry` has: `max`, `backoff`, `delay`, `max_delay`, `on`
7:131 wrong-shape: `steps[2].timeout` is a list, expected a duration
    for example `timeout: 30s`
8:38 missing-key: `max` is missing in `steps[3].retry`
    say how often: `max: 3`
8:59 wrong-shape: `steps[3].retry.on` is empty, so nothing would be tried again
    name failures: `on: [transient]`, or remove `retry`
8:87 step-kind: a fallback has either `value` or `uses`, and this one has both
    8:77 the other one
    remove one of them
9:41 step-kind: `with` belongs to `uses`, and this fallback has none
    add `uses: …`, or write the value itself: `value: …`
10:39 missing-key: `steps[5].fallback` has neither `value` nor `uses`
    say what takes the place of the output: `fallback: { value: null }`
11:71 unknown-param: `std/text#stats` has no parameter `txt`
    did you mean `text`? it is missing, and needed
11:93 unknown-value: `contineu` is not a value of `on_error`
    did you mean `continue`?
12:41 missing-key: `steps[7].fallback` has neither `value` nor `uses`
    say what takes the place of the output: `fallback: { value: null }`
12:41 unknown-key: `fallback` has no key `valeu`
    did you mean `value`?
13:52 self-reference: the step `i` uses its own output, which it doesn't have yet
    use the output of another step
14:47 capability-not-granted: `acme/note` needs the capability `log`, which the pipeline's `caps` does not grant
    if that is intended, add `caps: { log: true }` to the pipeline
"##,
    );
}

#[test]
fn outputs_of_steps_that_may_fail() {
    check(
        r##"steps:
  - { id: a, uses: std/text#stats, with: { text: x }, on_error: continue }
  - { id: t, uses: std/text#split, with: { text: "{{ a.word_count }} words", max_parts: "{{ a.word_count + 1 }}" } }
  - { id: m, map: { over: a.counts, steps: [{ id: x, set: { n: 1 } }] } }
  - id: u
    uses: std/text#split
    with: { text: "{{ m }}" }
  - { id: v, uses: std/text#stats, with: { text: x }, fallback: { value: null } }
  - { id: w, uses: std/text#split, with: { text: x, max_parts: "{{ v.word_count }}" } }
"##,
        r##"6:54 optional-value: the step `a` may fail, and then it has no output
    5:65 the run goes on without it
    say what to do then: `… | default('…', true)`, or skip this step too: `when: "a is defined"`
6:93 optional-value: the step `a` may fail, and then it has no output
    5:65 the run goes on without it
    say what to do then: `… | default('…', true)`, or skip this step too: `when: "a is defined"`
7:27 optional-value: the step `a` may fail, and then it has no output
    5:65 the run goes on without it
    say what to do then: `… | default('…', true)`, or skip this step too: `when: "a is defined"`
10:23 type-mismatch: `m` is list<record { x }>, expected string
    take an item: `m[0]`
12:70 optional-value: `v` may be null, so it has no certain field `word_count`
    say what to do then: `… | default('…', true)`
"##,
    );
}
