//! The forms a report can be written in, and the writing.
//!
//! Owns names and files. A file is either there whole or not at all: it is written beside its place and then moved.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{badge, github, har, html, json, junit, markdown, official};
use crate::outcome::Report;

/// A form that is written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// JUnit XML, for the pages of continuous integration.
    Junit,
    /// The master form, of which every other form can be made.
    Json,
    /// One page for a browser.
    Html,
    /// A summary for the page of a CI run.
    Markdown,
    /// A picture with the verdict of each category.
    Badge,
    /// Workflow commands that make annotations on GitHub.
    Github,
    /// Every exchange as an HTTP archive.
    Har,
    /// The `results.yaml` of the official suite.
    Official,
}

impl Format {
    /// Every form.
    pub const ALL: [Format; 8] = [
        Format::Junit,
        Format::Json,
        Format::Html,
        Format::Markdown,
        Format::Badge,
        Format::Github,
        Format::Har,
        Format::Official,
    ];

    /// The word for it on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Junit => "junit",
            Format::Json => "json",
            Format::Html => "html",
            Format::Markdown => "markdown",
            Format::Badge => "badge",
            Format::Github => "github",
            Format::Har => "har",
            Format::Official => "official",
        }
    }

    /// The file it is written to.
    pub fn file_name(self) -> &'static str {
        match self {
            Format::Junit => "junit.xml",
            Format::Json => "report.json",
            Format::Html => "report.html",
            Format::Markdown => "report.md",
            Format::Badge => "badge.svg",
            Format::Github => "annotations.txt",
            Format::Har => "report.har",
            Format::Official => "results.yaml",
        }
    }
}

/// Formats in the order given, each once.
pub fn each_once(formats: &[Format]) -> Vec<Format> {
    let mut once = Vec::new();
    for format in formats {
        if !once.contains(format) {
            once.push(*format);
        }
    }
    once
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|format| format.name() == text);
        found.ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

/// A word that names no form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no report format is called {0:?}: there are {names}", names = Format::ALL.map(Format::name).join(", "))]
pub struct UnknownFormat(pub String);

/// A report that could not be brought into a form: a mistake in Referee.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// As JUnit XML.
    #[error("cannot render the report as JUnit XML: {0}")]
    Junit(#[from] junit::JunitError),
    /// As JSON.
    #[error("cannot render the report as JSON: {0}")]
    Json(#[from] io::Error),
    /// As a page.
    #[error("cannot render the report as a page: {0}")]
    Page(#[from] askama::Error),
}

/// A report that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Its text could not be made.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The directory could not be made.
    #[error("cannot create the directory {}: {source}", .path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The file could not be written.
    #[error("cannot write {}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

/// The text of a report in one form.
///
/// # Errors
/// Only by a mistake in Referee: no report, whatever a target put into it, should make a form impossible.
pub fn render(report: &Report, format: Format) -> Result<String, RenderError> {
    Ok(match format {
        Format::Junit => junit::write(report)?,
        Format::Json => json::write(report)?,
        Format::Html => html::write(report)?,
        Format::Markdown => markdown::write(report),
        Format::Badge => badge::write(report),
        Format::Github => github::write(report),
        Format::Har => har::write(report)?,
        Format::Official => official::write(report),
    })
}

/// Makes the directory of the reports and sees whether it can be written to, before a run whose report would be lost.
///
/// # Errors
/// Names the path that could not be made or written.
pub fn prepare(dir: &Path) -> Result<(), WriteError> {
    fs::create_dir_all(dir).map_err(|source| WriteError::Directory {
        path: dir.to_owned(),
        source,
    })?;
    let path = dir.join(format!(".{}.try", std::process::id()));
    File::create(&path)
        .and_then(|_| fs::remove_file(&path))
        .map_err(|source| WriteError::File { path, source })
}

/// Writes a report in each of `formats`, once, into `dir`, which is made if it is missing, and returns the paths.
///
/// # Errors
/// Names the path that could not be made or written. A file that was there before is then as it was.
pub fn write_files(report: &Report, dir: &Path, formats: &[Format]) -> Result<Vec<PathBuf>, WriteError> {
    fs::create_dir_all(dir).map_err(|source| WriteError::Directory {
        path: dir.to_owned(),
        source,
    })?;
    // What is large is written piece by piece beside the others. Those are in memory whole, and so one after the other; each
    // waits for the disk by itself.
    std::thread::scope(|scope| {
        let formats = each_once(formats);
        let spawn_streamed = |format: &Format| {
            let format = *format;
            is_streamed(format).then(|| scope.spawn(move || write_file(report, dir, format).and_then(place)))
        };
        let mut writing: Vec<_> = formats.iter().map(spawn_streamed).collect();
        for (format, thread) in formats.iter().zip(&mut writing) {
            thread.get_or_insert_with(|| {
                let written = write_file(report, dir, *format);
                scope.spawn(|| written.and_then(place))
            });
        }
        let written = writing.into_iter().flatten().map(|one| one.join());
        written
            .map(|one| one.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// Whether a form has every exchange: such are never in memory whole.
fn is_streamed(format: Format) -> bool {
    matches!(format, Format::Json | Format::Har)
}

fn write_file(report: &Report, dir: &Path, format: Format) -> Result<Partial, WriteError> {
    let path = dir.join(format.file_name());
    Partial::write(&path, |file| stream(report, format, file)).map_err(|error| match error.downcast() {
        Ok(error) => WriteError::Render(error),
        Err(source) => WriteError::File { path, source },
    })
}

/// Writes a report in one form.
fn stream(report: &Report, format: Format, out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    match format {
        Format::Json => json::write_to(report, &mut out)?,
        Format::Har => har::write_to(report, &mut out)?,
        small => out.write_all(render(report, small).map_err(io::Error::other)?.as_bytes())?,
    }
    out.flush()
}

fn place(partial: Partial) -> Result<PathBuf, WriteError> {
    let path = partial.place.clone();
    partial
        .put_in_place()
        .map_err(|source| WriteError::File { path, source })
}

/// A file that is written and not yet in its place.
struct Partial {
    file: File,
    path: PathBuf,
    place: PathBuf,
}

impl Partial {
    /// Writes a file beside the place at `path`. If that fails nothing is left.
    fn write(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<Self> {
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(format!(".{}.partial", std::process::id()));
        let partial = path.with_file_name(name);
        let mut partial = Self {
            file: File::create(&partial)?,
            path: partial,
            place: path.to_owned(),
        };
        match write(&mut partial.file) {
            Ok(()) => Ok(partial),
            Err(error) => Err(partial.give_up(error)),
        }
    }

    /// Puts it in the place of the file that is there, all at once, and says where that is.
    fn put_in_place(self) -> io::Result<PathBuf> {
        match self.file.sync_all().and_then(|()| fs::rename(&self.path, &self.place)) {
            Ok(()) => Ok(self.place),
            Err(error) => Err(self.give_up(error)),
        }
    }

    fn give_up(self, error: io::Error) -> io::Error {
        // The first error is the one to tell.
        let _ = fs::remove_file(&self.path);
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_found_by_name() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        let error = "xml".parse::<Format>().unwrap_err();
        let names = Format::ALL.map(Format::name).join(", ");
        assert_eq!(
            error.to_string(),
            format!("no report format is called \"xml\": there are {names}")
        );
    }

    #[test]
    fn a_form_that_is_named_twice_is_written_once() {
        let (json, html) = (Format::Json, Format::Html);
        assert_eq!(each_once(&[html, json, html, json]), [html, json]);
    }

    #[test]
    fn a_file_is_replaced_whole_or_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("junit.xml");
        let put = |path: &Path, bytes: &[u8]| Partial::write(path, |file| file.write_all(bytes))?.put_in_place();
        put(&path, b"old").unwrap();
        put(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let occupied = dir.path().join("report.json");
        fs::create_dir_all(occupied.join("x")).unwrap();
        assert!(put(&occupied, b"new").is_err());
        let mut left: Vec<_> = fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["junit.xml", "report.json"]);
    }
}
