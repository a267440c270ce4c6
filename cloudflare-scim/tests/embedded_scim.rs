//! The embedded account's SCIM side (rules 3 to 20), by hand where the request matters, through the
//! client where the outcome does; every switch with both readings.
#![allow(clippy::unwrap_used, clippy::panic, clippy::similar_names, clippy::unnecessary_wraps)]

mod common;

use bytes::Bytes;
use cloudflare_scim::embedded::*;
use cloudflare_scim::*;
use scim_core::resource::GroupRef;
use scim_core::transport::Transport;
use serde_json::{Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

struct Answer {
    status: u16,
    media: String,
    body: Value,
}

impl Answer {
    /// The id of the resource.
    fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_else(|| panic!("no id in {}", self.body)).to_owned()
    }

    /// Asserts a SCIM error by the letter, and gives its detail.
    #[track_caller]
    fn refused(&self, status: u16, scim_type: Option<&str>) -> &str {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.media, "application/scim+json");
        assert_eq!(self.body["schemas"], json!([ERROR]));
        assert_eq!(self.body["status"], json!(status.to_string()), "status is a string");
        assert_eq!(self.body.get("scimType").and_then(Value::as_str), scim_type, "{}", self.body);
        self.body["detail"].as_str().unwrap()
    }

    #[track_caller]
    fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }
}

async fn send(account: &EmbeddedAccount, method: &str, path: &str, media: &str, body: Option<Value>) -> Answer {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("http://x/client/v4/accounts/{}/scim/v2/{path}", account.account_id()))
        .header("authorization", format!("Bearer {}", account.tokens().scim.expose()))
        .header("content-type", media)
        .body(body.map(|body| Bytes::from(body.to_string())).unwrap_or_default())
        .unwrap();
    let response = account.send(request).await.unwrap();
    let media = response.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
    Answer {
        status: response.status().as_u16(),
        media: media.unwrap_or_default(),
        body: serde_json::from_slice(response.body()).unwrap_or_default(),
    }
}

async fn scim(account: &EmbeddedAccount, method: &str, path: &str, body: Option<Value>) -> Answer {
    send(account, method, path, "application/scim+json", body).await
}

async fn get(account: &EmbeddedAccount, path: &str) -> Answer {
    scim(account, "GET", path, None).await
}

fn user(email: &str) -> Value {
    json!({"schemas": [USER], "userName": email, "active": true,
        "name": {"givenName": "Given", "familyName": "Family", "formatted": "ignored"},
        "emails": [{"value": email, "type": "work", "primary": true}], "externalId": "ext"})
}

fn operations(operations: &Value) -> Option<Value> {
    Some(json!({"schemas": [PATCH], "Operations": operations}))
}

async fn add_user(account: &EmbeddedAccount, email: &str) -> String {
    scim(account, "POST", "Users", Some(user(email))).await.is(201).id()
}

async fn add_group(account: &EmbeddedAccount, name: &str) -> String {
    scim(account, "POST", "Groups", Some(json!({"schemas": [GROUP], "displayName": name}))).await.is(201).id()
}

fn with(switch: &str, value: &str) -> EmbeddedAccount {
    let account = EmbeddedAccount::new();
    account.set_switch(switch, value).unwrap();
    account
}

/// The user tags of a group's members.
async fn members(account: &EmbeddedAccount, group: &str) -> Vec<String> {
    let answer = get(account, &format!("Groups/{group}")).await;
    let mut tags: Vec<String> = answer.is(200).body["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member["value"].as_str().unwrap().to_owned())
        .collect();
    tags.sort();
    tags
}

fn sorted(mut tags: Vec<String>) -> Vec<String> {
    tags.sort();
    tags
}

#[tokio::test]
async fn discovery_says_what_the_document_says() {
    let account = EmbeddedAccount::new();
    let config = get(&account, "ServiceProviderConfig").await;
    assert_eq!(config.is(200).media, "application/scim+json");
    assert_eq!(config.body["patch"], json!({"supported": true}));
    assert_eq!(config.body["bulk"], json!({"supported": false, "maxOperations": 0, "maxPayloadSize": 0}));
    assert_eq!(config.body["filter"], json!({"supported": true, "maxResults": 100}));
    assert_eq!(config.body["authenticationSchemes"][0]["type"], "oauthbearertoken");
    for feature in ["sort", "etag", "changePassword"] {
        assert_eq!(config.body[feature], json!({"supported": false}));
    }

    let types = get(&account, "ResourceTypes").await;
    assert_eq!(
        (types.body["totalResults"].clone(), types.body["Resources"][1]["id"].clone()),
        (json!(2), json!("Group"))
    );
    assert_eq!(get(&account, "ResourceTypes/User").await.is(200).body["endpoint"], "/Users");
    let schemas = get(&account, "Schemas").await;
    assert_eq!(schemas.body["totalResults"], 2);
    let schema = get(&account, &format!("Schemas/{USER}")).await;
    let names: Vec<&str> =
        schema.is(200).body["attributes"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["userName", "name", "displayName", "active", "emails", "groups"]);

    for unknown in ["ResourceTypes/Device", "Schemas/urn:x", "ServiceProviderConfig/x"] {
        get(&account, unknown).await.refused(404, None);
    }
    scim(&account, "POST", "Schemas", None).await.refused(405, None);
    get(&account, "Schemas?count=1").await.is(200);
    account.set_switch("discovery_query", "refuse").unwrap();
    get(&account, "Schemas?count=1").await.refused(400, Some("invalidValue"));

    // What is no route is answered by the gateway.
    for path in ["Me", "Bulk", "Users/a/b", ""] {
        let answer = get(&account, path).await;
        assert_eq!((answer.status, answer.body["errors"][0]["code"].clone()), (404, json!(7003)), "{path}");
    }
}

#[tokio::test]
async fn a_user_is_what_cloudflare_shows_of_it() {
    let account = EmbeddedAccount::new();
    let mut body = user("Zoe.O'Neil@Example.com");
    body["photos"] = json!([{"value": "data:..."}]);
    body["locale"] = json!("de");
    let made = scim(&account, "POST", "Users", Some(body)).await;
    let id = made.is(201).id();
    let expected = json!({"schemas": [USER], "id": id, "externalId": "ext", "userName": "Zoe.O'Neil@Example.com",
        "name": {"formatted": "Given Family", "familyName": "Family", "givenName": "Given"},
        "displayName": "Given Family", "active": true,
        "emails": [{"value": "Zoe.O'Neil@Example.com", "type": "work", "primary": true}],
        "meta": {"resourceType": "User"}});
    assert_eq!(made.body, expected);
    assert_eq!(get(&account, &format!("Users/{id}")).await.body, expected);
    assert_eq!(id.len(), 32);

    // The member appears in v4, with another id, accepted, with the least role.
    let members = account.client().unwrap().members().list().all().await.unwrap();
    let member = members.iter().find(|member| member.user_tag().is_some_and(|tag| tag.as_str() == id)).unwrap();
    assert_ne!(member.id.as_str(), id);
    assert_eq!(member.status, Some(MemberStatus::Accepted));
    assert_eq!(member.roles[0].name.as_deref(), Some("Minimal Account Access"));

    let plain = json!({"schemas": [USER], "userName": "a@b.cd", "emails": [{"value": "a@b.cd"}], "active": true});
    let plain = scim(&account, "POST", "Users", Some(plain)).await;
    assert_eq!((plain.is(201).body["displayName"].clone(), plain.body.get("name")), (json!("a@b.cd"), None));
    get(&account, "Users/nobody").await.refused(404, None);
}

#[tokio::test]
async fn what_a_new_user_must_say() {
    let account = EmbeddedAccount::new();
    let change = |name: &str, value: Value| {
        let mut body = user("a@b.cd");
        body[name] = value;
        body
    };
    for (body, scim_type) in [
        (change("schemas", json!([])), "invalidValue"),
        (change("schemas", Value::Null), "invalidValue"),
        (change("userName", json!("alice")), "invalidValue"),
        (change("userName", Value::Null), "invalidValue"),
        (change("userName", json!(7)), "invalidValue"),
        (change("emails", json!([])), "invalidValue"),
        (change("emails", Value::Null), "invalidValue"),
        (change("emails", json!("a@b.cd")), "invalidValue"),
        (change("emails", json!([{"value": "other@b.cd", "primary": true}])), "invalidValue"),
        (change("emails", json!([{"value": "x@b.cd"}, {"value": "a@b.cd"}])), "invalidValue"),
        (change("active", json!(false)), "invalidValue"),
        (change("active", Value::Null), "invalidValue"),
        (change("name", json!("A B")), "invalidValue"),
        (change("ACTIVE", json!(true)), "invalidSyntax"),
        (json!([]), "invalidSyntax"),
    ] {
        let answer = scim(&account, "POST", "Users", Some(body.clone())).await;
        assert!(!answer.refused(400, Some(scim_type)).is_empty(), "{body}");
    }
    assert_eq!(account.member_emails().len(), 1);

    add_user(&account, "a@b.cd").await;
    scim(&account, "POST", "Users", Some(user("A@B.cd"))).await.refused(409, Some("uniqueness"));
    account.set_switch("duplicate_user", "400").unwrap();
    scim(&account, "POST", "Users", Some(user("a@b.cd"))).await.refused(400, Some("uniqueness"));

    let free = with("plan", "free");
    for (method, path) in [("POST", "Users"), ("POST", "Groups"), ("PUT", "Users/x"), ("DELETE", "Groups/x")] {
        scim(&free, method, path, Some(user("a@b.cd"))).await.refused(403, None);
    }
    get(&free, "Users").await.is(200);
}

#[tokio::test]
async fn media_types() {
    let account = EmbeddedAccount::new();
    send(&account, "POST", "Users", "application/json; charset=utf-8", Some(user("a@b.cd"))).await.is(201);
    send(&account, "POST", "Users", "text/plain", Some(user("b@b.cd"))).await.refused(415, None);
    account.set_switch("json_requests", "refuse").unwrap();
    send(&account, "POST", "Users", "application/json", Some(user("b@b.cd"))).await.refused(415, None);
    scim(&account, "POST", "Users", Some(user("b@b.cd"))).await.is(201);
}

#[tokio::test]
async fn unknown_attributes_and_texts_for_booleans() {
    let account = EmbeddedAccount::new();
    let mut body = user("a@b.cd");
    body["title"] = json!({"odd": 1});
    body["active"] = json!("True");
    scim(&account, "POST", "Users", Some(body.clone())).await.is(201);
    let id = account.member("a@b.cd").unwrap().0;
    let patch = operations(&json!([{"op": "Replace", "path": "title", "value": "x"}]));
    scim(&account, "PATCH", &format!("Users/{id}"), patch.clone()).await.is(200);

    account.set_switch("active_strings", "refuse").unwrap();
    scim(&account, "PUT", &format!("Users/{id}"), Some(body.clone())).await.refused(400, Some("invalidValue"));
    account.set_switch("unknown_attributes", "refuse").unwrap();
    body["active"] = json!(true);
    scim(&account, "PUT", &format!("Users/{id}"), Some(body)).await.refused(400, Some("invalidSyntax"));
    scim(&account, "PATCH", &format!("Users/{id}"), patch).await.refused(400, Some("invalidPath"));
}

#[tokio::test]
async fn lists_have_pages_and_one_filter() {
    let account = EmbeddedAccount::new();
    for n in 0..120 {
        add_user(&account, &format!("user{n:03}@example.com")).await;
    }
    let page = async |query: &str| {
        let body = get(&account, &format!("Users{query}")).await.is(200).body.clone();
        let numbers = ["totalResults", "startIndex", "itemsPerPage"].map(|name| body[name].as_u64().unwrap());
        (numbers, body["Resources"].as_array().unwrap().len())
    };
    assert_eq!(page("").await, ([121, 1, 100], 100));
    assert_eq!(page("?startIndex=101").await, ([121, 101, 21], 21));
    assert_eq!(page("?startIndex=-5&count=3").await, ([121, 1, 3], 3));
    assert_eq!(page("?count=0").await, ([121, 1, 0], 0));
    assert_eq!(page("?count=-1").await, ([121, 1, 0], 0));
    assert_eq!(page("?count=1000").await, ([121, 1, 100], 100));
    assert_eq!(page("?startIndex=500").await, ([121, 500, 0], 0));
    get(&account, "Users?count=x").await.refused(400, Some("invalidValue"));

    assert_eq!(page("?filter=userName%20eq%20%22USER007@example.com%22").await, ([1, 1, 1], 1));
    assert_eq!(page("?filter=USERNAME+EQ+%22user007%40example.com%22").await, ([1, 1, 1], 1));
    assert_eq!(page("?filter=userName%20eq%20%22nobody@example.com%22").await, ([0, 1, 0], 0));
    for filter in [
        "userName co \"a\"",
        "displayName eq \"a\"",
        "userName eq \"a\" or userName eq \"b\"",
        "userName pr",
        "userName eq",
        "",
        "userName eq 1",
        "not (userName eq \"a\")",
    ] {
        let filter: String = filter.bytes().fold(String::new(), |out, byte| out + &format!("%{byte:02X}"));
        get(&account, &format!("Users?filter={filter}")).await.refused(400, Some("invalidFilter"));
    }

    let users = account.client().unwrap().scim().users();
    for (value, requests) in [("100", 2), ("20", 7), ("5", 25)] {
        account.set_switch("scim_page", value).unwrap();
        account.clear_requests();
        assert_eq!(users.list().all().await.unwrap().len(), 121);
        assert_eq!(account.request_count(), requests);
    }
}

#[tokio::test]
async fn case_of_user_names() {
    let account = with("username_case", "sensitive");
    add_user(&account, "a@b.cd").await;
    add_user(&account, "A@b.cd").await;
    assert_eq!(get(&account, "Users?filter=userName%20eq%20%22A@B.cd%22").await.body["totalResults"], 0);
    let mut body = user("c@b.cd");
    body["emails"][0]["value"] = json!("C@b.cd");
    scim(&account, "POST", "Users", Some(body.clone())).await.refused(400, Some("invalidValue"));
    account.set_switch("username_case", "insensitive").unwrap();
    scim(&account, "POST", "Users", Some(body)).await.is(201);
}

#[tokio::test]
async fn put_replaces_a_user() {
    let account = EmbeddedAccount::new();
    let id = add_user(&account, "a@b.cd").await;
    let path = format!("Users/{id}");
    add_user(&account, "taken@b.cd").await;
    let put = json!({"schemas": [USER], "id": id, "userName": "new@b.cd", "displayName": "Shown", "name": {"givenName": "N"}});
    let answer = scim(&account, "PUT", &path, Some(put.clone())).await;
    assert_eq!(answer.is(200).body["userName"], "new@b.cd");
    assert_eq!(answer.body["emails"][0]["value"], "new@b.cd");
    assert_eq!(
        (&answer.body["displayName"], &answer.body["name"]),
        (&json!("Shown"), &json!({"formatted": "N", "givenName": "N"}))
    );
    assert_eq!((answer.body.get("externalId"), &answer.body["active"]), (None, &json!(true)));
    assert_eq!(account.member("new@b.cd").unwrap().0.as_str(), id);

    let taken = json!({"schemas": [USER], "userName": "taken@b.cd"});
    scim(&account, "PUT", &path, Some(taken)).await.refused(409, Some("uniqueness"));
    let other = json!({"schemas": [USER], "userName": "new@b.cd", "emails": [{"value": "x@b.cd", "primary": true}]});
    scim(&account, "PUT", &path, Some(other)).await.refused(400, Some("invalidValue"));
    scim(&account, "PUT", &path, Some(json!({"schemas": [USER]}))).await.refused(400, Some("invalidValue"));
    scim(&account, "PUT", "Users/nobody", Some(put.clone())).await.refused(404, None);

    account.set_switch("profile_updates", "ignore").unwrap();
    let ignored = json!({"schemas": [USER], "userName": "third@b.cd", "displayName": "Other"});
    let answer = scim(&account, "PUT", &path, Some(ignored)).await;
    assert_eq!((&answer.is(200).body["userName"], &answer.body["displayName"]), (&json!("new@b.cd"), &json!("Shown")));
    let off = json!({"schemas": [USER], "userName": "new@b.cd", "active": false});
    assert_eq!(scim(&account, "PUT", &path, Some(off)).await.is(200).body["active"], false);
    get(&account, &path).await.refused(404, None);
}

#[tokio::test]
async fn patch_changes_what_is_documented() {
    let account = EmbeddedAccount::new();
    let id = add_user(&account, "a@b.cd").await;
    let path = format!("Users/{id}");
    let patch = async |list: Value| scim(&account, "PATCH", &path, operations(&list)).await;

    // add and remove do nothing.
    for op in ["add", "Remove", "ADD"] {
        let answer = patch(json!([{"op": op, "path": "name.givenName", "value": "X"}])).await;
        assert_eq!(answer.is(200).body["name"]["givenName"], "Given");
    }
    let answer = patch(json!([{"op": "REPLACE", "path": "name.givenName", "value": "X"},
        {"op": "replace", "path": "name.familyName", "value": "Y"}]))
    .await;
    assert_eq!(answer.is(200).body["displayName"], "X Y");
    let answer =
        patch(json!([{"op": "replace", "value": {"name": {"givenName": "Z"}, "active": true, "id": "x"}}])).await;
    assert_eq!(answer.is(200).body["name"]["formatted"], "Z Y");
    let answer = patch(json!([{"op": "Replace", "value": {"name.familyName": "W"}}])).await;
    assert_eq!(answer.is(200).body["name"]["formatted"], "Z W");
    let answer = patch(json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "b@b.cd"}])).await;
    assert_eq!(answer.is(200).body["userName"], "b@b.cd");
    patch(json!([{"op": "replace", "path": "userName", "value": "no mail"}])).await.refused(400, Some("invalidValue"));
    patch(json!([{"op": "replace", "path": "active", "value": "maybe"}])).await.refused(400, Some("invalidValue"));
    patch(json!([{"op": "replace", "value": "x"}])).await.refused(400, Some("invalidValue"));
    patch(json!([{"op": "move", "path": "active", "value": true}])).await.refused(400, Some("invalidSyntax"));
    patch(json!([])).await.refused(400, Some("invalidSyntax"));

    account.set_switch("profile_updates", "ignore").unwrap();
    let answer = patch(json!([{"op": "replace", "path": "userName", "value": "c@b.cd"}])).await;
    assert_eq!(answer.is(200).body["userName"], "b@b.cd");
    // Entra's text for a boolean.
    assert_eq!(
        patch(json!([{"op": "Replace", "path": "active", "value": "False"}])).await.is(200).body["active"],
        false
    );
    get(&account, &path).await.refused(404, None);
    patch(json!([{"op": "replace", "path": "active", "value": true}])).await.refused(404, None);

    account.set_switch("reactivation", "restore").unwrap();
    assert_eq!(patch(json!([{"op": "replace", "path": "active", "value": true}])).await.is(200).body["active"], true);
    get(&account, &path).await.is(200);

    let bare = Some(json!({"Operations": [{"op": "replace", "path": "active", "value": true}]}));
    scim(&account, "PATCH", &path, bare.clone()).await.is(200);
    account.set_switch("patch_schemas", "strict").unwrap();
    scim(&account, "PATCH", &path, bare).await.refused(400, Some("invalidSyntax"));
}

#[tokio::test]
async fn a_deprovisioned_user_leaves_everything_and_may_come_back() {
    for (value, same) in [("same_tag", true), ("new_tag", false)] {
        let account = with("returning_user", value);
        let cloudflare = account.client().unwrap();
        let users = cloudflare.scim().users();
        let group = add_group(&account, "Ops").await;
        let made =
            users.create(&NewUser::new("a@b.cd").name("A", "B").external_id("7").display_name("AB")).await.unwrap();
        let tag = UserTag::of(&made).unwrap();
        let membership = account.member("a@b.cd").unwrap().1;
        cloudflare
            .scim()
            .groups()
            .add_members(&GroupId::Custom(group.parse().unwrap()), std::slice::from_ref(&tag))
            .await
            .unwrap();
        users.deactivate(&tag).await.unwrap();
        assert_eq!(users.get_opt(&tag).await.unwrap(), None);
        assert!(cloudflare.members().get_opt(&membership).await.unwrap().is_none());
        assert!(members(&account, &group).await.is_empty());
        let again = users.create(&NewUser::new("a@b.cd")).await.unwrap();
        assert_eq!(UserTag::of(&again).unwrap() == tag, same);
        assert_ne!(account.member("a@b.cd").unwrap().1, membership);
        assert!(again.groups.is_empty() && again.external_id.is_none());
    }
}

#[tokio::test]
async fn delete_and_the_last_super_administrator() {
    let account = EmbeddedAccount::new();
    let users = account.client().unwrap().scim().users();
    let tag = UserTag::of(&users.create(&NewUser::new("a@b.cd")).await.unwrap()).unwrap();
    users.delete(&tag).await.unwrap();
    assert!(users.delete(&tag).await.unwrap_err().is_not_found());

    let admin = UserTag::of(&users.find("admin@example.com").await.unwrap().unwrap()).unwrap();
    for (value, status) in [("403", 403), ("400", 400), ("409", 409)] {
        account.set_switch("last_admin", value).unwrap();
        for error in [users.delete(&admin).await.unwrap_err(), users.deactivate(&admin).await.unwrap_err()] {
            assert_eq!(error.status().unwrap().as_u16(), status);
            assert!(error.detail().unwrap().contains("Super Administrator") && error.scim().is_some());
            assert!(!error.is_permission_missing());
        }
    }
    assert!(users.get_opt(&admin).await.unwrap().is_some());
    account.add_super_administrator("second@example.com").unwrap();
    users.delete(&admin).await.unwrap();

    account.set_switch("delete_user", "reject").unwrap();
    let tag = UserTag::of(&users.create(&NewUser::new("b@b.cd")).await.unwrap()).unwrap();
    assert_eq!(users.delete(&tag).await.unwrap_err().status().unwrap().as_u16(), 405);
    users.get(&tag).await.unwrap();
}

#[tokio::test]
async fn groups_of_both_kinds() {
    let account = EmbeddedAccount::new();
    let groups = account.client().unwrap().scim().groups();
    let listed = groups.list().all().await.unwrap();
    assert!(listed.len() > 20 && listed.iter().all(|group| GroupId::of(group).unwrap().is_system()));
    let name = listed[0].display_name.clone().unwrap();
    assert_eq!(name, format!("CF-{} - Super Administrator - All Privileges", account.account_id()));
    assert_eq!(groups.find(&name).await.unwrap().unwrap().id, listed[0].id);

    let made = groups.create(&NewGroup::new("Ops").external_id("x")).await.unwrap();
    let id = GroupId::of(&made).unwrap();
    assert!(!id.is_system());
    let answer = get(&account, &format!("Groups/{id}")).await;
    assert_eq!(
        answer.body,
        json!({"schemas": [GROUP], "id": id.to_string(), "externalId": "x", "displayName": "Ops",
        "members": [], "meta": {"resourceType": "Group"}})
    );
    let in_list = get(&account, "Groups?filter=displayName%20eq%20%22Ops%22").await;
    assert_eq!((in_list.body["totalResults"].clone(), in_list.body["Resources"][0].get("members")), (json!(1), None));
    assert_eq!(groups.find("ops").await.unwrap(), None);
    get(&account, "Groups?filter=userName%20eq%20%22x%22").await.refused(400, Some("invalidFilter"));
    // The same group in v4.
    let v4 = account.client().unwrap().user_groups().get(id.custom().unwrap()).await.unwrap();
    assert_eq!((v4.name.as_str(), v4.policies.len()), ("Ops", 0));

    account.set_switch("system_groups", "off").unwrap();
    assert_eq!(groups.list().all().await.unwrap().len(), 1);
    assert!(groups.get(listed[0].id.as_ref().unwrap()).await.unwrap_err().is_not_found());
    groups.delete(id.custom().unwrap()).await.unwrap();
    assert_eq!(groups.get_opt(&id).await.unwrap(), None);
}

#[tokio::test]
async fn what_a_new_group_must_say_and_whom_it_adopts() {
    let account = EmbeddedAccount::new();
    let post = async |body: Value| scim(&account, "POST", "Groups", Some(body)).await;
    for name in [json!(""), Value::Null, json!("CF-x"), json!("CF")] {
        post(json!({"displayName": name})).await.refused(400, Some("invalidValue"));
    }
    post(json!({"displayName": "Cloudflare-Admins"})).await.is(201);
    post(json!({"displayName": "Cloudflare-Admins"})).await.refused(409, Some("uniqueness"));
    account.set_switch("duplicate_group", "400").unwrap();
    post(json!({"displayName": "Cloudflare-Admins"})).await.refused(400, Some("uniqueness"));
    account.set_switch("reserved_prefix", "any_case").unwrap();
    post(json!({"displayName": "cf-x"})).await.refused(400, Some("invalidValue"));
    account.set_switch("reserved_prefix", "exact").unwrap();
    post(json!({"displayName": "cf-x"})).await.is(201);

    let cloudflare = account.client().unwrap();
    let dashboard = account.add_dashboard_group("Ops").unwrap();
    cloudflare.user_groups().update(&dashboard, &UserGroupPatch::new().name("Ops 2")).await.unwrap();
    let adopted = post(json!({"displayName": "Ops 2"})).await;
    assert_eq!(adopted.is(201).id(), dashboard.as_str());
    post(json!({"displayName": "Ops 2"})).await.refused(400, Some("uniqueness"));

    // From then on v4 changes its policies alone.
    for (value, status) in [("403", 403), ("400", 400), ("409", 409)] {
        account.set_switch("managed_group", value).unwrap();
        let groups = cloudflare.user_groups();
        let member = account.member("admin@example.com").unwrap().1;
        for error in [
            groups.update(&dashboard, &UserGroupPatch::new().name("X")).await.unwrap_err(),
            groups.delete(&dashboard).await.unwrap_err(),
            groups.members(&dashboard).add(std::slice::from_ref(&member)).await.unwrap_err(),
            groups.members(&dashboard).replace(&[]).await.unwrap_err(),
            groups.members(&dashboard).remove(&member).await.unwrap_err(),
        ] {
            assert_eq!(error.status().unwrap().as_u16(), status);
            assert!(!error.is_permission_missing(), "{error}");
        }
    }
    let dns = cloudflare.permission_groups().by_label("dns").await.unwrap().unwrap().id;
    let wide = cloudflare.resource_groups().account_wide().await.unwrap().id;
    cloudflare.user_groups().set_policies(&dashboard, &[NewPolicy::allow([dns], wide)]).await.unwrap();

    account.set_switch("group_adoption", "conflict").unwrap();
    account.add_dashboard_group("Kept").unwrap();
    account.set_switch("duplicate_group", "409").unwrap();
    post(json!({"displayName": "Kept"})).await.refused(409, Some("uniqueness"));
}

#[tokio::test]
async fn members_by_every_form_of_patch() {
    let account = EmbeddedAccount::new();
    let [a, b, c] =
        [add_user(&account, "a@b.cd").await, add_user(&account, "b@b.cd").await, add_user(&account, "c@b.cd").await];
    let group = add_group(&account, "Ops").await;
    let path = format!("Groups/{group}");
    let patch = async |list: Value| scim(&account, "PATCH", &path, operations(&list)).await;

    // One operation per member, as authentik sends them; the answer is the group.
    let answer = patch(json!([{"op": "add", "path": "members", "value": [{"value": a}]},
        {"op": "add", "path": "members", "value": [{"value": b}]}]))
    .await;
    assert_eq!(answer.is(200).body["members"].as_array().unwrap().len(), 2);
    assert_eq!(members(&account, &group).await, sorted(vec![a.clone(), b.clone()]));
    let shown = get(&account, &path).await.body["members"].clone();
    assert!(shown.as_array().unwrap().contains(&json!({"value": a, "display": "a@b.cd"})));

    // Again is nothing new; a text in place of an object; without a path.
    patch(json!([{"op": "Add", "path": "members", "value": [{"value": a}]}])).await.is(200);
    patch(json!([{"op": "add", "path": "members", "value": c}])).await.is(200);
    assert_eq!(members(&account, &group).await.len(), 3);
    patch(json!([{"op": "remove", "path": "members", "value": [{"value": a}]}])).await.is(200);
    patch(json!([{"op": "remove", "path": "members", "value": [{"value": a}]}])).await.is(200);
    patch(json!([{"op": "remove", "path": format!("members[value eq \"{b}\"]")}])).await.is(200);
    assert_eq!(members(&account, &group).await, std::slice::from_ref(&c));
    patch(json!([{"op": "add", "value": {"members": [{"value": a}]}}])).await.is(200);
    patch(json!([{"op": "remove", "path": format!("members[value eq \"{a}\" or value eq \"{c}\"]")}])).await.is(200);
    assert!(members(&account, &group).await.is_empty());
    patch(json!([{"op": "replace", "path": "members", "value": [{"value": a}, {"value": b}]}])).await.is(200);
    patch(json!([{"op": "replace", "path": "members", "value": [{"value": c}]}])).await.is(200);
    assert_eq!(members(&account, &group).await, std::slice::from_ref(&c));
    patch(json!([{"op": "remove", "path": "members"}])).await.is(200);
    assert!(members(&account, &group).await.is_empty());

    // All or nothing.
    let answer = patch(json!([{"op": "add", "path": "members", "value": [{"value": a}]},
        {"op": "add", "path": "members", "value": [{"value": "nobody"}]}]))
    .await;
    answer.refused(400, Some("invalidValue"));
    assert!(members(&account, &group).await.is_empty());
    account.set_switch("unknown_member", "404").unwrap();
    patch(json!([{"op": "add", "path": "members", "value": [{"value": "nobody"}]}])).await.refused(404, None);

    // The rename that authentik sends: no path, no schemas, the id inside.
    let rename = json!({"Operations": [{"op": "replace", "value":
        {"id": group, "displayName": "Renamed", "schemas": [GROUP], "externalId": "e"}}]});
    let answer = scim(&account, "PATCH", &path, Some(rename)).await;
    assert_eq!((&answer.is(200).body["displayName"], &answer.body["externalId"]), (&json!("Renamed"), &json!("e")));
    patch(json!([{"op": "replace", "path": "displayName", "value": "CF x"}])).await.refused(400, Some("invalidValue"));
    patch(json!([{"op": "remove", "path": "displayName"}])).await.refused(400, Some("mutability"));
    patch(json!([{"op": "remove", "path": "externalId"}])).await.is(200);
    assert_eq!(get(&account, &path).await.body.get("externalId"), None);
    add_group(&account, "Taken").await;
    patch(json!([{"op": "replace", "path": "displayName", "value": "Taken"}])).await.refused(409, Some("uniqueness"));
    patch(json!([{"op": "remove", "path": "members[display eq \"x\"]"}])).await.refused(400, Some("invalidFilter"));
    patch(json!([{"op": "replace", "path": "members[value eq \"x\"].display", "value": "y"}]))
        .await
        .refused(400, Some("invalidPath"));
    scim(&account, "PATCH", "Groups/none", operations(&json!([{"op": "remove", "path": "members"}])))
        .await
        .refused(404, None);
}

#[tokio::test]
async fn put_delete_and_members_at_creation() {
    let account = EmbeddedAccount::new();
    let [a, b] = [add_user(&account, "a@b.cd").await, add_user(&account, "b@b.cd").await];
    let body = json!({"displayName": "Ops", "members": [{"value": a}]});
    let made = scim(&account, "POST", "Groups", Some(body.clone())).await;
    let id = made.is(201).id();
    assert_eq!(members(&account, &id).await, std::slice::from_ref(&a));
    let put = json!({"displayName": "Ops 2", "externalId": "e", "members": [{"value": b}]});
    let answer = scim(&account, "PUT", &format!("Groups/{id}"), Some(put.clone())).await;
    assert_eq!(answer.is(200).body["displayName"], "Ops 2");
    assert_eq!(members(&account, &id).await, std::slice::from_ref(&b));
    let bad = json!({"displayName": "Ops 3", "members": [{"value": "nobody"}]});
    scim(&account, "PUT", &format!("Groups/{id}"), Some(bad)).await.refused(400, Some("invalidValue"));
    assert_eq!(get(&account, &format!("Groups/{id}")).await.body["displayName"], "Ops 2");
    scim(&account, "PUT", &format!("Groups/{id}"), Some(json!({"displayName": "Ops 2"}))).await.is(200);
    assert!(members(&account, &id).await.is_empty());

    account.set_switch("group_put", "off").unwrap();
    scim(&account, "PUT", &format!("Groups/{id}"), Some(put)).await.refused(405, None);
    let deleted = scim(&account, "DELETE", &format!("Groups/{id}"), None).await;
    assert_eq!((deleted.status, deleted.body.clone()), (204, Value::Null));
    scim(&account, "DELETE", &format!("Groups/{id}"), None).await.refused(404, None);

    account.set_switch("group_create_members", "ignore").unwrap();
    let made = scim(&account, "POST", "Groups", Some(body)).await.is(201).id();
    assert!(members(&account, &made).await.is_empty());
}

#[tokio::test]
async fn system_groups_have_members_and_nothing_else() {
    let account = EmbeddedAccount::new();
    let cloudflare = account.client().unwrap();
    let groups = cloudflare.scim().groups();
    let dns = cloudflare.permission_groups().by_label("dns").await.unwrap().unwrap().id;
    let id = GroupId::System(dns.clone());
    let tag: UserTag = add_user(&account, "a@b.cd").await.parse().unwrap();
    groups.add_members(&id, std::slice::from_ref(&tag)).await.unwrap();
    let answer = get(&account, &format!("Groups/{id}")).await;
    assert_eq!(answer.is(200).body.get("members"), None);
    let membership = account.member("a@b.cd").unwrap().1;
    let role: RoleId = dns.as_str().parse().unwrap();
    assert!(cloudflare.members().get(&membership).await.unwrap().has_role(&role));
    let user = get(&account, &format!("Users/{tag}")).await;
    assert_eq!(user.body["groups"], json!([id.to_string()]));
    groups.remove_members(&id, std::slice::from_ref(&tag)).await.unwrap();
    assert!(!cloudflare.members().get(&membership).await.unwrap().has_role(&role));
    assert_eq!(get(&account, &format!("Users/{tag}")).await.body.get("groups"), None);

    for (value, status, scim_type) in [("403", 403, None), ("400", 400, Some("mutability"))] {
        account.set_switch("system_group_change", value).unwrap();
        let path = format!("Groups/{id}");
        scim(&account, "DELETE", &path, None).await.refused(status, scim_type);
        scim(&account, "PUT", &path, Some(json!({"displayName": "x"}))).await.refused(status, scim_type);
        let rename = operations(&json!([{"op": "replace", "path": "displayName", "value": "x"}]));
        scim(&account, "PATCH", &path, rename).await.refused(status, scim_type);
    }

    // A mistake with this group can remove every Super Administrator; v4 repairs it with the SCIM token.
    let admins = GroupId::System("33666b9c79b9a5273fc7344ff42f953d".parse().unwrap());
    let path = format!("Groups/{admins}");
    scim(&account, "PATCH", &path, operations(&json!([{"op": "remove", "path": "members"}]))).await.is(200);
    let (_, membership) = account.member("admin@example.com").unwrap();
    assert!(cloudflare.members().get(&membership).await.unwrap().roles.is_empty());
    let repair = MemberPatch::Roles(vec![RoleId::super_administrator()]);
    let repaired = cloudflare.members().update(&membership, &repair).await.unwrap();
    assert!(repaired.has_role(&RoleId::super_administrator()));
}

#[tokio::test]
async fn groups_of_a_user_in_both_shapes() {
    let account = EmbeddedAccount::new();
    let id = add_user(&account, "a@b.cd").await;
    let group = add_group(&account, "Ops").await;
    account.add_membership("a@b.cd", "Ops");
    let users = account.client().unwrap().scim().users();
    let tag: UserTag = id.parse().unwrap();
    assert_eq!(get(&account, &format!("Users/{id}")).await.body["groups"], json!([group]));
    assert!(users.get(&tag).await.unwrap().groups.iter().all(GroupRef::is_plain));
    account.set_switch("user_groups_shape", "objects").unwrap();
    assert_eq!(get(&account, &format!("Users/{id}")).await.body["groups"], json!([{"value": group, "display": "Ops"}]));
    let read = users.get(&tag).await.unwrap();
    assert_eq!((read.groups[0].is_plain(), read.groups[0].value.as_ref().unwrap().as_str()), (false, group.as_str()));

    account.set_switch("user_groups_shape", "strings").unwrap();
    let admin = account.member("admin@example.com").unwrap().0;
    assert_eq!(get(&account, &format!("Users/{admin}")).await.body.get("groups"), None);
    account.set_switch("direct_rights", "shown").unwrap();
    let shown = get(&account, &format!("Users/{admin}")).await.body["groups"].clone();
    assert_eq!(shown, json!(["cloudflare-v1-33666b9c79b9a5273fc7344ff42f953d"]));
}

#[tokio::test]
async fn pending_members_by_switch() {
    let account = with("scim_member_status", "pending");
    let id = add_user(&account, "a@b.cd").await;
    let member = account.client().unwrap().members().get(&account.member("a@b.cd").unwrap().1).await.unwrap();
    assert_eq!((member.status.clone(), member.user_tag()), (Some(MemberStatus::Pending), None));
    get(&account, &format!("Users/{id}")).await.is(200);
}

#[tokio::test]
async fn every_scim_write_is_in_the_audit_log() {
    let clock = ManualClock::default();
    let account = EmbeddedAccount::builder().clock(clock.clone()).build();
    let cloudflare = account.client().unwrap();
    let since = clock.now();
    let id = add_user(&account, "a@b.cd").await;
    let group = add_group(&account, "Ops").await;
    let (user_path, group_path) = (format!("Users/{id}"), format!("Groups/{group}"));
    scim(&account, "PUT", &user_path, Some(user("a@b.cd"))).await.is(200);
    scim(&account, "PATCH", &user_path, operations(&json!([{"op": "replace", "path": "active", "value": true}])))
        .await
        .is(200);
    scim(&account, "PATCH", &group_path, operations(&json!([{"op": "remove", "path": "members"}]))).await.is(200);
    scim(&account, "POST", "Users", Some(user("a@b.cd"))).await.refused(409, Some("uniqueness"));
    get(&account, &user_path).await.is(200);
    scim(&account, "DELETE", &user_path, None).await.is(204);
    scim(&account, "DELETE", &group_path, None).await.is(204);
    clock.advance(std::time::Duration::from_secs(1));
    let query = AuditQuery::between(since, clock.now()).direction(Direction::Ascending);
    let entries = cloudflare.audit_logs().list(&query).all().await.unwrap();
    let words: Vec<_> = entries.iter().map(|it| (it.description().unwrap(), it.kind().unwrap().as_str())).collect();
    assert_eq!(
        words,
        [
            ("Create SCIM User", "create"),
            ("Create SCIM Group", "create"),
            ("Replace SCIM User", "update"),
            ("Update SCIM User", "update"),
            ("Update SCIM Group", "update"),
            ("Create SCIM User", "create"),
            ("Delete SCIM User", "delete"),
            ("Delete SCIM Group", "delete"),
        ]
    );
    assert!(entries.iter().all(AuditEntry::is_scim));
    assert_eq!(entries.iter().filter(|it| it.succeeded() == Some(false)).count(), 1);
    assert_eq!(entries[0].resource.as_ref().unwrap().id.as_deref(), Some(id.as_str()));
    let token = cloudflare.tokens().verify_scim_token().await.unwrap();
    let actor = entries[0].actor.as_ref().unwrap();
    assert_eq!((actor.token_id.as_ref(), actor.kind.as_deref()), (Some(&token.id), Some("account")));
    assert_eq!(entries[0].raw.as_ref().unwrap().status_code, Some(201));
}

#[tokio::test]
async fn tokens_of_scim() {
    let account = EmbeddedAccount::new();
    let with_token = |token: &Token| {
        Cloudflare::builder(account.account_id().clone())
            .scim_token(token.clone())
            .transport(std::sync::Arc::new(account.clone()))
            .build()
            .unwrap()
            .scim()
    };
    let reader = with_token(&account.create_token("r", &[Permission::AccountSettingsRead]));
    reader.users().list().all().await.unwrap();
    let error = reader.users().create(&NewUser::new("a@b.cd")).await.unwrap_err();
    assert!(error.is_permission_missing() && error.to_string().contains("SCIM Provisioning"), "{error}");
    let writer = with_token(&account.create_token("w", &[Permission::AccountSettingsWrite]));
    writer.users().create(&NewUser::new("a@b.cd")).await.unwrap();
    let nobody = with_token(&Token::new("cfat_unknown"));
    for shape in ["envelope", "scim"] {
        account.set_switch("gateway_errors", shape).unwrap();
        let error = nobody.users().list().all().await.unwrap_err();
        assert!(error.is_unauthorized() && !error.is_permission_missing(), "{error}");
        assert_eq!(error.scim().is_some(), shape == "scim");
    }
}
