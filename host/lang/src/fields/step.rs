//! The keys that every step can have.

use super::kinds::{APPROVE, LOOP, MAP, PARALLEL, SWITCH, WAIT};
use super::pipeline::{CAPS, LIMITS};
use super::{Field, Object, Shape, optional, required};

/// One step.
pub(super) static STEP: Object = Object {
    name: "step",
    doc: "One thing to do. Exactly one key says what: `uses`, `set`, `map`, `loop`, `switch`, \
          `parallel`, `pipeline`, `approve`, `wait` or `macro`.",
    fields: &[
        required("id", Shape::Name, "words", "What expressions call its output."),
        optional("name", Shape::Text, "the id", "Count the words", "For people."),
        optional(
            "needs",
            Shape::OneOrMore(&Shape::Name),
            "none",
            "[fetch]",
            "Steps that have to end first, beside those its expressions name.",
        ),
        optional(
            "when",
            Shape::Expression,
            "true",
            "words.count > 3",
            "The step is skipped where this is not true, and has no output then.",
        ),
        optional(
            "uses",
            Shape::Text,
            "",
            "std/text@^0.1#stats",
            "Calls an operation of a skill: `namespace/name[@version][#operation]`.",
        ),
        optional(
            "set",
            Shape::Map(&Shape::Value),
            "",
            "{ total: \"{{ a.n + b.n }}\" }",
            "Computes values; the output is an object of them.",
        ),
        optional(
            "map",
            Shape::Object(&MAP),
            "",
            "{ over: inputs.shops, steps: [...] }",
            "Runs a block for every item of a list or an object.",
        ),
        optional(
            "loop",
            Shape::Object(&LOOP),
            "",
            "{ max: 5, until: draft.done, steps: [...] }",
            "Runs a block again and again, with a state that is carried along.",
        ),
        optional(
            "switch",
            Shape::Object(&SWITCH),
            "",
            "{ on: verdict.label, cases: [...] }",
            "Runs the first block whose case applies.",
        ),
        optional(
            "parallel",
            Shape::Object(&PARALLEL),
            "",
            "{ join: any, branches: { ... } }",
            "Runs named blocks side by side until enough of them are done.",
        ),
        optional(
            "pipeline",
            Shape::Text,
            "",
            "./triage.yml",
            "Runs another pipeline with inputs of its own: a file, or one of a registry such as \
             `acme/triage@^1.2`.",
        ),
        optional(
            "approve",
            Shape::Object(&APPROVE),
            "",
            "{ message: \"Publish?\" }",
            "Asks a person; the run is suspended meanwhile.",
        ),
        optional(
            "wait",
            Shape::DurationOr(&WAIT),
            "",
            "5m",
            "Lets time pass, or waits for a signal from outside.",
        ),
        optional(
            "macro",
            Shape::Name,
            "",
            "summarise",
            "Does what a `kind: Macro` document of this name says.",
        ),
        optional(
            "with",
            Shape::Map(&Shape::Value),
            "none",
            "{ text: \"{{ inputs.text }}\" }",
            "Arguments of `uses` or `macro`, or inputs of `pipeline`.",
        ),
        optional(
            "policy",
            Shape::Name,
            "none",
            "patient",
            "Takes `retry`, `timeout`, `rate_limit` and `circuit_breaker` from the `kind: Policy` \
             document of this name.",
        ),
        optional(
            "retry",
            Shape::Object(&RETRY),
            "no retries",
            "{ max: 3, backoff: exponential, on: [transient] }",
            "When a failed step is tried again. A step that holds others begins all of them anew.",
        ),
        optional(
            "rate_limit",
            Shape::Object(&RATE_LIMIT),
            "none",
            "{ max: 10, per: 1m }",
            "How often its tries may begin, over the whole run. More wait.",
        ),
        optional(
            "circuit_breaker",
            Shape::Object(&CIRCUIT_BREAKER),
            "none",
            "{ failures: 5, open_for: 30s }",
            "After so many failures in a row, tries fail at once for a while with `breaker.open`.",
        ),
        optional(
            "timeout",
            Shape::Duration,
            "none",
            "5m",
            "Of the whole step, all tries and waits together. Then it fails with `limit.timeout`.",
        ),
        optional(
            "fallback",
            Shape::Object(&FALLBACK),
            "none",
            "{ value: { label: unknown } }",
            "What takes its place when it failed.",
        ),
        optional(
            "on_error",
            Shape::OneOf(&["fail", "continue"]),
            "fail",
            "continue",
            "After a failure that nothing caught: fail what is around the step, or go on as if it had been skipped.",
        ),
        optional(
            "limits",
            Shape::Object(&LIMITS),
            "those around it",
            "{ fuel: 5e6 }",
            "Bounds of the step with all it holds.",
        ),
        optional(
            "caps",
            Shape::Object(&CAPS),
            "those around it",
            "{ http: [] }",
            "Narrows the rights of the step with all it holds.",
        ),
        optional(
            "cache",
            Shape::Boolean,
            "calls of earlier runs are remembered, calls of this run are all made",
            "true",
            "Only for `uses` of an operation without imports: with `true`, equal calls of one run \
             are made once; with `false`, what earlier runs came to is not used either.",
        ),
    ],
    one_of: &[
        "uses", "set", "map", "loop", "switch", "parallel", "pipeline", "approve", "wait", "macro",
    ],
};

pub(super) static RETRY: Object = Object {
    name: "retry",
    doc: "When and how often a failed step is tried again.",
    fields: &[
        required("max", Shape::Integer { min: 1 }, "3", "The most tries after the first one."),
        optional(
            "backoff",
            Shape::OneOf(&["constant", "linear", "exponential"]),
            "exponential",
            "linear",
            "How the delay grows.",
        ),
        optional("delay", Shape::Duration, "1s", "250ms", "The delay before the second try."),
        optional("max_delay", Shape::Duration, "1m", "10s", "No delay is longer."),
        optional(
            "on",
            Shape::List(&Shape::Text),
            "[transient]",
            "[transient, guest.error]",
            "Which failures are tried again: `transient`, `any`, or error kinds.",
        ),
    ],
    one_of: &[],
};

pub(super) static RATE_LIMIT: Object = Object {
    name: "rate_limit",
    doc: "At most `max` tries begin within any stretch of `per`.",
    fields: &[
        required("max", Shape::Integer { min: 1 }, "10", "How many tries may begin."),
        required("per", Shape::Duration, "1m", "Within which time."),
        GROUP,
    ],
    one_of: &[],
};

pub(super) static CIRCUIT_BREAKER: Object = Object {
    name: "circuit_breaker",
    doc: "What keeps failing is left alone for a while.",
    fields: &[
        required("failures", Shape::Integer { min: 1 }, "5", "Failed tries in a row."),
        required(
            "open_for",
            Shape::Duration,
            "30s",
            "How long tries fail at once with `breaker.open`. Then one is let through; if that \
             succeeds, all are again.",
        ),
        GROUP,
    ],
    one_of: &[],
};

const GROUP: Field = optional(
    "group",
    Shape::Name,
    "the name of the policy it stands in; the step alone",
    "acme-api",
    "Steps with the same group count together.",
);

static FALLBACK: Object = Object {
    name: "fallback",
    doc: "What takes the place of a step that failed.",
    fields: &[
        optional("value", Shape::Value, "", "{ label: unknown }", "A value."),
        optional(
            "uses",
            Shape::Text,
            "",
            "std/text#stats",
            "A call of another operation, tried once.",
        ),
        optional("with", Shape::Map(&Shape::Value), "none", "{ text: hi }", "Its arguments."),
    ],
    one_of: &["value", "uses"],
};
