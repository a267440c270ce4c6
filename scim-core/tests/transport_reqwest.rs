//! The transport to real servers, on sockets.
#![cfg(feature = "reqwest")]
#![allow(clippy::unwrap_used)] // a failing set-up is a failing test

use bytes::Bytes;
use scim_core::transport::{ReqwestTransport, Transport, TransportErrorKind};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

#[tokio::test]
async fn tls_to_a_port_that_speaks_none_is_not_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
        }
    });
    let transport = ReqwestTransport::builder().build().unwrap();
    let request = http::Request::get(format!("https://{address}/Users")).body(Bytes::new()).unwrap();
    let error = transport.send(request).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Tls, "{error}");
    assert!(!error.kind().is_transient() && !error.may_have_been_applied(), "{error}");
}
