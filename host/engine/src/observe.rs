//! What somebody who watches a run sees of it.

use coldframe_journal::Record;

/// Told of everything, after it is in the journal. Must return quickly.
pub trait Observer: Send + Sync {
    /// A record was appended.
    fn record(&self, record: &Record);

    /// A guest logged these lines, already made safe to print.
    fn logs(&self, step: &str, lines: &[String]);
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn record(&self, _record: &Record) {}
    fn logs(&self, _step: &str, _lines: &[String]) {}
}
