//! Keys, shapes, names, limits and schemas.

use super::{check, check_whole};

#[test]
fn the_top_of_the_file() {
    check_whole(
        r##"- a
- b
"##,
        r##"1:1 wrong-shape: the file is a list, expected a map
    write a map here
"##,
    );
    check_whole(
        r##"just text
"##,
        r##"1:1 wrong-shape: the file is a string, expected a map
    write a map here
"##,
    );
    check_whole(
        r##"apiVersion: coldframe/v1
"##,
        r##"1:1 missing-key: `kind` is missing
    write `kind: Pipeline`
1:1 missing-key: `metadata` is missing
    write `metadata: { name: my-pipeline }`
1:1 missing-key: `steps` is missing
    list at least one step under `steps:`
"##,
    );
    check_whole(
        r##"kind: System
"##,
        r##"1:1 missing-key: `apiVersion` is missing
    begin the file with `apiVersion: coldframe/v1`
1:7 unsupported-kind: `kind: System` is not supported yet by this version: nothing would use it
    remove the document; nothing is ignored silently
"##,
    );
    check_whole(
        r##"apiVersion: 1
kind: [Pipeline]
metadata: nothing
steps: []
"##,
        r##"1:13 wrong-shape: `apiVersion` is a number, expected a string
    quote it: `"1"`
2:7 wrong-shape: `kind` is a list, expected a string
    write a string here
3:11 wrong-shape: `metadata` is a string, expected a map
    write a map here
4:8 wrong-shape: `steps` is empty, expected at least one step
    begin each step with `- id: …`
"##,
    );
    check(
        r##"steps:
  - id: words
    uses: std/text#stats
    with: { text: "hi" }
polices: []
policies: []
"##,
        r##"8:1 unknown-key: a pipeline has no key `polices`
    did you mean `policies`?
"##,
    );
    check_whole(
        r##"apiVersion: coldframe/v1
kind: Pipeline
metadata: { name: My Flow, version: 1.4, descripton: x }
steps:
  - id: words
    uses: std/text#stats
    with: { text: "hi" }
"##,
        r##"3:19 bad-name: `My Flow` is not a pipeline's name, expected lower-case letters, digits and single `-`, a letter first, at most 64
    for example `ticket-triage`
3:37 wrong-shape: `metadata.version` is a number, expected three numbers
    for example `1.4.0`
3:42 unknown-key: `metadata` has no key `descripton`
    did you mean `description`?
"##,
    );
    check(
        r##"inputs: [a]
limits: 3
caps: all
outputs: text
steps: 3
"##,
        r##"4:9 wrong-shape: `inputs` is a list, expected a map
    write a map here
5:9 wrong-shape: `limits` is a number, expected a map
    write a map here
6:7 wrong-shape: `caps` is a string, expected a map
    write a map here
7:10 wrong-shape: `outputs` is a string, expected a map
    write a map here
8:8 wrong-shape: `steps` is a number, expected a list of steps
    begin each step with `- id: …`
"##,
    );
}

#[test]
fn steps_of_the_wrong_shape() {
    check(
        r##"steps:
  - just text
  - { id: 3, set: { n: 1 } }
  - { id: ok, set: [1] }
"##,
        r##"5:5 wrong-shape: `steps[0]` is a string, expected a map
    write a map here
6:11 wrong-shape: `steps[1].id` is a number, expected a string
    quote it: `"3"`
7:20 wrong-shape: `steps[2].set` is a list, expected a map
    write a map here
"##,
    );
    check(
        r##"steps:
  - { id: Count-Words, set: { my-value: 1 } }
"##,
        r##"5:11 bad-name: `Count-Words` is not a name, expected lower-case letters, digits and `_`, a letter first, at most 64
    write `count_words`, since names stand in expressions like `count_words.count`
5:31 bad-name: `my-value` is not a name, expected lower-case letters, digits and `_`, a letter first, at most 64
    write `my_value`, since names stand in expressions like `my_value.count`
"##,
    );
    check(
        r##"steps:
  - { id: if, set: { n: 1 } }
  - { id: item, set: { n: 1 } }
  - { id: totals, set: { n: 1 } }
  - { id: events, set: { n: "{{ steps.item }}" } }
"##,
        r##"5:11 reserved-name: `if` means something else in expressions, so no step can be called that
    for example `if_step`
6:11 reserved-name: `item` means something else in expressions, so no step can be called that
    for example `item_step`
7:11 reserved-name: `totals` means something else in expressions, so no step can be called that
    for example `totals_step`
8:11 reserved-name: `events` means something else in expressions, so no step can be called that
    for example `events_step`
8:33 unknown-name: there is no step or value `steps`
    `steps` is there in the `assert` of a test; here, name a step by its id
"##,
    );
    check(
        r##"steps:
  - { id: a, jit: { goal: x }, policies: [] }
"##,
        r##"5:14 unsupported-key: `jit` is not supported yet by this version
    remove it; nothing is ignored silently
5:32 unsupported-key: `policies` is not supported yet by this version
    remove it; nothing is ignored silently
"##,
    );
    check(
        r##"steps:
  - { id: a, set: { n: 1 }, with: { x: 1 }, uses: std/text#stats }
  - { id: b, set: { n: 1 }, with: { x: 1 } }
  - { id: c, needs: { a: b }, when: true, set: { n: 1 } }
"##,
        r##"5:45 step-kind: a step does one thing, and this one has `set` and `uses`
    5:14 the other one
    make two steps of it; each has one of `uses`, `set`, `map`, `loop`, `switch`, `parallel`, `pipeline`, `approve`, `wait` or `macro`
6:29 step-kind: `with` belongs to `uses` and `pipeline`, and this step has `set`
    move its values into `set`
7:21 wrong-shape: `steps[2].needs` is a map, expected the id of a step or a list of them
    write the id of a step or a list of them here
7:37 wrong-shape: `steps[2].when` is a boolean, expected an expression
    quote it: `when: "true"`, or leave `when` away
"##,
    );
    check(
        r##"steps:
  - { id: a, uses: std/text#split, with: [x] }
"##,
        r##"5:42 wrong-shape: `steps[0].with` is a list, expected a map of arguments
    write `with: { name: value }`
"##,
    );
    check(
        r##"steps:
  - { id: a, set: { n: 1 } }
  - { id: a, set: { n: 2 } }
  - { id: a, set: { n: 3 } }
"##,
        r##"6:11 duplicate-id: two steps are called `a`
    5:11 the first one
    give one of them another id
7:11 duplicate-id: two steps are called `a`
    5:11 the first one
    give one of them another id
"##,
    );
}

#[test]
fn limits_that_are_none_or_too_high() {
    check(
        r##"limits: { fuel: 2.5, wall: 3 days, cost_usd: 0.0000000001, memory: 0, time: 3s }
steps:
  - id: words
    uses: std/text#stats
    with: { text: "hi" }
"##,
        r##"4:17 bad-limit: `fuel` is `2.5`, which is finer than one unit of fuel
    for example `fuel: 2e9`
4:28 bad-limit: `3 days` is not a value of `wall`, expected a number with a unit: `ms`, `s`, `m` or `h`
    for example `wall: 30s`
4:46 bad-limit: `cost_usd` is `0.0000000001`, which is finer than a nano-dollar
    for example `cost_usd: 0.05`
4:68 bad-limit: `memory` is `0`, expected more than zero
    for example `memory: 64MiB`
4:71 unknown-key: there is no limit `time`
    the limits are: `fuel`, `wall`, `cost_usd`, `memory`, `net_bytes`, `tokens`, `retries`, `call_fuel`, `call_wall`, `call_memory` and 33 more
"##,
    );
    check(
        r##"limits: { fuel: 1e6, wall: 1s, cost_usd: 0.01, memory: 1MiB }
steps:
  - id: words
    uses: std/text#stats
    with: { text: "hi" }
    limits: { fuel: 1000001, wall: 1001ms, cost_usd: 0.02, memory: 1048577 }
"##,
        r##"9:21 limit-exceeds: the step's `fuel` is more than the pipeline's
    4:17 the pipeline's
    lower it, or raise the pipeline's
9:36 limit-exceeds: the step's `wall` is more than the pipeline's
    4:28 the pipeline's
    lower it, or raise the pipeline's
9:54 limit-exceeds: the step's `cost_usd` is more than the pipeline's
    4:42 the pipeline's
    lower it, or raise the pipeline's
9:68 limit-exceeds: the step's `memory` is more than the pipeline's
    4:56 the pipeline's
    lower it, or raise the pipeline's
"##,
    );
    check(
        r##"limits: { fuel: [1], wall: true }
steps:
  - id: words
    uses: std/text#stats
    with: { text: "hi" }
"##,
        r##"4:17 wrong-shape: `limits.fuel` is a list, expected a number or a text such as `30s`
    write a number or a text such as `30s` here
4:28 wrong-shape: `limits.wall` is a boolean, expected a number or a text such as `30s`
    write a number or a text such as `30s` here
"##,
    );
}

#[test]
fn schemas_of_inputs() {
    check(
        r##"inputs: { a: txt, b: { type: string, maxLenght: 3 }, c: { $ref: "#" }, d: 3, e-f: string }
steps:
  - id: words
    uses: std/text#stats
    with: { text: "hi" }
"##,
        r##"4:14 bad-schema: `txt` is not a type of inputs
    the types are: `string`, `integer`, `number`, `boolean`, `object`, `array`, `null`
4:38 unknown-key: JSON Schema has no keyword `maxLenght`
    did you mean `maxLength`?
4:59 unsupported-key: the keyword `$ref` is not supported in inputs
    write the schema out
4:75 wrong-shape: `inputs.d` is a number, expected a type or a JSON Schema
    for example `text: string` or `text: { type: string, maxLength: 2000 }`
4:78 bad-name: `e-f` is not a name, expected lower-case letters, digits and `_`, a letter first, at most 64
    write `e_f`, since names stand in expressions like `e_f.count`
"##,
    );
    check(
        r##"inputs: { a: { type: object, properties: { x: { typ: string } } }, b: { anyOf: [{ minimun: 1 }] }, c: { pattern: "(a)\\1" }, d: { type: integer, minimum: 3, default: 2 } }
steps:
  - id: words
    uses: std/text#stats
    with: { text: "hi" }
"##,
        r##"4:49 unknown-key: JSON Schema has no keyword `typ`
    did you mean `type`?
4:83 unknown-key: JSON Schema has no keyword `minimun`
    did you mean `minimum`?
4:105 bad-schema: `inputs.c` is not a JSON Schema: at `/pattern`: "(a)\\1" is not a "regex"
    for example `{ type: string, maxLength: 2000 }`
4:167 bad-default: the default is not a value of `inputs.d`: it is less than the minimum of 3
    change the default or the schema
"##,
    );
}
