//! Loading the suite for a command: the built-in cases, and the user's own.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;

use super::{Exit, Failure, did_you_mean};
use crate::case::{Profile, Suite};
use crate::load::{self, Source};
use crate::oci::digest::{Algorithm, Hasher};
use crate::runner::Filter;

/// Which cases there are.
#[derive(Debug, Clone, Args)]
pub struct SuiteArguments {
    /// Own cases beside the built-in ones: a YAML file or a folder of them (repeatable)
    #[arg(long, value_name = "PATH")]
    pub cases: Vec<PathBuf>,
    /// Leave out the built-in cases; the built-in catalogue and probes stay
    #[arg(long, requires = "cases")]
    pub only_own_cases: bool,
}

/// A suite, and what tells it from others.
pub struct Loaded {
    /// The suite.
    pub suite: Suite,
    /// SHA-256 over every file it was loaded from.
    pub digest: String,
}

/// Loads the suite; every mistake in a case file is told at once.
pub fn load_suite(arguments: &SuiteArguments) -> Result<Loaded, Failure> {
    let sources = sources(&arguments.cases, arguments.only_own_cases)?;
    let digest = digest_of(&sources);
    let suite = load::load(&sources).map_err(|diagnostics| Failure::diagnostics(&diagnostics))?;
    Ok(Loaded { suite, digest })
}

/// The built-in files and those of the user's folders. A folder with a catalogue of its own (`spec/`) is a whole suite
/// and stands in place of the built-in one.
pub fn sources(folders: &[PathBuf], only_own_cases: bool) -> Result<Vec<Source>, Failure> {
    let mut built_in = load::builtin();
    if only_own_cases {
        built_in.retain(|source| source.name.starts_with("spec/"));
    }
    let mut own = Vec::new();
    for folder in folders {
        let inside =
            load::from_dir(folder).map_err(|error| Failure::new(Exit::Usage, format!("cannot read cases: {error}")))?;
        if inside.is_empty() {
            let message = format!("there is no case file (*.yaml) below {}", folder.display());
            return Err(Failure::new(Exit::Usage, message));
        }
        own.extend(inside);
    }
    if own.iter().any(|source| source.name.starts_with("spec/")) {
        built_in.clear();
    }
    built_in.extend(own);
    Ok(built_in)
}

/// The profile of this name.
pub fn profile<'a>(suite: &'a Suite, name: &str) -> Result<&'a Profile, Failure> {
    suite.profile(name).ok_or_else(|| {
        let names: Vec<&str> = suite.profiles.iter().map(|profile| profile.name.as_str()).collect();
        Failure::new(
            Exit::Usage,
            format!("there is no profile `{name}`; the profiles are {}", names.join(", ")),
        )
    })
}

/// Checks that every name in the filters means something.
pub fn check_filters(suite: &Suite, filters: &[Filter]) -> Result<(), Failure> {
    match filters.iter().flat_map(|filter| filter.unknown(suite)).next() {
        None => Ok(()),
        Some(unknown) => {
            let hint = match unknown.kind {
                // They are few and stand in no list, and the nearest spelling need not be what was meant.
                "area" => format!("the areas are {}", sorted(&unknown.known).join(", ")),
                "requirement" => did_you_mean(unknown.name, unknown.known, "`referee list requirements` names them"),
                _ => did_you_mean(unknown.name, unknown.known, "`referee list capabilities` names them"),
            };
            let message = format!("--filter: there is no {} `{}`; {hint}", unknown.kind, unknown.name);
            Err(Failure::new(Exit::Usage, message))
        }
    }
}

fn sorted<'n>(names: &[&'n str]) -> Vec<&'n str> {
    let names: BTreeSet<&str> = names.iter().copied().collect();
    names.into_iter().collect()
}

fn digest_of(sources: &[Source]) -> String {
    let mut hasher = Hasher::new(Algorithm::Sha256);
    for source in sources {
        hasher.update(source.path.as_bytes());
        hasher.update(&[0]);
        hasher.update(source.text.as_bytes());
        hasher.update(&[0]);
    }
    hasher.finish().to_string()
}
