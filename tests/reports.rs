//! Every form of a report, golden on disk (`BLESS=1` rewrites the files), and safe whatever a target sends.

#[path = "reports/sample.rs"]
mod sample;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use referee::client::TransportError;
use referee::outcome::compare::matrix;
use referee::outcome::{Conclusion, Counts, Report, Verdict, categories};
use referee::report::terminal::{Look, Style, summary};
use referee::report::{Format, comparison, json, render, write_files};
use sample::Sample;
use serde_json::Value;

const NO_FILES: [&str; 0] = [];

#[test]
fn an_archive_has_the_time_of_each_exchange() {
    let archive: Value = serde_json::from_str(&render(&Sample("").report(), Format::Har).unwrap()).unwrap();
    let entries = archive["log"]["entries"].as_array().unwrap();
    // The run of the sample starts on the full hour, and its exchanges 5 ms later.
    assert!(!entries.is_empty());
    for entry in entries {
        assert_eq!(entry["startedDateTime"], "2026-10-01T12:00:00.005Z");
    }
}

#[test]
fn the_forms_are_as_they_were() {
    let report = Sample("").report();
    golden("junit.xml", &render(&report, Format::Junit).unwrap());
    golden("report.json", &render(&report, Format::Json).unwrap());
    let files = ["out/junit.xml", "out/report.json"];
    golden("summary.txt", &summary(&report, &files, Look::default()));
    let coloured = Look {
        style: Style::Coloured,
        width: 60,
    };
    golden("summary-narrow-coloured.txt", &summary(&report, &files, coloured));
}

#[test]
fn hostile_text_is_shown_but_does_nothing() {
    let report = Sample("\x1b[2J\u{202e}]]></failure>\n[[ATTACHMENT|/etc/passwd]]\u{fffe}\"'&<").report();
    golden("hostile-junit.xml", &render(&report, Format::Junit).unwrap());
    golden("hostile-summary.txt", &summary(&report, &NO_FILES, Look::default()));
}

#[test]
fn a_page_holds_no_element_of_a_target() {
    let markup = "</style></script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp;\u{202e}";
    let page = render(&Sample(markup).report(), Format::Html).unwrap();
    assert_eq!(
        elements(&page),
        elements(&render(&Sample("").report(), Format::Html).unwrap())
    );
    assert!(page.contains("&#60;script&#62;alert(1)") && !page.contains('\u{202e}'));
    // A browser looks at the page too (`tests/html/check.mjs`).
    if let Some(path) = std::env::var_os("REFEREE_HOSTILE_PAGE") {
        std::fs::write(path, &page).unwrap();
    }
    let beside = |name: &str| comparison::html(&matrix(&[(name.to_owned(), Sample(name).report())])).unwrap();
    let page = beside(markup);
    assert_eq!(elements(&page), elements(&beside("")));
    assert!(page.contains("&#60;script&#62;alert(1)") && !page.contains('\u{202e}'));
    if let Some(path) = std::env::var_os("REFEREE_HOSTILE_COMPARISON") {
        std::fs::write(path, &page).unwrap();
    }
    let badge = render(&Sample(markup).report(), Format::Badge).unwrap();
    assert!(!badge.contains("<script") && !badge.contains("<img"));
    let markdown = render(&Sample("| <b>@all</b> ```").report(), Format::Markdown).unwrap();
    // What stands between fences is code.
    let prose: String = markdown.split("\n````").step_by(2).collect();
    assert!(
        prose.len() < markdown.len() && !prose.contains("<b>@") && !prose.contains("@all"),
        "{prose}"
    );
    for line in render(&Sample("\n::error::x").report(), Format::Github)
        .unwrap()
        .lines()
    {
        assert!(
            line.starts_with("::error title=") || line.starts_with("::warning title="),
            "{line}"
        );
    }
    let archive: serde_json::Value =
        serde_json::from_str(&render(&Sample(markup).report(), Format::Har).unwrap()).unwrap();
    assert_eq!(archive["log"]["version"], "1.2");
}

/// The names of the elements of a page, in order, scripts and styles without their text.
fn elements(page: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let name: String = rest.chars().take_while(|c| !matches!(c, ' ' | '>' | '\n')).collect();
        if let Some(end) = ["script", "style"].iter().find(|raw| **raw == name) {
            rest = rest.split_once(&format!("</{end}>")).expect("an end").1;
        }
        names.push(name);
    }
    names
}

#[test]
fn strict_makes_failures_of_warnings() {
    let mut report = Sample("").report();
    assert_eq!(Xml::read(&render(&report, Format::Junit).unwrap()).failures, 2);
    report.run.strict = true;
    let xml = Xml::read(&render(&report, Format::Junit).unwrap());
    assert_eq!((xml.failures, xml.errors, xml.skipped, xml.cases), (3, 3, 4, 12));
    report.findings.remove(0);
    assert_eq!(report.conclusion(), Conclusion::Violates);
    assert!(last_sentence(&report).ends_with("does not conform to oci-1.1: 1 recommendation is not followed."));
}

#[test]
fn the_verdict_is_never_better_than_the_run() {
    let mut report = Sample("").report();
    assert!(!report.conforms());
    assert!(last_sentence(&report).ends_with("1 requirement is not met, 1 recommendation is not followed."));

    report.findings.clear();
    assert_eq!(
        (report.conforms(), report.conclusion()),
        (true, Conclusion::Inconclusive)
    );
    assert!(last_sentence(&report).ends_with("conforms to oci-1.1: 3 cases could not be judged."));

    report.cases.retain(|case| case.verdict == Verdict::Pass);
    assert_eq!(report.conclusion(), Conclusion::Conforms);
    assert_eq!(last_sentence(&report), "http://127.0.0.1:5000 conforms to oci-1.1.");

    report.interrupted = true;
    assert!(last_sentence(&report).ends_with("the run was interrupted."));

    report.interrupted = false;
    report.cases.clear();
    report.categories = categories(&report.cases);
    report.counts = Counts::of(&report.cases);
    assert!(last_sentence(&report).ends_with("no case was judged."));
    assert_eq!(Xml::read(&render(&report, Format::Junit).unwrap()).cases, 0);
}

#[test]
fn what_was_under_way_when_a_registry_was_gone_is_told_beside_that() {
    let mut report = Sample("").report();
    let mut end = |at: usize, error: TransportError| {
        let message = format!("send {at}: {error}");
        report.cases[at].verdict = Verdict::Error { message };
        report.cases[at].exchanges.truncate(1);
        report.cases[at].exchanges[0].error = Some(error);
    };
    let nobody = |reason: &str| TransportError::Connect {
        host: "127.0.0.1:5000".to_owned(),
        reason: reason.to_owned(),
    };
    end(2, nobody("refused"));
    end(3, nobody("refused, said in other words"));
    let reason = "nothing came".to_owned();
    end(6, TransportError::Reset { reason, ended: true });
    let text = summary(&report, &NO_FILES, Look::default());
    let (_, errors) = text.split_once("Errors: not judged").expect("errors");
    let (errors, _) = errors.split_once("Categories").expect("categories");
    let errors = errors.split_whitespace().collect::<Vec<_>>().join(" ");
    let at = |part: &str| errors.find(part).unwrap_or_else(|| panic!("no {part:?} in {errors}"));
    assert!(
        at("send 6: the connection was closed") < at("under way when nobody answered"),
        "{errors}"
    );
    assert!(at("cannot connect to 127.0.0.1:5000: refused 2 cases: ") < at("send 6: the connection was closed"));
    assert_eq!(errors.matches("cannot connect").count(), 1, "{errors}");
    // Of the two, and of the one that timed out, but not of what was to be asked where nobody is.
    assert_eq!(errors.matches("$ curl").count(), 2, "{errors}");
}

#[test]
fn json_comes_back_without_the_bodies_of_what_passed() {
    let report = Sample("\u{0}\u{fffe}\"]]>").report();
    let back = json::read(render(&report, Format::Json).unwrap().as_bytes()).unwrap();
    assert_eq!(back, report.slim());
    assert_eq!(back.slim(), back);
    for (slim, full) in back.cases.iter().zip(&report.cases) {
        let bodies = |case: &referee::outcome::CaseOutcome| {
            let responses = case.exchanges.iter().filter_map(|exchange| exchange.response.as_ref());
            responses
                .map(|response| response.body.preview.clone())
                .collect::<Vec<_>>()
        };
        if full.verdict == Verdict::Pass {
            assert_eq!(bodies(slim), [""]);
            let slim = slim.exchanges[0].response.as_ref().unwrap();
            assert_eq!(
                slim.body.sha256,
                full.exchanges[0].response.as_ref().unwrap().body.sha256
            );
            assert!(slim.body.truncated);
        } else {
            assert_eq!(slim, full);
        }
    }
}

#[test]
fn files_are_written_into_a_new_directory_or_the_path_is_named() {
    let report = Sample("").report();
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("a/b");
    let paths = write_files(&report, &dir, &Format::ALL).unwrap();
    assert_eq!(paths[..2], [dir.join("junit.xml"), dir.join("report.json")]);
    assert_eq!(json::read(fs::File::open(&paths[1]).unwrap()).unwrap(), report.slim());
    assert_eq!(fs::read_dir(&dir).unwrap().count(), Format::ALL.len());

    let error = write_files(&report, &paths[0], &Format::ALL).unwrap_err().to_string();
    assert!(error.starts_with("cannot create the directory"), "{error}");
    assert!(error.contains("junit.xml"), "{error}");
    fs::remove_file(&paths[1]).unwrap();
    fs::create_dir_all(paths[1].join("occupied")).unwrap();
    let error = write_files(&report, &dir, &[Format::Json]).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("cannot write {}: ", paths[1].display())),
        "{error}"
    );
}

#[test]
fn megabytes_are_cut() {
    let report = Sample(&"]]>\u{1}x ".repeat(200_000)).report();
    let xml = render(&report, Format::Junit).unwrap();
    assert_eq!(Xml::read(&xml).cases, report.cases.len());
    assert!(xml.len() < 1_000_000, "{}", xml.len());
    assert!(render(&report, Format::Html).unwrap().len() < 1_000_000);
    assert!(render(&report, Format::Markdown).unwrap().len() < 900 * 1024);
    let text = summary(&report, &NO_FILES, Look::default());
    assert!(text.len() < 60_000, "{}", text.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_in_any_field_is_survived(text in hostile(), strict in any::<bool>(), elapsed in any::<f64>()) {
        let mut report = Sample(&text).report();
        report.run.strict = strict;
        report.cases[0].elapsed_ms = elapsed;
        report.cases[6].elapsed_ms = elapsed;
        let counts = Counts::of(&report.cases);
        let xml = Xml::read(&render(&report, Format::Junit).unwrap());
        prop_assert_eq!(xml.cases, counts.total());
        prop_assert_eq!(xml.errors, counts.broken + counts.error);
        prop_assert_eq!(xml.skipped, counts.skip);
        prop_assert_eq!(xml.failures, counts.fail + if strict { counts.warn } else { 0 });
        for format in Format::ALL {
            prop_assert!(render(&report, format).is_ok());
        }
        let plain = summary(&report, &NO_FILES, Look::default());
        prop_assert!(plain.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", plain);
    }
}

/// Any characters, with a liking for those that break things.
fn hostile() -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(vec![
        "]]>",
        "]]",
        "]",
        ">",
        "<![CDATA[",
        "<!--",
        "-->",
        "&#0;",
        "&lt",
        "\"",
        "'",
        "\r\n",
        "\r",
        "\n",
        "\t",
        "\0",
        "\x1b[2J",
        "\u{fffe}",
        "\u{ffff}",
        "\u{85}",
        "\u{2028}",
        "\u{202e}",
        "</testsuites>",
        "<?xml ?>",
        "/",
        "[",
        "%",
        "[[ATTACHMENT|x]]",
        "  ",
    ]);
    let any = any::<char>().prop_map(String::from);
    prop::collection::vec(prop_oneof![nasty.prop_map(String::from), any], 0..24).prop_map(|parts| parts.concat())
}

/// What a reader of JUnit XML sees.
#[derive(Default)]
struct Xml {
    cases: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Xml {
    /// Reads and checks: well-formed, only characters that XML has, only elements that belong there, totals that agree,
    /// names that differ, files that no target named.
    fn read(text: &str) -> Xml {
        let allowed = |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        assert!(text.chars().all(allowed), "a character that XML does not have");
        assert!(!text.contains("[[ATTACHMENT|"));
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_end_names = true;
        let (mut seen, mut totals, mut of_suites) = (Xml::default(), None, Xml::default());
        let (mut names, mut stack) = (BTreeSet::new(), Vec::new());
        loop {
            match reader.read_event().expect("well-formed") {
                Event::Eof => break,
                Event::Start(start) => {
                    seen.element(&start, &stack, &mut totals, &mut of_suites, &mut names);
                    stack.push(name(&start));
                }
                Event::Empty(start) => seen.element(&start, &stack, &mut totals, &mut of_suites, &mut names),
                Event::End(_) => drop(stack.pop()),
                Event::Text(text) => assert!(text.decode().unwrap().trim().is_empty(), "text outside of CDATA"),
                Event::CData(_) => {
                    assert!(matches!(
                        stack.last().map(String::as_str),
                        Some("failure" | "error" | "system-out")
                    ));
                }
                Event::Decl(_) => assert!(stack.is_empty()),
                other => panic!("{other:?} does not belong there"),
            }
        }
        assert!(stack.is_empty());
        for sums in [totals.expect("a root"), of_suites] {
            assert_eq!(sums.cases, seen.cases);
            assert_eq!(sums.failures, seen.failures);
            assert_eq!(sums.errors, seen.errors);
            assert_eq!(sums.skipped, seen.skipped);
        }
        seen
    }

    fn element(
        &mut self,
        start: &BytesStart<'_>,
        stack: &[String],
        totals: &mut Option<Xml>,
        of_suites: &mut Xml,
        names: &mut BTreeSet<String>,
    ) {
        let parent = stack.last().map(String::as_str);
        match (parent, name(start).as_str()) {
            (None, "testsuites") => assert!(totals.replace(Xml::sums(start)).is_none()),
            (Some("testsuites"), "testsuite") => {
                let sums = Xml::sums(start);
                of_suites.cases += sums.cases;
                of_suites.failures += sums.failures;
                of_suites.errors += sums.errors;
                of_suites.skipped += sums.skipped;
            }
            (Some("testsuite"), "testcase") => {
                self.cases += 1;
                assert!(names.insert(value(start, "name")), "a name given twice");
                assert!(value(start, "classname").starts_with("referee."));
                assert!(value(start, "file").starts_with("cases/"));
                assert_eq!(value(start, "line"), "12");
                assert!(value(start, "time").parse::<f64>().unwrap() >= 0.0);
            }
            (Some("testcase"), "failure") => self.failures += 1,
            (Some("testcase"), "error") => self.errors += 1,
            (Some("testcase"), "skipped") => self.skipped += 1,
            (Some("testcase"), "system-out" | "properties") | (Some("testsuite"), "properties") => {}
            (Some("properties"), "property") => drop((value(start, "name"), value(start, "value"))),
            (parent, element) => panic!("{element} in {parent:?}"),
        }
    }

    fn sums(start: &BytesStart<'_>) -> Xml {
        let number = |name| value(start, name).parse().unwrap();
        Xml {
            cases: number("tests"),
            failures: number("failures"),
            errors: number("errors"),
            skipped: number("skipped"),
        }
    }
}

fn name(start: &BytesStart<'_>) -> String {
    String::from_utf8(start.name().as_ref().to_vec()).unwrap()
}

fn value(start: &BytesStart<'_>, name: &str) -> String {
    let attribute = start
        .try_get_attribute(name)
        .unwrap()
        .unwrap_or_else(|| panic!("{name} is missing"));
    attribute
        .normalized_value(XmlVersion::Explicit1_0)
        .unwrap()
        .into_owned()
}

fn last_sentence(report: &Report) -> String {
    let text = summary(
        report,
        &NO_FILES,
        Look {
            style: Style::Plain,
            width: 1000,
        },
    );
    text.lines().last().unwrap().to_owned()
}

fn golden(name: &str, actual: &str) {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports").join(name);
    if std::env::var_os("BLESS").is_some() {
        return fs::write(&path, actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if expected != actual {
        let diff = similar::TextDiff::from_lines(expected.as_str(), actual);
        let diff = diff.unified_diff().header("expected", "actual").to_string();
        panic!("tests/reports/{name} differs (BLESS=1 rewrites it):\n{diff}");
    }
}

/// The schema that is published describes what is written: checked with the few words of JSON Schema that it uses.
#[test]
fn the_schema_describes_the_reports() {
    let schema: Value = serde_json::from_str(referee::report::json::JSON_SCHEMA).unwrap();
    let report = render(&Sample("").report(), Format::Json).unwrap();
    let mut report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(refusal(&schema, &schema, &report, "report"), None);
    report["counts"]["pass"] = "many".into();
    assert!(
        refusal(&schema, &schema, &report, "report")
            .unwrap()
            .contains("report.counts.pass")
    );
    report["counts"]["pass"] = 1.into();
    report["surprise"] = 1.into();
    assert!(
        refusal(&schema, &schema, &report, "report")
            .unwrap()
            .contains("surprise")
    );
}

/// Why a value does not fit a schema, and where.
fn refusal(root: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    for (word, rule) in schema.as_object().unwrap() {
        let wrong = match (word.as_str(), value) {
            ("$schema" | "title" | "description" | "$defs" | "minItems" | "maxItems" | "minimum", _) => None,
            ("$ref", _) => {
                let name = rule.as_str().unwrap().trim_start_matches("#/$defs/");
                refusal(root, &root["$defs"][name], value, at)
            }
            ("anyOf" | "oneOf", _) => {
                let refusals: Vec<_> = rule
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|one| refusal(root, one, value, at))
                    .collect();
                if refusals.contains(&None) {
                    None
                } else {
                    refusals[0].clone()
                }
            }
            ("enum", _) => (!rule.as_array().unwrap().contains(value)).then(|| format!("{at}: {value}")),
            ("const", _) => (rule != value).then(|| format!("{at}: {value}")),
            ("type", _) => {
                let fits = match rule.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_u64(),
                    "number" => value.is_number(),
                    "null" => value.is_null(),
                    other => panic!("the checker knows no type {other}"),
                };
                (!fits).then(|| format!("{at}: {value} is no {rule}"))
            }
            ("required", Value::Object(map)) => {
                let names = rule.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
                names
                    .filter(|name| !map.contains_key(*name))
                    .map(|name| format!("{at}: no {name}"))
                    .next()
            }
            ("additionalProperties", Value::Object(map)) => {
                let known = schema["properties"].as_object().unwrap();
                map.keys()
                    .find(|key| !known.contains_key(*key))
                    .map(|key| format!("{at}: unknown {key}"))
            }
            ("properties", Value::Object(map)) => map.iter().find_map(|(key, inner)| {
                let rule = rule.get(key)?;
                refusal(root, rule, inner, &format!("{at}.{key}"))
            }),
            ("items", Value::Array(items)) => items.iter().find_map(|item| refusal(root, rule, item, at)),
            ("prefixItems", Value::Array(items)) => items
                .iter()
                .zip(rule.as_array().unwrap())
                .find_map(|(item, rule)| refusal(root, rule, item, at)),
            ("required" | "additionalProperties" | "properties" | "items" | "prefixItems", _) => None,
            (other, _) => panic!("the checker knows no word {other}"),
        };
        if wrong.is_some() {
            return wrong;
        }
    }
    None
}
