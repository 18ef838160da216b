//! The keyring of the kernel, for real: what is put there is found by the command.

use std::collections::HashMap;

use keyring_core::Entry;
use keyring_core::api::CredentialStoreApi as _;
use linux_keyutils::{KeyRing, KeyRingIdentifier};
use linux_keyutils_keyring_store::Store;

use super::{CANARY, Place, VALUE};

/// An entry of this test, gone with it.
struct Put {
    entry: Entry,
    source: String,
}

impl Put {
    fn new(account: &str, value: &[u8]) -> Result<Self, String> {
        let service = format!("coldframe-test-{}", std::process::id());
        let store = Store::new_with_configuration(&HashMap::new()).map_err(|e| e.to_string())?;
        let entry = store.build(&service, account, None).map_err(|e| e.to_string())?;
        let put = Self { entry, source: format!("keychain:{service}/{account}") };
        put.entry.set_secret(value).map_err(|e| format!("{account}: {e}"))?;
        Ok(put)
    }
}

impl Drop for Put {
    fn drop(&mut self) {
        let _ = self.entry.delete_credential();
    }
}

pub(super) fn all() -> Result<(), String> {
    // Commands of this thread have its keyring: that of the login, or one of its own.
    KeyRing::from_special_id(KeyRingIdentifier::Session, true).map_err(|e| e.to_string())?;
    let place = Place::new("A=b".to_owned())?;
    for account in ["ann", "ann@example.com", "team/ann", "a user"] {
        let put = Put::new(account, VALUE.as_bytes())?;
        place.gives("", &put.source)?;
        place.gives("COLDFRAME_LOG=trace", &put.source)?;
    }
    // What was taken away is not found any more.
    let gone = Put::new("gone", VALUE.as_bytes())?.source.clone();
    place.refuses("", &gone, "has nothing of `gone` for `coldframe-test-")?;
    let bytes = Put::new("bytes", &[CANARY.as_bytes(), &[0xff, 0xfe]].concat())?;
    place.refuses("", &bytes.source, "is no text")?;
    // A value that no header can carry is not repeated.
    let lines = format!("{VALUE}\n{VALUE}");
    for (account, value) in [("short", "x"), ("lines", &lines)] {
        let put = Put::new(account, value.as_bytes())?;
        let (code, text) = place.call("", &put.source)?;
        if code != Some(2) || !text.contains("the secret `key`") {
            return Err(format!("{account}: {code:?}: {text}"));
        }
    }
    for (source, why) in [
        ("keychain:", "it has no `/ACCOUNT`"),
        ("keychain:api", "it has no `/ACCOUNT`"),
        ("keychain:api/", "it names no account"),
        ("keychain:/ann", "it names no service"),
        ("keychain:a@b/c", "its service has an `@`"),
        ("keychain:coldframe-test-none/ann", "has nothing of `ann` for `coldframe-test-none`"),
    ] {
        place.refuses("", source, why)?;
    }
    let put = Put::new("run", VALUE.as_bytes())?;
    place.runs(&put.source, &gone)
}
