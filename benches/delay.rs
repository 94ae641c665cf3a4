//! A TCP proxy on loopback that delays every byte by half a round trip in either direction and counts requests.
//!
//! `delay LISTEN_PORT TARGET_PORT ROUND_TRIP_MS` prints `ready`, runs until SIGTERM, and then prints how many HTTP/1.1 requests
//! went through. What is under way does not wait for what came before it, so that only distance is simulated, no bandwidth.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// What ends the first line of every request.
const VERSION: &[u8] = b" HTTP/1.1\r\n";

// One thread: the cores are for what is measured.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [listen, target, round_trip] = arguments.as_slice() else {
        anyhow::bail!("usage: delay LISTEN_PORT TARGET_PORT ROUND_TRIP_MS");
    };
    let (listen, target): (u16, u16) = (listen.parse()?, target.parse()?);
    let one_way = Duration::from_secs_f64(round_trip.parse::<f64>()? / 2000.0);
    let requests = Arc::new(AtomicU64::new(0));
    let listener = TcpListener::bind(("127.0.0.1", listen)).await.context("listening")?;
    let mut ended = signal(SignalKind::terminate())?;
    println!("ready");
    std::io::stdout().flush()?;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (client, _) = accepted?;
                tokio::spawn(connect(client, target, one_way, requests.clone()));
            }
            _ = ended.recv() => break,
        }
    }
    println!("{}", requests.load(Ordering::Relaxed));
    Ok(())
}

async fn connect(client: TcpStream, target: u16, one_way: Duration, requests: Arc<AtomicU64>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", target)).await else {
        return;
    };
    if client.set_nodelay(true).and(server.set_nodelay(true)).is_err() {
        return;
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::join!(
        carry(from_client, to_server, one_way, Some(&requests)),
        carry(from_server, to_client, one_way, None)
    );
}

/// Reads and hands on, until either end has enough.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, one_way: Duration, requests: Option<&AtomicU64>) {
    let (under_way, mut arriving) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let read = async move {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            if let Some(requests) = requests {
                let lines = buffer[..length]
                    .windows(VERSION.len())
                    .filter(|window| *window == VERSION);
                requests.fetch_add(lines.count() as u64, Ordering::Relaxed);
            }
            if under_way
                .send((Instant::now() + one_way, buffer[..length].to_vec()))
                .is_err()
            {
                return;
            }
        }
        // The end takes its time too.
        drop(under_way.send((Instant::now() + one_way, Vec::new())));
    };
    let write = async move {
        while let Some((due, bytes)) = arriving.recv().await {
            sleep_until(due).await;
            if bytes.is_empty() || to.write_all(&bytes).await.is_err() {
                break;
            }
        }
        drop(to.shutdown().await);
    };
    tokio::join!(read, write);
}
