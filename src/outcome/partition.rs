//! A run spread over several machines: which part a case belongs to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The most parts of a run.
const MOST: u32 = 1000;

/// One part of a run, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partition {
    /// Which part.
    pub part: u32,
    /// Of how many.
    pub of: u32,
}

impl Partition {
    /// Whether a case belongs to this part. It depends on the case's id alone, so that a new case moves no other.
    pub fn holds(self, case: &str) -> bool {
        let hash = Sha256::digest(case.as_bytes());
        let number = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
        number % self.of == self.part - 1
    }
}

/// Why a text is no part of a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a part is written K/N, such as 2/8: N from 1 to {MOST}, K from 1 to N")]
pub struct PartitionError;

impl FromStr for Partition {
    type Err = PartitionError;

    fn from_str(text: &str) -> Result<Self, PartitionError> {
        let (part, of) = text.split_once('/').ok_or(PartitionError)?;
        let number = |text: &str| text.parse::<u32>().map_err(|_| PartitionError);
        let (part, of) = (number(part)?, number(of)?);
        if part == 0 || part > of || of > MOST {
            return Err(PartitionError);
        }
        Ok(Self { part, of })
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.part, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_is_in_exactly_one_part() {
        for case in ["pull/blobs/a", "pull/blobs/b[x]", ""] {
            let holding = (1..=8).filter(|part| Partition { part: *part, of: 8 }.holds(case));
            assert_eq!(holding.count(), 1);
        }
    }

    #[test]
    fn parts_are_written_as_fractions() {
        assert_eq!("2/8".parse(), Ok(Partition { part: 2, of: 8 }));
        for wrong in ["", "2", "0/8", "9/8", "1/0", "-1/2", "1/1001", "a/b"] {
            assert_eq!(wrong.parse::<Partition>(), Err(PartitionError), "{wrong}");
        }
    }
}
