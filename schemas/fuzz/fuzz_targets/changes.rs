//! The target `changes`: see `src/changes.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| evergate_fuzz::changes::check(data));
