//! Every call about audit logs against the OpenAPI document, and the history of an entry against what the
//! official SDK documents of it.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::BTreeSet;

use cloudflare_scim::*;
use common::contract::{check, example, id, lossless};
use common::{client, only_request, server};
use serde_json::json;

fn span() -> AuditQuery {
    AuditQuery::between("2026-08-01T00:00:00Z".parse().unwrap(), "2026-08-02T00:00:00Z".parse().unwrap())
}

#[tokio::test]
async fn audit_logs() {
    let query = span()
        .only(AuditField::ActionType, "create")
        .only(AuditField::ActionType, "update")
        .without(AuditField::ActorContext, "dash")
        .product_category("members")
        .direction(Direction::Ascending)
        .limit(10);
    let sent = "since=2026-08-01T00%3A00%3A00Z&before=2026-08-02T00%3A00%3A00Z&limit=10&direction=asc\
                &action_type=create&action_type=update&actor_context.not=dash&product_category=members";
    lossless("audit-logs-v2-get-account-audit-logs", "logs/audit", sent, None, async |c| {
        c.audit_logs().list(&query).first_page().await
    })
    .await;
}

#[tokio::test]
async fn every_documented_filter_and_its_twin_can_be_asked_for() {
    let documented: BTreeSet<String> =
        serde_json::from_value(example("audit-logs-v2-get-account-audit-logs")["query"].clone()).unwrap();
    let ours = AuditField::ALL.iter().flat_map(|field| [field.name(), field.excluding_name()]);
    let others = ["since", "before", "direction", "limit", "cursor"];
    assert_eq!(ours.chain(others).map(str::to_owned).collect::<BTreeSet<_>>(), documented);
    // Each of them in one request, in the place where it belongs.
    let query = AuditField::ALL.iter().fold(span(), |query, field| query.only(*field, "a b").without(*field, "c&d"));
    let pairs: Vec<String> = AuditField::ALL
        .iter()
        .flat_map(|field| [format!("{}=a%20b", field.name()), format!("{}=c%26d", field.excluding_name())])
        .collect();
    let sent = format!("since=2026-08-01T00%3A00%3A00Z&before=2026-08-02T00%3A00%3A00Z&limit=1000&{}", pairs.join("&"));
    check("audit-logs-v2-get-account-audit-logs", "logs/audit", &sent, None, async |c| {
        c.audit_logs().list(&query).first_page().await
    })
    .await;
}

#[tokio::test]
async fn the_older_audit_log() {
    let operation = "audit-logs-get-account-audit-logs";
    lossless(operation, "audit_logs", "page=1&per_page=1000", None, async |c| {
        c.audit_logs_v1().list().first_page().await
    })
    .await;
    let sent = "id=1&action.type=change_setting&actor.email=a%40b.cd&actor.ip=192.0.2.0%2F24&zone.name=example.com\
                &since=2026-08-01&before=2026-08-02&hide_user_logs=true&direction=asc&page=1&per_page=50";
    lossless(operation, "audit_logs", sent, None, async |c| {
        let list = c.audit_logs_v1().list().id(&id("1")).action_type("change_setting").actor_email("a@b.cd");
        let list = list.actor_ip("192.0.2.0/24").zone_name("example.com").since("2026-08-01".parse().unwrap());
        let list = list.before("2026-08-02".parse().unwrap()).hide_user_logs().direction(Direction::Ascending);
        list.per_page(50).first_page().await
    })
    .await;
    let (entries, _) =
        check(operation, "audit_logs", "page=1&per_page=1000", None, async |c| c.audit_logs_v1().list().all().await)
            .await;
    assert_eq!((entries[0].succeeded(), entries[0].time().is_some()), (Some(true), true));
}

#[tokio::test]
async fn the_history_of_an_entry() {
    let entry = example("audit-logs-v2-get-account-audit-logs")["body"]["result"][0].clone();
    for (word, status) in [
        ("exact", Some(HistoryStatus::Exact)),
        ("approximate", Some(HistoryStatus::Approximate)),
        ("unavailable", Some(HistoryStatus::Unavailable)),
        ("new word", Some(HistoryStatus::Other("new word".into()))),
    ] {
        let body = json!({"success": true, "errors": [], "result": [entry],
            "result_info": {"count": "1", "cursor": "", "history_status": word}});
        let server = server(200, "application/json", serde_json::to_vec(&body).unwrap()).await;
        let query = AuditHistoryQuery::new(id("e1"), "2024-10-30T15:00:00Z".parse().unwrap())
            .between("2024-10-30T00:00:00Z".parse().unwrap(), "2024-10-31T00:00:00Z".parse().unwrap())
            .direction(Direction::Descending)
            .limit(5);
        let history = client(&server.uri()).audit_logs().history(&query).await.unwrap();
        assert_eq!(history.status, status);
        assert_eq!(serde_json::to_value(&history.entries[0]).unwrap(), entry);
        let request = only_request(&server).await;
        assert_eq!(request.url.path(), format!("/client/v4/accounts/{}/logs/audit/e1/history", common::ACCOUNT));
        let sent = "action_time=2024-10-30T15%3A00%3A00Z&since=2024-10-30T00%3A00%3A00Z\
                    &before=2024-10-31T00%3A00%3A00Z&limit=5&direction=desc";
        assert_eq!(request.url.query(), Some(sent));
    }
}

#[tokio::test]
async fn the_cursor_is_found_in_both_places() {
    for info in [json!({"count": "1", "cursor": "next"}), json!({"cursors": {"after": "next", "before": ""}})] {
        let page = |id: &str, info: &serde_json::Value| {
            serde_json::to_vec(&json!({"success": true, "result": [{"id": id}], "result_info": info})).unwrap()
        };
        let server = wiremock::MockServer::start().await;
        let answer = |body| wiremock::ResponseTemplate::new(200).set_body_raw(body, "application/json");
        wiremock::Mock::given(wiremock::matchers::query_param("cursor", "next"))
            .respond_with(answer(page("2", &json!({"cursor": ""}))))
            .mount(&server)
            .await;
        wiremock::Mock::given(wiremock::matchers::query_param_is_missing("cursor"))
            .respond_with(answer(page("1", &info)))
            .mount(&server)
            .await;
        let entries = client(&server.uri()).audit_logs().list(&span()).all().await.unwrap();
        let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_ref().unwrap().as_str()).collect();
        assert_eq!(ids, ["1", "2"], "{info}");
        assert_eq!(server.received_requests().await.unwrap().len(), 2);
    }
}
