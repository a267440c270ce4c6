//! The sync engine's rules (facts §11, rules 9 to 24), each test named after the recording or the rule
//! it stands for.

#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test: a panic is its result")]

mod lab;

use std::time::Duration;

use authentik_client::embedded::{MappingOutcome, Profile};
use lab::Lab;
use serde_json::{Value, json};

fn writes(requests: &[String]) -> Vec<&str> {
    requests.iter().map(String::as_str).filter(|request| !request.starts_with("GET")).collect()
}

/// Two users in one bound group, synced.
async fn two_users(lab: &Lab) -> (String, Vec<i64>, i64) {
    let users = vec![lab.user("u0").await, lab.user("u1").await];
    let group = lab.group("g0", &users).await;
    let provider = lab.provider(&[&group], json!({})).await;
    lab.settled().await;
    (group, users, provider)
}

fn remote(user: &str, active: bool) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": format!("old-{user}"), "userName": user,
        "active": active, "emails": [{"value": format!("{user}@elsewhere.test"), "type": "work"}]})
}

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

/// Makes a listed user odd.
type Odd = fn(&mut Value);

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

#[tokio::test(start_paused = true)]
async fn h112_a_full_sync_adds_nobody_to_a_group_answered_without_members() {
    for (profile, adds) in [(Profile::Rc1, false), (Profile::V2026_5_6, true)] {
        let lab = Lab::with(|builder| builder.profile(profile)).await;
        let (group, _, _) = two_users(&lab).await;
        let third = lab.user("u2").await;
        lab.shelf(|shelf| {
            let bare = |group: &mut Value| {
                group.as_object_mut().unwrap().remove("members");
            };
            shelf.dress_group = Some(Box::new(bare));
        });
        lab.post(&format!("core/groups/{group}/add_user/"), json!({"pk": third})).await;
        let sent = lab.sync().await;
        assert_eq!(writes(&sent).iter().any(|request| request.starts_with("PATCH")), adds, "{profile}: {sent:?}");
    }
}

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

#[tokio::test(start_paused = true)]
async fn h60_a_busy_service_provider_config_ends_the_sync_in_silence() {
    let lab = Lab::new().await;
    let (_, users, provider) = two_users(&lab).await;
    let timeout = json!({"service_provider_config_cache_timeout": "minutes=0"});
    lab.patch(&format!("providers/scim/{provider}/"), timeout).await;
    lab.settled().await;
    lab.faults("GET", "/v2/ServiceProviderConfig", vec![Some((429, Value::Null)); 5]);
    lab.patch(&format!("core/users/{}/", users[0]), json!({"name": "New Name"})).await;
    lab.settled().await;
    let task = lab.get("tasks/tasks/?state=queued").await["results"][0].clone();
    assert_eq!(task["retries"], 1, "an event is tried again");
    assert_eq!(task["previous_logs"][2]["event"], "Network error communicating with remote system");
    let sent = lab.sync().await;
    assert_eq!(sent, vec!["GET /v2/ServiceProviderConfig"; 4], "two pages, two clean-ups");
    let status = lab.get(&format!("providers/scim/{provider}/sync/status/")).await;
    assert_eq!((&status["is_running"], &status["last_sync_status"]), (&json!(false), &json!("done")));
}

#[tokio::test(start_paused = true)]
async fn h62_failures_of_single_objects_are_warnings_behind_done() {
    let lab = Lab::new().await;
    let users = [lab.user("n0").await, lab.user("n1").await, lab.user("n2").await];
    let group = lab.group("g0", &users).await;
    let refusal = json!({"schemas": ["e"], "status": "400", "detail": "it's bad"});
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

#[tokio::test(start_paused = true)]
async fn h65_five_retries_with_growing_delays_then_rejected_and_the_sync_begins_anew() {
    let lab = Lab::new().await;
    let (_, users, provider) = two_users(&lab).await;
    lab.faults("GET", "/v2/Users", vec![None; 1000]);
    lab.sync_without_waiting().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let status = async || lab.get(&format!("providers/scim/{provider}/sync/status/")).await;
    assert_eq!(status().await["is_running"], true);
    let mut seconds = 5;
    while status().await["is_running"] == true {
        tokio::time::sleep(Duration::from_secs(1)).await;
        seconds += 1;
        assert!(seconds < 1800, "never rejected");
    }
    assert!((400..1000).contains(&seconds), "{seconds}");
    assert_eq!(status().await["last_sync_status"], "rejected");
    let rejected = lab.get("tasks/tasks/?state=rejected").await["results"][0].clone();
    assert_eq!((&rejected["retries"], &rejected["eta"]), (&json!(5), &Value::Null));
    let full = lab.get("tasks/tasks/?state=queued").await["results"][0].clone();
    let error = full["previous_logs"].as_array().unwrap().last().unwrap()["event"].as_str().unwrap().to_owned();
    assert_eq!(error, "actor raised SCIMRequestException: Network error communicating with remote system");
    tokio::time::sleep(Duration::from_secs(45)).await;
    assert_eq!(status().await["is_running"], true, "the whole sync is tried again");
    assert_eq!(users.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn g32_and_g33_sync_object_waits_ten_seconds_then_answers_an_empty_405() {
    let lab = Lab::new().await;
    let (_, users, provider) = two_users(&lab).await;
    lab.faults("GET", "/v2/Users", vec![Some((500, json!({"detail": "injected"})))]);
    let object = json!({"sync_object_model": "authentik.core.models.User", "sync_object_id": users[0].to_string()});
    let before = tokio::time::Instant::now();
    let got = lab.call("POST", &format!("providers/scim/{provider}/sync/object/"), object).await;
    assert_eq!((got.status, got.text.as_str()), (405, ""));
    assert_eq!(got.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(before.elapsed().as_secs(), 10);
    let bad = json!({"sync_object_model": "authentik.core.models.User", "sync_object_id": "abc"});
    assert_eq!(lab.call("POST", &format!("providers/scim/{provider}/sync/object/"), bad).await.status, 405);
    let unknown = json!({"sync_object_model": "authentik.core.models.User", "sync_object_id": "999999"});
    lab.drain();
    assert_eq!(lab.post(&format!("providers/scim/{provider}/sync/object/"), unknown).await["messages"], json!([]));
    assert_eq!(lab.drain().len(), 1, "only the discovery");
}

#[tokio::test(start_paused = true)]
async fn g34_a_paused_schedule_can_be_sent_and_saving_the_provider_wakes_it() {
    let lab = Lab::new().await;
    let (_, _, provider) = two_users(&lab).await;
    let schedules = lab.get("tasks/schedules/").await;
    let path = format!("tasks/schedules/{}/", schedules["results"][0]["id"].as_str().unwrap());
    lab.patch(&path, json!({"paused": true})).await;
    assert!(!lab.sync().await.is_empty());
    lab.patch(&format!("providers/scim/{provider}/"), json!({"dry_run": false})).await;
    let schedule = lab.get(&path).await;
    assert_eq!((&schedule["paused"], &schedule["next_run"]), (&json!(false), &json!("1970-01-01T00:00:00Z")));
    lab.settled().await;
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert!(!lab.settled().await.is_empty(), "the next tick sends one more");
    assert!(lab.get(&path).await["next_run"].as_str().unwrap() > "2026-11-24T09:");
}

#[tokio::test(start_paused = true)]
async fn g36_an_application_takes_provider_links_schedule_and_tasks_with_it() {
    let lab = Lab::new().await;
    let (_, _, provider) = two_users(&lab).await;
    assert_eq!(lab.call("DELETE", "core/applications/app/", Value::Null).await.status, 204);
    assert_eq!(lab.call("GET", &format!("providers/scim/{provider}/"), Value::Null).await.status, 404);
    for list in ["providers/scim_users/", "tasks/schedules/", "tasks/tasks/"] {
        assert_eq!(lab.get(list).await["pagination"]["count"], 0, "{list}");
    }
    assert!(lab.settled().await.is_empty(), "nothing is sent");
}

#[tokio::test(start_paused = true)]
async fn two_threads_and_two_providers_block_each_other() {
    let lab = Lab::new().await;
    two_users(&lab).await;
    let body = json!({"name": "second", "url": "http://scim.test/v2", "property_mappings": [lab.user_mapping],
        "property_mappings_group": [lab.group_mapping]});
    let second = lab.post("providers/scim/", body).await["pk"].as_i64().unwrap();
    lab.post("core/applications/", json!({"name": "b", "slug": "b", "backchannel_providers": [second]})).await;
    lab.settled().await;
    let schedules = lab.get("tasks/schedules/").await;
    for schedule in schedules["results"].as_array().unwrap() {
        lab.post(&format!("tasks/schedules/{}/send/", schedule["id"].as_str().unwrap()), Value::Null).await;
    }
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert!(lab.drain().is_empty(), "both wait for page tasks that nobody takes");
    lab.authentik.set_switch("threads", "4").unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(!lab.drain().is_empty());
}

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

#[tokio::test(start_paused = true)]
async fn the_spare_sync_comes_within_a_minute_of_the_creation_and_then_every_four_hours() {
    let lab = Lab::new().await;
    two_users(&lab).await;
    lab.drain();
    tokio::time::sleep(Duration::from_secs(62)).await;
    assert_eq!(lab.settled().await.len(), 3, "discoveries and one group");
    tokio::time::sleep(Duration::from_secs(3 * 3600)).await;
    let early = lab.settled().await.len();
    tokio::time::sleep(Duration::from_secs(4 * 3600)).await;
    assert!(early + lab.settled().await.len() >= 3);
}

#[tokio::test(start_paused = true)]
async fn e03_the_sync_of_a_creation_finds_no_application() {
    let lab = Lab::new().await;
    lab.authentik.set_switch("first_sync", "blind").unwrap();
    let user = lab.user("u0").await;
    let group = lab.group("g0", &[user]).await;
    let provider = lab.provider(&[&group], json!({})).await;
    let path = format!("providers/scim/{provider}/sync/status/");
    assert_eq!(lab.get(&path).await, json!({"is_running": false}), "no task has finished yet");
    assert!(lab.settled().await.is_empty());
    let wanted = "warning No provider found. Is it assigned to an application?";
    assert!(lab.logs().await.contains(&wanted.to_owned()));
    let status = lab.get(&path).await;
    assert_eq!((&status["is_running"], &status["last_sync_status"]), (&json!(false), &json!("done")));
}

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

#[tokio::test(start_paused = true)]
async fn g35_only_a_rejected_task_can_be_tried_again() {
    let lab = Lab::new().await;
    let (_, users, _) = two_users(&lab).await;
    let done = lab.get("tasks/tasks/?state=done").await["results"][0]["message_id"].as_str().unwrap().to_owned();
    let got = lab.call("POST", &format!("tasks/tasks/{done}/retry/"), Value::Null).await;
    assert_eq!((got.status, got.text.as_str()), (400, ""));
    lab.faults("PUT", "/v2/Users", vec![None; 100]);
    lab.patch(&format!("core/users/{}/", users[0]), json!({"name": "Down Now"})).await;
    let mut rejected = Value::Null;
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_secs(30)).await;
        rejected = lab.get("tasks/tasks/?state=rejected").await["results"][0]["message_id"].clone();
        if rejected.is_string() {
            break;
        }
    }
    lab.settled().await;
    lab.shelf(|shelf| shelf.fault = None);
    let path = format!("tasks/tasks/{}/retry/", rejected.as_str().unwrap());
    assert_eq!(lab.call("POST", &path, Value::Null).await.status, 204);
    assert_eq!(lab.settled().await, ["PUT /v2/Users/user-1"]);
}
