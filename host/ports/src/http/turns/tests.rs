//! Turns at a host, at times that nobody waits for.

use super::*;

const MS: u64 = 1_000;

fn host(name: &str) -> Host {
    ("https".to_owned(), name.to_owned(), 443)
}

/// Lines before one host, and who stands there.
#[derive(Default)]
struct Try {
    lines: Lines,
    all: Vec<(u64, HttpPerHost, Arc<Notify>)>,
}

impl Try {
    fn join(&mut self, at_once: u64, each_second: u64) {
        let bounds = HttpPerHost { at_once, each_second };
        let (number, told) = self.lines.join(&host("a"), bounds, 0);
        self.all.push((number, bounds, told));
    }

    /// What one is told who asks: `go`, `wait`, or when to come back.
    #[track_caller]
    fn check(&mut self, who: usize, now: u64, expected: &str) {
        let (number, bounds, _) = self.all[who];
        let found = match self.lines.begin(&host("a"), bounds, number, now) {
            Ok(()) => "go".to_owned(),
            Err(None) => "wait".to_owned(),
            Err(Some(at)) => format!("at {}", at / MS),
        };
        assert_eq!(found, expected, "number {who} after {now} us");
    }
}

#[test]
fn as_many_at_once_as_may_be_in_the_order_in_which_they_came() {
    let mut it = Try::default();
    for _ in 0..4 {
        it.join(2, 99);
    }
    it.check(1, 0, "wait");
    it.check(0, 0, "go");
    it.check(1, 0, "go");
    it.check(2, 0, "wait");
    it.lines.end(&host("a"));
    it.check(3, 0, "wait");
    it.check(2, 0, "go");
    it.check(3, 0, "wait");
}

#[test]
fn no_second_has_more_than_it_may() {
    let mut it = Try::default();
    for _ in 0..5 {
        it.join(99, 2);
    }
    it.check(0, 0, "go");
    it.check(1, 300 * MS, "go");
    it.check(2, 400 * MS, "at 1000");
    it.check(2, 1000 * MS - 1, "at 1000");
    it.check(2, 1000 * MS, "go");
    it.check(3, 1000 * MS, "at 1300");
    // What ends makes no room in a second.
    it.lines.end(&host("a"));
    it.check(3, 1200 * MS, "at 1300");
    it.check(3, 1300 * MS, "go");
    // A long silence saves nothing up.
    it.check(4, 60_000 * MS, "go");
    it.join(99, 2);
    it.join(99, 2);
    it.check(5, 60_000 * MS, "go");
    it.check(6, 60_000 * MS, "at 61000");
}

#[test]
fn who_leaves_is_not_waited_for() {
    let mut it = Try::default();
    for _ in 0..3 {
        it.join(1, 99);
    }
    it.check(0, 0, "go");
    let (number, bounds, _) = it.all[1];
    it.lines.leave(&host("a"), bounds, number);
    it.lines.end(&host("a"));
    it.check(2, 0, "go");
    // Who left cannot come back.
    it.check(1, 0, "wait");
}

#[test]
fn other_bounds_hold_nobody_up_and_count_all_the_same() {
    let mut it = Try::default();
    it.join(1, 99);
    it.join(1, 99);
    it.join(3, 99);
    it.join(3, 1);
    it.check(0, 0, "go");
    it.check(1, 0, "wait");
    it.check(2, 0, "go");
    it.check(3, 0, "at 1000");
    it.lines.end(&host("a"));
    it.check(1, 0, "wait");
    it.lines.end(&host("a"));
    it.check(1, 0, "go");
}

/// What nobody bounds is remembered no longer than anyone can ask for.
#[test]
fn what_is_remembered_is_bounded() {
    let mut it = Try::default();
    for number in 0..BEGUN_MAX + 5 {
        it.join(u64::MAX, u64::MAX);
        it.check(number, 0, "go");
    }
    assert_eq!(it.lines.hosts[&host("a")].begun.len(), BEGUN_MAX);
    let last = it.all.len();
    it.join(u64::MAX, BEGUN_MAX as u64);
    it.check(last, 0, "at 1000");
    let mut lines = Lines::default();
    let bounds = HttpPerHost::UNBOUNDED;
    for number in 0..10 * HOSTS_MANY as u64 {
        let one = host(&number.to_string());
        // Each is done before the next comes, two seconds later.
        let now = number * 2 * SECOND;
        let (place, _) = lines.join(&one, bounds, now);
        lines.begin(&one, bounds, place, now).unwrap();
        lines.end(&one);
    }
    assert!(lines.hosts.len() <= HOSTS_MANY, "{}", lines.hosts.len());
}
