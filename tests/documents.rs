//! Every command the documents show is run, in order, in a copy of what a clone holds.
//!
//! A `console` block is a session: `$ ` begins a command, what follows is what it prints (stdout
//! and stderr as a terminal shows them), `...` stands for any lines. Without output only success
//! is asked for. `> ` goes on with the command. A command that must fail says so: `$ coldframe run bad.yml  # exit 3`.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use crate::redact::redact;
use crate::world::World;

/// The documents with sessions in them.
const DOCUMENTS: &[&str] = &["README.md", "CONTRIBUTING.md", "SECURITY.md", "docs"];

/// What a clone holds that the sessions use.
const COPIED: &[&str] = &["examples", "registry/builtin", "wit"];

/// One test per document that has a session.
pub(crate) fn trials(root: &Path) -> Vec<Trial> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for name in DOCUMENTS {
        let path = root.join(name);
        if path.is_dir() {
            paths.extend(crate::files(&path, "md"));
        } else {
            paths.push(path);
        }
    }
    let has_session = |path: &PathBuf| {
        std::fs::read_to_string(path).is_ok_and(|text| text.contains("\n```console\n"))
    };
    let named = paths.into_iter().filter(has_session).map(|path| {
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        Trial::test(format!("documents/{name}"), move || Ok(run(&path)?))
    });
    named.collect()
}

struct Shown {
    line: usize,
    command: String,
    exit: i32,
    output: Vec<String>,
}

fn run(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let world = World::new();
    for name in COPIED {
        copy(&crate::repository().join(name), &world.work().join(name))?;
    }
    for shown in sessions(&text) {
        // What a reader runs through cargo is the binary under test here.
        let command = shown.command.replacen("cargo run -- ", "coldframe ", 1);
        if command.starts_with("cargo ") || command.starts_with("git ") {
            continue;
        }
        let output = world.shell(&format!("{{ {command}\n}} 2>&1"));
        let found = redact(&String::from_utf8_lossy(&output.stdout), world.root());
        let place = format!("{}:{}: `{}`", path.display(), shown.line, shown.command);
        if output.status.code() != Some(shown.exit) {
            let status = output.status;
            return Err(format!("{place} ended with {status}, expected {}:\n{found}", shown.exit));
        }
        let expected = redact(&shown.output.join("\n"), world.root());
        if !shown.output.is_empty() && !fits(&expected, &found) {
            return Err(format!("{place} prints\n{found}\nand the document says\n{expected}"));
        }
    }
    Ok(())
}

/// Whether `found` is what `expected` says, where a line `...` stands for any lines.
fn fits(expected: &str, found: &str) -> bool {
    let mut rest: Vec<&str> = found.lines().map(str::trim_end).collect();
    let mut any = false;
    for line in expected.lines().map(str::trim_end) {
        if line == "..." {
            any = true;
            continue;
        }
        let at = if any { rest.iter().position(|l| *l == line) } else { Some(0) };
        match at {
            Some(at) if rest.get(at) == Some(&line) => rest.drain(..=at),
            _ => return false,
        };
        any = false;
    }
    any || rest.iter().all(|line| line.is_empty())
}

fn sessions(text: &str) -> Vec<Shown> {
    let mut found: Vec<Shown> = Vec::new();
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside && let Some(command) = line.strip_prefix("$ ") {
            let (command, exit) = match command.split_once("  # exit ") {
                Some((command, exit)) => (command, exit.trim().parse().unwrap_or(0)),
                None => (command, 0),
            };
            let command = command.to_owned();
            found.push(Shown { line: number + 1, command, exit, output: Vec::new() });
        } else if inside && let Some(last) = found.last_mut() {
            match line.strip_prefix("> ") {
                // A shell shows where a command goes on.
                Some(more) if last.output.is_empty() => last.command.push_str(&format!("\n{more}")),
                _ => last.output.push(line.to_owned()),
            }
        }
    }
    found
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("failed to copy {}: {e}", from.display());
    std::fs::create_dir_all(to).map_err(failed)?;
    for entry in std::fs::read_dir(from).map_err(failed)?.flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            std::fs::copy(&path, &target).map_err(failed)?;
        }
    }
    Ok(())
}
