//! How content gets to a target: what is known of it that matters to a step, and the requests that upload a blob.

use super::Env;
use super::expand::{Place, Planned, PlannedBody, variable};
use crate::case::{Capture, CaptureFrom, Template, UploadHow};
use crate::client::Purpose;
use crate::content::Built;
use crate::oci::digest::Algorithm;

/// The name under which a verb keeps the URL of its upload session.
const SESSION: &str = "upload-session";

/// The longest blob in bytes that is uploaded in one POST where nothing is judged, for a registry may take only so much.
pub(super) const SINGLE_POST: u64 = 4 << 10;

/// What of the target matters to how a step is sent.
#[derive(Debug, Clone, Copy)]
pub struct Means {
    /// The length of a chunk.
    pub chunk: u64,
    /// How `push` uploads blobs by a session.
    pub how: UploadHow,
    /// Whether it uploads small ones in one POST.
    pub single_post: bool,
    /// Whether `upload` may do so too in place of a POST and a PUT.
    pub any_way: bool,
    /// Whether what is pushed without a tag gets one, on a target that takes no manifest under its digest.
    pub tags: bool,
}

impl Means {
    /// What a run knows. Where nothing is judged, content is uploaded in a way that works.
    pub fn of(env: &Env, purpose: Purpose) -> Self {
        Self {
            chunk: env.chunk,
            how: env.how,
            single_post: env.single_post,
            any_way: purpose == Purpose::Setup,
            // Cases may be about tags and their list, so that only probes can do with some more of them.
            tags: purpose == Purpose::Probe && env.no_digests.is_some(),
        }
    }

    /// The usual ones, with chunks of this length.
    pub fn usual(chunk: u64) -> Self {
        Self {
            chunk,
            how: UploadHow::PostThenPut,
            single_post: false,
            any_way: false,
            tags: false,
        }
    }

    /// Uploads a blob in a way that works.
    pub(super) fn upload(&self, built: &Built, repo: Place) -> Vec<Planned> {
        let session = upload(built, self.how, repo, self.chunk);
        let is_small = built.data.len() <= SINGLE_POST && built.digest.algorithm() == Some(Algorithm::Sha256);
        if !self.single_post || !is_small {
            return session;
        }
        // A registry is free to open a session all the same.
        let mut requests = upload(built, UploadHow::SinglePost, repo, self.chunk);
        requests.iter_mut().for_each(|post| post.capture.push(self::session()));
        let rest = session.into_iter().skip(1);
        requests.extend(rest.map(|request| Planned {
            if_opened: true,
            ..request
        }));
        requests
    }

    /// Where a manifest without a tag is pushed to.
    pub(super) fn reference(&self, built: &Built) -> Template {
        match self.tags {
            true => Template::literal(format!(
                "untagged-{}",
                built.digest.encoded().chars().take(32).collect::<String>()
            )),
            false => Template::literal(built.digest.as_str()),
        }
    }
}

/// The requests of an upload.
pub(super) fn upload(built: &Built, how: UploadHow, repo: Place, chunk: u64) -> Vec<Planned> {
    let digest = || ("digest".to_string(), Template::literal(built.digest.as_str()));
    let whole = || PlannedBody::Sized(built.data.clone(), built.name.clone());
    let mut post = Planned::new("POST", repo.path("/blobs/uploads/"));
    if how == UploadHow::SinglePost {
        post.query.push(digest());
        post.body = whole();
        post.stores_blob = true;
        return vec![post.header("Content-Type", "application/octet-stream")];
    }
    if built.digest.algorithm() != Some(Algorithm::Sha256) && how != UploadHow::PostThenPut {
        post.query.push((
            "digest-algorithm".into(),
            Template::literal(built.digest.algorithm_name()),
        ));
    }
    post.capture.push(session());
    let mut requests = vec![post];
    let parts: Vec<(u64, u64)> = match how {
        UploadHow::PostThenPut | UploadHow::SinglePost | UploadHow::Streamed => Vec::new(),
        UploadHow::OnePatch => vec![(0, built.data.len())],
        UploadHow::ThreePatches | UploadHow::LastByPut => thirds(built.data.len(), chunk),
    };
    let by_patch = if how == UploadHow::LastByPut {
        parts.len().saturating_sub(1)
    } else {
        parts.len()
    };
    for (from, to) in &parts[..by_patch] {
        let mut patch = Planned::new("PATCH", variable(SESSION)).header("Content-Type", "application/octet-stream");
        if to > from {
            patch = patch.header("Content-Range", format!("{from}-{}", to - 1));
        }
        patch.body = PlannedBody::Sized(built.data.slice(*from, *to), format!("{} from {from}", built.name));
        patch.capture.push(session());
        requests.push(patch);
    }
    if how == UploadHow::Streamed {
        let mut patch = Planned::new("PATCH", variable(SESSION)).header("Content-Type", "application/octet-stream");
        patch.body = PlannedBody::Streamed(built.data.clone(), built.name.clone());
        patch.capture.push(session());
        requests.push(patch);
    }
    let mut put = Planned::new("PUT", variable(SESSION));
    put.query.push(digest());
    match (how, parts.last()) {
        (UploadHow::PostThenPut, _) => {
            put = put.header("Content-Type", "application/octet-stream");
            put.body = whole();
        }
        (UploadHow::LastByPut, Some((from, to))) if to > from => {
            put = put
                .header("Content-Type", "application/octet-stream")
                .header("Content-Range", format!("{from}-{}", to - 1));
            put.body = PlannedBody::Sized(built.data.slice(*from, *to), format!("{} from {from}", built.name));
        }
        _ => {}
    }
    requests.push(put);
    for request in &mut requests {
        request.stores_blob = true;
    }
    requests
}

fn session() -> Capture {
    Capture {
        name: SESSION.into(),
        from: CaptureFrom::Location,
        find: None,
        otherwise: None,
    }
}

/// Three parts of a length, or fewer where a part would be smaller than a chunk may be.
fn thirds(len: u64, chunk: u64) -> Vec<(u64, u64)> {
    let size = len.div_ceil(3).max(chunk.min(len)).max(1);
    let mut parts = Vec::new();
    let mut from = 0;
    while from < len || parts.is_empty() {
        let to = (from + size).min(len);
        parts.push((from, to));
        from = to;
        if from >= len {
            break;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirds_cover_the_whole_and_respect_the_chunk() {
        assert_eq!(thirds(3072, 1024), [(0, 1024), (1024, 2048), (2048, 3072)]);
        assert_eq!(thirds(10, 1), [(0, 4), (4, 8), (8, 10)]);
        assert_eq!(thirds(3072, 2000), [(0, 2000), (2000, 3072)]);
        assert_eq!(thirds(100, 1024), [(0, 100)]);
        assert_eq!(thirds(0, 1024), [(0, 0)]);
    }
}
