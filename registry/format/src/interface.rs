//! What a component offers and asks for, read out of its bytes.

use std::collections::BTreeSet;

use crate::caps::CapSet;
use crate::imports::{self, UnknownImport};
use crate::read::{self, InterfaceError};
use crate::suggest;
use crate::types::{Field, Type};

/// The operations a component exports and the interfaces it imports.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Interface {
    /// In order of export.
    pub operations: Vec<Operation>,
    /// Imported interfaces that hold functions, as `wasi:http/outgoing-handler@0.2.6`.
    /// Interfaces of types only are not rights and are left out.
    pub imports: BTreeSet<String>,
}

/// One exported function.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Operation {
    /// What stands behind `#` in a reference: the function's WIT name.
    /// Where two interfaces export the same name, `interface.name`.
    pub name: String,
    /// The exported interface that holds the function, as the component spells it
    /// (`std:text/text@1.0.0`); `None` for a bare function of the world.
    pub interface: Option<String>,
    /// The function's own WIT name.
    pub function: String,
    /// The WIT doc comment, empty without one.
    pub doc: String,
    /// Parameters in order.
    pub params: Vec<Field>,
    /// What the WIT function returns; `None` for nothing.
    pub result: Option<Type>,
}

/// Why a reference names no operation of a component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// The component exports no function at all.
    #[error("the skill exports no function, expected at least one operation")]
    None,
    /// No operation was named and there are several.
    #[error("the skill has {} operations, expected `#` and one of {}", .0.len(), suggest::list(.0))]
    Ambiguous(Vec<String>),
    /// No operation has this name.
    #[error("the skill has no operation `{name}`, expected {}", suggest::list(.names))]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The operation that was probably meant.
        closest: Option<String>,
        /// Every operation there is.
        names: Vec<String>,
    },
}

impl OperationError {
    /// What to do about it, where something can be said.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Unknown { closest: Some(closest), .. } => {
                Some(format!("did you mean `#{closest}`?"))
            }
            Self::None | Self::Ambiguous(_) | Self::Unknown { closest: None, .. } => None,
        }
    }
}

impl Interface {
    /// Reads the interface of a component. Believes nothing but the bytes; never panics.
    ///
    /// Function bodies are not validated here, that is the loader's work.
    pub fn read(component: &[u8]) -> Result<Self, InterfaceError> {
        read::interface(component)
    }

    /// The operation called `name`; without a name, the only one there is.
    ///
    /// `interface.function` is accepted even where `function` alone would do.
    pub fn operation(&self, name: Option<&str>) -> Result<&Operation, OperationError> {
        let names = || self.operations.iter().map(|op| op.name.clone()).collect::<Vec<_>>();
        let Some(name) = name else {
            return match self.operations.as_slice() {
                [] => Err(OperationError::None),
                [only] => Ok(only),
                _ => Err(OperationError::Ambiguous(names())),
            };
        };
        if self.operations.is_empty() {
            return Err(OperationError::None);
        }
        let exact = self.operations.iter().find(|op| op.name == name);
        let found = exact.or_else(|| self.operations.iter().find(|op| op.qualified() == name));
        found.ok_or_else(|| {
            let names = names();
            OperationError::Unknown {
                name: name.to_owned(),
                closest: suggest::closest(name, &names),
                names,
            }
        })
    }

    /// The capabilities without which the component cannot be linked.
    pub fn required_caps(&self) -> Result<CapSet, UnknownImport> {
        imports::needs(&self.imports)
    }
}

impl Operation {
    /// The type of the step's output: the `ok` side where the function returns a `result`.
    /// `None` when there is nothing; the output is then `null`.
    pub fn output(&self) -> Option<&Type> {
        match &self.result {
            Some(Type::Result(ok, _)) => ok.as_deref(),
            other => other.as_ref(),
        }
    }

    /// `interface.function`, or the function alone where it is bare.
    pub fn qualified(&self) -> String {
        match &self.interface {
            Some(interface) => format!("{}.{}", short_interface(interface), self.function),
            None => self.function.clone(),
        }
    }
}

/// `text` of `std:text/text@1.0.0`.
fn short_interface(interface: &str) -> &str {
    let path = interface.split('@').next().unwrap_or(interface);
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(names: &[(&str, &str)]) -> Interface {
        let operations = names
            .iter()
            .map(|(name, interface)| Operation {
                name: (*name).to_owned(),
                interface: Some((*interface).to_owned()),
                function: (*name).to_owned(),
                doc: String::new(),
                params: Vec::new(),
                result: None,
            })
            .collect();
        Interface { operations, imports: BTreeSet::new() }
    }

    #[track_caller]
    fn check(of: &Interface, name: Option<&str>, expected: &str) {
        let found = match of.operation(name) {
            Ok(operation) => operation.name.clone(),
            Err(error) => format!("{error}; {}", error.help().unwrap_or_default()),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn finds_operations_by_name_and_suggests() {
        let one = interface(&[("stats", "std:text/text@1.0.0")]);
        let two = interface(&[("stats", "std:text/text@1.0.0"), ("split", "std:text/text@1.0.0")]);
        let cases: &[(&Interface, Option<&str>, &str)] = &[
            (&one, None, "stats"),
            (&one, Some("stats"), "stats"),
            (&one, Some("text.stats"), "stats"),
            (&two, None, "the skill has 2 operations, expected `#` and one of `stats`, `split`; "),
            (
                &two,
                Some("stat"),
                "the skill has no operation `stat`, expected `stats`, `split`; did you mean `#stats`?",
            ),
            (&two, Some("zzz"), "the skill has no operation `zzz`, expected `stats`, `split`; "),
            (
                &interface(&[]),
                None,
                "the skill exports no function, expected at least one operation; ",
            ),
        ];
        for (of, name, expected) in cases {
            check(of, *name, expected);
        }
    }
}
