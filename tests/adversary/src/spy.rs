//! Looks for a text where processes keep it: their environment, their arguments, their memory.
//!
//! That is what whoever has taken over a process can do. Where the kernel lets nobody look, nobody
//! finds anything either.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::time::{Duration, Instant};

/// A process is looked into once it has lived so long: what it is given, it has by then.
const SETTLED: Duration = Duration::from_millis(150);
/// Bytes that are read at once.
const PIECE: usize = 1 << 20;

/// Looks for one text in the processes of a tree.
pub struct Spy {
    secret: &'static str,
    /// The process that was given the text.
    root: u32,
    /// The others, and since when they are known.
    others: BTreeMap<u32, Instant>,
    done: BTreeSet<u32>,
    /// Where it was, and what else should not be.
    pub found: BTreeSet<String>,
}

impl Spy {
    /// Looks for `secret` in the children of `root`.
    pub fn new(secret: &'static str, root: u32) -> Self {
        Self {
            secret,
            root,
            others: BTreeMap::new(),
            done: BTreeSet::new(),
            found: BTreeSet::new(),
        }
    }

    /// How many processes were looked into.
    pub fn looked_into(&self) -> usize {
        self.done.len()
    }

    /// Looks at a process that is there now.
    pub fn look(&mut self, pid: u32) {
        let arguments = arguments(pid);
        // What has not become a program of its own yet is its parent, and has all that it has.
        if pid == self.root || arguments.is_empty() || arguments == self::arguments(self.root) {
            return;
        }
        let since = *self.others.entry(pid).or_insert_with(Instant::now);
        let shown = String::from_utf8_lossy(&arguments).replace('\0', " ");
        let name = shown.trim().rsplit('/').next().unwrap_or_default().to_owned();
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        for (what, bytes) in [("environment", &environment), ("arguments", &arguments)] {
            if has(bytes, self.secret) {
                self.found.insert(format!("the {what} of `{name}` has the value"));
            }
        }
        if since.elapsed() < SETTLED || !self.done.insert(pid) {
            return;
        }
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
        let core = limits.lines().find_map(|line| line.strip_prefix("Max core file size"));
        if let Some(core) = core
            && core.split_whitespace().next() != Some("0")
        {
            self.found.insert(format!("`{name}` may write its memory to a file: {core}"));
        }
        if memory_has(pid, self.secret) {
            self.found.insert(format!("the memory of `{name}` has the value"));
        }
    }
}

fn arguments(pid: u32) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}

/// Whether `bytes` hold the text.
pub fn has(bytes: &[u8], text: &str) -> bool {
    memchr::memmem::find(bytes, text.as_bytes()).is_some()
}

/// Whether a text stands in memory that the process can write.
fn memory_has(pid: u32, text: &str) -> bool {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    let Ok(memory) = File::open(format!("/proc/{pid}/mem")) else { return false };
    let mut piece = vec![0; PIECE];
    for line in maps.lines() {
        let mut words = line.split(' ');
        let (Some(range), Some(mode)) = (words.next(), words.next()) else { continue };
        let range = range.split_once('-').and_then(|(from, to)| {
            Some((u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?))
        });
        let Some((mut at, to)) = range.filter(|_| mode.starts_with("rw")) else { continue };
        while at < to {
            let Ok(read @ 1..) = memory.read_at(&mut piece, at) else { break };
            let read = read.min(usize::try_from(to - at).unwrap_or(usize::MAX));
            if has(&piece[..read], text) {
                return true;
            }
            // A text over the border of two pieces is found in the second.
            let step = if read > text.len() { read - text.len() } else { read };
            at += step as u64;
            if at + text.len() as u64 >= to {
                break;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_memory_is_found() {
        let text = "canary-".to_owned() + "in-the-memory";
        assert!(memory_has(std::process::id(), &text));
        let parts = ["not-", "anywhere-", "at-all"];
        let other: &'static str = Box::leak(parts.concat().into_boxed_str());
        assert!(has(b"a not-anywhere-at-all b", other));
    }
}
