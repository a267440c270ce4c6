use std::time::Duration;

use authentik_client::doctor::{Code, Severity};
use authentik_client::embedded::{MappingOutcome, Profile, Switches};
use serde_json::{Value, json};

use crate::clinic::Clinic;

async fn minutes(it: &Clinic, minutes: u64) {
    for _ in 0..minutes {
        tokio::time::sleep(Duration::from_secs(60)).await;
        it.lab.settled().await;
    }
}

#[tokio::test(start_paused = true)]
async fn trap_4_done_after_failures_is_a_false_done() {
    let it = Clinic::rc1().await;
    let eve = it.lab.user("eve").await;
    it.lab.settled().await;
    it.add(&it.staff, eve).await;
    it.refuse("POST", "/v2/Users", 403);
    it.lab.sync().await;
    let findings = it.findings().await;
    let codes: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [Code::FalseDone, Code::UserNotProvisioned]);
    let finding = &findings[0];
    assert_eq!(finding.evidence[0], "sync/status says done");
    assert!(finding.evidence.iter().any(|it| it.contains("user \"eve\"") && it.contains("403")), "{finding}");
    it.allow_all();
    it.cured(finding).await;
}

#[tokio::test(start_paused = true)]
async fn h65_a_sync_that_was_given_up_says_so() {
    let it = Clinic::rc1().await;
    it.refuse("GET", "/v2/Users", 500);
    it.lab.sync_without_waiting().await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!(it.codes().await.contains(&Code::Retrying));
    tokio::time::sleep(Duration::from_secs(150 * 60)).await;
    it.allow_all();
    it.lab.settled().await;
    let finding = it.one_of(Code::SyncFailed).await;
    assert_eq!(finding.evidence[0], "sync/status says rejected");
    it.cured(&finding).await;
}

#[tokio::test(start_paused = true)]
async fn h60_a_sync_that_wrote_nothing_says_done() {
    let it = Clinic::rc1().await;
    it.refuse("GET", "/v2/ServiceProviderConfig", 429);
    it.patch_provider(json!({"name": "lab"})).await;
    it.allow_all();
    let finding = it.only(Code::SyncDidNothing).await;
    assert!(finding.evidence.contains(&"sync/status says done".to_owned()), "{finding}");
    it.cured(&finding).await;
}

#[tokio::test(start_paused = true)]
async fn trap_10_two_providers_on_two_threads_stand_still() {
    let it = Clinic::rc1().await;
    let body = json!({"name": "second", "url": "http://other.test/v2", "dry_run": true, "property_mappings": [it.lab.user_mapping],
        "property_mappings_group": [it.lab.group_mapping]});
    let second = it.lab.post("providers/scim/", body).await["pk"].as_i64().unwrap();
    it.lab.post("core/applications/", json!({"name": "b", "slug": "b", "backchannel_providers": [second]})).await;
    it.lab.settled().await;
    minutes(&it, 3).await;
    for schedule in it.lab.get("tasks/schedules/").await["results"].as_array().unwrap() {
        it.lab.post(&format!("tasks/schedules/{}/send/", schedule["id"].as_str().unwrap()), Value::Null).await;
    }
    tokio::time::sleep(Duration::from_secs(30)).await;
    let early: Vec<String> = it.findings().await.iter().map(ToString::to_string).collect();
    assert!(early.is_empty(), "half a minute is no reason to worry: {early:#?}");
    tokio::time::sleep(Duration::from_secs(60)).await;
    let finding = it.only(Code::StuckRunning).await;
    assert!(finding.evidence[1].contains("page tasks have waited"), "{finding}");
    assert!(finding.cure().is_none(), "nothing in the API cancels a sync");
    it.lab.authentik.kill_worker();
    it.lab.authentik.set_switch("threads", "4").unwrap();
    it.lab.authentik.start_worker();
    it.lab.settled().await;
    assert!(it.codes().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn trap_3_one_odd_resource_stops_every_sync() {
    let mut switches = Switches::new(Profile::V2026_8);
    switches.set("discovery_strict", "on").unwrap();
    for (switches, curable) in [(Switches::new(Profile::Rc1), false), (switches, true)] {
        let it = Clinic::with(|builder| builder.switches(switches), json!({})).await;
        it.lab.shelf(|shelf| shelf.dress_user = Some(Box::new(|user: &mut Value| user["groups"] = json!(["a", "b"]))));
        it.lab.sync_without_waiting().await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let finding = it.one_of(Code::DiscoveryBroken).await;
        assert!(finding.evidence[0].contains("validation error"), "{finding}");
        assert!(it.codes().await.contains(&Code::Retrying));
        assert_eq!(finding.cure().is_some(), curable);
        if let Some(cure) = finding.cure() {
            assert!(cure.run().await.is_complete());
        } else {
            it.lab.shelf(|shelf| shelf.dress_user = None);
        }
        minutes(&it, 40).await;
        it.lab.sync().await;
        let left: Vec<String> = it.findings().await.iter().map(ToString::to_string).collect();
        assert!(left.is_empty(), "{left:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_was_given_up_is_tried_again() {
    let it = Clinic::rc1().await;
    it.refuse("DELETE", "/v2/Users/", 500);
    it.lab.call("DELETE", &format!("core/users/{}/", it.ada), Value::Null).await;
    it.lab.settled().await;
    let finding = it.one_of(Code::Retrying).await;
    assert_eq!(finding.severity, Severity::Note);
    assert!(finding.evidence[0].contains("tried again at 2026-11-24T09:"), "{finding}");
    minutes(&it, 40).await;
    it.allow_all();
    let finding = it.one_of(Code::RejectedTask).await;
    assert!(finding.resource.contains("scim_sync_delete"), "{finding}");
    assert!(finding.evidence[0].contains("5 retries"), "{finding}");
    let report = finding.cure().unwrap().run().await;
    assert!(report.is_complete(), "{report:?}");
    it.lab.settled().await;
    assert_eq!(it.remote("ada"), Value::Null);
    assert!(it.codes().await.is_empty(), "{:?}", it.findings().await);
}

#[tokio::test(start_paused = true)]
async fn h591_a_mapping_that_raises_is_explained_by_an_event() {
    let raises = "return {\"userName\": {}[\"missing\"]}";
    let it = Clinic::with(
        |builder| builder.mapping(raises, |_| MappingOutcome::Raise("KeyError".to_owned(), "'missing'".to_owned())),
        json!({}),
    )
    .await;
    let mapping = json!({"name": "raises", "expression": raises});
    let mapping = it.lab.post("propertymappings/provider/scim/", mapping).await["pk"].clone();
    it.patch_provider(json!({"property_mappings": [mapping]})).await;
    let finding = it.one_of(Code::MappingFails).await;
    assert!(finding.evidence.iter().any(|it| it.contains("mapping \"raises\" raised KeyError 'missing'")), "{finding}");
    assert!(it.codes().await.contains(&Code::FalseDone));
    // An event of long ago is no evidence.
    it.patch_provider(json!({"property_mappings": [it.lab.user_mapping]})).await;
    assert!(it.codes().await.is_empty(), "{:?}", it.findings().await);
}
