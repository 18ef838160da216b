//! Components that cost more to compile than to write.

use crate::bombs;
use crate::case::Case;
use crate::guest::Guest;

/// What stops a component that is too much for the compiler.
const STOPS: &[&str] = &["limit.structure", "limit.compile-time", "limit.compile-memory"];
/// What a component may come to that is within the budget, and costly.
const DEAR: &[&str] = &["works", "limit.fuel", "limit.compile-time", "limit.compile-memory"];

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    let counted: &[&str] = &["limit.structure"];
    let alone = |id, title, make: fn() -> Vec<u8>, expect| {
        Case::alone(id, title, Guest::bytes(make).with("{\"n\": 1}"), expect)
    };
    vec![
        Case::alone(
            "BOMB-1",
            "10^8 instances out of 661 bytes",
            Guest::wat(bombs::instances(8, 10)),
            counted,
        )
        .wall_ms(2_000),
        alone(
            "BOMB-2",
            "components in components, 50,000 deep",
            || bombs::nested_components(50_000),
            counted,
        )
        .wall_ms(2_000),
        alone("BOMB-3", "a million functions, 4 MB", || bombs::many_functions(1_000_000), counted),
        alone(
            "BOMB-3b",
            "49,000 functions, just within the budget",
            || bombs::many_functions(49_000),
            DEAR,
        )
        .wall_ms(60_000)
        .rss_mib(2_600)
        .full(),
        alone(
            "BOMB-4",
            "one function of 2,500,000 additions, 7.5 MB",
            || bombs::big_addition(2_500_000),
            counted,
        ),
        alone(
            "BOMB-4b",
            "one function of 85,000 additions, just within the budget",
            || bombs::big_addition(85_000),
            DEAR,
        )
        .wall_ms(20_000)
        .rss_mib(2_600),
        alone(
            "BOMB-5",
            "100 variables alive through 800 loops, 0.57 MB",
            || bombs::live_variables(1, 100, 800),
            STOPS,
        ),
        alone(
            "BOMB-5b",
            "100 variables alive through 300 loops, just within the budget",
            || bombs::live_variables(1, 100, 300),
            DEAR,
        )
        .wall_ms(90_000)
        .rss_mib(2_600)
        .full(),
        alone(
            "BOMB-5c",
            "the same in 60 functions, 13 MB",
            || bombs::live_variables(60, 100, 300),
            STOPS,
        )
        .wall_ms(100_000)
        .rss_mib(2_600)
        .full(),
        alone("BOMB-6", "3,000,000 calls, 6 MB", || bombs::calls(1, 3_000_000), counted),
        alone(
            "BOMB-6b",
            "3,000,000 calls in 24 functions, within the budget",
            || bombs::calls(24, 125_000),
            STOPS,
        )
        .wall_ms(100_000)
        .rss_mib(2_600)
        .full(),
        alone(
            "BOMB-7",
            "a branch table of 7,000,000 targets",
            || bombs::branch_tables(1, 7_000_000),
            counted,
        ),
        alone(
            "BOMB-7b",
            "2,300 branch tables of 100 targets",
            || bombs::branch_tables(2_300, 100),
            counted,
        ),
        alone("BOMB-8", "a million types, 13 MB", || bombs::many_types(1_000_000), counted),
        alone(
            "BOMB-9",
            "200 MB of ballast",
            || bombs::ballast(200_000_000),
            &["limit.structure", "usage"],
        )
        .rss_mib(600),
        alone("BOMB-9b", "20 MB of ballast", || bombs::ballast(20_000_000), counted),
    ]
}
