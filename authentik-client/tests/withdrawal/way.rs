use authentik_client::ErrorKind;
use authentik_client::embedded::{Fault, FaultKind, Profile};
use authentik_client::withdrawal::{Afterwards, WithdrawalOptions};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::scene::{Scene, delete_provider, usernames};

#[tokio::test(start_paused = true)]
async fn nobody_of_authentiks_is_left_and_everything_else_is_untouched() {
    for profile in Profile::ALL {
        let it = Scene::new(profile).await;
        assert_eq!(it.scim.users(), ["ada", "ben", "foreign"], "{profile}");
        let bindings = it.lab.get("policies/bindings/").await["results"].clone();
        let staff = it.lab.get(&format!("core/groups/{}/", it.staff)).await;

        let withdrawal = it.client.withdrawal(it.provider, delete_provider()).await.unwrap();
        assert_eq!((usernames(withdrawal.users()), withdrawal.groups().len()), (vec!["ada", "ben"], 1));
        assert_eq!(withdrawal.obstacles(), [""; 0]);
        assert!(it.writes().is_empty(), "planning writes nothing");
        let plan = withdrawal.plan();
        let report = withdrawal.run().await;
        assert!(report.is_complete(), "{profile}: {report}");
        assert_eq!(usernames(&report.removed), ["ada", "ben"], "{profile}");
        assert!(report.left.is_empty() && report.gone.is_empty() && report.groups_left.len() == 1);

        assert_eq!((it.scim.users(), it.scim.groups()), (vec!["foreign".to_owned()], vec!["staff".to_owned()]));
        assert!(it.provider_now().await.is_none() && it.has_application("app").await);
        assert!(!it.has_application(&format!("scim-withdrawal-{}", it.provider)).await);
        assert_eq!(it.lab.get("policies/bindings/").await["results"], bindings);
        assert_eq!(it.lab.get(&format!("core/groups/{}/", it.staff)).await, staff);

        // What was shown is what was sent: only the pk of what did not exist yet could not be known.
        let sent = it.writes();
        let planned: Vec<String> = plan.iter().map(|call| format!("{} {}", call.method, call.path)).collect();
        let bare = |line: &String| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
        assert_eq!(sent.iter().map(bare).collect::<Vec<_>>(), planned, "{profile}");
        let done: Vec<String> = report.done.iter().map(|call| format!("{} {}", call.method, call.path)).collect();
        assert_eq!(done, planned, "{profile}");
        assert!(!sent.iter().any(|line| line.contains("core/groups") || line.contains("core/users")), "{sent:#?}");

        // Twice: there is nothing to withdraw from.
        let again = it.client.withdrawal(it.provider, delete_provider()).await.unwrap_err();
        assert!(again.is_not_found(), "{again}");
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_lets_people_in_lets_nobody_in_then() {
    for profile in Profile::ALL {
        for case in ["all", "negate", "user", "no filter", "shared"] {
            let it = Scene::new(profile).await;
            let application = it.lab.get("core/applications/app/").await["pk"].clone();
            let mut binding = json!({"target": application, "order": 5, "negate": case == "negate"});
            match case {
                "all" => drop(it.lab.patch("core/applications/app/", json!({"policy_engine_mode": "all"})).await),
                "negate" => binding["group"] = it.lab.group("others", &[]).await.into(),
                "user" => binding["user"] = it.ada.into(),
                "no filter" => it.patch_provider(json!({"group_filters": []})).await,
                _ => {
                    let other = json!({"name": "other", "url": "http://other.test/v2", "dry_run": true,
                        "property_mappings": [it.lab.user_mapping], "property_mappings_group": [it.lab.group_mapping]});
                    let other = it.lab.post("providers/scim/", other).await["pk"].as_i64().unwrap();
                    let both = json!({"backchannel_providers": [it.provider, other]});
                    it.lab.patch("core/applications/app/", both).await;
                }
            }
            if case == "negate" || case == "user" {
                it.lab.post("policies/bindings/", binding).await;
            }
            it.client
                .schedules()
                .send(&it.client.schedules().of_provider(it.provider).await.unwrap().id)
                .await
                .unwrap();
            it.settled().await;
            let before = it.linked().await.len();
            assert!(before >= 2, "{profile} {case}");
            let groups = it.scim.groups();

            let report = it.run(delete_provider()).await;
            assert!(report.is_complete(), "{profile} {case}: {report}");
            assert_eq!(
                (report.removed.len(), it.scim.users()),
                (before, vec!["foreign".to_owned()]),
                "{profile} {case}"
            );
            assert_eq!(it.scim.groups(), groups, "{profile} {case}: no group comes or goes");
            // Another provider of the application still has it.
            assert!(it.has_application("app").await, "{profile} {case}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_stays_belongs_to_no_application_and_is_as_it_was() {
    for profile in Profile::ALL {
        let it = Scene::new(profile).await;
        let schedule = it.client.schedules().of_provider(it.provider).await.unwrap().id;
        it.client.schedules().pause(&schedule).await.unwrap();
        let before = it.provider_now().await.unwrap();
        let report = it.run(WithdrawalOptions::default()).await;
        assert!(report.is_complete(), "{profile}: {report}");
        it.settled().await;
        let mut after = it.provider_now().await.unwrap();
        assert_eq!(after["assigned_backchannel_application_slug"], Value::Null);
        for name in before.as_object().unwrap().keys().filter(|name| name.starts_with("assigned")) {
            after[name] = before[name].clone();
        }
        assert_eq!(after, before, "{profile}");
        assert!(it.client.schedules().of_provider(it.provider).await.unwrap().paused, "{profile}");
        assert_eq!(it.scim.users(), ["foreign"]);

        // Twice: nobody is there, nothing is synced, and it ends as before.
        it.writes();
        let withdrawal = it.client.withdrawal(it.provider, WithdrawalOptions::default()).await.unwrap();
        assert!(withdrawal.users().is_empty() && withdrawal.application().is_none());
        assert!(withdrawal.run().await.is_complete());
        assert!(!it.writes().iter().any(|line| line.contains("send") || line.contains("providers/scim/")));

        // Attached again, it brings back who was there.
        it.lab.patch("core/applications/app/", json!({"backchannel_providers": [it.provider]})).await;
        it.client.scim_providers().save(&it.provider).await.unwrap();
        it.settled().await;
        assert_eq!(it.scim.users(), ["ada", "ben", "foreign"], "{profile}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_is_left_only_when_that_is_allowed() {
    for profile in Profile::ALL {
        let it = Scene::new(profile).await;
        it.patch_provider(json!({"dry_run": true})).await;
        it.writes();
        let report = it.run(delete_provider()).await;
        let error = report.failed.as_ref().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.to_string().contains("leave_dry_run"), "{error}");
        assert_eq!((usernames(&report.left), report.done.len()), (vec!["ada", "ben"], 0));
        assert!(it.writes().is_empty(), "{profile}");

        let report = it.run(WithdrawalOptions::default().leave_dry_run(true)).await;
        assert!(report.is_complete(), "{profile}: {report}");
        assert_eq!(it.scim.users(), ["foreign"], "{profile}");
        assert_eq!(it.provider_now().await.unwrap()["dry_run"], true, "{profile}");
    }
    // One that has brought nobody just goes.
    let it = Scene::with(Profile::Rc1, json!({"dry_run": true}), None).await;
    let report = it.run(delete_provider()).await;
    assert!(report.is_complete(), "{report}");
    assert!(it.provider_now().await.is_none() && it.scim.users() == ["foreign"]);
}

#[tokio::test(start_paused = true)]
async fn who_resembles_somebody_is_told_of_before() {
    for profile in Profile::ALL {
        let it = Scene::new(profile).await;
        it.patch_provider(json!({"dry_run": true})).await;
        it.scim.add_user("eve");
        let options = WithdrawalOptions::default().leave_dry_run(true);
        let withdrawal = it.client.withdrawal(it.provider, options).await.unwrap();
        let foretold = withdrawal.first_sync(&it.scim.view());
        let adopts = matches!(profile, Profile::Rc1 | Profile::V2026_5_6);
        assert_eq!(foretold.is_safe(), !adopts, "{profile}");
        assert!(foretold.created_users.is_empty());
        assert!(withdrawal.run().await.is_complete());
        assert_eq!(it.scim.users().contains(&"eve".to_owned()), !adopts, "{profile}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_of_its_name_is_made_to_let_nobody_pass_before_it_gets_the_provider() {
    let it = Scene::new(Profile::Rc1).await;
    let slug = format!("scim-withdrawal-{}", it.provider);
    let there = it.lab.post("core/applications/", json!({"name": "x", "slug": slug})).await["pk"].clone();
    it.lab.post("policies/bindings/", json!({"target": there, "order": 0, "group": it.staff})).await;
    let report = it.run(delete_provider()).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(it.scim.users(), ["foreign"]);
    assert!(!it.has_application(&slug).await);
}

#[tokio::test(start_paused = true)]
async fn who_may_not_send_the_schedule_saves_the_provider_and_it_stays_paused() {
    let it = Scene::new(Profile::Rc1).await;
    let schedule = it.client.schedules().of_provider(it.provider).await.unwrap().id;
    it.client.schedules().pause(&schedule).await.unwrap();
    it.lab
        .authentik
        .fault(Fault::new("tasks/schedules/", FaultKind::Status(StatusCode::FORBIDDEN)).method(Method::POST).times(9));
    let report = it.run(WithdrawalOptions::default()).await;
    assert!(report.is_complete(), "{report}");
    assert!(it.client.schedules().of_provider(it.provider).await.unwrap().paused);
    assert_eq!(it.scim.users(), ["foreign"]);
}

#[tokio::test(start_paused = true)]
async fn a_provider_without_an_application_is_withdrawn_too() {
    for profile in Profile::ALL {
        let it = Scene::new(profile).await;
        it.lab.patch("core/applications/app/", json!({"backchannel_providers": []})).await;
        let options = WithdrawalOptions::default().afterwards(Afterwards::DeleteApplication);
        let report = it.run(options).await;
        assert!(report.is_complete(), "{profile}: {report}");
        assert_eq!(it.scim.users(), ["foreign"], "{profile}");
        assert!(it.provider_now().await.is_none() && it.has_application("app").await, "{profile}");
    }
}

/// What the documentation of `Authentik::withdrawal` lists.
const PERMISSIONS: [&str; 15] = [
    "core.view_user",
    "core.view_group",
    "core.view_application",
    "core.add_application",
    "core.change_application",
    "core.delete_application",
    "policies.view_policybinding",
    "policies.add_policybinding",
    "providers_scim.view_scimprovider",
    "providers_scim.change_scimprovider",
    "providers_scim.view_scimprovideruser",
    "providers_scim.add_scimprovideruser",
    "providers_scim.view_scimprovidergroup",
    "tasks_schedules.view_schedule",
    "tasks.view_task",
];

/// A service account's withdrawal, of which the server refuses the first DELETE.
async fn withdrawn_by(it: &Scene, permissions: &[&str]) -> Result<(), String> {
    let account = json!({"username": "svc", "name": "svc", "type": "service_account"});
    let user = it.lab.post("core/users/", account).await["pk"].clone();
    let role = it.lab.post("rbac/roles/", json!({"name": "svc"})).await["pk"].as_str().unwrap().to_owned();
    let names: Vec<String> = permissions.iter().map(|name| format!("authentik_{name}")).collect();
    let path = format!("rbac/permissions/assigned_by_roles/{role}/assign/");
    it.lab.post(&path, json!({"permissions": names})).await;
    it.lab.post(&format!("rbac/roles/{role}/add_user/"), json!({"pk": user})).await;
    let token = json!({"identifier": "svc", "user": user, "intent": "api", "expiring": false});
    it.lab.post("core/tokens/", token).await;
    let key = it.lab.get("core/tokens/svc/view_key/").await["key"].as_str().unwrap().to_owned();
    let mut times = 1;
    it.scim.refuse(move |_| std::mem::replace(&mut times, 0) == 1);
    let withdrawal = it.client_as(&key).withdrawal(it.provider, delete_provider()).await;
    let report = withdrawal.map_err(|error| error.to_string())?.run().await;
    report.failed.map_or(Ok(()), |error| Err(error.to_string()))
}

#[tokio::test(start_paused = true)]
async fn a_service_account_does_it_with_the_permissions_that_are_documented() {
    for profile in Profile::ALL {
        let it = Scene::new(profile).await;
        assert_eq!(withdrawn_by(&it, &PERMISSIONS).await, Ok(()), "{profile}");
        assert_eq!(it.scim.users(), ["foreign"], "{profile}");
    }
    for left_out in PERMISSIONS {
        let it = Scene::new(Profile::V2026_5_3).await;
        let others: Vec<&str> = PERMISSIONS.into_iter().filter(|name| *name != left_out).collect();
        assert!(withdrawn_by(&it, &others).await.is_err(), "{left_out}");
        assert!(it.provider_now().await.is_some(), "{left_out}");
    }
}
