//! Small nested pipelines by hand, and a table of operations to run them against.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

mod layout;
mod nodes;
mod running;
mod table;
mod values;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use coldframe_engine::{
    Answers, Call, CallError, CallReport, EarlierCalls, EngineError, Host, Invoke, Journal,
    JournalFailure, LINGER, NoAnswers, Replay, Replayed, RunLimits, RunOptions, RunReport, Silent,
    drive, replay,
};
use coldframe_format::{Cap, Caps, Digest, SkillId};
use coldframe_journal::{ErrorKind, Event, Record, RunState};
use coldframe_lang::graph::*;
use coldframe_lang::limits::Profile;
use coldframe_lang::template::{Expr, Part, Path, Root, Segment, Template};
use semver::Version;
use serde_json::{Value, json};
use tokio::sync::watch;

pub use self::layout::*;
pub use self::nodes::*;
pub use self::running::*;
pub use self::table::*;
pub use self::values::*;
