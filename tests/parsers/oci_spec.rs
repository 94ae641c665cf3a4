//! The crate `oci-spec` as a program for `referee parse-suite --parser-cmd`: the document on standard input, its media type
//! in MEDIA_TYPE; 0 for accepted, 1 for refused, 3 for a kind that it does not read.

use std::io::Read as _;
use std::process::ExitCode;

use oci_spec::image::{Descriptor, ImageIndex, ImageManifest};

fn main() -> ExitCode {
    let media_type = std::env::var("MEDIA_TYPE").unwrap_or_default();
    let essence = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let mut bytes = Vec::new();
    if std::io::stdin().read_to_end(&mut bytes).is_err() {
        return ExitCode::from(4);
    }
    let read = match essence.as_str() {
        // Docker's types differ by name only, and the crate gives them the same Rust types.
        "application/vnd.oci.image.manifest.v1+json" | "application/vnd.docker.distribution.manifest.v2+json" => {
            ImageManifest::from_reader(bytes.as_slice()).map(drop)
        }
        "application/vnd.oci.image.index.v1+json" | "application/vnd.docker.distribution.manifest.list.v2+json" => {
            ImageIndex::from_reader(bytes.as_slice()).map(drop)
        }
        "application/vnd.oci.descriptor.v1+json" => serde_json::from_slice::<Descriptor>(&bytes)
            .map(drop)
            .map_err(Into::into),
        _ => return ExitCode::from(3),
    };
    ExitCode::from(u8::from(read.is_err()))
}
