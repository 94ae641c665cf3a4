//! How content gets to a target where nothing is judged.
//!
//! Every case needs content first. A registry that takes no bytes in the closing PUT is told so by the cases about uploads;
//! in all others the setup would be broken, so they upload by PATCH instead. One that takes no manifest under its digest is
//! told so by the case about that; where another pushes one so, the refusal says nothing of what that case is about.

use super::Env;
use super::cleanup::Stored;
use super::isolate::short_hash;
use crate::case::UploadHow;
use crate::client::{Answer, Purpose, RequestSpec, Target, encode_query, resolve_location};
use crate::expect;
use crate::oci::digest::{Algorithm, Digest};

const BYTES: &str = "application/octet-stream";
const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";

/// What was found out.
pub struct Ways {
    /// The way to upload a blob that works.
    pub how: UploadHow,
    /// What was seen, where a manifest is taken under a tag and not under its digest.
    pub no_digests: Option<String>,
    /// What is unusual, in words.
    pub notes: Vec<String>,
    /// What was stored in finding out.
    pub stored: Stored,
}

/// Uploads a blob in the usual way, and if that fails by PATCH; pushes a manifest by its digest, and if that fails by a tag.
/// What decides about a whole run is asked twice.
pub async fn find(env: &Env) -> Ways {
    let mut ways = Ways {
        how: UploadHow::PostThenPut,
        no_digests: None,
        notes: Vec::new(),
        stored: Stored::default(),
    };
    let Some(repositories) = env.isolation.repositories("probe/ways", 1) else {
        return ways;
    };
    let [repository] = repositories.as_slice() else {
        return ways;
    };
    let config = format!(
        r#"{{"architecture":"amd64","author":"{} {repository}","os":"linux","rootfs":{{"type":"layers","diff_ids":[]}}}}"#,
        short_hash(&env.seed.to_string())
    );
    if upload(env, &mut ways, repository, &config).await {
        push(env, &mut ways, repository, &config).await;
    }
    ways
}

/// Whether a blob is there now.
async fn upload(env: &Env, ways: &mut Ways, repository: &str, bytes: &str) -> bool {
    let digest = Digest::of(Algorithm::Sha256, bytes.as_bytes());
    let Some(session) = open(env, repository).await else {
        return false;
    };
    let mut put = send(env, "PUT", &closing(&session, &digest), BYTES, bytes).await;
    if is_refused(&put)
        && let Some(session) = open(env, repository).await
    {
        put = send(env, "PUT", &closing(&session, &digest), BYTES, bytes).await;
    }
    ways.stored.note(&put);
    if !is_refused(&put) {
        return put.status() == Some(201);
    }
    let Some(session) = open(env, repository).await else {
        return false;
    };
    let patch = send(env, "PATCH", &session, BYTES, bytes).await;
    let session = location(&patch).unwrap_or(session);
    let end = send(env, "PUT", &closing(&session, &digest), BYTES, "").await;
    ways.stored.note(&end);
    if end.status() != Some(201) {
        return false;
    }
    ways.how = UploadHow::OnePatch;
    let seen = expect::status_text(&put);
    ways.notes.push(format!(
        "PUT with the bytes of a blob answers {seen}, so setups upload by PATCH"
    ));
    true
}

async fn push(env: &Env, ways: &mut Ways, repository: &str, config: &str) {
    let (digest, size) = (Digest::of(Algorithm::Sha256, config.as_bytes()), config.len());
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{IMAGE}","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{digest}","size":{size}}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{digest}","size":{size}}}]}}"#
    );
    let digest = Digest::of(Algorithm::Sha256, manifest.as_bytes());
    let to = |reference: &str| Target::Path(format!("/v2/{repository}/manifests/{reference}"));
    let mut by_digest = request(env, "PUT", to(digest.as_str()), IMAGE, &manifest).await;
    if is_refused(&by_digest) {
        by_digest = request(env, "PUT", to(digest.as_str()), IMAGE, &manifest).await;
    }
    ways.stored.note(&by_digest);
    if !is_refused(&by_digest) {
        return;
    }
    let by_tag = request(
        env,
        "PUT",
        to(&format!("ways-{}", short_hash(&env.seed.to_string()))),
        IMAGE,
        &manifest,
    )
    .await;
    ways.stored.note(&by_tag);
    if by_tag.status() == Some(201) {
        let seen = format!(
            "PUT {} answered {}, and under a tag it is taken",
            by_digest.exchange.request.url,
            expect::status_text(&by_digest)
        );
        ways.notes.push(format!(
            "no manifest is taken under its digest, so that cases which push one are broken: {seen}"
        ));
        ways.no_digests = Some(seen);
    }
}

/// Whoever gave no answer has not refused anything.
fn is_refused(answer: &Answer) -> bool {
    answer.status().is_some_and(|status| status >= 400)
}

async fn open(env: &Env, repository: &str) -> Option<String> {
    let mut request = RequestSpec::path("POST", format!("/v2/{repository}/blobs/uploads/"));
    request.purpose = Purpose::Probe;
    let answer = env.client.send(request).await;
    location(&answer).filter(|_| answer.status() == Some(202))
}

async fn send(env: &Env, method: &str, url: &str, media_type: &str, bytes: &str) -> Answer {
    request(env, method, Target::Url(url.to_string()), media_type, bytes).await
}

async fn request(env: &Env, method: &str, target: Target, media_type: &str, bytes: &str) -> Answer {
    let mut request = RequestSpec::new(method, target);
    if !bytes.is_empty() {
        request = request.header("Content-Type", media_type).body(bytes.to_string());
    }
    request.purpose = Purpose::Probe;
    env.client.send(request).await
}

fn location(answer: &Answer) -> Option<String> {
    resolve_location(&answer.url, answer.header("Location")?, &[]).ok()
}

fn closing(session: &str, digest: &Digest) -> String {
    let joint = if session.contains('?') { '&' } else { '?' };
    format!("{session}{joint}digest={}", encode_query(digest.as_str()))
}
