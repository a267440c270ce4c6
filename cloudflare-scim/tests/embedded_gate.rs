//! What stands before every call of the embedded account: tokens, routes, rate limits, faults
//! (rules 1, 2, 26, 27, 28).
#![allow(clippy::unwrap_used, clippy::panic, clippy::similar_names)]

mod common;

use std::time::Duration;

use bytes::Bytes;
use cloudflare_scim::embedded::*;
use cloudflare_scim::*;
use scim_core::transport::{RetryPolicy, Transport, TransportExt};
use serde_json::{Value, json};

async fn ask(account: &EmbeddedAccount, path: &str, authorization: Option<&str>) -> http::Response<Bytes> {
    let mut request = http::Request::builder().uri(format!("http://x{path}"));
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    account.send(request.body(Bytes::new()).unwrap()).await.unwrap()
}

fn body(response: &http::Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

fn below(account: &EmbeddedAccount, path: &str) -> String {
    format!("/client/v4/accounts/{}/{path}", account.account_id())
}

#[tokio::test]
async fn tokens_are_asked_for_checked_and_told_apart() {
    let account = EmbeddedAccount::new();
    for path in [below(&account, "members"), below(&account, "scim/v2/Users")] {
        for header in [None, Some("Basic abc"), Some("Bearer"), Some("Bearer a b")] {
            let response = ask(&account, &path, header).await;
            assert_eq!(response.status(), 400, "{header:?}");
            let error = &body(&response)["errors"][0];
            assert_eq!((&error["code"], &error["error_chain"][0]["code"]), (&json!(6003), &json!(6111)));
        }
        let unknown = ask(&account, &path, Some("Bearer cfat_unknown")).await;
        assert_eq!(unknown.status(), 401);
        assert_eq!(unknown.headers()["content-type"], "application/json");
        assert_eq!(body(&unknown)["errors"][0]["code"], 10_000);
        assert_eq!(body(&unknown)["result"], Value::Null);
    }

    account.set_switch("gateway_errors", "scim").unwrap();
    let unknown = ask(&account, &below(&account, "scim/v2/Users"), Some("Bearer x")).await;
    assert_eq!((unknown.status().as_u16(), body(&unknown)["status"].clone()), (401, json!("401")));
    assert_eq!(unknown.headers()["content-type"], "application/scim+json");
    let elsewhere = ask(&account, &below(&account, "members"), Some("Bearer x")).await;
    assert_eq!(body(&elsewhere)["errors"][0]["code"], 10_000);
}

#[tokio::test]
async fn expired_disabled_and_weak_tokens() {
    let clock = ManualClock::default();
    let account = EmbeddedAccount::builder().clock(clock.clone()).build();
    let client_with = |token: &Token| {
        Cloudflare::builder(account.account_id().clone())
            .api_token(token.clone())
            .transport(account.clone().shared())
            .build()
            .unwrap()
    };
    let short = account.create_token("short", Permission::ALL);
    assert!(account.expire_token(&short, Duration::from_secs(60)));
    let check = client_with(&short).tokens().verify_api_token().await.unwrap();
    assert!(check.expires_at().is_some());
    clock.advance(Duration::from_secs(60));
    assert!(client_with(&short).members().list().all().await.unwrap_err().is_unauthorized());

    let off = account.create_token("off", Permission::ALL);
    assert!(account.disable_token(&off) && !account.disable_token(&Token::new("other")));
    assert!(client_with(&off).tokens().verify_api_token().await.unwrap_err().is_unauthorized());

    // A token for SCIM alone reads members and groups, but no audit log.
    let scim = client_with(&account.tokens().scim);
    scim.members().list().all().await.unwrap();
    scim.user_groups().list().all().await.unwrap();
    scim.roles().list().all().await.unwrap();
    scim.resource_groups().list().all().await.unwrap();
    let query = AuditQuery::between(clock.now(), clock.now());
    let error = scim.audit_logs().list(&query).all().await.unwrap_err();
    assert!(error.is_permission_missing() && error.documentation_url().is_some(), "{error}");

    let reader = client_with(&account.create_token("reader", &[Permission::AccountSettingsRead]));
    reader.audit_logs().list(&query).all().await.unwrap();
    reader.members().list().all().await.unwrap();
    let error = reader.user_groups().create(&NewUserGroup::new("x")).await.unwrap_err();
    assert!(error.is_permission_missing() && !error.may_have_been_applied());
    assert!(error.to_string().contains("SCIM Provisioning"), "{error}");

    let nothing = client_with(&account.create_token("nothing", &[]));
    nothing.permission_groups().list().first_page().await.unwrap();
    assert!(nothing.members().list().all().await.unwrap_err().is_permission_missing());

    // A user's token is known at the user's endpoint.
    let owner = account.member("admin@example.com").unwrap().0;
    let user_token = account.create_user_token("mine", &owner, Permission::ALL);
    assert_eq!(user_token.kind(), TokenKind::User);
    assert_eq!(client_with(&user_token).tokens().verify_api_token().await.unwrap().owner, TokenOwner::User);
}

#[tokio::test]
async fn unknown_accounts_and_routes() {
    let account = EmbeddedAccount::new();
    let header = format!("Bearer {}", account.tokens().api.expose());
    for path in [
        "/".to_owned(),
        "/client/v4/zones".to_owned(),
        "/client/v4/accounts/00000000000000000000000000000000/members".to_owned(),
        "/client/v4/accounts/00000000000000000000000000000000/scim/v2/Users".to_owned(),
        below(&account, "nothing"),
        below(&account, "members/a/b"),
    ] {
        let response = ask(&account, &path, Some(&header)).await;
        assert_eq!((response.status().as_u16(), &body(&response)["errors"][0]["code"]), (404, &json!(7003)), "{path}");
    }
    let wrong = Cloudflare::builder("00000000000000000000000000000000".parse().unwrap())
        .api_token(account.tokens().api.clone())
        .transport(account.clone().shared())
        .build()
        .unwrap();
    assert_eq!(wrong.members().list().all().await.unwrap_err().kind(), ErrorKind::NoRoute);

    account.set_switch("unknown_account", "403").unwrap();
    assert!(wrong.members().list().all().await.unwrap_err().is_permission_missing());
    for path in ["/client/v4/accounts/not-an-account/members".to_owned(), below(&account, "nothing")] {
        assert_eq!(ask(&account, &path, Some(&header)).await.status(), 404, "{path}");
    }

    let request = http::Request::builder().method("PATCH").uri(format!("http://x{}", below(&account, "members")));
    let request = request.header("authorization", &header).body(Bytes::new()).unwrap();
    let response = account.send(request).await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["allow"]), (405, &"GET, POST".parse().unwrap()));
}

#[tokio::test]
async fn tenants_are_apart() {
    let (one, two) = (EmbeddedAccount::new(), EmbeddedAccount::new());
    let both = EmbeddedAccounts::from_iter([one.clone(), two.clone()]);
    let server = both.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let client = |account: &EmbeddedAccount, token: &Token| {
        Cloudflare::builder(account.account_id().clone())
            .base_url(server.origin().parse().unwrap())
            .api_token(token.clone())
            .transport(scim_core::transport::ReqwestTransport::new().unwrap().shared())
            .build()
            .unwrap()
    };
    let own = client(&one, &one.tokens().api);
    own.user_groups().create(&NewUserGroup::new("Ops")).await.unwrap();
    own.scim().users().create(&NewUser::new("a@b.cd")).await.unwrap();
    assert_eq!(one.member_emails().len(), 2);
    assert_eq!(two.member_emails().len(), 1);
    let other = client(&two, &two.tokens().api);
    assert!(other.user_groups().list().all().await.unwrap().is_empty());
    // The token of one is none of the other's, whichever account the path names.
    for (account, token) in [(&one, &two.tokens().api), (&two, &one.tokens().api)] {
        let stranger = client(account, token);
        assert!(stranger.members().list().all().await.unwrap_err().is_unauthorized());
        assert!(stranger.scim().users().list().all().await.unwrap_err().is_unauthorized());
    }
    // What names no account is answered by that of the token; faults and counts are one account's.
    let owner = two.member("admin@example.com").unwrap().0;
    let mine = two.create_user_token("mine", &owner, Permission::ALL);
    assert_eq!(client(&one, &mine).tokens().verify(&mine).await.unwrap().owner, TokenOwner::User);
    two.inject(FaultRule::once(Fault::Html));
    own.members().list().all().await.unwrap();
    assert_eq!(other.members().list().all().await.unwrap_err().kind(), ErrorKind::Unreadable);
    assert_eq!(both.get(one.account_id()).unwrap().request_count(), one.request_count());
    server.shutdown().await;
}

#[tokio::test]
async fn every_answer_has_the_headers_of_the_gate() {
    let account = EmbeddedAccount::new();
    let header = format!("Bearer {}", account.tokens().api.expose());
    for (path, header) in [(below(&account, "members"), Some(header.as_str())), ("/nothing".to_owned(), None)] {
        let response = ask(&account, &path, header).await;
        let headers = response.headers();
        assert_eq!(headers["ratelimit"], "\"default\";r=1200;t=300");
        assert_eq!(headers["ratelimit-policy"], "\"default\";q=1200;w=300");
        assert!(headers.contains_key("cf-ray") && headers.contains_key("date"));
        assert!(!headers.contains_key("retry-after"));
    }
    account.set_switch("ratelimit_headers", "both").unwrap();
    assert!(ask(&account, "/", None).await.headers().contains_key("x-ratelimit-reset"));
}

#[tokio::test]
async fn the_limits_hold_when_they_are_on() {
    let clock = ManualClock::default();
    let account = EmbeddedAccount::builder().clock(clock.clone()).build();
    account.set_rate_limit(true);
    let cloudflare = account.client().unwrap();
    for n in 0..1200 {
        if n % 150 == 0 {
            clock.advance(Duration::from_secs(1));
        }
        cloudflare.tokens().verify_api_token().await.unwrap();
    }
    let error = cloudflare.tokens().verify_api_token().await.unwrap_err();
    assert!(error.is_rate_limited() && error.code() == Some(971), "{error}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(293)));
    // The other token has its own allowance.
    cloudflare.tokens().verify_scim_token().await.unwrap();
    clock.advance(Duration::from_secs(293));
    cloudflare.roles().list().first_page().await.unwrap();
    account.set_switch("rate_limit", "off").unwrap();
}

fn retrying(account: &EmbeddedAccount) -> Cloudflare {
    Cloudflare::builder(account.account_id().clone())
        .api_token(account.tokens().api.clone())
        .transport(account.clone().timeout(Duration::from_secs(1)).retry(RetryPolicy::default()).shared())
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn faults_by_rule() {
    let account = EmbeddedAccount::new();
    let plain = account.client().unwrap();
    let retried = retrying(&account);

    // 429 is waited for, whatever the method.
    account.inject(FaultRule::once(Fault::Refuse { status: 429, retry_after: Some(240), html: false }).times(2));
    let start = tokio::time::Instant::now();
    retried.user_groups().create(&NewUserGroup::new("one")).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(480));

    // A POST that failed after it took effect is not repeated: what it made is found.
    account.inject(FaultRule::once(Fault::FailAfter { status: 500, html: false }).method(http::Method::POST));
    account.clear_requests();
    let made = retried.user_groups().create(&NewUserGroup::new("two")).await.unwrap();
    assert_eq!((account.request_count(), account.mutation_count()), (2, 1));
    assert_eq!(plain.user_groups().find("two").await.unwrap().unwrap().id, made.id);

    // One that failed before is not either, and the error says what to do.
    account.inject(FaultRule::once(Fault::Refuse { status: 500, retry_after: None, html: false }));
    account.clear_requests();
    let error = retried.user_groups().create(&NewUserGroup::new("three")).await.unwrap_err();
    assert_eq!(account.mutation_count(), 1);
    assert!(error.may_have_been_applied() && error.to_string().contains("look before"), "{error}");
    assert!(plain.user_groups().find("three").await.unwrap().is_none());

    // A read is.
    account.inject(FaultRule::once(Fault::Refuse { status: 502, retry_after: None, html: true }).path("members"));
    retried.members().list().all().await.unwrap();

    for (fault, kind) in [
        (Fault::Html, ErrorKind::Unreadable),
        (Fault::Empty, ErrorKind::Unreadable),
        (Fault::Truncated, ErrorKind::Unreadable),
        (Fault::CutBefore, ErrorKind::Transport),
        (Fault::CutAfter, ErrorKind::Transport),
        (Fault::Refuse { status: 504, retry_after: None, html: true }, ErrorKind::Server),
    ] {
        account.inject(FaultRule::once(fault.clone()));
        assert_eq!(plain.members().list().all().await.unwrap_err().kind(), kind, "{fault:?}");
    }

    account.inject(FaultRule::once(Fault::Slow(Duration::from_secs(5))));
    let start = tokio::time::Instant::now();
    plain.members().list().all().await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    account.inject(FaultRule::once(Fault::Slow(Duration::from_secs(5))).times(9));
    assert!(retried.members().list().all().await.unwrap_err().is_timeout());
    account.clear_faults();
    plain.members().list().all().await.unwrap();
}

#[tokio::test]
async fn what_was_made_by_a_post_without_an_answer_is_found() {
    let account = EmbeddedAccount::new();
    let cloudflare = account.client().unwrap();
    let parts = cloudflare.policy_parts().await.unwrap();
    let policy = parts.allow(["dns"]).unwrap();
    for fault in [Fault::FailAfter { status: 502, html: true }, Fault::CutAfter, Fault::Truncated, Fault::Empty] {
        let posts = || account.inject(FaultRule::once(fault.clone()).method(http::Method::POST));
        let name = format!("{fault:?}");
        posts();
        let group = NewUserGroup::new(&name).with_policies([policy.clone()]);
        assert_eq!(cloudflare.user_groups().create(&group).await.unwrap().name, name);
        posts();
        let email = format!("{}@example.com", name.len());
        let member = NewMember::with_policies(&email, [policy.clone()]);
        assert_eq!(cloudflare.members().create(&member).await.unwrap().email(), Some(email.as_str()));
        posts();
        let scope = Scope::new(&name, ["*"]);
        let made = cloudflare.resource_groups().create(&name, &scope).await.unwrap();
        assert_eq!(made.scopes(), [scope]);
        posts();
        let user = NewUser::new(format!("scim-{email}")).external_id("e");
        let made = cloudflare.scim().users().create(&user).await.unwrap();
        assert_eq!(made.user_name.as_deref(), Some(user.email.as_str()));
        posts();
        let made = cloudflare.scim().groups().create(&NewGroup::new(format!("SCIM {name}"))).await.unwrap();
        assert!(made.id.is_some());
    }
    // A group of the name that is another than the one sent is not passed off as it.
    account.add_dashboard_group("Mine").unwrap();
    account.inject(FaultRule::once(Fault::Refuse { status: 500, retry_after: None, html: false }));
    let group = NewUserGroup::new("Mine").with_policies([policy]);
    assert_eq!(cloudflare.user_groups().create(&group).await.unwrap_err().kind(), ErrorKind::Server);
}

#[tokio::test(start_paused = true)]
async fn faults_by_switch() {
    let names: Vec<&str> = Switches::all().iter().find(|info| info.name == "fault").unwrap().values.to_vec();
    for name in names {
        let account = EmbeddedAccount::new();
        account.set_switch("fault", name).unwrap();
        account.set_switch("fault_every", "1").unwrap();
        let cloudflare = account.client().unwrap();
        let outcome = cloudflare.user_groups().create(&NewUserGroup::new("G")).await;
        let took_effect = account.group_members().contains_key("G");
        assert_eq!(took_effect, !(name.ends_with("before") || ["429", "html", "cut"].contains(&name)), "{name}");
        // Every request fails, the look-up that follows included.
        assert_eq!(outcome.is_ok(), ["none", "slow"].contains(&name), "{name}");
    }
    // Only every fifth by default.
    let account = EmbeddedAccount::new();
    account.set_switch("fault", "500_before").unwrap();
    let cloudflare = account.client().unwrap();
    let mut failed = 0;
    for _ in 0..20 {
        failed += u32::from(cloudflare.roles().list().first_page().await.is_err());
    }
    assert_eq!(failed, 4);
}

#[tokio::test]
async fn no_secret_is_printed_or_kept() {
    let account = EmbeddedAccount::new();
    let cloudflare = account.client().unwrap();
    cloudflare.members().list().all().await.unwrap();
    let text =
        format!("{account:?} {:?} {cloudflare:?} {:?} {:?}", account.tokens(), account.requests(), account.switches());
    for token in [&account.tokens().api, &account.tokens().scim] {
        assert!(!text.contains(token.expose()));
    }
}
