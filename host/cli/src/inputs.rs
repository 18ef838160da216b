//! Inputs as they are typed: `name=value`, `name=@file`, or one JSON object.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::args::InputArgs;
use crate::exit::Fail;

/// The largest file or text taken as input, bytes.
pub(crate) const INPUT_BYTES_MAX: u64 = 16 << 20;

/// What was given, before anybody knows the types.
#[derive(Debug, Default)]
pub(crate) struct Given {
    /// Whole values, from JSON.
    pub(crate) values: BTreeMap<String, Value>,
    /// Texts, to be read by the type of the input they are for.
    pub(crate) texts: BTreeMap<String, String>,
}

/// Reads the flags, and the files they name.
pub(crate) fn read(args: &InputArgs) -> Result<Given, Fail> {
    let mut given = Given::default();
    if let Some(text) = &args.input_json {
        let text = match text.strip_prefix('@') {
            Some(path) => read_text(Path::new(path))?,
            None => text.clone(),
        };
        match serde_json::from_str(&text) {
            Ok(Value::Object(map)) => given.values.extend(map),
            Ok(_) => return Err(Fail::usage("`--input-json` is not an object")),
            Err(error) => return Err(Fail::usage(format!("`--input-json` is not JSON: {error}"))),
        }
    }
    for pair in &args.input {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(Fail::usage(format!("`--input {pair}` has no `=`"))
                .help("write --input name=value, or --input name=@file"));
        };
        let text = match value.strip_prefix('@') {
            Some(path) => read_text(Path::new(path))?,
            None => value.to_owned(),
        };
        if given.values.contains_key(name) || given.texts.insert(name.to_owned(), text).is_some() {
            return Err(Fail::usage(format!("input `{name}` is given twice")));
        }
    }
    Ok(given)
}

/// Reads a text file, bounded.
pub(crate) fn read_text(path: &Path) -> Result<String, Fail> {
    let bytes = read_bytes(path, INPUT_BYTES_MAX)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Fail::usage(format!("`{}` is not UTF-8 text: byte {at} is not", path.display()))
    })
}

/// Reads a file of at most `max` bytes. `-` is standard input.
pub(crate) fn read_bytes(path: &Path, max: u64) -> Result<Vec<u8>, Fail> {
    use std::io::Read as _;
    let failed = |error: std::io::Error| {
        Fail::usage(format!("failed to read `{}`: {error}", path.display()))
    };
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        std::io::stdin().lock().take(max + 1).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        let file = std::fs::File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_dir() {
            return Err(Fail::usage(format!("`{}` is a folder, expected a file", path.display())));
        }
        file.take(max + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    if bytes.len() as u64 > max {
        return Err(Fail::usage(format!("`{}` has more than {max} bytes", path.display())));
    }
    Ok(bytes)
}
