//! The limits-bite test: for every row of the table of limits, just below passes, and just above is
//! stopped with exactly what the row says. Each in every place where a limit can be written, from
//! the text a person writes to the failure of the run.
//!
//! A new row does not compile without an arm in [`bite`].

mod guests;
mod run;
mod services;

use coldframe_lang::limits::{Ends, Limit};

use self::guests as g;
use self::run::{Place, Work, outcome};
use super::guest::assert_canary_sings;
use crate::engine;

/// How a limit is tried.
struct Bite {
    work: Work,
    /// What is written where the work still passes.
    fits: String,
    /// What is written where it is stopped.
    stops: String,
    /// What passing comes to.
    passes: &'static str,
}

fn bite(work: Work, fits: impl ToString, stops: impl ToString) -> Bite {
    Bite { work, fits: fits.to_string(), stops: stops.to_string(), passes: "ok" }
}

/// Work for each limit, with what it needs and what is too little.
fn of(limit: Limit) -> Bite {
    // Fuel is looked at where a loop starts over, so the last round may still slip through.
    const ROUND: u64 = 25;
    let page = 65_536;
    match limit {
        Limit::Fuel => {
            let used = g::fuel_of_counting();
            bite(Work::of(g::counting()).twice(), 2 * used, 2 * used - ROUND)
        }
        Limit::CallFuel => {
            let used = g::fuel_of_counting();
            bite(Work::of(g::counting()).twice(), used, used - ROUND)
        }
        Limit::Cost => {
            // A unit of fuel costs a nano-dollar here.
            let usd = |nano: u64| format!("{nano}e-9");
            let used = g::fuel_of_counting();
            bite(Work::of(g::counting()).twice(), usd(2 * used), usd(2 * used - ROUND))
        }
        Limit::Wall | Limit::CallWall => bite(Work::of(g::busy()), "1m", "30ms"),
        Limit::Memory => bite(Work::of(g::pages(10)), 10 * page, 10 * page - 1),
        Limit::CallMemory => bite(Work::of(g::pages(10)).twice(), 10 * page, 10 * page - 1),
        Limit::NetBytes => bite(Work::fetching("/5000", 1).twice(), 10_000, 9_999),
        Limit::CallNetBytes => bite(Work::fetching("/5000", 1).twice(), 5_000, 4_999),
        Limit::NetRequests => bite(Work::fetching("/0", 3).twice(), 3, 2),
        Limit::NetConcurrency => bite(Work::unread("/0", 3).twice(), 3, 2),
        // One header `x` of a hundred bytes, and 72 for it.
        Limit::NetHeaderBytes => bite(Work::fetching("/header", 1).twice(), 173, 172),
        Limit::NetConnect => bite(Work::fetching("/slow/connect", 1), "5s", "4999ms"),
        Limit::HostConcurrency => bite(Work::fetching("/crowded/at-once", 1), 3, 2),
        Limit::HostRate => bite(Work::fetching("/crowded/each-second", 1), 3, 2),
        Limit::NetFirstByte => bite(Work::fetching("/slow/first-byte", 1), "5s", "4999ms"),
        Limit::NetBetweenBytes => bite(Work::fetching("/slow/between-bytes", 1), "5s", "4999ms"),
        Limit::NetTotal => bite(Work::fetching("/slow/total", 1), "5s", "4999ms"),
        Limit::Retries => {
            Bite { passes: "guest.trap", ..bite(Work::of(g::trapping()).tried_again(2), 2, 1) }
        }
        Limit::TableElements => bite(Work::of(g::tables()).twice(), 100, 99),
        Limit::Instances => bite(Work::of(g::instances()).twice(), 3, 2),
        Limit::Memories => bite(Work::of(g::two("memory 0")).twice(), 2, 1),
        Limit::Tables => bite(Work::of(g::two("table 0 funcref")).twice(), 2, 1),
        Limit::Handles => bite(Work::of(g::handles()).twice(), 50, 49),
        Limit::HostcallBytes => bite(Work::of(g::text(100)).twice(), 100, 99),
        Limit::OutputBytes => bite(Work::of(g::text(100)).twice(), 102, 101),
        Limit::OutputDepth => bite(Work::of(g::nested()).twice(), 2, 1),
        Limit::LogBytes => bite(Work::of(g::logging()).twice(), 30, 29),
        Limit::LogRate => bite(Work::of(g::logging()).twice(), 3, 2),
        Limit::RandomBytes => bite(Work::of(g::random()).twice(), 24, 23),
        // Ten bytes into each of two files.
        Limit::DiskBytes => bite(Work::asking(&g::writing()).twice(), 2 << 12, (2 << 12) - 1),
        // Two keys of one byte with nine bytes each.
        Limit::KvBytes => bite(Work::asking(&g::keeping()).twice(), 20, 19),
        Limit::KvKeys => bite(Work::asking(&g::keeping()).twice(), 2, 1),
        // A hundred tokens, of a nano-dollar each.
        Limit::Tokens => bite(Work::modelling(&g::modelling()).twice(), 200, 199),
        Limit::CallTokens => bite(Work::modelling(&g::modelling()).twice(), 100, 99),
        Limit::CallCost => bite(Work::modelling(&g::modelling()).twice(), "100e-9", "99e-9"),
        // A column of one letter and three numbers.
        Limit::SqlRows => bite(Work::asking(&g::querying(g::THREE_ROWS)).twice(), 3, 2),
        Limit::SqlBytes => bite(Work::asking(&g::querying(g::THREE_ROWS)).twice(), 33, 32),
        Limit::SqlWall => bite(Work::asking(&g::querying(g::LONG_QUERY)), "1m", "20ms"),
        // Three calls; and a tool that calls one.
        Limit::ToolCalls => bite(Work::calling(&super::tools::calling(3)).twice(), 3, 2),
        Limit::ToolDepth => bite(Work::calling(&super::tools::deep()).twice(), 2, 1),
        Limit::Depth => bite(Work::nested(2), 2, 1),
        Limit::FanOut => bite(Work::of(g::counting()).twice(), 2, 1),
    }
}

#[test]
fn every_limit_bites() {
    let mut wrong = Vec::new();
    for limit in Limit::ALL {
        let row = limit.row();
        let Bite { work, fits, stops, passes } = of(*limit);
        let (Ends::Call(stopped) | Ends::Request(stopped)) = row.ends;
        for place in Place::of(row.scope) {
            for (text, expected) in [(&fits, passes), (&stops, stopped)] {
                let found = outcome(&work, place, row.name, text);
                if found != expected {
                    wrong.push(format!("{}={text} {place:?}: {found}, not {expected}", row.name));
                }
            }
        }
        assert_canary_sings();
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// No more can be written than the pools have.
#[test]
fn the_most_that_can_be_written_is_what_the_engine_has() {
    for (limit, most) in [
        (Limit::Instances, engine::INSTANCES_PER_COMPONENT),
        (Limit::Memories, engine::MEMORIES_PER_COMPONENT),
        (Limit::Tables, engine::TABLES_PER_COMPONENT),
    ] {
        assert_eq!(limit.row().most, u64::from(most), "{limit:?}");
    }
}

/// What an operator says is not raised by what the file says.
#[test]
fn the_operators_limits_are_above_those_of_a_file() {
    let mut wrong = Vec::new();
    for limit in Limit::ALL {
        let row = limit.row();
        let Bite { work, fits, stops, .. } = of(*limit);
        let (Ends::Call(stopped) | Ends::Request(stopped)) = row.ends;
        let found = run::outcome_of_both(&work, row.name, &fits, &stops);
        if found != stopped {
            wrong.push(format!("{}: {found}, not {stopped}", row.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
