//! Makes the components that tests are about, from texts: no test needs a toolchain for guests.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// What a guest may use: the packages of this project, and parts of WASI.
const PACKAGES: &[(&str, &[&str])] = &[
    ("skill.wit", &[include_str!("../../../wit/skill/types.wit")]),
    (
        "host.wit",
        &[
            include_str!("../../../wit/host/log.wit"),
            include_str!("../../../wit/host/fs.wit"),
            include_str!("../../../wit/host/secrets.wit"),
            include_str!("../../../wit/host/llm.wit"),
            include_str!("../../../wit/host/sql.wit"),
            include_str!("../../../wit/host/tools.wit"),
        ],
    ),
    ("wasi.wit", &[include_str!("../wit/wasi.wit")]),
    ("drafts.wit", &[include_str!("../wit/drafts.wit")]),
];

/// A component whose one operation gives its argument back.
pub const NO_OP: &str = r#"
    (component
        (core module $m
            (memory 1)
            (func (export "run") (param i32) (result i32) local.get 0))
        (core instance $i (instantiate $m))
        (func (export "run") (param "x" u32) (result u32) (canon lift (core func $i "run"))))
"#;

/// The binary form of a text: of a component or of a core module.
#[track_caller]
pub fn binary(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A component of the only world in `wit`, around a core module.
#[track_caller]
pub fn encode(wit: &str, core: &str) -> Vec<u8> {
    try_encode(wit, core).unwrap_or_else(|error| panic!("{error}\n{wit}"))
}

/// The same; else what is wrong with one of the texts.
pub fn try_encode(wit: &str, core: &str) -> Result<Vec<u8>, String> {
    let mut resolve = Resolve::default();
    for (name, texts) in PACKAGES {
        resolve.push_str(name, &texts.concat()).map_err(|error| format!("{name}: {error:#}"))?;
    }
    let package = resolve.push_str("guest.wit", wit).map_err(|error| format!("{error:#}"))?;
    let world = resolve.select_world(&[package], None).map_err(|error| format!("{error:#}"))?;
    let mut module = wat::parse_str(core).map_err(|error| error.to_string())?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .map_err(|error| format!("{error:#}"))?;
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| format!("{error:#}"))
}
