//! One attack: what is attacked, with what, and how it must end.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::guest::Guest;
use crate::world::World;

/// What stands between the attacker and what it wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boundary {
    /// The bytes of a component, before any of it runs.
    Admission,
    /// A component that runs.
    Sandbox,
    /// What a component may reach.
    Capability,
    /// What is signed, and by whom.
    Registry,
    /// The text of a pipeline.
    Pipeline,
}

/// When a case is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    /// With every change.
    Fast,
    /// Every night: the case takes its time.
    Full,
}

/// How a case meets the host.
#[derive(Clone)]
pub enum How {
    /// Published as a skill, and run by a pipeline with a canary beside it in the same process.
    Beside(Guest),
    /// A component file that nobody signed, called; then a canary.
    Alone(Guest),
    /// The text of a pipeline, checked; then a canary.
    Check(fn() -> String),
    /// Anything else. Gives the kind that it came to.
    Session(Session),
}

/// Plays an attack against the host and gives the kind that it came to.
pub type Session = fn(&mut World) -> anyhow::Result<String>;

/// Looks at the output of an attack that was allowed to end well; an error says what is wrong.
pub type Look = Arc<dyn Fn(&Value) -> Result<(), String> + Send + Sync>;

/// An attack.
#[derive(Clone)]
pub struct Case {
    /// Its stable name, such as `CPU-1`.
    pub id: &'static str,
    /// The attack in a few words.
    pub title: &'static str,
    /// What it is directed against.
    pub boundary: Boundary,
    /// When it is run.
    pub gate: Gate,
    /// How it meets the host.
    pub how: How,
    /// The kinds that it may end with; `works` where it must come to nothing and harm nobody.
    pub expect: &'static [&'static str],
    /// The longest that any one command of it may take.
    pub max_wall: Duration,
    /// The most memory that the host and all it starts may have at once, MiB.
    pub max_rss_mib: u64,
}

/// The bound where a case names none: a host that stands still takes a third of this.
const RSS_MIB: u64 = 300;
/// The bound where a case names none: a machine that is busy with other things is slow.
const WALL: Duration = Duration::from_secs(10);

impl Case {
    fn new(
        id: &'static str,
        title: &'static str,
        boundary: Boundary,
        how: How,
        expect: &'static [&'static str],
    ) -> Self {
        let (gate, max_wall, max_rss_mib) = (Gate::Fast, WALL, RSS_MIB);
        Self { id, title, boundary, gate, how, expect, max_wall, max_rss_mib }
    }

    /// A component that runs beside a canary.
    pub fn beside(
        id: &'static str,
        title: &'static str,
        guest: Guest,
        expect: &'static [&'static str],
    ) -> Self {
        Self::new(id, title, Boundary::Sandbox, How::Beside(guest), expect)
    }

    /// A component file that nobody signed.
    pub fn alone(
        id: &'static str,
        title: &'static str,
        guest: Guest,
        expect: &'static [&'static str],
    ) -> Self {
        Self::new(id, title, Boundary::Admission, How::Alone(guest), expect)
    }

    /// A pipeline that is checked.
    pub fn check(
        id: &'static str,
        title: &'static str,
        text: fn() -> String,
        expect: &'static [&'static str],
    ) -> Self {
        Self::new(id, title, Boundary::Pipeline, How::Check(text), expect)
    }

    /// Anything else.
    pub fn session(
        id: &'static str,
        title: &'static str,
        boundary: Boundary,
        session: Session,
        expect: &'static [&'static str],
    ) -> Self {
        Self::new(id, title, boundary, How::Session(session), expect)
    }

    /// A session of a skill against what it is granted, with eight seconds for each command.
    pub fn right(
        id: &'static str,
        title: &'static str,
        session: Session,
        expect: &'static [&'static str],
    ) -> Self {
        Self::session(id, title, Boundary::Capability, session, expect).wall_ms(8_000)
    }

    /// Says what the case is directed against, where it is not the usual.
    #[must_use]
    pub fn at(self, boundary: Boundary) -> Self {
        Self { boundary, ..self }
    }

    /// Bounds the time of each command, milliseconds.
    #[must_use]
    pub fn wall_ms(self, max: u64) -> Self {
        Self { max_wall: Duration::from_millis(max), ..self }
    }

    /// Bounds the memory, MiB.
    #[must_use]
    pub fn rss_mib(self, max: u64) -> Self {
        Self { max_rss_mib: max, ..self }
    }

    /// Runs every night only.
    #[must_use]
    pub fn full(self) -> Self {
        Self { gate: Gate::Full, ..self }
    }
}
