//! The tests of the whole: every file under `tests/cases` is one test that drives the real binary.
//!
//! `cases/readme.case` explains the format by being one. `cargo xtask bless` rewrites expectations.

mod case;
mod crash;
mod documents;
mod flags;
mod loopback;
mod models;
mod postgres;
mod redact;
mod resumed;
mod sources;
mod world;

use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    let root = repository();
    for path in files(&root.join("tests/cases"), "case") {
        let name = path.strip_prefix(root.join("tests")).unwrap_or(&path).display().to_string();
        trials.push(Trial::test(name, move || case::run(&path).map_err(Failed::from)));
    }
    trials.extend(documents::trials(&root));
    trials.extend(flags::trials(&root));
    trials.extend(crash::trials());
    trials.extend(loopback::trials());
    trials.extend(models::trials());
    trials.extend(postgres::trials());
    trials.extend(resumed::trials());
    trials.extend(sources::trials());
    libtest_mimic::run(&arguments, trials).exit();
}

/// The root of the repository.
fn repository() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap_or(root)
}

/// Every file with this ending below a folder, sorted; every file at all where it is empty.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if ending.is_empty() || path.extension().is_some_and(|found| found == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
