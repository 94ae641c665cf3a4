//! A registry that is gone: what was under way by then, and what is written down of it.
//!
//! It cannot be asked which request it was that did it. So all scripts are named that lost a connection in the last
//! moments, and one of them is written down with its requests, up to the one that nobody answered.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::player::{Entry, Played};
use super::script::Aim;
use super::violation::{Oracle, Violation};
use super::{Finding, case};

/// How long ago a connection may have been lost: a registry is given some seconds to come back.
const MOMENT: Duration = Duration::from_secs(15);

/// How many scripts are remembered.
const MOST: usize = 16;

/// What an answer would satisfy, if there were one.
pub const ANY_ANSWER: &str = "{status: [1xx, 2xx, 3xx, 4xx, 5xx]}";

/// A script whose connection was lost, up to the request that was not answered.
#[derive(Debug)]
pub struct Cut {
    at: Instant,
    aim: Aim,
    choices: Vec<u8>,
    number: u64,
    played: Played,
}

/// The scripts that lost a connection last.
#[derive(Debug, Default)]
pub struct LastWords(VecDeque<Cut>);

impl LastWords {
    /// Remembers a script, if it lost a connection or waited in vain.
    pub fn add(&mut self, aim: Aim, choices: &[u8], number: u64, played: &Played) {
        let Some(lost) = played
            .violations
            .iter()
            .find(|v| matches!(v.oracle, Oracle::Lost | Oracle::Hang))
        else {
            return;
        };
        self.0.truncate(MOST - 1);
        self.0.push_front(Cut {
            at: Instant::now(),
            aim,
            choices: choices.to_vec(),
            number,
            played: Played {
                log: played.log[..=lost.call].to_vec(),
                pieces: played.pieces.clone(),
                ..Played::default()
            },
        });
    }

    /// What is found when nobody answers any more. `target` and `seed` are those of the campaign; without any last words,
    /// `noticed` is the number of the script that noticed.
    pub fn finding(&self, noticed: u64, target: &str, seed: u64) -> Finding {
        let under_way: Vec<&Cut> = self.0.iter().filter(|cut| cut.at.elapsed() < MOMENT).collect();
        let mut finding = Finding {
            oracle: Oracle::Dead,
            aim: Aim::Manifest,
            number: noticed,
            choices: Vec::new(),
            curl: Vec::new(),
            body: None,
            case: None,
            seen: "nobody answers any more; no request was under way that could have been the cause".to_owned(),
            signature: Oracle::Dead.name().to_owned(),
            occurrences: 1,
        };
        // What is stored is looked at with more care than what is asked.
        let writes = |cut: &&&Cut| cut.played.log.last().is_some_and(|entry| entry.call.body.is_some());
        let likely = under_way.iter().rev().find(writes).or(under_way.last());
        let Some(cut) = likely else { return finding };
        finding.seen = match under_way.len() {
            1 => "nobody answers any more".to_owned(),
            others => format!(
                "nobody answers any more; {others} scripts were under way ({}), of which the likeliest is shown: with \
                 `--jobs 1 --seed {seed}` there is one at a time",
                under_way
                    .iter()
                    .rev()
                    .map(|cut| cut.number.to_string())
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        };
        finding.aim = cut.aim;
        finding.number = cut.number;
        finding.choices = cut.choices.clone();
        finding.curl = cut.played.log.iter().map(line).collect();
        if let Some(last) = finding.curl.last_mut() {
            last.push_str("  (not answered)");
        }
        let bodies = cut.played.log.iter().rev();
        finding.body = bodies
            .filter_map(|entry| entry.call.body.as_deref())
            .next()
            .map(<[u8]>::to_vec);
        let violation = Violation {
            oracle: Oracle::Dead,
            call: cut.played.log.len() - 1,
            matcher: ANY_ANSWER.to_owned(),
            seen: finding.seen.clone(),
            signature: finding.signature.clone(),
        };
        let origin = case::Origin {
            seed,
            number: cut.number,
            target: target.to_owned(),
        };
        finding.case = case::write(cut.aim, &cut.choices, &cut.played, &violation, &origin);
        finding
    }
}

fn line(entry: &Entry) -> String {
    format!("{} {}", entry.call.method, entry.call.target)
}

#[cfg(test)]
mod tests {
    use super::super::player::Call;
    use super::*;

    fn played(lost: bool) -> Played {
        let entry = |call| Entry {
            call,
            status: None,
            curl: String::new(),
        };
        let violation = Violation {
            oracle: Oracle::Lost,
            call: 1,
            matcher: String::new(),
            seen: String::new(),
            signature: String::new(),
        };
        Played {
            log: vec![
                entry(Call::new("GET", "/v2/")),
                entry(Call::new("PUT", "/v2/${repo}/manifests/a").body(&b"{}"[..])),
                entry(Call::new("GET", "/v2/${repo}/manifests/a")),
            ],
            violations: lost.then_some(violation).into_iter().collect(),
            ..Played::default()
        }
    }

    #[test]
    fn who_was_under_way_is_named() {
        let mut words = LastWords::default();
        words.add(Aim::Manifest, &[1], 3, &played(false));
        let nobody = words.finding(7, "r", 5);
        assert_eq!((nobody.number, nobody.curl.len(), nobody.case), (7, 0, None));
        words.add(Aim::Index, &[1], 4, &played(true));
        let one = words.finding(7, "r", 5);
        assert_eq!(one.seen, "nobody answers any more");
        assert_eq!(
            one.curl,
            ["GET /v2/", "PUT /v2/${repo}/manifests/a  (not answered)"],
            "what came after it was not sent"
        );
        assert_eq!(one.body.as_deref(), Some(&b"{}"[..]));
        assert_eq!(one.case.as_deref().and_then(case::read), Some((Aim::Index, vec![1])));
        words.add(Aim::Upload, &[2], 9, &played(true));
        let mut asks = played(true);
        asks.log[1].call.body = None;
        words.add(Aim::Upload, &[3], 8, &asks);
        let two = words.finding(7, "r", 5);
        assert!(
            two.number == 4 && two.seen.contains("3 scripts were under way (4, 9, 8)"),
            "{}",
            two.seen
        );
        for number in 10..40 {
            words.add(Aim::Upload, &[2], number, &played(true));
        }
        assert_eq!(words.0.len(), MOST);
    }
}
