//! Faults between a client and the server without a socket: for the paused clock.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use scim_core::transport::{Transport, TransportError, TransportErrorKind, TransportExt, from_fn};

use crate::fault::{Armed, Fault};
use crate::world::World;

/// How long a 429 asks to wait, in virtual seconds.
const WAIT: u64 = 7;

pub fn transport(world: Arc<World>) -> impl Transport + 'static {
    from_fn(move |request: Request<Bytes>| {
        let world = Arc::clone(&world);
        async move { send(&world, request).await }
    })
    .timeout(std::time::Duration::from_secs(30))
}

async fn send(world: &World, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
    let Some(armed) = world.strike(|_| true) else { return Ok(world.handle(request)) };
    let previous = world.previous();
    let own = if armed.takes_effect() {
        Some(world.handle(request))
    } else {
        if !matches!(armed.fault, Fault::ConnectRefused | Fault::TlsFailure) {
            world.ignore(&request);
        }
        None
    };
    strike(armed, own, previous).await
}

async fn strike(
    armed: Armed,
    own: Option<Response<Bytes>>,
    previous: Option<Response<Bytes>>,
) -> Result<Response<Bytes>, TransportError> {
    if let Some((status, headers, body)) = armed.answer(WAIT) {
        let mut response = Response::new(Bytes::from_static(body.as_bytes()));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        for (name, value) in headers {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        return Ok(response);
    }
    let fail = |kind| Err(TransportError::new(kind));
    match armed.fault {
        Fault::ConnectRefused => fail(TransportErrorKind::Connect),
        Fault::TlsFailure => fail(TransportErrorKind::Tls),
        Fault::TimeoutBeforeAnswer => std::future::pending().await,
        Fault::GarbageStatusLine => fail(TransportErrorKind::Protocol),
        Fault::TruncatedByEof => {
            let mut response = own.unwrap();
            let half = response.body().len() / 2;
            // An answer without a body has nothing to be cut off: its end is lost with the connection.
            if half == 0 {
                return fail(TransportErrorKind::Interrupted);
            }
            *response.body_mut() = response.body().slice(..half);
            Ok(response)
        }
        Fault::PreviousAnswer => Ok(previous.unwrap()),
        Fault::ClockSkew => {
            let mut response = own.unwrap();
            response.headers_mut().insert("date", "Fri, 15 Jan 2027 09:00:00 GMT".parse().unwrap());
            Ok(response)
        }
        _ => fail(TransportErrorKind::Interrupted),
    }
}
