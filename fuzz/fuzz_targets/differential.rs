#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| referee::fuzzing::targets::differential(data));
