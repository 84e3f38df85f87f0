//! The target `converter`: see `src/converter.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| evergate_fuzz::converter::check(data));
