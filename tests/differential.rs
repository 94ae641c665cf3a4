//! Our reader of manifests beside the one of `oci-spec`, on what the generators make: the smoke test of the fuzz target
//! `oci_spec`.

#[path = "../fuzz/readers/oci_spec.rs"]
mod reader;

use referee::fuzzing::differential;
use referee::fuzzing::live::choices;

#[test]
fn oci_spec_disagrees_only_where_it_is_known_to() {
    let mut rng = fastrand::Rng::with_seed(1);
    for _ in 0..1500 {
        differential::run(&reader::OCI_SPEC, &choices::fresh(&mut rng));
    }
}
