//! The reference registry as tools that people use see it: skopeo, crane and oras push, copy, attach, discover and pull.
//!
//! A tool is looked for under `REFEREE_SKOPEO`, `REFEREE_CRANE` and `REFEREE_ORAS`, then on the path;
//! `tests/tools/run` gets them. Where one is missing its test says so and passes, unless `REFEREE_TOOLS=all` demands it.

#[path = "cli/program.rs"]
#[allow(
    dead_code,
    reason = "shared by several test programs, not all of which use all of it"
)]
mod program;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use program::Served;
use referee::oci::digest::{Algorithm, Digest};
use serde_json::{Value, json};

/// Where a tool is, or nothing and a word about it.
fn tool(name: &str) -> Option<PathBuf> {
    let variable = format!("REFEREE_{}", name.to_uppercase());
    let named = std::env::var_os(&variable).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = named
        .into_iter()
        .chain(std::env::split_paths(&path).map(|folder| folder.join(name)));
    let found = places.find(|place| place.is_file());
    if found.is_none() {
        let word = format!("{name} is neither in {variable} nor on the path; tests/tools/run gets it");
        assert!(
            std::env::var_os("REFEREE_TOOLS").is_none_or(|value| value != "all"),
            "{word}"
        );
        println!("SKIPPED: {word}");
    }
    found
}

/// A tool at work in a folder that it has for itself, home and all.
struct Tool {
    path: PathBuf,
    folder: tempfile::TempDir,
}

impl Tool {
    fn new(path: PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { path, folder }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.at(name), content).unwrap();
    }

    /// What it prints; it has to succeed.
    #[track_caller]
    fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new(&self.path)
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("DOCKER_CONFIG", self.folder.path())
            .env("NO_PROXY", "*")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}{errors}");
        said
    }
}

/// Writes an image of one layer as an OCI layout, and says the digest of its manifest.
fn write_layout(folder: &Path) -> Digest {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    let put = |content: &[u8]| {
        let digest = Digest::of(Algorithm::Sha256, content);
        fs::write(blobs.join(digest.encoded()), content).unwrap();
        digest
    };
    let layer = put(&LAYER);
    let tar = Digest::of(Algorithm::Sha256, &[0; 1024]);
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [tar.as_str()]},
    })
    .to_string();
    let config_digest = put(config.as_bytes());
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config_digest.as_str(), "size": config.len()},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": layer.as_str(), "size": LAYER.len()}],
    })
    .to_string();
    let digest = put(manifest.as_bytes());
    let index = json!({
        "schemaVersion": 2,
        "manifests": [{
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest.as_str(), "size": manifest.len(),
            "annotations": {"org.opencontainers.image.ref.name": "v1"},
        }],
    });
    fs::write(folder.join("index.json"), index.to_string()).unwrap();
    fs::write(folder.join("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}").unwrap();
    digest
}

/// A tar of nothing, two blocks of zeros, under gzip.
const LAYER: [u8; 29] = [
    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0x63, 0x60, 0x18, 5, 0xa3, 0x60, 0x14, 0x8c, 0x54, 0, 0, 0x2e, 0xaf, 0xb5,
    0xef, 0, 4, 0, 0,
];

/// Every blob of one layout is in the other, byte for byte.
fn assert_has_all_of(copy: &Path, original: &Path) {
    for blob in fs::read_dir(original.join("blobs/sha256")).unwrap() {
        let blob = blob.unwrap();
        let copied = fs::read(copy.join("blobs/sha256").join(blob.file_name()));
        assert!(
            copied.is_ok_and(|copied| copied == fs::read(blob.path()).unwrap()),
            "{:?} is missing or another",
            blob.file_name()
        );
    }
}

fn host(served: &Served) -> &str {
    served.url.trim_start_matches("http://")
}

#[test]
fn skopeo_pushes_copies_and_pulls() {
    let Some(skopeo) = tool("skopeo").map(Tool::new) else {
        return;
    };
    let served = Served::with(&[]);
    let host = host(&served);
    let digest = write_layout(&skopeo.at("image"));
    let policy = ["--insecure-policy"];
    let run = |arguments: &[&str]| skopeo.run(&[&policy, arguments].concat());
    let plain = [
        "--src-tls-verify=false",
        "--dest-tls-verify=false",
        "--preserve-digests",
    ];
    let copy = |from: &str, to: &str| run(&[&["copy"], &plain[..], &[from, to]].concat());

    copy("oci:image:v1", &format!("docker://{host}/tools/skopeo:v1"));
    copy(
        &format!("docker://{host}/tools/skopeo:v1"),
        &format!("docker://{host}/tools/copy:v2"),
    );
    copy(&format!("docker://{host}/tools/copy@{digest}"), "oci:pulled:v1");
    assert_has_all_of(&skopeo.at("pulled"), &skopeo.at("image"));

    let said = run(&[
        "inspect",
        "--tls-verify=false",
        &format!("docker://{host}/tools/copy:v2"),
    ]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["Digest"], digest.as_str());
    let tags = run(&[
        "list-tags",
        "--tls-verify=false",
        &format!("docker://{host}/tools/copy"),
    ]);
    assert!(tags.contains("v2"), "{tags}");
    run(&[
        "delete",
        "--tls-verify=false",
        &format!("docker://{host}/tools/copy:v2"),
    ]);
    let raw = run(&[
        "inspect",
        "--raw",
        "--tls-verify=false",
        &format!("docker://{host}/tools/skopeo:v1"),
    ]);
    assert_eq!(Digest::of(Algorithm::Sha256, raw.as_bytes()), digest);
}

#[test]
fn crane_pushes_copies_and_pulls() {
    let Some(crane) = tool("crane").map(Tool::new) else {
        return;
    };
    let served = Served::with(&[]);
    let host = host(&served);
    let digest = write_layout(&crane.at("image"));

    crane.run(&["push", "--insecure", "image", &format!("{host}/tools/crane:v1")]);
    let first = format!("{host}/tools/crane:v1");
    assert_eq!(crane.run(&["digest", "--insecure", &first]).trim(), digest.as_str());
    crane.run(&["copy", "--insecure", &first, &format!("{host}/tools/copy:v1")]);
    crane.run(&["tag", "--insecure", &format!("{host}/tools/copy:v1"), "v2"]);
    let tags = crane.run(&["ls", "--insecure", &format!("{host}/tools/copy")]);
    assert_eq!(tags.lines().collect::<Vec<_>>(), ["v1", "v2"]);
    let by_digest = format!("{host}/tools/copy@{digest}");
    crane.run(&["pull", "--insecure", "--format=oci", &by_digest, "pulled"]);
    assert_has_all_of(&crane.at("pulled"), &crane.at("image"));
    crane.run(&["validate", "--insecure", "--remote", &by_digest]);
    let raw = crane.run(&["manifest", "--insecure", &by_digest]);
    assert_eq!(Digest::of(Algorithm::Sha256, raw.trim_end().as_bytes()), digest);
    crane.run(&["delete", "--insecure", &by_digest]);
}

#[test]
fn oras_attaches_discovers_and_copies_what_is_attached() {
    let Some(oras) = tool("oras").map(Tool::new) else {
        return;
    };
    // With the list of referrers, and with the tag that stands in for it.
    for variants in [&[][..], &["--variant", "no-referrers"]] {
        let served = Served::with(variants);
        let host = host(&served);
        oras.write("thing.txt", b"a thing\n");
        oras.write("sbom.json", b"{\"made\":\"of\"}");
        let first = format!("{host}/tools/oras:v1");
        oras.run(&[
            "push",
            "--plain-http",
            "--artifact-type",
            "application/vnd.example.thing",
            &first,
            "thing.txt:text/plain",
        ]);
        let attached = oras.run(&[
            "attach",
            "--plain-http",
            "--artifact-type",
            "application/vnd.example.sbom",
            "--format",
            "json",
            &first,
            "sbom.json:application/json",
        ]);
        let attached: Value = serde_json::from_str(&attached).unwrap();
        let digest = attached["digest"].as_str().unwrap();

        let copy = format!("{host}/tools/copy:v1");
        oras.run(&[
            "copy",
            "--from-plain-http",
            "--to-plain-http",
            "--recursive",
            &first,
            &copy,
        ]);
        for image in [&first, &copy] {
            let found = oras.run(&["discover", "--plain-http", "--format", "json", image]);
            assert!(found.contains(digest), "{digest} is not discovered at {image}: {found}");
            let other = oras.run(&[
                "discover",
                "--plain-http",
                "--format",
                "json",
                "--artifact-type",
                "a/b",
                image,
            ]);
            assert!(!other.contains(digest), "{other}");
        }
        oras.run(&["pull", "--plain-http", "--output", "pulled", &copy]);
        let sbom = format!("{host}/tools/copy@{digest}");
        oras.run(&["pull", "--plain-http", "--output", "pulled", &sbom]);
        for name in ["thing.txt", "sbom.json"] {
            let pulled = fs::read(oras.at("pulled").join(name)).unwrap();
            assert_eq!(pulled, fs::read(oras.at(name)).unwrap(), "{name}");
        }
        fs::remove_dir_all(oras.at("pulled")).unwrap();
    }
}
