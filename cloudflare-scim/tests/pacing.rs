//! The pacing layer against the account's own limiter, on a simulated clock that both go by.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::time::Duration;

use cloudflare_scim::embedded::{Clock, EmbeddedAccount};
use cloudflare_scim::{Cloudflare, Pace, RateLimit};
use jiff::Timestamp;
use scim_core::transport::TransportExt;
use tokio::time::Instant;

/// The account's clock is tokio's, which the test has paused.
#[derive(Debug)]
struct Simulated(Instant);

impl Clock for Simulated {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_788_220_800).unwrap() + self.0.elapsed()
    }
}

fn paced(account: &EmbeddedAccount) -> Cloudflare {
    let transport = Pace::new(account.clone(), RateLimit::cloudflare()).shared();
    Cloudflare::builder(account.account_id().clone())
        .api_token(account.tokens().api.clone())
        .transport(transport)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_calls_without_a_429_in_the_time_that_the_limit_allows() {
    let account = EmbeddedAccount::builder().clock(Simulated(Instant::now())).build();
    account.set_rate_limit(true);
    let cloudflare = paced(&account);
    let start = Instant::now();
    for _ in 0..10_000 {
        cloudflare.tokens().verify_api_token().await.unwrap();
    }
    // Eight windows of 1,200 calls have to pass before the last 400.
    let (allowed, taken) = (Duration::from_secs(8 * 300), start.elapsed());
    let over = (taken.as_secs_f64() / allowed.as_secs_f64() - 1.0) * 100.0;
    let refused = account.requests().iter().filter(|it| it.status.as_u16() == 429).count();
    println!("10,000 calls: {taken:?} of {allowed:?} allowed, {over:.2} % more; {refused} refused");
    assert_eq!((account.request_count(), refused), (10_000, 0));
    assert!((0.0..=2.0).contains(&over), "{over}");
}

#[tokio::test(start_paused = true)]
async fn without_pacing_the_limiter_refuses() {
    let account = EmbeddedAccount::builder().clock(Simulated(Instant::now())).build();
    account.set_rate_limit(true);
    let cloudflare = account.client().unwrap();
    let mut refused = 0;
    for _ in 0..1_300 {
        refused += u32::from(cloudflare.tokens().verify_api_token().await.is_err());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(refused, 100);
}
