//! `referee parse-suite`.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde_json::json;

use super::suite::{SuiteArguments, load_suite};
use super::{Exit, Failure, print};
use crate::case::ParseVerdict;
use crate::report::plural;
use crate::runner::{Parsed, Vector, parse_strictly, vectors};

/// How long a foreign parser may think about one document.
const LIMIT: Duration = Duration::from_secs(10);

const EXAMPLES: &str = "\
Example:
  referee parse-suite --parser-cmd './my-parser --type $MEDIA_TYPE'";

/// Which parser is judged.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ParseSuiteArguments {
    /// A program, run by the shell for each document: the document on standard input, its media type in MEDIA_TYPE, exit
    /// code 0 for accepted, 1 for refused and 3 for a kind that it does not read, any other for a failure of its own;
    /// without it, Referee's own parser
    #[arg(long, value_name = "COMMAND", value_parser = NonEmptyStringValueParser::new())]
    parser_cmd: Option<String>,
    /// Write the documents into this folder instead, with the verdicts that are owed in vectors.json, for other projects
    #[arg(long, value_name = "DIR", conflicts_with = "parser_cmd")]
    emit: Option<PathBuf>,
    #[command(flatten)]
    suite: SuiteArguments,
}

/// Hands every document to the parser and prints where its verdict differs from the one that it owes.
pub fn parse_suite(arguments: ParseSuiteArguments) -> Result<Exit, Failure> {
    let suite = load_suite(&arguments.suite)?.suite;
    let all = vectors(&suite).map_err(|error| Failure::new(Exit::Usage, error))?;
    if all.is_empty() {
        return Err(Failure::new(Exit::NothingSelected, "no case has `parse`"));
    }
    if let Some(folder) = &arguments.emit {
        let count = emit(&all, folder)
            .map_err(|error| Failure::new(Exit::Failed, format!("cannot write {}: {error}", folder.display())))?;
        let documents = plural(count, "document", "documents");
        print(&format!("{documents} in {}\n", folder.display()));
        return Ok(Exit::Conforms);
    }
    let (mut judged, mut wrong, mut unread) = (0, 0, 0);
    let mut text = String::new();
    for vector in &all {
        let asked = match &arguments.parser_cmd {
            None => Ok(Some(parse_strictly(vector))),
            Some(command) => ask(command, vector),
        };
        let verdict = match asked {
            Ok(None) => {
                unread += 1;
                continue;
            }
            Ok(Some(parsed)) => {
                judged += 1;
                if vector.is_satisfied_by(&parsed) {
                    continue;
                }
                match parsed {
                    Parsed::Accepted => "accepted",
                    Parsed::Refused(_) => "refused",
                }
            }
            // A program that has judged nothing yet is no parser, rather than one with a mistake.
            Err(error) if judged == 0 => {
                let command = arguments.parser_cmd.as_deref().unwrap_or_default();
                let message = format!("the parser `{command}` failed on {}: {error}", vector.id);
                return Err(Failure::new(Exit::Usage, message));
            }
            Err(_) => "failed",
        };
        wrong += 1;
        text.push_str(&format!(
            "{verdict:8} {}  {} [{}]\n",
            vector.id, vector.says, vector.requirement
        ));
    }
    if judged == 0 {
        return Err(Failure::new(
            Exit::NothingSelected,
            "the parser reads none of the documents",
        ));
    }
    let of_other_kinds = match unread {
        0 => String::new(),
        _ => format!(", {unread} of a kind that it does not read"),
    };
    text.push_str(&format!(
        "{}{of_other_kinds}, {wrong} with another verdict than owed\n",
        plural(all.len(), "document", "documents")
    ));
    print(&text);
    Ok(if wrong == 0 { Exit::Conforms } else { Exit::Findings })
}

/// Writes each document into a file of its own, and a list of what they are and what a parser owes them. How many there
/// are.
fn emit(all: &[Vector], folder: &Path) -> std::io::Result<usize> {
    std::fs::create_dir_all(folder)?;
    let mut list = Vec::new();
    let mut names = BTreeSet::new();
    for vector in all {
        let name = format!("{}.json", file_name(&vector.id));
        if names.insert(name.clone()) {
            std::fs::write(folder.join(&name), &vector.bytes)?;
        }
        let (verdict, pointer) = match &vector.verdict {
            ParseVerdict::Accepted => ("accepted", None),
            ParseVerdict::Refused(pointer) => ("refused", pointer.as_deref()),
        };
        list.push(json!({
            "id": vector.id,
            "file": name,
            "mediaType": vector.media_type,
            "verdict": verdict,
            "pointer": pointer,
            "requirement": vector.requirement,
            "says": vector.says,
        }));
    }
    std::fs::write(
        folder.join("vectors.json"),
        format!("{:#}\n", json!({ "vectors": list })),
    )?;
    Ok(names.len())
}

/// A name for the file of a document: its id with hyphens for what not every file system takes.
fn file_name(id: &str) -> String {
    let words = id
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// Runs the program on one document. A verdict is an exit code of 0 or 1, none is 3; anything else is a failure of the
/// program.
fn ask(command: &str, vector: &Vector) -> Result<Option<Parsed>, String> {
    let mut child = Command::new("sh")
        .args(["-c", command])
        .env("MEDIA_TYPE", &vector.media_type)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    if let Some(mut stdin) = child.stdin.take() {
        let bytes = vector.bytes.clone();
        // A parser may decide before it has read everything, which closes the pipe.
        std::thread::spawn(move || drop(stdin.write_all(&bytes)));
    }
    let started = Instant::now();
    loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => {
                return match status.code() {
                    Some(0) => Ok(Some(Parsed::Accepted)),
                    Some(1) => Ok(Some(Parsed::Refused(Vec::new()))),
                    Some(3) => Ok(None),
                    Some(code) => Err(format!("it ended with {code}, where 0 is accepted and 1 is refused")),
                    None => Err("it was killed by a signal".to_string()),
                };
            }
            None if started.elapsed() > LIMIT => {
                // What cannot be killed has ended by itself.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("no verdict within {} s", LIMIT.as_secs()));
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}
