//! Where a sync stands and what came of it, told from recorded tasks.
#![allow(clippy::unwrap_used, clippy::panic, clippy::needless_pass_by_value)]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use authentik_client::id::ProviderPk;
use authentik_client::sync::{PageOutcome, SyncOutcome, SyncReport, SyncState, SyncWatch, SyncedObject, WatchOptions};
use authentik_client::{Authentik, ErrorKind};
use futures_util::StreamExt;
use serde_json::{Value, json};
use support::{Log, answer, page, recorded_look, recorded_tasks, schedule, scripted, with};

const PROVIDER: ProviderPk = ProviderPk::new(9);

/// An authentik whose tasks were `before` when the watch was prepared, and then stand as `looks` say;
/// the last one stays.
fn authentik(before: Vec<Value>, looks: Vec<Vec<Value>>) -> (Authentik, Log) {
    let look = AtomicUsize::new(0);
    scripted(move |asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "tasks/schedules/") => answer(200, &page(&[schedule()])),
        ("POST", path) if path.ends_with("/send/") => answer(200, &json!({})),
        ("GET", "tasks/tasks/") if asked.query.contains("actor_name") => answer(200, &page(&before)),
        ("GET", "tasks/tasks/") => {
            let nth = look.fetch_add(1, Ordering::SeqCst).min(looks.len() - 1);
            answer(200, &page(&looks[nth]))
        }
        _ => answer(404, &json!({"detail": "No Task matches the given query."})),
    })
}

async fn watch(authentik: &Authentik) -> SyncWatch {
    authentik.start_sync(PROVIDER, WatchOptions::default()).await.unwrap()
}

/// The end of a sync that is over at the first look.
async fn ended(before: Vec<Value>, tasks: Vec<Value>) -> SyncReport {
    let (authentik, _) = authentik(before, vec![tasks]);
    match watch(&authentik).await.poll().await.unwrap() {
        SyncState::Ended(report) => report,
        state => panic!("{state:?}"),
    }
}

async fn stands(before: Vec<Value>, tasks: Vec<Value>) -> SyncState {
    let (authentik, _) = authentik(before, vec![tasks]);
    watch(&authentik).await.poll().await.unwrap()
}

#[tokio::test]
async fn e06_a_first_full_sync_succeeds() {
    let mut tasks = recorded_tasks("E06", 0);
    assert_eq!(tasks.len(), 4);
    // The oldest is the sync that found no application, before (E03).
    let before = vec![tasks.pop().unwrap()];
    let report = ended(before, tasks).await;
    assert_eq!((report.outcome, report.pages, report.retries), (SyncOutcome::Succeeded, 2, 0));
    assert!(report.complaints.is_empty() && report.mended.is_empty() && report.deleted.is_empty());
}

#[tokio::test]
async fn e03_done_without_an_application_is_no_success() {
    let report = ended(vec![], recorded_tasks("E03", 0)).await;
    assert_eq!((report.outcome, report.pages), (SyncOutcome::NotAssigned, 0));
    assert!(report.complaints[0].text.contains("Is it assigned to an application?"));
}

#[tokio::test]
async fn e23_a_warning_behind_done_is_a_failure_of_that_object() {
    let mut tasks = recorded_tasks("E23", 0);
    tasks.truncate(3);
    let report = ended(vec![], tasks).await;
    assert_eq!((report.outcome, report.pages), (SyncOutcome::SucceededInPart, 2));
    let pages: Vec<(&str, PageOutcome)> = report.page_results.iter().map(|it| (it.page.as_str(), it.outcome)).collect();
    assert_eq!(pages, [("user:1", PageOutcome::Written), ("group:1", PageOutcome::WrittenInPart)]);
    let [complaint] = &report.complaints[..] else { panic!("{report:?}") };
    assert_eq!((complaint.page.as_str(), complaint.rest_of_page_skipped), ("group:1", false));
    assert_eq!((complaint.scim_status(), complaint.scim_type()), (Some(400), Some("invalidSyntax")));
    let Some(SyncedObject::Group { uuid, name }) = &complaint.object else { panic!("{complaint:?}") };
    assert_eq!((uuid.as_str(), name.as_str()), ("09e8b9d9-8d7b-4075-a90c-9ff885f4d8a6", "finance-renamed"));
}

#[tokio::test]
async fn d14_deletions_of_the_clean_up_are_reported() {
    let tasks = recorded_tasks("D14", 0);
    let full: Vec<Value> =
        tasks.iter().filter(|task| task["uid"].as_str().unwrap().contains("scim_sync:")).cloned().collect();
    let report = ended(vec![], vec![full[0].clone()]).await;
    assert!(!report.deleted.is_empty());
    assert!(report.deleted.iter().all(|id| id.len() == 36), "{:?}", report.deleted);
}

#[tokio::test]
async fn h60_done_at_once_without_a_page_written_is_nothing_done() {
    for look in 0..2 {
        let report = ended(vec![], recorded_tasks("H60", look)).await;
        assert_eq!((report.outcome, report.pages), (SyncOutcome::NothingDone, 2), "look {look}");
        assert!(report.page_results.iter().all(|it| it.outcome == PageOutcome::NothingDone));
    }
    // One page of two: not nothing, and not a success.
    let mut tasks = recorded_tasks("H60", 0);
    let synced = json!({"timestamp": "2026-11-24T23:25:22.300000Z", "log_level": "info", "logger": "x",
        "event": "Syncing page 1 or Users", "attributes": {}});
    tasks[2]["logs"].as_array_mut().unwrap().push(synced);
    let report = ended(vec![], tasks).await;
    assert_eq!(report.outcome, SyncOutcome::SucceededInPart);
    assert_eq!((report.complaints.len(), report.complaints[0].page.as_str()), (1, "group:1"));
}

#[tokio::test]
async fn h100_a_page_that_dies_in_discovery_is_retried_not_running() {
    let SyncState::Retrying { retry, error } = stands(vec![], recorded_tasks("H100", 0)).await else { panic!() };
    assert_eq!(retry, 3);
    assert!(error.starts_with("3 validation errors for User"), "{error}");
    assert!(SyncState::Retrying { retry, error }.discovery_fails());
}

#[tokio::test]
async fn h105_a_user_without_emails_breaks_discovery_and_the_report_says_so() {
    // The page as it ends when the list stays as it is: given up after the last try.
    let looks: Vec<Value> = (0..).map_while(|nth| recorded_look("H105", nth)).flatten().collect();
    let broken = looks.iter().find(|task| task.to_string().contains("'NoneType' object is not iterable")).unwrap();
    let over = json!({"state": "rejected", "mtime": "2026-11-25T00:04:00.000000Z"});
    let full = with(
        looks.iter().find(|task| task["actor_name"].as_str().unwrap().ends_with("scim_sync")).unwrap().clone(),
        over.clone(),
    );
    let report = ended(vec![], vec![with(broken.clone(), over), full]).await;
    assert_eq!(report.outcome, SyncOutcome::Rejected);
    assert!(report.discovery_failed(), "{:?}", report.complaints);
    // A mapping whose result is invalid is another matter, and a SCIM server's refusal as well.
    let mut tasks = recorded_tasks("E23", 0);
    tasks.truncate(3);
    assert!(!ended(vec![], tasks).await.discovery_failed());
}

#[tokio::test(start_paused = true)]
async fn h105_whoever_waits_in_vain_is_told_that_discovery_fails() {
    let looks: Vec<Vec<Value>> = (0..).map_while(|nth| recorded_look("H105", nth)).collect();
    let broken = |task: &&Value| task.to_string().contains("'NoneType' object is not iterable");
    let look = looks.iter().find(|look| look.iter().any(|task| broken(&task) && task["state"] == "queued")).unwrap();
    let (authentik, _) = authentik(vec![], vec![look.clone()]);
    let error = watch(&authentik).await.finished(Duration::from_secs(30)).await.unwrap_err();
    let text = "'NoneType' object is not iterable (its look at what the SCIM server holds fails: one odd resource";
    assert!(error.to_string().contains(text), "{error}");
}

#[tokio::test(start_paused = true)]
async fn pages_that_no_worker_takes_are_told_apart_from_a_running_sync() {
    let mut done = recorded_tasks("E06", 0);
    let before = vec![done.pop().unwrap()];
    let full = with(done[0].clone(), json!({"state": "running"}));
    let queued = with(done[2].clone(), json!({"state": "queued", "logs": [done[2]["logs"][0]]}));
    let (authentik, _) = authentik(before, vec![vec![full, queued]]);
    let mut watch = watch(&authentik).await;
    assert_eq!(watch.poll().await.unwrap(), SyncState::PagesWaiting { pages_done: 0, pages: 1 });
    let error = watch.finished(Duration::from_secs(30)).await.unwrap_err();
    assert!(error.to_string().contains("0 of 1 pages are done and no worker takes the others"), "{error}");
}

#[tokio::test]
async fn h59_a_clean_up_that_fails_retries_the_whole_sync_and_says_why() {
    let tasks = [recorded_tasks("H59", 0), recorded_tasks("H59", 1)].concat();
    let retried = |task: &&Value| task["state"] == "queued" && task["retries"] == 1;
    let full = tasks.iter().find(retried).cloned().unwrap();
    let SyncState::Retrying { retry, error } = stands(vec![], vec![full]).await else { panic!() };
    assert_eq!(retry, 1);
    // The line itself says `''`.
    assert!(error.contains("Network error"), "{error}");
}

#[tokio::test]
async fn h66_a_retry_that_mends_ends_well() {
    let first = recorded_tasks("H66", 0);
    let state = stands(vec![], first.clone()).await;
    assert!(!state.discovery_fails());
    let SyncState::Retrying { retry: 1, error } = state else { panic!() };
    assert_eq!(error, "Network error communicating with remote system");
    // The recording's second look leaves out the page of users; it stands here as it must have ended.
    let mut tasks = recorded_tasks("H66", 1);
    let mut users = with(first[0].clone(), json!({"state": "done", "mtime": "2026-11-24T23:42:41.300000Z"}));
    let synced = json!({"timestamp": "2026-11-24T23:42:40.000000Z", "log_level": "info", "logger": "x",
        "event": "Syncing page 1 or Users", "attributes": {}});
    users["logs"].as_array_mut().unwrap().push(synced);
    tasks.push(users);
    let report = ended(vec![], tasks).await;
    assert_eq!((report.outcome, report.pages, report.retries), (SyncOutcome::Succeeded, 2, 1));
    assert!(report.complaints.is_empty());
    assert_eq!(report.mended.len(), 1);
}

#[tokio::test]
async fn h65_the_last_try_of_the_whole_sync_counts() {
    let tasks = recorded_tasks("H65", 0);
    let [page, full, old_page] = &tasks[..] else { panic!("{}", tasks.len()) };
    assert_eq!(old_page["state"], "rejected");
    // The first try of the sync failed with its page; the second one runs, its own page is being retried.
    let SyncState::Retrying { retry: 5, .. } = stands(vec![], tasks.clone()).await else { panic!() };

    // The server comes back: the sync succeeds, whatever the first try's page ended like.
    let done = json!({"state": "done", "mtime": "2026-11-25T00:04:00.000000Z"});
    let mut good = with(page.clone(), done.clone());
    let synced = json!({"timestamp": "2026-11-25T00:03:59.000000Z", "log_level": "info", "logger": "x",
        "event": "Syncing page 1 or Users", "attributes": {}});
    good["logs"].as_array_mut().unwrap().push(synced);
    let report = ended(vec![], vec![good, with(full.clone(), done), old_page.clone()]).await;
    assert_eq!((report.outcome, report.pages), (SyncOutcome::Succeeded, 1));
    assert_eq!(report.retries, 11);

    // It stays away: given up.
    let over = json!({"state": "rejected", "mtime": "2026-11-25T00:04:00.000000Z"});
    let report =
        ended(vec![], vec![with(page.clone(), over.clone()), with(full.clone(), over), old_page.clone()]).await;
    assert_eq!(report.outcome, SyncOutcome::Rejected);
    assert_eq!((report.page_results.len(), report.page_results[0].outcome), (1, PageOutcome::Rejected));
    assert!(report.complaints.iter().any(|it| it.text == "Network error communicating with remote system"));
}

#[tokio::test]
async fn h10_a_sync_that_found_the_lock_held_is_sent_again() {
    let tasks = recorded_tasks("H10", 0);
    let [holder, skipped, groups] = &tasks[..] else { panic!("{}", tasks.len()) };
    assert!(skipped["logs"].to_string().contains("already running"));
    let running = with(holder.clone(), json!({"state": "running"}));
    let queued = with(skipped.clone(), json!({"state": "queued", "logs": [skipped["logs"][0]]}));
    // What the second `send` started (H10's next look).
    let again = recorded_tasks("H10", 1);

    let looks = vec![
        vec![queued, running.clone()],
        vec![skipped.clone(), running.clone()],
        vec![holder.clone(), skipped.clone(), groups.clone()],
        [again, vec![holder.clone(), skipped.clone()]].concat(),
    ];
    let (authentik, log) = authentik(vec![running], looks);
    let mut watch = watch(&authentik).await;
    for sends in [1, 1, 1] {
        assert_eq!(log.count("POST", "/send/"), sends);
        assert_eq!(watch.poll().await.unwrap(), SyncState::Held);
    }
    assert_eq!(log.count("POST", "/send/"), 2);
    let SyncState::Ended(report) = watch.poll().await.unwrap() else { panic!() };
    // In dry run: nothing was sent, and it says what it dropped.
    assert_eq!((report.outcome, report.pages, report.dropped), (SyncOutcome::DryRun, 2, 3));
    assert!(report.page_results.iter().any(|it| it.outcome == PageOutcome::DryRun));
}

#[tokio::test]
async fn a_skipped_sync_counts_when_the_one_that_held_the_lock_began_afterwards() {
    let tasks = recorded_tasks("H10", 0);
    let [holder, skipped, groups] = &tasks[..] else { panic!() };
    let early = skipped["logs"].to_string().replace("23:29:17.924886", "23:29:01.000000");
    let skipped = with(skipped.clone(), json!({"logs": serde_json::from_str::<Value>(&early).unwrap()}));
    let report = ended(vec![], vec![holder.clone(), skipped, groups.clone()]).await;
    assert_eq!(report.outcome, SyncOutcome::DryRun);
}

#[tokio::test]
async fn sending_again_has_an_end() {
    let tasks = recorded_tasks("H10", 0);
    let nth = AtomicUsize::new(0);
    let skipped = tasks[1].clone();
    let (authentik, log) = scripted(move |asked| match asked.path.as_str() {
        "tasks/schedules/" => answer(200, &page(&[schedule()])),
        "tasks/tasks/" if asked.query.contains("actor_name") => answer(200, &page(&[])),
        "tasks/tasks/" => {
            // Every time another task that found the lock held.
            let id = format!("00000000-0000-0000-0000-{:012x}", nth.fetch_add(1, Ordering::SeqCst));
            answer(200, &page(&[with(skipped.clone(), json!({"message_id": id}))]))
        }
        _ => answer(200, &json!({})),
    });
    let mut watch = watch(&authentik).await;
    let error = loop {
        match watch.poll().await {
            Ok(state) => assert_eq!(state, SyncState::Held),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert_eq!(log.count("POST", "/send/"), 6);
}

#[tokio::test]
async fn a_holder_far_down_the_list_is_asked_for_by_its_id() {
    let tasks = recorded_tasks("H10", 0);
    let holder = with(tasks[0].clone(), json!({"state": "running"}));
    let id = holder["message_id"].as_str().unwrap().to_owned();
    let (listed, path) = (tasks[1].clone(), format!("tasks/tasks/{id}/"));
    let (before, single) = (holder.clone(), path.clone());
    let (authentik, log) = scripted(move |asked| match asked.path.as_str() {
        "tasks/schedules/" => answer(200, &page(&[schedule()])),
        "tasks/tasks/" if asked.query.contains("actor_name") => answer(200, &page(std::slice::from_ref(&before))),
        "tasks/tasks/" => answer(200, &page(std::slice::from_ref(&listed))),
        it if it == single => answer(200, &holder),
        _ => answer(200, &json!({})),
    });
    let mut watch = watch(&authentik).await;
    assert_eq!(watch.poll().await.unwrap(), SyncState::Held);
    assert_eq!((log.count("GET", &path), log.count("POST", "/send/")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_sync_that_nobody_takes_ends_at_the_deadline_with_few_looks() {
    let (authentik, log) = authentik(vec![], vec![vec![]]);
    let watch = watch(&authentik).await;
    let asked = log.all().len();
    let error = watch.finished(Duration::from_secs(60)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert!(error.to_string().contains("no worker has taken it"), "{error}");
    assert!(error.may_have_been_applied(), "it is queued");
    // Once a second at first, every fifth second in the end.
    let looks = log.all().len() - asked;
    assert!((15..=25).contains(&looks), "{looks}");
}

#[tokio::test(start_paused = true)]
async fn only_changes_of_state_are_told_and_looks_are_a_second_apart() {
    let mut done = recorded_tasks("E06", 0);
    let before = vec![done.pop().unwrap()];
    let full = with(done[0].clone(), json!({"state": "running"}));
    let users = with(done[2].clone(), json!({"state": "running"}));
    let queued = with(done[0].clone(), json!({"state": "queued", "logs": [done[0]["logs"][0]]}));
    let looks = vec![
        vec![queued.clone()],
        vec![queued],
        vec![full.clone(), users.clone()],
        vec![full.clone(), users],
        vec![full, done[2].clone()],
        done,
    ];
    let (authentik, _) = authentik(before, looks);
    let start = tokio::time::Instant::now();
    let states: Vec<SyncState> = watch(&authentik).await.states().map(Result::unwrap).collect().await;
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    assert!(
        matches!(
            &states[..],
            [
                SyncState::Waiting,
                SyncState::Running { pages_done: 0, pages: 1 },
                SyncState::Running { pages_done: 1, pages: 1 },
                SyncState::Ended(_)
            ]
        ),
        "{states:?}"
    );
}

#[tokio::test]
async fn an_old_list_is_not_read_to_its_end() {
    let tasks = recorded_tasks("E06", 0);
    let before = tasks[3].clone();
    let nth = AtomicUsize::new(0);
    let (authentik, log) = scripted(move |asked| match asked.path.as_str() {
        "tasks/schedules/" => answer(200, &page(&[schedule()])),
        "tasks/tasks/" if asked.query.contains("actor_name") => answer(200, &page(std::slice::from_ref(&before))),
        "tasks/tasks/" => {
            let mut body = page(&tasks);
            body["pagination"]["next"] = json!(nth.fetch_add(1, Ordering::SeqCst) + 2);
            answer(200, &body)
        }
        _ => answer(200, &json!({})),
    });
    let mut watch = watch(&authentik).await;
    let asked = log.all().len();
    assert!(matches!(watch.poll().await.unwrap(), SyncState::Ended(_)));
    assert_eq!(log.all().len() - asked, 1);
}
