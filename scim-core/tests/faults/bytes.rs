//! Faults as bytes on a socket: a listener that answers one request a connection, rightly or wrongly.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use scim_core::transport::{ReqwestTransport, Transport, TransportError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

use crate::fault::{Armed, Fault};
use crate::world::World;

/// Real time passes here: long enough for a loaded machine, and every cell that waits for it is run
/// beside others.
const TIMEOUT: Duration = Duration::from_millis(500);

/// A listening world.
pub struct Listener {
    address: SocketAddr,
    closed: TcpSocket,
    accept: JoinHandle<()>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.accept.abort();
    }
}

impl Listener {
    pub async fn new(world: Arc<World>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // A port that is taken and does not listen refuses connections.
        let closed = TcpSocket::new_v4().unwrap();
        closed.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let accept = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let world = Arc::clone(&world);
                tokio::spawn(async move { serve(stream, &world).await });
            }
        });
        Self { address, closed, accept }
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The client's real transport; requests that no server shall see go astray.
    pub fn transport(&self, world: Arc<World>, leaf: &ReqwestTransport) -> Astray {
        Astray { leaf: leaf.clone(), world, closed: self.closed.local_addr().unwrap() }
    }
}

pub fn leaf() -> ReqwestTransport {
    ReqwestTransport::builder().timeout(TIMEOUT).build().unwrap()
}

/// Sends requests to a closed port, or in TLS to a port that speaks none.
#[derive(Debug)]
pub struct Astray {
    leaf: ReqwestTransport,
    world: Arc<World>,
    closed: SocketAddr,
}

#[async_trait]
impl Transport for Astray {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let astray = |fault| matches!(fault, Fault::ConnectRefused | Fault::TlsFailure);
        if let Some(armed) = self.world.strike(astray) {
            let uri = request.uri().to_string();
            let (scheme, rest) = uri.split_once("://").unwrap();
            let (authority, path) = rest.split_once('/').unwrap();
            *request.uri_mut() = match armed.fault {
                Fault::ConnectRefused => format!("{scheme}://{}/{path}", self.closed),
                _ => format!("https://{authority}/{path}"),
            }
            .parse()
            .unwrap();
        }
        self.leaf.send(request).await
    }
}

/// Answers one request. Whatever goes wrong here closes the connection, which is a fault as well.
async fn serve(mut stream: TcpStream, world: &World) {
    let Some(request) = read(&mut stream).await else {
        // TLS, where none is spoken.
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
        return;
    };
    let Some(armed) = world.strike(|_| true) else {
        let _ = stream.write_all(&whole(&world.handle(request))).await;
        return;
    };
    let previous = world.previous();
    let own = if armed.takes_effect() {
        Some(world.handle(request))
    } else {
        world.ignore(&request);
        None
    };
    strike(stream, armed, own, previous).await;
}

async fn strike(mut stream: TcpStream, armed: Armed, own: Option<Response<Bytes>>, previous: Option<Response<Bytes>>) {
    if let Some((status, headers, body)) = armed.answer(0) {
        let mut head = format!("HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        let _ = stream.write_all(format!("{head}\r\n{body}").as_bytes()).await;
        return;
    }
    let reset = |stream: &TcpStream| stream.set_zero_linger().unwrap();
    let (head, body) = own.as_ref().map(cut).unwrap_or_default();
    let half = &body[..body.len() / 2];
    let framed = |framing: &str| format!("{head}{framing}\r\n").into_bytes();
    match armed.fault {
        Fault::TimeoutBeforeAnswer => tokio::time::sleep(TIMEOUT * 3).await,
        Fault::ResetBeforeStatus => reset(&stream),
        Fault::ResetMidBody => {
            let _ =
                stream.write_all(&[&framed(&format!("Content-Length: {}\r\n", body.len() + 1)), half].concat()).await;
            let _ = stream.flush().await;
            // Let the client see the half before the reset discards it.
            tokio::time::sleep(Duration::from_millis(5)).await;
            reset(&stream);
        }
        Fault::ShortContentLength => {
            let _ =
                stream.write_all(&[&framed(&format!("Content-Length: {}\r\n", body.len() + 1)), half].concat()).await;
        }
        Fault::CutChunk => {
            let chunk = format!("{:x}\r\n", body.len() + 1).into_bytes();
            let _ = stream.write_all(&[&framed("Transfer-Encoding: chunked\r\n"), &chunk[..], half].concat()).await;
        }
        Fault::TruncatedByEof => {
            // An answer without a body has nothing to be cut off: its head is.
            let bytes = if half.is_empty() { head.as_bytes()[..9].to_vec() } else { [&framed("")[..], half].concat() };
            let _ = stream.write_all(&bytes).await;
        }
        Fault::GarbageStatusLine => drop(stream.write_all(b"\x00\x01 garbage 200 \xff\r\n\r\n").await),
        Fault::PreviousAnswer => drop(stream.write_all(&whole(&previous.unwrap())).await),
        Fault::ClockSkew => {
            let mut own = own.unwrap();
            own.headers_mut().insert("date", "Fri, 15 Jan 2027 09:00:00 GMT".parse().unwrap());
            let _ = stream.write_all(&whole(&own)).await;
        }
        _ => {}
    }
}

/// Head without framing, and body. A 204 has neither, so that a cut one is cut in its head: it is
/// given a body.
fn cut(response: &Response<Bytes>) -> (String, Vec<u8>) {
    let status = if response.status() == 204 { 200 } else { response.status().as_u16() };
    let mut head = format!("HTTP/1.1 {status} x\r\nConnection: close\r\n");
    for (name, value) in response.headers() {
        if name != "content-length" && name != "transfer-encoding" && name != "connection" {
            write!(head, "{name}: {}\r\n", value.to_str().unwrap()).unwrap();
        }
    }
    (head, response.body().to_vec())
}

fn whole(response: &Response<Bytes>) -> Vec<u8> {
    let (head, body) = cut(response);
    let head = match response.status().as_u16() {
        204 => format!("{}\r\n", head.replace("HTTP/1.1 200", "HTTP/1.1 204")),
        _ => format!("{head}Content-Length: {}\r\n\r\n", body.len()),
    };
    [head.into_bytes(), body].concat()
}

/// One HTTP/1.1 request; `None` for anything else.
async fn read(stream: &mut TcpStream) -> Option<Request<Bytes>> {
    let mut bytes: Vec<u8> = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if bytes.first().is_some_and(|first| !first.is_ascii_alphabetic())
            || stream.read_buf(&mut bytes).await.ok()? == 0
        {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let mut request = Request::builder().method(first.next()?).uri(first.next()?);
    let mut length = 0;
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().ok()?;
        }
        request = request.header(name, value);
    }
    let mut body = bytes[end + 4..].to_vec();
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    request.body(Bytes::from(body)).ok()
}
