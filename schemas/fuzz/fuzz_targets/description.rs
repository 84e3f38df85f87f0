//! The target `description`: see `src/description.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| evergate_fuzz::description::check(data));
