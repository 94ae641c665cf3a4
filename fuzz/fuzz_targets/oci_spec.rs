#![no_main]

#[path = "../readers/oci_spec.rs"]
mod reader;

libfuzzer_sys::fuzz_target!(|data: &[u8]| referee::fuzzing::differential::run(&reader::OCI_SPEC, data));
