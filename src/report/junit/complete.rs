//! The second pass over JUnit XML: what the crate `junit-report` cannot say.
//!
//! Owns the totals at the root, the count of skipped cases, lines, properties and line ends. Also the proof, at every
//! run, that the first pass made XML that can be read. Refuses to know what a case is.

use junit_report::Report;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};

use super::JunitError;

/// What is added to one test case.
pub(super) struct Addition {
    /// The line where the case is written.
    pub(super) line: u32,
    /// How many expectations were judged.
    pub(super) assertions: usize,
    /// Name and value.
    pub(super) properties: Vec<(&'static str, String)>,
}

/// Adds `of_suite` to every suite of `xml`, which is the text of `junit`, and to each test case in turn its addition.
pub(super) fn complete(
    xml: &str,
    junit: &Report,
    of_suite: &[(&'static str, String)],
    of_cases: &[Addition],
) -> Result<String, JunitError> {
    let mut reader = Reader::from_str(xml);
    let mut writer = Writer::new(Vec::with_capacity(2 * xml.len()));
    let mut suites = junit.testsuites().iter();
    let mut cases = of_cases.iter();
    loop {
        match reader.read_event()? {
            Event::Eof => break,
            Event::Start(start) => open(&start, false, junit, &mut suites, of_suite, &mut cases, &mut writer)?,
            Event::Empty(start) => open(&start, true, junit, &mut suites, of_suite, &mut cases, &mut writer)?,
            Event::End(end) => {
                if let b"testsuites" | b"testsuite" | b"testcase" = end.name().as_ref() {
                    line_end(indent(end.name().as_ref()), &mut writer)?;
                }
                writer.write_event(Event::End(end))?;
            }
            other => writer.write_event(other)?,
        }
    }
    line_end(0, &mut writer)?;
    Ok(String::from_utf8(writer.into_inner())?)
}

fn open<'a>(
    start: &BytesStart<'_>,
    empty: bool,
    junit: &Report,
    suites: &mut impl Iterator<Item = &'a junit_report::TestSuite>,
    of_suite: &[(&'static str, String)],
    cases: &mut impl Iterator<Item = &'a Addition>,
    writer: &mut Writer<Vec<u8>>,
) -> Result<(), JunitError> {
    let name = start.name();
    line_end(indent(name.as_ref()), writer)?;
    match name.as_ref() {
        b"testsuites" => element(root(junit), empty, &[], 1, writer),
        b"testsuite" => {
            let skipped = suites.next().map_or(0, |suite| suite.skipped());
            // One reader would show the package in front of the suite's name.
            let mut suite = without(start, b"package")?;
            suite.push_attribute(("skipped", skipped.to_string().as_str()));
            element(suite, empty, of_suite, 2, writer)
        }
        b"testcase" => {
            let mut case = without(start, b"")?;
            let Some(addition) = cases.next() else {
                return element(case, empty, &[], 3, writer);
            };
            case.push_attribute(("line", addition.line.to_string().as_str()));
            case.push_attribute(("assertions", addition.assertions.to_string().as_str()));
            element(case, empty, &addition.properties, 3, writer)
        }
        _ if empty => Ok(writer.write_event(Event::Empty(start.borrow()))?),
        _ => Ok(writer.write_event(Event::Start(start.borrow()))?),
    }
}

fn root(junit: &Report) -> BytesStart<'static> {
    let sum = |count: fn(&junit_report::TestSuite) -> usize| junit.testsuites().iter().map(count).sum::<usize>();
    let time: f64 = junit
        .testsuites()
        .iter()
        .map(|suite| suite.time().as_seconds_f64())
        .sum();
    let mut root = BytesStart::new("testsuites");
    root.push_attribute(("name", "referee"));
    root.push_attribute(("tests", sum(|suite| suite.tests()).to_string().as_str()));
    root.push_attribute(("failures", sum(|suite| suite.failures()).to_string().as_str()));
    root.push_attribute(("errors", sum(|suite| suite.errors()).to_string().as_str()));
    root.push_attribute(("skipped", sum(|suite| suite.skipped()).to_string().as_str()));
    root.push_attribute(("time", format!("{time:.6}").as_str()));
    root
}

/// A copy of `start` without one attribute.
fn without(start: &BytesStart<'_>, unwanted: &[u8]) -> Result<BytesStart<'static>, JunitError> {
    let mut copy = BytesStart::new(String::from_utf8_lossy(start.name().as_ref()).into_owned());
    for attribute in start.attributes() {
        let attribute = attribute?;
        if attribute.key.as_ref() != unwanted {
            copy.push_attribute(attribute);
        }
    }
    Ok(copy)
}

/// Writes an element's start with its properties; also its end if it is empty otherwise.
fn element(
    start: BytesStart<'static>,
    empty: bool,
    properties: &[(&'static str, String)],
    depth: usize,
    writer: &mut Writer<Vec<u8>>,
) -> Result<(), JunitError> {
    if empty && properties.is_empty() {
        return Ok(writer.write_event(Event::Empty(start))?);
    }
    writer.write_event(Event::Start(start.borrow()))?;
    if !properties.is_empty() {
        line_end(depth, writer)?;
        writer.write_event(Event::Start(BytesStart::new("properties")))?;
        for (name, value) in properties {
            line_end(depth + 1, writer)?;
            let property = BytesStart::new("property").with_attributes([("name", *name), ("value", value.as_str())]);
            writer.write_event(Event::Empty(property))?;
        }
        line_end(depth, writer)?;
        writer.write_event(Event::End(BytesEnd::new("properties")))?;
    }
    if empty {
        line_end(depth - 1, writer)?;
        writer.write_event(Event::End(start.to_end()))?;
    }
    Ok(())
}

fn indent(name: &[u8]) -> usize {
    match name {
        b"testsuites" => 0,
        b"testsuite" => 1,
        b"testcase" => 2,
        _ => 3,
    }
}

fn line_end(depth: usize, writer: &mut Writer<Vec<u8>>) -> Result<(), JunitError> {
    let text = format!("\n{}", "  ".repeat(depth));
    Ok(writer.write_event(Event::Text(BytesText::new(&text)))?)
}
