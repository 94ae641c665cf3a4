//! The flags of `referee run` that say how the registry's garbage is collected.

use std::time::Duration;

use clap::Args;

use super::connect::duration;
use crate::registry::Collector;
use crate::runner::{Collecting, Trigger};

/// What a collection of the reference registry is asked for with.
const EMBEDDED_PATH: &str = "/api/v2.0/system/gc/schedule";

/// The grace period of the embedded registry.
const EMBEDDED_GRACE: Duration = Duration::from_millis(50);

/// How long one collection may take, unless something else is said.
const LIMIT: Duration = Duration::from_secs(600);

/// How garbage is collected.
#[derive(Debug, Args)]
pub struct CollectingArguments {
    /// Collect garbage with this shell command, which returns when the registry has collected; one that stops the registry
    /// starts it again. REFEREE_GC_ROUND and REFEREE_GC_DRY_RUN (0 or 1) tell it what is wanted
    #[arg(
        long,
        value_name = "COMMAND",
        group = "collects",
        help_heading = "Garbage collection"
    )]
    gc_command: Option<String>,
    /// Collect garbage with this request, in the form of Harbor's API: `POST https://host/path`, then perhaps a JSON body;
    /// the Location of the answer is asked until its `job_status` says that it is over.
    /// REFEREE_GC_AUTHORIZATION is sent as Authorization
    #[arg(long, value_name = "REQUEST", value_parser = request, group = "collects", help_heading = "Garbage collection")]
    gc_request: Option<Trigger>,
    /// The registry collects by itself: wait this long for it
    #[arg(long, value_name = "TIME", value_parser = duration, group = "collects", help_heading = "Garbage collection")]
    gc_wait: Option<Duration>,
    /// A command or request, as above, that finds out what would be collected and collects nothing
    #[arg(long, value_name = "TRIGGER", value_parser = dry_run, requires = "collects", help_heading = "Garbage collection")]
    gc_dry_run: Option<Trigger>,
    /// The registry promises to leave content and uploads alone that are younger than this
    #[arg(long, value_name = "TIME", value_parser = duration, requires = "collects", help_heading = "Garbage collection")]
    gc_grace: Option<Duration>,
    /// The registry takes pushes while the command of --gc-command runs
    #[arg(long, requires = "gc_command", help_heading = "Garbage collection")]
    gc_live: bool,
    /// The time limit of one collection
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "Garbage collection")]
    gc_timeout: Option<Duration>,
}

impl CollectingArguments {
    /// How garbage is collected, if it can be. `embedded` is the URL of the embedded registry, which has its own way.
    pub fn collecting(&self, embedded: Option<&str>) -> Option<Collecting> {
        let live = self.gc_live || self.gc_command.is_none();
        let trigger = match (&self.gc_command, &self.gc_request, self.gc_wait) {
            (Some(command), ..) => Some(Trigger::Command(command.clone())),
            (_, Some(request), _) => Some(request.clone()),
            (.., Some(time)) => Some(Trigger::Wait(time)),
            _ => None,
        };
        let limit = self.gc_timeout.unwrap_or(LIMIT);
        match (trigger, embedded) {
            (Some(trigger), _) => Some(Collecting {
                trigger: authorized(trigger),
                dry_run: self.gc_dry_run.clone().map(authorized),
                live,
                grace: self.gc_grace,
                limit,
            }),
            (None, Some(url)) => Some(of_reference(url, Some(EMBEDDED_GRACE), limit)),
            (None, None) => None,
        }
    }
}

/// How the embedded registry collects.
pub fn embedded() -> Collector {
    Collector {
        grace: EMBEDDED_GRACE,
        ..Collector::default()
    }
}

/// How a reference registry at `url` is asked to collect.
pub fn of_reference(url: &str, grace: Option<Duration>, limit: Duration) -> Collecting {
    let trigger = |dry: bool| Trigger::Request {
        method: "POST".into(),
        url: format!("{url}{EMBEDDED_PATH}"),
        body: Some(format!(
            r#"{{"schedule":{{"type":"Manual"}},"parameters":{{"dry_run":{dry}}}}}"#
        )),
        authorization: None,
    };
    Collecting {
        trigger: trigger(false),
        dry_run: Some(trigger(true)),
        live: true,
        grace,
        limit,
    }
}

/// A request with what the environment has as its `Authorization`.
fn authorized(trigger: Trigger) -> Trigger {
    match trigger {
        Trigger::Request { method, url, body, .. } => Trigger::Request {
            method,
            url,
            body,
            authorization: std::env::var("REFEREE_GC_AUTHORIZATION").ok(),
        },
        other => other,
    }
}

fn request(text: &str) -> Result<Trigger, String> {
    let mut words = text.trim().splitn(3, ' ');
    let (Some(method), Some(url)) = (words.next(), words.next()) else {
        return Err(
            "a request is a method and a URL: `POST https://registry.example/api/v2.0/system/gc/schedule`".into(),
        );
    };
    if !method.chars().all(|letter| letter.is_ascii_uppercase()) {
        return Err(format!("`{method}` is not a method, such as POST"));
    }
    if !(url.starts_with("http://") || url.starts_with("https://")) {
        return Err(format!("`{url}` is not a URL with http or https"));
    }
    let body = words.next().map(str::trim).filter(|body| !body.is_empty());
    if let Some(body) = body {
        serde_json::from_str::<serde_json::Value>(body).map_err(|error| format!("the body is not JSON: {error}"))?;
    }
    Ok(Trigger::Request {
        method: method.to_string(),
        url: url.to_string(),
        body: body.map(str::to_string),
        authorization: None,
    })
}

/// A request if it looks like one, otherwise a command.
fn dry_run(text: &str) -> Result<Trigger, String> {
    let mut words = text.split(' ');
    let is_method = words
        .next()
        .is_some_and(|word| word.chars().all(|letter| letter.is_ascii_uppercase()));
    let is_url = words
        .next()
        .is_some_and(|word| word.starts_with("http://") || word.starts_with("https://"));
    if is_method && is_url {
        request(text)
    } else {
        Ok(Trigger::Command(text.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_a_method_a_url_and_perhaps_a_body() {
        let parsed = request(r#"POST https://h/gc {"schedule": {"type": "Manual"}}"#).unwrap();
        assert_eq!(parsed.to_string(), "request: POST https://h/gc");
        for bad in ["POST", "post https://h/", "POST h/gc", "POST https://h/ {"] {
            assert!(request(bad).is_err(), "{bad}");
        }
        assert_eq!(dry_run("sh gc.sh").unwrap(), Trigger::Command("sh gc.sh".into()));
    }
}
