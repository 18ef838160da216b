//! What a worker and its parent say to each other: a letter, a length, that many bytes.

use std::io::{self, Read, Write};

use coldframe_journal::ErrorKind;
use serde::{Deserialize, Serialize};

use crate::loader::LoadError;

/// From the worker, first of all: which walls stand, as JSON.
pub(super) const WALLS: u8 = b'W';
/// To the worker: a component.
pub(super) const COMPONENT: u8 = b'B';
/// From the worker: native code.
pub(super) const CODE: u8 = b'C';
/// From the worker: a [`Refusal`] as JSON.
pub(super) const REFUSAL: u8 = b'E';
/// From the worker that tries a wall: what happened, a line of text.
pub(super) const DID: u8 = b'T';

/// Why there is no native code.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refusal {
    kind: ErrorKind,
    message: String,
}

impl From<LoadError> for Refusal {
    fn from(error: LoadError) -> Self {
        Self { kind: error.kind, message: error.message }
    }
}

impl From<Refusal> for LoadError {
    fn from(refusal: Refusal) -> Self {
        // The other side may say anything: it handled a stranger's bytes.
        Self::new(refusal.kind, crate::sanitize::line(&refusal.message, 500))
    }
}

pub(super) fn write(out: &mut impl Write, letter: u8, payload: &[u8]) -> io::Result<()> {
    out.write_all(&[letter])?;
    out.write_all(&(payload.len() as u64).to_le_bytes())?;
    out.write_all(payload)?;
    out.flush()
}

/// The next message. One longer than `bytes_max` is an error before any of it is read.
pub(super) fn read(from: &mut impl Read, bytes_max: u64) -> io::Result<(u8, Vec<u8>)> {
    let mut letter = [0];
    from.read_exact(&mut letter)?;
    let mut length = [0; 8];
    from.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > bytes_max {
        return Err(io::Error::other(format!("a message of {length} bytes")));
    }
    let mut payload = Vec::new();
    from.take(length).read_to_end(&mut payload)?;
    if payload.len() as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let [letter] = letter;
    Ok((letter, payload))
}
