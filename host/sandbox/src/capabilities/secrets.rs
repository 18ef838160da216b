//! `coldframe:host/secrets`: texts that stand for secrets. The values never come near a guest.

use coldframe_engine::CallError;
use coldframe_engine::services::{Answer, Ask};
use coldframe_format::{Cap, Caps};
use coldframe_journal::ErrorKind;
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use super::services::{self, Refused, wrong_answer};
use crate::rights::Rights;
use crate::sanitize;
use crate::state::CallState;

/// Adds the interface under `name`.
pub(crate) fn add(linker: &mut Linker<CallState>, name: &str) -> wasmtime::Result<()> {
    linker.instance(name)?.func_wrap_async(
        "placeholder",
        |mut store: StoreContextMut<'_, CallState>, (name,): (String,)| {
            Box::new(async move {
                match services::ask(&mut store, Ask::Secret(name)).await? {
                    Ok(Answer::Secret(placeholder)) => Ok((placeholder,)),
                    Ok(_) => Err(wrong_answer()),
                    Err(message) => {
                        let error = CallError::new(ErrorKind::DeniedSecret, message);
                        Err(Refused(error).into())
                    }
                }
            })
        },
    )
}

/// Looks who grants a secret. Where it goes is looked at when it goes out.
pub(super) fn admit(rights: &Rights, name: &str) -> Result<(), CallError> {
    let shown = sanitize::line(name, 64);
    let what = format!("the secret `{shown}`");
    let allows = |caps: &Caps| caps.secrets.iter().any(|grant| grant.names(name));
    let line = format!("{shown} for https://HOST in authorization");
    rights.check(allows, ErrorKind::DeniedSecret, &what, (Cap::Secrets, &line))
}
