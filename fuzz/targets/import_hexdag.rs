//! See `coldframe_fuzz::import`.

#![no_main]

use coldframe_import::Dialect;

libfuzzer_sys::fuzz_target!(|text: &str| coldframe_fuzz::import(Dialect::Hexdag, text));
