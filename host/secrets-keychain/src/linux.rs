//! The keyring of Linux's kernel.

use std::collections::HashMap;

use coldframe_ports::fetch::NoSecret;
use keyring_core::Error;
use keyring_core::api::CredentialStoreApi as _;
use linux_keyutils::{KeyRing, KeyRingIdentifier};
use linux_keyutils_keyring_store::Store;
use zeroize::Zeroizing;

use crate::place::Place;

/// The bytes of one entry.
pub(crate) fn read(place: &Place) -> Result<Zeroizing<Vec<u8>>, NoSecret> {
    // Where no login made a keyring for its session, one is made for this process, and finds what
    // is the user's. Where that fails, so does what follows.
    let _ = KeyRing::from_special_id(KeyRingIdentifier::Session, true);
    // No entry may have the name of another.
    let settings = HashMap::from([("service_no_divider", "true")]);
    let Place { service, account } = place;
    Store::new_with_configuration(&settings)
        .and_then(|store| store.build(service, account, None))
        .and_then(|entry| entry.get_secret())
        .map(Zeroizing::new)
        .map_err(|error| refused(place, &error))
}

/// Only the kind of a mistake is said: some hold what was found.
fn refused(Place { service, account }: &Place, error: &Error) -> NoSecret {
    match error {
        Error::NoEntry => NoSecret::new(
            format!("the keyring has nothing of `{account}` for `{service}`"),
            "the kernel forgets at a restart: `keyctl padd user keyring:ACCOUNT@SERVICE @s` puts it there",
        ),
        Error::NoStorageAccess(_) => NoSecret::new(
            format!("the keyring does not let us read what `{account}` has for `{service}`"),
            "it is another user's, or the container allows no `keyctl`",
        ),
        _ => NoSecret::new(
            format!("the keyring gave nothing of `{account}` for `{service}`"),
            "see whether `keyctl show` can read it",
        ),
    }
}
