//! Every exchange as an HTTP archive (HAR 1.2), for the tools that read those.
//!
//! Owns the mapping. Bodies are as far there as the report kept them; secrets were replaced before.

use serde_json::{Value, json};

use super::printable;
use crate::client::exchange::{BodyRecord, Exchange};
use crate::outcome::Report;

/// The archive of a report: an entry for each exchange, a page for each case.
///
/// # Errors
/// Only if it cannot be told in JSON, which its types exclude.
pub fn write(report: &Report) -> Result<String, serde_json::Error> {
    let mut pages = Vec::new();
    let mut entries = Vec::new();
    for case in &report.cases {
        pages.push(json!({
            "startedDateTime": report.run.started,
            "id": case.id,
            "title": format!("{}: {}", case.verdict.name(), case.says),
            "pageTimings": {},
        }));
        entries.extend(
            case.exchanges
                .iter()
                .map(|exchange| entry(exchange, &case.id, &report.run.started)),
        );
    }
    let archive = json!({"log": {
        "version": "1.2",
        "creator": {"name": "Referee", "version": report.run.tool_version},
        "pages": pages,
        "entries": entries,
    }});
    let mut text = serde_json::to_string(&archive)?;
    text.push('\n');
    Ok(printable::json(text))
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
        // A report keeps the start of the run, and of each request its distance from it.
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
