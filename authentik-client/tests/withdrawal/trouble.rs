use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use authentik_client::ErrorKind;
use authentik_client::embedded::{Fault, FaultKind, Profile};
use authentik_client::withdrawal::{Afterwards, WithdrawalOptions};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::scene::{Scene, delete_provider, usernames};

#[tokio::test(start_paused = true)]
async fn a_delete_that_is_refused_once_is_made_again() {
    for profile in Profile::ALL {
        let it = Scene::new(profile).await;
        let mut times = 1;
        it.scim.refuse(move |_| std::mem::replace(&mut times, 0) == 1);
        let report = it.run(delete_provider()).await;
        assert!(report.is_complete(), "{profile}: {report}");
        assert_eq!((report.removed.len(), it.scim.users()), (2, vec!["foreign".to_owned()]), "{profile}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_cannot_be_deleted_stays_linked_and_is_named_and_goes_with_the_next_run() {
    for profile in Profile::ALL {
        let it = Scene::new(profile).await;
        let options = || WithdrawalOptions::default().afterwards(Afterwards::DeleteApplication);
        let withdrawal = it.client.withdrawal(it.provider, options()).await.unwrap();
        let stubborn = withdrawal.users()[0].scim_id.clone();
        let ends = format!("/{stubborn}");
        it.scim.refuse(move |path| path.ends_with(&ends));
        let report = withdrawal.run().await;
        let error = report.failed.as_ref().unwrap();
        assert_eq!(error.kind(), ErrorKind::NotWritten, "{profile}: {error}");
        let text = error.to_string();
        assert!(text.contains("\"ada\"") && text.contains(&stubborn) && !text.contains("\"ben\" "), "{text}");
        // Where discovery finds the user again, the sync itself has tried six times: enough.
        let sent = report.done.iter().filter(|call| call.path.ends_with("/send/")).count();
        let rejected = matches!(profile, Profile::Rc1 | Profile::V2026_5_6);
        assert_eq!(sent == 1, rejected, "{profile}: {sent}");
        // Whoever came after the refusal may have been deleted, or may wait for the next run.
        assert!(usernames(&report.left).contains(&"ada") && it.scim.users().contains(&"ada".to_owned()));
        assert!(it.linked().await.contains(&"ada".to_owned()), "{profile}: forgotten");
        assert!(it.provider_now().await.is_some() && it.has_application("app").await, "{profile}");

        it.scim.refuse(|_| false);
        let withdrawal = it.client.withdrawal(it.provider, options()).await.unwrap();
        assert_eq!(withdrawal.application().unwrap().slug.as_str(), "app", "{profile}");
        assert!(withdrawal.plan().iter().all(|call| call.path != "policies/bindings/"), "{profile}: bound already");
        let report = withdrawal.run().await;
        assert!(report.is_complete(), "{profile}: {report}");
        assert_eq!(it.scim.users(), ["foreign"], "{profile}");
        assert!(it.provider_now().await.is_none() && !it.has_application("app").await, "{profile}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_gone_from_the_server_does_not_stop_it() {
    for profile in Profile::ALL {
        let it = Scene::new(profile).await;
        let withdrawal = it.client.withdrawal(it.provider, delete_provider()).await.unwrap();
        it.scim.ask("DELETE", &format!("/v2/Users/{}", withdrawal.users()[0].scim_id), &Value::Null);
        let report = withdrawal.run().await;
        assert!(report.is_complete(), "{profile}: {report}");
        assert_eq!((usernames(&report.gone), usernames(&report.removed)), (vec!["ada"], vec!["ben"]), "{profile}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_stops_where_authentik_fails_and_goes_on_from_there() {
    // Every write of the way fails once, before it takes effect or after.
    for kind in [FaultKind::Status(StatusCode::INTERNAL_SERVER_ERROR), FaultKind::LostAnswer] {
        for (method, path) in [
            (Method::POST, "core/applications/"),
            (Method::POST, "policies/bindings/"),
            (Method::PATCH, "core/applications/"),
            (Method::POST, "tasks/schedules/"),
            (Method::DELETE, "core/applications/"),
        ] {
            let it = Scene::new(Profile::V2026_5_6).await;
            it.lab.authentik.fault(Fault::new(path, kind).method(method.clone()));
            let report = it.run(delete_provider()).await;
            let deletion = method == Method::DELETE;
            // A deletion that authentik fails at is tried again: it fails while tasks run.
            let stops = !(deletion && matches!(kind, FaultKind::Status(_)));
            assert_eq!(report.failed.is_some(), stops, "{method} {path}: {report}");
            assert!(it.provider_now().await.is_some() || deletion, "{method} {path}");
            if it.provider_now().await.is_some() {
                let report = it.run(delete_provider()).await;
                assert!(report.is_complete(), "{method} {path}: {report}");
            }
            assert!(it.provider_now().await.is_none() && it.scim.users() == ["foreign"], "{method} {path}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_sync_that_does_not_end_is_no_success() {
    let it = Scene::new(Profile::Rc1).await;
    it.lab.authentik.kill_worker();
    let options = || delete_provider().limit(Duration::from_secs(60));
    let report = it.run(options()).await;
    assert_eq!(report.failed.as_ref().unwrap().kind(), ErrorKind::DeadlineExceeded, "{report}");
    assert_eq!((usernames(&report.left), it.linked().await.len()), (vec!["ada", "ben"], 2));
    assert!(it.provider_now().await.is_some());
    it.lab.authentik.start_worker();
    let report = it.run(options()).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(it.scim.users(), ["foreign"]);
}

#[tokio::test(start_paused = true)]
async fn whom_a_sync_that_goes_on_has_forgotten_is_linked_again() {
    let it = Scene::new(Profile::V2026_5_3).await;
    it.scim.refuse(|_| true);
    // The sync's second try comes after more than half a minute.
    let report = it.run(delete_provider().limit(Duration::from_secs(25))).await;
    assert_eq!(report.failed.as_ref().unwrap().kind(), ErrorKind::DeadlineExceeded, "{report}");
    assert_eq!(it.linked().await.len(), 2);
    it.scim.refuse(|_| false);
    assert!(it.run(delete_provider()).await.is_complete());
    assert_eq!(it.scim.users(), ["foreign"]);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_appears_in_dry_run_does_not_end_it() {
    let it = Scene::with(Profile::Rc1, json!({"dry_run": true}), None).await;
    let withdrawal = it.client.withdrawal(it.provider, delete_provider()).await.unwrap();
    let link = json!({"provider": it.provider, "user": it.ada, "scim_id": "x"});
    it.lab.post("providers/scim_users/", link).await;
    let report = withdrawal.run().await;
    assert_eq!(report.failed.as_ref().unwrap().kind(), ErrorKind::InvalidRequest, "{report}");
    assert_eq!(it.provider_now().await.unwrap()["dry_run"], true);
}

#[tokio::test(start_paused = true)]
async fn a_user_whose_creation_is_still_queued_is_not_forgotten() {
    let it = Scene::new(Profile::V2026_8).await;
    it.lab.authentik.hold_worker(Duration::from_secs(20));
    let body = json!({"username": "late", "name": "late", "email": "late@example.test", "groups": [it.staff]});
    it.lab.post("core/users/", body).await;
    let report = it.run(delete_provider()).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!((report.removed.len(), it.scim.users()), (3, vec!["foreign".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn it_says_what_stands_in_the_way() {
    let it = Scene::with(Profile::V2026_5_3, json!({}), Some("2026.2.0")).await;
    let report = it.run(delete_provider()).await;
    let text = report.to_string();
    assert!(text.contains("2026.2.1") && text.contains("left: \"ada\" ("), "{text}");

    let it = Scene::new(Profile::Rc1).await;
    let other = json!({"name": "other", "url": "http://other.test/v2", "dry_run": true});
    let other = it.lab.post("providers/scim/", other).await["pk"].clone();
    it.lab.patch("core/applications/app/", json!({"backchannel_providers": [it.provider, other]})).await;
    let options = WithdrawalOptions::default().afterwards(Afterwards::DeleteApplication);
    let report = it.run(options).await;
    let text = report.failed.as_ref().unwrap().to_string();
    assert!(text.contains("other providers") && report.done.is_empty() && it.has_application("app").await, "{text}");
}

#[tokio::test(start_paused = true)]
async fn bindings_that_authentik_reads_otherwise_do_not_get_the_provider() {
    let it = Scene::new(Profile::Rc1).await;
    let slug = format!("scim-withdrawal-{}", it.provider);
    it.witness.passing.lock().unwrap().replace(slug);
    let report = it.run(delete_provider()).await;
    let text = report.failed.as_ref().unwrap().to_string();
    assert!(text.contains("lets user"), "{text}");
    assert_eq!(it.provider_now().await.unwrap()["assigned_backchannel_application_slug"], "app");
    assert_eq!(it.scim.users(), ["ada", "ben", "foreign"]);
}

#[tokio::test(start_paused = true)]
async fn a_withdrawal_that_stopped_does_not_let_everybody_in_when_its_caller_is_deleted() {
    let it = Scene::new(Profile::Rc1).await;
    it.lab.authentik.fault(
        Fault::new("tasks/schedules/", FaultKind::Status(StatusCode::INTERNAL_SERVER_ERROR)).method(Method::POST),
    );
    assert!(!it.run(delete_provider()).await.is_complete());
    // The bindings of a user go with the user.
    let caller = it.client.me().await.unwrap().user.pk;
    for binding in it.lab.get("policies/bindings/").await["results"].as_array().unwrap() {
        if binding["user"] == json!(caller) {
            it.lab
                .call("DELETE", &format!("policies/bindings/{}/", binding["pk"].as_str().unwrap()), Value::Null)
                .await;
        }
    }
    let survey = it.client.survey(it.provider).await.unwrap();
    assert_eq!(survey.scope.values().filter(|reason| reason.is_in()).count(), 1);
    let report = it.run(delete_provider()).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(it.scim.users(), ["foreign"]);
}

#[tokio::test(start_paused = true)]
async fn who_is_deleted_in_authentik_meanwhile_and_refused_by_the_server_is_named() {
    let it = Scene::new(Profile::V2026_5_3).await;
    let withdrawal = it.client.withdrawal(it.provider, delete_provider()).await.unwrap();
    let ends = format!("/{}", withdrawal.users()[1].scim_id);
    it.scim.refuse(move |path| path.ends_with(&ends));
    it.lab.call("DELETE", &format!("core/users/{}/", it.ben), Value::Null).await;
    let report = withdrawal.run().await;
    assert_eq!(report.failed.as_ref().unwrap().kind(), ErrorKind::NotWritten, "{report}");
    assert_eq!((usernames(&report.left), usernames(&report.removed)), (vec!["ben"], vec!["ada"]));
    assert!(it.provider_now().await.is_some());
}

#[tokio::test(start_paused = true)]
async fn h60_a_sync_that_did_nothing_is_told_and_nobody_is_forgotten() {
    for profile in Profile::ALL {
        let it = Scene::with(profile, json!({"service_provider_config_cache_timeout": "minutes=0"}), None).await;
        it.scim.busy.store(true, Ordering::SeqCst);
        let report = it.run(delete_provider()).await;
        let text = report.failed.as_ref().unwrap().to_string();
        assert!(text.contains("429") && text.contains("\"ben\" ("), "{profile}: {text}");
        assert_eq!((it.linked().await.len(), it.scim.users().len()), (2, 3), "{profile}");
        it.scim.busy.store(false, Ordering::SeqCst);
        assert!(it.run(delete_provider()).await.is_complete(), "{profile}");
        assert_eq!(it.scim.users(), ["foreign"], "{profile}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_linked_while_the_others_are_deleted_goes_too() {
    let it = Scene::new(Profile::V2026_5_3).await;
    it.scim.add_user("new");
    let eve = it.lab.get("core/users/?username=eve").await["results"][0]["pk"].clone();
    let (there, client, scim, provider) = (it.scim.view(), it.client.clone(), Arc::clone(&it.scim), it.provider);
    let new = there.users.iter().find(|user| user.user_name.as_deref() == Some("new")).unwrap();
    let link = json!({"provider": provider, "user": eve, "scim_id": new.id});
    let linking = tokio::spawn(async move {
        while scim.users().len() == there.users.len() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        client.scim_user_links().create(&serde_json::from_value(link).unwrap()).await.unwrap();
    });
    let report = it.run(delete_provider()).await;
    linking.await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(usernames(&report.removed), ["ada", "ben", "eve"]);
    assert_eq!(it.scim.users(), ["foreign"]);
}

#[tokio::test(start_paused = true)]
async fn whom_a_sync_of_somebody_else_forgot_is_not_taken_for_gone() {
    let it = Scene::new(Profile::V2026_5_3).await;
    it.witness.rival.store(true, Ordering::SeqCst);
    let mut times = 1;
    it.scim.refuse(move |_| std::mem::replace(&mut times, 0) == 1);
    let report = it.run(delete_provider()).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!((usernames(&report.gone).len(), it.scim.users()), (0, vec!["foreign".to_owned()]), "{report}");
    assert!(!it.witness.rival.load(Ordering::SeqCst));
}
