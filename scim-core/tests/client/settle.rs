//! Lost answers: adopt, conflict, or repeat; and what is safe to send twice.

use scim_core::client::ErrorKind;
use scim_core::filter::attr;
use scim_core::patch::PatchOp;
use scim_core::path::PatchPath;
use scim_core::resource::{Email, Group, Member, User};
use scim_core::transport::{TransportError, TransportErrorKind};
use serde_json::json;

use crate::support::{body, full_client, id, lines, lost, provider_client, response};

fn person() -> User {
    let mut user = User::new("planted-person@example.com");
    user.external_id = Some("7".into());
    user.emails.push(Email::new("planted-person@example.com").with_type("work"));
    user
}

fn posts(lines: &[String]) -> usize {
    lines.iter().filter(|line| line.starts_with("POST")).count()
}

#[tokio::test]
async fn a_post_whose_answer_is_lost_is_adopted() {
    let (scim, seen) = provider_client(|n, _, act| (n == 0).then(|| drop(act())).map(|()| lost()));
    let made = scim.users().create(&person()).await.unwrap();
    assert_eq!(made.external_id.as_deref(), Some("7"));
    let lines = lines(&seen);
    assert_eq!(posts(&lines), 1, "{lines:?}");
    assert_eq!(lines[1], "GET Users?filter=externalId%20eq%20%227%22");
    assert_eq!(scim.users().list().all().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_post_that_never_arrived_is_repeated_once() {
    let (scim, seen) = provider_client(|n, _, _| (n == 0).then(lost));
    scim.users().create(&person()).await.unwrap();
    assert_eq!(posts(&lines(&seen)), 2);

    let (scim, seen) = provider_client(|_, request, _| (request.method() == "POST").then(lost));
    let error = scim.users().create(&person()).await.unwrap_err();
    assert!(error.may_have_been_applied());
    assert!(error.to_string().contains("a look-up found nothing, also after a repetition"), "{error}");
    assert_eq!(posts(&lines(&seen)), 2);
}

#[tokio::test]
async fn a_group_that_may_still_be_made_is_not_made_again() {
    let timeout = || Err(TransportError::new(TransportErrorKind::Timeout));
    let (scim, seen) = provider_client(move |_, request, _| (request.method() == "POST").then(timeout));
    let error = scim.groups().create(&Group::new("planted-team")).await.unwrap_err();
    assert!(error.may_have_been_applied() && error.to_string().contains("may still run"), "{error}");
    assert!(!error.to_string().contains("planted"), "{error}");
    assert_eq!(posts(&lines(&seen)), 1);
}

#[tokio::test]
async fn somebody_elses_resource_is_not_adopted() {
    for (external_id, applied) in [(Some("8"), false), (None, true)] {
        let other = json!({"id": "u9", "userName": "Planted-Person@example.com", "externalId": external_id});
        let (scim, seen) = full_client(move |_, request| match (request.method().as_str(), request.uri().path()) {
            ("POST", _) => lost(),
            (_, "/scim/v2/Users") => {
                let by_name = request.uri().query().unwrap().contains("userName");
                let found = if by_name { vec![other.clone()] } else { Vec::new() };
                Ok(response(200, &[], &json!({"totalResults": found.len(), "Resources": found}).to_string()))
            }
            _ => Ok(response(200, &[], &other.to_string())),
        });
        let error = scim.users().create(&person()).await.unwrap_err();
        assert!(error.is_conflict(), "{error}");
        assert_eq!(error.found(), Some(&id("u9")));
        assert_eq!(error.may_have_been_applied(), applied, "{external_id:?}: {error:?}");
        assert!(!format!("{error} {error:?}").to_lowercase().contains("planted"), "{error}");
        assert_eq!(posts(&lines(&seen)), 1);
    }
}

#[tokio::test]
async fn a_server_without_filters_leaves_it_open() {
    let (scim, seen) = full_client(|_, request| match request.method().as_str() {
        "POST" => lost(),
        _ => Ok(response(
            400,
            &[],
            r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"scimType":"invalidFilter"}"#,
        )),
    });
    let error = scim.users().create(&person()).await.unwrap_err();
    assert!(error.may_have_been_applied());
    assert!(error.to_string().contains("a look-up failed too: HTTP 400"), "{error}");
    assert_eq!(lines(&seen).len(), 3);
}

#[tokio::test]
async fn a_201_without_body_is_read_where_its_location_says() {
    let shown = json!({"id": "a/b", "userName": "x"}).to_string();
    let (scim, seen) = full_client(move |_, request| match request.method().as_str() {
        "POST" => Ok(response(201, &[("location", "/scim/v2/Users/a%2Fb")], "")),
        _ => Ok(response(200, &[], &shown)),
    });
    assert_eq!(scim.users().create(&User::new("x")).await.unwrap().id, Some(id("a/b")));
    assert_eq!(lines(&seen), ["POST Users", "GET Users/a%2Fb"]);
}

#[tokio::test]
async fn an_answer_about_something_else_is_refused() {
    let other = || Ok(response(200, &[], r#"{"id":"2","userName":"other"}"#));
    let (scim, _) = full_client(move |_, _| other());
    let users = scim.users();
    assert_eq!(users.get(&id("1")).await.unwrap_err().kind(), ErrorKind::WrongResource);
    let error = users.replace(&id("1"), &User::new("x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongResource);
    assert!(error.may_have_been_applied());
    assert!(users.create(&User::new("x")).await.unwrap_err().may_have_been_applied());
}

#[tokio::test]
async fn what_says_what_shall_be_is_sent_again_after_an_unreadable_answer() {
    let html = || Ok(response(200, &[], "<html>proxy</html>"));
    let user = || Ok(response(200, &[], r#"{"id":"1"}"#));
    let member = json!([{"value": "u1"}]);
    let email = json!([{"value": "a@b.c"}]);
    for (patch, requests) in [
        (PatchOp::new().replace(attr("title"), "x"), 2),
        (PatchOp::new().add(attr("title"), "x"), 2),
        (PatchOp::new().add(attr("members"), member), 2),
        (PatchOp::new().remove(PatchPath::select(attr("members"), attr("value").eq("u1"))), 2),
        (PatchOp::new().replace_all(json!({"title": "x"})), 2),
        // These append, or change what they select by.
        (PatchOp::new().add(attr("emails"), email.clone()), 1),
        (PatchOp::new().add_all(json!({"emails": email})), 1),
        (PatchOp::new().replace(PatchPath::select(attr("emails"), attr("value").eq("a")), json!({"value": "b"})), 1),
    ] {
        let (scim, seen) = full_client(move |n, _| if n == 0 { html() } else { user() });
        let outcome = scim.users().patch(&id("1"), &patch).await;
        assert_eq!(outcome.is_ok(), requests == 2, "{patch:?}");
        assert_eq!(seen.lock().unwrap().len(), requests, "{patch:?}");
        if let Err(error) = outcome {
            assert!(error.may_have_been_applied());
        }
    }
}

#[tokio::test]
async fn a_second_refusal_does_not_hide_that_the_first_may_have_worked() {
    let (scim, _) = full_client(|n, _| Ok(if n == 0 { response(200, &[], "<html>") } else { response(401, &[], "") }));
    let error = scim.users().replace(&id("1"), &User::new("x")).await.unwrap_err();
    assert!(error.is_unauthorized() && error.may_have_been_applied());
}

#[tokio::test]
async fn gone_is_gone() {
    let (scim, _) = provider_client(|_, _, _| None);
    let user = scim.users().create(&person()).await.unwrap().id.unwrap();
    assert!(scim.users().ensure_deleted(&user).await.unwrap());
    assert!(!scim.users().ensure_deleted(&user).await.unwrap());
    assert!(scim.users().delete(&user).await.unwrap_err().is_not_found());

    let (scim, _) = full_client(|_, _| Ok(response(404, &[], "<html>no such page</html>")));
    assert!(scim.users().ensure_deleted(&user).await.is_err(), "a page of HTML says nothing of a resource");
}

#[tokio::test]
async fn members_are_added_and_removed_in_batches_whatever_is_there() {
    let (scim, seen) = provider_client(|_, _, _| None);
    let mut people = Vec::new();
    for n in 0..5 {
        people.push(scim.users().create(&User::new(format!("u{n}"))).await.unwrap().id.unwrap());
    }
    let group = scim.groups().create(&Group::new("Team")).await.unwrap().id.unwrap();
    let scim = scim.with_diff_options(scim_core::patch::DiffOptions::new().with_max_values(2));
    seen.lock().unwrap().clear();
    scim.members(&group).add(&people).await.unwrap();
    scim.members(&group).add(&people[..1]).await.unwrap();
    assert_eq!(lines(&seen).len(), 4);
    scim.members(&group).remove(&people[1..]).await.unwrap();
    scim.members(&group).remove(&people[1..]).await.unwrap();
    let left = scim.groups().get(&group).await.unwrap().members.unwrap();
    assert_eq!(left.iter().map(|member| member.value.clone().unwrap()).collect::<Vec<_>>(), people[..1]);
}

#[tokio::test]
async fn a_server_that_refuses_to_remove_the_absent_is_asked_for_the_rest() {
    let no_target =
        r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"scimType":"noTarget","status":"400"}"#;
    let mut group = Group::new("Team");
    group.id = Some(id("g"));
    group.members = Some(vec![Member::new(id("b"))]);
    let shown = serde_json::to_string(&group).unwrap();
    let (scim, seen) = full_client(move |_, request| {
        let body = String::from_utf8_lossy(request.body());
        Ok(match request.method().as_str() {
            "GET" => response(200, &[], &shown),
            _ if body.contains("\\\"a\\\"") => response(400, &[], no_target),
            _ => response(204, &[], ""),
        })
    });
    scim.members(&id("g")).remove(["a", "b"]).await.unwrap();
    assert_eq!(lines(&seen), ["PATCH Groups/g", "GET Groups/g?attributes=members", "PATCH Groups/g"]);
    assert_eq!(body(&seen, 2)["Operations"], json!([{"op": "remove", "path": "members[value eq \"b\"]"}]));
    scim.members(&id("g")).remove(["a"]).await.unwrap();
}

#[tokio::test]
async fn an_error_says_how_many_members_are_done() {
    let (scim, _) = full_client(|n, _| if n < 2 { Ok(response(204, &[], "")) } else { lost() });
    let ids: Vec<String> = (0..350).map(|n| n.to_string()).collect();
    let error = scim.members(&id("g")).add(&ids).await.unwrap_err();
    assert_eq!(error.completed(), Some(200));
    assert!(error.may_have_been_applied() && error.to_string().contains("200 done before"), "{error}");
}
