//! Scripted faults, adapters and meters: what each of them does to an exchange.
#![cfg(all(feature = "client", feature = "test-util"))]
#![allow(clippy::unwrap_used)] // a failing set-up is a failing test

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use scim_core::transport::{
    Answer, Deadline, Fault, FaultScript, Faults, HostRouter, RetryPolicy, Transport, TransportErrorKind, TransportExt,
    from_fn,
};
use tokio::time::Instant;

fn get() -> http::Request<Bytes> {
    http::Request::get("https://scim.example.com/Users").body(Bytes::new()).unwrap()
}

/// A server that counts, and answers with its count.
fn server() -> (impl Transport, Arc<AtomicU64>) {
    let seen = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&seen);
    let server = from_fn(move |_| {
        let n = count.fetch_add(1, Ordering::SeqCst) + 1;
        async move { Ok(http::Response::new(Bytes::from(format!("answer {n}")))) }
    });
    (server, seen)
}

/// What one fault makes of the second of two exchanges: the outcome, and how often the server was asked.
async fn second(fault: Fault) -> (Result<(u16, String), TransportErrorKind>, u64) {
    let (server, seen) = server();
    let transport = server.faults(FaultScript::new().nth(2, fault));
    transport.send(get()).await.unwrap();
    let outcome = tokio::time::timeout(Duration::from_secs(100), transport.send(get())).await;
    let outcome = match outcome {
        Ok(Ok(answer)) => Ok((answer.status().as_u16(), String::from_utf8_lossy(answer.body()).into_owned())),
        Ok(Err(error)) => Err(error.kind()),
        Err(_) => Err(TransportErrorKind::Timeout),
    };
    (outcome, seen.load(Ordering::SeqCst) - 1)
}

#[tokio::test(start_paused = true)]
async fn each_fault_does_what_it_says() {
    use TransportErrorKind as Kind;
    let ok = |status: u16, body: &str| Ok((status, body.to_owned()));
    for (fault, outcome, asked) in [
        (Fault::Refuse, Err(Kind::Connect), 0),
        (Fault::Tls, Err(Kind::Tls), 0),
        (Fault::Reset, Err(Kind::Interrupted), 0),
        (Fault::LoseAnswer, Err(Kind::Interrupted), 1),
        (Fault::CutBody(3), ok(200, "ans"), 1),
        (Fault::ShortBody, Err(Kind::Interrupted), 1),
        (Fault::Delay(Duration::from_secs(99)), ok(200, "answer 2"), 1),
        (Fault::Delay(Duration::from_secs(101)), Err(Kind::Timeout), 0),
        (Fault::Hang, Err(Kind::Timeout), 0),
        (Fault::HangAfter, Err(Kind::Timeout), 1),
        (Fault::status(StatusCode::BAD_GATEWAY), ok(502, ""), 0),
        (Fault::too_many_requests("3"), ok(429, ""), 0),
        (Fault::StatusAfter(StatusCode::INTERNAL_SERVER_ERROR), ok(500, ""), 1),
        (Fault::Body(Bytes::from_static(b"<html>")), ok(200, "<html>"), 1),
        (Fault::Garbage, Err(Kind::Protocol), 1),
        (Fault::Twice, ok(200, "answer 3"), 2),
        (Fault::PreviousAnswer, ok(200, "answer 1"), 0),
    ] {
        assert_eq!(second(fault.clone()).await, (outcome, asked), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn rules_count_apart_and_chance_repeats_itself() {
    let (server, _) = server();
    let writes = |request: &http::Request<Bytes>| !request.method().is_safe();
    let header = || Fault::Header(HeaderName::from_static("x-a"), HeaderValue::from_static("1"));
    let script = FaultScript::new().nth_of(2, writes, Fault::Refuse).from_nth_of(3, |_| true, header());
    let transport = Faults::new(server, script);
    let mut seen = Vec::new();
    for method in ["GET", "POST", "POST", "GET", "POST"] {
        let mut request = get();
        *request.method_mut() = method.parse().unwrap();
        seen.push(transport.send(request).await.map(|answer| answer.headers().contains_key("x-a")).ok());
    }
    assert_eq!(seen, [Some(false), Some(false), None, Some(true), Some(true)]);
    assert_eq!(transport.struck(), 3);

    let run = async |seed| {
        let (server, _) = self::server();
        let transport = Faults::new(server, FaultScript::new().random(seed, 100, [Fault::Refuse, Fault::LoseAnswer]));
        let mut outcome = Vec::new();
        for _ in 0..1000 {
            outcome.push(transport.send(get()).await.is_ok());
        }
        (outcome, transport.struck())
    };
    let (first, struck) = run(7).await;
    assert!((60..=140).contains(&struck), "{struck} of 1,000");
    assert_eq!(first, run(7).await.0);
    assert_ne!(first, run(8).await.0);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_to_a_write_is_never_followed_by_a_second_write() {
    for (fault, asked, open) in [(Fault::LoseAnswer, 1, true), (Fault::Refuse, 1, false), (Fault::HangAfter, 1, true)] {
        let (server, seen) = server();
        let transport = server
            .faults(FaultScript::new().nth(1, fault.clone()))
            .timeout(Duration::from_secs(30))
            .retry(RetryPolicy::default());
        let request = http::Request::post("https://h/Users").body(Bytes::new()).unwrap();
        let outcome = transport.send(request).await;
        assert_eq!(seen.load(Ordering::SeqCst), asked, "{fault:?}");
        assert_eq!(outcome.is_err_and(|error| error.may_have_been_applied()), open, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_bounds_an_attempt_and_a_passed_one_sends_nothing() {
    let (server, seen) = server();
    let transport = server.faults(FaultScript::new().nth(1, Fault::Hang)).timeout(Duration::from_secs(30));
    let start = Instant::now();
    let mut request = get();
    request.extensions_mut().insert(Deadline(start + Duration::from_secs(5)));
    let error = transport.send(request.clone()).await.unwrap_err();
    assert_eq!((error.kind(), start.elapsed()), (TransportErrorKind::DeadlineExceeded, Duration::from_secs(5)));
    assert!(error.may_have_been_applied());
    let error = transport.send(request).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::DeadlineExceeded);
    assert!(!error.may_have_been_applied() && error.to_string().contains("not sent"), "{error}");
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn hosts_are_told_apart_whatever_their_case() {
    let named = |name: &'static str| {
        from_fn(move |_| async move { Ok(http::Response::new(Bytes::from_static(name.as_bytes()))) }).shared()
    };
    let router = HostRouter::new().route("A.example:8080", named("a")).route("b.example", named("b"));
    let ask = async |uri: &str| {
        let request = http::Request::get(uri).body(Bytes::new()).unwrap();
        router.send(request).await.map(|answer| answer.body().clone())
    };
    assert_eq!(ask("https://a.EXAMPLE:8080/x").await.unwrap(), "a");
    assert_eq!(ask("https://b.example/").await.unwrap(), "b");
    for other in ["https://a.example/", "https://b.example.evil/", "/relative"] {
        assert_eq!(ask(other).await.unwrap_err().kind(), TransportErrorKind::Connect, "{other}");
    }
    let answer: Answer = HostRouter::new().fallback(named("c")).send(get()).await.unwrap().into();
    assert_eq!(answer.body, "c");
}
