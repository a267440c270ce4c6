//! What goes wrong outside: each time one clear error, exit 1, and nothing half-described.
#![allow(clippy::unwrap_used, clippy::panic)] // a test says so by failing

mod support;

use std::sync::Arc;

use authentik_client::Authentik;
use bytes::Bytes;
use cloudflare_scim::Cloudflare;
use provision::{Mode, Provisioner, Report, Verdict};
use scim_core::transport::{HostRouter, Transport, TransportError, TransportErrorKind, TransportExt, from_fn};
use support::{Stage, company, service_account_token};

/// A server that answers everything alike.
fn always(status: u16, content_type: &'static str, body: &'static str) -> Arc<dyn Transport> {
    from_fn(move |_| async move {
        let mut response = http::Response::new(Bytes::from_static(body.as_bytes()));
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        response.headers_mut().insert("content-type", http::HeaderValue::from_static(content_type));
        response.headers_mut().insert("x-authentik-id", http::HeaderValue::from_static("request-7"));
        Ok(response)
    })
    .shared()
}

fn unreachable_host() -> Arc<dyn Transport> {
    from_fn(|_| async { Err(TransportError::new(TransportErrorKind::Connect).with_detail("connection refused")) })
        .shared()
}

async fn with_authentik(transport: Arc<dyn Transport>) -> Report {
    let stage = Stage::new();
    let authentik = Authentik::builder("http://authentik.test".parse().unwrap(), "planted-token".into())
        .transport(transport)
        .build()
        .unwrap();
    Provisioner::new(authentik, stage.account.client().unwrap()).finish(company(), Mode::Apply).await
}

async fn with_cloudflare(account: &str, transport: Arc<dyn Transport>) -> Report {
    let stage = Stage::new();
    let cloudflare = Cloudflare::builder(account.parse().unwrap())
        .api_token("planted-token")
        .scim_token("planted-token")
        .base_url("http://cloudflare.test".parse().unwrap())
        .transport(transport)
        .build()
        .unwrap();
    Provisioner::new(stage.authentik_client(), cloudflare).finish(company(), Mode::Apply).await
}

fn assert_error(report: &Report, parts: &[&str]) {
    assert_eq!(report.verdict(), Verdict::Failed, "{report:#?}");
    assert!(!report.verified);
    let error = report.error.as_deref().unwrap_or_default();
    for part in parts {
        assert!(error.contains(part), "{part:?} in {error:?}");
    }
    assert!(!error.contains('\n') && !error.contains("planted"), "{error}");
}

const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";

#[tokio::test(start_paused = true)]
async fn an_authentik_that_is_not_there_or_not_authentik() {
    assert_error(&with_authentik(unreachable_host()).await, &["authentik", "connection refused", "reachable"]);
    let html = always(200, "text/html", "<html><title>Sign in</title></html>");
    assert_error(&with_authentik(html).await, &["authentik", "Sign in", "login page"]);
    let page = always(404, "text/html", "<html>Not Found</html>");
    assert_error(&with_authentik(page).await, &["404", "URL"]);
}

#[tokio::test(start_paused = true)]
async fn an_authentik_that_refuses_or_crashes() {
    let forbidden = r#"{"detail":"You do not have permission to perform this action."}"#;
    let report = with_authentik(always(403, "application/json", forbidden)).await;
    assert_error(&report, &["403", "You do not have permission", "request-7"]);
    let report = with_authentik(always(405, "text/html", "")).await;
    assert_error(&report, &["405", "crashed", "authentik's log", "request-7"]);
    let report = with_authentik(always(502, "text/html", "<html>Bad gateway</html>")).await;
    assert_error(&report, &["502", "a page of HTML"]);
}

#[tokio::test(start_paused = true)]
async fn a_cloudflare_that_is_not_there_or_answers_html() {
    assert_error(&with_cloudflare(ACCOUNT, unreachable_host()).await, &["Cloudflare", "connection refused"]);
    let html = always(200, "text/html", "<html><title>Just a moment...</title></html>");
    assert_error(&with_cloudflare(ACCOUNT, html).await, &["Cloudflare", "Just a moment"]);
}

#[tokio::test(start_paused = true)]
async fn a_scim_endpoint_that_answers_html_is_told() {
    let stage = Stage::new();
    let account = stage.account.clone();
    // v4 is as it should be; only the SCIM endpoint is somebody's page.
    let transport = from_fn(move |request: http::Request<Bytes>| {
        let account = account.clone();
        async move {
            if request.uri().path().contains("/scim/v2/") {
                let page = Bytes::from_static(b"<html><title>Just a moment...</title></html>");
                return Ok(http::Response::builder().header("content-type", "text/html").body(page).unwrap());
            }
            account.send(request).await
        }
    });
    let cloudflare = Cloudflare::builder(stage.account.account_id().clone())
        .api_token(stage.account.tokens().api.clone())
        .scim_token(stage.account.tokens().scim.clone())
        .base_url("http://cloudflare.test".parse().unwrap())
        .transport(transport.shared())
        .build()
        .unwrap();
    let report = Provisioner::new(stage.authentik_client(), cloudflare).finish(company(), Mode::Apply).await;
    assert_error(&report, &["Cloudflare", "Just a moment"]);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_account_is_told() {
    let stage = Stage::new();
    let route = HostRouter::new().fallback(stage.account.clone().shared()).shared();
    let cloudflare = Cloudflare::builder(ACCOUNT.parse().unwrap())
        .api_token(stage.account.tokens().api.clone())
        .scim_token(stage.account.tokens().scim.clone())
        .base_url("http://cloudflare.test".parse().unwrap())
        .transport(route)
        .build()
        .unwrap();
    let report = Provisioner::new(stage.authentik_client(), cloudflare).finish(company(), Mode::Apply).await;
    assert_error(&report, &["Cloudflare", "7003", "account"]);
}

#[tokio::test(start_paused = true)]
async fn a_token_of_no_superuser_does_the_whole_job() {
    let stage = Stage::new();
    let token = service_account_token(&stage).await;
    let job = stage.with_tokens(Some(&token), None);
    let report = job.finish(company(), Mode::Apply).await;
    assert!(report.verified, "{report:#?}");

    // `send` is refused to it: the sync is started by saving the provider.
    assert!(stage.account.drop_membership("zoe@acme.example", "Auditors"));
    let report = job.finish(company(), Mode::Apply).await;
    assert!(report.verified, "{report:#?}");
    let start = report.steps.iter().find(|step| step.name == "start the sync");
    assert!(start.is_some(), "{:#?}", report.steps);
}
