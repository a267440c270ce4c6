//! How a sync is started where the schedule may not be sent: only superusers may.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use authentik_client::id::ProviderPk;
use authentik_client::sync::WatchOptions;
use serde_json::{Value, json};
use support::{SCHEDULE, answer, page, schedule, scripted, with};

const PROVIDER: ProviderPk = ProviderPk::new(9);

#[tokio::test]
async fn a_refused_send_saves_the_provider_instead() {
    let (authentik, log) = scripted(|asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "tasks/schedules/") => answer(200, &page(&[schedule()])),
        ("GET", "tasks/tasks/") => answer(200, &page(&[])),
        ("POST", _) => answer(403, &json!({"detail": "You do not have permission to perform this action."})),
        ("GET" | "PATCH", "providers/scim/9/") => answer(200, &json!({"pk": 9, "name": "lab-scim", "url": "http://x"})),
        _ => answer(500, &Value::Null),
    });
    authentik.start_sync(PROVIDER, WatchOptions::default()).await.unwrap();
    let all = log.all();
    let last = all.last().unwrap();
    assert_eq!((last.to_string().as_str(), &last.body), ("PATCH providers/scim/9/", &json!({"name": "lab-scim"})));

    // Bad credentials are no reason to save anything.
    let (authentik, log) = scripted(|asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "tasks/schedules/") => answer(200, &page(&[schedule()])),
        ("GET", _) => answer(200, &page(&[])),
        _ => answer(403, &json!({"detail": "Token invalid/expired"})),
    });
    let error = authentik.start_sync(PROVIDER, WatchOptions::default()).await.unwrap_err();
    assert!(error.is_unauthenticated());
    assert_eq!(log.count("PATCH", "/"), 0);
}

#[tokio::test]
async fn g34_saving_the_provider_leaves_a_paused_schedule_paused() {
    for may_pause in [true, false] {
        let paused = with(schedule(), json!({"paused": true}));
        let (authentik, log) = scripted(move |asked| match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "tasks/schedules/") => answer(200, &page(std::slice::from_ref(&paused))),
            ("GET", "tasks/tasks/") => answer(200, &page(&[])),
            ("GET" | "PATCH", "providers/scim/9/") => answer(200, &json!({"pk": 9, "name": "p", "url": "http://x"})),
            ("PATCH", _) if may_pause => answer(200, &paused),
            _ => answer(403, &json!({"detail": "You do not have permission to perform this action."})),
        });
        let started = authentik.start_sync(PROVIDER, WatchOptions::default()).await;
        let all = log.all();
        let last = all.last().unwrap();
        assert_eq!(last.to_string(), format!("PATCH tasks/schedules/{SCHEDULE}/"));
        assert_eq!(last.body, json!({"paused": true}));
        assert_eq!(started.is_ok(), may_pause);
        if let Err(error) = started {
            assert_eq!(error.missing_permission(), Some("authentik_tasks_schedules.change_schedule"));
            assert!(error.to_string().contains("the sync was started"), "{error}");
        }
    }
}
