//! Every exchange as an HTTP archive (HAR 1.2), for the tools that read those.
//!
//! Owns the mapping. Bodies are as far there as the report kept them; secrets were replaced before.

use std::io::{self, Write};

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::printable;
use crate::client::exchange::{BodyRecord, Exchange};
use crate::outcome::Report;

/// The archive of a report: an entry for each exchange, a page for each case.
///
/// # Errors
/// Only if it cannot be told in JSON, which its types exclude.
pub fn write(report: &Report) -> io::Result<String> {
    printable::text(|out| write_to(report, out))
}

/// The same, as it is made: never in memory whole.
///
/// # Errors
/// Those of `out`.
pub fn write_to(report: &Report, out: impl Write) -> io::Result<()> {
    let mut out = printable::Json(out);
    serde_json::to_writer(&mut out, &Archive { log: Log(report) })?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Archive<'a> {
    log: Log<'a>,
}

struct Log<'a>(&'a Report);

impl Serialize for Log<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut log = serializer.serialize_struct("Log", 4)?;
        log.serialize_field(
            "creator",
            &json!({"name": "Referee", "version": self.0.run.tool_version}),
        )?;
        log.serialize_field("entries", &Entries(self.0))?;
        log.serialize_field("pages", &Pages(self.0))?;
        log.serialize_field("version", "1.2")?;
        log.end()
    }
}

struct Entries<'a>(&'a Report);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let exchanges = self.0.cases.iter();
        let exchanges = exchanges.flat_map(|case| case.exchanges.iter().map(move |exchange| (case, exchange)));
        let started = &self.0.run.started;
        serializer.collect_seq(exchanges.map(|(case, exchange)| entry(exchange, &case.id, &at(started, exchange))))
    }
}

struct Pages<'a>(&'a Report);

impl Serialize for Pages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.cases.iter().map(|case| {
            let started = &self.0.run.started;
            let first = case.exchanges.iter().min_by_key(|exchange| exchange.started_ms);
            json!({
                "startedDateTime": first.map_or_else(|| started.clone(), |first| at(started, first)),
                "id": case.id,
                "title": format!("{}: {}", case.verdict.name(), case.says),
                "pageTimings": {},
            })
        }))
    }
}

/// When an exchange began: a report keeps the start of the run, and of each request its distance from it. The hops of a
/// redirect have no start of their own, and what a resumed run took over counts from the start of this one.
fn at(started: &str, exchange: &Exchange) -> String {
    let after = std::time::Duration::from_millis(exchange.started_ms);
    let began = OffsetDateTime::parse(started, &Rfc3339)
        .ok()
        .and_then(|start| start.checked_add(after.try_into().ok()?));
    // A start that cannot be read is shown as it is.
    let began = began.and_then(|began| began.format(&Rfc3339).ok());
    began.unwrap_or_else(|| started.to_owned())
}

fn entry(exchange: &Exchange, page: &str, started: &str) -> Value {
    let request = &exchange.request;
    let mut asked = json!({
        "method": request.method,
        "url": request.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers(&request.headers),
        "queryString": [],
        "headersSize": -1,
        "bodySize": request.body.len,
    });
    if request.body.len > 0 {
        asked["postData"] = json!({
            "mimeType": request.header("Content-Type").unwrap_or_default(),
            "text": request.body.preview,
        });
    }
    json!({
        "pageref": page,
        "startedDateTime": started,
        "time": exchange.elapsed_ms,
        "request": asked,
        "response": answer(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": exchange.elapsed_ms, "receive": 0},
        "comment": exchange.error.as_ref().map(ToString::to_string).unwrap_or_default(),
    })
}

fn answer(exchange: &Exchange) -> Value {
    let Some(response) = &exchange.response else {
        return json!({
            "status": 0, "statusText": "", "httpVersion": "", "cookies": [], "headers": [],
            "content": {"size": 0, "mimeType": ""}, "redirectURL": "", "headersSize": -1, "bodySize": -1,
        });
    };
    json!({
        "status": response.status,
        "statusText": response.reason.as_deref().unwrap_or_default(),
        "httpVersion": response.version,
        "cookies": [],
        "headers": headers(&response.headers),
        "content": content(&response.body, response.header("Content-Type")),
        "redirectURL": response.header("Location").unwrap_or_default(),
        "headersSize": -1,
        "bodySize": response.body.len,
    })
}

fn content(body: &BodyRecord, kind: Option<&str>) -> Value {
    json!({"size": body.len, "mimeType": kind.unwrap_or_default(), "text": body.preview})
}

fn headers(headers: &[(String, String)]) -> Vec<Value> {
    headers
        .iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect()
}
