//! What the layers log: enough to follow a call, never a token or anything about a person.
#![cfg(all(feature = "serve", feature = "reqwest", feature = "test-util"))]
#![allow(clippy::unwrap_used)] // a failing set-up is a failing test

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use scim_core::client::ScimClient;
use scim_core::filter::attr;
use scim_core::resource::User;
use scim_core::serve::{ServeOptions, serve};
use scim_core::transport::{
    Fault, FaultScript, Operation, Quota, RatePolicy, Redaction, ReqwestTransport, RetryPolicy, Trace, Transport,
    TransportExt, from_fn,
};
use tracing::Dispatch;
use tracing::instrument::WithSubscriber as _;
use tracing_subscriber::fmt::format::FmtSpan;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// A subscriber for `RUST_LOG=trace` that writes here.
    fn dispatch(&self) -> Dispatch {
        // tracing caches for each call site whether anybody listens. With one listener at a time the
        // end of one test could switch the call sites off for the other; a second one keeps them on.
        static KEEP: OnceLock<Dispatch> = OnceLock::new();
        KEEP.get_or_init(|| Dispatch::new(subscriber(Log::default())));
        Dispatch::new(subscriber(self.clone()))
    }
}

fn subscriber(log: Log) -> impl tracing::Subscriber + Send + Sync {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(Mutex::new(log))
        .finish()
}

#[tokio::test(start_paused = true)]
async fn a_span_tells_operation_resource_type_status_request_id_and_attempts() {
    let leaf = from_fn(|_| async {
        let mut answer = http::Response::new(Bytes::new());
        answer.headers_mut().insert("x-request-id", http::HeaderValue::from_static("req-17"));
        Ok(answer)
    });
    let script = FaultScript::new().nth(1, Fault::Refuse);
    let call = |transport: Arc<dyn Transport>| {
        let log = Log::default();
        let mut request =
            http::Request::get("https://scim.example.com/Users/ann?x=planted").body(Bytes::new()).unwrap();
        request.extensions_mut().insert(Operation::new("read a user", "Users/ann"));
        async move {
            let _outcome = transport.send(request).with_subscriber(log.dispatch()).await;
            log.text()
        }
    };
    let text = call(leaf.faults(script).trace().retry(RetryPolicy::default()).trace().shared()).await;
    let last = text.lines().rfind(|line| line.contains("close")).unwrap();
    for part in [
        "operation=\"read a user\"",
        "resource_type=\"Users\"",
        "method=GET",
        "host=\"scim.example.com\"",
        "status=200",
        "request_id=\"req-17\"",
        "attempts=2",
    ] {
        assert!(last.contains(part), "{part} in {last}");
    }
    // The attempt that failed has a span of its own with the reason.
    assert!(text.contains("error=no connection to the server"), "{text}");
    assert!(!text.contains("ann") && !text.contains("planted"), "{text}");

    // Ids only for those who ask for them.
    let text = call(Trace::new(from_fn(|_| async { Ok(http::Response::new(Bytes::new())) })).with_ids().shared()).await;
    assert!(text.contains("resource=\"Users/ann\""), "{text}");
}

#[tokio::test]
async fn at_level_trace_no_layer_shows_a_token_or_a_person() {
    // A server on loopback whose first answers are faults, so that every branch logs.
    let service = from_fn(|request: http::Request<Bytes>| async move {
        let body = if request.method() == http::Method::POST {
            r#"{"id":"1","userName":"planted-person@example.com"}"#
        } else {
            r#"{"totalResults":1,"Resources":[{"id":"1","userName":"planted-person@example.com"}]}"#
        };
        let mut answer = http::Response::new(Bytes::from(body));
        answer.headers_mut().insert("ratelimit", http::HeaderValue::from_static("\"default\";r=1000;t=60"));
        Ok(answer)
    });
    let log = Log::default();
    let dispatch = log.dispatch();
    let server = serve("127.0.0.1:0".parse().unwrap(), service.shared(), ServeOptions::default())
        .with_subscriber(dispatch.clone())
        .await
        .unwrap();
    let recording = Log::default();
    let work = async {
        let script = FaultScript::new()
            .nth(1, Fault::Refuse)
            .nth(2, Fault::too_many_requests("0"))
            .nth(3, Fault::LoseAnswer)
            .nth(5, Fault::StatusAfter(http::StatusCode::BAD_GATEWAY))
            .nth(6, Fault::Garbage);
        let transport = ReqwestTransport::new()
            .unwrap()
            .record(recording.clone(), Redaction::secrets().personal_data())
            .faults(script)
            .trace()
            .timeout(Duration::from_secs(10))
            .rate_limit(RatePolicy::new().quota(Quota::new(1000, Duration::from_secs(10)).with_burst(1)))
            .retry(RetryPolicy::default().with_backoff(Duration::from_millis(1), Duration::from_millis(2)))
            .trace()
            .shared();
        let shown = format!("{transport:?}");
        let base = format!("{}/scim/v2", server.origin()).parse().unwrap();
        let client = ScimClient::new(base, Some("planted-token-123".into()), transport);
        let mut texts = vec![shown, format!("{client:?}")];
        for _ in 0..3 {
            let found = client.users().find(attr("userName").eq("planted-person@example.com")).await;
            texts.extend(found.err().map(|error| format!("{error} {error:?}")));
            let made = client.users().create(&User::new("planted-person@example.com")).await;
            texts.extend(made.err().map(|error| format!("{error} {error:?}")));
        }
        texts
    };
    let texts = work.with_subscriber(dispatch).await;
    server.shutdown().await;
    let logged = log.text();
    for said in ["waiting for the rate limit", "trying again", "answered", "no answer"] {
        assert!(logged.contains(said), "{said} is not in the log, so this test sees too little:\n{logged}");
    }
    assert!(recording.text().lines().count() > 4, "{}", recording.text());
    for planted in ["planted-token", "planted-person"] {
        for text in texts.iter().chain([&logged, &recording.text()]) {
            if let Some(line) = text.lines().find(|line| line.contains(planted)) {
                panic!("{planted} in {line}");
            }
        }
    }
}
