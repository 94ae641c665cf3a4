//! The mutants: name, the requirement of the catalogue that it breaks, what it does wrong.

mutants! {
    // What is there at all.
    UploadsMissing "dist-conf-other-categories" "Nothing can be pushed: opening an upload gives 405.";
    ManifestsReadOnly "dist-conf-other-categories" "Blobs can be uploaded and manifests not: 405.";
    TagsMissing "dist-conf-other-categories" "There is no list of tags: 404.";
    // Pull: manifests.
    PingGone "dist-ping-200" "The base path answers 404.";
    PingServerError "dist-ping-200" "The base path answers 500.";
    BlobDownloadMissing "dist-conf-pull-mandatory" "Blobs can be asked for with HEAD only; GET answers 405.";
    ManifestByDigestUntagged404 "dist-pull-manifest-digest-200"
        "A manifest that has no tag is not found by its digest.";
    ManifestByDigestIs203 "dist-pull-manifest-digest-200" "GET of a manifest by digest answers 203.";
    ManifestByTagEmpty "dist-pull-manifest-tag-200" "GET of a manifest by tag answers 204 and nothing.";
    ManifestByTagIsFirst "dist-pull-manifest-tag-200" "A tag that was moved still gives its first manifest by GET.";
    ManifestByDigestSubstituted "dist-pull-manifest-digest-never-substituted"
        "An index asked for by digest is answered with its first child when Accept lacks indexes.";
    ManifestContentTypeJson "dist-pull-manifest-content-type" "Manifests are labelled application/json.";
    ManifestContentTypeText "dist-pull-manifest-content-type" "Indexes are labelled text/plain.";
    IndexServedAsImage "dist-pull-manifest-content-type-as-pushed" "An index is labelled as an image manifest.";
    DockerServedAsOci "dist-pull-manifest-content-type-as-pushed" "Docker manifests are labelled with the OCI type.";
    ContentTypeCharset "dist-pull-manifest-content-type-no-params"
        "Manifest types carry charset=utf-8, as Quay's once did (opencontainers/distribution-spec#41).";
    ManifestGetNoDigest "dist-pull-manifest-digest-header" "GET of a manifest has no digest header.";
    ManifestGetByTagNoDigest "dist-pull-manifest-digest-header" "GET of a manifest by tag has no digest header.";
    ManifestGetDigestWrong "dist-pull-manifest-digest-header-value"
        "The digest header of manifests is that of no content.";
    IndexGetDigestOfChild "dist-pull-manifest-digest-header-value"
        "The digest header of an index is its first child's.";
    UnknownManifestServerError "dist-pull-manifest-404-digest" "An unknown manifest digest gives 500.";
    UnknownManifestSha512Is400 "dist-pull-manifest-404-digest" "An unknown manifest gives 400 if its digest is SHA-512.";
    UnknownManifestEmpty "dist-pull-manifest-404-digest" "An unknown manifest digest gives 200 and an empty body.";
    UnknownTagIsAny "dist-pull-manifest-404-tag" "An unknown tag leads to some other tag's manifest.";
    TagAcrossRepositories "dist-pull-manifest-404-tag" "A tag is found that another repository has.";
    ManifestHeadAcrossRepositories "dist-pull-manifest-404-repo-scope"
        "HEAD finds manifests of all repositories, GET does not.";
    ManifestAcrossRepositories "dist-pull-manifest-404-repo-scope"
        "Manifests of other repositories are found by digest.";
    UnknownRepository400 "dist-pull-repo-404" "Pulling from an unknown repository gives 400.";
    UnknownRepositoryEmpty "dist-pull-repo-404" "GET of a manifest of an unknown repository gives 204.";
    // Pull: blobs.
    BlobCut "dist-pull-blob-200" "Blobs of 1 KiB or more lose their last byte.";
    BlobGetIs203 "dist-pull-blob-200" "GET of a blob answers 203.";
    BlobSha512Get404 "dist-pull-blob-200" "Blobs pushed by SHA-512 are found by HEAD and not by GET.";
    BlobGetNoDigest "dist-pull-blob-digest-header" "GET of a blob has no digest header.";
    BlobGetDigestWrong "dist-pull-blob-digest-header-value" "The digest header of blobs is that of no content.";
    BlobGetDigestOfSha256 "dist-pull-blob-digest-header-value"
        "The digest header of a SHA-512 blob is its SHA-512 cut short and called SHA-256.";
    UnknownBlobServerError "dist-pull-blob-404" "An unknown blob gives 500.";
    UnknownBlobSha512Is400 "dist-pull-blob-404" "An unknown SHA-512 blob gives 400.";
    UnknownBlobEmpty "dist-pull-blob-404" "GET of an unknown blob gives 200 and nothing.";
    BlobAcrossRepositories "dist-pull-blob-404-repo-scope"
        "Blobs of all repositories are found in each (CVE-2024-39897 in zot).";
    BlobHeadAcrossRepositories "dist-pull-blob-404-repo-scope" "HEAD finds blobs of all repositories, GET does not.";
    BlobGetNoLength "dist-pull-blob-content-length" "GET of a blob does not announce its length: it ends with the connection.";
    BlobOnlyWithManifest "dist-pull-any-order" "A blob is found only once a manifest of the repository names it.";
    // Pull: ranges.
    RangeIgnored "dist-range-supported" "Range requests are answered with everything.";
    RangeEndExclusive "dist-range-closed-206" "The last byte of a closed range is left out.";
    RangeNoContentRange "dist-range-closed-206" "Partial answers have no Content-Range.";
    RangeWholeAs206 "dist-range-closed-206" "A closed range is answered with 206 and everything.";
    RangeLargeShifted "dist-range-closed-206" "A part of a blob of more than 64 KiB starts one byte late.";
    RangeTotalOfPart "dist-range-closed-206" "The total in Content-Range is the length of the part.";
    RangeOpenRefused "dist-range-open-206" "A range without an end gives 416.";
    RangeOpenOneByte "dist-range-open-206" "A range without an end gives one byte.";
    RangeSuffixAsPrefix "dist-range-suffix-206" "A suffix range gives the first bytes.";
    RangeLongSuffixRefused "dist-range-suffix-206" "A suffix that is longer than the blob gives 416.";
    RangeOverrunRefused "dist-range-overrun-clamped" "A range that ends beyond the blob gives 416.";
    RangeOverrunUnclamped "dist-range-overrun-clamped"
        "A range that ends beyond the blob keeps its end in Content-Range.";
    RangeBeyondServerError "dist-range-unsatisfiable-416" "A range beyond the blob gives 500.";
    RangeBeyondEmpty "dist-range-unsatisfiable-416" "A range beyond the blob gives 206 and nothing.";
    Range416NoLength "dist-range-416-content-range" "The refusal of a range does not tell the length.";
    RangeOtherUnit416 "dist-range-unknown-unit-ignored" "A range in an unknown unit gives 416.";
    RangeIfRangeIgnored "dist-range-if-range" "A part is given whatever If-Range says.";
    RangeOnHead "dist-range-ignored-on-head" "HEAD with Range gives 206 and the length of the part.";
    // Pull: HEAD.
    HeadManifest405 "dist-head-manifest-200" "Manifests have no HEAD.";
    HeadManifestByDigest404 "dist-head-manifest-200" "HEAD finds manifests by tag only.";
    HeadManifestLarge404 "dist-head-manifest-200" "HEAD does not find manifests of more than 64 KiB.";
    HeadManifestLongTag404 "dist-head-manifest-200" "HEAD does not find tags of more than 100 characters.";
    HeadBlobEmpty404 "dist-head-blob-200" "HEAD does not find the empty blob.";
    HeadBlobLarge404 "dist-head-blob-200" "HEAD does not find blobs of more than 100 KiB.";
    HeadBlob405 "dist-head-blob-200" "Blobs have no HEAD.";
    ManifestLargeTag404 "dist-push-manifest-4mb" "A manifest of more than 1 MiB is not found by its tag.";
    HeadManifest204 "dist-head-manifest-200" "HEAD of a manifest with a subject answers 204.";
    HeadBlob204 "dist-head-blob-200" "HEAD of a blob of 1 KiB or more answers 204.";
    HeadMissingManifest200 "dist-head-manifest-404" "HEAD of a missing manifest answers 200.";
    HeadMissingTag200 "dist-head-manifest-404" "HEAD of a missing tag answers 200.";
    HeadMissingBlob200 "dist-head-blob-404" "HEAD of a missing blob answers 200.";
    HeadManifestNoDigest "dist-head-manifest-digest-header" "HEAD of a manifest has no digest header.";
    HeadTagNoDigest "dist-head-manifest-digest-header" "HEAD of a tag has no digest header.";
    HeadBlobNoDigest "dist-head-blob-digest-header" "HEAD of a blob has no digest header.";
    HeadManifestNoLength "dist-head-manifest-content-length" "HEAD of a manifest does not tell its size.";
    HeadManifestLengthZero "dist-head-length-true" "HEAD of a manifest says that it is empty.";
    HeadBlobNoLength "dist-head-blob-content-length" "HEAD of a blob does not tell its size.";
    HeadBlobLengthZero "dist-head-length-true" "HEAD of a blob says that it is empty.";
    HeadHasBody "dist-head-no-body" "HEAD is answered with the body of GET.";
    HeadOtherType "dist-head-matches-get" "HEAD of a manifest labels it application/octet-stream.";
    HeadOtherEntityTag "dist-head-matches-get" "HEAD and GET of a blob have different entity tags.";
    HeadIndexAsChild "dist-head-tag-index-digest" "HEAD of a tag on an index tells of its first child.";
    // Names and references.
    NameLikeEndpoint404 "dist-name-grammar-accept"
        "A name with a component that is a word of the registry's paths is not found.";
    NameOneLetter400 "dist-name-grammar-accept" "Names with a component of one letter are invalid.";
    NameNested400 "dist-name-grammar-accept" "Names with a slash are invalid.";
    NameDot400 "dist-name-grammar-accept" "Names with a dot are invalid.";
    NameDoubleUnderscore400 "dist-name-grammar-separators" "Names with two underscores in a row are invalid.";
    NameHyphens400 "dist-name-grammar-separators" "Names with hyphens in a row are invalid.";
    NameUpperCaseFolded "dist-name-grammar-reject" "Names are taken in any case and made lower-case.";
    NameLengthUnlimited "dist-name-length-255" "Names may be longer than clients can handle.";
    Tag64 "dist-tag-grammar-accept" "Tags longer than 64 characters are refused.";
    TagUnderscore400 "dist-tag-grammar-accept" "Tags that start with an underscore are refused.";
    TagsMadeToFit "dist-tag-grammar-reject"
        "Bad tags are made to fit the grammar (as in olareg/olareg#243, where they were kept).";
    MalformedDigestPull500 "dist-http-no-5xx"
        "A malformed digest in a pull gives 500 (distribution/distribution#4945).";
    MalformedDigestPush500 "dist-http-no-5xx"
        "A malformed digest in a push gives 500 (distribution/distribution#4945).";
    MalformedDigestIsTag "dist-reference-malformed-digest-put" "A push by a malformed digest is stored as a tag.";
    MalformedDigestKept "dist-reference-malformed-digest-put"
        "A push by a malformed digest is refused, but a pull by it finds the manifest.";
    UpperCaseDigestFound "dist-digest-one-form" "Digests in upper case are understood.";
    UpperCaseDigestPushed "dist-push-bad-digest-400" "A blob can be pushed by a digest in upper case.";
    DigestBareHexFound "dist-digest-one-form" "A digest is found without its algorithm: the hexadecimal digits will do.";
    DigestUpperAlgorithmFound "dist-digest-one-form" "The algorithm of a digest may be in upper case.";
    // Uploads: opening, closing, in one piece.
    UploadPostIs201 "dist-upload-post-202" "Opening an upload answers 201.";
    UploadPostIs200 "dist-upload-post-202" "Opening an upload answers 200.";
    UploadPostNoLocation "dist-upload-post-location" "Opening an upload gives no Location.";
    UploadLocationShared "dist-upload-location-unique-id" "All uploads of a repository have one URL.";
    UploadBytesShared "dist-upload-sessions-independent" "A chunk goes to every open upload of its repository.";
    UploadPutIs200 "dist-upload-put-201" "Closing an upload answers 200.";
    UploadPutIs204 "dist-upload-put-201" "Closing an upload answers 204.";
    UploadPutNoLocation "dist-upload-put-location" "Closing an upload gives no Location.";
    UploadPutLocationOfUpload "dist-upload-put-location-pullable" "The Location after closing is that of the upload.";
    UploadPutLocationSha256 "dist-upload-put-location-pullable"
        "The Location after closing an upload by SHA-512 has another digest.";
    ChunkPutSha512NoLocation "dist-chunk-put-201" "Closing an upload of chunks by SHA-512 gives no Location.";
    UploadPutLocationOfManifest "dist-upload-put-location-pullable" "The Location after closing is that of a manifest.";
    MissingCached "dist-pull-blob-200" "What was not there when it was asked for is never found.";
    UploadPutNotVisible "dist-upload-put-visible" "A new blob is not found by the first request for it.";
    UploadPutWithoutDigest201 "dist-upload-put-without-digest" "An upload is closed without a digest.";
    UploadPutWithoutDigest500 "dist-upload-put-without-digest" "Closing without a digest gives 500.";
    UploadPutUnknown500 "dist-upload-put-unknown-session-404" "Closing an unknown upload gives 500.";
    UploadPutUnknownIs201 "dist-upload-put-unknown-session-404" "Closing an unknown upload answers 201.";
    UploadAcrossRepositories "dist-upload-put-unknown-session-404"
        "An upload can be closed in another repository (CVE-2026-32589 in Quay).";
    UploadOpenAfterPut "dist-upload-session-closed-after-put" "A completed upload goes on.";
    UploadExisting409 "dist-upload-existing-blob" "Uploading what is there gives 409.";
    UploadConcurrent500 "dist-upload-concurrent-same-blob"
        "The second of two uploads of one blob at the same time fails (go-gitea/gitea#31964).";
    BadDigest422 "dist-push-bad-digest-400" "A wrong digest gives 422.";
    BadDigestSinglePost500 "dist-push-bad-digest-400" "A wrong digest of a single POST gives 500.";
    BadDigestMalformed500 "dist-push-bad-digest-400" "Closing with a malformed digest gives 500.";
    BadDigestLargeTaken "dist-push-bad-digest-400" "Of uploads of more than 1 MiB the digest is not checked.";
    UnsupportedAlgorithm404 "dist-push-unsupported-algorithm-400" "A digest in an unsupported algorithm gives 404.";
    UnsupportedAlgorithmStored "dist-push-unsupported-algorithm-400"
        "Content is taken under digests that cannot be checked.";
    ExistingBlobUnverified "dist-push-bad-digest-400" "What is pushed under the digest of a blob that is there is not looked at.";
    ExistingBlobOverwritten "dist-push-bad-digest-not-stored"
        "A push under the digest of a blob that is there is refused, and replaces the blob.";
    BadDigestStored "dist-push-bad-digest-not-stored"
        "An upload with a wrong digest is refused, but the blob is there.";
    OutOfOrderStored "dist-push-bad-digest-not-stored"
        "A last chunk out of order is refused, but something is there under the digest of the upload.";
    Sha256Unchecked "img-digest-sha256" "Blobs are taken under any SHA-256 (nexspence/nexspence#195).";
    Sha256ShortAccepted "dist-push-bad-digest-400" "A SHA-256 may be cut short when a blob is pushed.";
    Sha512ShortAccepted "dist-push-bad-digest-400" "A SHA-512 may be cut short when a blob is pushed.";
    Blake3Unverified "dist-push-bad-blake3-not-stored" "A blob is taken under any BLAKE3 digest, however long.";
    SinglePostEncodedRefused "dist-upload-digest-encoded" "A digest whose colon is encoded in the query is refused.";
    SinglePostIs200 "dist-upload-single-post-201" "A single POST answers 200.";
    SinglePostNoLocation "dist-upload-single-post-location" "A single POST gives no Location.";
    SinglePostLocationDead "dist-upload-single-post-location" "The Location after a single POST leads nowhere.";
    SinglePostRefused "dist-upload-single-post-fallback-202" "A single POST gives 404 instead of an upload.";
    SinglePostFallbackDead "dist-upload-single-post-fallback-usable"
        "A single POST opens an upload that does not exist.";
    SinglePostSha512Unchecked "dist-upload-single-post-digest-checked"
        "The digest of a single POST is not checked if it is a SHA-512.";
    SinglePostUnchecked "dist-upload-single-post-digest-checked" "The digest of a single POST is not checked.";
    // Uploads: chunks.
    ChunkPost411 "dist-chunk-post-empty" "Opening an upload with no body gives 411.";
    DigestAlgorithmRefused "dist-chunk-digest-algorithm-param"
        "The digest-algorithm parameter is refused for any value.";
    DigestAlgorithmForgotten "dist-chunk-digest-algorithm-param" "An upload opened for SHA-512 takes SHA-256 only.";
    DigestAlgorithmUnsupported500 "dist-chunk-digest-algorithm-unsupported"
        "An unsupported digest-algorithm gives 500.";
    ChunkMinimumUnannounced "dist-chunk-min-length-header" "Chunks under 4 KiB are refused without a word before.";
    ChunkMinimumText "dist-chunk-min-length-header" "The least size of chunks is announced with a unit.";
    ChunkMinimumForLast "dist-chunk-min-length-final-exempt"
        "The announced least size of chunks holds for the last one too.";
    ContentRangeUnitRequired "dist-chunk-content-range-format"
        "Content-Range of a chunk has to have a unit and a total.";
    ChunkPatchIs201 "dist-chunk-patch-202" "A chunk answers 201, as Amazon's registry does.";
    ChunkPatchIs204 "dist-chunk-patch-202" "A chunk answers 204 (google/go-containerregistry#2265).";
    ThirdChunkRefused "dist-chunk-patch-202" "An upload takes two chunks and no more.";
    ChunkOfOneByteRefused "dist-chunk-patch-202" "A chunk has to end after the byte where it starts.";
    SecondChunkPatchIs204 "dist-chunk-patch-202" "All chunks but the first answer 204.";
    ChunkPatchNoLocation "dist-chunk-patch-location" "A chunk gives no Location.";
    ChunkPatchNoRange "dist-chunk-patch-range" "A chunk gives no Range.";
    ChunkPatchRangeUnit "dist-chunk-patch-range" "The Range of a chunk has a unit.";
    ChunkRangeOfChunk "dist-chunk-patch-range-cumulative"
        "The Range of a chunk counts from its own start (zot, by regclient/regclient#961).";
    ChunkRangeStuck "dist-chunk-patch-range-cumulative"
        "The Range stays what it was after the first chunk (aws/containers-roadmap#2831).";
    ChunkRangeExclusive "dist-chunk-patch-range-cumulative" "The Range ends one after the last byte.";
    FirstChunkAnywhere "dist-chunk-first-starts-at-zero" "The first chunk may say that it starts anywhere.";
    ChunkGapAccepted "dist-chunk-gap-416" "A chunk may skip bytes (distribution/distribution#3141).";
    ChunkGap400 "dist-chunk-gap-416" "A chunk that skips bytes gives 400.";
    ChunkRepeatAccepted "dist-chunk-overlap-416" "A chunk that was there before is taken for a retry.";
    ChunkOverlapAppended "dist-chunk-overlap-416" "A chunk that overlaps is appended.";
    ContentRangeMalformed500 "dist-chunk-malformed-content-range"
        "A malformed Content-Range gives 500, as in distribution 3.";
    ContentRangeMalformedIgnored "dist-chunk-malformed-content-range" "A malformed Content-Range is ignored.";
    ChunkLengthUnchecked "dist-chunk-length-mismatch" "A chunk counts as long as its Content-Range says.";
    Chunk416Closes "dist-chunk-416-session-survives" "A chunk out of order ends the upload.";
    Chunk416Appends "dist-upload-status-range" "A chunk out of order is refused and appended.";
    FinalPatchRefused "dist-chunk-final-by-patch"
        "A closing PUT without a body is refused after chunks (project-zot/zot#3642).";
    FinalPutIgnored "dist-chunk-final-by-put" "The body of a closing PUT is ignored after chunks.";
    ChunkPutIs200 "dist-chunk-put-201" "Closing an upload of chunks answers 200.";
    ChunkPutNoLocation "dist-chunk-put-201" "Closing an upload of chunks gives no Location.";
    FinalPutOutOfOrder400 "dist-chunk-put-out-of-order-416"
        "A last chunk out of order gives 400 (opencontainers/distribution-spec#590).";
    FinalPutOutOfOrderIgnored "dist-chunk-put-out-of-order-416"
        "The Content-Range of a closing PUT is ignored (opencontainers/distribution-spec#590).";
    ChunkPutDigestOfChunk "dist-chunk-put-digest-whole-blob" "The closing digest may be that of the last chunk.";
    SingleChunkRefused "dist-chunk-single" "An upload of one chunk cannot be closed.";
    ChunkPatchUnknown500 "dist-chunk-patch-unknown-session-404" "A chunk for an unknown upload gives 500.";
    ChunkPatchUnknownIs202 "dist-chunk-patch-unknown-session-404" "A chunk for an unknown upload answers 202.";
    UploadStatusIs200 "dist-upload-status-204" "The status of an upload answers 200.";
    UploadStatusIs404 "dist-upload-status-204" "Uploads have no status.";
    UploadStatusNoLocation "dist-upload-status-location" "The status of an upload has no Location.";
    UploadStatusLocationDead "dist-upload-status-location" "The Location of a status leads nowhere.";
    UploadStatusNoRange "dist-upload-status-range" "The status of an upload has no Range.";
    UploadStatusFirstChunk "dist-upload-status-range" "The status of an upload tells of its first chunk only.";
    UploadStatusOld404 "dist-upload-status-older-location"
        "Only the newest URL of an upload has a status (opencontainers/distribution-spec#415).";
    UploadStatusEnds "dist-upload-resume" "Nothing can be added to an upload whose status was asked for.";
    BrokenChunkCloses "race-resume" "An upload is over when the connection breaks within a chunk.";
    BrokenChunkUncounted "race-resume"
        "What came of a chunk before the connection broke is kept, and the status does not tell of it.";
    UploadStatusUnknown204 "dist-upload-status-unknown-404" "Unknown uploads have a status.";
    CancelIs200 "dist-upload-cancel-204" "Cancelling answers 200.";
    CancelIs202 "dist-upload-cancel-204" "Cancelling answers 202.";
    CancelDoesNothing "dist-upload-cancel-session-gone" "A cancelled upload goes on.";
    CancelUnknown204 "dist-upload-cancel-unknown" "An unknown upload can be cancelled.";
    CancelUnknown500 "dist-upload-cancel-unknown" "Cancelling an unknown upload gives 500.";
    LocationNotRooted "dist-http-location-relative" "The Location of an upload lacks its first slash.";
    // Mounts.
    MountIs200 "dist-mount-201" "A mount answers 200.";
    MountIs202 "dist-mount-fallback-usable" "A mount answers 202, and there is no upload.";
    MountNoLocation "dist-mount-location" "A mount gives no Location.";
    MountLocationOfUpload "dist-mount-location" "The Location of a mount is that of no blob.";
    MountNothing "dist-mount-visible-in-target" "A mount answers 201 and does nothing.";
    MountWithoutFrom400 "dist-mount-without-from-not-error"
        "A mount without a source gives 400, as in Quay until 2021.";
    MountForbidden "dist-mount-fallback-202" "Nobody may mount: 403.";
    MountMissing404 "dist-mount-fallback-202" "A mount of what is not there gives 404.";
    MountWhileDeleted404 "race-mount" "A mount of what is being deleted gives 404.";
    MountUnknownSource404 "dist-mount-fallback-202" "A mount from an unknown repository gives 404.";
    MountFallbackNoLocation "dist-mount-fallback-usable" "A mount that fails opens an upload without a Location.";
    MountFallbackDead "dist-mount-fallback-usable" "A mount that fails opens an upload that does not exist.";
    MountAbsent201 "dist-mount-absent-blob-not-201" "A mount of what is not there answers 201.";
    MountMoves "dist-mount-source-unchanged" "A mount takes the blob from where it was.";
    MountExistingNoLocation "dist-mount-location" "A mount of a blob that is there already gives no Location.";
    MountLargeNothing "dist-mount-visible-in-target"
        "A mount of a blob of more than 64 KiB answers 201 and does nothing.";
    MountExisting409 "dist-mount-fallback-202" "A mount of a blob that is there already gives 409.";
    MountChain404 "dist-mount-fallback-202" "A blob that was mounted cannot be mounted from there: 404.";
    MountBadSource400 "dist-mount-fallback-202"
        "A mount from what is no name of a repository gives 400 (goharbor/harbor#22078).";
    // Several clients at once.
    UploadConcurrentElsewhere400 "race-push-201"
        "An upload cannot be closed if another repository got the blob meanwhile (sonatype/nexus-public#967).";
    UploadConcurrentTorn "race-push-kept"
        "A blob that two clients upload at once is not what they sent (distribution/distribution#2077).";
    ManifestConcurrent400 "race-push-201"
        "A manifest that two clients push at once is invalid for one of them (GoogleContainerTools/jib#2470).";
    TagsLostUpdate "race-push-kept" "Of the tags that are set at once, one stays.";
    ReferrersLostUpdate "race-push-kept" "Of the referrers that are pushed at once, one is listed.";
    TagMoveGap "race-read" "A tag is gone while it is moved.";
    BlobRepushGap "race-read" "A blob is gone while it is uploaded again.";
    DeleteReadEmpty "race-delete" "What is being deleted reads as empty.";
    DeleteRead500 "race-no-5xx" "Reading what is being deleted gives 500, as in docker-registry 2.8.2.";
    DeleteTakesUpload "race-push-kept"
        "A deletion takes the blob from a repository that gets it meanwhile (artifact-keeper/artifact-keeper#3851).";
    MountDangling "race-push-kept" "A mount of a blob that is being deleted answers 201.";
    // Pushing manifests.
    SparseNotKept "dist-push-manifest-immediately-visible"
        "A manifest with missing references is answered with 201 and not kept.";
    SubjectRequired "dist-push-subject-missing-accepted" "A manifest is refused if its subject is not there.";
    SubjectRequiredServerError "dist-push-subject-missing-accepted"
        "A missing subject gives 500 (project-zot/zot#1424).";
    SubjectLateUnlisted "dist-push-subject-either-order" "A referrer pushed before its subject is never listed.";
    MissingBlobUnknown "dist-push-missing-refs-error-code" "A missing blob is reported as BLOB_UNKNOWN.";
    MissingChildUnknown "dist-push-missing-refs-error-code"
        "A missing child of an index is reported as MANIFEST_UNKNOWN.";
    MissingReferenceNoBody "dist-push-missing-refs-error-code" "A missing reference is reported without a body.";
    ManifestPutByTag403 "dist-push-manifest-tag-201" "A push by tag gives 403, and one by digest does not.";
    ManifestPutIs200 "dist-push-manifest-tag-201" "A push by tag answers 200.";
    ManifestPutIs202 "dist-push-manifest-tag-201" "A push by tag answers 202.";
    ManifestPutDigestIs200 "dist-push-manifest-digest-201" "A push by digest answers 200.";
    ManifestPutDigest405 "dist-push-manifest-digest-201" "A push by digest is refused.";
    ManifestPutNoLocation "dist-push-manifest-location" "A push of a manifest gives no Location.";
    ManifestLocationDead "dist-push-manifest-location-pullable" "The Location of a manifest leads nowhere.";
    ManifestLocationOfBlob "dist-push-manifest-location-pullable" "The Location of a manifest is that of a blob.";
    ManifestReserialised "dist-push-manifest-exact-bytes" "Manifests are written anew when stored.";
    ManifestTrimmed "dist-push-manifest-exact-bytes" "White space around a manifest is cut off.";
    ManifestRepaired "dist-push-manifest-exact-bytes"
        "A manifest that breaks rules is taken, and stored as one that breaks fewer.";
    ManifestPutDigestSha256 "dist-push-manifest-digest-header-equal" "A push by SHA-512 is confirmed with the SHA-256.";
    ManifestPutDigestWrong "dist-push-manifest-digest-header-equal"
        "A push by tag is confirmed with the digest of nothing.";
    ManifestPutOtherDigest "dist-push-manifest-digest-header-equal"
        "A push by digest is confirmed with the digest of nothing.";
    ManifestPutNoDigest "dist-push-manifest-digest-header-present" "A push of a manifest has no digest header.";
    ManifestDigestUnchecked "dist-push-manifest-digest-mismatch" "A manifest is taken under any digest.";
    IndexDigestUnchecked "dist-push-manifest-digest-mismatch" "An index is taken under any digest.";
    ManifestLargeDigestUnchecked "dist-push-manifest-digest-mismatch"
        "A manifest of more than 64 KiB is taken under any digest.";
    ManifestBadDigestStored "dist-push-manifest-digest-mismatch"
        "A manifest under a wrong digest is refused and stored.";
    ManifestNotVisible "dist-push-manifest-immediately-visible"
        "A new manifest is not found by the first request for it.";
    ManifestHeadNotVisible "dist-push-manifest-immediately-visible"
        "A new manifest is not found by the first HEAD for it.";
    ManifestByTagOnly "dist-push-manifest-tag-also-by-digest" "A manifest pushed by tag is not found by digest.";
    DigestPushMakesTag "dist-push-manifest-digest-only-creates-no-tag" "A push by digest makes a tag of the digest.";
    DigestPushMakesLatest "dist-push-manifest-digest-only-creates-no-tag" "A push by digest makes the tag latest.";
    ManifestAgain409 "dist-push-manifest-idempotent" "A second push of the same manifest gives 409.";
    ManifestAgain500 "dist-push-manifest-idempotent"
        "A second push of the same manifest gives 500 (go-gitea/gitea#36020).";
    TagStays "dist-push-tag-move" "A tag that is pushed again stays where it was, with 201.";
    TagCached "dist-push-tag-move" "A tag that was read once leads where it led then, as from a cache that nothing purges.";
    TagMoveHeadStays "dist-push-tag-move" "HEAD of a tag that was moved tells of its first manifest.";
    TagMoveDeletes "dist-push-tag-move" "Moving a tag deletes the manifest that it pointed at.";
    ContentTypeParamsRefused "dist-push-content-type-params-ignored" "Parameters on the pushed type are refused.";
    ContentTypeParamsKept "dist-push-content-type-params-ignored" "Parameters on the pushed type come back.";
    NoContentType500 "dist-push-without-content-type" "A push without Content-Type gives 500.";
    MediaTypeFieldRequired "dist-push-without-mediatype-field"
        "Manifests without mediaType are refused (artipie/docker-adapter#446).";
    IndexMediaTypeFieldRequired "dist-push-without-mediatype-field" "Indexes without mediaType are refused.";
    LayersRequired "dist-push-no-layers" "An image without layers is refused, as Quay does.";
    BadJsonServerError "dist-push-invalid-json" "A body that is no JSON gives 500 (artipie/docker-adapter#356).";
    RefusedPushUntags "dist-push-invalid-json" "A push by tag that is refused takes the tag away.";
    BadJsonAccepted "dist-push-invalid-json" "A body that is no manifest is taken.";
    ManifestUnlimited "dist-push-manifest-size-limit" "Manifests of any size are taken (project-zot/zot#3977).";
    ManifestTooLarge400 "dist-push-manifest-413" "A manifest that is too large gives 400, as in distribution.";
    ManifestLimit1MiB "dist-push-manifest-4mb" "Manifests may have 1 MiB.";
    TagParamsNoHeader "dist-push-tag-params-header"
        "Tags in the query are set; one is confirmed in a header of another name.";
    TagParamsJson "dist-push-tag-params-header" "Tags in the query are confirmed as a JSON array.";
    TagParamsNotSet "dist-push-tag-params-resolvable" "Tags in the query are confirmed; only the first is set.";
    TagParamsOldManifest "dist-push-tag-params-resolvable" "A tag in the query is confirmed and stays where it was.";
    TagParamsUnconfirmed "dist-push-tag-params-unlisted" "Tags in the query are set; only the first is confirmed.";
    TagParamsFive "dist-push-tag-params-ten" "No more than five tags in the query are set and confirmed.";
    // Subjects.
    SubjectHeaderMissing "dist-subject-header" "A pushed subject is not confirmed.";
    SubjectHeaderByDigestOnly "dist-subject-header" "The subject of a push by tag is not confirmed.";
    SubjectHeaderOnce "dist-subject-header" "The subject of a second push is not confirmed.";
    SubjectHeaderOfIndexMissing "dist-subject-header" "A subject that is an index is not confirmed.";
    SubjectHeaderSha512Missing "dist-subject-header" "The subject of a push by SHA-512 is not confirmed.";
    SubjectHeaderTrue "dist-subject-header-value" "A subject is confirmed with the word true.";
    SubjectHeaderOwnDigest "dist-subject-header-value" "A subject is confirmed with the digest of the referrer.";
    SubjectHeaderIndexMissing "dist-subject-header-index" "The subject of an index is not confirmed.";
    SubjectHeaderWithoutApi "dist-subject-header-only-if-supported"
        "Subjects are confirmed, and there are no referrers (docker/hub-feedback#2372).";
    SubjectHeaderAlways "dist-subject-header-not-without-subject" "Manifests without a subject have one confirmed.";
    FallbackTagRefused "dist-tag-schema-tag-accepted" "Tags of the fallback form are refused.";
    FallbackTagServerError "dist-tag-schema-tag-accepted"
        "Tags that start like a digest give 500 (project-zot/zot#4204).";
    // Tags.
    TagsIs203 "dist-tags-200" "The list of tags answers 203.";
    TagsNameUnknown "dist-tags-200" "A repository with tags is unknown to who asks for their list.";
    TagsBareArray "dist-tags-body" "The list of tags is a bare array.";
    TagsObjects "dist-tags-body" "The list of tags is one of objects.";
    TagsNameLost "dist-tags-name" "The list of tags that follow one does not say of which repository it is.";
    TagsNameShort "dist-tags-name" "The list of tags names the last component only.";
    TagsFallbackLost "dist-tags-complete" "Tags in the form of a digest are not listed.";
    TagsPrefixLost "dist-tags-complete" "A tag that starts another is not listed (distribution/distribution#4891).";
    TagsCached "dist-tags-complete" "The list of tags stays as it was first asked for.";
    TagsNewestLost "dist-tags-complete" "The newest tag is not listed.";
    TagsOfNestedNames "dist-tags-only-own" "The tags of repositories whose names go on after the name are listed too.";
    TagsAcrossRepositories "dist-tags-only-own" "The tags of other repositories are listed too.";
    TagsReversed "dist-tags-order" "Tags are listed backwards.";
    TagsByAge "dist-tags-order" "Tags are listed by age.";
    TagsTiesUnstable "dist-tags-order-no-ties" "Tags that differ in case only change places.";
    TagsUnknownRepository200 "dist-tags-404" "An unknown repository has an empty list of tags.";
    TagsUnknownRepository400 "dist-tags-404" "The tags of an unknown repository give 400.";
    TagsContentTypeText "dist-tags-content-type" "The list of tags is labelled text/plain.";
    TagsDeletedListed "dist-tags-deleted-gone" "Deleted tags are still listed.";
    TagsLimitIgnored "dist-tags-n-exact" "n has no effect.";
    TagsLimitCapped "dist-tags-n-exact" "More than 100 tags are never given, without a link.";
    TagsLimitMinusOne "dist-tags-n-exact" "One tag fewer than n is given, without a link.";
    TagsLimitPlusOne "dist-tags-n-exact" "One tag more than n is given.";
    TagsLimitFromEnd "dist-tags-n-from-start" "n gives the last tags.";
    TagsLimitReversed "dist-tags-n-order" "Tags are listed backwards when n is given.";
    TagsZeroAll "dist-tags-n-zero-empty" "n=0 gives everything.";
    TagsZeroNull "dist-tags-n-zero-empty" "n=0 gives null.";
    TagsZero400 "dist-tags-n-zero-empty" "n=0 gives 400.";
    TagsZeroLink "dist-tags-n-zero-no-link" "n=0 has a link.";
    TagsLargeLimit400 "dist-tags-n-too-large" "n above 1000 gives 400 (distribution/distribution#4856).";
    TagsLinkNoRelation "dist-tags-link-rel-next" "The link to more tags has no relation.";
    TagsLinkBare "dist-tags-link-rel-next" "The link to more tags has no angle brackets.";
    TagsLinkPrevious "dist-tags-link-rel-next" "The link to more tags says rel=prev.";
    TagsLinkToStart "dist-tags-link-walk" "The link to more tags leads to the first page again.";
    TagsLinkSkips "dist-tags-link-walk" "The link to more tags skips one.";
    TagsSecondPageNoLink "dist-tags-link-walk" "The second page of tags has no link.";
    TagsSecondPageNoList "dist-tags-link-walk" "The second page of tags is no list.";
    TagsLinkAtEnd "dist-tags-link-walk" "The last page of tags has a link to an empty one, which has a link to itself.";
    TagsLastInclusive "dist-tags-last-exclusive" "The tag in last is listed too.";
    TagsLastIgnored "dist-tags-last-following" "last has no effect.";
    TagsLastSkips "dist-tags-last-following" "The tag after last is left out.";
    TagsLastByBytes "dist-tags-last-following" "Tags are sorted without regard to case, and last is looked up in byte order.";
    TagsLastNeedsLimit "dist-tags-last-without-n" "last without n gives 400.";
    TagsLastDropsLimit "dist-tags-last-with-n" "n has no effect next to last.";
    TagsLastReversed "dist-tags-last-order" "Tags are listed backwards after last.";
    // Referrers.
    ReferrersIs203 "dist-referrers-200" "The list of referrers answers 203.";
    ReferrersUnknown404 "dist-referrers-never-404" "A subject without referrers gives 404.";
    ReferrersAbsent405 "dist-referrers-absent-api-404" "There are no referrers, and asking gives 405.";
    ReferrersAbsent500 "dist-referrers-absent-api-404" "There are no referrers, and asking gives 501.";
    ReferrersBadDigest404 "dist-referrers-invalid-digest-400" "Referrers of a malformed digest give 404.";
    ReferrersBadDigestEmpty "dist-referrers-invalid-digest-400" "Referrers of a malformed digest are an empty list.";
    ReferrersBareArray "dist-referrers-body-index" "The list of referrers is a bare array.";
    ReferrersSchemaVersion "img-index-schema-version" "The list of referrers says schemaVersion 1.";
    ReferrersMediaType "img-index-media-type-value" "The list of referrers says that it is an image manifest.";
    ReferrersContentTypeJson "dist-referrers-content-type" "The list of referrers is labelled application/json.";
    ReferrersEmptyContentTypeJson "dist-referrers-content-type"
        "An empty list of referrers is labelled application/json.";
    ReferrersEmptyNull "dist-referrers-empty" "An empty list of referrers is null.";
    ReferrersEmptyMissing "dist-referrers-empty" "An empty list of referrers has no manifests.";
    ReferrersNeedSubject "dist-referrers-unknown-subject" "Referrers of a subject that is not there are not listed.";
    ReferrersTransitive "dist-referrers-only-direct" "Referrers of referrers are listed too.";
    ReferrersAcrossRepositories "dist-referrers-only-direct" "Referrers in other repositories are listed too.";
    ReferrersTrustFallback "dist-referrers-only-direct"
        "Whatever a fallback tag lists counts as a referrer, with or without the subject.";
    ReferrersIndexAsImage "dist-referrers-descriptor" "An index among the referrers is listed as an image manifest.";
    ReferrersSizeWrong "dist-referrers-descriptor" "The size of a listed referrer is one too many.";
    ReferrersSizeCapped "dist-referrers-descriptor" "Listed referrers are never larger than 4 KiB.";
    ReferrersTypeOfBodyOnly "dist-referrers-descriptor"
        "A referrer that does not say its type is listed with an empty one.";
    ReferrersDigestOfConfig "dist-referrers-descriptor" "A referrer is listed by a digest that is not its own.";
    ReferrersNoSize "img-descriptor-required" "A listed referrer has no size.";
    ReferrersIndexUnlisted "dist-referrers-index-listed" "Indexes are not listed as referrers.";
    ReferrersConfigType "dist-referrers-artifact-type"
        "The artifactType of a referrer is always its config's type (goharbor/harbor#19867).";
    ReferrersNoArtifactType "dist-referrers-artifact-type" "Listed referrers have no artifactType.";
    ReferrersNoDerivedType "dist-referrers-artifact-type-fallback"
        "Referrers without artifactType are listed without it.";
    ReferrersOrdinaryConfigType "dist-referrers-artifact-type-fallback"
        "The ordinary config type is not listed as artifactType.";
    ReferrersIndexEmptyType "dist-referrers-artifact-type-omitted-index"
        "An index without artifactType is listed with an empty one.";
    ReferrersNoAnnotations "dist-referrers-annotations" "Listed referrers have no annotations.";
    ReferrersEmptyAnnotationLost "dist-referrers-annotations" "Annotations with an empty value are not listed.";
    ReferrersLongAnnotationsLost "dist-referrers-annotations" "Annotations of more than 1 KiB are not listed.";
    ReferrersOfNobodyBare "dist-referrers-annotations"
        "Referrers of a subject that is not there are listed without annotations and artifactType.";
    ReferrersFilteredBare "dist-referrers-annotations"
        "Entries of a filtered list have no annotations and no artifactType.";
    ReferrersAnnotationsCut "dist-referrers-annotations" "At most eight annotations of a referrer are listed.";
    ReferrersAsciiAnnotations "dist-referrers-annotations" "Letters beyond ASCII are lost from listed annotations.";
    ReferrersAnnotationsNull "img-manifest-annotations-absent-or-empty" "Absent annotations are listed as null.";
    ReferrersDuplicates "dist-referrers-no-duplicates"
        "A referrer is listed once for each of its tags and once for itself (project-zot/zot#3524).";
    ReferrersUntaggedUnlisted "dist-referrers-new-pushes" "Referrers without a tag are not listed.";
    ReferrersSha512Unlisted "dist-referrers-new-pushes" "Referrers of a subject by SHA-512 are not listed.";
    ReferrersCached "dist-referrers-new-pushes" "A list of referrers stays as it was first asked for (quay/quay#6510).";
    ReferrersFallbackHides "dist-referrers-preexisting-tag-schema" "A fallback tag hides the referrers that it lists.";
    ReferrersCut "dist-referrers-link" "No more than 20 referrers are listed, without a link.";
    ReferrersCutAtHundred "hard-referrers-complete" "No more than 100 referrers are listed, without a link.";
    ReferrersLinkBare "dist-referrers-link-syntax"
        "Referrers come in pages of two, and the link has no angle brackets.";
    ReferrersLinkNoRelation "dist-referrers-link-syntax"
        "Referrers come in pages of two, and the link has no relation.";
    ReferrersLinkToStart "dist-referrers-link-pages-distinct"
        "Referrers come in pages of two, and the link of each leads to the first.";
    ReferrersLinkRepeats "dist-referrers-link-pages-distinct"
        "Referrers come in pages of two, each of which starts with the end of the one before.";
    ReferrersSecondPageNoList "dist-referrers-link-pages-distinct"
        "Referrers come in pages of two, of which only the first is a list.";
    ReferrersFilter400 "dist-referrers-filter" "Asking for one artifactType gives 400.";
    ReferrersFilterIgnored "dist-referrers-filter" "The artifactType asked for has no effect.";
    ReferrersFilterHeaderValue "dist-referrers-filter-header" "The filter header has the type that was asked for.";
    ReferrersFilterHeaderMissing "dist-referrers-filter-header" "Referrers are filtered without saying so.";
    ReferrersFilterEmptyUnsaid "dist-referrers-filter-header"
        "A filtered list that is empty does not say that it is filtered.";
    ReferrersFilterIgnoredShort "dist-referrers-filter-ignored-full"
        "Asked for one artifactType, the registry says nothing of a filter and leaves out a referrer of that type.";
    ReferrersFilterHeaderList "dist-referrers-filter-header-list" "Applied filters are listed as a JSON array.";
    ReferrersFilterNothing "dist-referrers-filter-result" "The filter header is there and the list is full.";
    ReferrersFilterLosesOne "dist-referrers-filter-result" "Of several referrers of the type asked for, the last is missing.";
    ReferrersFilterOfNobodyEmpty "dist-referrers-filter-result"
        "Asked for one artifactType, a subject that is not there has no referrers.";
    ReferrersFilterOfNobody404 "dist-referrers-never-404"
        "Asked for one artifactType, a subject that is not there is not found.";
    ReferrersFilterPrefix "dist-referrers-filter-result" "The filter takes types that start with the one asked for.";
    ReferrersFilterPlus "dist-referrers-filter-result" "A plus sign in the filter becomes a space.";
    ReferrersFilterOwnTypeOnly "dist-referrers-filter-uses-derived-type"
        "The filter does not see types that come from the config.";
    ReferrersFilterForgotten "dist-referrers-filter-with-link"
        "Referrers come in pages of two, and the link forgets the filter.";
    // Deleting.
    DeleteTagIs200 "dist-delete-tag-202" "Deleting a tag answers 200.";
    DeleteTagIs204 "dist-delete-tag-202" "Deleting a tag answers 204.";
    DeleteTagOff403 "dist-delete-tag-disabled" "Deleting tags is off, with 403.";
    DeleteTagOff404 "dist-delete-tag-disabled" "Deleting tags is off, with 404.";
    DeleteTagDoesNothing "dist-delete-tag-then-404" "A deleted tag stays.";
    DeleteTagHeadStays "dist-delete-tag-then-404" "A deleted tag is still found by HEAD.";
    DeleteTagTakesManifest "dist-delete-tag-keeps-manifest" "Deleting a tag deletes the manifest (project-zot/zot#67).";
    DeleteTagTakesLonger "dist-tags-complete" "Deleting a tag deletes those that start with it.";
    DeleteTagLong404 "dist-delete-tag-202" "A tag of more than 64 characters is not found by DELETE.";
    DeleteTagTakesSiblings "dist-delete-tag-keeps-other-tags" "Deleting a tag deletes the other tags of its manifest.";
    DeleteTagUnknown202 "dist-delete-tag-unknown-404" "An unknown tag can be deleted.";
    DeleteTagComesBack "dist-delete-tag-then-404" "Deleting a tag that was moved brings back what it led to before.";
    DeleteTagRepushIgnored "dist-gc-repush-after-delete" "A tag that was deleted cannot be set again, with 201.";
    DeleteTagEverywhere "dist-gc-repo-isolation" "Deleting a tag deletes it in every repository.";
    DeleteManifestIs200 "dist-delete-manifest-202" "Deleting a manifest answers 200.";
    DeleteManifestIs204 "dist-delete-manifest-202" "Deleting a manifest answers 204.";
    DeleteUnknownRepository202 "dist-delete-manifest-repo-404" "Manifests of unknown repositories can be deleted.";
    DeleteManifestOff501 "dist-delete-manifest-disabled" "Deleting manifests is off, with 501.";
    DeleteManifestDoesNothing "dist-delete-manifest-then-404" "A deleted manifest stays.";
    ManifestCached "dist-delete-manifest-then-404" "A manifest that was pulled once is served after it was deleted.";
    DeleteListedManifestStays "dist-delete-manifest-then-404"
        "A manifest that an index lists stays, though its deletion is confirmed.";
    DeleteManifestGetStays "dist-delete-manifest-then-404" "A deleted manifest is gone for HEAD and not for GET.";
    DeleteManifestKeepsTags "dist-delete-manifest-removes-tags" "A deleted manifest is still found by its tags.";
    DeleteManifestListsTags "dist-gc-listed-implies-pullable" "The tags of a deleted manifest are still listed.";
    DeleteManifestTakesAllTags "dist-pull-manifest-tag-200" "Deleting a manifest deletes all tags of its repository.";
    DeleteManifestUnknown202 "dist-delete-manifest-unknown-404" "An unknown manifest can be deleted.";
    DeleteManifestUnknown500 "dist-delete-manifest-unknown-404" "Deleting an unknown manifest gives 500.";
    DeleteBlobIs200 "dist-delete-blob-202" "Deleting a blob answers 200.";
    DeleteBlobIs204 "dist-delete-blob-202" "Deleting a blob answers 204.";
    DeleteBlobUnknown202 "dist-delete-blob-404" "An unknown blob can be deleted.";
    DeleteBlobOff404 "dist-delete-blob-disabled" "Deleting blobs is off, with 404.";
    DeleteBlobDoesNothing "dist-delete-blob-then-404" "A deleted blob stays.";
    BlobCached "dist-delete-blob-then-404" "A blob that was pulled once is served after it was deleted.";
    DeleteUsedBlobStays "dist-delete-blob-then-404" "A blob that a manifest names stays, though its deletion is confirmed.";
    DeleteBlobComesBack "dist-delete-blob-then-404"
        "A deleted blob is back once another repository reads it (CVE-2026-35172).";
    DeleteManifestTakesBlobs "dist-gc-shared-blob-survives" "Deleting a manifest deletes its blobs, shared or not.";
    DeleteIndexTakesChildren "dist-gc-index-children-survive"
        "Deleting an index deletes what it lists, whoever else needs it.";
    DeleteChildTakesSiblings "dist-gc-index-children-survive"
        "Deleting a manifest deletes what stands beside it in an index.";
    DeleteManifestTakesKin "dist-pull-manifest-tag-200"
        "Deleting a manifest deletes those that share a blob with it.";
    DeleteMountedSource "dist-gc-mounted-blob-survives" "Deleting a blob deletes it where it was mounted to.";
    DeleteEverywhere "dist-gc-repo-isolation" "Deleting a manifest deletes it in every repository.";
    DeleteBlobEverywhere "dist-gc-repo-isolation" "Deleting a blob deletes it in every repository.";
    DeletedReferrerListed "dist-gc-referrer-deleted-unlisted" "A deleted referrer is still listed.";
    DeletedReferrerTakesKin "dist-referrers-new-pushes" "Deleting a referrer deletes all referrers of its subject.";
    DeletedReferrerTakesSubject "dist-pull-manifest-tag-200" "Deleting a referrer deletes its subject.";
    DeletedSubject404 "dist-referrers-never-404" "Asking for the referrers of a deleted subject gives 404.";
    RepushIgnored "dist-gc-repush-after-delete"
        "A blob that was deleted cannot be pushed again, with 201 (distribution/distribution#4569).";
    ManifestRepushIgnored "dist-gc-repush-after-delete" "A manifest that was deleted cannot be pushed again, with 201.";
    // Errors.
    ErrorBareArray "dist-error-json-shape" "Errors are a bare array.";
    ErrorFlat "dist-error-json-shape" "Errors are JSON with a message and no list.";
    ErrorCodeNumber "dist-error-json-shape" "Error codes are numbers.";
    ErrorCodeLowerCase "dist-error-code-charset" "Error codes are in lower case.";
    ErrorCodeDashes "dist-error-code-charset" "Error codes have hyphens.";
    ErrorCodePagination "dist-error-code-known" "A bad n is reported as PAGINATION_NUMBER_INVALID, as in distribution.";
    ErrorCodeRange "dist-error-code-known" "A chunk out of order is reported as RANGE_INVALID, as in distribution.";
    ErrorCodeNotFound "dist-error-code-known" "Everything missing is reported as NOT_FOUND.";
    ErrorMessageObject "dist-error-message" "Messages of errors are objects.";
    ErrorBlobUnknown "dist-error-blob-unknown" "A missing blob is reported as MANIFEST_UNKNOWN.";
    ErrorUploadInvalid "dist-error-blob-upload-invalid" "A malformed Content-Range is reported as UNSUPPORTED.";
    ErrorUploadUnknown "dist-error-blob-upload-unknown" "A missing upload is reported as BLOB_UNKNOWN.";
    ErrorDigestInvalid "dist-error-digest-invalid" "A wrong digest is reported as MANIFEST_INVALID.";
    ErrorManifestInvalid "dist-error-manifest-invalid" "A bad manifest is reported as UNSUPPORTED.";
    ErrorManifestUnknown "dist-error-manifest-unknown" "A missing manifest is reported as BLOB_UNKNOWN.";
    ErrorNameInvalid "dist-error-name-invalid" "A bad name is reported as NAME_UNKNOWN.";
    ErrorNameUnknown "dist-error-name-unknown" "A missing repository is reported as NAME_INVALID.";
    ErrorSizeInvalid "dist-error-size-invalid" "A wrong size is reported as UNSUPPORTED.";
    ErrorUnauthorized "dist-error-unauthorized" "Missing credentials are reported as DENIED.";
    ErrorDenied "dist-error-denied" "A missing right is reported as UNSUPPORTED.";
    ErrorUnsupported "dist-error-unsupported" "Deletion is off, which is reported as DENIED.";
    ErrorTooManyRequests "dist-error-toomanyrequests"
        "Now and then there are too many requests, which is reported as DENIED.";
    ThrottleNoRetryAfter "dist-error-429-retry-after"
        "Now and then there are too many requests, without saying for how long.";
    // HTTP.
    GatewayAlone "dist-http-no-5xx" "Every fortieth request gives 502, as from a gateway that has no registry to ask.";
    Sha512BlobServerError "dist-http-no-5xx" "A blob that is pushed by its SHA-512 gives 500.";
    Sha512ManifestServerError "dist-http-no-5xx" "A manifest that is pushed by its SHA-512 gives 500.";
    BadNameServerError "dist-http-no-5xx" "A name that is not valid gives 500.";
    ReferenceServerError "dist-http-no-5xx" "A reference with bytes that are no text gives 500.";
    DotSegmentsServerError "dist-http-no-5xx" "A path with dot segments gives 500.";
    EncodedSlashServerError "dist-http-no-5xx" "A path with an encoded slash gives 500.";
    LongPathServerError "dist-http-no-5xx" "A path of more than 4 KiB gives 500.";
    LongHeaderServerError "dist-http-no-5xx" "A header of more than 4 KiB gives 500.";
    AcceptServerError "dist-http-no-5xx" "An Accept that is no list of types gives 500.";
    QueryServerError "dist-http-no-5xx" "A query that is badly encoded gives 500.";
    MethodServerError "dist-http-no-5xx" "A method that a resource does not have gives 500.";
    DeleteMalformedServerError "dist-http-no-5xx" "Deleting by a malformed digest gives 500.";
    ReferenceCleaned "dist-reference-only-tag-or-digest"
        "What stands before the last slash or at sign of a reference is dropped.";
    MethodNoAllow "dist-http-405-allow" "A refused method does not say which there are.";
    NotModified412 "dist-http-rfc9110" "A pull of what the client has gives 412.";
    NotModifiedAlways "dist-http-rfc9110" "Any entity tag matches.";
    RedirectNeedsCredentials "dist-http-redirect-without-credentials"
        "Blobs are redirected to another host that wants the credentials.";
    RedirectHeadNoSize "dist-http-redirect-head-size"
        "Blobs are redirected to another host where HEAD does not tell the size.";
    GzipWrongLength "dist-http-content-encoding"
        "HEAD tells the compressed size of a blob (cloudflare/serverless-registry#134).";
    GzipUnlabelled "dist-http-content-encoding" "Blobs come compressed to who takes that, and nothing says so.";
    AcceptRequired "dist-conneg-no-accept"
        "A manifest is not found unless Accept lists its type (distribution/distribution#3938).";
    AcceptWildcard404 "dist-conneg-wildcard" "A wildcard in Accept is not understood (distribution/distribution#3938).";
    AcceptFirstOnly "dist-conneg-multiple" "Only the first type in Accept counts.";
    AcceptWeightUnknown "dist-conneg-multiple" "A type in Accept that has a weight is not understood.";
    AcceptFirstLineOnly "dist-conneg-multiple" "Only the first line of Accept counts.";
    VaryMissing "dist-conneg-vary"
        "A tag on an index gives a child when Accept lacks indexes, and no word of it in Vary.";
    // Authentication.
    AuthNoChallenge "dist-auth-401-challenge" "401 comes without a challenge, except at the base.";
    AuthChallengeNoService "dist-auth-bearer-params" "The challenge has no service.";
    AuthChallengeRelative "dist-auth-bearer-params" "The realm of the challenge is not absolute.";
    AuthScopeShortName "dist-auth-scope-form" "The scope of a challenge has the last component of the name only.";
    AuthScopeWrite "dist-auth-scope-form" "The scope of a challenge says write for push.";
    AuthScopeRead "dist-auth-scope-form" "The scope of a challenge says read for pull.";
    AuthScopeRemove "dist-auth-scope-form" "The scope of a challenge says remove for delete.";
    AuthTokenOtherField "dist-auth-token-response" "Tokens for pushing come in a field of another name.";
    AuthTokensDiffer "dist-auth-token-response" "token and access_token differ.";
    AuthTokenShortLived "dist-auth-token-lifetime" "Tokens are good for five seconds.";
    AuthIssuedAtNumber "dist-auth-token-lifetime" "The time of issue is a number.";
    AuthBadCredentialsToken "dist-auth-token-bad-credentials" "A wrong password gives a token.";
    AuthMoreThanAllowed403 "dist-auth-token-reduced-scope" "Asking for an action that does not exist gives 403.";
    AuthMoreThanAllowedNothing "dist-auth-token-reduced-scope"
        "Asking for what does not exist gives a token for nothing.";
    AuthAnyToken "dist-auth-token-accepted" "Any token is good.";
    AuthTokenOnce "dist-auth-token-accepted" "A token is good once.";
    AuthPushTokenRefused "dist-auth-token-accepted" "A token for pushing is not good for pushing.";
    AuthActionsUnchecked "dist-auth-token-scope" "A token is good for anything in its repository.";
    AuthRepositoryUnchecked "dist-auth-token-scope" "A token is good for the same in any repository.";
    AuthAnyPassword "dist-auth-wrong-credentials" "Any name and password are good beside the tokens.";
    AuthManyScopes400 "dist-auth-multi-scope" "Asking for two scopes gives 400.";
    AuthOneScope "dist-auth-multi-scope" "Only the first scope counts.";
    AuthMountUnchecked "dist-auth-mount-access" "A mount may read any repository.";
    // Warnings, proxies, extensions.
    WarningOtherCode "dist-warning-code-299" "Warnings have code 199.";
    WarningAgent "dist-warning-agent-dash" "Warnings name their agent.";
    WarningUnquoted "dist-warning-agent-dash" "Warnings are not quoted.";
    WarningDated "dist-warning-no-date" "Warnings have a date.";
    WarningTooLong "dist-warning-size" "Warnings are longer than 4096 bytes together.";
    NamespaceWrong "dist-proxy-ns-header" "OCI-Namespace has another value than ns.";
    ExtensionNoUnderscore "dist-ext-underscore" "The listed extension has no underscore.";
    ExtensionBadName "dist-ext-name-grammar" "The listed extension is named against the grammar.";
    ExtensionRouteClash "dist-ext-no-route-clash" "An endpoint is listed twice.";
    ExtensionReserved "dist-ext-reserved" "The name _oci is listed for something else.";
    ExtensionsText "dist-ext-discover-200" "The list of extensions is labelled text/plain.";
    ExtensionsNull "dist-ext-discover-list" "The list of extensions is null.";
    ExtensionNoName "dist-ext-discover-name" "The listed extension has no name.";
    ExtensionNoUrl "dist-ext-discover-url" "The listed extension has no URL.";
    ExtensionNoEndpoints "dist-ext-discover-endpoints" "The listed extension has no endpoints.";
    ExtensionsLinkBare "dist-ext-pagination" "The link to more extensions has no angle brackets.";
    ExtensionsLinkNowhere "dist-ext-pagination" "The link to more extensions leads nowhere.";
    // Documents.
    UnknownAlgorithmRefused "img-digest-unknown-algorithm-passes"
        "A manifest that mentions an unknown digest algorithm is refused.";
    UnknownAlgorithmServerError "img-digest-unknown-algorithm-passes"
        "A manifest that mentions an unknown digest algorithm gives 500, as in distribution.";
    MixedAlgorithmsRefused "img-digest-mixed-algorithms" "All digests of a manifest have to be by one algorithm.";
    DescriptorFieldsServerError "dist-push-bad-document"
        "A descriptor without type, digest or size gives 500.";
    DescriptorDigestServerError "dist-push-bad-document" "A malformed digest in a descriptor gives 500.";
    DescriptorTypeServerError "dist-push-bad-document"
        "A malformed media type in a descriptor gives 500.";
    DescriptorSizeRounded "img-descriptor-size-int64" "Large numbers in manifests are rounded.";
    DescriptorSizeServerError "dist-push-bad-document"
        "A size that is no whole number, or is 2^53 or more, gives 500.";
    DescriptorSizeNegativeServerError "dist-push-bad-document" "A negative size gives 500.";
    DescriptorSizeOtherServerError "dist-push-bad-document" "A size that is not that of the content gives 500.";
    DataRefused "img-descriptor-data-accepted" "Embedded content is refused.";
    DataServerError "dist-push-bad-document"
        "Embedded content that is not what size and digest say gives 500.";
    DataAdded "img-descriptor-data-not-added" "Small blobs are embedded in stored manifests.";
    SchemaVersionServerError "dist-push-bad-document" "Another schemaVersion than 2 gives 500.";
    ManifestTypeServerError "dist-push-bad-document" "A manifest of an unknown type gives 500.";
    MediaTypeOtherServerError "dist-push-bad-document"
        "A mediaType other than the pushed type gives 500.";
    MediaTypeRequired "img-manifest-media-type-used" "A manifest without mediaType gives 500.";
    ConfigMissingServerError "dist-push-bad-document" "A manifest whose config is no object gives 500.";
    LayersNullServerError "dist-push-bad-document" "layers that are no array give 500.";
    LayersTextServerError "dist-push-bad-document" "A layer that is no object gives 500.";
    ConfigImageRefused "img-manifest-config-type-supported" "The ordinary config type is refused.";
    ConfigUnknownRefused "img-manifest-config-unknown-type" "Unknown config types are refused (go-gitea/gitea#28973).";
    ConfigParsed "img-manifest-config-unknown-not-parsed" "A config of any type has to be JSON.";
    LayerNonDistributableRefused "img-manifest-layer-types-supported" "Non-distributable layers are refused.";
    LayerTarRefused "img-manifest-layer-types-supported" "Layers that are not compressed are refused.";
    LayerZstdRefused "img-manifest-layer-zstd" "Layers under zstd are refused.";
    LayerUnknownRefused "img-manifest-layer-unknown-type" "Unknown layer types are refused.";
    ArtifactTypeUnknownRefused "img-manifest-artifact-type-unknown" "artifactType has to be a registered one.";
    ArtifactTypeServerError "dist-push-bad-document" "An artifactType that is no media type gives 500.";
    ArtifactTypeMissingServerError "dist-push-bad-document"
        "The empty config without artifactType gives 500.";
    EmptyDescriptorRefused "img-manifest-empty-descriptor" "The empty descriptor is refused.";
    AnnotationsServerError "dist-push-bad-document" "Annotations that are no map of texts give 500.";
    AnnotationsUnknownRefused "img-manifest-annotations-unknown-key" "Annotations with keys of one's own are refused.";
    PlatformServerError "dist-push-bad-document" "A platform without architecture or os gives 500.";
    UrlsServerError "dist-push-bad-document" "urls that are no list of texts give 500.";
    IndexManifestsMissingServerError "dist-push-bad-document" "An index whose manifests are no array gives 500.";
    IndexChildrenRefused "img-index-manifest-supported" "An index with more than one child is refused.";
    IndexNestedRefused "img-index-nested" "Indexes in indexes are refused (quay/quay#3427).";
    IndexUnknownChildRefused "img-index-unknown-child-type" "Children of unknown types are refused.";
    UnknownPropertyRefused "img-unknown-property-no-error"
        "Unknown properties are refused (GoogleContainerTools/jib#3969 in a client).";
    ContentNormalised "img-content-not-altered" "Blobs that are JSON are written anew when stored.";
    Utf8Escaped "img-json-utf8" "Letters beyond ASCII are escaped in stored manifests.";
    DuplicateNamesServerError "dist-push-bad-document" "A name that occurs twice gives 500.";
    CanonicalJsonRequired "img-json-canonical" "Manifests that are not canonical JSON are refused.";
    // Collecting garbage.
    GcLosesEverything "gc-tagged-survives" "Collections leave nothing.";
    GcLosesConfigs "gc-tagged-survives" "Collections remove the configs of images.";
    GcLosesForeignLayers "gc-tagged-survives" "Layers that may be elsewhere are collected when they are here.";
    GcLosesRetagged "gc-tagged-survives" "A manifest that ever lost a tag is collected, whatever tags it has.";
    GcLosesIndexChildren "gc-index-children-survive"
        "Collections do not look into indexes (distribution/distribution#3004).";
    GcLosesNestedChildren "gc-index-children-survive" "Collections do not look into indexes in indexes.";
    GcLosesSharedBlobs "gc-shared-blob-survives"
        "The blobs of what is deleted or collected go with it, whoever else has them.";
    GcLosesMountedBlobs "gc-mounted-blob-survives" "A blob that is garbage in one repository goes from all.";
    GcLosesSharedChildren "gc-shared-manifest-survives" "Children of collected indexes go with it, shared or not.";
    GcLosesElsewhere "gc-repositories-apart" "A manifest that is garbage in one repository goes from all.";
    GcLosesFallbackEntries "gc-fallback-entries-survive" "Collections do not look into fallback indexes.";
    GcLosesDigestTags "gc-digest-tag-survives" "Tags such as sha256-….sig do not keep what they point at.";
    GcLosesReferrers "gc-referrer-of-live-subject-survives" "Referrers without a tag are collected.";
    GcLosesReferrersOfReferrers "gc-referrer-of-live-subject-survives" "Referrers of referrers are collected.";
    GcLosesReferrersOfChildren "gc-referrer-of-live-subject-survives" "Referrers of index children are collected.";
    GcLosesTaggedReferrers "gc-tagged-referrer-survives" "Referrers of deleted subjects go though they have a tag.";
    GcIgnoresGrace "gc-young-content-survives" "Collections have no grace period.";
    GcEndsUploads "gc-open-upload-survives" "Collections end all uploads.";
    GcSweepsStaleBlobs "gc-push-during-collection" "A blob that a manifest named during the collection goes.";
    GcSweepsStaleManifests "gc-push-during-collection" "A manifest that got a tag during the collection goes.";
    GcResurrects "gc-deleted-stays-gone" "Deleted manifests are only hidden until the next collection.";
    GcKeepsBlobs "gc-deleted-blobs-go" "Blobs that a manifest ever named are not collected.";
    GcKeepsUntagged "gc-untagged-goes" "Manifests that ever were in an index are not collected.";
    GcKeepsOrphans "gc-referrers-of-deleted-go" "Referrers of a lost referrer are not collected with it.";
    GcKeepsCycles "gc-cycle-goes" "An index and a child that is its subject keep each other.";
    GcKeepsSuperseded "gc-superseded-goes" "Manifests that ever had a tag are not collected.";
    GcListsLost "gc-listed-resolves" "Collected manifests stay in the list of referrers.";
    GcHalvesReferrers "gc-no-half-image" "The blobs of referrers are collected, the referrers are not.";
    GcBlobsStayLost "gc-repush-works" "A collected blob is not taken again (distribution/distribution#1803).";
    GcTakesMoreEachTime "gc-idempotent" "Collections look into an index only the first times.";
    GcServerErrors "gc-api-stays" "Pulls give 500 while a collection runs.";
    GcDryRunSweeps "gc-dry-run-changes-nothing" "A dry run removes what it finds.";
    GcServesDeleted "gc-deleted-stays-gone" "Deleted manifests are served until the next collection.";
    GcNegativeCache "gc-repush-works" "What was deleted or collected is not found when it is there again.";
    GcUploadsFail "gc-api-stays" "Closing an upload that was open through a collection gives 500.";
    GcUploadsLost "gc-no-half-image" "An upload that was open through a collection is confirmed and lost.";
    GcExpiresTags "gc-idempotent" "A tag keeps its manifest through one collection only.";
    GcLosesNewReferrers "gc-push-during-collection" "Referrers that came during the collection go.";
    GcReferrersOff "gc-referrers-answer" "There are no referrers once garbage was collected.";
    GcCyclePoisons "gc-api-stays" "Tags are not listed any more where a cycle was collected.";
    GcDigestTagsFail "gc-api-stays" "Tags such as sha256-….sig give 500 once garbage was collected.";
    GcReferrers404 "gc-referrers-answer" "Referrers of what was collected give 404.";
    GcLosesFirstSchemaLayers "gc-first-schema-layers-survive" "Collections do not see the layers of Docker's first schema.";
    // Scale: what only large content and long lists bring out.
    TagsThousandLost "scale-tags-complete" "Of a thousand tags and more, the first thousand are listed, without a link.";
    TagsLaterPagesLost "scale-tags-walk" "There are no more than nine pages of tags.";
    ReferrersThousandLost "scale-referrers-complete"
        "Of a thousand referrers and more, the first thousand are listed, without a link.";
    ReferrersThousandUnfiltered "scale-referrers-filtered" "A filter sees the first thousand referrers only.";
    BlobHugeCut "scale-blob-whole" "Blobs are cut after 16 MiB.";
    RangeFarWraps "scale-blob-range" "The first byte of a range is counted in 24 bits.";
    ManyLayersRefused "scale-layers" "Manifests of more than a hundred blobs give 400.";
    ManyLayersLost "scale-layers" "Manifests of more than a hundred blobs come back with a hundred layers.";
    // Hardening: what only hostile requests bring out.
    LimitServerError "hard-no-5xx" "A limit beyond 32 bits gives 500 (CVE-2023-2253 in distribution ran out of memory).";
    NegativeLimitLost "dist-http-answers"
        "A negative n breaks the connection, as in olareg and go-containerregistry.";
    RangeRefusalCutShort "dist-http-answers"
        "The refusal of a range announces the length of the blob and ends early, as in distribution 2.8.2.";
    SignatureLengthLost "hard-answers"
        "A negative length in the signature of a Docker manifest of schema 1 breaks the connection, as in distribution 2.8 (libtrust).";
    NullLetterLost "hard-answers" "A null letter in a path breaks the connection.";
    RefusalPoisons "hard-content-undisturbed"
        "Once a manifest was refused, its repository gives 500 (distribution/distribution#4489 is its kin).";
    OddListPoisons "hard-content-undisturbed" "An odd limit or place in a list breaks the repository for good.";
    CachePoisoned "hard-content-undisturbed" "The answer to a pull with forwarding headers is kept for everybody.";
    MissingRemembered "hard-content-undisturbed" "What was asked for before it came is not found (quay/quay#6510).";
    DeletedEverywhere "hard-content-undisturbed"
        "A deletion goes through all repositories, as with the blobs of go-containerregistry's registry.";
    UploadEndedByStranger "hard-content-undisturbed" "A request through another repository ends an upload.";
    OpenUploadsExhaust "hard-content-undisturbed" "After 20 uploads a repository takes no manifest.";
    TakenNotServed "hard-taken-is-served" "Deep and long manifests are taken, and pulls of them give 500.";
    RefusedKept "hard-refused-is-not-kept" "Manifests that are refused are stored, tag and all.";
    BlobServedAsManifest "hard-blob-no-manifest"
        "A blob is served as a manifest, as in docker-registry 2.8 (distribution/distribution#3122).";
    TypeFollowsPush "hard-one-type"
        "The type of a manifest is that of the last push, as in go-containerregistry's registry (CVE-2021-41190).";
    TypeFollowsAccept "hard-one-type" "The type of a manifest is the first in Accept.";
    DigestCleaned "hard-reference-exact" "Paths, parameters and control letters around a digest are cleaned away.";
    NameCleaned "hard-name-contained" "Names are cleaned like paths of files (CVE-2022-47747 in kraken).";
    DeleteByPattern "hard-delete-exact" "The star deletes all tags.";
    UploadDigestUnchecked "hard-digest-checked" "An upload ends with 201 whatever digest it is given.";
    ConditionBeforeLookup "hard-repository-scope" "If-None-Match is answered before a blob is looked up.";
    ReferrersEverywhere "hard-repository-scope" "Referrers are listed from all repositories.";
    DedupeDespiteRefusal "hard-repository-scope"
        "An upload that is refused still links the blob of its digest (CVE-2024-39897 in zot is its kin).";
    DedupeByDigest "hard-possession" "An upload under the digest of a blob elsewhere needs no bytes.";
    UploadMadeUp "hard-upload-unknown" "Uploads that nobody opened are opened, as in go-containerregistry's registry.";
    MethodOverride "hard-method-exact" "X-HTTP-Method-Override deletes.";
    TargetOverride "hard-target-exact" "X-Original-URL goes before the path (CVE-2018-14773).";
    ForwardedRedirect "hard-unkeyed-headers" "Pulls are sent to the host in X-Forwarded-Host.";
    LocationHasPassword "hard-location-clean" "URLs in answers have a user and password.";
    LinkFollowsForwarded "hard-link-own-host" "The link to the next page is on the host in X-Forwarded-Host.";
    HeaderInjected "hard-no-header-injection" "An encoded line break in a request becomes one in the answer.";
    TagImmutable "hard-tag-not-immutable" "Caches may keep what a tag leads to for ever.";
    MissingImmutable "hard-tag-not-immutable" "Caches may keep refusals for ever.";
    ErrorHasMarkup "hard-no-markup" "Errors are HTML with the request in it as it came.";
    ErrorHasControlBytes "hard-no-control-bytes" "Errors are text with the request in it as it came.";
    ErrorHasStack "hard-no-internals" "Errors show the stack of the handler.";
    RealmFollowsForwarded "hard-realm-fixed" "The realm is on the host in X-Forwarded-Host.";
    ReferrersFloodLost "hard-referrers-complete" "Only the first 20 referrers are listed.";
    ReferrersLargeLost "hard-referrers-complete" "Referrers that are large manifests are not listed.";
    // Docker's formats.
    LegacySchema1ServerError "legacy-schema1-answered" "A manifest of Docker's first schema gives 500.";
    LegacyRefusedTagged "legacy-refused-not-stored" "A manifest of a type that is refused is found by its tag all the same.";
    LegacyForeignServerError "legacy-foreign-layer"
        "A Docker manifest with a foreign layer gives 500, as in distribution 2.8 where the host is not configured.";
    LegacyZstdRefused "legacy-zstd-type" "Docker manifests with layers under zstd are refused.";
    LegacyMixedRefused "legacy-mixed-families" "Indexes have to list manifests of their own family.";
    LegacySubjectUnlisted "legacy-subject-listed" "Docker manifests and lists have no referrers.";
    LegacySubjectDropped "legacy-with-subject" "A Docker manifest loses its subject when it is pulled.";
    FirstSchemaServedAsJson "legacy-first-schema-served" "Manifests of Docker's first schema are labelled application/json.";
    FirstSchemaWithoutLayers "legacy-first-schema-served" "Manifests of Docker's first schema lose their layers when they are pulled by tag.";
    FirstSchemaDigestOfBytes "legacy-first-schema-digest" "A signed manifest of Docker's first schema has the digest of its bytes.";
    FirstSchemaConverted "legacy-first-schema-not-converted"
        "A manifest of Docker's first schema is served as one of the second to who takes no other.";
    FirstSchemaStays "legacy-first-schema-deleted" "Deleting a manifest of Docker's first schema is confirmed and not done.";
    // ORAS artifacts.
    OrasRefused "oras-push-201" "ORAS artifacts are refused, though they are listed.";
    OrasRootRefused "oras-subject-optional" "An artifact without a subject is refused.";
    OrasWithoutBlobsRefused "oras-blobs-optional" "An artifact without blobs is refused.";
    OrasBlobTypesRefused "oras-blob-types" "Blobs of artifacts have to be of types of OCI.";
    OrasSubjectMissingAccepted "oras-subject-missing-400" "An artifact is taken whose subject is not there.";
    OrasSubjectMissing404 "oras-subject-missing-400" "An artifact whose subject is not there gives 404.";
    OrasSubjectBlobAccepted "oras-subject-blob-400" "A blob is taken for a subject.";
    OrasSubjectElsewhereAccepted "oras-subject-missing-400" "A subject may be in another repository.";
    OrasRefusedStored "oras-subject-missing-400" "An artifact whose subject is not there is refused and stored.";
    OrasTagsArtifacts "oras-image-unchanged" "An artifact gets a tag of its own.";
    OrasHidesSubject "oras-image-unchanged" "What an artifact is about cannot be pulled any more.";
    OrasOddServerError "oras-bad-document" "An artifact without mediaType, or with the members of an image, gives 500.";
    OrasMissingBlobServerError "oras-bad-document" "An artifact whose blob is missing gives 500.";
    OrasBlobsHidden "oras-blob-types" "Blobs of artifacts cannot be pulled.";
    OrasRewritten "oras-push-exact" "Artifacts are written anew when stored.";
    OrasServedAsJson "oras-type-as-pushed" "Artifacts are labelled application/json.";
    OrasAmbiguousAsImage "oras-type-as-pushed" "An artifact that has a config is served as an image.";
    OrasBadServerError "oras-bad-document" "An artifact that is not as it should be gives 500.";
    OrasListServerError "oras-list-200" "Lists of artifacts give 500 wherever more than an image was pushed.";
    OrasDeletionIgnored "oras-list-current" "An artifact that is deleted stays.";
    OrasDeletionTakesOthers "oras-list-all" "When an artifact is deleted, the others of its subject go too.";
    OrasCandidateOtherKey "oras-list-key" "The list has the name of the draft's.";
    OrasListText "oras-list-200" "Lists of artifacts are labelled text/plain.";
    OrasListLosesLast "oras-list-all" "One of several artifacts about a subject is not listed.";
    OrasIndexReferrersUnlisted "oras-list-all" "Artifacts about indexes are not listed.";
    OrasChainUnlisted "oras-list-all" "Artifacts about artifacts are not listed.";
    OrasListsTwice "oras-list-once" "Artifacts are listed twice.";
    OrasListsDescendants "oras-list-direct" "Artifacts about what is listed are listed too.";
    OrasListsElsewhere "oras-list-repository" "Artifacts of other repositories are listed.";
    OrasUnknownSubject404 "oras-list-missing-subject" "The list for a subject that is not there gives 404.";
    OrasListForgetsDeleted "oras-list-missing-subject" "Artifacts about a deleted subject are not listed, though they are there.";
    OrasListNull "oras-list-empty" "An empty list is null.";
    OrasEntryNoType "oras-list-entry" "Entries do not say what artifact they are.";
    OrasEntrySizeText "oras-list-entry" "The size of an entry is a text.";
    OrasEntryAsImage "oras-list-entry" "Entries are called images.";
    OrasNoVersion "oras-version-header" "Lists of artifacts have no version.";
    OrasOldestFirst "oras-sort-newest" "The oldest artifact comes first.";
    OrasUnsorted "oras-sort-newest" "Artifacts are not sorted.";
    OrasSortedAsText "oras-sort-newest" "Artifacts are sorted by the text of their time, whatever its time zone.";
    OrasUndatedFirst "oras-sort-undated" "Artifacts without a time come first.";
    OrasFilterLosesPlus "oras-filter-complete" "A type with a plus sign is filtered away.";
    OrasFilterEmpty "oras-filter-complete" "A filtered list is empty.";
    OrasLimitIgnored "oras-paging-limit" "A page has more entries than asked for.";
    OrasLinkBare "oras-link-syntax" "The link to more artifacts has no angle brackets.";
    OrasLinkAbsolute "oras-link-relative" "The link to more artifacts names a host.";
    OrasLinkNowhere "oras-paging" "The link to more artifacts leads nowhere.";
    OrasNoDigestServerError "oras-digest-parameter" "A list without a digest gives 500.";
    OrasGarbageServerError "oras-digest-parameter" "A list for what is no digest gives 500.";
    OrasTokenServerError "oras-bad-token" "A token that is none of a list gives 500.";
    OrasDraftOtherKey "oras-list-key" "The draft's list has the name of the later one.";
    OrasNotAdvertised "oras-discovery-name" "The list of extensions lacks _oras.";
    OrasEndpointsEmpty "oras-discovery-endpoints" "The list of extensions has no endpoint for _oras.";
    OrasNoUrl "oras-discovery-url" "The list of extensions has no document for _oras.";
    OrasPathGone "oras-discovery-true" "The list of extensions has _oras, and its path gives 404.";
    OrasGcLosesReferrers "oras-gc-live-subject" "Artifacts without a tag are collected, whatever their subject.";
    OrasGcLosesTagged "oras-gc-tagged" "Tagged artifacts of a deleted subject are collected.";
    // Flows.
    DeniedIsNoList "flow-denied-is-no-list" "Who may not ask for referrers gets an empty list of them.";
    AnnotationsUnlisted "flow-annotations-listed" "Listed referrers lack annotations that are no JSON.";
    SignaturesOneLayer "flow-signature-taken" "A manifest about another has to have one layer.";
    SignaturesUnlisted "flow-signature-found" "Lists of referrers are empty.";
    SignaturesUntyped "flow-signature-found" "Listed referrers do not say what they are.";
    SignaturesOfAll "flow-signature-apart" "What is about any manifest of the repository, or about the same one in another, is listed.";
    SignaturesByLayers "flow-signature-apart" "What shares a layer with a referrer and is about nothing is listed beside it.";
    SignaturesFollowTags "flow-signature-apart" "A tag that moves takes the referrers of its former manifest with it.";
    ArtifactNamesChecked "flow-artifact-taken" "Types of configs and layers have to have a version and small letters.";
    UnsignedIsNotFound "flow-nothing-found" "The list of a type that no referrer has gives 404.";
    SubjectsChange "flow-image-unchanged" "What a manifest is about is served with a member that says so.";
    RefusedReplaced "flow-refused-or-kept" "What is refused is kept, as something else.";
    EncryptedUnlabelled "flow-encrypted-taken" "Encrypted layers are called plain when their manifest is pulled.";
    CompressionsReversed "legacy-compressions-offered" "The entries of an index come backwards.";
    // The artifact draft before ORAS.
    ArtifactDraftRefused "artifact-draft-push" "Artifacts are refused, though they are listed.";
    ArtifactDraftRewritten "artifact-draft-exact" "Artifacts are written anew when stored.";
    ArtifactDraftServedAsJson "artifact-draft-exact" "Artifacts are labelled application/json.";
    ArtifactDraftTypelessTaken "artifact-draft-type" "An artifact is taken that does not say what it is.";
    ArtifactDraftSubjectMissingTaken "artifact-draft-subject" "An artifact is taken whose subject is not there.";
    ArtifactDraftSubjectBlobTaken "artifact-draft-subject" "A blob is taken for a subject.";
    ArtifactDraftSubjectElsewhereTaken "artifact-draft-subject" "A subject may be in another repository.";
    ArtifactDraftManifestAsBlobTaken "artifact-draft-no-manifests" "A manifest may be among the blobs of an artifact.";
    ArtifactDraftBlobTypesRefused "artifact-draft-blob-types" "Blobs of artifacts have to be of types of OCI.";
    ArtifactDraftWithoutBlobsRefused "artifact-draft-blobs-optional" "An artifact without blobs is refused.";
    ArtifactDraftStrangeRefused "artifact-draft-additive" "An artifact with a member that nobody knows is refused.";
    ArtifactDraftTagged "artifact-draft-image-unchanged" "An artifact gets a tag of its own.";
    ArtifactDraftHidesSubject "artifact-draft-image-unchanged"
        "What an artifact is about cannot be pulled any more.";
    ArtifactDraftListServerError "artifact-draft-list" "Lists of what is about a manifest give 500 wherever more than an image was pushed.";
    ArtifactDraftListsNull "artifact-draft-list-empty" "An empty list is null.";
    ArtifactDraftLosesLast "artifact-draft-list-all" "One of several artifacts about a manifest is not listed.";
    ArtifactDraftOneTarget "artifact-draft-list-all" "An artifact is listed for the first of its manifests only.";
    ArtifactDraftTaggedUnlisted "artifact-draft-list-all" "An artifact with a tag is not listed.";
    ArtifactDraftListsDescendants "artifact-draft-list-direct" "Artifacts about what is listed are listed too.";
    ArtifactDraftListsElsewhere "artifact-draft-list-repository" "Artifacts of other repositories are listed.";
    ArtifactDraftEntryBare "artifact-draft-list-entry" "Entries have a digest and no manifest.";
    ArtifactDraftEntrySpilled "artifact-draft-list-entry"
        "The manifest of an entry closes too early, as in the example of the proposal.";
    ArtifactDraftEntryOfSubject "artifact-draft-list-entry" "Entries have the digest of what they are about.";
    ArtifactDraftTagUnknown "artifact-draft-list-tag" "A list for a tag gives 404.";
    ArtifactDraftUnknownTagEmpty "artifact-draft-list-unknown-tag" "A list for an unknown tag is empty.";
    ArtifactDraftFilterEmpty "artifact-draft-filter-complete" "A filtered list is empty.";
    ArtifactDraftNextNowhere "artifact-draft-paging" "The link to more artifacts leads nowhere.";
    ArtifactDraftAllAtOnce "artifact-draft-paging-default" "Without a limit a page has everything.";
    ArtifactDraftPathServerError "artifact-draft-path" "The earlier path of the list gives 500.";
    // The object draft.
    DraftRefusedStored "object-draft-stated" "Manifests of drafts are refused and stored.";
    ObjectDraftByTagRefused "object-draft-push" "Object manifests are taken by digest and refused by tag.";
    ObjectDraftRewritten "object-draft-exact" "Object manifests lose their annotations.";
    ObjectDraftServedAsJson "object-draft-exact" "Object manifests are labelled application/json.";
    ObjectDraftOtherTypeTaken "object-draft-media-type" "An object manifest may say that it is something else.";
    ObjectDraftAnyLinkTaken "object-draft-link" "An object may refer to a blob, or to nothing, as a manifest.";
    ObjectDraftMissingBlobServerError "object-draft-blob-missing" "An object whose blob is missing gives 500.";
    ObjectDraftVersionNumber "object-draft-version" "The version of an object manifest has to be a number.";
    ObjectDraftVersionless "object-draft-version" "An object manifest is taken that has no version.";
    ObjectDraftBrokenServerError "object-draft-json" "An object manifest that is no JSON gives 500.";
    ObjectDraftSignedServerError "object-draft-signed" "The signed form of an object manifest gives 500.";
    ObjectDraftLinklessChecked "object-draft-linkless" "What a component only mentions has to be there.";
    ObjectDraftStrangeRefused "object-draft-opaque" "An object with a member that nobody knows is refused.";
    ObjectDraftTwiceRefused "object-draft-order" "A digest may occur once in an object manifest.";
    ObjectDraftBlobsFirst "object-draft-order" "The blobs of an object have to stand before its references.";
    ObjectDraftPartsHidden "object-draft-parts" "What an object manifest refers to cannot be pulled.";
    ObjectDraftSecondHidden "object-draft-parts" "Blobs of all objects but the first cannot be pulled.";
    GcLosesArtifactDrafts "gc-artifact-draft-survives" "Artifacts of the draft go, whatever they are about.";
    GcKeepsArtifactDrafts "gc-artifact-draft-goes" "Artifacts of the draft stay, whatever they are about.";
    GcLosesObjectReferences "gc-object-links-survive" "Collections do not follow the references of objects.";
    GcLosesObjectBlobs "gc-object-links-survive" "Collections do not see the blobs of objects.";
    GcKeepsObjects "gc-object-goes" "Object manifests are never collected.";
    GcKeepsNamedByObjects "gc-linkless-goes" "Every digest in the text of an object manifest is kept.";
    // Deep: in corners that only a fuzzer reaches. No case has to find them; `tests/fuzz_live.rs` holds that the fuzzer does.
    DeepNestingLost "dist-http-answers" "A manifest that is nested more than 30 levels deep breaks the connection.";
    DeepSurrogateServerError "dist-http-no-5xx" "Half a surrogate pair in a manifest gives 500.";
    DeepSizeServerError "dist-http-no-5xx" "A size that does not fit into 63 bits gives 500 (quay/quay#3683 is its kin).";
    DeepVersionServerError "dist-http-no-5xx" "A manifest without schemaVersion gives 500, as in distribution.";
    DeepAnnotationKills "dist-pull-manifest-digest-200"
        "An annotation that is an object is taken, and the manifest cannot be pulled, as in distribution 2.8.";
    DeepEmptyIndexAsImage "dist-pull-manifest-content-type-as-pushed"
        "An index without children is served as an image manifest, as in distribution.";
    DeepRefusedStored "dist-pull-manifest-404-digest" "A manifest with a repeated name is refused and stored.";
    DeepEscapesRewritten "dist-push-manifest-exact-bytes" "A manifest with an escaped letter is written anew when pulled.";
    DeepNegativeLost "dist-http-answers" "A negative n breaks the connection, as in olareg and go-containerregistry.";
    DeepRangeServerError "dist-http-no-5xx" "A Content-Range beyond 64 bits gives 500, as in distribution.";
    DeepReferrerLost "dist-referrers-new-pushes" "A referrer whose type has a plus sign is not listed.";
    DeepHang "dist-http-no-5xx" "A manifest with an annotation that has no text is never answered.";
    DeepMemory "dist-http-no-5xx" "Whatever was refused stays in memory, and much more with it.";
    DeepSlow "dist-http-no-5xx" "Every manifest that was refused makes all later pushes slower.";
}
