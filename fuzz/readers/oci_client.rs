//! The reader of the crate `oci-client`, beside ours.

use oci_client::manifest::{OciDescriptor, OciImageIndex, OciImageManifest};
use referee::fuzzing::differential::{Links, Pardon, Reader};
use referee::oci::manifest::Kind;

/// The reader, and what is known of it.
pub const OCI_CLIENT: Reader = Reader {
    name: "oci-client",
    read,
    pardons: &[
        Pardon::Sequences,
        Pardon::LenientJson,
        Pardon::AnyKind,
        Pardon::AnySchemaVersion,
        Pardon::Unlooked,
        Pardon::AnyText,
        Pardon::AnySize,
        Pardon::AnyData,
        Pardon::EmptyConfig,
        Pardon::Incomplete,
        // A digest is any text to it.
        Pardon::AnyDigest,
        Pardon::MoreRequired,
        Pardon::Shallow,
        Pardon::ClosedSets,
    ],
};

fn read(bytes: &[u8], kind: Kind) -> Option<Result<Links, String>> {
    match kind {
        Kind::Image => Some(image(bytes)),
        Kind::Index => Some(index(bytes)),
        _ => None,
    }
}

fn image(bytes: &[u8]) -> Result<Links, String> {
    let image: OciImageManifest = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let layers = image.layers.iter();
    Ok(std::iter::once(&image.config)
        .chain(layers)
        .chain(image.subject.as_ref())
        .map(link)
        .collect())
}

fn index(bytes: &[u8]) -> Result<Links, String> {
    let index: OciImageIndex = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let links = index
        .manifests
        .iter()
        .map(|entry| (entry.digest.clone(), entry.size.to_string()));
    Ok(links.collect())
}

fn link(descriptor: &OciDescriptor) -> (String, String) {
    (descriptor.digest.clone(), descriptor.size.to_string())
}
