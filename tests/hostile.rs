//! The program against servers that mean it no good, on this machine: it ends in time, says the right thing by its exit
//! code, stays small and shows nothing that it should not.

#[path = "client/server.rs"]
#[allow(dead_code)]
mod server;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use server::{Reply, Server, ok};
use tempfile::TempDir;

/// The registry cannot be judged.
const NO_REGISTRY: i32 = 3;
/// It can, and is found wanting.
const FINDINGS: i32 = 1;

/// The time limit of one request.
const LIMIT: &str = "800ms";

/// How long a run may take that is refused at once: two requests and a start on a busy machine.
const SOON: Duration = Duration::from_secs(6);
/// How long a run may take whose cases all time out.
const LATER: Duration = Duration::from_secs(14);

/// More memory than a run needs, whatever it is sent.
const MEMORY_KIB: u64 = 192 * 1024;

/// What became of a run.
struct Ran {
    code: Option<i32>,
    took: Duration,
    memory_kib: u64,
    /// Everything that it wrote: to the terminal and into its reports.
    written: String,
}

impl Ran {
    #[track_caller]
    fn ended(&self, code: i32, within: Duration) {
        assert_eq!(self.code, Some(code), "{}", self.written);
        assert!(!self.written.contains("panicked"), "{}", self.written);
        assert!(self.took < within, "it took {:?}", self.took);
        assert!(self.memory_kib < MEMORY_KIB, "it needed {} KiB", self.memory_kib);
    }

    #[track_caller]
    fn says(&self, part: &str) {
        assert!(self.written.contains(part), "`{part}` is not in: {}", self.written);
    }
}

/// Runs some cases against an address.
async fn referee(url: String, filter: &'static str, more: &'static [&'static str]) -> Ran {
    tokio::task::spawn_blocking(move || run(&url, filter, more, None))
        .await
        .unwrap()
}

fn run(url: &str, filter: &str, more: &[&str], password: Option<&str>) -> Ran {
    let home = TempDir::new().unwrap();
    let out = home.path().join("out");
    let (stdout, stderr) = (home.path().join("stdout"), home.path().join("stderr"));
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_referee"))
        .args([
            "run",
            url,
            "--filter",
            filter,
            "--timeout",
            LIMIT,
            "--jobs",
            "64",
            "--keep",
        ])
        .args(["--seed", "1", "--cases"])
        .arg(cases())
        .arg("--out")
        .arg(&out)
        .args(more)
        .env_clear()
        .env("HOME", home.path())
        .env("RUST_BACKTRACE", "1")
        .stdin(Stdio::piped())
        .stdout(std::fs::File::create(&stdout).unwrap())
        .stderr(std::fs::File::create(&stderr).unwrap())
        .spawn()
        .unwrap();
    if let Some(password) = password {
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(password.as_bytes()).unwrap();
    }
    let mut memory_kib = 0;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        memory_kib = memory_kib.max(peak_kib(child.id()));
        if started.elapsed() > Duration::from_secs(60) {
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let took = started.elapsed();
    let mut written = text(&stdout) + &text(&stderr);
    for file in ["report.json", "junit.xml"] {
        written += &text(&out.join(file));
    }
    Ran {
        code: status.code(),
        took,
        memory_kib,
        written,
    }
}

/// Some of the cases: reading all of them each time would take longer than everything else.
fn cases() -> &'static Path {
    static CASES: OnceLock<PathBuf> = OnceLock::new();
    CASES.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile-cases");
        let _ = std::fs::remove_dir_all(&folder);
        for area in ["spec", "pull", "tags"] {
            let to = folder.join(area);
            std::fs::create_dir_all(&to).unwrap();
            for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(area)).unwrap() {
                let file = file.unwrap();
                std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        }
        folder
    })
}

/// The text of a file, which is UTF-8 whatever a registry sent.
fn text(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    String::from_utf8(bytes).unwrap()
}

/// The most memory that a process has had, where the system tells.
fn peak_kib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// A server that greets like a registry and is itself from then on.
async fn behind_a_registry(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |request| {
        if request.starts_with("GET /v2/ ") {
            return ok("{}").header("Docker-Distribution-Api-Version", "registry/2.0");
        }
        if request.starts_with("GET /v2/referee-control/") {
            return not_found();
        }
        reply(request)
    })
    .await
}

fn not_found() -> Reply {
    let body = r#"{"errors":[{"code":"NAME_UNKNOWN","message":"no"}]}"#;
    let head = format!(
        "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: {}",
        body.len()
    );
    Reply::kept(format!("{head}\r\n\r\n{body}").as_bytes())
}

fn page(status: &str) -> Reply {
    let body = "<!DOCTYPE HTML><html><head><title>Error response</title></head><body><h1>Error</h1></body></html>";
    let head =
        format!("HTTP/1.1 {status}\r\nServer: SimpleHTTP/0.6 Python/3.12\r\nContent-Type: text/html;charset=utf-8");
    Reply::kept(format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_port() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let ran = referee(format!("http://127.0.0.1:{port}"), "pull/*", &[]).await;
    ran.ended(NO_REGISTRY, SOON);
    ran.says("cannot reach");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_answers() {
    let server = Server::start(|_| Reply::hang(b"")).await;
    let ran = referee(server.url(), "pull/*", &[]).await;
    ran.ended(NO_REGISTRY, SOON);
    ran.says("no answer in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_that_nobody_accepts_from() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let ran = referee(format!("http://127.0.0.1:{port}"), "pull/*", &[]).await;
    ran.ended(NO_REGISTRY, SOON);
    drop(listener);
}

#[tokio::test(flavor = "multi_thread")]
async fn web_servers() {
    for status in ["200 OK", "404 File not found", "301 Moved", "500 Internal Server Error"] {
        let server = Server::start(move |_| page(status)).await;
        let ran = referee(server.url(), "pull/*", &[]).await;
        ran.ended(NO_REGISTRY, SOON);
        ran.says("there is no registry");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_do_not_speak_http() {
    let replies: [fn() -> Reply; 6] = [
        || Reply::bytes(b"SSH-2.0-OpenSSH_9.6\r\n"),
        || Reply::bytes(b"\xff\xfe\x00\x01\x02\x80\x80\x80"),
        || Reply::bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"),
        || Reply::bytes(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"),
        || Reply::bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 7\r\n\r\nabc"),
        || Reply::bytes(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx"),
    ];
    for reply in replies {
        let server = Server::start(move |_| reply()).await;
        referee(server.url(), "pull/*", &[]).await.ended(NO_REGISTRY, SOON);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_without_end() {
    const MUCH: &[u8] = &[b'x'; 64 * 1024];
    let replies: [fn() -> Reply; 6] = [
        || Reply::endless(b"HTTP/1.1 200 OK\r\n\r\n", MUCH),
        || {
            Reply::endless(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                b"4\r\nabcd\r\n",
            )
        },
        || Reply::endless(b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n"),
        || Reply::endless(b"HTTP/1.1 200 OK\r\nX-Long: ", MUCH),
        || Reply::endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
        || Reply::drip(b"HTTP/1.1 200 OK\r\nX-Slow: "),
    ];
    for reply in replies {
        let server = Server::start(move |_| reply()).await;
        referee(server.url(), "pull/*", &[]).await.ended(NO_REGISTRY, SOON);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn circles_and_waits_without_end() {
    let server =
        Server::start_counting(|number, _| Reply::status("307 R").header("Location", &format!("/v2/{number}"))).await;
    let ran = referee(server.url(), "pull/*", &[]).await;
    ran.ended(NO_REGISTRY, SOON);
    ran.says("redirects");
    assert!(server.requests().len() < 30);

    for (status, wait) in [
        ("429 Too Many Requests", "1000000"),
        ("429 Too Many Requests", "99999999999999999999999999"),
        ("503 Service Unavailable", "Fri, 31 Dec 9999 23:59:59 GMT"),
        ("503 Service Unavailable", "-1"),
    ] {
        let server = Server::start(move |_| Reply::status(status).header("Retry-After", wait)).await;
        referee(server.url(), "pull/*", &[]).await.ended(NO_REGISTRY, SOON);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_that_lead_nowhere() {
    for realm in [
        "http://169.254.169.254/latest",
        "http://2852039166/latest",
        "file:///etc/passwd",
        "/v2/",
        "",
    ] {
        let challenge = format!("Bearer realm=\"{realm}\",service=\"s\"");
        let server = Server::start(move |_| Reply::status("401 U").header("WWW-Authenticate", &challenge)).await;
        let ran = referee(server.url(), "pull/*", &[]).await;
        ran.ended(NO_REGISTRY, SOON);
        ran.says("cannot log in");
        assert!(server.requests().len() < 10);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_falls_silent() {
    let server = behind_a_registry(|_| Reply::hang(b"HTTP/1.1 200 OK\r\n")).await;
    referee(server.url(), "tags/list/*", &[]).await.ended(FINDINGS, LATER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_breaks_off() {
    let replies: [fn() -> Reply; 5] = [
        Reply::nothing,
        || Reply::bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"),
        || Reply::bytes(b"\x00\xff\xfe"),
        || Reply::status("500 Internal Server Error"),
        || Reply::status("999 What"),
    ];
    for reply in replies {
        let server = behind_a_registry(move |_| reply()).await;
        referee(server.url(), "tags/*", &[]).await.ended(FINDINGS, LATER);
    }
}

/// Takes everything that is pushed, and forgets it.
fn takes(request: &str) -> Option<Reply> {
    match request.split(' ').next() {
        Some("POST") => Some(Reply::status("202 Accepted").header("Location", "/v2/x/blobs/uploads/1")),
        Some("PUT") => Some(Reply::status("201 Created").header("Location", "/v2/x/blobs/sha256:0")),
        Some("PATCH") => Some(Reply::status("202 Accepted").header("Location", "/v2/x/blobs/uploads/1")),
        Some("DELETE") => Some(Reply::status("202 Accepted")),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_without_end() {
    let server = behind_a_registry(|request| {
        takes(request).unwrap_or_else(|| {
            let page: u64 = request
                .split_once("page=")
                .and_then(|(_, rest)| rest.split([' ', '&']).next()?.parse().ok())
                .unwrap_or(0);
            let next = format!("</v2/x/tags/list?page={}>; rel=\"next\"", page + 1);
            ok(&format!(r#"{{"name":"x","tags":["t{page}"]}}"#)).header("Link", &next)
        })
    })
    .await;
    referee(server.url(), "tags/pages/link-walk", &[])
        .await
        .ended(FINDINGS, LATER);
    assert!(server.requests().len() < 100_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_too_much() {
    const DEEP: &[u8] = &[b'['; 64 * 1024];
    let replies: [fn() -> Reply; 4] = [
        || Reply::endless(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", DEEP),
        || ok(&"[".repeat(4 << 20)),
        || ok(&format!("{{\"tags\":[{}1]}}", "1,".repeat(1 << 17))),
        || ok(&format!("{{\"tags\":{}}}", "{\"a\":".repeat(1 << 19))),
    ];
    for reply in replies {
        let server = behind_a_registry(move |request| takes(request).unwrap_or_else(reply)).await;
        referee(server.url(), "tags/list/*", &[]).await.ended(FINDINGS, LATER);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_would_take_over_a_terminal_or_a_report() {
    let nasty =
        "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}</failure>]]><script>alert(1)</script>\u{0}\r\n::error::x";
    let server = behind_a_registry(move |request| {
        let body = serde_json::json!({"errors": [{"code": nasty, "message": nasty, "detail": nasty}]}).to_string();
        let raw = format!("{body}{nasty}");
        let body = if request.starts_with("GET") { raw } else { body };
        let mut bytes = format!(
            "HTTP/1.1 418 \x1b[31mred\r\nContent-Type: application/json\r\nX-Nasty: \x1b[2J\u{9b}\r\nContent-Length: {}\r\n\r\n",
            body.len() + 2
        )
        .into_bytes();
        bytes.extend_from_slice(body.as_bytes());
        bytes.extend_from_slice(b"\xff\xfe");
        Reply::bytes(&bytes)
    })
    .await;
    let ran = referee(server.url(), "tags/*", &[]).await;
    ran.ended(FINDINGS, LATER);
    for forbidden in ['\u{1b}', '\u{9b}', '\u{7}', '\u{0}'] {
        assert!(!ran.written.contains(forbidden), "{forbidden:?}");
    }
    assert!(!ran.written.lines().any(|line| line.trim_start().starts_with("::error")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_says_the_password() {
    const PASSWORD: &str = "correct-horse-battery";
    // ann:correct-horse-battery
    const PAIR: &str = "YW5uOmNvcnJlY3QtaG9yc2UtYmF0dGVyeQ==";
    let server = Server::start(|request| {
        if !request.contains(PAIR) {
            return Reply::status("401 U").header("WWW-Authenticate", "Basic realm=\"x\"");
        }
        if request.starts_with("GET /v2/ ") {
            return ok("{}").header("Server", PASSWORD);
        }
        let body = serde_json::json!({
            "errors": [{"code": PASSWORD.to_uppercase(), "message": request, "detail": hex(PASSWORD)}],
            "tags": [PASSWORD, PAIR],
        })
        .to_string();
        let head = format!("HTTP/1.1 404 {PASSWORD}\r\nContent-Type: {PASSWORD}/{PAIR}\r\nLocation: /{PASSWORD}");
        let head = format!("{head}\r\nX-{PASSWORD}: {PAIR}\r\nDocker-Content-Digest: {PASSWORD}\r\nLink: <{PASSWORD}>");
        Reply::kept(format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes())
    })
    .await;
    let url = server.url();
    let more = ["--username", "ann", "--password-stdin"];
    let ran = tokio::task::spawn_blocking(move || run(&url, "pull/*,tags/*", &more, Some(PASSWORD)))
        .await
        .unwrap();
    ran.ended(FINDINGS, LATER);
    ran.says("<redacted>");
    for secret in [PASSWORD, &PAIR[..PAIR.len() - 2], &hex(PASSWORD)] {
        assert!(
            !ran.written.contains(secret),
            "{secret}: {}",
            around(&ran.written, secret)
        );
    }
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn around<'a>(text: &'a str, part: &str) -> &'a str {
    let at = text.find(part).unwrap_or_default();
    text.get(at.saturating_sub(200)..(at + 200).min(text.len()))
        .unwrap_or_default()
}
