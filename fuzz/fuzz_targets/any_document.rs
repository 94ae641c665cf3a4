#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| referee::fuzzing::targets::any_document(data));
