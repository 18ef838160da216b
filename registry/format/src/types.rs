//! The types of an operation's parameters and result: WIT's, without resources.
//!
//! # How a value is written in JSON
//!
//! WIT names are kebab-case; in JSON every one of them has `_` for `-`, so that a field can stand
//! in a dotted path (`words.word_count`). Then:
//!
//! | WIT | JSON |
//! |---|---|
//! | `bool`, `string` | the same |
//! | `char` | a string of one character |
//! | `u8` to `s32`, and `u64`, `s64` within +-(2^53 - 1) | number |
//! | `u64`, `s64` beyond that | decimal string (a number is accepted if it is exact) |
//! | `f32`, `f64` | number; `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | `list<u8>` | base64 string (standard alphabet, padded) |
//! | `list<T>`, `tuple<...>` | array |
//! | `record` | object; an `option` field may be left out |
//! | `variant` | `"case"` without a payload, `{"case": payload}` with one |
//! | `enum` | `"case"` |
//! | `flags` | array of the set flags, in declaration order |
//! | `option<T>` | `null` or T; `{"some": T}` where T itself may be `null` |
//! | `result<T, E>` | `{"ok": T}` or `{"error": E}`, `null` for a missing payload |
//! | `coldframe:skill/types.json` | any JSON value; the component sees its text |

/// A WIT type as the compiler, the schemas and the value conversion see it.
///
/// Names are kept as WIT spells them; [`json_name`] gives the JSON spelling.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Type {
    /// `bool`
    Bool,
    /// `u8`
    U8,
    /// `u16`
    U16,
    /// `u32`
    U32,
    /// `u64`
    U64,
    /// `s8`
    S8,
    /// `s16`
    S16,
    /// `s32`
    S32,
    /// `s64`
    S64,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `char`
    Char,
    /// `string`
    String,
    /// `coldframe:skill/types.json`: a string that holds one JSON value.
    Json,
    /// `list<T>`; `list<u8>` is bytes.
    List(Box<Type>),
    /// `record`, fields in declaration order.
    Record(Vec<Field>),
    /// `tuple`
    Tuple(Vec<Type>),
    /// `variant`, cases in declaration order with their payloads.
    Variant(Vec<(String, Option<Type>)>),
    /// `enum`
    Enum(Vec<String>),
    /// `flags`
    Flags(Vec<String>),
    /// `option<T>`
    Option(Box<Type>),
    /// `result<T, E>`
    Result(Option<Box<Type>>, Option<Box<Type>>),
}

/// A named part of a record, or a parameter.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Field {
    /// The WIT name, kebab-case.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// The WIT doc comment, empty without one.
    pub doc: String,
}

/// The JSON spelling of a WIT name: `word-count` is `word_count`.
pub fn json_name(wit: &str) -> String {
    wit.replace('-', "_")
}

impl Type {
    /// Whether JSON `null` is a value of this type, so that an option around it needs `{"some": …}`.
    pub fn admits_null(&self) -> bool {
        matches!(self, Self::Option(_) | Self::Json)
    }

    /// Whether the type is `list<u8>`, written as base64.
    pub fn is_bytes(&self) -> bool {
        matches!(self, Self::List(item) if **item == Self::U8)
    }
}
