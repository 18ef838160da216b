//! How long the compiler takes, beside what a YAML reader alone takes for the same text.
//!
//! A table, not a harness: rows alternate in rounds and the medians are printed.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a benchmark prints, and stops where it cannot go on"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use coldframe_format::{Caps, Digest, Field, Interface, Operation, SkillId, SkillRef, Type};
use coldframe_lang::catalog::{CatalogError, SkillCatalog, SkillEntry};
use coldframe_lang::world::{NoFiles, World};
use coldframe_lang::{Source, compile};
use semver::Version;

/// Steps of the largest text.
const STEPS: usize = 5_000;
/// Rounds of each row; the median is printed.
const ROUNDS: usize = 15;

fn main() {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load: {}", load.split(' ').take(3).collect::<Vec<_>>().join(" "));
    let text = pipeline(STEPS);
    let skills = Skills(entry());
    let mut rows: Vec<(&str, Vec<f64>)> = vec![
        ("YAML reader alone (serde-saphyr to a JSON value)", vec![]),
        ("compile: read, resolve, check, lower", vec![]),
    ];
    // The first round warms caches and is thrown away.
    for round in 0..=ROUNDS {
        let times = [
            ms(|| {
                let mut options = serde_saphyr::Options::default();
                options.budget = None;
                let value: serde_json::Value =
                    serde_saphyr::from_str_with_options(black_box(&text), options).unwrap();
                assert_eq!(value["steps"].as_array().unwrap().len(), STEPS);
            }),
            ms(|| {
                let source = Source { name: "bench.yml", text: black_box(&text) };
                let compiled = compile(&source, World::new(&skills, &NoFiles));
                assert_eq!(compiled.graph.unwrap().steps.len(), STEPS);
            }),
        ];
        if round > 0 {
            rows.iter_mut().zip(times).for_each(|((_, row), time)| row.push(time));
        }
    }
    let base = median(&rows[0].1);
    println!(
        "\n| a text of {STEPS} steps, {} KiB | ms | times the reader |\n|---|---|---|",
        text.len() >> 10
    );
    for (name, row) in &rows {
        println!("| {name} | {:.1} | {:.2} |", median(row), median(row) / base);
    }
}

fn ms(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64() * 1e3
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Half calls, half computed values, each with references to the step before.
fn pipeline(steps: usize) -> String {
    let mut text = String::from(
        "apiVersion: coldframe/v1\nkind: Pipeline\nmetadata: { name: bench }\n\
         inputs: { text: string }\nsteps:\n\
         \x20 - id: s0\n    uses: bench/text#stats\n    with: { text: \"{{ inputs.text }}\" }\n",
    );
    for number in 1..steps {
        let before = number - 1;
        if number % 2 == 0 {
            let _ = write!(
                text,
                "  - id: s{number}\n    uses: bench/text#stats\n    with: {{ text: \"{{{{ s{before}.n }}}} words\" }}\n"
            );
        } else {
            let _ = write!(
                text,
                "  - id: s{number}\n    when: s{before}.words > 0\n    set: {{ n: \"{{{{ s{before}.words + 1 | default(0) }}}}\" }}\n"
            );
        }
    }
    // A step with a condition may be skipped, and its value then stands in a text.
    text.replace(".n }} words", ".n | default(0) }} words")
}

struct Skills(Arc<SkillEntry>);

impl SkillCatalog for Skills {
    fn find(&self, wanted: &SkillRef) -> Result<Arc<SkillEntry>, CatalogError> {
        if wanted.id == self.0.id {
            Ok(Arc::clone(&self.0))
        } else {
            Err(CatalogError::UnknownSkill)
        }
    }

    fn ids(&self) -> Vec<SkillId> {
        vec![self.0.id.clone()]
    }
}

fn entry() -> Arc<SkillEntry> {
    let field = |name: &str, ty: Type| Field { name: name.into(), ty, doc: String::new() };
    let stats = Operation {
        name: "stats".into(),
        interface: None,
        function: "stats".into(),
        doc: String::new(),
        params: vec![field("text", Type::String)],
        result: Some(Type::Record(vec![field("words", Type::U32), field("lines", Type::U32)])),
    };
    Arc::new(SkillEntry {
        id: SkillId::new("bench", "text").unwrap(),
        version: Version::new(1, 0, 0),
        component: Digest::of(b"bench"),
        interface: Interface { operations: vec![stats], imports: Default::default() },
        ceiling: Caps::default(),
    })
}
