//! Read, change, compare, write: versions, clashes, and servers without PATCH.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use scim_core::client::{EntryOutcome, ErrorKind, Version};
use scim_core::filter::attr;
use scim_core::patch::PatchOp;
use scim_core::resource::{Group, User};
use serde_json::{Value, json};

use crate::support::{body, full_client, id, lines, lost, provider_client, response};

#[tokio::test]
async fn an_edit_sends_the_difference_under_the_version_read() {
    let (scim, seen) = provider_client(|_, _, _| None);
    let user = scim.users().create(&User::new("x")).await.unwrap();
    let user_id = user.id.unwrap();
    seen.lock().unwrap().clear();
    let edited = scim.users().edit(&user_id, |user| user.title = Some("Guide".into())).await.unwrap();
    assert!(edited.changed);
    assert_eq!(edited.resource.title.as_deref(), Some("Guide"));
    let again = scim.users().edit(&user_id, |user| user.title = Some("Guide".into())).await.unwrap();
    assert!(!again.changed);
    let lines = lines(&seen);
    assert_eq!(lines.len(), 3, "{lines:?}");
    let seen = seen.lock().unwrap();
    let patch = seen.iter().find(|request| request.method() == "PATCH").unwrap();
    let version = user.meta.unwrap().version.unwrap();
    assert_eq!(patch.headers()["if-match"], version.as_str());
    let sent: Value = serde_json::from_slice(patch.body()).unwrap();
    assert_eq!(sent["Operations"], json!([{"op": "add", "path": "title", "value": "Guide"}]));
}

#[tokio::test]
async fn what_no_schema_knows_is_sent_or_refused_but_never_dropped_in_silence() {
    let answer = |_, request: &http::Request<bytes::Bytes>| {
        Ok(match request.uri().path().ends_with("ServiceProviderConfig") {
            true => response(200, &[], r#"{"patch":{"supported":true}}"#),
            false if request.method() == "PATCH" => response(204, &[], ""),
            false => {
                response(200, &[], r#"{"id":"1","userName":"x","name":{"familyName":"X","nick":"n"},"colour":"red"}"#)
            }
        })
    };
    let change = |user: &mut User| {
        user.title = Some("Guide".into());
        user.extra.insert("colour".into(), json!("blue"));
    };
    let (scim, seen) = full_client(answer);
    assert!(scim.users().edit(&id("1"), change).await.unwrap().changed);
    let at = seen.lock().unwrap().iter().position(|request| request.method() == "PATCH").unwrap();
    let sent = body(&seen, at);
    assert!(sent["Operations"].to_string().contains("blue"), "{sent}");

    let (scim, seen) = full_client(answer);
    let known = scim.with_diff_options(scim_core::patch::DiffOptions::new().with_only_known());
    let error = known.users().edit(&id("1"), change).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(error.to_string().contains("`colour`"), "{error}");
    let error = known.users().edit(&id("1"), |user| user.name.as_mut().unwrap().extra.clear()).await.unwrap_err();
    assert!(error.to_string().contains("nick"), "{error}");
    assert!(known.users().edit(&id("1"), |user| user.title = Some("Guide".into())).await.unwrap().changed);
    assert_eq!(lines(&seen).iter().filter(|line| line.starts_with("PATCH")).count(), 1);
}

#[tokio::test]
async fn a_clash_is_read_again_and_the_change_made_on_the_fresh_copy() {
    let clashes = Arc::new(AtomicU32::new(1));
    let left = Arc::clone(&clashes);
    let (scim, seen) = provider_client(move |_, request, _| {
        let clash = request.method() == "PATCH"
            && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        clash.then(|| Ok(response(412, &[], "")))
    });
    let user = scim.users().create(&User::new("x")).await.unwrap().id.unwrap();
    let mut runs = 0;
    let users = scim.users();
    let edited = users.edit(&user, |user| {
        runs += 1;
        user.nick_name = Some("n".into());
    });
    assert!(edited.await.unwrap().changed);
    assert_eq!(runs, 2);
    assert_eq!(lines(&seen).iter().filter(|line| line.starts_with("PATCH")).count(), 2);

    clashes.store(9, Ordering::SeqCst);
    let error = scim.users().edit(&user, |user| user.title = Some("t".into())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
    assert_eq!(clashes.load(Ordering::SeqCst), 7, "two tries and no more");
}

#[tokio::test]
async fn an_edit_whose_answer_is_lost_is_settled_by_a_look() {
    let (scim, _) = provider_client(|_, request, act| {
        (request.method() == "PATCH").then(|| {
            act();
            lost()
        })
    });
    let user = scim.users().create(&User::new("x")).await.unwrap().id.unwrap();
    // Appending twice would show.
    let edited = scim.users().edit(&user, |user| user.emails.push(scim_core::resource::Email::new("a@b.c"))).await;
    assert_eq!(edited.unwrap().resource.emails.len(), 1);

    let (scim, _) = provider_client(|_, request, _| (request.method() == "PATCH").then(lost));
    let user = scim.users().create(&User::new("x")).await.unwrap().id.unwrap();
    let error = scim.users().edit(&user, |user| user.title = Some("t".into())).await.unwrap_err();
    assert!(error.may_have_been_applied());
}

#[tokio::test]
async fn a_server_without_patch_gets_a_put() {
    for announced in [true, false] {
        let (scim, seen) = provider_client(move |_, request, _| {
            if request.uri().path().ends_with("Config") {
                let config = json!({"patch": {"supported": !announced}, "etag": {"supported": false}});
                return Some(Ok(response(200, &[], &config.to_string())));
            }
            (request.method() == "PATCH").then(|| Ok(response(501, &[], "")))
        });
        let user = scim.users().create(&User::new("x")).await.unwrap().id.unwrap();
        let edited = scim.users().edit(&user, |user| user.title = Some("t".into())).await.unwrap();
        assert_eq!(edited.resource.title.as_deref(), Some("t"));
        let lines = lines(&seen);
        assert_eq!(lines.iter().any(|line| line.starts_with("PATCH")), !announced, "{lines:?}");
        assert!(lines.last().unwrap().starts_with("PUT"), "{lines:?}");
        assert!(seen.lock().unwrap().iter().all(|it| !it.headers().contains_key("if-match")), "no versions announced");
        let partial = scim.users().attributes(["title"]);
        let error = partial.edit(&user, |user| user.title = None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "what was not read would be cleared");
    }
}

#[tokio::test]
async fn a_change_that_no_patch_can_write_is_an_error_and_not_silence() {
    let (scim, _) = provider_client(|_, _, _| None);
    let user = scim.users().create(&User::new("x")).await.unwrap().id.unwrap();
    let error = scim.users().edit(&user, |user| drop(user.extra.insert("colour".into(), "red".into()))).await;
    assert!(error.unwrap_err().to_string().contains("`colour`"));
    let error = scim.users().edit(&user, |user| user.user_name = None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn large_groups_are_edited_without_their_members() {
    let (scim, seen) = provider_client(|_, _, _| None);
    let group = scim.groups().create(&Group::new("Old")).await.unwrap().id.unwrap();
    seen.lock().unwrap().clear();
    let groups = scim.groups().excluded_attributes(["members"]);
    groups.edit(&group, |group| group.display_name = Some("New".into())).await.unwrap();
    assert_eq!(
        lines(&seen),
        [
            format!("GET Groups/{group}?excludedAttributes=members"),
            format!("PATCH Groups/{group}?excludedAttributes=members")
        ]
    );
}

#[tokio::test]
async fn versions_come_from_the_header_before_the_body() {
    let shown = r#"{"id":"1","userName":"x","meta":{"version":"W/\"body\""}}"#;
    let (scim, seen) = full_client(move |_, request| {
        if request.headers().get("if-none-match").is_some_and(|tag| tag == "W/\"header\"") {
            return Ok(response(304, &[], ""));
        }
        Ok(response(200, &[("etag", "W/\"header\"")], shown))
    });
    let user = scim.users().get_versioned(&id("1")).await.unwrap();
    let version = user.version.unwrap();
    assert_eq!(version.as_str(), "W/\"header\"");
    assert!(scim.users().get_if_changed(&id("1"), &version).await.unwrap().is_none());
    let body = Version::from(user.resource.meta.unwrap().version.unwrap().as_str());
    assert_eq!(scim.users().get_if_changed(&id("1"), &body).await.unwrap().unwrap().version, Some(version.clone()));
    let users = scim.users().if_match(version.clone());
    users.patch(&id("1"), &PatchOp::new().replace(attr("title"), "x")).await.unwrap();
    users.delete(&id("1")).await.unwrap();
    let seen = seen.lock().unwrap();
    assert!(seen.iter().rev().take(2).all(|request| request.headers()["if-match"] == "W/\"header\""));
}

#[tokio::test]
async fn an_entry_is_one_or_an_error() {
    let (scim, _) = provider_client(|_, _, _| None);
    let groups = scim.groups();
    for _ in 0..2 {
        groups.create_once(&Group::new("twice")).await.ok();
    }
    let entry = |name: &str| groups.entry(attr("displayName").sw(name));
    groups.create(&Group::new("twice as nice")).await.unwrap();
    assert_eq!(entry("twice").get().await.unwrap_err().kind(), ErrorKind::Ambiguous);
    assert_eq!(entry("new").get().await.unwrap(), None);
    let made = entry("new").or_create(|| Group::new("new")).await.unwrap();
    assert!(matches!(made, EntryOutcome::Created(_)));
    let found = entry("new").or_create(|| unreachable!()).await.unwrap();
    assert_eq!(found.into_resource().display_name.as_deref(), Some("new"));
}

#[tokio::test]
async fn an_entry_that_somebody_else_makes_meanwhile_is_found() {
    let taken = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"scimType":"uniqueness","status":"409"}"#;
    for visible in [true, false] {
        let (scim, seen) = full_client(move |n, request| {
            let found = if n > 0 && visible { vec![json!({"id": "1", "userName": "x"})] } else { Vec::new() };
            Ok(match request.method().as_str() {
                "POST" => response(409, &[], taken),
                _ => response(200, &[], &json!({"totalResults": found.len(), "Resources": found}).to_string()),
            })
        });
        let outcome = scim.users().entry(attr("userName").eq("x")).or_create(|| User::new("x")).await;
        assert_eq!(lines(&seen).len(), 3);
        match outcome {
            Ok(outcome) => assert!(visible && matches!(outcome, EntryOutcome::Found(_))),
            Err(error) => {
                assert!(!visible && error.is_conflict());
                assert!(error.to_string().contains("the filter shows no resource that has it"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn several_patches_are_each_bound_to_the_version_before() {
    let (scim, seen) = provider_client(|_, _, _| None);
    let scim = scim.with_diff_options(scim_core::patch::DiffOptions::new().with_max_operations(1));
    let user = scim.users().create(&User::new("x")).await.unwrap().id.unwrap();
    seen.lock().unwrap().clear();
    scim.users()
        .edit(&user, |user| {
            user.title = Some("t".into());
            user.nick_name = Some("n".into());
        })
        .await
        .unwrap();
    let seen = seen.lock().unwrap();
    let tags: Vec<_> = seen.iter().filter_map(|request| request.headers().get("if-match").cloned()).collect();
    assert_eq!(tags.len(), 2);
    assert_ne!(tags[0], tags[1]);
    drop(seen);
    let _ = body;
}
