//! The keys of a pipeline, above its steps.

use super::documents::ADAPTERS;
use super::step::STEP;
use super::{Field, Object, Shape, optional, required};

/// `kind: Pipeline`
pub(super) static PIPELINE: Object = Object {
    name: "pipeline",
    doc: "A workflow: inputs, steps that call skills, outputs, and the bounds of it all.",
    fields: &[
        API_VERSION,
        required("kind", Shape::OneOf(&["Pipeline"]), "Pipeline", "What the document is."),
        required(
            "metadata",
            Shape::Object(&METADATA),
            "{ name: ticket-triage, version: 1.4.0 }",
            "What the pipeline is called.",
        ),
        optional(
            "inputs",
            Shape::Map(&Shape::Schema),
            "none",
            "{ ticket: { type: string, maxLength: 20000 } }",
            "What a run is given, each with a JSON Schema or the name of a type. An input with a \
             `default` need not be given. Checked before the run.",
        ),
        ENV,
        optional(
            "limits",
            Shape::Object(&LIMITS),
            "those of a run",
            "{ fuel: 2e9, wall: 30s, cost_usd: 0.05 }",
            "Bounds of the whole run. Reserved before each call, so that steps side by side \
             cannot overspend together.",
        ),
        optional(
            "caps",
            Shape::Object(&CAPS),
            "none",
            "{ http: [\"GET https://api.example.com/**\"] }",
            "The rights its steps can have. A step has one only if its skill asks for it too.",
        ),
        optional(
            "adapters",
            Shape::Object(&ADAPTERS),
            "those of the host",
            "{ http: offline }",
            "How host services are provided when it is run by itself.",
        ),
        required(
            "steps",
            Shape::Objects(&STEP),
            "- { id: words, uses: std/text#stats, with: { text: hi } }",
            "What is done. Order comes from references and `needs`; what is independent runs side \
             by side.",
        ),
        optional(
            "outputs",
            Shape::Map(&Shape::Value),
            "none",
            "{ label: \"{{ verdict.label }}\" }",
            "Named results of the run.",
        ),
        optional(
            "policies",
            Shape::ObjectsOrNames(&POLICY),
            "none",
            "- { id: cheap, assert: \"totals.cost_usd <= 0.10\", action: fail_run }",
            "Rules over steps and over the result, and names of `kind: Policy` documents with more \
             of them.",
        ),
        optional(
            "tests",
            Shape::Objects(&TEST),
            "none",
            "- { name: short, input: { ticket: hi }, assert: [\"result.status == 'succeeded'\"] }",
            "Runs with given inputs and what has to be true after them; `coldframe test` runs them.",
        ),
    ],
    one_of: &[],
};

pub(super) const API_VERSION: Field = required(
    "apiVersion",
    Shape::OneOf(&["coldframe/v1"]),
    "coldframe/v1",
    "The version of the language.",
);

/// Names that `${NAME}` may have.
pub(super) const ENV: Field = optional(
    "env",
    Shape::List(&Shape::Text),
    "none",
    "[REGION]",
    "Names of the environment that texts of the document take values from: `${REGION}`.",
);

pub(super) static METADATA: Object = Object {
    name: "metadata",
    doc: "What a document is called.",
    fields: &[
        required("name", Shape::Name, "ticket-triage", "Lower-case words with `-` between them."),
        optional("version", Shape::Text, "0.0.0", "1.4.0", "A semantic version."),
        optional("description", Shape::Text, "none", "Sorts tickets by topic", "For people."),
    ],
    one_of: &[],
};

/// Bounds of a run or a step.
pub(super) static LIMITS: Object = Object {
    name: "limits",
    doc: "Bounds; each of them bites. Those of a step lie within those around it. The defaults are \
          those of a run, of each call, or of each of its kind, as `docs/limits.md` says.",
    fields: crate::limits::FIELDS,
    one_of: &[],
};

/// Rights of a pipeline or a step.
pub(super) static CAPS: Object = Object {
    name: "caps",
    doc: "Rights. What is not granted is denied.",
    fields: &[
        optional(
            "http",
            Shape::List(&Shape::Text),
            "none",
            "[\"GET https://api.example.com/v1/**\"]",
            "Requests: `[METHOD ]scheme://host[:port][/path]`, where `*.` stands for subdomains and \
             `/**` for everything below.",
        ),
        optional(
            "fs",
            Shape::List(&Shape::Text),
            "none",
            "[read data, write out]",
            "Files of the project: `read FOLDER` or `write FOLDER`, which includes reading.",
        ),
        optional(
            "kv",
            Shape::List(&Shape::Text),
            "none",
            "[write cache ttl=3600s]",
            "Stores of keys and values: `read STORE` or `write STORE`, with `ttl=` in seconds where \
             what is set dies.",
        ),
        optional(
            "config",
            Shape::List(&Shape::Text),
            "none",
            "[region, \"model.*\"]",
            "Keys of the operator's configuration, where `.*` stands for all below.",
        ),
        optional(
            "secrets",
            Shape::List(&Shape::Text),
            "none",
            "[openai for https://api.openai.com in authorization]",
            "Secrets that requests carry: `NAME for scheme://host[:port] in HEADER`. No skill ever \
             sees a value.",
        ),
        optional(
            "llm",
            Shape::List(&Shape::Text),
            "none",
            "[gpt-4o-mini, \"claude-*\"]",
            "Language models, where `*` at the end stands for all whose names begin so.",
        ),
        optional(
            "sql",
            Shape::List(&Shape::Text),
            "none",
            "[read shop]",
            "Databases that the operator gives to the run: `read DATABASE` or `write DATABASE`, which \
             includes reading.",
        ),
        optional(
            "tools",
            Shape::List(&Shape::Text),
            "none",
            "[\"std/text#*\", \"std/hash@^1#sha256\"]",
            "Operations of other skills that a skill may call by itself: `SKILL#OPERATION`, or \
             `SKILL#*` for all of a skill.",
        ),
        optional("log", Shape::Boolean, "false", "true", "Log lines."),
        optional("clock", Shape::Boolean, "false", "true", "The time."),
        optional("random", Shape::Boolean, "false", "true", "Random numbers."),
    ],
    one_of: &[],
};

pub(super) static POLICY: Object = Object {
    name: "policy",
    doc: "A rule: whenever `when` holds, `assert` has to.",
    fields: &[
        required("id", Shape::Name, "cheap", "What it is called when it is broken."),
        optional(
            "on",
            Shape::Text,
            "run",
            "steps",
            "What it looks at: `run` (its end), `steps` (the output of every step) or the id of a \
             step.",
        ),
        optional(
            "when",
            Shape::Expression,
            "true",
            "result.score >= 0.9",
            "Whether the rule applies.",
        ),
        required(
            "assert",
            Shape::Expression,
            "totals.cost_usd <= 0.10",
            "What has to be true. Sees `inputs`, `run`, `totals` and `result`: what the run comes \
             to, or the output of the step. At the end of the run `steps` and the steps by id as \
             well; of a step `step`: its `id`, `place`, `attempts`, `fuel` and `cost_usd`.",
        ),
        required(
            "action",
            Shape::OneOf(&["fail_run", "fail_step", "warn", "require_approval"]),
            "fail_run",
            "What happens where it is not: the run fails, the step fails, the run says so and goes \
             on, or it is suspended until a person lets it go on.",
        ),
        optional("message", Shape::Text, "the assertion", "too dear", "What people read then."),
    ],
    one_of: &[],
};

static TEST: Object = Object {
    name: "test",
    doc: "A run with given inputs, and what has to be true after it.",
    fields: &[
        required("name", Shape::Text, "short ticket", "Unique in the file."),
        optional("input", Shape::Map(&Shape::Value), "{}", "{ ticket: hi }", "The inputs."),
        optional(
            "stub",
            Shape::Map(&Shape::Value),
            "none",
            "{ acme/classify: { label: billing } }",
            "Operations that are not called, with what they return instead: `name/space` or \
             `name/space#operation`. `{ fails: message }` makes them fail.",
        ),
        optional(
            "http",
            Shape::Objects(&EXCHANGE),
            "none: a test has no network",
            "- { url: \"https://example.com/a\", body: hello }",
            "Requests with the answers they get. A request that is not here is refused.",
        ),
        optional(
            "decisions",
            Shape::Map(&Shape::Value),
            "none",
            "{ ok: approve, paid: { signal: { amount: 3 } } }",
            "Answers to steps that wait: `approve`, `reject`, or the value of a signal.",
        ),
        required(
            "assert",
            Shape::OneOrMore(&Shape::Expression),
            "[\"result.status == 'succeeded'\", \"verdict is undefined\"]",
            "What has to be true. Sees `result`, `steps`, `totals`, `events` and the steps by id.",
        ),
        optional("timeout", Shape::Duration, "30s", "5s", "The most time it may take."),
    ],
    one_of: &[],
};

pub(super) static EXCHANGE: Object = Object {
    name: "exchange",
    doc: "A request, and the answer it gets in a test.",
    fields: &[
        optional("method", Shape::Text, "GET", "POST", "The method of the request."),
        required("url", Shape::Text, "https://example.com/a", "The address, as it is asked for."),
        optional("status", Shape::Integer { min: 100 }, "200", "404", "The status of the answer."),
        optional(
            "headers",
            Shape::Map(&Shape::Text),
            "none",
            "{ content-type: text/plain }",
            "Headers of the answer.",
        ),
        optional("body", Shape::Text, "\"\"", "hello", "The body of the answer."),
    ],
    one_of: &[],
};
