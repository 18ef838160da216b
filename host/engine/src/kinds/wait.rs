//! `wait`: time, or a signal from outside.

use coldframe_journal::event::Waiting;
use coldframe_lang::graph::Wait;

use crate::work::End;

pub(super) fn attempt(wait: &Wait) -> End {
    match wait {
        Wait::Duration(time) => End::Pause(*time),
        Wait::Signal(name) => End::Suspended(Waiting::Signal { name: name.clone() }),
    }
}
