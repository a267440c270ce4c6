use authentik_client::ErrorKind;
use authentik_client::doctor::Code;
use authentik_client::embedded::{Fault, FaultKind};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::clinic::{Clinic, client};
use crate::permissions::token;

#[tokio::test(start_paused = true)]
async fn the_calls_are_shown_first_and_are_those_that_are_sent() {
    let it = Clinic::rc1().await;
    it.change_remote("ada", |user| user["displayName"] = "Mallory".into());
    let finding = it.only(Code::Drift).await;
    let link = it.lab.get(&format!("providers/scim_users/?user__id={}", it.ada)).await["results"][0].clone();
    let scim_id = link["scim_id"].as_str().unwrap();
    let plan: Vec<String> = finding.cure().unwrap().plan().iter().map(ToString::to_string).collect();
    assert_eq!(
        plan,
        [
            format!("DELETE providers/scim_users/{}/", link["id"].as_str().unwrap()),
            format!(
                "POST providers/scim_users/ {}",
                json!({"provider": it.provider, "user": it.ada, "scim_id": scim_id})
            ),
            format!(
                "POST providers/scim/{}/sync/object/ {}",
                it.provider,
                json!({"sync_object_model": "authentik.core.models.User", "sync_object_id": it.ada.to_string(),
                    "override_dry_run": false})
            ),
        ]
    );
    let before = it.lab.authentik.request_log().len();
    it.cured(&finding).await;
    let log = it.lab.authentik.request_log();
    let sent: Vec<String> = log[before..]
        .iter()
        .filter(|request| request.side == authentik_client::embedded::Side::Api && request.method != Method::GET)
        .map(|request| format!("{} {}", request.method, request.target.trim_start_matches("/api/v3/")))
        .collect();
    let planned: Vec<String> =
        plan.iter().map(|line| line.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(sent, planned);
}

#[tokio::test(start_paused = true)]
async fn a_cure_stops_at_the_first_call_that_fails_and_says_what_is_left() {
    let it = Clinic::rc1().await;
    it.change_remote("ada", |user| user["displayName"] = "Mallory".into());
    let finding = it.only(Code::Drift).await;
    it.lab.authentik.fault(
        Fault::new("providers/scim_users/", FaultKind::Status(StatusCode::METHOD_NOT_ALLOWED)).method(Method::POST),
    );
    let report = finding.cure().unwrap().run().await;
    let (call, error) = report.failed.as_ref().unwrap();
    assert_eq!((report.done.len(), report.left.len(), call.method.as_str()), (1, 1, "POST"));
    assert!(error.is_server_error() && !report.is_complete());
    // The link is gone now: with discovery the user is found again by the next sync.
    let finding = it.one_of(Code::UserNotProvisioned).await;
    assert!(finding.cure().unwrap().run().await.is_complete());
}

#[tokio::test(start_paused = true)]
async fn an_object_that_the_server_refuses_fails_the_cure() {
    let it = Clinic::rc1().await;
    it.change_remote("ada", |user| user["displayName"] = "Mallory".into());
    let finding = it.only(Code::Drift).await;
    it.refuse("PUT", "/v2/Users/", 400);
    let report = finding.cure().unwrap().run().await;
    let (_, error) = report.failed.as_ref().unwrap();
    assert_eq!(error.kind(), ErrorKind::NotWritten);
    assert!(error.to_string().contains("refused by the test"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn who_may_not_send_the_schedule_saves_the_provider() {
    let it = Clinic::rc1().await;
    it.remove(&it.staff, it.ada).await;
    let names = [
        "providers_scim.view_scimprovider",
        "providers_scim.change_scimprovider",
        "core.view_user",
        "providers_scim.view_scimprovideruser",
        "providers_scim.view_scimprovidergroup",
        "core.view_group",
        "core.view_application",
        "policies.view_policybinding",
        "tasks_schedules.view_schedule",
        "tasks.view_task",
        "events.view_event",
        "providers_scim.view_scimmapping",
    ];
    let names: Vec<String> = names.iter().map(|name| format!("authentik_{name}")).collect();
    let token = token(&it.lab, "svc", &names).await;
    let found = client(&it.lab, &token).doctor(it.provider, &it.view()).await.unwrap();
    let [finding] = &found[..] else { panic!("{found:#?}") };
    assert_eq!(finding.code, Code::LeaverPending);
    assert!(finding.cure().unwrap().run().await.is_complete());
    it.lab.settled().await;
    assert_eq!(it.remote("ada"), Value::Null);
}

#[tokio::test(start_paused = true)]
async fn g34_a_cure_leaves_a_paused_schedule_paused() {
    let it = Clinic::rc1().await;
    it.patch_provider(json!({"exclude_users_service_account": false})).await;
    let robot = json!({"username": "robot", "name": "robot", "type": "service_account"});
    let robot = it.lab.post("core/users/", robot).await["pk"].as_i64().unwrap();
    it.add(&it.staff, robot).await;
    it.lab.sync().await;
    let schedule = it.authentik.schedules().of_provider(it.provider).await.unwrap().id;
    it.authentik.schedules().pause(&schedule).await.unwrap();
    let finding = it.one_of(Code::ServiceAccountsInScope).await;
    let cure = finding.cure().unwrap();
    let plan: Vec<String> = cure.plan().iter().map(ToString::to_string).collect();
    assert_eq!(plan[1..], [format!("PATCH tasks/schedules/{schedule}/ {}", json!({"paused": true}))]);
    assert!(cure.run().await.is_complete());
    it.lab.settled().await;
    assert!(it.authentik.schedules().of_provider(it.provider).await.unwrap().paused);
    assert_eq!(it.codes().await, [Code::SchedulePaused]);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_a_sync_has_made_meanwhile_is_as_good() {
    let it = Clinic::rc1().await;
    it.change_remote("ada", |user| user["displayName"] = "Mallory".into());
    let finding = it.only(Code::Drift).await;
    // The same rewrite by somebody else.
    it.cured(&it.only(Code::Drift).await).await;
    let link = json!({"provider": it.provider, "user": it.ada, "scim_id": "x"});
    assert_eq!(it.lab.call("POST", "providers/scim_users/", link.clone()).await.status, 201);
    let id = it.lab.get(&format!("providers/scim_users/?user__id={}", it.ada)).await["results"]
        .as_array()
        .unwrap()
        .iter()
        .find(|link| link["scim_id"] == "x")
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    it.lab.call("DELETE", &format!("providers/scim_users/{id}/"), Value::Null).await;
    // Its own link is gone and the resource is linked: both are fine.
    let report = finding.cure().unwrap().run().await;
    assert!(report.is_complete(), "{report:?}");
    assert!(it.codes().await.is_empty());
}
