//! Which capability an imported interface needs. An exact table: what is not in it is refused.

use std::collections::BTreeSet;

use crate::caps::{Cap, CapSet};

/// A component imports something that nothing here provides. The kind is `denied.import`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the component imports `{0}`, expected only interfaces this host provides (wasi 0.2.0 to 0.2.{WASI_PATCH_MAX} and coldframe:host 0.1.0)"
)]
pub struct UnknownImport(pub String);

/// The newest patch release of WASI 0.2 that the host knows.
const WASI_PATCH_MAX: u32 = 12;

/// Packages of WASI that are no standard yet: one draft of each.
const DRAFTS: &[(&str, &str)] =
    &[("wasi:keyvalue/", "0.2.0-draft"), ("wasi:config/", "0.2.0-draft")];

/// Versions of the `coldframe:host` package.
const HOST_VERSIONS: &[&str] = &["0.1.0"];

/// The table: what a known import needs, if it needs anything. Interfaces of types only never get
/// here, `Interface::imports` leaves them out.
fn need(path: &str) -> Option<Option<Cap>> {
    Some(match path {
        // Standard streams lead nowhere, the environment and the file system are empty.
        "wasi:io/error" | "wasi:io/poll" | "wasi:io/streams" => None,
        "wasi:cli/environment"
        | "wasi:cli/exit"
        | "wasi:cli/stdin"
        | "wasi:cli/stdout"
        | "wasi:cli/stderr"
        | "wasi:cli/terminal-input"
        | "wasi:cli/terminal-output"
        | "wasi:cli/terminal-stdin"
        | "wasi:cli/terminal-stdout"
        | "wasi:cli/terminal-stderr" => None,
        "wasi:filesystem/types" | "wasi:filesystem/preopens" => None,
        // Guests seed their hash maps with it; the host gives a constant.
        "wasi:random/insecure-seed" => None,
        "wasi:clocks/monotonic-clock" | "wasi:clocks/wall-clock" => Some(Cap::Clock),
        "wasi:random/random" | "wasi:random/insecure" => Some(Cap::Random),
        "wasi:http/types" | "wasi:http/outgoing-handler" => Some(Cap::Http),
        "coldframe:host/log" => Some(Cap::Log),
        "coldframe:host/fs" => Some(Cap::Fs),
        "coldframe:host/secrets" => Some(Cap::Secrets),
        "coldframe:host/llm" => Some(Cap::Llm),
        "wasi:keyvalue/store" | "wasi:keyvalue/atomics" => Some(Cap::Kv),
        "wasi:config/store" => Some(Cap::Config),
        "coldframe:host/sql" => Some(Cap::Sql),
        "coldframe:host/tools" => Some(Cap::Tools),
        _ => return None,
    })
}

/// Whether the version behind `@` is one the host knows. Exact: `0.2.06` and `0.2.99` are not.
fn known_version(path: &str, version: &str) -> bool {
    if let Some((_, known)) = DRAFTS.iter().find(|(package, _)| path.starts_with(package)) {
        *known == version
    } else if path.starts_with("wasi:") {
        (0..=WASI_PATCH_MAX).any(|patch| version == format!("0.2.{patch}"))
    } else {
        HOST_VERSIONS.contains(&version)
    }
}

/// The capabilities a component cannot be linked without, by its own imports, or the first import
/// that is not known.
pub(crate) fn needs(imports: &BTreeSet<String>) -> Result<CapSet, UnknownImport> {
    let need = |import: &String| {
        let unknown = || UnknownImport(import.clone());
        let (path, version) = import.split_once('@').ok_or_else(unknown)?;
        need(path).filter(|_| known_version(path, version)).ok_or_else(unknown)
    };
    let needs: Vec<Option<Cap>> = imports.iter().map(need).collect::<Result<_, _>>()?;
    Ok(needs.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caps::Caps;

    fn found(import: &str) -> Result<CapSet, UnknownImport> {
        needs(&BTreeSet::from([import.to_owned()]))
    }

    #[test]
    fn known_imports() {
        let none = CapSet::default();
        let cases = [
            ("wasi:io/streams@0.2.6", none),
            ("wasi:cli/stdout@0.2.0", none),
            ("wasi:filesystem/preopens@0.2.3", none),
            ("wasi:random/insecure-seed@0.2.6", none),
            ("wasi:clocks/wall-clock@0.2.6", CapSet::of(Cap::Clock)),
            ("wasi:random/random@0.2.12", CapSet::of(Cap::Random)),
            ("wasi:random/insecure@0.2.6", CapSet::of(Cap::Random)),
            ("wasi:http/types@0.2.6", CapSet::of(Cap::Http)),
            ("wasi:http/outgoing-handler@0.2.6", CapSet::of(Cap::Http)),
            ("coldframe:host/log@0.1.0", CapSet::of(Cap::Log)),
            ("coldframe:host/fs@0.1.0", CapSet::of(Cap::Fs)),
            ("coldframe:host/secrets@0.1.0", CapSet::of(Cap::Secrets)),
            ("coldframe:host/llm@0.1.0", CapSet::of(Cap::Llm)),
            ("wasi:keyvalue/store@0.2.0-draft", CapSet::of(Cap::Kv)),
            ("wasi:config/store@0.2.0-draft", CapSet::of(Cap::Config)),
            ("coldframe:host/sql@0.1.0", CapSet::of(Cap::Sql)),
            ("coldframe:host/tools@0.1.0", CapSet::of(Cap::Tools)),
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
            "coldframe:host/llm@0.2.0",
            "coldframe:host/sql@0.2.0",
            "coldframe:host/tools@0.2.0",
            "wasi:keyvalue/store@0.2.0",
            "wasi:keyvalue/batch@0.2.0-draft",
            "wasi:config/store@0.2.0-rc.1",
            "coldframe:hosts/log@0.1.0",
            "fetch",
            "",
        ] {
            assert_eq!(found(import), Err(UnknownImport(import.to_owned())));
        }
    }

    #[test]
    fn missing_capabilities_are_named() {
        let needs: CapSet = [Cap::Random, Cap::Http, Cap::Log].into_iter().collect();
        let ceiling = Caps { log: true, ..Caps::default() };
        let missing: Vec<Cap> = needs.missing_from(&ceiling).collect();
        assert_eq!(missing, [Cap::Http, Cap::Random]);
        assert_eq!(CapSet::default().missing_from(&Caps::default()).count(), 0);
    }
}
