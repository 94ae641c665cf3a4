//! Content nodes: what a case pushes and looks for, as a graph of names.

use super::{Json, Origin, Template};
use crate::oci::digest::Algorithm;

/// A named piece of content.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The name that steps and templates use.
    pub name: String,
    /// What it is made of.
    pub kind: NodeKind,
    /// Where it is written.
    pub origin: Origin,
}

/// What a node is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// Bytes that are pushed as a blob.
    Blob {
        /// Where the bytes come from.
        source: BlobSource,
        /// The algorithm of its digest.
        algorithm: Algorithm,
        /// The media type in descriptors that name it.
        media_type: Template,
    },
    /// A part of another node, for chunks and byte ranges. `to` is exclusive.
    Slice {
        /// The node it is cut from.
        of: String,
        /// First byte.
        from: Size,
        /// One past the last byte.
        to: Size,
    },
    /// An image manifest; its config and layers are content of their own: `${image.config.digest}`.
    Image(ManifestFields),
    /// An image index.
    Index(ManifestFields),
    /// An image manifest that carries an artifact: `artifactType`, the empty config, and usually a subject.
    Artifact(ManifestFields),
    /// A JSON document written out in the case, pushed as a manifest of `media_type`.
    Json {
        /// The document.
        value: Json,
        /// The media type it is pushed with.
        media_type: Template,
        /// The algorithm of its digest.
        algorithm: Algorithm,
        /// The nodes whose blobs and manifests are pushed before it by the `push` verb.
        after: Vec<String>,
        /// Whether it gets a signature as manifests of Docker's first schema have it, which its digest does not cover.
        signed: bool,
    },
    /// Content that the registry has already and that a run is given to read.
    Given(GivenPart),
    /// Exact text, pushed as a manifest of `media_type`.
    Text {
        /// The text.
        text: Template,
        /// The media type it is pushed with.
        media_type: Template,
        /// The algorithm of its digest.
        algorithm: Algorithm,
        /// The nodes whose blobs and manifests are pushed before it by the `push` verb.
        after: Vec<String>,
    },
}

/// A part of the content that a run is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GivenPart {
    /// The manifest that was named, an image or an index.
    Manifest,
    /// An image: what was named, or one that the named index lists.
    Image,
    /// What was named, if it is an index.
    Index,
    /// A blob of the image, as small as there is with at least two bytes.
    Blob,
}

impl GivenPart {
    /// Every part, with the word for it.
    pub const ALL: [(GivenPart, &'static str); 4] = [
        (GivenPart::Manifest, "manifest"),
        (GivenPart::Image, "image"),
        (GivenPart::Index, "index"),
        (GivenPart::Blob, "blob"),
    ];
}

/// Where the bytes of a blob come from.
#[derive(Debug, Clone, PartialEq)]
pub enum BlobSource {
    /// So many bytes from the run's seed, unlike those of any other node, case or run.
    Random(Size),
    /// The UTF-8 bytes of a text.
    Text(Template),
    /// A JSON document, printed compactly.
    Json(Json),
    /// Bytes written in base64.
    Bytes(Vec<u8>),
}

/// The members of a manifest that a case may choose.
#[derive(Debug, Clone, PartialEq)]
pub struct ManifestFields {
    /// How many unnamed random layers an image gets, or the named nodes that are its layers.
    pub layers: Vec<Child>,
    /// The config of an image; generated where `None`.
    pub config: Option<Child>,
    /// The children of an index.
    pub manifests: Vec<Child>,
    /// The node that `subject` names.
    pub subject: Option<String>,
    /// `artifactType`.
    pub artifact_type: Option<Template>,
    /// `annotations`, beside the nonce.
    pub annotations: Vec<(String, Template)>,
    /// The media type in `mediaType` and in `Content-Type`.
    pub media_type: Template,
    /// The algorithm of its digest.
    pub algorithm: Algorithm,
    /// Changes to the finished document, to make odd or invalid ones.
    pub patches: Vec<Patch>,
    /// Pads the document with an annotation up to this many bytes.
    pub pad: Option<Size>,
    /// Whether an annotation makes the document unlike any other (it does unless switched off).
    pub nonce: bool,
}

/// A descriptor in a manifest.
#[derive(Debug, Clone, PartialEq)]
pub enum Child {
    /// A node of the case.
    Node {
        /// Its name.
        name: String,
        /// Members that are added to its descriptor or replaced in it, such as `platform`.
        with: Vec<(String, Json)>,
    },
    /// A blob of its own, made of random bytes.
    Generated(Size),
    /// The empty JSON object, which stands for no content
    /// ([image-spec](https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidance-for-an-empty-descriptor)).
    Nothing,
}

/// One change to a finished document.
#[derive(Debug, Clone, PartialEq)]
pub enum Patch {
    /// Sets the value at a JSON pointer (RFC 6901), creating the last member.
    Set(String, Json),
    /// Removes what is at a JSON pointer.
    Remove(String),
}

/// A length in bytes, or in chunks as large as the target demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// How many units.
    pub count: u64,
    /// The unit.
    pub unit: SizeUnit,
}

/// The unit of a [`Size`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeUnit {
    /// Bytes.
    Byte,
    /// Chunks: 1 KiB, or the target's minimum chunk length where it announces a larger one.
    Chunk,
}

impl Size {
    /// A size in bytes.
    pub const fn bytes(count: u64) -> Self {
        Self {
            count,
            unit: SizeUnit::Byte,
        }
    }

    /// Whether it depends on how long a chunk is.
    pub fn is_of_chunks(self) -> bool {
        self.unit == SizeUnit::Chunk && self.count > 0
    }

    /// The number of bytes, with chunks of `chunk` bytes.
    pub fn resolve(self, chunk: u64) -> u64 {
        match self.unit {
            SizeUnit::Byte => self.count,
            SizeUnit::Chunk => self.count.saturating_mul(chunk),
        }
    }
}

impl std::str::FromStr for Size {
    type Err = ();

    /// `17`, `17B`, `3KiB`, `4MiB`, `5GiB`, `3MB` or `2chunk`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let count: u64 = text[..digits].parse().map_err(|_| ())?;
        let factor = match &text[digits..] {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "kB" => 1_000,
            "MB" => 1_000_000,
            "chunk" => {
                return Ok(Self {
                    count,
                    unit: SizeUnit::Chunk,
                });
            }
            _ => return Err(()),
        };
        count.checked_mul(factor).map(Self::bytes).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!("3KiB".parse(), Ok(Size::bytes(3072)));
        assert_eq!("17".parse(), Ok(Size::bytes(17)));
        assert_eq!("2chunk".parse::<Size>().map(|size| size.resolve(64)), Ok(128));
        assert_eq!("KiB".parse::<Size>(), Err(()));
        assert_eq!("99999999999GiB".parse::<Size>(), Err(()));
        assert_eq!("1 KiB".parse::<Size>(), Err(()));
    }
}
