//! The proof of the suite: it accuses nobody falsely, and every expectation can fail.
//!
//! * `plain`: under every profile, every case passes on the reference registry, open or with either login.
//! * `variants`: no allowed choice yields a failure, nor a case that could not be judged.
//! * `mutant`: every defect is found, and the requirement it breaks is among the findings.
//! * `parse`: our own manifest parser gives every document of a `parse` case the verdict that it owes.
//! * `expectations`: every expectation of every case is failed by some mutant.
//!
//! `PROVE_ALONE=1` tries every variant alone, which takes minutes, instead of groups of them, and besides
//! * `advice`: whoever does not follow an advice breaks no must by that, whatever the case.
//!
//! `BLESS=1 cargo test --test prove` writes the kill matrix to `reports/reference/`.

#[path = "proof/groups.rs"]
mod groups;
#[path = "proof/lab.rs"]
mod lab;
#[path = "proof/matrix.rs"]
mod matrix;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use referee::registry::{Mutant, Variant};
use referee::runner;

use groups::GROUPS;
use lab::{Access, Lab, Specimen};

/// Trials at once.
pub const THREADS: usize = 6;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // A registry that delays, throttles or collects garbage lets the machine idle.
    arguments.test_threads.get_or_insert(THREADS);
    let lab = Arc::new(Lab::new());
    let mut trials = Vec::new();
    for profile in lab.profiles() {
        // The versions of a document differ in what they ask, and not in who asks.
        let is_earlier = profile.starts_with("oci-") && profile != lab::NEWEST;
        for access in Access::ALL
            .into_iter()
            .filter(|access| !is_earlier || *access == Access::Open)
        {
            let (lab, profile) = (lab.clone(), profile.clone());
            trials.push(Trial::test(format!("plain {access} {profile}"), move || {
                plain(&lab, access, &profile)
            }));
        }
    }
    let alone = std::env::var_os("PROVE_ALONE").is_some();
    let single = || Variant::ALL.iter().map(std::slice::from_ref);
    let groups: Vec<&'static [Variant]> = if alone { single().collect() } else { GROUPS.to_vec() };
    for (group, number) in groups.into_iter().zip(1..) {
        let lab = lab.clone();
        let name = if let [variant] = group {
            variant.to_string()
        } else {
            format!("group {number}")
        };
        trials.push(Trial::test(format!("variants {name}"), move || allowed(&lab, group)));
    }
    trials.push(Trial::test("groups", every_variant_is_in_a_group));
    for mutant in Mutant::ALL.iter().filter(|mutant| !mutant.is_deep()) {
        // Where no case judges what a mutant breaks, `referee coverage` shows the hole; there is nothing to prove yet.
        let untested = !lab.judges(mutant.breaks());
        let lab = lab.clone();
        let trial = Trial::test(format!("mutant {mutant}"), move || caught(&lab, *mutant));
        trials.push(trial.with_ignored_flag(untested));
    }
    let advice = |mutant: &&Mutant| !mutant.is_deep() && lab.is_advice(mutant.breaks()) && !breaks_more(**mutant);
    for mutant in Mutant::ALL.iter().filter(advice).filter(|_| alone) {
        let lab = lab.clone();
        trials.push(Trial::test(format!("advice {mutant}"), move || advised(&lab, *mutant)));
    }
    let documents = lab.clone();
    trials.push(Trial::test("parse", move || parses(&documents)));
    let everything = lab.clone();
    trials.push(Trial::test("expectations", move || {
        matrix::every_expectation_is_failed(&everything)
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn plain(lab: &Lab, access: Access, profile: &str) -> Result<(), Failed> {
    let mut wrong = Vec::new();
    for seen in lab
        .run(Specimen::Plain(access), profile)
        .iter()
        .filter(|seen| !seen.passed())
    {
        wrong.push(seen.to_string());
    }
    none(wrong, "the plain registry does not pass")
}

fn every_variant_is_in_a_group() -> Result<(), Failed> {
    let grouped = |variant: &&Variant| GROUPS.iter().any(|group| group.contains(variant));
    let left = Variant::ALL.iter().filter(|variant| !grouped(variant));
    none(left.map(Variant::to_string).collect(), "variants that no group has")
}

fn allowed(lab: &Lab, group: &'static [Variant]) -> Result<(), Failed> {
    let together = accusations(lab, group);
    let (says, wrong) = match group {
        _ if together.is_empty() => return Ok(()),
        [variant] => (
            format!("{}\n  allowed by: {}", variant.doc(), variant.allows()),
            together,
        ),
        _ => {
            // Whom of them it is about, if one alone is enough.
            let alone = group
                .iter()
                .map(|variant| (variant, accusations(lab, std::slice::from_ref(variant))));
            let alone: Vec<String> = alone
                .filter(|(_, wrong)| !wrong.is_empty())
                .map(|(variant, wrong)| format!("{variant} alone ({}): {}", variant.allows(), wrong.join("\n  ")))
                .collect();
            (format!("together: {}", together.join("\n  ")), alone)
        }
    };
    Err(format!("{says}\n  accused all the same:\n  {}", wrong.join("\n  ")).into())
}

fn accusations(lab: &Lab, group: &'static [Variant]) -> Vec<String> {
    let mut wrong = Vec::new();
    // What no version of no document holds against it is held against it by no profile; only where the versions disagree each
    // is asked.
    let mut profiles = vec![lab::STRICTEST_COLLECTING.to_string(), lab::SCALE.to_string()];
    if group.iter().any(|variant| variant.is_forbidden_in_dev()) {
        let earlier = |profile: &String| !profile.starts_with("oci-") || profile != lab::NEWEST;
        profiles.extend(lab.profiles().into_iter().filter(earlier));
    } else {
        profiles.push(lab::STRICTEST.to_string());
    }
    for profile in profiles {
        // What is collected does not depend on who asks either, nor does what is large.
        let once = [lab::STRICTEST_COLLECTING, lab::SCALE].contains(&profile.as_str()) && group.len() > 1;
        for access in Access::of_variants(group)
            .into_iter()
            .take(if once { 1 } else { usize::MAX })
        {
            for seen in lab
                .run(Specimen::Variants(group, access), &profile)
                .iter()
                .filter(|seen| seen.accused())
            {
                wrong.push(format!("{access} {profile}: {seen}"));
            }
        }
    }
    wrong
}

fn caught(lab: &Lab, mutant: Mutant) -> Result<(), Failed> {
    let broken = lab.broken_by(mutant);
    if broken.iter().any(|key| key.requirement == mutant.breaks()) {
        return Ok(());
    }
    let others: Vec<String> = broken.iter().map(|key| key.to_string()).collect();
    let found = if others.is_empty() {
        "nothing".to_string()
    } else {
        others.join("\n    ")
    };
    Err(format!("{}\n  breaks {}\n  found:\n    {found}", mutant.doc(), mutant.breaks()).into())
}

/// Mutants of advice that break a must besides, and why that is so.
const BREAKS_MORE: [(Mutant, &str); 29] = [
    (
        Mutant::ManifestsReadOnly,
        "who offers pushes answers a push of a manifest with 201",
    ),
    (
        Mutant::IndexServedAsImage,
        "the type of the answer is to be that of the manifest",
    ),
    (
        Mutant::ManifestLargeTag404,
        "its 404 still carries the manifest, which is no list of errors",
    ),
    (
        Mutant::HeadIndexAsChild,
        "the length that HEAD tells is to be that of the manifest",
    ),
    (
        Mutant::DigestBareHexFound,
        "a tag of 64 hexadecimal digits cannot be pulled",
    ),
    (
        Mutant::BadDigestLargeTaken,
        "where one POST is enough, the digest has to be that of the body",
    ),
    (
        Mutant::UnsupportedAlgorithmStored,
        "what is there under a digest has to have it",
    ),
    (
        Mutant::ChunkMinimumUnannounced,
        "whoever is told of no minimum may send small chunks",
    ),
    (
        Mutant::SingleChunkRefused,
        "an upload whose bytes are there has to be closed with 201",
    ),
    (
        Mutant::UploadStatusEnds,
        "the Location of the status, and an upload after a 416, have to be of use",
    ),
    (
        Mutant::TagStays,
        "what was confirmed under a tag is what the tag leads to",
    ),
    (
        Mutant::TagCached,
        "tags of deleted manifests, and deleted tags, are not found",
    ),
    (Mutant::TagMoveHeadStays, "a deleted tag is not found"),
    (
        Mutant::TagsTiesUnstable,
        "tags come after `last` in the order that the list has",
    ),
    (
        Mutant::DeleteManifestUnknown500,
        "a repository that is not there gives 404",
    ),
    (
        Mutant::BadNameServerError,
        "of a blob that is nowhere it is said that it is not found",
    ),
    (
        Mutant::DeleteBlobComesBack,
        "what is uploaded again is there, and what is deleted is not",
    ),
    (
        Mutant::DeleteIndexTakesChildren,
        "a tag that nobody deleted is lost with its manifest",
    ),
    (
        Mutant::AcceptFirstOnly,
        "a manifest of a type that is accepted is given",
    ),
    (
        Mutant::AuthScopeShortName,
        "whoever gets the token that was asked for is let in",
    ),
    (
        Mutant::AuthScopeWrite,
        "whoever gets the token that was asked for is let in",
    ),
    (
        Mutant::AuthScopeRead,
        "whoever gets the token that was asked for is let in",
    ),
    (
        Mutant::EmptyDescriptorRefused,
        "no artifact can be pushed with what artifacts have as their config",
    ),
    (
        Mutant::CanonicalJsonRequired,
        "a valid manifest is taken however it is written",
    ),
    (Mutant::OrasHidesSubject, "what has a tag survives, and can be pulled"),
    (
        Mutant::ObjectDraftVersionNumber,
        "documents like the examples of the draft are refused",
    ),
    (Mutant::GcLosesObjectBlobs, "blobs of what is there are lost"),
    (Mutant::TagMoveDeletes, "the tags that did not move are lost"),
    (
        Mutant::DeleteTagTakesManifest,
        "the tags that were not deleted are lost",
    ),
];

fn breaks_more(mutant: Mutant) -> bool {
    BREAKS_MORE.iter().any(|(other, _)| *other == mutant)
}

fn advised(lab: &Lab, mutant: Mutant) -> Result<(), Failed> {
    let broken = lab.musts_broken_by(mutant);
    let what = format!(
        "{}\n  breaks {}, and is told these musts",
        mutant.doc(),
        mutant.breaks()
    );
    none(broken.iter().map(|key| key.to_string()).collect(), &what)
}

fn parses(lab: &Lab) -> Result<(), Failed> {
    let mut wrong = Vec::new();
    for vector in runner::vectors(&lab.suite)? {
        let parsed = runner::parse_strictly(&vector);
        if !vector.is_satisfied_by(&parsed) {
            wrong.push(format!(
                "{} ({}): owed {:?}, got {parsed:?}",
                vector.id, vector.requirement, vector.verdict
            ));
        }
    }
    none(wrong, "our parser errs")
}

fn none(wrong: Vec<String>, what: &str) -> Result<(), Failed> {
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(format!("{what}:\n  {}", wrong.join("\n  ")).into())
    }
}
