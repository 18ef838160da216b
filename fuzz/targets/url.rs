//! See `coldframe_fuzz::url`.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| coldframe_fuzz::url(text));
