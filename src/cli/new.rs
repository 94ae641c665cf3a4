//! `referee new`: a file to begin with, which lints clean and passes.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Exit, Failure, print};

/// What is begun.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  referee new case quota/limits --dir mine
  referee lint mine")]
pub struct NewArguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A file of cases
    Case {
        /// Where it stands among the cases, which begins their ids: `quota/limits`
        #[arg(value_name = "AREA/FILE", value_parser = place)]
        place: String,
        /// The folder of cases
        #[arg(long, default_value = "cases", value_name = "DIR")]
        dir: PathBuf,
    },
}

/// The file: every part that a case usually has, to be changed into what is meant.
const CASE: &str = "\
# yaml-language-server: $schema=case.schema.json
# `referee schema > case.schema.json` writes the schema, `referee schema --format markdown` explains every key, and
# `referee explain 00-readme/first` shows what a case sends. The repository of Referee has the cases of 00-readme as files.
about: What the cases of this file have in common.
cases:
  - case: image-comes-back
    says: A pushed image is answered with the bytes that were pushed.
    needs: [push]
    content:
      image: {image: {layers: 1}}
    # Setup is not judged: what does not work here makes the case broken, not failed.
    setup:
      - push: image
    steps:
      - pull: image
        expect:
          # The requirement that is judged (`referee list requirements`), and what its answer owes.
          dist-pull-manifest-digest-200: {status: 200, content: image}
";

/// Writes the file, unless there is one.
pub fn new(arguments: NewArguments) -> Result<Exit, Failure> {
    let What::Case { place, dir } = arguments.what;
    let path = dir.join(format!("{place}.yaml"));
    let failed =
        |error: std::io::Error| Failure::new(Exit::Failed, format!("cannot write {}: {error}", path.display()));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = match File::create_new(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let message = format!(
                "{} is there already; add a case to it, or choose another name",
                path.display()
            );
            return Err(Failure::new(Exit::Usage, message));
        }
        Err(error) => return Err(failed(error)),
    };
    file.write_all(CASE.as_bytes()).map_err(failed)?;
    print(&format!(
        "{path}\nnext: referee lint {dir}, then referee run --cases {dir} --filter '{place}/*'\n",
        path = path.display(),
        dir = dir.display(),
    ));
    Ok(Exit::Conforms)
}

/// Names as the loader takes them, so that the path becomes an id.
fn place(text: &str) -> Result<String, String> {
    let fits = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    let place = text.strip_suffix(".yaml").unwrap_or(text);
    match place.split('/').collect::<Vec<_>>().as_slice() {
        [area, _] if *area == "spec" => Err("spec/ holds the catalogue, not cases".to_string()),
        [area, file] if fits(area) && fits(file) => Ok(place.to_string()),
        _ => Err("two names of lower-case letters, digits and hyphens are needed: AREA/FILE".to_string()),
    }
}
