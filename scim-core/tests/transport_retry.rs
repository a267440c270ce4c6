//! The retry layer: what it repeats, how long it waits, and what it says afterwards.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used)] // a failing set-up is a failing test

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use scim_core::transport::{
    Answer, Retry, RetryPolicy, Transport, TransportError, TransportErrorKind, TransportExt, from_fn,
};
use tokio::time::Instant;

type Outcome = Result<http::Response<Bytes>, TransportError>;

// The tests' servers answer with an outcome, whichever it is.
#[allow(clippy::unnecessary_wraps)]
fn status(code: u16, retry_after: Option<&'static str>) -> Outcome {
    let mut response = http::Response::new(Bytes::new());
    *response.status_mut() = StatusCode::from_u16(code).unwrap();
    if let Some(value) = retry_after {
        response.headers_mut().insert("retry-after", http::HeaderValue::from_static(value));
    }
    Ok(response)
}

fn error(kind: TransportErrorKind) -> Outcome {
    Err(TransportError::new(kind))
}

/// Sends one request to a server that answers `first` once and 200 afterwards.
async fn attempts(method: http::Method, policy: RetryPolicy, first: impl Fn() -> Outcome + Send + Sync) -> u32 {
    let sent = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&sent);
    let first = &first;
    let leaf = from_fn(move |_| {
        let n = seen.fetch_add(1, Ordering::SeqCst);
        async move { if n == 0 { first() } else { status(200, None) } }
    });
    let retry = Retry::new(leaf, policy);
    let mut request = http::Request::new(Bytes::new());
    *request.method_mut() = method;
    let _outcome = retry.send(request).await;
    sent.load(Ordering::SeqCst)
}

#[tokio::test(start_paused = true)]
async fn only_what_is_safe_to_repeat_is_repeated() {
    use TransportErrorKind as Kind;
    use http::Method;
    let policy = RetryPolicy::default;
    let count = async |method, first: fn() -> Outcome| attempts(method, policy(), first).await;

    assert_eq!(count(Method::POST, || error(Kind::Connect)).await, 2);
    assert_eq!(count(Method::POST, || error(Kind::Timeout)).await, 1);
    assert_eq!(count(Method::GET, || error(Kind::Timeout)).await, 2);
    assert_eq!(count(Method::PUT, || error(Kind::Interrupted)).await, 2);
    assert_eq!(count(Method::PATCH, || error(Kind::Interrupted)).await, 1);
    assert_eq!(count(Method::GET, || error(Kind::Tls)).await, 1);
    assert_eq!(count(Method::POST, || status(429, None)).await, 2);
    // A gateway's 503 says nothing of what happened behind it: the client looks before it repeats.
    assert_eq!(count(Method::POST, || status(503, Some("1"))).await, 1);
    assert_eq!(count(Method::PUT, || status(503, Some("1"))).await, 2);
    assert_eq!(count(Method::POST, || status(503, None)).await, 1);
    assert_eq!(count(Method::POST, || status(500, None)).await, 1);
    assert_eq!(count(Method::GET, || status(502, None)).await, 2);
    assert_eq!(count(Method::PUT, || status(409, None)).await, 1);
    assert_eq!(count(Method::GET, || status(501, None)).await, 1);
}

#[tokio::test(start_paused = true)]
async fn the_servers_word_is_a_lower_bound_of_the_wait() {
    let before = Instant::now();
    assert_eq!(attempts(http::Method::GET, RetryPolicy::default(), || status(429, Some("30"))).await, 2);
    let waited = before.elapsed();
    assert!(waited >= Duration::from_secs(30) && waited <= Duration::from_secs(31), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_not_begun() {
    let before = Instant::now();
    let policy = RetryPolicy::default().with_total(Duration::from_secs(20));
    assert_eq!(attempts(http::Method::GET, policy, || status(429, Some("30"))).await, 1);
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn attempts_and_budget_are_bounds() {
    let sent = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&sent);
    let leaf = from_fn(move |_| {
        seen.fetch_add(1, Ordering::SeqCst);
        async { status(500, None) }
    });
    let policy = RetryPolicy::default().with_budget(5);
    let transport = leaf.retry(policy);
    for _ in 0..10 {
        let response = transport.send(http::Request::new(Bytes::new())).await.unwrap();
        assert_eq!(response.status(), 500);
    }
    // Ten first attempts and five repetitions.
    assert_eq!(sent.load(Ordering::SeqCst), 15);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_more_than_the_longest_wait_gets_no_repetition() {
    let before = Instant::now();
    assert_eq!(attempts(http::Method::GET, RetryPolicy::default(), || status(429, Some("601"))).await, 1);
    assert_eq!(before.elapsed(), Duration::ZERO);
    assert_eq!(attempts(http::Method::GET, RetryPolicy::default(), || status(429, Some("600"))).await, 2);
    // A total that no clock can reach is no overflow.
    let endless = RetryPolicy::default().with_total(Duration::MAX).with_max_wait(Duration::MAX);
    assert_eq!(attempts(http::Method::GET, endless, || status(429, Some("99999999999999999999"))).await, 2);
}

#[tokio::test(start_paused = true)]
async fn jitter_is_full_and_grows_to_the_cap() {
    // 200 servers that always fail, six attempts each: five waits bounded by 1, 2, 4, 8, 8 s.
    let mut waits = Vec::new();
    for seed in 0..200 {
        let at = Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = Arc::clone(&at);
        let leaf = from_fn(move |_| {
            seen.lock().unwrap().push(Instant::now());
            async { status(500, None) }
        });
        let policy = RetryPolicy::default()
            .with_attempts(6)
            .with_backoff(Duration::from_secs(1), Duration::from_secs(8))
            .with_seed(seed);
        leaf.retry(policy).send(http::Request::new(Bytes::new())).await.unwrap();
        let at = at.lock().unwrap();
        waits.push(at.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect::<Vec<_>>());
    }
    for (n, bound) in [1.0, 2.0, 4.0, 8.0, 8.0].into_iter().enumerate() {
        let of: Vec<f64> = waits.iter().map(|waits| waits[n]).collect();
        let (least, most) = of.iter().fold((f64::MAX, 0.0_f64), |(a, b), w| (a.min(*w), b.max(*w)));
        assert!(most <= bound + 0.002 && most > 0.9 * bound && least < 0.1 * bound, "{n}: {least} to {most}");
    }
}

/// Sends `method` to a server whose attempts end as the script says.
async fn scripted(method: http::Method, script: Vec<fn() -> Outcome>) -> Outcome {
    let at = AtomicU32::new(0);
    let script = &script;
    let leaf = from_fn(move |_| {
        let outcome = script[at.fetch_add(1, Ordering::SeqCst) as usize]();
        async move { outcome }
    });
    let mut request = http::Request::new(Bytes::new());
    *request.method_mut() = method;
    Retry::new(leaf, RetryPolicy::default()).send(request).await
}

#[tokio::test(start_paused = true)]
async fn an_outcome_does_not_forget_the_attempts_before_it() {
    use TransportErrorKind as Kind;
    use http::Method;
    let lost: fn() -> Outcome = || error(Kind::Timeout);
    let refused: fn() -> Outcome = || error(Kind::Connect);

    // A PUT whose answer was lost may have been applied, although the last attempts found no connection.
    let outcome = scripted(Method::PUT, vec![lost, refused, refused, refused]).await.unwrap_err();
    assert_eq!((outcome.kind(), outcome.attempts()), (Kind::Connect, 4));
    assert!(outcome.may_have_been_applied());
    let outcome = scripted(Method::PUT, vec![refused; 4]).await.unwrap_err();
    assert!(!outcome.may_have_been_applied());

    // The same for an answer: the 404 of a DELETE may be the echo of its own success.
    for (first, open) in [
        (lost, true),
        (refused, false),
        (|| status(502, None), true),
        (|| status(503, None), true),
        (|| status(503, Some("1")), true),
        (|| status(429, None), false),
    ] {
        let answer = scripted(Method::DELETE, vec![first, || status(404, None)]).await.unwrap();
        let answer = Answer::from(answer);
        assert_eq!((answer.attempts, answer.open), (2, open));
    }
    // Reads change nothing.
    let answer = Answer::from(scripted(Method::GET, vec![lost, || status(404, None)]).await.unwrap());
    assert!(!answer.open);
}
