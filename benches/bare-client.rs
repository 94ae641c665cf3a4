//! A client that does nothing but send and read: what the live fuzzer's requests a second are measured against.
//!
//! `record` stands between the fuzzer and a registry and writes down every request that goes by. `play` sends these
//! requests to a registry, over as many kept-alive connections as the fuzzer had jobs, each when the answer to the one
//! before has been read whole. Nothing is made, judged, hashed or kept.
//!
//! What belongs to one repository is sent in its order, by one connection after another, for the fuzzer does so too: a
//! manifest is there when it is asked for. The bytes are the same but for the URL of an upload, which a registry makes up
//! anew; were it not replaced, no blob would be found, and registries that look for blobs would refuse all manifests. How
//! many answers have another status than when they were recorded is printed: it shows that the work was the same.

use std::collections::HashMap;
use std::error::Error;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::ops::Range;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const USAGE: &str = "usage: bare-client record HOST:PORT HOST:PORT FILE COMMAND..   listens on the first, passes on to the \
                     second, as long as the command runs\n       bare-client play HOST:PORT CONNECTIONS FILE";

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["record", here, there, file, command, ref rest @ ..] => record(here, there, file, command, rest),
        ["play", there, connections, file] => play(there, connections, file),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// A request that went by.
struct Request {
    bytes: Vec<u8>,
    /// The status of the answer, 0 if there was none.
    status: u16,
    /// The upload whose URL the answer gives.
    opens: Option<usize>,
    /// The upload whose URL it has, and where.
    uses: Option<(usize, Range<usize>)>,
    /// Whether it has a connection of its own.
    is_alone: bool,
}

impl Request {
    /// The repository, as far as a path tells.
    fn repository(&self) -> &[u8] {
        let target = self.bytes.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        let marks: [&[u8]; 3] = [b"/manifests/", b"/blobs/", b"/tags/"];
        let end = marks.iter().filter_map(|mark| find(target, mark)).min();
        &target[..end.unwrap_or(0)]
    }
}

/// What went by.
#[derive(Default)]
struct Record {
    requests: Vec<Request>,
    /// The path of each upload that was opened.
    uploads: Vec<String>,
}

fn record(here: &str, there: &str, file: &str, command: &str, rest: &[&str]) -> Outcome<()> {
    let listener = TcpListener::bind(here)?;
    let record = Arc::new(Mutex::new(Record::default()));
    let (kept, there) = (record.clone(), there.to_owned());
    thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let (record, there) = (kept.clone(), there.clone());
            thread::spawn(move || {
                if let Err(error) = pass_on(near, &there, &record) {
                    eprintln!("a request that was not recorded: {error}");
                }
            });
        }
    });
    // Its outcome is about the registry.
    Command::new(command).args(rest).status()?;
    let record = record.lock().map_err(|error| error.to_string())?;
    write(file, &record.requests)
}

/// Passes on what one connection brings, until its end.
fn pass_on(near: TcpStream, there: &str, record: &Mutex<Record>) -> Outcome<()> {
    let (mut near, mut far) = (Stream::new(near)?, Stream::new(TcpStream::connect(there)?)?);
    let mut message = Vec::new();
    while near.message(&mut message, Body::Request)? {
        let at = {
            let mut record = record.lock().map_err(|error| error.to_string())?;
            let uses = used(&message, &record.uploads);
            record.requests.push(Request {
                bytes: message.clone(),
                status: 0,
                opens: None,
                uses,
                is_alone: closes(&message),
            });
            record.requests.len() - 1
        };
        far.tcp.write_all(&message)?;
        let body = Body::answering(&message);
        let is_post = message.starts_with(b"POST ");
        if !far.message(&mut message, body)? {
            return Ok(());
        }
        {
            let mut record = record.lock().map_err(|error| error.to_string())?;
            record.requests[at].status = status(&message);
            if is_post && let Some(path) = location(&message) {
                record.requests[at].opens = Some(record.uploads.len());
                record.uploads.push(path);
            }
        }
        near.tcp.write_all(&message)?;
    }
    Ok(())
}

/// The last upload whose URL a request has, and where it has it.
fn used(request: &[u8], uploads: &[String]) -> Option<(usize, Range<usize>)> {
    let from = request.iter().position(|byte| *byte == b' ')? + 1;
    let at = uploads
        .iter()
        .rposition(|path| request[from..].starts_with(path.as_bytes()))?;
    Some((at, from..from + uploads[at].len()))
}

fn play(there: &str, connections: &str, file: &str) -> Outcome<()> {
    let requests = read(file)?;
    let mut places: HashMap<&[u8], usize> = HashMap::new();
    let mut groups: Vec<Vec<&Request>> = Vec::new();
    for request in &requests {
        let place = *places.entry(request.repository()).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        groups[place].push(request);
    }
    let next = AtomicUsize::new(0);
    let work = || -> Outcome<usize> {
        let mut stream = Stream::new(TcpStream::connect(there)?)?;
        let mut other = 0;
        while let Some(group) = groups.get(next.fetch_add(1, Ordering::Relaxed)) {
            other += send(group, &mut stream, there)?;
        }
        Ok(other)
    };
    let started = Instant::now();
    let done: Vec<Outcome<usize>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..connections.parse().unwrap_or(1))
            .map(|_| scope.spawn(work))
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let seconds = started.elapsed().as_secs_f64();
    let other: usize = done.into_iter().sum::<Outcome<usize>>()?;
    println!(
        "{:.0} {}",
        requests.len() as f64 / seconds,
        100 * other / requests.len().max(1)
    );
    Ok(())
}

/// Sends the requests of one repository. Gives the number of answers with another status than was recorded.
fn send(group: &[&Request], stream: &mut Stream, there: &str) -> io::Result<usize> {
    let mut uploads: HashMap<usize, String> = HashMap::new();
    let (mut answer, mut other) = (Vec::new(), 0);
    for request in group {
        let fresh = request
            .uses
            .as_ref()
            .and_then(|(upload, place)| Some((uploads.get(upload)?, place)));
        let moved = fresh.map(|(path, place)| {
            [
                &request.bytes[..place.start],
                path.as_bytes(),
                &request.bytes[place.end..],
            ]
            .concat()
        });
        let bytes = moved.as_deref().unwrap_or(&request.bytes);
        let body = Body::answering(bytes);
        let mut own = match request.is_alone {
            true => Some(Stream::new(TcpStream::connect(there)?)?),
            false => None,
        };
        let to = own.as_mut().unwrap_or(&mut *stream);
        let is_answered = to.tcp.write_all(bytes).is_ok() && to.message(&mut answer, body).unwrap_or(false);
        if !request.is_alone && (!is_answered || closes(&answer)) {
            *stream = Stream::new(TcpStream::connect(there)?)?;
        }
        let status = if is_answered { status(&answer) } else { 0 };
        other += usize::from(status != request.status);
        if let Some(upload) = request.opens
            && let Some(path) = location(&answer)
        {
            uploads.insert(upload, path);
        }
    }
    Ok(other)
}

/// A connection, with what was read beyond a message.
struct Stream {
    tcp: TcpStream,
    rest: Vec<u8>,
}

/// Whether a message has a body.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    /// If it says so.
    Request,
    /// Unless the status says otherwise.
    Answer,
    /// Never: it answers HEAD.
    None,
}

impl Body {
    fn answering(request: &[u8]) -> Body {
        if request.starts_with(b"HEAD ") {
            Body::None
        } else {
            Body::Answer
        }
    }
}

impl Stream {
    fn new(tcp: TcpStream) -> io::Result<Stream> {
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Stream { tcp, rest: Vec::new() })
    }

    /// Reads one whole message; false where the connection ends instead.
    fn message(&mut self, into: &mut Vec<u8>, body: Body) -> io::Result<bool> {
        into.clear();
        std::mem::swap(into, &mut self.rest);
        let head = loop {
            if let Some(at) = find(into, b"\r\n\r\n") {
                break at + 4;
            }
            if self.more(into)? == 0 {
                return Ok(false);
            }
        };
        let status = if body == Body::Request { 200 } else { status(into) };
        let head_only = body == Body::None || matches!(status, 100..=199 | 204 | 304);
        if !head_only && field(&into[..head], "transfer-encoding").is_some() {
            while !into[head - 2..].ends_with(b"\r\n0\r\n\r\n") {
                if self.more(into)? == 0 {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let length: Option<usize> =
            field(&into[..head], "content-length").and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
        let end = match (head_only, length) {
            (true, _) => head,
            (false, Some(length)) => head + length,
            (false, None) if body == Body::Request => head,
            (false, None) => {
                while self.more(into)? > 0 {}
                into.len()
            }
        };
        while into.len() < end {
            if self.more(into)? == 0 {
                return Ok(false);
            }
        }
        self.rest.extend_from_slice(&into[end..]);
        into.truncate(end);
        Ok(true)
    }

    fn more(&mut self, into: &mut Vec<u8>) -> io::Result<usize> {
        let mut buffer = [0; 16 * 1024];
        let length = self.tcp.read(&mut buffer)?;
        into.extend_from_slice(&buffer[..length]);
        Ok(length)
    }
}

/// The status of an answer.
fn status(answer: &[u8]) -> u16 {
    let digits = answer.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Whether a message is the last of its connection.
fn closes(message: &[u8]) -> bool {
    field(message, "connection").is_some_and(|value| value.eq_ignore_ascii_case(b"close"))
}

/// The path that an answer sends its client to.
fn location(answer: &[u8]) -> Option<String> {
    let url = std::str::from_utf8(field(answer, "location")?).ok()?;
    let path = match url.split_once("://") {
        Some((_, rest)) => &rest[rest.find('/')?..],
        None => url,
    };
    Some(path.to_owned())
}

/// The value of a header field; its name is given in lower case.
fn field<'a>(message: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let lines = message.split(|byte| *byte == b'\n').take_while(|line| line.len() > 1);
    lines.skip(1).find_map(|line| {
        let (start, value) = line.split_at_checked(name.len())?;
        let value = value.strip_prefix(b":")?;
        start.eq_ignore_ascii_case(name.as_bytes()).then(|| value.trim_ascii())
    })
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// Writes a line of numbers before each request: length, status, and for uploads what it opens, what it uses and where.
fn write(file: &str, requests: &[Request]) -> Outcome<()> {
    let mut out = io::BufWriter::new(std::fs::File::create(file)?);
    for request in requests {
        write!(out, "{} {} ", request.bytes.len(), request.status)?;
        let (upload, place) = request.uses.clone().unwrap_or_default();
        let opens = request.opens.map_or(0, |opens| opens + 1);
        writeln!(out, "{opens} {upload} {} {}", place.start, place.end)?;
        out.write_all(&request.bytes)?;
    }
    Ok(out.flush()?)
}

fn read(file: &str) -> Outcome<Vec<Request>> {
    let bytes = std::fs::read(file)?;
    let (mut rest, mut requests) = (&bytes[..], Vec::new());
    while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
        let line = std::str::from_utf8(&rest[..at])?;
        let numbers: Vec<usize> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        let [length, status, opens, upload, start, end] = numbers[..] else {
            return Err(format!("{file} is no record").into());
        };
        let (request, after) = rest[at + 1..]
            .split_at_checked(length)
            .ok_or("the record is cut short")?;
        requests.push(Request {
            bytes: request.to_vec(),
            is_alone: closes(request),
            status: u16::try_from(status)?,
            opens: opens.checked_sub(1),
            uses: (end > 0).then_some((upload, start..end)),
        });
        rest = after;
    }
    Ok(requests)
}
