//! `coldframe run FILE`: compile, check, bind the inputs, drive the run, print the results.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use coldframe_engine::MemoryJournal;
use coldframe_store::{Level, NewRun, Store};

use crate::args::{Global, InputArgs, JournalLevel, LimitArgs};
use crate::exit::Fail;
use crate::loading::{self, Keeping, Loaded, Start};
use crate::output::{self, DIM};
use crate::project::Project;
use crate::services::ServiceArgs;
use crate::settings::Settings;
use crate::{inputs, place, services};

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The pipeline
    file: PathBuf,
    #[command(flatten)]
    inputs: InputArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    services: ServiceArgs,
    /// How durable the journal is
    #[arg(long, value_enum, default_value_t = JournalLevel::Relaxed)]
    journal: JournalLevel,
    /// Refuse to add a skill to `coldframe.lock`
    #[arg(long)]
    locked: bool,
    /// Make every call, also those that an earlier run made with the same arguments
    #[arg(long)]
    fresh: bool,
    /// Say what was left out of the graph because it changes nothing
    #[arg(long, short)]
    verbose: bool,
}

pub(crate) fn run(global: &Global, args: &RunArgs) -> Result<(), Fail> {
    let given = inputs::read(&args.inputs)?;
    let limits = loading::limits(&args.limits)?;
    let project = Project::of_file(global, &args.file)?;
    let mut compiled = project.compile_file(global, &args.file)?;
    let bound = loading::bind(&compiled.graph, given)?;
    project.keep_pins(&compiled.graph, args.locked)?;
    if args.journal == JournalLevel::Memory && loading::asks(&compiled.graph) {
        return Err(Fail::usage("the pipeline can come to wait for an answer, and nothing of the run would be kept until then")
            .help("use --journal relaxed"));
    }
    let services = services::given(&args.services, project.folder())?;
    let services = services::begin(&compiled.graph, services)?;
    let settings = Settings::new(&project, &compiled.graph, limits, services.given().clone());
    let notes = coldframe_lang::passes::simplify(&mut compiled.graph);
    if args.verbose {
        notes.iter().for_each(|note| output::note(&format!("{DIM}{note}{DIM:#}")));
    }
    let graph = Arc::new(compiled.graph);
    // What cannot be loaded is no run.
    let loaded = Loaded::new(global, &project, &graph, &services)?;
    let run_id = loading::new_run_id();
    let keeping = match args.journal {
        JournalLevel::Memory => Keeping::Memory(MemoryJournal::default()),
        JournalLevel::Relaxed | JournalLevel::Strict => {
            let strict = args.journal == JournalLevel::Strict;
            let level = if strict { Level::Strict } else { Level::Relaxed };
            Keeping::Disk(Store::open(&place::data_dir(global)?, level)?.create(NewRun {
                run_id: run_id.clone(),
                created_us: loading::now_us(),
                pipeline: graph.name.clone(),
                spec_sha256: graph.spec_sha256.to_string(),
                source_name: args.file.display().to_string(),
                spec: compiled.text,
                settings: settings.to_json(),
            })?)
        }
    };
    let limits = settings.limits;
    let past = Vec::new();
    let fresh = args.fresh;
    let start = Start { graph, inputs: bound, past, keeping, run_id, limits, fresh };
    let ended = loading::drive_run(global, &loaded, start);
    loaded.leave();
    ended
}
