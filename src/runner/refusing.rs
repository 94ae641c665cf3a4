//! A target that takes content at first and then refuses it: its quota is full, it has become read-only, or a login has run
//! out. What it says then is said to every push, and not to what a case is about.

use super::Env;
use super::execute::{Thread, scope_of};
use super::own::{bare, image};
use crate::case::{Action, SendAuth, Step, Template};
use crate::client::{Answer, Exchange, Purpose, RequestSpec};
use crate::expect;

/// The image that is pushed to find out.
const PLAIN: &str = "plain";

/// What is seen, if a request that every registry grants is refused in the same way as this one was, though it was granted
/// when the run began.
pub async fn refuses_all(env: &Env, step: &Step, answer: &Answer, thread: &mut Thread) -> Option<String> {
    if shows_who_asks(step) {
        return None;
    }
    let writes = matches!(answer.exchange.request.method.as_str(), "POST" | "PUT" | "PATCH");
    // By which status a quota is refused is open, and the control tells it from what a case is about.
    let may_be_any = |status: u16| writes && (400..500).contains(&status);
    let status = answer
        .status()
        .filter(|status| says_nothing_of_content(*status) || may_be_any(*status))?;
    let (what, control) = match writes {
        true if env.took_content => ("a plain push", push(env, thread).await?),
        true => return None,
        false => ("GET /v2/", ping(env).await),
    };
    let refuses = control.status() == Some(status);
    thread.exchanges.push(control);
    refuses.then(|| {
        let seen = expect::status_text(answer);
        format!("it answers {seen} to {what} as well, which it granted when the run began")
    })
}

async fn ping(env: &Env) -> Exchange {
    let mut request = RequestSpec::path("GET", "/v2/");
    request.purpose = Purpose::Probe;
    env.client.send(request).await.exchange
}

/// The last exchange of a push of an image, to a repository of its own where there is one.
async fn push(env: &Env, thread: &mut Thread) -> Option<Exchange> {
    let id = format!("refused/{}", env.suite.cases[thread.case].id);
    let repositories = env.isolation.repositories(&id, 1)?;
    let mut control = Thread {
        scope: scope_of(env, &id, &[image(PLAIN)], &[], &repositories, None).ok()?,
        ..Thread::default()
    };
    let push = bare(Action::Push {
        node: PLAIN.to_string(),
        // Under its digest, or where none is taken so under a tag, as when the run began.
        tag: None,
        alone: false,
    });
    // What stops a push on its way shows in its last exchange.
    let _ = Box::pin(control.perform(env, &push, 0, Purpose::Probe)).await;
    thread.stored.extend(std::mem::take(&mut control.stored));
    control.exchanges.pop()
}

/// Whether a step comes with a login of its own, which is then what the refusal is about.
fn shows_who_asks(step: &Step) -> bool {
    let Action::Send(send) = &step.action else { return false };
    let is_login = |(name, _): &(String, Template)| name.eq_ignore_ascii_case("Authorization");
    send.auth != SendAuth::Run || send.headers.iter().any(is_login)
}

/// Whether a refusal with this status may be one of the user, of the time or of the space that is left.
fn says_nothing_of_content(status: u16) -> bool {
    matches!(status, 401 | 402 | 403 | 405 | 423 | 429 | 503 | 507)
}
