//! Native code from disk: only our own, only whole, and never needed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use coldframe_format::{Digest, Interface};
use serde_json::json;

use super::guest::{admit, binary, call_of, run, summary};
use crate::{Compiler, Sandbox, SandboxConfig};

fn adder(n: u32) -> Vec<u8> {
    binary(&format!(
        r#"(component
            (core module $m (func (export "f") (param i32) (result i32)
                (i32.add (local.get 0) (i32.const {n}))))
            (core instance $i (instantiate $m))
            (func (export "f") (param "n" u32) (result u32) (canon lift (core func $i "f"))))"#
    ))
}

/// Loads in a process of its own, as far as the sandbox can tell. Says whether the cache was used.
#[track_caller]
fn check(dir: &Path, n: u32, from_cache: bool) {
    let cache_dir = Some(dir.to_owned());
    let config = SandboxConfig {
        cache_dir,
        max_concurrent_calls: 1,
        ..SandboxConfig::new(Compiler::InProcess)
    };
    let sandbox = Sandbox::new(config).unwrap();
    let bytes = adder(n);
    let (digest, interface) = (Digest::of(&bytes), Interface::read(&bytes).unwrap());
    let ceiling = Default::default();
    let admitted = || admit(&sandbox, &bytes, &interface, &ceiling).unwrap();
    assert_eq!(admitted().from_cache, from_cache);
    assert!(admitted().from_cache, "the second time");
    assert_eq!(summary(&run(&sandbox, call_of(digest, json!({"n": 1})))), (n + 1).to_string());
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|ext| ext == "native")).collect();
    files.sort();
    files
}

#[test]
fn the_second_process_compiles_nothing() {
    let dir = tempfile::tempdir().unwrap();
    check(dir.path(), 1, false);
    check(dir.path(), 1, true);
    check(dir.path(), 2, false);
    for file in entries(dir.path()).iter().chain([&dir.path().join("native.key")]) {
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
    let leftover = fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(leftover, 3, "two entries and the key");
}

#[test]
fn what_was_changed_is_compiled_again() {
    let dir = tempfile::tempdir().unwrap();
    check(dir.path(), 1, false);
    let entry = entries(dir.path()).remove(0);
    let good = fs::read(&entry).unwrap();
    for change in [0, 31, 32, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[change] ^= 1;
        fs::write(&entry, &bad).unwrap();
        check(dir.path(), 1, false);
        check(dir.path(), 1, true);
    }
    for length in [0, 5, 32, good.len() - 1] {
        fs::write(&entry, &good[..length]).unwrap();
        check(dir.path(), 1, false);
    }
}

#[test]
fn an_entry_of_another_component_is_not_taken() {
    let dir = tempfile::tempdir().unwrap();
    check(dir.path(), 1, false);
    let first = entries(dir.path()).remove(0);
    check(dir.path(), 2, false);
    let second = entries(dir.path()).into_iter().find(|path| *path != first).unwrap();
    fs::copy(&first, &second).unwrap();
    check(dir.path(), 2, false);
}

#[test]
fn code_under_another_key_is_not_taken() {
    let dir = tempfile::tempdir().unwrap();
    check(dir.path(), 1, false);
    let key = dir.path().join("native.key");
    fs::remove_file(&key).unwrap();
    check(dir.path(), 1, false);
    check(dir.path(), 1, true);
    // A key that others can read, or of another length, is no key.
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    check(dir.path(), 1, false);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&key, "short").unwrap();
    check(dir.path(), 1, false);
    check(dir.path(), 1, false);
}

#[test]
fn a_cache_that_cannot_be_written_is_no_obstacle() {
    let file = tempfile::NamedTempFile::new().unwrap();
    check(&file.path().join("cache"), 1, false);
}
