//! `coldframe skill build`: from source to a component.

use std::path::{Path, PathBuf};

use coldframe_format::Digest;
use coldframe_sdk::Toolchain;
use serde_json::json;

use super::SourceArgs;
use crate::args::Global;
use crate::exit::{Exit, Fail};
use crate::inputs;
use crate::output::{self, Format};

/// The largest component, bytes.
const COMPONENT_BYTES_MAX: u64 = 32 << 20;

pub(crate) fn run(global: &Global, args: &SourceArgs) -> Result<(), Fail> {
    let manifest = super::manifest(&args.dir)?;
    let bytes = component(global, args)?;
    let path = keep(&args.dir, manifest.id.name(), &bytes)?;
    let digest = Digest::of(&bytes);
    match global.format() {
        Format::Json => output::json(&json!({
            "component": path.display().to_string(),
            "bytes": bytes.len(),
            "digest": digest,
        })),
        Format::Text => {
            global.tell(&format!("built {} bytes, {digest}", bytes.len()));
            output::result(&path.display().to_string());
        }
    }
    Ok(())
}

/// The component: the one that was named, or what the source gives.
pub(super) fn component(global: &Global, args: &SourceArgs) -> Result<Vec<u8>, Fail> {
    if let Some(path) = &args.component {
        return inputs::read_bytes(path, COMPONENT_BYTES_MAX);
    }
    global.tell("building (the first build of a toolchain takes some minutes)");
    let toolchain =
        Toolchain::find().map_err(|error| Fail::usage(chain(&error)).help(error.help()))?;
    toolchain
        .build(&args.dir)
        .map_err(|error| Fail::new(Exit::Problems, chain(&error)).help(error.help()))
}

/// Puts the component beside cargo's own output.
fn keep(dir: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, Fail> {
    let folder = dir.join("target");
    let path = folder.join(format!("{name}.wasm"));
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&path, bytes))
        .map_err(|error| Fail::usage(format!("failed to write `{}`: {error}", path.display())))?;
    Ok(path)
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
