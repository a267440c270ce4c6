//! `Debug` shows no password.

use scim_core::filter::Filter;
use scim_core::message::{
    BulkOperation, BulkRequest, BulkResponse, BulkResult, ERROR, LIST_RESPONSE, ListResponse, ScimError, SearchRequest,
};
use scim_core::patch::PatchOp;
use scim_core::path::PatchPath;
use scim_core::resource::User;
use scim_core::resource::view::UserView;
use scim_core::schema::ResourceSchemas;
use serde_json::json;

#[test]
fn what_is_not_known_of_a_message_is_shown_without_passwords() {
    let body = json!({"schemas": [ERROR], "status": "400", "request": {"password": "hunter2", "userName": "u"}});
    let shown = format!("{:?}", ScimError::recognise(&body).unwrap());
    assert!(!shown.contains("hunter2") && shown.contains("userName"), "{shown}");
    let body = json!({"schemas": [LIST_RESPONSE], "Resources": [], "query": {"password": "hunter2", "count": 1}});
    let shown = format!("{:?}", serde_json::from_value::<ListResponse<User>>(body).unwrap());
    assert!(!shown.contains("hunter2") && shown.contains("count"), "{shown}");
}

/// What is printed for a log holds no password, wherever a message has it.
#[test]
fn messages_show_no_password() {
    const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
    let path = |text: &str| PatchPath::parse(text).unwrap();
    let full = format!("{USER}:PassWord");
    for patch in [
        PatchOp::new().replace(path("password"), "hunter2"),
        PatchOp::new().add(path("PASSWORD"), json!({"value": "hunter2"})),
        PatchOp::new().replace(path(&full), "hunter2"),
        PatchOp::new().replace_all(json!({"passWord": "hunter2", "title": "Boss"})),
        PatchOp::new().add_all(json!({&full: "hunter2"})),
        PatchOp::new().replace(path(USER), json!({"password": ["hunter2"]})),
        PatchOp::new().add(path("emails"), json!([[{"x": {"password": "hunter2"}}]])),
    ] {
        let body = serde_json::to_value(&patch).unwrap();
        let mut operation = BulkOperation::default();
        operation.data = Some(body.clone());
        let mut result = BulkResult::default();
        result.response = Some(body.clone());
        let bulk = (BulkRequest::new(vec![operation]), BulkResponse::new(vec![result]));
        for shown in
            [format!("{patch:?}"), format!("{:?}", patch.operations), format!("{bulk:?}"), format!("{bulk:#?}")]
        {
            assert!(!shown.contains("hunter2") && shown.contains("***"), "{shown}");
        }
        assert!(body.to_string().contains("hunter2"), "written to the wire all the same");
    }
    let shown =
        format!("{:?}", PatchOp::new().replace(path("title"), json!({"a": ["Boss"]})).replace(path("active"), true));
    assert!(shown.contains(r#"value: Some(Object {"a": Array [String("Boss")]})"#), "{shown}");
    assert!(shown.contains("value: Some(Bool(true))"), "{shown}");
}

/// Nor does what a search asks for: a password is guessed by filters too.
#[test]
fn filters_show_no_password() {
    let mut shown = Vec::new();
    for filter in [
        "password eq \"hunter2\"",
        "userName eq \"a\" and not (urn:ietf:params:scim:schemas:core:2.0:User:PassWord sw \"hunter2\")",
        "accounts[type eq \"x\" and password eq \"hunter2\"]",
        "password[value eq \"hunter2\"]",
        "password.value eq \"hunter2\"",
    ] {
        let read = Filter::parse(filter).unwrap();
        shown.push(format!("{read:?} {read:#?}"));
        let schemas = ResourceSchemas::user();
        shown.push(format!("{read:?} {:?} {:?}", read.compile(&schemas), read.compile_for::<User>()));
        let mut search = SearchRequest::new();
        search.filter = Some(filter.into());
        shown.push(format!("{search:?}"));
        // Not even where it is no filter.
        search.filter = Some(format!("({filter}").into());
        shown.push(format!("{search:?}"));
    }
    for path in ["accounts[password eq \"hunter2\"].type", "password[value eq \"hunter2\"]"] {
        let path = PatchPath::parse(path).unwrap();
        shown.push(format!("{path:?} {:?}", PatchOp::new().remove(path.clone())));
    }
    let view = r#"{"emails":[{"value":"a","Password":"hunter2"}],"roles":[{"p\u0061ssword":"hunter2"}]}"#;
    shown.push(format!("{:?}", serde_json::from_str::<UserView<'_>>(view).unwrap()));
    for shown in shown {
        assert!(!shown.contains("hunter2") && shown.contains("***"), "{shown}");
    }
    let mut search = SearchRequest::new();
    search.filter = Some("userName eq \"a\"".into());
    let shown = format!("{search:?}");
    assert!(shown.contains(r#"filter: Some("userName eq \"a\"")"#), "{shown}");
    let shown = format!("{:?}", Filter::parse("title eq \"Boss\"").unwrap());
    assert!(shown.contains(r#"value: String("Boss")"#), "{shown}");
    let view: UserView<'_> = serde_json::from_str(r#"{"emails":[{"value":"a"}]}"#).unwrap();
    assert!(format!("{view:?}").contains(r#"emails: [{"value":"a"}]"#), "{view:?}");
}
