//! Requests that are sent one behind another, against servers that know how and servers that do not.

use std::time::{Duration, Instant};

use referee::client::{Answer, Client, RequestSpec, TransportError, Via};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::port::Port;
use super::server::{Reply, Server};
use crate::{client, get, options, options_for};

/// A push, and two looks at what became of it.
fn row() -> Vec<RequestSpec> {
    let mut row = vec![
        RequestSpec::path("PUT", "/v2/a/manifests/b").body("{}"),
        get("/v2/a/manifests/b"),
        RequestSpec::path("HEAD", "/v2/a/manifests/b"),
    ];
    for spec in &mut row {
        spec.via = Via::Kept;
    }
    row
}

fn statuses(answers: &[Answer]) -> Vec<Option<u16>> {
    answers.iter().map(Answer::status).collect()
}

fn methods(server: &Server) -> Vec<String> {
    let method = |request: &String| request.split(' ').next().unwrap_or_default().to_owned();
    server.requests().iter().map(method).collect()
}

/// What a registry would say.
fn answer(request: &str) -> Reply {
    match request.split(' ').next() {
        Some("PUT") => Reply::kept(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"),
        Some("GET") => Reply::kept(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
        _ => Reply::kept(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
    }
}

#[tokio::test]
async fn a_row_is_answered_in_its_order() {
    let server = Server::start_in_row(|_, request| answer(request)).await;
    let client = client(&server);
    for round in 1..=2 {
        let answers = client.send_row(row()).await;
        assert_eq!(statuses(&answers), [Some(201), Some(200), Some(200)]);
        assert_eq!(&answers[1].body.bytes[..], b"{}");
        assert_eq!(server.requests().len(), 3 * round, "each is sent once");
        assert_eq!(client.sent().total(), 3 * round as u64);
    }
    assert_eq!(server.connections(), 1);
    let answers = client.send_all(row()).await;
    assert_eq!(statuses(&answers), [Some(201), Some(200), Some(200)]);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_server_that_closes_is_asked_for_the_rest_again() {
    let closes = |request: &str| match request.split(' ').next() {
        Some("PUT") => Reply::bytes(b"HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
        _ => answer(request),
    };
    let server = Server::start_in_row(move |_, request| closes(request)).await;
    let answers = client(&server).send_row(row()).await;
    assert_eq!(statuses(&answers), [Some(201), Some(200), Some(200)]);
    assert_eq!(methods(&server), ["PUT", "GET", "HEAD"]);
}

#[tokio::test]
async fn a_server_that_loses_what_comes_behind_is_soon_asked_one_by_one() {
    let server = Server::start(answer).await;
    let client = client(&server);
    let begun = Instant::now();
    for _ in 0..8 {
        let answers = client.send_row(row()).await;
        assert_eq!(statuses(&answers), [Some(201), Some(200), Some(200)]);
    }
    // Four rows wait as long as an answer may take, which is 400 ms here.
    assert!(begun.elapsed() < Duration::from_millis(2400), "{:?}", begun.elapsed());
    assert!(client.send_row(Vec::new()).await.is_empty());
}

#[tokio::test]
async fn what_comes_behind_a_repetition_comes_after_it() {
    let busy = |number: usize, request: &str| match number {
        0 => Reply::kept(b"HTTP/1.1 429 Too Many\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"),
        // Nothing was pushed by then.
        1 | 2 => Reply::kept(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
        _ => answer(request),
    };
    let server = Server::start_in_row(busy).await;
    let answers = client(&server).send_row(row()).await;
    assert_eq!(statuses(&answers), [Some(201), Some(200), Some(200)]);
    assert_eq!(methods(&server), ["PUT", "GET", "HEAD", "PUT", "GET", "HEAD"]);
}

#[tokio::test]
async fn what_cannot_be_told_apart_does_not_travel_in_a_row() {
    let server = Server::start_in_row(|_, request| answer(request)).await;
    let mut specs = row();
    specs[1].via = Via::Raw;
    let answers = client(&server).send_row(specs).await;
    assert_eq!(statuses(&answers), [Some(201), Some(200), Some(200)]);
    assert_eq!(server.connections(), 2, "what may be kept shares one");

    // A run that only reads sends no push, whatever is behind it.
    let mut options = options(&server);
    options.reads_only = true;
    let answers = Client::new(options).unwrap().send_row(row()).await;
    assert_eq!(statuses(&answers), [None, Some(200), Some(200)]);
    assert_eq!(methods(&server)[3..], ["GET", "HEAD"]);
}

#[tokio::test]
async fn what_the_end_of_a_server_was_asked_last_is_lost() {
    let port = Port::closed();
    let listener = TcpListener::bind(("127.0.0.1", port.number)).await.unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // All of the row is there before anything is answered.
        let mut read = Vec::new();
        while !read.windows(4).any(|word| word == b"HEAD") {
            assert!(stream.read_buf(&mut read).await.unwrap() > 0);
        }
        drop(listener);
        let _ = stream
            .write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
            .await;
    });
    let answers = Client::new(options_for(&port.url())).unwrap().send_row(row()).await;
    let errors: Vec<_> = answers.iter().map(Answer::error).collect();
    assert!(
        matches!(
            errors[..],
            [
                None,
                Some(TransportError::Reset { .. }),
                Some(TransportError::Connect { .. })
            ]
        ),
        "{errors:?}"
    );
}

#[tokio::test]
async fn a_row_to_nowhere_says_so_once_for_each() {
    let closed = Port::closed();
    let answers = Client::new(options_for(&closed.url())).unwrap().send_row(row()).await;
    assert_eq!(statuses(&answers), [None, None, None]);
    assert!(answers.iter().all(|answer| answer.error().is_some()));
}
