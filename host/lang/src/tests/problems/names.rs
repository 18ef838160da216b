//! References and expressions.

use super::check;

#[test]
fn references_to_nothing_and_in_circles() {
    check(
        r##"steps:
  - id: words
    uses: std/text#stats
    with: { text: "hi" }
  - { id: b, needs: [wrods, b, words], set: { n: "{{ wrds.word_count }}", m: "{{ item.x }}", k: "{{ b.n }}" } }
"##,
        r##"8:22 unknown-step: there is no step `wrods`
    did you mean `words`?
8:29 self-reference: the step `b` needs itself
    remove it
8:54 unknown-name: there is no step or value `wrds`
    did you mean `words`?
8:82 unknown-name: there is no step or value `item`
    `item` is there inside of a `map`
8:101 self-reference: the step `b` uses its own output, which it doesn't have yet
    use the output of another step
"##,
    );
    check(
        r##"steps:
  - { id: a, needs: c, set: { n: 1 } }
  - { id: b, needs: a, set: { n: 1 } }
  - { id: c, needs: b, set: { n: 1 } }
  - { id: d, needs: c, set: { n: 1 } }
  - { id: e, set: { n: "{{ f.n }}" } }
  - { id: f, when: "e.n", set: { n: 1 } }
"##,
        r##"5:21 cycle: the steps wait for each other: `a -> c -> b -> a`
    7:21 `c` waits for `b`
    6:21 `b` waits for `a`
    remove one of the references; each step can only use what is done before it
9:28 cycle: the steps wait for each other: `e -> f -> e`
    10:21 `f` waits for `e`
    remove one of the references; each step can only use what is done before it
"##,
    );
    check(
        r##"steps:
  - { id: my_step, set: { n: 1 } }
  - { id: b, set: { n: "{{ my-step.n }}" } }
"##,
        r##"6:28 unknown-name: there is no step or value `my`
    `-` is a minus here; write `my_step`
6:31 unknown-name: there is no step or value `step`
    there are: `my_step`, `inputs`, `run`
"##,
    );
}

#[test]
fn expressions_that_are_none() {
    check(
        r##"steps:
  - id: words
    uses: std/text#stats
    with: { text: "hi" }
outputs:
  a: "{{ words.word_count + }}"
  b: "{{ words.word_count | uper | lowr }} and {{ nope }}"
  c: "x {% if %}"
  c2: |
    First
    {% for x in y %}
  c3: "\u00e9 {# if"
  d: >-
    folded {{ words.wrod_count }}
    text
  e: "esc\t{{ words.foo }}"
  f: '{{ words["word_count"] }}'
"##,
        r##"9:27 expression-syntax: the expression ends where a value is expected
    name a value, such as `inputs.name`
10:29 unknown-filter: there is no filter `uper`
    did you mean `upper`?
10:36 unknown-filter: there is no filter `lowr`
    did you mean `lower`?
10:51 unknown-name: there is no step or value `nope`
    there are: `words`, `inputs`, `run`
11:9 unsupported-statement: `{%` begins a statement, and texts have only `{{ }}` holes
    choose in an expression: `{{ a if b else c }}`; for the characters themselves write `{{ '{%' }}`
14:5 unsupported-statement: `{%` begins a statement, and texts have only `{{ }}` holes
    join the items in an expression: `{{ items | map('upper') | join(', ') }}`, or make their texts in a `map` step; for the characters themselves write `{{ '{%' }}`
15:15 unsupported-statement: `{#` begins a comment, and texts have only `{{ }}` holes
    write a comment of YAML: `# …` outside of the text; for the characters themselves write `{{ '{#' }}`
17:21 unknown-field: `words` has no field `wrod_count`
    did you mean `word_count`?
19:21 unknown-field: `words` has no field `foo`
    it has: `word_count`, `language`, `counts`
"##,
    );
    check(
        r##"steps:
  - id: words
    uses: std/text#stats
    with: { text: "hi" }
    when: "{{ words }}"
"##,
        r##"8:11 when-braces: `when` is an expression, and needs no `{{ }}`
    write `when: "words"`
"##,
    );
    check(
        r##"steps:
  - { id: a, when: "1 >", set: { "n": 1 } }
"##,
        r##"5:23 expression-syntax: the expression ends where a value is expected
    name a value, such as `inputs.name`
"##,
    );
}

#[test]
fn names_where_there_are_none() {
    check(
        "steps:\n  - { id: b, needs: a, set: { n: 1 } }\n",
        "5:21 unknown-step: there is no step `a`
    there is no other step to come after
",
    );
    check(
        "steps:\n  - { needs: a, set: { n: 1 } }\n",
        "5:7 missing-key: `id` is missing in `steps[0]`
    give the step a name that expressions can use: `id: words`
5:14 unknown-step: there is no step `a`
    there is no other step to come after
",
    );
}
