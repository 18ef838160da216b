//! Which document of a text a patch is for.

use super::PatchError;
use crate::shown::shown;
use crate::suggest;
use crate::yaml::parts::Part;

/// The index of the document that is meant: the only pipeline, or the one of this name.
pub(super) fn choose(parts: &[Part], wanted: Option<&str>) -> Result<usize, PatchError> {
    let titles: Vec<String> = parts.iter().map(title).collect();
    let listed = || suggest::listed(titles.iter().map(String::as_str)).unwrap_or_default();
    let found: Vec<usize> = match wanted {
        None if parts.len() == 1 => vec![0],
        None => indexes(parts, Part::is_pipeline),
        Some(wanted) => {
            let own = titles.iter().zip(parts).enumerate();
            own.filter(|(_, (title, part))| part.name() == Some(wanted) || *title == wanted)
                .map(|(index, _)| index)
                .collect()
        }
    };
    match (found.as_slice(), wanted) {
        ([only], _) => Ok(*only),
        ([], Some(wanted)) => {
            let names = titles.iter().map(String::as_str);
            Err(PatchError::of_patch(format!("there is no document `{}`", shown(wanted)))
                .maybe_help(suggest::help(wanted, "the documents are", names)))
        }
        ([], None) => Err(PatchError::of_patch("the file has no pipeline")
            .help(format!("say which document is meant: {}", listed()))),
        (several, None) => {
            let message = format!("the file has {} pipelines, expected one", several.len());
            Err(PatchError::of_patch(message)
                .help(format!("say which document is meant: {}", listed())))
        }
        (several, Some(wanted)) => {
            let count = several.len();
            let message = format!("{count} documents are called `{}`", shown(wanted));
            Err(PatchError::of_patch(message)
                .help(format!("say of which kind it is: {}", listed())))
        }
    }
}

fn indexes(parts: &[Part], which: impl Fn(&Part) -> bool) -> Vec<usize> {
    let found = parts.iter().enumerate().filter(|(_, part)| which(part));
    found.map(|(index, _)| index).collect()
}

/// `Policy/patient`
fn title(part: &Part) -> String {
    format!("{}/{}", part.kind().unwrap_or("?"), part.name().unwrap_or("?"))
}
