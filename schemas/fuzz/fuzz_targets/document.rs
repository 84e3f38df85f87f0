//! The target `document`: see `src/document.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| evergate_fuzz::document::check(data));
