//! Headers and text of an answer: waiting times are bounded, excerpts are one line.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use scim_core::transport::{Answer, RateWord, parse_retry_after};

const HOUR: Duration = Duration::from_secs(3600);

/// Target `retry_after`: a header value, and the same bytes as body.
pub fn retry_after(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let early = parse_retry_after(text, SystemTime::UNIX_EPOCH);
        let late = parse_retry_after(text, SystemTime::UNIX_EPOCH + HOUR * 24 * 365 * 60);
        assert_eq!(early.is_some(), late.is_some(), "{text:?}: whether it reads depends on the clock");
        assert!(late <= early, "{text:?}: waits longer the later it is");
        assert!(early.is_none_or(|wait| wait <= HOUR), "{text:?}: {early:?}");
        assert_eq!(parse_retry_after(&format!(" {text}\t"), SystemTime::UNIX_EPOCH), early, "{text:?}: blanks count");
        let digits = text.trim();
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let seconds = digits.parse().map_or(HOUR, Duration::from_secs);
            assert_eq!(early, Some(seconds.min(HOUR)), "{text:?}");
            assert_eq!(early, late, "{text:?}");
        }
    }
    let mut response = http::Response::new(Bytes::copy_from_slice(data));
    if let Ok(value) = http::HeaderValue::from_bytes(data) {
        for name in [
            "retry-after",
            "date",
            "content-type",
            "x-request-id",
            "ratelimit",
            "ratelimit-policy",
            "x-ratelimit-remaining",
            "x-ratelimit-reset",
        ] {
            response.headers_mut().insert(name, value.clone());
        }
    }
    let word = RateWord::read(http::StatusCode::TOO_MANY_REQUESTS, response.headers());
    assert!(word.windows.len() <= 11 && word.policies.len() <= 8);
    assert!(word.wait.is_none_or(|wait| wait <= HOUR) && word.windows.iter().all(|window| window.reset <= HOUR));
    let answer = Answer::from(response);
    assert!(answer.retry_after().is_none_or(|wait| wait <= HOUR));
    assert!(answer.request_id().is_none_or(|id| (1..=128).contains(&id.len())));
    let _ = (answer.is_json(), answer.media_type());
    let excerpt = answer.excerpt();
    assert!(excerpt.chars().count() <= 201 && !excerpt.chars().any(char::is_control), "{excerpt:?}");
}
