#![no_main]

#[path = "../readers/oci_client.rs"]
mod reader;

libfuzzer_sys::fuzz_target!(|data: &[u8]| referee::fuzzing::differential::run(&reader::OCI_CLIENT, data));
