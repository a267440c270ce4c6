use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::{Attempts, OpenAttempt};

/// The longest [`Answer::excerpt`], in characters.
const EXCERPT: usize = 200;
/// The longest `Retry-After` that is believed: what is longer counts as this.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// A complete response with the questions that every client asks of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// How often the request was sent.
    pub attempts: u32,
    /// Whether an earlier attempt at the same write may have been applied (its answer was lost, or was a
    /// 5xx) before this answer came. Then a 409, 412 or 404 may be the echo of one's own success.
    pub open: bool,
}

impl Answer {
    /// The id by which the service's operators find this exchange: `cf-ray` (Cloudflare),
    /// `x-authentik-id` (authentik), `x-request-id`, `request-id`, `x-correlation-id`.
    pub fn request_id(&self) -> Option<&str> {
        request_id(&self.headers)
    }

    /// How long the server asks to wait: see [`retry_after`].
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after(&self.headers)
    }

    /// Whether the body says that it is JSON, or looks like it.
    pub fn is_json(&self) -> bool {
        let first = self.body.iter().find(|byte| !byte.is_ascii_whitespace());
        matches!(first, Some(b'{' | b'['))
    }

    /// The media type without parameters, in lower case; empty if the answer has none.
    pub fn media_type(&self) -> String {
        self.headers
            .get(http::header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(|value| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
            .unwrap_or_default()
    }

    /// The beginning of the body as one line of text for an error message: at most 200 characters,
    /// control characters and runs of blanks as one blank. Empty for an empty body.
    pub fn excerpt(&self) -> String {
        let head = self.body.get(..self.body.len().min(4 * EXCERPT)).unwrap_or_default();
        let text = String::from_utf8_lossy(head);
        let mut line = String::new();
        for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        match line.char_indices().nth(EXCERPT) {
            Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
            None => line,
        }
    }
}

impl From<http::Response<Bytes>> for Answer {
    fn from(response: http::Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        let attempts = parts.extensions.get::<Attempts>().map_or(1, |attempts| attempts.0);
        let open = parts.extensions.get::<OpenAttempt>().is_some();
        Self { status: parts.status, headers: parts.headers, body, attempts, open }
    }
}

pub(super) fn request_id(headers: &HeaderMap) -> Option<&str> {
    ["cf-ray", "x-authentik-id", "x-request-id", "request-id", "x-correlation-id"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
        .filter(|id| !id.is_empty() && id.len() <= 128)
}

/// The time of the answer by the server's own clock, so that two clocks that differ do no harm.
pub(super) fn server_time(headers: &HeaderMap) -> SystemTime {
    headers
        .get(http::header::DATE)
        .and_then(|date| date.to_str().ok())
        .and_then(|date| httpdate::parse_http_date(date).ok())
        .unwrap_or_else(SystemTime::now)
}

/// How long a server asks to wait (RFC 9110 §10.2.3: whole seconds or an HTTP date, measured against
/// the answer's own `Date` where it has one). At most an hour.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?;
    parse_retry_after(value, server_time(headers))
}

/// Reads a `Retry-After` value: whole seconds, or one of the three HTTP date forms relative to
/// `now`. `None` for anything else (`1.5`, `-1`, empty); more than an hour counts as an hour.
pub fn parse_retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a u64 holds is still "very long".
        let seconds = value.parse::<u64>().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX));
    }
    let at = httpdate::parse_http_date(value).ok()?;
    Some(at.duration_since(now).unwrap_or_default().min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(headers: &[(&'static str, &'static str)], body: &'static [u8]) -> Answer {
        let mut response = http::Response::new(Bytes::from_static(body));
        for (name, value) in headers {
            response.headers_mut().insert(*name, http::HeaderValue::from_static(value));
        }
        response.into()
    }

    #[test]
    fn retry_after_reads_seconds_and_every_http_date() {
        for date in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            let it = answer(&[("retry-after", date), ("date", "Sun, 06 Nov 1994 08:49:27 GMT")], b"");
            assert_eq!(it.retry_after(), Some(Duration::from_secs(10)), "{date}");
        }
        assert_eq!(answer(&[("retry-after", "7")], b"").retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(
            answer(&[("retry-after", "99999999999999999999999")], b"").retry_after(),
            Some(Duration::from_secs(3600))
        );
        for odd in ["1.5", "-1", "", "soon"] {
            assert_eq!(parse_retry_after(odd, SystemTime::UNIX_EPOCH), None, "{odd:?}");
        }
    }

    #[test]
    fn a_date_in_the_past_means_now() {
        let it =
            answer(&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"), ("date", "Sun, 06 Nov 1994 09:49:37 GMT")], b"");
        assert_eq!(it.retry_after(), Some(Duration::ZERO));
    }

    #[test]
    fn the_excerpt_is_one_bounded_line() {
        assert_eq!(answer(&[], b"<html>\n <b>Bad\x00gateway</b>\r\n").excerpt(), "<html> <b>Bad gateway</b>");
        let long: &'static [u8] = Box::leak(vec![b'x'; 100_000].into_boxed_slice());
        assert_eq!(answer(&[], long).excerpt().chars().count(), EXCERPT + 1);
    }
}
