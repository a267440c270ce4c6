//! Bulk: split by the server's limits, references resolved across requests, nothing forgotten.

use scim_core::client::{BulkState, ErrorKind, ScimClient};
use scim_core::filter::attr;
use scim_core::patch::PatchOp;
use scim_core::resource::{Group, Member, User};
use serde_json::{Value, json};

use crate::support::{Seen, body, full_client, id, lost, provider_client, response};

/// Bodies of the bulk requests.
fn bulks(seen: &Seen) -> Vec<Value> {
    let wanted: Vec<usize> = {
        let seen = seen.lock().unwrap();
        (0..seen.len()).filter(|n| seen[*n].uri().path().ends_with("/Bulk")).collect()
    };
    wanted.into_iter().map(|n| body(seen, n)).collect()
}

fn limited(operations: u64, bytes: u64) -> (ScimClient, Seen) {
    provider_client(move |_, request, _| {
        request.uri().path().ends_with("Config").then(|| {
            let bulk = json!({"supported": true, "maxOperations": operations, "maxPayloadSize": bytes});
            Ok(response(200, &[], &json!({"bulk": bulk}).to_string()))
        })
    })
}

#[tokio::test]
async fn operations_are_split_and_references_cross_the_requests() {
    let (scim, seen) = limited(2, 1_000_000);
    let mut bulk = scim.bulk();
    let mut team = Group::new("Team");
    let users: Vec<String> = (2..6).map(|n| format!("bulkId:b{n}")).collect();
    team.members = Some(users.iter().map(|user| Member::new(id(user))).collect());
    bulk.create(&team);
    for (n, expected) in users.iter().enumerate() {
        assert_eq!(&bulk.create(&User::new(format!("u{n}"))), expected);
    }
    let outcome = bulk.send().await.unwrap();
    assert!(outcome.is_complete() && outcome.error.is_none(), "{outcome:?}");
    let sizes: Vec<_> = bulks(&seen).iter().map(|bulk| bulk["Operations"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [2, 2, 1]);
    let BulkState::Done { id: Some(group), .. } = &outcome.states[0] else { panic!("{outcome:?}") };
    assert_eq!(scim.groups().get(group).await.unwrap().members.unwrap().len(), 4);
}

#[tokio::test]
async fn bytes_are_a_limit_too() {
    let (scim, seen) = limited(1_000, 1_000);
    let mut bulk = scim.bulk();
    for n in 0..20 {
        bulk.create(&User::new(format!("u{n}{}", "x".repeat(100))));
    }
    assert!(bulk.send().await.unwrap().is_complete());
    let bulks = bulks(&seen);
    assert!(bulks.len() > 3);
    assert!(bulks.iter().all(|bulk| bulk.to_string().len() <= 1_000));
}

#[tokio::test]
async fn a_413_makes_requests_smaller() {
    let (scim, seen) = provider_client(|_, request, _| {
        let large = request.body().len() > 700 && request.uri().path().ends_with("/Bulk");
        large.then(|| Ok(response(413, &[], "")))
    });
    let mut bulk = scim.bulk();
    for n in 0..16 {
        bulk.create(&User::new(format!("u{n}")));
    }
    assert!(bulk.send().await.unwrap().is_complete());
    assert!(bulks(&seen).len() < 16);
    assert_eq!(scim.users().list().all().await.unwrap().len(), 16);
}

#[tokio::test]
async fn every_method_and_what_fails_are_told_one_by_one() {
    let (scim, _) = provider_client(|_, _, _| None);
    let user = scim.users().create(&User::new("a")).await.unwrap();
    let gone = scim.users().create(&User::new("b")).await.unwrap().id.unwrap();
    let user_id = user.id.clone().unwrap();
    let mut bulk = scim.bulk();
    bulk.replace(&user_id, &User::new("a2"), None);
    bulk.patch::<User>(&user_id, &PatchOp::new().replace(attr("title"), "t"), None);
    bulk.patch::<User>(&user_id, &PatchOp::new().replace(attr("title"), "u"), Some(&"W/\"stale\"".into()));
    bulk.create(&User::new("a2"));
    bulk.delete::<User>(&gone, None);
    let outcome = bulk.send().await.unwrap();
    let codes: Vec<u16> = outcome
        .states
        .iter()
        .map(|state| match state {
            BulkState::Done { status, .. } | BulkState::Refused { status, .. } => *status,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(codes[..2], [200, 200]);
    assert_eq!(codes[2..4], [412, 409]);
    assert!(matches!(codes[4], 200 | 204));
    assert!(!outcome.is_complete() && outcome.open().is_empty());
    assert_eq!(scim.users().get(&user_id).await.unwrap().title.as_deref(), Some("t"));
}

#[tokio::test]
async fn what_needs_something_that_failed_is_not_sent() {
    let (scim, seen) = limited(1, 1_000_000);
    scim.users().create(&User::new("taken")).await.unwrap();
    let mut bulk = scim.bulk();
    let user = bulk.create(&User::new("taken"));
    let mut team = Group::new("Team");
    team.members = Some(vec![Member::new(id(&user))]);
    bulk.create(&team);
    bulk.create(&User::new("free"));
    let outcome = bulk.send().await.unwrap();
    assert!(matches!(outcome.states[0], BulkState::Refused { status: 409, .. }));
    assert_eq!(outcome.states[1], BulkState::NotSent);
    assert!(matches!(outcome.states[2], BulkState::Done { .. }));
    assert_eq!(bulks(&seen).len(), 2);

    let mut bulk = scim.bulk().fail_on_errors(1);
    bulk.create(&User::new("taken"));
    bulk.create(&User::new("free too"));
    assert_eq!(bulk.send().await.unwrap().states[1], BulkState::NotSent);
}

#[tokio::test]
async fn circles_go_in_one_request() {
    let (scim, seen) = limited(1, 1_000_000);
    let mut bulk = scim.bulk();
    for (name, other) in [("A", "bulkId:b2"), ("B", "bulkId:b1")] {
        let mut group = Group::new(name);
        let mut member = Member::new(id(other));
        member.r#type = Some("Group".into());
        group.members = Some(vec![member]);
        bulk.create(&group);
    }
    let outcome = bulk.send().await.unwrap();
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!(bulks(&seen).len(), 1);
}

#[tokio::test]
async fn a_lost_answer_leaves_its_operations_open_and_sends_no_more() {
    let config = json!({"bulk": {"supported": true, "maxOperations": 2}}).to_string();
    let done = json!({"method": "POST", "bulkId": "b1", "status": "201", "location": "https://evil.example/Users/1"});
    // The printed object form of the status, and no result for the second.
    let first = json!({"Operations": [done]}).to_string();
    let (scim, seen) = full_client(move |n, request| match request.uri().path() {
        "/scim/v2/Bulk" if n == 1 => Ok(response(200, &[], &first)),
        "/scim/v2/Bulk" => lost(),
        _ => Ok(response(200, &[], &config)),
    });
    let mut bulk = scim.bulk();
    for n in 0..6 {
        bulk.create(&User::new(format!("u{n}")));
    }
    let outcome = bulk.send().await.unwrap();
    assert!(matches!(outcome.states[0], BulkState::Done { id: None, .. }), "a foreign location names no id of ours");
    assert_eq!(outcome.open(), [1, 2, 3]);
    assert_eq!(outcome.states[4..], [BulkState::NotSent, BulkState::NotSent]);
    let error = outcome.error.unwrap();
    assert!(error.may_have_been_applied());
    assert_eq!(error.completed(), Some(1));
    assert_eq!(bulks(&seen).len(), 2);
}

#[tokio::test]
async fn a_server_without_bulk_is_not_asked() {
    let (scim, seen) = full_client(|_, _| Ok(response(200, &[], r#"{"bulk":{"supported":false}}"#)));
    let mut bulk = scim.bulk();
    bulk.create(&User::new("x"));
    assert_eq!(bulk.send().await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(bulks(&seen).is_empty());
}
