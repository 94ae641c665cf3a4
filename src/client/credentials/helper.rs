//! Asking a docker credential helper: a program that is given a server on standard input and answers in JSON.
//!
//! Owns running it within bounds of time and output. Knows nothing of the files that name it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::time::timeout;

use super::Login;
use crate::client::exchange::escape;

/// How long a helper may take; one that waits for a person to unlock a keyring never ends in CI.
const LIMIT: Duration = Duration::from_secs(10);

/// Bytes of its answer at most.
const OUTPUT: u64 = 64 * 1024;

/// Why a helper gave no answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    #[error("is not installed")]
    Missing,
    #[error("is not the name of a helper")]
    Name,
    #[error("did not answer within {0} seconds")]
    Late(u64),
    #[error("failed: {0}")]
    Failed(String),
    #[error("did not answer with a user name and a secret")]
    Answer,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Username")]
    username: String,
    #[serde(rename = "Secret")]
    secret: String,
}

/// Asks for the login of a server; none if the helper does not know it. `path` is the search path for programs.
pub(super) async fn get(name: &str, server: &str, path: &str) -> Result<Option<Login>, Failure> {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
        return Err(Failure::Name);
    }
    let program = locate(
        &format!("docker-credential-{name}{}", std::env::consts::EXE_SUFFIX),
        path,
    );
    let program = program.ok_or(Failure::Missing)?;
    timeout(LIMIT, run(&program, server))
        .await
        .map_err(|_| Failure::Late(LIMIT.as_secs()))?
}

async fn run(program: &Path, server: &str) -> Result<Option<Login>, Failure> {
    let failed = |e: std::io::Error| Failure::Failed(e.to_string());
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A helper that does not read will say why by its answer.
        let _ = stdin.write_all(format!("{server}\n").as_bytes()).await;
    }
    let mut output = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(OUTPUT).read_to_end(&mut output).await.map_err(failed)?;
    }
    let status = child.wait().await.map_err(failed)?;
    if !status.success() {
        let text = escape(&output).0;
        if text.to_ascii_lowercase().contains("not found") {
            return Ok(None);
        }
        let line: String = text.lines().next().unwrap_or_default().chars().take(200).collect();
        return Err(Failure::Failed(format!("{status}: {line}")));
    }
    let answer: Answer = serde_json::from_slice(&output).map_err(|_| Failure::Answer)?;
    if answer.username.is_empty() && answer.secret.is_empty() {
        return Ok(None);
    }
    Ok(Some(Login::of(answer.username, answer.secret)))
}

fn locate(program: &str, path: &str) -> Option<PathBuf> {
    std::env::split_paths(path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}
