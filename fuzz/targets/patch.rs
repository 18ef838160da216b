//! See `coldframe_fuzz::patch`.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| coldframe_fuzz::patch(text));
