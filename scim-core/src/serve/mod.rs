//! Serves any [`Transport`] over HTTP/1.1 on a socket: how the embedded servers meet programs that
//! nobody here wrote.
//!
//! ```
//! use std::sync::Arc;
//! use bytes::Bytes;
//! use scim_core::serve::{serve, ServeOptions};
//! use scim_core::transport::{from_fn, TransportExt};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
//! # runtime.block_on(async {
//! let hello = from_fn(|_| async { Ok(http::Response::new(Bytes::from_static(b"hello"))) }).shared();
//! let server = serve("127.0.0.1:0".parse().unwrap(), hello, ServeOptions::default()).await?;
//! println!("listening on http://{}", server.local_addr());
//! server.shutdown().await;
//! # Ok::<(), std::io::Error>(())
//! # }).unwrap();
//! ```

mod stall;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use self::stall::Stall;
use crate::transport::{Transport, TransportErrorKind};

/// hyper needs room for at least this much.
const LEAST_HEAD: usize = 8 * 1024;

/// Limits of a [`Server`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServeOptions {
    /// The largest request body, in bytes; a larger one is answered 413. Default 16 MiB.
    pub max_body: usize,
    /// The largest head of a request (line and headers), in bytes, 8 KiB at least; a larger one is answered 431.
    /// Default 64 KiB.
    pub max_head: usize,
    /// How long a client may take to send its request's head, and again its body, and how long a connection may
    /// be idle. Default 10 s.
    pub read_timeout: Duration,
    /// How long a client may take nothing of its answer. Default 10 s.
    pub write_timeout: Duration,
    /// How many connections are served at once; further ones wait. Default 1,024.
    pub max_connections: usize,
    /// How long a shutdown waits for requests under way. Default 1 s.
    pub grace: Duration,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            max_body: 16 * 1024 * 1024,
            max_head: 64 * 1024,
            read_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            max_connections: 1024,
            grace: Duration::from_secs(1),
        }
    }
}

/// A listening server. Dropping it stops it at once; [`shutdown`](Self::shutdown) lets requests
/// under way end.
#[derive(Debug)]
pub struct Server {
    local_addr: SocketAddr,
    stop: watch::Sender<bool>,
    accept: JoinHandle<()>,
}

impl Server {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// `http://host:port`, without a path.
    pub fn origin(&self) -> String {
        format!("http://{}", self.local_addr)
    }

    /// Accepts nothing more, waits for requests under way (at most [`ServeOptions::grace`]), ends.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        // The task ends by itself; a panic in it has nothing left to tell here.
        let _ended = (&mut self.accept).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accept.abort();
    }
}

/// Listens on `address` (port 0: any free one) and answers each request through `service`.
///
/// A [`TransportError`](crate::transport::TransportError) of the service becomes what a client of a
/// broken server sees: the connection is closed without an answer. That is how scripted faults reach
/// the wire.
///
/// # Errors
/// If the address cannot be bound.
pub async fn serve(address: SocketAddr, service: Arc<dyn Transport>, options: ServeOptions) -> std::io::Result<Server> {
    let listener = TcpListener::bind(address).await?;
    let local_addr = listener.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    let accept = tokio::spawn(accept(listener, service, options, stopped));
    Ok(Server { local_addr, stop, accept })
}

async fn accept(
    listener: TcpListener,
    service: Arc<dyn Transport>,
    options: ServeOptions,
    mut stopped: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(options.max_connections));
    // Connections live in a set so that dropping the server drops them too.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        // A place first: whoever finds none waits in the listener's queue, where it costs nothing.
        let place = tokio::select! {
            _ = stopped.changed() => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let Ok(place) = place else { break };
        tokio::select! {
            _ = stopped.changed() => break,
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else {
                    // Out of descriptors: give running requests the time to end.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                };
                let connection = connection(stream, Arc::clone(&service), options.clone(), stopped.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
        }
    }
    let _ended_or_cut =
        tokio::time::timeout(options.grace, async { while connections.join_next().await.is_some() {} }).await;
}

async fn connection(
    stream: TcpStream,
    service: Arc<dyn Transport>,
    options: ServeOptions,
    mut stopped: watch::Receiver<bool>,
) {
    let _latency_only = stream.set_nodelay(true);
    let limits = options.clone();
    let handler = service_fn(move |request| answer(request, Arc::clone(&service), limits.clone()));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(options.read_timeout)
        .max_buf_size(options.max_head.max(LEAST_HEAD))
        .serve_connection(TokioIo::new(Stall::new(stream, options.write_timeout)), handler);
    tokio::pin!(connection);
    tokio::select! {
        // A client that goes away, or a scripted fault, ends the connection; nobody is left to tell.
        _ended = connection.as_mut() => {}
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ended = connection.await;
        }
    }
}

/// A fault of the service: hyper closes the connection on it.
#[derive(Debug, thiserror::Error)]
#[error("the service gave no answer: {0:?}")]
struct NoAnswer(TransportErrorKind);

impl From<Infallible> for NoAnswer {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

async fn answer(
    request: http::Request<Incoming>,
    service: Arc<dyn Transport>,
    options: ServeOptions,
) -> Result<http::Response<Full<Bytes>>, NoAnswer> {
    let (parts, body) = request.into_parts();
    if body.size_hint().lower() > options.max_body as u64 {
        return Ok(status(http::StatusCode::PAYLOAD_TOO_LARGE));
    }
    let body = Limited::new(body, options.max_body).collect();
    let body = match tokio::time::timeout(options.read_timeout, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Ok(status(http::StatusCode::PAYLOAD_TOO_LARGE)),
        Ok(Err(_)) => return Ok(status(http::StatusCode::BAD_REQUEST)),
        Err(_) => return Ok(status(http::StatusCode::REQUEST_TIMEOUT)),
    };
    let head = parts.method == http::Method::HEAD;
    match service.send(http::Request::from_parts(parts, body)).await {
        Ok(response) if head => Ok(response.map(|_| Full::default())),
        Ok(response) => Ok(response.map(Full::new)),
        Err(error) => Err(NoAnswer(error.kind())),
    }
}

fn status(status: http::StatusCode) -> http::Response<Full<Bytes>> {
    let mut response = http::Response::new(Full::default());
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONNECTION, http::HeaderValue::from_static("close"));
    response
}
