//! What one call heard from outside: enough to run it again where there is no outside.
//!
//! A guest is a function of its input and of what its host functions answer. Whatever of that does
//! not follow from the input (times, random bytes, what was ready first, answers of services, HTTP)
//! is on its tape, as the guest saw it: secrets are placeholders there.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use coldframe_format::Digest;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::ports::HttpFailure;
use crate::services::{Answer, ServiceError};

/// The version of the format. A reader refuses every other.
pub const TAPE_VERSION: u32 = 1;

/// All that one call heard. Empty for a call that asked nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tape {
    /// [`TAPE_VERSION`].
    pub version: u32,
    /// In the order in which the guest heard it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub heard: Vec<Heard>,
    /// Requests over HTTP, in the order in which the guest sent them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub exchanges: Vec<Exchange>,
}

/// One thing that was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Heard {
    /// The same number, so many times in a row.
    Number {
        /// Of what.
        of: Observed,
        /// The number.
        value: u64,
        /// How many times, from 1.
        times: u64,
    },
    /// Which of the things that were waited for came first.
    Polled(Vec<u32>),
    /// Random bytes.
    Random(Bytes),
    /// What a service said.
    Answer {
        /// Digest of the question.
        asked: Digest,
        /// What came back.
        answer: Result<Answer, ServiceError>,
    },
}

/// What a number is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Observed {
    /// The time of day, milliseconds since 1970.
    WallMs,
    /// The monotonic clock, milliseconds since the guest first asked.
    MonotonicMs,
    /// Whole seconds since the call began, for the rate of log lines.
    LogSeconds,
    /// Whether something was ready: 1, or 0.
    Ready,
    /// Whether a read that does not wait found something: 1, or 0.
    Readable,
    /// Bytes a stream would take.
    Room,
}

/// One request and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// Digest of method, address and headers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub asked: Option<Digest>,
    /// Bytes of the request's body that were sent before the head of the response came.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub sent: u64,
    /// The head of the response, or why there is none. Nothing where the call was over first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub head: Option<Result<ResponseHead, HttpFailure>>,
    /// The body as the guest read it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub pieces: Vec<Bytes>,
    /// How the body ended. Nothing where the guest did not read so far.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub end: Option<Result<(), HttpFailure>>,
}

/// The head of a response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponseHead {
    /// The status code.
    pub status: u16,
    /// Name and value, in the server's order.
    pub headers: Vec<(String, Bytes)>,
}

/// Bytes; base64 in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64_STANDARD.decode(text).map(Self).map_err(de::Error::custom)
    }
}

/// What became of the recording of a call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Recording {
    /// There was nothing to record: the call follows from its input.
    #[default]
    Nothing,
    /// Everything it heard.
    Whole(Box<Tape>),
    /// It heard more than is kept, so that it cannot be run again.
    TooLarge,
}

impl Tape {
    /// The tape of a call that heard nothing.
    pub fn empty() -> Self {
        Self { version: TAPE_VERSION, heard: Vec::new(), exchanges: Vec::new() }
    }

    /// As it is kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Strings, numbers and lists of them: there is nothing that can fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`Tape::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let tape: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if tape.version != TAPE_VERSION {
            return Err(format!("its version is {}, this one reads {TAPE_VERSION}", tape.version));
        }
        Ok(tape)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(bytes: &u64) -> bool {
    *bytes == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::HttpCause;

    #[test]
    fn what_is_kept_reads_back() {
        let failure = HttpFailure::new(HttpCause::Timeout, "too slow");
        let tape = Tape {
            version: TAPE_VERSION,
            heard: vec![
                Heard::Number { of: Observed::WallMs, value: u64::MAX, times: 2 },
                Heard::Polled(vec![1, 0]),
                Heard::Random(Bytes(vec![0, 255])),
                Heard::Answer {
                    asked: Digest::of(b"?"),
                    answer: Ok(Answer::Secret("placeholder".into())),
                },
            ],
            exchanges: vec![Exchange {
                asked: None,
                sent: 3,
                head: Some(Ok(ResponseHead { status: 200, headers: Vec::new() })),
                pieces: vec![Bytes(b"a".to_vec())],
                end: Some(Err(failure)),
            }],
        };
        assert_eq!(Tape::from_bytes(&tape.to_bytes()), Ok(tape.clone()));
        let newer = Tape { version: 2, ..tape };
        assert!(Tape::from_bytes(&newer.to_bytes()).unwrap_err().contains("version is 2"));
    }
}
