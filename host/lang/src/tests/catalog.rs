//! The skills of these tests: a table in place of a registry.

use std::collections::BTreeMap;
use std::sync::Arc;

use coldframe_format::{Caps, Digest, Field, Interface, Operation, SkillId, SkillRef, Type};
use semver::Version;

use crate::catalog::{CatalogError, SkillCatalog, SkillEntry};

/// Skills by id, versions ascending.
pub(super) struct Table(BTreeMap<SkillId, Vec<Arc<SkillEntry>>>);

impl SkillCatalog for Table {
    fn find(&self, wanted: &SkillRef) -> Result<Arc<SkillEntry>, CatalogError> {
        if wanted.id.to_string() == "acme/tampered" {
            let why = "the digest of the component is sha256:11…, the signed one is sha256:22…";
            return Err(CatalogError::Refused(why.to_owned()));
        }
        let versions = self.0.get(&wanted.id).ok_or(CatalogError::UnknownSkill)?;
        let found = versions.iter().rev().find(|entry| wanted.req.matches(&entry.version));
        found.cloned().ok_or_else(|| {
            CatalogError::NoVersion(versions.iter().map(|entry| entry.version.clone()).collect())
        })
    }

    fn ids(&self) -> Vec<SkillId> {
        self.0.keys().cloned().collect()
    }
}

impl Table {
    pub(super) fn new() -> Self {
        let mut table = Self(BTreeMap::new());
        table.add("std/text", "1.0.0", &[], vec![stats(), split()]);
        let query = operation("query", &[("doc", Type::Json), ("path", Type::String)], Type::Json);
        table.add("std/json", "1.1.0", &[], vec![query.clone()]);
        table.add("std/json", "2.0.0", &[], vec![query]);
        let get = operation("get", &[("url", Type::String)], Type::String);
        table.add("std/web", "1.0.0", &["wasi:http/outgoing-handler@0.2.6"], vec![get]);
        let note = operation("note", &[("text", Type::String)], Type::String);
        table.add("acme/agent", "1.0.0", &["coldframe:host/tools@0.1.0"], vec![note.clone()]);
        table.add("acme/note", "1.0.0", &["coldframe:host/log@0.1.0"], vec![note.clone()]);
        table.add("acme/odd", "1.0.0", &["wasi:sockets/tcp@0.2.6"], vec![note]);
        table.add("acme/types", "1.0.0", &[], vec![take(), give()]);
        table
    }

    fn add(&mut self, id: &str, version: &str, imports: &[&str], operations: Vec<Operation>) {
        let id: SkillId = id.parse().unwrap();
        let ceiling = if imports.iter().any(|import| import.starts_with("wasi:http")) {
            serde_json::from_str(r#"{"http": ["GET https://api.example.com/**"]}"#).unwrap()
        } else {
            Caps::default()
        };
        self.0.entry(id.clone()).or_default().push(Arc::new(SkillEntry {
            id,
            version: Version::parse(version).unwrap(),
            component: Digest::of(version.as_bytes()),
            interface: Interface {
                operations,
                imports: imports.iter().map(|import| (*import).to_owned()).collect(),
            },
            ceiling,
        }));
    }
}

fn fields(fields: &[(&str, Type)]) -> Vec<Field> {
    fields
        .iter()
        .map(|(name, ty)| Field { name: (*name).to_owned(), ty: ty.clone(), doc: String::new() })
        .collect()
}

fn operation(name: &str, params: &[(&str, Type)], result: Type) -> Operation {
    Operation {
        name: name.to_owned(),
        interface: None,
        function: name.to_owned(),
        doc: String::new(),
        params: fields(params),
        result: Some(result),
    }
}

fn list(item: Type) -> Type {
    Type::List(Box::new(item))
}

fn option(inner: Type) -> Type {
    Type::Option(Box::new(inner))
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// `stats(text: string) -> result<record, string>`
fn stats() -> Operation {
    let count = Type::Record(fields(&[("word", Type::String), ("times", Type::U32)]));
    let found = Type::Record(fields(&[
        ("word-count", Type::U32),
        ("language", option(Type::String)),
        ("counts", list(count)),
    ]));
    let result = Type::Result(Some(Box::new(found)), Some(Box::new(Type::String)));
    operation("stats", &[("text", Type::String)], result)
}

fn split() -> Operation {
    let params = [
        ("text", Type::String),
        ("separator", option(Type::String)),
        ("max-parts", option(Type::U8)),
    ];
    operation("split", &params, list(Type::String))
}

/// One of each type.
fn each_type() -> Vec<(&'static str, Type)> {
    let point = fields(&[("x", Type::S32), ("y-pos", Type::S32), ("label", option(Type::String))]);
    let shape = vec![("circle".to_owned(), Some(Type::F64)), ("no-shape".to_owned(), None)];
    vec![
        ("flag", Type::Bool),
        ("tiny", Type::U8),
        ("wide", Type::U64),
        ("whole", Type::S32),
        ("ratio", Type::F64),
        ("rough", Type::F32),
        ("letter", Type::Char),
        ("text", Type::String),
        ("raw", list(Type::U8)),
        ("names", list(Type::String)),
        ("pair", Type::Tuple(vec![Type::U32, Type::String])),
        ("point", Type::Record(point)),
        ("color", Type::Enum(names(&["red", "dark-blue"]))),
        ("shape", Type::Variant(shape)),
        ("rights", Type::Flags(names(&["read", "write"]))),
        ("outcome", Type::Result(Some(Box::new(Type::U32)), None)),
        ("extra", Type::Json),
    ]
}

/// Takes one of each type, all optional.
fn take() -> Operation {
    let params: Vec<(&str, Type)> =
        each_type().into_iter().map(|(name, ty)| (name, option(ty))).collect();
    operation("take", &params, Type::Bool)
}

/// Gives one of each type.
fn give() -> Operation {
    operation("give", &[], Type::Record(fields(&each_type())))
}
