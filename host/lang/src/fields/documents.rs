//! The keys of the documents beside pipelines.

use super::pipeline::{API_VERSION, CAPS, ENV, EXCHANGE, LIMITS, METADATA, POLICY as RULE};
use super::step::{CIRCUIT_BREAKER, RATE_LIMIT, RETRY};
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
        optional(
            "policies",
            Shape::List(&Shape::Name),
            "none",
            "[house-rules]",
            "Policies whose `governance` and `rules` hold for every pipeline.",
        ),
        optional(
            "adapters",
            Shape::Map(&Shape::Name),
            "none",
            "{ http: offline }",
            "For each port, the `kind: Adapter` of pipelines that do not bind it themselves.",
        ),
        optional(
            "models",
            Shape::Objects(&MODEL),
            "none: no language model can be asked",
            "[{ model: \"gpt-*\", adapter: openai, url: \"https://api.openai.com/v1\", secret: openai, usd_in: 0.15, usd_out: 0.60 }]",
            "The language models there are. Of several that a name fits, the first one counts.",
        ),
    ],
    one_of: &[],
};

static MODEL: Object = Object {
    name: "model",
    doc: "Language models of one provider at one price.",
    fields: &[
        required(
            "model",
            Shape::Text,
            "gpt-4o-mini",
            "A name, or what names begin with and a `*`.",
        ),
        required(
            "adapter",
            Shape::OneOf(&["openai", "anthropic", "ollama"]),
            "openai",
            "What the provider speaks. `openai` is what most servers offer.",
        ),
        required(
            "url",
            Shape::Text,
            "\"https://api.openai.com/v1\"",
            "Where the API is, as far as all its questions have in common.",
        ),
        optional(
            "secret",
            Shape::Text,
            "none",
            "openai",
            "The name of the secret with the key. No skill ever sees it.",
        ),
        required("usd_in", Shape::Usd, "0.15", "What a million tokens of prompts cost."),
        required("usd_out", Shape::Usd, "0.60", "What a million tokens of answers cost."),
    ],
    one_of: &[],
};

/// `kind: Adapter`
pub(super) static ADAPTER: Object = Object {
    name: "adapter-document",
    doc: "How a host service is provided, for the pipelines and configs that bind a port to it.",
    fields: &[
        API_VERSION,
        required("kind", Shape::OneOf(&["Adapter"]), "Adapter", "What the document is."),
        NAMED,
        required("port", Shape::OneOf(&["http"]), "http", "The service."),
        HTTP_ADAPTER,
        CONNECT,
        FIRST_BYTE,
        BETWEEN_BYTES,
        TOTAL,
        EXCHANGES,
    ],
    one_of: &[],
};

/// For each port, its adapter.
pub(super) static ADAPTERS: Object = Object {
    name: "adapters",
    doc: "How host services are provided. An adapter never widens rights.",
    fields: &[optional(
        "http",
        Shape::NameOr(&HTTP),
        "the host's client",
        "offline",
        "Requests: the name of a `kind: Adapter`, or what stands in one.",
    )],
    one_of: &[],
};

static HTTP: Object = Object {
    name: "http-adapter",
    doc: "How requests are sent.",
    fields: &[HTTP_ADAPTER, CONNECT, FIRST_BYTE, BETWEEN_BYTES, TOTAL, EXCHANGES],
    one_of: &[],
};

const HTTP_ADAPTER: Field = required(
    "adapter",
    Shape::OneOf(&["client", "recorded"]),
    "client",
    "`client` sends requests; `recorded` sends nothing, and answers them as written.",
);
const CONNECT: Field = optional(
    "connect",
    Shape::Duration,
    "that of the host",
    "2s",
    "The most time to resolve, connect and shake hands. For `client`.",
);
const FIRST_BYTE: Field = optional(
    "first_byte",
    Shape::Duration,
    "that of the host",
    "5s",
    "The most time from there to the head of the answer. For `client`.",
);
const BETWEEN_BYTES: Field = optional(
    "between_bytes",
    Shape::Duration,
    "that of the host",
    "2s",
    "The most time between two pieces of the body. For `client`.",
);
const TOTAL: Field = optional(
    "total",
    Shape::Duration,
    "that of the host",
    "20s",
    "The most time of a whole exchange. For `client`.",
);
const EXCHANGES: Field = optional(
    "exchanges",
    Shape::Objects(&EXCHANGE),
    "none",
    "[{ url: \"https://example.com/a\", body: hello }]",
    "Requests with their answers. For `recorded`; what is not there is refused.",
);

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
    doc: "Blocks for the steps that say `policy: NAME`, and rules for the pipelines and configs \
          that name it under `policies`.",
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
        optional(
            "rate_limit",
            Shape::Object(&RATE_LIMIT),
            "none",
            "{ max: 10, per: 1m }",
            "How often tries of all steps with the policy may begin, over a run.",
        ),
        optional(
            "circuit_breaker",
            Shape::Object(&CIRCUIT_BREAKER),
            "none",
            "{ failures: 5, open_for: 30s }",
            "After so many failures in a row of steps with the policy, their tries fail at once.",
        ),
        optional(
            "governance",
            Shape::Object(&GOVERNANCE),
            "none",
            "{ allow: [std/*], deny: [std/http#post] }",
            "Which skills pipelines may call, those that they run too.",
        ),
        optional(
            "rules",
            Shape::Objects(&RULE),
            "none",
            "[{ id: cheap, assert: \"totals.cost_usd <= 0.10\", action: fail_run }]",
            "Rules, as under `policies` of a pipeline.",
        ),
    ],
    one_of: &[],
};

static GOVERNANCE: Object = Object {
    name: "governance",
    doc: "Which skills pipelines may call. What is denied is denied even where it is allowed too.",
    fields: &[
        optional(
            "allow",
            Shape::List(&Shape::Text),
            "everything",
            "[std/*, acme/mail#send]",
            "Nothing else: `namespace/*`, `namespace/name` or `namespace/name#operation`.",
        ),
        optional("deny", Shape::List(&Shape::Text), "nothing", "[acme/*]", "Never these."),
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
