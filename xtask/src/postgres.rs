//! The Postgres that tests start a server of. Where there is none, Debian's is installed.

use std::path::Path;

use anyhow::bail;
use xshell::{Shell, cmd};

/// Debian's package.
const DEBIAN: &str = "postgresql";

/// Looks for a Postgres, and installs one where root can.
pub(crate) fn find_or_install(shell: &Shell) -> anyhow::Result<()> {
    if is_there() {
        return Ok(());
    }
    let root = cmd!(shell, "id -u").quiet().read().is_ok_and(|id| id == "0");
    if !root || cmd!(shell, "which apt-get").quiet().ignore_stderr().read().is_err() {
        bail!("there is no Postgres to test with; on Debian `apt-get install {DEBIAN}`");
    }
    cmd!(shell, "apt-get update -qq").quiet().run()?;
    cmd!(shell, "apt-get install -y -qq --no-install-recommends {DEBIAN}")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .quiet()
        .ignore_stdout()
        .run()?;
    if !is_there() {
        bail!("the package `{DEBIAN}` brought no `initdb`");
    }
    Ok(())
}

/// Where tests look too: on the path, and where Debian keeps each version.
fn is_there() -> bool {
    let of_path = std::env::var_os("PATH").unwrap_or_default();
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let has = |folder: &Path| {
        ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).is_file())
    };
    std::env::split_paths(&of_path)
        .chain(debian.map(|version| version.path().join("bin")))
        .any(|folder| has(&folder))
}
