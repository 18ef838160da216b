//! From wasmparser's types to ours: written out as trees, without resources, within a budget.

use std::collections::BTreeMap;

use wasmparser::PrimitiveValType;
use wasmparser::component_types::{
    ComponentAnyTypeId, ComponentDefinedType, ComponentEntityType, ComponentFuncTypeId,
    ComponentItem, ComponentValType,
};
use wasmparser::types::Types;

use crate::docs::Docs;
use crate::interface::Operation;
use crate::read::{InterfaceError, TYPE_DEPTH_MAX};
use crate::types::{Field, Type};

/// Types of all operations together, written out. A shared type counts wherever it is used, so
/// that a few bytes of doubling tuples do not become gigabytes of tree.
const TYPE_NODES_MAX: usize = 100_000;

/// How many steps from an alias to what it stands for are followed. Real components have three.
const ALIASES_MAX: usize = 8;

/// The interface whose `json` is [`Type::Json`].
const JSON_OWNER: &str = "coldframe:skill/types@0.1.0";

/// What is known of a type that an instance declares.
#[derive(Default, Clone)]
struct Known {
    /// Where it is declared, interface and name; then where the type that it stands for is.
    paths: Vec<(String, String)>,
    /// Whether it is [`Type::Json`].
    json: bool,
}

/// Turns functions into operations.
pub(crate) struct Converter<'a> {
    types: &'a Types,
    docs: &'a Docs,
    known: BTreeMap<ComponentAnyTypeId, Known>,
    nodes_left: usize,
}

/// Why a type has no place in an operation.
enum Refusal {
    Resource,
    Unsupported(&'static str),
    TooDeep,
    TooMany,
}

impl<'a> Converter<'a> {
    pub(crate) fn new(types: &'a Types, docs: &'a Docs) -> Self {
        Self { types, docs, known: BTreeMap::new(), nodes_left: TYPE_NODES_MAX }
    }

    /// Remembers the names of the types that an imported or exported instance declares. What is
    /// referred to must be registered first, as it is in the order of the component.
    pub(crate) fn register(&mut self, interface: &str, item: &ComponentItem) {
        match item.ty {
            ComponentEntityType::Instance(id) => {
                let types = self.types;
                for (name, inner) in &types[id].exports {
                    self.register_type(interface, name, inner);
                }
            }
            _ => self.register_type("", interface, item),
        }
    }

    fn register_type(&mut self, interface: &str, name: &str, item: &ComponentItem) {
        let ComponentEntityType::Type { created, referenced } = item.ty else { return };
        // `use` makes a new type that refers to the one used; only this link tells.
        let mut known = self.lookup(referenced).cloned().unwrap_or_default();
        known.json |= interface == JSON_OWNER && name == "json";
        known.paths.insert(0, (interface.to_owned(), name.to_owned()));
        known.paths.truncate(ALIASES_MAX);
        self.known.insert(created, known);
    }

    fn lookup(&self, id: ComponentAnyTypeId) -> Option<&Known> {
        std::iter::successors(Some(id), |id| self.types.peel_alias(*id))
            .take(ALIASES_MAX)
            .find_map(|id| self.known.get(&id))
    }

    /// The operation of one exported function.
    pub(crate) fn operation(
        &mut self,
        interface: Option<&str>,
        function: &str,
        id: ComponentFuncTypeId,
    ) -> Result<Operation, InterfaceError> {
        let operation = || match interface {
            Some(interface) => format!("{interface}#{function}"),
            None => function.to_owned(),
        };
        // `[method]`, `[static]` and `[constructor]` belong to a resource.
        if function.starts_with('[') {
            return Err(InterfaceError::Resource { operation: operation() });
        }
        let types = self.types;
        let ty = &types[id];
        if ty.async_ {
            return Err(refused(Refusal::Unsupported("async"), operation()));
        }
        let mut params = Vec::with_capacity(ty.params.len());
        for (name, param) in &ty.params {
            let ty = self.value(param, 1).map_err(|why| refused(why, operation()))?;
            params.push(Field { name: name.to_string(), ty, doc: String::new() });
        }
        let result = match &ty.result {
            Some(result) => Some(self.value(result, 1).map_err(|why| refused(why, operation()))?),
            None => None,
        };
        Ok(Operation {
            name: function.to_owned(),
            interface: interface.map(str::to_owned),
            function: function.to_owned(),
            doc: self.docs.function(interface, function),
            params,
            result,
        })
    }

    fn value(&mut self, ty: &ComponentValType, depth: usize) -> Result<Type, Refusal> {
        if depth > TYPE_DEPTH_MAX {
            return Err(Refusal::TooDeep);
        }
        self.nodes_left = self.nodes_left.checked_sub(1).ok_or(Refusal::TooMany)?;
        match ty {
            ComponentValType::Primitive(ty) => primitive(*ty),
            ComponentValType::Type(id) => {
                let id = ComponentAnyTypeId::from(*id);
                let known = self.lookup(id).cloned().unwrap_or_default();
                if known.json {
                    return Ok(Type::Json);
                }
                let types = self.types;
                let ComponentAnyTypeId::Defined(defined) = id else {
                    return Err(Refusal::Resource);
                };
                self.defined(&types[defined], &known, depth)
            }
        }
    }

    fn defined(
        &mut self,
        ty: &ComponentDefinedType,
        known: &Known,
        depth: usize,
    ) -> Result<Type, Refusal> {
        let inner = depth + 1;
        Ok(match ty {
            ComponentDefinedType::Primitive(ty) => primitive(*ty)?,
            ComponentDefinedType::List { element, .. } => {
                Type::List(Box::new(self.value(element, inner)?))
            }
            ComponentDefinedType::Record(record) => {
                let mut fields = Vec::with_capacity(record.fields.len());
                for (name, field) in &record.fields {
                    let ty = self.value(field, inner)?;
                    let doc = self.docs.field(&known.paths, name);
                    fields.push(Field { name: name.to_string(), ty, doc });
                }
                Type::Record(fields)
            }
            ComponentDefinedType::Tuple(tuple) => {
                let items: Result<_, _> =
                    tuple.types.iter().map(|item| self.value(item, inner)).collect();
                Type::Tuple(items?)
            }
            ComponentDefinedType::Variant(variant) => {
                let mut cases = Vec::with_capacity(variant.cases.len());
                for (name, case) in &variant.cases {
                    cases.push((name.to_string(), self.optional(case.ty.as_ref(), inner)?));
                }
                Type::Variant(cases)
            }
            ComponentDefinedType::Enum(cases) => {
                Type::Enum(cases.iter().map(ToString::to_string).collect())
            }
            ComponentDefinedType::Flags(flags) => {
                Type::Flags(flags.iter().map(ToString::to_string).collect())
            }
            ComponentDefinedType::Option { ty, .. } => {
                Type::Option(Box::new(self.value(ty, inner)?))
            }
            ComponentDefinedType::Result { ok, err, .. } => {
                let ok = self.optional(ok.as_ref(), inner)?.map(Box::new);
                Type::Result(ok, self.optional(err.as_ref(), inner)?.map(Box::new))
            }
            ComponentDefinedType::Own(_) | ComponentDefinedType::Borrow(_) => {
                return Err(Refusal::Resource);
            }
            ComponentDefinedType::Future { .. } => return Err(Refusal::Unsupported("a future")),
            ComponentDefinedType::Stream { .. } => return Err(Refusal::Unsupported("a stream")),
            ComponentDefinedType::Map { .. } => return Err(Refusal::Unsupported("a map")),
            ComponentDefinedType::FixedLengthList { .. } => {
                return Err(Refusal::Unsupported("a list of fixed length"));
            }
        })
    }

    fn optional(
        &mut self,
        ty: Option<&ComponentValType>,
        depth: usize,
    ) -> Result<Option<Type>, Refusal> {
        ty.map(|ty| self.value(ty, depth)).transpose()
    }
}

fn primitive(ty: PrimitiveValType) -> Result<Type, Refusal> {
    Ok(match ty {
        PrimitiveValType::Bool => Type::Bool,
        PrimitiveValType::U8 => Type::U8,
        PrimitiveValType::U16 => Type::U16,
        PrimitiveValType::U32 => Type::U32,
        PrimitiveValType::U64 => Type::U64,
        PrimitiveValType::S8 => Type::S8,
        PrimitiveValType::S16 => Type::S16,
        PrimitiveValType::S32 => Type::S32,
        PrimitiveValType::S64 => Type::S64,
        PrimitiveValType::F32 => Type::F32,
        PrimitiveValType::F64 => Type::F64,
        PrimitiveValType::Char => Type::Char,
        PrimitiveValType::String => Type::String,
        PrimitiveValType::ErrorContext => return Err(Refusal::Unsupported("an error context")),
    })
}

fn refused(why: Refusal, operation: String) -> InterfaceError {
    match why {
        Refusal::Resource => InterfaceError::Resource { operation },
        Refusal::Unsupported(what) => InterfaceError::Unsupported { operation, what },
        Refusal::TooDeep => InterfaceError::TooDeep { operation },
        Refusal::TooMany => InterfaceError::TooManyTypes { operation },
    }
}
