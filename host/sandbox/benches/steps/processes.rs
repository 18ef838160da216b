//! Whole processes.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use coldframe_guests::{NO_OP, binary};

use crate::median;

/// Whole processes: `/bin/true` for the machine's own cost, `coldframe call` of one component beside
/// `wasmtime run` of one, then `coldframe run` of three steps.
pub(crate) fn print(program: &Path) {
    let pipeline = "\
apiVersion: coldframe/v1
kind: Pipeline
metadata: { name: three }
steps:
  - { id: a, uses: std/hash#sha256, with: { text: hello } }
  - { id: b, uses: std/text#stats, with: { text: \"{{ a }}\" } }
  - { id: c, uses: std/hash#base64-encode, with: { text: \"{{ a }}\" } }
outputs: { out: \"{{ c }}\" }
";
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("three.yml"), pipeline).unwrap();
    std::fs::write(dir.path().join("thousand.yml"), thousand()).unwrap();
    let time = |command: &mut Command| {
        let begun = Instant::now();
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(status.success(), "{command:?}");
        begun.elapsed().as_secs_f64() * 1e3
    };
    let coldframe = |arguments: &[&str], data: &Path| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&dir).env("COLDFRAME_DATA_DIR", data);
        command
    };
    let mut rows: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let warm = dir.path().join("warm");
    let three = ["run", "three.yml"];
    let one = ["call", "std/hash#sha256", "--input", "text=hello"];
    time(&mut coldframe(&three, &warm));
    let wasmtime = std::env::var_os("WASMTIME_BIN");
    let native = dir.path().join("no-op.cwasm");
    if let Some(wasmtime) = &wasmtime {
        let bytes = dir.path().join("no-op.wasm");
        std::fs::write(&bytes, binary(NO_OP)).unwrap();
        time(Command::new(wasmtime).arg("compile").arg(&bytes).arg("-o").arg(&native));
    }
    for round in 0..21 {
        let mut note = |name, ms| rows.entry(name).or_default().push(ms);
        note("1 `/bin/true`", time(&mut Command::new("/bin/true")));
        if let Some(wasmtime) = &wasmtime {
            let mut one = Command::new(wasmtime);
            one.args(["run", "--allow-precompiled", "--invoke", "run(7)"]).arg(&native);
            note("2 `wasmtime run` of one precompiled component", time(&mut one));
        }
        note("3 `coldframe --help`", time(Command::new(program).arg("--help")));
        note("4 `coldframe call` of one component, warm cache", time(&mut coldframe(&one, &warm)));
        note("5 `coldframe run`, three steps, warm cache", time(&mut coldframe(&three, &warm)));
        let check = ["check", "thousand.yml"];
        note("7 `coldframe check`, 1,000 steps", time(&mut coldframe(&check, &warm)));
        if round < 5 {
            let cold = dir.path().join(format!("cold-{round}"));
            note("6 `coldframe run`, three steps, cold cache", time(&mut coldframe(&three, &cold)));
        }
    }
    let base = median(&rows["1 `/bin/true`"]);
    println!("\n| whole process | ms | more than `/bin/true` |\n|---|---|---|");
    for (name, row) in &rows {
        let time = median(row);
        println!("| {} | {time:.1} | {:.1} |", &name[2..], time - base);
    }
}

/// A pipeline of 1,000 steps, each after the one before: calls, values and a map.
fn thousand() -> String {
    use std::fmt::Write as _;
    let mut text = "apiVersion: coldframe/v1\nkind: Pipeline\nmetadata: { name: thousand }\n\
                    steps:\n  - { id: s0, set: { text: hello } }\n"
        .to_owned();
    for n in 1..1_000 {
        let before = n - 1;
        let _ = match n % 4 {
            1 => writeln!(
                text,
                "  - {{ id: s{n}, uses: std/hash#sha256, with: {{ text: \"{{{{ s{before}.text }}}}\" }} }}"
            ),
            2 => writeln!(
                text,
                "  - {{ id: s{n}, uses: std/text#stats, with: {{ text: \"{{{{ s{before} }}}}\" }} }}"
            ),
            3 => writeln!(
                text,
                "  - {{ id: s{n}, map: {{ over: [1, 2], steps: [{{ id: x, set: {{ n: \"{{{{ item + s{before}.words }}}}\" }} }}], output: \"{{{{ x.n }}}}\" }} }}"
            ),
            _ => {
                writeln!(text, "  - {{ id: s{n}, set: {{ text: \"of {{{{ s{before}[0] }}}}\" }} }}")
            }
        };
    }
    text
}
