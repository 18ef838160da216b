//! Files of other systems with what they become: `x.yml`, `x.out.yml` and `x.notes` in
//! `tests/cases`. With `BLESS=1` the expectations are written down instead.

#![expect(clippy::unwrap_used, reason = "a sample that cannot be read fails the test")]
#![expect(clippy::disallowed_methods, reason = "the samples are files; the importer opens none")]

use std::path::{Path, PathBuf};

use coldframe_import::{Dialect, import};
use libtest_mimic::{Arguments, Failed, Trial};

mod support;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut trials = Vec::new();
    for (folder, dialect) in [("flujo", Dialect::Flujo), ("hexdag", Dialect::Hexdag)] {
        let mut files: Vec<PathBuf> = std::fs::read_dir(root.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                let name = path.file_name().unwrap().to_str().unwrap();
                name.ends_with(".yml") && !name.ends_with(".out.yml")
            })
            .collect();
        files.sort();
        for path in files {
            let name = format!("{folder}/{}", path.file_stem().unwrap().to_str().unwrap());
            trials.push(Trial::test(name, move || case(dialect, &path)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn case(dialect: Dialect, path: &Path) -> Result<(), Failed> {
    let text = std::fs::read_to_string(path)?;
    let name = path.file_name().unwrap().to_str().unwrap();
    let found = import(dialect, name, &text);
    support::check(&text, &found)?;
    let mut pipelines = found.pipeline.unwrap_or_default();
    for other in &found.others {
        pipelines.push_str(&format!("\n# ---- {} ----\n{}", other.path, other.text));
    }
    compare(&path.with_extension("out.yml"), &pipelines)?;
    compare(&path.with_extension("notes"), &found.report)
}

fn compare(path: &Path, found: &str) -> Result<(), Failed> {
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, found)?;
        return Ok(());
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    if expected == found {
        return Ok(());
    }
    Err(format!(
        "{} is not what came; run with BLESS=1 and read the difference. Came:\n{found}",
        path.display()
    )
    .into())
}
