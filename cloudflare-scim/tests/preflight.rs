//! The checks before provisioning: every finding brought about on an embedded account, with its cure.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cloudflare_scim::embedded::*;
use cloudflare_scim::*;
use scim_core::transport::{Transport, from_fn};

fn codes(preflight: &Preflight) -> Vec<&'static str> {
    preflight.findings.iter().map(|finding| finding.code.as_str()).collect()
}

fn client(account: &EmbeddedAccount, scim: &Token, api: &Token) -> Cloudflare {
    Cloudflare::builder(account.account_id().clone())
        .scim_token(scim.clone())
        .api_token(api.clone())
        .transport(Arc::new(account.clone()))
        .build()
        .unwrap()
}

async fn run(account: &EmbeddedAccount, scim: &Token, api: &Token, request: &PreflightRequest) -> Preflight {
    let preflight = client(account, scim, api).preflight(request).await.unwrap();
    for finding in &preflight.findings {
        let text = finding.to_string();
        assert!(!text.contains('\n') && !finding.cure.is_empty(), "{text}");
        assert!(!text.contains(scim.expose()) && !text.contains(api.expose()), "{text}");
    }
    preflight
}

/// An account with two Super Administrators, on which nothing is found.
fn good() -> EmbeddedAccount {
    let account = EmbeddedAccount::builder().clock(ManualClock::default()).build();
    account.add_super_administrator("second@example.com").unwrap();
    account
}

fn request() -> PreflightRequest {
    PreflightRequest::new().audit(true).now(ManualClock::default().now())
}

#[tokio::test]
async fn nothing_is_found_where_nothing_is_wrong_and_nothing_is_changed() {
    let account = good();
    let (scim, api) = (&account.tokens().scim, &account.tokens().api);
    let request = request().group("Ops").user("Zoe@Example.com", "zoe@example.com");
    let preflight = run(&account, scim, api, &request).await;
    assert_eq!(codes(&preflight), [""; 0]);
    assert!(preflight.passed());
    assert_eq!(preflight.steps.len(), 5);
    assert!(preflight.steps.values().all(|state| *state == StepState::Allowed), "{:?}", preflight.steps);
    assert_eq!(preflight.scim_token.unwrap().owner, TokenOwner::Account);
    // The two writes are refused for want of the group.
    let writes: Vec<_> = account.requests().into_iter().filter(RequestRecord::is_mutation).collect();
    assert_eq!(writes.iter().map(|it| it.status.as_u16()).collect::<Vec<_>>(), [404, 404]);
    assert!(account.group_members().is_empty());

    account.clear_requests();
    let preflight = run(&account, scim, api, &request.probe_writes(false)).await;
    assert_eq!((account.mutation_count(), codes(&preflight).len()), (0, 0));
    assert_eq!(preflight.steps[&Step::ScimWrite], StepState::Unclear);
}

#[tokio::test]
async fn tokens_by_kind_status_and_time() {
    let clock = ManualClock::default();
    let account = EmbeddedAccount::builder().clock(clock.clone()).build();
    account.add_super_administrator("second@example.com").unwrap();
    let api = account.tokens().api.clone();
    let tell = async |scim: &Token| codes(&run(&account, scim, &api, &request()).await);

    assert_eq!(tell(&Token::new("cfat_nobody-knows-this-one")).await, ["token-unknown"]);
    assert_eq!(tell(&Token::new("cfk_a-global-key")).await, ["token-is-global-key"]);
    let off = account.create_token("off", Permission::ALL);
    account.disable_token(&off);
    assert_eq!(tell(&off).await, ["token-unknown"]);
    let short = account.create_token("short", Permission::ALL);
    account.expire_token(&short, Duration::from_secs(14 * 24 * 3600));
    assert_eq!(tell(&short).await, ["token-expires-soon"]);
    let wide = request().expiry_margin(Duration::from_secs(3600));
    assert_eq!(codes(&run(&account, &short, &api, &wide).await), [""; 0]);
    let owner = account.member("admin@example.com").unwrap().0;
    let of_user = account.create_user_token("mine", &owner, Permission::ALL);
    assert_eq!(tell(&of_user).await, ["token-of-user"]);

    // What a server says that answers for tokens that do not work.
    for (body, code) in [
        (r#"{"id":"t","status":"disabled"}"#, "token-disabled"),
        (r#"{"id":"t","status":"expired"}"#, "token-expired"),
        (r#"{"id":"t","status":"active","expires_on":"2026-08-31T00:00:00Z"}"#, "token-expired"),
        (r#"{"id":"t","status":"active","not_before":"2027-01-01T00:00:00Z"}"#, "token-not-yet-valid"),
    ] {
        let answer = format!(r#"{{"success":true,"errors":[],"result":{body}}}"#);
        let transport = from_fn(move |_| {
            let mut response = http::Response::new(bytes::Bytes::from(answer.clone()));
            response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
            async move { Ok(response) }
        });
        let cloudflare = Cloudflare::builder(account.account_id().clone())
            .api_token("cfat_x")
            .transport(Arc::new(transport) as Arc<dyn Transport>)
            .build()
            .unwrap();
        let preflight = cloudflare.preflight(&request()).await.unwrap();
        assert_eq!((codes(&preflight), preflight.passed()), (vec![code], false));
    }
}

#[tokio::test]
async fn permissions_by_step_and_the_plan() {
    let account = good();
    let (scim, api) = (account.tokens().scim.clone(), account.tokens().api.clone());
    // A token for SCIM alone: enough, unless the audit log is wanted.
    assert!(run(&account, &scim, &scim, &request().audit(false)).await.findings.is_empty());
    let preflight = run(&account, &scim, &scim, &request()).await;
    assert_eq!(codes(&preflight), ["permission-missing"]);
    assert!(preflight.findings[0].cure.contains("Account Settings: Read"), "{}", preflight.findings[0]);
    assert_eq!(preflight.steps[&Step::AuditRead], StepState::Refused);

    let reader = account.create_token("reader", &[Permission::AccountSettingsRead]);
    let preflight = run(&account, &reader, &reader, &request()).await;
    let refused: Vec<_> =
        preflight.steps.iter().filter(|(_, state)| **state == StepState::Refused).map(|(step, _)| *step).collect();
    assert_eq!(refused, [Step::ScimWrite, Step::PoliciesWrite]);
    assert!(preflight.findings.iter().all(|finding| finding.cure.contains("SCIM Provisioning: Edit")));

    let nothing = account.create_token("nothing", &[]);
    let preflight = run(&account, &nothing, &nothing, &request()).await;
    assert_eq!(codes(&preflight), ["permission-missing"; 5]);

    account.set_switch("plan", "free").unwrap();
    for token in [&scim, &api] {
        let preflight = run(&account, token, &api, &request()).await;
        assert_eq!((codes(&preflight), preflight.passed()), (vec!["plan-without-scim"], false));
    }
}

#[tokio::test]
async fn another_account_and_no_answer() {
    let account = good();
    let wrong = Cloudflare::builder("00000000000000000000000000000000".parse().unwrap())
        .api_token(account.tokens().api.clone())
        .transport(Arc::new(account.clone()))
        .build()
        .unwrap();
    let preflight = wrong.preflight(&request()).await.unwrap();
    assert!(codes(&preflight).contains(&"account-unknown") && !preflight.passed());
    for fault in [Fault::CutBefore, Fault::Refuse { status: 502, retry_after: None, html: true }] {
        account.inject(FaultRule::once(fault));
        account.client().unwrap().preflight(&request()).await.unwrap_err();
    }
    // What cannot be told is a finding.
    account.inject(FaultRule::once(Fault::Refuse { status: 422, retry_after: None, html: false }).path("logs/audit"));
    let preflight = account.client().unwrap().preflight(&request()).await.unwrap();
    assert_eq!((codes(&preflight), preflight.passed()), (vec!["permission-unclear"], true));
}

#[tokio::test]
async fn administrators_groups_and_people() {
    let account = EmbeddedAccount::builder().clock(ManualClock::default()).build();
    let (scim, api) = (account.tokens().scim.clone(), account.tokens().api.clone());
    let preflight = run(&account, &scim, &api, &request()).await;
    assert_eq!(codes(&preflight), ["last-super-administrator"]);
    assert_eq!(preflight.findings[0].subject.as_deref(), Some("admin@example.com"));
    // Through a group counts too.
    account.add_member("second@example.com");
    account.add_dashboard_group("Admins").unwrap();
    account.add_membership("second@example.com", "Admins");
    assert_eq!(
        codes(&run(&account, &scim, &api, &request()).await),
        ["last-super-administrator", "group-without-policy"]
    );
    let cloudflare = client(&account, &scim, &api);
    let group = cloudflare.user_groups().find("Admins").await.unwrap().unwrap();
    let admin: PermissionGroupId = RoleId::super_administrator().as_str().parse().unwrap();
    let wide = cloudflare.resource_groups().account_wide().await.unwrap().id;
    cloudflare.user_groups().set_policies(&group.id, &[NewPolicy::allow([admin], wide)]).await.unwrap();
    assert_eq!(codes(&run(&account, &scim, &api, &request()).await), [""; 0]);
    account.end_membership("admin@example.com");
    account.end_membership("second@example.com");
    let preflight = run(&account, &scim, &api, &request()).await;
    assert_eq!((codes(&preflight), preflight.passed()), (vec!["no-super-administrator"], false));

    let account = good();
    let (scim, api) = (account.tokens().scim.clone(), account.tokens().api.clone());
    account.add_dashboard_group("Mine").unwrap();
    account.add_dashboard_group("Not mine").unwrap();
    let planned = request()
        .group("Mine")
        .group("CF people")
        .group("Cf is allowed")
        .user("alice", "alice@example.com")
        .user("bob@example.com", "robert@example.com")
        .user("carol@example.com", "carol@example.com")
        .user("CAROL@example.com", "carol@example.com");
    let preflight = run(&account, &scim, &api, &planned).await;
    let told: Vec<_> = preflight.findings.iter().map(|it| (it.code.as_str(), it.subject.as_deref().unwrap())).collect();
    assert_eq!(
        told,
        [
            ("group-name-reserved", "CF people"),
            ("user-name-no-email", "alice@example.com"),
            ("email-differs-from-user-name", "robert@example.com"),
            ("user-name-twice", "carol@example.com"),
            ("group-without-policy", "Mine"),
        ]
    );
}

#[tokio::test]
async fn an_account_that_shows_another_address_than_the_user_name() {
    let account = good();
    let (scim, api) = (account.tokens().scim.clone(), account.tokens().api.clone());
    let inner = account.clone();
    let transport = from_fn(move |request: http::Request<bytes::Bytes>| {
        let inner = inner.clone();
        async move {
            let members = request.uri().path().ends_with("/members");
            let response = inner.send(request).await?;
            Ok(response.map(|body| {
                let text = String::from_utf8(body.to_vec()).unwrap();
                if members { text.replace("second@example.com", "other@example.com").into() } else { body }
            }))
        }
    });
    let cloudflare = Cloudflare::builder(account.account_id().clone())
        .scim_token(scim)
        .api_token(api)
        .transport(Arc::new(transport) as Arc<dyn Transport>)
        .build()
        .unwrap();
    let preflight = cloudflare.preflight(&request()).await.unwrap();
    assert_eq!(codes(&preflight), ["email-differs-from-user-name"]);
    let text = serde_json::to_string(&preflight).unwrap();
    assert!(text.contains(r#""code":"email-differs-from-user-name","severity":"blocker""#), "{text}");
}

#[test]
fn every_code_is_a_word_of_its_own() {
    let words: BTreeSet<&str> = FindingCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(words.len(), FindingCode::ALL.len());
    assert!(words.iter().all(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
}
