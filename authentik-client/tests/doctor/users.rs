use authentik_client::doctor::{Code, Severity};
use authentik_client::embedded::Profile;
use authentik_client::mapping::CLOUDFLARE_USER;
use serde_json::{Value, json};

use crate::clinic::Clinic;

#[tokio::test(start_paused = true)]
async fn trap_8_drift_is_invisible_to_authentik_and_rewritten() {
    for profile in Profile::ALL {
        let it = Clinic::new(profile).await;
        it.change_remote("ada", |user| {
            user["displayName"] = "Mallory".into();
            user["emails"][0]["value"] = "mallory@example.test".into();
        });
        assert!(it.lab.sync().await.iter().all(|request| request.starts_with("GET")), "{profile}: a sync sees nothing");
        let finding = it.only(Code::Drift).await;
        assert_eq!(finding.resource, "user \"ada\"");
        assert!(finding.evidence.iter().any(|it| it.contains("the server holds \"Mallory\"")), "{finding}");
        it.cured(&finding).await;
        assert_eq!(it.remote("ada")["displayName"], "ada");
    }
}

#[tokio::test(start_paused = true)]
async fn an_attribute_that_the_server_lost_is_drift_but_one_it_never_lists_is_not() {
    let it = Clinic::rc1().await;
    it.change_remote("ada", |user| {
        user.as_object_mut().unwrap().remove("displayName");
    });
    let finding = it.only(Code::Drift).await;
    assert!(finding.evidence[0].contains("the server holds nothing"), "{finding}");
    it.change_remote("ben", |user| {
        user.as_object_mut().unwrap().remove("displayName");
    });
    assert!(it.codes().await.is_empty());
    // What others wrote beside authentik is theirs.
    it.change_remote("ben", |user| user["title"] = "Boss".into());
    assert!(it.codes().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn trap_9_an_emptied_value_is_never_sent_and_rewritten() {
    let it = Clinic::rc1().await;
    it.lab.patch(&format!("core/users/{}/", it.ada), json!({"email": ""})).await;
    it.lab.settled().await;
    it.lab.sync().await;
    assert_eq!(it.remote("ada")["emails"][0]["value"], "ada@example.test");
    let finding = it.only(Code::ClearedValue).await;
    assert!(finding.evidence[0].contains("emails is empty in authentik"), "{finding}");
    it.cured(&finding).await;
    assert_eq!(it.remote("ada")["emails"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn an_emptied_address_is_found_under_a_mapping_that_nobody_but_authentik_can_run() {
    use authentik_client::embedded::MappingOutcome;
    let expression = "return {\"userName\": request.user.username, \"emails\": own(request.user)}";
    let it = Clinic::with(
        |builder| {
            builder.mapping(expression, |input| {
                let user = input.user.as_ref().unwrap();
                let mut body = json!({"userName": user.username, "displayName": user.name});
                if !user.email.is_empty() {
                    body["emails"] = json!([{"value": user.email, "type": "work", "primary": true}]);
                }
                MappingOutcome::Value(body)
            })
        },
        json!({}),
    )
    .await;
    let mapping = json!({"name": "own", "expression": expression});
    let mapping = it.lab.post("propertymappings/provider/scim/", mapping).await["pk"].clone();
    it.patch_provider(json!({"property_mappings": [mapping]})).await;
    it.lab.patch(&format!("core/users/{}/", it.ada), json!({"email": ""})).await;
    it.lab.settled().await;
    let finding = it.one_of(Code::ClearedValue).await;
    assert_eq!(finding.resource, "user \"ada\"");
}

#[tokio::test(start_paused = true)]
async fn h58_a_change_inside_the_name_is_not_seen_before_2026_8() {
    for (profile, seen) in [(Profile::Rc1, false), (Profile::V2026_5_6, false), (Profile::V2026_8, true)] {
        let it = Clinic::new(profile).await;
        // The answer to the write differs from what was sent, inside the name only.
        it.lab.shelf(|shelf| {
            shelf.answer_user = Some(Box::new(|user: &mut Value| user["name"]["familyName"] = "Lost".into()));
        });
        it.lab.patch(&format!("core/users/{}/", it.ada), json!({"name": "Ada Lovelace"})).await;
        it.lab.settled().await;
        it.lab.shelf(|shelf| shelf.answer_user = None);
        let finding = it.only(if seen { Code::ChangeNotSent } else { Code::NestedChangeUnseen }).await;
        assert!(finding.evidence.iter().any(|it| it.contains("Lost")), "{finding}");
        it.cured(&finding).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_was_refused_is_not_sent_again_by_itself() {
    let it = Clinic::rc1().await;
    it.refuse("PUT", "/v2/Users/", 400);
    it.lab.patch(&format!("core/users/{}/", it.ada), json!({"name": "Ada Lovelace"})).await;
    it.lab.settled().await;
    // The event's own tries end after ten minutes.
    for _ in 0..20 {
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        it.lab.settled().await;
    }
    it.allow_all();
    let finding = it.one_of(Code::ChangeNotSent).await;
    assert!(finding.evidence.iter().any(|it| it.contains("\"Ada Lovelace\"")), "{finding}");
    let report = finding.cure().unwrap().run().await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(it.remote("ada")["displayName"], "Ada Lovelace");
    // The task that was given up can still be tried again, to no effect.
    assert_eq!(it.codes().await, [Code::RejectedTask]);
}

#[tokio::test(start_paused = true)]
async fn issue_25832_what_the_server_does_not_give_back_is_written_for_ever() {
    let it = Clinic::rc1().await;
    it.lab.shelf(|shelf| {
        shelf.answer_user = Some(Box::new(|user: &mut Value| {
            user.as_object_mut().unwrap().remove("displayName");
        }));
    });
    it.lab.patch(&format!("core/users/{}/", it.ada), json!({"name": "Ada Lovelace"})).await;
    it.lab.settled().await;
    let puts = |sent: Vec<String>| sent.iter().filter(|request| request.starts_with("PUT")).count();
    assert_eq!(puts(it.lab.sync().await), 1, "a sync without changes");
    assert_eq!(puts(it.lab.sync().await), 1, "and the next");
    let finding = it.one_of(Code::NotEchoed).await;
    assert_eq!((finding.resource.as_str(), finding.severity), ("user \"ada\"", Severity::Note));
    assert!(finding.cure().is_none());
}

#[tokio::test(start_paused = true)]
async fn trap_7_a_user_added_to_a_bound_group_is_sent_with_its_groups() {
    let it = Clinic::rc1().await;
    let eve = it.lab.user("eve").await;
    it.lab.settled().await;
    it.add(&it.staff, eve).await;
    assert_eq!(it.remote("eve"), Value::Null);
    let finding = it.only(Code::UserNotProvisioned).await;
    let plan: Vec<String> = finding.cure().unwrap().plan().iter().map(ToString::to_string).collect();
    assert_eq!(plan.len(), 2, "{plan:?}");
    assert!(plan[0].contains("authentik.core.models.User") && plan[1].contains("authentik.core.models.Group"));
    it.cured(&finding).await;
    let members = it.lab.shelf(|shelf| shelf.groups[0]["members"].as_array().unwrap().len());
    assert_eq!(members, 3);
}

#[tokio::test(start_paused = true)]
async fn whom_the_mapping_leaves_out_is_not_missing() {
    let it = Clinic::rc1().await;
    let mapping = json!({"name": "cloudflare user", "expression": CLOUDFLARE_USER});
    let mapping = it.lab.post("propertymappings/provider/scim/", mapping).await["pk"].clone();
    it.patch_provider(json!({"property_mappings": [mapping]})).await;
    let body = json!({"username": "gone", "name": "Gone", "email": "gone@example.test", "is_active": false});
    let inactive = it.lab.post("core/users/", body).await["pk"].as_i64().unwrap();
    let silent = it.lab.post("core/users/", json!({"username": "silent", "name": "S"})).await["pk"].as_i64().unwrap();
    it.add(&it.staff, inactive).await;
    it.add(&it.staff, silent).await;
    it.lab.sync().await;
    assert!(it.codes().await.is_empty(), "{:?}", it.findings().await);
}

#[tokio::test(start_paused = true)]
async fn h55_a_user_gone_from_the_server_is_made_anew() {
    for profile in Profile::ALL {
        let it = Clinic::new(profile).await;
        it.lab.shelf(|shelf| {
            shelf.users.retain(|user| user["userName"] != "ada");
            shelf.groups[0]["members"].as_array_mut().unwrap().remove(0);
        });
        let finding = it.only(Code::GoneRemotely).await;
        assert_eq!(finding.resource, "user \"ada\"");
        it.cured(&finding).await;
        assert_eq!(it.remote("ada")["active"], true);
    }
}

#[tokio::test(start_paused = true)]
async fn g14_of_two_links_the_dead_one_goes() {
    let it = Clinic::rc1().await;
    let second = json!({"provider": it.provider, "user": it.ada, "scim_id": "no-such-resource"});
    it.lab.post("providers/scim_users/", second).await;
    let finding = it.one_of(Code::DoubleLink).await;
    assert!(finding.evidence[0].contains("no-such-resource"), "{finding}");
    it.cured(&finding).await;
    assert_eq!(it.lab.get("providers/scim_users/").await["pagination"]["count"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_leaver_stays_until_the_next_full_sync() {
    let it = Clinic::rc1().await;
    it.remove(&it.staff, it.ada).await;
    assert_eq!(it.remote("ada")["active"], true);
    let finding = it.only(Code::LeaverPending).await;
    let plan = finding.cure().unwrap().plan();
    assert!(plan[0].path.ends_with("/send/") && plan[0].instead.is_some(), "{plan:?}");
    it.cured(&finding).await;
    assert_eq!(it.remote("ada"), Value::Null);
}

#[tokio::test(start_paused = true)]
async fn h59_a_leaver_whose_deletion_failed_is_forgotten_and_found() {
    // Without discovery nothing would ever look for it again.
    let it = Clinic::new(Profile::V2026_5_3).await;
    it.remove(&it.staff, it.ada).await;
    it.refuse("DELETE", "/v2/Users/", 405);
    it.lab.sync().await;
    it.allow_all();
    for _ in 0..20 {
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        it.lab.settled().await;
    }
    assert_eq!(it.remote("ada")["active"], true);
    let finding = it.one_of(Code::LeaverLeftBehind).await;
    let plan = finding.cure().unwrap().plan();
    assert_eq!(plan[0].path, "providers/scim_users/");
    it.cured(&finding).await;
    assert_eq!(it.remote("ada"), Value::Null);
}

#[tokio::test(start_paused = true)]
async fn trap_16_what_would_be_adopted_and_deleted_is_named_before() {
    for (profile, switch) in [(Profile::Rc1, false), (Profile::V2026_8, true)] {
        let it = Clinic::with(|builder| builder.profile(profile), json!({"dry_run": true})).await;
        it.lab.user("outside").await;
        it.lab.settled().await;
        let there = json!({"id": "r1", "userName": "somebody", "active": false,
            "emails": [{"value": "outside@example.test", "type": "work"}]});
        it.lab.shelf(|shelf| shelf.users.push(there));
        let finding = it.one_of(Code::WouldBeDeleted).await;
        assert!(finding.evidence[0].contains("user \"outside\""), "{finding}");
        assert_eq!(finding.cure().is_some(), switch, "{profile}");
        if let Some(cure) = finding.cure() {
            assert!(cure.run().await.is_complete());
            it.lab.settled().await;
            assert_eq!(it.codes().await, [Code::DryRun]);
        }
        it.patch_provider(json!({"dry_run": false})).await;
        assert_eq!(it.remote("somebody").is_null(), !switch, "{profile}: it happens as foretold");
    }
}

#[tokio::test(start_paused = true)]
async fn odd_answers_do_not_upset_the_doctor() {
    for odd in [
        json!(null),
        json!([]),
        json!({"id": 7, "name": "text", "emails": "text", "active": {}, "displayName": [[]]}),
        json!({"id": "user-1", "emails": [null, 3, {"value": null}], "name": {"familyName": {"a": 1}}}),
        json!({"id": "user-1", "userName": "x".repeat(100_000), "USERNAME": "y"}),
    ] {
        let it = Clinic::with(|builder| builder.profile(Profile::V2026_5_6), json!({})).await;
        let answer = odd.clone();
        it.lab.shelf(|shelf| {
            shelf.answer_user = Some(Box::new(move |user: &mut Value| *user = answer.clone()));
        });
        it.lab.patch(&format!("core/users/{}/", it.ada), json!({"name": "Ada Lovelace"})).await;
        it.lab.settled().await;
        for finding in it.findings().await {
            assert!(finding.to_string().len() < 5_000, "{}", finding.code);
        }
    }
}
