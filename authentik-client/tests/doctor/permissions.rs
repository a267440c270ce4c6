use authentik_client::doctor::{PermissionCheck, PermissionVerdict};
use authentik_client::id::UserPk;
use serde_json::json;

use crate::clinic::client;
use crate::lab::Lab;

/// The token of a service account whose role has these permissions.
pub(crate) async fn token(lab: &Lab, name: &str, permissions: &[String]) -> String {
    let account = json!({"username": name, "name": name, "type": "service_account"});
    let user = lab.post("core/users/", account).await["pk"].clone();
    let role = lab.post("rbac/roles/", json!({"name": name})).await["pk"].as_str().unwrap().to_owned();
    if !permissions.is_empty() {
        let path = format!("rbac/permissions/assigned_by_roles/{role}/assign/");
        lab.post(&path, json!({"permissions": permissions})).await;
    }
    lab.post(&format!("rbac/roles/{role}/add_user/"), json!({"pk": user})).await;
    lab.post("core/tokens/", json!({"identifier": name, "user": user, "intent": "api", "expiring": false})).await;
    lab.get(&format!("core/tokens/{name}/view_key/")).await["key"].as_str().unwrap().to_owned()
}

fn missing(checks: &[PermissionCheck]) -> Vec<&'static str> {
    let missing = checks.iter().filter(|check| check.verdict == PermissionVerdict::Missing);
    missing.map(|check| check.permission.name).collect()
}

/// The two that `/test/` takes: without either it crashes, and which one it is does not show.
const CRASHES: [&str; 2] = ["authentik_core.view_propertymapping", "authentik_core.add_propertymapping"];

fn unknown(checks: &[PermissionCheck]) -> Vec<&'static str> {
    let unknown = checks.iter().filter(|check| matches!(check.verdict, PermissionVerdict::Unknown(_)));
    unknown.map(|check| check.permission.name).collect()
}

/// What facts/authentik.md §9 lists, by its names.
async fn all(lab: &Lab) -> Vec<String> {
    let checks = client(lab, lab.authentik.token()).check_permissions().await.unwrap();
    checks.iter().map(|check| check.permission.name.to_owned()).filter(|name| name != "superuser").collect()
}

#[tokio::test(start_paused = true)]
async fn a_superuser_has_them_all_and_nobody_has_none() {
    let lab = Lab::new().await;
    lab.provider(&[], json!({})).await;
    let all = all(&lab).await;
    let checks = client(&lab, lab.authentik.token()).check_permissions().await.unwrap();
    assert!(missing(&checks).is_empty());
    assert_eq!(checks.len(), all.len() + 1);
    let nobody = token(&lab, "nobody", &[]).await;
    let checks = client(&lab, &nobody).check_permissions().await.unwrap();
    let mut wanted: Vec<&str> = all.iter().map(String::as_str).collect();
    wanted.push("superuser");
    wanted.retain(|name| !CRASHES.contains(name));
    assert_eq!(missing(&checks), wanted);
    assert_eq!(unknown(&checks), CRASHES);
    let text = checks[1].to_string();
    assert!(text.starts_with("authentik_providers_scim.add_scimprovider: missing, without it no "), "{text}");
}

#[tokio::test(start_paused = true)]
async fn each_permission_left_out_is_found_by_itself() {
    let lab = Lab::new().await;
    lab.provider(&[], json!({})).await;
    let all = all(&lab).await;
    let given = all.clone();
    let whole = token(&lab, "whole", &given).await;
    assert_eq!(missing(&client(&lab, &whole).check_permissions().await.unwrap()), ["superuser"]);
    let before = lab.authentik.requests(authentik_client::embedded::Side::Scim).all;
    for (number, name) in all.iter().enumerate() {
        let rest: Vec<String> = given.iter().filter(|it| *it != name).cloned().collect();
        let token = token(&lab, &format!("without-{number}"), &rest).await;
        let checks = client(&lab, &token).check_permissions().await.unwrap();
        let missing = missing(&checks);
        if CRASHES.contains(&name.as_str()) {
            assert_eq!((missing, unknown(&checks)), (vec!["superuser"], CRASHES.to_vec()), "{name}");
            continue;
        }
        assert!(missing.contains(&name.as_str()) && unknown(&checks).is_empty(), "{name}: {missing:?}");
        // Changing and deleting asks for seeing as well.
        let (app, verb) = name.split_once('.').unwrap();
        let model = verb.split_once('_').map_or("", |(_, model)| model);
        let kin = |it: &&&str| it.starts_with(app) && it.ends_with(model);
        let others = missing.iter().filter(|it| **it != name && **it != "superuser");
        assert_eq!(others.clone().count(), others.filter(kin).count(), "{name}: {missing:?}");
    }
    // Looking has changed nothing.
    assert_eq!(lab.authentik.requests(authentik_client::embedded::Side::Scim).all, before);
    assert_eq!(lab.get("providers/scim/").await["pagination"]["count"], 1);
}

#[tokio::test(start_paused = true)]
async fn g11_a_mapping_test_that_crashes_names_the_permissions_that_it_takes() {
    let lab = Lab::new().await;
    let user = UserPk::new(lab.user("u").await);
    let token = token(&lab, "svc", &[CRASHES[0].to_owned()]).await;
    let error = client(&lab, &token).scim_mappings().test(&lab.user_mapping.parse().unwrap(), user).await.unwrap_err();
    assert!(error.is_server_error() && !error.may_have_been_applied());
    assert!(CRASHES.iter().all(|name| error.to_string().contains(name)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_bad_token_is_an_error() {
    let lab = Lab::new().await;
    let error = client(&lab, "nonsense").check_permissions().await.unwrap_err();
    assert!(error.is_unauthenticated());
}
