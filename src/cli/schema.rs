//! `referee schema`.

use super::{Exit, Failure, print};

/// Prints the JSON Schema of case files.
pub fn schema() -> Result<Exit, Failure> {
    let text = serde_json::to_string_pretty(&crate::load::schema())
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot print the schema: {error}")))?;
    print(&format!("{text}\n"));
    Ok(Exit::Conforms)
}
