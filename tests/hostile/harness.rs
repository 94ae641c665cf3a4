//! Running the program and watching what becomes of it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::server::{Reply, Server, ok};

/// It conforms, or is said to.
pub const CONFORMS: i32 = 0;
/// The registry is found wanting, or could not be judged.
pub const FINDINGS: i32 = 1;
/// The registry cannot be judged at all.
pub const NO_REGISTRY: i32 = 3;
/// A report could not be written.
pub const FAILED: i32 = 5;
/// The run was interrupted.
pub const INTERRUPTED: i32 = 130;

/// The time limit of one request.
pub const LIMIT: &str = "800ms";

/// More memory than a run needs, whatever it is sent; of a program that is not optimised.
pub const MEMORY_KIB: u64 = 160 * 1024;

/// Every form of a report.
const FORMATS: &str = "junit,json,html,markdown,badge,github,har";

/// A run that is under way.
pub struct Run {
    home: TempDir,
    out: PathBuf,
    child: Child,
    started: Instant,
    memory_kib: u64,
}

/// What became of a run.
pub struct Ran {
    pub code: Option<i32>,
    pub took: Duration,
    pub memory_kib: u64,
    /// Everything that it wrote: to the terminal and into its reports.
    pub written: String,
    /// Where it wrote.
    pub out: PathBuf,
    _home: TempDir,
}

impl Run {
    /// Starts a run of some cases against an address.
    pub fn start(url: &str, filter: &str, more: &[&str], password: Option<&str>) -> Run {
        let home = TempDir::new().unwrap();
        let out = home.path().join("out");
        let mut command = Command::new(env!("CARGO_BIN_EXE_referee"));
        command
            .args(["run", url, "--filter", filter, "--seed", "1", "--format", FORMATS])
            .arg("--cases")
            .arg(cases());
        let has = |option: &str| more.contains(&option);
        if !has("--timeout") {
            command.args(["--timeout", LIMIT]);
        }
        if !has("--jobs") {
            command.args(["--jobs", "64"]);
        }
        if !has("--out") {
            command.arg("--out").arg(&out);
        }
        let file = |name: &str| std::fs::File::create(home.path().join(name)).unwrap();
        let mut child = command
            .args(more)
            .env_clear()
            .env("HOME", home.path())
            .env("RUST_BACKTRACE", "1")
            .stdin(Stdio::piped())
            .stdout(file("stdout"))
            .stderr(file("stderr"))
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        if let Some(password) = password {
            stdin.write_all(password.as_bytes()).unwrap();
        }
        Run {
            home,
            out,
            child,
            started: Instant::now(),
            memory_kib: 0,
        }
    }

    /// Where it writes its reports.
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// Waits for its end, but not for ever.
    pub fn end(mut self) -> Ran {
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            self.memory_kib = self.memory_kib.max(peak_kib(self.child.id()));
            if self.started.elapsed() > Duration::from_secs(90) {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let mut written = String::new();
        for folder in [self.home.path(), &self.out] {
            for file in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                if file.path().is_file() {
                    // UTF-8 whatever a registry sent.
                    written += &String::from_utf8(std::fs::read(file.path()).unwrap()).unwrap();
                }
            }
        }
        Ran {
            code: status.code(),
            took: self.started.elapsed(),
            memory_kib: self.memory_kib,
            written,
            out: self.out,
            _home: self.home,
        }
    }
}

/// Runs some cases against an address.
pub async fn referee(url: String, filter: &'static str, more: &'static [&'static str]) -> Ran {
    let run = move || Run::start(&url, filter, more, None).end();
    tokio::task::spawn_blocking(run).await.unwrap()
}

impl Ran {
    /// What is wrong with how it ended.
    pub fn complaints(&self, code: i32, within: Duration, says: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.code != Some(code) {
            wrong.push(format!("it ended with {:?}, not {code}", self.code));
        }
        if self.written.contains("panicked") {
            wrong.push("it panicked".to_string());
        }
        if self.took > within {
            wrong.push(format!("it took {:?}", self.took));
        }
        if self.memory_kib > MEMORY_KIB {
            wrong.push(format!("it needed {} KiB", self.memory_kib));
        }
        if !self.written.contains(says) {
            wrong.push(format!("it does not say `{says}`"));
        }
        for forbidden in ['\u{1b}', '\u{9b}', '\u{7}', '\u{0}', '\u{202e}'] {
            if self.written.contains(forbidden) {
                wrong.push(format!("it wrote {forbidden:?}"));
            }
        }
        // What a browser shows; in other forms markup is text.
        for form in ["report.html", "report.md", "badge.svg"] {
            let text = std::fs::read_to_string(self.out.join(form)).unwrap_or_default();
            if text.contains("<script>alert") {
                wrong.push(format!("there is markup in {form}"));
            }
        }
        if self
            .written
            .lines()
            .any(|line| line.trim_start().starts_with("::error::x"))
        {
            wrong.push("it wrote a command of the target's".to_string());
        }
        if !wrong.is_empty() {
            wrong.push(self.written.chars().take(1500).collect());
        }
        wrong
    }

    #[track_caller]
    pub fn ended(&self, code: i32, within: Duration, says: &str) {
        let wrong = self.complaints(code, within, says);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// The report in JSON.
    pub fn report(&self) -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(self.out.join("report.json")).unwrap()).unwrap()
    }
}

/// Some of the cases: reading all of them each time would take longer than everything else.
pub fn cases() -> &'static Path {
    static CASES: OnceLock<PathBuf> = OnceLock::new();
    CASES.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile-cases");
        let _ = std::fs::remove_dir_all(&folder);
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
        for area in ["spec", "pull", "tags"] {
            let to = folder.join(area);
            std::fs::create_dir_all(&to).unwrap();
            for file in std::fs::read_dir(from.join(area)).unwrap() {
                let file = file.unwrap();
                std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        }
        std::fs::create_dir_all(folder.join("upload")).unwrap();
        std::fs::copy(from.join("upload/chunks.yaml"), folder.join("upload/chunks.yaml")).unwrap();
        folder
    })
}

/// The most memory that a process has had, where the system tells.
fn peak_kib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// A server that greets like a registry and is itself from then on; it is told how many requests there were before.
pub async fn behind_a_registry(reply: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Server {
    Server::start_counting(move |number, request| greeting(request).unwrap_or_else(|| reply(number, request))).await
}

/// What a registry answers to the control.
pub fn greeting(request: &str) -> Option<Reply> {
    if request.starts_with("GET /v2/ ") {
        return Some(ok("{}").header("Docker-Distribution-Api-Version", "registry/2.0"));
    }
    request.starts_with("GET /v2/referee-control/").then(not_found)
}

pub fn not_found() -> Reply {
    let body = r#"{"errors":[{"code":"NAME_UNKNOWN","message":"no"}]}"#;
    let head = format!(
        "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: {}",
        body.len()
    );
    Reply::kept(format!("{head}\r\n\r\n{body}").as_bytes())
}

/// Takes everything that is pushed, and forgets it.
pub fn takes(request: &str) -> Option<Reply> {
    match request.split(' ').next() {
        Some("POST") => Some(Reply::status("202 Accepted").header("Location", "/v2/x/blobs/uploads/1")),
        Some("PUT") => Some(Reply::status("201 Created").header("Location", "/v2/x/blobs/sha256:0")),
        Some("PATCH") => Some(Reply::status("202 Accepted").header("Location", "/v2/x/blobs/uploads/1")),
        Some("DELETE") => Some(Reply::status("202 Accepted")),
        _ => None,
    }
}
