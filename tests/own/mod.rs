//! Runs of cases that a test writes.

use std::time::Duration;

use referee::client::{self, Client, normalise_target};
use referee::load::{self, Source};
use referee::outcome::Report;
use referee::runner::{self, Isolation};
use tokio_util::sync::CancellationToken;

/// What cases, and none but these, say about what answers at an address. What they push stays there if it is to be kept.
pub async fn run(cases: &str, url: &str, keep: bool) -> Report {
    let mut sources = load::builtin();
    sources.retain(|source| source.name.starts_with("spec/"));
    sources.push(Source::new("cases/own/cases.yaml", cases));
    let suite = load::load(&sources).unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    let base = normalise_target(url, false).expect("an address");
    let mut options = client::Options::new(base.clone());
    options.limits.total = Duration::from_secs(5);
    let profile = suite.profile("oci-dev").expect("a profile").clone();
    let options = runner::Options {
        cases: runner::select(&suite, &profile, &[]).cases,
        profile,
        suite: suite.into(),
        client: Client::new(options).expect("a client"),
        url: base.to_string(),
        host: base.origin.authority(),
        credentials: String::new(),
        notes: Vec::new(),
        isolation: Isolation::fresh("referee", "own".into()).expect("a prefix"),
        seed: 1,
        jobs: Some(1),
        partition: None,
        copies: u32::MAX,
        collecting: None,
        strict: false,
        keep,
        resumed: None,
        reading: None,
        suite_digest: String::new(),
        cancel: CancellationToken::new(),
    };
    let (events, _) = tokio::sync::mpsc::unbounded_channel();
    runner::run(options, events)
        .await
        .unwrap_or_else(|refusal| panic!("refused: {refusal}"))
}
