//! Where a secret is in Secrets Manager: `SECRET_ID[#FIELD]`.

use std::str::FromStr;

/// A secret, or one field of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    id: String,
    field: Option<String>,
}

/// The longest name or ARN, bytes; AWS says so.
const ID_BYTES_MAX: usize = 2048;
/// The longest name of a field, bytes.
const FIELD_BYTES_MAX: usize = 512;

impl Place {
    /// The name of the secret, or its ARN.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The field of it that is meant.
    pub(crate) fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (id, field) = match text.split_once('#') {
            Some((id, field)) => (id, Some(field)),
            None => (text, None),
        };
        if id.is_empty() {
            return Err("it names no secret");
        }
        if id.len() > ID_BYTES_MAX {
            return Err("its name has more than 2048 bytes");
        }
        if !id.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+=.@-:".contains(&b)) {
            return Err("its name has characters that names in AWS do not have");
        }
        if field.is_some_and(str::is_empty) {
            return Err("it names no field behind `#`");
        }
        let is_unfit =
            |field: &str| field.len() > FIELD_BYTES_MAX || field.chars().any(char::is_control);
        if field.is_some_and(is_unfit) {
            return Err("its field is too long or has control characters");
        }
        Ok(Self { id: id.to_owned(), field: field.map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_or_refused() {
        for (text, id, field) in [
            ("prod/api", "prod/api", None),
            ("prod/api#key", "prod/api", Some("key")),
            (
                "arn:aws:secretsmanager:eu-west-1:1:secret:a-B1c2D3#a#b",
                "arn:aws:secretsmanager:eu-west-1:1:secret:a-B1c2D3",
                Some("a#b"),
            ),
        ] {
            let place: Place = text.parse().unwrap();
            assert_eq!((place.id(), place.field()), (id, field));
        }
        let long = "a".repeat(ID_BYTES_MAX + 1);
        for (text, why) in [
            ("", "no secret"),
            ("#key", "no secret"),
            ("a#", "no field"),
            ("a b", "characters"),
            ("a\n", "characters"),
            ("ä", "characters"),
            ("a#\u{1b}", "control"),
            (&long, "2048"),
        ] {
            let error = text.parse::<Place>().unwrap_err();
            assert!(error.contains(why), "{text:?}: {error}");
        }
    }
}
