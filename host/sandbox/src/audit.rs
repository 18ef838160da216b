//! What a call asked for, and whether it got it: every decision about a right ends here.

use std::sync::{Arc, Mutex, PoisonError};

use coldframe_format::Cap;
use coldframe_journal::receipt::Asked;

/// Different questions that are told apart; the others are counted together.
const LINES_MAX: usize = 100;
/// A longer line is cut.
const LINE_BYTES_MAX: usize = 500;

/// The decisions of one call, shared by everything that decides. Without a list nothing is decided:
/// most components ask for nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Audit(Option<Arc<Mutex<Vec<Asked>>>>);

impl Audit {
    /// For a call that can ask.
    pub(crate) fn new() -> Self {
        Self(Some(Arc::default()))
    }

    /// Writes down one decision. `line` is the line of `cap` that allows it or would.
    pub(crate) fn decided(&self, cap: Cap, line: &str, refused_by: Option<&str>) {
        if self.0.is_none() {
            return;
        }
        self.add(Asked {
            cap: cap.name().to_owned(),
            line: crate::sanitize::line(line, LINE_BYTES_MAX),
            times: 1,
            refused_by: refused_by.map(str::to_owned),
        });
    }

    /// Writes down decisions that were made elsewhere.
    pub(crate) fn add(&self, mut one: Asked) {
        let Some(asked) = &self.0 else { return };
        let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        // A refusal ends a call, so there is room for it in any case.
        let fits = asked.len() < LINES_MAX || one.refused_by.is_some();
        if !fits && !asked.iter().any(|known| is_same(known, &one)) {
            OTHERS.clone_into(&mut one.line);
        }
        match asked.iter_mut().find(|known| is_same(known, &one)) {
            Some(known) => known.times = known.times.saturating_add(one.times),
            None => asked.push(one),
        }
    }

    /// All of them, in an order that does not depend on which came first.
    pub(crate) fn take(&self) -> Vec<Asked> {
        let Some(asked) = &self.0 else { return Vec::new() };
        let mut asked = std::mem::take(&mut *asked.lock().unwrap_or_else(PoisonError::into_inner));
        asked.sort();
        asked
    }
}

/// Whether two decisions are the same, however often.
fn is_same(one: &Asked, other: &Asked) -> bool {
    (&one.cap, &one.line, &one.refused_by) == (&other.cap, &other.line, &other.refused_by)
}

/// What stands for lines that are not told apart any more.
const OTHERS: &str = "(others)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_decisions_are_counted_and_many_are_bounded() {
        let audit = Audit::new();
        for n in 0..300 {
            audit.decided(Cap::Fs, &format!("read {:03}", n % 150), None);
        }
        audit.decided(Cap::Fs, "read x\n", Some("the pipeline"));
        let asked = audit.take();
        assert_eq!(asked.len(), LINES_MAX + 2);
        assert_eq!(asked.iter().map(|asked| asked.times).sum::<u64>(), 301);
        assert_eq!(asked[0].line, OTHERS);
        assert_eq!(asked[0].times, 100);
        let refused: Vec<_> = asked.iter().filter(|asked| asked.refused_by.is_some()).collect();
        assert_eq!(refused.len(), 1);
        assert!(!refused[0].line.contains('\n'), "{refused:?}");
        assert!(audit.take().is_empty());
    }
}
