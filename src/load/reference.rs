//! The reference of the format in Markdown, made from the vocabulary.

use std::collections::HashSet;
use std::fmt::Write;

use super::vocabulary::{self, Key, Of, STEP, Shape, VERBS};

/// What the words for values mean.
const VALUES: &str = "\
| value | means |
| --- | --- |
| text | text in which `${...}` is filled in; `$$` is a dollar sign |
| plain text | text without variables |
| name | lower-case letters, digits and hyphens |
| number | a whole number |
| length | `17`, `17B`, `3KiB`, `4MiB`, `5GiB`, `3kB`, `4MB`, or `2chunk`: twice the shortest chunk that the registry takes |
| time | `200ms`, `5s`, `1m` |
| flag | `true` or `false` |
| JSON | any JSON, written as YAML; `${...}` in its strings is filled in |
| pointer | a JSON pointer (RFC 6901): empty, or `/manifests/0/digest` |
| status | a code, a class such as `4xx`, or a list of them |
";

/// What can stand in `${...}`.
const VARIABLES: &str = "\
| variable | is |
| --- | --- |
| `${repo}` | the repository of the case |
| `${NAME}` | a repository under `repos`, a capture, or a variable of `each` |
| `${host}` | the host of the registry, with its port |
| `${nonce}` | a word that no other case and no other run has |
| `${tag.NAME}` | a tag that no other case and no other run has |
| `${given-tag}` | the tag of the content that a run is given to read |
| `${i}` | in `together`, the number of the copy, from 0 |
| `${NODE.digest}`, `.hex`, `.algorithm` | the digest of a node, and its two parts |
| `${NODE.size}`, `.text` | its length; its bytes as text |
| `${NODE.type}`, `.descriptor` | its media type; its descriptor, as JSON |
| `${NODE.from}`, `.last`, `.range` | the first and last byte of a slice in its node, and both as `FIRST-LAST` |
| `${NODE.config.ATTRIBUTE}`, `${NODE.layers.0.ATTRIBUTE}` | of the config and the layers of an image |
| `${NODE.manifests.0.ATTRIBUTE}` | of the manifests of an index |
";

/// The reference as Markdown, from headings of the third level on.
pub fn reference() -> String {
    let mut page = Page {
        text: String::new(),
        seen: HashSet::new(),
        waiting: Vec::new(),
    };
    page.line("### Values\n");
    page.line(VALUES);
    page.line("### Variables\n");
    page.line(VARIABLES);
    page.line("### Cases\n");
    page.line("What has to be there is **bold**; what a value is without the key stands in parentheses.\n");
    page.shapes(&[&vocabulary::FILE], &["step", "matchers"]);
    page.line("### Steps\n");
    page.line("A step has exactly one verb, the options of that verb, and these:\n");
    page.table(STEP.keys.iter());
    STEP.keys.iter().for_each(|key| page.note(&key.of));
    page.drain(&["matchers"]);
    for verb in VERBS {
        page.line(&format!("#### `{}`\n", verb.key.name));
        page.line(&format!("{} Takes {}.\n", verb.key.says, takes(&verb.key.of)));
        if !verb.options.is_empty() {
            page.table(verb.options.iter());
        }
        page.note(&verb.key.of);
        for option in verb.options {
            page.note(&option.of);
        }
        page.drain(&["matchers"]);
    }
    page.line("### Matchers\n");
    page.line("A mapping of matchers holds if all of them hold, and so does a list of mappings.\n");
    page.shapes(&[&vocabulary::MATCHER], &[]);
    page.line("### The catalogue\n");
    page.line("These are the files under `spec/`.\n");
    page.shapes(
        &[
            &vocabulary::DOCUMENT,
            &vocabulary::PROFILES,
            &vocabulary::CAPABILITIES,
            &vocabulary::ALWAYS,
        ],
        &[],
    );
    page.text.trim_end().to_string() + "\n"
}

struct Page {
    text: String,
    seen: HashSet<&'static str>,
    waiting: Vec<&'static Shape>,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Shapes, and those that they are made of, each once; those in `elsewhere` have their own place.
    fn shapes(&mut self, shapes: &[&'static Shape], elsewhere: &[&str]) {
        for shape in shapes {
            self.waiting.push(shape);
            self.drain(elsewhere);
        }
    }

    fn drain(&mut self, elsewhere: &[&str]) {
        while !self.waiting.is_empty() {
            let shape = self.waiting.remove(0);
            if elsewhere.contains(&shape.name) || !self.seen.insert(shape.name) {
                continue;
            }
            self.line(&format!("#### {}\n", heading(shape)));
            self.table(shape.keys.iter());
            for key in shape.keys {
                self.note(&key.of);
            }
        }
    }

    /// Notes the shapes in a value for later.
    fn note(&mut self, of: &'static Of) {
        match of {
            Of::Shape(shape) => self.waiting.push(shape),
            Of::Named("node") => self.waiting.push(&vocabulary::NODE),
            Of::Named("each-value") => self.waiting.push(&vocabulary::EACH_VALUE),
            Of::List(inner) | Of::Map(inner) => self.note(inner),
            Of::Either(choices) => choices.iter().for_each(|of| self.note(of)),
            _ => {}
        }
    }

    fn table(&mut self, keys: impl Iterator<Item = &'static Key>) {
        self.line("| key | takes | |\n| --- | --- | --- |");
        for key in keys {
            let name = match key.required {
                true => format!("**`{}`**", key.name),
                false => format!("`{}`", key.name),
            };
            // Writing to a string does not fail.
            let _ = writeln!(self.text, "| {name} | {} | {} |", takes(&key.of), key.says);
        }
        self.text.push('\n');
    }
}

/// The heading of a shape: what it is, without the article, so that its anchor is easily made.
fn heading(shape: &Shape) -> String {
    let what = shape.what;
    let bare = ["a ", "an ", "the "]
        .iter()
        .find_map(|article| what.strip_prefix(article));
    let bare = bare.unwrap_or(what).replace('`', "");
    let mut letters = bare.chars();
    letters
        .next()
        .map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn link(what: &str, shape: &Shape) -> String {
    let anchor = heading(shape).to_lowercase().replace(' ', "-");
    format!("[{what}](#{anchor})")
}

/// What a value is, in words.
fn takes(of: &Of) -> String {
    match of {
        Of::Text => "text".into(),
        Of::Plain => "plain text".into(),
        Of::Name => "name".into(),
        Of::Flag => "flag".into(),
        Of::Count => "number".into(),
        Of::Size => "length".into(),
        Of::Time => "time".into(),
        Of::Null => "nothing".into(),
        Of::Json => "JSON".into(),
        Of::Words(words) => words
            .iter()
            .map(|word| format!("`{word}`"))
            .collect::<Vec<_>>()
            .join(", "),
        Of::List(Of::Text | Of::Plain) => "list of texts".into(),
        Of::List(Of::Name) => "list of names".into(),
        Of::List(inner) => format!("list of {}", takes(inner)),
        Of::Map(inner) => format!("mapping to {}", takes(inner)),
        Of::Shape(shape) => link(shape.what, shape),
        Of::Named("node") => link("a content node", &vocabulary::NODE),
        Of::Named("step") => "[a step](#steps)".into(),
        Of::Named("demand") => "[matchers](#matchers)".into(),
        Of::Named("json-op") => link("a JSON matcher", &vocabulary::JSON),
        Of::Named("each-value") => format!("scalar, or a name with {}", link("options", &vocabulary::EACH_VALUE)),
        Of::Named(name) => (*name).into(),
        Of::Either(choices) => choices.iter().map(takes).collect::<Vec<_>>().join(", or "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_leads_to_a_heading() {
        let text = reference();
        let anchors: HashSet<String> = text
            .lines()
            .filter_map(|line| line.strip_prefix("### ").or_else(|| line.strip_prefix("#### ")))
            .map(|heading| heading.to_lowercase().replace(' ', "-").replace('`', ""))
            .collect();
        let links: Vec<&str> = text
            .split("](#")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
            .collect();
        assert!(links.len() > 20);
        for link in links {
            assert!(anchors.contains(link), "{link} in {anchors:?}");
        }
    }

    #[test]
    fn no_two_headings_are_alike() {
        let text = reference();
        let mut seen = HashSet::new();
        for line in text.lines().filter(|line| line.starts_with('#')) {
            assert!(
                seen.insert(line.trim_start_matches('#').replace('`', "").to_lowercase()),
                "{line}"
            );
        }
    }
}
