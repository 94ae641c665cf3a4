//! What an author reads who made a mistake: a bad file for each, and the text that is shown for it.
//!
//! Every `tests/load_errors/NAME.yaml` is loaded beside the small catalogue in `tests/load_errors/spec/`; if its first line
//! is `# as: spec/FILE.yaml`, it stands in place of that file of the catalogue. The text is in `NAME.txt`; `BLESS=1`
//! writes it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use referee::load::{self, Code, Source};

const GOOD: &str = "\
about: Pulling.
cases:
  - case: good
    says: A blob can be pulled.
    content: {layer: {blob: {random: 100}}}
    steps: [{pull: layer, expect: {blob-200: {status: 200}}}]
";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/load_errors")
}

fn catalogue() -> Vec<Source> {
    ["distribution", "profiles", "capabilities", "always"]
        .map(|name| {
            let text = fs::read_to_string(folder().join(format!("spec/{name}.yaml"))).unwrap();
            Source::new(format!("cases/spec/{name}.yaml"), text)
        })
        .into()
}

/// The sources of one bad file: the catalogue, and the file or what it stands in for.
fn sources(name: &str, text: String) -> Vec<Source> {
    let mut sources = catalogue();
    let first = text.lines().next().unwrap_or_default();
    match first.strip_prefix("# as: ").map(|path| Source::new(path, text.clone())) {
        Some(instead) => {
            sources.retain(|source| source.name != instead.name);
            sources.push(instead);
            sources.push(Source::new("pull/good.yaml", GOOD));
        }
        None => sources.push(Source::new(format!("pull/{name}.yaml"), text)),
    }
    sources
}

fn bad_files() -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_string();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn the_catalogue_of_these_tests_is_good() {
    let mut sources = catalogue();
    sources.push(Source::new("pull/good.yaml", GOOD));
    load::load(&sources).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
}

#[test]
fn every_mistake_is_shown_as_it_was_agreed() {
    let bless = std::env::var_os("BLESS").is_some();
    let files = bad_files();
    assert!(files.len() >= 30);
    let mut wrong = Vec::new();
    for (name, text) in &files {
        let shown = match load::load(&sources(name, text.clone())) {
            Ok(_) => "nothing is wrong\n".to_string(),
            Err(diagnostics) => diagnostics.render(false),
        };
        let golden = folder().join(format!("{name}.txt"));
        if bless {
            fs::write(&golden, &shown).unwrap();
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        if shown != expected || shown.starts_with("nothing") {
            wrong.push(format!("── {name}: expected\n{expected}── got\n{shown}"));
        }
    }
    assert!(wrong.is_empty(), "{}\nBLESS=1 takes the new texts", wrong.join("\n"));
}

/// A kind of mistake that no file makes is one whose message nobody has looked at.
#[test]
fn every_kind_of_mistake_has_a_file() {
    let mut seen = BTreeSet::new();
    for (name, text) in bad_files() {
        if let Err(diagnostics) = load::load(&sources(&name, text)) {
            seen.extend(diagnostics.list().iter().map(|diagnostic| diagnostic.code));
        }
    }
    let unseen: Vec<&str> = Code::ALL
        .iter()
        .filter(|code| !seen.contains(code))
        .map(|code| code.name())
        .collect();
    // A file of more than 4 MiB is made below.
    assert!(unseen.is_empty(), "no file makes these mistakes: {unseen:?}");
}

#[test]
fn what_cannot_be_read_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let told = |dir: &Path| load::from_dir(dir).unwrap_err().to_string();
    assert!(told(&dir.path().join("missing")).contains("missing"));
    fs::write(dir.path().join("latin.yaml"), b"about: Pulling.\ncases: [\xe4]\n").unwrap();
    let message = told(dir.path());
    assert!(
        message.contains("latin.yaml") && message.contains("UTF-8") && message.contains("line 2"),
        "{message}"
    );
}

/// One change to a text: at which of a thousand parts of it, what is cut away, and what is put there.
fn change() -> impl Strategy<Value = (usize, usize, String)> {
    let odd = prop::sample::select(vec![
        "${",
        "}",
        "${i}",
        "$$",
        "[",
        "]",
        "{",
        ": ",
        ",",
        "\t",
        "\n",
        "\n  ",
        "- ",
        "&a ",
        "*a",
        "!t ",
        "---\n",
        "\"",
        "'",
        "|\n",
        "~1",
        "/",
        "0",
        "-1",
        "99999999999999999999",
        "3KiB",
        "4xx",
        "null",
        "true",
        "each: ",
        "together: ",
        "\u{202e}",
        "é",
        "(",
        "\\",
    ]);
    let text = prop_oneof![
        odd.prop_map(str::to_string),
        any::<char>().prop_map(String::from),
        Just(String::new())
    ];
    (0..1000usize, prop_oneof![Just(0), 0..8usize, 0..200usize], text)
}

fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever becomes of a file, it is loaded or refused with something to show.
    #[test]
    fn nothing_makes_the_loader_panic(file in 0..1000usize, changes in prop::collection::vec(change(), 1..6)) {
        let mut files = load::builtin();
        let mut source = files.swap_remove(file % files.len());
        // The start of a long file is as good as all of it.
        source.text.truncate(floor(&source.text, 8_000));
        for (part, cut, put) in changes {
            let from = floor(&source.text, source.text.len() * part / 1000);
            let to = floor(&source.text, from + cut);
            source.text.replace_range(from..to, &put);
        }
        let mut sources = catalogue();
        sources.retain(|other| other.name != source.name);
        sources.push(source);
        if let Err(diagnostics) = load::load(&sources) {
            prop_assert!(!diagnostics.list().is_empty());
            prop_assert!(diagnostics.render(true).len() > 20);
        }
    }
}
