//! Where a secret is in Vault: `MOUNT/PATH#FIELD`.

use std::str::FromStr;

use coldframe_ports::fetch::is_place;

/// One field of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    mount: String,
    path: Vec<String>,
    field: String,
}

impl Place {
    /// The field.
    pub(crate) fn field(&self) -> &str {
        &self.field
    }

    /// How it is said, without the field.
    pub(crate) fn shown(&self) -> String {
        format!("{}/{}", self.mount, self.path.join("/"))
    }

    /// What stands behind `v1` in the address of the entry.
    pub(crate) fn segments(&self) -> Vec<&str> {
        let path = self.path.iter().map(String::as_str);
        [self.mount.as_str(), "data"].into_iter().chain(path).collect()
    }
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        is_place(text)?;
        let (path, field) = text.split_once('#').ok_or("it has no `#FIELD`")?;
        if field.is_empty() {
            return Err("it names no field");
        }
        let mut path = path.split('/').map(str::to_owned);
        let mount = path.next().unwrap_or_default();
        let path: Vec<String> = path.collect();
        if path.is_empty() {
            return Err("it has no path behind the mount");
        }
        // A way up would ask another part of Vault than the one that is said.
        let unfit = |part: &String| matches!(part.as_str(), "" | "." | "..");
        if unfit(&mount) || path.iter().any(unfit) {
            return Err("a part of its path is empty, `.` or `..`");
        }
        Ok(Self { mount, path, field: field.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_or_refused() {
        let place: Place = "secret/team/api#key".parse().unwrap();
        assert_eq!(place.segments(), ["secret", "data", "team", "api"]);
        assert_eq!((place.shown().as_str(), place.field()), ("secret/team/api", "key"));
        let long = format!("a/{}#f", "b".repeat(1024));
        for (text, why) in [
            ("", "no `#FIELD`"),
            ("secret/api", "no `#FIELD`"),
            ("secret/api#", "no field"),
            ("secret#key", "no path"),
            ("secret/#key", "empty"),
            ("/api#key", "empty"),
            ("secret/../sys/raw#key", "`..`"),
            ("secret/a//b#key", "empty"),
            ("secret/a\n#key", "control"),
            (&long, "1024"),
        ] {
            let error = text.parse::<Place>().unwrap_err();
            assert!(error.contains(why), "{text:?}: {error}");
        }
    }
}
