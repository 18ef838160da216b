//! From a name to the addresses that may be dialled for it.
//!
//! The connection is made to the very addresses that were checked here, so a name that answers
//! differently a moment later gains nothing.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use coldframe_engine::ports::BoxFuture;
use coldframe_journal::ErrorKind;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::address::{is_public, is_public_name};

/// How long a name may take to resolve.
const LOOKUP_TIME_MAX: Duration = Duration::from_secs(5);

/// Asks for the addresses of a name. The real one asks the system; tests have tables.
pub trait Lookup: Send + Sync {
    /// All addresses of `name`.
    fn lookup(&self, name: &str) -> BoxFuture<io::Result<Vec<IpAddr>>>;
}

/// The system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, name: &str) -> BoxFuture<io::Result<Vec<IpAddr>>> {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// A rule that an address or a name broke. Travels through reqwest as the source of its error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// Resolves public names to public addresses.
pub(crate) struct PublicOnly(pub(crate) Arc<dyn Lookup>);

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        let found = self.0.lookup(&name);
        Box::pin(async move { public(&name, found).await })
    }
}

async fn public(
    name: &str,
    found: BoxFuture<io::Result<Vec<IpAddr>>>,
) -> Result<Addrs, Box<dyn std::error::Error + Send + Sync>> {
    let refused = |kind, message| Refusal { kind, message };
    if !is_public_name(name) {
        let message = format!("`{name}` is a name of this machine or its network");
        return Err(refused(ErrorKind::DeniedAddress, message).into());
    }
    let found = tokio::time::timeout(LOOKUP_TIME_MAX, found).await.map_err(|_| {
        let message = format!("`{name}` did not resolve within {LOOKUP_TIME_MAX:?}");
        refused(ErrorKind::DeniedDns, message)
    })??;
    let all = found.len();
    let public: Vec<SocketAddr> = found
        .into_iter()
        .filter(|address| is_public(*address))
        .map(|address| SocketAddr::new(address, 0))
        .collect();
    if public.is_empty() && all > 0 {
        let message = format!("`{name}` leads only to addresses that are not public");
        return Err(refused(ErrorKind::DeniedAddress, message).into());
    }
    Ok(Box::new(public.into_iter()))
}

/// Resolves `localhost`, where that was granted literally, and nothing else.
pub(crate) struct ThisMachine;

impl Resolve for ThisMachine {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
        let name = name.as_str().to_owned();
        Box::pin(async move {
            if name != "localhost" {
                let message = format!("`{name}` is not the name of this machine");
                return Err(Refusal { kind: ErrorKind::DeniedAddress, message }.into());
            }
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
