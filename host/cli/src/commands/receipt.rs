//! `coldframe receipt export|verify`: one call of a run as a file that whoever has the skill can run
//! again, without the run's journal and without anything outside.
//!
//! A receipt is not a signature: it says what comes out, and `verify` finds out whether it does.

mod document;
mod export;
mod verify;

use clap::Subcommand;

use self::export::ExportArgs;
use self::verify::VerifyArgs;
use crate::args::Global;
use crate::exit::Fail;

#[derive(Debug, Subcommand)]
pub(crate) enum ReceiptCommand {
    /// Write what a step's call was asked, heard and gave into a file
    Export(ExportArgs),
    /// Run the call of a receipt again, offline, and compare
    Verify(VerifyArgs),
}

pub(crate) fn run(global: &Global, command: &ReceiptCommand) -> Result<(), Fail> {
    match command {
        ReceiptCommand::Export(args) => export::run(global, args),
        ReceiptCommand::Verify(args) => verify::run(global, args),
    }
}
