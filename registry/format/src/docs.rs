//! WIT doc comments, carried by a component in a custom section.
//!
//! The component model has no place for documentation: wrapping a module into a component drops
//! it. So the build appends [`SECTION`], a JSON object from path to text:
//!
//! | path | of |
//! |---|---|
//! | `stats` | a bare function of the world |
//! | `std:text/text@1.0.0#stats` | a function of an exported interface |
//! | `std:text/text@1.0.0/summary.words` | a field of a record |
//!
//! The section is the author's word. It is shown to people as quoted text and decides nothing.

use std::collections::BTreeMap;

use wit_parser::{InterfaceId, Resolve, TypeDefKind, TypeId, WorldId, WorldItem};

use crate::canonical;

/// The name of the custom section.
pub const SECTION: &str = "coldframe:docs";

/// Bytes of the section beyond which it is ignored.
const SECTION_BYTES_MAX: usize = 1 << 20;

/// Characters of one text; the rest is cut off.
const DOC_CHARS_MAX: usize = 4000;

/// Texts by path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Docs(BTreeMap<String, String>);

impl Docs {
    /// Reads the content of the section. Documentation is a courtesy: a section that cannot be
    /// read is as good as none.
    pub(crate) fn parse(section: &[u8]) -> Self {
        if section.len() > SECTION_BYTES_MAX {
            return Self::default();
        }
        let texts: BTreeMap<String, String> = serde_json::from_slice(section).unwrap_or_default();
        Self(texts.into_iter().map(|(path, text)| (path, tidy(&text))).collect())
    }

    /// The doc comments of everything that `world` exports, and of the records it uses.
    pub fn of_world(resolve: &Resolve, world: WorldId) -> Self {
        let mut docs = Self::default();
        let Some(world) = resolve.worlds.get(world) else { return docs };
        for (key, item) in world.imports.iter().chain(&world.exports) {
            match item {
                WorldItem::Interface { id, .. } => {
                    docs.add_interface(resolve, &resolve.name_world_key(key), *id);
                }
                WorldItem::Function(function) => {
                    docs.add(function_path(None, &function.name), &function.docs);
                }
                WorldItem::Type { id, .. } => {
                    docs.add_type(resolve, "", &resolve.name_world_key(key), *id);
                }
            }
        }
        docs
    }

    /// Appends the section to a component. Nothing is appended where there is no text.
    pub fn append_to(&self, component: &mut Vec<u8>) {
        if self.0.is_empty() {
            return;
        }
        let texts = self.0.iter().map(|(path, text)| (path.clone(), text.clone().into())).collect();
        let data = canonical::to_string(&serde_json::Value::Object(texts));
        let mut body = Vec::new();
        leb128(SECTION.len(), &mut body);
        body.extend_from_slice(SECTION.as_bytes());
        body.extend_from_slice(data.as_bytes());
        component.push(0);
        leb128(body.len(), component);
        component.append(&mut body);
    }

    /// The text of a function, empty without one.
    pub(crate) fn function(&self, interface: Option<&str>, function: &str) -> String {
        self.0.get(&function_path(interface, function)).cloned().unwrap_or_default()
    }

    /// The text of a record's field under the first of the record's names that has one.
    pub(crate) fn field(&self, names: &[(String, String)], field: &str) -> String {
        names
            .iter()
            .find_map(|(interface, name)| self.0.get(&field_path(interface, name, field)))
            .cloned()
            .unwrap_or_default()
    }

    fn add(&mut self, path: String, docs: &wit_parser::Docs) {
        if let Some(text) = docs.contents.as_deref() {
            self.0.insert(path, tidy(text));
        }
    }

    fn add_interface(&mut self, resolve: &Resolve, name: &str, id: InterfaceId) {
        let Some(interface) = resolve.interfaces.get(id) else { return };
        for function in interface.functions.values() {
            self.add(function_path(Some(name), &function.name), &function.docs);
        }
        for (type_name, id) in &interface.types {
            self.add_type(resolve, name, type_name, *id);
        }
    }

    fn add_type(&mut self, resolve: &Resolve, interface: &str, name: &str, id: TypeId) {
        let Some(TypeDefKind::Record(record)) = resolve.types.get(id).map(|ty| &ty.kind) else {
            return;
        };
        for field in &record.fields {
            self.add(field_path(interface, name, &field.name), &field.docs);
        }
    }
}

fn function_path(interface: Option<&str>, function: &str) -> String {
    match interface {
        Some(interface) => format!("{interface}#{function}"),
        None => function.to_owned(),
    }
}

fn field_path(interface: &str, name: &str, field: &str) -> String {
    format!("{interface}/{name}.{field}")
}

/// Without control characters other than line ends, and not endless.
fn tidy(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control() || *c == '\n').take(DOC_CHARS_MAX).collect()
}

/// The variable-length integers of WebAssembly.
fn leb128(mut n: usize, out: &mut Vec<u8>) {
    loop {
        let low = (n & 0x7f) as u8;
        n >>= 7;
        out.push(if n == 0 { low } else { low | 0x80 });
        if n == 0 {
            break;
        }
    }
}
