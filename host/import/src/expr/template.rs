//! Texts with `{{ }}` of theirs to texts with holes of ours.

use super::Names;
use super::python::translate;

/// How deep blocks may be nested in each other.
const BLOCKS_MAX: usize = 16;

/// What stands in a template.
enum Piece<'a> {
    Text(&'a str),
    /// A literal that would begin a hole.
    Escaped(&'a str),
    Hole(&'a str),
}

/// The translation of a template, or what has none. `blocks`: whether `{{#if}}` and `{{#each}}` are
/// part of the language.
pub(crate) fn translate_template(
    text: &str,
    names: &dyn Names,
    blocks: bool,
) -> Result<String, (String, String)> {
    let pieces = split(text, blocks);
    let has_blocks = pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Hole(hole) if hole.starts_with(['#', '/'])));
    if has_blocks && blocks {
        let mut at = 0;
        let parts = sequence(&pieces, &mut at, names, 0).map_err(|why| (text.to_owned(), why))?;
        let mut out = String::new();
        for (is_text, part) in &parts {
            match is_text {
                true => out.push_str(&escape(part)),
                false => push_hole(&mut out, part),
            }
        }
        return Ok(out);
    }
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(&escape(text)),
            Piece::Escaped(mark) => push_hole(&mut out, &format!("'{mark}'")),
            Piece::Hole(hole) => {
                let found =
                    translate(hole, names).map_err(|why| (format!("{{{{ {hole} }}}}"), why))?;
                push_hole(&mut out, &found);
            }
        }
    }
    Ok(out)
}

/// Adds a hole. A brace right before it would be taken for its first one.
fn push_hole(out: &mut String, expr: &str) {
    if out.ends_with('{') {
        out.pop();
        out.push_str("{{ '{' }}");
    }
    out.push_str(&format!("{{{{ {expr} }}}}"));
}

/// Their text, in which `{%` and `{#` mean nothing, as ours.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest
        .match_indices('{')
        .map(|(at, _)| at)
        .find(|at| matches!(rest.as_bytes().get(at + 1), Some(b'{' | b'%' | b'#')))
    {
        let (before, from) = rest.split_at(at);
        let (mark, behind) = from.split_at(2);
        out.push_str(before);
        out.push_str(&format!("{{{{ '{mark}' }}}}"));
        rest = behind;
    }
    out.push_str(rest);
    out
}

fn split(text: &str, escapes: bool) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    // Where no hole ends any more, none is looked for again.
    let mut open = true;
    while open && let Some(at) = rest.find("{{") {
        let (before, from) = rest.split_at(at);
        if escapes && let Some(before) = before.strip_suffix('\\') {
            pieces.push(Piece::Text(before));
            pieces.push(Piece::Escaped("{{"));
            rest = from.get(2..).unwrap_or_default();
            continue;
        }
        let inner = from.get(2..).unwrap_or_default();
        let Some(end) = inner.find("}}") else {
            open = false;
            continue;
        };
        pieces.push(Piece::Text(before));
        pieces.push(Piece::Hole(inner.get(..end).unwrap_or_default().trim()));
        rest = inner.get(end + 2..).unwrap_or_default();
    }
    pieces.push(Piece::Text(rest));
    pieces.retain(|piece| !matches!(piece, Piece::Text("")));
    pieces
}

/// Pieces up to the end of a block, each a text or an expression.
fn sequence(
    pieces: &[Piece<'_>],
    at: &mut usize,
    names: &dyn Names,
    depth: usize,
) -> Result<Vec<(bool, String)>, String> {
    let mut parts = Vec::new();
    if depth > BLOCKS_MAX {
        return Err(format!("its blocks are nested more than {BLOCKS_MAX} deep"));
    }
    while let Some(piece) = pieces.get(*at) {
        *at += 1;
        match piece {
            Piece::Text(text) => parts.push((true, (*text).to_owned())),
            Piece::Escaped(mark) => parts.push((true, (*mark).to_owned())),
            Piece::Hole(hole) => {
                if let Some(condition) = hole.strip_prefix("#if ") {
                    let condition = translate(condition, names)?;
                    let inner = sequence(pieces, at, names, depth + 1)?;
                    parts.push((
                        false,
                        bounded(format!("{} if {condition} else ''", joined(&inner)?))?,
                    ));
                } else if let Some(list) = hole.strip_prefix("#each ") {
                    let list = translate(list, names)?;
                    parts.push((false, bounded(each(&list, pieces, at)?)?));
                } else if hole.starts_with('/') && depth > 0 {
                    return Ok(parts);
                } else if hole.starts_with(['#', '/']) {
                    return Err(format!("there is no block `{hole}`"));
                } else {
                    parts.push((false, translate(hole, names)?));
                }
            }
        }
    }
    if depth > 0 { Err("a block in it does not end".to_owned()) } else { Ok(parts) }
}

fn bounded(text: String) -> Result<String, String> {
    if text.len() > coldframe_lang::expr::EXPR_BYTES_MAX {
        return Err("its translation is too long for one expression".to_owned());
    }
    Ok(text)
}

/// Parts as one expression: `('text' ~ expr)`.
fn joined(parts: &[(bool, String)]) -> Result<String, String> {
    let texts: Vec<String> = parts
        .iter()
        .map(|(is_text, part)| {
            if *is_text {
                let quoted = part.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n");
                format!("'{quoted}'")
            } else {
                format!("({part})")
            }
        })
        .collect();
    match texts.as_slice() {
        [] => Ok("''".to_owned()),
        [one] => Ok(one.clone()),
        many => bounded(format!("({})", many.join(" ~ "))),
    }
}

/// `{{#each xs}}{{ this.name }}, {{/each}}`: one value of every item, with one text between them.
fn each(list: &str, pieces: &[Piece<'_>], at: &mut usize) -> Result<String, String> {
    let why = "a repetition has a counterpart only where it writes `{{ this }}` or `{{ this.field }}`; render it with `std/expr#render`";
    let (before, hole, behind) = match pieces.get(*at..).unwrap_or_default() {
        [Piece::Hole(hole), Piece::Hole("/each"), ..] => ("", *hole, ""),
        [Piece::Hole(hole), Piece::Text(behind), Piece::Hole("/each"), ..] => ("", *hole, *behind),
        [Piece::Text(before), Piece::Hole(hole), Piece::Hole("/each"), ..] => (*before, *hole, ""),
        _ => return Err(why.to_owned()),
    };
    *at += if before.is_empty() && behind.is_empty() { 2 } else { 3 };
    let field = match hole.strip_prefix("this") {
        Some("") => None,
        Some(field) => Some(
            field
                .strip_prefix('.')
                .filter(|field| field.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
                .ok_or_else(|| why.to_owned())?,
        ),
        None => return Err(why.to_owned()),
    };
    let values = field.map_or_else(
        || format!("({list})"),
        |field| format!("({list}) | map(attribute='{field}')"),
    );
    let quote = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n");
    let whole = format!("{values} | join('{}')", quote(&format!("{behind}{before}")));
    // Without items there is nothing around them either.
    Ok(match (before, behind) {
        ("", "") => whole,
        ("", behind) => format!("({whole}) ~ '{}' if ({list}) else ''", quote(behind)),
        (before, _) => format!("'{}' ~ ({whole}) if ({list}) else ''", quote(before)),
    })
}
