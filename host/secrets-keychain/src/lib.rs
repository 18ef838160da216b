//! Secrets of the keyring of the operating system: the password of one account for one service.
//!
//! On Linux that is the kernel's own keyring, of the session and of the user. Nothing opens it but
//! being that user, and it is empty after a restart of the machine. Other systems have none that
//! this build can ask.

mod place;
#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "elsewhere.rs"]
mod system;

use coldframe_ports::fetch::{NoSecret, SecretServer, SecretServers};
use zeroize::Zeroizing;

use place::Place;

/// How it is asked.
pub const SERVERS: SecretServers = SecretServers {
    example: "api.example.com/ann",
    check: |place| place.parse::<Place>().map(drop),
    open: |_env| Ok(Box::new(Keychain)),
    // What opens it is who we are.
    files: |_env| Vec::new(),
};

struct Keychain;

impl SecretServer for Keychain {
    fn read(&self, place: &str) -> Result<Zeroizing<String>, NoSecret> {
        let place: Place = place.parse().map_err(|why| NoSecret::new(why, "look at its place"))?;
        let value = system::read(&place)?;
        // The mistake of the conversion would hold the bytes.
        match str::from_utf8(&value) {
            Ok(text) => Ok(Zeroizing::new(text.to_owned())),
            Err(_) => Err(NoSecret::new(
                format!("the entry of `{}` for `{}` is no text", place.account, place.service),
                "write it into the keyring as a text",
            )),
        }
    }
}
