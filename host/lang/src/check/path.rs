//! A path through typed values: which fields there are, and what may be missing on the way.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::shown::shown;
use crate::source::Span;
use crate::suggest;
use crate::template::Segment;
use crate::types::Ty;

/// The type at the end of a path that begins in a value of type `start`, called `root`.
/// With `guarded`, what is not there on the way is taken care of by the expression.
pub(super) fn walk(
    start: &Ty,
    root: &str,
    path: &[(Segment, Span)],
    guarded: bool,
) -> Result<Ty, Box<Diagnostic>> {
    let mut at = Reached::sure(start);
    for (index, (segment, span)) in path.iter().enumerate() {
        // Only problems need to know what the way so far is called.
        let written = || written(root, path, index);
        if let Ty::Option(inner) = at.ty {
            at = Reached { ty: inner, perhaps: true };
        }
        if at.perhaps && !guarded {
            return Err(Box::new(perhaps_null(&written(), segment, *span)));
        }
        at = step(at.ty, &written, segment, *span)?;
    }
    Ok(if at.perhaps { at.ty.clone().optional() } else { at.ty.clone() })
}

/// Where a path has come to.
struct Reached<'t> {
    ty: &'t Ty,
    /// Only in some cases is there a value.
    perhaps: bool,
}

impl<'t> Reached<'t> {
    fn sure(ty: &'t Ty) -> Self {
        Self { ty, perhaps: false }
    }

    fn perhaps(ty: &'t Ty) -> Self {
        Self { ty, perhaps: true }
    }
}

/// The first `count` segments of a path.
fn written(root: &str, path: &[(Segment, Span)], count: usize) -> String {
    path.iter().take(count).fold(root.to_owned(), |path, (segment, _)| match segment {
        Segment::Key(key) => format!("{path}.{}", shown(key)),
        Segment::Index(index) => format!("{path}[{index}]"),
    })
}

fn perhaps_null(written: &str, segment: &Segment, span: Span) -> Diagnostic {
    let what = match segment {
        Segment::Key(key) => format!("field `{}`", shown(key)),
        Segment::Index(index) => format!("item {index}"),
    };
    Diagnostic::new(
        &codes::OPTIONAL_VALUE,
        span,
        format!("`{written}` may be null, so it has no certain {what}"),
    )
    .help("say what to do then: `… | default('…', true)`")
}

fn step<'t>(
    at: &'t Ty,
    written: &dyn Fn() -> String,
    segment: &Segment,
    span: Span,
) -> Result<Reached<'t>, Box<Diagnostic>> {
    match (at, segment) {
        (Ty::Any, _) => Ok(Reached::sure(&Ty::Any)),
        (Ty::Object(object), Segment::Key(key)) => match object.fields.get(key) {
            Some(ty) => Ok(Reached::sure(ty)),
            None if object.open => Ok(Reached::sure(&Ty::Any)),
            None => Err(unknown(&written(), key, span, object.fields.keys().map(String::as_str))),
        },
        (Ty::Variant(cases), Segment::Key(key)) => match cases.get(key) {
            Some(Some(payload)) => Ok(Reached::perhaps(payload)),
            Some(None) => Err(none(&written(), "a case without a payload", segment, span)),
            None => Err(unknown(&written(), key, span, cases.keys().map(String::as_str))),
        },
        (Ty::Result(ok, error), Segment::Key(key)) => match key.as_str() {
            "ok" => Ok(Reached::perhaps(ok)),
            "error" => Ok(Reached::perhaps(error)),
            _ => Err(unknown(&written(), key, span, ["ok", "error"])),
        },
        (Ty::List(item), Segment::Index(_)) => Ok(Reached::sure(item)),
        (Ty::Tuple(items), Segment::Index(index)) => {
            items.get(*index).map(Reached::sure).ok_or_else(|| {
                let message =
                    format!("`{}` has {} items, and {index} counts from 0", written(), items.len());
                Box::new(
                    Diagnostic::new(&codes::UNKNOWN_FIELD, span, message)
                        .help("use a smaller index"),
                )
            })
        }
        (Ty::List(_) | Ty::Tuple(_), Segment::Key(_)) => {
            let written = written();
            let message = format!("`{written}` is a list, and lists have no fields");
            Err(Box::new(
                Diagnostic::new(&codes::UNKNOWN_FIELD, span, message).help(format!(
                    "take an item: `{written}[0]`, or a filter: `{written} | length`"
                )),
            ))
        }
        (other, _) => Err(none(&written(), &Article(other).to_string(), segment, span)),
    }
}

/// `a string`, `an integer`.
struct Article<'a>(&'a Ty);

impl std::fmt::Display for Article<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Ty::Object(_) => f.write_str("an object"),
            Ty::Int { .. } | Ty::F32 | Ty::F64 => f.write_str("a number"),
            Ty::Text(_) | Ty::Char | Ty::Bytes => f.write_str("a string"),
            Ty::Bool => f.write_str("a boolean"),
            Ty::Flags(_) => f.write_str("a list"),
            other => write!(f, "{other}"),
        }
    }
}

fn unknown<'a>(
    written: &str,
    key: &str,
    span: Span,
    fields: impl IntoIterator<Item = &'a str> + Clone,
) -> Box<Diagnostic> {
    let help = suggest::help(key, "it has", fields)
        .unwrap_or_else(|| "it has no fields at all".to_owned());
    let message = format!("`{written}` has no field `{}`", shown(key));
    Box::new(Diagnostic::new(&codes::UNKNOWN_FIELD, span, message).help(help))
}

fn none(written: &str, what: &str, segment: &Segment, span: Span) -> Box<Diagnostic> {
    let message = match segment {
        Segment::Key(key) => format!("`{written}` is {what}, and has no field `{}`", shown(key)),
        Segment::Index(index) => format!("`{written}` is {what}, and has no item {index}"),
    };
    Box::new(
        Diagnostic::new(&codes::UNKNOWN_FIELD, span, message)
            .help(format!("use `{written}` as a whole")),
    )
}
