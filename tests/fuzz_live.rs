//! The live fuzzer finds what is there, makes it small, and accuses nobody else.
//!
//! Every registry here is the reference registry: with a defect that has to be found within a bounded number of requests
//! from a fixed seed, plain, or with an allowed choice.

#[path = "client/port.rs"]
mod port;

use std::time::Duration;

use port::Port;
use referee::client::{self, Client, normalise_target};
use referee::fuzzing::live::script::Aim;
use referee::fuzzing::live::violation::Oracle;
use referee::fuzzing::live::{Options, Outcome, campaign};
use referee::load::{self, Source};
use referee::outcome::Verdict;
use referee::registry::{self, Config, Mutant, Running, Variant};
use referee::runner::{self, Isolation};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// The seed of all campaigns.
const SEED: u64 = 1;

/// A defect, what it is found as, the most requests until it is found, and the longest body of what is found.
struct Planted(Mutant, Oracle, &'static [Aim], u64, usize);

/// Everything.
const ALL: &[Aim] = &Aim::ALL;

/// The deep ones no case finds. Some of the others are here too: the fuzzer knows nothing of these either.
const PLANTED: &[Planted] = &[
    Planted(Mutant::DeepNestingLost, Oracle::Lost, ALL, 20_000, 700),
    Planted(Mutant::DeepSurrogateServerError, Oracle::ServerError, ALL, 20_000, 240),
    Planted(Mutant::DeepSizeServerError, Oracle::ServerError, ALL, 20_000, 360),
    Planted(Mutant::DeepVersionServerError, Oracle::ServerError, ALL, 4_000, 180),
    Planted(
        Mutant::DeepAnnotationKills,
        Oracle::ServerError,
        &[Aim::Index],
        20_000,
        80,
    ),
    Planted(Mutant::DeepEmptyIndexAsImage, Oracle::TypeChanged, ALL, 4_000, 40),
    Planted(
        Mutant::DeepRefusedStored,
        Oracle::RefusedStored,
        &[Aim::Index],
        20_000,
        240,
    ),
    Planted(Mutant::DeepEscapesRewritten, Oracle::BytesChanged, ALL, 20_000, 240),
    Planted(Mutant::DeepNegativeLost, Oracle::Lost, &[Aim::Referrers], 20_000, 190),
    Planted(
        Mutant::DeepRangeServerError,
        Oracle::ServerError,
        &[Aim::Upload],
        20_000,
        40,
    ),
    Planted(
        Mutant::DeepReferrerLost,
        Oracle::ReferrerMissing,
        &[Aim::Referrers],
        20_000,
        800,
    ),
    Planted(Mutant::DeepHang, Oracle::Hang, ALL, 20_000, 240),
    Planted(
        Mutant::UploadAcrossRepositories,
        Oracle::SessionForeign,
        &[Aim::Upload],
        8_000,
        40,
    ),
    Planted(
        Mutant::UploadOpenAfterPut,
        Oracle::SessionReused,
        &[Aim::Upload],
        8_000,
        60,
    ),
    Planted(
        Mutant::UploadBytesShared,
        Oracle::CloseRefused,
        &[Aim::Upload],
        8_000,
        90,
    ),
    Planted(
        Mutant::ManifestDigestUnchecked,
        Oracle::WrongDigestTaken,
        ALL,
        4_000,
        240,
    ),
    Planted(Mutant::ManifestReserialised, Oracle::BytesChanged, ALL, 4_000, 400),
    Planted(
        Mutant::MalformedDigestPull500,
        Oracle::ServerError,
        &[Aim::Reference],
        8_000,
        0,
    ),
    Planted(
        Mutant::DeleteManifestDoesNothing,
        Oracle::DeletedManifest,
        &[Aim::Manifest],
        8_000,
        240,
    ),
    Planted(
        Mutant::TagsPrefixLost,
        Oracle::TagsIncomplete,
        &[Aim::Referrers],
        8_000,
        240,
    ),
    Planted(Mutant::TagsMadeToFit, Oracle::BadTag, &[Aim::Reference], 8_000, 240),
    Planted(
        Mutant::NameUpperCaseFolded,
        Oracle::BadName,
        &[Aim::Reference],
        8_000,
        240,
    ),
    Planted(Mutant::ErrorFlat, Oracle::ErrorBody, ALL, 2_000, 240),
    Planted(Mutant::UnknownManifestEmpty, Oracle::RefusedStored, ALL, 4_000, 240),
    Planted(Mutant::RangeEndExclusive, Oracle::RangeWrong, &[Aim::Headers], 8_000, 0),
];

async fn start(mutant: Option<Mutant>, variants: Vec<Variant>) -> Running {
    let config = Config {
        mutant,
        variants,
        ..Config::default()
    };
    registry::start(config).await.expect("a registry on loopback")
}

fn options(running: &Running, requests: u64, until: Option<Oracle>) -> Options {
    options_at(&running.url(), requests, until)
}

fn options_at(url: &str, requests: u64, until: Option<Oracle>) -> Options {
    let base = normalise_target(url, false).expect("the registry's own address");
    let mut options = client::Options::new(base);
    options.limits.total = Duration::from_secs(if until == Some(Oracle::Hang) { 1 } else { 20 });
    Options {
        client: Client::new(options).expect("a client"),
        url: url.to_owned(),
        prefix: "fuzz".to_owned(),
        seed: SEED,
        aims: Aim::ALL.to_vec(),
        jobs: 2,
        time: Some(Duration::from_secs(120)),
        requests: Some(requests),
        until,
        pid: None,
        keep: true,
        found: None,
        cancel: CancellationToken::new(),
    }
}

async fn fuzz(running: &Running, requests: u64, until: Option<Oracle>) -> Outcome {
    campaign::run(options(running, requests, until), |_| {}).await
}

/// What becomes of a finding's case on a registry.
async fn judge(case: &str, running: &Running) -> Verdict {
    let mut sources = load::builtin();
    sources.retain(|source| source.name.starts_with("spec/"));
    sources.push(Source::new("cases/regressions/found.yaml", case));
    let suite = load::load(&sources).unwrap_or_else(|errors| panic!("{}\n{case}", errors.render(false)));
    let base = normalise_target(&running.url(), false).expect("the registry's own address");
    let mut options = client::Options::new(base.clone());
    options.limits.total = Duration::from_secs(2);
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
        isolation: Isolation::fresh("referee", "proof".into()).expect("a prefix"),
        seed: 1,
        jobs: Some(1),
        partition: None,
        copies: u32::MAX,
        collecting: None,
        strict: true,
        keep: true,
        suite_digest: String::new(),
        resumed: None,
        reading: None,
        cancel: CancellationToken::new(),
    };
    let (events, _) = tokio::sync::mpsc::unbounded_channel();
    let report = runner::run(options, events)
        .await
        .unwrap_or_else(|refusal| panic!("refused: {refusal}"));
    assert_eq!(report.cases.len(), 1, "{case}");
    report.cases[0].verdict.clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_planted_defect_is_found_and_made_small() {
    let only = std::env::var("FUZZ_MUTANT").ok();
    let mut wrong = Vec::new();
    for Planted(mutant, oracle, aims, requests, longest) in PLANTED {
        if only.as_deref().is_some_and(|only| only != mutant.name()) {
            continue;
        }
        let running = start(Some(*mutant), Vec::new()).await;
        let mut options = options(&running, *requests, Some(*oracle));
        options.aims = aims.to_vec();
        options.jobs = 1;
        let outcome = campaign::run(options, |_| {}).await;
        let Some(finding) = outcome.findings.iter().find(|finding| finding.oracle == *oracle) else {
            let others: Vec<&str> = outcome.findings.iter().map(|f| f.signature.as_str()).collect();
            let unconfirmed: Vec<&String> = outcome.unconfirmed.keys().collect();
            wrong.push(format!(
                "{mutant}: no {oracle} in {} requests; {others:?}; once: {unconfirmed:?}",
                outcome.requests
            ));
            continue;
        };
        let body = finding.body.as_deref().unwrap_or_default();
        if body.len() > *longest {
            let shown = String::from_utf8_lossy(body).chars().take(900).collect::<String>();
            wrong.push(format!(
                "{mutant}: the body has {} bytes, not {longest}: {shown}",
                body.len()
            ));
        }
        println!(
            "{mutant}: {oracle} after {} requests, {} bytes",
            outcome.requests,
            body.len()
        );
        let Some(case) = &finding.case else {
            wrong.push(format!("{mutant}: there is no case"));
            continue;
        };
        match judge(case, &running).await {
            Verdict::Fail | Verdict::Warn | Verdict::Error { .. } => {}
            verdict => wrong.push(format!("{mutant}: its case comes to {verdict:?}\n{case}")),
        }
        let plain = start(None, Vec::new()).await;
        let verdict = judge(case, &plain).await;
        if !matches!(verdict, Verdict::Pass) {
            wrong.push(format!(
                "{mutant}: its case comes to {verdict:?} on the plain registry\n{case}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_that_gets_slower_is_told() {
    let running = start(Some(Mutant::DeepSlow), Vec::new()).await;
    let mut options = options(&running, 9_000, None);
    options.aims = vec![Aim::Manifest];
    options.jobs = 8;
    let outcome = campaign::run(options, |_| {}).await;
    let found: Vec<Oracle> = outcome.findings.iter().map(|finding| finding.oracle).collect();
    assert_eq!(found, [Oracle::Slower]);
}

/// In a process of its own, for the memory of this one is that of all tests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_that_forgets_nothing_is_told() {
    use std::io::{BufRead as _, BufReader};
    for (mutant, expected) in [(Some("deep-memory"), vec![Oracle::Larger]), (None, Vec::new())] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_referee"));
        command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdout(std::process::Stdio::piped());
        if let Some(mutant) = mutant {
            command.args(["--mutant", mutant]);
        }
        let mut served = command.spawn().expect("the program");
        let mut line = String::new();
        BufReader::new(served.stdout.take().expect("its output"))
            .read_line(&mut line)
            .expect("a line");
        let url = line.split_whitespace().last().expect("its address");
        let base = normalise_target(url, false).expect("an address");
        let idle = start(None, Vec::new()).await;
        let options = Options {
            client: Client::new(client::Options::new(base)).expect("a client"),
            aims: vec![Aim::Manifest],
            jobs: 8,
            pid: Some(served.id()),
            ..options(&idle, 15_000, None)
        };
        let outcome = campaign::run(options, |_| {}).await;
        served.kill().expect("its end");
        served.wait().expect("its end");
        let found: Vec<Oracle> = outcome.findings.iter().map(|finding| finding.oracle).collect();
        assert_eq!(found, expected, "{:?}", outcome.findings);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_plain_registry_is_left_in_peace() {
    let running = start(None, Vec::new()).await;
    let outcome = fuzz(&running, 8_000, None).await;
    assert!(outcome.findings.is_empty(), "{:#?}", outcome.findings);
    assert!(outcome.unconfirmed.is_empty(), "{:?}", outcome.unconfirmed);
    assert!(
        outcome.accepted * 4 > outcome.pushed,
        "{} of {}",
        outcome.accepted,
        outcome.pushed
    );
    assert!(outcome.classes > 200, "{}", outcome.classes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_variant_is_left_in_peace() {
    let mut wrong = Vec::new();
    for variant in Variant::ALL {
        // It takes a second to be asked again.
        let waits = matches!(variant, Variant::Throttled | Variant::Overloaded);
        let running = start(None, vec![*variant]).await;
        let outcome = fuzz(&running, if waits { 40 } else { 700 }, None).await;
        for finding in outcome.findings {
            wrong.push(format!(
                "{variant}: {}: {}\n{:?}",
                finding.signature, finding.seen, finding.curl
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seed_gives_the_same_findings_and_a_file_replays_them() {
    let mut signatures = Vec::new();
    for _ in 0..2 {
        let running = start(Some(Mutant::DeepVersionServerError), Vec::new()).await;
        let mut options = options(&running, 4_000, Some(Oracle::ServerError));
        options.jobs = 1;
        let outcome = campaign::run(options, |_| {}).await;
        let found: Vec<_> = outcome
            .findings
            .iter()
            .map(|f| (f.signature.clone(), f.aim, f.choices.clone()))
            .collect();
        assert_eq!(found.len(), 1, "{found:?}");
        signatures.push(found);
    }
    assert_eq!(signatures[0], signatures[1]);
    let (signature, aim, choices) = signatures[0][0].clone();
    let running = start(Some(Mutant::DeepVersionServerError), Vec::new()).await;
    let outcome = campaign::replay(options(&running, 100, None), aim, choices).await;
    assert_eq!(
        outcome
            .findings
            .iter()
            .map(|finding| &finding.signature)
            .collect::<Vec<_>>(),
        [&signature]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_ends_it_with_what_was_found() {
    let running = start(Some(Mutant::ErrorFlat), Vec::new()).await;
    let options = options(&running, 1_000_000, None);
    let cancel = options.cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        cancel.cancel();
    });
    let outcome = tokio::time::timeout(Duration::from_secs(30), campaign::run(options, |_| {}))
        .await
        .expect("an end");
    assert!(outcome.interrupted);
    assert!(
        outcome
            .findings
            .iter()
            .any(|finding| finding.oracle == Oracle::ErrorBody),
        "{:?}",
        outcome.findings
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_that_show_a_push_late_are_left_in_peace() {
    let running = start(None, vec![Variant::ListsLate]).await;
    let mut options = options(&running, 3_000, None);
    options.aims = vec![Aim::Referrers];
    let outcome = campaign::run(options, |_| {}).await;
    let wrong: Vec<_> = outcome.findings.iter().map(|finding| &finding.signature).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_a_registry_down_that_comes_back_is_found() {
    let running = start(None, Vec::new()).await;
    let fragile = Fragile::start(&running, "annotations", After::ComesBack(Duration::from_millis(100))).await;
    let mut options = options_at(&fragile.url(), 20_000, Some(Oracle::Lost));
    options.aims = vec![Aim::Manifest];
    options.time = Some(Duration::from_secs(60));
    let outcome = campaign::run(options, |_| {}).await;
    let bodies: Vec<_> = outcome
        .findings
        .iter()
        .filter(|finding| finding.oracle == Oracle::Lost && finding.case.is_some())
        .map(|finding| String::from_utf8_lossy(finding.body.as_deref().unwrap_or_default()).into_owned())
        .collect();
    assert!(
        bodies.iter().all(|body| body.contains("annotations")) && bodies.iter().any(|body| body.len() < 500),
        "{bodies:?} {:?}",
        outcome.unconfirmed
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_seldom_takes_a_registry_down_is_found_among_those_that_go_down_with_it() {
    let running = start(None, Vec::new()).await;
    let word = r#""schemaVersion":1"#;
    let fragile = Fragile::start(&running, word, After::ComesBack(Duration::from_millis(100))).await;
    let mut options = options_at(&fragile.url(), u64::MAX, Some(Oracle::Lost));
    options.aims = vec![Aim::Manifest];
    options.jobs = 8;
    options.time = Some(Duration::from_secs(60));
    let outcome = campaign::run(options, |_| {}).await;
    let lost = outcome.findings.iter().find(|finding| finding.oracle == Oracle::Lost);
    let lost = lost.unwrap_or_else(|| panic!("{:?}", outcome.unconfirmed));
    let body = String::from_utf8_lossy(lost.body.as_deref().unwrap_or_default()).into_owned();
    assert!(body.contains(word), "{body}");
    assert!(!outcome.unconfirmed.contains_key(&lost.signature));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_a_registry_down_for_good_is_named() {
    let running = start(None, Vec::new()).await;
    let fragile = Fragile::start(&running, "annotations", After::IsGone).await;
    let mut options = options_at(&fragile.url(), 20_000, None);
    options.aims = vec![Aim::Manifest];
    options.jobs = 1;
    let outcome = campaign::run(options, |_| {}).await;
    let [finding] = &outcome.findings[..] else {
        panic!("{} findings", outcome.findings.len())
    };
    assert_eq!((finding.oracle, outcome.deserted), (Oracle::Dead, true));
    let body = String::from_utf8_lossy(finding.body.as_deref().unwrap_or_default()).into_owned();
    assert!(body.contains("annotations"), "{body}");
    assert!(
        finding
            .curl
            .last()
            .is_some_and(|line| line.starts_with("PUT ") && line.ends_with("(not answered)")),
        "{:?}",
        finding.curl
    );
    assert!(finding.case.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_registry_falls_silent_at_is_named() {
    let running = start(None, Vec::new()).await;
    let fragile = Fragile::start(&running, "annotations", After::FallsSilent).await;
    // With the time limit of who looks for this.
    let mut options = options_at(&fragile.url(), u64::MAX, Some(Oracle::Hang));
    options.until = None;
    options.aims = vec![Aim::Manifest];
    options.time = Some(Duration::from_secs(5));
    let outcome = campaign::run(options, |_| {}).await;
    let found: Vec<_> = outcome.findings.iter().map(|finding| finding.oracle).collect();
    assert_eq!((found, outcome.deserted), (vec![Oracle::Dead], true));
    assert!(outcome.findings[0].case.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_is_a_time() {
    let running = start(Some(Mutant::DeepHang), Vec::new()).await;
    let mut options = options(&running, u64::MAX, None);
    options.time = Some(Duration::from_secs(1));
    let begun = std::time::Instant::now();
    let outcome = campaign::run(options, |_| {}).await;
    assert!(outcome.requests > 0);
    // Ten seconds for what was found by then, and some to come to an end.
    assert!(begun.elapsed() < Duration::from_secs(16), "{:?}", begun.elapsed());
}

/// What becomes of a registry that a request was too much for.
#[derive(Clone, Copy, PartialEq)]
enum After {
    /// It goes away with all connections, and is there again so much later.
    ComesBack(Duration),
    /// It goes away with all connections.
    IsGone,
    /// All connections stand, and nobody is answered any more.
    FallsSilent,
}

/// Stands before a registry until a request has a word in it.
struct Fragile {
    port: Port,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Fragile {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fragile {
    async fn start(running: &Running, word: &'static str, after: After) -> Fragile {
        let far = running.url().replace("http://", "");
        let port = Port::closed();
        let number = port.number;
        let mut listener = Some(TcpListener::bind(("127.0.0.1", number)).await.unwrap());
        let task = tokio::spawn(async move {
            loop {
                let here = match listener.take() {
                    Some(listener) => listener,
                    None => TcpListener::bind(("127.0.0.1", number)).await.unwrap(),
                };
                let dead = CancellationToken::new();
                while let Some(Ok((near, _))) = dead.run_until_cancelled(here.accept()).await {
                    tokio::spawn(pass_on(near, far.clone(), word, (dead.clone(), after)));
                }
                match after {
                    After::ComesBack(later) => {
                        drop(here);
                        tokio::time::sleep(later).await;
                    }
                    After::IsGone => {
                        drop(here);
                        std::future::pending().await
                    }
                    After::FallsSilent => std::future::pending().await,
                }
            }
        });
        Fragile { port, task }
    }

    fn url(&self) -> String {
        self.port.url()
    }
}

/// Passes bytes in both directions until the word comes by.
async fn pass_on(mut near: TcpStream, far: String, word: &str, (dead, after): (CancellationToken, After)) {
    let mut far = TcpStream::connect(far).await.unwrap();
    let (mut asked, mut answered, mut seen) = (vec![0; 64 * 1024], vec![0; 64 * 1024], Vec::new());
    loop {
        tokio::select! {
            () = dead.cancelled() => break,
            read = near.read(&mut asked) => {
                let Ok(n @ 1..) = read else { return };
                seen.extend_from_slice(&asked[..n]);
                if seen.windows(word.len()).any(|window| window == word.as_bytes()) {
                    dead.cancel();
                    break;
                }
                seen.drain(..seen.len().saturating_sub(word.len()));
                if far.write_all(&asked[..n]).await.is_err() {
                    return;
                }
            }
            read = far.read(&mut answered) => {
                let Ok(n @ 1..) = read else { return };
                if near.write_all(&answered[..n]).await.is_err() {
                    return;
                }
            }
        }
    }
    if after == After::FallsSilent {
        std::future::pending::<()>().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_that_dies_is_told() {
    let running = start(None, Vec::new()).await;
    let options = options(&running, 1_000_000, None);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(500)).await;
        running.stop().await;
    });
    let outcome = tokio::time::timeout(Duration::from_secs(60), campaign::run(options, |_| {}))
        .await
        .expect("an end");
    assert_eq!(
        outcome
            .findings
            .iter()
            .map(|finding| finding.oracle)
            .collect::<Vec<_>>(),
        [Oracle::Dead]
    );
}
