//! Where secrets come from: the environment, a file, and the servers that this build can ask.
//!
//! Everything is read once, before anything of a run is kept, and a place that gives nothing ends it
//! there. What is kept with a run is the place.

use std::collections::BTreeMap;
use std::path::PathBuf;

use coldframe_ports::fetch::{NoSecret, SecretServers};
use coldframe_ports::{SecretError, Secrets};

use crate::exit::Fail;

/// A kind of servers that secrets are kept on.
struct Kind {
    /// What its places begin with, and the feature of the build that it needs.
    scheme: &'static str,
    /// What it is.
    name: &'static str,
    /// How it is asked, in a build that can.
    servers: Option<SecretServers>,
}

/// All of them. A build without one knows what it lacks.
const KINDS: [Kind; 3] = [
    Kind { scheme: "vault", name: "Vault", servers: VAULT },
    Kind { scheme: "aws", name: "AWS Secrets Manager", servers: AWS },
    Kind { scheme: "keychain", name: "the keychain", servers: KEYCHAIN },
];

#[cfg(feature = "vault")]
const VAULT: Option<SecretServers> = Some(coldframe_secrets_vault::SERVERS);
#[cfg(not(feature = "vault"))]
const VAULT: Option<SecretServers> = None;
#[cfg(feature = "aws")]
const AWS: Option<SecretServers> = Some(coldframe_secrets_aws::SERVERS);
#[cfg(not(feature = "aws"))]
const AWS: Option<SecretServers> = None;
#[cfg(feature = "keychain")]
const KEYCHAIN: Option<SecretServers> = Some(coldframe_secrets_keychain::SERVERS);
#[cfg(not(feature = "keychain"))]
const KEYCHAIN: Option<SecretServers> = None;

/// The kind that a secret is kept on, and where.
fn on_server(source: &str) -> Option<(&'static Kind, &str)> {
    let (scheme, place) = source.split_once(':')?;
    Some((KINDS.iter().find(|kind| kind.scheme == scheme)?, place))
}

/// Looks at what was said of a secret, and gives it as it is kept. What is said of another place than
/// those is told when it is read.
pub(super) fn checked(name: &str, source: &str) -> Result<String, Fail> {
    // A run that goes on from another folder reads the same file.
    if let Some(path) = source.strip_prefix("file:")
        && let Ok(path) = std::path::absolute(path)
    {
        return Ok(format!("file:{}", path.display()));
    }
    if let Some((kind, place)) = on_server(source) {
        asked(name, kind, place)?;
    }
    Ok(source.to_owned())
}

/// How a kind is asked for a place that is well-formed.
fn asked(name: &str, kind: &'static Kind, place: &str) -> Result<SecretServers, Fail> {
    let Kind { scheme, name: of, servers } = kind;
    let servers = servers.ok_or_else(|| {
        let message =
            format!("the secret `{name}` is in {of}, which this build of coldframe cannot ask");
        Fail::usage(message).help(format!(
            "build it with the feature `{scheme}`: cargo build -p coldframe-cli --features {scheme}"
        ))
    })?;
    (servers.check)(place).map_err(|why| {
        Fail::usage(format!("the place of the secret `{name}` in {of} is none: {why}"))
            .help(format!("for example --secret {name}={scheme}:{}", servers.example))
    })?;
    Ok(servers)
}

/// Reads the values from where they are. Once: some places are empty afterwards.
pub(super) fn read(given: &BTreeMap<String, String>) -> Result<Secrets, Fail> {
    let mut secrets = Secrets::default();
    let mut open = BTreeMap::new();
    for (name, source) in given {
        let added = match on_server(source) {
            None => secrets.add(name, source, env),
            Some((kind, place)) => {
                let servers = asked(name, kind, place)?;
                // One is asked for all that it has, by who logged in once.
                let server = match open.remove(kind.scheme) {
                    Some(server) => server,
                    None => (servers.open)(env).map_err(|error| absent(name, error))?,
                };
                let value = server.read(place).map_err(|error| absent(name, error))?;
                open.insert(kind.scheme, server);
                secrets.insert(name, value)
            }
        };
        added.map_err(|error| unfit(name, source, &error))?;
    }
    Ok(secrets)
}

/// The files that values, and what opens the places of values, are read from. They are for no skill.
pub(super) fn files(given: &BTreeMap<String, String>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for source in given.values() {
        if let Some(path) = source.strip_prefix("file:") {
            found.push(path.into());
        } else if let Some((Kind { servers: Some(servers), .. }, _)) = on_server(source) {
            found.extend((servers.files)(env));
        }
    }
    found.into_iter().map(|path| std::path::absolute(&path).unwrap_or(path)).collect()
}

fn env(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

fn absent(name: &str, error: NoSecret) -> Fail {
    Fail::usage(format!("the secret `{name}` is not there: {}", error.why)).help(error.help)
}

fn unfit(name: &str, source: &str, error: &SecretError) -> Fail {
    let fail = Fail::usage(error.to_string());
    match (error, source.split_once(':')) {
        (SecretError::Source(_), _) => {
            fail.help(format!("for example --secret {name}=env:OPENAI_API_KEY"))
        }
        (SecretError::Absent { .. }, Some(("env", variable))) => {
            fail.help(format!("set the variable `{variable}` to the value"))
        }
        (SecretError::Absent { .. }, _) => fail.help("put the value into the file"),
        (SecretError::Unfit { .. }, _) => fail,
    }
}
