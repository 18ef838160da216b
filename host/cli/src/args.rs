//! The command line as it is typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use coldframe_lang::limits::{Limit, Profile};

use crate::exit::HELP;
use crate::output::{self, Format};

/// Runs workflows made of code you don't trust.
#[derive(Debug, Parser)]
#[command(
    name = "coldframe",
    version,
    about = "Runs workflows made of code you don't trust",
    after_help = HELP,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags every command has.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Where runs, compiled code and trusted registry state are kept
    #[arg(
        long,
        global = true,
        env = "COLDFRAME_DATA_DIR",
        hide_env_values = true,
        value_name = "DIR"
    )]
    pub(crate) data_dir: Option<PathBuf>,
    /// A registry directory to use besides the built-in one; may be repeated
    #[arg(
        long,
        global = true,
        env = "COLDFRAME_REGISTRY",
        hide_env_values = true,
        value_name = "DIR",
        value_delimiter = ':'
    )]
    pub(crate) registry: Vec<PathBuf>,
    /// Where components run: in a process that has nothing, in this one, or, as they are signed or
    /// not, in the one or the other
    #[arg(long, global = true, env = "COLDFRAME_ISOLATION", value_enum, hide_possible_values = true,
        value_name = "auto|process|in-process", default_value_t = IsolationArg::Auto,
        hide_default_value = true)]
    pub(crate) isolation: IsolationArg,
    /// Start nothing unless these walls stand; without names, all of them. `coldframe doctor` shows
    /// which do
    #[arg(
        long,
        global = true,
        env = "COLDFRAME_REQUIRE_WALLS",
        value_name = "WALL,…",
        value_delimiter = ',',
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "all"
    )]
    pub(crate) require_walls: Option<Vec<WallArg>>,
    /// Seconds of one core that compiling one component may take
    #[arg(long, global = true, env = "COLDFRAME_COMPILE_SECONDS", value_name = "N",
        default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600),
        hide_default_value = true)]
    pub(crate) compile_seconds: u64,
    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t = FormatArg::Text)]
    pub(crate) format: FormatArg,
    /// Print results only
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

/// What can stand behind `--isolation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum IsolationArg {
    /// In a process of their own as soon as one of them is not from a registry
    Auto,
    /// In a process of their own
    Process,
    /// In this process
    InProcess,
}

/// What can stand behind `--require-walls`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WallArg {
    /// Every one of those below
    All,
    /// Components are compiled in processes of their own
    Worker,
    /// Those that no registry vouches for run in one that has nothing
    Executor,
    /// The memory, time and files of those that compile are bounded by the kernel
    Rlimits,
    /// Neither they nor coldframe write their memory to a file
    CoreDumps,
    /// They reach no file and no port
    Landlock,
    /// They die of any system call they have no use for
    Seccomp,
}

/// What can stand behind `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// For people
    Text,
    /// For programs
    Json,
    /// Only of `coldframe check` and `lint`: SARIF 2.1.0, for code hosts and editors
    #[value(hide = true)]
    Sarif,
    /// Only of `coldframe graph`: a drawing as Mermaid text
    #[value(hide = true)]
    Mermaid,
    /// Only of `coldframe graph`: a drawing for Graphviz
    #[value(hide = true)]
    Dot,
    /// Only of `coldframe graph`: a drawing as SVG
    #[value(hide = true)]
    Svg,
}

impl Global {
    /// Says on the way what was done, and what comes next.
    pub(crate) fn tell(&self, text: &str) {
        if !self.quiet {
            output::note(text);
        }
    }

    /// How results are printed.
    pub(crate) fn format(&self) -> Format {
        match self.format {
            FormatArg::Json => Format::Json,
            FormatArg::Text
            | FormatArg::Sarif
            | FormatArg::Mermaid
            | FormatArg::Dot
            | FormatArg::Svg => Format::Text,
        }
    }

    /// Whether problems are asked for as SARIF.
    pub(crate) fn is_sarif(&self) -> bool {
        self.format == FormatArg::Sarif
    }

    /// Whether a drawing is asked for.
    pub(crate) fn is_drawing(&self) -> bool {
        matches!(self.format, FormatArg::Mermaid | FormatArg::Dot | FormatArg::Svg)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a pipeline from a template
    New(crate::commands::new::NewArgs),
    /// Run a pipeline
    Run(crate::commands::run::RunArgs),
    /// Check pipelines without running anything
    #[command(alias = "validate")]
    Check(crate::commands::check::CheckArgs),
    /// Run the tests that pipelines bring along
    Test(crate::commands::test::TestArgs),
    /// Write pipelines in their one form
    Fmt(crate::commands::fmt::FmtArgs),
    /// Say what compiles and probably does not mean what it says
    Lint(crate::commands::lint::LintArgs),
    /// Say what changed between two versions of a pipeline
    Diff(crate::commands::diff::DiffArgs),
    /// Apply a JSON Patch to a pipeline and keep its comments
    Patch(crate::commands::patch::PatchArgs),
    /// Turn a pipeline of another system into one of ours
    Import(crate::commands::import::ImportArgs),
    /// Print what a pipeline can do and cost at most, without running anything
    Plan(crate::commands::plan::PlanArgs),
    /// Print what a skill asks for, or what each step of a pipeline can reach
    Caps(crate::commands::caps::CapsArgs),
    /// Call one operation of a skill or of a component file
    Call(crate::commands::call::CallArgs),
    /// Draw a pipeline's graph as Mermaid, Graphviz or SVG
    Graph(crate::commands::graph::GraphArgs),
    /// Show, resume and replay runs
    #[command(subcommand)]
    Runs(crate::commands::runs::RunsCommand),
    /// Write one call of a run into a file, and run it again anywhere
    #[command(subcommand)]
    Receipt(crate::commands::receipt::ReceiptCommand),
    /// Search the registries for skills and pipelines
    Search(crate::commands::search::SearchArgs),
    /// Make, build, check and publish skills
    #[command(subcommand)]
    Skill(crate::commands::skill::SkillCommand),
    /// Make registries, publish pipelines, show what is in them
    #[command(subcommand)]
    Registry(crate::commands::registry::RegistryCommand),
    /// Move the pins of `coldframe.lock` to the newest versions that will do
    Update(crate::commands::update::UpdateArgs),
    /// Explain a field such as `step.retry`, or a diagnostic code
    Explain(crate::commands::explain::ExplainArgs),
    /// Print the JSON Schema of a kind of document, for editors
    Schema(crate::commands::schema::SchemaArgs),
    /// Print what protects this machine and what is there
    Doctor(crate::commands::doctor::DoctorArgs),
    /// Print a completion script
    Completions(crate::commands::completions::CompletionsArgs),
}

/// Values for inputs or parameters.
#[derive(Debug, Args, Default)]
pub(crate) struct InputArgs {
    /// One input: `name=value`, or `name=@file` for a file's content; may be repeated
    #[arg(long, short, value_name = "NAME=VALUE")]
    pub(crate) input: Vec<String>,
    /// All inputs as one JSON object, or `@file` with one
    #[arg(long, value_name = "JSON|@FILE")]
    pub(crate) input_json: Option<String>,
}

/// Bounds given on the command line. They tighten what a pipeline says.
#[derive(Debug, Args, Default)]
pub(crate) struct LimitArgs {
    #[arg(long, value_name = "NAME=VALUE", help = limit_help(), long_help = limit_long_help())]
    pub(crate) limit: Vec<String>,
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
}

/// Which defaults apply.
#[derive(Debug, Clone, Copy, Args, Default)]
pub(crate) struct ProfileArgs {
    /// The defaults where nobody says anything: for code of strangers, or code you trust
    #[arg(long, value_enum, value_name = "COLUMN", default_value_t = Limits::Strict)]
    pub(crate) limits: Limits,
}

/// A column of the table of limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Limits {
    /// For code of strangers, and of models
    #[default]
    Strict,
    /// For code that you have reason to trust
    Trusted,
}

impl From<ProfileArgs> for Profile {
    fn from(args: ProfileArgs) -> Self {
        match args.limits {
            Limits::Strict => Self::Strict,
            Limits::Trusted => Self::Trusted,
        }
    }
}

fn limit_help() -> &'static str {
    "A bound: fuel=5e6, wall=3s, memory=64MiB, ...; may be repeated; `--help` lists them all"
}

/// A line for every row of the table.
fn limit_long_help() -> String {
    let mut text =
        "A bound, such as fuel=5e6; may be repeated. Nothing in the file goes above it. \
                    With their defaults, strict and trusted:"
            .to_owned();
    for limit in Limit::ALL {
        let row = limit.row();
        let (strict, trusted) = (row.strict.text, row.trusted.text);
        text += &format!("\n  {:<18} {strict:>8} {trusted:>8}  ({})", row.name, row.scope.name());
    }
    text
}

/// How durable a run's journal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum JournalLevel {
    /// Nothing is kept: the run can be neither shown nor resumed
    Memory,
    /// Survives the process, not a power cut
    Relaxed,
    /// Survives a power cut
    Strict,
}
