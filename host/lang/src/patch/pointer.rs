//! JSON Pointer (RFC 6901).

use super::PatchError;
use crate::shown::shown;
use crate::yaml::read::DEPTH_MAX;

/// Where an operation points, and how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pointer {
    pub(super) written: String,
    pub(super) tokens: Vec<String>,
}

impl Pointer {
    pub(super) fn parse(text: &str) -> Result<Self, PatchError> {
        let written = text.to_owned();
        if text.is_empty() {
            return Ok(Self { written, tokens: Vec::new() });
        }
        let Some(rest) = text.strip_prefix('/') else {
            return Err(PatchError::of_patch(format!("`{}` is not a pointer", shown(text)))
                .help("a pointer begins with `/`, as in `/steps/0/with/text`"));
        };
        let tokens: Vec<String> = rest.split('/').map(unescaped).collect::<Result<_, _>>()?;
        if tokens.len() > DEPTH_MAX {
            let message =
                format!("the pointer has {} parts, expected at most {DEPTH_MAX}", tokens.len());
            return Err(PatchError::of_patch(message).help("nothing in a pipeline is that deep"));
        }
        Ok(Self { written, tokens })
    }

    /// Whether this points at something inside of what `outer` points at.
    pub(super) fn is_inside(&self, outer: &Self) -> bool {
        self.tokens.len() > outer.tokens.len() && self.tokens.starts_with(&outer.tokens)
    }
}

fn unescaped(token: &str) -> Result<String, PatchError> {
    let mut parts = token.split('~');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = match (part.strip_prefix('0'), part.strip_prefix('1')) {
            (Some(rest), _) => {
                out.push('~');
                rest
            }
            (_, Some(rest)) => {
                out.push('/');
                rest
            }
            _ => {
                return Err(PatchError::of_patch(format!(
                    "`~` in `{}` is followed by neither `0` nor `1`",
                    shown(token)
                ))
                .help("write `~0` for `~` and `~1` for `/`"));
            }
        };
        out.push_str(rest);
    }
    Ok(out)
}

/// The place in a list, `0` or `12`; `-` and everything else are none.
pub(super) fn index(token: &str) -> Option<usize> {
    let digits = !token.is_empty() && token.len() <= 9 && token.bytes().all(|b| b.is_ascii_digit());
    let canonical = token == "0" || !token.starts_with('0');
    (digits && canonical).then(|| token.parse().ok()).flatten()
}
