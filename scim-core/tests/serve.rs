//! The listener against clients that are slow, greedy or many: bytes over loopback, on a paused clock that moves
//! on when both sides wait.
#![cfg(feature = "serve")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing set-up is a failing test")]

use std::time::Duration;

use bytes::Bytes;
use scim_core::serve::{ServeOptions, Server, serve};
use scim_core::transport::{TransportError, TransportErrorKind, TransportExt as _, from_fn};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Larger than what the sockets of both sides buffer.
const LARGE: usize = 32 * 1024 * 1024;

/// A server that answers `/large` with [`LARGE`] bytes, `/fault` not at all, and everything else with the length
/// of the body.
async fn start(change: impl FnOnce(&mut ServeOptions)) -> Server {
    let service = from_fn(|request: http::Request<Bytes>| async move {
        match request.uri().path() {
            "/large" => Ok(http::Response::new(Bytes::from(vec![b'x'; LARGE]))),
            "/fault" => Err(TransportError::new(TransportErrorKind::Interrupted)),
            _ => Ok(http::Response::new(Bytes::from(format!("got {}", request.body().len())))),
        }
    });
    let mut options = ServeOptions::default();
    change(&mut options);
    serve("127.0.0.1:0".parse().unwrap(), service.shared(), options).await.unwrap()
}

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.local_addr()).await.unwrap()
}

/// Everything that the server sends until it closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is an end as well.
    let _end = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn exchange(server: &Server, request: &str) -> String {
    let mut stream = connect(server).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    rest(&mut stream).await
}

const GET: &str = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_request_is_answered() {
    let server = start(|_| {}).await;
    let answer =
        exchange(&server, "PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("got 3"), "{answer}");
    let head = exchange(&server, "HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
}

#[tokio::test]
async fn a_fault_of_the_service_closes_the_connection() {
    let server = start(|_| {}).await;
    assert_eq!(exchange(&server, "GET /fault HTTP/1.1\r\nhost: x\r\n\r\n").await, "");
}

#[tokio::test]
async fn large_heads_and_bodies_are_refused() {
    let server = start(|options| (options.max_body, options.max_head) = (1000, 16 * 1024)).await;
    // Refused by what it announces, before it is sent.
    let announced = exchange(&server, "PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 1001\r\n\r\n").await;
    assert!(announced.starts_with("HTTP/1.1 413"), "{announced}");
    let chunk = format!("{:x}\r\n{}\r\n", 600, "x".repeat(600));
    let chunked = format!("PUT / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{chunk}{chunk}");
    let chunked = exchange(&server, &chunked).await;
    assert!(chunked.starts_with("HTTP/1.1 413"), "{chunked}");
    let fits =
        format!("PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\nconnection: close\r\n\r\n{}", "x".repeat(1000));
    assert!(exchange(&server, &fits).await.ends_with("got 1000"));
    let head = format!("GET / HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "x".repeat(20 * 1024));
    let head = exchange(&server, &head).await;
    assert!(head.starts_with("HTTP/1.1 431"), "{head}");
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(1000));
    let many = exchange(&server, &many).await;
    assert!(many.starts_with("HTTP/1.1 431"), "{many}");
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_finish_the_head_is_cut_off() {
    let server = start(|_| {}).await;
    for begun in ["", "GET / HT", "GET / HTTP/1.1\r\nhost: x\r\n"] {
        assert_eq!(exchange(&server, begun).await, "", "{begun:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_finish_the_body_is_cut_off() {
    let server = start(|_| {}).await;
    let answer = exchange(&server, "PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc").await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed() {
    let server = start(|_| {}).await;
    let answer = exchange(&server, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("got 0"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_read_makes_room_for_others() {
    let server = start(|options| options.max_connections = 1).await;
    let mut greedy = connect(&server).await;
    greedy.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    // There is one place: this one is answered only when the first is gone.
    let answer = exchange(&server, GET).await;
    assert!(answer.ends_with("got 0"), "{answer}");
    assert!(rest(&mut greedy).await.len() < LARGE);
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_their_turn() {
    let server = start(|options| options.max_connections = 2).await;
    let mut first = connect(&server).await;
    let mut second = connect(&server).await;
    let mut third = connect(&server).await;
    third.write_all(GET.as_bytes()).await.unwrap();
    for stream in [&mut first, &mut second] {
        stream.write_all(GET.as_bytes()).await.unwrap();
        assert!(rest(stream).await.ends_with("got 0"));
    }
    assert!(rest(&mut third).await.ends_with("got 0"));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_nobody_longer_than_it_may() {
    let server = start(|options| {
        options.max_connections = 1;
        (options.read_timeout, options.write_timeout) = (Duration::from_secs(3600), Duration::from_secs(3600));
    })
    .await;
    let address = server.local_addr();
    let mut stuck = connect(&server).await;
    stuck.write_all(b"PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n").await.unwrap();
    let mut waiting = connect(&server).await;
    let begin = tokio::time::Instant::now();
    server.shutdown().await;
    assert!(begin.elapsed() <= Duration::from_secs(2), "{:?}", begin.elapsed());
    assert_eq!(rest(&mut stuck).await, "");
    assert_eq!(rest(&mut waiting).await, "");
    assert!(TcpStream::connect(address).await.is_err());
}
