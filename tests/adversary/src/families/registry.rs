//! Registries that lie, and skills that ask for more than they did.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::case::{Boundary, Case, Session};
use crate::guest::{Guest, core};
use crate::run;
use crate::world::{World, capabilities, code, kind};

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    let session = |id, title, play: Session, expect| {
        Case::session(id, title, Boundary::Registry, play, expect)
    };
    vec![
        session("REG-1", "another component under a signed name", altered, &["registry.digest"]),
        session(
            "REG-1b",
            "another skill's component under a signed name",
            swapped,
            &["registry.digest", "registry.length"],
        ),
        session(
            "REG-1c",
            "signed metadata with a changed word",
            metadata,
            &["registry.digest", "registry.signature"],
        ),
        session(
            "REG-1d",
            "a registry made anew in the place of a known one",
            another_root,
            &["registry.root"],
        ),
        session("REG-1e", "the same version published again with other bytes", again, &["refused"]),
        session(
            "REG-2",
            "an older state of the registry, put back",
            rolled_back,
            &["registry.rollback"],
        ),
        session(
            "REG-3",
            "a component with more bytes than were signed",
            longer,
            &["registry.length"],
        ),
        session(
            "REG-3b",
            "a component without end",
            endless,
            &["registry.length", "registry.digest", "registry.io"],
        ),
        session("REG-3c", "metadata without end", endless_metadata, &["refused"]),
        session("REG-3d", "a component that is a pipe nobody writes to", pipe, &["refused"]),
        session(
            "REG-4",
            "references that climb out of the registry",
            climbing,
            &["bad-skill-reference"],
        ),
        session(
            "REG-4b",
            "a component that is a link to a file outside",
            linked,
            &["registry.length", "registry.digest"],
        ),
        session("REG-5", "an update that asks for more rights", asks_for_more, &["held"]),
        session("REG-6", "a skill that brings rules of its own along", own_policy, &["refused"]),
        session("REG-7", "one namespace in two registries", squatting, &["registry.namespace"]),
    ]
}

/// A registry of the case's own, with `evil/one` and `evil/two` in it.
struct Mine {
    dir: PathBuf,
}

impl Mine {
    fn new(world: &mut World, name: &str) -> anyhow::Result<Self> {
        let mine = Self { dir: world.here().join(name) };
        world.done(&["registry", "init", &mine.path(), "--quiet"])?;
        for (skill, n) in [("one", 1), ("two", 2)] {
            mine.publish(world, skill, "1.0.0", n, &[])?;
        }
        Ok(mine)
    }

    fn path(&self) -> String {
        self.dir.display().to_string()
    }

    fn publish(
        &self,
        world: &mut World,
        skill: &str,
        version: &str,
        n: u32,
        caps: &[String],
    ) -> anyhow::Result<Value> {
        let text = format!(
            r#"(component (core module $m (func (export "f") (result i32) (i32.const {n})))
                (core instance $i (instantiate $m))
                (func (export "f") (result u32) (canon lift (core func $i "f"))))"#
        );
        let bytes = match caps {
            [] => crate::guest::binary(&text),
            _ => logs(),
        };
        let component = world.file(&format!("{skill}.wasm"), bytes)?;
        let manifest = format!(
            "id = \"evil/{skill}\"\nversion = \"{version}\"\ndescription = \"harmless\"\nlicense = \"MIT\"\n\n{}",
            capabilities(caps)
        );
        world.file(&format!("{skill}/skill.toml"), manifest)?;
        world.json(&["skill", "publish", skill, "--component", &component, "--to", &self.path()])
    }

    /// Runs `evil/one`, as the registry stands now.
    fn run(&self, world: &mut World) -> anyhow::Result<String> {
        let text = run::head(&[])
            + "  - { id: attack, uses: \"evil/one@^1#f\" }\noutputs: { n: \"{{ attack }}\" }\n";
        let file = world.file("attack.yml", text)?;
        let found = world.json(&["run", &file, "--registry", &self.path()])?;
        Ok(match code(&found) {
            Some(code) => code,
            None => kind(&found),
        })
    }

    /// As it must be before anything was touched.
    fn works(&self, world: &mut World) -> anyhow::Result<()> {
        let kind = self.run(world)?;
        ensure!(kind == "works", "before the attack it came to `{kind}`");
        Ok(())
    }

    fn component(&self, skill: &str) -> anyhow::Result<PathBuf> {
        let folder = self.dir.join("targets/evil").join(skill);
        let found =
            files(&folder).into_iter().find(|path| path.extension().is_some_and(|e| e == "wasm"));
        found.with_context(|| format!("no component in {}", folder.display()))
    }

    fn metadata(&self, ending: &str) -> anyhow::Result<PathBuf> {
        let found = files(&self.dir.join("metadata"))
            .into_iter()
            .rfind(|path| path.to_string_lossy().ends_with(ending));
        found.with_context(|| format!("no `{ending}`"))
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.sort();
    found
}

fn logs() -> Vec<u8> {
    crate::guest::encode(
        "package t:t; world w { import coldframe:host/log@0.1.0; export f: func() -> u32; }",
        r#"(module (import "coldframe:host/log@0.1.0" "log" (func $log (param i32 i32 i32)))
            (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
            (func (export "f") (result i32) (call $log (i32.const 2) (i32.const 0) (i32.const 1)) (i32.const 3)))"#,
    )
}

fn altered(world: &mut World) -> anyhow::Result<String> {
    let mine = Mine::new(world, "reg")?;
    mine.works(world)?;
    let path = mine.component("one")?;
    let mut bytes = fs::read(&path)?;
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(path, bytes)?;
    mine.run(world)
}

fn swapped(world: &mut World) -> anyhow::Result<String> {
    let mine = Mine::new(world, "reg")?;
    fs::copy(mine.component("two")?, mine.component("one")?)?;
    mine.run(world)
}

fn metadata(world: &mut World) -> anyhow::Result<String> {
    let mine = Mine::new(world, "reg")?;
    let path = mine.metadata("ns-evil.json")?;
    let text = fs::read_to_string(&path)?;
    let changed = text.replacen("harmless", "harmfull", 1);
    ensure!(changed != text, "there was nothing to change");
    fs::write(path, changed)?;
    mine.run(world)
}

fn another_root(world: &mut World) -> anyhow::Result<String> {
    let mine = Mine::new(world, "reg")?;
    mine.works(world)?;
    fs::remove_dir_all(&mine.dir)?;
    fs::remove_dir_all(mine.dir.with_extension("keys"))?;
    Mine::new(world, "reg")?.run(world)
}

fn again(world: &mut World) -> anyhow::Result<String> {
    let mine = Mine::new(world, "reg")?;
    mine.works(world)?;
    let found = mine.publish(world, "one", "1.0.0", 7, &[])?;
    let kind = kind(&found);
    ensure!(kind.starts_with("registry."), "it came to {found}");
    mine.works(world)?;
    Ok("refused".to_owned())
}

fn rolled_back(world: &mut World) -> anyhow::Result<String> {
    let mine = Mine::new(world, "reg")?;
    let old = fs::read(mine.metadata("timestamp.json")?)?;
    mine.publish(world, "one", "1.1.0", 5, &[])?;
    mine.works(world)?;
    fs::write(mine.metadata("timestamp.json")?, old)?;
    mine.run(world)
}

fn longer(world: &mut World) -> anyhow::Result<String> {
    let mine = Mine::new(world, "reg")?;
    let path = mine.component("one")?;
    let mut bytes = fs::read(&path)?;
    bytes.extend([0; 1000]);
    fs::write(path, bytes)?;
    mine.run(world)
}

/// Puts something else in the place of a file.
fn replaced(path: &Path, by: impl Fn(&Path) -> std::io::Result<()>) -> anyhow::Result<()> {
    fs::remove_file(path)?;
    Ok(by(path)?)
}

fn endless(world: &mut World) -> anyhow::Result<String> {
    let mine = Mine::new(world, "reg")?;
    replaced(&mine.component("one")?, |path| symlink("/dev/zero", path))?;
    mine.run(world)
}

fn endless_metadata(world: &mut World) -> anyhow::Result<String> {
    let mine = Mine::new(world, "reg")?;
    for name in ["timestamp.json", "ns-evil.json"] {
        let path = mine.metadata(name)?;
        let good = fs::read(&path)?;
        replaced(&path, |path| symlink("/dev/zero", path))?;
        let kind = mine.run(world)?;
        ensure!(kind.starts_with("registry."), "`{name}` came to `{kind}`");
        replaced(&path, |path| fs::write(path, &good))?;
    }
    Ok("refused".to_owned())
}

fn pipe(world: &mut World) -> anyhow::Result<String> {
    let mine = Mine::new(world, "reg")?;
    let path = mine.component("one")?;
    replaced(&path, |path| std::process::Command::new("mkfifo").arg(path).status().map(|_| ()))?;
    let kind = mine.run(world)?;
    ensure!(kind.starts_with("registry."), "it came to `{kind}`");
    Ok("refused".to_owned())
}

fn climbing(world: &mut World) -> anyhow::Result<String> {
    for name in [
        "../../etc/passwd",
        "evil/../std/hash",
        "evil/%2e%2e",
        "/etc/passwd",
        "evil/one\\0",
        "evil//one",
        "EVIL/one",
    ] {
        let step = json!({ "id": "attack", "uses": format!("{name}#f") });
        let found = run::checked(world, &format!("{}  - {step}\n", run::head(&[])))?;
        ensure!(found == "bad-skill-reference", "`{name}` came to `{found}`");
    }
    Ok("bad-skill-reference".to_owned())
}

fn linked(world: &mut World) -> anyhow::Result<String> {
    let mine = Mine::new(world, "reg")?;
    replaced(&mine.component("one")?, |path| symlink("/etc/passwd", path))?;
    mine.run(world)
}

/// The new version is there, newer, and within the range: the pin stays.
fn asks_for_more(world: &mut World) -> anyhow::Result<String> {
    let mine = Mine::new(world, "reg")?;
    mine.works(world)?;
    let more = ["log".to_owned()];
    let published = mine.publish(world, "one", "1.1.0", 9, &more)?;
    ensure!(published["version"] == "1.1.0", "it was not published: {published}");
    let changes = world.json(&["update", "--registry", &mine.path()])?;
    let held = changes.as_array().into_iter().flatten().any(|line| {
        line.as_str()
            .is_some_and(|line| line.starts_with("held evil/one at 1.0.0") && line.contains("log"))
    });
    ensure!(held, "the update says {changes}");
    mine.works(world)?;
    let lock = fs::read_to_string(world.here().join("coldframe.lock"))?;
    ensure!(!lock.contains("1.1.0"), "the pin moved");
    Ok("held".to_owned())
}

/// What a skill says it may do is a request, and nothing but rights can be asked for.
fn own_policy(world: &mut World) -> anyhow::Result<String> {
    let mine = Mine::new(world, "reg")?;
    let guest = Guest::wat(core(r#"(func (export "f"))"#));
    let component = world.file("x.wasm", (guest.bytes)())?;
    for extra in [
        "[policy]\nallow = [\"*\"]\n",
        "[grants]\nlog = true\n",
        "[capabilities]\nsockets = true\n",
    ] {
        let manifest = format!(
            "id = \"evil/x\"\nversion = \"1.0.0\"\ndescription = \"x\"\nlicense = \"MIT\"\n\n{extra}"
        );
        world.file("x/skill.toml", manifest)?;
        let found =
            world.host(&["skill", "publish", "x", "--component", &component, "--to", &mine.path()]);
        ensure!(found.code == Some(1), "{extra:?} ended with {:?}", found.code);
    }
    // Asked for in earnest, and granted by nobody.
    let caps = ["log".to_owned()];
    mine.publish(world, "one", "1.2.0", 1, &caps)?;
    let text = run::head(&[]) + "  - { id: attack, uses: \"evil/one@1.2.0#f\" }\n";
    let file = world.file("attack.yml", text)?;
    let found = world.json(&["run", &file, "--registry", &mine.path()])?;
    ensure!(code(&found).as_deref() == Some("capability-not-granted"), "the run says {found}");
    Ok("refused".to_owned())
}

fn squatting(world: &mut World) -> anyhow::Result<String> {
    let (mine, other) = (Mine::new(world, "reg")?, Mine::new(world, "other")?);
    let text = run::head(&[]) + "  - { id: attack, uses: \"evil/one@^1#f\" }\n";
    let file = world.file("attack.yml", text)?;
    let found =
        world.json(&["run", &file, "--registry", &mine.path(), "--registry", &other.path()])?;
    Ok(code(&found).unwrap_or_else(|| kind(&found)))
}
