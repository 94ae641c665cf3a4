//! What the outcomes of cases add up to: categories, facts, requirements, and the conclusion of a run.
//!
//! Owns the counting rules, which decide what may be called certified. Pure; refuses to know how an outcome came about.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::{Deserialize, Serialize, Serializer};

use super::{
    CaseOutcome, Category, CategoryVerdict, Counts, FactValue, KnownState, Report, RequirementOutcome, SkipReason,
    Standing, Verdict, Weight,
};
use crate::case::{Binds, CaseId, Profile, Suite};
use crate::client::RequestCounts;
use crate::client::exchange::{BodyRecord, Exchange, Response};

/// What a whole run says of its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// Something was judged, everything could be judged, and nothing is held against the target.
    Conforms,
    /// At least one requirement is broken, or a failure that is said to be known is none any more.
    Violates,
    /// Nothing is held against the target, but something could not be judged: cases are broken or in error, the run was
    /// interrupted, not one case was judged, or the target offers so little that most cases of the profile were skipped.
    Inconclusive,
}

/// What the exchanges of cases were for; one that several cases share counts once.
pub fn requests_of(cases: &[CaseOutcome]) -> RequestCounts {
    let mut counts = RequestCounts::default();
    let mut seen = HashSet::new();
    for exchange in cases.iter().flat_map(|case| &case.exchanges) {
        let request = &exchange.request;
        if seen.insert((exchange.started_ms, &request.method, &request.url)) {
            *counts.of(exchange.purpose) += 1;
        }
    }
    counts
}

impl Report {
    /// Whether nothing is held against the target: no failure that is not known and, where warnings count, no warning.
    ///
    /// That is less than a certificate: see [`Report::conclusion`], which also asks whether everything could be judged.
    pub fn conforms(&self) -> bool {
        self.findings
            .iter()
            .filter(|finding| finding.known.is_none())
            .all(|finding| !self.counts_against(finding.weight))
    }

    /// What the run says of its target.
    pub fn conclusion(&self) -> Conclusion {
        let counts = Counts::of(&self.cases);
        if !self.conforms() || self.known.iter().any(|known| known.state == KnownState::Stale) {
            Conclusion::Violates
        } else if self.interrupted
            || counts.broken + counts.error > 0
            || counts.judged() == 0 && !self.is_empty_part()
            || self.offers_little().is_some()
        {
            Conclusion::Inconclusive
        } else {
            Conclusion::Conforms
        }
    }

    /// Whether it is a part of a run to which no case fell.
    fn is_empty_part(&self) -> bool {
        self.run.partition.is_some() && self.cases.is_empty()
    }

    /// How many cases were skipped for want of what the target does not offer, if they are more than those that were
    /// judged: a profile of which so little was seen is not conformed to. Who chose the cases knows what was left out.
    pub fn offers_little(&self) -> Option<usize> {
        let declined = |case: &&CaseOutcome| {
            matches!(
                case.verdict,
                Verdict::Skip {
                    reason: SkipReason::Capability { .. }
                }
            )
        };
        let skipped = self.cases.iter().filter(declined).count();
        let is_chosen = self.run.filtered || self.run.partition.is_some();
        (!is_chosen && skipped > Counts::of(&self.cases).judged()).then_some(skipped)
    }

    /// Whether a broken requirement of this weight counts against the target in this run.
    pub fn counts_against(&self, weight: Weight) -> bool {
        match weight {
            Weight::Fail => true,
            Weight::Warn => self.run.strict,
            Weight::Fact => false,
        }
    }

    /// Takes in the cases, and says what they add up to.
    pub fn gather(&mut self, suite: &Suite, profile: &Profile, mut cases: Vec<CaseOutcome>) {
        let place = |case: &CaseOutcome| suite.cases.iter().position(|known| known.id.0 == case.id);
        cases.sort_by_cached_key(place);
        self.run.sent = requests_of(&cases);
        self.run.requests = self.run.sent.total();
        self.counts = Counts::of(&cases);
        self.findings = super::findings(suite, profile, &cases);
        self.facts = facts(&cases);
        self.requirements = requirements(suite, profile, &cases);
        self.cases = cases;
        self.weigh_categories();
    }

    /// Says where the target stands in each category. Cases of the user's own certify none, however good they are.
    pub(super) fn weigh_categories(&mut self) {
        self.categories = categories(&self.cases);
        let certified = self
            .categories
            .iter_mut()
            .filter(|category| category.standing == Standing::Certified);
        if self.run.only_own_cases {
            certified.for_each(|category| category.standing = Standing::NotJudged);
        }
    }

    /// The report as it is written to disk: the exchanges of cases that passed or were skipped keep their head, and the
    /// length and the hash of their bodies, but not the bodies' text. Everything that is evidence against the target,
    /// and the evidence for its capabilities, is kept whole. Slimming twice changes nothing more.
    pub fn slim(&self) -> Report {
        let mut slim = self.clone();
        slim.cases = self.cases.iter().map(slim_case).collect();
        slim
    }
}

/// The verdict on each category, in the order of [`Category::ALL`].
///
/// A category is not certified if any of its cases failed or could not be judged, or if the target declines all of
/// Pull, which is [mandatory](https://github.com/opencontainers/distribution-spec/blob/main/spec.md#requirements).
/// If content cannot be pushed, so that more cases were skipped than judged, Push is not offered and the others are not
/// judged. Otherwise it is certified if a case passed and none was cut off by an interruption, not offered if all of its cases
/// were skipped for want of a capability (of Management more than were judged), and not judged if there is nothing to go by.
pub fn categories(cases: &[CaseOutcome]) -> Vec<CategoryVerdict> {
    Category::ALL
        .into_iter()
        .map(|category| of_category(category, cases))
        .collect()
}

/// How freedoms are used, by the fact's name; of each value the cases that saw it, in their order.
pub fn facts(cases: &[CaseOutcome]) -> Vec<FactValue> {
    let mut facts: BTreeMap<&str, BTreeMap<&str, Vec<String>>> = BTreeMap::new();
    for case in cases {
        for recorded in &case.facts {
            let seen = facts
                .entry(&recorded.fact)
                .or_default()
                .entry(&recorded.value)
                .or_default();
            if seen.last() != Some(&case.id) {
                seen.push(case.id.clone());
            }
        }
    }
    facts
        .into_iter()
        .map(|(fact, values)| FactValue {
            fact: fact.to_owned(),
            values: values
                .into_iter()
                .map(|(value, cases)| (value.to_owned(), cases))
                .collect(),
        })
        .collect()
}

/// How the target stands to every requirement of `profile` that binds a registry, and to every other one that a case
/// judged, in the order of the catalogue.
pub fn requirements(suite: &Suite, profile: &Profile, cases: &[CaseOutcome]) -> Vec<RequirementOutcome> {
    let mut judged: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for outcome in cases.iter().flat_map(|case| &case.expectations) {
        let (held, broken) = judged.entry(&outcome.requirement).or_default();
        *(if outcome.held() { held } else { broken }) += 1;
    }
    let mut seen = BTreeSet::new();
    suite
        .requirements
        .iter()
        .filter_map(|requirement| {
            let level = profile.level(requirement)?;
            let counts = judged.get(requirement.id.as_str()).copied();
            if (requirement.binds != Binds::Registry && counts.is_none()) || !seen.insert(&requirement.id) {
                return None;
            }
            let (held, broken) = counts.unwrap_or_default();
            Some(RequirementOutcome {
                id: requirement.id.clone(),
                level,
                text: requirement.text.clone(),
                section: requirement.section.clone(),
                link: suite.link(requirement, Some(profile)),
                held,
                broken,
            })
        })
        .collect()
}

fn of_category(category: Category, cases: &[CaseOutcome]) -> CategoryVerdict {
    let own: Vec<&CaseOutcome> = cases
        .iter()
        .filter(|case| Category::of_area(CaseId(case.id.clone()).area()) == Some(category))
        .collect();
    let counts = Counts::of(own.iter().copied());
    let skipped = |wanted: fn(&SkipReason) -> bool| {
        let matching = |case: &&&CaseOutcome| matches!(&case.verdict, Verdict::Skip { reason } if wanted(reason));
        own.iter().filter(matching).count()
    };
    let declined = skipped(|reason| matches!(reason, SkipReason::Capability { .. } | SkipReason::NotApplicable { .. }));
    let interrupted = skipped(|reason| *reason == SkipReason::Interrupted);
    let unpushed = skipped(|reason| matches!(reason, SkipReason::Capability { name } if name == "push"));
    let standing = if counts.fail + counts.broken + counts.error + counts.known > 0 {
        Standing::NotCertified
    } else if unpushed > counts.judged() && declined < counts.total() {
        match category {
            Category::Push => Standing::NotOffered,
            Category::Pull | Category::Discovery | Category::Management => Standing::NotJudged,
        }
    } else if category == Category::Management && counts.judged() > 0 && declined > counts.judged() {
        // That deletion is declined in a way that is allowed is no deletion.
        Standing::NotOffered
    } else if counts.pass + counts.warn > 0 && interrupted == 0 {
        Standing::Certified
    } else if declined > 0 && declined == counts.total() {
        match category {
            Category::Pull => Standing::NotCertified,
            Category::Push | Category::Discovery | Category::Management => Standing::NotOffered,
        }
    } else {
        Standing::NotJudged
    };
    CategoryVerdict {
        category,
        standing,
        counts,
    }
}

/// Cases as they are written to disk, of which one at a time is copied.
pub(super) fn slim_cases<S: Serializer>(cases: &[CaseOutcome], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(cases.iter().map(slim_case))
}

/// A case as it is written to disk, see [`Report::slim`].
pub fn slim_case(case: &CaseOutcome) -> CaseOutcome {
    let mut slim = case.clone();
    if matches!(slim.verdict, Verdict::Pass | Verdict::Skip { .. }) {
        slim.exchanges.iter_mut().for_each(without_bodies);
    }
    slim
}

/// Leaves out the bodies that only an archive of every exchange shows: those of a case that passed or was skipped, unless
/// what was expected of the exchange did not hold. What else is reported stays the same.
pub fn lighten(case: &mut CaseOutcome) {
    if !matches!(case.verdict, Verdict::Pass | Verdict::Skip { .. }) {
        return;
    }
    let unheld = case.expectations.iter().filter(|outcome| !outcome.held());
    let shown: BTreeSet<usize> = unheld.map(|outcome| outcome.exchange).collect();
    let exchanges = case.exchanges.iter_mut().enumerate();
    let unseen = exchanges.filter(|(index, _)| !shown.contains(index));
    unseen.for_each(|(_, exchange)| without_bodies(exchange));
}

/// What is kept of the value of a header field where bodies are left out, in bytes.
const LONG_VALUE: usize = 1024;

/// As long as what stands for the rest of a value at most, so that no value is cut twice.
const REST: usize = 32;

fn without_bodies(exchange: &mut Exchange) {
    slim_body(&mut exchange.request.body);
    for hop in &mut exchange.hops {
        slim_body(&mut hop.request.body);
        slim_response(&mut hop.response);
    }
    exchange.response.iter_mut().for_each(slim_response);
}

fn slim_response(response: &mut Response) {
    slim_body(&mut response.body);
    for (_, value) in response
        .headers
        .iter_mut()
        .filter(|(_, value)| value.len() > LONG_VALUE + REST)
    {
        let boundary = |at: &usize| value.is_char_boundary(*at);
        let kept = (0..=LONG_VALUE).rev().find(boundary).unwrap_or(0);
        let left = value.len() - kept;
        value.truncate(kept);
        value.push_str(&format!(" (+{left} bytes)"));
    }
}

/// What is left out is marked as cut, so that nobody takes the record for that of an empty body.
fn slim_body(body: &mut BodyRecord) {
    body.preview = String::new();
    body.truncated = body.len > 0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Document, Level, Requirement};
    use crate::outcome::{ExpectationOutcome, Mismatch, Recorded};

    fn case(id: &str, verdict: Verdict) -> CaseOutcome {
        CaseOutcome {
            id: id.to_owned(),
            says: String::new(),
            file: "cases/x.yaml".to_owned(),
            line: 1,
            verdict,
            known: None,
            expectations: vec![],
            facts: vec![],
            exchanges: vec![],
            elapsed_ms: 0.0,
        }
    }

    fn skip(id: &str, reason: SkipReason) -> CaseOutcome {
        case(id, Verdict::Skip { reason })
    }

    fn declined(id: &str) -> CaseOutcome {
        skip(id, SkipReason::Capability { name: "x".to_owned() })
    }

    fn standing(category: Category, cases: &[CaseOutcome]) -> Standing {
        let verdicts = categories(cases);
        assert_eq!(verdicts.len(), Category::ALL.len());
        verdicts
            .into_iter()
            .find(|verdict| verdict.category == category)
            .unwrap()
            .standing
    }

    #[test]
    fn a_long_value_is_cut_once() {
        let long = "\u{e9}".repeat(1000);
        let mut response = Response {
            status: 200,
            version: "HTTP/1.1".to_owned(),
            reason: None,
            headers: vec![("X".to_owned(), long.clone()), ("Y".to_owned(), "y".repeat(1000))],
            body: BodyRecord::empty(),
            raw_head: None,
            trailing: 0,
        };
        slim_response(&mut response);
        let once = response.clone();
        assert_eq!(response.headers[0].1, format!("{} (+976 bytes)", &long[..1024]));
        assert_eq!(response.headers[1].1.len(), 1000);
        slim_response(&mut response);
        assert_eq!(response, once);
    }

    #[test]
    fn one_case_that_went_wrong_spoils_a_category() {
        let broken = Verdict::Broken {
            step: "push image".to_owned(),
            seen: "500".to_owned(),
        };
        let error = Verdict::Error { message: String::new() };
        for wrong in [Verdict::Fail, broken, error] {
            let cases = [case("push/a/b", Verdict::Pass), case("upload/a/b", wrong)];
            assert_eq!(standing(Category::Push, &cases), Standing::NotCertified);
            assert_eq!(standing(Category::Pull, &cases), Standing::NotJudged);
        }
    }

    #[test]
    fn a_warning_or_a_skip_beside_a_pass_does_not() {
        let cases = [case("tags/a/b", Verdict::Warn), declined("discover/a/b")];
        assert_eq!(standing(Category::Discovery, &cases), Standing::Certified);
    }

    #[test]
    fn only_a_declined_category_counts_as_not_offered_and_pull_never_does() {
        let cases = [declined("delete/a/b"), declined("pull/a/b")];
        assert_eq!(standing(Category::Management, &cases), Standing::NotOffered);
        assert_eq!(standing(Category::Pull, &cases), Standing::NotCertified);
        let cases = [
            declined("delete/a/b"),
            skip("delete/a/c", SkipReason::Repositories { needed: 2 }),
        ];
        assert_eq!(standing(Category::Management, &cases), Standing::NotJudged);
    }

    #[test]
    fn nothing_is_certified_of_a_registry_that_takes_nothing() {
        let unpushed = |id: &str| {
            skip(
                id,
                SkipReason::Capability {
                    name: "push".to_owned(),
                },
            )
        };
        let of = |area: &str| {
            let cases = ["a", "b"].map(|name| unpushed(&format!("{area}/x/{name}")));
            [&cases[..], &[case(&format!("{area}/x/c"), Verdict::Pass)]].concat()
        };
        assert_eq!(standing(Category::Push, &of("push")), Standing::NotOffered);
        assert_eq!(standing(Category::Pull, &of("pull")), Standing::NotJudged);
        assert_eq!(standing(Category::Discovery, &of("tags")), Standing::NotJudged);
        let failed = [&of("pull")[..], &[case("pull/x/d", Verdict::Fail)]].concat();
        assert_eq!(standing(Category::Pull, &failed), Standing::NotCertified);
    }

    #[test]
    fn management_is_not_certified_of_a_registry_that_declines_most_of_it() {
        let declined = |id: &str| {
            let name = "delete-blob".to_owned();
            skip(id, SkipReason::Capability { name })
        };
        let passed = case("delete/x/or-declined", Verdict::Pass);
        let most = [declined("delete/x/a"), declined("delete/x/b"), passed.clone()];
        assert_eq!(standing(Category::Management, &most), Standing::NotOffered);
        let half = [declined("delete/x/a"), passed];
        assert_eq!(standing(Category::Management, &half), Standing::Certified);
    }

    #[test]
    fn an_interrupted_category_is_not_certified() {
        let cases = [
            case("pull/a/b", Verdict::Pass),
            skip("pull/a/c", SkipReason::Interrupted),
        ];
        assert_eq!(standing(Category::Pull, &cases), Standing::NotJudged);
    }

    #[test]
    fn facts_are_gathered_by_name_and_value() {
        let seen = |id: &str, value: &str| {
            let recorded = Recorded {
                fact: "f".to_owned(),
                value: value.to_owned(),
            };
            CaseOutcome {
                facts: vec![recorded.clone(), recorded],
                ..case(id, Verdict::Pass)
            }
        };
        let gathered = facts(&[seen("a", "kept"), seen("b", "dropped"), seen("c", "kept")]);
        assert_eq!(
            gathered,
            [FactValue {
                fact: "f".to_owned(),
                values: vec![
                    ("dropped".to_owned(), vec!["b".to_owned()]),
                    ("kept".to_owned(), vec!["a".to_owned(), "c".to_owned()]),
                ],
            }]
        );
    }

    #[test]
    fn requirements_are_those_of_the_profile_that_bind_a_registry_or_were_judged() {
        let requirement = |id: &str, binds: Binds, version: &str| Requirement {
            id: id.to_owned(),
            document: "distribution".to_owned(),
            area: "pull".to_owned(),
            levels: vec![(version.to_owned(), Level::Must)],
            section: String::new(),
            anchors: vec![],
            text: String::new(),
            derived: None,
            binds,
            needs: vec![],
            untested: None,
            note: None,
            page: None,
        };
        let suite = Suite {
            documents: vec![Document {
                name: "distribution".to_owned(),
                title: String::new(),
                versions: vec![],
            }],
            requirements: vec![
                requirement("a", Binds::Registry, "1.1"),
                requirement("b", Binds::Document, "1.1"),
                requirement("c", Binds::Document, "1.1"),
                requirement("d", Binds::Registry, "dev"),
            ],
            ..Suite::default()
        };
        let profile = Profile {
            name: "p".to_owned(),
            says: String::new(),
            documents: vec![("distribution".to_owned(), "1.1".to_owned())],
        };
        let judged = |mismatches: Vec<Mismatch>| ExpectationOutcome {
            requirement: "b".to_owned(),
            level: Level::Must,
            step: 0,
            action: String::new(),
            file: String::new(),
            line: 1,
            exchange: 0,
            mismatches,
        };
        let mismatch = Mismatch {
            subject: String::new(),
            expected: String::new(),
            actual: String::new(),
        };
        let cases = [CaseOutcome {
            expectations: vec![judged(vec![]), judged(vec![mismatch])],
            ..case("pull/a/b", Verdict::Fail)
        }];
        let outcomes = requirements(&suite, &profile, &cases);
        let short: Vec<_> = outcomes.iter().map(|o| (o.id.as_str(), o.held, o.broken)).collect();
        assert_eq!(short, [("a", 0, 0), ("b", 1, 1)]);
    }
}
