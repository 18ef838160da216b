//! Where a secret is in a keyring: `SERVICE/ACCOUNT`.

use std::str::FromStr;

use coldframe_ports::fetch::is_place;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) service: String,
    pub(crate) account: String,
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        is_place(text)?;
        // Everything behind the first stroke is the account, strokes and all.
        let (service, account) = text.split_once('/').ok_or("it has no `/ACCOUNT`")?;
        if service.is_empty() {
            return Err("it names no service");
        }
        if account.is_empty() {
            return Err("it names no account");
        }
        // The kernel knows an entry as ACCOUNT@SERVICE, so with one in the service the name of one
        // entry could be that of another.
        if service.contains('@') {
            return Err("its service has an `@`");
        }
        Ok(Self { service: service.to_owned(), account: account.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(&str, &str), &str>) {
        let found = text.parse::<Place>();
        let found = found.as_ref().map(|place| (place.service.as_str(), place.account.as_str()));
        assert_eq!(found.map_err(|why| *why), expected, "{text}");
    }

    #[test]
    fn places() {
        check("api.example.com/ann", Ok(("api.example.com", "ann")));
        check("api/ann@example.com", Ok(("api", "ann@example.com")));
        check("api/team/ann", Ok(("api", "team/ann")));
        check("an api/a user", Ok(("an api", "a user")));
        check("", Err("it has no `/ACCOUNT`"));
        check("api", Err("it has no `/ACCOUNT`"));
        check("/ann", Err("it names no service"));
        check("api/", Err("it names no account"));
        check("a@b/c", Err("its service has an `@`"));
        check("api/a\nb", Err("it has control characters"));
        check("api/a\0b", Err("it has control characters"));
        check(&"a/".repeat(513), Err("it has more than 1024 bytes"));
        check(&"a/".repeat(512), Ok(("a", &"a/".repeat(512)[2..])));
    }
}
