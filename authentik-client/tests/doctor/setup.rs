use authentik_client::Authentik;
use authentik_client::doctor::{Code, RemoteView, Severity};
use authentik_client::embedded::Profile;
use authentik_client::id::ProviderPk;
use authentik_client::mapping::CLOUDFLARE_USER;
use bytes::Bytes;
use scim_core::transport::{Transport, TransportExt, from_fn};
use serde_json::{Value, json};

use crate::clinic::{Clinic, client};

#[tokio::test(start_paused = true)]
async fn a_healthy_provider_has_no_findings() {
    for profile in Profile::ALL {
        let it = Clinic::new(profile).await;
        let findings: Vec<String> = it.findings().await.iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "{profile}: {findings:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_doctor_writes_nothing() {
    let it = Clinic::rc1().await;
    it.refuse("PUT", "/v2/", 400);
    it.lab.patch(&format!("core/users/{}/", it.ada), json!({"name": "Ada L"})).await;
    it.lab.settled().await;
    let writes = it.lab.authentik.requests(authentik_client::embedded::Side::Api).writes;
    for finding in it.findings().await {
        let _plan = finding.cure().map(|cure| cure.plan());
    }
    assert_eq!(it.lab.authentik.requests(authentik_client::embedded::Side::Api).writes, writes);
    assert!(it.lab.drain().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_provider_without_an_application_is_not_assigned() {
    let it = Clinic::rc1().await;
    it.lab.patch("core/applications/app/", json!({"backchannel_providers": []})).await;
    let finding = it.only(Code::NotAssigned).await;
    assert!(finding.cure().is_none());
    assert!(finding.evidence.iter().any(|it| it.contains("sync/status says done")), "{finding}");
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_is_named_and_hides_no_danger() {
    let it = Clinic::with(|builder| builder, json!({"dry_run": true})).await;
    assert_eq!(it.only(Code::DryRun).await.severity, Severity::Note);
    let outside = it.lab.user("outside").await;
    it.lab.shelf(|shelf| shelf.users.push(json!({"id": "r1", "userName": "outside", "emails": []})));
    assert_eq!(it.codes().await, [Code::WouldBeDeleted, Code::DryRun], "{outside}");
}

#[tokio::test(start_paused = true)]
async fn no_enabled_binding_means_everybody() {
    let it = Clinic::rc1().await;
    let bindings = it.lab.get("policies/bindings/").await;
    let binding = &bindings["results"][0];
    let path = format!("policies/bindings/{}/", binding["pk"].as_str().unwrap());
    let body = json!({"target": binding["target"], "group": binding["group"], "order": 0, "enabled": false});
    it.lab.patch(&path, body).await;
    let finding = it.one_of(Code::EverybodyInScope).await;
    assert!(finding.message.contains("has 1 bindings and none of them is enabled"), "{finding}");
    it.lab.call("DELETE", &path, Value::Null).await;
    let finding = it.one_of(Code::EverybodyInScope).await;
    assert!(finding.message.contains("has no bindings"), "{finding}");
    assert_eq!(finding.severity, Severity::Danger);
}

#[tokio::test(start_paused = true)]
async fn no_enabled_binding_means_nobody_where_the_flag_says_so() {
    let it = Clinic::rc1().await;
    it.lab.authentik.set_switch("default_app_access", "off").unwrap();
    assert!(it.codes().await.is_empty(), "an enabled binding decides, whatever the flag says");
    let binding = it.lab.get("policies/bindings/").await["results"][0]["pk"].as_str().unwrap().to_owned();
    it.lab.call("DELETE", &format!("policies/bindings/{binding}/"), Value::Null).await;
    let finding = it.one_of(Code::NobodyInScope).await;
    assert!(finding.message.contains("has no bindings, and the flag core_default_app_access is off"), "{finding}");
    assert_eq!(finding.severity, Severity::Danger);
    assert!(!it.codes().await.contains(&Code::EverybodyInScope));
    // And so it is.
    it.lab.sync().await;
    assert_eq!(it.remote("ada"), Value::Null);
}

#[tokio::test(start_paused = true)]
async fn no_group_filter_means_every_group() {
    let it = Clinic::rc1().await;
    it.patch_provider(json!({"group_filters": []})).await;
    let finding = it.only(Code::AllGroupsInScope).await;
    assert!(finding.message.contains("groups of authentik are sent"), "{finding}");
}

#[tokio::test(start_paused = true)]
async fn service_accounts_in_scope_are_named_and_left_out() {
    let it = Clinic::rc1().await;
    let body = json!({"username": "robot", "name": "Robot", "email": "robot@example.test", "type": "service_account"});
    let robot = it.lab.post("core/users/", body).await["pk"].as_i64().unwrap();
    it.add(&it.staff, robot).await;
    it.patch_provider(json!({"exclude_users_service_account": false})).await;
    assert_eq!(it.remote("robot")["active"], true);
    let finding = it.only(Code::ServiceAccountsInScope).await;
    assert!(finding.evidence[0].contains("\"robot\""), "{finding}");
    it.cured(&finding).await;
    assert_eq!(it.remote("robot"), Value::Null);
}

#[tokio::test(start_paused = true)]
async fn an_empty_list_of_mappings_is_not_the_default() {
    let it = Clinic::rc1().await;
    it.patch_provider(json!({"property_mappings_group": []})).await;
    let finding = it.one_of(Code::NoMappings).await;
    assert!(finding.message.contains("no mapping of groups"), "{finding}");
    it.cured(&finding).await;

    it.patch_provider(json!({"property_mappings": []})).await;
    let finding = it.one_of(Code::NoMappings).await;
    assert!(finding.message.contains("no mapping of users"), "{finding}");
    assert!(finding.cure().is_none());
}

#[tokio::test(start_paused = true)]
async fn the_default_mapping_beside_another_one_is_detached() {
    let it = Clinic::rc1().await;
    let mapping = json!({"name": "cloudflare user", "expression": CLOUDFLARE_USER});
    let mapping = it.lab.post("propertymappings/provider/scim/", mapping).await["pk"].clone();
    it.patch_provider(json!({"property_mappings": [it.lab.user_mapping, mapping]})).await;
    let finding = it.only(Code::DefaultMappingAttached).await;
    let plan: Vec<String> = finding.cure().unwrap().plan().iter().map(ToString::to_string).collect();
    let wanted = format!("PATCH providers/scim/{}/ {}", it.provider, json!({"property_mappings": [mapping]}));
    assert_eq!(plan, [wanted]);
    it.cured(&finding).await;
}

#[tokio::test(start_paused = true)]
async fn another_provider_of_the_same_url_is_a_danger() {
    let it = Clinic::rc1().await;
    // Case and slash make no other server of it.
    let body = json!({"name": "second", "url": "http://SCIM.test/v2/", "property_mappings": [it.lab.user_mapping],
        "property_mappings_group": [it.lab.group_mapping]});
    it.lab.post("providers/scim/", body).await;
    it.lab.settled().await;
    let finding = it.only(Code::SameUrl).await;
    assert!(finding.evidence[0].contains("\"second\""), "{finding}");
    assert_eq!(finding.severity, Severity::Danger);
}

#[tokio::test(start_paused = true)]
async fn many_small_pages_make_discovery_dear() {
    let it = Clinic::rc1().await;
    for number in 0..12 {
        let user = it.lab.user(&format!("u{number}")).await;
        it.add(&it.staff, user).await;
    }
    it.patch_provider(json!({"sync_page_size": 1})).await;
    let view = it.view().page_size(1);
    let found = it.authentik.doctor(it.provider, &view).await.unwrap();
    let [finding] = &found[..] else { panic!("{found:#?}") };
    assert_eq!(finding.code, Code::DiscoveryCost);
    assert!(finding.message.contains("196 requests"), "{finding}");
    // What it says is what a sync does: the list once per page of users.
    let sent = it.lab.sync().await;
    let lists = sent.iter().filter(|request| request.starts_with("GET /v2/Users")).count();
    assert_eq!(lists, 14, "the server's own pages hold them all");
    it.cured(finding).await;
    let sent = it.lab.sync().await;
    assert_eq!(sent.iter().filter(|request| request.starts_with("GET /v2/Users")).count(), 1);
    // Later versions look once per sync.
    let later = Clinic::with(|builder| builder.profile(Profile::V2026_5_6), json!({"sync_page_size": 1})).await;
    assert!(later.authentik.doctor(later.provider, &later.view().page_size(1)).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_paused_schedule_is_resumed() {
    let it = Clinic::rc1().await;
    let schedule = it.authentik.schedules().of_provider(it.provider).await.unwrap();
    it.authentik.schedules().pause(&schedule.id).await.unwrap();
    let finding = it.only(Code::SchedulePaused).await;
    assert!(finding.evidence[0].contains("every 4 hours"), "{finding}");
    it.cured(&finding).await;
    assert!(!it.authentik.schedules().of_provider(it.provider).await.unwrap().paused);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_newer_version_is_treated_as_the_newest_known() {
    let it = Clinic::new(Profile::V2026_8).await;
    let inner = it.lab.authentik.clone();
    let newer = from_fn(move |request: http::Request<Bytes>| {
        let inner = inner.clone();
        async move {
            if request.uri().path().ends_with("/admin/version/") {
                return Ok(http::Response::new(Bytes::from(r#"{"version_current":"2031.2.0"}"#)));
            }
            inner.send(request).await
        }
    });
    let authentik =
        Authentik::builder("http://authentik.test".parse().unwrap(), it.lab.authentik.token().to_owned().into())
            .transport(newer.shared())
            .build()
            .unwrap();
    let found = authentik.doctor(it.provider, &it.view()).await.unwrap();
    let [finding] = &found[..] else { panic!("{found:#?}") };
    assert_eq!((finding.code, finding.severity), (Code::UnknownVersion, Severity::Note));
    assert!(finding.evidence[0].contains("2031.2.0"), "{finding}");
}

#[tokio::test(start_paused = true)]
async fn what_the_token_may_not_read_is_a_finding() {
    let it = Clinic::rc1().await;
    let view = |app: &str, model: &str| format!("{app}.view_{model}");
    let mut may = vec![
        view("authentik_providers_scim", "scimprovider"),
        view("authentik_providers_scim", "scimprovideruser"),
        view("authentik_providers_scim", "scimprovidergroup"),
        view("authentik_core", "user"),
        view("authentik_core", "group"),
        view("authentik_core", "application"),
    ];
    let token = crate::permissions::token(&it.lab, "few", &may).await;
    let found = client(&it.lab, &token).doctor(it.provider, &it.view()).await.unwrap();
    let unseen: Vec<&str> = found.iter().map(|finding| finding.resource.as_str()).collect();
    assert!(found.iter().all(|finding| finding.code == Code::NotAllowedToLook), "{found:#?}");
    assert_eq!(unseen, ["the bindings", "the events", "the mappings", "the schedule", "the tasks of single changes"]);
    let bindings = &found[0];
    assert!(bindings.advice.contains("authentik_policies.view_policybinding"), "{bindings}");

    // Without the provider itself there is nothing to say.
    may.remove(0);
    let token = crate::permissions::token(&it.lab, "fewer", &may).await;
    let error = client(&it.lab, &token).doctor(it.provider, &RemoteView::default()).await.unwrap_err();
    assert_eq!(error.missing_permission(), Some("authentik_providers_scim.view_scimprovider"));
    let nobody = it.authentik.doctor(ProviderPk::new(99_999), &RemoteView::default()).await.unwrap_err();
    assert!(nobody.is_not_found());
}
