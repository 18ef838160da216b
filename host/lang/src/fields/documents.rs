//! The keys of the documents beside pipelines.

use super::pipeline::{API_VERSION, CAPS, ENV, LIMITS, METADATA};
use super::step::RETRY;
use super::{Field, Object, Shape, optional, required};

/// `kind: Config`
pub(super) static CONFIG: Object = Object {
    name: "config",
    doc: "Limits for pipelines that say nothing of their own, and ceilings for all of them.",
    fields: &[
        API_VERSION,
        required("kind", Shape::OneOf(&["Config"]), "Config", "What the document is."),
        NAMED,
        ENV,
        optional(
            "defaults",
            Shape::Object(&DEFAULTS),
            "none",
            "{ limits: { fuel: 2e9 } }",
            "What applies where a pipeline says nothing. The tightest of several does.",
        ),
        optional(
            "ceilings",
            Shape::Object(&CEILINGS),
            "none",
            "{ limits: { cost_usd: 1 }, caps: { log: true } }",
            "What no pipeline has more of.",
        ),
    ],
    one_of: &[],
};

static DEFAULTS: Object = Object {
    name: "defaults",
    doc: "What applies where a pipeline says nothing.",
    fields: &[optional(
        "limits",
        Shape::Object(&LIMITS),
        "none",
        "{ fuel: 2e9, wall: 1m }",
        "Limits of a run.",
    )],
    one_of: &[],
};

static CEILINGS: Object = Object {
    name: "ceilings",
    doc: "What no pipeline has more of. More is an error.",
    fields: &[
        optional(
            "limits",
            Shape::Object(&LIMITS),
            "none",
            "{ fuel: 1e10, cost_usd: 1 }",
            "The highest limits. They are the limits of a pipeline for which nothing else is said.",
        ),
        optional(
            "caps",
            Shape::Object(&CAPS),
            "no ceiling",
            "{ http: [\"https://*.example.com\"] }",
            "The widest rights. What does not stand here, no pipeline can grant.",
        ),
    ],
    one_of: &[],
};

/// `kind: Policy`
pub(super) static POLICY: Object = Object {
    name: "policy-document",
    doc: "How to deal with failures, written once for the steps that say `policy: NAME`.",
    fields: &[
        API_VERSION,
        required("kind", Shape::OneOf(&["Policy"]), "Policy", "What the document is."),
        NAMED,
        optional(
            "retry",
            Shape::Object(&RETRY),
            "no retries",
            "{ max: 5, backoff: linear }",
            "When a failed step is tried again.",
        ),
        optional(
            "timeout",
            Shape::Duration,
            "none",
            "5m",
            "Of the whole step, all tries and waits together.",
        ),
    ],
    one_of: &[],
};

/// `kind: Macro`
pub(super) static MACRO: Object = Object {
    name: "macro",
    doc: "Steps with parameters, written once for the steps that say `macro: NAME`.",
    fields: &[
        API_VERSION,
        required("kind", Shape::OneOf(&["Macro"]), "Macro", "What the document is."),
        NAMED,
        optional(
            "parameters",
            Shape::Map(&Shape::Schema),
            "none",
            "{ text: string, words: { type: integer, default: 50 } }",
            "What a use is given, as `params` in expressions. One with a `default` need not be.",
        ),
        required(
            "steps",
            Shape::Steps,
            "[{ id: a, uses: std/text#stats, with: { text: \"{{ params.text }}\" } }]",
            "What is done. They see the parameters and each other, and nothing around the use.",
        ),
        required("output", Shape::Value, "\"{{ a.words }}\"", "What a use comes to."),
    ],
    one_of: &[],
};

const NAMED: Field = required(
    "metadata",
    Shape::Object(&METADATA),
    "{ name: patient }",
    "What the document is called.",
);
