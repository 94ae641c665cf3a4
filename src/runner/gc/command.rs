//! A shell command as a trigger.
//!
//! It runs in a process group of its own. Whatever belongs to the group when the run is interrupted or the time is up is
//! ended with it; after success the group is left alone, for the command may have started the registry in it.

use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::trigger::Outcome;

/// The last so many bytes of the output are kept.
const KEPT: usize = 4000;

/// How long processes that are asked to end may take.
pub(super) const MERCY: Duration = Duration::from_secs(1);

/// How long output is waited for after the command is over: what it left running may hold it open for ever.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Runs a command line; its exit code and the end of its output are the evidence.
pub(super) async fn run(
    line: &str,
    variables: &[(&str, String)],
    limit: Duration,
    cancel: &CancellationToken,
) -> Outcome {
    let mut command = Command::new("sh");
    command.arg("-c").arg(line).process_group(0);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("cannot run sh: {error}"))?;
    let group = child.id();
    let output = Arc::new(Mutex::new(Vec::new()));
    let readers = [
        child
            .stdout
            .take()
            .map(|pipe| tokio::spawn(gather(pipe, output.clone()))),
        child
            .stderr
            .take()
            .map(|pipe| tokio::spawn(gather(pipe, output.clone()))),
    ];
    let ended = tokio::select! {
        ended = child.wait() => Ok(ended),
        () = sleep(limit) => Err(format!("it was not over after {} s and was ended", limit.as_secs_f64())),
        () = cancel.cancelled() => Err("it was ended because the run was interrupted".to_string()),
    };
    if !matches!(&ended, Ok(Ok(status)) if status.success()) {
        end(group, &mut child).await;
    }
    for mut reader in readers.into_iter().flatten() {
        if timeout(LAST_WORDS, &mut reader).await.is_err() {
            reader.abort();
        }
    }
    let output = output.lock().unwrap_or_else(PoisonError::into_inner);
    let said = String::from_utf8_lossy(&output);
    let said = match said.trim() {
        "" => String::new(),
        said => format!("; it said: {said}"),
    };
    match ended {
        Ok(Ok(status)) if status.success() => Ok(format!("exit code 0{said}")),
        Ok(Ok(status)) => Err(format!("{}{said}", ending(status))),
        Ok(Err(error)) => Err(format!("cannot wait for it: {error}")),
        Err(reason) => Err(format!("{reason}{said}")),
    }
}

fn ending(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => format!("ended by {status}"),
    }
}

async fn gather(mut pipe: impl AsyncRead + Unpin, into: Arc<Mutex<Vec<u8>>>) {
    let mut piece = [0; 4096];
    while let Ok(count @ 1..) = pipe.read(&mut piece).await {
        let mut output = into.lock().unwrap_or_else(PoisonError::into_inner);
        output.extend_from_slice(&piece[..count]);
        let surplus = output.len().saturating_sub(KEPT);
        output.drain(..surplus);
    }
}

/// Ends every process of a group: asks first, then insists.
async fn end(group: Option<u32>, child: &mut Child) {
    let Some(group) = group else { return };
    for (signal, wait) in [("TERM", MERCY), ("KILL", MERCY)] {
        signal_group(signal, group).await;
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            // The shell is ours to reap; the others of its group are seen by a signal that does nothing.
            let reaped = child.try_wait().is_ok_and(|ended| ended.is_some());
            if reaped && !signal_group("0", group).await {
                return;
            }
            if tokio::time::Instant::now() > deadline {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Sends a signal to a group; whether there was anybody to get it.
async fn signal_group(signal: &str, group: u32) -> bool {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("kill -s {signal} -- -{group}"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().await.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    fn is_alive(pid: &str) -> bool {
        // A process that is over and not reaped yet is as good as gone.
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        state
            .rsplit(')')
            .next()
            .is_some_and(|rest| !rest.trim().is_empty() && !rest.trim().starts_with('Z'))
    }

    #[tokio::test]
    async fn exit_code_and_output_are_evidence() {
        let cancel = CancellationToken::new();
        let variables = [("WORD", "hello".to_string())];
        let good = run("echo $WORD", &variables, LONG, &cancel).await;
        assert_eq!(good, Ok("exit code 0; it said: hello".into()));
        let bad = run("echo no >&2; exit 3", &[], LONG, &cancel).await;
        assert_eq!(bad, Err("exit code 3; it said: no".into()));
        let killed = run("kill -KILL $$", &[], LONG, &cancel).await;
        assert!(killed.is_err_and(|said| said.contains("signal: 9")));
    }

    #[tokio::test]
    async fn what_a_command_leaves_running_does_not_keep_it() {
        let begun = std::time::Instant::now();
        let folder = tempfile::tempdir().unwrap();
        let line = format!("sleep 20 & echo $! >{}/pid", folder.path().display());
        assert!(run(&line, &[], LONG, &CancellationToken::new()).await.is_ok());
        assert!(begun.elapsed() < Duration::from_secs(5));
        let pid = std::fs::read_to_string(folder.path().join("pid")).unwrap();
        assert!(is_alive(pid.trim()));
        std::process::Command::new("kill").arg(pid.trim()).status().unwrap();
    }

    #[tokio::test]
    async fn nothing_is_left_when_the_time_is_up_or_the_run_is_interrupted() {
        for interrupted in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let pids = folder.path().join("pids");
            let line = format!(
                "trap '' TERM; sleep 60 & echo $! $$ >{0}.new; mv {0}.new {0}; wait",
                pids.display()
            );
            let cancel = CancellationToken::new();
            let limit = if interrupted { LONG } else { Duration::from_millis(300) };
            let running = run(&line, &[], limit, &cancel);
            let stop = async {
                while !pids.exists() {
                    sleep(Duration::from_millis(10)).await;
                }
                if interrupted {
                    cancel.cancel();
                }
            };
            let (outcome, ()) = tokio::join!(running, stop);
            assert!(outcome.is_err_and(|said| said.contains("ended")));
            let pids = std::fs::read_to_string(pids).unwrap();
            assert!(pids.split_whitespace().all(|pid| !is_alive(pid)), "{pids}");
        }
    }
}
