//! A new skill builds and passes its own tests as it stands, and two builds of it are equal.
//!
//! This runs cargo, which may have to download packages. Where no guest toolchain can be found the
//! component is not built; the native tests of the new skill run all the same.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is how to fail")]

use std::path::{Path, PathBuf};
use std::process::Command;

use coldframe_format::{Interface, Manifest, SkillId};
use coldframe_sdk::{BuildOptions, Toolchain, scaffold};

/// Writes a new skill into an empty folder.
fn new_skill(folder: &Path) {
    for (path, text) in scaffold::files(&SkillId::new("acme", "titles").unwrap()) {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// Kept between runs, so that only the first one compiles the dependencies.
fn target_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("scaffold")
}

#[test]
fn its_own_tests_pass() {
    let folder = tempfile::tempdir().unwrap();
    new_skill(folder.path());
    let output = Command::new(env!("CARGO"))
        .args(["test", "--quiet", "--target-dir"])
        .arg(target_dir())
        .current_dir(folder.path())
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    assert!(printed.contains("2 passed"), "{printed}");
}

#[test]
fn its_component_is_the_same_wherever_it_is_built() {
    let toolchain = match Toolchain::find() {
        Ok(toolchain) => toolchain,
        Err(error) => {
            eprintln!("not built: {error}");
            return;
        }
    };
    let build = |folder: &Path| {
        new_skill(folder);
        let options = BuildOptions { target_dir: Some(target_dir()), ..BuildOptions::default() };
        toolchain.build_with(folder, &options).unwrap()
    };
    let here = tempfile::tempdir().unwrap();
    let there = tempfile::tempdir().unwrap();
    let component = build(&here.path().join("one"));
    assert_eq!(component, build(&there.path().join("another/place")));

    let interface = Interface::read(&component).unwrap();
    assert!(interface.imports.is_empty(), "{:?}", interface.imports);
    let names: Vec<&str> = interface.operations.iter().map(|o| o.name.as_str()).collect();
    assert_eq!(names, ["title", "slug"]);
    assert!(interface.operations[0].doc.starts_with("Begins every word"));
    let manifest = std::fs::read_to_string(here.path().join("one/skill.toml")).unwrap();
    Manifest::from_toml(&manifest).unwrap().check(&interface).unwrap();
}
