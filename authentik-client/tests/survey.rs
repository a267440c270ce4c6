//! Who is sent and by what, what the first sync would do, and that it then does just that.
#![allow(clippy::unwrap_used, clippy::panic)]

mod lab;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use authentik_client::Authentik;
use authentik_client::doctor::RemoteView;
use authentik_client::embedded::Profile;
use authentik_client::id::{ProviderPk, UserPk};
use authentik_client::scope::{Reason, Verdict};
use lab::{Lab, remote};
use serde_json::{Value, json};
use support::{answer, scripted};

fn client(lab: &Lab) -> Authentik {
    Authentik::builder("http://authentik.test".parse().unwrap(), lab.authentik.token().to_owned().into())
        .transport(Arc::new(lab.authentik.clone()))
        .build()
        .unwrap()
}

fn view(lab: &Lab) -> RemoteView {
    lab.shelf(|shelf| {
        let users = shelf.users.iter().map(|user| serde_json::from_value(user.clone()).unwrap());
        let groups = shelf.groups.iter().map(|group| serde_json::from_value(group.clone()).unwrap());
        RemoteView::new(users.collect(), groups.collect())
    })
}

#[tokio::test(start_paused = true)]
async fn h11_the_first_sync_does_what_the_survey_foretold() {
    for profile in [Profile::Rc1, Profile::V2026_5_6, Profile::V2026_8, Profile::V2026_5_3] {
        let lab = Lab::with(|builder| builder.profile(profile)).await;
        let mut pks = BTreeMap::new();
        for name in ["in-there", "in-new", "out-active", "out-inactive", "out-mail", "out-nowhere"] {
            pks.insert(name, lab.user(name).await);
        }
        let staff = lab.group("staff", &[pks["in-there"], pks["in-new"]]).await;
        lab.group("board", &[]).await;
        let fresh = lab.group("fresh", &[]).await;
        let listed = |id: &str, name: &str, mail: &str, active: bool| {
            json!({"id": id, "userName": name, "active": active, "emails": [{"value": mail, "type": "work"}],
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"]})
        };
        lab.shelf(|shelf| {
            shelf.users = vec![
                listed("1", "in-there", "x@elsewhere.test", true),
                listed("2", "out-active", "y@elsewhere.test", true),
                listed("3", "out-inactive", "z@elsewhere.test", false),
                listed("4", "somebody", "out-mail@example.test", true),
                listed("5", "stranger", "stranger@elsewhere.test", true),
            ];
            let group = |id: &str, name: &str| {
                json!({"id": id, "displayName": name, "members": [],
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"]})
            };
            shelf.groups = vec![group("6", "staff"), group("7", "board"), group("8", "strangers")];
        });
        // Nothing has run yet: in dry run authentik links already whom it adopts.
        lab.authentik.kill_worker();
        let provider = lab.provider(&[&staff], json!({"dry_run": true, "group_filters": [staff, fresh]})).await;
        let survey = client(&lab).survey(ProviderPk::new(provider)).await.unwrap();
        let forecast = survey.first_sync(&view(&lab));
        let discovers = profile != Profile::V2026_5_3;
        assert_eq!(forecast.is_safe(), !discovers);
        let verdicts: Vec<(&str, &Verdict<UserPk>)> =
            forecast.users.iter().map(|(user, verdict)| (user.user_name.as_str(), verdict)).collect();
        let pk = |name: &str| UserPk::new(pks[name]);
        if discovers {
            assert_eq!(
                verdicts,
                [
                    ("in-there", &Verdict::Adopted { twin: pk("in-there") }),
                    ("out-active", &Verdict::Deleted { twin: pk("out-active") }),
                    ("out-inactive", &Verdict::Deleted { twin: pk("out-inactive") }),
                    ("somebody", &Verdict::Deleted { twin: pk("out-mail") }),
                    ("stranger", &Verdict::Untouched),
                ]
            );
            assert_eq!(forecast.created_users, [pk("in-new")]);
            assert_eq!(forecast.created_groups, [fresh.parse().unwrap()]);
        } else {
            // It does not look: the server's 409 shows it the one whom it is about to create.
            let mut wanted = vec![Verdict::Untouched; 5];
            wanted[0] = Verdict::OnConflict { twin: pk("in-there") };
            assert_eq!(forecast.users.iter().map(|(_, verdict)| verdict.clone()).collect::<Vec<_>>(), wanted);
            assert_eq!(forecast.created_users, [pk("in-new")]);
            assert_eq!(forecast.groups[0].1, Verdict::OnConflict { twin: staff.parse().unwrap() });
            assert_eq!(forecast.created_groups, [fresh.parse().unwrap()]);
        }

        lab.patch(&format!("providers/scim/{provider}/"), json!({"dry_run": false})).await;
        lab.authentik.start_worker();
        lab.settled().await;
        let (users, groups) = lab.shelf(|shelf| (shelf.users.clone(), shelf.groups.clone()));
        let left = |id: &str, rows: &[Value]| rows.iter().any(|row| row["id"] == id);
        for (user, verdict) in &forecast.users {
            assert_eq!(left(&user.id, &users), !verdict.is_dangerous(), "{profile}: {user:?}");
        }
        for (group, verdict) in &forecast.groups {
            assert_eq!(left(&group.id, &groups), !verdict.is_dangerous(), "{profile}: {group:?}");
        }
        assert!(left("5", &users) && left("8", &groups), "strangers stay");
        let links = client(&lab).scim_user_links().of(ProviderPk::new(provider)).of_user(pk("in-there")).all();
        assert_eq!(links.await.unwrap()[0].scim_id, "1", "{profile}: adopted, by discovery or by the 409");
        let after = client(&lab).survey(ProviderPk::new(provider)).await.unwrap();
        assert!(after.to_be_linked().is_empty() && after.to_be_deleted().is_empty(), "{profile}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_differs_in_case_is_in_the_way_of_whom_is_created() {
    let lab = Lab::new().await;
    let ada = lab.user("ada").await;
    let staff = lab.group("staff", &[ada]).await;
    lab.shelf(|shelf| {
        // The mapping for Cloudflare sends the address as userName.
        shelf.users = vec![remote("ADA@example.test", true), remote("adam", true)];
        let schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"];
        shelf.groups = vec![json!({"id": "1", "displayName": "Staff", "members": [], "schemas": schemas})];
    });
    lab.authentik.kill_worker();
    let provider = lab.provider(&[&staff], json!({"dry_run": true})).await;
    let forecast = client(&lab).survey(ProviderPk::new(provider)).await.unwrap().first_sync(&view(&lab));
    let verdicts: Vec<_> = forecast.users.iter().map(|(_, verdict)| verdict.clone()).collect();
    assert_eq!(verdicts, [Verdict::OnConflict { twin: UserPk::new(ada) }, Verdict::Untouched]);
    assert_eq!(forecast.groups[0].1, Verdict::OnConflict { twin: staff.parse().unwrap() });
    assert!(forecast.created_users.is_empty() && forecast.created_groups.is_empty() && forecast.is_safe());
}

#[tokio::test(start_paused = true)]
async fn without_default_access_an_unbound_application_means_nobody_and_the_survey_knows() {
    for (access, reason, there) in [("on", Reason::NoBindings, true), ("off", Reason::NoDefaultAccess, false)] {
        let lab = Lab::new().await;
        lab.authentik.set_switch("default_app_access", access).unwrap();
        let ada = lab.user("ada").await;
        lab.shelf(|shelf| shelf.users = vec![remote("ada", true)]);
        lab.authentik.kill_worker();
        let provider = ProviderPk::new(lab.provider(&[], json!({"dry_run": true})).await);
        let survey = client(&lab).survey(provider).await.unwrap();
        assert_eq!(survey.scope[&UserPk::new(ada)], reason);
        let forecast = survey.first_sync(&view(&lab));
        assert_eq!(forecast.is_safe(), there, "{access}: {forecast:?}");

        lab.patch(&format!("providers/scim/{provider}/"), json!({"dry_run": false})).await;
        lab.authentik.start_worker();
        lab.settled().await;
        assert_eq!(lab.shelf(|shelf| shelf.users.iter().any(|user| user["id"] == "old-ada")), there);
    }
}

#[tokio::test(start_paused = true)]
async fn everybody_has_a_reason_and_the_bindings_that_let_them_pass() {
    let lab = Lab::new().await;
    let (ada, ben, eve) = (lab.user("ada").await, lab.user("ben").await, lab.user("eve").await);
    let staff = lab.group("staff", &[ada]).await;
    let board = lab.group("board", &[ada, ben]).await;
    let provider = lab.provider(&[&staff, &board], json!({})).await;
    lab.settled().await;
    let survey = client(&lab).survey(ProviderPk::new(provider)).await.unwrap();
    let pk = UserPk::new;
    assert_eq!(survey.passes_by(pk(ada)).len(), 2);
    let of_board = survey.bindings.iter().find(|it| it.group.as_ref().is_some_and(|it| it.as_str() == board)).unwrap();
    assert_eq!(survey.passes_by(pk(ben)), [&of_board.pk]);
    assert!(survey.passes_by(pk(eve)).is_empty());
    assert_eq!((&survey.scope[&pk(ben)], &survey.scope[&pk(eve)]), (&Reason::Bound, &Reason::NotBound));
    let explained = |who| survey.explain(pk(who));
    assert_eq!(explained(ada), r#"in scope: bound by group "staff" and group "board""#);
    assert_eq!(explained(ben), r#"in scope: bound by group "board""#);
    assert_eq!(explained(eve), "out of scope: no binding lets the user pass");
    assert_eq!(explained(99_999), "out of scope: no such user");
    assert!(survey.to_be_linked().is_empty() && survey.groups_to_be_linked().is_empty());
    lab.post(&format!("core/groups/{board}/remove_user/"), json!({"pk": ben})).await;
    lab.post(&format!("core/groups/{board}/add_user/"), json!({"pk": eve})).await;
    lab.settled().await;
    let survey = client(&lab).survey(ProviderPk::new(provider)).await.unwrap();
    assert_eq!(survey.to_be_linked(), [pk(eve)]);
    assert_eq!(survey.to_be_deleted().iter().map(|link| link.user).collect::<Vec<_>>(), [pk(ben)]);
    assert!(survey.groups_to_be_deleted().is_empty());

    // A filter that changes; saving it is a sync, which must not come before the look.
    let new = lab.group("new", &[]).await;
    lab.settled().await;
    lab.authentik.kill_worker();
    let filters = json!({"group_filters": [board, new]});
    lab.patch(&format!("providers/scim/{provider}/"), filters).await;
    let survey = client(&lab).survey(ProviderPk::new(provider)).await.unwrap();
    assert_eq!(survey.groups_to_be_linked(), [&new.parse().unwrap()]);
    assert_eq!(survey.groups_to_be_deleted().iter().map(|link| link.group.as_str()).collect::<Vec<_>>(), [staff]);
    lab.authentik.start_worker();
    lab.settled().await;
    let mut held: Vec<String> =
        lab.shelf(|shelf| shelf.groups.iter().map(|it| it["displayName"].to_string()).collect());
    held.sort();
    assert_eq!(held, [r#""board""#, r#""new""#]);
}

#[tokio::test]
async fn ten_thousand_users_are_read_in_a_hundred_requests() {
    const USERS: u64 = 10_000;
    let (authentik, log) = scripted(|asked| {
        let value = |name: &str| {
            asked.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
        };
        let (page, size): (u64, u64) = (value("page").unwrap(), value("page_size").unwrap());
        // authentik clamps.
        let size = size.min(100);
        let first = (page - 1) * size;
        let users: Vec<Value> = (first..(first + size).min(USERS))
            .map(|pk| json!({"pk": pk, "username": format!("u{pk}"), "uid": format!("{pk:064x}"), "groups": []}))
            .collect();
        let next = if first + size < USERS { page + 1 } else { 0 };
        let pagination = json!({"next": next, "previous": page - 1, "count": USERS, "current": page,
            "total_pages": USERS.div_ceil(size), "start_index": first + 1, "end_index": first + size});
        answer(200, &json!({"pagination": pagination, "results": users, "autocomplete": {}}))
    });
    let users = authentik.users().list().without_group_objects().all().await.unwrap();
    let distinct: BTreeSet<UserPk> = users.iter().map(|user| user.pk).collect();
    assert_eq!(distinct.len(), 10_000);
    assert!(log.all().len() <= 101, "{}", log.all().len());
}
