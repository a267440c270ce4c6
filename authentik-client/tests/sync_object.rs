//! What became of each user and group: of one sent by itself, and of all in a full sync, told by the
//! client and done by the embedded authentik.
#![allow(clippy::unwrap_used, clippy::panic)]

mod lab;
mod support;

use std::sync::Arc;
use std::time::Duration;

use authentik_client::id::{GroupUuid, ProviderPk, UserPk};
use authentik_client::sync::{ObjectOutcome, ObjectReport, PageOutcome, SyncOutcome, SyncedObject, WatchOptions};
use authentik_client::{Authentik, ErrorKind};
use lab::Lab;
use serde_json::{Value, json};
use support::{answer, page, scripted};

const MINUTE: Duration = Duration::from_secs(60);

fn client(lab: &Lab) -> Authentik {
    Authentik::builder("http://authentik.test".parse().unwrap(), lab.authentik.token().to_owned().into())
        .transport(Arc::new(lab.authentik.clone()))
        .build()
        .unwrap()
}

struct Company {
    lab: Lab,
    authentik: Authentik,
    provider: ProviderPk,
    ada: UserPk,
    ben: UserPk,
    staff: GroupUuid,
}

/// Ada and Ben in staff, which is bound; nothing synced yet.
async fn company(extra: Value) -> Company {
    let lab = Lab::new().await;
    let (ada, ben) = (lab.user("ada").await, lab.user("ben").await);
    let staff = lab.group("staff", &[ada, ben]).await;
    let provider = lab.provider(&[&staff], extra).await;
    let authentik = client(&lab);
    let pk = UserPk::new;
    Company {
        authentik,
        provider: ProviderPk::new(provider),
        ada: pk(ada),
        ben: pk(ben),
        staff: staff.parse().unwrap(),
        lab,
    }
}

impl Company {
    async fn send_user(&self, user: UserPk) -> ObjectReport {
        self.authentik.sync_object(self.provider, user, false, WatchOptions::default(), 20 * MINUTE).await.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn one_user_is_created_left_alone_and_updated() {
    let it = company(json!({"dry_run": true})).await;
    it.lab.settled().await;
    it.lab.patch(&format!("providers/scim/{}/", it.provider), json!({"dry_run": false})).await;
    it.lab.settled().await;
    let eve = UserPk::new(it.lab.user("eve").await);
    it.lab.settled().await;
    // Out of scope: authentik answers 200 all the same (G31).
    let report = it.send_user(eve).await;
    assert_eq!((report.outcome, report.scim_id), (ObjectOutcome::Skipped, None));
    assert_eq!(it.send_user(UserPk::new(99_999)).await.outcome, ObjectOutcome::Skipped);

    it.lab.post(&format!("core/groups/{}/add_user/", it.staff), json!({"pk": eve})).await;
    it.lab.settled().await;
    let report = it.send_user(eve).await;
    assert_eq!(report.outcome, ObjectOutcome::Created);
    assert!(report.scim_id.is_some());
    assert_eq!(it.send_user(eve).await.outcome, ObjectOutcome::Unchanged);

    let report = it.authentik.sync_object(it.provider, it.staff.clone(), false, WatchOptions::default(), MINUTE).await;
    // Members are written without a change of the link.
    assert_eq!(report.unwrap().outcome, ObjectOutcome::Unchanged);
    assert_eq!(it.lab.shelf(|shelf| shelf.groups[0]["members"].as_array().unwrap().len()), 3);
}

#[tokio::test(start_paused = true)]
async fn a_refused_write_is_told_with_the_servers_status() {
    let it = company(json!({})).await;
    it.lab.sync().await;
    let refused = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "400", "detail": "no"});
    // The event of the change, and the try by hand.
    it.lab.faults("PUT", "/v2/Users/", vec![Some((400, refused)); 2]);
    it.lab.patch(&format!("core/users/{}/", it.ada), json!({"name": "Ada L"})).await;
    it.lab.settled().await;
    let report = it.send_user(it.ada).await;
    let ObjectOutcome::Failed { status, text } = &report.outcome else { panic!("{report:?}") };
    assert_eq!((*status, report.retries), (Some(400), 0));
    assert!(text.contains("Network error"), "{text}");
    // Nothing in the way any more.
    assert_eq!(it.send_user(it.ada).await.outcome, ObjectOutcome::Updated);
}

#[tokio::test(start_paused = true)]
async fn g33_a_try_that_fails_is_repeated_and_waited_for() {
    let it = company(json!({})).await;
    it.lab.sync().await;
    let down = || Some((500, json!({"detail": "injected"})));
    it.lab.faults("GET", "/v2/Users", vec![down()]);
    let report = it.send_user(it.ada).await;
    assert_eq!((report.outcome, report.retries), (ObjectOutcome::Unchanged, 1));

    it.lab.faults("GET", "/v2/Users", vec![down(); 10]);
    let short = Duration::from_secs(15);
    let error = it.authentik.sync_object(it.provider, it.ada, false, WatchOptions::default(), short).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert!(error.to_string().contains("it failed 1 times and is tried again"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_drops_the_write_unless_it_is_overridden() {
    let it = company(json!({"dry_run": true})).await;
    it.lab.settled().await;
    assert_eq!(it.send_user(it.ada).await.outcome, ObjectOutcome::Dropped);
    let sent = it.authentik.sync_object(it.provider, it.ada, true, WatchOptions::default(), MINUTE).await.unwrap();
    assert_eq!(sent.outcome, ObjectOutcome::Created);
}

#[tokio::test(start_paused = true)]
async fn g32_an_empty_405_after_ten_seconds_is_waited_over() {
    let it = company(json!({})).await;
    it.lab.settled().await;
    it.lab.authentik.kill_worker();
    let late = async {
        tokio::time::sleep(Duration::from_secs(25)).await;
        it.lab.authentik.start_worker();
    };
    let (report, ()) = tokio::join!(it.send_user(it.ben), late);
    assert_ne!(report.outcome, ObjectOutcome::Skipped);
    assert!(report.scim_id.is_some(), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_full_sync_is_told_object_by_object() {
    let it = company(json!({})).await;
    it.lab.settled().await;
    let options = || WatchOptions::default().objects(true);
    let run = async || {
        let watch = it.authentik.start_sync(it.provider, options()).await.unwrap();
        watch.finished(20 * MINUTE).await.unwrap()
    };
    let told = |report: &authentik_client::sync::SyncReport| -> Vec<String> {
        let name = |object: &SyncedObject| match object {
            SyncedObject::User { username, .. } => username.clone(),
            SyncedObject::Group { name, .. } => name.clone(),
            other => panic!("{other:?}"),
        };
        let word = |outcome: &ObjectOutcome| match outcome {
            ObjectOutcome::Failed { status, .. } => format!("failed {status:?}"),
            other => format!("{other:?}").to_lowercase(),
        };
        report.objects.iter().map(|it| format!("{} {}", name(&it.object), word(&it.outcome))).collect()
    };
    // The set-up's own sync has brought the three already; Cid and Dan are new, one of them is refused.
    let (cid, dan) = (it.lab.user("cid").await, it.lab.user("dan").await);
    for user in [cid, dan] {
        it.lab.post(&format!("core/groups/{}/add_user/", it.staff), json!({"pk": user})).await;
    }
    it.lab.settled().await;
    let refused =
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "403", "detail": "full"});
    it.lab.shelf(|shelf| {
        shelf.fault = Some(Box::new(move |method, target| {
            (method == "POST" && target == "/v2/Users").then(|| Some((403, refused.clone())))
        }));
    });
    let report = run().await;
    assert_eq!(report.outcome, SyncOutcome::SucceededInPart);
    assert_eq!(
        told(&report),
        ["ada unchanged", "ben unchanged", "cid failed Some(403)", "dan failed Some(403)", "staff unchanged"]
    );
    it.lab.shelf(|shelf| shelf.fault = None);
    it.lab.post(&format!("core/groups/{}/remove_user/", it.staff), json!({"pk": it.ben})).await;
    it.lab.settled().await;
    let report = run().await;
    assert_eq!(told(&report), ["ada unchanged", "ben deleted", "cid created", "dan created", "staff unchanged"]);
    assert!(report.objects.iter().all(|it| it.scim_id.is_some()), "{:?}", report.objects);
    // Without the option: failures only.
    let watch = it.authentik.start_sync(it.provider, WatchOptions::default()).await.unwrap();
    assert!(watch.finished(MINUTE).await.unwrap().objects.is_empty());
}

#[tokio::test(start_paused = true)]
async fn whom_the_mapping_leaves_out_and_whom_the_page_did_not_reach_is_told() {
    let it = company(json!({})).await;
    it.lab.settled().await;
    let mapping = json!({"name": "cf", "expression": authentik_client::mapping::CLOUDFLARE_USER});
    let mapping = it.lab.post("propertymappings/provider/scim/", mapping).await["pk"].clone();
    it.lab.patch(&format!("providers/scim/{}/", it.provider), json!({"property_mappings": [mapping]})).await;
    let mute = it.lab.post("core/users/", json!({"username": "mute", "name": "No Mail"})).await["pk"].clone();
    it.lab.post(&format!("core/groups/{}/add_user/", it.staff), json!({"pk": mute})).await;
    it.lab.settled().await;
    let run = async |authentik: &Authentik| {
        let watch = authentik.start_sync(it.provider, WatchOptions::default().objects(true)).await.unwrap();
        watch.finished(20 * MINUTE).await.unwrap()
    };
    let of = |report: &authentik_client::sync::SyncReport, name: &str| {
        let is_it = |object: &SyncedObject| matches!(object, SyncedObject::User { username, .. } if username == name);
        report.objects.iter().find(|it| is_it(&it.object)).map(|it| it.outcome.clone())
    };
    let report = run(&it.authentik).await;
    assert_eq!((report.outcome, of(&report, "mute")), (SyncOutcome::Succeeded, Some(ObjectOutcome::Skipped)));

    // The page ends at the first of two new ones, whose answer has no id.
    for name in ["cid", "dan"] {
        let user = it.lab.user(name).await;
        it.lab.post(&format!("core/groups/{}/add_user/", it.staff), json!({"pk": user})).await;
    }
    it.lab.settled().await;
    it.lab.faults("POST", "/v2/Users", vec![Some((201, json!({})))]);
    let report = run(&it.authentik).await;
    assert!(report.complaints.iter().any(|it| it.rest_of_page_skipped), "{report:?}");
    assert_eq!(report.page_results[0].outcome, PageOutcome::CutShort);
    assert!(matches!(of(&report, "cid"), Some(ObjectOutcome::Failed { .. })), "{report:?}");
    assert_eq!(of(&report, "dan"), Some(ObjectOutcome::NotReached));
    // The next one mends it.
    assert_eq!(of(&run(&it.authentik).await, "dan"), Some(ObjectOutcome::Created));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_does_not_move_is_looked_at_ever_more_rarely() {
    let (authentik, log) = scripted(|asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("POST", _) => answer(405, &Value::Null),
        _ => answer(200, &page(&[])),
    });
    let user = UserPk::new(1);
    let sent = authentik.sync_object(ProviderPk::new(9), user, false, WatchOptions::default(), MINUTE).await;
    let error = sent.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert!(error.to_string().contains("authentik has made no task of it"), "{error}");
    let looks = log.count("GET", "tasks/tasks/");
    assert!((15..=25).contains(&looks), "{looks}");
}
