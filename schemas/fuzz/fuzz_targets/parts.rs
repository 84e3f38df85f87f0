//! The target `parts`: see `src/parts.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| evergate_fuzz::parts::check(data));
