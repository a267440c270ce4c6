//! Watches authentik's sync and, while nothing moves, whether Cloudflare is still there.

use std::time::Duration;

use authentik_client::id::ProviderPk;
use authentik_client::sync::{SyncReport, SyncState, SyncWatch, WatchOptions};
use authentik_client::{Authentik, ErrorKind};
use cloudflare_scim::Cloudflare;
use tokio::time::Instant;

use crate::error::Error;
use crate::spec::Timing;

/// After how many looks without news Cloudflare is asked whether it lives.
const QUIET_LOOKS: u32 = 3;
/// How long it may take to answer that.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn to_the_end(
    mut watch: SyncWatch,
    cloudflare: &Cloudflare,
    timing: &Timing,
    news: &(dyn Fn(String) + Send + Sync),
) -> Result<SyncReport, Error> {
    let deadline = Instant::now() + timing.sync_deadline;
    let mut last = None;
    let mut quiet = 0;
    loop {
        let state = watch.poll().await?;
        if let SyncState::Ended(report) = state {
            return Ok(report);
        }
        if last.as_ref() == Some(&state) {
            quiet += 1;
        } else {
            news(words(&state));
            quiet = 0;
            last = Some(state.clone());
        }
        // authentik tries a dead server again for eleven minutes; asking it takes one request.
        let retrying = matches!(state, SyncState::Retrying { .. });
        let asks = (retrying && quiet == 0) || (quiet > 0 && quiet % QUIET_LOOKS == 0);
        if asks {
            alive(cloudflare).await?;
        }
        if Instant::now() + timing.poll_interval > deadline {
            let seconds = timing.sync_deadline.as_secs();
            return Err(Error::SyncNotOver(format!("after {seconds} s {}", words(&state))));
        }
        tokio::time::sleep(timing.poll_interval).await;
    }
}

/// Waits until no full sync of the provider is queued or running.
pub(crate) async fn quiet(
    authentik: &Authentik,
    provider: ProviderPk,
    cloudflare: &Cloudflare,
    timing: &Timing,
    news: &(dyn Fn(String) + Send + Sync),
) -> Result<(), Error> {
    let deadline = Instant::now() + timing.sync_deadline;
    let options = WatchOptions::default().interval(timing.poll_interval);
    loop {
        match authentik.sync_quiet(provider, &options, timing.poll_interval * QUIET_LOOKS).await {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::DeadlineExceeded && Instant::now() < deadline => {
                news("an older sync of the provider is still running".to_owned());
                alive(cloudflare).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether Cloudflare answers at all. A refusal is an answer, and so is "too many requests": authentik's
/// sync spends the same allowance.
async fn alive(cloudflare: &Cloudflare) -> Result<(), Error> {
    let patience = Instant::now() + PATIENCE;
    match cloudflare.with_deadline(patience).scim().service_provider_config().await {
        Err(error) if error.is_transient() && !error.is_rate_limited() => Err(Error::LostCloudflare(error)),
        _ => Ok(()),
    }
}

fn words(state: &SyncState) -> String {
    match state {
        SyncState::Waiting => "the sync waits for authentik's worker".to_owned(),
        SyncState::Held => "another sync of the provider is running; this one comes after it".to_owned(),
        SyncState::Running { pages_done, pages } => format!("the sync runs: {pages_done} of {pages} pages"),
        SyncState::PagesWaiting { pages_done, pages } => {
            format!("the sync waits for a worker: {pages_done} of {pages} pages")
        }
        SyncState::Retrying { retry, error } if error.is_empty() => {
            format!("a task of the sync failed and waits for its try number {}", retry + 1)
        }
        SyncState::Retrying { retry, error } => {
            let error: String = error.chars().take(300).collect();
            format!("a task of the sync failed and waits for its try number {}: {error}", retry + 1)
        }
        _ => "the sync goes on".to_owned(),
    }
}
