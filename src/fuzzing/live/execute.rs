//! The operations on manifests, and what has to hold after each.

use std::fmt::{self, Write as _};

use super::document::Paper;
use super::player::{Call, Player, any_manifest, preview, sha256, status};
use super::script::{By, Odd, Op, Promise, What};
use super::violation::Oracle;
use crate::client::Answer;
use crate::oci::digest::Digest;
use crate::oci::manifest::Document;
use crate::oci::media_type::MediaType;

/// The last manifest that was pushed.
#[derive(Debug, Clone)]
pub struct Last {
    /// Its digest.
    pub digest: String,
    /// The tag it was pushed by.
    pub tag: Option<String>,
    /// How it was pushed.
    pub call: Call,
    /// Whether it was accepted.
    pub accepted: bool,
    /// The subject that the registry confirmed.
    pub subject: Option<String>,
}

/// Plays all operations of a script.
pub async fn play(player: &mut Player<'_>, ops: &[Op]) {
    let mut last = None;
    for op in ops {
        if player.played.put_off {
            break;
        }
        match op {
            Op::Push(paper, by) => last = Some(push(player, paper, *by).await),
            Op::Again => again(player, last.as_ref()).await,
            Op::BlobAsManifest(bytes) => blob_as_manifest(player, bytes).await,
            Op::Delete(what) => delete(player, last.take_if(|last| last.accepted), *what).await,
            Op::Tags(count, query) => super::lists::tags(player, *count, query).await,
            Op::Referrers(papers, query) => super::lists::referrers(player, papers, query).await,
            Op::Odd(request) => odd(player, request).await,
            Op::Upload(moves) => super::upload::play(player, moves).await,
            Op::Part(range) => super::upload::part(player, range).await,
        }
    }
}

/// Pushes a manifest and looks at what became of it.
pub async fn push(player: &mut Player<'_>, paper: &Paper, by: By) -> Last {
    player.provide(&paper.bytes).await;
    let (bytes, digest) = player.unlike_others(&paper.bytes);
    let (reference, tag) = match by {
        By::Tag => {
            let tag = player.fresh_tag();
            (tag.clone(), Some(tag))
        }
        By::Digest => (digest.clone(), None),
        By::WrongDigest => (sha256(&[&bytes[..], b"x"].concat()), None),
    };
    let mut call = Call::new("PUT", manifest(&reference)).body(bytes.clone());
    if let Some(content_type) = &paper.content_type {
        call = call.header("Content-Type", content_type.clone());
    }
    player.played.accepted.1 += 1;
    let by_digest = manifest(&digest);
    let reference = tag.as_ref().map_or(by_digest.clone(), |tag| manifest(tag));
    if by != By::WrongDigest {
        // Whatever becomes of it, these are asked next.
        player
            .send_ahead([call.clone(), pull("GET", &by_digest), pull("HEAD", &reference)])
            .await;
    }
    let answer = player.call(call.clone()).await;
    let accepted = answer.status().is_some_and(|status| (200..300).contains(&status));
    let refused = answer.status().is_some_and(|status| (400..500).contains(&status));
    let verdict = verdict(paper, &bytes);
    player.note(("push", by == By::WrongDigest, &paper.content_type, accepted, &verdict));
    let mut last = Last {
        digest,
        tag,
        call,
        accepted,
        subject: answer.header("OCI-Subject").map(str::to_owned),
    };
    if by != By::WrongDigest && refused {
        player.played.refused_since += 1;
    }
    if by == By::WrongDigest {
        if accepted {
            player.accuse(
                Oracle::WrongDigestTaken,
                &answer,
                "{not: {status: 2xx}}",
                "it was accepted",
            );
        }
        last.accepted = false;
    } else if accepted {
        player.played.accepted.0 += 1;
        player.played.refused_since = 0;
        player.played.lenient.extend(verdict);
        player.room.accepted.insert(last.digest.clone());
        read_back(player, paper, &last).await;
    } else if refused && !player.room.accepted.contains(&last.digest) {
        stays_away(player, &last).await;
    }
    player.forget_ahead();
    last
}

/// The path of a manifest.
fn manifest(reference: &str) -> String {
    format!("/v2/${{repo}}/manifests/{reference}")
}

/// A pull by a client that takes manifests of any type.
fn pull(method: &str, target: &str) -> Call {
    Call::new(method, target).header("Accept", any_manifest())
}

/// The rule of the image specification that a document breaks, in the words of our parser.
fn verdict(paper: &Paper, bytes: &[u8]) -> Option<String> {
    let declared: Option<MediaType> = paper.content_type.as_deref().and_then(|text| text.parse().ok());
    let violation = Document::parse(bytes, declared.as_ref()).err()?;
    // The first word; what follows may quote a document of megabytes, and is not even made.
    let mut name = Word::default();
    let _ = write!(name, "{:?}", violation.fault);
    let name = name.0;
    let place: Vec<&str> = violation
        .pointer
        .split('/')
        .filter(|step| step.parse::<u32>().is_err())
        .collect();
    Some(format!(
        "{name} at {}",
        place.iter().take(3).copied().collect::<Vec<_>>().join("/")
    ))
}

/// Takes a text up to the end of its first word, and then no more.
#[derive(Default)]
struct Word(String);

impl fmt::Write for Word {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = text.find(|c: char| !c.is_alphanumeric());
        self.0.push_str(&text[..end.unwrap_or(text.len())]);
        end.map_or(Ok(()), |_| Err(fmt::Error))
    }
}

/// What was accepted can be pulled: the same bytes, the same type, by digest and by tag.
async fn read_back(player: &mut Player<'_>, paper: &Paper, last: &Last) {
    let by_digest = manifest(&last.digest);
    let body = last.call.body.clone().unwrap_or_default();
    let answer = player
        .call_until(pull("GET", &by_digest), |answer| answer.status() == Some(200))
        .await;
    if answer.error().is_some() {
        return;
    }
    if answer.status() != Some(200) {
        return player.accuse(Oracle::NotReturned, &answer, "{status: 200}", preview(&answer));
    }
    if answer.body.bytes != body {
        return player.accuse(Oracle::BytesChanged, &answer, "{content: BODY}", preview(&answer));
    }
    // What was pushed under its digest has come back: there is nothing to hash where that is the digest it has.
    if answer.header("Docker-Content-Digest") != Some(&last.digest) {
        judge_digest(player, &answer);
    }
    judge_type(player, paper, &answer);
    let reference = last.tag.as_ref().map_or(by_digest, |tag| manifest(tag));
    let head = player
        .call_until(pull("HEAD", &reference), |answer| answer.status() == Some(200))
        .await;
    if head.error().is_some() {
        return;
    }
    let differs = |name: &str| matches!((head.header(name), answer.header(name)), (Some(h), Some(g)) if h != g);
    if head.status() != Some(200) {
        player.accuse(
            Oracle::HeadDiffers,
            &head,
            "{status: 200}",
            format!("{:?}", head.status()),
        );
    } else if differs("Content-Length") {
        let matcher = format!(
            "{{header: {{Content-Length: {{equals: \"{}\", optional: true}}}}}}",
            body.len()
        );
        player.accuse(
            Oracle::HeadDiffers,
            &head,
            matcher,
            head.header("Content-Length").unwrap_or_default(),
        );
    } else if differs("Content-Type") {
        let matcher = format!(
            "{{header: {{Content-Type: {}}}}}",
            quoted(answer.header("Content-Type").unwrap_or_default())
        );
        player.accuse(
            Oracle::HeadDiffers,
            &head,
            matcher,
            head.header("Content-Type").unwrap_or_default(),
        );
    }
}

/// The digest header hashes the body, by whatever algorithm.
fn judge_digest(player: &mut Player<'_>, answer: &Answer) {
    let Some(header) = answer.header("Docker-Content-Digest") else {
        return;
    };
    let is_right = match header.parse::<Digest>() {
        Ok(digest) => digest.algorithm().is_none() || digest.verify(&answer.body.bytes).is_ok(),
        Err(_) => false,
    };
    if !is_right {
        let matcher = "{header: {Docker-Content-Digest: {digest-of-body: true}}}";
        player.accuse(Oracle::DigestHeader, answer, matcher, header);
    }
}

/// The type is the one of the push; parameters and case do not count.
fn judge_type(player: &mut Player<'_>, paper: &Paper, answer: &Answer) {
    let essence = |text: &str| {
        text.parse::<MediaType>()
            .ok()
            .map(|parsed| parsed.essence().to_ascii_lowercase())
    };
    let pushed = paper.content_type.as_deref().and_then(essence);
    let Some(pushed) = pushed else { return };
    let served = answer.header("Content-Type").and_then(essence);
    if served.as_ref() != Some(&pushed) {
        let matcher = format!("{{header: {{Content-Type: {{media-type: {}}}}}}}", quoted(&pushed));
        player.accuse(
            Oracle::TypeChanged,
            answer,
            matcher,
            served.unwrap_or_else(|| "no type".to_owned()),
        );
    }
}

/// What was refused is not there, by digest and by tag.
async fn stays_away(player: &mut Player<'_>, last: &Last) {
    let answer = player.call(pull("GET", &manifest(&last.digest))).await;
    let is_stored = answer.status() == Some(200);
    if is_stored {
        player.accuse(Oracle::RefusedStored, &answer, "{status: 404}", "it is there");
    }
    let (reference, oracle) = match &last.tag {
        Some(tag) => (tag, Oracle::RefusedTagged),
        None => (&last.digest, Oracle::RefusedStored),
    };
    let head = player.call(pull("HEAD", &manifest(reference))).await;
    if head.status() == Some(200) && (last.tag.is_some() || !is_stored) {
        player.accuse(oracle, &head, "{status: 404}", "it is there");
    }
}

/// The same push has the same answer.
async fn again(player: &mut Player<'_>, last: Option<&Last>) {
    let Some(last) = last else { return };
    let answer = player.call(last.call.clone()).await;
    let class = answer.status().map(|status| status / 100);
    if last.accepted && matches!(class, Some(4)) && answer.error().is_none() {
        player.accuse(Oracle::Repush, &answer, "{status: 2xx}", preview(&answer));
    }
}

/// Content of a blob is not found among the manifests. Only for what no reader takes for a manifest.
async fn blob_as_manifest(player: &mut Player<'_>, bytes: &[u8]) {
    let (bytes, digest) = player.unlike_others(bytes);
    let could_be = serde_json::from_slice::<serde_json::Value>(&bytes).is_ok_and(|value| {
        ["config", "layers", "manifests", "mediaType", "fsLayers", "blobs"]
            .iter()
            .any(|name| value.get(name).is_some())
    });
    let session = player.sessions.len();
    let mut open = Call::new("POST", "/v2/${repo}/blobs/uploads/");
    open.opens = Some(session);
    player.call(open).await;
    if player.sessions.get(session).is_none_or(Option::is_none) {
        return;
    }
    let mut close = Call::new("PUT", format!("${{s{session}}}"))
        .header("Content-Type", "application/octet-stream")
        .body(bytes);
    close.query.push(("digest".to_owned(), digest.clone()));
    let stored = player.call(close).await;
    if stored.status() != Some(201) || player.room.accepted.contains(&digest) {
        return;
    }
    let answer = player.call(pull("GET", &manifest(&digest))).await;
    if answer.status() == Some(200) && !could_be {
        player.accuse(
            Oracle::BlobAsManifest,
            &answer,
            "{status: 404}",
            "it is served as a manifest",
        );
    }
}

/// Deletes, and looks whether it is gone. Only 202 says that anything was done.
async fn delete(player: &mut Player<'_>, last: Option<Last>, what: What) {
    let Some(last) = last else { return };
    let reference = match (what, &last.tag) {
        (What::Tag, Some(tag)) => tag.clone(),
        _ => last.digest.clone(),
    };
    let target = manifest(&reference);
    let answer = player.call(Call::new("DELETE", &target)).await;
    if answer.status() != Some(202) {
        return;
    }
    if reference == last.digest {
        player.room.accepted.remove(&last.digest);
    }
    let answer = player
        .call_until(pull("GET", &target), |answer| answer.status() != Some(200))
        .await;
    if answer.status() == Some(200) {
        let oracle = if reference == last.digest {
            Oracle::DeletedManifest
        } else {
            Oracle::DeletedTag
        };
        player.accuse(oracle, &answer, "{status: 404}", "it is still there");
    }
}

async fn odd(player: &mut Player<'_>, odd: &Odd) {
    let mut call = Call::new(&odd.method, odd.target.clone());
    call.headers = odd.headers.clone();
    call.raw = odd.raw;
    if let Some(body) = &odd.body {
        if !odd.raw {
            player.provide(body).await;
        }
        call.body = Some(if odd.raw {
            body.clone().into()
        } else {
            player.unlike_others(body).0
        });
    }
    if odd.promise == Promise::Nothing {
        player.call_unjudged(call).await;
        return;
    }
    let answer = player.call(call).await;
    let accepted = answer.status().is_some_and(|status| (200..300).contains(&status));
    let oracle = match odd.promise {
        Promise::BadTag => Oracle::BadTag,
        Promise::BadName => Oracle::BadName,
        Promise::Answer | Promise::Nothing => return,
    };
    if accepted {
        player.accuse(oracle, &answer, "{not: {status: 2xx}}", status(&answer));
    }
}

/// A text as a flow scalar of YAML.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
