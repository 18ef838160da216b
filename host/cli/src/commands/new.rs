//! `coldframe new NAME`: starts a pipeline from a template.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::args::Global;
use crate::exit::Fail;
use crate::output::{self, Format};

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The pipeline's name: lower-case words with `-` between them
    name: String,
    /// What to start from
    #[arg(long, short, value_enum, default_value_t = Template::Hello)]
    template: Template,
}

/// The templates. Each is a pipeline with tests that pass as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Template {
    /// One call of a skill
    Hello,
    /// The same for every item of a list
    Each,
    /// A request over HTTP, with the right to make it
    Fetch,
    /// A person decides
    Review,
}

impl Template {
    fn text(self) -> &'static str {
        match self {
            Self::Hello => include_str!("../templates/hello.yml"),
            Self::Each => include_str!("../templates/each.yml"),
            Self::Fetch => include_str!("../templates/fetch.yml"),
            Self::Review => include_str!("../templates/review.yml"),
        }
    }
}

pub(crate) fn run(global: &Global, args: &NewArgs) -> Result<(), Fail> {
    let name = &args.name;
    let good = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 64
        && name.chars().all(|c| c == '-' || c.is_ascii_lowercase() || c.is_ascii_digit());
    if !good {
        return Err(Fail::usage(format!("`{name}` is not a name for a pipeline"))
            .help("begin with a lower-case letter, then letters, digits and `-`"));
    }
    let path = PathBuf::from(format!("{name}.yml"));
    let text = args.template.text().replace("NAME", name);
    let mut file = std::fs::File::create_new(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Fail::usage(format!("`{}` is there already", path.display()))
                .help("choose another name, or remove the file first")
        }
        _ => Fail::usage(format!("failed to write `{}`: {error}", path.display())),
    })?;
    std::io::Write::write_all(&mut file, text.as_bytes())
        .map_err(|error| Fail::usage(format!("failed to write `{}`: {error}", path.display())))?;
    match global.format() {
        Format::Json => output::json(&json!({ "file": path.display().to_string() })),
        Format::Text => {
            output::result(&format!("wrote {}", path.display()));
            global.tell(&format!("next: `coldframe test {}`", path.display()));
        }
    }
    Ok(())
}
