//! Providers, mappings, applications, bindings.

use authentik_client::id::{MappingUuid, ProviderPk, UserPk};
use authentik_client::model::{
    ApplicationPatch, BindingSubject, NewApplication, NewPolicyBinding, NewScimMapping, NewScimProvider,
    ScimMappingPatch, ScimProviderPatch,
};
use serde_json::{Value, json};

use crate::calls::{UUID, at, below, recorded, sends, uuid, with};
use crate::support;

#[tokio::test]
async fn providers() {
    let provider = || recorded("GET", below("providers/scim"));
    let pk = ProviderPk::new(10);
    let created = sends(
        recorded("POST", at("providers/scim/")),
        |it| async move {
            let mut new = NewScimProvider::new("cloudflare", "https://x/scim/v2", "scim-token".to_owned().into());
            new.property_mappings = vec![uuid()];
            new.property_mappings_group = vec![uuid()];
            new.group_filters = vec![uuid()];
            it.scim_providers().create(&new).await
        },
        "POST providers/scim/",
        json!({"name": "cloudflare", "url": "https://x/scim/v2", "token": "scim-token", "property_mappings": [UUID],
            "property_mappings_group": [UUID], "group_filters": [UUID], "exclude_users_service_account": true,
            "dry_run": true}),
    );
    assert_eq!(created.await.pk, ProviderPk::new(9));
    let get = sends(
        provider(),
        |it| async move { it.scim_providers().get(&pk).await },
        "GET providers/scim/10/",
        Value::Null,
    );
    assert_eq!(get.await.name, "g2-p-full");
    sends(
        provider(),
        |it| async move {
            let patch = with(ScimProviderPatch::default(), |patch| patch.dry_run = Some(false));
            it.scim_providers().update(&pk, &patch).await
        },
        "PATCH providers/scim/10/",
        json!({"dry_run": false}),
    )
    .await;
    sends(
        Value::Null,
        |it| async move { it.scim_providers().delete(&pk).await },
        "DELETE providers/scim/10/",
        Value::Null,
    )
    .await;
    let found = sends(
        recorded("GET", at("providers/scim/")),
        |it| async move { it.scim_providers().find("g2-p-full").await },
        "GET providers/scim/?name=g2-p-full&page=1&page_size=100",
        Value::Null,
    );
    assert!(found.await.is_some());
    let status = sends(
        recorded("GET", |path| path.ends_with("/sync/status/")),
        |it| async move { it.scim_providers().sync_status(&pk).await },
        "GET providers/scim/10/sync/status/",
        Value::Null,
    );
    assert!(!status.await.is_running);
    sends(
        json!({"messages": []}),
        |it| async move { it.scim_providers().sync_user(&pk, UserPk::new(58), false).await },
        "POST providers/scim/10/sync/object/",
        json!({"sync_object_model": "authentik.core.models.User", "sync_object_id": "58", "override_dry_run": false}),
    )
    .await;
    sends(
        json!({"messages": []}),
        |it| async move { it.scim_providers().sync_group(&pk, &uuid(), true).await },
        "POST providers/scim/10/sync/object/",
        json!({"sync_object_model": "authentik.core.models.Group", "sync_object_id": UUID, "override_dry_run": true}),
    )
    .await;
}

#[tokio::test]
async fn mappings() {
    let list = || recorded("GET", at("propertymappings/provider/scim/"));
    let mapping = || recorded("POST", at("propertymappings/provider/scim/"));
    let id = uuid::<MappingUuid>;
    let managed = sends(
        list(),
        |it| async move { it.scim_mappings().managed("goauthentik.io/providers/scim/group").await },
        "GET propertymappings/provider/scim/?managed__isnull=false&page=1&page_size=100",
        Value::Null,
    );
    assert_eq!(managed.await.name, "authentik default SCIM Mapping: Group");
    sends(
        mapping(),
        |it| async move { it.scim_mappings().create(&NewScimMapping::new("m", "return {}")).await },
        "POST propertymappings/provider/scim/",
        json!({"name": "m", "expression": "return {}"}),
    )
    .await;
    sends(
        mapping(),
        |it| async move {
            let patch = with(ScimMappingPatch::default(), |patch| patch.expression = Some("return 1".to_owned()));
            it.scim_mappings().update(&id(), &patch).await
        },
        &format!("PATCH propertymappings/provider/scim/{UUID}/"),
        json!({"expression": "return 1"}),
    )
    .await;
    let tested = sends(
        recorded("POST", |path| path.ends_with("/test/")),
        |it| async move { it.scim_mappings().test(&id(), UserPk::new(82)).await },
        &format!("POST propertymappings/all/{UUID}/test/"),
        json!({"user": 82}),
    )
    .await;
    assert!(!tested.result.is_empty());
    sends(
        json!({"successful": true, "result": "{}"}),
        |it| async move { it.scim_mappings().test_group(&id(), &uuid()).await },
        &format!("POST propertymappings/all/{UUID}/test/"),
        json!({"group": UUID}),
    )
    .await;
}

#[tokio::test]
async fn applications_and_bindings() {
    let application = || recorded("POST", at("core/applications/"));
    let binding = || recorded("POST", at("policies/bindings/"));
    let slug = || "cf-1".parse().unwrap();
    sends(
        application(),
        |it| async move { it.applications().create(&NewApplication::new("CF", slug())).await },
        "POST core/applications/",
        json!({"name": "CF", "slug": "cf-1"}),
    )
    .await;
    sends(
        application(),
        |it| async move {
            let patch =
                with(ApplicationPatch::default(), |patch| patch.backchannel_providers = Some(vec![ProviderPk::new(2)]));
            it.applications().update(&slug(), &patch).await
        },
        "PATCH core/applications/cf-1/",
        json!({"backchannel_providers": [2]}),
    )
    .await;
    sends(
        recorded("GET", |path| path.ends_with("/check_access/")),
        |it| async move { it.applications().check_access(&slug(), UserPk::new(101)).await },
        "GET core/applications/cf-1/check_access/?for_user=101",
        Value::Null,
    )
    .await;
    sends(
        support::page(&[]),
        |it| async move { it.applications().list_all().all().await },
        "GET core/applications/?superuser_full_list=true&page=1&page_size=100",
        Value::Null,
    )
    .await;
    sends(
        binding(),
        |it| async move { it.policy_bindings().create(&NewPolicyBinding::group(uuid(), uuid())).await },
        "POST policies/bindings/",
        json!({"target": UUID, "order": 0, "group": UUID}),
    )
    .await;
    sends(
        binding(),
        |it| async move {
            let whole =
                NewPolicyBinding::new(uuid(), BindingSubject::User(UserPk::new(103))).enabled(false).negate(true);
            it.policy_bindings().update(&uuid(), &whole).await
        },
        &format!("PATCH policies/bindings/{UUID}/"),
        json!({"target": UUID, "order": 0, "user": 103, "enabled": false, "negate": true}),
    )
    .await;
    let bindings = sends(
        recorded("GET", at("policies/bindings/")),
        |it| async move { it.policy_bindings().of(&uuid()).all().await },
        &format!("GET policies/bindings/?target={UUID}&page=1&page_size=100"),
        Value::Null,
    )
    .await;
    assert!(matches!(bindings[0].subject(), Some(BindingSubject::Group(_))));
    sends(
        Value::Null,
        |it| async move { it.policy_bindings().delete(&uuid()).await },
        &format!("DELETE policies/bindings/{UUID}/"),
        Value::Null,
    )
    .await;
}
