//! Whether a registry gets slower or larger while it is fed.

use super::Finding;
use super::script::Aim;
use super::violation::Oracle;

/// How many looks are needed before anything is said.
const LOOKS: usize = 12;

/// How many times slower the last quarter has to be than the first, and by how many milliseconds at least. Where every
/// request adds the same to all later ones, it is seven times.
const SLOWER: f64 = 4.0;
const BY_MS: f64 = 25.0;

/// How many bytes larger a process has to be, and how many times what was sent meanwhile.
const LARGER: u64 = 48 << 20;
const TIMES_SENT: u64 = 25;

/// What was seen of the registry from time to time.
#[derive(Debug, Default)]
pub struct Trend {
    latencies: Vec<f64>,
    sizes: Vec<(u64, u64)>,
}

impl Trend {
    /// Adds what an ordinary push took, and looks at the process.
    pub fn add(&mut self, ms: f64, pid: Option<u32>, sent: u64) {
        self.latencies.push(ms);
        self.sizes.extend(pid.and_then(resident).map(|size| (size, sent)));
    }

    /// What it comes to.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some((first, last)) = quarters(&self.latencies)
            && last > first * SLOWER
            && last > first + BY_MS
        {
            let seen = format!("an ordinary push took {first:.1} ms at first and {last:.1} ms in the end");
            findings.push(finding(Oracle::Slower, seen));
        }
        // The first look is before pools and caches have filled.
        let warm = self.sizes.get(self.sizes.len() / 8);
        if let (Some((before, sent_before)), Some((after, sent))) = (warm, self.sizes.last())
            && self.sizes.len() >= LOOKS
        {
            let (grown, sent) = (after.saturating_sub(*before), sent - sent_before);
            if grown > LARGER && grown > sent * TIMES_SENT {
                let seen = format!("{} MiB more memory for {} KiB that were sent", grown >> 20, sent >> 10);
                findings.push(finding(Oracle::Larger, seen));
            }
        }
        findings
    }
}

/// The medians of the first and the last quarter.
fn quarters(values: &[f64]) -> Option<(f64, f64)> {
    if values.len() < LOOKS {
        return None;
    }
    let quarter = values.len() / 4;
    let median = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    Some((median(&values[..quarter]), median(&values[values.len() - quarter..])))
}

/// The memory that a process holds, in bytes.
fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok()? * 1024)
}

fn finding(oracle: Oracle, seen: String) -> Finding {
    Finding {
        oracle,
        aim: Aim::Manifest,
        number: 0,
        choices: Vec::new(),
        curl: Vec::new(),
        body: None,
        case: None,
        signature: oracle.name().to_owned(),
        seen,
        occurrences: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trend(latency: impl Fn(u64) -> f64, size: impl Fn(u64) -> u64) -> Vec<Oracle> {
        let trend = Trend {
            latencies: (0..40).map(&latency).collect(),
            sizes: (0..40).map(|at| (size(at) << 20, at << 14)).collect(),
        };
        trend.findings().iter().map(|finding| finding.oracle).collect()
    }

    #[test]
    fn only_what_grows_much_is_a_trend() {
        assert_eq!(trend(|_| 3.0, |_| 100), []);
        assert_eq!(trend(|at| 3.0 + at as f64 / 2.0, |_| 100), []);
        assert_eq!(trend(|at| 3.0 + (at * 4) as f64, |_| 100), [Oracle::Slower]);
        assert_eq!(trend(|_| 3.0, |at| 100 + 4 * at), [Oracle::Larger]);
        assert!(resident(std::process::id()).is_some_and(|size| size > 1 << 20));
    }
}
