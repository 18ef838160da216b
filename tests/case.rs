//! One case file: files to lay out, commands to run, what they must print.

use std::fmt::Write as _;
use std::path::Path;

use crate::redact::{redact, redact_json};
use crate::world::World;

/// The line between the world and the core module of a component.
const CORE: &str = "--- core\n";

/// A part of a case file, in order.
enum Part {
    /// Text before the first section.
    Comment(String),
    /// `=== file NAME`: a file in the working folder. A `.wasm` with a line `--- core` is made of
    /// what is written: the world of a component and, behind that line, its core module as text. A
    /// `.db` is the SQLite file that its statements make.
    File(String, String),
    /// `=== $ COMMAND`: a command and what it must give.
    Command(String, String),
}

/// Runs a case file; with `BLESS=1` writes down what came instead of comparing.
pub(crate) fn run(path: &Path) -> Result<(), String> {
    let text =
        std::fs::read_to_string(path).map_err(|e| format!("failed to read the case: {e}"))?;
    let world = World::new();
    let mut found = String::new();
    for part in parse(&text)? {
        match part {
            Part::Comment(comment) => found.push_str(&comment),
            Part::File(name, content) => {
                let target = world.work().join(&name);
                if let Some(folder) = target.parent() {
                    std::fs::create_dir_all(folder).map_err(|e| e.to_string())?;
                }
                if name.ends_with(".db") {
                    database(&target, &content).map_err(|error| format!("{name}: {error}"))?;
                    let _ = write!(found, "=== file {name}\n{content}");
                    continue;
                }
                let bytes = match content.split_once(CORE).filter(|_| name.ends_with(".wasm")) {
                    Some((world, core)) => coldframe_guests::try_encode(world, core)
                        .map_err(|error| format!("{name}: {error}"))?,
                    None => content.clone().into_bytes(),
                };
                std::fs::write(&target, bytes).map_err(|e| e.to_string())?;
                let _ = write!(found, "=== file {name}\n{content}");
            }
            Part::Command(command, _) => {
                let _ = write!(found, "=== $ {command}\n{}", outcome(&world, &command));
            }
        }
    }
    compare(path, &text, &found)
}

fn database(file: &Path, statements: &str) -> rusqlite::Result<()> {
    rusqlite::Connection::open(file)?.execute_batch(statements)
}

/// What a command gives: `? CODE`, stdout, and, if there is any, stderr behind its own line.
fn outcome(world: &World, command: &str) -> String {
    let output = world.shell(command);
    let show = |bytes: &[u8]| {
        redact_json(&redact(&String::from_utf8_lossy(bytes), world.root()))
            .replace("\n===", "\n\\===")
    };
    let code = output.status.code().map_or("killed".to_owned(), |code| code.to_string());
    let mut text = format!("? {code}\n{}", show(&output.stdout));
    let stderr = show(&output.stderr);
    if !stderr.is_empty() {
        let _ = write!(text, "--- stderr\n{stderr}");
    }
    text.push('\n');
    text
}

/// Fails with a diff unless both texts are equal.
pub(crate) fn compare(path: &Path, expected: &str, found: &str) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    if std::env::var_os("BLESS").is_some() {
        return std::fs::write(path, found).map_err(|e| format!("failed to bless: {e}"));
    }
    let diff = similar::TextDiff::from_lines(expected, found);
    let diff = diff.unified_diff().context_radius(3).header("expected", "found").to_string();
    Err(format!("{}\n{diff}\n`cargo xtask bless` accepts what was found", path.display()))
}

fn parse(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = vec![Part::Comment(String::new())];
    for line in text.split_inclusive('\n') {
        if let Some(head) = line.strip_prefix("=== ") {
            let head = head.trim_end();
            parts.push(if let Some(name) = head.strip_prefix("file ") {
                Part::File(name.to_owned(), String::new())
            } else if let Some(command) = head.strip_prefix("$ ") {
                Part::Command(command.to_owned(), String::new())
            } else {
                return Err(format!("`=== {head}` is neither `file NAME` nor `$ COMMAND`"));
            });
            continue;
        }
        if let Some(Part::Comment(body) | Part::File(_, body) | Part::Command(_, body)) =
            parts.last_mut()
        {
            body.push_str(line);
        }
    }
    if !parts.iter().any(|part| matches!(part, Part::Command(..))) {
        return Err("the case runs no command".to_owned());
    }
    Ok(parts)
}
