//! Control groups (version 2): a group of its own for every process that is not trusted, where a
//! group is delegated to us.
//!
//! A group that has processes cannot bound its children, so this process first moves into a leaf.
//! It does so only where the group was given away to it and nobody else is in it. Below the
//! delegated group there is then `coldframe-PID-N`, with `host` for this process and a number for
//! each other. Whose `host` has nobody in it is dead, and the next one to start clears it away.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustix::fs::{Access, access, getxattr};
use rustix::process::{Pid, Signal, kill_process};

/// What bounds a process. Whoever has not got both has nothing.
const CONTROLLERS: &[&str] = &["memory", "pids"];
/// The group of this process, below its own.
const HOST: &str = "host";
/// What the groups of ours begin with.
const PREFIX: &str = "coldframe-";
/// How often a group is asked to go until it is left to the next host.
const FAREWELLS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(5);

/// The groups of this process, once they were asked for.
static OURS: OnceLock<Result<Arc<Groups>, String>> = OnceLock::new();

/// The group that is ours alone, and all those in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Groups {
    dir: PathBuf,
    is_bounding: bool,
}

impl Groups {
    /// The groups of this process, made when first asked for: it moves into one of them. An error
    /// says why there are none.
    pub fn of_this_process() -> Result<Arc<Self>, String> {
        OURS.get_or_init(|| Self::settle(&delegated()?).map(Arc::new)).clone()
    }

    /// Leaves the group of this process as it was found, to be called at its end. Without that, the
    /// group can bound others but nobody can move into it any more.
    pub fn leave() {
        let Some(Ok(groups)) = OURS.get() else { return };
        let Some(group) = groups.dir.parent() else { return };
        for dir in [groups.dir.as_path(), group] {
            let _ = fs::write(dir.join("cgroup.subtree_control"), enable('-'));
        }
        let _ = fs::write(group.join("cgroup.procs"), std::process::id().to_string());
        remove_host(&groups.dir);
    }

    /// Below `group`, with this process where it is and nothing bounded that `group` does not
    /// bound already; for tests.
    #[doc(hidden)]
    pub fn below(group: &Path) -> io::Result<Self> {
        let dir = make(group)?;
        Ok(Self { dir, is_bounding: false })
    }

    fn settle(group: &Path) -> Result<Self, String> {
        let has = words(&group.join("cgroup.controllers"));
        let lacking: Vec<&str> = CONTROLLERS
            .iter()
            .copied()
            .filter(|wanted| !has.iter().any(|it| it == wanted))
            .collect();
        if !lacking.is_empty() {
            return Err(format!("the group has no controller for {}", lacking.join(" and ")));
        }
        let own = std::process::id();
        if words(&group.join("cgroup.procs")) != [own.to_string()] {
            return Err("other processes are in the group".to_owned());
        }
        clear(group);
        let dir = make(group).map_err(|error| format!("failed to make a group: {error}"))?;
        let groups = Self { dir, is_bounding: true };
        groups.move_in(group, own).map_err(|error| {
            // As it was before.
            let _ = fs::write(group.join("cgroup.subtree_control"), enable('-'));
            let _ = fs::write(group.join("cgroup.procs"), own.to_string());
            format!("failed to move into a group: {error}")
        })?;
        Ok(groups)
    }

    fn move_in(&self, group: &Path, own: u32) -> io::Result<()> {
        fs::write(self.dir.join(HOST).join("cgroup.procs"), own.to_string())?;
        for group in [group, &self.dir] {
            fs::write(group.join("cgroup.subtree_control"), enable('+'))?;
        }
        Ok(())
    }

    /// Where they are.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A new group for one process, with at most `memory` bytes and `processes` threads.
    pub(crate) fn group(&self, memory: u64, processes: u32) -> io::Result<Group> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let dir = self.dir.join(NEXT.fetch_add(1, Ordering::Relaxed).to_string());
        fs::create_dir(&dir)?;
        // From here on it is removed again, whatever happens.
        let group = Group { dir, is_bounding: self.is_bounding };
        if self.is_bounding {
            group.set("memory.max", &memory.to_string())?;
            group.set("memory.oom.group", "1")?;
            group.set("pids.max", &processes.to_string())?;
            match group.set("memory.swap.max", "0") {
                // A kernel without swap has no such bound either.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                done => done?,
            }
        }
        Ok(group)
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        // Those of a process that ends go with the next one.
        remove_host(&self.dir);
    }
}

/// The group of one process. What is in it ends with it.
#[derive(Debug)]
pub(crate) struct Group {
    dir: PathBuf,
    is_bounding: bool,
}

impl Group {
    /// Moves a child of ours in. To be done before it is given anything to work on. One that has
    /// ended already needs no bounds.
    pub(crate) fn take(&self, process: u32) -> io::Result<()> {
        match fs::write(self.dir.join("cgroup.procs"), process.to_string()) {
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
            done => done,
        }
    }

    /// Lets those in it have `memory` bytes.
    pub(crate) fn allow(&self, memory: u64) -> io::Result<()> {
        if self.is_bounding { self.set("memory.max", &memory.to_string()) } else { Ok(()) }
    }

    /// Whether the kernel ended those in it because they wanted more memory than there was.
    pub(crate) fn ran_out(&self) -> bool {
        killed(&fs::read_to_string(self.dir.join("memory.events")).unwrap_or_default())
    }

    fn set(&self, file: &str, value: &str) -> io::Result<()> {
        // Not created where it is missing: the kernel makes these files, and nobody else.
        let mut file = fs::OpenOptions::new().write(true).open(self.dir.join(file))?;
        io::Write::write_all(&mut file, value.as_bytes())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        remove(&self.dir);
    }
}

fn killed(events: &str) -> bool {
    let count = events.lines().find_map(|line| line.strip_prefix("oom_kill "));
    count.is_some_and(|count| count.trim() != "0")
}

/// A new group of ours with a place for the host.
fn make(group: &Path) -> io::Result<PathBuf> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let own = std::process::id();
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = group.join(format!("{PREFIX}{own}-{number}"));
        match fs::create_dir(&dir) {
            Ok(()) => return fs::create_dir(dir.join(HOST)).map(|()| dir),
            // Of another host that has our number, in another namespace.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// Ends whatever hosts that are dead left in `group`, and removes it.
fn clear(group: &Path) {
    for dir in children(group) {
        let is_ours = dir
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()));
        // A host is in its place from its first moment to its last.
        if is_ours && !is_populated(&dir.join(HOST)) {
            remove_host(&dir);
        }
    }
}

fn remove_host(dir: &Path) {
    let host = dir.join(HOST);
    children(dir).iter().filter(|child| **child != host).for_each(|child| remove(child));
    // Nobody is killed here: where somebody is in it after all, it stays.
    let _ = fs::remove_dir(host);
    let _ = fs::remove_dir(dir);
}

fn enable(sign: char) -> String {
    CONTROLLERS.iter().map(|name| format!("{sign}{name}")).collect::<Vec<_>>().join(" ")
}

/// Kills all that is in the group and removes it. What cannot be is left to the next host.
fn remove(dir: &Path) {
    for _ in 0..FAREWELLS {
        if fs::remove_dir(dir).is_ok() || !dir.exists() {
            return;
        }
        if fs::write(dir.join("cgroup.kill"), "1").is_err() {
            // Before Linux 5.14.
            for id in words(&dir.join("cgroup.procs")) {
                if let Some(id) = id.parse().ok().filter(|id| *id > 0).and_then(Pid::from_raw) {
                    let _ = kill_process(id, Signal::KILL);
                }
            }
        }
        std::thread::sleep(PAUSE);
    }
}

fn children(group: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(group).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}

fn is_populated(group: &Path) -> bool {
    let events = fs::read_to_string(group.join("cgroup.events")).unwrap_or_default();
    events.lines().any(|line| line == "populated 1")
}

fn words(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.split_whitespace().map(str::to_owned).collect()
}

/// The group this process is in, if it was given away to us.
fn delegated() -> Result<PathBuf, String> {
    let own = fs::read_to_string("/proc/self/cgroup").map_err(|error| error.to_string())?;
    let path = own.lines().find_map(|line| line.strip_prefix("0::"));
    let path = path.ok_or("this process is in no group of version 2")?;
    let mounts = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].map(Path::new);
    let mount = mounts.into_iter().find(|mount| mount.join("cgroup.controllers").exists());
    let mount = mount.ok_or("version 2 is not mounted")?;
    let is_top = path == "/";
    if path.split('/').any(|part| part == "..") {
        return Err("the group of this process is not to be seen from here".to_owned());
    }
    let group = mount.join(path.trim_start_matches('/'));
    is_given(&group, is_top).map(|()| group)
}

/// Whether someone gave this group away; `is_top` where it is all that can be seen.
fn is_given(group: &Path, is_top: bool) -> Result<(), String> {
    match words(&group.join("cgroup.type")).as_slice() {
        [kind] if kind == "domain" => {}
        [] => return Err("this process is in the root group, which is the system's".to_owned()),
        kind => return Err(format!("the group is of the kind `{}`", kind.join(" "))),
    }
    if !may_write(group) {
        return Err("the group is not ours to write to".to_owned());
    }
    // That a group can be written to is not enough: root may write to all of them, and whoever has
    // a manager of services of their own to all of its. It was given to us if it says so, if
    // those around it are not ours, or if this namespace has nothing around it.
    let is_edge = || group.parent().is_some_and(|around| !may_write(around));
    if is_top || says_so(group) || is_edge() {
        return Ok(());
    }
    Err("the group is not delegated".to_owned())
}

fn may_write(group: &Path) -> bool {
    let files = ["cgroup.procs", "cgroup.subtree_control"].map(|file| group.join(file));
    access(group, Access::WRITE_OK).is_ok()
        && files.iter().all(|file| access(file, Access::WRITE_OK).is_ok())
}

/// systemd's mark of a unit with `Delegate=yes`.
fn says_so(group: &Path) -> bool {
    ["user.delegate", "trusted.delegate"].iter().any(|mark| {
        let mut value = [0; 8];
        getxattr(group, *mark, &mut value).is_ok_and(|count| value.get(..count) == Some(b"1"))
    })
}

#[cfg(test)]
#[path = "cgroup/tests.rs"]
mod tests;
