//! `referee parse`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Exit, Failure, print};
use crate::oci::advice;
use crate::oci::any::AnyDocument;
use crate::oci::manifest::{Manifest, Role};
use crate::oci::media_type::MediaType;

/// The longest document that is read.
const MAX_LENGTH: u64 = 64 << 20;

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
            print(&description(&document, &bytes));
            Ok(Exit::Conforms)
        }
        Err(violations) => {
            let name = arguments.file.display();
            let lines = violations.iter().map(|violation| {
                let pointer = match violation.pointer.as_str() {
                    "" => "the document",
                    pointer => pointer,
                };
                format!("{name}:{}: {}: {}\n", violation.position, pointer, violation.fault)
            });
            print(&lines.collect::<String>());
            Ok(Exit::Findings)
        }
    }
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().take(MAX_LENGTH).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(file)?.take(MAX_LENGTH).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
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
