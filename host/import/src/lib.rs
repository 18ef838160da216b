//! Pipelines of other systems, rewritten in the language of Coldframe.
//!
//! [`import`] reads one file of flujo or hexDAG and gives a pipeline, notes on everything that was
//! lost, guessed or renamed, each at its line of their file, and the skills that have to be written
//! because the file called Python. Nothing of theirs is ever run, opened or fetched.
//!
//! What has no translation stands in the pipeline as a name that nothing has, with the original in
//! a comment before it: the compiler stops there until somebody wrote what was meant.

mod document;
mod expr;
mod fields;
mod flujo;
mod hexdag;
mod names;
mod note;
mod out;
mod report;
mod values;
mod work;
mod yaml;

pub use note::{Note, Place, Severity, codes};
pub use yaml::read::{DEPTH_MAX, NODES_MAX, TEXT_BYTES_MAX};

/// Whose language a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Blueprints of flujo.
    Flujo,
    /// Documents of hexDAG.
    Hexdag,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The YAML of the pipeline. `None` where the file could not be read at all.
    pub pipeline: Option<String>,
    /// Further pipelines of the same file, which the first one calls or which stood beside it.
    pub others: Vec<OtherPipeline>,
    /// What to know of the translation, by place.
    pub notes: Vec<Note>,
    /// Skills that have to be written.
    pub scaffolds: Vec<Scaffold>,
    /// All of it as a text for people.
    pub report: String,
}

/// A pipeline that goes into a file of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherPipeline {
    /// Where it belongs, beside the first one: `./name.yml`.
    pub path: String,
    /// Its YAML.
    pub text: String,
}

/// An operation that somebody has to write, since the file had code in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scaffold {
    /// The skill: `imported/my-module`.
    pub skill: String,
    /// The operation of it.
    pub operation: String,
    /// What it was in their file.
    pub why: String,
    /// The lines of their file that call it, from 1.
    pub lines: Vec<usize>,
    /// The arguments it is called with, and the WIT type that each most likely has.
    pub inputs: Vec<(String, String)>,
    /// The code, where it stood in the file. For reading; it is not run.
    pub source: Option<String>,
}

/// The most values our compiler reads, and how deep it lets them be nested.
const OUT_NODES_MAX: usize = 50_000;
const OUT_DEPTH_MAX: usize = 64;

/// Translates one file. `name` is what it is called: notes are reported under it, and a pipeline
/// without a name gets it. The same text gives the same translation.
pub fn import(dialect: Dialect, name: &str, text: &str) -> Imported {
    let work = work::Work::default();
    let documents = yaml::read::read(text, &work.notes);
    let stem = document::stem(name);
    let maps = match (&documents, dialect) {
        (None, _) => Vec::new(),
        (Some(documents), _) if documents.is_empty() => {
            let place = Place { line: 1, column: 1, ..Place::default() };
            work.notes.error(
                codes::YAML,
                place,
                "the file is empty",
                "name a file with a pipeline",
            );
            Vec::new()
        }
        (Some(documents), Dialect::Flujo) => flujo::translate(documents, stem, &work)
            .map(|map| (String::new(), map))
            .into_iter()
            .collect(),
        (Some(documents), Dialect::Hexdag) => hexdag::translate(documents, stem, &work),
    };
    let mut texts = Vec::new();
    for (path, map) in maps {
        let map = out::Out::Map(map);
        let (nodes, depth) = map.size();
        let text = if let out::Out::Map(map) = &map { out::write(map) } else { String::new() };
        if nodes > OUT_NODES_MAX || depth > OUT_DEPTH_MAX || text.len() > TEXT_BYTES_MAX {
            let place = Place { line: 1, column: 1, ..Place::default() };
            let message = format!(
                "the translation has {nodes} values, nested {depth} deep, in {} bytes, expected at most {OUT_NODES_MAX}, {OUT_DEPTH_MAX} and {TEXT_BYTES_MAX}",
                text.len()
            );
            let help = "move parts into pipelines of their own";
            work.notes.error(codes::TOO_LARGE, place, message, help);
        }
        texts.push((path, text));
    }
    let (notes, scaffolds) = work.finish();
    let notes = notes.into_sorted();
    let report = report::report(name, &notes, &scaffolds);
    let mut texts = texts.into_iter();
    let pipeline = texts.next().map(|(_, text)| text);
    let others = texts.map(|(path, text)| OtherPipeline { path, text }).collect();
    Imported { pipeline, others, notes, scaffolds, report }
}
