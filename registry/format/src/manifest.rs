//! The manifest of a skill: what its author says of it, and the cases that characterise it.
//!
//! Written as `skill.toml` beside the source; published as canonical JSON with the schemas that
//! follow from the component. The capabilities are what the skill *asks for*: nothing here grants
//! anything.
//!
//! ```toml
//! id = "std/text"
//! version = "1.0.0"
//! description = "counts and splits text"
//! license = "MIT OR Apache-2.0"
//! keywords = ["words", "sentences"]
//!
//! [capabilities]
//! log = true
//!
//! [[cases]]
//! name = "two words"
//! operation = "stats"
//! input = { text = "hello there" }
//! output = { words = 2 }          # or: error = "guest.error"
//! ```
//!
//! TOML has no `null`: `input_json` and `output_json` take JSON as text instead.

use std::collections::BTreeSet;

use semver::Version;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::canonical;
use crate::caps::{Cap, Caps};
use crate::imports::UnknownImport;
use crate::interface::{Interface, OperationError};
use crate::name::SkillId;
use crate::schema;

/// The version of the published form.
const VERSION: u64 = 1;

/// Characters of a description: one line in a list.
const DESCRIPTION_CHARS_MAX: usize = 300;

/// The largest manifest that is read, bytes.
pub const MANIFEST_BYTES_MAX: usize = 1 << 20;

/// What a skill's author says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The skill.
    pub id: SkillId,
    /// The version, without build metadata.
    pub version: Version,
    /// One line for people.
    pub description: String,
    /// An SPDX expression.
    pub license: String,
    /// Words by which the skill should be found.
    pub keywords: Vec<String>,
    /// The ceiling: the most the skill will ever use.
    pub capabilities: Caps,
    /// What it does, by example.
    pub cases: Vec<Case>,
}

/// One call and what must come of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Names the case within the manifest.
    pub name: String,
    /// `None` for the only operation of the skill.
    pub operation: Option<String>,
    /// The operation's input, an object.
    pub input: Value,
    /// What comes of it.
    pub expected: Expected,
}

/// What a case expects.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// Exactly this output.
    Output(Value),
    /// A failure of this stable kind, as `guest.error`.
    Error(String),
}

/// What is wrong with a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// More than [`MANIFEST_BYTES_MAX`].
    #[error("the manifest has {0} bytes, expected at most {MANIFEST_BYTES_MAX}")]
    TooLarge(usize),
    /// Not TOML, or not with these keys and types.
    #[error("the manifest does not parse: {0}")]
    Syntax(String),
    /// The published form has another version.
    #[error("the manifest has version `{0}`, expected `{VERSION}`")]
    Version(String),
    /// A value that its key does not take.
    #[error("`{key}` of the manifest {why}")]
    Value {
        /// Where it stands.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// The component needs capabilities that the manifest does not ask for.
    #[error(
        "the manifest of `{id}` does not declare {}, but the component imports what needs it",
        crate::suggest::list(missing)
    )]
    UnderDeclared {
        /// The skill.
        id: SkillId,
        /// The capabilities that are missing.
        missing: Vec<&'static str>,
    },
    /// The component imports what no capability stands for.
    #[error(transparent)]
    Import(#[from] UnknownImport),
    /// A case calls an operation that isn't there.
    #[error("case `{case}`: {why}")]
    CaseOperation {
        /// The case.
        case: String,
        /// Why there is no such operation.
        why: OperationError,
    },
}

impl ManifestError {
    /// The stable kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::UnderDeclared { .. } | Self::Import(_) => "denied.import",
            _ => "registry.manifest",
        }
    }

    /// What to do about it, where something can be said.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::UnderDeclared { missing, .. } => {
                let lines: Vec<_> = missing
                    .iter()
                    .map(|name| match *name {
                        "http" => "http = [\"GET https://host/path/**\"]".to_owned(),
                        name => format!("{name} = true"),
                    })
                    .collect();
                Some(format!("add to [capabilities]: {}", lines.join(", ")))
            }
            Self::CaseOperation { why, .. } => why.help(),
            _ => None,
        }
    }
}

/// The manifest as its two spellings have it, with `V` the values of the format.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<V> {
    id: SkillId,
    version: Version,
    description: String,
    license: String,
    #[serde(default = "Vec::new")]
    keywords: Vec<String>,
    #[serde(default)]
    capabilities: Caps,
    #[serde(default = "Vec::new")]
    cases: Vec<WrittenCase<V>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCase<V> {
    name: String,
    operation: Option<String>,
    input: Option<V>,
    input_json: Option<String>,
    #[serde(default = "Option::default", deserialize_with = "present")]
    output: Option<V>,
    output_json: Option<String>,
    error: Option<String>,
}

/// A key that is there with the value `null` is not the same as a key that is missing.
fn present<'de, V: Deserialize<'de>, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<V>, D::Error> {
    V::deserialize(deserializer).map(Some)
}

impl Manifest {
    /// Reads `skill.toml`.
    pub fn from_toml(text: &str) -> Result<Self, ManifestError> {
        check_size(text)?;
        let written: Written<toml::Value> =
            toml::from_str(text).map_err(|e| ManifestError::Syntax(e.to_string()))?;
        Self::new(written, json_of_toml)
    }

    /// Reads the published form. What it says of operations and imports is passed over: that is
    /// read from the component.
    pub fn from_json(text: &str) -> Result<Self, ManifestError> {
        check_size(text)?;
        let syntax = |e: serde_json::Error| ManifestError::Syntax(e.to_string());
        let mut map: Map<String, Value> = serde_json::from_str(text).map_err(syntax)?;
        match map.remove("v") {
            Some(version) if version == json!(VERSION) => {}
            other => return Err(ManifestError::Version(other.unwrap_or_default().to_string())),
        }
        map.remove("operations");
        map.remove("imports");
        let written: Written<Value> = serde_json::from_value(Value::Object(map)).map_err(syntax)?;
        Self::new(written, |value, _| Ok(value))
    }

    /// The published form: canonical JSON, with the schemas of the component's operations.
    pub fn to_json(&self, interface: &Interface) -> String {
        let operations: Vec<Value> = interface
            .operations
            .iter()
            .map(|op| {
                json!({
                    "name": op.name,
                    "interface": op.interface,
                    "doc": op.doc,
                    "input": schema::input_schema(op),
                    "output": schema::output_schema(op),
                })
            })
            .collect();
        canonical::to_string(&json!({
            "v": VERSION,
            "id": self.id,
            "version": self.version,
            "description": self.description,
            "license": self.license,
            "keywords": self.keywords,
            "capabilities": self.capabilities,
            "cases": self.cases.iter().map(Case::to_value).collect::<Vec<_>>(),
            "operations": operations,
            "imports": interface.imports,
        }))
    }

    /// The ceiling of capabilities: what the manifest asks for, without what the component could
    /// not use anyway; what has others called needs their rights too, and keeps all. An error where
    /// the component needs more than the manifest says.
    pub fn ceiling(&self, interface: &Interface) -> Result<Caps, ManifestError> {
        let needs = interface.required_caps()?;
        let missing: Vec<_> = needs.missing_from(&self.capabilities).map(Cap::name).collect();
        if !missing.is_empty() {
            return Err(ManifestError::UnderDeclared { id: self.id.clone(), missing });
        }
        Ok(match needs.has(Cap::Tools) {
            true => self.capabilities.clone(),
            false => self.capabilities.keep(needs),
        })
    }

    /// Whether the manifest fits the component: the ceiling, and that every case names an
    /// operation there is.
    pub fn check(&self, interface: &Interface) -> Result<(), ManifestError> {
        self.ceiling(interface)?;
        for case in &self.cases {
            interface
                .operation(case.operation.as_deref())
                .map_err(|why| ManifestError::CaseOperation { case: case.name.clone(), why })?;
        }
        Ok(())
    }

    fn new<V>(
        written: Written<V>,
        to_json: impl Fn(V, &str) -> Result<Value, ManifestError>,
    ) -> Result<Self, ManifestError> {
        let mut cases = Vec::with_capacity(written.cases.len());
        for (index, case) in written.cases.into_iter().enumerate() {
            cases.push(Case::new(case, index, &to_json)?);
        }
        let manifest = Self {
            id: written.id,
            version: written.version,
            description: written.description,
            license: written.license,
            keywords: written.keywords,
            capabilities: written.capabilities,
            cases,
        };
        manifest.validate()?;
        Ok(manifest)
    }

    fn validate(&self) -> Result<(), ManifestError> {
        let ensure = |good: bool, key: &str, why: &str| {
            if good { Ok(()) } else { Err(wrong(key, why)) }
        };
        ensure(self.version.build.is_empty(), "version", "has build metadata, expected none")?;
        for (key, text) in [("description", &self.description), ("license", &self.license)] {
            let line = !text.trim().is_empty() && !text.chars().any(char::is_control);
            ensure(line, key, "is empty or more than a line, expected one line of text")?;
            let short = text.chars().count() <= DESCRIPTION_CHARS_MAX;
            ensure(short, key, "is too long, expected at most 300 characters")?;
        }
        ensure(self.keywords.len() <= 16, "keywords", "has too many words, expected at most 16")?;
        for word in &self.keywords {
            let good = (1..=32).contains(&word.len())
                && word.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
            ensure(good, "keywords", "has a word that is not lower-case letters, digits and `-`")?;
        }
        let names: BTreeSet<_> = self.cases.iter().map(|case| &case.name).collect();
        ensure(names.len() == self.cases.len(), "cases", "has two cases of one name")
    }
}

impl Case {
    fn new<V>(
        case: WrittenCase<V>,
        index: usize,
        to_json: &impl Fn(V, &str) -> Result<Value, ManifestError>,
    ) -> Result<Self, ManifestError> {
        let at = |key: &str| format!("cases[{index}].{key}");
        if case.name.trim().is_empty() || case.name.chars().any(char::is_control) {
            return Err(wrong(&at("name"), "is empty or more than a line"));
        }
        let input = either(case.input, case.input_json, &at("input"), to_json)?
            .unwrap_or_else(|| Value::Object(Map::new()));
        if !input.is_object() {
            return Err(wrong(&at("input"), "is not a table of parameters"));
        }
        let output = either(case.output, case.output_json, &at("output"), to_json)?;
        let expected = match (output, case.error) {
            (Some(output), None) => Expected::Output(output),
            (None, Some(kind)) => Expected::Error(kind),
            _ => return Err(wrong(&at("output"), "or `error`: expected exactly one of them")),
        };
        Ok(Self { name: case.name, operation: case.operation, input, expected })
    }

    fn to_value(&self) -> Value {
        let mut map = Map::new();
        map.insert("name".to_owned(), json!(self.name));
        if let Some(operation) = &self.operation {
            map.insert("operation".to_owned(), json!(operation));
        }
        map.insert("input".to_owned(), self.input.clone());
        match &self.expected {
            Expected::Output(output) => map.insert("output".to_owned(), output.clone()),
            Expected::Error(kind) => map.insert("error".to_owned(), json!(kind)),
        };
        Value::Object(map)
    }
}

/// A value, written as such or as JSON text.
fn either<V>(
    value: Option<V>,
    text: Option<String>,
    key: &str,
    to_json: &impl Fn(V, &str) -> Result<Value, ManifestError>,
) -> Result<Option<Value>, ManifestError> {
    match (value, text) {
        (Some(_), Some(_)) => Err(wrong(key, "stands beside its `_json`, expected one of them")),
        (Some(value), None) => to_json(value, key).map(Some),
        (None, Some(text)) => serde_json::from_str(&text)
            .map(Some)
            .map_err(|e| wrong(&format!("{key}_json"), &format!("is not JSON: {e}"))),
        (None, None) => Ok(None),
    }
}

fn json_of_toml(value: toml::Value, key: &str) -> Result<Value, ManifestError> {
    Ok(match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => json!(number),
        toml::Value::Float(number) => serde_json::Number::from_f64(number)
            .map(Value::Number)
            .ok_or_else(|| wrong(key, "has a number that JSON does not have, expected a text"))?,
        toml::Value::Boolean(flag) => Value::Bool(flag),
        toml::Value::Datetime(_) => {
            return Err(wrong(key, "has a date, expected a text"));
        }
        toml::Value::Array(items) => {
            let items: Result<_, _> =
                items.into_iter().map(|item| json_of_toml(item, key)).collect();
            Value::Array(items?)
        }
        toml::Value::Table(table) => {
            let mut map = Map::new();
            for (name, value) in table {
                map.insert(name, json_of_toml(value, key)?);
            }
            Value::Object(map)
        }
    })
}

fn check_size(text: &str) -> Result<(), ManifestError> {
    if text.len() > MANIFEST_BYTES_MAX {
        return Err(ManifestError::TooLarge(text.len()));
    }
    Ok(())
}

fn wrong(key: &str, why: &str) -> ManifestError {
    ManifestError::Value { key: key.to_owned(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interface::Operation;

    const GOOD: &str = r#"
id = "std/text"
version = "1.0.0"
description = "counts"
license = "MIT"
"#;

    const FULL: &str = r#"
id = "acme/fetch"
version = "1.2.0-rc.1"
description = "gets a page"
license = "MIT OR Apache-2.0"
keywords = ["web", "page"]
[capabilities]
http = ["GET https://a.org/**"]
log = true
[[cases]]
name = "one"
operation = "get"
input = { url = "https://a.org/x", depth = 3, ratio = 0.5 }
output = { ok = true }
[[cases]]
name = "null"
input_json = '{"url": null}'
output_json = "null"
[[cases]]
name = "fails"
error = "guest.error"
"#;

    fn interface(imports: &[&str]) -> Interface {
        let get = Operation {
            name: "get".to_owned(),
            interface: None,
            function: "get".to_owned(),
            doc: String::new(),
            params: Vec::new(),
            result: None,
        };
        Interface {
            operations: vec![get],
            imports: imports.iter().map(|i| (*i).to_owned()).collect(),
        }
    }

    #[test]
    fn publishes_what_it_read() {
        let manifest = Manifest::from_toml(FULL).unwrap();
        assert_eq!(manifest.cases[0].input["ratio"], json!(0.5));
        assert_eq!(manifest.cases[1].expected, Expected::Output(Value::Null));
        assert_eq!(manifest.cases[2].expected, Expected::Error("guest.error".to_owned()));
        let text = manifest.to_json(&interface(&["coldframe:host/log@0.1.0"]));
        assert_eq!(Manifest::from_json(&text), Ok(manifest));
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(canonical::to_string(&value), text);
        assert_eq!(value["operations"][0]["input"]["type"], json!("object"));
    }

    #[test]
    fn refuses_what_is_wrong() {
        let cases = [
            ("colour = 1", "does not parse"),
            ("[capabilities]\nhttps = []", "does not parse"),
            ("[capabilities]\nhttp = [\"a.org\"]", "does not parse"),
            ("keywords = [\"Ä\"]", "`keywords` of the manifest has a word"),
            (
                "[[cases]]\nname = \"a\"",
                "`cases[0].output` of the manifest or `error`: expected exactly one of them",
            ),
            (
                "[[cases]]\nname = \"a\"\noutput = 1\nerror = \"x\"",
                "`cases[0].output` of the manifest or `error`: expected exactly one of them",
            ),
            (
                "[[cases]]\nname = \"a\"\noutput = 1\noutput_json = \"1\"",
                "`cases[0].output` of the manifest stands beside its `_json`",
            ),
            (
                "[[cases]]\nname = \"a\"\noutput_json = \"{\"",
                "`cases[0].output_json` of the manifest is not JSON",
            ),
            (
                "[[cases]]\nname = \"a\"\ninput = 1\noutput = 1",
                "`cases[0].input` of the manifest is not a table",
            ),
            (
                "[[cases]]\nname = \"a\"\noutput = 2020-01-01",
                "`cases[0].output` of the manifest has a date",
            ),
            (
                "[[cases]]\nname = \"a\"\noutput = nan",
                "`cases[0].output` of the manifest has a number",
            ),
            ("[[cases]]\nname = \"\"\noutput = 1", "`cases[0].name` of the manifest is empty"),
            (
                "[[cases]]\nname = \"a\"\noutput = 1\n[[cases]]\nname = \"a\"\noutput = 1",
                "`cases` of the manifest has two cases of one name",
            ),
        ];
        for (tail, expected) in cases {
            let error = Manifest::from_toml(&format!("{GOOD}{tail}")).unwrap_err().to_string();
            assert!(error.contains(expected), "{tail}: {error}");
        }
        for (from, to, expected) in [
            ("1.0.0", "1.0.0+x", "build metadata"),
            ("1.0.0", "1.0", "does not parse"),
            ("std/text", "std/../x", "does not parse"),
            ("counts", "", "is empty"),
            ("counts", "a\\nb", "more than a line"),
            ("MIT", "\\u001b[31m", "more than a line"),
        ] {
            let error = Manifest::from_toml(&GOOD.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(expected), "{to}: {error}");
        }
        let huge = "#".repeat(MANIFEST_BYTES_MAX + 1);
        assert_eq!(Manifest::from_toml(&huge), Err(ManifestError::TooLarge(huge.len())));
        assert_eq!(Manifest::from_json("{}"), Err(ManifestError::Version("null".to_owned())));
        assert!(Manifest::from_json(r#"{"v":2}"#).is_err());
    }

    #[test]
    fn the_ceiling_is_what_is_asked_for_and_can_be_used() {
        let manifest = Manifest::from_toml(FULL).unwrap();
        let http = interface(&["wasi:http/outgoing-handler@0.2.6"]);
        let ceiling = manifest.ceiling(&http).unwrap();
        assert_eq!((ceiling.http.len(), ceiling.log), (1, false));
        let error = manifest.ceiling(&interface(&["wasi:clocks/wall-clock@0.2.6"])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the manifest of `acme/fetch` does not declare `clock`, but the component imports what needs it"
        );
        assert_eq!(error.help().as_deref(), Some("add to [capabilities]: clock = true"));
        assert_eq!(error.kind(), "denied.import");
        assert!(manifest.ceiling(&interface(&["wasi:sockets/tcp@0.2.6"])).is_err());
    }

    #[test]
    fn cases_name_operations_there_are() {
        let manifest = Manifest::from_toml(FULL).unwrap();
        assert_eq!(manifest.check(&interface(&[])), Ok(()));
        let other = Manifest::from_toml(&FULL.replace("\"get\"", "\"gets\"")).unwrap();
        let error = other.check(&interface(&[])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "case `one`: the skill has no operation `gets`, expected `get`"
        );
    }
}
