//! Keeps the place of a build out of its bytes: two builds of the same source in different folders,
//! by different people, are equal.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// What separates flags in `CARGO_ENCODED_RUSTFLAGS`.
const SEPARATOR: &str = "\u{1f}";

/// Without it the crate `getrandom` calls JavaScript on this target. With it a skill that has the
/// crate somewhere below it says itself where its random bytes come from.
const GETRANDOM: &str = "--cfg=getrandom_backend=\"custom\"";

/// The flags that give every folder which may show in a panic message a fixed name.
pub(crate) fn rustflags(layout: &Layout, sysroot: &Path) -> OsString {
    let mut flags = OsString::from(GETRANDOM);
    let mut name = |folder: &Path, name: &str| {
        flags.push(SEPARATOR);
        flags.push("--remap-path-prefix=");
        flags.push(folder);
        flags.push("=");
        flags.push(name);
    };
    name(&layout.workspace, "/source");
    for folder in &layout.registry_sources {
        name(folder, "/crates");
    }
    name(sysroot, "/rust");
    flags
}

/// Where cargo finds the sources of a build.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    workspace: PathBuf,
    /// The folders that hold the packages of a registry, side by side.
    registry_sources: BTreeSet<PathBuf>,
}

impl Layout {
    /// From what `cargo metadata --format-version 1` prints. Asking for it also downloads the
    /// packages, so that the folders are known before the first build and not only after it.
    pub(crate) fn from_metadata(metadata: &Value) -> Option<Self> {
        let workspace = PathBuf::from(metadata.get("workspace_root")?.as_str()?);
        let registry_sources = metadata
            .get("packages")?
            .as_array()?
            .iter()
            .filter(|package| package.get("source").is_some_and(Value::is_string))
            .filter_map(|package| package.get("manifest_path")?.as_str())
            .filter_map(|manifest| Some(Path::new(manifest).parent()?.parent()?.to_owned()))
            .collect();
        Some(Self { workspace, registry_sources })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_folder_gets_a_name_of_its_own() {
        let metadata = serde_json::json!({
            "workspace_root": "/home/ann/skill",
            "packages": [
                { "source": null, "manifest_path": "/home/ann/skill/Cargo.toml" },
                { "source": "registry+x", "manifest_path": "/c/src/x-1/csv-1.4.0/Cargo.toml" },
                { "source": "registry+x", "manifest_path": "/c/src/x-1/itoa-1.0.0/Cargo.toml" },
            ],
        });
        let layout = Layout::from_metadata(&metadata).unwrap();
        let flags = rustflags(&layout, Path::new("/r")).into_string().unwrap();
        assert_eq!(
            flags.split(SEPARATOR).collect::<Vec<_>>(),
            [
                GETRANDOM,
                "--remap-path-prefix=/home/ann/skill=/source",
                "--remap-path-prefix=/c/src/x-1=/crates",
                "--remap-path-prefix=/r=/rust",
            ]
        );
    }
}
