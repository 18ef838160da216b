//! Every key of every kind of document, as data: what `coldframe explain FIELD` and
//! `coldframe schema` are made from.
//!
//! The readers of documents are written by hand, for their messages. A test holds them and this
//! table together: at each place the keys that the reader knows are the keys that stand here.

mod documents;
mod explain;
mod kinds;
mod pipeline;
mod schema;
mod step;
#[cfg(test)]
mod tests;

pub use explain::{explain, names};
pub use schema::schema;

/// A map with known keys.
#[derive(Debug)]
pub struct Object {
    /// Its name in the schema.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub doc: &'static str,
    /// Its keys, in the order in which files are best written.
    pub fields: &'static [Field],
    /// Keys of which exactly one has to be there.
    pub one_of: &'static [&'static str],
}

/// A key.
#[derive(Debug)]
pub struct Field {
    /// As it is written.
    pub key: &'static str,
    /// What it is for, in a sentence or two.
    pub doc: &'static str,
    /// What its value may be.
    pub shape: Shape,
    /// Whether it has to be there.
    pub required: bool,
    /// What applies where it is not; empty where nothing does.
    pub default: &'static str,
    /// A value, as it is written.
    pub example: &'static str,
}

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Any text.
    Text,
    /// `[a-z_][a-z0-9_]*` for ids, `[a-z][a-z0-9-]*` for names of documents.
    Name,
    /// A bare expression.
    Expression,
    /// Any value, with holes.
    Value,
    /// An integer from 1 on, or from 0.
    Integer {
        /// The smallest.
        min: u32,
    },
    /// `true` or `false`.
    Boolean,
    /// `250ms`, `30s`, `5m`, `24h`.
    Duration,
    /// A number such as `2e9`.
    Fuel,
    /// USD such as `0.05`.
    Usd,
    /// `64MiB`.
    Bytes,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A list.
    List(&'static Shape),
    /// One, or a list of them.
    OneOrMore(&'static Shape),
    /// A map with free keys.
    Map(&'static Shape),
    /// A map with known keys.
    Object(&'static Object),
    /// A list of maps with known keys.
    Objects(&'static Object),
    /// A list of maps with known keys, or names of documents in which such stand.
    ObjectsOrNames(&'static Object),
    /// A map with known keys, or the name of a document in which they stand.
    NameOr(&'static Object),
    /// A list of steps. A variant of its own, since steps hold steps.
    Steps,
    /// Maps with known keys, by free names.
    ObjectMap(&'static Object),
    /// One of these texts, or a map with known keys.
    WordOr(&'static [&'static str], &'static Object),
    /// A duration, or a map with known keys.
    DurationOr(&'static Object),
    /// A bare expression, or a list or map with holes.
    ExpressionOrValue,
    /// A JSON Schema, or the short form: a type's name.
    Schema,
}

/// The kinds of documents, by the word behind `kind:`.
pub const DOCUMENTS: &[(&str, &Object)] = &[
    ("Pipeline", &pipeline::PIPELINE),
    ("Config", &documents::CONFIG),
    ("Policy", &documents::POLICY),
    ("Adapter", &documents::ADAPTER),
    ("Macro", &documents::MACRO),
];

impl Shape {
    /// For people: `list of text`.
    pub fn name(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Name => "name".to_owned(),
            Self::Expression => "expression".to_owned(),
            Self::Value => "value with holes".to_owned(),
            Self::Integer { min } => format!("integer from {min}"),
            Self::Boolean => "boolean".to_owned(),
            Self::Duration => "duration".to_owned(),
            Self::Fuel => "fuel".to_owned(),
            Self::Usd => "USD".to_owned(),
            Self::Bytes => "bytes".to_owned(),
            Self::OneOf(words) => words.join(" | "),
            Self::List(item) => format!("list of {}", item.name()),
            Self::OneOrMore(item) => format!("{0} or list of {0}", item.name()),
            Self::Map(item) => format!("map of {}", item.name()),
            Self::Object(object) => format!("map ({})", object.name),
            Self::Objects(object) => format!("list of map ({})", object.name),
            Self::ObjectsOrNames(object) => format!("list of name or map ({})", object.name),
            Self::NameOr(object) => format!("name or map ({})", object.name),
            Self::Steps => "list of map (step)".to_owned(),
            Self::ObjectMap(object) => format!("map of map ({})", object.name),
            Self::WordOr(words, object) => {
                format!("{} or map ({})", words.join(" | "), object.name)
            }
            Self::DurationOr(object) => format!("duration or map ({})", object.name),
            Self::ExpressionOrValue => "expression, list or map".to_owned(),
            Self::Schema => "JSON Schema".to_owned(),
        }
    }

    /// The map with known keys in it, wherever it stands.
    pub(crate) fn object(&self) -> Option<&'static Object> {
        match self {
            Self::Object(object)
            | Self::Objects(object)
            | Self::ObjectsOrNames(object)
            | Self::NameOr(object)
            | Self::ObjectMap(object)
            | Self::WordOr(_, object)
            | Self::DurationOr(object) => Some(object),
            Self::Steps => Some(&step::STEP),
            _ => None,
        }
    }
}

/// A key that may be left out.
const fn optional(
    key: &'static str,
    shape: Shape,
    default: &'static str,
    example: &'static str,
    doc: &'static str,
) -> Field {
    Field { key, doc, shape, required: false, default, example }
}

/// A key that has to be there.
const fn required(
    key: &'static str,
    shape: Shape,
    example: &'static str,
    doc: &'static str,
) -> Field {
    Field { key, doc, shape, required: true, default: "", example }
}
