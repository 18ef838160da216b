//! Which interface is provided by what, and the linker of a component.

use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker};

use crate::capabilities::{config, fs, http, kv, llm, log, secrets, sql, tools, wasi};
use crate::state::CallState;

/// An import that nothing here provides.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the component imports `{0}`, which this host does not provide")]
pub(crate) struct UnknownImport(pub(crate) String);

/// Adds the functions of an interface under its name.
type Add = fn(&mut Linker<CallState>, &str) -> wasmtime::Result<()>;

/// Interfaces of one version each: our own, and drafts of WASI.
const OWN: &[(&str, Add)] = &[
    ("coldframe:host/fs@0.1.0", fs::add),
    ("coldframe:host/llm@0.1.0", llm::add),
    ("coldframe:host/log@0.1.0", log::add),
    ("coldframe:host/secrets@0.1.0", secrets::add),
    ("coldframe:host/sql@0.1.0", sql::add),
    ("coldframe:host/tools@0.1.0", tools::add),
    ("wasi:config/store@0.2.0-draft", config::add),
    ("wasi:keyvalue/atomics@0.2.0-draft", kv::add_atomics),
    ("wasi:keyvalue/store@0.2.0-draft", kv::add_store),
];

/// A linker with exactly the interfaces that `component` imports, each from the table of known
/// ones. What a component may import was decided before; this is the second look at it.
pub(crate) fn linker(
    engine: &Engine,
    component: &Component,
) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    for (name, item) in component.component_type().imports(engine) {
        if is_types_only(engine, &item.ty) {
            continue;
        }
        let unknown = || UnknownImport(crate::sanitize::line(name, 200));
        add(&mut linker, name)?.ok_or_else(unknown)?;
    }
    Ok(linker)
}

/// Interfaces that hold no function and no resource ask for nothing.
fn is_types_only(engine: &Engine, item: &ComponentItem) -> bool {
    match item {
        ComponentItem::ComponentInstance(instance) => {
            instance.exports(engine).all(|(_, item)| matches!(item.ty, ComponentItem::Type(_)))
        }
        ComponentItem::Type(_) => true,
        _ => false,
    }
}

/// Adds the interface `name`, or `None` if it is not in the table.
fn add(linker: &mut Linker<CallState>, name: &str) -> wasmtime::Result<Option<()>> {
    if let Some((_, add)) = OWN.iter().find(|(known, _)| *known == name) {
        return add(linker, name).map(Some);
    }
    #[cfg(test)]
    if name == "test:host/panic@0.1.0" {
        return crate::capabilities::panic::add(linker, name).map(Some);
    }
    let Some((path, _version)) = name.split_once('@') else { return Ok(None) };
    match path {
        "wasi:http/types" => http::add_types(linker).map(Some),
        "wasi:http/outgoing-handler" => http::add_handler(linker).map(Some),
        _ => match wasi::INTERFACES.iter().find(|(known, _)| *known == path) {
            Some((_, add)) => add(linker).map(Some),
            None => Ok(None),
        },
    }
}
