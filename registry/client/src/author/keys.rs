//! Private keys as files: PKCS#8 in PEM, readable by their owner alone.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};

use super::sign::Signer;
use crate::error::Error;
use crate::floors::Floors;

/// Where `registry init` puts the keys of the registry in `dir` unless told otherwise: beside it,
/// `NAME.keys`. Never inside: the tree is what others get to see.
pub fn default_keys_dir(dir: &Path) -> PathBuf {
    let mut name = dir.file_name().map_or_else(|| OsString::from("registry"), OsString::from);
    name.push(".keys");
    dir.with_file_name(name)
}

/// A new key from the operating system's randomness.
pub(super) fn generate() -> Result<Signer, Error> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|e| Error::author(format!("the system gives no random bytes: {e}"), None))?;
    Ok(Signer::new(SigningKey::from_bytes(&seed)))
}

/// The directory of the keys of one registry.
#[derive(Debug)]
pub(super) struct KeyRing {
    dir: PathBuf,
}

impl KeyRing {
    /// Makes the directory. It must not have been there, or be empty: two registries that share a
    /// key could be passed off as each other.
    pub(super) fn create(dir: &Path, tree: &Path) -> Result<Self, Error> {
        fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
        let real = dir.canonicalize().map_err(Error::io("open", dir))?;
        if real.starts_with(tree) {
            return Err(Error::author(
                format!("the keys would lie in `{}`, inside of the registry", real.display()),
                Some("choose a directory that is not served to others"),
            ));
        }
        let mut entries = fs::read_dir(&real).map_err(Error::io("read", &real))?;
        if entries.next().is_some() {
            return Err(Error::author(
                format!("the directory for the keys `{}` is not empty", real.display()),
                Some("choose another directory; each registry has keys of its own"),
            ));
        }
        fs::set_permissions(&real, fs::Permissions::from_mode(0o700))
            .map_err(Error::io("protect", &real))?;
        Ok(Self { dir: real })
    }

    /// The directory of an existing registry's keys.
    pub(super) fn open(dir: &Path) -> Result<Self, Error> {
        if !dir.is_dir() {
            return Err(Error::author(
                format!("there is no directory of keys `{}`", dir.display()),
                Some("name the one that `coldframe registry init` made"),
            ));
        }
        Ok(Self { dir: dir.to_owned() })
    }

    /// What the owner of the keys saw of the registry last. Kept with the keys, so that nobody who
    /// can write to the tree alone makes them sign on top of something old or foreign.
    pub(super) fn floors(&self) -> Floors {
        Floors::in_dir(self.dir.join("seen"))
    }

    /// Makes a key and writes it down. Never overwrites one.
    pub(super) fn create_key(&self, name: &str) -> Result<Signer, Error> {
        let signer = generate()?;
        let pem = signer
            .key()
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|e| Error::author(format!("the key `{name}` cannot be written: {e}"), None))?;
        let path = self.path(name);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(Error::io("create", &path))?;
        file.write_all(pem.as_bytes()).map_err(Error::io("write", &path))?;
        file.sync_all().map_err(Error::io("write", &path))?;
        Ok(signer)
    }

    /// Whether there is a key of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// Reads a key.
    pub(super) fn load(&self, name: &str) -> Result<Signer, Error> {
        let path = self.path(name);
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::author(
                    format!("the key `{}` is not here", path.display()),
                    Some("ask the owner of the registry to publish, or to hand you the key"),
                ));
            }
            Err(e) => return Err(Error::io("read", path)(e)),
        };
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(Error::author(
                format!("the key `{}` has mode {mode:04o}, expected 0600", path.display()),
                Some("others could have read it: make a new one, or `chmod 600` it if nobody did"),
            ));
        }
        let pem = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        let key = SigningKey::from_pkcs8_pem(&pem).map_err(|e| {
            Error::author(format!("`{}` is not an Ed25519 key: {e}", path.display()), None)
        })?;
        Ok(Signer::new(key))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.pem"))
    }
}
