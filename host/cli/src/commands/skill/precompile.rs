//! `coldframe skill precompile`: native code for a machine, made behind the same walls as any.

use std::path::{Path, PathBuf};

use clap::Args;
use coldframe_format::{Digest, SkillRef};
use coldframe_sandbox::worker::{Target, TargetError};
use serde_json::json;

use crate::args::Global;
use crate::exit::{Exit, Fail};
use crate::output::{self, Format};
use crate::project::Project;
use crate::{inputs, walls, write};

/// The largest component file, bytes.
const COMPONENT_BYTES_MAX: u64 = 32 << 20;

#[derive(Debug, Args)]
pub(crate) struct PrecompileArgs {
    /// `namespace/name[@version]`, or a component file
    skill: String,
    /// The machine: a triple and features of its processor, as in
    /// `x86_64-unknown-linux-gnu+avx2`. Without one, this machine
    #[arg(long, value_name = "TRIPLE[+FEATURE…]")]
    target: Option<String>,
    /// Where the native code goes; otherwise beside you, under the skill's name
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(global: &Global, args: &PrecompileArgs) -> Result<(), Fail> {
    // A mistyped target is said before anything is fetched.
    let target: Option<Target> = args
        .target
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|error: TargetError| Fail::usage(error.to_string()).help(error.help()))?;
    let (name, bytes) = component(global, &args.skill)?;
    let worker = walls::worker(global)?;
    let code = worker.compile(&bytes, walls::compile_time_max(global), target.as_ref()).map_err(
        |error| {
            let exit = if error.kind.is_stop() { Exit::Stopped } else { Exit::Problems };
            Fail::new(exit, format!("{}: {}: {}", args.skill, error.kind, error.message))
        },
    )?;
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.native")));
    write::replace_bytes(&out, &code)?;
    let target = target.map_or_else(|| "this machine".to_owned(), |target| target.to_string());
    if global.format() == Format::Json {
        output::json(&json!({
            "component": Digest::of(&bytes).to_string(),
            "target": target,
            "file": out.display().to_string(),
            "bytes": code.len(),
        }));
    } else {
        output::result(&format!(
            "{}: {} KiB for {target}",
            out.display(),
            code.len().div_ceil(1024)
        ));
    }
    Ok(())
}

/// A short name and the bytes: a file's own, or those that a registry vouches for.
fn component(global: &Global, place: &str) -> Result<(String, Vec<u8>), Fail> {
    let path = Path::new(place);
    if path.extension().is_some() || place.starts_with(['.', '/']) {
        let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into());
        return Ok((name, inputs::read_bytes(path, COMPONENT_BYTES_MAX)?));
    }
    let wanted: SkillRef = place.parse().map_err(|error| Fail::usage(format!("{error}")))?;
    let skill = Project::here(global)?.newest(&wanted)?;
    Ok((wanted.id.name().to_owned(), skill.bytes().to_vec()))
}
