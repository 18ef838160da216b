//! What a document may say, key by key, as far as it is not taken up elsewhere.

use crate::fields::Dictionary;

pub(super) const TOP: Dictionary = Dictionary {
    what: "a document",
    known: &["apiVersion", "kind", "metadata", "spec"],
    lost: &[],
};

pub(super) const METADATA: Dictionary = Dictionary {
    what: "`metadata`",
    known: &["name", "namespace", "version", "description"],
    lost: &[
        ("author", "a pipeline names no author", "write it into `description`"),
        ("tags", "a pipeline has no tags", "write them into `description`"),
        ("annotations", "nothing reads them", "write a comment"),
    ],
};

pub(super) const MACRO: Dictionary =
    Dictionary { what: "a macro", known: &["parameters", "nodes"], lost: &[] };

pub(super) const PARAMETER: Dictionary = Dictionary {
    what: "a parameter",
    known: &["name", "type", "default", "description"],
    lost: &[("required", "a parameter without a default is required", "remove it")],
};

pub(super) const SPEC: Dictionary = Dictionary {
    what: "the `spec` of a pipeline",
    known: &[
        "nodes",
        "ports",
        "services",
        "custom_types",
        "input_schema",
        "output",
        "orchestrator",
        "limits",
    ],
    lost: &[
        ("type_ports", "what a skill may use is granted by name", "grant it under `caps`"),
        (
            "node_ports",
            "what a skill may use is granted by name",
            "grant it under `caps` of the step",
        ),
        (
            "state_machines",
            "entities and their states are for a skill to keep",
            "write a skill that checks a transition",
        ),
        ("aliases", "skills are named in full", "remove it"),
        (
            "output_schema",
            "the operations' types say what comes out",
            "give the last skill typed results",
        ),
        (
            "policies",
            "they are written differently",
            "write them under `policies`: `{ id, when, assert, action }`",
        ),
        (
            "caps",
            "hexDAG never enforced it; here every right is denied until a pipeline grants it",
            "grant what a skill asks for under `caps`",
        ),
        (
            "observers",
            "they are Python; every event of a run is in its journal",
            "read the journal with `coldframe runs show`",
        ),
        (
            "events",
            "they are Python; every event of a run is in its journal",
            "read the journal with `coldframe runs show`",
        ),
    ],
};

pub(super) const ORCHESTRATOR: Dictionary = Dictionary {
    what: "`orchestrator`",
    known: &["default_node_timeout", "pipeline_timeout", "strict_validation"],
    lost: &[(
        "max_concurrent_nodes",
        "how many steps run at once is for the host to say",
        "set `max_concurrent` where a `map` needs it",
    )],
};

pub(super) const LIMITS: Dictionary = Dictionary {
    what: "`limits`",
    known: &["max_cost_usd"],
    lost: &[
        ("max_total_tokens", "tokens have no limit of their own", "set `limits: { cost_usd: … }`"),
        ("max_llm_calls", "calls have no limit of their own", "set `limits: { cost_usd: … }`"),
        ("max_tool_calls", "calls have no limit of their own", "set `limits: { fuel: … }`"),
        ("warning_threshold", "a limit is not announced before it is reached", "remove it"),
    ],
};

pub(super) const PORT: Dictionary = Dictionary {
    what: "a port",
    known: &["config"],
    lost: &[
        (
            "adapter",
            "the host has adapters of its own, and a pipeline does not choose them",
            "grant the service under `caps`",
        ),
        (
            "ref",
            "the host has adapters of its own, and a pipeline does not choose them",
            "grant the service under `caps`",
        ),
        (
            "adapters",
            "the host has adapters of its own, and a pipeline does not choose them",
            "grant the service under `caps`",
        ),
        (
            "strategy",
            "the host has adapters of its own, and a pipeline does not choose them",
            "grant the service under `caps`",
        ),
        (
            "middleware",
            "retries, timeouts and caches stand at the step",
            "write `retry`, `timeout` or `cache` there",
        ),
    ],
};

pub(super) const NODE: Dictionary = Dictionary {
    what: "a node",
    known: &["kind", "metadata", "spec", "dependencies", "wait_for"],
    lost: &[],
};

pub(super) const COMMON: Dictionary = Dictionary {
    what: "the `spec` of a node",
    known: &[
        "input_mapping",
        "strict_mapping",
        "when",
        "on_error",
        "timeout",
        "max_retries",
        "retry_delay",
        "retry_backoff",
        "retry_max_delay",
        "critical",
    ],
    lost: &[
        ("required_inputs", "every name in an expression has to be there", "remove it"),
        ("ports", "what a skill may use is granted by name", "grant it under `caps` of the step"),
        (
            "policies",
            "they are written differently",
            "write them under `policies`: `{ id, when, assert, action }`",
        ),
    ],
};

pub(super) const LLM: Dictionary = Dictionary {
    what: "the `spec` of a model call",
    known: &[
        "human_message",
        "system_message",
        "examples",
        "conversation",
        "output_schema",
        "prompt_template",
        "template",
        "system_prompt",
        "parse_json",
    ],
    lost: &[("stream", "an answer comes as a whole", "remove it")],
};

pub(super) const AGENT: Dictionary = Dictionary {
    what: "the `spec` of an agent",
    known: &["main_prompt", "continuation_prompts", "output_schema", "config", "tools"],
    lost: &[],
};

pub(super) const FUNCTION: Dictionary = Dictionary {
    what: "the `spec` of a function",
    known: &["fn"],
    lost: &[
        (
            "input_schema",
            "the operation's types say what it takes",
            "give the skill typed parameters",
        ),
        (
            "output_schema",
            "the operation's types say what it gives",
            "give the skill typed results",
        ),
        ("unpack_input", "arguments always stand side by side", "remove it"),
    ],
};

pub(super) const EXPRESSION: Dictionary = Dictionary {
    what: "the `spec` of an expression node",
    known: &["expressions", "output_fields", "merge_strategy", "extract_field", "reducer"],
    lost: &[],
};

pub(super) const DATA: Dictionary =
    Dictionary { what: "the `spec` of a data node", known: &["output"], lost: &[] };

pub(super) const SERVICE: Dictionary =
    Dictionary { what: "the `spec` of a service call", known: &["service", "method"], lost: &[] };

pub(super) const TRANSITION: Dictionary = Dictionary {
    what: "the `spec` of a transition",
    known: &["entity", "entity_id", "to_state", "reason", "payload"],
    lost: &[],
};

pub(super) const WAIT: Dictionary = Dictionary {
    what: "the `spec` of a wait",
    known: &["event_key", "on_timeout", "setup_fn"],
    lost: &[],
};

pub(super) const API: Dictionary = Dictionary {
    what: "the `spec` of an API call",
    known: &["method", "url", "headers", "params", "json_body"],
    lost: &[
        (
            "port",
            "the host has adapters of its own, and a pipeline does not choose them",
            "grant the address under `caps`",
        ),
        ("output_schema", "the operation's types say what it gives", "check the answer in a step"),
    ],
};

pub(super) const INVOCATION: Dictionary = Dictionary {
    what: "the `spec` of a macro's call",
    known: &["macro", "config", "inputs"],
    lost: &[],
};

pub(super) const COMPOSITE: Dictionary = Dictionary {
    what: "the `spec` of a composite node",
    known: &[
        "mode",
        "condition",
        "initial_state",
        "state_update",
        "items",
        "item_var",
        "index_var",
        "count",
        "concurrency",
        "max_iterations",
        "body",
        "body_pipeline",
        "else_body",
        "branches",
        "else_action",
        "route_downstream",
        "collect",
        "key_field",
        "reducer",
        "error_handling",
    ],
    lost: &[],
};

pub(super) const BRANCH: Dictionary =
    Dictionary { what: "a branch", known: &["condition", "action"], lost: &[] };

pub(super) const SYSTEM: Dictionary = Dictionary {
    what: "the `spec` of a system",
    known: &["processes", "pipes"],
    lost: &[
        ("ports", "what a skill may use is granted by name", "grant it under `caps`"),
        (
            "policies",
            "they are written differently",
            "write them under `policies`: `{ id, when, assert, action }`",
        ),
        ("services", "they are Python", "write skills for them"),
        (
            "observers",
            "they are Python; every event of a run is in its journal",
            "read the journal with `coldframe runs show`",
        ),
        ("memory", "nothing is kept from run to run", "hand it in as an input"),
        ("gc", "nothing is kept from run to run", "remove it"),
        ("transaction", "what a step did outside is not taken back", "write steps that undo it"),
        (
            "state_machines",
            "entities and their states are for a skill to keep",
            "write a skill that checks a transition",
        ),
        (
            "states",
            "entities and their states are for a skill to keep",
            "write a `loop` over a `switch`",
        ),
        ("on_transition", "nothing begins by itself", "write a `loop` over a `switch`"),
    ],
};

pub(super) const PROCESS: Dictionary = Dictionary {
    what: "a process",
    known: &["name", "pipeline"],
    lost: &[
        ("input_schema", "the pipeline's inputs have schemas", "write it there"),
        ("output_schema", "the operations' types say what comes out", "remove it"),
        ("ports", "what a skill may use is granted by name", "grant it under `caps`"),
        (
            "policies",
            "they are written differently",
            "write them under `policies`: `{ id, when, assert, action }`",
        ),
    ],
};

pub(super) const PIPE: Dictionary =
    Dictionary { what: "a pipe", known: &["from", "to", "mapping"], lost: &[] };

pub(super) const TYPE: Dictionary = Dictionary {
    what: "a type",
    known: &["base", "pattern", "max_length", "default", "clamp"],
    lost: &[
        ("nulls", "inputs are checked and not rewritten", "do it in a `set` step"),
        ("strip", "inputs are checked and not rewritten", "write `| trim` where it is used"),
        ("trim", "inputs are checked and not rewritten", "write `| trim` where it is used"),
        ("upper", "inputs are checked and not rewritten", "write `| upper` where it is used"),
        ("lower", "inputs are checked and not rewritten", "write `| lower` where it is used"),
        ("true_values", "inputs are checked and not rewritten", "do it in a `set` step"),
        ("false_values", "inputs are checked and not rewritten", "do it in a `set` step"),
    ],
};
