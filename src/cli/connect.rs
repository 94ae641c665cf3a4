//! How a registry is reached: the login, TLS and time limits that commands have in common.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{Exit, Failure};
use crate::client::credentials::{self, Found, Given, Source};
use crate::client::{self, BaseUrl, Client, TlsOptions, normalise_target};

/// How a registry is reached.
#[derive(Debug, Args)]
pub struct Connection {
    /// The time limit of one request; without a byte from the registry it ends after half of that, at the earliest after 30 s
    #[arg(long, default_value = "60s", value_name = "TIME", value_parser = duration, help_heading = "How it runs")]
    timeout: Duration,
    /// The user to log in as; also REFEREE_USERNAME with REFEREE_PASSWORD
    #[arg(
        long,
        value_name = "USER",
        requires = "password_stdin",
        help_heading = "Login and TLS"
    )]
    username: Option<String>,
    /// Read the password from standard input
    #[arg(long, requires = "username", help_heading = "Login and TLS")]
    password_stdin: bool,
    /// A file of logins in docker's config.json form
    #[arg(long, value_name = "FILE", help_heading = "Login and TLS")]
    authfile: Option<PathBuf>,
    /// Trust the certificates in this PEM file too
    #[arg(long, value_name = "FILE", help_heading = "Login and TLS")]
    ca_file: Option<PathBuf>,
    /// Show this client certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "client_key", help_heading = "Login and TLS")]
    client_cert: Option<PathBuf>,
    /// The key of the client certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "client_cert", help_heading = "Login and TLS")]
    client_key: Option<PathBuf>,
    /// Do not check the registry's certificate
    #[arg(long, help_heading = "Login and TLS")]
    insecure: bool,
    /// Use http where the URL names no scheme
    #[arg(long, help_heading = "Login and TLS")]
    plain_http: bool,
    /// What the settings of the official suite say, below everything else.
    #[arg(skip)]
    official: Option<(String, String)>,
    /// Whether the client refuses to send what could change the registry.
    #[arg(skip)]
    reads_only: bool,
    /// See [`client::Options::only_this_machine`].
    #[arg(skip)]
    only_this_machine: bool,
}

/// A registry that can be spoken to; nothing was sent yet.
pub struct Connected {
    /// Where it is.
    pub base: BaseUrl,
    /// HTTP to it.
    pub client: Client,
    /// Who we are.
    pub found: Found,
}

impl Connection {
    /// Takes over what the settings of the official suite say about the login and TLS.
    pub(super) fn with_official(&mut self, login: Option<(String, String)>, insecure: bool) {
        self.official = login;
        self.insecure |= insecure;
    }

    /// Has the client refuse to send what could change the registry.
    pub(super) fn reads_only(&mut self, yes: bool) {
        self.reads_only = yes;
    }

    /// Has the client send nothing to another machine than this one.
    pub(super) fn only_this_machine(&mut self, yes: bool) {
        self.only_this_machine = yes;
    }

    /// Reads the URL.
    pub fn base(&self, url: &str) -> Result<BaseUrl, Failure> {
        normalise_target(url, self.plain_http).map_err(|error| Failure::new(Exit::Usage, error))
    }

    /// Reads the URL, finds a login for what lies below `namespace`, and makes a client.
    pub async fn connect(&self, url: &str, namespace: &str) -> Result<Connected, Failure> {
        self.connect_to(self.base(url)?, namespace).await
    }

    /// Finds a login for what lies below `namespace`, and makes a client.
    pub async fn connect_to(&self, base: BaseUrl, namespace: &str) -> Result<Connected, Failure> {
        let usage = |error: &dyn std::fmt::Display| Failure::new(Exit::Usage, error);
        self.find_files()?;
        let env = |name: &str| std::env::var(name).ok();
        let mut login = self.given_login()?;
        let official = login.is_none() && env("REFEREE_USERNAME").is_none() && self.official.is_some();
        if official {
            login.clone_from(&self.official);
        }
        let given = Given {
            login,
            authfile: self.authfile.clone(),
            env: &env,
        };
        let mut found = credentials::find(&base.origin, Some(namespace), &given)
            .await
            .map_err(|error| usage(&error))?;
        if official {
            found.source = Source::Official;
        }
        let mut options = client::Options::new(base.clone());
        options.login = found.login.clone();
        options.reads_only = self.reads_only;
        options.only_this_machine = self.only_this_machine;
        options.limits.total = self.timeout;
        options.limits.read = options.limits.read.min(self.timeout).max(self.timeout / 2);
        options.limits.connect = options.limits.connect.min(self.timeout);
        options.limits.patience = options.limits.patience.min(self.timeout);
        options.tls = TlsOptions {
            ca_file: self.ca_file.clone(),
            client_cert: self.client_cert.clone(),
            client_key: self.client_key.clone(),
            insecure: self.insecure,
        };
        let client = Client::new(options).map_err(|error| usage(&error))?;
        // What every request has in it, but for content.
        let ordinary = format!(
            "referee/ /v2/{namespace}/blobs/uploads/ manifests/ tags/list {}",
            base.origin.authority()
        );
        if client.redactor().text(&ordinary) != ordinary {
            found.notes.push(
                "the password is a word that stands in the requests themselves; reports have <redacted> in its place there too, \
                 and their curl lines have to be mended"
                    .to_owned(),
            );
        }
        Ok(Connected { base, client, found })
    }

    /// Whether the files that options name are there, to name the option of one that is not.
    fn find_files(&self) -> Result<(), Failure> {
        let files = [
            ("--authfile", &self.authfile),
            ("--ca-file", &self.ca_file),
            ("--client-cert", &self.client_cert),
            ("--client-key", &self.client_key),
        ];
        for (option, path) in files
            .into_iter()
            .filter_map(|(option, path)| Some((option, path.as_ref()?)))
        {
            std::fs::metadata(path).map_err(|error| {
                Failure::new(
                    Exit::Usage,
                    format!("{option}: cannot read {}: {error}", path.display()),
                )
            })?;
        }
        Ok(())
    }

    fn given_login(&self) -> Result<Option<(String, String)>, Failure> {
        let Some(username) = &self.username else {
            return Ok(None);
        };
        let mut password = String::new();
        std::io::stdin()
            .read_line(&mut password)
            .map_err(|error| Failure::new(Exit::Usage, format!("cannot read the password: {error}")))?;
        let password = password.trim_end_matches(['\r', '\n']);
        if password.is_empty() {
            return Err(Failure::new(Exit::Usage, "there is no password on standard input"));
        }
        Ok(Some((username.clone(), password.to_string())))
    }
}

/// `500ms`, `30s` or `5m`; a number alone is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number
        .parse()
        .map_err(|_| "a time is a number with a unit: 500ms, 30s or 5m; 30 alone is 30s".to_string())?;
    let duration = match unit {
        "ms" => Duration::from_millis(number),
        "" | "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.saturating_mul(60)),
        "h" => {
            let minutes = number.saturating_mul(60);
            let instead = if number <= 24 {
                format!(": write {minutes}m")
            } else {
                String::new()
            };
            return Err(format!("`h` is not a unit of time; the units are ms, s and m{instead}"));
        }
        _ => {
            return Err(format!(
                "`{unit}` is not a unit of time; the units are ms, s and m, after a whole number"
            ));
        }
    };
    if duration.is_zero() || duration > Duration::from_secs(24 * 3600) {
        return Err("a time between 1ms and 24 hours is needed".to_string());
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("30"), Ok(Duration::from_secs(30)));
        assert!(duration("0s").is_err() && duration("s").is_err() && duration("1.5s").is_err());
        assert!(duration("2h").unwrap_err().ends_with("write 120m"));
    }
}
