//! The reader of the crate `oci-spec`, beside ours.

use oci_spec::image::{Descriptor, ImageIndex, ImageManifest};
use referee::fuzzing::differential::{Links, Pardon, Reader};
use referee::oci::manifest::Kind;

/// The reader, and what is known of it.
pub const OCI_SPEC: Reader = Reader {
    name: "oci-spec",
    read,
    pardons: &[
        // It reads with serde, which takes the members of an object in an array too.
        Pardon::Sequences,
        Pardon::LenientJson,
        Pardon::AnyKind,
        Pardon::AnySchemaVersion,
        Pardon::Unlooked,
        Pardon::AnyText,
        Pardon::AnySize,
        Pardon::AnyData,
        Pardon::EmptyConfig,
        // Null is as good as absent to an `Option`.
        Pardon::Incomplete,
        // Its digests are more, and its required members too: layers, mediaType of what is in lists.
        Pardon::AnyDigest,
        Pardon::FewAlgorithms,
        Pardon::MoreRequired,
        Pardon::Shallow,
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
    let image: ImageManifest = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let layers = image.layers().iter();
    Ok(std::iter::once(image.config())
        .chain(layers)
        .chain(image.subject())
        .map(link)
        .collect())
}

fn index(bytes: &[u8]) -> Result<Links, String> {
    let index: ImageIndex = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    Ok(index.manifests().iter().chain(index.subject()).map(link).collect())
}

fn link(descriptor: &Descriptor) -> (String, String) {
    (descriptor.digest().to_string(), descriptor.size().to_string())
}
