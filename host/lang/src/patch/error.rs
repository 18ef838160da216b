//! Why a patch was not applied.

use std::fmt;

use crate::shown::shown;

/// Why a patch was not applied. The text is as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchError {
    /// The operation, from 0; none where it is the whole patch or its result.
    pub operation: Option<usize>,
    /// What the operation is called: `replace`.
    pub name: Option<&'static str>,
    /// Where the operation points.
    pub pointer: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl PatchError {
    pub(super) fn of_patch(message: impl Into<String>) -> Self {
        Self { operation: None, name: None, pointer: None, message: message.into(), help: None }
    }

    pub(super) fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    pub(super) fn maybe_help(mut self, text: Option<String>) -> Self {
        self.help = text.or(self.help);
        self
    }

    pub(super) fn or_help(mut self, text: &str) -> Self {
        self.help.get_or_insert_with(|| text.to_owned());
        self
    }

    pub(super) fn in_operation(mut self, index: usize, name: &'static str, pointer: &str) -> Self {
        self.operation.get_or_insert(index);
        self.name.get_or_insert(name);
        self.pointer.get_or_insert_with(|| pointer.to_owned());
        self
    }
}

/// operation 3, `replace` of `/steps/0/whit`: there is no `whit`
impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(index) = self.operation {
            write!(f, "operation {index}")?;
            if let (Some(name), Some(pointer)) = (self.name, &self.pointer) {
                write!(f, ", `{name}` of `{}`", shown(pointer))?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for PatchError {}
