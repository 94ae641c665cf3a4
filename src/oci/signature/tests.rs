//! What the `parse` cases do not say: what a document links to, and where all that is wrong with it is.

use crate::oci::any::AnyDocument;
use crate::oci::json::Limits;
use crate::oci::media_type::{MediaType, SIGSTORE_BUNDLE};

const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

fn places(text: &str, declared: Option<&str>) -> Vec<String> {
    let declared: Option<MediaType> = declared.map(|declared| declared.parse().unwrap());
    let violations = AnyDocument::parse_all(text.as_bytes(), declared.as_ref(), Limits::default()).unwrap_err();
    violations
        .iter()
        .map(|violation| format!("{} {}", violation.pointer, violation.position))
        .collect()
}

fn links(text: &str) -> Vec<String> {
    let document = AnyDocument::parse_all(text.as_bytes(), None, Limits::default()).unwrap();
    document.links().iter().map(|link| link.digest.to_string()).collect()
}

#[test]
fn a_payload_shows_what_it_is_and_links_to_what_was_signed() {
    let simple = format!(
        "{{\"critical\":{{\"type\":\"atomic container signature\",\"image\":{{\"docker-manifest-digest\":\"{DIGEST}\"}},\
         \"identity\":{{\"docker-reference\":\"a\"}}}},\"optional\":{{}}}}"
    );
    let notation = format!("{{\"targetArtifact\":{{\"mediaType\":\"a/b\",\"digest\":\"{DIGEST}\",\"size\":1}}}}");
    for text in [&simple, &notation] {
        assert_eq!(links(text), [DIGEST]);
    }
    // An atomic signature has an object there, whatever cosign writes.
    assert_eq!(places(&simple.replace("{}}", "null}"), None), ["/optional 1:207"]);
}

#[test]
fn all_that_is_wrong_with_a_payload_is_found() {
    let text =
        "{\"critical\":{\"type\":\"a\",\n\"image\":{\"size\":1},\"identity\":[],\"b\":0},\"optional\":{\"creator\":1}}";
    let expected = [
        "/critical/b 2:38",
        "/critical/type 1:21",
        "/critical/image/size 2:17",
        "/critical/image/docker-manifest-digest 2:9",
        "/critical/identity 2:31",
        "/optional/creator 2:63",
    ];
    assert_eq!(places(text, None), expected);
}

#[test]
fn a_statement_in_an_envelope_links_to_its_subjects() {
    let statement = format!("{{\"subject\":[{{\"digest\":{{\"sha256\":\"{}\"}}}},7]}}", &DIGEST[7..]);
    let payload = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, statement);
    let bundle = format!(
        "{{\"mediaType\":\"{SIGSTORE_BUNDLE}\",\"verificationMaterial\":{{\"publicKey\":{{}}}},\"dsseEnvelope\":\
         {{\"payload\":\"{payload}\",\"payloadType\":\"application/vnd.in-toto+json\",\"signatures\":[{{\"sig\":\"YQ\"}}]}}}}"
    );
    assert_eq!(links(&bundle), [DIGEST]);
}
