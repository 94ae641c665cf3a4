//! Who we are to a registry, and where that was found.
//!
//! Owns the places in which users keep registry logins and the order in which they are asked: flags, environment,
//! authentication files of podman and skopeo, the configuration of docker, credential helpers. The first that knows the
//! host wins. Reports where a login came from, never its value. Sends nothing to any registry.

mod helper;

use std::collections::HashMap;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use super::redact::Redactor;
use super::target::Origin;

/// Bytes of an authentication file at most.
const FILE: u64 = 1024 * 1024;

/// The user name under which an identity token is stored in place of a password.
const TOKEN_USER: &str = "<token>";

/// The names under which Docker Hub is known.
const DOCKER_HUB: [&str; 3] = ["index.docker.io", "docker.io", "registry-1.docker.io"];

/// A login.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Login {
    /// None.
    #[default]
    Anonymous,
    /// User name and password.
    Basic {
        /// The user name.
        username: String,
        /// The password.
        password: String,
    },
    /// A token that the token endpoint exchanges for others (OAuth 2 refresh token).
    IdentityToken(String),
    /// A token that the registry itself takes.
    RegistryToken(String),
}

impl Login {
    /// A login from a user name and a password, where the name may say that it is a token.
    pub fn of(username: String, password: String) -> Login {
        match username.as_str() {
            TOKEN_USER => Login::IdentityToken(password),
            _ => Login::Basic { username, password },
        }
    }

    pub(super) fn teach(&self, redactor: &Redactor) {
        match self {
            Login::Anonymous => {}
            Login::Basic { username, password } => redactor.learn_login(username, password),
            Login::IdentityToken(token) | Login::RegistryToken(token) => redactor.learn(token),
        }
    }
}

/// Shows the kind of login, never its value.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Login::Anonymous => "Anonymous",
            Login::Basic { .. } => "Basic",
            Login::IdentityToken(_) => "IdentityToken",
            Login::RegistryToken(_) => "RegistryToken",
        })
    }
}

/// Where to look.
pub struct Given<'a> {
    /// `--username` and the password that came on standard input.
    pub login: Option<(String, String)>,
    /// `--authfile`.
    pub authfile: Option<PathBuf>,
    /// The environment, by name of a variable.
    pub env: &'a dyn Fn(&str) -> Option<String>,
}

/// A login and where it was found.
#[derive(Debug)]
pub struct Found {
    /// The login.
    pub login: Login,
    /// Where it was found.
    pub source: Source,
    /// What the user should know, such as a helper that is not there.
    pub notes: Vec<String>,
}

/// Where a login was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// On the command line.
    Flags,
    /// In `REFEREE_USERNAME` and `REFEREE_PASSWORD`.
    Environment,
    /// In the settings of the official conformance suite.
    Official,
    /// In a file.
    File(PathBuf),
    /// In a credential helper that a file names.
    Helper {
        /// The helper, as in `docker-credential-<name>`.
        name: String,
        /// The file that names it.
        file: PathBuf,
    },
    /// Nowhere.
    Nowhere,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Flags => f.write_str("--username"),
            Source::Environment => f.write_str("REFEREE_USERNAME and REFEREE_PASSWORD"),
            Source::Official => f.write_str("the settings of the official suite"),
            Source::File(file) => write!(f, "{}", file.display()),
            Source::Helper { name, file } => write!(f, "docker-credential-{name}, named in {}", file.display()),
            Source::Nowhere => f.write_str("none found, anonymous"),
        }
    }
}

/// Why the search for a login ended.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// One of the two variables alone.
    #[error("REFEREE_USERNAME and REFEREE_PASSWORD are needed together")]
    HalfEnvironment,
    /// A file that cannot be used. The reason never quotes its content.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A credential helper that failed.
    #[error("docker-credential-{name}: {reason}")]
    Helper {
        /// The helper.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Finds the login for a registry. `namespace` is the repository prefix of the run: files may hold logins for parts of a
/// registry, of which the longest that fits wins.
pub async fn find(origin: &Origin, namespace: Option<&str>, given: &Given<'_>) -> Result<Found, CredentialError> {
    let found = |login, source| Found {
        login,
        source,
        notes: Vec::new(),
    };
    if let Some((username, password)) = given.login.clone() {
        return Ok(found(Login::of(username, password), Source::Flags));
    }
    let env = |name: &str| (given.env)(name).filter(|value| !value.is_empty());
    match (env("REFEREE_USERNAME"), env("REFEREE_PASSWORD")) {
        (Some(username), Some(password)) => return Ok(found(Login::of(username, password), Source::Environment)),
        (None, None) => {}
        _ => return Err(CredentialError::HalfEnvironment),
    }
    let keys = keys(origin, namespace);
    let path = env("PATH").unwrap_or_default();
    let mut notes = Vec::new();
    let (files, named) = files(given.authfile.as_deref(), &env);
    for file in files {
        let Some(config) = Config::read(&file, named)? else {
            continue;
        };
        if let Some((login, source)) = config.find(&keys, &file, &path, &mut notes).await? {
            return Ok(Found { login, source, notes });
        }
    }
    Ok(Found {
        login: Login::Anonymous,
        source: Source::Nowhere,
        notes,
    })
}

/// The files to ask in order, and whether they were named and so must be there.
fn files(authfile: Option<&Path>, env: &dyn Fn(&str) -> Option<String>) -> (Vec<PathBuf>, bool) {
    if let Some(file) = authfile
        .map(Path::to_owned)
        .or_else(|| env("REGISTRY_AUTH_FILE").map(PathBuf::from))
    {
        return (vec![file], true);
    }
    let under = |folder: Option<PathBuf>, rest: &str| folder.map(|f| f.join(rest));
    let home = || env("HOME").map(PathBuf::from);
    let folder = |name: &str| env(name).map(PathBuf::from);
    let config = folder("XDG_CONFIG_HOME").or_else(|| under(home(), ".config"));
    let docker = folder("DOCKER_CONFIG").or_else(|| under(home(), ".docker"));
    let files = [
        under(folder("XDG_RUNTIME_DIR"), "containers/auth.json"),
        under(config, "containers/auth.json"),
        under(docker, "config.json"),
    ];
    (files.into_iter().flatten().collect(), false)
}

/// The keys under which the login may be stored, the most specific first.
fn keys(origin: &Origin, namespace: Option<&str>) -> Vec<String> {
    let mut hosts = vec![origin.authority(), format!("{}:{}", origin.host, origin.port)];
    if DOCKER_HUB.contains(&origin.host.as_str()) {
        hosts.extend(DOCKER_HUB.map(str::to_owned));
    }
    hosts.dedup();
    let parts: Vec<&str> = namespace
        .unwrap_or_default()
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    let depths = (0..=parts.len()).rev();
    depths
        .flat_map(|depth| hosts.iter().map(move |host| (host, depth)))
        .map(|(host, depth)| [&[host.as_str()], &parts[..depth]].concat().join("/"))
        .collect()
}

/// An authentication file: the format that docker, podman, skopeo and oras share.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    auths: Option<HashMap<String, Option<Entry>>>,
    #[serde(rename = "credHelpers")]
    cred_helpers: Option<HashMap<String, String>>,
    #[serde(rename = "credsStore")]
    creds_store: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

impl Config {
    /// Reads a file; one that need not be there may be missing.
    fn read(path: &Path, named: bool) -> Result<Option<Config>, CredentialError> {
        let failed = |reason: String| CredentialError::File {
            path: path.to_owned(),
            reason,
        };
        let file = match std::fs::File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && !named => return Ok(None),
            Err(e) => return Err(failed(e.to_string())),
        };
        let mut text = Vec::new();
        file.take(FILE + 1)
            .read_to_end(&mut text)
            .map_err(|e| failed(e.to_string()))?;
        if text.len() as u64 > FILE {
            return Err(failed(format!("is larger than {FILE} bytes")));
        }
        if text.trim_ascii().is_empty() {
            return Ok(Some(Config::default()));
        }
        // The words of the JSON library would quote the content.
        let config = serde_json::from_slice(&text).map_err(|e| {
            failed(format!(
                "is not an authentication file (line {}, column {})",
                e.line(),
                e.column()
            ))
        })?;
        Ok(Some(config))
    }

    async fn find(
        &self,
        keys: &[String],
        file: &Path,
        path: &str,
        notes: &mut Vec<String>,
    ) -> Result<Option<(Login, Source)>, CredentialError> {
        let source = |name: &str| Source::Helper {
            name: name.to_owned(),
            file: file.to_owned(),
        };
        let helpers = self.cred_helpers.iter().flatten();
        if let Some((key, name)) = longest(keys, helpers) {
            let login = helper::get(name, key, path)
                .await
                .map_err(|reason| helper_error(name, reason))?;
            return Ok(login.map(|login| (login, source(name))));
        }
        let entries = self.auths.iter().flatten().filter_map(|(k, e)| Some((k, e.as_ref()?)));
        if let Some((key, entry)) = longest(keys, entries) {
            let login = entry.login().map_err(|reason| CredentialError::File {
                path: file.to_owned(),
                reason: format!("the entry for {key} {reason}"),
            })?;
            if let Some(login) = login {
                return Ok(Some((login, Source::File(file.to_owned()))));
            }
        }
        let Some(name) = self.creds_store.as_deref().filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        // The store is asked by host alone; docker keeps its hub under a URL.
        let hub = keys.iter().any(|key| DOCKER_HUB.contains(&key.as_str()));
        let host = if hub {
            "https://index.docker.io/v1/"
        } else {
            keys.last().map_or("", |k| k.as_str())
        };
        let mut asked = vec![host];
        asked.extend(
            keys.iter()
                .map(String::as_str)
                .filter(|k| !hub && !k.contains('/') && *k != host),
        );
        for host in asked {
            match helper::get(name, host, path).await {
                Ok(Some(login)) => return Ok(Some((login, source(name)))),
                Ok(None) => {}
                // A store that serves all registries may be left over from another installation.
                Err(helper::Failure::Missing) => {
                    notes.push(format!(
                        "docker-credential-{name}, named in {}, is not installed",
                        file.display()
                    ));
                    break;
                }
                Err(failure) => return Err(helper_error(name, failure)),
            }
        }
        Ok(None)
    }
}

impl Entry {
    fn login(&self) -> Result<Option<Login>, &'static str> {
        let filled = |value: &Option<String>| value.clone().filter(|v| !v.is_empty());
        if let Some(token) = filled(&self.registrytoken) {
            return Ok(Some(Login::RegistryToken(token)));
        }
        if let Some(token) = filled(&self.identitytoken) {
            return Ok(Some(Login::IdentityToken(token)));
        }
        if let (Some(username), Some(password)) = (filled(&self.username), filled(&self.password)) {
            return Ok(Some(Login::of(username, password)));
        }
        let Some(auth) = filled(&self.auth) else {
            return Ok(None);
        };
        let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let bytes = GeneralPurpose::new(&STANDARD, lenient)
            .decode(auth.trim())
            .map_err(|_| "is not base64")?;
        let text = String::from_utf8(bytes).map_err(|_| "is not text")?;
        let (username, password) = text.split_once(':').ok_or("has no colon between name and password")?;
        Ok(Some(Login::of(
            username.to_owned(),
            password.trim_end_matches('\0').to_owned(),
        )))
    }
}

/// The entry for the most specific key, with the key as it is written in the file.
fn longest<'a, T: ?Sized>(
    keys: &[String],
    entries: impl Iterator<Item = (&'a String, &'a T)>,
) -> Option<(&'a str, &'a T)> {
    let rank = |written: &str| keys.iter().position(|key| key == bare(written));
    entries
        .filter_map(|(key, entry)| Some((rank(key)?, key, entry)))
        .min_by_key(|(rank, key, _)| (*rank, key.len()))
        .map(|(_, key, entry)| (key.as_str(), entry))
}

/// A key without the scheme and the API version that older tools write.
fn bare(key: &str) -> &str {
    let key = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"))
        .unwrap_or(key);
    let key = key.trim_end_matches('/');
    key.strip_suffix("/v1")
        .or_else(|| key.strip_suffix("/v2"))
        .unwrap_or(key)
}

fn helper_error(name: &str, failure: helper::Failure) -> CredentialError {
    CredentialError::Helper {
        name: name.to_owned(),
        reason: failure.to_string(),
    }
}

#[cfg(test)]
mod tests;
