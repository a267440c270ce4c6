//! tower both ways, and the metrics facade.
#![cfg(all(feature = "tower", feature = "metrics"))]
#![allow(clippy::unwrap_used)] // a failing set-up is a failing test

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use scim_core::transport::tower::{ServiceTransport, TransportService};
use scim_core::transport::{
    Operation, RetryPolicy, Transport, TransportError, TransportErrorKind, TransportExt, from_fn,
};
use tower::ServiceBuilder;

fn fails(kind: TransportErrorKind) -> Arc<dyn Transport> {
    from_fn(move |_| async move { Err(TransportError::new(kind)) }).shared()
}

#[tokio::test(start_paused = true)]
async fn errors_keep_their_kind_through_tower_and_strange_ones_count_as_open() {
    let around = ServiceBuilder::new()
        .timeout(Duration::from_secs(5))
        .service(TransportService::new(fails(TransportErrorKind::Connect)));
    let error = ServiceTransport::new(around).send(http::Request::new(Bytes::new())).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Connect);

    // tower's own time-out: the server may have acted.
    let hangs = from_fn(|_| std::future::pending()).shared();
    let around = ServiceBuilder::new().timeout(Duration::from_secs(5)).service(TransportService::new(hangs));
    let error = ServiceTransport::new(around).send(http::Request::new(Bytes::new())).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Interrupted);
    assert!(error.may_have_been_applied() && std::error::Error::source(&error).is_some());
}

/// Keeps what it is told: by name and labels, the sum or the number of records.
#[derive(Default)]
struct Meter(Arc<Mutex<BTreeMap<String, u64>>>);

struct Cell {
    all: Arc<Mutex<BTreeMap<String, u64>>>,
    key: String,
}

impl Cell {
    fn add(&self, value: u64) {
        *self.all.lock().unwrap().entry(self.key.clone()).or_default() += value;
    }
}

impl CounterFn for Cell {
    fn increment(&self, value: u64) {
        self.add(value);
    }
    fn absolute(&self, _: u64) {}
}

impl HistogramFn for Cell {
    fn record(&self, _: f64) {
        self.add(1);
    }
}

impl Meter {
    fn cell(&self, key: &Key) -> Arc<Cell> {
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        Arc::new(Cell { all: Arc::clone(&self.0), key: format!("{} {}", key.name(), labels.join(" ")) })
    }
}

impl Recorder for Meter {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.cell(key))
    }
}

#[test]
fn calls_and_attempts_are_counted_without_ids() {
    let meter = Meter::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    metrics::with_local_recorder(&meter, || {
        runtime.block_on(async {
            let n = Mutex::new(0);
            let leaf = from_fn(move |_| {
                let mut n = n.lock().unwrap();
                *n += 1;
                let status = if *n == 1 { 429 } else { 200 };
                async move {
                    let mut answer = http::Response::new(Bytes::new());
                    *answer.status_mut() = http::StatusCode::from_u16(status).unwrap();
                    Ok(answer)
                }
            });
            let send = async |transport: &dyn Transport| {
                let mut request = http::Request::new(Bytes::new());
                request.extensions_mut().insert(Operation::new("read a user", "Users/ann@example.com"));
                let _outcome = transport.send(request).await;
            };
            let transport = leaf.retry(RetryPolicy::default()).metrics();
            send(&transport).await;
            send(&transport).await;
            send(&fails(TransportErrorKind::Tls).metrics()).await;
        });
    });
    let seen: Vec<_> = meter.0.lock().unwrap().iter().map(|(key, value)| format!("{key}: {value}")).collect();
    assert_eq!(
        seen,
        [
            "scim_client_attempts_total operation=read a user resource_type=Users: 4",
            "scim_client_request_seconds operation=read a user resource_type=Users: 3",
            "scim_client_requests_total operation=read a user resource_type=Users outcome=200: 2",
            "scim_client_requests_total operation=read a user resource_type=Users outcome=Tls: 1",
        ]
    );
}
