//! See `coldframe_fuzz::compile`.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| coldframe_fuzz::compile(text));
