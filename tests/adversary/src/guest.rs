//! The component of an attack: its bytes, and how it is called.

use std::sync::Arc;

pub use coldframe_guests::{binary, encode};
use serde_json::Value;

use crate::case::Look;

/// A component whose operation `f` is called.
#[derive(Clone)]
pub struct Guest {
    /// Makes the bytes.
    pub bytes: Arc<dyn Fn() -> Vec<u8> + Send + Sync>,
    /// The arguments, a YAML map.
    pub with: String,
    /// The rights it asks for and is granted: `log`, `clock`, `http=GET http://…`, `fs=read data`.
    pub caps: Vec<String>,
    /// The limits of the call, as a step says them.
    pub limits: &'static str,
    /// How many of it run at the same time.
    pub times: usize,
    /// Looks at the output of a call that ended well.
    pub look: Option<Look>,
}

impl Guest {
    /// A component of these bytes.
    pub fn bytes(bytes: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Self {
        let bytes = Arc::new(bytes);
        let (with, caps) = ("{}".to_owned(), Vec::new());
        Self { bytes, with, caps, limits: "", times: 1, look: None }
    }

    /// A component written as text.
    pub fn wat(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::bytes(move || binary(&text))
    }

    /// A component that is one core module with a function `f` of no parameters.
    pub fn core(body: &str) -> Self {
        Self::wat(core(body))
    }

    /// A component of the world `w` in `wit`, around a core module.
    pub fn world(wit: &'static str, core: impl Into<String>) -> Self {
        let core = core.into();
        Self::bytes(move || encode(wit, &core))
    }

    /// With these arguments.
    #[must_use]
    pub fn with(self, arguments: impl Into<String>) -> Self {
        Self { with: arguments.into(), ..self }
    }

    /// With a right.
    #[must_use]
    pub fn cap(mut self, right: impl Into<String>) -> Self {
        self.caps.push(right.into());
        self
    }

    /// Within these limits.
    #[must_use]
    pub fn limits(self, limits: &'static str) -> Self {
        Self { limits, ..self }
    }

    /// So many times at once.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// Looks at what comes back.
    #[must_use]
    pub fn look(self, look: impl Fn(&Value) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self { look: Some(Arc::new(look)), ..self }
    }

    /// Must come back with this.
    #[must_use]
    pub fn gives(self, expected: Value) -> Self {
        self.look(move |found| match *found == expected {
            true => Ok(()),
            false => Err(format!("expected {expected}, found {found}")),
        })
    }
}

/// The text of a component that is one core module with a function `f`.
pub fn core(body: &str) -> String {
    format!(
        r#"(component (core module $m {body}) (core instance $i (instantiate $m))
            (func (export "f") (canon lift (core func $i "f"))))"#
    )
}
