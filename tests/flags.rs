//! Every command and every flag that `--help` names is used by a session: a case or a document.

use std::path::Path;

use libtest_mimic::Trial;

use crate::world::World;

/// Where sessions are.
const SESSIONS: &[&str] = &["tests/cases", "docs", "README.md", "CONTRIBUTING.md", "SECURITY.md"];

/// One test: the help of every command against everything that is run.
pub(crate) fn trials(root: &Path) -> Vec<Trial> {
    let used = commands(root);
    vec![Trial::test("flags/every flag is used", move || {
        let missing = missing(&World::new(), &used);
        match missing.is_empty() {
            true => Ok(()),
            false => Err(format!("no session runs\n  {}", missing.join("\n  ")).into()),
        }
    })]
}

/// The words of every `coldframe` command in a session.
fn commands(root: &Path) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for name in SESSIONS {
        let path = root.join(name);
        let files = if path.is_dir() { crate::files(&path, "") } else { vec![path] };
        for text in files.iter().filter_map(|file| std::fs::read_to_string(file).ok()) {
            let lines = text
                .lines()
                .filter_map(|line| line.strip_prefix("=== $ ").or_else(|| line.strip_prefix("$ ")));
            let single = lines.flat_map(|line| line.split([';', '|', '&', '(', '{', '`']));
            let words = single.map(|line| line.split_whitespace().map(str::to_owned).collect());
            found.extend(words.filter(|words: &Vec<String>| {
                let is_cargo = words.starts_with(&["cargo".into(), "run".into(), "--".into()]);
                is_cargo || words.iter().any(|word| word == "coldframe")
            }));
        }
    }
    found
}

/// What `--help` names and nothing uses: commands, and flags of theirs.
fn missing(world: &World, used: &[Vec<String>]) -> Vec<String> {
    let (_, global) = help(world, &[]);
    let mut missing: Vec<String> =
        global.iter().filter(|flag| !uses(used, &[], Some(flag))).cloned().collect();
    let mut open: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(path) = open.pop() {
        let (commands, flags) = help(world, &path);
        if commands.is_empty() && !uses(used, &path, None) {
            missing.push(path.join(" "));
        }
        let own = flags.iter().filter(|flag| !global.contains(flag));
        let unused = own.filter(|flag| !uses(used, &path, Some(flag)));
        missing.extend(unused.map(|flag| format!("{} {flag}", path.join(" "))));
        open.extend(commands.into_iter().map(|command| {
            let mut longer = path.clone();
            longer.push(command);
            longer
        }));
    }
    missing.sort();
    missing
}

/// The commands below a command, and its flags.
fn help(world: &World, path: &[String]) -> (Vec<String>, Vec<String>) {
    let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
    arguments.push("--help");
    let output = world.coldframe(&arguments);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (mut commands, mut flags) = (Vec::new(), Vec::new());
    let mut in_commands = false;
    for line in text.lines() {
        in_commands = line == "Commands:" || in_commands && !line.is_empty();
        let first = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '));
        if let Some(name) = first.filter(|_| in_commands).and_then(|l| l.split_whitespace().next())
        {
            commands.push(name.to_owned());
        } else if line.trim_start().starts_with('-')
            && let Some(flag) = line.split([' ', ',', '=', '[']).find(|word| word.starts_with("--"))
        {
            flags.push(flag.to_owned());
        }
    }
    commands.retain(|name| name != "help");
    flags.retain(|flag| !matches!(flag.as_str(), "--help" | "--version"));
    (commands, flags)
}

/// Whether a session runs this command, with this flag.
fn uses(used: &[Vec<String>], path: &[String], flag: Option<&str>) -> bool {
    used.iter().any(|words| {
        let mut rest = words.iter();
        path.iter().all(|word| rest.any(|found| found == word))
            && flag.is_none_or(|flag| {
                words.iter().any(|word| word == flag || word.starts_with(&format!("{flag}=")))
            })
    })
}
