//! Where the seeds of hash maps come from: nowhere.
//!
//! The JSON Schema validator seeds its hash maps through `getrandom`. A skill without rights has no
//! random bytes, and with the same seed every time the same call gives the same result.

use getrandom::Error;

/// What `getrandom` calls, by its name, where it is built with the backend `custom`.
///
/// # Safety
///
/// `dest` must be valid for writes of `len` bytes.
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(dest: *mut u8, len: usize) -> Result<(), Error> {
    // SAFETY: the caller says that these bytes may be written.
    unsafe { dest.write_bytes(0x5a, len) };
    Ok(())
}
