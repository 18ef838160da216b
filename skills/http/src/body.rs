//! The body of a response, which arrives in parts.

/// The longest body, bytes.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// What has arrived so far.
#[derive(Debug, Default)]
pub struct Body(Vec<u8>);

impl Body {
    /// Adds a part. Fails once there is more than fits.
    pub fn push(&mut self, part: &[u8]) -> Result<(), String> {
        if self.0.len() + part.len() > BODY_BYTES_MAX {
            return Err(format!("the body of the response is longer than {BODY_BYTES_MAX} bytes"));
        }
        self.0.extend_from_slice(part);
        Ok(())
    }

    /// The body as a text.
    pub fn text(self) -> Result<String, String> {
        String::from_utf8(self.0).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            format!("the body of the response is not UTF-8 from byte {at} on")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(parts: &[&[u8]], expected: Result<&str, &str>) {
        let mut body = Body::default();
        let found = parts.iter().try_for_each(|part| body.push(part)).and_then(|()| body.text());
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn characters_may_arrive_in_two_parts() {
        check(&[], Ok(""));
        check(&[b"gr\xc3", b"\xbc\xc3\x9f", b""], Ok("grüß"));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        check(&[b"ab", b"\xff"], Err("the body of the response is not UTF-8 from byte 2 on"));
    }

    #[test]
    fn the_limit_is_exact() {
        let full = "a".repeat(BODY_BYTES_MAX);
        check(&[full.as_bytes()], Ok(&full));
        check(
            &[full.as_bytes(), b"b"],
            Err("the body of the response is longer than 1048576 bytes"),
        );
    }
}
