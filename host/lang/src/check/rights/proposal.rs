//! What to write to grant a capability: no more than a person would have written.
//!
//! The ceiling of a skill says what it could ever be granted, and a skill of general use could be
//! granted everything. Who copies that has granted everything.

use std::fmt::Write as _;

use coldframe_format::{Cap, Caps};

use crate::shown::sentence;

/// What to write, and what to say behind it where something has to be filled in first.
pub(super) struct Proposal {
    pub(super) line: String,
    pub(super) behind: String,
}

/// The lines of a skill's ceiling that name what they allow; where there are none, one to fill in.
pub(super) fn proposal(cap: Cap, ceiling: &Caps) -> Proposal {
    let Some((_, example)) = cap.line() else {
        return Proposal { line: format!("{cap}: true"), behind: String::new() };
    };
    let all = ceiling.lines(cap);
    let mut lines: Vec<String> = all.iter().filter(|line| !is_open(cap, line)).cloned().collect();
    let mut behind = String::new();
    if lines.is_empty() {
        for line in all.iter().map(|line| to_fill_in(cap, line)) {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        let all: Vec<String> = all.iter().map(|line| format!("`{line}`")).collect();
        if !all.is_empty() {
            let all = sentence(&all.join(", "));
            let _ = write!(behind, ", with what is meant filled in; the skill could use {all}");
        }
    }
    if lines.is_empty() {
        lines.push(if cap == Cap::Http { TO_FILL_IN.to_owned() } else { example.to_owned() });
    }
    let lines: Vec<String> = lines.iter().map(|line| format!("{line:?}")).collect();
    Proposal { line: format!("{cap}: [{}]", sentence(&lines.join(", "))), behind }
}

/// A request to somewhere.
const TO_FILL_IN: &str = "GET https://HOST/**";

/// Whether a line leaves open what it allows. All that is below a path of one host is named.
fn is_open(cap: Cap, line: &str) -> bool {
    let named = if cap == Cap::Http { line.strip_suffix("/**") } else { None };
    named.unwrap_or(line).contains('*')
}

/// A line that leaves something open, with a word for it in its place.
fn to_fill_in(cap: Cap, line: &str) -> String {
    match cap {
        Cap::Http => TO_FILL_IN.to_owned(),
        Cap::Secrets => {
            let named = match line.strip_prefix("* ") {
                Some(rest) => format!("NAME {rest}"),
                None => line.to_owned(),
            };
            named.replace('*', "HOST")
        }
        Cap::Tools => match (line, line.strip_suffix("/*")) {
            ("*", _) => "NAMESPACE/NAME#OPERATION".to_owned(),
            (_, Some(namespace)) => format!("{namespace}/NAME#OPERATION"),
            (_, None) => line.replace('*', "OPERATION"),
        },
        Cap::Fs => line.replace('*', "FOLDER"),
        Cap::Kv => line.replace('*', "STORE"),
        Cap::Sql => line.replace('*', "DATABASE"),
        Cap::Llm => line.replace('*', "MODEL"),
        _ => line.replace('*', "KEY"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ceiling: &str, cap: Cap, line: &str, behind: &str) {
        let found = proposal(cap, &serde_json::from_str(ceiling).unwrap());
        assert_eq!((found.line.as_str(), found.behind.as_str()), (line, behind));
    }

    #[test]
    fn lines_that_name_what_they_allow_are_proposed() {
        let ceiling = r#"{ "http": ["https://*", "GET https://api.example.com/v1/**"], "log": true,
            "fs": ["write out"], "kv": ["read cache"], "tools": ["std/text@^1#stats"] }"#;
        check(ceiling, Cap::Http, r#"http: ["GET https://api.example.com/v1/**"]"#, "");
        check(ceiling, Cap::Fs, r#"fs: ["write out"]"#, "");
        check(ceiling, Cap::Kv, r#"kv: ["read cache"]"#, "");
        check(ceiling, Cap::Tools, r#"tools: ["std/text@^1#stats"]"#, "");
        check(ceiling, Cap::Log, "log: true", "");
        check("{}", Cap::Http, r#"http: ["GET https://HOST/**"]"#, "");
        check("{}", Cap::Sql, r#"sql: ["read shop"]"#, "");
    }

    #[test]
    fn others_are_to_be_filled_in() {
        let ceiling = r#"{ "http": ["http://*", "https://*.example.com/**"], "fs": ["write *"],
            "kv": ["write *", "read *"], "config": ["model.*"], "llm": ["gpt-*"], "sql": ["read *"],
            "secrets": ["* for https://* in authorization", "key for https://*.a.org in x-key"],
            "tools": ["*", "std/*", "std/text#*"] }"#;
        for (cap, line, behind) in [
            (Cap::Http, r#""GET https://HOST/**""#, "`http://*`, `https://*.example.com/**`"),
            (Cap::Fs, r#""write FOLDER""#, "`write *`"),
            (Cap::Kv, r#""write STORE", "read STORE""#, "`write *`, `read *`"),
            (Cap::Config, r#""model.KEY""#, "`model.*`"),
            (Cap::Llm, r#""gpt-MODEL""#, "`gpt-*`"),
            (Cap::Sql, r#""read DATABASE""#, "`read *`"),
            (
                Cap::Secrets,
                r#""NAME for https://HOST in authorization", "key for https://HOST.a.org in x-key""#,
                "`* for https://* in authorization`, `key for https://*.a.org in x-key`",
            ),
            (
                Cap::Tools,
                r#""NAMESPACE/NAME#OPERATION", "std/NAME#OPERATION", "std/text#OPERATION""#,
                "`*`, `std/*`, `std/text#*`",
            ),
        ] {
            let behind = format!(", with what is meant filled in; the skill could use {behind}");
            check(ceiling, cap, &format!("{cap}: [{line}]"), &behind);
        }
    }
}
