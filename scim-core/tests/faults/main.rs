//! The fault matrix: 18 faults × 8 operations × 3 positions × 3 variants, once in-process under a
//! paused clock, once as bytes on a socket. In every cell the final state is right, or the error says
//! what is open; nothing is there twice; no text holds a secret or personal data. `docs/faults.md`
//! shows what came of it; `UPDATE_DOCS=1` rewrites it.
#![cfg(all(feature = "client", feature = "provider"))]
#![allow(clippy::unwrap_used, clippy::panic)] // a failing set-up is a failing test
#![allow(unreachable_pub)] // the modules of one test

#[cfg(feature = "reqwest")]
#[cfg(feature = "reqwest")]
mod bytes;
mod fault;
mod judge;
mod layer;
mod operation;
mod world;

use std::sync::Arc;
use std::time::Duration;

use fault::{Armed, Fault};
use judge::{Outcome, Table, judge};
use operation::Op;
use scim_core::client::{Error, ScimClient};
use scim_core::transport::{RetryPolicy, Transport, TransportExt};
use world::World;

const SEEDS: u32 = 3;
const POSITIONS: u32 = 3;

fn cells() -> impl Iterator<Item = (Op, Armed)> {
    Fault::ALL.into_iter().flat_map(|fault| {
        Op::ALL
            .into_iter()
            .flat_map(move |op| (0..POSITIONS * SEEDS).map(move |n| (op, Armed::new(fault, n / SEEDS, n % SEEDS))))
    })
}

/// Runs one cell: three calls, one of them under the fault.
async fn run(op: Op, armed: Armed, world: &World, scim: &ScimClient, virtual_time: bool) -> Outcome {
    let cell = format!("{:?} × {:?}, position {}, variant {}", armed.fault, op, armed.position, armed.seed);
    op.prepare(world);
    // Something has been answered before.
    scim.users().get(&world.people[8].parse().unwrap()).await.unwrap();
    let mut outcome: Option<(u32, Result<(), Error>)> = None;
    if op == Op::ListPage {
        let result = Op::read_list(world, scim, armed).await;
        outcome = Some((world.disarm(), result));
    } else {
        for n in 0..POSITIONS {
            if n == armed.position {
                world.arm(armed);
                let result = op.run(world, scim, n).await;
                outcome = Some((world.disarm(), result));
            } else {
                op.run(world, scim, n).await.unwrap_or_else(|error| panic!("{cell}: call {n}: {error}"));
            }
        }
    }
    let (writes, result) = outcome.unwrap();
    judge(&cell, op, armed, world, (writes, virtual_time), &result)
}

fn client(origin: &str, transport: impl Transport + 'static, policy: RetryPolicy) -> ScimClient {
    let base = format!("{origin}{}", world::BASE_PATH).parse().unwrap();
    ScimClient::new(base, Some("planted-token".into()), transport.retry(policy).shared())
}

#[tokio::test(start_paused = true)]
async fn by_layer_under_a_paused_clock() {
    let mut table = Table::default();
    let mut longest = Duration::ZERO;
    for (op, armed) in cells() {
        let world = World::new();
        let scim = client(
            "https://scim.example.com",
            layer::transport(Arc::clone(&world)),
            RetryPolicy::default().with_seed(1),
        );
        let before = tokio::time::Instant::now();
        let outcome = run(op, armed, &world, &scim, true).await;
        let slept = before.elapsed();
        // Three calls of at most two rounds of four attempts of 30 s, and the waits between them.
        assert!(slept < Duration::from_secs(600), "{:?} × {op:?}: {slept:?}", armed.fault);
        longest = longest.max(slept);
        table.add(armed.fault, op, outcome);
    }
    println!(
        "{} done, {} not done, {} open; the longest cell slept {longest:?}",
        table.total(Outcome::Done),
        table.total(Outcome::Refused),
        table.total(Outcome::Open)
    );
    document(&table);
}

#[cfg(feature = "reqwest")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_bytes_on_a_socket() {
    use futures_util::StreamExt;

    let leaf = &bytes::leaf();
    let cells = futures_util::stream::iter(cells()).map(|(op, armed)| async move {
        let world = World::new();
        let listener = bytes::Listener::new(Arc::clone(&world)).await;
        let policy = RetryPolicy::default()
            .with_backoff(Duration::from_millis(1), Duration::from_millis(5))
            .with_total(Duration::from_secs(10))
            .with_seed(1);
        let scim = client(&listener.origin(), listener.transport(Arc::clone(&world), leaf), policy);
        (op, armed, run(op, armed, &world, &scim, false).await)
    });
    let mut table = Table::default();
    for (op, armed, outcome) in cells.buffer_unordered(32).collect::<Vec<_>>().await {
        table.add(armed.fault, op, outcome);
    }
    println!("{}", table.markdown());
    assert_eq!(table.all(), 18 * 8 * 3 * 3);
    // Time is real here, so that single cells may differ from the page; what the client can mend it does.
    assert!(table.total(Outcome::Done) > 800, "{} done", table.total(Outcome::Done));
}

/// Holds the table against the page, or writes it there.
fn document(table: &Table) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/faults.md");
    let page = format!(
        include_str!("page.md"),
        all = table.all(),
        done = table.total(Outcome::Done),
        refused = table.total(Outcome::Refused),
        open = table.total(Outcome::Open),
        table = table.markdown()
    );
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, page).unwrap();
        return;
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == page, "docs/faults.md is out of date: run this test with UPDATE_DOCS=1");
}
