//! `wasi:config/store`: values that the operator wrote down for skills.

use coldframe_engine::services::{Answer, Ask};
use coldframe_format::{Cap, Caps};
use coldframe_journal::ErrorKind;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, Lower};

use super::services::{self, Refused, state, wrong_answer};
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
            let shown = sanitize::line(&key, 128);
            let what = format!("the configuration `{shown}`");
            let allows = |caps: &Caps| caps.config.iter().any(|grant| grant.allows(&key));
            let line = (Cap::Config, shown.as_str());
            let rights = &state(&mut store).rights;
            rights.check(allows, ErrorKind::DeniedCapability, &what, line).map_err(Refused)?;
            let found = ask(&mut store, Some(key)).await?;
            Ok((found.map(|mut found| found.pop().map(|(_, value)| value)),))
        })
    })?;
    config.func_wrap_async("get-all", |mut store: Store<'_>, (): ()| {
        Box::new(async move {
            let found = ask(&mut store, None).await?;
            let rights = &state(&mut store).rights;
            let granted =
                |key: &str| rights.allows(|caps| caps.config.iter().any(|grant| grant.allows(key)));
            Ok((found.map(|found| {
                found.into_iter().filter(|(key, _)| granted(key)).collect::<Vec<_>>()
            }),))
        })
    })
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
