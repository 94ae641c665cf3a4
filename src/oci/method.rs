//! The methods of HTTP, as far as it matters which one it is.

/// The methods that change nothing ([RFC 9110, section 9.2.1](https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1)), of those
/// that a registry has. The case of letters matters.
pub const READING: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

/// The methods that clients of registries use, or might.
const USUAL: [&str; 9] = [
    "GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
];

/// Methods of other protocols that look like one of those, and are another. None of those that are
/// [registered](https://www.iana.org/assignments/http-methods) does.
const OTHERS: [&str; 2] = ["FETCH", "LIST"];

/// The usual method that a name was probably meant to be: it is written in small letters, or a letter or two are wrong. None
/// for a name that is a method itself, or like none.
pub fn misspelt(method: &str) -> Option<&'static str> {
    if USUAL.contains(&method) || OTHERS.contains(&method) || method.len() > 20 {
        return None;
    }
    let capitals = method.to_ascii_uppercase();
    let distance = |usual: &&&str| strsim::osa_distance(&capitals, usual);
    let nearest = USUAL.iter().min_by_key(distance)?;
    // Two wrong letters of three are another word.
    let most = if nearest.len() > 3 { 2 } else { 1 };
    (distance(&nearest) <= most).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_from_another_method() {
        for (written, meant) in [
            ("POTS", "POST"),
            ("PSOT", "POST"),
            ("post", "POST"),
            ("Get", "GET"),
            ("GTE", "GET"),
            ("PUTT", "PUT"),
            ("PTACH", "PATCH"),
            ("DELTE", "DELETE"),
            ("OPTION", "OPTIONS"),
        ] {
            assert_eq!(misspelt(written), Some(meant), "{written}");
        }
        for other in [
            "", "GET", "COPY", "REPORT", "PURGE", "PROPFIND", "MKCOL", "LIST", "FETCH", "X",
        ] {
            assert_eq!(misspelt(other), None, "{other}");
        }
    }
}
