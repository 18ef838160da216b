//! The attacks, a file for each family.

mod abi;
mod bombs;
mod cpu;
mod determinism;
mod expressions;
mod files;
mod llm;
mod malformed;
mod memory;
mod network;
mod output;
mod pipelines;
mod registry;
mod secrets;
mod sql;
mod stack;
mod tables;
mod tools;

use crate::case::Case;

/// Every attack, in the order of the report.
pub fn all() -> Vec<Case> {
    let families = [
        cpu::cases,
        memory::cases,
        tables::cases,
        stack::cases,
        abi::cases,
        network::cases,
        files::cases,
        secrets::cases,
        output::cases,
        determinism::cases,
        bombs::cases,
        malformed::cases,
        registry::cases,
        pipelines::cases,
        expressions::cases,
        llm::cases,
        sql::cases,
        tools::cases,
    ];
    families.into_iter().flat_map(|cases| cases()).collect()
}
