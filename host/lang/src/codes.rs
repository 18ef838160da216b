//! The kinds of problems. Each has a page of its own in `codes/`: what it means, a text that has
//! the problem and the same text without it. A new kind is a new page and one line here.

use std::fmt;

use crate::diagnostic::Severity;

/// A kind of problem. Its id never changes.
#[derive(PartialEq, Eq)]
pub struct Code {
    /// Kebab-case, stable.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// A signature, digest or revocation was the reason. The command line ends with another code.
    pub refusal: bool,
    /// The page, Markdown.
    pub page: &'static str,
}

/// The id alone: the page would bury whatever a test wants to show.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

macro_rules! codes {
    ($($(#[$kind:ident])? $name:ident = $id:literal,)*) => {
        $(
            #[doc = concat!("`", $id, "`, see its page.")]
            pub static $name: Code = Code {
                id: $id,
                severity: codes!(@severity $($kind)?),
                refusal: codes!(@refusal $($kind)?),
                page: include_str!(concat!("codes/", $id, ".md")),
            };
        )*

        /// All kinds, in the order of the stages that find them.
        static ALL: &[&Code] = &[$(&$name),*];
    };
    (@severity warning) => { Severity::Warning };
    (@severity $($kind:ident)?) => { Severity::Error };
    (@refusal refusal) => { true };
    (@refusal $($kind:ident)?) => { false };
}

codes! {
    YAML_SYNTAX = "yaml-syntax",
    YAML_EMPTY = "yaml-empty",
    YAML_TOO_LARGE = "yaml-too-large",
    YAML_TOO_DEEP = "yaml-too-deep",
    YAML_HIDDEN_CHARACTER = "yaml-hidden-character",
    YAML_DUPLICATE_KEY = "yaml-duplicate-key",
    YAML_KEY = "yaml-key",
    YAML_MERGE_KEY = "yaml-merge-key",
    YAML_ALIAS = "yaml-alias",
    YAML_TAG = "yaml-tag",
    YAML_DOCUMENTS = "yaml-documents",
    YAML_NUMBER_RANGE = "yaml-number-range",
    FILE_OUTSIDE = "file-outside",
    INCLUDE_CYCLE = "include-cycle",

    WHICH_PIPELINE = "which-pipeline",
    DUPLICATE_DOCUMENT = "duplicate-document",
    ENV_SYNTAX = "env-syntax",
    ENV_NOT_ALLOWED = "env-not-allowed",
    ENV_NOT_HERE = "env-not-here",
    ENV_MISSING = "env-missing",
    ENV_SECRET = "env-secret",
    #[warning] UNUSED_ENV = "unused-env",
    UNKNOWN_POLICY = "unknown-policy",
    POLICY_OVERLAP = "policy-overlap",
    UNRULED_POLICY = "unruled-policy",
    POLICY_DENIED = "policy-denied",
    UNKNOWN_ADAPTER = "unknown-adapter",
    UNKNOWN_MACRO = "unknown-macro",
    MACRO_CYCLE = "macro-cycle",
    ABOVE_CEILING = "above-ceiling",

    UNKNOWN_API_VERSION = "unknown-api-version",
    UNKNOWN_KIND = "unknown-kind",
    UNSUPPORTED_KIND = "unsupported-kind",
    UNKNOWN_KEY = "unknown-key",
    UNSUPPORTED_KEY = "unsupported-key",
    MISSING_KEY = "missing-key",
    WRONG_SHAPE = "wrong-shape",
    BAD_NAME = "bad-name",
    BAD_VERSION = "bad-version",
    RESERVED_NAME = "reserved-name",
    DUPLICATE_ID = "duplicate-id",
    STEP_KIND = "step-kind",
    UNKNOWN_VALUE = "unknown-value",
    TOO_DEEP = "too-deep",
    BAD_LIMIT = "bad-limit",
    LIMIT_EXCEEDS = "limit-exceeds",
    BAD_GRANT = "bad-grant",
    BAD_MODEL = "bad-model",
    BAD_SCHEMA = "bad-schema",
    BAD_DEFAULT = "bad-default",

    EXPRESSION_SYNTAX = "expression-syntax",
    EXPRESSION_TOO_LARGE = "expression-too-large",
    UNSUPPORTED_STATEMENT = "unsupported-statement",
    TEMPLATE_NOT_HERE = "template-not-here",
    WHEN_BRACES = "when-braces",
    UNKNOWN_NAME = "unknown-name",
    UNKNOWN_FILTER = "unknown-filter",
    UNKNOWN_TEST = "unknown-test",
    UNKNOWN_FUNCTION = "unknown-function",
    UNKNOWN_STEP = "unknown-step",
    UNKNOWN_STUB = "unknown-stub",
    TEST_INPUT = "test-input",
    SELF_REFERENCE = "self-reference",
    CYCLE = "cycle",

    BAD_SKILL_REFERENCE = "bad-skill-reference",
    UNKNOWN_SKILL = "unknown-skill",
    NO_VERSION = "no-version",
    #[refusal] SKILL_REFUSED = "skill-refused",
    UNKNOWN_OPERATION = "unknown-operation",
    OPERATION_NEEDED = "operation-needed",

    UNKNOWN_FILE = "unknown-file",
    BAD_PIPELINE_REFERENCE = "bad-pipeline-reference",
    UNKNOWN_PIPELINE = "unknown-pipeline",
    #[refusal] PIPELINE_REFUSED = "pipeline-refused",
    PIPELINE_CYCLE = "pipeline-cycle",
    CHILD_PIPELINE = "child-pipeline",
    #[refusal] CHILD_REFUSED = "child-refused",

    MISSING_PARAM = "missing-param",
    UNKNOWN_PARAM = "unknown-param",
    TYPE_MISMATCH = "type-mismatch",
    UNKNOWN_FIELD = "unknown-field",
    OPTIONAL_VALUE = "optional-value",
    DUPLICATE_CASE = "duplicate-case",

    UNKNOWN_IMPORT = "unknown-import",
    CAPABILITY_NOT_GRANTED = "capability-not-granted",
    CAPS_TOO_WIDE = "caps-too-wide",
    CACHE_IMPURE = "cache-impure",
    #[warning] UNUSED_CAPABILITY = "unused-capability",
}

/// All kinds of problems, in the order of the stages that find them.
pub fn all() -> &'static [&'static Code] {
    ALL
}

/// The page of a code.
pub fn explain(code: &str) -> Option<&'static str> {
    let own =
        ALL.iter().copied().chain([&crate::fmt::FORMAT_DIFFERS, &crate::foreseen::RULE_BROKEN]);
    own.into_iter()
        .find(|known| known.id == code)
        .map(|known| known.page)
        .or_else(|| crate::lint::explain(code))
}
