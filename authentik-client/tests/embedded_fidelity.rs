//! Recorded phases as scripts: their API side is sent to the embedded authentik, a SCIM server behind
//! it answers as the recorded one did, and what it sends is compared with what the real one sent.

#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test: a panic is its result")]
#![allow(clippy::cast_possible_truncation, reason = "recorded seconds and statuses are small")]

mod fidelity;

use fidelity::Replay;
use serde_json::json;

/// Runs a series of files on one authentik and fails with all differences in what was sent.
///
/// `tick`: at which second of a minute the recorded scheduler looked.
async fn series(tick: f64, switches: &[(&str, &str)], files: &[&str]) -> Replay {
    let mut replay = Replay::start(files[0], switches, tick);
    // The managed mappings of the second laboratory (E01 lists those of the first).
    replay.managed("a708568d-3f6c-46bc-b98f-255a39d5f718", "goauthentik.io/providers/scim/user").await;
    replay.managed("c14f71b7-8473-4be3-9d50-2471179ed522", "goauthentik.io/providers/scim/group").await;
    let report = replay.run(files).await;
    println!("{} files, {} SCIM requests, {} API calls", files.len(), report.scim, report.api);
    let differences = report.differences;
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    replay
}

#[tokio::test(start_paused = true)]
async fn one_provider_from_setup_to_deletions_e01_to_e23() {
    series(
        30.6,
        &[],
        &[
            "E01-setup-users-groups",
            "E02-setup-memberships",
            "E03-provider-create",
            "E04-application-create",
            "E05-bindings-by-group",
            "E06-first-full-sync",
            "E07-read-connections",
            "E08-second-full-sync-nothing-changed",
            "E10-user-name-and-email-change",
            "E11-user-unmapped-attribute-change",
            "E12-user-email-cleared",
            "E13-user-username-change",
            "E14-user-removed-from-group",
            "E15-user-added-to-group",
            "E16-user-deactivated",
            "E17-full-sync-after-deactivation",
            "E18-user-reactivated",
            "E20-group-renamed",
            "E21-user-deleted",
            "E22-group-deleted",
            "E23-full-sync-after-deletions",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_without_patch_d10_to_d14() {
    series(
        50.0,
        &[],
        &[
            "D10-setup",
            "D10-nopatch-first-full-sync",
            "D11-nopatch-user-removed-from-group",
            "D12-nopatch-user-added-to-group",
            "D13-nopatch-group-renamed",
            "D14-nopatch-full-sync",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn injected_faults_d20_to_d24() {
    series(
        8.0,
        &[],
        &[
            "D20-setup",
            "D20-first-full-sync",
            "D21-429-on-direct-user-update",
            "D22-500-on-direct-user-update",
            "D23-429-on-create-in-full-sync",
            "D24-401-for-everything-full-sync",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_cloudflare_mapping_h50_to_h59() {
    series(
        8.2,
        &[("first_sync", "late")],
        &[
            "H50-cloudflare-mapping-safe-order",
            "H51-cloudflare-mapping-first-sync",
            "H52-cloudflare-mapping-no-change-sync",
            "H53-cloudflare-mapping-no-change-name-formatted-differs",
            "H54-cloudflare-mapping-rename",
            "H55-cloudflare-mapping-deactivate",
            "H56-cloudflare-mapping-change-while-inactive",
            "H57-cloudflare-mapping-reactivate",
            "H58-cloudflare-mapping-deactivate-reactivate",
            "H59-cloudflare-mapping-skipobject",
        ],
    )
    .await;
}

/// The second laboratory with nothing in it.
async fn empty(first: &str) -> Replay {
    let replay = Replay::start(first, &[], 40.0);
    replay.managed("a708568d-3f6c-46bc-b98f-255a39d5f718", "goauthentik.io/providers/scim/user").await;
    replay.managed("c14f71b7-8473-4be3-9d50-2471179ed522", "goauthentik.io/providers/scim/group").await;
    replay
}

/// The objects that the recordings of series G presuppose.
async fn series_g() -> Replay {
    let mut replay = empty("G12-not-found-method-media-type").await;
    replay.exact_lists = true;
    let user = json!({"username": "g1-user", "name": "g1-user", "email": "g1-user@example.test"});
    replay.create("core/users/", user, json!({"pk": 21})).await;
    let group = json!({"name": "g1-group", "users": [21]});
    replay.create("core/groups/", group, json!({"pk": "474e34bf-7f58-494d-8468-a82d24b5a054"})).await;
    let mapping = json!({"name": "g1 mapping", "expression": "return {}"});
    replay.create("propertymappings/provider/scim/", mapping, json!({})).await;
    let provider = json!({"name": "g1-prov", "url": "http://127.0.0.1:9021/v2",
        "property_mappings": ["a708568d-3f6c-46bc-b98f-255a39d5f718"], "group_filters": []});
    replay.create("providers/scim/", provider, json!({"pk": 3, "meta_model_name": "x"})).await;
    let application = json!({"name": "g1-app", "slug": "g1-app", "backchannel_providers": [3]});
    let known = json!({"pk": "b100b006-0fab-41d7-800f-97cf5e8ce03c"});
    replay.create("core/applications/", application, known).await;
    replay.forget().await;
    replay
}

#[tokio::test(start_paused = true)]
async fn refusals_g12_to_g14_have_the_recorded_texts() {
    for file in [
        "G12-not-found-method-media-type",
        "G13-field-errors-users-groups",
        "G14-field-errors-provider-application-binding-mapping",
    ] {
        let mut replay = series_g().await;
        let report = replay.api_only(file).await;
        assert!(report.differences.is_empty(), "{file}\n{}", report.differences.join("\n"));
    }
}

#[tokio::test(start_paused = true)]
async fn lists_g15_answer_as_recorded() {
    let mut replay = series_g().await;
    replay.exact_lists = false;
    let report = replay.api_only("G15-lists-filters-ordering").await;
    assert!(report.differences.is_empty(), "{}", report.differences.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn a_role_and_the_whole_job_with_it_g20_and_g21() {
    let mut replay = empty("G20-role-with-permissions").await;
    let report = replay.api_only("G20-role-with-permissions").await;
    assert!(report.differences.is_empty(), "G20\n{}", report.differences.join("\n"));
    replay.token.clone_from(&replay.key.lock().unwrap());
    assert!(replay.token.is_some());
    replay.exact_lists = false;
    let report = replay.run(&["G21-the-whole-job-with-that-role"]).await;
    // Two syncs overlapped there: one more look at the ServiceProviderConfig.
    let known = r#"recorded, not sent: "GET" "/v2/ServiceProviderConfig" null"#;
    let differences: Vec<&String> = report.differences.iter().filter(|difference| *difference != known).collect();
    assert!(differences.is_empty(), "G21 {differences:#?}");
}

#[tokio::test(start_paused = true)]
async fn without_any_permission_g11() {
    let mut replay = series_g().await;
    let account = json!({"username": "svc-plain", "name": "Plain Service", "type": "service_account"});
    let pk = replay.create("core/users/", account, json!({"pk": 19})).await["pk"].clone();
    let token = json!({"identifier": "svc-plain-api", "intent": "api", "user": 19, "expiring": false});
    replay.create("core/tokens/", token, json!({"user": 19})).await;
    let key = replay.get("/api/v3/core/tokens/svc-plain-api/view_key/").await["key"].as_str().unwrap().to_owned();
    replay.token = Some(key);
    replay.exact_lists = false;
    let report = replay.api_only("G11-service-account-without-permission").await;
    // The recorded account had made tokens of its own and with them a managed role.
    let differences: Vec<&String> =
        report.differences.iter().filter(|difference| !difference.contains("core/tokens")).collect();
    assert!(differences.is_empty(), "{pk}: {differences:#?}");
}

#[tokio::test(start_paused = true)]
async fn tokens_g30() {
    let mut replay = series_g().await;
    replay.exact_lists = false;
    let report = replay.api_only("G30-tokens-and-identity").await;
    // The later calls were made with the plain account's token, which a file does not show.
    let differences: Vec<&String> =
        report.differences.iter().filter(|text| !text.contains("svc-plain-forever/view_key")).collect();
    assert!(differences.is_empty(), "{differences:#?}");
}
