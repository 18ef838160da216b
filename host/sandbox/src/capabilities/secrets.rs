//! `coldframe:host/secrets`: texts that stand for secrets. The values never come near a guest.

use coldframe_engine::services::{Answer, Ask};
use coldframe_format::{Cap, Caps};
use coldframe_journal::ErrorKind;
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use super::services::{self, Refused, state, wrong_answer};
use crate::sanitize;
use crate::state::CallState;

/// Adds the interface under `name`.
pub(crate) fn add(linker: &mut Linker<CallState>, name: &str) -> wasmtime::Result<()> {
    linker.instance(name)?.func_wrap_async(
        "placeholder",
        |mut store: StoreContextMut<'_, CallState>, (name,): (String,)| {
            Box::new(async move {
                let shown = sanitize::line(&name, 64);
                let what = format!("the secret `{shown}`");
                let allows = |caps: &Caps| caps.secrets.iter().any(|grant| grant.names(&name));
                let line = format!("{shown} for https://HOST in authorization");
                let line = (Cap::Secrets, line.as_str());
                let rights = &state(&mut store).rights;
                rights.check(allows, ErrorKind::DeniedSecret, &what, line).map_err(Refused)?;
                match services::ask(&mut store, Ask::Secret(name)).await? {
                    Ok(Answer::Secret(placeholder)) => Ok((placeholder,)),
                    Ok(_) => Err(wrong_answer()),
                    Err(message) => {
                        let error =
                            coldframe_engine::CallError::new(ErrorKind::DeniedSecret, message);
                        Err(Refused(error).into())
                    }
                }
            })
        },
    )
}
