//! Encrypted layers: what their descriptors say about keys.
//!
//! Follows [the proposal](https://github.com/opencontainers/artifacts/pull/15) and
//! [ocicrypt](https://github.com/containers/ocicrypt), which wrote it: the parameters of the cipher stand in one annotation,
//! the wrapped keys in one for each protocol, a list in base64 with commas between. Protocols are not a closed set, and
//! what a wrapped key is made of is between them and their users.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::oci::descriptor::Descriptor;
use crate::oci::json::{self, Json, Limits};
use crate::oci::violation::{At, Collector, Fault};

const PUBLIC: &str = "org.opencontainers.image.enc.pubopts";
const KEYS: &str = "org.opencontainers.image.enc.keys.";
const SUFFIX: &str = "+encrypted";

/// How a layer is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    /// The cipher.
    pub cipher: String,
    /// For each protocol, the number of keys that are wrapped by it.
    pub keys: Vec<(String, usize)>,
}

impl Encryption {
    /// Reads what the descriptor at this place says about keys; `Some(None)` if it is not about an encrypted layer.
    pub(super) fn read(collector: &mut Collector<'_>, at: &At<'_>, descriptor: &Descriptor) -> Option<Option<Self>> {
        let is_encrypted = descriptor.media_type.essence().ends_with(SUFFIX);
        let names: Vec<&str> = descriptor
            .annotations
            .iter()
            .flat_map(|annotations| annotations.keys())
            .map(String::as_str)
            .filter(|name| name.starts_with(KEYS))
            .collect();
        if !is_encrypted {
            return match (names.first(), at.member("annotations")) {
                (Some(name), Some(annotations)) => {
                    let place = annotations.member(name)?;
                    collector.check(&place, Err(Fault::PlainLayer))
                }
                _ => Some(None),
            };
        }
        let Some(annotations) = at.member("annotations") else {
            collector.report_missing(at, "annotations", Fault::Missing);
            return None;
        };
        let cipher = collector.required(&annotations, PUBLIC, |collector, at| {
            let cipher = cipher_of(collector.string(at)?);
            collector.check(at, cipher)
        });
        let keys: Option<Vec<_>> = names
            .iter()
            .map(|name| {
                collector.required(&annotations, name, |collector, at| {
                    let count = count_keys(collector.string(at)?);
                    let protocol = name.strip_prefix(KEYS).unwrap_or_default().to_owned();
                    let count = if protocol.is_empty() { Err(Fault::Empty) } else { count };
                    collector.check(at, count.map(|count| (protocol, count)))
                })
            })
            .collect();
        let keys = keys?;
        if keys.is_empty() {
            // Whoever pulls the layer could do nothing with it.
            return collector.check(&annotations, Err(Fault::Empty));
        }
        Some(Some(Self { cipher: cipher?, keys }))
    }
}

fn count_keys(text: &str) -> Result<usize, Fault> {
    let mut count = 0;
    for item in text.split(',') {
        let key = STANDARD.decode(item).map_err(|_| Fault::Base64)?;
        if key.is_empty() {
            return Err(Fault::Empty);
        }
        count += 1;
    }
    Ok(count)
}

/// The cipher that the public parameters name.
fn cipher_of(text: &str) -> Result<String, Fault> {
    let decoded = STANDARD.decode(text).map_err(|_| Fault::Base64)?;
    let options = json::parse(&decoded, Limits::default()).map_err(|_| Fault::Embedded("object"))?;
    let is_bytes = |value: &Json| matches!(value, Json::String(text) if STANDARD.decode(text).is_ok());
    let value = |name| options.member(name).map(|node| &node.value);
    let Some(Json::String(cipher)) = value("cipher") else {
        return Err(Fault::Embedded("object with a cipher"));
    };
    if cipher.is_empty() {
        return Err(Fault::Empty);
    }
    let has_code = match value("hmac") {
        None | Some(Json::Null) => cipher != "AES_256_CTR_HMAC_SHA256",
        Some(code) => is_bytes(code),
    };
    if !has_code {
        return Err(Fault::Embedded("object with an hmac"));
    }
    match value("cipheroptions") {
        None | Some(Json::Null) => Ok(cipher.clone()),
        Some(Json::Object(members)) if members.iter().all(|member| is_bytes(&member.value.value)) => Ok(cipher.clone()),
        Some(_) => Err(Fault::Embedded("object with cipheroptions")),
    }
}
