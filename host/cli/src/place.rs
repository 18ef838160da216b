//! Where things are kept on this machine.

use std::path::PathBuf;

use crate::args::Global;
use crate::exit::Fail;

/// The data directory: the flag or `COLDFRAME_DATA_DIR`, else the platform's place for data.
pub(crate) fn data_dir(global: &Global) -> Result<PathBuf, Fail> {
    if let Some(dir) = &global.data_dir {
        return Ok(dir.clone());
    }
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(dir) = set("XDG_DATA_HOME").filter(|dir| dir.is_absolute()) {
        return Ok(dir.join("coldframe"));
    }
    if let Some(home) = set("HOME") {
        return Ok(home.join(".local/share/coldframe"));
    }
    Err(Fail::usage("there is no place for data: neither XDG_DATA_HOME nor HOME is set")
        .help("name a folder with --data-dir"))
}
