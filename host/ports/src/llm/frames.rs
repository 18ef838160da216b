//! Where one message of a stream ends and the next begins: server-sent events, or lines of JSON.
//!
//! Our own and not a library's, because what is held of a message has to have a bound: the other
//! side may send a line that never ends.

/// The longest message, bytes.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// How messages are set apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// `text/event-stream`: `data:` lines up to an empty one.
    Events,
    /// A message in each line.
    Lines,
}

/// A message that is longer than any may be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// Takes bytes as they come and gives messages.
pub(super) struct Frames {
    framing: Framing,
    /// The line that has no end yet.
    line: Vec<u8>,
    /// Whether the last byte was a carriage return, whose line feed may follow.
    after_return: bool,
    /// `data:` lines of the event that has no end yet.
    data: Option<String>,
}

impl Frames {
    pub(super) fn new(framing: Framing) -> Self {
        Self { framing, line: Vec::new(), after_return: false, data: None }
    }

    /// The messages that end in these bytes, in their order.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        let mut found = Vec::new();
        for byte in bytes {
            let after_return = std::mem::replace(&mut self.after_return, *byte == b'\r');
            match byte {
                b'\n' if after_return => {}
                b'\n' | b'\r' => {
                    let line = std::mem::take(&mut self.line);
                    found.extend(self.line(&String::from_utf8_lossy(&line))?);
                }
                byte => {
                    if self.line.len() >= MESSAGE_BYTES_MAX {
                        return Err(TooLong);
                    }
                    self.line.push(*byte);
                }
            }
        }
        Ok(found)
    }

    /// What is left at the end. An event without the empty line behind it is none; a line is one.
    pub(super) fn end(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line).into_owned();
        (self.framing == Framing::Lines && !line.trim().is_empty()).then_some(line)
    }

    fn line(&mut self, line: &str) -> Result<Option<String>, TooLong> {
        if self.framing == Framing::Lines {
            return Ok((!line.trim().is_empty()).then(|| line.to_owned()));
        }
        if line.is_empty() {
            return Ok(self.data.take());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        if field == "data" {
            let value = value.strip_prefix(' ').unwrap_or(value);
            match &mut self.data {
                Some(data) => {
                    if data.len().saturating_add(value.len()) > MESSAGE_BYTES_MAX {
                        return Err(TooLong);
                    }
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            }
        }
        // A comment, or a field that says nothing a message does not say itself.
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages of a text, however it is cut.
    #[track_caller]
    fn check(framing: Framing, text: &str, expected: &[&str]) {
        for size in 1..=text.len().max(1) {
            let mut frames = Frames::new(framing);
            let mut found = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                found.extend(frames.take(piece).unwrap());
            }
            found.extend(frames.end());
            assert_eq!(found, expected, "{text:?} in pieces of {size}");
        }
    }

    #[test]
    fn events() {
        let check = |text, expected: &[&str]| check(Framing::Events, text, expected);
        check("data: a\n\ndata: b\n\n", &["a", "b"]);
        check("data:a\r\n\r\ndata:  b\r\n\r\n", &["a", " b"]);
        check("data: a\r\rdata: b\r\r", &["a", "b"]);
        check("event: x\nid: 1\ndata: a\n\n: comment\n\ndata: é\n\n", &["a", "é"]);
        check("data: a\ndata: b\n\n", &["a\nb"]);
        check("data\n\n", &[""]);
        check("data: cut off", &[]);
        check("data: cut off\n", &[]);
        check("\n\n\n", &[]);
    }

    #[test]
    fn lines() {
        let check = |text, expected: &[&str]| check(Framing::Lines, text, expected);
        check("{}\n[]\n", &["{}", "[]"]);
        check("{}\r\n\r\n[]", &["{}", "[]"]);
        check("", &[]);
    }

    #[test]
    fn nothing_is_held_without_end() {
        for framing in [Framing::Events, Framing::Lines] {
            let mut frames = Frames::new(framing);
            let found = (0..2000).find_map(|_| frames.take(&[b'x'; 1024]).err());
            assert_eq!(found, Some(TooLong));
        }
        let mut frames = Frames::new(Framing::Events);
        let line = format!("data: {}\n", "x".repeat(1000));
        let found = (0..2000).find_map(|_| frames.take(line.as_bytes()).err());
        assert_eq!(found, Some(TooLong));
    }
}
