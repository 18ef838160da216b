//! Every page shows its problem and the way out, and allowances silence.

use super::{explain, lint, rules};
use crate::source::{Lines, Source};
use crate::world::{NoFiles, World};

/// `line:column code: message`
fn found(text: &str) -> Vec<String> {
    let skills = crate::tests::catalog_of_tests();
    let source = Source { name: "flow.yml", text };
    let lines = Lines::new(text);
    let found = lint(&source, World::new(&skills, &NoFiles));
    found
        .iter()
        .map(|problem| {
            assert!(problem.help.is_some(), "{problem:?}");
            let at = lines.position(problem.span.start);
            format!("{}:{} {}: {}", at.line, at.column, problem.code.id, problem.message)
        })
        .collect()
}

#[test]
fn every_page_shows_its_problem_and_the_way_out() {
    let mut wrong = Vec::new();
    for rule in rules() {
        let page = explain(rule.code.id).unwrap();
        assert!(page.starts_with(&format!("# {}\n", rule.code.id)), "{rule:?}");
        let texts: Vec<&str> =
            page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
        let [bad, good] = texts.as_slice() else { panic!("{rule:?} has two texts") };
        for text in [bad, good] {
            assert_eq!(crate::tests::compiled(text).diagnostics, [], "{rule:?}");
        }
        let bad = found(bad);
        if !matches!(bad.as_slice(), [one] if one.contains(rule.code.id)) {
            wrong.push(format!("{rule:?}: its first text has {bad:?}"));
        }
        let good = found(good);
        if !good.is_empty() {
            wrong.push(format!("{rule:?}: its last text has {good:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn allowances_silence_their_line_or_the_next() {
    let head = "apiVersion: coldframe/v1\nkind: Pipeline\nmetadata: { name: demo }\n";
    let text = format!(
        "{head}steps:
  # coldframe: allow W201, W202
  - {{ id: a, set: {{ n: no, at: 12:30 }} }}
  - {{ id: b, set: {{ n: off, m: on }} }} # coldframe: allow W201
  - {{ id: c, set: {{ n: yes, m: \"# coldframe: allow W201\" }} }}
  - {{ id: d, set: {{ n: 1 }} }} # coldframe: allow W999 W202
"
    );
    assert_eq!(
        found(&text),
        [
            "8:24 W201: `yes` is a text here, and a boolean to other YAML readers",
            "9:49 W200: there is no rule `W999`",
            "9:54 W200: `W202` is allowed here, and nothing here has it",
        ]
    );
}

#[test]
fn texts_that_do_not_compile_are_looked_at_too() {
    assert_eq!(
        found("a: yes\n"),
        ["1:4 W201: `yes` is a text here, and a boolean to other YAML readers"]
    );
    assert_eq!(found("a: [\n"), Vec::<String>::new());
    assert_eq!(found(crate::tests::properties::SEED), Vec::<String>::new());
}

#[test]
fn numbers_of_older_yaml_are_pointed_at() {
    let page = |value: &str| found(&format!("a: {value}\n"));
    let check = |value: &str, expected: &str| {
        let found = page(value);
        assert_eq!(found, [format!("1:4 {expected}")], "{value}");
    };
    check("010", "W213: `010` is 10 here, and 8 to other YAML readers");
    check("-010", "W213: `-010` is -10 here, and -8 to other YAML readers");
    check("09", "W213: `09` is 9 here, and a text to other YAML readers");
    check("0o17", "W213: `0o17` is 15 here, and a text to other YAML readers");
    check("1_000", "W213: `1_000` is a text here, and the number 1000 to other YAML readers");
    check("-1_0.5", "W213: `-1_0.5` is a text here, and the number -10.5 to other YAML readers");
    check("0_7", "W213: `0_7` is a text here, and the number 7 to other YAML readers");
    check("0b11", "W213: `0b11` is a text here, and the number 3 to other YAML readers");
    check("-0x1F", "W213: `-0x1F` is a text here, and the number -31 to other YAML readers");
    check(
        "-1:30.5",
        "W202: `-1:30.5` is a text here, and a number of seconds to other YAML readers",
    );
    for value in ["0", "00", "10", "0x1F", "+5", ".5", "5.", "1e3", "0.05", "_1", "1_a", "\"010\""]
    {
        assert_eq!(page(value), Vec::<String>::new(), "{value}");
    }
}

#[test]
fn every_document_is_looked_at() {
    let head = "apiVersion: coldframe/v1\nmetadata: { name: NAME }\n";
    let pipeline = |name: &str| format!("{head}kind: Pipeline\n").replace("NAME", name);
    let text = format!(
        "{}inputs: {{ unused: string }}
steps:
  - {{ id: a, macro: m, with: {{ t: no }} }} # coldframe: allow W201
  - {{ id: b, policy: p, set: {{ n: 1 }} }}
---
{}kind: Policy
# coldframe: allow W201
retry: {{ max: 010 }}
---
{}kind: Macro
parameters: {{ t: string }}
steps: [{{ id: x, set: {{ n: yes, i: \"{{{{ params.t }}}}\" }} }}]
output: \"{{{{ x.n }}}}\"
---
{}inputs: {{ other: string }}
steps: [{{ id: c, set: {{ n: 1 }} }}]
",
        pipeline("one"),
        head.replace("NAME", "p"),
        head.replace("NAME", "m"),
        pipeline("two"),
    );
    assert_eq!(
        found(&text),
        [
            "4:11 W203: nothing uses the input `unused`",
            "7:7 W209: `b` does the same each time, so trying again fails again",
            "12:20 W200: `W201` is allowed here, and nothing here has it",
            "13:15 W213: `010` is 10 here, and 8 to other YAML readers",
            "19:28 W201: `yes` is a text here, and a boolean to other YAML readers",
            "25:11 W203: nothing uses the input `other`",
        ]
    );
}
