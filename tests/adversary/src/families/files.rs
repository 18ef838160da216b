//! Files: out of the folders that are granted, into those of the host, and too many of them.
//!
//! Outside of what is granted lies a file whose text begins with `s`; a call that gives it back has
//! won, and so has one that changes it.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::{fs, thread};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::case::{Case, Session};
use crate::guest::Guest;
use crate::run;
use crate::world::{self, World};

/// What lies outside.
const OUTSIDE: &str = "secret of somebody else";
/// What lies in a granted folder.
const INSIDE: &str = "inside";

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    let session =
        |id, title, play: Session, expect| Case::right(id, title, play, expect).wall_ms(12_000);
    vec![
        session(
            "FS-1",
            "paths that lead out of the granted folder, in 30 spellings",
            paths,
            &["refused"],
        ),
        session("FS-2", "links to files and folders outside", links, &["refused"]),
        session(
            "FS-2b",
            "a file that becomes a link while it is read, over and over",
            race,
            &["refused"],
        ),
        session(
            "FS-2c",
            "a folder that becomes a link while files are written below it",
            write_race,
            &["refused"],
        ),
        session("FS-3", "a slash behind a file and behind a link", slashes, &["refused"]),
        session(
            "FS-4",
            "writing, appending and removing with a right to read",
            read_only,
            &["denied.path"],
        ),
        session("FS-5", "a gigabyte in one file, a piece at a time", large, &["limit.disk"]),
        session("FS-5b", "a gigabyte in many files", many, &["limit.disk"]),
        session("FS-5c", "the same file written over and over", rewritten, &["limit.disk"]),
        session("FS-5d", "empty files without end", empty, &["limit.disk"]),
        session(
            "FS-6",
            "pipes, sockets, devices and `/proc` in the granted folder",
            special,
            &["refused"],
        ),
        session(
            "FS-8",
            "the host's own: lock, settings, data directory, the file of a secret",
            own,
            &["denied.path"],
        ),
        session(
            "FS-8c",
            "the file of a database, and what is kept beside it",
            database,
            &["denied.path"],
        ),
        session("FS-8b", "a manifest that asks for a folder outside", manifest, &["refused"]),
        session(
            "FS-9",
            "a signed skill, and what its step, pipeline and manifest do not all grant",
            layers,
            &["denied.path"],
        ),
    ]
}

pub(super) static FILES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let wit = "package t:t; world w { import coldframe:host/fs@0.1.0;
        export f: func(what: u32, path: string, times: u32, size: u32) -> string; }";
    crate::guest::encode(wit, include_str!("../../data/files.wat"))
});

/// What the component in `files.wat` does to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Do {
    Read = 0,
    Write = 1,
    Append = 2,
    List = 3,
    Remove = 4,
    Stat = 5,
    WriteMany = 6,
}

fn guest(what: Do, path: &str, times: u32, size: u32, grant: &str) -> Guest {
    let with = json!({ "what": what as u32, "path": path, "times": times, "size": size });
    Guest::bytes(|| FILES.clone()).cap(format!("fs={grant}")).with(with.to_string())
}

/// Does it once, as a file that nobody signed.
fn once(world: &mut World, what: Do, path: &str, grant: &str) -> anyhow::Result<(String, Value)> {
    world.call(&guest(what, path, 1, 6, grant))
}

/// Two files: one in the folder that is granted, and one beside it. Gives the place of that.
fn furnished(world: &World) -> anyhow::Result<PathBuf> {
    world.file("data/a.txt", INSIDE)?;
    Ok(PathBuf::from(world.file("private/s.txt", OUTSIDE)?))
}

/// What is outside is as it was.
fn untouched(outside: &Path) -> anyhow::Result<()> {
    let found = fs::read_to_string(outside)?;
    ensure!(found == OUTSIDE, "the file outside became {found:?}");
    let folder = outside.parent().context("a folder")?;
    let names: Vec<_> = fs::read_dir(folder)?.flatten().map(|entry| entry.file_name()).collect();
    ensure!(names.len() == 1, "the folder outside became {names:?}");
    Ok(())
}

/// Neither allowed, nor harmful, nor of any use.
fn came_to_nothing(what: &str, (kind, output): &(String, Value)) -> anyhow::Result<()> {
    let nothing = ["not-found", "wrong-kind", "failed"];
    let refused = kind == "denied.path"
        || kind == "works" && output.as_str().is_some_and(|said| nothing.contains(&said));
    ensure!(refused, "{what} came to `{kind}`, {output}");
    Ok(())
}

fn paths(world: &mut World) -> anyhow::Result<String> {
    let outside = furnished(world)?;
    let whole = outside.display().to_string();
    let long = "a/".repeat(2_048) + "x";
    let wide = "a".repeat(4_096);
    let deep = "../".repeat(40) + whole.trim_start_matches('/');
    let spellings = [
        "private/s.txt",
        "data/../private/s.txt",
        "./data/../private/s.txt",
        "data/./../private/s.txt",
        "data//..//private/s.txt",
        "data/x/../../private/s.txt",
        "../here/private/s.txt",
        "..",
        "data/..",
        "",
        ".",
        "/",
        "//",
        "./",
        "data/a.txt/../../private/s.txt",
        "data/..\\private\\s.txt",
        "data\\..\\private\\s.txt",
        "data/%2e%2e/private/s.txt",
        "data/..%2fprivate/s.txt",
        "data/.../private/s.txt",
        "data/\u{ff0e}\u{ff0e}/private/s.txt",
        "data/\0/../../private/s.txt",
        "data/a.txt\0",
        "data/\n",
        "C:\\private\\s.txt",
        "file:private/s.txt",
        "~/private/s.txt",
        "/etc/passwd",
        "/proc/self/environ",
        "data2",
        whole.as_str(),
        deep.as_str(),
        long.as_str(),
        wide.as_str(),
    ];
    for (n, path) in spellings.into_iter().enumerate() {
        let short: String = path.chars().take(60).collect();
        let found = once(world, Do::Read, path, "write data")?;
        came_to_nothing(&format!("reading {short:?}"), &found)?;
        if n % 5 == 1 {
            // A file with an odd name in the folder that is granted is no harm.
            let (kind, output) = once(world, Do::Write, path, "write data")?;
            ensure!(
                kind == "denied.path" || kind == "works",
                "writing {short:?}: `{kind}`, {output}"
            );
            untouched(&outside)?;
        }
    }
    untouched(&outside)?;
    let (kind, output) = once(world, Do::Read, "data/a.txt", "write data")?;
    ensure!(output == INSIDE, "what is granted came to `{kind}`, {output}");
    Ok("refused".to_owned())
}

fn links(world: &mut World) -> anyhow::Result<String> {
    let outside = furnished(world)?;
    let data = world.here().join("data");
    symlink(&outside, data.join("absolute"))?;
    symlink("../private/s.txt", data.join("relative"))?;
    symlink("../private", data.join("folder"))?;
    symlink("/", data.join("root"))?;
    symlink("loop", data.join("loop"))?;
    symlink("../private/new.txt", data.join("dangling"))?;
    let mut before = "../private/s.txt".to_owned();
    for n in 0..40 {
        let name = format!("chain{n}");
        symlink(&before, data.join(&name))?;
        before = name;
    }
    let below_root = format!("data/root{}", outside.display());
    for path in [
        "data/absolute",
        "data/relative",
        "data/folder",
        "data/folder/s.txt",
        "data/folder/new.txt",
        "data/root/etc/passwd",
        below_root.as_str(),
        "data/loop",
        "data/loop/x",
        "data/dangling",
        "data/chain0",
        "data/chain39",
    ] {
        for what in [Do::Read, Do::Write, Do::List] {
            let found = once(world, what, path, "write data")?;
            came_to_nothing(&format!("{what:?} of `{path}`"), &found)?;
            untouched(&outside)?;
        }
    }
    for what in [Do::Append, Do::Remove, Do::Stat] {
        let found = once(world, what, "data/relative", "write data")?;
        came_to_nothing(&format!("{what:?} of a link"), &found)?;
        untouched(&outside)?;
    }
    // A link to what lies beside it, where a single file is granted.
    fs::write(data.join("s.txt"), OUTSIDE)?;
    symlink("s.txt", data.join("sibling"))?;
    for what in [Do::Read, Do::Append, Do::Write] {
        let found = once(world, what, "data/sibling", "write data/sibling")?;
        came_to_nothing(&format!("{what:?} of a link to a sibling"), &found)?;
        ensure!(fs::read_to_string(data.join("s.txt"))? == OUTSIDE, "the sibling was changed");
    }
    // With everything granted, what a link leads to is no more to be had.
    let found = once(world, Do::Read, "data/absolute", "write *")?;
    came_to_nothing("a read with all granted", &found)?;
    Ok("refused".to_owned())
}

/// Changes a place to and fro while something else happens; gives how often.
fn swapping<T>(
    mut swap: impl FnMut() -> std::io::Result<()> + Send,
    meanwhile: impl FnOnce() -> T,
) -> (T, usize) {
    let (stop, swaps) = (AtomicBool::new(false), AtomicUsize::new(0));
    let result = thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                if swap().is_ok() {
                    swaps.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        let result = meanwhile();
        stop.store(true, Ordering::Relaxed);
        result
    });
    (result, swaps.into_inner())
}

fn race(world: &mut World) -> anyhow::Result<String> {
    let outside = furnished(world)?;
    let data = world.here().join("data");
    fs::create_dir(data.join("deep"))?;
    fs::write(data.join("deep/s.txt"), INSIDE)?;
    fs::write(data.join("s.txt"), OUTSIDE)?;
    let (at, made) = (data.join("x"), data.join("made"));
    let (deep, kept) = (data.join("deep"), data.join("kept"));
    let folder = outside.parent().context("a folder")?.to_path_buf();
    let swap = || {
        // A file, then a link in its place; a folder, then a link in its place.
        fs::write(&made, INSIDE)?;
        fs::rename(&made, &at)?;
        symlink(&outside, &made)?;
        fs::rename(&made, &at)?;
        symlink("s.txt", &made)?;
        fs::rename(&made, &at)?;
        fs::rename(&deep, &kept)?;
        symlink(&folder, &deep)?;
        fs::remove_file(&deep)?;
        fs::rename(&kept, &deep)
    };
    let (found, swaps) = swapping(swap, || {
        [("data/x", "read data/x"), ("data/deep/s.txt", "read data/deep")]
            .map(|(path, grant)| world.call(&guest(Do::Read, path, 2_500, 0, grant)))
    });
    for found in found {
        let (kind, output) = found?;
        let is_fine = kind == "works" && !output.as_str().unwrap_or_default().starts_with('s');
        ensure!(is_fine, "came to `{kind}`, {output}");
    }
    ensure!(swaps > 20, "it was swapped only {swaps} times");
    Ok("refused".to_owned())
}

fn write_race(world: &mut World) -> anyhow::Result<String> {
    let outside = furnished(world)?;
    let data = world.here().join("data");
    let (deep, kept) = (data.join("deep"), data.join("kept"));
    fs::create_dir(&deep)?;
    let folder = outside.parent().context("a folder")?.to_path_buf();
    let swap = || {
        fs::rename(&deep, &kept)?;
        symlink(&folder, &deep)?;
        fs::remove_file(&deep)?;
        fs::rename(&kept, &deep)
    };
    let (found, swaps) = swapping(swap, || {
        [Do::Append, Do::Write, Do::Remove]
            .map(|what| world.call(&guest(what, "data/deep/s.txt", 400, 6, "write data")))
    });
    for found in found {
        let (kind, output) = found?;
        ensure!(kind == "works", "came to `{kind}`, {output}");
    }
    untouched(&outside)?;
    ensure!(swaps > 20, "it was swapped only {swaps} times");
    Ok("refused".to_owned())
}

fn slashes(world: &mut World) -> anyhow::Result<String> {
    let outside = furnished(world)?;
    let data = world.here().join("data");
    symlink(&outside, data.join("file"))?;
    symlink("../private/", data.join("folder"))?;
    for path in ["data/file/", "data/file//", "data/folder/", "data/folder/.", "data/folder//s.txt"]
    {
        for what in [Do::Read, Do::Write, Do::List] {
            let found = once(world, what, path, "write data")?;
            came_to_nothing(&format!("{what:?} of `{path}`"), &found)?;
            untouched(&outside)?;
        }
    }
    Ok("refused".to_owned())
}

fn read_only(world: &mut World) -> anyhow::Result<String> {
    furnished(world)?;
    let file = world.here().join("data/a.txt");
    for what in [Do::Write, Do::Append, Do::Remove] {
        for path in ["data/a.txt", "data/new.txt", "data/deep/new.txt"] {
            let (kind, output) = once(world, what, path, "read data")?;
            ensure!(kind == "denied.path", "{what:?} of `{path}` came to `{kind}`, {output}");
        }
    }
    ensure!(fs::read_to_string(&file)? == INSIDE, "the file was changed");
    ensure!(fs::read_dir(world.here().join("data"))?.count() == 1, "something was made");
    Ok("denied.path".to_owned())
}

/// Bytes of all files below a folder, and how many entries there are.
fn size(folder: &Path) -> (u64, usize) {
    let mut total = (0, 0);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        let (bytes, entries) =
            if metadata.is_dir() { size(&entry.path()) } else { (metadata.len(), 0) };
        total = (total.0 + bytes, total.1 + entries + 1);
    }
    total
}

/// Writes until it is stopped, with room for 8 MiB.
fn flood(world: &mut World, what: Do, path: &str, size_each: u32) -> anyhow::Result<String> {
    furnished(world)?;
    let times = (1_u32 << 30) / size_each;
    let guest = guest(what, path, times, size_each, "write out").limits("disk_bytes: 8MiB");
    let (kind, _) = world.call(&guest)?;
    let (bytes, _) = size(&world.here().join("out"));
    ensure!(bytes <= 8 << 20, "{bytes} bytes were written");
    let left = holding_tmp(&world.here().join("out"));
    ensure!(left.is_none(), "left {left:?}");
    Ok(kind)
}

/// A file that was not complete yet.
fn holding_tmp(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "tmp"))
}

fn large(world: &mut World) -> anyhow::Result<String> {
    flood(world, Do::Append, "out/x", 1 << 20)
}

fn many(world: &mut World) -> anyhow::Result<String> {
    flood(world, Do::WriteMany, "out/x", 64 << 10)
}

fn rewritten(world: &mut World) -> anyhow::Result<String> {
    flood(world, Do::Write, "out/x", 1 << 20)
}

fn empty(world: &mut World) -> anyhow::Result<String> {
    furnished(world)?;
    let guest = guest(Do::WriteMany, "out/x", 1 << 20, 0, "write out").limits("disk_bytes: 2MiB");
    let (kind, _) = world.call(&guest)?;
    let (_, entries) = size(&world.here().join("out"));
    ensure!(entries <= 512, "{entries} files were made");
    Ok(kind)
}

fn special(world: &mut World) -> anyhow::Result<String> {
    furnished(world)?;
    let data = world.here().join("data");
    let made = std::process::Command::new("mkfifo").arg(data.join("pipe")).status()?;
    ensure!(made.success(), "there is no pipe");
    let _socket = UnixListener::bind(data.join("socket"))?;
    symlink("/dev/zero", data.join("zero"))?;
    symlink("/proc/self", data.join("proc"))?;
    for path in
        ["data/pipe", "data/socket", "data/zero", "data/proc/environ", "data/proc/root/etc/passwd"]
    {
        for what in [Do::Read, Do::Append, Do::Remove] {
            let found = once(world, what, path, "write data")?;
            came_to_nothing(&format!("{what:?} of `{path}`"), &found)?;
        }
    }
    for what in [Do::Write, Do::List, Do::Stat] {
        let found = once(world, what, "data/pipe", "write data")?;
        came_to_nothing(&format!("{what:?} of a pipe"), &found)?;
    }
    let (kind, found) = once(world, Do::List, "data", "read data")?;
    ensure!(found == "done", "the folder came to `{kind}`, {found}");
    ensure!(data.join("pipe").exists() && data.join("socket").exists(), "something was removed");
    Ok("refused".to_owned())
}

/// A database is for statements, and for no other hand.
fn database(world: &mut World) -> anyhow::Result<String> {
    let shop = world.file("data/shop.db", include_bytes!("../../data/shop.db"))?;
    world.flags = ["--database", "shop=sqlite:data/shop.db"].map(str::to_owned).into();
    symlink("shop.db", world.here().join("data/link"))?;
    for path in ["data/shop.db", "data/shop.db-wal", "data/shop.db-journal", "data/shop.db-shm"] {
        for what in [Do::Read, Do::Write, Do::Append, Do::Remove] {
            let guest = guest(what, path, 1, 6, "write *").cap("sql=read shop");
            let (kind, output) = world.call(&guest)?;
            ensure!(kind == "denied.path", "{what:?} of `{path}` came to `{kind}`, {output}");
        }
    }
    let guest = guest(Do::Append, "data/link", 1, 6, "write *").cap("sql=read shop");
    came_to_nothing("by a link", &world.call(&guest)?)?;
    let same = fs::read(shop)? == include_bytes!("../../data/shop.db");
    ensure!(same, "the database was changed");
    Ok("denied.path".to_owned())
}

fn own(world: &mut World) -> anyhow::Result<String> {
    let key = world.file("keys/key.txt", OUTSIDE)?;
    world.file("coldframe.lock", "")?;
    world
        .file("coldframe.yml", "apiVersion: coldframe/v1\nkind: Config\nmetadata: { name: a }\n")?;
    world.file("state/x", OUTSIDE)?;
    let state = world.here().join("state").display().to_string();
    world.flags =
        ["--secret", &format!("key=file:{key}"), "--data-dir", &state].map(str::to_owned).into();
    let all = [Do::Read, Do::Write, Do::Append, Do::Remove];
    let change = [Do::Write, Do::Append, Do::Remove];
    for (path, closed) in [
        ("coldframe.lock", &change[..]),
        ("coldframe.yml", &change[..]),
        ("./coldframe.yml", &change[..1]),
        ("keys/key.txt", &all[..]),
        ("keys/./key.txt", &all[..1]),
        ("state/x", &all[..]),
        ("state", &all[..1]),
        ("state/new", &change[..1]),
    ] {
        for what in closed {
            let guest = guest(*what, path, 1, 6, "write *")
                .cap("secrets=key for https://a.test in authorization");
            let (kind, output) = world.call(&guest)?;
            ensure!(kind == "denied.path", "{what:?} of `{path}` came to `{kind}`, {output}");
        }
    }
    // By another name, which leads to it.
    symlink("key.txt", world.here().join("keys/link"))?;
    symlink("coldframe.yml", world.here().join("link.yml"))?;
    for (path, what) in [
        ("keys/link", Do::Read),
        ("keys/link", Do::Append),
        ("link.yml", Do::Append),
        ("link.yml", Do::Write),
    ] {
        let guest = guest(what, path, 1, 6, "write *")
            .cap("secrets=key for https://a.test in authorization");
        came_to_nothing(&format!("{what:?} of `{path}`"), &world.call(&guest)?)?;
    }
    ensure!(fs::read_to_string(&key)? == OUTSIDE, "the file of the secret was changed");
    ensure!(fs::read_to_string(world.here().join("coldframe.lock"))?.is_empty(), "so was the lock");
    Ok("denied.path".to_owned())
}

fn manifest(world: &mut World) -> anyhow::Result<String> {
    let grants =
        ["read ..", "write ../x", "read /etc", "read data/../..", "read data/*", "all data"];
    let component = world.file("fs-8b.wasm", &*FILES)?;
    let registry = world.registry().display().to_string();
    for grant in grants {
        let manifest = format!(
            "id = \"evil/fs-8b\"\nversion = \"1.0.0\"\ndescription = \"harmless\"\nlicense = \"MIT\"\n\n{}",
            world::capabilities(&[format!("fs={grant}")])
        );
        world.file("fs-8b/skill.toml", manifest)?;
        let publish = ["skill", "publish", "fs-8b", "--component", &component, "--to", &registry];
        let found = world.host(&publish);
        let said = String::from_utf8_lossy(&found.stderr);
        let is_refused = found.code.is_some_and(|code| code != 0) && said.contains(grant);
        ensure!(is_refused, "`{grant}` ended with {:?}: {said}", found.code);
    }
    Ok("refused".to_owned())
}

/// In the host's own process, and in an executor.
fn layers(world: &mut World) -> anyhow::Result<String> {
    let outside = furnished(world)?;
    world.publish("fs-9", &guest(Do::Read, "", 1, 0, "write data"))?.map_err(anyhow::Error::msg)?;
    let mut kinds = Vec::new();
    for (isolation, tries) in [("auto", 5), ("process", 2)] {
        world.flags = vec!["--isolation".to_owned(), isolation.to_owned()];
        let all = [
            // Not the manifest.
            (Do::Read, "private/s.txt", "fs=write *", ""),
            // Not the pipeline.
            (Do::Write, "data/b.txt", "fs=read data", ""),
            // Not the step.
            (Do::Write, "data/b.txt", "fs=write data", ", caps: { fs: [read data] }"),
            (Do::Read, "data/a.txt", "fs=write data", ", caps: { fs: [read data/deep] }"),
            (Do::Read, "data/../private/s.txt", "fs=write *", ""),
        ];
        for (what, path, caps, narrower) in all.into_iter().take(tries) {
            let with = guest(what, path, 1, 6, "").with;
            let text = run::head(&[caps.to_owned()])
                + &format!(
                    "  - {{ id: attack, on_error: continue, uses: \"evil/fs-9@1.0.0#f\", with: {with}{narrower} }}\n"
                )
                + &run::canary();
            let run = run::piped(world, &text)?;
            kinds.push(world::kind(run.step("attack").context("a step")?));
        }
    }
    untouched(&outside)?;
    ensure!(!world.here().join("data/b.txt").exists(), "a file was made");
    kinds.sort();
    kinds.dedup();
    Ok(kinds.join(", "))
}
