//! Every call over HTTP: the request as authentik documents it, its answer as recorded.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::future::Future;

use authentik_client::id::{GroupUuid, LinkUuid, MappingUuid, ProviderPk, ScheduleUuid, TaskUuid, UserPk};
use authentik_client::model::{
    ApplicationPatch, BindingSubject, GroupPatch, NewApplication, NewGroup, NewPolicyBinding, NewScimGroupLink,
    NewScimMapping, NewScimProvider, NewScimUserLink, NewToken, NewUser, Schedule, SchedulePatch, ScimMappingPatch,
    ScimProviderPatch, TaskState, TokenIntent, UserPatch, UserType,
};
use authentik_client::{Authentik, Error, ErrorKind};
use futures_util::StreamExt;
use scim_core::transport::{ReqwestTransport, RetryPolicy, TransportExt};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use support::{TOKEN, recording};
use wiremock::matchers::{any, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

const UUID: &str = "09e8b9d9-8d7b-4075-a90c-9ff885f4d8a6";

fn uuid<T: std::str::FromStr>() -> T
where
    T::Err: std::fmt::Debug,
{
    UUID.parse().unwrap()
}

fn client(server: &MockServer) -> Authentik {
    let transport = ReqwestTransport::new().unwrap().retry(RetryPolicy::never()).shared();
    Authentik::builder(server.uri().parse().unwrap(), TOKEN.to_owned().into()).transport(transport).build().unwrap()
}

/// A recorded 2xx answer: the first of this method whose path matches.
fn recorded(method: &str, is_it: impl Fn(&str) -> bool) -> Value {
    let files = [
        "E01", "E03", "E04", "E05", "E06", "E07", "E20", "G14", "G20", "G21", "G34", "H20", "H21", "H42", "H50",
        "H592", "G30",
    ];
    for file in files {
        for exchange in recording(file) {
            let path = exchange["target"].as_str().unwrap().split('?').next().unwrap().to_owned();
            let good = (200..300).contains(&exchange["status"].as_u64().unwrap());
            if exchange["side"] == "api" && exchange["method"] == method && good && is_it(&path) {
                return exchange["response_body"].clone();
            }
        }
    }
    panic!("no recorded answer to {method}")
}

fn at(path: &'static str) -> impl Fn(&str) -> bool {
    move |it| it == format!("/api/v3/{path}")
}

fn below(prefix: &'static str) -> impl Fn(&str) -> bool {
    move |it| it.trim_end_matches('/').rsplit_once('/').is_some_and(|(head, _)| head == format!("/api/v3/{prefix}"))
}

/// Answers one call with `answer` and compares the request that it sent: `METHOD path?query`, body.
async fn sends<T, F: Future<Output = Result<T, Error>>>(
    answer: Value,
    call: impl FnOnce(Authentik) -> F,
    line: &str,
    body: Value,
) -> T {
    let server = MockServer::start().await;
    let template = match &answer {
        Value::Null => ResponseTemplate::new(204),
        body => ResponseTemplate::new(200).set_body_json(body),
    };
    Mock::given(any()).respond_with(template).mount(&server).await;
    let value = call(client(&server)).await.unwrap_or_else(|error| panic!("{line}: {error}"));
    let requests = server.received_requests().await.unwrap();
    let [request] = &requests[..] else { panic!("{line}: {} requests", requests.len()) };
    let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
    assert_eq!(format!("{} {}{query}", request.method, request.url.path()), line.replacen(' ', " /api/v3/", 1));
    let sent = if request.body.is_empty() { Value::Null } else { serde_json::from_slice(&request.body).unwrap() };
    assert_eq!(sent, body, "{line}");
    let header = |name: &str| request.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(header("authorization").unwrap(), format!("Bearer {TOKEN}"));
    assert_eq!(header("accept").unwrap(), "application/json");
    assert_eq!(header("content-type"), (!request.body.is_empty()).then(|| "application/json".to_owned()));
    value
}

#[tokio::test]
async fn who_and_what() {
    let version = sends(
        recorded("GET", at("admin/version/")),
        |it| async move { it.version().await },
        "GET admin/version/",
        Value::Null,
    );
    assert_eq!(version.await.version_current, "2026.8.0-rc1");
    let me = sends(
        recorded("GET", at("core/users/me/")),
        |it| async move { it.me().await },
        "GET core/users/me/",
        Value::Null,
    )
    .await;
    assert!(me.user.is_superuser);
}

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

fn with<T>(mut value: T, change: impl FnOnce(&mut T)) -> T {
    change(&mut value);
    value
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

#[tokio::test]
async fn groups_and_users() {
    let group = || recorded("POST", at("core/groups/"));
    let user = || recorded("POST", at("core/users/"));
    sends(
        group(),
        |it| async move { it.groups().create(&NewGroup::new("staff")).await },
        "POST core/groups/",
        json!({"name": "staff"}),
    )
    .await;
    sends(
        group(),
        |it| async move {
            let patch = with(GroupPatch::default(), |patch| patch.users = Some(vec![UserPk::new(1)]));
            it.groups().update(&uuid(), &patch).await
        },
        &format!("PATCH core/groups/{UUID}/"),
        json!({"users": [1]}),
    )
    .await;
    for (name, add) in [("add_user", true), ("remove_user", false)] {
        sends(
            Value::Null,
            |it| async move {
                let group: GroupUuid = uuid();
                let user = UserPk::new(7);
                if add { it.groups().add_user(&group, user).await } else { it.groups().remove_user(&group, user).await }
            },
            &format!("POST core/groups/{UUID}/{name}/"),
            json!({"pk": 7}),
        )
        .await;
    }
    sends(
        support::page(&[]),
        |it| async move { it.groups().list().with_member(UserPk::new(7)).without_user_objects().all().await },
        "GET core/groups/?members_by_pk=7&include_users=false&page=1&page_size=100",
        Value::Null,
    )
    .await;
    sends(
        user(),
        |it| async move { it.users().create(&NewUser::new("ada", "Ada").email("ada@x.test")).await },
        "POST core/users/",
        json!({"username": "ada", "name": "Ada", "email": "ada@x.test", "is_active": true, "type": "internal"}),
    )
    .await;
    sends(
        user(),
        |it| async move {
            let patch = with(UserPatch::default(), |patch| patch.is_active = Some(false));
            it.users().update(&UserPk::new(7), &patch).await
        },
        "PATCH core/users/7/",
        json!({"is_active": false}),
    )
    .await;
    sends(
        support::page(&[]),
        |it| async move {
            let list = it.users().list().in_group(&uuid()).active(true).of_type(&UserType::ServiceAccount);
            list.without_group_objects().ordering("-pk").page_size(20).all().await
        },
        &format!(
            "GET core/users/?groups_by_pk={UUID}&is_active=true&type=service_account&include_groups=false&ordering=-pk&page=1&page_size=20"
        ),
        Value::Null,
    )
    .await;
    sends(
        support::page(&[]),
        |it| async move { it.users().find("o'brien +&=é@x").await },
        "GET core/users/?username=o%27brien%20%2B%26%3D%C3%A9%40x&page=1&page_size=100",
        Value::Null,
    )
    .await;
}

#[tokio::test]
async fn schedules_tasks_links_events() {
    let schedule = sends(
        recorded("GET", at("tasks/schedules/")),
        |it| async move { it.schedules().of_provider(ProviderPk::new(9)).await },
        "GET tasks/schedules/?rel_obj_content_type__app_label=authentik_providers_scim&rel_obj_content_type__model=scimprovider&rel_obj_id=9&page=1&page_size=100",
        Value::Null,
    );
    assert!(schedule.await.crontab.ends_with("*/4 * * *"));
    sends(
        recorded("PATCH", below("tasks/schedules")),
        |it| async move {
            let patch = with(SchedulePatch::default(), |patch| patch.paused = Some(true));
            it.schedules().update(&uuid(), &patch).await
        },
        &format!("PATCH tasks/schedules/{UUID}/"),
        json!({"paused": true}),
    )
    .await;
    // Recorded: 200 `{}`; documented: 204.
    for answer in [json!({}), Value::Null] {
        sends(
            answer,
            |it| async move { it.schedules().send(&uuid::<ScheduleUuid>()).await },
            &format!("POST tasks/schedules/{UUID}/send/"),
            Value::Null,
        )
        .await;
    }
    let tasks = sends(
        recorded("GET", at("tasks/tasks/")),
        |it| async move { it.tasks().of_provider(ProviderPk::new(9)).state(&TaskState::Rejected).page(1).await },
        "GET tasks/tasks/?rel_obj_content_type__app_label=authentik_providers_scim&rel_obj_content_type__model=scimprovider&rel_obj_id=9&ordering=-mtime&state=rejected&page=1&page_size=100",
        Value::Null,
    );
    assert!(!tasks.await.results.is_empty());
    sends(
        Value::Null,
        |it| async move { it.tasks().retry(&uuid::<TaskUuid>()).await },
        &format!("POST tasks/tasks/{UUID}/retry/"),
        Value::Null,
    )
    .await;
    sends(
        recorded("POST", at("providers/scim_users/")),
        |it| async move {
            let link = NewScimUserLink { provider: ProviderPk::new(1), user: UserPk::new(2), scim_id: "s".to_owned() };
            it.scim_user_links().create(&link).await
        },
        "POST providers/scim_users/",
        json!({"provider": 1, "user": 2, "scim_id": "s"}),
    )
    .await;
    sends(
        recorded("POST", at("providers/scim_groups/")),
        |it| async move {
            let link = NewScimGroupLink { provider: ProviderPk::new(1), group: uuid(), scim_id: "s".to_owned() };
            it.scim_group_links().create(&link).await
        },
        "POST providers/scim_groups/",
        json!({"provider": 1, "group": UUID, "scim_id": "s"}),
    )
    .await;
    sends(
        support::page(&[]),
        |it| async move { it.scim_user_links().of(ProviderPk::new(9)).of_user(UserPk::new(4)).all().await },
        "GET providers/scim_users/?provider__id=9&user__id=4&page=1&page_size=100",
        Value::Null,
    )
    .await;
    sends(
        Value::Null,
        |it| async move { it.scim_group_links().delete(&uuid::<LinkUuid>()).await },
        &format!("DELETE providers/scim_groups/{UUID}/"),
        Value::Null,
    )
    .await;
    sends(
        recorded("GET", at("events/events/")),
        |it| async move { it.events().configuration_errors().all().await },
        "GET events/events/?action=configuration_error&ordering=-created&page=1&page_size=100",
        Value::Null,
    )
    .await;
}

#[tokio::test]
async fn tokens() {
    let created =
        sends(
            recorded("POST", at("core/tokens/")),
            |it| async move {
                it.tokens().create(&NewToken::api("svc-plain-forever".parse().unwrap(), UserPk::new(19))).await
            },
            "POST core/tokens/",
            json!({"identifier": "svc-plain-forever", "user": 19, "intent": "api", "expiring": false}),
        )
        .await;
    assert_eq!((created.identifier.as_str(), created.intent), ("svc-scim-api", TokenIntent::Api));
    let of_user = |user| {
        sends(
            recorded("GET", at("core/tokens/")),
            move |it| async move { it.tokens().of_user(UserPk::new(user)).await },
            "GET core/tokens/?ordering=identifier&page=1&page_size=100",
            Value::Null,
        )
    };
    let own = of_user(19).await;
    assert!(own.iter().any(|token| token.intent == TokenIntent::Api && !token.expiring));
    assert!(own.iter().any(|token| token.intent == TokenIntent::AppPassword));
    assert!(of_user(20).await.is_empty());
    let key = sends(
        json!({"key": "the-key"}),
        |it| async move { it.tokens().key(&"svc-plain-api".parse().unwrap()).await },
        "GET core/tokens/svc-plain-api/view_key/",
        Value::Null,
    )
    .await;
    assert_eq!(key.expose_secret(), "the-key");
    assert!(!format!("{key:?}").contains("the-key"));
    sends(
        Value::Null,
        |it| async move { it.tokens().delete(&"svc-plain-api".parse().unwrap()).await },
        "DELETE core/tokens/svc-plain-api/",
        Value::Null,
    )
    .await;
}

#[tokio::test]
async fn a_schedule_is_paused_resumed_and_timed() {
    let changed = |body: Value, number: usize| {
        sends(
            recorded("PATCH", below("tasks/schedules")),
            move |it| async move {
                let id = uuid();
                match number {
                    0 => it.schedules().pause(&id).await,
                    1 => it.schedules().resume(&id).await,
                    _ => it.schedules().set_crontab(&id, "0 6 * * *").await,
                }
            },
            concat!("PATCH tasks/schedules/", "09e8b9d9-8d7b-4075-a90c-9ff885f4d8a6", "/"),
            body,
        )
    };
    changed(json!({"paused": true}), 0).await;
    changed(json!({"paused": false}), 1).await;
    changed(json!({"crontab": "0 6 * * *"}), 2).await;

    let read = |crontab: &str, paused: bool, next_run: &str| -> Schedule {
        let actor = "authentik.providers.scim.tasks.scim_sync";
        let body = json!({"id": UUID, "actor_name": actor, "crontab": crontab, "paused": paused, "next_run": next_run});
        serde_json::from_value(body).unwrap()
    };
    let now = "2026-11-24T09:10:33Z".parse().unwrap();
    let it = read("25 */4 * * *", false, "2026-11-24T12:25:00Z");
    assert_eq!(it.describe(), "every 4 hours, at minute 25 (UTC)");
    assert_eq!(it.next_after(now), it.next_run_at());
    assert_eq!(it.next_after(now).unwrap().to_string(), "2026-11-24T12:25:00Z");
    let it = read("25 */4 * * *", true, "1970-01-01T00:00:00Z");
    assert_eq!(it.describe(), "paused: it would run every 4 hours, at minute 25 (UTC)");
    assert_eq!((it.next_after(now), it.next_run_at()), (None, None));
    let it = read("@daily", false, "2026-11-25T00:00:00Z");
    assert_eq!(it.describe(), "by the crontab \"@daily\" (UTC)");
    assert_eq!(it.next_after(now), None);
    assert!(it.next_run_at().is_some());
}

#[tokio::test]
async fn the_base_url_may_or_may_not_name_the_api() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"version_current": "1"})))
        .mount(&server)
        .await;
    for suffix in ["", "/", "/api/v3", "/api/v3/"] {
        let base = format!("{}{suffix}", server.uri()).parse().unwrap();
        let transport = ReqwestTransport::new().unwrap().shared();
        let client = Authentik::builder(base, TOKEN.to_owned().into()).transport(transport).build().unwrap();
        client.version().await.unwrap();
    }
    for request in server.received_requests().await.unwrap() {
        assert_eq!(request.url.path(), "/api/v3/admin/version/");
    }
}

fn user(pk: u64) -> Value {
    json!({"pk": pk, "username": format!("u{pk}"), "uid": "a".repeat(64)})
}

async fn pages(pages: &[(u64, u64, &[Value])]) -> MockServer {
    let server = MockServer::start().await;
    for (number, next, results) in pages {
        let body = json!({"pagination": {"next": next}, "results": results});
        Mock::given(query_param("page", number.to_string()))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .mount(&server)
            .await;
    }
    server
}

#[tokio::test]
async fn a_list_is_complete_or_an_error() {
    let server = pages(&[(1, 2, &[user(1), user(2)]), (2, 3, &[user(3)]), (3, 0, &[user(4)])]).await;
    let all = client(&server).users().list().all().await.unwrap();
    assert_eq!(all.iter().map(|user| user.pk.get()).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(server.received_requests().await.unwrap().len(), 3);

    // A stream that is dropped asks for no more pages.
    let first = client(&server).users().list().stream().next().await.unwrap().unwrap();
    assert_eq!((first.pk.get(), server.received_requests().await.unwrap().len()), (1, 4));

    for (what, odd) in [
        ("the same page again", pages(&[(1, 1, &[user(1)])]).await),
        ("back", pages(&[(1, 2, &[user(1)]), (2, 1, &[user(2)])]).await),
        ("far ahead", pages(&[(1, 5, &[user(1)])]).await),
        ("empty but not the last", pages(&[(1, 2, &[])]).await),
    ] {
        let error = client(&odd).users().list().all().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InconsistentList, "{what}");
        assert!(odd.received_requests().await.unwrap().len() <= 2, "{what}");
    }
    // A page that vanished meanwhile is authentik's 404 `Invalid page.`: no shorter list.
    let server = pages(&[(1, 2, &[user(1)])]).await;
    assert!(client(&server).users().list().all().await.is_err());
}
