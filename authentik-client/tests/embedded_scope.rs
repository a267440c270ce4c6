//! Who and what is in scope, and what discovery and clean-up make of remote objects (facts §11).

#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test: a panic is its result")]

mod lab;

use std::time::Duration;

use authentik_client::embedded::Profile;
use lab::{Lab, remote, two_users, writes};
use serde_json::{Value, json};

/// Makes a listed user odd.
type Odd = fn(&mut Value);

/// Rules 14, 16, 20 and 22.
#[tokio::test(start_paused = true)]
async fn h10_dry_run_adopts_and_forgets_and_h11_the_real_sync_deletes() {
    let lab = Lab::new().await;
    let inside = lab.user("inside").await;
    for outside in ["outside", "bymail", "inactive"] {
        lab.user(outside).await;
    }
    let group = lab.group("g0", &[inside]).await;
    lab.group("same-name", &[]).await;
    lab.shelf(|shelf| {
        shelf.users = vec![remote("outside", true), remote("stranger", true), remote("inactive", false)];
        let mut by_mail = remote("otherwise", true);
        by_mail["emails"][0]["value"] = "bymail@example.test".into();
        shelf.users.push(by_mail);
        shelf.groups = vec![
            json!({"id": "old-g", "displayName": "same-name", "members": []}),
            json!({"id": "new-g", "displayName": "unknown", "members": []}),
        ];
    });
    let provider = lab.provider(&[&group], json!({"dry_run": true})).await;
    lab.settled().await;
    let links = lab.get(&format!("providers/scim_users/?provider__id={provider}")).await;
    assert_eq!(links["pagination"]["count"], 0, "clean-up drops the links under dry run too");
    let logs = lab.logs().await;
    assert!(logs.contains(&"info Dropping mutating request due to dry run".to_owned()));
    assert!(!logs.iter().any(|line| line.contains("Deleted")), "and says nothing of it");

    lab.patch(&format!("providers/scim/{provider}/"), json!({"dry_run": false})).await;
    let sent = lab.settled().await;
    let deleted: Vec<&str> = writes(&sent).into_iter().filter(|request| request.starts_with("DELETE")).collect();
    assert_eq!(
        deleted,
        [
            "DELETE /v2/Users/old-outside",
            "DELETE /v2/Users/old-inactive",
            "DELETE /v2/Users/old-otherwise",
            "DELETE /v2/Groups/old-g"
        ]
    );
    assert!(lab.logs().await.contains(&"info Deleted out-of-scope User".to_owned()));
    assert!(lab.shelf(|shelf| shelf.users.iter().any(|user| user["userName"] == "stranger")));
}

/// Rule 14.
#[tokio::test(start_paused = true)]
async fn h40_to_h43_who_is_in_scope() {
    let lab = Lab::new().await;
    let [member, child, other] = [lab.user("member").await, lab.user("child").await, lab.user("other").await];
    let group = lab.group("parent", &[member]).await;
    let below = lab.group("below", &[child]).await;
    lab.patch(&format!("core/groups/{below}/"), json!({"parents": [group]})).await;
    let application = lab.post("core/applications/", json!({"name": "a", "slug": "a"})).await;
    let access = async |user: i64| {
        lab.get(&format!("core/applications/a/check_access/?for_user={user}")).await["passing"] == true
    };
    assert!(access(other).await, "no binding: everybody");
    let body = json!({"target": application["pk"], "group": group, "order": 0});
    let binding = lab.post("policies/bindings/", body).await;
    assert_eq!((access(member).await, access(child).await, access(other).await), (true, true, false));
    let path = format!("policies/bindings/{}/", binding["pk"].as_str().unwrap());
    let change = |extra: Value| {
        let mut body = json!({"target": application["pk"], "group": group, "order": 0});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    lab.patch(&path, change(json!({"enabled": false}))).await;
    assert!(access(other).await, "a disabled binding does not count");
    lab.patch(&path, change(json!({"enabled": true, "negate": true}))).await;
    assert_eq!((access(member).await, access(other).await), (false, true));
    lab.patch(&path, change(json!({"negate": false}))).await;
    lab.post("policies/bindings/", json!({"target": application["pk"], "user": child, "order": 1})).await;
    lab.patch("core/applications/a/", json!({"policy_engine_mode": "all"})).await;
    assert_eq!((access(member).await, access(child).await), (false, true), "all: every binding must pass");
    lab.authentik.set_switch("default_app_access", "off").unwrap();
    lab.post("core/applications/", json!({"name": "b", "slug": "b"})).await;
    assert_eq!(lab.get("core/applications/b/check_access/").await["passing"], false);
}

/// Rule 16.
#[tokio::test(start_paused = true)]
async fn h100_groups_as_plain_strings_stop_every_sync_of_rc1_but_not_of_2026_5_6() {
    for (profile, stops) in [(Profile::Rc1, true), (Profile::V2026_5_6, false), (Profile::V2026_8, false)] {
        let lab = Lab::with(|builder| builder.profile(profile)).await;
        let (_, _, provider) = two_users(&lab).await;
        lab.shelf(|shelf| {
            let dress = |user: &mut Value| user["groups"] = json!(["cloudflare-v1-minimal", "g0"]);
            shelf.dress_user = Some(Box::new(dress));
        });
        lab.drain();
        lab.sync_without_waiting().await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let status = lab.get(&format!("providers/scim/{provider}/sync/status/")).await;
        assert_eq!(status["is_running"], stops, "{profile}");
        let asked_groups = lab.drain().iter().any(|(_, target, _)| target.starts_with("/v2/Groups"));
        assert_eq!(asked_groups, !stops, "{profile}: groups never start");
        if stops {
            let tasks = lab.get("tasks/tasks/?ordering=-mtime&page_size=1&state=queued").await;
            let task = &tasks["results"][0];
            assert_eq!((&task["retries"], &task["aggregated_status"]), (&json!(1), &json!("queued")));
            let error = task["previous_logs"][2]["event"].as_str().unwrap();
            assert!(error.starts_with("2 validation errors for User\ngroups.0\n"), "{error}");
            // Tries 30 s apart, since the delays of the first two end within the next look.
            tokio::time::sleep(Duration::from_secs(60)).await;
            let tries = lab.drain().iter().filter(|(_, target, _)| target == "/v2/Users").count();
            assert_eq!(tries, 2);
        }
    }
}

/// Rule 16.
#[tokio::test(start_paused = true)]
async fn h101_to_h103_short_listed_resources_are_harmless() {
    let lab = Lab::new().await;
    two_users(&lab).await;
    let dresses: [Odd; 3] = [
        |user| {
            user.as_object_mut().unwrap().remove("emails");
        },
        |user| user["emails"] = json!([]),
        |user| {
            user["name"] = Value::Null;
            user["externalId"] = Value::Null;
            user["groups"] = json!([{"display": "without value"}]);
        },
    ];
    for dress in dresses {
        lab.shelf(|shelf| shelf.dress_user = Some(Box::new(dress)));
        assert_eq!(lab.sync().await, ["GET /v2/Users", "GET /v2/Groups", "GET /v2/Groups/group-3"]);
    }
}

/// Rule 16.
#[tokio::test(start_paused = true)]
async fn h104_to_h106_odd_lists_crash_the_page_task_and_a_repaired_one_passes() {
    let odd: [(&str, Odd); 3] = [
        ("1 validation error for User\nemails.0.type", |user| user["emails"][0]["type"] = "personal".into()),
        ("1 validation error for User\nemails.0", |user| user["emails"][0]["value"] = "nope".into()),
        ("'NoneType' object is not iterable", |user| {
            if user["userName"] == "stranger" {
                user.as_object_mut().unwrap().remove("emails");
            }
        }),
    ];
    for (text, dress) in odd {
        let lab = Lab::new().await;
        two_users(&lab).await;
        lab.shelf(|shelf| {
            shelf.users.push(remote("stranger", true));
            shelf.dress_user = Some(Box::new(dress));
        });
        lab.sync_without_waiting().await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(lab.logs().await.iter().any(|line| line.starts_with(&format!("error {text}"))), "{text}");
        lab.shelf(|shelf| shelf.dress_user = None);
        assert!(lab.authentik.idle(Duration::from_secs(60)).await, "mended after 30 s");
    }
}

/// Rule 16.
#[tokio::test(start_paused = true)]
async fn h106_a_list_without_resources_and_h105_without_emails_fail_the_page() {
    let lab = Lab::new().await;
    two_users(&lab).await;
    lab.faults("GET", "/v2/Users", vec![Some((200, json!({"totalResults": 0, "startIndex": 1})))]);
    lab.sync_without_waiting().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(lab.logs().await.contains(&"error 'Resources'".to_owned()));
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(lab.authentik.idle(Duration::from_secs(5)).await, "repaired before the retry");
}

/// Rule 16.
#[tokio::test(start_paused = true)]
async fn h63_a_lost_answer_leaves_the_user_there_and_discovery_finds_it() {
    let lab = Lab::new().await;
    let user = lab.user("cut").await;
    let group = lab.group("g0", &[user]).await;
    lab.faults("POST", "/v2/Users", vec![None]);
    lab.provider(&[&group], json!({})).await;
    lab.settled().await;
    let wanted = "warning Failed to sync cut due to transient error: Network error communicating with remote system";
    assert!(lab.logs().await.contains(&wanted.to_owned()));
    lab.shelf(|shelf| shelf.users.push(remote("cut", true)));
    assert_eq!(writes(&lab.sync().await), ["PUT /v2/Users/old-cut", "PATCH /v2/Groups/group-1"]);
}
