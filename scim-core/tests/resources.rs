//! Reading and writing of resources at the wire: the bodies of the RFCs, what peers send instead, and what is refused.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
#![allow(clippy::needless_pass_by_value, reason = "`json!` literals as arguments read best without `&`")]

use std::fmt::Debug;

use scim_core::filter::{Filter, attr};
use scim_core::message::{BulkRequest, BulkResponse, ListResponse, ScimError, SearchRequest};
use scim_core::patch::{PatchOp, PatchOptions};
use scim_core::resource::view::{GroupView, UserView, ValueView};
use scim_core::resource::{Email, Group, Membership, Resource, ResourceId, ScimResource, User};
use scim_core::schema::{ResourceType, Schema, ServiceProviderConfig};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn through<T: DeserializeOwned + Serialize>(body: &Value) -> Value {
    serde_json::to_value(serde_json::from_value::<T>(body.clone()).unwrap()).unwrap()
}

/// Every figure of the RFCs that says what it is comes back as it was.
#[test]
fn the_figures_of_the_rfcs_come_back_equal() {
    let figures: Vec<Value> = serde_json::from_str(include_str!("../../testdata/rfc/bodies.json")).unwrap();
    let mut seen = 0;
    for figure in &figures {
        let mut body = figure["body"].clone();
        if figure["section"].as_str().unwrap().starts_with("8.7.") {
            let mut expected = body.clone();
            // Empty lists are the unassigned state and are not written.
            drop_empty(&mut expected);
            assert_eq!(through::<Vec<Schema>>(&body), expected);
            seen += 1;
            continue;
        }
        let uri = body["schemas"][0].as_str().unwrap_or_default().to_owned();
        let back = match uri.rsplit(':').next().unwrap_or_default() {
            "User" => through::<User>(&body),
            "Group" => through::<Group>(&body),
            "ServiceProviderConfig" => through::<ServiceProviderConfig>(&body),
            "ResourceType" => through::<ResourceType>(&body),
            "ListResponse" => through::<ListResponse<Resource>>(&body),
            "SearchRequest" => through::<SearchRequest>(&body),
            "BulkRequest" => through::<BulkRequest>(&body),
            "BulkResponse" => through::<BulkResponse>(&body),
            "Error" => through::<ScimError>(&body),
            _ => continue,
        };
        seen += 1;
        drop_empty(&mut body);
        let mut back = back;
        drop_empty(&mut back);
        // RFC 7644 prints the status of a bulk operation as an object in one place (§3.7.2), as text in all others.
        for operation in body.get_mut("Operations").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(code) = operation["status"].get("code").cloned() {
                operation["status"] = code;
            }
        }
        assert_eq!(back, body, "RFC {} section {}", figure["rfc"], figure["section"]);
    }
    assert!(seen >= 25, "{seen}");
}

fn drop_empty(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| *value != json!([]));
            map.values_mut().for_each(drop_empty);
        }
        Value::Array(list) => list.iter_mut().for_each(drop_empty),
        _ => {}
    }
}

/// What real servers send (read), and what is written after it.
#[test]
fn what_peers_send_is_read_and_written_by_the_letter() {
    #[track_caller]
    fn user(sent: Value, written: Value) {
        assert_eq!(through::<User>(&sent), written, "{sent}");
    }
    user(json!({"active": "True"}), json!({"active": true}));
    user(json!({"ACTIVE": "false", "UserName": "a"}), json!({"active": false, "userName": "a"}));
    user(json!({"id": 42, "externalId": 7, "title": true}), json!({"id": "42", "externalId": "7", "title": "true"}));
    user(
        json!({"schemas": "urn:x", "emails": {"value": "a"}}),
        json!({"schemas": ["urn:x"], "emails": [{"value": "a"}]}),
    );
    user(json!({"emails": ["a", {"value": "b"}]}), json!({"emails": ["a", {"value": "b"}]}));
    user(json!({"groups": ["g"], "roles": "admin"}), json!({"groups": ["g"], "roles": ["admin"]}));
    user(json!({(ENTERPRISE): {"manager": "m1"}}), json!({(ENTERPRISE): {"manager": "m1"}}));
    // Plain text has no room for what a program adds.
    let mut edited: User = serde_json::from_value(json!({"emails": ["a", "b"]})).unwrap();
    edited.emails[0].display = Some("A".into());
    edited.emails[1].value = Some("c".into());
    assert_eq!(serde_json::to_value(&edited).unwrap(), json!({"emails": [{"value": "a", "display": "A"}, "c"]}));
    user(json!({"emails": null, "name": null, "id": null, "groups": [], "active": null}), json!({}));
    user(json!({"id": ""}), json!({"id": ""}));
    user(json!({"emails": [null, {"value": "a"}]}), json!({"emails": [{"value": "a"}]}));
    user(
        json!({"urn:x:Y": {"a": [1, {"b": null}]}, "colour": "red", "emails": [{"value": "a", "verified": true}]}),
        json!({"urn:x:Y": {"a": [1, {"b": null}]}, "colour": "red", "emails": [{"value": "a", "verified": true}]}),
    );
    let odd: User = serde_json::from_str(r#"{"groups":[{"value":"1","type":"INDIRECT"}],"emails":["plain"]}"#).unwrap();
    assert_eq!(Membership::from(odd.groups[0].r#type.as_deref().unwrap()), Membership::Indirect);
    assert_eq!(odd.email(), Some("plain"));
}

#[test]
fn an_absent_member_list_is_not_an_empty_one() {
    let group = |text: &str| serde_json::from_str::<Group>(text).unwrap();
    assert_eq!(group(r#"{"displayName":"a"}"#).members, None);
    for empty in [r#"{"members":null}"#, r#"{"members":[]}"#] {
        assert_eq!(group(empty).members, Some(Vec::new()), "{empty}");
    }
}

#[track_caller]
fn refused<T: DeserializeOwned + Debug>(text: &str, says: &str) {
    let error = serde_json::from_str::<T>(text).unwrap_err().to_string();
    assert!(error.contains(says), "{text}: {error}");
}

/// RFC 7643 §2.1: names compare without case, so two spellings are one attribute twice. Which one is meant nobody can
/// know.
#[test]
fn two_spellings_of_one_attribute_are_refused_at_every_depth() {
    let bodies = [
        r#"{"active":true,"Active":false}"#,
        r#"{"active":true,"active":true}"#,
        r#"{"name":{"givenName":"a","GIVENNAME":"b"}}"#,
        r#"{"emails":[{"value":"a"},{"value":"b","Value":"c"}]}"#,
        r#"{"colour":1,"Colour":2}"#,
        r#"{"urn:x:Y":{"deep":[{"a":1,"A":2}]}}"#,
        r#"{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"1","VALUE":"2"}}}"#,
        r#"{"emails":[{"value":"a","mine":{"x":1,"X":1}}]}"#,
    ];
    for body in bodies {
        refused::<User>(body, "named twice");
        refused::<Resource>(body, "named twice");
        refused::<ListResponse<User>>(&format!("{{\"Resources\":[{{}},{body}]}}"), "in `Resources[1]");
    }
    for value in [json!({"a": 1, "A": 2}), json!({"x": {"y": [{"a": 1, "A": 2}]}})] {
        assert!(Resource::try_from(value.clone()).unwrap_err().to_string().contains("named twice"), "{value}");
    }
    let many: Vec<String> = (0..40).map(|at| format!("\"n{at}\":1")).collect();
    refused::<Resource>(&format!("{{{},\"N7\":2}}", many.join(",")), "named twice");
}

#[test]
fn views_refuse_two_spellings_too() {
    let view = |text: &str| serde_json::from_str::<UserView<'_>>(text).map(drop).unwrap_err().to_string();
    assert!(view(r#"{"active":true,"Active":false}"#).contains("named twice"));
    assert!(view(r#"{"name":{"givenName":"a","GIVENNAME":"b"}}"#).starts_with("in `name`: "));
    let lazy: UserView<'_> = serde_json::from_str(r#"{"emails":[{"value":"a"},{"value":"b","Value":"c"}]}"#).unwrap();
    let error = lazy.emails.read().unwrap_err().to_string();
    assert!(error.starts_with("in `emails[1]`: ") && error.contains("named twice"), "{error}");
}

#[test]
fn errors_say_where() {
    refused::<User>(r#"{"emails":[{"value":"a"},{"primary":1}]}"#, "in `emails[1].primary`: ");
    refused::<User>(r#"{"name":{"givenName":["x"]}}"#, "in `name.givenName`: ");
    refused::<User>(r#"{"active":"yes"}"#, "a boolean");
    refused::<User>(r#"{"meta":"x"}"#, "in `meta`: ");
    refused::<User>("[]", "an object");
    refused::<User>("null", "an object");
    refused::<Resource>("[]", "no object");
    refused::<ListResponse<User>>(r#"{"Resources":[{"userName":{}}]}"#, "in `Resources[0].userName`: ");
    let secret = serde_json::from_str::<User>(r#"{"password":{"hunter2":1}}"#).unwrap_err().to_string();
    assert!(secret.contains("password") && !secret.contains("hunter2"), "{secret}");
    let user: User = serde_json::from_str(r#"{"password":"hunter2"}"#).unwrap();
    assert!(!format!("{user:?}").contains("hunter2"));
    let resource: Resource = serde_json::from_str(r#"{"PassWord":"hunter2"}"#).unwrap();
    assert!(!format!("{resource:?}").contains("hunter2"));
}

/// On a thousand generated users: what the view shows is what the owned type holds.
#[test]
fn a_view_sees_what_the_owned_type_reads() {
    fn elements<T>(owned: &[T], view: &[ValueView<'_>], value: impl Fn(&T) -> Option<&str>) {
        assert_eq!(owned.len(), view.len());
        for (owned, view) in owned.iter().zip(view) {
            assert_eq!(value(owned), view.value.as_deref());
        }
    }
    let text = include_str!("../../testdata/bench/users-1000.json");
    let owned: ListResponse<User> = serde_json::from_str(text).unwrap();
    let views: ListResponse<UserView<'_>> = serde_json::from_str(text).unwrap();
    assert_eq!((owned.resources.len(), views.resources.len()), (1000, 1000));
    for (user, view) in owned.resources.iter().zip(&views.resources) {
        assert_eq!(user.id.as_ref().map(ResourceId::as_str), view.id.as_deref());
        assert_eq!(user.user_name.as_deref(), view.user_name.as_deref());
        assert_eq!(user.display_name.as_deref(), view.display_name.as_deref());
        assert_eq!(user.active, view.active);
        let (name, seen) = (user.name.as_ref().unwrap(), view.name.as_ref().unwrap());
        assert_eq!(name.family_name.as_deref(), seen.family_name.as_deref());
        let (meta, seen) = (user.meta.as_ref().unwrap(), view.meta.as_ref().unwrap());
        assert_eq!(meta.version.as_deref(), seen.version.as_deref());
        let (manager, seen) = (user.enterprise.as_ref().unwrap(), view.enterprise.as_ref().unwrap());
        let (manager, seen) = (manager.manager.as_ref(), seen.manager.as_ref());
        assert_eq!(
            manager.and_then(|m| m.value.as_ref()).map(ResourceId::as_str),
            seen.and_then(|m| m.value.as_deref())
        );
        elements(&user.emails, &view.emails.read().unwrap(), |e| e.value.as_deref());
        elements(&user.phone_numbers, &view.phone_numbers.read().unwrap(), |e| e.value.as_deref());
        elements(&user.groups, &view.groups.read().unwrap(), |g| g.value.as_ref().map(ResourceId::as_str));
        assert_eq!(user.groups.is_empty(), view.groups.is_absent());
        let addresses = view.addresses.read().unwrap();
        assert_eq!(user.addresses.len(), addresses.len());
        assert_eq!(user.addresses[0].formatted.as_deref(), addresses[0].formatted.as_deref());
    }
}

#[test]
fn lazy_lists_take_what_owned_lists_take() {
    for (text, ids) in [
        (r#"{"members":null}"#, &[] as &[&str]),
        (r#"{"members":[ ]}"#, &[]),
        (r#"{"displayName":"a"}"#, &[]),
        (r#"{"members":{"value":"1"}}"#, &["1"]),
        (r#"{"members":"1"}"#, &["1"]),
        (r#"{"Members":[{"value":1},null,"2",{"VALUE":"\u0033"}]}"#, &["1", "2", "3"]),
    ] {
        let view: GroupView<'_> = serde_json::from_str(text).unwrap();
        let read = view.members.read().unwrap();
        assert_eq!(read.iter().filter_map(|m| m.value.as_deref()).collect::<Vec<_>>(), ids, "{text}");
        assert_eq!(view.members.is_absent(), ids.is_empty(), "{text}");
        let owned: Group = serde_json::from_str(text).unwrap();
        let owned = owned.members.unwrap_or_default();
        assert_eq!(owned.iter().map(|m| m.value.as_ref().unwrap().as_str()).collect::<Vec<_>>(), ids, "{text}");
    }
    assert!(serde_json::from_str::<GroupView<'_>>(r#"{"members":[}"#).is_err(), "broken JSON is seen at once");
}

#[test]
fn hostile_bodies_end_in_an_error() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(serde_json::from_str::<User>(&deep).is_err());
    assert!(serde_json::from_str::<Resource>(&deep).is_err());
    assert!(serde_json::from_str::<UserView<'_>>(&format!("{{\"emails\":{}", "[".repeat(100_000))).is_err());
    let nested = format!("{{\"emails\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    if let Ok(view) = serde_json::from_str::<UserView<'_>>(&nested) {
        assert!(view.emails.read().is_err());
    }
    // The head of a list promises what it likes.
    let lie = r#"{"totalResults":18446744073709551615,"itemsPerPage":18446744073709551615,"Resources":[{"id":"1"}]}"#;
    assert_eq!(serde_json::from_str::<ListResponse<User>>(lie).unwrap().resources.len(), 1);
}

#[test]
fn dynamic_resources_fold_names() {
    let mut device: Resource = serde_json::from_str(r#"{"Schemas":["urn:x"],"META":{"Version":"W/\"1\""}}"#).unwrap();
    assert_eq!(device.schemas().collect::<Vec<_>>(), ["urn:x"]);
    assert_eq!(device.version(), Some("W/\"1\""));
    assert_eq!(device.set("MODEL", "a"), None);
    assert_eq!(device.set("model", "b"), Some(json!("a")));
    assert_eq!(device.get("Model"), Some(&json!("b")));
    assert_eq!(device.remove("mOdel"), Some(json!("b")));
    assert_eq!(device.get("model"), None);
    assert_eq!(device.id(), None);
    device.set("id", 7);
    assert_eq!(device.id().unwrap().as_str(), "7");
}

#[test]
fn built_users_are_written_by_the_letter() {
    let mut user = User::new("a");
    user.emails.push(Email::new("a@b.cd").with_type("work").primary());
    user.enterprise.get_or_insert_default().department = Some("Ops".into());
    user.extra.insert("urn:x:Y".to_owned(), json!({"a": 1}));
    assert_eq!(
        serde_json::to_string(&user).unwrap(),
        format!(
            r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"a","emails":[{{"value":"a@b.cd","type":"work","primary":true}}],"{ENTERPRISE}":{{"department":"Ops"}},"urn:x:Y":{{"a":1}}}}"#
        )
    );
    assert!(ResourceId::try_from(String::new()).is_err());
}

#[test]
fn values_that_nest_without_end_are_no_resources() {
    let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    let resource = |levels: usize| Resource::try_from(json!({"userName": "u", "x": nested(levels)}));
    assert!(resource(255).is_ok());
    assert_eq!(resource(256).unwrap_err().to_string(), "not a resource: it is nested too deeply");
}

/// Any crate of a program can turn on `arbitrary_precision` of serde_json for all; `.ci/run` runs this test both ways.
#[test]
fn numbers_come_through() {
    let user =
        r#"{"externalId":1.5,"userName":17,"x509":{"bits":[2048,-1,1.5]},"urn:x:y":{"big":18446744073709551615}}"#;
    let typed: User = serde_json::from_str(user).unwrap();
    assert_eq!((typed.external_id.as_deref(), typed.user_name.as_deref()), (Some("1.5"), Some("17")));
    let view: UserView<'_> = serde_json::from_str(user).unwrap();
    assert_eq!((view.external_id.as_deref(), view.user_name.as_deref()), (Some("1.5"), Some("17")));
    let resource: Resource = serde_json::from_str(user).unwrap();
    for value in [serde_json::to_value(&typed).unwrap(), Value::from(resource)] {
        assert_eq!(value["x509"], json!({"bits": [2048, -1, 1.5]}));
        assert_eq!(value["urn:x:y"]["big"], json!(u64::MAX));
    }
    for number in ["5", "5.5"] {
        for text in ["name", "emails", "meta"].map(|name| format!(r#"{{"{name}":{number}}}"#)) {
            assert!(serde_json::from_str::<User>(&text).is_err(), "{text}");
        }
        let name = format!(r#"{{"name":{number}}}"#);
        assert!(serde_json::from_str::<UserView<'_>>(&name).is_err(), "{name}");
        assert!(serde_json::from_str::<User>(number).is_err() && serde_json::from_str::<Resource>(number).is_err());
    }
    assert!(serde_json::from_str::<User>(r#"{"externalId":1e999}"#).is_err());
}

/// What no float holds is kept where the program keeps such numbers, and refused elsewhere.
#[test]
fn numbers_of_any_size_come_through_or_are_refused() {
    let keeps = serde_json::from_str::<Value>("1e999").is_ok();
    for number in ["1e999", "340282366920938463463374607431768211455"] {
        let text = format!(r#"{{"userName":"u","urn:x:y":{{"big":{number},"$serde_json::private::Number":"5"}}}}"#);
        let read = serde_json::from_str::<User>(&text);
        assert_eq!(read.is_ok(), keeps || number != "1e999", "{number}");
        let Ok(mut user) = read else { continue };
        let before = serde_json::to_value(&user).unwrap();
        assert_eq!(before["urn:x:y"].as_object().unwrap().len(), 2, "a name after others is a name");
        let patch = PatchOp::new().add(attr("title"), "t");
        assert!(user.apply(&patch, &PatchOptions::strict()).unwrap().changed, "{number}");
        assert_eq!(serde_json::to_value(&user).unwrap()["urn:x:y"], before["urn:x:y"]);
    }
}

#[test]
fn resources_show_no_password() {
    const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
    let full = format!("{USER}:password");
    for body in [
        json!({"password": "hunter2", "title": "Boss"}),
        json!({"PASSWORD": {"value": "hunter2"}, "title": "Boss"}),
        json!({&full: "hunter2", "title": "Boss"}),
        json!({USER: {"Password": "hunter2"}, "title": "Boss"}),
        json!({"x": [{"y": {"password": "hunter2"}}], "title": "Boss"}),
    ] {
        let resource: Resource = serde_json::from_value(body.clone()).unwrap();
        let mut shown = vec![format!("{resource:?}"), format!("{resource:#?}")];
        if let Ok(user) = serde_json::from_value::<User>(body.clone()) {
            shown.push(format!("{user:?}"));
        }
        for shown in shown {
            assert!(!shown.contains("hunter2") && shown.contains("***") && shown.contains("Boss"), "{shown}");
        }
    }
    let user = User::new("a");
    assert!(format!("{:?}", user.name).starts_with("None"));
    assert!(format!("{user:?}").starts_with("User { schemas: ["));
    assert!(format!("{:?}", Email::new("a").with_type("work")).contains("type: Some(\"work\")"));
}

/// An empty text is a value (RFC 7643 §2.5), though no id: it comes back as it was, and filters see it as in JSON.
#[test]
fn an_empty_id_comes_through() {
    let group = json!({"id": "", "members": [{"value": "", "type": "User"}, {"VALUE": ""}, "", {"value": null}]});
    let read: Group = serde_json::from_value(group.clone()).unwrap();
    assert!(read.id.is_none() && ScimResource::id(&read).is_none());
    assert!(read.members.iter().flatten().all(|member| member.value.is_none()));
    let written = json!({"id": "", "members": [{"value": "", "type": "User"}, {"value": ""}, "", {}]});
    let mut back = through::<Group>(&group);
    assert_eq!(back["members"][0], written["members"][0]);
    assert_eq!(back, written);
    let again = through::<Group>(&back);
    assert_eq!(again, written);

    let user = json!({"id": "", "groups": ["", {"value": "", "display": "d"}], ENTERPRISE: {"manager": {"value": ""}}});
    assert_eq!(through::<User>(&user), user);
    let plain = json!({ENTERPRISE: {"manager": ""}});
    assert_eq!(through::<User>(&plain), plain);

    for (filter, met) in [
        ("id pr", false),
        ("id eq \"\"", true),
        ("id ne \"\"", false),
        ("groups pr", true),
        ("groups.value eq \"\"", true),
        ("groups.value pr", false),
        ("groups[value eq \"\" and display eq \"d\"]", true),
        ("groups[not (value pr)]", true),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq \"\"", true),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager pr", false),
    ] {
        let typed: User = serde_json::from_value(user.clone()).unwrap();
        let filter = Filter::parse(filter).unwrap();
        assert_eq!(filter.matches(&user, &User::resource_schemas()), Ok(met), "{filter}");
        assert_eq!(filter.compile_for::<User>().unwrap().matches(&typed), met, "{filter}, typed");
    }

    // What a program gives takes its place.
    let mut read: Group = serde_json::from_value(written.clone()).unwrap();
    read.id = Some("1".parse().unwrap());
    for member in read.members.iter_mut().flatten() {
        member.value = Some("2".parse().unwrap());
    }
    back = json!({"id": "1", "members": [{"value": "2", "type": "User"}, {"value": "2"}, "2", {"value": "2"}]});
    assert_eq!(serde_json::to_value(&read).unwrap(), back);
    let text = serde_json::to_string(&read).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), back);
    assert_eq!(text.matches("\"value\"").count(), 3, "{text}");
}

/// `null`, `[]` and absent are one state (RFC 7643 §2.5), of single-valued attributes too.
#[test]
fn an_empty_list_is_no_value() {
    let body = json!({
        "userName": "a", "id": [], "displayName": [], "name": [], "active": [], "meta": [], "password": [],
        "emails": [{"value": [], "primary": []}], ENTERPRISE: {"manager": [], "department": []}
    });
    assert_eq!(through::<User>(&body), json!({"userName": "a", "emails": [{}], ENTERPRISE: {}}));
    let text = body.to_string();
    let view: UserView<'_> = serde_json::from_str(&text).unwrap();
    assert!(view.display_name.is_none() && view.name.is_none() && view.active.is_none() && view.meta.is_none());
    assert!(view.enterprise.unwrap().manager.is_none());
    assert_eq!(through::<Group>(&json!({"displayName": [], "members": [{"value": []}]})), json!({"members": [{}]}));
    let config =
        through::<ServiceProviderConfig>(&json!({"filter": {"supported": true, "maxResults": []}, "bulk": []}));
    assert_eq!(config, json!({"filter": {"supported": true}}));
    refused::<User>(r#"{"displayName":["a"]}"#, "displayName");
    refused::<User>(r#"{"name":[{"givenName":"a"}]}"#, "name");
    refused::<User>(r#"{"active":[true]}"#, "active");
    refused::<User>(r#"{"password":["hunter2"]}"#, "a password must be a string");
    refused::<User>("[]", "an object");
}
