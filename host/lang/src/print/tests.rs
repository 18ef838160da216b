//! The text of a graph compiles to that graph.

use std::time::Duration;

use proptest::prelude::*;

use super::to_yaml;
use crate::fmt::tests::{texts, unplaced};
use crate::tests::{compiled, nested, properties};

/// Prints what a text compiles to, and compiles that.
fn round(text: &str) -> Option<String> {
    let graph = compiled(text).graph?;
    let printed = to_yaml(&graph);
    let again = compiled(&printed);
    let again = again.graph.unwrap_or_else(|| panic!("{:?}\n{text}\n{printed}", again.diagnostics));
    assert_eq!(unplaced(graph), unplaced(again), "{text}\n{printed}");
    assert_eq!(crate::fmt::format(&printed).unwrap(), printed);
    Some(printed)
}

#[test]
fn a_pipeline_with_something_of_everything() {
    let printed = round(properties::SEED).unwrap();
    assert!(
        printed.starts_with(
            "apiVersion: coldframe/v1
kind: Pipeline
metadata: { name: seed, version: \"1.0.0\" }
inputs:
  text: { default: hi, maxLength: 20000, type: string }
  count: { maximum: 9, minimum: 0, type: integer }
  flag: { type: boolean }
limits: { fuel: 2000000000, wall: 30s, cost_usd: 0.05, memory: 64MiB }
caps: { http: [GET https://api.example.com/**], log: true }
steps:
  - id: words
    uses: std/text@=1.0.0#stats
    with: { text: \"{{ inputs.text }}\" }
"
        ),
        "{printed}"
    );
}

#[test]
fn limits_are_exact() {
    let text = |micros| super::parts::duration(Duration::from_micros(micros));
    assert_eq!(
        [1, 1_000, 1_500, 90_000_000, 120_000_000, 7_200_000_000].map(text),
        ["0.001ms", "1ms", "1.500ms", "90s", "2m", "2h"]
    );
    for micros in [1, 999, 1_001, 123_456_789] {
        assert_eq!(crate::limits::wall(&text(micros)), Ok(Duration::from_micros(micros)));
    }
    for nano in [0, 1, 50_000_000, 1_000_000_000, 12_345_678_901] {
        assert_eq!(crate::limits::cost_nano(&super::parts::dollars(nano)), Ok(nano));
    }
    for bytes in [1, 1024, 1025, 64 << 20, 3 << 30] {
        let text = super::parts::bytes_text(bytes).unwrap_or_else(|| bytes.to_string());
        let mut limits = crate::graph::Limits::default();
        limits.set("memory", &text).unwrap();
        assert_eq!(limits.memory_bytes, Some(bytes));
    }
}

#[test]
fn everything_that_compiles_in_the_repository() {
    let compiled = texts().iter().filter_map(|text| round(text)).count();
    assert!(compiled > 50, "{compiled}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_pipelines_with_blocks(text in nested::texts()) {
        prop_assert!(round(&text).is_some());
    }

    #[test]
    fn mutations_of_a_pipeline(text in properties::mutated()) {
        round(&text);
    }
}
