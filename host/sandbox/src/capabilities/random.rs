//! `wasi:random`. What seeds hash maps is constant, so that a call without the right to randomness
//! always does the same.

/// What `wasi:random/insecure-seed` gives every guest.
pub(crate) const INSECURE_SEED: u128 = 0x636f_6c64_6672_616d_6520_6861_7368_6573;

/// Bytes a guest may ask for at once.
pub(crate) const BYTES_MAX: u64 = 64 << 10;
