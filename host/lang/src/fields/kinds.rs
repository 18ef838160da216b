//! The keys of the kinds of steps that have some of their own.

use super::{Field, Object, Shape, optional, required};

const STEPS: Field = required(
    "steps",
    Shape::Steps,
    "- { id: count, uses: std/text#stats, with: { text: \"{{ item }}\" } }",
    "The block's steps. They see each other, the steps around them, and what the block provides.",
);

const OUTPUT: Field = optional(
    "output",
    Shape::Value,
    "an object with the output of each step by id",
    "\"{{ count.words }}\"",
    "What the block comes to. Sees its steps.",
);

/// Steps that run as one.
static BLOCK: Object =
    Object { name: "block", doc: "Steps that run as one.", fields: &[STEPS, OUTPUT], one_of: &[] };

/// `map`
pub(super) static MAP: Object = Object {
    name: "map",
    doc: "A block for every item of a list or an object. Inside, `item` (or the name after `as`) \
          is the item, over an object `{key, value}`, and `index` its place from 0. Output: a list \
          in the order of the items, or an object with the same keys.",
    fields: &[
        required(
            "over",
            Shape::ExpressionOrValue,
            "inputs.shops",
            "The list or object: an expression, or a list or map with holes.",
        ),
        optional("as", Shape::Name, "item", "shop", "What the item is called."),
        optional(
            "max",
            Shape::Integer { min: 1 },
            "10000",
            "500",
            "The most items. More of them fail with `limit.fan-out`.",
        ),
        optional(
            "max_concurrent",
            Shape::Integer { min: 1 },
            "16",
            "4",
            "How many items are worked on at the same time.",
        ),
        optional(
            "on_error",
            Shape::OneOf(&["fail", "skip", "collect"]),
            "fail",
            "skip",
            "A failing item fails the step, is left out, or every result is `{ok: …}` or `{error: …}`.",
        ),
        STEPS,
        OUTPUT,
    ],
    one_of: &[],
};

/// `loop`
pub(super) static LOOP: Object = Object {
    name: "loop",
    doc: "A block again and again. Inside, `loop.state` is the carried state and `loop.index` the \
          iteration from 0. Output: `{state, count, ended_by, last}`.",
    fields: &[
        optional("state", Shape::Value, "null", "{ text: \"\", score: 0 }", "The first state."),
        optional(
            "while",
            Shape::Expression,
            "true",
            "loop.state.score < 90",
            "Asked before each iteration.",
        ),
        required("max", Shape::Integer { min: 1 }, "5", "The most iterations."),
        STEPS,
        OUTPUT,
        optional(
            "until",
            Shape::Expression,
            "false",
            "draft.done",
            "Asked after each iteration. Sees the block's steps.",
        ),
        optional(
            "next",
            Shape::Value,
            "the state as it is",
            "{ text: \"{{ draft.text }}\", score: \"{{ draft.score }}\" }",
            "The state of the next iteration. Sees the block's steps.",
        ),
        optional(
            "on_max",
            Shape::OneOf(&["fail", "stop"]),
            "fail with `while` or `until`, else stop",
            "stop",
            "What reaching `max` does: fail with `limit.iterations`, or end the loop with what it has.",
        ),
    ],
    one_of: &[],
};

/// `switch`
pub(super) static SWITCH: Object = Object {
    name: "switch",
    doc: "The first block whose case applies. Output: what it comes to; none where no case applies.",
    fields: &[
        optional(
            "on",
            Shape::Expression,
            "",
            "verdict.label",
            "The value that `is` compares with.",
        ),
        optional(
            "cases",
            Shape::Objects(&CASE),
            "none, where there is a default",
            "- { is: billing, steps: [...] }",
            "Asked in this order.",
        ),
        optional(
            "default",
            Shape::Object(&BLOCK),
            "the step counts as skipped",
            "{ steps: [...] }",
            "Where no case applies.",
        ),
    ],
    one_of: &[],
};

static CASE: Object = Object {
    name: "case",
    doc: "A block with the condition under which it runs.",
    fields: &[
        optional(
            "is",
            Shape::Value,
            "",
            "[billing, refund]",
            "A value that `on` has to equal, or a list of such values.",
        ),
        optional("when", Shape::Expression, "", "verdict.score > 0.9", "What has to be true."),
        STEPS,
        OUTPUT,
    ],
    one_of: &["is", "when"],
};

/// `parallel`
pub(super) static PARALLEL: Object = Object {
    name: "parallel",
    doc: "Named blocks side by side. What still runs when the join is decided is cancelled.",
    fields: &[
        optional(
            "join",
            Shape::WordOr(&["all", "any", "vote"], &JOIN),
            "all",
            "{ quorum: 2 }",
            "When the branches are enough: `all`, `any`, so many of them, or the result that most of them came to.",
        ),
        required(
            "branches",
            Shape::ObjectMap(&BLOCK),
            "{ a: { steps: [...] }, b: { steps: [...] } }",
            "At least two blocks by name.",
        ),
        optional(
            "output",
            Shape::Value,
            "depends on `join`",
            "\"{{ branches.a.x }}\"",
            "What the step comes to. Sees `branches`: branch to its result.",
        ),
    ],
    one_of: &[],
};

static JOIN: Object = Object {
    name: "join",
    doc: "When the branches are enough.",
    fields: &[
        optional("quorum", Shape::Integer { min: 1 }, "", "2", "So many branches succeed."),
        optional(
            "vote",
            Shape::Object(&VOTE),
            "",
            "{ tie: first }",
            "The result that most branches came to.",
        ),
    ],
    one_of: &["quorum", "vote"],
};

static VOTE: Object = Object {
    name: "vote",
    doc: "How votes are counted.",
    fields: &[optional(
        "tie",
        Shape::OneOf(&["fail", "first"]),
        "fail",
        "first",
        "Between results with equally many votes: fail, or take the branch that stands first.",
    )],
    one_of: &[],
};

/// `approve`
pub(super) static APPROVE: Object = Object {
    name: "approve",
    doc: "A person decides. Output: `{approved, by, note}`.",
    fields: &[
        required("message", Shape::Text, "\"Publish {{ draft.title }}?\"", "What is asked."),
        optional(
            "show",
            Shape::Value,
            "nothing",
            "{ draft: \"{{ draft.text }}\" }",
            "What the person should see to decide.",
        ),
        optional(
            "on_reject",
            Shape::OneOf(&["fail", "continue"]),
            "fail",
            "continue",
            "A no fails the step with `approval.rejected`, or gives `approved: false`.",
        ),
    ],
    one_of: &[],
};

/// `wait`
pub(super) static WAIT: Object = Object {
    name: "wait",
    doc: "What is waited for. Output: the value that came with the signal.",
    fields: &[required(
        "signal",
        Shape::Name,
        "paid",
        "`coldframe runs signal RUN paid --data JSON` ends the wait.",
    )],
    one_of: &[],
};
