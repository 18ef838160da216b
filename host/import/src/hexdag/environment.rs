//! `${VAR}` and `${VAR:default}`: values out of the environment become inputs.

use coldframe_lang::shown::shown;

use crate::note::{Place, codes};
use crate::out::{Map, Out};
use crate::work::Work;

/// A text in which every `${…}` is read by name: in a hole where the text is a template, bare where
/// it is an expression. The names are resolved by [`resolve`].
pub(crate) fn replaced(text: &str, template: bool, place: Place, work: &Work) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("${") {
        let Some((inner, behind)) = from.split_once('}') else { break };
        let (name, default) = match inner.split_once(':') {
            Some((name, default)) => (name, Some(default)),
            None => (inner, None),
        };
        out.push_str(before);
        rest = behind;
        let good = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !good {
            out.push_str(&format!("${{{inner}}}"));
            continue;
        }
        let read = if is_secret(name) {
            format!("$secret_{name}")
        } else {
            declare(name, default, place, work);
            format!("$env_{name}")
        };
        out.push_str(&if template { format!("{{{{{read}}}}}") } else { read });
    }
    out.push_str(rest);
    out
}

fn declare(name: &str, default: Option<&str>, place: Place, work: &Work) {
    let message = format!("`${{{}}}` of the environment became an input", shown(name));
    work.notes.warning(codes::ENVIRONMENT, place, message, "hand it in with `--input`");
    let mut schema = Map::default().with("type", "string");
    schema.put_some("default", default);
    work.input(&name.to_lowercase(), || Out::Map(schema), place);
}

/// What a name means that [`replaced`] wrote.
pub(super) fn resolve(
    name: &str,
    place: Place,
    work: &Work,
) -> Option<Result<(String, usize), String>> {
    if let Some(secret) = name.strip_prefix("$secret_") {
        return Some(Err(format!(
            "`${{{}}}` is a secret, and secrets are no values of a pipeline; let the skill that needs it ask the host",
            shown(secret)
        )));
    }
    let variable = name.strip_prefix("$env_")?;
    Some(Ok((
        work.input(
            &variable.to_lowercase(),
            || Map::default().with("type", "string").into(),
            place,
        ),
        0,
    )))
}

/// A setting that has to be known while compiling: the default stands for the variable.
pub(super) fn constant(text: &str, place: Place, work: &Work) -> String {
    let whole = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let Some((name, default)) = whole.and_then(|inner| inner.split_once(':')) else {
        return text.to_owned();
    };
    let message = format!("`{}` is fixed to its default, `{}`", shown(name), shown(default));
    work.notes.warning(codes::ENVIRONMENT, place, message, "write the value that is meant");
    default.to_owned()
}

/// Names that hexDAG itself keeps back.
fn is_secret(name: &str) -> bool {
    name.starts_with("SECRET_")
        || ["_API_KEY", "_SECRET", "_TOKEN", "_PASSWORD", "_CREDENTIAL"]
            .iter()
            .any(|end| name.ends_with(end))
}
