//! The gate `fast`, as a part of every test run. The host is the binary beside our own: `cargo test
//! --workspace` has just built it.

use std::path::Path;
use std::process::Command;

#[test]
fn the_host_holds() {
    let adversary = Path::new(env!("CARGO_BIN_EXE_adversary"));
    let host = adversary.with_file_name("coldframe");
    assert!(host.exists(), "there is no host: `cargo xtask adversary` builds it and plays");
    let output = Command::new(adversary).arg("run").arg("--host").arg(host).output().unwrap();
    let (stdout, stderr) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let lost: Vec<&str> = stdout.lines().filter(|line| !line.starts_with("ok ")).collect();
    assert!(output.status.success(), "{}\n{stderr}", lost.join("\n"));
}
