//! Runs the suite against specimens of the reference registry, each pair once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use referee::case::{Case, Profile, Suite, Weight};
use referee::client::credentials::Login;
use referee::client::{self, Client, normalise_target};
use referee::load;
use referee::outcome::{CaseOutcome, Verdict};
use referee::registry::{self, Auth, Collector, Config, Mutant, Variant};
use referee::runner::{self, Collecting, Isolation, Reading, Trigger};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The profile under which mutants are sought, unless what they break has no weight in it.
pub const NEWEST: &str = "oci-dev";

/// How long a step waits for its expectations at most: our own registry is never slow, and mutants never come round.
const PATIENCE: Duration = Duration::from_millis(500);
/// The grace period of the collectors.
const GRACE: Duration = Duration::from_millis(40);

/// What every specimen has from the start, for the cases that read it.
const GIVEN: [&str; 2] = ["referee/given:image", "referee/given:latest"];

/// The same where tags are defective, which would hide what is there.
const GIVEN_BY_DIGEST: [&str; 2] = [
    "referee/given:image@sha256:66c37c2b58b12d6dc137a6550e58354d483db89c8700b54100ebaa2381307e2b",
    "referee/given:latest@sha256:df6ba63e0c0bb9202815de16098497a8413b937c4ec4d74abfc621f51c47a711",
];

/// The requirement whose mutants have defective tags.
const PULL_BY_TAG: &str = "dist-pull-manifest-tag-200";

/// A registry to be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Specimen {
    Plain(Access),
    Variants(&'static [Variant], Access),
    Mutant(Mutant, Access),
}

/// How a registry wants to know who asks. The client always has the owner's name and password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    Open,
    Basic,
    Token,
}

impl Access {
    pub const ALL: [Access; 3] = [Access::Open, Access::Basic, Access::Token];

    /// Where a variant shows: what is about logging in does not on an open registry, and where requests are led elsewhere
    /// or sent again it matters that the login is there, or is not.
    pub fn of_variants(group: &[Variant]) -> Vec<Access> {
        let shows = |access: &Access| group.iter().any(|variant| Self::of_variant(*variant).contains(access));
        Self::ALL.into_iter().filter(shows).collect()
    }

    fn of_variant(variant: Variant) -> &'static [Access] {
        match variant {
            Variant::InsufficientScope403 | Variant::AccessTokenOnly | Variant::ChallengeOtherForm => &[Access::Token],
            Variant::BlobRedirect
            | Variant::BlobRedirectOtherHost
            | Variant::TagRedirect
            | Variant::MountOff
            | Variant::MountWithoutFrom
            | Variant::UploadLocationAbsolute
            | Variant::UploadLocationOpaque
            | Variant::Throttled
            | Variant::ErrorsText
            | Variant::ErrorsEmpty
            | Variant::JsonCharset => &[Access::Open, Access::Token],
            _ => &[Access::Open],
        }
    }

    fn auth(self) -> Auth {
        let (user, password) = (USER.to_string(), PASSWORD.to_string());
        match self {
            Access::Open => Auth::None,
            Access::Basic => Auth::Basic { user, password },
            Access::Token => Auth::Token { user, password },
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Access::Open => "open",
            Access::Basic => "basic",
            Access::Token => "token",
        })
    }
}

const USER: &str = "owner";
const PASSWORD: &str = "of the proof";

/// Where the cases are that send what nobody should.
const ODD: &str = "errors/";

/// The area of the requirements that only a registry with a login can break.
const AUTH: &str = "auth";

/// An expectation as it is written, whatever `each` made of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub file: String,
    pub line: u32,
    pub requirement: String,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}:{})", self.requirement, self.file, self.line)
    }
}

/// One case on one specimen.
pub struct Seen(CaseOutcome);

impl Seen {
    pub fn passed(&self) -> bool {
        match &self.0.verdict {
            Verdict::Pass => true,
            // What a case needs of the way the tool is called is no fault of the registry.
            Verdict::Skip { .. } => true,
            _ => false,
        }
    }

    pub fn accused(&self) -> bool {
        matches!(
            self.0.verdict,
            Verdict::Fail | Verdict::Broken { .. } | Verdict::Error { .. }
        )
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}:{}] ", self.0.id, self.0.file, self.0.line)?;
        match &self.0.verdict {
            Verdict::Broken { step, seen } => write!(f, "broken at {step}: {seen}")?,
            Verdict::Error { message } => write!(f, "error: {message}")?,
            Verdict::Skip { reason } => write!(f, "skipped: {reason}")?,
            verdict => write!(f, "{}", verdict.name())?,
        }
        for outcome in self
            .0
            .expectations
            .iter()
            .filter(|e| !e.held() && e.weight() != Weight::Fact)
        {
            for mismatch in &outcome.mismatches {
                write!(
                    f,
                    "\n      {} ({}) at line {}, {}: {}: expected {}, got {}",
                    outcome.requirement,
                    outcome.level,
                    outcome.line,
                    outcome.action,
                    mismatch.subject,
                    mismatch.expected,
                    mismatch.actual
                )?;
            }
        }
        Ok(())
    }
}

type Runs = HashMap<(Specimen, String), Arc<OnceLock<Arc<Vec<Seen>>>>>;

type Broken = HashMap<Mutant, Arc<OnceLock<BTreeSet<Key>>>>;

/// Tries at a mutant before it counts as not found.
const TRIES: usize = 4;

/// The name of the profile that asks for whatever any profile asks for, but for what takes a collection of garbage.
pub const STRICTEST: &str = "strictest";

/// The name of the profile that asks for the rest.
pub const STRICTEST_COLLECTING: &str = "strictest-collecting";

/// The documents whose cases have garbage collected.
const COLLECTING: [&str; 2] = ["gc", "oras"];

/// The document whose cases are large, and its profile.
pub const SCALE: &str = "scale";

/// The suite, a runtime and every run so far.
pub struct Lab {
    pub suite: Arc<Suite>,
    /// The same suite, in which the newest version of each document demands what any of its versions demands.
    strictest: Arc<Suite>,
    broken: Mutex<Broken>,
    runtime: Runtime,
    runs: Mutex<Runs>,
}

impl Lab {
    pub fn new() -> Self {
        let folder =
            std::env::var_os("PROVE_CASES").unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/cases").into());
        let sources = load::from_dir(&folder).unwrap_or_else(|error| panic!("{error}"));
        let mut suite = load::load(&sources).unwrap_or_else(|errors| panic!("{}", errors.render(false)));
        for case in &mut suite.cases {
            hurry(&mut case.steps);
        }
        let runtime = Runtime::new().expect("a runtime");
        Self {
            strictest: strictest(&suite).into(),
            suite: suite.into(),
            broken: Mutex::default(),
            runtime,
            runs: Mutex::default(),
        }
    }

    pub fn profiles(&self) -> Vec<String> {
        self.suite.profiles.iter().map(|profile| profile.name.clone()).collect()
    }

    /// Every case of the profile on a specimen.
    pub fn run(&self, specimen: Specimen, profile: &str) -> Arc<Vec<Seen>> {
        let cell = self
            .runs
            .lock()
            .unwrap()
            .entry((specimen, profile.to_string()))
            .or_default()
            .clone();
        cell.get_or_init(|| {
            let all: Vec<usize> = (0..self.suite.cases.len()).collect();
            Arc::new(self.judge(specimen, profile, &all))
        })
        .clone()
    }

    /// Whether some case, or every exchange, is judged by a requirement.
    pub fn judges(&self, requirement: &str) -> bool {
        self.is_always(requirement)
            || self
                .suite
                .cases
                .iter()
                .any(|case| case.requirements().contains(&requirement))
    }

    fn is_always(&self, requirement: &str) -> bool {
        self.suite
            .always
            .iter()
            .any(|always| always.expect.iter().any(|e| e.requirement == requirement))
    }

    /// The expectations that fail on a mutant: of the cases that cite the requirement which it breaks, or if none of them sees
    /// it, of all cases where that requirement is judged on every exchange.
    pub fn broken_by(&self, mutant: Mutant) -> BTreeSet<Key> {
        let cell = self.broken.lock().unwrap().entry(mutant).or_default().clone();
        // A defect that shows only where requests meet may need several tries on a busy machine.
        let found = |broken: &BTreeSet<Key>| broken.iter().any(|key| key.requirement == mutant.breaks());
        cell.get_or_init(|| {
            let tries = (0..TRIES).map(|_| self.find_broken(mutant));
            let mut last = BTreeSet::new();
            for broken in tries {
                last = broken;
                if found(&last) {
                    break;
                }
            }
            last
        })
        .clone()
    }

    fn find_broken(&self, mutant: Mutant) -> BTreeSet<Key> {
        let breaks = mutant.breaks();
        let profile = self.profile_with(breaks);
        let chosen = |holds: &dyn Fn(&Case) -> bool| -> Vec<usize> {
            let all = 0..self.suite.cases.len();
            all.filter(|index| holds(&self.suite.cases[*index])).collect()
        };
        let citing = chosen(&|case| case.requirements().contains(&breaks));
        let broken = self.broken_in(mutant, &profile, &citing);
        if !self.is_always(breaks) || broken.iter().any(|key| key.requirement == breaks) {
            return broken;
        }
        // What is judged on every exchange is mostly broken where requests are odd, and those cases are few.
        let broken = self.broken_in(mutant, &profile, &chosen(&|case| case.id.0.starts_with(ODD)));
        if broken.iter().any(|key| key.requirement == breaks) {
            return broken;
        }
        self.broken_in(mutant, &profile, &chosen(&|_| true))
    }

    /// How a mutant wants to know who asks. A registry that does not say how to log in can be judged only by a client that
    /// knows already, as it does with a password.
    fn access(&self, mutant: Mutant) -> Access {
        let area = self
            .suite
            .requirement(mutant.breaks())
            .map(|requirement| requirement.area.as_str());
        match mutant {
            Mutant::AuthNoChallenge => Access::Basic,
            _ if area == Some(AUTH) => Access::Token,
            _ => Access::Open,
        }
    }

    /// The expectations of some cases that fail on a mutant under a profile.
    pub fn broken_in(&self, mutant: Mutant, profile: &str, cases: &[usize]) -> BTreeSet<Key> {
        self.broken_of(mutant, profile, cases, &[Weight::Fail, Weight::Warn])
    }

    /// The musts that a mutant fails, over all cases of the profile that judges what it breaks.
    pub fn musts_broken_by(&self, mutant: Mutant) -> BTreeSet<Key> {
        let all: Vec<usize> = (0..self.suite.cases.len()).collect();
        let profile = self.profile_with(mutant.breaks());
        self.broken_of(mutant, &profile, &all, &[Weight::Fail])
    }

    fn broken_of(&self, mutant: Mutant, profile: &str, cases: &[usize], weights: &[Weight]) -> BTreeSet<Key> {
        let mut broken = BTreeSet::new();
        if cases.is_empty() {
            return broken;
        }
        for seen in self.judge(Specimen::Mutant(mutant, self.access(mutant)), profile, cases) {
            for outcome in seen
                .0
                .expectations
                .iter()
                .filter(|e| !e.held() && weights.contains(&e.weight()))
            {
                broken.insert(Key {
                    file: outcome.file.clone(),
                    line: outcome.line,
                    requirement: outcome.requirement.clone(),
                });
            }
        }
        broken
    }

    /// Whether a requirement is a should in the newest profile where it weighs something.
    pub fn is_advice(&self, requirement: &str) -> bool {
        let name = self.profile_with(requirement);
        let profile = self.suite.profile(&name).expect("a profile of the suite");
        let level = self
            .suite
            .requirement(requirement)
            .and_then(|requirement| profile.level(requirement));
        level.is_some_and(|level| level.weight() == Weight::Warn)
    }

    /// The newest profile under which a requirement weighs something.
    pub fn profile_with(&self, requirement: &str) -> String {
        let weighs = |profile: &&Profile| {
            let level = self
                .suite
                .requirement(requirement)
                .and_then(|requirement| profile.level(requirement));
            level.is_some_and(|level| level.weight() != Weight::Fact)
        };
        let newest = self.suite.profile(NEWEST).expect("the newest profile");
        std::iter::once(newest)
            .chain(&self.suite.profiles)
            .find(weighs)
            .unwrap_or(newest)
            .name
            .clone()
    }

    fn judge(&self, specimen: Specimen, profile: &str, cases: &[usize]) -> Vec<Seen> {
        let suite = if [STRICTEST, STRICTEST_COLLECTING].contains(&profile) {
            &self.strictest
        } else {
            &self.suite
        };
        self.runtime.block_on(judge(suite, specimen, profile, cases))
    }

    /// Every expectation that a profile judges as more than a fact, with its case.
    pub fn expectations(&self) -> BTreeMap<Key, String> {
        let mut keys = BTreeMap::new();
        let weighs = |id: &str| {
            self.suite.requirement(id).is_some_and(|requirement| {
                self.suite.profiles.iter().any(|profile| {
                    profile
                        .level(requirement)
                        .is_some_and(|level| level.weight() != Weight::Fact)
                })
            })
        };
        let mut add = |expectation: &referee::case::Expectation, case: &str| {
            if weighs(&expectation.requirement) {
                let key = Key {
                    file: expectation.origin.file.to_string(),
                    line: expectation.origin.line,
                    requirement: expectation.requirement.clone(),
                };
                keys.insert(key, case.to_string());
            }
        };
        for case in &self.suite.cases {
            each_expectation(case, &mut |expectation| add(expectation, case.id.base()));
        }
        for always in &self.suite.always {
            always
                .expect
                .iter()
                .for_each(|expectation| add(expectation, "every exchange"));
        }
        keys
    }
}

fn hurry(steps: &mut [referee::case::Step]) {
    for step in steps {
        step.within = step.within.map(|limit| limit.min(PATIENCE));
        if let referee::case::Action::Together { steps, .. } = &mut step.action {
            hurry(steps);
        }
    }
}

/// The suite with two profiles more, which together have every document, each requirement at the strongest level that any
/// version gives it. Whoever is not accused by them is accused by no profile.
fn strictest(suite: &Suite) -> Suite {
    let mut suite = suite.clone();
    let newest: Vec<(String, String)> = suite
        .documents
        .iter()
        .filter_map(|document| Some((document.name.clone(), document.versions.last()?.0.clone())))
        .collect();
    for requirement in &mut suite.requirements {
        let version = newest.iter().find(|(name, _)| *name == requirement.document);
        let strongest = requirement
            .levels
            .iter()
            .map(|(_, level)| *level)
            .min_by_key(|level| level.weight());
        if let (Some((_, version)), Some(level)) = (version, strongest) {
            requirement.levels = vec![(version.clone(), level)];
        }
    }
    let (collecting, others) = newest
        .into_iter()
        .filter(|(name, _)| name != SCALE)
        .partition(|(name, _)| COLLECTING.contains(&name.as_str()));
    for (name, documents) in [(STRICTEST, others), (STRICTEST_COLLECTING, collecting)] {
        suite.profiles.push(Profile {
            name: name.to_string(),
            says: String::new(),
            documents,
        });
    }
    suite
}

fn each_expectation(case: &Case, visit: &mut dyn FnMut(&referee::case::Expectation)) {
    fn walk(steps: &[referee::case::Step], visit: &mut dyn FnMut(&referee::case::Expectation)) {
        for step in steps {
            step.expect.iter().for_each(&mut *visit);
            if let referee::case::Action::Together { steps, .. } = &step.action {
                walk(steps, visit);
            }
        }
    }
    walk(&case.steps, visit);
}

async fn judge(suite: &Arc<Suite>, specimen: Specimen, profile: &str, among: &[usize]) -> Vec<Seen> {
    let (Specimen::Plain(access) | Specimen::Variants(_, access) | Specimen::Mutant(_, access)) = specimen;
    let config = Config {
        mutant: match specimen {
            Specimen::Mutant(mutant, _) => Some(mutant),
            _ => None,
        },
        variants: match specimen {
            Specimen::Variants(group, _) => group.to_vec(),
            _ => Vec::new(),
        },
        auth: access.auth(),
        collector: Collector {
            grace: GRACE,
            // A push that comes while garbage is collected has to come in time to be lost.
            quiet: Duration::from_millis(if matches!(specimen, Specimen::Mutant(..)) {
                60
            } else {
                10
            }),
            interval: None,
        },
        seeded: true,
        ..Config::default()
    };
    let registry = registry::start(config).await.expect("a registry on loopback");
    let base = normalise_target(&registry.url(), false).expect("the registry's own address");
    let mut options = client::Options::new(base.clone());
    options.limits.total = Duration::from_secs(20);
    options.login = Login::Basic {
        username: USER.into(),
        password: PASSWORD.into(),
    };
    // The plain registry is judged in full; for the others, some copies of a step are as good as many, unless many is what the
    // profile is about.
    let copies = match specimen {
        Specimen::Plain(_) => u32::MAX,
        _ if profile == SCALE => u32::MAX,
        _ => 24,
    };
    let profile = suite.profile(profile).expect("a profile").clone();
    let collecting = profile
        .documents
        .iter()
        .any(|(name, _)| ["gc", "oras"].contains(&name.as_str()))
        .then(|| {
            let trigger = |dry: bool| Trigger::Request {
                method: "POST".into(),
                url: format!("{}/api/v2.0/system/gc/schedule", registry.url()),
                body: Some(format!(r#"{{"parameters":{{"dry_run":{dry}}}}}"#)),
                authorization: None,
            };
            Collecting {
                trigger: trigger(false),
                dry_run: Some(trigger(true)),
                live: true,
                grace: Some(GRACE),
                limit: Duration::from_secs(20),
            }
        });
    let given = match specimen {
        Specimen::Mutant(mutant, _) if mutant.breaks() == PULL_BY_TAG => GIVEN_BY_DIGEST,
        _ => GIVEN,
    };
    let options = runner::Options {
        suite: suite.clone(),
        cases: runner::select(suite, &profile, &[])
            .cases
            .into_iter()
            .filter(|index| among.contains(index))
            .collect(),
        profile,
        client: Client::new(options).expect("a client"),
        url: base.to_string(),
        host: base.origin.authority(),
        credentials: String::new(),
        notes: Vec::new(),
        isolation: Isolation::fresh("referee", "proof".into()).expect("a prefix"),
        seed: 1,
        jobs: Some(16),
        partition: None,
        strict: false,
        keep: true,
        copies,
        collecting,
        reading: Some(Reading {
            wanted: given.iter().map(|name| name.parse().expect("a name")).collect(),
            only: false,
        }),
        suite_digest: String::new(),
        resumed: None,
        cancel: CancellationToken::new(),
    };
    let (events, _) = mpsc::unbounded_channel();
    let report = runner::run(options, events).await;
    registry.stop().await;
    match (report, specimen) {
        (Ok(report), _) => report.cases.into_iter().map(Seen).collect(),
        // A defect so plain that the control refuses the target leaves nothing to be found.
        (Err(_), Specimen::Mutant(..)) => Vec::new(),
        (Err(refusal), _) => panic!("{specimen:?} is refused: {refusal}"),
    }
}
