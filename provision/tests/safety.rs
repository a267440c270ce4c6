//! What stops a run before it does harm, and what it mends.
#![allow(clippy::unwrap_used, clippy::panic)] // a test says so by failing

mod support;

use provision::{Severity, Spec, Verdict};
use serde_json::json;
use support::{Stage, api, company, find, person};

fn deactivate(spec: &mut Spec, usernames: &[&str]) {
    for person in spec.directory.users.iter_mut().filter(|it| usernames.contains(&it.username.as_str())) {
        person.active = false;
    }
}

/// Runs, expects a stop of this kind, and that Cloudflare was not written to.
async fn stops(stage: &Stage, spec: Spec, code: &str) -> String {
    let before = stage.account.mutation_count();
    let report = stage.run(spec).await;
    assert_eq!(report.verdict(), Verdict::Stopped, "{code}: {report:#?}");
    let finding = find(&report, code);
    assert_eq!(finding.severity, Severity::Stop);
    assert_eq!(stage.account.mutation_count(), before, "{code}");
    finding.to_string()
}

#[tokio::test(start_paused = true)]
async fn an_application_that_wants_every_binding_passed_stops_the_run() {
    let stage = Stage::new();
    let body = json!({"name": "Cloudflare", "slug": "cloudflare", "policy_engine_mode": "all"});
    api(&stage, "POST", "/core/applications/", body).await;
    let text = stops(&stage, company(), "policy_mode_all").await;
    assert!(text.contains("any"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_brought_people_elsewhere_is_not_taken() {
    let stage = Stage::new();
    let body = json!({"name": "Cloudflare", "url": "http://elsewhere.test/scim/v2", "token": "x", "dry_run": true});
    let provider = api(&stage, "POST", "/providers/scim/", body).await;
    let user = api(&stage, "POST", "/core/users/", json!({"username": "old", "name": "Old"})).await;
    let link = json!({"provider": provider["pk"], "user": user["pk"], "scim_id": "remote-1"});
    api(&stage, "POST", "/providers/scim_users/", link).await;
    let text = stops(&stage, company(), "provider_of_another_server").await;
    assert!(text.contains("elsewhere.test"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_member_with_an_inactive_twin_in_scope_stops_the_run() {
    let stage = Stage::new();
    stage.account.add_member("left@acme.example").unwrap();
    let text = stops(&stage, company(), "would_be_deactivated").await;
    assert!(text.contains("left@acme.example"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_member_who_would_be_renamed_stops_the_run() {
    let stage = Stage::new();
    stage.account.add_member("boss@acme.example").unwrap();
    let mut spec = company();
    let mut assistant = person("boss@acme.example", "The Assistant");
    assistant.email = "assistant@acme.example".to_owned();
    spec.directory.users.push(assistant);
    spec.directory.groups[0].members.push("boss@acme.example".to_owned());
    let text = stops(&stage, spec, "would_be_renamed").await;
    assert!(text.contains("boss@acme.example"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn everybody_leaving_at_once_stops_the_run() {
    let stage = Stage::new();
    assert!(stage.run(company()).await.verified);
    let mut spec = company();
    deactivate(&mut spec, &["ada", "miles", "zoe"]);
    let text = stops(&stage, spec, "too_many_removals").await;
    assert!(text.contains("all 3 people"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_super_administrator_who_leaves_stops_the_run() {
    let stage = Stage::new();
    assert!(stage.run(company()).await.verified);
    stage.account.add_super_administrator("miles@acme.example").unwrap();
    let mut spec = company();
    deactivate(&mut spec, &["miles"]);
    stops(&stage, spec, "super_administrator_would_be_removed").await;
}

#[tokio::test(start_paused = true)]
async fn a_group_that_leaves_the_scope_stops_the_run() {
    let stage = Stage::new();
    assert!(stage.run(company()).await.verified);
    let mut spec = company();
    spec.groups.retain(|group| group != "Auditors");
    spec.policies.retain(|policy| policy.group != "Auditors");
    let text = stops(&stage, spec, "group_would_be_deleted").await;
    assert!(text.contains("Auditors"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn somebody_whom_cloudflare_lost_is_brought_again() {
    let stage = Stage::new();
    assert!(stage.run(company()).await.verified);
    assert!(stage.account.end_membership("zoe@acme.example"));
    let plan = stage.plan(company()).await;
    assert!(plan.steps.iter().any(|step| step.name == "drop the dead link of the user \"zoe\""), "{plan:#?}");
    let report = stage.run(company()).await;
    assert!(report.verified, "{report:#?}");
    assert!(stage.account.member("zoe@acme.example").is_some());
}

#[tokio::test(start_paused = true)]
async fn somebody_without_an_address_is_told_and_costs_no_sync() {
    let stage = Stage::new();
    let mut spec = company();
    let mut nameless = person("nameless", "No Address");
    nameless.email.clear();
    spec.directory.users.push(nameless);
    spec.directory.groups[0].members.push("nameless".to_owned());
    let report = stage.run(spec.clone()).await;
    assert_eq!(report.verdict(), Verdict::Differ);
    assert!(find(&report, "cannot_be_sent").resource.contains("nameless"));
    assert_eq!(report.users.wanted, report.users.present);
    let before = stage.writes();
    assert_eq!(stage.run(spec).await.verdict(), Verdict::Differ);
    assert_eq!(stage.writes(), before, "no sync mends it, so none is started");
}

#[tokio::test(start_paused = true)]
async fn somebody_whose_address_was_emptied_is_not_called_a_leaver() {
    let stage = Stage::new();
    assert!(stage.run(company()).await.verified);
    let mut spec = company();
    spec.directory.users.iter_mut().find(|it| it.username == "zoe").unwrap().email.clear();
    let report = stage.run(spec).await;
    assert_eq!(report.verdict(), Verdict::Differ, "{report:#?}");
    find(&report, "cannot_be_sent");
    assert!(!report.findings.iter().any(|it| it.code.starts_with("extra_")), "{:#?}", report.findings);
    assert!(stage.account.member("zoe@acme.example").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_paused_schedule_is_told() {
    let stage = Stage::new();
    assert!(stage.run(company()).await.verified);
    let schedules = api(&stage, "GET", "/tasks/schedules/", json!(null)).await;
    let id = schedules["results"][0]["id"].as_str().unwrap().to_owned();
    api(&stage, "PATCH", &format!("/tasks/schedules/{id}/"), json!({"paused": true})).await;
    let report = stage.run(company()).await;
    assert!(report.verified, "{report:#?}");
    find(&report, "schedule_paused");
}
