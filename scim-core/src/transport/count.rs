use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;

use super::{Transport, TransportError};

/// How many requests passed a [`Counted`] layer.
#[derive(Debug, Default)]
pub struct Counter {
    all: AtomicU64,
    writes: AtomicU64,
}

impl Counter {
    /// All requests, repetitions by an outer retry layer included.
    pub fn all(&self) -> u64 {
        self.all.load(Ordering::Relaxed)
    }

    /// Those whose method is not safe (RFC 9110 §9.2.1): POST, PUT, PATCH, DELETE.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }
}

/// Counts requests: see [`TransportExt::counted`](super::TransportExt::counted).
#[derive(Debug)]
pub struct Counted<T> {
    inner: T,
    counter: Arc<Counter>,
}

impl<T> Counted<T> {
    pub(super) fn new(inner: T, counter: Arc<Counter>) -> Self {
        Self { inner, counter }
    }
}

#[async_trait]
impl<T: Transport> Transport for Counted<T> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        self.counter.all.fetch_add(1, Ordering::Relaxed);
        if !request.method().is_safe() {
            self.counter.writes.fetch_add(1, Ordering::Relaxed);
        }
        self.inner.send(request).await
    }
}
