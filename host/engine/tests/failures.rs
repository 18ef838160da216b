//! The kinds of failure that pipelines can name are those that the journal has.

use std::collections::BTreeSet;

use coldframe_journal::ErrorKind;
use coldframe_lang::graph::FAILURES;

#[test]
fn a_pipeline_can_name_every_kind_of_failure() {
    let journal: BTreeSet<&str> = ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let language: BTreeSet<&str> = FAILURES.iter().copied().collect();
    assert_eq!(language, journal);
    assert!(FAILURES.is_sorted());
}
