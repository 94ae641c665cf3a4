//! Defects of the reference registry, one at a time: each breaks one requirement, and what checks registries has to
//! notice it.
//!
//! A mutant acts at one place of the code: where the decision is made that it gets wrong, or in
//! [`defects`](super::defects), before a request is handled or after, so that the code of the plain registry stays
//! readable.

use std::fmt;
use std::str::FromStr;

/// Declares the mutants: name, the requirement that it breaks, what it does wrong.
macro_rules! mutants {
    ($($name:ident $requirement:literal $doc:literal;)+) => {
        /// The reference registry with one deliberate defect.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Mutant {
            $(#[doc = $doc] $name,)+
        }

        impl Mutant {
            /// All of them, by area.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The requirement of the catalogue that it breaks.
            pub fn breaks(self) -> &'static str {
                match self {
                    $(Self::$name => $requirement,)+
                }
            }

            /// What it does wrong, in a sentence.
            pub fn doc(self) -> &'static str {
                match self {
                    $(Self::$name => $doc,)+
                }
            }
        }

        /// The names of all mutants, in their order.
        pub(super) static NAMES: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| vec![$(super::kebab_case(stringify!($name))),+]);
    };
}

mod list;

pub use list::Mutant;

impl Mutant {
    /// Its name on the command line and in reports, in kebab case.
    pub fn name(self) -> &'static str {
        list::NAMES.get(self as usize).map_or("", String::as_str)
    }

    /// Whether it sits in a corner that only a fuzzer reaches, so that no case has to find it.
    pub fn is_deep(self) -> bool {
        self.name().starts_with("deep-")
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Mutant {
    type Err = UnknownMutant;

    fn from_str(name: &str) -> Result<Self, UnknownMutant> {
        Self::ALL
            .iter()
            .copied()
            .find(|mutant| mutant.name() == name)
            .ok_or_else(|| UnknownMutant(name.to_owned()))
    }
}

/// No mutant has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no mutant `{0}`")]
pub struct UnknownMutant(pub String);

/// `PingGone` as `ping-gone`; a digit starts a word of its own.
pub(super) fn kebab_case(name: &str) -> String {
    let mut kebab = String::with_capacity(name.len() + 8);
    let mut after_digit = false;
    for letter in name.chars() {
        let is_digit = letter.is_ascii_digit();
        if !kebab.is_empty() && (letter.is_ascii_uppercase() || is_digit && !after_digit) {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
        after_digit = is_digit;
    }
    kebab
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kebab_case_and_parse_back() {
        assert_eq!(kebab_case("HeadBlob404AsOk"), "head-blob-404-as-ok");
        for mutant in Mutant::ALL {
            assert_eq!(mutant.name().parse(), Ok(*mutant));
            assert!(mutant.doc().ends_with('.'), "{mutant}");
        }
        assert!("no-such-mutant".parse::<Mutant>().is_err());
    }
}
