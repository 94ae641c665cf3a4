//! The beasts of the zoo: servers that mean no good, each with what has to become of a run against it.

use std::sync::Arc;

use crate::hostile::harness::{FINDINGS, NO_REGISTRY, greeting, not_found, takes};
use crate::server::{Reply, ok};

pub type Handler = Arc<dyn Fn(usize, &str) -> Reply + Send + Sync>;

/// A server, and the end of a run against it.
pub struct Beast {
    /// What it does.
    pub name: String,
    /// Its answer to the request of a number.
    pub handler: Handler,
    /// The exit code.
    pub code: i32,
    /// What is said of it, among other things.
    pub says: &'static str,
    /// The cases that run.
    pub filter: &'static str,
    /// How many requests are enough.
    pub most_requests: usize,
}

impl Beast {
    fn filter(mut self, filter: &'static str) -> Beast {
        self.filter = filter;
        self
    }

    fn at_most(mut self, requests: usize) -> Beast {
        self.most_requests = requests;
        self
    }
}

/// Answers so to everything: there is no registry to be judged.
fn plain(name: &str, says: &'static str, reply: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Beast {
    Beast {
        name: name.to_string(),
        handler: Arc::new(reply),
        code: NO_REGISTRY,
        says,
        filter: "pull/*",
        most_requests: 30,
    }
}

/// Greets like a registry and answers so to everything else: there is one, and it is found wanting.
fn disguised(name: &str, says: &'static str, reply: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Beast {
    Beast {
        name: name.to_string(),
        handler: Arc::new(move |number, request| greeting(request).unwrap_or_else(|| reply(number, request))),
        code: FINDINGS,
        says,
        filter: "tags/list/*",
        most_requests: 20_000,
    }
}

/// Takes what is pushed too, and answers so to who reads.
fn reader(name: &str, says: &'static str, reply: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Beast {
    disguised(name, says, move |number, request| {
        takes(request).unwrap_or_else(|| reply(number, request))
    })
}

/// Answers a request to push so, and knows nothing.
fn writer(name: &str, says: &'static str, reply: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Beast {
    disguised(name, says, move |number, request| match takes(request) {
        Some(_) => reply(number, request),
        None => not_found(),
    })
}

fn page(status: &str) -> Reply {
    let body = "<!DOCTYPE HTML><html><head><title>Error response</title></head><body><h1>Error</h1></body></html>";
    let head =
        format!("HTTP/1.1 {status}\r\nServer: SimpleHTTP/0.6 Python/3.12\r\nContent-Type: text/html;charset=utf-8");
    Reply::kept(format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes())
}

fn with_body(head: &str, body: &str) -> Reply {
    Reply::kept(format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes())
}

fn to(location: &str) -> Reply {
    Reply::status("307 R").header("Location", location)
}

fn challenge(value: &str) -> Reply {
    Reply::status("401 U").header("WWW-Authenticate", value)
}

const MUCH: &[u8] = &[b'x'; 64 * 1024];
const DEEP: &[u8] = &[b'['; 64 * 1024];
/// Takes over terminals, pages, workflow commands and XML, wherever it comes out as it is.
const NASTY: &str =
    "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}</failure>]]><script>alert(1)</script>\u{0}\r\n::error::x";

/// No answer, or none that ends.
fn silent() -> Vec<Beast> {
    let late = "no answer in time";
    let hang = |name: &str, bytes: &'static [u8]| plain(name, late, move |_, _| Reply::hang(bytes));
    let endless = |name: &str, says: &'static str, bytes: &'static [u8], more: &'static [u8]| {
        plain(name, says, move |_, _| Reply::endless(bytes, more))
    };
    vec![
        hang("silent after accept", b""),
        hang("silent within the status line", b"HTTP/1.1 20"),
        hang("silent within the header", b"HTTP/1.1 200 OK\r\nX-A: b\r\n"),
        hang(
            "silent after the header",
            b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        ),
        hang(
            "silent within a chunk",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab",
        ),
        plain("a header byte by byte", late, |_, _| {
            Reply::drip(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        }),
        plain("a body byte by byte", late, |_, _| {
            Reply::drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        }),
        endless(
            "header fields without end",
            "there is no registry",
            b"HTTP/1.1 200 OK\r\n",
            b"X-More: and more\r\n",
        ),
        endless(
            "a header field without end",
            "cannot reach",
            b"HTTP/1.1 200 OK\r\nX-Long: ",
            MUCH,
        ),
        endless("a body without end", late, b"HTTP/1.1 200 OK\r\n\r\n", MUCH),
        endless(
            "a body of sixteen exabytes",
            late,
            b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551614\r\n\r\n",
            MUCH,
        ),
        endless(
            "chunks without end",
            late,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"4\r\nabcd\r\n",
        ),
        endless(
            "a chunk extension without end",
            "",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
            MUCH,
        ),
        endless(
            "trailers without end",
            "",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            b"X-T: y\r\n",
        ),
        endless(
            "early hints without end",
            "cannot reach",
            b"",
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
        ),
    ]
}

/// No HTTP.
fn babblers() -> Vec<Beast> {
    let bytes =
        |name: &str, says: &'static str, bytes: &'static [u8]| plain(name, says, move |_, _| Reply::bytes(bytes));
    let no_http = "not valid HTTP";
    vec![
        bytes("another protocol", no_http, b"SSH-2.0-OpenSSH_9.6\r\n"),
        bytes("TLS where none was asked for", no_http, b"\x15\x03\x01\x00\x02\x02\x16"),
        bytes("bytes of no text", no_http, b"\xff\xfe\x00\x01\x02\x80\x80\x80"),
        bytes("HTTP/0.9", no_http, b"<html>hello</html>"),
        bytes("a version that is none", no_http, b"HTTP/9.9 200 OK\r\n\r\n"),
        bytes("a status that is none", no_http, b"HTTP/1.1 abc OK\r\n\r\n"),
        bytes(
            "a header without colon",
            no_http,
            b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
        ),
        bytes(
            "a negative length",
            no_http,
            b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        ),
        bytes(
            "two lengths",
            no_http,
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 7\r\n\r\nabc",
        ),
        bytes(
            "a chunk of too many digits",
            "",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx",
        ),
        bytes(
            "a chunk of no number",
            "",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
        ),
        bytes(
            "a short body",
            "ended after 5 bytes",
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        ),
        bytes("the end at once", "closed before the response", b""),
        bytes("nothing after a hundred", "", b"HTTP/1.1 100 Continue\r\n\r\n"),
        bytes(
            "a switch of protocols",
            "",
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        ),
    ]
}

/// HTTP, but no registry.
fn strangers() -> Vec<Beast> {
    let none = "there is no registry";
    let busy = "cannot be judged now";
    let mut beasts: Vec<Beast> = ["200 OK", "404 File not found", "301 Moved"]
        .into_iter()
        .map(|status| plain(&format!("a web server with {status}"), none, move |_, _| page(status)))
        .collect();
    beasts.push(plain("a web server with 500 Internal Server Error", busy, |_, _| {
        page("500 Internal Server Error")
    }));
    beasts.extend([
        plain("the same to everything", none, |_, _| ok("{}")),
        plain("a status that does not exist", none, |_, _| Reply::status("999 What")),
        plain("a bomb in gzip", none, |_, _| {
            with_body(
                "200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip",
                &"\u{1f}\u{8}".repeat(1 << 16),
            )
        }),
        plain("a bomb in brotli", none, |_, _| {
            with_body(
                "200 OK\r\nContent-Type: application/json\r\nContent-Encoding: br",
                &"[\u{ff}".repeat(1 << 16),
            )
        }),
        plain("forbidden for ever", "cannot log in", |_, _| {
            Reply::status("403 Forbidden")
        }),
        plain("redirects in a circle", "gave up after 10 redirects", |number, _| {
            to(&format!("/v2/{number}"))
        }),
        plain("a redirect to a file", "redirect not followed", |_, _| {
            to("file:///etc/passwd")
        }),
        plain("a redirect to a script", "redirect not followed", |_, _| {
            to("javascript:alert(1)")
        }),
        plain("a redirect into the cloud", "redirect not followed", |_, _| {
            to("http://169.254.169.254/latest")
        }),
        plain("a redirect into the cloud by number", "", |_, _| {
            to("http://2852039166/latest")
        }),
        plain("a redirect with a login", "", |_, _| {
            to("http://ann:secret@127.0.0.1:1/")
        }),
        plain("a redirect of 64 KiB", "", |_, _| to(&"/a".repeat(1 << 15))),
        plain("wait for a year", busy, |_, _| {
            Reply::status("429 T").header("Retry-After", "31536000")
        }),
        plain("wait for longer than there are numbers", busy, |_, _| {
            Reply::status("429 T").header("Retry-After", "99999999999999999999999999")
        }),
        plain("wait until the year 9999", busy, |_, _| {
            Reply::status("503 S").header("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT")
        }),
        plain("wait until 1970", busy, |_, _| {
            Reply::status("503 S")
                .header("Date", "Thu, 01 Jan 1970 00:00:00 GMT")
                .header("Retry-After", "Thu, 01 Jan 1970 00:00:01 GMT")
        }),
        plain("wait for less than nothing", busy, |_, _| {
            Reply::status("503 S").header("Retry-After", "-1")
        }),
    ]);
    beasts
}

/// Logins that lead nowhere.
fn doormen() -> Vec<Beast> {
    let shut = "cannot log in";
    let mut beasts: Vec<Beast> = [
        "http://169.254.169.254/latest",
        "http://2852039166/latest",
        "http://127.0.0.1:1/token",
        "file:///etc/passwd",
        "/v2/",
        "",
    ]
    .into_iter()
    .map(|realm| {
        plain(&format!("a realm at `{realm}`"), shut, move |_, _| {
            challenge(&format!("Bearer realm=\"{realm}\",service=\"s\""))
        })
    })
    .collect();
    // The realm is the server itself, whose address its own requests tell.
    let service = |name: &str, token: fn() -> Reply| {
        plain(name, shut, move |_, request| {
            if request.starts_with("GET /token") {
                return token();
            }
            let host = request.to_ascii_lowercase();
            let host = host
                .split_once("\r\nhost: ")
                .map_or("", |(_, rest)| rest.split("\r\n").next().unwrap_or(""));
            challenge(&format!("Bearer realm=\"http://{host}/token\",service=\"s\""))
        })
    };
    beasts.extend([
        service("a token service that asks for a token", || {
            challenge("Bearer realm=\"/token\"")
        }),
        service("a token service that hangs", || Reply::hang(b"")),
        service("a token service with a web page", || page("200 OK")),
        service("a token service that goes in circles", || to("/token?more")),
        service("a token without end", || {
            Reply::endless(b"HTTP/1.1 200 OK\r\n\r\n{\"token\":\"", MUCH)
        }),
        service("a token of a mebibyte", || {
            ok(&format!("{{\"token\":\"{}\"}}", "t".repeat(1 << 20)))
        }),
        service("a token that is never good enough", || {
            ok(r#"{"token":"abcdefgh","expires_in":-1,"issued_at":"1970-01-01T00:00:00Z"}"#)
        }),
        service("a token that ends a line", || ok(r#"{"token":"a\r\nX-Evil: 1"}"#)),
        service("a token that is a number", || ok(r#"{"token":17}"#)),
        plain("a challenge of 64 KiB", shut, |_, _| {
            challenge(&"Bearer a=\"b\",".repeat(5000))
        }),
        plain("a challenge of commas", shut, |_, _| challenge(&",".repeat(50_000))),
        plain("no challenge at all", shut, |_, _| Reply::status("401 U")),
    ]);
    beasts
}

/// Registries at first sight.
fn turncoats() -> Vec<Beast> {
    vec![
        disguised("silent after the greeting", "no answer in time", |_, _| {
            Reply::hang(b"HTTP/1.1 200 OK\r\n")
        }),
        disguised("closed after the greeting", "closed before the response", |_, _| {
            Reply::nothing()
        }),
        disguised("short bodies", "the response body ended after", |_, _| {
            Reply::bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
        }),
        disguised("no HTTP after the greeting", "not valid HTTP", |_, _| {
            Reply::bytes(b"\x00\xff\xfe")
        }),
        disguised("always 500", "500", |_, _| Reply::status("500 Internal Server Error")),
        disguised("always 999", "999", |_, _| Reply::status("999 What")),
        disguised("always too many requests", "429", |_, _| {
            Reply::status("429 Too Many Requests").header("Retry-After", "0")
        }),
        disguised("chunks of a terabyte", "wants chunks of 1000000000000 bytes", |_, request| {
            takes(request).map_or_else(not_found, |reply| reply.header("OCI-Chunk-Min-Length", "1000000000000"))
        })
        .filter("upload/*"),
        disguised(
            "dead in the middle",
            "closed before the response",
            |number, request| match takes(request) {
                Some(reply) if number < 60 => reply,
                _ => Reply::nothing(),
            },
        ),
        disguised("there every other time", "", |number, request| match takes(request) {
            Some(reply) if number % 2 == 0 => reply,
            None if number % 2 == 0 => not_found(),
            _ => Reply::nothing(),
        }),
        disguised("texts that take over", "", |_, _| {
            let body = serde_json::json!({"errors": [{"code": NASTY, "message": NASTY, "detail": NASTY}]}).to_string();
            let head = "HTTP/1.1 418 \x1b[31mred\r\nContent-Type: application/json\r\nX-Nasty: \x1b[2J\u{9b}\r\n";
            let body = format!("{body}{NASTY}");
            let mut bytes = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len() + 2).into_bytes();
            bytes.extend_from_slice(b"\xff\xfe");
            Reply::bytes(&bytes)
        }),
        reader("a name that takes over", "", |_, _| {
            ok(&serde_json::json!({"name": NASTY, "tags": [NASTY]}).to_string())
        }),
        reader("answers of another repository", "json /name", |_, _| {
            ok(r#"{"name":"somebody/else","tags":["theirs"]}"#)
        }),
        reader("brackets without end", "", |_, _| {
            Reply::endless(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", DEEP)
        }),
        reader("a million brackets", "", |_, _| ok(&"[".repeat(1 << 20))),
        reader("objects in objects", "", |_, _| {
            ok(&format!("{{\"tags\":{}}}", "{\"a\":".repeat(1 << 17)))
        }),
        reader("a hundred thousand numbers", "", |_, _| {
            ok(&format!("{{\"tags\":[{}1]}}", "1,".repeat(100_000)))
        }),
        reader("a number that is none", "a JSON document", |_, _| {
            ok(r#"{"name":"x","tags":[NaN]}"#)
        }),
        reader("a number without measure", "", |_, _| {
            ok(r#"{"name":"x","tags":[1e999999]}"#)
        }),
        reader("half a character", "a JSON document", |_, _| {
            ok(r#"{"name":"x","tags":["\ud800"]}"#)
        }),
        reader("members twice", "", |_, _| {
            ok(r#"{"name":"x","tags":["a"],"tags":null,"tags":[{}]}"#)
        }),
        reader("a list in gzip that is none", "", |_, _| {
            with_body("200 OK\r\nContent-Encoding: gzip", "no gzip")
        }),
        reader("a next page that is this one", "", |_, _| {
            ok(r#"{"name":"x","tags":["a"]}"#).header("Link", "</v2/x/tags/list>; rel=\"next\"")
        })
        .filter("tags/pages/*"),
        reader("pages without end", "", |number, _| {
            ok(&format!(r#"{{"name":"x","tags":["t{number}"]}}"#))
                .header("Link", &format!("</v2/x/tags/list?page={number}>; rel=\"next\""))
        })
        .filter("tags/pages/link-walk"),
        reader("pages that grow", "", |number, _| {
            let tags = "\"a\",".repeat(number.min(5000) * 10);
            ok(&format!(r#"{{"name":"x","tags":[{tags}"z"]}}"#))
                .header("Link", &format!("</v2/x/tags/list?page={number}>; rel=\"next\""))
        })
        .filter("tags/pages/link-walk"),
        // Many lists, each of which is large before it is seen to have no end.
        reader("large pages without end, everywhere", "", |number, _| {
            let many = |entry: &dyn Fn(usize) -> String| (0..200).map(entry).collect::<Vec<_>>().join(",");
            let tags = many(&|at| format!("\"t{number}-{at}{}\"", "x".repeat(80)));
            let entry = |at| {
                format!(r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":7,"digest":"sha256:{number:032x}{at:032x}"}}"#)
            };
            let manifests = many(&entry);
            ok(&format!(r#"{{"name":"x","schemaVersion":2,"tags":[{tags}],"manifests":[{manifests}]}}"#))
                .header("Content-Type", "application/vnd.oci.image.index.v1+json")
                .header("Link", &format!("<?page={number}>; rel=\"next\""))
        })
        .filter("area:tags"),
        reader("a next page elsewhere", "", |_, _| {
            ok(r#"{"name":"x","tags":["a"]}"#).header("Link", "<http://ann:secret@169.254.169.254/>; rel=\"next\"")
        })
        .filter("tags/pages/*"),
        reader("ten thousand links", "", |_, _| {
            ok(r#"{"name":"x","tags":[]}"#).header("Link", &"</a>; rel=\"next\",".repeat(3000))
        })
        .filter("tags/pages/*"),
        reader("a type of 32 KiB", "", |_, _| {
            ok("{}").header("Content-Type", &"a/b; c=d; ".repeat(3000))
        })
        .filter("pull/manifests/*"),
        reader("a digest of 32 KiB", "", |_, _| {
            ok("{}").header("Docker-Content-Digest", &"sha256:".repeat(4600))
        })
        .filter("pull/manifests/*"),
        reader("more after the end", "", |_, _| {
            Reply::bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n\r\nmore")
        }),
        reader("a body for HEAD", "", |_, _| with_body("200 OK", "body")).filter("pull/blobs/*"),
        writer("a place with a login", "", |_, _| {
            Reply::status("202 Accepted").header("Location", "http://ann:secret@127.0.0.1:1/up")
        }),
        writer("a place in the file system", "", |_, _| {
            Reply::status("202 Accepted").header("Location", "file:///etc/passwd")
        }),
        writer("a place in the cloud", "", |_, _| {
            Reply::status("202 Accepted").header("Location", "http://169.254.169.254/latest")
        }),
        writer("a place of 64 KiB", "", |_, _| {
            Reply::status("202 Accepted").header("Location", &"/u".repeat(1 << 15))
        }),
        writer("a place nobody listens at", "cannot connect", |_, _| {
            Reply::status("202 Accepted").header("Location", "http://127.0.0.1:1/up")
        }),
        writer("no place", "", |_, _| Reply::status("202 Accepted")),
    ]
}

/// All of them, by kind.
pub fn beasts() -> Vec<(&'static str, Vec<Beast>)> {
    let strangers = strangers().into_iter().map(|beast| beast.at_most(40)).collect();
    vec![
        ("No answer, or none that ends", silent()),
        ("No HTTP", babblers()),
        ("HTTP, but no registry", strangers),
        ("Logins that lead nowhere", doormen()),
        ("Registries at first sight", turncoats()),
    ]
}
