//! Measures of the client, printed: a full read of 10,000 people, 500 groups of 40 and 20 policies.
//!
//! ```text
//! cargo run --release -p cloudflare-scim --example measure
//! ```
#![allow(clippy::unwrap_used, clippy::print_stdout, unreachable_pub)]

#[path = "../tests/common/large.rs"]
mod large;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use bytes::Bytes;
use cloudflare_scim::Cloudflare;
use scim_core::transport::{Transport, from_fn};

/// Rounds of the full read; the best and the median are printed.
const ROUNDS: usize = 9;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let account = large::account().await;
    // First round: every answer is kept, so that the rounds that count have no server in them.
    let kept: Arc<Mutex<HashMap<String, (http::HeaderMap, Bytes)>>> = Arc::default();
    let (keep, server) = (Arc::clone(&kept), account.clone());
    let recording = from_fn(move |request: http::Request<Bytes>| {
        let (keep, server) = (Arc::clone(&keep), server.clone());
        async move {
            let target = request.uri().to_string();
            let response = server.send(request).await?;
            keep.lock().unwrap().insert(target, (response.headers().clone(), response.body().clone()));
            Ok(response)
        }
    });
    let client = |transport: Arc<dyn Transport>| {
        Cloudflare::builder(account.account_id().clone())
            .scim_token(account.tokens().scim.clone())
            .api_token(account.tokens().api.clone())
            .transport(transport)
            .build()
    };
    let directory = client(Arc::new(recording))?.directory().await?;
    println!(
        "{} people, {} groups: {} requests",
        directory.people.len(),
        directory.groups.len(),
        account.request_count()
    );
    let kept: HashMap<_, _> = std::mem::take(&mut *kept.lock().unwrap());
    let bytes: usize = kept.values().map(|(_, body)| body.len()).sum();

    let answers = Arc::new(kept);
    let replay = from_fn(move |request: http::Request<Bytes>| {
        let answers = Arc::clone(&answers);
        async move {
            let (headers, body) = answers[&request.uri().to_string()].clone();
            let mut response = http::Response::new(body);
            *response.headers_mut() = headers;
            Ok(response)
        }
    });
    let cloudflare = client(Arc::new(replay))?;
    let mut read = Vec::with_capacity(ROUNDS);
    let mut joined = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let users = cloudflare.scim().users().list().all().await?;
        let people = cloudflare.members().list().all().await?;
        let groups = cloudflare.user_groups().list().all().await?;
        let mut members = Vec::with_capacity(groups.len());
        for group in &groups {
            members.push(cloudflare.user_groups().members(&group.id).list().all().await?);
        }
        read.push(start.elapsed().as_secs_f64());
        drop((users, people, groups, members));

        let start = Instant::now();
        let directory = cloudflare.directory().await?;
        joined.push(start.elapsed().as_secs_f64());
        drop(directory);
    }
    #[allow(clippy::cast_precision_loss)] // far below 2^52
    let megabytes = bytes as f64 / 1e6;
    for (what, mut seconds) in [("read and decoded", read), ("read, decoded and joined", joined)] {
        seconds.sort_by(f64::total_cmp);
        let (best, median) = (megabytes / seconds[0], megabytes / seconds[ROUNDS / 2]);
        println!("{megabytes:.1} MB {what}: {median:.0} MB/s (median of {ROUNDS}), {best:.0} MB/s (best)");
    }
    Ok(())
}
