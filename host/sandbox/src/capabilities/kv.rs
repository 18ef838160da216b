//! `wasi:keyvalue`: stores of keys and values that outlive the call.

use coldframe_engine::CallError;
use coldframe_engine::services::{Answer, Ask, KvAnswer, KvAsk, KvBound, KvChange};
use coldframe_format::{Cap, Caps};
use coldframe_journal::ErrorKind;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, Lower, Resource, ResourceType};

use super::services::{self, Refused, state, wrong_answer};
use crate::rights::Rights;
use crate::sanitize;
use crate::state::CallState;

/// The longest key, bytes.
const KEY_BYTES_MAX: usize = 1024;
/// Keys of one page.
const PAGE_KEYS: u32 = 1000;

/// `variant error` of the interface.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(variant)]
enum Error {
    #[component(name = "no-such-store")]
    NoSuchStore,
    #[component(name = "access-denied")]
    AccessDenied,
    #[component(name = "other")]
    Other(String),
}

/// `record key-response` of the interface. The cursor counts keys in their order.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(record)]
struct KeyResponse {
    keys: Vec<String>,
    cursor: Option<u64>,
}

/// `resource bucket`: a store that was opened.
struct Bucket {
    store: String,
    /// The last key of each page that was given out; a cursor is a place in it.
    pages: Vec<String>,
}

type Store<'a> = StoreContextMut<'a, CallState>;
type Handle = Resource<Bucket>;

/// Adds `wasi:keyvalue/store` under `name`.
pub(crate) fn add_store(linker: &mut Linker<CallState>, name: &str) -> wasmtime::Result<()> {
    let mut kv = linker.instance(name)?;
    kv.resource("bucket", ResourceType::host::<Bucket>(), |mut store, rep| {
        // A handle that was dropped twice is an error of the table's own.
        store.data_mut().table().delete(Handle::new_own(rep)).map(|_| ()).map_err(Into::into)
    })?;
    kv.func_wrap("open", |mut store: Store<'_>, (name,): (String,)| {
        granted(&state(&mut store).rights, false, &name).map_err(Refused)?;
        let bucket = Bucket { store: name, pages: Vec::new() };
        let handle = store.data_mut().table().push(bucket)?;
        Ok((Ok::<_, Error>(handle),))
    })?;
    kv.func_wrap_async(
        "[method]bucket.get",
        |mut store: Store<'_>, (bucket, key): (Handle, String)| {
            Box::new(async move {
                let found = get(&mut store, &bucket, key).await?;
                Ok((found,))
            })
        },
    )?;
    kv.func_wrap_async(
        "[method]bucket.exists",
        |mut store: Store<'_>, (bucket, key): (Handle, String)| {
            Box::new(async move {
                let found = get(&mut store, &bucket, key).await?;
                Ok((found.map(|found| found.is_some()),))
            })
        },
    )?;
    kv.func_wrap_async(
        "[method]bucket.set",
        |mut store: Store<'_>, (bucket, key, value): (Handle, String, Vec<u8>)| {
            Box::new(async move {
                let answer = change(&mut store, &bucket, key, KvChange::Set(value)).await?;
                Ok((answer.map(|_| ()),))
            })
        },
    )?;
    kv.func_wrap_async(
        "[method]bucket.delete",
        |mut store: Store<'_>, (bucket, key): (Handle, String)| {
            Box::new(async move {
                let answer = change(&mut store, &bucket, key, KvChange::Delete).await?;
                Ok((answer.map(|_| ()),))
            })
        },
    )?;
    kv.func_wrap_async(
        "[method]bucket.list-keys",
        |mut store: Store<'_>, (bucket, cursor): (Handle, Option<u64>)| {
            Box::new(async move { Ok((keys(&mut store, &bucket, cursor).await?,)) })
        },
    )
}

/// Adds `wasi:keyvalue/atomics` under `name`.
pub(crate) fn add_atomics(linker: &mut Linker<CallState>, name: &str) -> wasmtime::Result<()> {
    linker.instance(name)?.func_wrap_async(
        "increment",
        |mut store: Store<'_>, (bucket, key, delta): (Handle, String, u64)| {
            Box::new(async move {
                let Ok(delta) = i64::try_from(delta) else {
                    return Ok((Err(Error::Other("the number is too large".to_owned())),));
                };
                Ok((match change(&mut store, &bucket, key, KvChange::Add(delta)).await? {
                    Ok(KvAnswer::Number(number)) => u64::try_from(number)
                        .map_err(|_| Error::Other("the number is below zero".to_owned())),
                    Ok(_) => return Err(wrong_answer()),
                    Err(error) => Err(error),
                },))
            })
        },
    )
}

/// The name of an opened store.
fn opened(store: &mut Store<'_>, bucket: &Handle) -> wasmtime::Result<String> {
    Ok(store.data_mut().table().get(bucket)?.store.clone())
}

/// Looks who grants a question, and bounds a change.
pub(super) fn admit(
    rights: &Rights,
    ask: &mut KvAsk,
    (bytes, keys): (u64, u64),
) -> Result<(), CallError> {
    match ask {
        KvAsk::Get { store, .. } => granted(rights, false, store),
        KvAsk::Keys { store, max, .. } => {
            *max = (*max).min(PAGE_KEYS);
            granted(rights, false, store)
        }
        KvAsk::Change { store, bound, .. } => {
            *bound = KvBound { bytes, keys, ttl_s: ttl_s(rights, store) };
            granted(rights, true, store)
        }
    }
}

/// Whether everybody grants a store.
fn granted(rights: &Rights, write: bool, name: &str) -> Result<(), CallError> {
    let shown = sanitize::line(name, 64);
    let mode = if write { "write" } else { "read" };
    let what = format!("to {mode} the store `{shown}`");
    let line = format!("{mode} {shown}");
    let allows = |caps: &Caps| caps.kv.iter().any(|grant| grant.access.allows(write, name));
    rights.check(allows, ErrorKind::DeniedCapability, &what, (Cap::Kv, &line))
}

/// The shortest life that any layer gives to what is set in a store.
fn ttl_s(rights: &Rights, name: &str) -> Option<u64> {
    let lives = rights.each().filter_map(|caps| {
        // Of several lines of one layer the longest life counts, and none is the longest.
        let lines = caps.kv.iter().filter(|grant| grant.access.allows(true, name));
        let lives: Option<Vec<u64>> = lines.map(|grant| grant.ttl_s).collect();
        lives?.into_iter().max()
    });
    lives.min()
}

fn fits(key: &str) -> Result<(), Error> {
    if key.is_empty() || key.len() > KEY_BYTES_MAX {
        return Err(Error::Other(format!("a key has 1 to {KEY_BYTES_MAX} bytes")));
    }
    Ok(())
}

async fn ask(store: &mut Store<'_>, ask: KvAsk) -> wasmtime::Result<Result<KvAnswer, Error>> {
    match services::ask(store, Ask::Kv(ask)).await? {
        Ok(Answer::Kv(answer)) => Ok(Ok(answer)),
        Ok(_) => Err(wrong_answer()),
        Err(message) => Ok(Err(Error::Other(message))),
    }
}

async fn get(
    store: &mut Store<'_>,
    bucket: &Handle,
    key: String,
) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
    let name = opened(store, bucket)?;
    if let Err(error) = fits(&key) {
        return Ok(Err(error));
    }
    match ask(store, KvAsk::Get { store: name, key }).await? {
        Ok(KvAnswer::Value(value)) => Ok(Ok(value)),
        Ok(_) => Err(wrong_answer()),
        Err(error) => Ok(Err(error)),
    }
}

async fn change(
    store: &mut Store<'_>,
    bucket: &Handle,
    key: String,
    change: KvChange,
) -> wasmtime::Result<Result<KvAnswer, Error>> {
    let name = opened(store, bucket)?;
    if let Err(error) = fits(&key) {
        return Ok(Err(error));
    }
    // Whoever admits it writes the bounds.
    let bound = KvBound { bytes: 0, keys: 0, ttl_s: None };
    ask(store, KvAsk::Change { store: name, key, change, bound }).await
}

async fn keys(
    store: &mut Store<'_>,
    bucket: &Handle,
    cursor: Option<u64>,
) -> wasmtime::Result<Result<KeyResponse, Error>> {
    let name = opened(store, bucket)?;
    let page = |cursor: u64| {
        let at = usize::try_from(cursor).ok()?.checked_sub(1)?;
        store.data_mut().table().get(bucket).ok()?.pages.get(at).cloned()
    };
    let after = match cursor.map(page) {
        None => None,
        Some(Some(after)) => Some(after),
        Some(None) => return Ok(Err(Error::Other("there is no such cursor".to_owned()))),
    };
    let (keys, more) = match ask(store, KvAsk::Keys { store: name, after, max: PAGE_KEYS }).await? {
        Ok(KvAnswer::Keys(keys, more)) => (keys, more),
        Ok(_) => return Err(wrong_answer()),
        Err(error) => return Ok(Err(error)),
    };
    let cursor = match keys.last().filter(|_| more) {
        None => None,
        Some(last) => {
            let pages = &mut store.data_mut().table().get_mut(bucket)?.pages;
            if pages.len() >= PAGE_KEYS as usize {
                let message = "the call has gone through too many pages of keys";
                return Err(Refused(CallError::new(ErrorKind::LimitHandles, message)).into());
            }
            pages.push(last.clone());
            Some(pages.len() as u64)
        }
    };
    Ok(Ok(KeyResponse { keys, cursor }))
}
