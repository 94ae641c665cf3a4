//! Other choices that the specifications leave open, each of which the reference registry can make: what checks
//! registries has to leave them in peace.
//!
//! The list stands here and nowhere else. A variant acts where the choice is made, or in [`choices`](super::choices) if it
//! is only about how answers look.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use super::mutant::kebab_case;

/// Declares the variants: name, what allows it (in our words, and where it stands), what is different.
macro_rules! variants {
    ($($name:ident $allows:literal $doc:literal;)+) => {
        /// The reference registry with one other choice than the plain one makes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Variant {
            $(#[doc = $doc] $name,)+
        }

        impl Variant {
            /// All of them, by area.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// What allows it: a paraphrase and the place where it stands.
            pub fn allows(self) -> &'static str {
                match self {
                    $(Self::$name => $allows,)+
                }
            }

            /// What is different, in a sentence.
            pub fn doc(self) -> &'static str {
                match self {
                    $(Self::$name => $doc,)+
                }
            }
        }

        static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| vec![$(kebab_case(stringify!($name))),+]);
    };
}

variants! {
    // Deleting.
    TagDeletionOff400 "Tag deletion may be disabled, with 400 or 405 (Deleting tags)." "Tags cannot be deleted: 400.";
    TagDeletionOff405 "Tag deletion may be disabled, with 400 or 405 (Deleting tags)." "Tags cannot be deleted: 405.";
    ManifestDeletionOff400 "Manifest deletion may be disabled, with 400 or 405 (Deleting manifests)."
        "Manifests cannot be deleted: 400.";
    ManifestDeletionOff405 "Manifest deletion may be disabled, with 400 or 405 (Deleting manifests)."
        "Manifests cannot be deleted: 405.";
    BlobDeletionOff400 "Blob deletion may be disabled, with 400 or 405 (Deleting blobs)."
        "Blobs cannot be deleted: 400.";
    BlobDeletionOff405 "Blob deletion may be disabled, with 400 or 405 (Deleting blobs)."
        "Blobs cannot be deleted: 405.";
    DeletionForbidden "Who may do what is for the registry to say, and how (RFC 9110, section 15.5.4)."
        "Nobody may delete tags, manifests and blobs: 403, in HTML.";
    DeletionDelayed "202 says that a request was taken, not that it was carried out (RFC 9110, section 15.3.3)."
        "What is deleted is gone some time later.";
    DeletionOfTaggedOff "Nothing says that a manifest with tags can be deleted (Deleting manifests)."
        "Manifests that have tags cannot be deleted: 409.";
    LastTagTakesManifest "Nothing says that a manifest stays without a tag (Content management)."
        "A manifest goes with its last tag, be it deleted or set on another manifest.";
    DeletionOfReferencedOff "Nothing says that content in use can be deleted (Content management)."
        "Blobs and manifests that another manifest names cannot be deleted: 405.";
    // Referrers.
    NoReferrers "A registry without the referrers API answers 404 (Unavailable referrers API)."
        "There are no referrers, and no subject is confirmed.";
    ReferrersPaged "A list that does not fit one page is continued by a link (Listing referrers)."
        "Referrers come in pages of two.";
    ReferrersReversed "Nothing says in which order referrers are listed (Listing referrers)."
        "Referrers are listed backwards.";
    ReferrersMade "Nothing says that only clients push (Listing referrers)."
        "The registry makes a referrer of its own for each manifest that is pushed.";
    ReferrersAnnotated "A list includes the annotations of each referrer, and nothing forbids others (Listing referrers)."
        "The registry adds an annotation to each listed referrer.";
    ReferrersEmptyAnnotations "Without annotations the property is absent or an empty map (image-spec, annotations)."
        "Listed referrers without annotations have an empty map of them.";
    ReferrersFurtherMembers "A descriptor may have members that nobody knows (image-spec, considerations)."
        "Listed referrers have further members.";
    ReferrersFilterOff "Filtering is a should, and a list without the header is a full one (Listing referrers)."
        "Referrers are not filtered.";
    // Digests.
    NoSha512 "SHA-512 may be left out (image-spec, descriptor, Registered algorithms)."
        "SHA-256 is the only algorithm.";
    BlobsKeptBySha256 "The digest of a blob may differ from the one provided (Mounting a blob from another repository)."
        "A blob pushed by its SHA-512 is kept by its SHA-256, as the answer says.";
    DigestHeaderSha512 "The digest header may differ from the digest asked for (Pulling manifests)."
        "Pulls have the SHA-512 of the content in their digest header.";
    PullsWithoutDigestHeader "Up to 1.1.1 the digest header of pulls is a should (1.1.1, Pulling manifests)."
        "Pulls have no digest header.";
    UploadsWithoutDigestHeader "Nothing asks for a digest header on a new blob (Pushing blobs)."
        "New blobs are not confirmed with their digest.";
    // Tags.
    TagsPaged "A registry may return fewer tags than asked for, with a link (Listing tags)."
        "Tags come in pages of two at the most, also when nobody asks for pages.";
    TagsFirstPageEmpty "Fewer than n are allowed where there is a link (Listing tags)."
        "Lists with n begin with an empty page, which has a link.";
    TagsLinkOnFullPage "Nothing forbids a link where nothing follows (Listing tags)."
        "The last page of tags has a link if it is full.";
    ListsLate "No sentence says when a list shows a push (Listing tags)."
        "Lists stay as they were given for a moment.";
    ReferrersLate "No sentence says when a list shows a push (Listing referrers)."
        "Lists of referrers stay as they were given for a moment.";
    TagsPagedByToken "The link to more tags is for the registry to make (RFC 8288)."
        "The link to more tags has a token that only the registry understands.";
    TagsBadLimitIgnored "What becomes of an n that is no number is open (Listing tags)."
        "An n that is no number has no effect.";
    TagsCaseInsensitive "Tags may be sorted without regard to case (Listing tags)."
        "Tags are sorted without regard to case.";
    UntaggedRepositoriesForgotten "200 is for a repository that is found, and what makes one is open (Listing tags)."
        "The list of tags of a repository without tags gives 404.";
    TagParametersOff "Tags in the query of a push are optional (Pushing manifests)."
        "Tags in the query have no effect.";
    TagParametersTen "Too many tags may give 414, ten should work (Pushing manifests)." "More than ten tags give 414.";
    TagParametersInOneLine "A header that is a list may come in one line or several (RFC 9110, section 5.3)."
        "All tags that were set are confirmed in one line.";
    // Uploads.
    SinglePostOff "A registry without single POST opens an upload (Single POST)." "A single POST opens an upload.";
    MountOff "A registry without mounts opens an upload (Mounting a blob from another repository)."
        "A mount opens an upload, but for a blob that the repository has itself.";
    MountSourceIgnored "The source of a mount is optional (Mounting a blob from another repository)."
        "A blob is mounted from wherever it is, whatever source is named.";
    MountWithoutFrom "The source of a mount is optional (Mounting a blob from another repository)."
        "A blob is mounted from wherever it is.";
    NamesOfTwoComponents "Nothing says how many components a name may have (Pulling manifests)."
        "Names have at most two components.";
    UploadLocationAbsolute "The URL of an upload may be absolute (POST then PUT)." "The URL of an upload is absolute.";
    UploadLocationOfPath "The URL of an upload may be relative (POST then PUT)."
        "The URL of an upload is relative to the path that was asked.";
    UploadLocationQuery "The URL of an upload may have parameters that matter (POST then PUT)."
        "The URL of an upload has parameters without which it is unknown.";
    UploadLocationOpaque "Nobody else is to make the URL of an upload, so its form is free (POST then PUT)."
        "The URL of an upload is not below the repository.";
    UploadLocationDots "Dot segments go when a reference is resolved (RFC 3986, section 5.2.4)."
        "The URL of an upload has dot segments that lead to it.";
    UploadLocationMoves "Each chunk should go to the URL that came with the one before (Pushing a blob in chunks)."
        "Each chunk gives a new URL, and the earlier ones are good for the status only.";
    ChunkMinimum "A registry may have a least size for chunks but the last (Pushing a blob in chunks)."
        "Chunks but the last have to have 64 KiB.";
    StatusNoRangeAtStart "Nothing says what Range is before the first byte (Pushing a blob in chunks)."
        "The status of an empty upload has no Range.";
    StatusMinusOneAtStart "Nothing says what Range is before the first byte (Pushing a blob in chunks)."
        "The status of an empty upload says 0--1.";
    BrokenChunkKept "What becomes of a chunk that breaks off is open; the status tells (Pushing a blob in chunks)."
        "What came of a chunk before the connection broke is kept.";
    CancelForbidden "Up to 1.1.1 nothing cancels, and who may not do it gets 403 (RFC 9110, section 15.5.4)."
        "Uploads cannot be cancelled: 403.";
    CancelOff "Up to 1.1.1 nothing cancels, and 405 is for methods that are not there (RFC 9110, section 15.5.6)."
        "Uploads cannot be cancelled: 405.";
    EmptyBlobsOff "Nothing says that a blob may have no bytes (Pushing blobs)." "Blobs without bytes are refused.";
    UnplacedChunksOff "Nothing defines a chunk that does not say where it belongs (Pushing a blob in chunks)."
        "A PATCH without Content-Range gives 400.";
    LengthRequired "A server may insist on a length (RFC 9110, section 15.5.12)." "Bodies without a length give 411.";
    // Pushing manifests.
    MissingReferencesAccepted "Refusing manifests with missing references is optional (Push)."
        "Manifests are taken though what they name is missing.";
    MissingReferences404 "The status of a refusal for missing references is open (Push)."
        "A missing reference gives 404.";
    ManifestLimit4MB "Four megabytes should work, more need not (Pushing manifests)."
        "Manifests may have 4,000,000 bytes.";
    ManifestLocationByReference "The Location of a push is any URL of the manifest (Pushing manifests)."
        "The Location of a push has the reference that was pushed.";
    ManifestLocationAbsolute "Location may be absolute (RFC 9110, section 10.2.2)."
        "The Location of a push is absolute.";
    ConfigsChecked "What the config of an image has to have is said, and nobody has to take less (image-spec, config)."
        "Images whose config lacks what it has to have are refused, or whose layers are not as many as its diff IDs.";
    IndexesOff "The use of an index is optional for who provides images (image-spec, image-index)."
        "Indexes are refused.";
    DocumentsUnchecked "What the image specification demands of documents binds authors (image-spec, manifest)."
        "Any JSON object that could be a manifest is taken for one.";
    AnyManifestType "What a manifest is stays open (Definitions)."
        "Manifests of any JSON type are taken and not looked into.";
    // Errors.
    ErrorsText "The body of an error may be in any format (Error codes)." "Errors are plain text.";
    ErrorsHtml "The body of an error may be in any format (Error codes)." "Errors are HTML.";
    ErrorsEmpty "The body of an error may be in any format (Error codes)." "Errors have no body.";
    ErrorsDetailed "An error may have any detail, and there may be several (Error codes)."
        "Errors have details and come in pairs.";
    MalformedReferences400 "A malformed request may give 400 (RFC 9110, section 15.5.1)."
        "Pulling by a malformed tag or digest gives 400.";
    // Content negotiation.
    Unacceptable406 "A server may answer 406 if nothing is acceptable (RFC 9110, section 12.5.1)."
        "A manifest whose type is not in Accept gives 406.";
    PlatformSelection "A server may select a representation by Accept (RFC 9110, section 12.1)."
        "A tag on an index gives its first child when Accept has images and no indexes.";
    // HTTP.
    BlobRedirect "Any request may be redirected (API)." "Blobs are redirected to another path.";
    BlobRedirectOtherHost "Any request may be redirected (API)."
        "Blobs are redirected to another port, which wants no credentials and has errors of its own.";
    TagRedirect "Any request may be redirected (API)." "Tags are redirected to the digest.";
    ChunkedDownloads "A length may be left out where the transfer coding delimits the body (RFC 9110, section 8.6)."
        "GET of a blob does not announce its length.";
    Gzip "Content may be coded if the client takes it (RFC 9110, section 12.5.3)." "GET is answered under gzip.";
    RangesOff "Ranges are a should (Pulling blobs)." "There are no ranges.";
    RangesOfUnknownLength "The length of the whole may be left open in Content-Range (RFC 9110, section 14.4)."
        "Content-Range has an asterisk for the length of the blob.";
    RangesMultipart "Several ranges may come as multipart/byteranges (RFC 9110, section 14.6)."
        "Several ranges come in several parts.";
    InvalidRange416 "An invalid range may be ignored or refused (RFC 9110, section 14.2)."
        "An invalid range gives 416.";
    EntityTagsOff "Entity tags are optional (RFC 9110, section 8.8)." "There are no entity tags and no conditions.";
    LinksAbsolute "The target of a link may be absolute (RFC 8288, section 3.1)." "Links to the next page are absolute.";
    LinksOfOtherHost "The target of a link may be of any host (RFC 8288, section 3.1)."
        "Links to the next page have another name of the registry.";
    LinksUnquoted "A relation may stand without quotes (RFC 8288, section 3)."
        "Links to the next page have no quotes and a further parameter.";
    Throttled "A registry may say that there are too many requests, and for how long (Error codes)."
        "Every fifth request gives 429.";
    ThrottledUnsaid "A 429 need not say for how long (RFC 6585, section 4)."
        "Every fiftieth request gives 429, without Retry-After.";
    RequestsTimeOut "A server may give up waiting for a request (RFC 9110, section 15.5.9)."
        "Every sixth request gives 408.";
    Overloaded "A server may be busy for a time (RFC 9110, section 15.6.4)." "Every seventh request gives 503.";
    UnknownHeaders "Headers that nobody knows are ignored (RFC 9110, section 5.1)."
        "Answers have headers that nobody asked for.";
    TitleCaseHeaders "The case of header names has no meaning (RFC 9110, section 5.1)."
        "Names of headers are written with capitals.";
    ConnectionsClosed "A server may close a connection after any answer (RFC 9112, section 9.6)."
        "Every answer is the last of its connection.";
    Warnings "Answers may carry warnings (Warnings)." "Answers carry two warnings.";
    VersionHeaderOff "The version header of Docker is optional (Legacy Docker support HTTP headers)."
        "The version header is not there.";
    JsonCharset "A JSON type may have a parameter, which means nothing (RFC 8259, section 11)."
        "Lists and errors have a charset.";
    BlobsWithoutContentType "No type is asked for with blobs (Pulling blobs)." "Blobs have no Content-Type.";
    NamespaceEchoed "A registry that uses ns says so (Registry proxying)." "ns comes back in OCI-Namespace.";
    // Collecting garbage; plain is that referrers go with their subject.
    RetentionNothing "Garbage collection is not asked for (Content management)."
        "Nothing is ever collected.";
    RetentionUnaware "A registry without the referrers API need not know subjects (Unavailable referrers API)."
        "There are no referrers, and untagged ones are collected like any untagged manifest.";
    RetentionKeeps "What becomes of the referrers of what is gone is open (Listing referrers)."
        "Manifests with a subject are never collected.";
    RetentionPins "What becomes of the referrers of what is gone is open (Listing referrers)."
        "Manifests with a subject are never collected, and neither is their subject.";
    UntaggedKept "What has no tag may stay for ever (Content management)."
        "A collection removes blobs that no manifest names, and no manifests.";
    EmptyRepositoriesCollected "What makes a repository is open (Definitions)."
        "A repository that a collection leaves empty is unknown afterwards.";
    // ORAS artifacts.
    OrasOff "Registries opt into the extension (ORAS, artifact manifest)." "There are no ORAS artifacts.";
    OrasUnfiltered "Clients cope with lists that are not filtered (ORAS, Filtering results)."
        "Lists of ORAS artifacts are not filtered.";
    OrasPaged "A page may have fewer entries than asked for (ORAS, Paging results)."
        "ORAS artifacts come in pages of two.";
    // The drafts before it.
    DraftsOff "Clients and registries opt into a new kind of manifest (opencontainers/artifacts#29, #37)."
        "There are no artifacts and objects of the drafts before ORAS.";
    // Docker's first schema.
    FirstSchemaTaken "What a manifest is stays open (Definitions)."
        "Manifests of Docker's first schema are taken, and have the digest of what was signed.";
    // Extensions and authentication.
    ExtensionsOff "Extensions are optional (Extensions)." "There is no list of extensions.";
    ExtensionsPaged "Extensions may come in pages (extensions, Pagination)."
        "The list of extensions has a link to an empty second page.";
    CatalogOff "The catalogue is no part of the specification (extensions, Reserved namespaces)."
        "There is no catalogue.";
    InsufficientScope403 "403 is for what credentials do not allow (RFC 6750, section 3.1)."
        "A token that does not cover a request gives 403.";
    AccessTokenOnly "A token may come as access_token (token authentication of Docker registries)."
        "Tokens come as access_token only.";
    ChallengeOtherForm "Schemes have no case, parameters no order (RFC 9110, section 11.2)."
        "The challenge has its parameters in another order and its scheme in another case.";
}

impl Variant {
    /// Whether the newest text forbids what earlier versions leave open.
    pub fn is_forbidden_in_dev(self) -> bool {
        matches!(self, Self::PullsWithoutDigestHeader)
    }

    /// Its name on the command line and in reports, in kebab case.
    pub fn name(self) -> &'static str {
        NAMES.get(self as usize).map_or("", String::as_str)
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Variant {
    type Err = UnknownVariant;

    fn from_str(name: &str) -> Result<Self, UnknownVariant> {
        Self::ALL
            .iter()
            .copied()
            .find(|variant| variant.name() == name)
            .ok_or_else(|| UnknownVariant(name.to_owned()))
    }
}

/// No variant has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no variant `{0}`")]
pub struct UnknownVariant(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back_and_every_variant_says_what_allows_it() {
        for variant in Variant::ALL {
            assert_eq!(variant.name().parse(), Ok(*variant));
            assert!(variant.doc().ends_with('.'), "{variant}");
            assert!(variant.allows().ends_with(")."), "{variant}");
        }
    }
}
