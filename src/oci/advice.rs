//! What authors of artifacts are advised about the names of their types, and about a draft that went on without them. No
//! registry and no parser refuses a manifest for it.
//!
//! Follows [the guidance for authors](https://github.com/opencontainers/artifacts/blob/pre-archive/artifact-authors.md): names
//! are in small letters and have a version, a config without content has no format, and the type of image configs is for
//! what can be run. The first draft of ORAS had no member `mediaType`; [its releases](https://github.com/oras-project/artifacts-spec/blob/v1.0.0-rc.2/artifact-manifest.md)
//! demand it.

use super::descriptor::Descriptor;
use super::manifest::{ArtifactManifest, ImageManifest, Manifest};
use super::media_type::{MediaType, OCI_CONFIG};

/// A remark on a name, or on one that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The JSON pointer to the name.
    pub pointer: String,
    /// What is to be said of it.
    pub text: &'static str,
}

/// All remarks on a manifest.
pub fn on(manifest: &Manifest) -> Vec<Advice> {
    match manifest {
        Manifest::Image(image) => on_types(image),
        Manifest::OrasArtifact(artifact) => on_artifact(artifact),
        _ => Vec::new(),
    }
}

/// The remark on an ORAS artifact that does not say what it is.
fn on_artifact(artifact: &ArtifactManifest) -> Vec<Advice> {
    let text = "a missing member, which the first draft did not have and all later ones demand";
    let missing = artifact.media_type.is_none().then(|| Advice {
        pointer: "/mediaType".to_owned(),
        text,
    });
    missing.into_iter().collect()
}

/// All remarks on the names of types in an image manifest.
fn on_types(image: &ImageManifest) -> Vec<Advice> {
    let mut all = Vec::new();
    let mut add = |pointer: &str, text: &[&'static str]| {
        all.extend(text.iter().map(|text| Advice {
            pointer: pointer.to_owned(),
            text,
        }));
    };
    let config = &image.config;
    add("/config/mediaType", &on_name(&config.media_type));
    if config.size == 0 && config.media_type.essence().contains('+') {
        add("/config/mediaType", &["a config without content has no format"]);
    }
    let is_of_an_image = |layer: &Descriptor| layer.media_type.essence().contains(".tar");
    if config.media_type.essence() == OCI_CONFIG && !image.layers.iter().all(is_of_an_image) {
        add("/config/mediaType", &["this type is for images that can be run"]);
    }
    if let Some(artifact_type) = &image.artifact_type {
        add("/artifactType", &on_capitals(artifact_type));
    }
    for (at, layer) in image.layers.iter().enumerate() {
        add(&format!("/layers/{at}/mediaType"), &on_name(&layer.media_type));
    }
    all
}

fn on_name(media_type: &MediaType) -> Vec<&'static str> {
    let mut all = on_capitals(media_type);
    // Types of everybody, such as `text/plain`, have no version.
    let is_of_a_vendor = media_type.essence().contains("/vnd.");
    let is_version = |part: &str| {
        let digits = part.strip_prefix('v').unwrap_or_default();
        digits.starts_with(|first: char| first.is_ascii_digit())
    };
    let mut parts = media_type.essence().split(['.', '+', '-']);
    if is_of_a_vendor && !parts.any(is_version) {
        all.push("the name has no version");
    }
    all
}

fn on_capitals(media_type: &MediaType) -> Vec<&'static str> {
    match media_type.as_written().contains(char::is_uppercase) {
        true => vec!["the name has capital letters"],
        false => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::oci::manifest::Document;
    use crate::oci::media_type::ORAS_ARTIFACT;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn advice(config: Value, layers: &[&str]) -> Vec<(String, &'static str)> {
        let layer = |name: &&str| json!({"mediaType": name, "digest": DIGEST, "size": 2});
        let layers: Vec<Value> = layers.iter().map(layer).collect();
        let mut document = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "", "digest": DIGEST, "size": 2},
            "layers": layers,
        });
        for (name, value) in config.as_object().unwrap() {
            document["config"][name] = value.clone();
        }
        let document = Document::parse(document.to_string().as_bytes(), None).unwrap();
        let Manifest::Image(image) = document.manifest() else {
            panic!("no image")
        };
        let all = on_types(image).into_iter();
        all.map(|advice| (advice.pointer, advice.text)).collect()
    }

    #[test]
    fn an_artifact_without_its_own_type_is_of_the_first_draft() {
        let advice = |media_type: &str| {
            let document = format!(r#"{{{media_type}"artifactType":"example/thing"}}"#);
            let declared = ORAS_ARTIFACT.parse().unwrap();
            let document = Document::parse(document.as_bytes(), Some(&declared)).unwrap();
            on(document.manifest())
        };
        assert_eq!(advice(&format!(r#""mediaType":"{ORAS_ARTIFACT}","#)), []);
        let found = advice("");
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].pointer, "/mediaType");
    }

    #[test]
    fn names_by_the_guidance_are_left_in_peace() {
        let configs = [
            "application/vnd.oci.null-sample.config.v1",
            "application/vnd.oci.json-sample.config.v2+json",
            "application/vnd.oci.yaml-sample.config.v3+yaml",
            "application/json",
        ];
        let layers = [
            "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
            "application/vnd.sylabs.sif.layer.v1.sif",
            "application/json",
            "text/plain",
        ];
        for config in configs {
            assert_eq!(advice(json!({"mediaType": config}), &layers), [], "{config}");
        }
        let image = advice(
            json!({"mediaType": OCI_CONFIG}),
            &["application/vnd.oci.image.layer.v1.tar+zstd"],
        );
        assert_eq!(image, []);
    }

    #[test]
    fn other_names_are_remarked_on_where_they_stand() {
        let found = advice(
            json!({"mediaType": "application/vnd.Example.config+json", "size": 0}),
            &[
                "application/vnd.example.layer.v1.tar",
                "application/vnd.example.layer.TAR",
            ],
        );
        let expected = [
            ("/config/mediaType", "the name has capital letters"),
            ("/config/mediaType", "the name has no version"),
            ("/config/mediaType", "a config without content has no format"),
            ("/layers/1/mediaType", "the name has capital letters"),
            ("/layers/1/mediaType", "the name has no version"),
        ];
        let expected = expected.map(|(pointer, text)| (pointer.to_owned(), text));
        assert_eq!(found, expected);
        let chart = advice(json!({"mediaType": OCI_CONFIG}), &["application/vnd.example.chart.v1"]);
        assert_eq!(
            chart,
            [(
                "/config/mediaType".to_owned(),
                "this type is for images that can be run"
            )]
        );
    }
}
