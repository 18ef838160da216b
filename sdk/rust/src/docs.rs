//! Carries the doc comments of a skill's WIT into its component, where people see them.
//!
//! The component model has no place for comments and the encoder drops them; see
//! [`coldframe_format::docs`] for the section that holds them.

use std::path::Path;

use coldframe_format::Interface;
use coldframe_format::docs::Docs;
use wit_parser::{Resolve, World, WorldId, WorldItem};

/// Appends the comments of the world in the folder `wit` that exports what `component` exports.
/// A folder that is not there has none.
pub(crate) fn attach(mut component: Vec<u8>, wit: &Path) -> Result<Vec<u8>, String> {
    if !wit.is_dir() {
        return Ok(component);
    }
    let built = Interface::read(&component).map_err(|error| error.to_string())?;
    let mut source = Resolve::default();
    // The whole chain of causes; the last one names the file and the line.
    let (package, _) = source.push_dir(wit).map_err(|error| format!("{error:#}"))?;
    let worlds =
        source.packages.get(package).into_iter().flat_map(|package| package.worlds.values());
    // The name of the world is not in the component, so it is found by what it exports.
    let same = |id: &WorldId| {
        source.worlds.get(*id).is_some_and(|world| exports_all(&source, world, &built))
    };
    if let Some(world) = worlds.copied().find(same) {
        Docs::of_world(&source, world).append_to(&mut component);
    }
    Ok(component)
}

/// Whether each operation of the component stands in `world` as a bare function or in an interface.
fn exports_all(source: &Resolve, world: &World, built: &Interface) -> bool {
    built.operations.iter().all(|operation| {
        world.exports.iter().any(|(key, item)| match (item, &operation.interface) {
            (WorldItem::Function(function), None) => function.name == operation.function,
            (WorldItem::Interface { .. }, Some(name)) => source.name_world_key(key) == *name,
            _ => false,
        })
    })
}
