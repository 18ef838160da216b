//! Files that are replaced as a whole: the old text or the new one, never half of it.

use std::io::Write as _;
use std::path::Path;

use crate::exit::Fail;

/// Puts a text in place of a file, through a file beside it. Keeps the permissions.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), Fail> {
    replace_bytes(path, text.as_bytes())
}

/// The same with bytes.
pub(crate) fn replace_bytes(path: &Path, bytes: &[u8]) -> Result<(), Fail> {
    let failed = |error: &dyn std::fmt::Display| {
        Fail::usage(format!("failed to write `{}`: {error}", path.display()))
    };
    // Through a link, so that the link stays one.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
    file.write_all(bytes).map_err(|error| failed(&error))?;
    let permissions = match std::fs::metadata(&target) {
        Ok(found) => found.permissions(),
        Err(_) => new_file_permissions(),
    };
    file.as_file().set_permissions(permissions).map_err(|error| failed(&error))?;
    file.persist(&target).map(|_file| ()).map_err(|error| failed(&error.error))
}

/// A temporary file is private; a pipeline is not.
fn new_file_permissions() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o644)
}
