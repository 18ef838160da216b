//! What a blueprint may say, key by key, as far as it is not taken up elsewhere.

use crate::fields::Dictionary;

pub(super) const TOP: Dictionary = Dictionary {
    what: "the top level of a blueprint",
    known: &["version", "name", "steps", "agents", "imports", "description"],
    lost: &[
        (
            "static_invariants",
            "there are no invariants over the whole search",
            "write a step that checks them",
        ),
        ("pipeline_config", "nothing reads it there either", "remove it"),
    ],
};

pub(super) const AGENT: Dictionary = Dictionary {
    what: "an agent",
    known: &["model", "system_prompt", "output_schema", "model_settings", "timeout", "max_retries"],
    lost: &[],
};

pub(super) const STEP: Dictionary = Dictionary {
    what: "a step",
    known: &[
        "kind",
        "name",
        "step",
        "agent",
        "uses",
        "input",
        "config",
        "updates_context",
        "sink_to",
        "fallback",
        "usage_limits",
        "output_schema",
        "processing",
        "branches",
        "merge_strategy",
        "on_branch_failure",
        "reduce",
        "condition",
        "condition_expression",
        "default_branch",
        "loop",
        "map",
        "router",
        "message",
        "wrapped_step",
        "planner",
        "registry",
        "output_template",
        "start_state",
        "end_states",
        "states",
        "transitions",
    ],
    lost: &[
        (
            "validate_fields",
            "fields are checked by the types of the skill",
            "give the skill typed results",
        ),
        (
            "plugins",
            "they are Python that looks at the output",
            "write a step behind this one that checks it",
        ),
        (
            "validators",
            "they are Python that looks at the output",
            "write a step behind this one that checks it",
        ),
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
        ("meta", "steps have no notes of their own", "write a comment, or `name`"),
        (
            "use_history",
            "there is no history of a conversation",
            "hand earlier texts in as arguments",
        ),
        ("processing", "the skill decides how an answer is read", "do it in the skill"),
        ("inherit_context", "flujo reads it only inside of `config`", "remove it"),
        ("input_to", "flujo reads it only inside of `config`", "remove it"),
        ("outputs", "flujo reads it only inside of `config`", "remove it"),
        ("on_failure", "flujo reads it only inside of `config`", "remove it"),
    ],
};

pub(super) const PARALLEL: Dictionary = Dictionary {
    what: "a parallel step",
    known: &[],
    lost: &[
        ("context_include_keys", "branches see what their expressions name", "remove it"),
        ("field_mapping", "branches do not write into a context", "name the fields in `output`"),
        ("ignore_branch_names", "the output always has the names of the branches", "use `output`"),
    ],
};

pub(super) const TREE: Dictionary = Dictionary {
    what: "a tree search",
    known: &[
        "proposer",
        "evaluator",
        "cost_function",
        "candidate_validator",
        "discovery_agent",
        "static_invariants",
        "branching_factor",
        "beam_width",
        "max_depth",
        "max_iterations",
        "path_max_tokens",
        "goal_score_threshold",
        "require_goal",
    ],
    lost: &[],
};

pub(super) const CONFIG: Dictionary = Dictionary {
    what: "the `config` of a step",
    known: &[
        "max_retries",
        "timeout",
        "timeout_s",
        "temperature",
        "top_k",
        "top_p",
        "execution_mode",
    ],
    lost: &[
        ("temperature", "only calls of a model have it", "remove it, or hand it to the skill"),
        ("top_k", "only calls of a model have it", "remove it, or hand it to the skill"),
        ("top_p", "only calls of a model have it", "remove it, or hand it to the skill"),
        ("preserve_fallback_diagnostics", "every attempt is in the journal", "remove it"),
    ],
};

pub(super) const IMPORT: Dictionary = Dictionary {
    what: "the `config` of an import",
    known: &["inherit_context", "input_to", "input_scratchpad_key", "outputs", "on_failure"],
    lost: &[
        (
            "inherit_conversation",
            "there is no history of a conversation",
            "hand earlier texts in as inputs",
        ),
        ("propagate_hitl", "a run always waits for every person it asks", "remove it"),
    ],
};

pub(super) const USAGE: Dictionary = Dictionary {
    what: "`usage_limits`",
    known: &["total_cost_usd_limit"],
    lost: &[(
        "total_tokens_limit",
        "tokens have no limit of their own",
        "set `limits: { cost_usd: … }`",
    )],
};

pub(super) const LOOP: Dictionary = Dictionary {
    what: "a loop",
    known: &[
        "body",
        "max_loops",
        "exit_expression",
        "exit_condition",
        "init",
        "state",
        "propagation",
        "initial_input_mapper",
        "iteration_input_mapper",
        "loop_output_mapper",
    ],
    lost: &[
        ("conversation", "there is no history of a conversation", "keep the turns in `state`"),
        (
            "history_management",
            "there is no history of a conversation",
            "keep the turns in `state`",
        ),
        ("history_template", "there is no history of a conversation", "keep the turns in `state`"),
        ("ai_turn_source", "there is no history of a conversation", "keep the turns in `state`"),
        ("user_turn_sources", "there is no history of a conversation", "keep the turns in `state`"),
        ("named_steps", "there is no history of a conversation", "keep the turns in `state`"),
        ("stop_when", "flujo documents it and does not read it", "write it as `until`"),
        ("output", "flujo documents it and does not read it", "write a `set` step behind the loop"),
        (
            "output_template",
            "flujo documents it and does not read it",
            "write a `set` step behind the loop",
        ),
    ],
};

pub(super) const PROPAGATION: Dictionary =
    Dictionary { what: "`propagation`", known: &["next_input"], lost: &[] };

pub(super) const MAP: Dictionary =
    Dictionary { what: "a map", known: &["iterable_input", "body", "init", "finalize"], lost: &[] };

pub(super) const FINALIZE: Dictionary =
    Dictionary { what: "`finalize`", known: &["output_template", "output"], lost: &[] };

pub(super) const ROUTER: Dictionary =
    Dictionary { what: "a router", known: &["router_agent", "branches"], lost: &[] };

pub(super) const OPERATION: Dictionary = Dictionary {
    what: "a change of the context",
    known: &["set", "append", "merge", "target", "value"],
    lost: &[],
};

pub(super) const AGENT_REF: Dictionary =
    Dictionary { what: "`agent`", known: &["id", "params", "path"], lost: &[] };

pub(super) const STATE: Dictionary = Dictionary { what: "a state", known: &["steps"], lost: &[] };

pub(super) const TRANSITION: Dictionary =
    Dictionary { what: "a transition", known: &["from", "on", "to", "when"], lost: &[] };

pub(super) const BRANCH: Dictionary = Dictionary { what: "a branch", known: &["steps"], lost: &[] };

pub(super) const PROMPT: Dictionary =
    Dictionary { what: "`system_prompt`", known: &["from_file", "variables"], lost: &[] };
