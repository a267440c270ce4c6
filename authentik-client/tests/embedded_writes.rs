//! What is written, how, and what comes of the answers (facts §11).

#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test: a panic is its result")]

mod lab;

use std::time::Duration;

use authentik_client::embedded::{MappingOutcome, Profile};
use lab::{Lab, adds_where_members_are_absent, remote, two_users, writes};
use serde_json::{Value, json};

/// Rules 6 and 17.
#[tokio::test(start_paused = true)]
async fn h20_a_rewritten_link_puts_everything_emptied_values_too() {
    let lab = Lab::new().await;
    let (_, users, provider) = two_users(&lab).await;
    lab.patch(&format!("core/users/{}/", users[0]), json!({"email": ""})).await;
    assert!(writes(&lab.settled().await).is_empty(), "E12: an emptied value is never sent");
    let links = lab.get(&format!("providers/scim_users/?provider__id={provider}&user__id={}", users[0])).await;
    let link = &links["results"][0];
    lab.call("DELETE", &format!("providers/scim_users/{}/", link["id"].as_str().unwrap()), Value::Null).await;
    let body = json!({"provider": provider, "user": users[0], "scim_id": link["scim_id"]});
    assert_eq!(lab.post("providers/scim_users/", body).await["attributes"], json!({}));
    lab.drain();
    let object = json!({"sync_object_model": "authentik.core.models.User", "sync_object_id": users[0].to_string()});
    assert_eq!(lab.post(&format!("providers/scim/{provider}/sync/object/"), object).await, json!({"messages": []}));
    let sent = lab.drain();
    assert_eq!(sent[0].1, "/v2/Users");
    assert!(sent[1].0 == "PUT" && sent[1].2.contains(r#""emails": []"#), "{sent:?}");
}

/// Rule 19.
#[tokio::test(start_paused = true)]
async fn h22_a_user_gone_remotely_is_created_anew_and_joins_with_the_next_group_write() {
    let lab = Lab::new().await;
    let (_, users, _) = two_users(&lab).await;
    lab.shelf(|shelf| shelf.users.remove(0));
    assert!(writes(&lab.sync().await).is_empty(), "a full sync does not notice");
    lab.patch(&format!("core/users/{}/", users[0]), json!({"name": "Now Changed"})).await;
    let sent = lab.settled().await;
    assert_eq!(writes(&sent), ["PUT /v2/Users/user-1", "POST /v2/Users"]);
    assert!(writes(&lab.sync().await)[0].starts_with("PATCH /v2/Groups/"), "new id in, dead id out");
}

/// Rule 19.
#[tokio::test(start_paused = true)]
async fn h80_members_per_patch_follow_max_operations() {
    let lab = Lab::new().await;
    let mut users = Vec::new();
    for index in 0..5 {
        users.push(lab.user(&format!("u{index}")).await);
    }
    let group = lab.group("g0", &users).await;
    let provider = lab.provider(&[&group], json!({})).await;
    lab.settled().await;
    for (max, wanted) in [(0, vec![5]), (1, vec![1; 5]), (2, vec![2, 2, 1]), (-1, vec![5]), (100, vec![5])] {
        lab.shelf(|shelf| {
            shelf.config["bulk"]["maxOperations"] = max.into();
            shelf.groups[0]["members"] = json!([]);
        });
        lab.drain();
        lab.patch(&format!("providers/scim/{provider}/"), json!({"dry_run": false})).await;
        assert!(lab.authentik.idle(Duration::from_secs(60)).await);
        let sizes: Vec<usize> = lab
            .drain()
            .iter()
            .filter(|(method, ..)| method == "PATCH")
            .map(|(_, _, body)| serde_json::from_str::<Value>(body).unwrap()["Operations"].as_array().unwrap().len())
            .collect();
        assert_eq!(sizes, wanted, "maxOperations {max}");
    }
}

/// Rule 15.
#[tokio::test(start_paused = true)]
async fn h81_an_incomplete_service_provider_config_means_put() {
    let lab = Lab::new().await;
    let (_, _, provider) = two_users(&lab).await;
    for (name, put) in [("bulk", true), ("sort", true), ("authenticationSchemes", true), ("etag", false)] {
        let whole = lab.shelf(|shelf| {
            let whole = shelf.config.clone();
            shelf.config.as_object_mut().unwrap().remove(name);
            shelf.groups[0]["members"] = json!([]);
            whole
        });
        lab.drain();
        lab.patch(&format!("providers/scim/{provider}/"), json!({})).await;
        let sent = lab.settled().await;
        assert_eq!(writes(&sent)[0].starts_with("PUT"), put, "{name}: {sent:?}");
        lab.shelf(|shelf| shelf.config = whole);
    }
}

/// Rules 8 and 21.
#[tokio::test(start_paused = true)]
async fn h110_a_replaced_member_set_is_compared_and_sent_once_per_direction_too() {
    let lab = Lab::new().await;
    let (group, users, _) = two_users(&lab).await;
    let third = lab.user("u2").await;
    lab.post(&format!("core/groups/{group}/add_user/"), json!({"pk": third})).await;
    assert!(writes(&lab.settled().await).is_empty(), "trap 7: a new member that is not linked is not sent");
    lab.sync().await;
    lab.patch(&format!("core/groups/{group}/"), json!({"users": [users[1], third]})).await;
    let mut sent = lab.settled().await;
    sent.sort();
    assert_eq!(
        sent,
        ["GET /v2/Groups/group-3", "PATCH /v2/Groups/group-3", "PATCH /v2/Groups/group-3"],
        "the comparison and the removal: nobody was added"
    );
    lab.post(&format!("core/groups/{group}/add_user/"), json!({"pk": third})).await;
    assert!(lab.settled().await.is_empty(), "adding a member is silent");
    lab.post(&format!("core/groups/{group}/remove_user/"), json!({"pk": users[0]})).await;
    assert_eq!(lab.settled().await, ["PATCH /v2/Groups/group-3"], "removing a stranger is not");
}

/// Rule 19.
#[tokio::test(start_paused = true)]
async fn h112_a_full_sync_adds_nobody_to_a_group_answered_without_members() {
    for (profile, adds) in [(Profile::Rc1, false), (Profile::V2026_5_6, true)] {
        let lab = Lab::with(|builder| builder.profile(profile)).await;
        assert_eq!(adds_where_members_are_absent(&lab).await, adds, "{profile}");
    }
}

/// Rule 18.
#[tokio::test(start_paused = true)]
async fn remove_form_and_rename_differ_by_version() {
    let bodies = async |profile: Profile| {
        let lab = Lab::with(|builder| builder.profile(profile)).await;
        let (group, users, _) = two_users(&lab).await;
        lab.drain();
        lab.post(&format!("core/groups/{group}/remove_user/"), json!({"pk": users[0]})).await;
        assert!(lab.authentik.idle(Duration::from_secs(60)).await);
        lab.patch(&format!("core/groups/{group}/"), json!({"name": "renamed"})).await;
        assert!(lab.authentik.idle(Duration::from_secs(60)).await);
        let patches = lab.drain().into_iter().filter(|(method, ..)| method == "PATCH");
        let external = group.clone();
        patches.map(|(_, _, body)| body.replace(&external, "UUID")).collect::<Vec<_>>()
    };
    let rc1 = bodies(Profile::Rc1).await;
    assert_eq!(
        rc1,
        [
            r#"{"Operations": [{"op": "remove", "path": "members", "value": [{"value": "user-1"}]}], "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}"#,
            r#"{"Operations": [{"op": "replace", "value": {"id": "group-3", "displayName": "renamed", "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "externalId": "UUID"}}]}"#,
        ]
    );
    let later = bodies(Profile::V2026_5_6).await;
    assert!(later[0].contains(r#"{"op": "remove", "path": "members[value eq \"user-1\"]"}"#), "{}", later[0]);
    assert!(!later[1].contains("group-3"), "{}", later[1]);
}

/// Rule 17.
#[tokio::test(start_paused = true)]
async fn nested_changes_are_seen_from_2026_8() {
    for (profile, seen) in [(Profile::Rc1, false), (Profile::V2026_5_6, false), (Profile::V2026_8, true)] {
        // A mapping whose displayName does not move with the name.
        let expression = "return {\"userName\": request.user.username, \"name\": {\"formatted\": request.user.name}}";
        let lab = Lab::with(|builder| {
            builder.profile(profile).mapping(expression, |input| {
                let user = input.user.as_ref().unwrap();
                MappingOutcome::Value(json!({"userName": user.username, "name": {"formatted": user.name}}))
            })
        })
        .await;
        let mapping = lab.post("propertymappings/provider/scim/", json!({"name": "m", "expression": expression})).await;
        let user = lab.user("u0").await;
        let group = lab.group("g0", &[user]).await;
        lab.provider(&[&group], json!({"property_mappings": [mapping["pk"]]})).await;
        lab.settled().await;
        lab.patch(&format!("core/users/{user}/"), json!({"name": "Another"})).await;
        assert_eq!(!writes(&lab.settled().await).is_empty(), seen, "{profile}");
    }
}

/// Rule 19.
#[tokio::test(start_paused = true)]
async fn a_409_links_what_is_found_by_name_and_the_next_sync_writes_it() {
    let lab = Lab::with(|builder| {
        let mut switches = authentik_client::embedded::Switches::default();
        switches.set("discovery", "off").unwrap();
        builder.switches(switches)
    })
    .await;
    lab.shelf(|shelf| shelf.users.push(remote("u0", true)));
    let user = lab.user("u0").await;
    let group = lab.group("g0", &[user]).await;
    lab.provider(&[&group], json!({})).await;
    let sent = lab.settled().await;
    assert_eq!(sent[1..3], ["POST /v2/Users", "GET /v2/Users?filter=userName+eq+%22u0%22"]);
    assert_eq!(writes(&lab.sync().await), ["PUT /v2/Users/old-u0"]);
}

/// Rules 5 and 19.
#[tokio::test(start_paused = true)]
async fn h62_failures_of_single_objects_are_warnings_behind_done() {
    let lab = Lab::new().await;
    let users = [lab.user("n0").await, lab.user("n1").await, lab.user("n2").await];
    let group = lab.group("g0", &users).await;
    let refusal = json!({"detail": "it's bad", "schemas": ["e"], "status": "400"});
    lab.faults("POST", "/v2/Users", vec![Some((429, Value::Null)), Some((500, json!("broke"))), Some((400, refusal))]);
    let provider = lab.provider(&[&group], json!({})).await;
    lab.settled().await;
    let logs = lab.logs().await;
    for wanted in [
        "warning Failed to sync n0 due to transient error: Network error communicating with remote system",
        "warning Failed to sync n1 due to transient error: Network error: 'broke'",
        "warning Failed to sync n2 due to transient error: Network error: {'detail': \"it's bad\", 'schemas': ['e'], 'status': '400'}",
    ] {
        assert!(logs.iter().any(|line| line == wanted), "{wanted}\n{logs:#?}");
    }
    let status = lab.get(&format!("providers/scim/{provider}/sync/status/")).await;
    assert_eq!(status["last_sync_status"], "done");
    let lab_2026_8 = Lab::with(|builder| builder.profile(Profile::V2026_8)).await;
    lab_2026_8.faults("POST", "/v2/Users", vec![Some((400, Value::Null))]);
    let (_, _, provider) = two_users(&lab_2026_8).await;
    let tasks = lab_2026_8.get("tasks/tasks/?aggregated_status=warning").await;
    assert_eq!(tasks["pagination"]["count"], 1);
    let status = lab_2026_8.get(&format!("providers/scim/{provider}/sync/status/")).await;
    assert_eq!(status["last_sync_status"], "info");
}

/// Rule 19.
#[tokio::test(start_paused = true)]
async fn h64_an_answer_without_id_stops_the_page() {
    let lab = Lab::new().await;
    let users = [lab.user("a").await, lab.user("b").await];
    let group = lab.group("g0", &users).await;
    lab.faults("POST", "/v2/Users", vec![Some((200, json!({"userName": "a"})))]);
    lab.provider(&[&group], json!({})).await;
    let sent = lab.settled().await;
    assert_eq!(writes(&sent).iter().filter(|request| request.contains("Users")).count(), 1);
    let wanted = "warning Stopping sync due to error: Error SCIM Response with missing or invalid `id`";
    assert!(lab.logs().await.contains(&wanted.to_owned()));
}

/// Rule 23.
#[tokio::test(start_paused = true)]
async fn h590_to_h593_mappings_that_do_not_work_stop_the_page_behind_done() {
    let raises = "return {\"userName\": {}[\"missing\"]}";
    let lab = Lab::with(|builder| {
        builder.mapping(raises, |_| MappingOutcome::Raise("KeyError".to_owned(), "'missing'".to_owned()))
    })
    .await;
    let (_, _, provider) = two_users(&lab).await;
    lab.patch(&format!("providers/scim/{provider}/"), json!({"property_mappings": []})).await;
    lab.settled().await;
    let wanted = "warning Stopping sync due to error: Error No mappings configured, caused by u0";
    assert!(lab.logs().await.contains(&wanted.to_owned()));
    for (name, expression, class) in [("raises", raises, "KeyError"), ("unknown", "return 1", "NotImplementedError")] {
        let mapping =
            lab.post("propertymappings/provider/scim/", json!({"name": name, "expression": expression})).await;
        let pk = mapping["pk"].clone();
        lab.patch(&format!("providers/scim/{provider}/"), json!({"property_mappings": [pk]})).await;
        assert!(writes(&lab.settled().await).is_empty());
        let wanted =
            format!("warning Stopping sync due to error: Error , caused by u0 (mapping SCIM Provider Mapping {name})");
        assert!(lab.logs().await.contains(&wanted), "{wanted}");
        let events = lab.get("events/events/?action=configuration_error").await;
        assert_eq!(events["results"][0]["context"]["mapping"]["name"], name);
        assert_eq!(events["results"][0]["context"]["exception"][1]["exc_type"], class);
    }
}

/// Rule 23.
#[tokio::test(start_paused = true)]
async fn h592_the_mapping_test_knows_neither_provider_nor_connection() {
    let lab = Lab::new().await;
    let user = lab.user("u0").await;
    let test = async |mapping: &str, body: Value| {
        lab.post(&format!("propertymappings/all/{mapping}/test/?format_result=false"), body).await
    };
    let got = test(&lab.group_mapping, json!({"group": lab.group("g0", &[]).await})).await;
    assert_eq!(got, json!({"result": "{\"displayName\": \"g0\"}", "successful": true}));
    let got = test(&lab.user_mapping, json!({"user": user})).await;
    assert!(got["result"].as_str().unwrap().starts_with("{\"userName\": \"u0\", \"name\": {\"formatted\": \"u0 \""));
    let expression = authentik_client::mapping::CLOUDFLARE_USER;
    let mapping = lab.post("propertymappings/provider/scim/", json!({"name": "cf", "expression": expression})).await;
    let got = test(mapping["pk"].as_str().unwrap(), json!({"user": user})).await;
    assert_eq!(got["successful"], false);
    assert!(got["result"].as_str().unwrap().ends_with("builtins.NameError: name 'connection' is not defined"));
    let unknown = format!("propertymappings/all/{}/test/", "0".repeat(32));
    assert_eq!(lab.call("POST", &unknown, json!({})).await.status, 404);
}

/// Rules 8 and 21.
#[tokio::test(start_paused = true)]
async fn a_group_saved_before_its_members_sends_them_once() {
    for (first, patches) in [("on", 1), ("off", 2)] {
        let lab = Lab::new().await;
        let (group, users, _) = two_users(&lab).await;
        lab.authentik.set_switch("group_saved_first", first).unwrap();
        lab.drain();
        lab.patch(&format!("core/groups/{group}/"), json!({"users": [users[1]]})).await;
        assert_eq!(writes(&lab.settled().await).len(), patches, "{first}");
    }
}
