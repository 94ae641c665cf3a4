//! `referee doctor`: can this registry be certified from here, and what will be found out about it?

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::connect::{Connected, Connection};
use super::run::{DEFAULT_PROFILE, isolation, runtime};
use super::suite::{SuiteArguments, load_suite, profile};
use super::{Exit, Failure, print, reach};
use crate::client::{BaseUrl, Handshake};
use crate::outcome::CapabilityOutcome;
use crate::report::printable;
use crate::runner::{self, Asked, Examined, NameSeen, examine, select};

/// Days before the end of a certificate from which on it is mentioned.
const SOON: i64 = 21;

const EXAMPLES: &str = "\
Examples:
  referee doctor https://registry.example
  referee doctor http://127.0.0.1:5000 --repos team/a,team/b";

/// Which registry is looked at.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DoctorArguments {
    /// The registry: `https://host[:port]`, or `host[:port]` for https
    #[arg(value_name = "URL")]
    url: String,
    /// The profile whose capabilities are looked for
    #[arg(long, default_value = DEFAULT_PROFILE, value_name = "PROFILE")]
    profile: String,
    /// Fresh repositories are made below this name
    #[arg(long, default_value = "referee", value_name = "NAME")]
    repo_prefix: String,
    /// Use these repositories and make no others
    #[arg(long, value_delimiter = ',', value_name = "NAME,..", conflicts_with = "repo_prefix")]
    repos: Vec<String>,
    #[command(flatten)]
    suite: SuiteArguments,
    #[command(flatten)]
    connection: Connection,
}

/// Looks at a registry and says what a run would meet: the connection, the login, the names, the capabilities.
pub fn doctor(arguments: DoctorArguments) -> Result<Exit, Failure> {
    let loaded = load_suite(&arguments.suite)?;
    let chosen = profile(&loaded.suite, &arguments.profile)?.clone();
    let seed = fastrand::u64(..);
    let isolation = isolation(&arguments.repos, &arguments.repo_prefix, seed)?;
    let namespace = arguments.repos.first().unwrap_or(&arguments.repo_prefix);
    runtime()?.block_on(async {
        let Connected { base, client, found } = arguments.connection.connect(&arguments.url, namespace).await?;
        let mut page = Page::default();
        page.title("Connection");
        page.row("target", &base.to_string());
        page.notes(base.note.iter());
        match client.handshake().await {
            Ok(handshake) => connection(&mut page, &handshake, &base),
            Err(error) => {
                page.bad("connection", &error.to_string());
                match reach::other_scheme(&client).await {
                    Some(seen) => seen.lines().for_each(|line| page.advice(line.trim())),
                    None => page.advice("check the address, the port, and whether a firewall or a proxy is in between"),
                }
            }
        }
        // What was found out so far stands there before something slow is asked.
        print(&page.take());
        let source = found.source.to_string();
        let mut selected = select(&loaded.suite, &chosen, &[]);
        selected.keep(&loaded.suite, false);
        let options = runner::Options {
            suite: loaded.suite.into(),
            profile: chosen,
            cases: selected.cases,
            client: client.clone(),
            url: base.to_string(),
            host: base.origin.authority(),
            credentials: source.clone(),
            notes: Vec::new(),
            isolation,
            seed,
            jobs: Some(1),
            partition: None,
            strict: false,
            keep: false,
            copies: 1,
            collecting: None,
            resumed: None,
            reading: None,
            suite_digest: loaded.digest,
            cancel: CancellationToken::new(),
        };
        let (asked, examined) = examine(options).await;
        let reached = !matches!(examined, Err(runner::Refusal::Unreachable { .. }));
        if reached {
            login(&mut page, &asked, &source, client.is_anonymous(), &found.notes);
            print(&client.redactor().text(&page.take()));
        }
        let examined = match examined {
            Ok(examined) => examined,
            Err(refusal) => return Err(reach::refused(&refusal, &client).await),
        };
        registry(&mut page, &examined);
        names(&mut page, &examined.names, &arguments);
        capabilities(&mut page, &examined.capabilities);
        print(&client.redactor().text(&page.take()));
        Ok(Exit::Conforms)
    })
}

fn connection(page: &mut Page, handshake: &Handshake, base: &BaseUrl) {
    let way = if handshake.proxied { " through a proxy" } else { "" };
    page.row(
        "connection",
        &format!("opened{way} in {:.1} ms", handshake.connected_in.as_secs_f64() * 1000.0),
    );
    let Some(tls) = &handshake.tls else {
        page.row("TLS", "none: plain HTTP");
        if !base.origin.is_loopback() {
            page.advice("passwords and content travel unencrypted; certify https where clients will use it");
        }
        return;
    };
    page.row("TLS", &tls.version);
    let now = time::OffsetDateTime::now_utc();
    match tls.expires {
        Some(end) => {
            let days = (end - now).whole_days();
            page.row(
                "certificate",
                &match end > now {
                    true => format!("ends on {}, in {days} days", end.date()),
                    false => format!("ended on {}", end.date()),
                },
            );
            if end <= now || days < SOON {
                page.advice("renew the certificate");
            }
        }
        None => page.row("certificate", "its end cannot be read"),
    }
    if let Some(error) = &tls.refused {
        page.bad("certificate", &error.to_string());
        page.advice("give the issuer's certificate with --ca-file, or --insecure for a registry of your own");
    }
}

fn login(page: &mut Page, asked: &Asked, source: &str, anonymous: bool, notes: &[String]) {
    page.title("Login");
    match asked {
        Asked::Nobody => page.row("asked for", "nothing: GET /v2/ is answered without a login"),
        Asked::Basic => page.row("asked for", "a user name and a password (Basic)"),
        Asked::Token { realm, service } => {
            let service = service.as_deref().map(|name| format!(", for the service {name}"));
            page.row(
                "asked for",
                &format!("a token (Bearer) from {realm}{}", service.unwrap_or_default()),
            );
        }
        Asked::Otherwise { seen } => {
            page.bad(
                "asked for",
                &format!("GET /v2/ without a login is answered with {seen}"),
            );
            page.advice("a registry that wants a login answers 401 with WWW-Authenticate: Basic or Bearer");
        }
    }
    page.row("credentials", source);
    page.notes(notes.iter());
    if anonymous && *asked != Asked::Nobody {
        page.advice(
            "if pushing is refused, log in with a docker-compatible client, or give --username and --password-stdin",
        );
    }
}

fn registry(page: &mut Page, examined: &Examined) {
    page.title("Registry");
    page.row("server", examined.server.as_deref().unwrap_or("it does not say"));
    page.notes(examined.notes.iter());
    match examined.chunk {
        Some(bytes) => page.row("chunks", &format!("at least {bytes} bytes (OCI-Chunk-Min-Length)")),
        None => page.row("chunks", "no shortest length announced"),
    }
}

fn names(page: &mut Page, names: &[NameSeen], arguments: &DoctorArguments) {
    page.title("Repository names");
    if names.is_empty() {
        page.row(
            "not tried",
            match arguments.repos.is_empty() {
                true => "nothing can be pushed",
                false => "the repositories are given",
            },
        );
        return;
    }
    for name in names {
        let kind = format!("{} ({} characters)", name.kind, name.length);
        match name.taken {
            true => page.row("taken", &kind),
            false => page.row("refused", &format!("{kind}: {}", name.seen)),
        }
    }
    if names.iter().all(|name| !name.taken) {
        page.advice(
            "give repositories that exist with --repos a,b, or a place where new ones are allowed with --repo-prefix",
        );
    } else if names.iter().any(|name| !name.taken) {
        page.advice("a registry may have such limits; a run needs names of one component more than its --repo-prefix has, or --repos a,b");
    }
}

fn capabilities(page: &mut Page, capabilities: &[CapabilityOutcome]) {
    page.title("Capabilities");
    for capability in capabilities {
        let mark = match capability.present {
            true if capability.unknown => "unknown",
            true => "offered",
            false => "absent",
        };
        page.row(mark, &format!("{}: {}", capability.name, capability.reason));
    }
    let pushes = capabilities.iter().find(|capability| capability.name == "push");
    if pushes.is_some_and(|push| !push.present) {
        page.advice("nothing can be pushed, so that most cases will be skipped; log in as somebody who may push");
    }
    if capabilities
        .iter()
        .any(|one| one.reason.starts_with("taken as offered"))
    {
        page.advice(
            "what is taken as offered did not answer the probe in a way that a document allows: a run will judge it",
        );
    }
}

/// Rows of a name and a text, under titles.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    fn title(&mut self, title: &str) {
        self.text.push_str(&format!("{title}\n"));
    }

    fn row(&mut self, name: &str, text: &str) {
        // What a registry says shall not move the cursor of whoever reads it, nor hide what it says.
        let shown = printable::line(text, printable::SENTENCE);
        self.text.push_str(&format!("  {name:<12} {shown}\n"));
    }

    fn bad(&mut self, name: &str, text: &str) {
        self.row(name, &format!("PROBLEM: {text}"));
    }

    fn advice(&mut self, text: &str) {
        self.row("", &format!("-> {text}"));
    }

    fn notes<'a>(&mut self, notes: impl Iterator<Item = &'a String>) {
        for note in notes {
            self.row("note", note);
        }
    }
}
