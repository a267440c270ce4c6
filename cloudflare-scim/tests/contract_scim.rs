//! Every SCIM call against the OpenAPI document: the request as documented, the document's own
//! example as the answer, nothing of it lost; and both error shapes.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use cloudflare_scim::*;
use common::{SCIM_TOKEN, client, only_request, server, testdata};
use scim_core::message::ScimType;
use scim_core::resource::ResourceId;
use serde_json::{Value, json};

fn example(operation: &str) -> Value {
    let all = testdata("openapi-examples.json");
    let found = all.as_array().unwrap().iter().find(|it| it["operation"] == operation);
    let mut found = found.unwrap_or_else(|| panic!("no operation {operation}")).clone();
    // The client refuses an answer about another resource than the one asked for.
    for (parameter, id) in [("{user_id}", "u1"), ("{group_id}", "g1")] {
        if found["path"].as_str().unwrap().contains(parameter) && found["body"].is_object() {
            found["body"]["id"] = id.into();
        }
    }
    found
}

/// Runs one call against the example of its operation, compares the request with what is documented,
/// and gives the document's answer to compare.
async fn check<T, F>(operation: &str, query: &str, body: Option<Value>, call: impl FnOnce(Scim) -> F) -> (T, Value)
where
    F: Future<Output = Result<T, Error>>,
{
    let example = example(operation);
    let answer = if example["body"].is_null() { Vec::new() } else { serde_json::to_vec(&example["body"]).unwrap() };
    let status = u16::try_from(example["status"].as_u64().unwrap()).unwrap();
    let server = server(status, "application/scim+json", answer).await;
    let result = call(client(&server.uri()).scim()).await.unwrap_or_else(|error| panic!("{operation}: {error}"));
    let request = only_request(&server).await;
    let mut path = example["path"].as_str().unwrap().to_owned();
    for (name, value) in [("{account_id}", common::ACCOUNT), ("{user_id}", "u1"), ("{group_id}", "g1")] {
        path = path.replace(name, value);
    }
    assert_eq!(request.method.as_str(), example["method"], "{operation}");
    assert_eq!(request.url.path(), format!("/client/v4{path}"), "{operation}");
    assert_eq!(request.url.query().unwrap_or_default(), query, "{operation}");
    let sent: Option<Value> = (!request.body.is_empty()).then(|| serde_json::from_slice(&request.body).unwrap());
    assert_eq!(sent, body, "{operation}");
    assert_eq!(request.headers["authorization"], format!("Bearer {SCIM_TOKEN}"), "{operation}");
    assert!(request.headers["user-agent"].to_str().unwrap().starts_with("cloudflare-scim/"), "{operation}");
    if body.is_some() {
        assert_eq!(request.headers["content-type"], "application/scim+json", "{operation}");
    }
    (result, example["body"].clone())
}

async fn lossless<T: serde::Serialize, F>(
    operation: &str,
    query: &str,
    body: Option<Value>,
    call: impl FnOnce(Scim) -> F,
) where
    F: Future<Output = Result<T, Error>>,
{
    let (got, documented) = check(operation, query, body, call).await;
    assert_eq!(serde_json::to_value(got).unwrap(), documented, "{operation}");
}

fn tag() -> UserTag {
    "u1".parse().unwrap()
}

fn group() -> UserGroupId {
    "g1".parse().unwrap()
}

fn patch(operations: &Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations})
}

#[tokio::test]
async fn users() {
    // The example counts three and shows one: a page, not a list.
    lossless("scim-users-list", "startIndex=1&count=100", None, async |scim| scim.users().list().page(1).await).await;
    lossless("scim-users-get", "", None, async |scim| scim.users().get(&tag()).await).await;
    let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "a@b.cd", "active": true,
        "emails": [{"value": "a@b.cd", "type": "work", "primary": true}], "name": {"givenName": "A", "familyName": "B"},
        "displayName": "AB", "externalId": "7"});
    lossless("scim-users-create", "", Some(body), async |scim| {
        scim.users().create(&NewUser::new("a@b.cd").name("A", "B").display_name("AB").external_id("7")).await
    })
    .await;
    let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "a@b.cd", "active": true,
        "emails": [{"value": "a@b.cd", "type": "work", "primary": true}]});
    lossless("scim-users-put", "", Some(body), async |scim| {
        scim.users().replace(&tag(), &NewUser::new("a@b.cd").to_resource()).await
    })
    .await;
    let body = patch(&json!([{"op": "replace", "path": "userName", "value": "b@b.cd"},
        {"op": "replace", "path": "name.givenName", "value": "X"},
        {"op": "replace", "path": "name.familyName", "value": "Y"}]));
    lossless("scim-users-patch", "", Some(body), async |scim| {
        let patch = UserPatch::new().user_name("b@b.cd").given_name("X").family_name("Y");
        scim.users().update(&tag(), &patch).await
    })
    .await;
    let body = patch(&json!([{"op": "replace", "path": "active", "value": false}]));
    check("scim-users-patch", "", Some(body), async |scim| scim.users().deactivate(&tag()).await).await;
}

#[tokio::test]
async fn groups() {
    lossless("scim-groups-list", "startIndex=6&count=5", None, async |scim| {
        scim.groups().list().count(5).page(6).await
    })
    .await;
    lossless("scim-groups-get", "", None, async |scim| scim.groups().get(&group()).await).await;
    let body =
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "N", "externalId": "e"});
    lossless("scim-groups-create", "", Some(body), async |scim| {
        scim.groups().create(&NewGroup::new("N").external_id("e")).await
    })
    .await;
    let add = |n: u32| json!([{"op": "add", "path": "members", "value": (0..n).map(|n| json!({"value": n.to_string()})).collect::<Vec<_>>()}]);
    check("scim-groups-patch", "", Some(patch(&add(100))), async |scim| {
        let tags: Vec<UserTag> = (0..100).map(|n| n.to_string().parse().unwrap()).collect();
        scim.groups().add_members(&group(), &tags).await
    })
    .await;
    let remove = json!([{"op": "remove", "path": "members[value eq \"u1\"]"}]);
    check("scim-groups-patch", "", Some(patch(&remove)), async |scim| {
        scim.groups().remove_members(&group(), &[tag()]).await
    })
    .await;
    let rename = json!([{"op": "replace", "path": "displayName", "value": "M"},
        {"op": "replace", "path": "externalId", "value": "f"}]);
    check("scim-groups-patch", "", Some(patch(&rename)), async |scim| {
        scim.groups().update(&group(), &GroupPatch::new().display_name("M").external_id("f")).await
    })
    .await;
    check("scim-groups-delete", "", None, async |scim| scim.groups().delete(&group()).await).await;
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
    assert_eq!(body["members"], json!([{"value": "u1"}]));
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
    lossless("scim-service-provider-config-get", "", None, async |scim| scim.service_provider_config().await).await;
    let (types, _) = check("scim-resource-types-list", "", None, async |scim| scim.resource_types().await).await;
    assert_eq!(types[0].name.as_deref(), Some("User"));
    let (schemas, _) = check("scim-schemas-list", "", None, async |scim| scim.schemas().await).await;
    assert!(!schemas.is_empty());
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
    let id: ResourceId = "u1".parse().unwrap();
    assert_eq!(users.get(&id).await.unwrap(), users.get(&tag()).await.unwrap());
    let user = users.get(&tag()).await.unwrap();
    assert_eq!(UserTag::of(&user).unwrap(), tag());
    assert!(user.groups[0].is_plain());
}
