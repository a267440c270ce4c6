//! What servers say about their rate limit, in each of the dialects that are in use.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};

use super::answer::{retry_after, server_time};

/// No statement reaches further than this: what is longer counts as this.
const FARTHEST: Duration = Duration::from_secs(3600);
/// More items than this in one header are not read.
const ITEMS: usize = 8;

/// What one answer says about the server's rate limit.
///
/// | header | form |
/// |---|---|
/// | `Ratelimit` | `"default";r=50;t=30` (draft-ietf-httpapi-ratelimit-headers-08 and later), or `limit=100, remaining=50, reset=30` (before) |
/// | `Ratelimit-Policy` | `"burst";q=100;w=60`, or `100;w=60` (before) |
/// | `Ratelimit-Remaining`, `-Reset`; the same after `X-` and as `X-Rate-Limit-…` | reset in seconds, as Unix time or as an HTTP date |
/// | `Retry-After` of a 429 or 503 | seconds or an HTTP date |
///
/// Dates are measured against the answer's own `Date`. What cannot be read is not there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateWord {
    /// How many requests are left until when, per window that the server keeps; at most 8.
    pub windows: Vec<RateWindow>,
    /// The server's rules: so many requests per time; at most 8.
    pub policies: Vec<RateRule>,
    /// Whether this answer is a refusal: 429, or 503 with `Retry-After`.
    pub refused: bool,
    /// How long the server asks to wait, with a refusal; at most an hour.
    pub wait: Option<Duration>,
}

/// What is left of one allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateWindow {
    /// Requests left.
    pub remaining: u64,
    /// Time until the allowance is whole again; at most an hour.
    pub reset: Duration,
}

/// One rule of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateRule {
    /// Requests.
    pub quota: u64,
    /// Per this time; more than zero.
    pub window: Duration,
}

impl RateWord {
    /// Reads status and headers of an answer. Total: nonsense is as good as nothing.
    pub fn read(status: StatusCode, headers: &HeaderMap) -> Self {
        let asked = retry_after(headers);
        let refused =
            status == StatusCode::TOO_MANY_REQUESTS || (status == StatusCode::SERVICE_UNAVAILABLE && asked.is_some());
        let mut word = Self { refused, wait: asked.filter(|_| refused), ..Self::default() };
        if let Some(text) = text(headers, "ratelimit") {
            word.read_ratelimit(text);
        }
        if let Some(text) = text(headers, "ratelimit-policy") {
            word.policies.extend(items(text).filter_map(rule).take(ITEMS));
        }
        for prefix in ["ratelimit-", "x-ratelimit-", "x-rate-limit-"] {
            let one = |what: &str| text(headers, &format!("{prefix}{what}"));
            let remaining = one("remaining").and_then(number);
            let reset = one("reset").and_then(|text| reset(text, server_time(headers)));
            if let (Some(remaining), Some(reset)) = (remaining, reset) {
                word.windows.push(RateWindow { remaining, reset });
            }
        }
        word
    }

    fn read_ratelimit(&mut self, text: &str) {
        let listed = items(text).filter_map(|item| {
            let (remaining, reset) = (parameter(item, "r")?, parameter(item, "t")?);
            Some(RateWindow { remaining, reset: Duration::from_secs(reset).min(FARTHEST) })
        });
        self.windows.extend(listed.take(ITEMS));
        if !self.windows.is_empty() {
            return;
        }
        let member = |name: &str| items(text).find_map(|item| number(item.strip_prefix(name)?.strip_prefix('=')?));
        if let (Some(remaining), Some(reset)) = (member("remaining"), member("reset")) {
            self.windows.push(RateWindow { remaining, reset: Duration::from_secs(reset).min(FARTHEST) });
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // More digits than a u64 holds is still "very much".
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

/// The items of a list (RFC 9651 §3.1): split at commas outside of quoted text.
fn items(text: &str) -> impl Iterator<Item = &str> {
    split(text, ',').map(str::trim).filter(|item| !item.is_empty())
}

fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    text.split(move |c: char| {
        let ends = c == separator && !quoted;
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && c == '\\' && !escaped;
        ends
    })
}

/// A whole-number parameter of an item: `;key=123`.
fn parameter(item: &str, key: &str) -> Option<u64> {
    split(item, ';').skip(1).find_map(|part| number(part.trim().strip_prefix(key)?.strip_prefix('=')?))
}

fn rule(item: &str) -> Option<RateRule> {
    let window = parameter(item, "w").filter(|seconds| *seconds > 0)?;
    let quota = parameter(item, "q").or_else(|| number(split(item, ';').next()?))?;
    Some(RateRule { quota, window: Duration::from_secs(window).min(FARTHEST * 24) })
}

/// A reset moment: seconds from now, Unix time in seconds or milliseconds, or an HTTP date.
fn reset(text: &str, now: SystemTime) -> Option<Duration> {
    let from_now = |at: SystemTime| at.duration_since(now).unwrap_or_default();
    let reset = match number(text) {
        // No window is 30 years long, and no server's clock stands before 2001.
        Some(seconds) if seconds < 1_000_000_000 => Duration::from_secs(seconds),
        Some(seconds) if seconds < 1_000_000_000_000 => {
            from_now(SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?)
        }
        Some(millis) => from_now(SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis))?),
        None => from_now(httpdate::parse_http_date(text.trim()).ok()?),
    };
    Some(reset.min(FARTHEST))
}
