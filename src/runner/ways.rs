//! How content gets to a target where nothing is judged.
//!
//! Every case needs content first. A registry that takes a blob in one POST gets the small ones so, for that is one request
//! in place of two. One that takes no bytes in the closing PUT is told so by the cases about uploads; in all others the setup
//! would be broken, so they upload by PATCH instead. One that takes no manifest under its digest is told so by the case about
//! that; where another pushes one so, the refusal says nothing of what that case is about.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::Env;
use super::cleanup::Stored;
use super::execute::{Thread, scope_of};
use super::means::SINGLE_POST;
use super::own::{SMALL, bare, blob, image, referrer};
use crate::case::{Action, Template, UploadHow, Via};
use crate::client::{Answer, Purpose};
use crate::content::Scope;
use crate::expect;

/// Uploaded in one POST.
const SINGLE: &str = "ways-single";
/// Uploaded in the usual way.
const USUAL: &str = "ways-usual";
/// How long a list is asked for something that was pushed, and the pause in between.
const LATEST: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(50);
/// The manifest.
const MANIFEST: &str = "ways-manifest";
/// A referrer of it.
const REFERRER: &str = "ways-referrer";

/// What was found out beside what the run has to know.
#[derive(Default)]
pub struct Found {
    /// What is unusual, in words.
    pub notes: Vec<String>,
    /// How long a list has to show a push: nothing, unless one was seen to do so later.
    pub patience: Duration,
    /// Whether a whole image was taken.
    pub took_content: bool,
    /// What was stored in finding out.
    pub stored: Stored,
    /// The values of the content.
    scope: Scope,
    /// Whether blobs can be uploaded at all.
    uploads: bool,
}

impl Found {
    fn thread(&self) -> Thread {
        Thread {
            scope: self.scope.clone(),
            ..Thread::default()
        }
    }
}

/// Uploads blobs in one POST and in the usual way, and if that fails by PATCH. A refusal of the usual way, which decides about
/// a whole run, is asked for twice.
pub async fn find(env: &mut Env) -> Found {
    let mut found = Found::default();
    let id = "probe/ways";
    let content = [
        blob(SINGLE, SINGLE_POST),
        blob(USUAL, SMALL),
        image(MANIFEST),
        referrer(REFERRER, MANIFEST),
    ];
    let repositories = env.isolation.repositories(id, 1).unwrap_or_default();
    let Ok(scope) = scope_of(env, id, &content, &[], &repositories, None) else {
        return found;
    };
    found.scope = scope;
    let (mut single, mut usual) = (found.thread(), found.thread());
    let (takes_single, how) = tokio::join!(
        takes_single_post(env, &mut single),
        usual_way(env, &mut usual, &mut found.notes)
    );
    env.single_post = takes_single;
    env.how = how.unwrap_or(UploadHow::PostThenPut);
    found.uploads = takes_single || how.is_some();
    found.stored.extend(single.stored);
    found.stored.extend(usual.stored);
    found
}

/// What was seen, if a manifest is taken under a tag and not under its digest.
pub async fn refuses_digests(env: &Env, found: &mut Found) -> Option<String> {
    if !found.uploads {
        return None;
    }
    let mut thread = found.thread();
    let (seen, took_content) = refusal(env, &mut thread).await;
    found.took_content = took_content;
    if took_content {
        found.patience = patience(env, &mut thread, &mut found.notes).await;
    }
    found.stored.extend(thread.stored);
    found.notes.extend(
        seen.iter().map(|seen| {
            format!("no manifest is taken under its digest, so that cases which push one are broken: {seen}")
        }),
    );
    seen
}

/// Whether a blob that was sent in one POST comes back.
async fn takes_single_post(env: &Env, thread: &mut Thread) -> bool {
    let posted = upload(env, thread, SINGLE, UploadHow::SinglePost).await;
    if posted.is_none_or(|answer| answer.status() != Some(201)) {
        return false;
    }
    let pull = Action::Pull {
        node: SINGLE.to_string(),
        tag: None,
    };
    let Some(pulled) = send(env, thread, pull).await else {
        return false;
    };
    let sent = thread.scope.node(SINGLE).map(|node| node.digest.encoded().to_string());
    pulled.status() == Some(200) && sent.is_ok_and(|sent| sent == pulled.body.sha256)
}

/// The way to upload with a session that works, if one does.
async fn usual_way(env: &Env, thread: &mut Thread, notes: &mut Vec<String>) -> Option<UploadHow> {
    let mut put = upload(env, thread, USUAL, UploadHow::PostThenPut).await?;
    if is_refused(&put) {
        put = upload(env, thread, USUAL, UploadHow::PostThenPut).await?;
    }
    if !is_refused(&put) {
        return (put.status() == Some(201)).then_some(UploadHow::PostThenPut);
    }
    let patched = upload(env, thread, USUAL, UploadHow::OnePatch).await?;
    if patched.status() != Some(201) {
        return None;
    }
    let seen = expect::status_text(&put);
    notes.push(format!(
        "PUT with the bytes of a blob answers {seen}, so setups upload by PATCH"
    ));
    Some(UploadHow::OnePatch)
}

/// What was seen where only tags will do, and whether the manifest was taken in either way.
async fn refusal(env: &Env, thread: &mut Thread) -> (Option<String>, bool) {
    let push = |tag: Option<&str>| Action::Push {
        node: MANIFEST.to_string(),
        tag: tag.and_then(|tag| Template::parse(tag).ok()),
        alone: false,
    };
    let is_taken = |answer: &Option<Answer>| answer.as_ref().is_some_and(|answer| answer.status() == Some(201));
    let mut by_digest = send(env, thread, push(None)).await;
    if by_digest.as_ref().is_some_and(is_refused) {
        by_digest = send(env, thread, push(None)).await;
    }
    let Some(refused) = by_digest.as_ref().filter(|answer| is_refused(answer)) else {
        return (None, is_taken(&by_digest));
    };
    if !is_taken(&send(env, thread, push(Some("${tag.ways}"))).await) {
        return (None, false);
    }
    let request = &refused.exchange.request;
    let seen = expect::status_text(refused);
    let seen = format!("PUT {} answered {seen}, and under a tag it is taken", request.url);
    (Some(seen), true)
}

/// How long lists have to show a push. No document says when they do, so where one does so after a while, all have time; of
/// one that never does, cases tell.
async fn patience(env: &Env, thread: &mut Thread, notes: &mut Vec<String>) -> Duration {
    let late = Template::parse("${tag.late}").ok();
    // The blobs of the manifest are there; those of its referrer are not.
    let push = |node: &str, tag| Action::Push {
        node: node.to_string(),
        tag,
        alone: node == MANIFEST,
    };
    let tag = late.as_ref().and_then(|late| thread.scope.text(late).ok());
    let tags = Action::Tags { n: None, last: None };
    let of_tags = lateness(env, thread, &tags, push(MANIFEST, late), tag, &[200, 404]).await;
    let referrer = Template::parse(&format!("${{{REFERRER}.digest}}")).ok();
    let digest = referrer.and_then(|digest| thread.scope.text(&digest).ok());
    let referrers = Action::Discover {
        subject: MANIFEST.to_string(),
        via: Via::Oci,
        artifact_type: None,
        n: None,
    };
    let of_referrers = lateness(env, thread, &referrers, push(REFERRER, None), digest, &[200]).await;
    let late = of_tags.max(of_referrers);
    if late.is_zero() {
        return late;
    }
    notes.push(format!(
        "lists show a push after {} ms, so they have time",
        late.as_millis()
    ));
    late * 2 + LATEST / 2
}

/// How long a list took to show what was pushed, the name in it; nothing where it did so at once, or is not `offered`.
async fn lateness(
    env: &Env,
    thread: &mut Thread,
    list: &Action,
    push: Action,
    name: Option<String>,
    offered: &[u16],
) -> Duration {
    // A list that is asked for before may be remembered.
    let before = send(env, thread, list.clone()).await;
    let is_offered = |answer: &Answer| answer.status().is_some_and(|status| offered.contains(&status));
    let (true, Some(name)) = (before.is_some_and(|answer| is_offered(&answer)), name) else {
        return Duration::ZERO;
    };
    if send(env, thread, push).await.and_then(|answer| answer.status()) != Some(201) {
        return Duration::ZERO;
    }
    let start = Instant::now();
    let mut is_late = false;
    while start.elapsed() < LATEST {
        // Who offers no list has none that is late.
        let Some(listed) = send(env, thread, list.clone()).await.filter(is_offered) else {
            return Duration::ZERO;
        };
        if String::from_utf8_lossy(&listed.body.bytes).contains(&name) {
            return if is_late { start.elapsed() } else { Duration::ZERO };
        }
        is_late = true;
        sleep(POLL).await;
    }
    Duration::ZERO
}

/// Whoever gave no answer has not refused anything.
fn is_refused(answer: &Answer) -> bool {
    answer.status().is_some_and(|status| status >= 400)
}

async fn upload(env: &Env, thread: &mut Thread, node: &str, how: UploadHow) -> Option<Answer> {
    let node = node.to_string();
    send(env, thread, Action::Upload { node, how }).await
}

/// The answer to the last request of a step, if it came to that.
async fn send(env: &Env, thread: &mut Thread, action: Action) -> Option<Answer> {
    let performed = Box::pin(thread.perform(env, &bare(action), 0, Purpose::Probe)).await;
    Some(performed.ok()??.answer)
}
