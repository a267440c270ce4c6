//! Tasks, schedules, threads, retries, the lock (facts §11).

#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test: a panic is its result")]

mod lab;

use std::time::Duration;

use lab::{Lab, two_users, writes};
use serde_json::{Value, json};

/// Rules 5 and 10.
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

/// Rule 10.
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

/// Rule 10.
#[tokio::test(start_paused = true)]
async fn a_changed_crontab_moves_the_next_run_and_the_sync() {
    let lab = Lab::new().await;
    two_users(&lab).await;
    // Past the spare sync, long before the next regular one.
    tokio::time::sleep(Duration::from_secs(120)).await;
    lab.settled().await;
    let schedule = lab.get("tasks/schedules/").await["results"][0].clone();
    let path = format!("tasks/schedules/{}/", schedule["id"].as_str().unwrap());
    let changed = lab.patch(&path, json!({"crontab": "*/10 * * * *"})).await;
    assert_eq!(changed["next_run"], "2026-11-24T09:10:00Z");
    assert!(schedule["next_run"].as_str() > changed["next_run"].as_str());
    for _ in 0..2 {
        assert!(lab.settled().await.is_empty());
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(lab.settled().await.len(), 3, "discoveries and one group");
    }
    let got = lab.call("PATCH", &path, json!({"crontab": "often"})).await;
    assert_eq!((got.status, got.json()), (400, json!({"crontab": ["often is not a valid crontab"]})));
}

/// Rules 10 and 12.
#[tokio::test(start_paused = true)]
async fn the_time_scale_speeds_scheduler_and_retries_up() {
    for (scale, faster) in [(1, false), (60, true)] {
        let lab = Lab::with(|builder| builder.time_scale(scale)).await;
        let (_, users, _) = two_users(&lab).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let spare = lab.settled().await;
        assert_eq!(!spare.is_empty(), faster, "the spare sync comes within a minute, or a second: {spare:?}");
        // Two tries fail: at once, and after half a minute or more.
        lab.faults("PUT", "/v2/Users", vec![None; 2]);
        let renamed = tokio::time::Instant::now();
        lab.patch(&format!("core/users/{}/", users[0]), json!({"name": "New Name"})).await;
        while lab.shelf(|shelf| shelf.users[0]["displayName"] != "New Name") {
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert!(renamed.elapsed() < Duration::from_secs(600), "never written");
        }
        assert_eq!(renamed.elapsed() < Duration::from_secs(5), faster, "{scale}: {:?}", renamed.elapsed());
    }
}

/// Rule 15.
#[tokio::test(start_paused = true)]
async fn the_service_provider_config_is_asked_for_once_an_hour_and_after_each_save() {
    let lab = Lab::new().await;
    let (_, _, provider) = two_users(&lab).await;
    let asked = |requests: &[String]| requests.iter().filter(|it| it.ends_with("/ServiceProviderConfig")).count();
    assert_eq!(asked(&lab.sync().await), 0, "the first sync has asked");
    lab.patch(&format!("providers/scim/{provider}/"), json!({"name": "lab"})).await;
    assert_eq!(asked(&lab.settled().await), 1, "saving forgets it");
    tokio::time::sleep(Duration::from_secs(3000)).await;
    assert_eq!(asked(&lab.sync().await), 0, "fifty minutes later it is still good");
    tokio::time::sleep(Duration::from_secs(700)).await;
    assert_eq!(asked(&lab.sync().await), 1, "an hour later it is not");
}

/// Rule 15.
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

/// Rules 11 and 12.
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

/// Rule 6.
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

/// Rule 10.
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

/// Rule 11.
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

/// Rule 7.
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

/// Rule 9.
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

/// Rule 13.
#[tokio::test(start_paused = true)]
async fn a_sync_that_finds_another_one_running_says_so_and_ends() {
    let lab = Lab::new().await;
    two_users(&lab).await;
    lab.drain();
    lab.sync_without_waiting().await;
    lab.sync_without_waiting().await;
    assert_eq!(lab.settled().await.len(), 3, "one sync: two discoveries and a group");
    let skipped = "info Synchronization is already running. Skipping.".to_owned();
    assert_eq!(lab.logs().await.iter().filter(|line| **line == skipped).count(), 1);
}

/// Rules 21 and 25.
#[tokio::test(start_paused = true)]
async fn a_busy_worker_sees_the_scope_of_when_it_comes_to_an_event() {
    for (scope, sent) in [("commit", 0), ("run", 1)] {
        let lab = Lab::new().await;
        let (group, _, _) = two_users(&lab).await;
        lab.authentik.set_switch("event_scope", scope).unwrap();
        lab.drain();
        let begun = tokio::time::Instant::now();
        lab.authentik.hold_worker(Duration::from_secs(2));
        let late = lab.user("late").await;
        lab.post(&format!("core/groups/{group}/add_user/"), json!({"pk": late})).await;
        assert_eq!(writes(&lab.settled().await).iter().filter(|request| **request == "POST /v2/Users").count(), sent);
        assert!(begun.elapsed() >= Duration::from_secs(2), "the queue waited");
    }
}
