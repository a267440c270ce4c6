//! Schedules, tasks, links, events.

use authentik_client::id::{LinkUuid, ProviderPk, ScheduleUuid, TaskUuid, UserPk};
use authentik_client::model::{NewScimGroupLink, NewScimUserLink, Schedule, SchedulePatch, TaskState};
use serde_json::{Value, json};

use crate::calls::{UUID, at, below, recorded, sends, uuid, with};
use crate::support;

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
