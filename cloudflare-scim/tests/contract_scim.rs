//! Every SCIM call against the OpenAPI document: the request as documented, the document's own
//! example as the answer, nothing of it lost; and both error shapes.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use cloudflare_scim::*;
use common::contract::{check, example, lossless, own_id};
use common::{client, only_request, server, testdata};
use scim_core::message::ScimType;
use scim_core::resource::ResourceId;
use serde_json::{Value, json};

/// The user that the document's example shows.
fn tag() -> UserTag {
    own_id("scim-users-get").parse().unwrap()
}

/// The group that the document's example shows.
fn group() -> UserGroupId {
    own_id("scim-groups-get").parse().unwrap()
}

fn patch(operations: &Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations})
}

#[tokio::test]
async fn users() {
    let user = format!("scim/v2/Users/{}", tag());
    // The example counts three and shows one: a page, not a list.
    lossless("scim-users-list", "scim/v2/Users", "startIndex=1&count=100", None, async |c| {
        c.scim().users().list().page(1).await
    })
    .await;
    lossless("scim-users-get", &user, "", None, async |c| c.scim().users().get(&tag()).await).await;
    let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "user@example.com", "active": true,
        "emails": [{"value": "user@example.com", "type": "work", "primary": true}], "name": {"givenName": "A", "familyName": "B"},
        "displayName": "AB", "externalId": "idp-user-abc123"});
    lossless("scim-users-create", "scim/v2/Users", "", Some(body), async |c| {
        let scim = c.scim();
        scim.users()
            .create(&NewUser::new("user@example.com").name("A", "B").display_name("AB").external_id("idp-user-abc123"))
            .await
    })
    .await;
    let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "a@b.cd", "active": true,
        "emails": [{"value": "a@b.cd", "type": "work", "primary": true}]});
    lossless("scim-users-put", &user, "", Some(body), async |c| {
        let scim = c.scim();
        scim.users().replace(&tag(), &NewUser::new("a@b.cd").to_resource()).await
    })
    .await;
    let body = patch(&json!([{"op": "replace", "path": "userName", "value": "b@b.cd"},
        {"op": "replace", "path": "name.givenName", "value": "X"},
        {"op": "replace", "path": "name.familyName", "value": "Y"}]));
    lossless("scim-users-patch", &user, "", Some(body), async |c| {
        let scim = c.scim();
        let patch = UserPatch::new().user_name("b@b.cd").given_name("X").family_name("Y");
        scim.users().update(&tag(), &patch).await
    })
    .await;
    let body = patch(&json!([{"op": "replace", "path": "active", "value": false}]));
    check("scim-users-patch", &user, "", Some(body), async |c| c.scim().users().deactivate(&tag()).await).await;
}

#[tokio::test]
async fn groups() {
    let path = format!("scim/v2/Groups/{}", group());
    lossless("scim-groups-list", "scim/v2/Groups", "startIndex=6&count=5", None, async |c| {
        let scim = c.scim();
        scim.groups().list().count(5).page(6).await
    })
    .await;
    lossless("scim-groups-get", &path, "", None, async |c| c.scim().groups().get(&group()).await).await;
    let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Administrators", "externalId": "idp-group-456"});
    lossless("scim-groups-create", "scim/v2/Groups", "", Some(body), async |c| {
        let scim = c.scim();
        scim.groups().create(&NewGroup::new("Administrators").external_id("idp-group-456")).await
    })
    .await;
    let add = |n: u32| json!([{"op": "add", "path": "members", "value": (0..n).map(|n| json!({"value": n.to_string()})).collect::<Vec<_>>()}]);
    check("scim-groups-patch", &path, "", Some(patch(&add(100))), async |c| {
        let scim = c.scim();
        let tags: Vec<UserTag> = (0..100).map(|n| n.to_string().parse().unwrap()).collect();
        scim.groups().add_members(&group(), &tags).await
    })
    .await;
    let remove = json!([{"op": "remove", "path": "members[value eq \"t1\"]"}]);
    check("scim-groups-patch", &path, "", Some(patch(&remove)), async |c| {
        let scim = c.scim();
        scim.groups().remove_members(&group(), &["t1".parse().unwrap()]).await
    })
    .await;
    let rename = json!([{"op": "replace", "path": "displayName", "value": "M"},
        {"op": "replace", "path": "externalId", "value": "f"}]);
    check("scim-groups-patch", &path, "", Some(patch(&rename)), async |c| {
        let scim = c.scim();
        scim.groups().update(&group(), &GroupPatch::new().display_name("M").external_id("f")).await
    })
    .await;
    check("scim-groups-delete", &path, "", None, async |c| c.scim().groups().delete(&group()).await).await;
}

#[tokio::test]
async fn a_group_is_replaced_as_the_changelog_says() {
    let answer = serde_json::to_vec(&example("scim-groups-get")["body"]).unwrap();
    let server = server(200, "application/scim+json", answer).await;
    let groups = client(&server.uri()).scim().groups();
    groups.replace(&group(), &NewGroup::new("N"), &[tag()]).await.unwrap();
    let request = only_request(&server).await;
    assert_eq!(request.method.as_str(), "PUT");
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["members"], json!([{"value": tag()}]));
}

#[tokio::test]
async fn a_user_is_deleted_as_authentik_does() {
    let server = server(204, "application/scim+json", Vec::new()).await;
    client(&server.uri()).scim().users().delete(&tag()).await.unwrap();
    let request = only_request(&server).await;
    assert_eq!((request.method.as_str(), request.body.len()), ("DELETE", 0));
    assert!(request.url.path().ends_with(&format!("/scim/v2/Users/{}", tag())));
}

#[tokio::test]
async fn members_go_in_batches_and_none_is_no_request() {
    let answer = serde_json::to_vec(&example("scim-groups-get")["body"]).unwrap();
    let server = server(200, "application/scim+json", answer).await;
    let groups = client(&server.uri()).scim().groups();
    let tags: Vec<UserTag> = (0..250).map(|n| n.to_string().parse().unwrap()).collect();
    groups.add_members(&group(), &[]).await.unwrap();
    groups.add_members(&group(), &tags).await.unwrap();
    groups.remove_members(&GroupId::Custom(group()), &tags).await.unwrap();
    let sizes: Vec<usize> = server
        .received_requests()
        .await
        .unwrap()
        .iter()
        .map(|request| {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            let operations = body["Operations"].as_array().unwrap();
            if operations[0]["op"] == "add" {
                operations[0]["value"].as_array().unwrap().len()
            } else {
                operations.len()
            }
        })
        .collect();
    assert_eq!(sizes, [100, 100, 50, 100, 100, 50]);
}

#[tokio::test]
async fn finding_by_name() {
    let list = |name: &str, value: &str| {
        serde_json::to_vec(&json!({"schemas": [], "totalResults": 1, "Resources": [{"id": "1", name: value}]})).unwrap()
    };
    let server_ = server(200, "application/scim+json", list("userName", "O'Neil+x@B.cd")).await;
    let users = client(&server_.uri()).scim().users();
    assert!(users.find("o'neil+x@b.cd").await.unwrap().is_some());
    let request = only_request(&server_).await;
    let filter = request.url.query_pairs().find(|(name, _)| name == "filter").unwrap().1.into_owned();
    assert_eq!(filter, "userName eq \"o'neil+x@b.cd\"");
    // A server that ignores the filter does not make somebody else the answer.
    assert!(users.find("other@b.cd").await.unwrap().is_none());

    let server_ = server(200, "application/scim+json", list("displayName", "A \"quoted\" name")).await;
    let groups = client(&server_.uri()).scim().groups();
    assert!(groups.find("A \"quoted\" name").await.unwrap().is_some());
    let request = only_request(&server_).await;
    let filter = request.url.query_pairs().find(|(name, _)| name == "filter").unwrap().1.into_owned();
    assert_eq!(filter, r#"displayName eq "A \"quoted\" name""#);
    assert!(groups.find("a \"quoted\" name").await.unwrap().is_none());
}

#[tokio::test]
async fn a_list_is_complete_or_an_error() {
    let page = |total: u64, ids: &[&str]| {
        let resources: Vec<Value> = ids.iter().map(|id| json!({"id": id, "userName": "a@b.cd"})).collect();
        serde_json::to_vec(&json!({"totalResults": total, "Resources": resources})).unwrap()
    };
    for (body, complete) in [
        (page(0, &[]), true),
        (page(2, &["1", "2"]), true),
        // More than announced; less, and the same page again; less, and nothing.
        (page(1, &["1", "2"]), true),
        (page(3, &["1", "2"]), false),
        (page(3, &[]), false),
        // An envelope, or any other JSON, is no account without people.
        (br#"{"success":true,"errors":[],"messages":[],"result":[]}"#.to_vec(), false),
        (b"{}".to_vec(), false),
    ] {
        let text = String::from_utf8(body.clone()).unwrap();
        let server = server(200, "application/scim+json", body).await;
        let users = client(&server.uri()).scim().users();
        let outcome = users.list().all().await;
        assert_eq!(outcome.is_ok(), complete, "{text}: {outcome:?}");
        if !complete {
            assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Incomplete, "{text}");
            assert!(users.find("a@b.cd").await.is_err(), "{text}");
        }
        assert!(server.received_requests().await.unwrap().len() <= 4, "{text}");
    }
}

#[tokio::test]
async fn discovery() {
    lossless("scim-service-provider-config-get", "scim/v2/ServiceProviderConfig", "", None, async |c| {
        c.scim().service_provider_config().await
    })
    .await;
    let (types, _) =
        check("scim-resource-types-list", "scim/v2/ResourceTypes", "", None, async |c| c.scim().resource_types().await)
            .await;
    assert_eq!(types[0].name.as_deref(), Some("User"));
    let (schemas, _) =
        check("scim-schemas-list", "scim/v2/Schemas", "", None, async |c| c.scim().schemas().await).await;
    assert!(!schemas.is_empty());
    let (kind, shown) = check("scim-resource-types-get", "scim/v2/ResourceTypes/User", "", None, async |c| {
        c.scim().resource_type("User").await
    })
    .await;
    assert_eq!(serde_json::to_value(kind).unwrap()["endpoint"], shown["endpoint"]);
    let urn = own_id("scim-schemas-get");
    let (schema, _) =
        check("scim-schemas-get", &format!("scim/v2/Schemas/{urn}"), "", None, async |c| c.scim().schema(&urn).await)
            .await;
    assert_eq!(schema.id.as_deref(), Some(urn.as_str()));
}

#[tokio::test]
async fn every_error_shape_of_a_scim_call() {
    for case in testdata("documented/errors.json")["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let body = match &case["body"] {
            Value::String(text) => text.clone().into_bytes(),
            body => serde_json::to_vec(body).unwrap(),
        };
        let status = u16::try_from(case["status"].as_u64().unwrap()).unwrap();
        let server = server(status, case["media"].as_str().unwrap(), body).await;
        let scim = client(&server.uri()).scim();
        let read = scim.users().get(&tag()).await;
        let write = scim.users().create(&NewUser::new("secret@example.com")).await;
        for error in [read, write].into_iter().filter_map(Result::err) {
            let text = error.to_string();
            // An envelope of a good status is no SCIM resource, whatever it says.
            let kind = if status == 200 { "Unreadable".to_owned() } else { case["kind"].as_str().unwrap().to_owned() };
            assert_eq!(format!("{:?}", error.kind()), kind, "{name}: {text}");
            assert!(text.contains("(scim/v2/Users") && !text.contains('\n'), "{name}: {text}");
            assert!(!text.contains("secret@") && !format!("{error:?}").contains("secret@"), "{name}");
        }
    }
    let error = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "409",
        "scimType": "uniqueness", "detail": "exists"});
    let server = server(409, "application/scim+json", serde_json::to_vec(&error).unwrap()).await;
    let error = client(&server.uri()).scim().users().create(&NewUser::new("a@b.cd")).await.unwrap_err();
    assert!(error.is_conflict() && error.scim_type() == Some(&ScimType::Uniqueness));
    assert_eq!(error.detail(), Some("exists"));
}

#[tokio::test]
async fn both_shapes_of_a_key_name_the_same_user() {
    let answer = serde_json::to_vec(&example("scim-users-get")["body"]).unwrap();
    let server = server(200, "application/scim+json", answer).await;
    let users = client(&server.uri()).scim().users();
    let id: ResourceId = tag().as_str().parse().unwrap();
    assert_eq!(users.get(&id).await.unwrap(), users.get(&tag()).await.unwrap());
    let user = users.get(&tag()).await.unwrap();
    assert_eq!(UserTag::of(&user).unwrap().as_str(), "023e105f4ecef8ad9ca31a8372d0c353");
    assert!(user.groups[0].is_plain());
}

#[tokio::test]
async fn an_answer_about_somebody_else_is_refused() {
    let answer = serde_json::to_vec(&example("scim-users-get")["body"]).unwrap();
    let server_ = server(200, "application/scim+json", answer).await;
    let scim = client(&server_.uri()).scim();
    let other: UserTag = "someone-else".parse().unwrap();
    let with = NewUser::new("a@b.cd").to_resource();
    let written = [
        scim.users().replace(&other, &with).await.unwrap_err(),
        scim.users().update(&other, &UserPatch::new().given_name("X")).await.unwrap_err(),
    ];
    let read = [scim.users().get(&other).await.unwrap_err(), scim.users().get_opt(&other).await.unwrap_err()];
    for (error, write) in written.into_iter().map(|it| (it, true)).chain(read.into_iter().map(|it| (it, false))) {
        assert_eq!(error.kind(), ErrorKind::Unreadable, "{error}");
        assert!(error.to_string().contains("someone-else"), "{error}");
        assert_eq!(error.may_have_been_applied(), write, "{error}");
    }
    let answer = serde_json::to_vec(&example("scim-groups-get")["body"]).unwrap();
    let server_ = server(200, "application/scim+json", answer).await;
    let groups = client(&server_.uri()).scim().groups();
    let other: UserGroupId = "another-group".parse().unwrap();
    assert_eq!(groups.get(&other).await.unwrap_err().kind(), ErrorKind::Unreadable);
    assert_eq!(groups.replace(&other, &NewGroup::new("N"), &[]).await.unwrap_err().kind(), ErrorKind::Unreadable);
}
