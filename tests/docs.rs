//! The lists in `docs/` are those that the program prints (`BLESS=1` writes them), and the pages are linked.

#[path = "cli/program.rs"]
#[allow(
    dead_code,
    reason = "shared by several test programs, not all of which use all of it"
)]
mod program;

use std::fs;
use std::path::Path;

const PAGES: [&str; 4] = [
    "writing-a-case.md",
    "writing-a-requirement.md",
    "writing-a-mutant.md",
    "writing-a-matcher.md",
];

const BEGIN: &str = "<!-- printed: ";
const END: &str = "<!-- end -->";

#[test]
fn printed_lists_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for page in PAGES {
        let path = root.join("docs").join(page);
        let text = fs::read_to_string(&path).unwrap();
        let (before, rest) = text.split_once(BEGIN).unwrap();
        let (command, rest) = rest.split_once(" -->\n").unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        let current = format!("{before}{BEGIN}{command} -->\n{}{END}{after}", printed(command));
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, current).unwrap();
        } else {
            assert!(
                text == current,
                "docs/{page} is not current: run this test with BLESS=1"
            );
        }
    }
}

/// What a command prints: a list as code, of a page in Markdown the part under the headings that begin with the word after
/// the bar.
fn printed(command: &str) -> String {
    let (command, heading) = match command.split_once(" | ") {
        Some((command, heading)) => (command, Some(heading)),
        None => (command, None),
    };
    let words: Vec<&str> = command.split(' ').collect();
    let said = program::run(&words);
    said.is(0, &[]);
    let Some(heading) = heading else {
        return format!("\n```text\n{}```\n\n", said.out);
    };
    let start = said.out.find(&format!("### {heading}\n")).unwrap();
    let part = &said.out[start..];
    let body = part.split_once('\n').unwrap().1;
    let body = body.split("\n### ").next().unwrap();
    format!("\n{}\n\n", body.trim())
}

#[test]
fn the_pages_are_linked_and_their_links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("cases/README.md")).unwrap();
    for page in PAGES {
        assert!(readme.contains(&format!("(../docs/{page})")), "{page} is not linked");
        let text = fs::read_to_string(root.join("docs").join(page)).unwrap();
        for link in text.split("](").skip(1) {
            let to = link.split(')').next().unwrap();
            assert!(
                to.starts_with("http") || to.starts_with('#') || root.join("docs").join(to).exists(),
                "{page}: {to}"
            );
        }
    }
}
