//! Ten thousand users and five hundred groups of forty: what an examination costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use authentik_client::Authentik;
use authentik_client::doctor::{Code, RemoteView};
use authentik_client::id::ProviderPk;
use authentik_client::mapping::{MANAGED_GROUP, MANAGED_USER};
use bytes::Bytes;
use scim_core::transport::{TransportExt, from_fn};
use serde_json::{Value, json};

const USERS: usize = 10_000;
const GROUPS: usize = 500;
const MEMBERS: usize = 40;

fn uuid(kind: u8, number: usize) -> String {
    format!("{kind:08x}-0000-4000-8000-{number:012x}")
}

fn user(pk: usize) -> Value {
    let groups: Vec<String> = (0..2).map(|nth| uuid(1, (pk / MEMBERS + nth * GROUPS / 2) % GROUPS)).collect();
    json!({"pk": pk, "username": format!("u{pk}"), "name": format!("User {pk}"), "email": format!("u{pk}@example.test"),
        "uid": format!("{pk:064x}"), "groups": groups})
}

fn members(number: usize) -> Vec<usize> {
    let first = (number % (GROUPS / 2)) * MEMBERS;
    (first..first + MEMBERS).collect()
}

fn resource(pk: usize) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": format!("r{pk}"), "userName": format!("u{pk}"),
        "name": {"formatted": format!("User {pk}"), "givenName": "User", "familyName": format!("{pk}")},
        "displayName": format!("User {pk}"), "active": true, "externalId": format!("{pk:064x}"),
        "emails": [{"value": format!("u{pk}@example.test"), "type": "other", "primary": true}]})
}

fn group(number: usize) -> Value {
    let members: Vec<Value> = members(number).iter().map(|pk| json!({"value": format!("r{pk}")})).collect();
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": format!("g{number}"),
        "displayName": format!("group {number}"), "externalId": uuid(1, number), "members": members})
}

/// One page of a list, clamped as authentik clamps.
fn page(query: &str, total: usize, item: impl Fn(usize) -> Value) -> Value {
    let number = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.parse::<usize>().ok());
    let (page, size) = (number("page=").unwrap_or(1), number("page_size=").unwrap_or(20).min(100));
    let first = (page - 1) * size;
    let items: Vec<Value> = (first..(first + size).min(total)).map(item).collect();
    let next = if first + size < total { page + 1 } else { 0 };
    json!({"pagination": {"next": next, "previous": page - 1, "count": total, "current": page,
        "total_pages": total.div_ceil(size), "start_index": first + 1, "end_index": first + size}, "results": items})
}

fn answer(path: &str, query: &str) -> Value {
    let provider = || {
        json!({"pk": 1, "name": "cf", "url": "https://scim.test/v2", "property_mappings": [uuid(2, 1)],
        "property_mappings_group": [uuid(2, 2)], "group_filters": (0..GROUPS).map(|n| uuid(1, n)).collect::<Vec<_>>(),
        "exclude_users_service_account": true, "sync_page_size": 10_000,
        "assigned_backchannel_application_slug": "cf"})
    };
    match path {
        "admin/version" => json!({"version_current": "2026.8.3"}),
        "providers/scim/1" => provider(),
        "providers/scim/1/sync/status" => json!({"is_running": false, "last_sync_status": "info"}),
        "providers/scim" => page(query, 1, |_| provider()),
        "providers/scim_users" => page(
            query,
            USERS,
            |pk| json!({"id": uuid(3, pk), "scim_id": format!("r{pk}"), "user": pk, "provider": 1, "attributes": resource(pk)}),
        ),
        "providers/scim_groups" => page(
            query,
            GROUPS,
            |n| json!({"id": uuid(4, n), "scim_id": format!("g{n}"), "group": uuid(1, n), "provider": 1, "attributes": group(n)}),
        ),
        "core/users" => page(query, USERS, user),
        "core/groups" => {
            page(query, GROUPS, |n| json!({"pk": uuid(1, n), "name": format!("group {n}"), "users": members(n)}))
        }
        "core/applications/cf" => json!({"pk": uuid(5, 1), "name": "cf", "slug": "cf", "backchannel_providers": [1]}),
        "policies/bindings" => page(
            query,
            GROUPS,
            |n| json!({"pk": uuid(6, n), "target": uuid(5, 1), "group": uuid(1, n), "enabled": true, "order": 0}),
        ),
        "propertymappings/provider/scim" => page(
            query,
            2,
            |n| json!({"pk": uuid(2, n + 1), "name": "m", "expression": "", "managed": ([MANAGED_USER, MANAGED_GROUP][n])}),
        ),
        "tasks/schedules" => page(query, 1, |_| {
            json!({"id": uuid(7, 1), "actor_name": "authentik.providers.scim.tasks.scim_sync", "rel_obj_id": "1",
                "crontab": "5 */4 * * *", "paused": false, "next_run": "2026-11-24T12:05:00Z"})
        }),
        _ => page(query, 0, |_| Value::Null),
    }
}

#[tokio::test]
async fn ten_thousand_users_are_examined_in_some_two_hundred_requests() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let transport = from_fn(move |request: http::Request<Bytes>| {
        count.fetch_add(1, Ordering::SeqCst);
        let path = request.uri().path().trim_start_matches("/api/v3/").trim_end_matches('/').to_owned();
        let body = answer(&path, request.uri().query().unwrap_or_default()).to_string();
        async move { Ok(http::Response::builder().header("content-type", "application/json").body(body.into()).unwrap()) }
    });
    let authentik = Authentik::builder("http://authentik.test".parse().unwrap(), "t".to_owned().into())
        .transport(transport.shared())
        .build()
        .unwrap();
    let users = (0..USERS).map(|pk| serde_json::from_value(resource(pk)).unwrap()).collect();
    let groups = (0..GROUPS).map(|n| serde_json::from_value(group(n)).unwrap()).collect();
    let mut view = RemoteView::new(users, groups);
    let began = std::time::Instant::now();
    let found = authentik.doctor(ProviderPk::new(1), &view).await.unwrap();
    let took = began.elapsed();
    let told: Vec<String> = found.iter().take(5).map(ToString::to_string).collect();
    assert!(told.is_empty(), "{told:#?}");
    let requests = asked.load(Ordering::SeqCst);
    println!("10,000 users, 500 groups of 40: {requests} requests, {} ms with the answers made", took.as_millis());
    assert!(requests <= 100 + 100 + 5 + 5 + 5 + 12, "{requests}");

    // One change among all of them is found.
    view.users[7_000].display_name = Some("Mallory".into());
    let found = authentik.doctor(ProviderPk::new(1), &view).await.unwrap();
    assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), [Code::Drift]);
    assert_eq!(found[0].resource, "user \"u7000\"");

    // And ten thousand of them are told in a time that is no reason to look away.
    for user in &mut view.users {
        user.display_name = Some("Mallory".into());
    }
    let found = authentik.doctor(ProviderPk::new(1), &view).await.unwrap();
    assert_eq!(found.len(), USERS);
}
