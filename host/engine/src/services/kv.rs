//! What can be asked of a store of keys and values.

use serde::{Deserialize, Serialize};

/// A question to a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum KvAsk {
    /// The value of a key.
    Get {
        /// The store.
        store: String,
        /// The key.
        key: String,
    },
    /// Keys in their order, behind one of them.
    Keys {
        /// The store.
        store: String,
        /// The key after which to begin.
        after: Option<String>,
        /// At most so many.
        max: u32,
    },
    /// Changes one value, or none.
    Change {
        /// The store.
        store: String,
        /// The key.
        key: String,
        /// What becomes of its value.
        change: KvChange,
        /// The bounds of the store.
        bound: KvBound,
    },
}

/// What becomes of a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum KvChange {
    /// It is this.
    Set(Vec<u8>),
    /// It is no more.
    Delete,
    /// The number in it is so much more. What is not there counts as 0.
    Add(i64),
    /// It is `new` if it was `old`.
    Swap {
        /// What it has to be; `None` for not there.
        old: Option<Vec<u8>>,
        /// What it is then.
        new: Vec<u8>,
    },
}

/// The bounds of a store, and the life of a value that is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvBound {
    /// Bytes of all keys and values.
    pub bytes: u64,
    /// Keys.
    pub keys: u64,
    /// Seconds until what is set is gone; `None` for never.
    pub ttl_s: Option<u64>,
}

/// An answer of a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum KvAnswer {
    /// The value; `None` for a key that is not there.
    Value(Option<Vec<u8>>),
    /// Keys in their order, and whether there are more.
    Keys(Vec<String>, bool),
    /// It is done.
    Done,
    /// The number it is now.
    Number(i64),
    /// Whether it was swapped; with what it is, where it wasn't.
    Swapped(Result<(), Option<Vec<u8>>>),
}
