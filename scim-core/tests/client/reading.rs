//! The quirks of real servers on the reading side, one by one: each is read, or told by name.

use scim_core::client::ErrorKind;
use scim_core::filter::attr;
use scim_core::message::ScimType;
use scim_core::resource::{Group, User};
use serde_json::json;

use crate::support::{client, full_client, id, lines, response, text_client};

async fn read_user(body: &'static str) -> User {
    let (scim, _) = text_client(move |_| (200, body.to_owned()));
    scim.users().get(&id("1")).await.unwrap_or_else(|error| panic!("{body}: {error}"))
}

#[tokio::test]
async fn users_as_servers_send_them() {
    for text in [r#"{"id":"1","active":"True"}"#, r#"{"id":"1","ACTIVE":"true"}"#, r#"{"id":1,"active":true}"#] {
        assert_eq!(read_user(text).await.active, Some(true), "{text}");
    }
    let user = read_user(r#"{"id":"1","groups":["g1","g2"],"roles":["admin"],"emails":null,"name":null}"#).await;
    assert_eq!(user.groups.len(), 2);
    assert_eq!(user.roles[0].value.as_deref(), Some("admin"));
    // Partial, without schemas, meta or id; a lower-case resource type; dates without zone or with seven digits.
    assert_eq!(read_user(r#"{"userName":"x"}"#).await.id, None);
    let meta = r#"{"id":"1","meta":{"resourceType":"user","created":"2020-01-01T00:00:00.1234567Z","lastModified":"2020-01-01T00:00:00"}}"#;
    let meta = read_user(meta).await.meta.unwrap();
    assert!(meta.created_at().is_some() && meta.last_modified_at().is_some());
    assert_eq!(read_user(r#"{"id":"1","meta":{}}"#).await.meta.and_then(|meta| meta.created), None);
    // Unknown attributes and extensions stay, also if `schemas` does not name them.
    let user = read_user(r#"{"schemas":[],"id":"1","urn:example:x:2.0:User":{"colour":"red"},"shoeSize":43}"#).await;
    assert_eq!(serde_json::to_value(&user).unwrap()["urn:example:x:2.0:User"]["colour"], "red");
    assert_eq!(serde_json::to_value(&user).unwrap()["shoeSize"], 43);
}

#[tokio::test]
async fn a_name_given_twice_is_told() {
    let (scim, _) = text_client(|_| (200, r#"{"id":"1","active":true,"Active":false}"#.to_owned()));
    let error = scim.users().get(&id("1")).await.unwrap_err();
    assert!(error.to_string().contains("is named twice"), "{error}");
}

#[tokio::test]
async fn groups_without_members_and_with_null() {
    for (text, members) in [
        (r#"{"id":"1","displayName":"g"}"#, None),
        (r#"{"id":"1","members":null}"#, Some(0)),
        (r#"{"id":"1","members":[]}"#, Some(0)),
    ] {
        let (scim, _) = text_client(move |_| (200, text.to_owned()));
        let group: Group = scim.groups().get(&id("1")).await.unwrap();
        assert_eq!(group.members.map(|members| members.len()), members, "{text}");
    }
}

#[tokio::test]
async fn lists_as_servers_send_them() {
    for (text, users) in [
        (r#"{"totalResults":"1","startIndex":"1","itemsPerPage":"100","Resources":[{"id":7}]}"#, 1),
        (r#"{"totalResults":1,"itemsPerPage":100,"resources":[{"id":"1"}]}"#, 1),
        (r#"{"totalResults":0,"Resources":null}"#, 0),
        (r#"{"totalResults":0}"#, 0),
        (r#"{"TotalResults":1,"RESOURCES":[{"ID":"1"}]}"#, 1),
    ] {
        let (scim, _) = text_client(move |_| (200, text.to_owned()));
        assert_eq!(scim.users().list().all().await.unwrap().len(), users, "{text}");
    }
}

#[tokio::test]
async fn json_under_any_media_type_is_json() {
    for media in ["text/json", "text/html; charset=utf-8", "application/json", ""] {
        let media = media.to_owned();
        let (scim, _) =
            full_client(move |_, _| Ok(response(200, &[("content-type", media.as_str())], r#"{"id":"1"}"#)));
        assert!(scim.users().get(&id("1")).await.is_ok());
    }
}

#[tokio::test]
async fn errors_as_servers_send_them() {
    let kind = |status: u16, body: &'static str| async move {
        let (scim, _) = text_client(move |_| (status, body.to_owned()));
        scim.users().get(&id("1")).await.unwrap_err()
    };
    let scim =
        kind(404, r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":404,"detail":"gone"}"#).await;
    assert!(scim.is_not_found());
    assert_eq!(scim.reason(), "gone");
    let odd = kind(400, r#"{"schemas":"urn:ietf:params:scim:api:messages:2.0:Error","scimType":"houseRule"}"#).await;
    assert_eq!(odd.scim_type(), Some(&ScimType::from("houseRule")));
    for (body, said) in [
        (r#"{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}"#, "Authentication error"),
        (r#"{"error":"invalid_token"}"#, "invalid_token"),
        ("<html><h1>Bad\n gateway</h1></html>", "<h1>Bad gateway</h1>"),
    ] {
        let error = kind(403, body).await;
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        assert!(error.to_string().contains(said) && error.scim().is_none(), "{error}");
    }
    assert!(kind(404, "").await.is_not_found());
    assert!(!kind(404, "<html>").await.is_not_found(), "a page of HTML is not the resource's word");
}

#[tokio::test]
async fn writes_as_servers_answer_them() {
    // DELETE 200 with and without body; and no Accept, which one server refuses there.
    for body in ["", "{}", r#"{"id":"1"}"#] {
        let (scim, seen) = text_client(move |_| (200, body.to_owned()));
        scim.users().delete(&id("1")).await.unwrap();
        assert!(!seen.lock().unwrap()[0].headers().contains_key("accept"));
    }
    // A PATCH that shows the resource as it was before is not taken for the state after it.
    let (scim, seen) = client(|_| (200, json!({"id": "1", "userName": "x", "title": "old"})));
    let edited = scim.users().edit(&id("1"), |user| user.title = Some("new".into())).await.unwrap();
    assert_eq!(edited.resource.title.as_deref(), Some("new"));
    assert_eq!(lines(&seen), ["GET Users/1", "PATCH Users/1"]);
}

#[tokio::test]
async fn an_empty_answer_to_a_filter_may_be_a_404() {
    let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "404"});
    let (scim, _) = client(move |_| (404, body.clone()));
    assert!(scim.users().find(attr("userName").eq("x")).await.unwrap().is_empty());
}
