//! See `coldframe_fuzz::grants`.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| coldframe_fuzz::grants(text));
