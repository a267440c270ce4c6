//! The series of recordings, each with what it presupposes.

use serde_json::{Value, json};

use super::replay::{Replay, Report, Step};
use super::setup::Attached;

/// Of ids and retry delays; with this one the fourth try of D24 falls into the recorded time.
const SEED: u64 = 8;

/// With this one the fourth try of H100 comes after its end.
const SEED_OF_H100: u64 = 1;

/// The second of a minute at which the second laboratory's scheduler looked: between H10 and H11.
const TICK: f64 = 50.0;

/// The first laboratory's worker took its time between requests.
fn slow(replay: Replay) -> Replay {
    replay.server.lock().moment = std::time::Duration::from_millis(90);
    replay
}

pub(crate) async fn e() -> Vec<Report> {
    let files = [
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
    ];
    slow(Replay::start(&files, &[], 30.6, SEED).await).run().await
}

pub(crate) async fn d1() -> Vec<Report> {
    let files = [
        "D10-setup",
        "D10-nopatch-first-full-sync",
        "D11-nopatch-user-removed-from-group",
        "D12-nopatch-user-added-to-group",
        "D13-nopatch-group-renamed",
        "D14-nopatch-full-sync",
    ];
    Replay::start(&files, &[], 50.0, SEED).await.run().await
}

pub(crate) async fn d2() -> Vec<Report> {
    let files = [
        "D20-setup",
        "D20-first-full-sync",
        "D21-429-on-direct-user-update",
        "D22-500-on-direct-user-update",
        "D23-429-on-create-in-full-sync",
        "D24-401-for-everything-full-sync",
    ];
    slow(Replay::start(&files, &[], 8.0, SEED).await).run().await
}

pub(crate) async fn h5() -> Vec<Report> {
    let files = [
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
    ];
    let mut replay = Replay::start(&files, &[("first_sync", "late")], 10.9, SEED).await;
    // The first sync took its time; the scheduler found it running and came again a minute later.
    replay.at(files[0], 2.4, Step::Slow(&[1500, 2000, 1500]));
    replay.run().await
}

/// The objects that the recordings of series G presuppose.
async fn presupposed_by_g(files: &[&str], attached: bool) -> Replay {
    let replay = Replay::start(files, &[], TICK, SEED).await;
    let user = json!({"username": "g1-user", "name": "g1-user", "email": "g1-user@example.test"});
    let user = replay.create("core/users/", user, &json!({"pk": 21})).await["pk"].clone();
    let group = json!({"name": "g1-group", "users": [user]});
    let group = replay.create("core/groups/", group, &json!({"pk": "474e34bf-7f58-494d-8468-a82d24b5a054"})).await;
    let mapping = json!({"name": "g1 mapping", "expression": "return {}"});
    replay.create("propertymappings/provider/scim/", mapping, &json!({})).await;
    let provider = json!({"name": "g1-prov", "url": "http://127.0.0.1:9021/v2",
        "property_mappings": [replay.managed_mapping("user")], "group_filters": []});
    let provider = replay.create("providers/scim/", provider, &json!({"pk": 3, "meta_model_name": "x"})).await;
    let application = json!({"name": "g1-app", "slug": "g1-app", "backchannel_providers": if attached { json!([provider["pk"]]) } else { json!([]) }});
    let known = json!({"pk": "b100b006-0fab-41d7-800f-97cf5e8ce03c"});
    let application = replay.create("core/applications/", application, &known).await;
    let binding = json!({"target": application["pk"], "group": group["pk"], "order": 0});
    let known = json!({"pk": "301106cd-90c4-4249-8d91-ddb129c6265f"});
    replay.create("policies/bindings/", binding, &known).await;
    replay
}

pub(crate) async fn g1() -> Vec<Report> {
    let mut all = Vec::new();
    for (file, exact) in [
        ("G12-not-found-method-media-type", true),
        ("G13-field-errors-users-groups", true),
        ("G14-field-errors-provider-application-binding-mapping", true),
        ("G15-lists-filters-ordering", false),
    ] {
        let mut replay = presupposed_by_g(&[file], true).await;
        replay.exact_lists = exact;
        all.extend(replay.api_only().await);
    }
    all
}

/// Tokens, credentials, and what an account without permission may do, which was recorded in this order.
pub(crate) async fn g3() -> Vec<Report> {
    let files = ["G30-tokens-and-identity", "G10-credentials-refused", "G11-service-account-without-permission"];
    let mut replay = presupposed_by_g(&files, false).await;
    replay.make_bad_tokens().await;
    replay.at(files[0], 2.72, Step::As("svc-plain-forever"));
    replay.at(files[1], -0.3, Step::Credentials(true));
    replay.at(files[2], -0.1, Step::Credentials(false));
    replay.run().await
}

pub(crate) async fn g2() -> Vec<Report> {
    let files = ["G20-role-with-permissions", "G21-the-whole-job-with-that-role"];
    let mut replay = Replay::start(&files, &[], TICK, SEED).await;
    replay.make_bystander().await;
    // The full sync and sync/object ran side by side.
    replay.two_threads.push(files[1]);
    replay.at(files[1], -0.1, Step::AsShown);
    replay.at(files[1], 15.55, Step::Noise);
    replay.run().await
}

/// Users `<name>-u0` and so on in one bound group `<name>-g0`, synced.
async fn plain(files: &[&str], name: &str, users: usize, pk: i64) -> Replay {
    let mut replay = Replay::start(files, &[], TICK, SEED).await;
    replay.make_bystander().await;
    let users = replay.users(name, users).await;
    let group = replay.group(&format!("{name}-g0"), &users, &[]).await;
    replay.attach(Attached { name, pk, bound: &[&group], extra: json!({}) }).await;
    replay
}

pub(crate) async fn g31() -> Vec<Report> {
    let files = [
        "G31-sync-object-ids",
        "G32-sync-object-slow-server",
        "G33-sync-object-failing",
        "G34-sync-object-worker-busy-or-paused",
        "G35-rejected-task-retry",
        "G36-application-delete-cascades",
    ];
    let mut replay = plain(&files, "hd", 3, 20).await;
    // The task that G35 names is about a membership.
    let group = replay.get("core/groups/?name=hd-g0").await["results"][0]["pk"].as_str().unwrap().to_owned();
    replay.raw("POST", &format!("core/groups/{group}/remove_user/"), &json!({"pk": replay.bystander})).await;
    // Others were busy, so that nothing that failed was tried again.
    for (file, seconds) in [(0, &[45.0, 65.0, 85.0][..]), (1, &[10.0, 28.0]), (2, &[5.0, 25.0, 40.0])] {
        for at in seconds {
            replay.at(files[file], *at, Step::Noise);
        }
    }
    let actor = "authentik.providers.scim.tasks.scim_sync_m2m";
    replay.at(files[4], -0.1, Step::Newest("a0a7f258-8be9-43c5-984c-04328c33e598", actor));
    replay.run().await
}

pub(crate) async fn h1() -> Vec<Report> {
    let files = ["H10-trap16-dry-run", "H11-trap16-real"];
    let mut replay = Replay::start(&files, &[("first_sync", "late")], TICK, SEED).await;
    let inside = [replay.user("h1c-u0", "h1c-u0").await, replay.user("h1c-u1", "h1c-u1").await];
    let outside = replay.user("h1c-out-name", "h1c-out-name").await;
    replay.server.lock().ids.learn_user(101, outside);
    let mail = json!({"username": "h1c-out-mail", "name": "h1c-out-mail", "email": "boss@company.test"});
    replay.user_with(mail).await;
    let inactive = json!({"username": "h1c-out-inactive", "name": "h1c-out-inactive", "is_active": false});
    replay.user_with(inactive).await;
    replay.group("h1c-g0", &inside, &[]).await;
    replay.group("h1c-foreign-group", &[], &[]).await;
    // Overloaded: the sync of the provider's creation began late, took long, and the one that was sent
    // found it running.
    replay.at(files[0], 2.6, Step::Busy(7500));
    replay.at(files[0], 3.6, Step::Slow(&[18_000, 1500, 3000]));
    replay.run().await
}

pub(crate) async fn h2() -> Vec<Report> {
    let files = [
        "H20-forced-rewrite-user",
        "H21-forced-rewrite-group",
        "H22-forced-rewrite-user-gone",
        "H23-link-deleted-then-send",
    ];
    let mut replay = Replay::start(&files, &[], TICK, SEED).await;
    let users = replay.users("h2", 3).await;
    let g0 = replay.group("h2-g0", &users, &[]).await;
    let g1 = replay.group("h2-g1", &users[..2], &[]).await;
    replay.attach(Attached { name: "h2", pk: 16, bound: &[&g0, &g1], extra: json!({}) }).await;
    replay.run().await
}

/// Three members of `-g0`, one of them in `-g1` too, a service account, an external user, one who is
/// only in `-g1`, a member of the child group, an inactive one.
async fn scope_users(replay: &Replay, name: &str) {
    let mut users = replay.users(name, 3).await;
    let mut more = Vec::new();
    for (who, kind, active) in [
        ("svc", "service_account", true),
        ("ext", "external", true),
        ("solo", "internal", true),
        ("childuser", "internal", true),
        ("inactive", "internal", false),
    ] {
        let name = format!("{name}-{who}");
        let user = json!({"username": name, "name": name, "type": kind, "is_active": active});
        more.push(replay.user_with(user).await);
    }
    if name == "h4b" {
        // Only `check_access` names this one.
        replay.server.lock().ids.learn_user(106, more[2]);
    }
    let first = users[0];
    users.push(more[4]);
    let g0 = replay.group(&format!("{name}-g0"), &users, &[]).await;
    replay.group(&format!("{name}-g1"), &[first, more[2]], &[]).await;
    replay.group(&format!("{name}-child"), &[more[3]], &[&g0]).await;
}

pub(crate) async fn h4() -> Vec<Report> {
    let files = [
        "H40-scope-no-bindings",
        "H41-scope-group-binding",
        "H42-scope-disabled-negate-user",
        "H43-scope-exclude-service-accounts-and-group-filters",
    ];
    let mut replay = Replay::start(&files, &[], TICK, SEED).await;
    // An earlier laboratory's users and groups are still there; the application is bound to none of them.
    scope_users(&replay, "h4").await;
    scope_users(&replay, "h4b").await;
    let extra = json!({"dry_run": true, "exclude_users_service_account": false});
    replay.attach(Attached { name: "h4b", pk: 23, bound: &[], extra }).await;
    replay.run().await
}

pub(crate) async fn h59() -> Vec<Report> {
    let files = ["H590-no-mappings", "H591-mapping-raises", "H592-mapping-test-endpoint"];
    plain(&files, "hc", 4, 25).await.run().await
}

pub(crate) async fn h593() -> Vec<Report> {
    // The provider was made a moment before, so that its spare sync is in the file.
    let files = ["H593-mapping-results"];
    let mut replay = Replay::start(&files, &[], 29.3, SEED).await;
    let users = replay.users("hf", 4).await;
    let group = replay.group("hf-g0", &users, &[]).await;
    replay.until_before_start(9).await;
    let extra = json!({});
    replay.attach_now(&Attached { name: "hf", pk: 34, bound: &[&group], extra }).await;
    replay.run().await
}

pub(crate) async fn h594() -> Vec<Report> {
    let files = ["H594-cloudflare-mapping-skipping-inactive"];
    let mut replay = Replay::start(&files, &[], TICK, SEED).await;
    replay.server.lock().echoes_little = true;
    let users = replay.users("hg", 3).await;
    let group = replay.group("hg-g0", &users, &[]).await;
    let expression = authentik_client::mapping::CLOUDFLARE_USER;
    let mapping = json!({"name": "hg cloudflare", "expression": expression});
    let mapping = replay.create("propertymappings/provider/scim/", mapping, &Value::Null).await;
    let extra = json!({"property_mappings": [mapping["pk"]]});
    replay.attach(Attached { name: "hg", pk: 35, bound: &[&group], extra }).await;
    replay.run().await
}

/// H60 and H61 without the ServiceProviderConfig cache.
pub(crate) async fn h60() -> Vec<Report> {
    let files = ["H60-429-on-service-provider-config", "H61-500-on-service-provider-config"];
    let mut replay = Replay::start(&files, &[], TICK, SEED).await;
    replay.make_bystander().await;
    let users = replay.users("h6a", 3).await;
    let group = replay.group("h6a-g0", &users, &[]).await;
    let extra = json!({"service_provider_config_cache_timeout": "minutes=0"});
    replay.attach(Attached { name: "h6a", pk: 8, bound: &[&group], extra }).await;
    // The new user's event was worked off after he had joined the group. Each change by others on the
    // same authentik asks for the ServiceProviderConfig, and keeps delayed tasks from being looked at.
    replay.at(files[0], -0.1, Step::Switch("event_scope", "run"));
    replay.at(files[0], -0.1, Step::Switch("threads", "1"));
    replay.at(files[0], -0.1, Step::Busy(1500));
    replay.at(files[0], 2.5, Step::Switch("threads", "2"));
    replay.at(files[0], 2.5, Step::Switch("event_scope", "commit"));
    for at in [-0.08, -0.07, 2.6, 3.1, 4.0, 4.3, 5.0, 5.2, 5.7, 6.3, 6.9, 15.2, 15.4, 16.3, 17.4, 18.3, 38.0] {
        replay.at(files[0], at, Step::Noise);
    }
    for at in [0.45, 8.6, 8.9, 9.2] {
        replay.at(files[1], at, Step::Noise);
    }
    replay.run().await
}

pub(crate) async fn h62() -> Vec<Report> {
    let files = ["H62-429-503-500-inside-a-full-sync", "H63-cut-body"];
    let mut replay = Replay::start(&files, &[], TICK, SEED).await;
    replay.make_bystander().await;
    let users = replay.users("h6b", 4).await;
    let g0 = replay.group("h6b-g0", &users, &[]).await;
    let g1 = replay.group("h6b-g1", &[], &[]).await;
    {
        // Their uuids are in the calls that add users.
        let mut server = replay.server.lock();
        server.ids.learn_text("e1bad28f-a4c2-4f0f-8ea0-244c72a1c993", &g0);
        server.ids.learn_text("3fe98ba2-2a1e-4115-bc22-e8414abeb25e", &g1);
    }
    replay.attach(Attached { name: "h6b", pk: 9, bound: &[&g0, &g1], extra: json!({}) }).await;
    // Others were busy, so that the failed page was not tried again before the recording ended.
    for at in [20.0, 40.0, 60.0] {
        replay.at(files[1], at, Step::Noise);
    }
    replay.run().await
}

pub(crate) async fn h65() -> Vec<Report> {
    let file = "H65-connection-refused";
    let mut replay = plain(&[file], "q3", 2, 32).await;
    replay.at(file, -0.3, Step::Down(true));
    replay.run().await
}

pub(crate) async fn h66() -> Vec<Report> {
    let file = "H66-connection-refused-once";
    let mut replay = plain(&[file], "q1", 2, 31).await;
    replay.at(file, -0.3, Step::Down(true));
    replay.at(file, 20.0, Step::Down(false));
    replay.run().await
}

pub(crate) async fn h8() -> Vec<Report> {
    let files = ["H80-chunking-by-max-operations", "H81-service-provider-config-incomplete"];
    let mut replay = plain(&files, "h8", 5, 18).await;
    // A sync was still running when the next ServiceProviderConfig was served.
    replay.at(files[1], 71.05, Step::Slow(&[20_000, 10_000]));
    replay.run().await
}

/// The users of H50 to H59 in an earlier make-up of the laboratory.
pub(crate) async fn h100() -> Vec<Report> {
    let files = ["H100-groups-as-plain-strings-stop-every-sync"];
    let mut replay = Replay::start(&files, &[], TICK, SEED_OF_H100).await;
    replay.server.lock().echoes_little = true;
    let mut users = Vec::new();
    for (name, display) in [("anna", "Anna Berg"), ("bert.dorn", "Bert Carl Dorn"), ("cara", "Cara"), ("emil", "")] {
        users.push(replay.user(name, display).await);
    }
    let group = replay.group("cf-users", &users, &[]).await;
    let mapping = json!({"name": "cloudflare", "expression": authentik_client::mapping::CLOUDFLARE_USER});
    let mapping = replay.create("propertymappings/provider/scim/", mapping, &Value::Null).await;
    let extra = json!({"property_mappings": [mapping["pk"]]});
    replay.attach(Attached { name: "cloudflare", pk: 1, bound: &[&group], extra }).await;
    replay.run().await
}

pub(crate) async fn h101() -> Vec<Report> {
    let files = ["H101-no-meta-dates", "H102-list-without-emails-known-users", "H103-list-members-null-and-odd"];
    plain(&files, "ha", 3, 21).await.run().await
}

pub(crate) async fn h104() -> Vec<Report> {
    let files = ["H104-list-email-type-unknown", "H106-list-without-resources", "H64-success-without-body"];
    let mut replay = plain(&files, "q2", 1, 33).await;
    // The events of these two users were worked off after they had joined the group, one by one.
    for (from, to, busy) in [(2.45, 4.5, 900), (9.65, 11.0, 330)] {
        replay.at(files[2], from, Step::Switch("event_scope", "run"));
        replay.at(files[2], from, Step::Switch("threads", "1"));
        replay.at(files[2], from, Step::Busy(busy));
        replay.at(files[2], to, Step::Switch("threads", "2"));
        replay.at(files[2], to, Step::Switch("event_scope", "commit"));
    }
    replay.run().await
}

pub(crate) async fn h105() -> Vec<Report> {
    plain(&["H105-unknown-user-without-emails"], "hh", 2, 36).await.run().await
}

pub(crate) async fn h11() -> Vec<Report> {
    let files = ["H110-users-set-and-user-groups", "H111-nested-parents", "H112-members-absent-in-group-answer"];
    let mut replay = Replay::start(&files, &[], TICK, SEED).await;
    let users = replay.users("hb", 4).await;
    let g0 = replay.group("hb-g0", &users, &[]).await;
    let g1 = replay.group("hb-g1", &[], &[]).await;
    replay.attach(Attached { name: "hb", pk: 24, bound: &[&g0], extra: json!({"group_filters": [g0, g1]}) }).await;
    for (file, at, first) in [(0, -0.1, "on"), (0, 6.0, "off"), (0, 8.0, "on"), (2, -0.3, "off"), (2, 5.0, "on")] {
        replay.at(files[file], at, Step::Switch("group_saved_first", first));
    }
    // The event of the first change was worked off when the group was in the filter again.
    replay.at(files[2], 1.85, Step::Busy(200));
    replay.at(files[2], 1.95, Step::Resave("hb-g1"));
    replay.run().await
}
