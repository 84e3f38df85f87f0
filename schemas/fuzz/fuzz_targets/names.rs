//! The target `names`: see `src/names.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| evergate_fuzz::names::check(data));
