//! Groups for real, wherever some can be made: on most machines that needs root.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command};

use rustix::fs::{XattrFlags, setxattr};

use super::*;

/// A group of a test, gone with it.
struct Scratch(PathBuf);

impl Scratch {
    /// None where nobody lets us make one. Then it is said why we have none of our own.
    fn new(name: &str) -> Option<Self> {
        let mounts = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].map(Path::new);
        let mount = mounts.into_iter().find(|mount| mount.join("cgroup.controllers").exists());
        let dir = mount.map(|mount| mount.join(format!("test-{name}-{}", std::process::id())));
        let made = dir.filter(|dir| fs::create_dir(dir).is_ok()).map(Self);
        if made.is_none() {
            assert!(
                !delegated()
                    .and_then(|group| Groups::settle(&group).map(drop))
                    .unwrap_err()
                    .is_empty()
            );
        }
        made
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        children(&self.0).iter().for_each(|dir| {
            children(dir).iter().for_each(|dir| remove(dir));
            remove(dir);
        });
        remove(&self.0);
    }
}

fn sleeper() -> Child {
    Command::new("sleep").arg("60").spawn().unwrap()
}

#[track_caller]
fn killed_in_time(mut child: Child) {
    for _ in 0..200 {
        if let Some(status) = child.try_wait().unwrap() {
            assert_eq!(status.signal(), Some(libc::SIGKILL));
            return;
        }
        std::thread::sleep(PAUSE);
    }
    child.kill().unwrap();
    panic!("it lives");
}

#[test]
fn a_process_ends_with_its_group() {
    let Some(scratch) = Scratch::new("ends") else { return };
    let groups = Groups::below(&scratch.0).unwrap();
    let (one, other) = (groups.group(1 << 30, 8).unwrap(), groups.group(1 << 30, 8).unwrap());
    let (child, mut neighbour) = (sleeper(), sleeper());
    one.take(child.id()).unwrap();
    other.take(neighbour.id()).unwrap();
    let of = fs::read_to_string(format!("/proc/{}/cgroup", child.id())).unwrap();
    let dir = one.dir.clone();
    let below = dir.strip_prefix(scratch.0.parent().unwrap()).unwrap().display().to_string();
    assert!(of.lines().any(|line| line.starts_with("0::") && line.ends_with(&below)), "{of}");
    assert!(!one.ran_out());
    drop(one);
    killed_in_time(child);
    assert!(!dir.exists());
    assert!(neighbour.try_wait().unwrap().is_none());
    drop(other);
    killed_in_time(neighbour);
    // One that ended before it was moved is no mistake.
    let gone = groups.group(1 << 30, 8).unwrap();
    let mut child = sleeper();
    child.kill().unwrap();
    child.wait().unwrap();
    gone.take(child.id()).unwrap();
    drop(gone);
    let dir = groups.dir().to_owned();
    drop(groups);
    assert!(!dir.exists());
}

#[test]
fn what_a_dead_host_left_is_cleared_away() {
    let Some(scratch) = Scratch::new("left") else { return };
    let [living, dead] = [(); 2].map(|()| make(&scratch.0).unwrap());
    let foreign = scratch.0.join("other");
    fs::create_dir(&foreign).unwrap();
    let put = |dir: &Path| {
        let _ = fs::create_dir(dir);
        let child = sleeper();
        fs::write(dir.join("cgroup.procs"), child.id().to_string()).unwrap();
        child
    };
    let mut host = put(&living.join(HOST));
    let mut guest = put(&living.join("1"));
    let mut stranger = put(&foreign);
    let orphan = put(&dead.join("1"));
    clear(&scratch.0);
    killed_in_time(orphan);
    assert!(!dead.exists());
    for child in [&mut host, &mut guest, &mut stranger] {
        assert!(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // Now it is dead as well.
    clear(&scratch.0);
    assert!(!living.exists() && foreign.exists());
}

#[test]
fn a_group_is_ours_if_it_was_given_to_us() {
    let Some(scratch) = Scratch::new("given") else { return };
    let top = scratch.0.parent().unwrap();
    let refused = |group: &Path, is_top| is_given(group, is_top).unwrap_err();
    if !top.join("cgroup.type").exists() {
        assert!(refused(top, true).contains("root group"));
    }
    assert!(refused(Path::new("/does/not/exist"), false).contains("root group"));
    assert_eq!(refused(&scratch.0, false), "the group is not delegated");
    assert_eq!(is_given(&scratch.0, true), Ok(()));
    setxattr(&scratch.0, "user.delegate", b"0", XattrFlags::empty()).unwrap();
    assert_eq!(refused(&scratch.0, false), "the group is not delegated");
    setxattr(&scratch.0, "user.delegate", b"1", XattrFlags::empty()).unwrap();
    assert_eq!(is_given(&scratch.0, false), Ok(()));
    // Nobody moves into one that cannot bound, or that others are in; we are in none of these.
    let before = fs::read_to_string("/proc/self/cgroup").unwrap();
    let has = words(&scratch.0.join("cgroup.controllers"));
    let why = Groups::settle(&scratch.0).unwrap_err();
    let expected = match ["memory", "pids"].map(|name| has.iter().any(|it| it == name)) {
        [true, true] => "other processes are in the group",
        [false, true] => "the group has no controller for memory",
        [true, false] => "the group has no controller for pids",
        [false, false] => "the group has no controller for memory and pids",
    };
    assert_eq!(why, expected);
    assert_eq!(fs::read_to_string("/proc/self/cgroup").unwrap(), before);
    assert!(children(&scratch.0).is_empty());
}

#[test]
fn what_the_kernel_counts() {
    assert!(!killed(""));
    assert!(!killed("low 0\nmax 7\noom 1\noom_kill 0\noom_group_kill 1\n"));
    assert!(killed("low 0\nmax 7\noom 1\noom_kill 1\noom_group_kill 0\n"));
}
