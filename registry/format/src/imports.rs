//! Which capability an imported interface needs. An exact table: what is not in it is refused.

use std::collections::BTreeSet;

use crate::caps::Caps;

/// The capabilities a component cannot be linked without, by its own imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CapNeeds {
    /// Imports `wasi:http`.
    pub http: bool,
    /// Imports `coldframe:host/log`.
    pub log: bool,
    /// Imports `wasi:clocks`.
    pub clock: bool,
    /// Imports `wasi:random`.
    pub random: bool,
}

/// A component imports something that nothing here provides. The kind is `denied.import`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the component imports `{0}`, expected only interfaces this host provides (wasi 0.2.0 to 0.2.{WASI_PATCH_MAX} and coldframe:host 0.1.0)"
)]
pub struct UnknownImport(pub String);

/// The newest patch release of WASI 0.2 that the host knows.
const WASI_PATCH_MAX: u32 = 12;

/// Versions of the `coldframe:host` package.
const HOST_VERSIONS: &[&str] = &["0.1.0"];

/// What a known import needs.
enum Need {
    /// Given to every component: it reaches nothing outside of the call.
    Nothing,
    Http,
    Log,
    Clock,
    Random,
}

/// The table. Interfaces of types only never get here, `Interface::imports` leaves them out.
fn need(path: &str) -> Option<Need> {
    Some(match path {
        // Standard streams lead nowhere, the environment and the file system are empty.
        "wasi:io/error" | "wasi:io/poll" | "wasi:io/streams" => Need::Nothing,
        "wasi:cli/environment"
        | "wasi:cli/exit"
        | "wasi:cli/stdin"
        | "wasi:cli/stdout"
        | "wasi:cli/stderr"
        | "wasi:cli/terminal-input"
        | "wasi:cli/terminal-output"
        | "wasi:cli/terminal-stdin"
        | "wasi:cli/terminal-stdout"
        | "wasi:cli/terminal-stderr" => Need::Nothing,
        "wasi:filesystem/types" | "wasi:filesystem/preopens" => Need::Nothing,
        // Guests seed their hash maps with it; the host gives a constant.
        "wasi:random/insecure-seed" => Need::Nothing,
        "wasi:clocks/monotonic-clock" | "wasi:clocks/wall-clock" => Need::Clock,
        "wasi:random/random" | "wasi:random/insecure" => Need::Random,
        "wasi:http/types" | "wasi:http/outgoing-handler" => Need::Http,
        "coldframe:host/log" => Need::Log,
        _ => return None,
    })
}

/// Whether the version behind `@` is one the host knows. Exact: `0.2.06` and `0.2.99` are not.
fn known_version(path: &str, version: &str) -> bool {
    if path.starts_with("wasi:") {
        (0..=WASI_PATCH_MAX).any(|patch| version == format!("0.2.{patch}"))
    } else {
        HOST_VERSIONS.contains(&version)
    }
}

/// The sum of what `imports` need, or the first one that is not known.
pub(crate) fn needs(imports: &BTreeSet<String>) -> Result<CapNeeds, UnknownImport> {
    let mut needs = CapNeeds::default();
    for import in imports {
        let unknown = || UnknownImport(import.clone());
        let (path, version) = import.split_once('@').ok_or_else(unknown)?;
        let need = need(path).filter(|_| known_version(path, version)).ok_or_else(unknown)?;
        match need {
            Need::Nothing => {}
            Need::Http => needs.http = true,
            Need::Log => needs.log = true,
            Need::Clock => needs.clock = true,
            Need::Random => needs.random = true,
        }
    }
    Ok(needs)
}

impl CapNeeds {
    /// The names of the capabilities that are needed and that `ceiling` does not declare.
    pub fn missing_from(&self, ceiling: &Caps) -> Vec<&'static str> {
        [
            ("http", self.http && ceiling.http.is_empty()),
            ("log", self.log && !ceiling.log),
            ("clock", self.clock && !ceiling.clock),
            ("random", self.random && !ceiling.random),
        ]
        .into_iter()
        .filter_map(|(name, missing)| missing.then_some(name))
        .collect()
    }

    /// Whether nothing is needed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(import: &str) -> Result<CapNeeds, UnknownImport> {
        needs(&BTreeSet::from([import.to_owned()]))
    }

    #[test]
    fn known_imports() {
        let none = CapNeeds::default();
        let cases = [
            ("wasi:io/streams@0.2.6", none),
            ("wasi:cli/stdout@0.2.0", none),
            ("wasi:filesystem/preopens@0.2.3", none),
            ("wasi:random/insecure-seed@0.2.6", none),
            ("wasi:clocks/wall-clock@0.2.6", CapNeeds { clock: true, ..none }),
            ("wasi:random/random@0.2.12", CapNeeds { random: true, ..none }),
            ("wasi:random/insecure@0.2.6", CapNeeds { random: true, ..none }),
            ("wasi:http/types@0.2.6", CapNeeds { http: true, ..none }),
            ("wasi:http/outgoing-handler@0.2.6", CapNeeds { http: true, ..none }),
            ("coldframe:host/log@0.1.0", CapNeeds { log: true, ..none }),
        ];
        for (import, expected) in cases {
            assert_eq!(found(import), Ok(expected), "{import}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for import in [
            "wasi:sockets/tcp@0.2.6",
            "wasi:http/incoming-handler@0.2.6",
            "wasi:http/outgoing-handler@0.3.0",
            "wasi:http/outgoing-handler@0.2.99",
            "wasi:http/outgoing-handler@0.2.06",
            "wasi:http/outgoing-handler@0.2",
            "wasi:http/outgoing-handler",
            "wasi:http/outgoing-handler@0.2.6-rc.1",
            "Wasi:http/types@0.2.6",
            "wasi:http/Types@0.2.6",
            "wаsi:http/types@0.2.6", // Cyrillic а
            "wasi:http/type@0.2.6",
            "coldframe:host/log@0.2.0",
            "coldframe:host/llm@0.1.0",
            "coldframe:hosts/log@0.1.0",
            "fetch",
            "",
        ] {
            assert_eq!(found(import), Err(UnknownImport(import.to_owned())));
        }
    }

    #[test]
    fn missing_capabilities_are_named() {
        let needs = CapNeeds { http: true, log: true, clock: true, random: true };
        let ceiling = Caps { log: true, ..Caps::default() };
        assert_eq!(needs.missing_from(&ceiling), ["http", "clock", "random"]);
        assert!(CapNeeds::default().missing_from(&Caps::default()).is_empty());
    }
}
