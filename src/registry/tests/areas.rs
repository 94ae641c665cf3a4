//! One test per area of the specification.

use serde_json::{Value, json};

use super::Client;
use super::client::with_digest;
use crate::oci::digest::{Algorithm, Digest};
use crate::oci::media_type::{OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST};
use crate::registry::{Account, Auth, Config};

fn descriptor(media_type: &str, content: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": Digest::of(Algorithm::Sha256, content).as_str(), "size": content.len()})
}

/// An image of config `{}` and one layer `layer`, pushed under `reference`; its text.
async fn push_image(client: &Client, repository: &str, reference: &str, more: Value) -> String {
    client.push_blob(repository, b"{}").await;
    client.push_blob(repository, b"layer").await;
    let mut image = json!({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST,
        "config": descriptor(OCI_CONFIG, b"{}"), "layers": [descriptor(OCI_LAYER, b"layer")],
    });
    image.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let text = image.to_string();
    let reference = if reference == "digest" {
        digest(&text).to_string()
    } else {
        reference.to_owned()
    };
    let pushed = client.push(repository, &reference, OCI_MANIFEST, &text).await;
    assert_eq!(pushed.status, 201, "{pushed:?}");
    text
}

fn digest(text: &str) -> Digest {
    Digest::of(Algorithm::Sha256, text.as_bytes())
}

#[tokio::test]
async fn routes_and_methods() {
    let client = Client::plain().await;
    assert_eq!(client.get("/v2/").await.status, 200);
    assert_eq!(client.get("/elsewhere").await.status, 404);
    let wrong = client.post("/v2/a/tags/list").await;
    assert_eq!(wrong.error(), (405, "UNSUPPORTED".into()));
    assert_eq!(wrong.header("allow"), Some("GET, HEAD"));
    assert_eq!(
        client.post("/v2/Upper/blobs/uploads/").await.error(),
        (400, "NAME_INVALID".into())
    );
    assert_eq!(
        client
            .post(&format!("/v2/{}/blobs/uploads/", "a".repeat(254)))
            .await
            .status,
        400
    );
    assert_eq!(
        client.get("/v2/a/_oci/ext/discover").await.json()["extensions"][0]["name"],
        "_oci"
    );
}

#[tokio::test]
async fn blobs_are_pulled_whole_and_in_part() {
    let client = Client::plain().await;
    let content: Vec<u8> = (0..2048_u32).map(|at| at as u8).collect();
    let digest = client.push_blob("a/b", &content).await;
    let path = format!("/v2/a/b/blobs/{digest}");
    let whole = client.get(&path).await;
    assert_eq!((whole.status, &whole.body), (200, &content));
    assert_eq!(whole.header("docker-content-digest"), Some(digest.as_str()));
    assert_eq!(whole.header("content-length"), Some("2048"));
    let head = client.send("HEAD", &path, &[("range", "bytes=0-9")], b"").await;
    assert_eq!(
        (head.status, head.header("content-length"), head.body.len()),
        (200, Some("2048"), 0)
    );
    let part = client.send("GET", &path, &[("range", "bytes=2000-5000")], b"").await;
    assert_eq!(
        (part.status, part.header("content-range")),
        (206, Some("bytes 2000-2047/2048"))
    );
    assert_eq!(part.body, content[2000..]);
    let beyond = client.send("GET", &path, &[("range", "bytes=5000-")], b"").await;
    assert_eq!(
        (beyond.status, beyond.header("content-range")),
        (416, Some("bytes */2048"))
    );
    let same = client
        .send("GET", &path, &[("if-none-match", whole.header("etag").unwrap())], b"")
        .await;
    assert_eq!((same.status, same.body.len()), (304, 0));
    client.push_blob("c", b"other").await;
    assert_eq!(
        client.get(&format!("/v2/c/blobs/{digest}")).await.error(),
        (404, "BLOB_UNKNOWN".into())
    );
    assert_eq!(
        client.get(&format!("/v2/no/blobs/{digest}")).await.error(),
        (404, "NAME_UNKNOWN".into())
    );
    assert_eq!(
        client
            .get(
                &path
                    .to_uppercase()
                    .replace("/V2/A/B/BLOBS/SHA256", "/v2/a/b/blobs/sha256")
            )
            .await
            .status,
        404
    );
    assert_eq!(client.delete(&path).await.status, 202);
    assert_eq!(client.delete(&path).await.error(), (404, "BLOB_UNKNOWN".into()));
    assert_eq!(client.head(&path).await.status, 404);
}

#[tokio::test]
async fn chunks_come_in_order() {
    let client = Client::plain().await;
    let (content, other) = (vec![7; 3072], "/v2/other/blobs/uploads/");
    let digest = Digest::of(Algorithm::Sha256, &content);
    let location = client.post("/v2/a/blobs/uploads/").await.location();
    assert_eq!(client.get(&location).await.status, 204);
    let chunk = async |range: &'static str, length: usize| {
        client
            .send("PATCH", &location, &[("content-range", range)], &content[..length])
            .await
    };
    assert_eq!(chunk("1024-2047", 1024).await.status, 416);
    let first = chunk("0-1023", 1024).await;
    assert_eq!((first.status, first.header("range")), (202, Some("0-1023")));
    assert_eq!(chunk("0-1023", 1024).await.status, 416);
    assert_eq!(chunk("2048-3071", 1024).await.status, 416);
    for bad in ["abc", "5-2", "bytes=0-9"] {
        assert_eq!(chunk(bad, 1024).await.error(), (400, "BLOB_UPLOAD_INVALID".into()));
    }
    assert_eq!(chunk("1024-2047", 5).await.error(), (400, "SIZE_INVALID".into()));
    assert_eq!(chunk("1024-2047", 1024).await.header("range"), Some("0-2047"));
    assert_eq!(client.get(&location).await.header("range"), Some("0-2047"));
    let in_other = location.replace("/v2/a/blobs/uploads/", other);
    assert_eq!(client.get(&in_other).await.error(), (404, "BLOB_UPLOAD_UNKNOWN".into()));
    let close = with_digest(&location, &digest);
    let last = async |range: &'static str| {
        client
            .send("PUT", &close, &[("content-range", range)], &content[..1024])
            .await
    };
    assert_eq!(last("3072-4095").await.status, 416);
    assert_eq!(
        client.send("PUT", &location, &[], b"").await.error(),
        (400, "DIGEST_INVALID".into())
    );
    assert_eq!(
        client.send("PUT", &close, &[], b"").await.error(),
        (400, "DIGEST_INVALID".into())
    );
    let closed = last("2048-3071").await;
    assert_eq!(closed.status, 201);
    assert_eq!(client.get(&closed.location()).await.body, content);
    assert_eq!(client.get(&location).await.status, 404);
    assert_eq!(chunk("3072-4095", 1024).await.status, 404);
}

#[tokio::test]
async fn other_ways_to_upload() {
    let client = Client::plain().await;
    let digest = Digest::of(Algorithm::Sha512, b"content");
    let single = format!("/v2/a/blobs/uploads/?digest={digest}");
    assert_eq!(
        client.send("POST", &single, &[], b"contend").await.error(),
        (400, "DIGEST_INVALID".into())
    );
    assert_eq!(client.head(&format!("/v2/a/blobs/{digest}")).await.status, 404);
    assert_eq!(client.send("POST", &single, &[], b"content").await.status, 201);
    assert_eq!(client.head(&format!("/v2/a/blobs/{digest}")).await.status, 200);
    assert_eq!(
        client.post("/v2/a/blobs/uploads/?digest-algorithm=sha512").await.status,
        202
    );
    assert_eq!(
        client.post("/v2/a/blobs/uploads/?digest-algorithm=md5").await.status,
        400
    );
    for bad in ["md5:d41d8cd98f00b204e9800998ecf8427e", "sha256:abc", "x"] {
        let location = client.post("/v2/a/blobs/uploads/").await.location();
        let closed = client.send("PUT", &format!("{location}?digest={bad}"), &[], b"").await;
        assert_eq!(closed.error(), (400, "DIGEST_INVALID".into()), "{bad}");
    }
    let location = client.post("/v2/a/blobs/uploads/").await.location();
    let stream = [("transfer-encoding", "chunked")];
    assert_eq!(client.send("PATCH", &location, &stream, b"con").await.status, 202);
    assert_eq!(
        client
            .send("PUT", &with_digest(&location, &digest), &[], b"tent")
            .await
            .status,
        201
    );
    let location = client.post("/v2/a/blobs/uploads/").await.location();
    assert_eq!(client.delete(&location).await.status, 204);
    assert_eq!(client.delete(&location).await.status, 404);

    let mount = |from: &str| format!("/v2/b/blobs/uploads/?mount={digest}{from}");
    assert_eq!(client.post(&mount("")).await.status, 202);
    assert_eq!(client.post(&mount("&from=unknown")).await.status, 202);
    let mounted = client.post(&mount("&from=a")).await;
    assert_eq!(mounted.status, 201);
    assert_eq!(client.get(&mounted.location()).await.body, b"content");
    client.delete(&format!("/v2/a/blobs/{digest}")).await;
    assert_eq!(client.get(&mounted.location()).await.status, 200);
}

#[tokio::test]
async fn manifests_and_tags() {
    let client = Client::plain().await;
    let text = push_image(&client, "a", "one", json!({"unknown": [1.5, null]})).await;
    let digest = digest(&text);
    let by_digest = format!("/v2/a/manifests/{digest}?tag=two&tag=three");
    let pushed = client
        .send(
            "PUT",
            &by_digest,
            &[("content-type", &format!("{OCI_MANIFEST}; charset=utf-8"))],
            text.as_bytes(),
        )
        .await;
    let tags: Vec<_> = pushed
        .headers
        .iter()
        .filter(|(name, _)| name == "oci-tag")
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!((pushed.status, tags), (201, vec!["two", "three"]));
    for path in [pushed.location(), "/v2/a/manifests/three".into()] {
        let got = client.get(&path).await;
        assert_eq!((got.status, got.header("content-type")), (200, Some(OCI_MANIFEST)));
        assert_eq!(got.body, text.as_bytes());
        assert_eq!(got.header("docker-content-digest"), Some(digest.as_str()));
        assert_eq!(
            client.head(&path).await.header("content-length"),
            Some(text.len().to_string().as_str())
        );
    }
    assert_eq!(client.delete("/v2/a/manifests/two").await.status, 202);
    assert_eq!(
        client.delete("/v2/a/manifests/two").await.error(),
        (404, "MANIFEST_UNKNOWN".into())
    );
    assert_eq!(client.get("/v2/a/manifests/one").await.status, 200);
    assert_eq!(client.delete(&format!("/v2/a/manifests/{digest}")).await.status, 202);
    assert_eq!(client.get("/v2/a/manifests/one").await.status, 404);
    assert_eq!(
        client.get("/v2/a/tags/list").await.json(),
        json!({"name": "a", "tags": []})
    );
    assert_eq!(
        client.delete(&format!("/v2/no/manifests/{digest}")).await.error(),
        (404, "NAME_UNKNOWN".into())
    );
    push_image(&client, "a", "one", json!({})).await;
}

#[tokio::test]
async fn manifests_that_are_refused() {
    let client = Client::plain().await;
    let text = push_image(&client, "a", "one", json!({})).await;
    let push = async |reference: &str, text: &str| client.push("a", reference, OCI_MANIFEST, text).await.error();
    assert_eq!(
        push("sha256:baddigeststring", &text).await,
        (400, "DIGEST_INVALID".into())
    );
    assert_eq!(push(digest("x").as_str(), &text).await, (400, "DIGEST_INVALID".into()));
    assert_eq!(
        client.get(&format!("/v2/a/manifests/{}", digest("x"))).await.status,
        404
    );
    for tag in [".x", "-x", &"x".repeat(129), "a+b"] {
        assert_eq!(push(tag, &text).await, (400, "MANIFEST_INVALID".into()));
    }
    let bad = ["", "[]", "{}", "null", "not json", r#"{"schemaVersion":2}"#];
    for bad in bad.into_iter().chain([
        text.replace("schemaVersion\":2", "schemaVersion\":3").as_str(),
        &text.replace("layers\":", "layers\":1,\"layers\":"),
    ]) {
        assert_eq!(push("bad", bad).await, (400, "MANIFEST_INVALID".into()), "{bad}");
    }
    assert_eq!(
        client.push("a", "bad", OCI_INDEX, &text).await.error(),
        (400, "MANIFEST_INVALID".into())
    );
    let wrong_size = text.replace("\"size\":5", "\"size\":6");
    assert_eq!(push("bad", &wrong_size).await, (400, "SIZE_INVALID".into()));
    let missing = text.replace(digest("layer").as_str(), digest("absent").as_str());
    assert_eq!(push("bad", &missing).await, (400, "MANIFEST_BLOB_UNKNOWN".into()));
    let padded = text.clone() + &" ".repeat(8 << 20);
    assert_eq!(push("bad", &padded).await, (413, "SIZE_INVALID".into()));
    assert_eq!(client.get("/v2/a/manifests/bad").await.status, 404);
    let unknown = json!({
        "schemaVersion": 2, "config": descriptor("application/vnd.example", b"{}"), "layers": [],
        "artifactType": "application/vnd.example.type", "subject": descriptor(OCI_MANIFEST, b"absent"),
    });
    assert_eq!(
        client
            .push("a", "artifact", OCI_MANIFEST, &unknown.to_string())
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn tags_are_paged() {
    let client = Client::plain().await;
    for tag in ["b", "a", "B", "10", "9"] {
        push_image(&client, "a", tag, json!({})).await;
    }
    let tags = async |query: &str| {
        let answer = client.get(&format!("/v2/a/tags/list{query}")).await;
        let tags: Vec<String> = serde_json::from_value(answer.json()["tags"].clone()).unwrap();
        (tags.join(" "), answer.next())
    };
    assert_eq!(tags("").await, ("10 9 B a b".into(), None));
    assert_eq!(tags("?n=0").await, (String::new(), None));
    assert_eq!(tags("?n=5").await, ("10 9 B a b".into(), None));
    assert_eq!(tags("?n=99999999999999999999999").await, ("10 9 B a b".into(), None));
    assert_eq!(tags("?last=B").await, ("a b".into(), None));
    assert_eq!(
        tags("?last=C&n=1").await,
        ("a".into(), Some("/v2/a/tags/list?n=1&last=a".into()))
    );
    assert_eq!(client.get("/v2/a/tags/list?n=-1").await.status, 400);
    assert_eq!(
        client.get("/v2/no/tags/list").await.error(),
        (404, "NAME_UNKNOWN".into())
    );
    assert_eq!(client.get("/v2/_catalog").await.json(), json!({"repositories": ["a"]}));
}

#[tokio::test]
async fn referrers_are_listed() {
    let client = Client::plain().await;
    let image = push_image(&client, "a", "image", json!({})).await;
    let subject = descriptor(OCI_MANIFEST, image.as_bytes());
    let typed = json!({"subject": subject, "artifactType": "application/vnd.a+b", "annotations": {"k": ""}});
    push_image(&client, "a", "typed", typed).await;
    let untyped = push_image(&client, "a", "digest", json!({"subject": subject})).await;
    let index = json!({"schemaVersion": 2, "manifests": [], "subject": subject}).to_string();
    let pushed = client.push("a", "index", OCI_INDEX, &index).await;
    assert_eq!(pushed.header("oci-subject"), subject["digest"].as_str());
    let path = format!("/v2/a/referrers/{}", digest(&image));
    let all = client.get(&path).await;
    assert_eq!(all.header("content-type"), Some(OCI_INDEX));
    let entry = |digest: &Digest| {
        let entries = all.json()["manifests"].as_array().unwrap().clone();
        entries
            .into_iter()
            .find(|entry| entry["digest"] == digest.as_str())
            .unwrap()
    };
    assert_eq!(all.json()["manifests"].as_array().unwrap().len(), 3);
    assert_eq!(entry(&digest(&untyped))["artifactType"], OCI_CONFIG);
    assert_eq!(entry(&digest(&index)).get("artifactType"), None);
    let filtered = client
        .get(&format!("{path}?artifactType=application%2Fvnd.a%2Bb"))
        .await;
    assert_eq!(filtered.header("oci-filters-applied"), Some("artifactType"));
    assert_eq!(filtered.json()["manifests"][0]["annotations"], json!({"k": ""}));
    assert_eq!(filtered.json()["manifests"].as_array().unwrap().len(), 1);
    client.delete(&format!("/v2/a/manifests/{}", digest(&untyped))).await;
    assert_eq!(client.get(&path).await.json()["manifests"].as_array().unwrap().len(), 2);
    assert_eq!(
        client.get("/v2/a/referrers/sha256:xyz").await.error(),
        (400, "DIGEST_INVALID".into())
    );
    assert_eq!(
        client.get(&format!("/v2/no/referrers/{}", digest("x"))).await.json()["manifests"],
        json!([])
    );
}

#[tokio::test]
async fn tokens_open_what_they_are_for() {
    let reader = Some(Account {
        user: "reader".into(),
        password: "r".into(),
    });
    let auth = Auth::Token {
        user: "owner".into(),
        password: "o".into(),
    };
    let mut client = Client::with(Config {
        auth,
        reader,
        ..Config::default()
    })
    .await;
    let refused = client.get("/v2/a/tags/list").await;
    assert_eq!(refused.error(), (401, "UNAUTHORIZED".into()));
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Bearer realm=\"http://127.0.0.1:"), "{challenge}");
    assert!(challenge.ends_with("scope=\"repository:a:pull\""), "{challenge}");
    let token = async |client: &Client, user: &str, scope: &str| {
        let answer = client
            .send(
                "GET",
                &format!("/token?service=x&scope={scope}"),
                &[("authorization", user)],
                b"",
            )
            .await;
        assert_eq!(answer.status, 200);
        vec![(
            "authorization".to_owned(),
            format!("Bearer {}", answer.json()["token"].as_str().unwrap()),
        )]
    };
    let (owner, reader) = ("Basic b3duZXI6bw==", "Basic cmVhZGVyOnI=");
    assert_eq!(
        client
            .send("GET", "/token", &[("authorization", "Basic b3duZXI6eA==")], b"")
            .await
            .status,
        401
    );
    client.headers = token(&client, owner, "repository:a:pull,push&scope=repository:b:pull,push").await;
    let blob = client.push_blob("b", b"x").await;
    assert_eq!(
        client
            .post(&format!("/v2/a/blobs/uploads/?mount={blob}&from=b"))
            .await
            .status,
        201
    );
    client.headers = vec![];
    client.headers = token(&client, owner, "repository:c:pull,push").await;
    assert_eq!(
        client
            .post(&format!("/v2/c/blobs/uploads/?mount={blob}&from=b"))
            .await
            .status,
        202
    );
    assert_eq!(
        client.get(&format!("/v2/a/blobs/{blob}")).await.error(),
        (401, "DENIED".into())
    );
    client.headers = vec![];
    client.headers = token(&client, reader, "repository:a:pull,push").await;
    assert_eq!(client.get(&format!("/v2/a/blobs/{blob}")).await.status, 200);
    assert_eq!(
        client.post("/v2/a/blobs/uploads/").await.error(),
        (401, "DENIED".into())
    );
}
