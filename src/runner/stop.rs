//! Why a case does not go on, and the words for that.

use crate::case::{Action, DeleteWhat, Step, Template, UploadHow};
use crate::client::Answer;
use crate::content::ScopeError;
use crate::expect;

/// Why the rest of a case is not run.
#[derive(Debug, Clone)]
pub enum Stop {
    /// Something that had to work did not.
    Broken {
        /// The step.
        step: String,
        /// What was seen.
        seen: String,
    },
    /// A judged request changed nothing, so that what follows could only accuse wrongly.
    Judged,
    /// A step showed that the rest of the case does not apply.
    NotApplicable {
        /// The step.
        step: String,
    },
    /// The network or the tool failed.
    Error(String),
}

/// The step as a reader recognises it.
pub fn describe(step: &Step) -> String {
    let by = |tag: &Option<Template>| tag.as_ref().map(|tag| format!(" as {tag}")).unwrap_or_default();
    let place = step.repo.as_ref().map(|repo| format!(" in {repo}")).unwrap_or_default();
    let what = match &step.action {
        Action::Send(send) => format!("send {} {}", send.method, send.target),
        Action::Push { node, tag, alone } => {
            format!("push {node}{}{}", by(tag), if *alone { " alone" } else { "" })
        }
        Action::Pull { node, tag } => format!("pull {node}{}", by(tag)),
        Action::Head { node, tag } => format!("head {node}{}", by(tag)),
        Action::Upload { node, how } => {
            let how = UploadHow::ALL
                .iter()
                .find(|(other, _)| other == how)
                .map_or("", |(_, word)| word);
            format!("upload {node} {how}")
        }
        Action::Mount { node, from } => match from {
            Some(from) => format!("mount {node} from {from}"),
            None => format!("mount {node}"),
        },
        Action::Discover { subject, .. } => format!("discover {subject}"),
        Action::Tags { .. } => "tags".to_string(),
        Action::Token { scopes, .. } => {
            let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
            format!("token for {}", scopes.join(" and "))
        }
        Action::Delete(DeleteWhat::Node(node)) => format!("delete {node}"),
        Action::Delete(DeleteWhat::Tag(tag)) => format!("delete tag {tag}"),
        Action::Gc { dry } => if *dry { "gc dry-run" } else { "gc" }.to_string(),
        Action::Wait(pause) => format!("wait {} ms", pause.as_millis()),
        Action::Together { times, steps, .. } => format!(
            "{}together: {}",
            if *times > 1 {
                format!("{times} times ")
            } else {
                String::new()
            },
            steps.iter().map(describe).collect::<Vec<_>>().join(", ")
        ),
    };
    format!("{what}{place}")
}

/// 2xx, and for a mount or a single POST 201: their 202 opens a session and stores nothing.
pub fn must_succeed(step: &Step, answer: &Answer) -> Result<(), Stop> {
    let stores = matches!(
        step.action,
        Action::Mount { .. }
            | Action::Upload {
                how: UploadHow::SinglePost,
                ..
            }
    );
    match answer.status() {
        Some(201) => Ok(()),
        Some(200..300) if !stores => Ok(()),
        _ => Err(broken(step, answer)),
    }
}

/// A step that had to work and did not.
pub fn broken(step: &Step, answer: &Answer) -> Stop {
    let request = &answer.exchange.request;
    Stop::Broken {
        step: describe(step),
        seen: format!(
            "{} {} answered {}",
            request.method,
            request.url,
            expect::status_text(answer)
        ),
    }
}

/// A step that needs what an earlier answer did not have.
pub fn missing(step: &Step, error: &ScopeError) -> Stop {
    Stop::Broken {
        step: describe(step),
        seen: format!("{error}: an earlier answer did not have it"),
    }
}
