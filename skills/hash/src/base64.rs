//! Base64 of texts: strict in what it writes, lenient in white space and padding when it reads.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// `text` in base64, padded.
pub fn encode(text: &str) -> String {
    ENGINE.encode(text)
}

/// The text behind `text`, or why there is none.
pub fn decode(text: &str) -> Result<String, String> {
    let packed: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = ENGINE.decode(packed).map_err(|error| format!("not base64: {error}"))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("the decoded bytes are not UTF-8 text, from byte {at} on")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_writes() {
        for text in ["", "a", "ab", "abc", "grüß dich"] {
            assert_eq!(decode(&encode(text)).as_deref(), Ok(text));
        }
        assert_eq!(encode("ab"), "YWI=");
    }

    #[test]
    fn ignores_line_breaks_and_missing_padding() {
        assert_eq!(decode("aGVs\r\nbG8").as_deref(), Ok("hello"));
    }

    #[test]
    fn says_why_it_cannot_decode() {
        assert_eq!(decode("a*b").unwrap_err(), "not base64: Invalid symbol 42, offset 1.");
        assert_eq!(
            decode("YWL/").unwrap_err(),
            "the decoded bytes are not UTF-8 text, from byte 2 on"
        );
    }
}
