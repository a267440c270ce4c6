//! The embedded account's audit log (rule 25): v2 by cursor, the history of an entry, the older v1.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use cloudflare_scim::embedded::*;
use cloudflare_scim::*;
use common::raw::raw;
use serde_json::json;

#[tokio::test]
async fn the_audit_log_shows_writes_after_a_while_page_by_page() {
    let clock = ManualClock::default();
    let account = EmbeddedAccount::builder().clock(clock.clone()).build();
    let cloudflare = account.client().unwrap();
    let since = clock.now();
    for n in 0..5 {
        cloudflare.user_groups().create(&NewUserGroup::new(format!("G{n}"))).await.unwrap();
        clock.advance(Duration::from_millis(10));
    }
    cloudflare.user_groups().create(&NewUserGroup::new("G0")).await.unwrap_err();
    let before = since + Duration::from_secs(3600);
    let query = AuditQuery::between(since, before).limit(2);
    assert!(cloudflare.audit_logs().list(&query).all().await.unwrap().is_empty(), "not yet");
    clock.advance(Duration::from_secs(1));
    for last in ["absent", "empty"] {
        account.set_switch("audit_last_cursor", last).unwrap();
        account.clear_requests();
        let entries = cloudflare.audit_logs().list(&query).all().await.unwrap();
        assert_eq!((entries.len(), account.request_count()), (6, 3));
        assert_eq!(entries.iter().filter(|entry| entry.succeeded() == Some(false)).count(), 1);
        assert!(entries.is_sorted_by_key(|entry| std::cmp::Reverse(entry.time())));
    }
    let token = cloudflare.tokens().verify_api_token().await.unwrap();
    let mine = query.clone().only(AuditField::ActorTokenId, token.id.as_str()).only(AuditField::ActionType, "create");
    let entries = cloudflare.audit_logs().list(&mine.direction(Direction::Ascending)).all().await.unwrap();
    assert_eq!(entries.len(), 6);
    let actor = entries[0].actor.as_ref().unwrap();
    assert_eq!((actor.kind.as_deref(), actor.context.as_deref()), (Some("account"), Some("api_token")));
    let raw_entry = entries[0].raw.as_ref().unwrap();
    assert_eq!(raw_entry.uri.as_deref(), Some(format!("/accounts/{}/iam/user_groups", account.account_id()).as_str()));
    assert_eq!(raw_entry.user_agent.as_deref().unwrap().split('/').next(), Some("cloudflare-scim"));
    assert!(!entries[0].ray_id().unwrap().is_empty());

    account.set_switch("audit_failures", "silent").unwrap();
    account.set_switch("audit_uri", "full").unwrap();
    cloudflare.user_groups().create(&NewUserGroup::new("G0")).await.unwrap_err();
    cloudflare.user_groups().create(&NewUserGroup::new("G9")).await.unwrap();
    clock.advance(Duration::from_secs(1));
    let entries = cloudflare.audit_logs().list(&query).all().await.unwrap();
    assert_eq!(entries.len(), 7);
    assert!(entries[0].raw.as_ref().unwrap().uri.as_ref().unwrap().starts_with("/client/v4/"));

    for delay in ["0", "5", "30", "300"] {
        account.set_switch("audit_delay", delay).unwrap();
        let before_write = cloudflare.audit_logs().list(&query).all().await.unwrap().len();
        cloudflare.user_groups().create(&NewUserGroup::new(format!("D{delay}"))).await.unwrap();
        let at_once = cloudflare.audit_logs().list(&query).all().await.unwrap().len();
        assert_eq!(at_once > before_write, delay == "0", "{delay}");
        clock.advance(Duration::from_secs(delay.parse().unwrap()));
        assert!(cloudflare.audit_logs().list(&query).all().await.unwrap().len() > before_write, "{delay}");
    }
}

#[tokio::test]
async fn the_audit_log_demands_a_span_and_says_so_without_a_code() {
    let account = EmbeddedAccount::new();
    for query in [
        "",
        "?since=2026-01-01",
        "?since=x&before=2026-01-01",
        "?since=2026-01-01&before=2026-01-02&limit=0",
        "?since=2026-01-01&before=2026-01-02&cursor=x",
        "?since=2026-01-01&before=2026-01-02&direction=up",
    ] {
        let (status, body) = raw(&account, "GET", &format!("logs/audit{query}"), None).await;
        assert_eq!(status, 400, "{query}");
        assert!(body["errors"][0].get("code").is_none() && body["errors"][0]["message"].is_string());
    }
    let (status, body) = raw(&account, "GET", "logs/audit?since=2026-01-01&before=2026-01-02T00:00:00Z", None).await;
    assert_eq!((status, &body["result_info"]["count"]), (200, &json!("0")));
}

#[tokio::test]
async fn the_history_of_an_entry_is_that_of_its_resource() {
    let clock = ManualClock::default();
    let account = EmbeddedAccount::builder().clock(clock.clone()).build();
    let cloudflare = account.client().unwrap();
    let since = clock.now();
    let group = cloudflare.user_groups().create(&NewUserGroup::new("Ops")).await.unwrap();
    cloudflare.user_groups().create(&NewUserGroup::new("Other")).await.unwrap();
    for name in ["Ops 2", "Ops 3", "Ops 4"] {
        clock.advance(Duration::from_secs(10));
        cloudflare.user_groups().update(&group.id, &UserGroupPatch::new().name(name)).await.unwrap();
    }
    clock.advance(Duration::from_secs(5));
    let logs = cloudflare.audit_logs();
    let span = AuditQuery::between(since, clock.now()).direction(Direction::Ascending);
    let entries = logs.list(&span).all().await.unwrap();
    assert_eq!(entries.len(), 5);
    // The entry of the creation has the address of the collection, the others that of the group.
    for (entry, status) in [(&entries[0], HistoryStatus::Approximate), (&entries[2], HistoryStatus::Exact)] {
        let query = AuditHistoryQuery::of(entry).unwrap().limit(2).direction(Direction::Ascending);
        account.clear_requests();
        let history = logs.history(&query).await.unwrap();
        assert_eq!((history.status, account.request_count()), (Some(status), 2));
        let words: Vec<_> = history.entries.iter().map(|entry| entry.kind().unwrap().as_str()).collect();
        assert_eq!(words, ["create", "update", "update", "update"]);
    }
    let time = entries[2].time().unwrap();
    let narrow = AuditHistoryQuery::of(&entries[2]).unwrap().between(time, time + Duration::from_secs(1));
    assert_eq!(logs.history(&narrow).await.unwrap().entries, [entries[2].clone()]);
    let elsewhere = AuditHistoryQuery::new(entries[2].id.clone().unwrap(), time - Duration::from_secs(9));
    assert!(logs.history(&elsewhere).await.unwrap_err().is_not_found());
    let path = format!("logs/audit/{}/history?since=2026-01-01&before=2026-01-02", entries[2].id.as_ref().unwrap());
    assert_eq!(raw(&account, "GET", &path, None).await.0, 400, "action_time is required");
}

#[tokio::test]
async fn the_older_log_has_pages_without_numbers() {
    let clock = ManualClock::default();
    let account = EmbeddedAccount::builder().clock(clock.clone()).build();
    let cloudflare = account.client().unwrap();
    for n in 0..25 {
        cloudflare.user_groups().create(&NewUserGroup::new(format!("G{n}"))).await.unwrap();
    }
    cloudflare.user_groups().create(&NewUserGroup::new("G0")).await.unwrap_err();
    clock.advance(Duration::from_secs(24 * 3600));
    let logs = cloudflare.audit_logs_v1();
    // Two full pages and a short one; where the last page is full, an empty one ends the list.
    for (per_page, requests) in [(10, 3), (13, 3), (1000, 1)] {
        account.clear_requests();
        assert_eq!(logs.list().per_page(per_page).all().await.unwrap().len(), 26);
        assert_eq!(account.request_count(), requests, "{per_page}");
    }
    let (_, body) = raw(&account, "GET", "audit_logs?per_page=1", None).await;
    assert_eq!((body.get("result_info"), &body["result"][0]["action"]["result"]), (None, &json!(false)));
    let day = "2026-09-01".parse().unwrap();
    assert_eq!(logs.list().since(day).all().await.unwrap().len(), 26);
    assert!(logs.list().before(day).all().await.unwrap().is_empty());
    assert!(logs.list().action_type("delete").all().await.unwrap().is_empty());
    assert_eq!(logs.list().hide_user_logs().all().await.unwrap().len(), 26);
    assert_eq!(raw(&account, "GET", "audit_logs?export=true", None).await.0, 400);
    let scim = Cloudflare::builder(account.account_id().clone())
        .scim_token(account.tokens().scim.clone())
        .transport(std::sync::Arc::new(account.clone()))
        .build()
        .unwrap();
    assert!(scim.audit_logs_v1().list().all().await.unwrap_err().is_permission_missing());
}
