//! Rule 27: 1,200 requests per five minutes and token, 200 per second in all.

use std::collections::HashMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

use super::switches::{RateLimitSwitch, RatelimitHeaders, Switches};
use crate::TokenId;

const QUOTA: u64 = 1200;
const WINDOW: i64 = 300;
const PER_SECOND: u64 = 200;

#[derive(Debug, Clone, Copy)]
struct Window {
    since: i64,
    used: u64,
}

/// How much of its allowance every token has used.
#[derive(Debug, Default)]
pub(super) struct Limiter {
    tokens: HashMap<TokenId, Window>,
    second: Option<Window>,
}

/// What the limiter says of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    pub(super) remaining: u64,
    pub(super) reset: u64,
    /// Seconds to wait, if the request is refused.
    pub(super) wait: Option<u64>,
}

impl Allowance {
    fn full() -> Self {
        Self { remaining: QUOTA, reset: WINDOW.unsigned_abs(), wait: None }
    }

    /// The headers that stand on every answer since 2025-09-03.
    pub(super) fn write(self, headers: &mut HeaderMap, now: Timestamp, switches: Switches) {
        let mut put = |name: &'static str, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        put("ratelimit", format!("\"default\";r={};t={}", self.remaining, self.reset));
        put("ratelimit-policy", format!("\"default\";q={QUOTA};w={WINDOW}"));
        if let Some(wait) = self.wait {
            put("retry-after", wait.to_string());
        }
        if switches.ratelimit_headers == RatelimitHeaders::Both {
            let reset = i64::try_from(self.reset).unwrap_or(WINDOW);
            let at = Timestamp::from_second(now.as_second().saturating_add(reset)).unwrap_or(now);
            put("x-ratelimit-limit", QUOTA.to_string());
            put("x-ratelimit-remaining", self.remaining.to_string());
            put("x-ratelimit-reset", at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
        }
    }
}

impl Limiter {
    /// Counts a request of `token` (`None`: a request without a valid one).
    pub(super) fn count(&mut self, token: Option<&TokenId>, now: Timestamp, switches: Switches) -> Allowance {
        if switches.rate_limit == RateLimitSwitch::Off {
            return Allowance::full();
        }
        let second = now.as_second();
        let this = match self.second {
            Some(window) if window.since == second => Window { used: window.used + 1, ..window },
            _ => Window { since: second, used: 1 },
        };
        self.second = Some(this);
        let Some(token) = token else { return Allowance::full() };
        let window = self.tokens.entry(token.clone()).or_insert(Window { since: second, used: 0 });
        if second - window.since >= WINDOW {
            *window = Window { since: second, used: 0 };
        }
        let reset = (WINDOW - (second - window.since)).clamp(1, WINDOW).unsigned_abs();
        if window.used >= QUOTA {
            return Allowance { remaining: 0, reset, wait: Some(reset) };
        }
        if this.used > PER_SECOND {
            return Allowance { remaining: QUOTA - window.used, reset, wait: Some(1) };
        }
        window.used += 1;
        Allowance { remaining: QUOTA - window.used, reset, wait: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on() -> Switches {
        Switches { rate_limit: RateLimitSwitch::On, ..Switches::default() }
    }

    #[test]
    fn the_window_fills_and_opens_again() {
        let token: TokenId = "t".parse().unwrap();
        let at = |second: i64| Timestamp::from_second(1_000_000 + second).unwrap();
        let mut limiter = Limiter::default();
        for n in 0..1200 {
            // 100 a second: below the limit per address.
            assert_eq!(limiter.count(Some(&token), at(n / 100), on()).wait, None, "{n}");
        }
        let refused = limiter.count(Some(&token), at(60), on());
        assert_eq!((refused.remaining, refused.wait), (0, Some(240)));
        // Another token has its own allowance.
        assert_eq!(limiter.count(Some(&"u".parse().unwrap()), at(60), on()).wait, None);
        assert_eq!(limiter.count(Some(&token), at(299), on()).wait, Some(1));
        assert_eq!(limiter.count(Some(&token), at(300), on()).remaining, 1199);
    }

    #[test]
    fn two_hundred_a_second_in_all() {
        let token: TokenId = "t".parse().unwrap();
        let now = Timestamp::from_second(1_000_000).unwrap();
        let mut limiter = Limiter::default();
        let refused = (0..250).filter(|_| limiter.count(Some(&token), now, on()).wait.is_some()).count();
        assert_eq!(refused, 50);
    }

    #[test]
    fn switched_off_it_refuses_nothing_and_says_so() {
        let mut limiter = Limiter::default();
        let token: TokenId = "t".parse().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        for _ in 0..2000 {
            assert_eq!(limiter.count(Some(&token), now, Switches::default()), Allowance::full());
        }
        let mut headers = HeaderMap::new();
        Allowance::full().write(&mut headers, now, Switches::default());
        assert_eq!(headers["ratelimit"], "\"default\";r=1200;t=300");
        assert_eq!(headers["ratelimit-policy"], "\"default\";q=1200;w=300");
        assert!(!headers.contains_key("retry-after") && !headers.contains_key("x-ratelimit-limit"));
        let both = Switches { ratelimit_headers: RatelimitHeaders::Both, ..Switches::default() };
        Allowance::full().write(&mut headers, now, both);
        assert_eq!(headers["x-ratelimit-reset"], "Thu, 01 Jan 1970 00:05:00 GMT");
    }
}
