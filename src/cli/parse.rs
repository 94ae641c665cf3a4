//! `referee parse`.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use clap::Args;

use super::{Exit, Failure, print};
use crate::oci::advice;
use crate::oci::any::AnyDocument;
use crate::oci::json::MAX_SIZE;
use crate::oci::manifest::{Manifest, Role};
use crate::oci::media_type::MediaType;
use crate::report::printable;

/// How long the end of what is no file is waited for.
const QUIET: Duration = Duration::from_secs(5);

/// Characters of what is said about a document, and about one fault.
const DESCRIPTION: usize = 1 << 20;
const FAULT: usize = 4000;

const EXAMPLES: &str = "\
Examples:
  referee parse manifest.json
  referee parse - --as application/vnd.cncf.oras.artifact.manifest.v1+json < artifact.json";

/// What is parsed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ParseArguments {
    /// The document; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The media type that it is said to be of; without it, what the document says of itself or shows by its members
    #[arg(long = "as", value_name = "TYPE")]
    declared: Option<String>,
}

/// Prints what a document is and what it refers to, or everything that is wrong with it and where.
pub fn parse(arguments: ParseArguments) -> Result<Exit, Failure> {
    let declared = arguments
        .declared
        .map(|text| text.parse::<MediaType>())
        .transpose()
        .map_err(|error| Failure::new(Exit::Usage, format!("--as: {error}")))?;
    let bytes = read(&arguments.file).map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("cannot read {}: {error}", arguments.file.display()),
        )
    })?;
    match AnyDocument::parse_all(&bytes, declared.as_ref(), Default::default()) {
        Ok(document) => {
            print(&printable::lines(&description(&document, &bytes), DESCRIPTION));
            Ok(Exit::Conforms)
        }
        Err(mut violations) => {
            violations.sort_by_key(|violation| violation.position.offset);
            let name = arguments.file.display();
            let lines = violations.iter().map(|violation| {
                let pointer = match violation.pointer.as_str() {
                    "" => "the document",
                    pointer => pointer,
                };
                let line = format!("{name}:{}: {}: {}", violation.position, pointer, violation.fault);
                printable::line(&line, FAULT) + "\n"
            });
            print(&lines.collect::<String>());
            Ok(Exit::Findings)
        }
    }
}

/// The bytes of a document. No more than a document may have are read, so that no device fills the memory; and what stands
/// for a file and may never end or begin, such as a pipe that nobody writes to, is not waited for without end.
fn read(file: &Path) -> Result<Vec<u8>, String> {
    let plain = |error: std::io::Error| error.to_string();
    if file == Path::new("-") {
        return bounded(std::io::stdin()).map_err(plain)?.ok_or_else(too_long);
    }
    let is_file = std::fs::metadata(file).map_err(plain)?.is_file();
    let (to, from) = mpsc::channel();
    let path = file.to_owned();
    // A thread that still waits ends with the program.
    std::thread::spawn(move || to.send(std::fs::File::open(path).and_then(bounded)));
    let read = match is_file {
        true => from.recv().map_err(|error| error.to_string())?,
        false => from.recv_timeout(QUIET).map_err(|_| {
            format!(
                "it is no file, and did not end within {} s; `-` reads standard input for as long as it takes",
                QUIET.as_secs()
            )
        })?,
    };
    read.map_err(plain)?.ok_or_else(too_long)
}

/// All that is there, unless that is longer than a document may be.
fn bounded(from: impl std::io::Read) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    from.take(MAX_SIZE as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= MAX_SIZE).then_some(bytes))
}

fn too_long() -> String {
    format!(
        "it is longer than {} MiB, the most that is read of a document",
        MAX_SIZE >> 20
    )
}

fn description(document: &AnyDocument, bytes: &[u8]) -> String {
    let mut text = format!(
        "{}\ndigest         {}\nsize           {}\n",
        document.name(),
        document.digest(bytes),
        bytes.len()
    );
    if let AnyDocument::Manifest(manifest, _) = document {
        if let Some(artifact_type) = manifest.artifact_type() {
            text.push_str(&format!("artifact type  {artifact_type}\n"));
        }
        if let Manifest::OciArtifact(artifact) = manifest.as_ref()
            && artifact.subject.is_some()
        {
            text.push_str(&format!("subject as     {}\n", artifact.subject_name.as_str()));
        }
    }
    for link in document.links() {
        let role = match link.role {
            Role::Config => "config",
            Role::Layer => "layer",
            Role::Blob => "blob",
            Role::Manifest => "manifest",
            Role::Subject => "subject",
        };
        let size = link.size.map_or("-".to_owned(), |size| size.to_string());
        let media_type = link.media_type.map_or("-", MediaType::as_written);
        text.push_str(&format!("{role:14} {} {size} {media_type}\n", link.digest));
    }
    for encryption in document.encryptions() {
        for (protocol, count) in &encryption.keys {
            text.push_str(&format!(
                "keys           {count} by {protocol} for {}\n",
                encryption.cipher
            ));
        }
    }
    if let AnyDocument::Manifest(manifest, _) = document {
        for advice in advice::on(manifest) {
            text.push_str(&format!("advice         {}: {}\n", advice.pointer, advice.text));
        }
    }
    text
}
