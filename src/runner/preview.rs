//! A case as the plain HTTP that it sends, without a target.

use super::expand::{Planned, expand, expand_stores, parts};
use super::isolate::{Isolation, scope, setting};
use super::means::Means;
use super::stop::describe;
use crate::case::{Action, Case, Step};
use crate::content::Scope;

/// The length of a chunk on a target that announces no minimum.
const CHUNK: u64 = 1024;

/// A step and what it sends.
#[derive(Debug, Clone)]
pub struct PreviewStep {
    /// Whether it is part of the setup, which is not judged.
    pub setup: bool,
    /// The step as it is written.
    pub says: String,
    /// What it sends, in order; the answer to the last is judged.
    pub requests: Vec<PreviewRequest>,
    /// The requirements that judge the answer.
    pub requirements: Vec<String>,
    /// The facts that are recorded.
    pub facts: Vec<String>,
    /// Whether the steps after it are left out on some answers.
    pub may_end: bool,
}

/// One request in text.
#[derive(Debug, Clone)]
pub struct PreviewRequest {
    /// Method and target with its query.
    pub line: String,
    /// Headers.
    pub headers: Vec<String>,
    /// What the body is, if there is one.
    pub body: Option<String>,
}

/// What a case sends, with the repositories, digests and tags of a run that never was.
pub fn preview(case: &Case) -> Result<Vec<PreviewStep>, String> {
    let isolation = Isolation::Fresh {
        prefix: "referee".into(),
        run: "run".into(),
    };
    let repositories = isolation
        .repositories(&case.id.0, 1 + case.repos.len())
        .unwrap_or_default();
    let setting = setting(0, &case.id.0, CHUNK);
    let scope = scope(
        "registry.example",
        setting,
        &case.content,
        &case.repos,
        &repositories,
        None,
    )?;
    let mut out = Vec::new();
    for part in parts(&case.setup) {
        if let [step] = part {
            preview_step(step, true, &scope, &mut out)?;
            continue;
        }
        let plans = expand_stores(part, &scope, &Means::usual(CHUNK)).map_err(|error| error.to_string())?;
        for (step, planned) in part.iter().zip(plans) {
            out.push(preview_planned(step, true, &scope, &planned));
        }
        if let Some(first) = out.len().checked_sub(part.len()) {
            out[first]
                .says
                .push_str(", after the blobs of this and the next pushes");
        }
    }
    for step in &case.steps {
        preview_step(step, false, &scope, &mut out)?;
    }
    Ok(out)
}

fn preview_step(step: &Step, setup: bool, scope: &Scope, out: &mut Vec<PreviewStep>) -> Result<(), String> {
    let planned = expand(step, scope, &Means::usual(CHUNK)).map_err(|error| error.to_string())?;
    out.push(preview_planned(step, setup, scope, &planned));
    if let Action::Together { steps, .. } = &step.action {
        for inner in steps {
            preview_step(inner, setup, scope, out)?;
        }
    }
    Ok(())
}

fn preview_planned(step: &Step, setup: bool, scope: &Scope, planned: &[Planned]) -> PreviewStep {
    let requests = planned
        .iter()
        .map(|request| {
            let mut line = format!("{} {}", request.method, scope.preview(&request.target));
            for (name, value) in &request.query {
                line.push(if line.contains('?') { '&' } else { '?' });
                line.push_str(&format!("{name}={}", scope.preview(value)));
            }
            PreviewRequest {
                line,
                headers: request
                    .headers
                    .iter()
                    .map(|(n, v)| format!("{n}: {}", scope.preview(v)))
                    .chain(request.omit.iter().map(|name| format!("(no {name})")))
                    .collect(),
                body: request.body.describe(),
            }
        })
        .collect();
    PreviewStep {
        setup,
        says: describe(step),
        requests,
        requirements: step
            .expect
            .iter()
            .map(|expectation| expectation.requirement.clone())
            .collect(),
        facts: step.record.iter().map(|fact| fact.name.clone()).collect(),
        may_end: !step.continue_if.is_empty(),
    }
}
