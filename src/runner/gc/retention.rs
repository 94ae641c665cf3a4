//! The retention probe: what the registry's collections keep, found out before any case is judged.
//!
//! The texts leave open whether a referrer lives as long as its subject, so there is no one right answer to hold a registry
//! to. Two collections over a few manifests show which answer this one gives.

use std::collections::BTreeSet;

use tokio_util::sync::CancellationToken;

use super::super::execute::{Thread, scope_of};
use super::super::own::{SMALL, bare, blob, image, referrer};
use super::super::stop::Stop;
use super::super::{Env, cleanup::clean_up};
use super::canary::{Part, is_there};
use super::trigger::Collecting;
use crate::case::{Action, DeleteWhat, Template, UploadHow};
use crate::client::Purpose;
use crate::outcome::{Retention, Round};

/// What the probe found.
pub struct Probed {
    /// The collections that it took.
    pub rounds: Vec<Round>,
    /// The profile, if both collections worked.
    pub retention: Option<Retention>,
    /// What a collection takes of a canary.
    pub takes: BTreeSet<Part>,
    /// Capabilities that follow, with the reason.
    pub shows: Vec<(&'static str, bool, String)>,
    /// Why nothing can be judged.
    pub failed: Option<String>,
}

/// What was there after a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    lone: bool,
    blob: bool,
    referrer: bool,
    /// Untagged, but the subject of a referrer.
    subject: bool,
}

/// Pushes, collects, deletes, collects, and looks what is there each time.
pub async fn probe(env: &Env, collecting: &Collecting, cancel: &CancellationToken) -> Probed {
    let mut probed = Probed {
        rounds: Vec::new(),
        retention: None,
        takes: BTreeSet::new(),
        shows: Vec::new(),
        failed: None,
    };
    let id = "probe/retention";
    let nodes = [
        image("image"),
        referrer("referrer", "image"),
        image("lone"),
        image("subject"),
        referrer("pin", "subject"),
        image("absent"),
        referrer("dangling", "absent"),
        blob("blob", SMALL),
    ];
    let repositories = env.isolation.repositories(id, 1).unwrap_or_default();
    let mut thread = match scope_of(env, id, &nodes, &[], &repositories, None) {
        Ok(scope) => Thread {
            scope,
            ..Thread::default()
        },
        Err(message) => {
            probed.failed = Some(message);
            return probed;
        }
    };
    if let Err(stop) = look(env, collecting, cancel, &mut thread, &mut probed).await {
        probed.failed = Some(match stop {
            Stop::Broken { step, seen } => format!("the retention probe broke at {step}: {seen}"),
            Stop::Error(message) => format!("the retention probe failed: {message}"),
            Stop::Judged | Stop::NotApplicable { .. } => "the retention probe failed".to_string(),
        });
    }
    clean_up(env, &thread.stored).await;
    probed
}

async fn look(
    env: &Env,
    collecting: &Collecting,
    cancel: &CancellationToken,
    thread: &mut Thread,
    probed: &mut Probed,
) -> Result<(), Stop> {
    let push = |node: &str, tag: Option<&str>| {
        bare(Action::Push {
            node: node.to_string(),
            tag: tag.map(|tag| Template::parse(tag).unwrap_or_default()),
            alone: false,
        })
    };
    for step in [
        push("image", Some("${tag.kept}")),
        push("referrer", None),
        push("lone", None),
        push("subject", None),
        push("pin", None),
        push("dangling", None),
        bare(Action::Upload {
            node: "blob".into(),
            how: UploadHow::PostThenPut,
        }),
    ] {
        Box::pin(thread.prepare(env, &step, Purpose::Probe)).await?;
    }
    if !collect(env, collecting, cancel, probed).await {
        return Ok(());
    }
    let first = see(env, thread).await?;
    let dangling = is_there(env, thread, "dangling").await?;
    probed.takes = Part::ALL
        .into_iter()
        .filter(|part| match part {
            Part::Manifest => !first.lone,
            Part::Blob => !first.blob,
        })
        .collect();
    let mut second = None;
    if !probed.takes.is_empty() && env.offers("delete-manifest") {
        let delete = bare(Action::Delete(DeleteWhat::Node("image".into())));
        let deleted = Box::pin(thread.perform(env, &delete, 0, Purpose::Probe)).await?;
        let deleted = deleted.is_some_and(|deleted| deleted.answer.status() == Some(202));
        if deleted {
            if !collect(env, collecting, cancel, probed).await {
                return Ok(());
            }
            second = Some(see(env, thread).await?);
        }
    }
    conclude(first, second, dangling, probed);
    Ok(())
}

/// One collection; whether it worked.
async fn collect(env: &Env, collecting: &Collecting, cancel: &CancellationToken, probed: &mut Probed) -> bool {
    let number = probed.rounds.len() + 1;
    let round = collecting.run(env, false, number, || (), cancel).await;
    if !round.succeeded {
        probed.failed = Some(format!("the trigger failed: {}", round.evidence));
    }
    let succeeded = round.succeeded;
    probed.rounds.push(round);
    succeeded
}

async fn see(env: &Env, thread: &mut Thread) -> Result<Seen, Stop> {
    Ok(Seen {
        lone: is_there(env, thread, "lone").await?,
        blob: is_there(env, thread, "blob").await?,
        referrer: is_there(env, thread, "referrer").await?,
        subject: is_there(env, thread, "subject").await?,
    })
}

fn conclude(first: Seen, second: Option<Seen>, dangling: bool, probed: &mut Probed) {
    let (profile, says) = profile(first, second);
    let so = |there: bool| if there { "still there" } else { "gone" };
    let mut seen = format!(
        "after a collection an untagged manifest is {}, a blob that nothing names {}, an untagged referrer of a tagged image {}, \
         one of a digest that was never pushed {}",
        so(first.lone),
        so(first.blob),
        so(first.referrer),
        so(dangling)
    );
    if let Some(second) = second {
        seen.push_str(&format!(
            "; when the image is deleted, its referrer is {}",
            so(second.referrer)
        ));
    }
    let follows = profile == "P2";
    probed.shows = vec![
        ("gc", profile != "P0", format!("{profile}: {seen}")),
        ("gc-untagged", !first.lone, seen.clone()),
        ("gc-blobs", !first.blob, seen.clone()),
        ("gc-follows", follows && !first.lone, seen.clone()),
    ];
    probed.retention = Some(Retention {
        profile: profile.to_string(),
        says: says.to_string(),
        seen,
    });
}

fn profile(first: Seen, second: Option<Seen>) -> (&'static str, &'static str) {
    if first.lone && first.blob {
        return ("P0", "nothing is collected");
    }
    if first.lone {
        return match second {
            Some(second) if !second.referrer => ("P2", "untagged manifests stay, referrers go with their subject"),
            _ => ("P3", "untagged manifests stay, referrers too"),
        };
    }
    if !first.referrer {
        return (
            "P1",
            "subjects mean nothing: an untagged referrer goes like any untagged manifest",
        );
    }
    match second {
        None => (
            "P2, P3 or P4",
            "referrers of what lives stay; what becomes of the others cannot be seen",
        ),
        Some(second) if !second.referrer => ("P2", "referrers go with their subject"),
        Some(second) if second.subject => ("P4", "referrers stay and keep their subject"),
        Some(_) => ("P3", "referrers stay when their subject is gone"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_makes_the_profile() {
        let seen = |lone, blob, referrer, subject| Seen {
            lone,
            blob,
            referrer,
            subject,
        };
        let of = |first, second| profile(first, second).0;
        let gone = seen(false, false, false, false);
        assert_eq!(of(seen(true, true, true, true), None), "P0");
        assert_eq!(of(gone, Some(gone)), "P1");
        assert_eq!(of(seen(false, false, true, false), Some(gone)), "P2");
        assert_eq!(
            of(seen(false, false, true, false), Some(seen(false, false, true, false))),
            "P3"
        );
        assert_eq!(
            of(seen(false, false, true, true), Some(seen(false, false, true, true))),
            "P4"
        );
        assert_eq!(
            of(seen(true, false, true, true), Some(seen(true, false, true, true))),
            "P3"
        );
    }
}
