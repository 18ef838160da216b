//! `wasi:config/store`: values that the operator wrote down for skills.

use coldframe_engine::CallError;
use coldframe_engine::services::{Answer, Ask};
use coldframe_format::{Cap, Caps};
use coldframe_journal::ErrorKind;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, Lower};

use super::services::{self, wrong_answer};
use crate::rights::Rights;
use crate::sanitize;
use crate::state::CallState;

/// `variant error` of the interface.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(variant)]
enum Error {
    #[component(name = "upstream")]
    Upstream(String),
    #[component(name = "io")]
    Io(String),
}

type Store<'a> = StoreContextMut<'a, CallState>;

/// Adds the interface under `name`.
pub(crate) fn add(linker: &mut Linker<CallState>, name: &str) -> wasmtime::Result<()> {
    let mut config = linker.instance(name)?;
    config.func_wrap_async("get", |mut store: Store<'_>, (key,): (String,)| {
        Box::new(async move {
            let found = ask(&mut store, Some(key)).await?;
            Ok((found.map(|mut found| found.pop().map(|(_, value)| value)),))
        })
    })?;
    config.func_wrap_async("get-all", |mut store: Store<'_>, (): ()| {
        Box::new(async move { Ok((ask(&mut store, None).await?,)) })
    })
}

/// Looks who grants a key. Of all keys, those that are granted are given.
pub(super) fn admit(rights: &Rights, key: Option<&str>) -> Result<(), CallError> {
    let Some(key) = key else { return Ok(()) };
    let shown = sanitize::line(key, 128);
    let what = format!("the configuration `{shown}`");
    let allows = |caps: &Caps| caps.config.iter().any(|grant| grant.allows(key));
    rights.check(allows, ErrorKind::DeniedCapability, &what, (Cap::Config, &shown))
}

/// The values whose keys are granted.
pub(super) fn granted(rights: &Rights, found: Vec<(String, String)>) -> Vec<(String, String)> {
    let allows =
        |key: &str| rights.allows(|caps: &Caps| caps.config.iter().any(|grant| grant.allows(key)));
    found.into_iter().filter(|(key, _)| allows(key)).collect()
}

async fn ask(
    store: &mut Store<'_>,
    key: Option<String>,
) -> wasmtime::Result<Result<Vec<(String, String)>, Error>> {
    match services::ask(store, Ask::Config(key)).await? {
        Ok(Answer::Config(found)) => Ok(Ok(found)),
        Ok(_) => Err(wrong_answer()),
        Err(message) => Ok(Err(Error::Upstream(message))),
    }
}
