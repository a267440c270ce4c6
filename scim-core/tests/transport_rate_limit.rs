//! The rate limit layer on a simulated clock: the quota's arithmetic, and the server's word.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used)] // a failing set-up is a failing test

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use proptest::prelude::*;
use scim_core::transport::{
    Deadline, Operation, Quota, RatePolicy, RateWaitReason, RateWord, Transport, TransportErrorKind, TransportExt,
    from_fn,
};
use tokio::time::Instant;

type Headers = &'static [(&'static str, &'static str)];

fn response(status: u16, headers: Headers) -> http::Response<Bytes> {
    let mut response = http::Response::new(Bytes::new());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        response.headers_mut().append(*name, http::HeaderValue::from_static(value));
    }
    response
}

/// A server whose first answer is this, and all others a bare 200.
fn first(status: u16, headers: Headers) -> impl Transport {
    let at = Mutex::new(0);
    from_fn(move |_| {
        let mut at = at.lock().unwrap();
        *at += 1;
        let answer = if *at == 1 { response(status, headers) } else { response(200, &[]) };
        async move { Ok(answer) }
    })
}

fn get() -> http::Request<Bytes> {
    http::Request::get("https://scim.example.com/Users").body(Bytes::new()).unwrap()
}

fn with_token(token: &'static str) -> http::Request<Bytes> {
    let mut request = get();
    request.headers_mut().insert("authorization", http::HeaderValue::from_static(token));
    request
}

/// How long each of `n` calls after the first has to wait.
async fn waits(status: u16, headers: Headers, n: usize) -> Vec<u64> {
    let transport = first(status, headers).rate_limit(RatePolicy::new());
    transport.send(get()).await.unwrap();
    let mut waits = Vec::new();
    for _ in 0..n {
        let start = Instant::now();
        transport.send(get()).await.unwrap();
        waits.push(start.elapsed().as_secs());
    }
    waits
}

#[tokio::test(start_paused = true)]
async fn the_servers_word_moves_the_clock() {
    const EPOCH: &str = "1795982410"; // Sun, 29 Nov 2026 20:00:10 GMT
    let date = ("date", "Sun, 29 Nov 2026 20:00:00 GMT");
    // What the first answer says, and how long the next three calls wait.
    let dated: &'static [(&str, &str)] = Box::leak(Box::new([
        date,
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "Sun, 29 Nov 2026 20:00:10 GMT"),
    ]));
    let epoch: &'static [(&str, &str)] =
        Box::leak(Box::new([date, ("x-rate-limit-remaining", "1"), ("x-rate-limit-reset", EPOCH)]));
    let http_date: &'static [(&str, &str)] =
        Box::leak(Box::new([date, ("retry-after", "Sunday, 29-Nov-26 20:00:30 GMT")]));
    for (status, headers, expected) in [
        (200, &[("ratelimit", "\"default\";r=0;t=30")] as Headers, [30, 0, 0]),
        (200, &[("ratelimit", "\"default\";r=2;t=30")], [0, 0, 30]),
        (200, &[("ratelimit", "\"burst, or so\";r=9;t=1, \"default\";r=1;t=30")], [0, 30, 0]),
        (200, &[("ratelimit", "limit=100, remaining=0, reset=12")], [12, 0, 0]),
        (200, &[("ratelimit-remaining", "0"), ("ratelimit-reset", "7")], [7, 0, 0]),
        (200, dated, [10, 0, 0]),
        (200, epoch, [0, 10, 0]),
        (429, &[("retry-after", "240")], [240, 0, 0]),
        (429, http_date, [30, 0, 0]),
        (503, &[("retry-after", "3")], [3, 0, 0]),
        (503, &[], [0, 0, 0]),
        (429, &[], [5, 0, 0]),
        // An announced rule: 11 in 10 s, so one at once and then one a second.
        (200, &[("ratelimit-policy", "\"burst\";q=11;w=10")], [0, 1, 1]),
        // Nonsense is as good as nothing.
        (200, &[("ratelimit", "r=0;t=30"), ("ratelimit-policy", "q;w=0, ;;, \"x\";q=1;w=0")], [0, 0, 0]),
        (200, &[("x-ratelimit-remaining", "-1"), ("x-ratelimit-reset", "1.5")], [0, 0, 0]),
        (200, &[("retry-after", "30")], [0, 0, 0]),
    ] {
        let waited = waits(status, headers, 3).await;
        assert_eq!(waited, expected, "{status} {headers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_key_has_its_own_allowance_and_a_key_may_be_anything() {
    let policy = || RatePolicy::new().quota(Quota::new(1, Duration::from_secs(60)));
    let transport = first(200, &[]).rate_limit(policy());
    let start = Instant::now();
    transport.send(with_token("a")).await.unwrap();
    transport.send(with_token("b")).await.unwrap();
    transport.send(http::Request::get("https://other.example.com/").body(Bytes::new()).unwrap()).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    transport.send(with_token("b")).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(60));

    let transport = first(200, &[]).rate_limit(policy().key(|_| String::new()));
    let start = Instant::now();
    transport.send(with_token("a")).await.unwrap();
    transport.send(with_token("b")).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn many_at_once_go_in_turn_and_a_refusal_meanwhile_holds_all_of_them() {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&sent);
    let leaf = from_fn(move |_| {
        let n = {
            let mut log = log.lock().unwrap();
            log.push(Instant::now());
            log.len()
        };
        // The third request is refused for half a minute.
        let answer = if n == 3 { response(429, &[("retry-after", "30")]) } else { response(200, &[]) };
        async move { Ok(answer) }
    });
    let quota = Quota::new(11, Duration::from_secs(10)).with_burst(1);
    let transport = leaf.rate_limit(RatePolicy::new().quota(quota)).shared();
    let start = Instant::now();
    let calls = (0..10).map(|_| {
        let transport = Arc::clone(&transport);
        tokio::spawn(async move { transport.send(get()).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    let at: Vec<u64> = sent.lock().unwrap().iter().map(|at| (*at - start).as_secs()).collect();
    assert_eq!(at[..3], [0, 1, 2]);
    assert!(at[3] >= 32, "{at:?}");
    assert!(at.windows(2).all(|pair| pair[0] < pair[1]), "one a second also afterwards: {at:?}");
}

#[tokio::test(start_paused = true)]
async fn waits_are_told_and_one_beyond_the_deadline_is_not_begun() {
    let waits = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&waits);
    let policy = RatePolicy::new()
        .on_wait(move |wait| {
            let name = wait.operation.as_ref().map(|operation| operation.name);
            seen.lock().unwrap().push((wait.wait.as_secs(), wait.reason, name));
        })
        .max_wait(Duration::from_secs(100));
    let transport = first(429, &[("retry-after", "60")]).rate_limit(policy);
    transport.send(get()).await.unwrap();

    let mut hurried = get();
    hurried.extensions_mut().insert(Deadline(Instant::now() + Duration::from_secs(59)));
    let error = transport.send(hurried).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::DeadlineExceeded);
    assert!(!error.may_have_been_applied(), "it was not sent");
    assert!(error.to_string().contains("60 s, beyond the call's deadline"), "{error}");

    let mut patient = get();
    patient.extensions_mut().insert(Operation::new("list users", "Users"));
    transport.send(patient).await.unwrap();
    assert_eq!(*waits.lock().unwrap(), [(60, RateWaitReason::Refused, Some("list users"))]);

    let transport =
        first(429, &[("retry-after", "101")]).rate_limit(RatePolicy::new().max_wait(Duration::from_secs(100)));
    transport.send(get()).await.unwrap();
    let error = transport.send(get()).await.unwrap_err();
    assert!(error.to_string().contains("101 s, beyond the longest wait allowed, 100 s"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_gives_its_place_in_flight_back() {
    // Two calls never answered and dropped; then the server says that one is left.
    let n = Mutex::new(0);
    let leaf = from_fn(move |_| {
        let mut n = n.lock().unwrap();
        *n += 1;
        let hang = *n <= 2;
        async move {
            if hang {
                std::future::pending::<()>().await;
            }
            Ok(response(200, &[("ratelimit", "\"default\";r=1;t=30")]))
        }
    });
    let transport = leaf.rate_limit(RatePolicy::new());
    for _ in 0..2 {
        assert!(tokio::time::timeout(Duration::from_secs(1), transport.send(get())).await.is_err());
    }
    let start = Instant::now();
    transport.send(get()).await.unwrap();
    transport.send(get()).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_calls_take_what_the_quota_allows() {
    let quota = Quota::new(1200, Duration::from_secs(300)).with_burst(12);
    let transport = first(200, &[]).rate_limit(RatePolicy::new().quota(quota));
    let start = Instant::now();
    for _ in 0..10_000 {
        transport.send(get()).await.unwrap();
    }
    let taken = start.elapsed().as_secs();
    // 10,000 at 4 a second are 2,500 s.
    assert!((2500..=2550).contains(&taken), "{taken} s");
}

proptest! {
    /// Wherever the server's window begins, no more than the limit falls into it.
    #[test]
    fn no_window_ever_holds_more_than_the_limit(
        limit in 1_u32..40,
        burst in 0_u32..60,
        window in 1_u64..20,
        gaps in proptest::collection::vec(0_u64..3000, 1..200),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let window = Duration::from_secs(window);
        let sent = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&sent);
        runtime.block_on(async {
            let leaf = from_fn(move |_| {
                log.lock().unwrap().push(Instant::now());
                async { Ok(response(200, &[])) }
            });
            let transport = leaf.rate_limit(RatePolicy::new().quota(Quota::new(limit, window).with_burst(burst)));
            for gap in gaps {
                // Half of the calls come without a pause.
                tokio::time::sleep(Duration::from_millis(gap.saturating_sub(1500))).await;
                transport.send(get()).await.unwrap();
            }
        });
        let sent = sent.lock().unwrap();
        for (n, from) in sent.iter().enumerate() {
            let within = sent[n..].iter().filter(|at| **at - *from < window).count();
            prop_assert!(within <= limit as usize, "{within} of {limit} in {window:?}");
        }
    }

    /// No header text breaks the reader, and what it reads is bounded.
    #[test]
    fn any_header_is_read_or_ignored(text in "[ -~]{0,80}", list in "(\"?[a-z,;]{0,4}\"?;[rtqw]=[0-9-]{0,25},?){0,40}") {
        for value in [text, list] {
            let mut headers = http::HeaderMap::new();
            for name in ["ratelimit", "ratelimit-policy", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"] {
                headers.insert(name, value.parse().unwrap());
            }
            let word = RateWord::read(StatusCode::TOO_MANY_REQUESTS, &headers);
            prop_assert!(word.windows.len() <= 11 && word.policies.len() <= 8);
            prop_assert!(word.windows.iter().all(|window| window.reset <= Duration::from_secs(3600)));
        }
    }
}
