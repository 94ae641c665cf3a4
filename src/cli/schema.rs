//! `referee schema`.

use clap::{Args, ValueEnum};

use super::{Exit, Failure, print};
use crate::load::{self, FileKind};
use crate::report::json;

const EXAMPLES: &str = "\
Example:
  referee schema > case.schema.json
Then begin a case file with this line, and an editor completes and checks it:
  # yaml-language-server: $schema=case.schema.json";

/// What is printed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SchemaArguments {
    /// The kind of file that the schema describes
    #[arg(long, value_enum, default_value = "cases", value_name = "KIND")]
    of: Kind,
    /// `json` is a JSON Schema (draft 2020-12), `markdown` the reference of the whole format
    #[arg(long, value_enum, default_value = "json", value_name = "FORMAT")]
    format: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Cases,
    Document,
    Profiles,
    Capabilities,
    Always,
    /// The JSON report of a run
    Report,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Json,
    Markdown,
}

/// Prints the JSON Schema of a kind of file, or the reference of the format.
pub fn schema(arguments: SchemaArguments) -> Result<Exit, Failure> {
    if arguments.format == Form::Markdown {
        if arguments.of == Kind::Report {
            let message = "there is a JSON Schema of reports, and no reference in Markdown: leave out --format";
            return Err(Failure::new(Exit::Usage, message));
        }
        print(&load::reference());
        return Ok(Exit::Conforms);
    }
    let kind = match arguments.of {
        Kind::Cases => FileKind::Cases,
        Kind::Document => FileKind::Document,
        Kind::Profiles => FileKind::Profiles,
        Kind::Capabilities => FileKind::Capabilities,
        Kind::Always => FileKind::Always,
        Kind::Report => {
            print(json::JSON_SCHEMA);
            return Ok(Exit::Conforms);
        }
    };
    print(&format!("{:#}\n", load::schema(kind)));
    Ok(Exit::Conforms)
}
