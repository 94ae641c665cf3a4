//! An exchange in three lines: the request as a command, the status, the start of the body.
//!
//! Owns how much of an exchange a summary shows. Everything it returns is printable.

use super::printable;
use crate::client::exchange::Exchange;

/// Characters of a command line that are shown. One that is longer could not be pasted in comfort, so its start is enough.
const COMMAND: usize = 2000;
const START: usize = 600;

/// Characters of a body that are shown.
const BODY: usize = 240;

/// The request as a command line, in one line. Says so if it is not the whole command.
pub(super) fn command(exchange: &Exchange) -> String {
    let command = exchange.curl();
    let shown = printable::line(&command, COMMAND);
    if shown == command {
        shown
    } else {
        let shown = printable::line(&command, START);
        format!("{shown}  # not to be pasted: escaped or cut; the JSON report has it whole")
    }
}

/// The status, or what went wrong on the way.
pub(super) fn status(exchange: &Exchange) -> String {
    let mut status = match &exchange.response {
        Some(response) => {
            let standard = hyper::StatusCode::from_u16(response.status).ok();
            let standard = standard.and_then(|status| status.canonical_reason());
            let reason = response.reason.as_deref().filter(|reason| !reason.is_empty());
            let reason = printable::line(reason.or(standard).unwrap_or_default(), 80);
            format!("{} {reason}", response.status).trim_end().to_owned()
        }
        None => "no response".to_owned(),
    };
    if let Some(error) = &exchange.error {
        status.push_str(&format!(": {}", printable::line(&error.to_string(), 300)));
    }
    match exchange.hops.len() {
        0 => {}
        1 => status.push_str(" (after a redirect)"),
        hops => status.push_str(&format!(" (after {hops} redirects)")),
    }
    status
}

/// The start of the response body, if there is one.
pub(super) fn body(exchange: &Exchange) -> Option<String> {
    let body = &exchange.response.as_ref()?.body;
    let length = body.len;
    match (length, body.preview.is_empty()) {
        (0, _) => None,
        (_, true) => Some(format!("({length} bytes)")),
        (_, false) if body.truncated => Some(format!("{} ({length} bytes)", printable::squeezed(&body.preview, BODY))),
        (_, false) => Some(printable::squeezed(&body.preview, BODY)),
    }
}
