//! Types along the edges.

use super::check;

#[test]
fn parameters() {
    check(
        r##"steps:
  - { id: a, uses: std/text#split, with: { txt: x, "max-parts": 3 } }
"##,
        r##"5:44 unknown-param: `std/text#split` has no parameter `txt`
    did you mean `text`? it is missing, and needed
5:52 unknown-param: `std/text#split` has no parameter `max-parts`
    did you mean `max_parts`?
"##,
    );
}

#[test]
fn literals_against_every_type() {
    check(
        r##"steps:
  - id: t
    uses: acme/types#take
    with:
      { flag: yes, tiny: 256, wide: "18446744073709551616", whole: 1.0, ratio: a, rough: 1e300, letter: ab, text: 5, raw: "a?" }
"##,
        r##"8:15 type-mismatch: expected bool, found the string `yes`
    write `true`
8:26 type-mismatch: `256` is out of range of u8
    from 0 to 255
8:37 type-mismatch: `18446744073709551616` is out of range of u64
    from 0 to 18446744073709551615
8:68 type-mismatch: expected s32, found the number `1.0`
    write it without a point and exponent
8:80 type-mismatch: expected f64, found the string `a`
    write a number
8:90 type-mismatch: `1e300` is out of range of f32
    up to 3.4028235e38 in size
8:105 type-mismatch: expected one character, found 2
    write one character; for a longer text choose another parameter
8:115 type-mismatch: expected string, found the number `5`
    quote it: `"5"`
8:123 type-mismatch: `a?` is not base64
    bytes are written in base64, with `+`, `/` and `=`
"##,
    );
    check(
        r##"steps:
  - id: t
    uses: acme/types#take
    with:
      { names: a, pair: [1], point: { x: 1, z: 2 }, color: blue, shape: circle, rights: [red, write], outcome: { ok: a }, extra: 3 }
"##,
        r##"8:16 type-mismatch: expected list<string>, found the string `a`
    write a list: `[…]`
8:25 type-mismatch: expected 2 items, found 1
    write tuple<u32, string>
8:37 type-mismatch: the field `y_pos` is missing: s32
    add `y_pos: …`
8:45 type-mismatch: there is no field `z`
    the fields are: `x`, `y_pos`, `label`
8:60 type-mismatch: expected enum { red, dark_blue }, found the string `blue`
    it is one of: `red`, `dark_blue`
8:73 type-mismatch: the case `circle` needs a value: f64
    write `{ circle: … }`
8:90 type-mismatch: expected enum { read, write }, found the string `red`
    did you mean `read`?
8:118 type-mismatch: expected u32, found the string `a`
    write a number
8:130 type-mismatch: expected record { some }, found the number `3`
    write a map with `some`
"##,
    );
    check(
        r##"steps:
  - id: t
    uses: acme/types#take
    with:
      { names: [a, 1], pair: [a, 1], point: [1], color: dark-blue, shape: { no_shape: 1 }, rights: read, outcome: ok, extra: { some: 3, more: 4 } }
"##,
        r##"8:20 type-mismatch: expected string, found the number `1`
    quote it: `"1"`
8:31 type-mismatch: expected u32, found the string `a`
    write a number
8:34 type-mismatch: expected string, found the number `1`
    quote it: `"1"`
8:45 type-mismatch: expected record { x, y_pos, label }, found a list
    write a map with `x`, `y_pos`, `label`
8:57 type-mismatch: expected enum { red, dark_blue }, found the string `dark-blue`
    did you mean `dark_blue`?
8:75 type-mismatch: the case `no_shape` has no value
    write `no_shape` alone
8:100 type-mismatch: expected flags { read, write }, found the string `read`
    write a list: `[read]`
8:115 type-mismatch: expected result<u32, null>, found the string `ok`
    write `{ ok: … }` or `{ error: … }`
8:137 type-mismatch: there is no field `more`
    the fields are: `some`
"##,
    );
    check(
        r##"steps:
  - id: t
    uses: acme/types#take
    with:
      { shape: { oval: 1 }, point: { x: "{{ 1 }}", y_pos: "a{{ 1 }}", label: null }, outcome: { ok: 1, error: null }, flag: null }
"##,
        r##"8:16 type-mismatch: there is no case `oval`
    the cases are: `circle`, `no_shape`
8:59 type-mismatch: expected s32, found a string
    a hole with text around it makes a string; write the hole alone
8:95 type-mismatch: expected one case with its value, found 2 keys
    the cases are `ok`, `error`
"##,
    );
}

#[test]
fn paths_through_typed_values() {
    check(
        r##"steps:
  - id: g
    uses: acme/types#give
  - id: t
    uses: acme/types#take
    with:
      { tiny: "{{ g.wide }}", wide: "{{ g.tiny }}", whole: "{{ g.tiny }}", ratio: "{{ g.whole }}", rough: "{{ g.ratio }}", text: "{{ g.tiny }}", raw: "{{ g.text }}", names: "{{ g.text }}" }
"##,
        r##"10:19 type-mismatch: `g.wide` is u64, expected u8
    convert it in an expression; the type of those is checked when the step starts
10:111 type-mismatch: `g.ratio` is f64, expected f32
    convert it in an expression; the type of those is checked when the step starts
10:134 type-mismatch: `g.tiny` is u8, expected string
    make it a text: `{{ g.tiny | string }}`
10:155 type-mismatch: `g.text` is string, expected list<u8>
    bytes are base64 texts: encode the text in a step, or declare the input with `contentEncoding: base64`
10:178 type-mismatch: `g.text` is string, expected list<string>
    make it a list: `["{{ g.text }}"]`
"##,
    );
    check(
        r##"steps:
  - id: g
    uses: acme/types#give
  - id: t
    uses: acme/types#take
    with:
      { text: "{{ g.names }}", point: "{{ g.names }}", color: "{{ g.text }}", shape: "{{ g.color }}", extra: "{{ g.text }}", letter: "{{ g.point.label }}", flag: "{{ g.point.x.y }}", pair: "{{ g.pair[2] }}" }
"##,
        r##"10:19 type-mismatch: `g.names` is list<string>, expected string
    take an item: `g.names[0]`
10:43 type-mismatch: `g.names` is list<string>, expected record { x, y_pos, label }
    take an item: `g.names[0]`
10:67 type-mismatch: `g.text` is string, expected enum { red, dark_blue }
    convert it in an expression; the type of those is checked when the step starts
10:90 type-mismatch: `g.color` is enum { red, dark_blue }, expected variant { circle, no_shape }
    convert it in an expression; the type of those is checked when the step starts
10:114 type-mismatch: `g.text` is string, expected record { some }
    `null` would be a value too, so write `{ some: "{{ g.text }}" }`
10:138 type-mismatch: `g.point.label` is string, expected char
    convert it in an expression; the type of those is checked when the step starts
10:177 unknown-field: `g.point.x` is a number, and has no field `y`
    use `g.point.x` as a whole
10:201 unknown-field: `g.pair` has 2 items, and 2 counts from 0
    use a smaller index
"##,
    );
    check(
        r##"steps:
  - id: g
    uses: acme/types#give
  - id: t
    uses: acme/types#take
    with:
      { text: "{{ g.shape.circle }}", tiny: "{{ g.outcome.okay }}", flag: "{{ g.names.length }}", whole: "{{ g[0] }}", ratio: "{{ g.shape.no_shape }}", names: ["{{ g.names[0] }}", "{{ g.flag }}"] }
"##,
        r##"10:19 type-mismatch: `g.shape.circle` is f64, expected string
    make it a text: `{{ g.shape.circle | string }}`
10:59 unknown-field: `g.outcome` has no field `okay`
    it has: `ok`, `error`
10:87 unknown-field: `g.names` is a list, and lists have no fields
    take an item: `g.names[0]`, or a filter: `g.names | length`
10:112 unknown-field: `g` is an object, and has no item 0
    use `g` as a whole
10:139 unknown-field: `g.shape` is a case without a payload, and has no field `no_shape`
    use `g.shape` as a whole
10:185 type-mismatch: `g.flag` is bool, expected string
    make it a text: `{{ g.flag | string }}`
"##,
    );
    check(
        r##"inputs: { n: integer, small: { type: integer, minimum: -5 }, f: number, s: string, o: { type: object, properties: { a: { type: string } } } }
steps:
  - id: t
    uses: acme/types#take
    with: { tiny: "{{ inputs.n }}", wide: "{{ inputs.small }}", whole: "{{ inputs.f }}", color: "{{ inputs.s }}", text: "{{ inputs.o.a }}", letter: "{{ inputs.o.b }}", flag: "{{ inputs.nn }}", names: "{{ run.id }}", ratio: "{{ run.nme }}" }
"##,
        r##"8:47 type-mismatch: `inputs.small` is integer from -5, expected u64
    narrow the input with `minimum` and `maximum`
8:76 type-mismatch: `inputs.f` is f64, expected s32
    declare the input as `type: integer`
8:101 type-mismatch: `inputs.s` is string, expected enum { red, dark_blue }
    list the values in the input's schema: `enum: […]`
8:186 unknown-field: `inputs` has no field `nn`
    it has: `n`, `small`, `f`, `s`, `o`
8:205 type-mismatch: `run.id` is string, expected list<string>
    make it a list: `["{{ run.id }}"]`
8:232 unknown-field: `run` has no field `nme`
    did you mean `name`?
"##,
    );
    check(
        r##"steps:
  - { id: a, set: { n: 3, t: hi, l: [1, 2], o: { x: true }, big: 300 } }
  - id: t
    uses: acme/types#take
    with: { tiny: "{{ a.n }}", text: "{{ a.n }}", color: "{{ a.t }}", flag: "{{ a.o.x }}", letter: "{{ a.o.y }}", names: "{{ a.l }}", ratio: "{{ a.big }}", rough: "{{ a.o }}" }
"##,
        r##"8:42 type-mismatch: `a.n` is integer 3, expected string
    make it a text: `{{ a.n | string }}`
8:62 type-mismatch: `a.t` is enum { hi }, expected enum { red, dark_blue }
    convert it in an expression; the type of those is checked when the step starts
8:108 unknown-field: `a.o` has no field `y`
    it has: `x`
8:126 type-mismatch: `a.l[0]` is integer 1, expected string
    convert it in an expression; the type of those is checked when the step starts
8:168 type-mismatch: `a.o` is record { x }, expected f32
    convert it in an expression; the type of those is checked when the step starts
"##,
    );
}

#[test]
fn values_that_may_not_be_there() {
    check(
        r##"inputs: { on: boolean }
steps:
  - id: words
    when: "inputs.on"
    uses: std/text#stats
    with: { text: "hi" }
  - id: t
    uses: std/text#split
    with: { text: "{{ words.counts[0].word }}", separator: "{{ words.language }}" }
"##,
        r##"12:23 optional-value: the step `words` may be skipped, and then it has no output
    7:11 skipped when this is not true
    say what to do then: `… | default('…', true)`, or skip this step too: `when: "words is defined"`
"##,
    );
    check(
        r##"inputs: { on: boolean }
steps:
  - id: words
    when: "inputs.on"
    uses: std/text#stats
    with: { text: "hi" }
  - id: t
    uses: std/text#split
    with: { text: "n: {{ words.word_count }}", max_parts: "{{ words.word_count + 1 }}" }
"##,
        r##"12:26 optional-value: the step `words` may be skipped, and then it has no output
    7:11 skipped when this is not true
    say what to do then: `… | default('…', true)`, or skip this step too: `when: "words is defined"`
12:63 optional-value: the step `words` may be skipped, and then it has no output
    7:11 skipped when this is not true
    say what to do then: `… | default('…', true)`, or skip this step too: `when: "words is defined"`
"##,
    );
    check(
        r##"inputs: { on: boolean }
steps:
  - id: words
    when: "inputs.on"
    uses: std/text#stats
    with: { text: "hi" }
  - { id: t, set: { a: "{{ words.word_count }}", b: "{{ words.word_count | default(0) }}", c: "{{ words.word_count if words is defined else 0 }}" } }
  - { id: u, uses: std/text#split, with: { text: x, max_parts: "{{ t.a }}" } }
outputs: { a: "{{ words.word_count }}", b: "{{ words }}", c: "{{ words.word_count + 1 }}" }
"##,
        r##"11:68 type-mismatch: `t.a` is u32, expected u8
    convert it in an expression; the type of those is checked when the step starts
12:66 optional-value: the step `words` may be skipped, and then it has no output
    7:11 skipped when this is not true
    say what to do then: `… | default('…', true)`, or skip this step too: `when: "words is defined"`
"##,
    );
    check(
        r##"inputs: { on: boolean }
steps:
  - id: words
    when: "inputs.on"
    uses: std/text#stats
    with: { text: "hi" }
  - { id: t, when: "words is defined and words.word_count > 1", uses: std/text#split, with: { text: "{{ words.counts[0].word }}" } }
  - { id: u, when: "words is not defined", uses: std/text#split, with: { text: "{{ words.counts[0].word }}" } }
"##,
        r##"11:84 optional-value: the step `words` may be skipped, and then it has no output
    7:11 skipped when this is not true
    say what to do then: `… | default('…', true)`, or skip this step too: `when: "words is defined"`
"##,
    );
    check(
        r##"steps:
  - id: words
    uses: std/text#stats
    with: { text: "hi" }
  - id: t
    uses: std/text#split
    with: { text: "{{ words.language }}" }
  - { id: u, set: { a: "in {{ words.language }}", b: "in {{ words.language | default('?', true) }}" } }
"##,
        r##"10:23 optional-value: `words.language` may be null, expected string
    say what to use then: `{{ words.language | default('…', true) }}`
11:31 optional-value: `words.language` may be null, and stands in a text
    say what to write then: `{{ words.language | default('…', true) }}`
"##,
    );
}

/// A condition is true or false; what is not known is asked when it is there.
#[test]
fn conditions_are_true_or_false() {
    check(
        r##"inputs: { text: string, n: { type: integer }, some: { type: array, items: { type: string } }, on: boolean, any: {} }
steps:
  - { id: words, uses: std/text#stats, with: { text: "hi" } }
  - { id: a, when: inputs.text, set: { n: 1 } }
  - { id: b, when: words.word_count, set: { n: 1 } }
  - { id: c, when: inputs.any, set: { n: 1 } }
  - { id: d, when: c.n, set: { n: 1 } }
  - id: e
    loop: { max: 2, while: inputs.some, until: loop.state, state: { n: 1 }, steps: [{ id: x, set: { on: true } }], next: { n: 2 } }
  - id: f
    switch:
      cases:
        - { when: inputs.on, steps: [{ id: y, set: { n: 1 } }] }
        - { when: a, steps: [{ id: z, set: { n: 1 } }] }
  - { id: g, when: "inputs.text is defined", needs: [e, f], set: { n: 1 } }
"##,
        r##"7:20 type-mismatch: `inputs.text` is string, expected true or false
    compare it: `inputs.text == '…'`
8:20 type-mismatch: `words.word_count` is u32, expected true or false
    compare it: `words.word_count > 0`
10:20 type-mismatch: `c.n` is integer 1, expected true or false
    compare it: `c.n > 0`
12:28 type-mismatch: `inputs.some` is list<string>, expected true or false
    ask how many there are: `inputs.some | length > 0`
12:48 type-mismatch: `loop.state` is record { n }, expected true or false
    compare one of its fields: `loop.state.NAME == …`, or ask whether it is there: `loop.state is defined`
17:19 type-mismatch: `a` is record { n }, expected true or false
    compare one of its fields: `a.NAME == …`, or ask whether it is there: `a is defined`
"##,
    );
}
