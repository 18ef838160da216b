//! Native code kept between processes, authenticated.
//!
//! Native code is as good as ours once it is loaded, so nothing is loaded from the disk that this
//! data directory's own key has not signed: each file starts with an HMAC-SHA256 over the
//! component's digest, the engine's fingerprint and the code.

use std::fs::{self, File, OpenOptions};
use std::hash::{Hash as _, Hasher as _};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use coldframe_format::Digest;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use wasmtime::Engine;

/// In every MAC, so that a file of another layout never passes.
const CONTEXT: &[u8] = b"coldframe native code 1\0";
const MAC_BYTES: usize = 32;
const KEY_BYTES: usize = 32;
const KEY_FILE: &str = "native.key";

/// A directory of authenticated native code.
pub(crate) struct Cache {
    dir: PathBuf,
    /// Made or read when it is first needed.
    key: OnceLock<Option<[u8; KEY_BYTES]>>,
    reported: AtomicBool,
}

impl Cache {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir, key: OnceLock::new(), reported: AtomicBool::new(false) }
    }

    /// The component's code, if it is there, whole and ours. Anything else is removed and compiled
    /// anew.
    pub(crate) fn get(&self, engine: &Engine, digest: &Digest) -> Option<Vec<u8>> {
        let path = self.path(engine, digest);
        let (given, code) = match read(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => return self.report("read", &path, &error),
        };
        // `verify_slice` compares in constant time.
        if mac(&self.key()?, engine, digest, &code).verify_slice(&given).is_err() {
            tracing::warn!(path = %path.display(), "native code was tampered with, compiling again");
            let _ = fs::remove_file(&path);
            return None;
        }
        Some(code)
    }

    /// Whether there is a file for the component's code, whatever is in it.
    pub(crate) fn has(&self, engine: &Engine, digest: &Digest) -> bool {
        self.path(engine, digest).exists()
    }

    /// Keeps a component's code. Failing to is reported once, and no error.
    pub(crate) fn put(&self, engine: &Engine, digest: &Digest, code: &[u8]) {
        let path = self.path(engine, digest);
        if let Err(error) = self.write(engine, digest, &path, code) {
            let _: Option<()> = self.report("write", &path, &error);
        }
    }

    fn write(&self, engine: &Engine, digest: &Digest, path: &Path, code: &[u8]) -> io::Result<()> {
        let key = self.key().ok_or_else(|| io::Error::other("there is no usable key"))?;
        let mac = mac(&key, engine, digest, code).finalize().into_bytes();
        let temporary = self.temporary()?;
        let written = create_private(&temporary)
            .and_then(|mut file| {
                file.write_all(&mac)?;
                file.write_all(code)
            })
            .and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    fn path(&self, engine: &Engine, digest: &Digest) -> PathBuf {
        self.dir.join(format!("{}-{:016x}.native", digest.hex(), fingerprint(engine)))
    }

    fn temporary(&self) -> io::Result<PathBuf> {
        let mut random = [0; 8];
        fill_random(&mut random)?;
        Ok(self.dir.join(format!("{}.tmp", hex::encode(random))))
    }

    fn key(&self) -> Option<[u8; KEY_BYTES]> {
        *self.key.get_or_init(|| {
            let path = self.dir.join(KEY_FILE);
            match self.read_key(&path) {
                Ok(key) => Some(key),
                Err(error) => self.report("use", &path, &error),
            }
        })
    }

    /// Reads the key, or makes it. Several processes may do so at once: the first link wins and
    /// all read the same key.
    fn read_key(&self, path: &Path) -> io::Result<[u8; KEY_BYTES]> {
        if !path.exists() {
            let mut key = [0; KEY_BYTES];
            fill_random(&mut key)?;
            fs::create_dir_all(&self.dir)?;
            let temporary = self.temporary()?;
            create_private(&temporary)?.write_all(&key)?;
            let linked = fs::hard_link(&temporary, path);
            fs::remove_file(&temporary)?;
            match linked {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        let file = File::open(path)?;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            return Err(io::Error::other("others may read it"));
        }
        let mut key = Vec::new();
        file.take(KEY_BYTES as u64 + 1).read_to_end(&mut key)?;
        key.try_into().map_err(|_| io::Error::other("it is not 32 bytes long"))
    }

    /// One warning per process: without a cache all still works, only slower.
    fn report<T>(&self, doing: &str, path: &Path, error: &dyn std::fmt::Display) -> Option<T> {
        if !self.reported.swap(true, Ordering::Relaxed) {
            let path = path.display();
            tracing::warn!(%path, %error, "failed to {doing} the cache of native code");
        }
        None
    }
}

/// What stands where the MAC is, and the code behind it. Of a file that is too short for one, what there
/// is.
fn read(path: &Path) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut file = File::open(path)?;
    let (mut mac, mut code) = (Vec::new(), Vec::new());
    (&file).take(MAC_BYTES as u64).read_to_end(&mut mac)?;
    file.read_to_end(&mut code)?;
    Ok((mac, code))
}

fn fill_random(bytes: &mut [u8]) -> io::Result<()> {
    getrandom::fill(bytes).map_err(|error| io::Error::other(error.to_string()))
}

fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn mac(key: &[u8; KEY_BYTES], engine: &Engine, digest: &Digest, code: &[u8]) -> Hmac<Sha256> {
    // HMAC pads a short key with zeros to the hash's block; doing so here cannot fail.
    let mut block = [0; 64];
    for (padded, byte) in block.iter_mut().zip(key) {
        *padded = *byte;
    }
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(CONTEXT);
    mac.update(digest.as_bytes());
    mac.update(&fingerprint(engine).to_le_bytes());
    mac.update(code);
    mac
}

/// Everything that decides whether code of one engine runs in another: version, target, settings.
fn fingerprint(engine: &Engine) -> u64 {
    // The keys of this hasher are fixed, so the number is the same in every process.
    #[expect(deprecated, reason = "the only hasher of std with fixed keys and a promise of them")]
    let mut hasher = std::hash::SipHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}
