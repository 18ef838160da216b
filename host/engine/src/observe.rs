//! What somebody who watches a run sees of it.

use coldframe_journal::Record;

use crate::answers::Answer;

/// Told of everything, after it is in the journal. Must return quickly.
pub trait Observer: Send + Sync {
    /// A record was appended.
    fn record(&self, record: &Record);

    /// A guest logged these lines, already made safe to print. `step` is its place in the run.
    fn logs(&self, step: &str, lines: &[String]);

    /// An answer came that nobody asked for, and was not taken.
    fn refused(&self, answer: &Answer, why: &str) {
        let _ = (answer, why);
    }
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn record(&self, _record: &Record) {}
    fn logs(&self, _step: &str, _lines: &[String]) {}
}
