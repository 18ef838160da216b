//! What it costs here to ask somebody else: nobody who is behind a socket can be faster.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

/// About as long as a call's words.
const BYTES: usize = 200;

/// A thread that gives back what it is sent.
pub(crate) struct Echo(UnixStream);

impl Echo {
    pub(crate) fn new() -> Self {
        let (here, mut there) = UnixStream::pair().unwrap();
        std::thread::spawn(move || {
            let mut bytes = [0; BYTES];
            while there.read_exact(&mut bytes).is_ok() && there.write_all(&bytes).is_ok() {}
        });
        Self(here)
    }

    /// Asks it `count` times, each time when the answer is there.
    pub(crate) fn calls(&self, count: usize) {
        let mut bytes = [0; BYTES];
        for _ in 0..count {
            (&self.0).write_all(&bytes).unwrap();
            (&self.0).read_exact(&mut bytes).unwrap();
        }
    }
}
