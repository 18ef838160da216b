//! What people write as a limit, and what the table says.

use std::time::Duration;

use super::*;

/// A table of `name=text` and what it comes to.
#[track_caller]
fn check(cases: &[(&str, &str, &str)]) {
    for (name, text, expected) in cases {
        let mut limits = Limits::default();
        let found = match limits.set(name, text) {
            Ok(()) => {
                let values = [limits.fuel, limits.cost_nano, limits.memory_bytes];
                let wall = limits.wall.map(|wall| format!("{wall:?}"));
                values.iter().flatten().map(u64::to_string).chain(wall).collect()
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(found, *expected, "{name}={text}");
    }
}

#[test]
fn reads_what_people_write() {
    check(&[
        ("fuel", "5000000", "5000000"),
        ("fuel", "5e6", "5000000"),
        ("fuel", "2.5E9", "2500000000"),
        ("fuel", "50e-1", "5"),
        ("fuel", "18446744073709551615", "18446744073709551615"),
        ("wall", "250ms", "250ms"),
        ("wall", "3s", "3s"),
        ("wall", "1.5m", "90s"),
        ("wall", "1h", "3600s"),
        ("wall", "0.000001s", "1µs"),
        ("cost_usd", "0.05", "50000000"),
        ("cost_usd", "0.000000001", "1"),
        ("cost_usd", "0", "0"),
        ("cost_usd", "12", "12000000000"),
        ("memory", "1048576", "1048576"),
        ("memory", "64MiB", "67108864"),
        ("memory", "1GiB", "1073741824"),
        ("memory", "500KB", "500000"),
        ("memory", "1.5MB", "1500000"),
        ("memory", "1.5KiB", "1536"),
        ("memory", "7 B", "7"),
    ]);
}

#[test]
fn durations_have_days() {
    let read =
        |text| duration("timeout", text).map(|d| d.as_secs()).map_err(|error| error.to_string());
    assert_eq!(read("24h"), Ok(86_400));
    assert_eq!(read("7d"), Ok(604_800));
    assert_eq!(read("0s"), Err("`timeout` is `0s`, expected more than zero".to_owned()));
    assert_eq!(read("3661d"), Err("`timeout` is `3661d`, which is too large".to_owned()));
    let expected = "expected a number with a unit: `ms`, `s`, `m`, `h` or `d`";
    for text in ["300", "-5s", "d", "1w"] {
        let message = format!("`{text}` is not a value of `timeout`, {expected}");
        assert_eq!(read(text), Err(message));
    }
}

#[test]
fn refuses_everything_else() {
    let fuel = "expected a whole number such as `5000000` or `5e6`";
    let wall = "expected a number with a unit: `ms`, `s`, `m` or `h`";
    let memory = "expected a number of bytes, or one with `KB`, `MB`, `GB`, `KiB`, `MiB` or `GiB`";
    check(&[
        ("fuel", "2_000", &format!("`2_000` is not a value of `fuel`, {fuel}")),
        ("fuel", "-1", &format!("`-1` is not a value of `fuel`, {fuel}")),
        ("fuel", "", &format!("`` is not a value of `fuel`, {fuel}")),
        ("fuel", "e6", &format!("`e6` is not a value of `fuel`, {fuel}")),
        ("fuel", "0", "`fuel` is `0`, expected more than zero"),
        ("fuel", "1e20", "`fuel` is `1e20`, which is too large"),
        (
            "fuel",
            "1e99999999999999999999",
            "`fuel` is `1e99999999999999999999`, which is too large",
        ),
        ("fuel", "1.5", "`fuel` is `1.5`, which is finer than one unit of fuel"),
        ("wall", "30", &format!("`30` is not a value of `wall`, {wall}")),
        ("wall", "3 days", &format!("`3 days` is not a value of `wall`, {wall}")),
        ("wall", "ms", &format!("`ms` is not a value of `wall`, {wall}")),
        ("wall", "0.0000001s", "`wall` is `0.0000001s`, which is finer than a microsecond"),
        ("wall", "99999999999999999999h", "`wall` is `99999999999999999999h`, which is too large"),
        (
            "cost_usd",
            "0.0000000001",
            "`cost_usd` is `0.0000000001`, which is finer than a nano-dollar",
        ),
        (
            "cost_usd",
            "$1",
            "`$1` is not a value of `cost_usd`, expected an amount in USD such as `0.05`",
        ),
        ("memory", "64mib", &format!("`64mib` is not a value of `memory`, {memory}")),
        ("memory", "0MiB", "`memory` is `0MiB`, expected more than zero"),
        ("memory", "17179869184GiB", "`memory` is `17179869184GiB`, which is too large"),
        ("feul", "1", "there is no limit `feul`"),
    ]);
}

#[test]
fn reads_counts_up_to_the_most_there_can_be() {
    let read = |name: &str, text: &str| {
        let mut limits = Limits::default();
        limits.set(name, text).map(|()| limits.written().next()).map_err(|error| error.to_string())
    };
    assert_eq!(read("handles", "50"), Ok(Some((Limit::Handles, 50))));
    assert_eq!(read("handles", "1e3"), Ok(Some((Limit::Handles, 1000))));
    assert_eq!(read("retries", "0"), Ok(Some((Limit::Retries, 0))));
    assert_eq!(
        read("instances", "0"),
        Err("`instances` is `0`, expected more than zero".to_owned())
    );
    let message = "`instances` is `201`, and the most there can be is `200`";
    assert_eq!(read("instances", "201"), Err(message.to_owned()));
    let message = "`net_connect` is `61s`, and the most there can be is `1m`";
    assert_eq!(read("net_connect", "61s"), Err(message.to_owned()));
    let message = "`1.5` is not a value of `handles`, expected a whole number such as `100`";
    assert_eq!(
        read("handles", "1,5").map_err(|m| m.replace("1,5", "1.5")),
        Err(message.to_owned())
    );
}

#[test]
fn suggests_the_name_that_was_meant() {
    let help = |name| Limits::default().set(name, "1").unwrap_err().help().unwrap();
    assert_eq!(help("feul"), "did you mean `fuel`?");
    assert_eq!(help("callFuel"), "did you mean `call_fuel`?");
    let all = help("zebra");
    assert!(all.starts_with("the limits are: `fuel`, `wall`, `cost_usd`, `memory`"), "{all}");
}

#[test]
fn min_is_the_tighter_of_both() {
    let a = Limits { fuel: Some(5), cost_nano: Some(1), depth: Some(2), ..Limits::default() };
    let wall = Some(Duration::from_secs(1));
    let b = Limits { fuel: Some(3), wall, cost_nano: Some(2), ..Limits::default() };
    let tighter =
        Limits { fuel: Some(3), wall, cost_nano: Some(1), depth: Some(2), ..Limits::default() };
    assert_eq!(a.min(&b), tighter);
    assert_eq!(b.min(&a), tighter);
}

/// Columns are written once, as what a person would write.
#[test]
fn rows_agree_with_themselves() {
    let mut names = std::collections::BTreeSet::new();
    for limit in Limit::ALL {
        let row = limit.row();
        assert_eq!(Limit::named(row.name), Some(*limit));
        assert!(names.insert(row.name), "{} stands there twice", row.name);
        assert!(row.doc.ends_with('.'), "{}: {}", row.name, row.doc);
        for column in [row.strict, row.trusted] {
            let Some(value) = column.value else {
                assert_eq!(column.text, "none", "{}", row.name);
                continue;
            };
            let mut limits = Limits::default();
            limits.set(row.name, column.text).unwrap();
            assert_eq!(limits.written().collect::<Vec<_>>(), [(*limit, value)]);
            assert_eq!(Limits::default().min(&limits), limits);
        }
        let read = |column: Column| column.value.unwrap_or(u64::MAX);
        assert!(read(row.strict) <= read(row.trusted), "{}", row.name);
        Limits::default().set(row.name, row.example).unwrap();
        if let Ends::Call(kind) = row.ends {
            assert!(crate::graph::FAILURES.contains(&kind), "{}: {kind}", row.name);
        }
    }
}

#[test]
fn what_was_written_takes_the_place_of_a_default() {
    let written = Limits { handles: Some(7), fuel: Some(1), ..Limits::default() };
    let call = CallLimits::STRICT.with(&written);
    assert_eq!(call, CallLimits { handles: 7, ..CallLimits::STRICT });
    assert!(CallLimits::are_written(&written));
    assert!(!ShapeLimits::are_written(&written));
    assert_eq!(WholeLimits::TRUSTED.with(&written).fuel, 1);
    assert_eq!(WholeLimits::STRICT.cost_nano, u64::MAX);
}

/// `BLESS=1` writes the page.
#[allow(clippy::disallowed_methods, reason = "a test may look at the repository")]
#[test]
fn the_page_says_what_the_table_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/limits.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, page()).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == page(), "`docs/limits.md` is not what the table says; BLESS=1 writes it");
}
