//! Running the program, and what it leaves behind.

use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The program, free of whatever the caller's environment would change in it.
pub fn referee() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_referee"));
    for name in [
        "REFEREE_USERNAME",
        "REFEREE_PASSWORD",
        "NO_COLOR",
        "CLICOLOR_FORCE",
        "http_proxy",
        "HTTP_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        command.env_remove(name);
    }
    command.env("NO_PROXY", "*").stdin(Stdio::null());
    command
}

/// What a run of the program said.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Checks the exit code, and that every part stands in the output.
    #[track_caller]
    pub fn is(&self, code: i32, parts: &[&str]) -> &Self {
        let all = format!("{}{}", self.out, self.err);
        assert_eq!(self.code, Some(code), "{all}");
        for part in parts {
            assert!(all.contains(part), "`{part}` is missing in\n{all}");
        }
        // What went wrong belongs to standard error, so that output can be piped.
        if code == 2 {
            assert!(self.out.is_empty(), "{}", self.out);
        }
        self
    }
}

/// Runs the program to its end.
pub fn run(arguments: &[&str]) -> Said {
    Said::of(referee().args(arguments).output().unwrap())
}

/// Runs it from another folder.
pub fn run_in(folder: &Path, arguments: &[&str]) -> Said {
    Said::of(referee().current_dir(folder).args(arguments).output().unwrap())
}

/// Waits for a process; one that does not end in time is killed.
pub fn ended(mut child: Child, limit: Duration) -> Said {
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > limit {
            child.kill().unwrap();
            panic!("no end within {limit:?}");
        }
        thread::sleep(Duration::from_millis(10));
    }
    Said::of(child.wait_with_output().unwrap())
}

/// Sends a signal by name to a process that we started.
pub fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let status = Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap();
    assert!(status.success());
}

/// `referee serve` on a free port, ended when it is dropped.
pub struct Served {
    child: Child,
    pub url: String,
    _out: BufReader<ChildStdout>,
}

impl Served {
    pub fn with(arguments: &[&str]) -> Self {
        let mut child = referee()
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let url = line.trim().rsplit(' ').next().unwrap().to_string();
        assert!(url.starts_with("http://127.0.0.1:"), "{line}");
        Self { child, url, _out: out }
    }

    /// Asks it to end as a service manager does.
    pub fn end(mut self) -> Option<i32> {
        signal(&self.child, "TERM");
        self.child.wait().unwrap().code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A relay to another server that holds back every piece of a request, and counts them.
pub struct SlowRelay {
    pub url: String,
    pub requests: Arc<AtomicUsize>,
}

impl SlowRelay {
    pub fn to(url: &str, delay: Duration) -> Self {
        let target = url.trim_start_matches("http://").to_string();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = requests.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(&target).unwrap();
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let counter = counter.clone();
                thread::spawn(move || relay(from, to, delay, &counter));
                thread::spawn(move || relay(server, client, Duration::ZERO, &AtomicUsize::new(0)));
            }
        });
        Self { url, requests }
    }

    /// Waits until so many pieces of requests have passed.
    pub fn wait_for(&self, count: usize) {
        let started = Instant::now();
        while self.requests.load(Ordering::Relaxed) < count {
            assert!(started.elapsed() < Duration::from_secs(30), "no requests");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn relay(mut from: TcpStream, mut to: TcpStream, delay: Duration, counter: &AtomicUsize) {
    use std::io::Write;
    let mut piece = [0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        counter.fetch_add(1, Ordering::Relaxed);
        thread::sleep(delay);
        if to.write_all(&piece[..length]).is_err() {
            break;
        }
    }
    // The other side may be gone.
    let _ = to.shutdown(std::net::Shutdown::Write);
}
