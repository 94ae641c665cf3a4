//! Where the files come from.
//!
//! Owns the embedded case files and the walk through a directory. It refuses to know what is in a file.

use std::fs;
use std::io;
use std::path::Path;

use include_dir::{Dir, include_dir};

use super::tree::MAX_BYTES;

static CASES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/cases");

/// Directories below the one that is read.
const MAX_DEPTH: usize = 16;
/// Files in one directory tree.
const MAX_FILES: usize = 10_000;

/// A file of cases or of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path as the user knows it.
    pub path: String,
    /// The first part of the ids of its cases: the path below the directory of cases, without `.yaml`.
    pub name: String,
    /// What is in it.
    pub text: String,
}

impl Source {
    /// A file whose path is relative to the directory of cases, with or without a leading `cases/`.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let path = path.into();
        let name = name_of(path.strip_prefix("cases/").unwrap_or(&path));
        Self {
            path,
            name,
            text: text.into(),
        }
    }
}

/// The case files and the catalogue that are part of the program.
pub fn builtin() -> Vec<Source> {
    let mut sources = Vec::new();
    embedded(&CASES, &mut sources);
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    sources
}

/// Every `.yaml` file below `dir`, sorted by name, or `dir` itself if it is such a file. Links to directories are not followed, so a walk ends.
///
/// # Errors
/// Whatever reading gives; and [`io::ErrorKind::InvalidData`] for a file that is too large or not UTF-8, too many files
/// or directories that are too deep.
pub fn from_dir(dir: impl AsRef<Path>) -> io::Result<Vec<Source>> {
    let mut sources = Vec::new();
    let path = dir.as_ref();
    if path.exists() && !path.is_file() && !path.is_dir() {
        return Err(refused(path, "is neither a file nor a folder"));
    }
    if path.is_file() {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Err(refused(path, "has a name that is not UTF-8"));
        };
        if !is_yaml(name) {
            return Err(refused(path, "is no case file (*.yaml)"));
        }
        sources.push(read(path, name)?);
        return Ok(sources);
    }
    let mut unreadable = Vec::new();
    walk(path, "", 0, &mut sources, &mut unreadable)?;
    if !unreadable.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, unreadable.join("\n")));
    }
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(sources)
}

fn embedded(dir: &Dir<'static>, sources: &mut Vec<Source>) {
    for file in dir.files() {
        if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8())
            && is_yaml(path)
        {
            sources.push(Source::new(format!("cases/{path}"), text));
        }
    }
    for inner in dir.dirs() {
        embedded(inner, sources);
    }
}

/// Gathers what is below a directory; what is wrong with a single file goes to `unreadable`, for there may be more of it.
fn walk(
    dir: &Path,
    below: &str,
    depth: usize,
    sources: &mut Vec<Source>,
    unreadable: &mut Vec<String>,
) -> io::Result<()> {
    if depth > MAX_DEPTH {
        return Err(refused(dir, "is too deep a directory"));
    }
    for entry in fs::read_dir(dir).map_err(|error| at(dir, &error))? {
        let entry = entry.map_err(|error| at(dir, &error))?;
        let path = entry.path();
        let Some(name) = entry.file_name().to_str().map(|name| format!("{below}{name}")) else {
            return Err(refused(&path, "has a name that is not UTF-8"));
        };
        let kind = entry.file_type().map_err(|error| at(&path, &error))?;
        if kind.is_dir() {
            walk(&path, &format!("{name}/"), depth + 1, sources, unreadable)?;
        } else if is_yaml(&name) {
            let metadata = fs::metadata(&path).map_err(|error| at(&path, &error))?;
            if !metadata.is_file() {
                continue;
            }
            if sources.len() + unreadable.len() == MAX_FILES {
                return Err(refused(&path, "is one file too many"));
            }
            match read(&path, &name) {
                Ok(source) => sources.push(source),
                Err(error) => unreadable.push(error.to_string()),
            }
        }
    }
    Ok(())
}

/// Reads one file, whose name below the directory is `name`.
fn read(path: &Path, name: &str) -> io::Result<Source> {
    let length = fs::metadata(path).map_err(|error| at(path, &error))?.len();
    if length > MAX_BYTES as u64 {
        return Err(refused(path, "is larger than 4 MiB"));
    }
    let bytes = fs::read(path).map_err(|error| at(path, &error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
        refused(path, &format!("is not UTF-8: see line {line}"))
    })?;
    Ok(Source {
        path: path.display().to_string(),
        name: name_of(name),
        text,
    })
}

fn is_yaml(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}

fn name_of(path: &str) -> String {
    let path = path.trim_start_matches("./").replace('\\', "/");
    let stem = path.strip_suffix(".yaml").or_else(|| path.strip_suffix(".yml"));
    stem.unwrap_or(&path).to_string()
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn refused(path: &Path, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{} {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_to_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("push")).unwrap();
        fs::write(dir.path().join("push/blobs.yaml"), "a: 1").unwrap();
        fs::write(dir.path().join("notes.md"), "").unwrap();
        let sources = from_dir(dir.path()).unwrap();
        assert_eq!(sources.len(), 1);
        assert_eq!(sources[0].name, "push/blobs");
        assert!(sources[0].path.ends_with("push/blobs.yaml"));
    }

    #[cfg(unix)]
    #[test]
    fn a_loop_of_links_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("loop")).unwrap();
        assert!(from_dir(dir.path()).unwrap().is_empty());
    }

    #[test]
    fn a_huge_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.yaml"), vec![b' '; MAX_BYTES + 1]).unwrap();
        assert!(from_dir(dir.path()).unwrap_err().to_string().contains("4 MiB"));
    }

    #[test]
    fn every_file_that_is_no_text_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.yaml"), b"a: 1\nb: \xff").unwrap();
        fs::write(dir.path().join("b.yaml"), "a: 1").unwrap();
        fs::write(dir.path().join("c.yaml"), b"\xff").unwrap();
        let error = from_dir(dir.path()).unwrap_err().to_string();
        let told: Vec<&str> = error.lines().collect();
        assert_eq!(told.len(), 2, "{error}");
        assert!(error.contains("a.yaml is not UTF-8: see line 2") && error.contains("c.yaml is not UTF-8: see line 1"));
    }

    #[test]
    fn the_embedded_files_are_known_as_users_know_them() {
        assert!(builtin().iter().all(|source| source.path.starts_with("cases/")));
    }
}
