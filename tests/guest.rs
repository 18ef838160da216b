//! Components written in a case file: a world in WIT and a core module as text.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// What guests of this project may import beside the standard.
const PACKAGES: &[(&str, &[&str])] = &[
    ("skill", &[include_str!("../wit/skill/types.wit")]),
    (
        "host",
        &[
            include_str!("../wit/host/log.wit"),
            include_str!("../wit/host/fs.wit"),
            include_str!("../wit/host/secrets.wit"),
        ],
    ),
    ("drafts", &[include_str!("data/drafts.wit")]),
];

/// The line between world and module.
pub(crate) const CORE: &str = "--- core\n";

/// The component of a text: a world, a line `--- core`, a module.
pub(crate) fn component(text: &str) -> Result<Vec<u8>, String> {
    let (world, core) = text.split_once(CORE).ok_or("there is no line `--- core`")?;
    let mut resolve = Resolve::default();
    for (name, files) in PACKAGES {
        let text = files.concat();
        resolve.push_str(format!("{name}.wit"), &text).map_err(|error| format!("{error:#}"))?;
    }
    let package = resolve.push_str("guest.wit", world).map_err(|error| format!("{error:#}"))?;
    let world = resolve.select_world(&[package], None).map_err(|error| format!("{error:#}"))?;
    let mut module = wat::parse_str(core).map_err(|error| error.to_string())?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .map_err(|error| format!("{error:#}"))?;
    let encoder = ComponentEncoder::default().validate(true).module(&module);
    encoder.and_then(|mut encoder| encoder.encode()).map_err(|error| format!("{error:#}"))
}
