//! What servers answer to single requests, and what the client makes of it.

use scim_core::client::{ErrorKind, ScimClient};
use scim_core::filter::attr;
use scim_core::message::ScimType;
use scim_core::patch::PatchOp;
use scim_core::path::PatchPath;
use scim_core::resource::User;
use scim_core::transport::{TransportError, TransportErrorKind, TransportExt, from_fn};
use serde_json::{Value, json};

use crate::support::{client, full_client, id, response, text_client};

#[tokio::test]
async fn a_scim_error_is_read_and_told() {
    let (scim, _) = client(|_| {
        let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": 409,
                          "scimType": "uniqueness", "detail": "userName is taken"});
        (409, body)
    });
    let error = scim.users().create(&User::new("secret-person@example.com")).await.unwrap_err();
    assert!(error.is_conflict() && !error.may_have_been_applied());
    assert_eq!(error.scim_type(), Some(&ScimType::Uniqueness));
    let text = error.to_string();
    for part in ["create a resource (Users)", "409 uniqueness", "userName is taken", "req-1"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("secret-person"));
}

#[tokio::test]
async fn other_bodies_become_errors_that_say_what_came() {
    let (scim, _) = text_client(|_| (200, "<html><title>Sign in</title></html>".to_owned()));
    let error = scim.users().get(&id("1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnreadableBody);
    assert!(error.to_string().contains("Sign in"), "{error}");

    let (scim, _) = text_client(|_| (201, String::new()));
    let error = scim.users().create(&User::new("x")).await.unwrap_err();
    assert!(error.may_have_been_applied(), "created, but where?");

    for (status, kind) in [
        (302, ErrorKind::UnexpectedStatus),
        (202, ErrorKind::Accepted),
        (401, ErrorKind::Unauthorized),
        (403, ErrorKind::Forbidden),
        (412, ErrorKind::PreconditionFailed),
        (429, ErrorKind::RateLimited),
        (400, ErrorKind::Refused),
        (503, ErrorKind::Server),
    ] {
        let (scim, _) = text_client(move |_| (status, String::new()));
        assert_eq!(scim.users().delete(&id("1")).await.unwrap_err().kind(), kind, "{status}");
    }
}

#[tokio::test]
async fn a_write_may_be_answered_with_or_without_the_resource() {
    for (status, body, some) in
        [(204, "", false), (200, "{}", false), (200, r#"{"id":"1","userName":"x"}"#, true), (200, " { } ", false)]
    {
        let (scim, seen) = text_client(move |_| (status, body.to_owned()));
        let patch = PatchOp::new().replace(PatchPath::parse("active").unwrap(), false);
        let answer = scim.users().patch(&id("1"), &patch).await.unwrap();
        assert_eq!(answer.is_some(), some, "{body:?}");
        let sent: Value = serde_json::from_slice(seen.lock().unwrap()[0].body()).unwrap();
        assert_eq!(
            sent,
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                   "Operations": [{"op": "replace", "path": "active", "value": false}]})
        );
    }
}

#[tokio::test]
async fn no_error_holds_token_url_or_filter() {
    let base = "https://scim.example.com/scim/v2".parse().unwrap();
    let broken = from_fn(|_| async { Err(TransportError::new(TransportErrorKind::Interrupted)) });
    let scim = ScimClient::new(base, Some("planted-token".into()), broken.shared());
    let error = scim.users().find(attr("userName").eq("planted-person")).await.unwrap_err();
    assert!(error.is_transient() && !error.may_have_been_applied(), "a read changes nothing");
    let everything = format!("{error} {error:?} {scim:?} {:?}", scim.users().list());
    for planted in ["planted-token", "planted-person", "filter="] {
        assert!(!everything.contains(planted), "{planted} in {everything}");
    }
}

#[tokio::test]
async fn a_202_says_how_the_outcome_is_found() {
    let (scim, _) = full_client(|_, _| {
        let headers =
            [("set-txn", "734f0614"), ("preference-applied", "respond-async"), ("location", "https://evil/x")];
        Ok(response(202, &headers, ""))
    });
    let error = scim.users().create(&User::new("x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Accepted);
    assert!(error.may_have_been_applied());
    let accepted = error.accepted().unwrap();
    assert_eq!(accepted.transaction.as_deref(), Some("734f0614"));
    assert!(accepted.preference_applied);
}

#[tokio::test]
async fn a_member_that_cannot_be_read_is_named_without_its_value() {
    let (scim, _) =
        client(|_| (200, json!({"id": "1", "name": {"familyName": "n"}, "emails": [{"value": ["planted-value"]}]})));
    let text = scim.users().get(&id("1")).await.unwrap_err().to_string();
    assert!(text.contains("emails[0].value"), "{text}");
    assert!(!text.contains("planted"), "{text}");
    let (scim, _) =
        client(|_| (200, json!({"totalResults": 1, "Resources": [{"id": "1", "active": "planted-maybe"}]})));
    let text = scim.users().list().all().await.unwrap_err().to_string();
    assert!(text.contains("Resources[0].active") && !text.contains("planted"), "{text}");
}

#[tokio::test]
async fn what_servers_quote_of_the_request_is_not_repeated() {
    let (scim, _) = client(|_| {
        let detail = "the userName PLANTED-person@example.com is taken by Planted Person";
        (409, json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "409", "detail": detail}))
    });
    let mut user = User::new("planted-person@example.com");
    user.display_name = Some("Planted Person".into());
    let error = scim.users().create(&user).await.unwrap_err();
    assert!(error.to_string().contains("the userName *** is taken by ***"), "{error}");
    assert!(!format!("{error:?}").to_lowercase().contains("planted"));
    let error = scim.users().find(attr("userName").eq("planted-person@example.com")).await.unwrap_err();
    assert!(error.to_string().contains("the userName *** is taken"), "{error}");
}

#[tokio::test]
async fn futures_may_move_between_threads() {
    fn send<T: Send>(value: T) -> T {
        value
    }
    let (scim, _) = client(|_| (200, json!({"id": "1", "userName": "x"})));
    let (users, groups, user) = (scim.users(), scim.groups(), User::new("x"));
    let (one, patch) = (id("1"), PatchOp::new());
    drop(send(users.create(&user)));
    drop(send(users.replace(&one, &user)));
    drop(send(users.patch(&one, &patch)));
    drop(send(users.ensure_deleted(&one)));
    drop(send(users.edit(&one, |user| user.active = None)));
    drop(send(users.entry(attr("userName").eq("x")).or_create(|| User::new("x"))));
    drop(send(groups.list().all()));
    drop(send(scim.members(&one).remove(["1"])));
    drop(send(scim.bulk().send()));
    drop(send(scim.me::<User>().get()));
    drop(send(scim.capabilities()));
}
