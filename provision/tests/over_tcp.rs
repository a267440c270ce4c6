//! The job over real HTTP on loopback: two servers, each on a free port.
#![allow(clippy::unwrap_used, clippy::panic)] // a test says so by failing

mod support;

use std::sync::Arc;
use std::time::Duration;

use authentik_client::Authentik;
use authentik_client::embedded::{EmbeddedAuthentik, Profile};
use cloudflare_scim::Cloudflare;
use cloudflare_scim::embedded::EmbeddedAccount;
use provision::{Counters, Mode, Provisioner};
use scim_core::transport::{ReqwestTransport, RetryPolicy, TransportExt};
use support::company;

#[tokio::test(flavor = "multi_thread")]
async fn the_job_runs_over_sockets_and_a_second_run_writes_nothing() {
    let http = ReqwestTransport::new().unwrap();
    let account = EmbeddedAccount::builder().administrator("founder@acme.example").build();
    account.set_switch("audit_delay", "0").unwrap();
    let cloudflare_server = account.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let embedded = EmbeddedAuthentik::builder(http.clone().shared()).profile(Profile::V2026_8).build();
    let authentik_server = embedded.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();

    let counters = Counters::default();
    let over = |counter| http.clone().counted(Arc::clone(counter)).retry(RetryPolicy::default()).shared();
    let cloudflare = Cloudflare::builder(account.account_id().clone())
        .api_token(account.tokens().api.clone())
        .scim_token(account.tokens().scim.clone())
        .base_url(cloudflare_server.origin().parse().unwrap())
        .transport(over(&counters.cloudflare))
        .build()
        .unwrap();
    let authentik = Authentik::builder(authentik_server.origin().parse().unwrap(), embedded.token().into())
        .transport(over(&counters.authentik))
        .build()
        .unwrap();
    let job = Provisioner::new(authentik, cloudflare).with_counters(counters.clone());
    let mut spec = company();
    spec.timing.poll_interval = Duration::from_millis(50);

    let report = job.finish(spec.clone(), Mode::Apply).await;
    assert!(report.verified, "{report:#?}");
    assert!(report.requests.authentik > 20 && report.requests.cloudflare > 20, "{:?}", report.requests);

    let before = (counters.authentik.writes(), account.mutation_count());
    let report = job.finish(spec, Mode::Apply).await;
    assert!(report.verified, "{report:#?}");
    assert_eq!((counters.authentik.writes(), account.mutation_count()), before);
    authentik_server.shutdown().await;
    cloudflare_server.shutdown().await;
}
