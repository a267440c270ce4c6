//! Lists (RFC 7644 §3.4.2, RFC 9865 §2), their order (§3.4.2.3), searches (§3.4.3), and what every message must have.

use scim_core::message::{
    BULK_REQUEST, BULK_RESPONSE, BulkRequest, BulkResponse, LIST_RESPONSE, ListResponse, SEARCH_REQUEST, ScimType,
    SearchRequest, Sort, SortOrder,
};
use scim_core::resource::view::UserView;
use scim_core::resource::{Group, Resource, User};
use scim_core::schema::ResourceSchemas;
use serde_json::{Value, json};

use crate::support::{ENTERPRISE, figure};

#[test]
fn lists_are_read_as_servers_send_them() {
    for (text, total, start, resources) in [
        (r#"{"totalResults":2,"startIndex":1,"Resources":[{},{}]}"#, Some(2), Some(1), 2),
        (r#"{"totalResults":"2","startIndex":"1","resources":[{}]}"#, Some(2), Some(1), 1),
        (r#"{"TOTALRESULTS":0,"Resources":null}"#, Some(0), None, 0),
        (r#"{"totalResults":0}"#, Some(0), None, 0),
        (r#"{"Resources":[{}],"nextCursor":"VZUTiyhEQJ94IR"}"#, None, None, 1),
        (r#"{"totalResults":2.0,"schemas":"urn:x"}"#, Some(2), None, 0),
    ] {
        let page: ListResponse<User> = serde_json::from_str(text).unwrap();
        assert_eq!((page.total_results, page.start_index, page.resources.len()), (total, start, resources), "{text}");
    }
    for (text, says) in [
        (r#"{"totalResults":1,"TotalResults":2}"#, "named twice"),
        (r#"{"Resources":[],"resources":[]}"#, "named twice"),
        (r#"{"totalResults":-1}"#, "in `totalResults`: "),
        (r#"{"totalResults":1.5}"#, "in `totalResults`: "),
        (r#"{"Resources":{"id":"1"}}"#, "in `Resources`: "),
        (r#"{"Resources":[{},{"emails":[{"primary":"maybe"}]}]}"#, "in `Resources[1].emails[0].primary`: "),
        (r#"{"mine":1,"Mine":2}"#, "named twice"),
        ("[]", "a ListResponse object"),
    ] {
        let error = serde_json::from_str::<ListResponse<User>>(text).unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn lists_are_written_by_the_letter() {
    let page = ListResponse::page(vec![Group::new("a")], 11, 100);
    assert_eq!(
        serde_json::to_value(page).unwrap(),
        json!({
            "schemas": [LIST_RESPONSE], "totalResults": 100, "startIndex": 11, "itemsPerPage": 1,
            "Resources": [{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "a"}]
        })
    );
    let mut cursored = ListResponse::<User>::default();
    cursored.next_cursor = Some("n".into());
    cursored.previous_cursor = Some("p".into());
    assert_eq!(
        serde_json::to_value(cursored).unwrap(),
        json!({"schemas": [LIST_RESPONSE], "nextCursor": "n", "previousCursor": "p", "Resources": []})
    );
    let ids = ListResponse::complete(vec![1, 2, 3]).map(|id| id.to_string());
    assert_eq!((ids.total_results, ids.items_per_page, ids.resources.len()), (Some(3), Some(3), 3));
}

/// RFC 7644 §3.7.1 prints a list of groups; a query of the server's root (§3.4.2.1) mixes users and groups.
#[test]
fn lists_may_be_mixed_or_borrowed() {
    let text = r#"{"totalResults":2,"extra":1,"Resources":[
        {"id":"1","userName":"a\u0062","meta":{"resourceType":"User"}},
        {"id":"2","displayName":"Ops","meta":{"resourceType":"Group"}}]}"#;
    let mixed: ListResponse<Resource> = serde_json::from_str(text).unwrap();
    let kinds: Vec<_> = mixed.resources.iter().map(|it| it.get("meta").unwrap()["resourceType"].clone()).collect();
    assert_eq!(kinds, ["User", "Group"]);
    assert_eq!(mixed.extra["extra"], 1);
    let user: User = serde_json::from_value(mixed.resources[0].clone().into()).unwrap();
    assert_eq!(user.user_name.unwrap(), "ab");
    let borrowed: ListResponse<UserView<'_>> = serde_json::from_str(text).unwrap();
    assert!(matches!(borrowed.resources[0].user_name, Some(std::borrow::Cow::Owned(_))), "an escape is decoded");
    assert!(matches!(borrowed.resources[1].display_name, Some(std::borrow::Cow::Borrowed("Ops"))));
    let circle: ListResponse<Group> = serde_json::from_value(figure(7644, "3.7.1", 1)).unwrap();
    assert_eq!(circle.resources.len(), 2);
    assert!(circle.resources.iter().all(|group| group.members.as_ref().is_some_and(|members| members.len() == 1)));
}

#[test]
fn searches_are_read_and_written() {
    let search: SearchRequest = serde_json::from_value(figure(7644, "3.4.3", 0)).unwrap();
    assert_eq!(search.attributes, ["displayName", "userName"]);
    assert_eq!((search.first_index(), search.most()), (1, Some(10)));
    let lenient: SearchRequest = serde_json::from_str(
        r#"{"SortBy":"userName","sortOrder":"DESCENDING","startIndex":"-4","count":-7,"cursor":"","attributes":"id"}"#,
    )
    .unwrap();
    assert_eq!((lenient.start_index, lenient.count), (Some(-4), Some(-7)));
    // RFC 7644 §3.4.2.4: below 1 is 1, negative is 0.
    assert_eq!((lenient.first_index(), lenient.most()), (1, Some(0)));
    assert_eq!(lenient.sort_order, Some(SortOrder::Descending));
    assert_eq!(lenient.cursor.as_deref(), Some(""), "an empty cursor asks for the first page (RFC 9865 §2)");
    assert_eq!(lenient.attributes, ["id"]);
    let mut search = SearchRequest::new();
    search.filter = Some("active eq true".into());
    search.sort_order = Some(SortOrder::Ascending);
    assert_eq!(
        serde_json::to_value(&search).unwrap(),
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
            "filter": "active eq true", "sortOrder": "ascending"
        })
    );
    assert_eq!((search.first_index(), search.most()), (1, None));
    let empty = r#"{"startIndex":[],"count":[],"filter":[],"sortOrder":[],"sortBy":[],"cursor":[],"attributes":[]}"#;
    assert_eq!(serde_json::from_str::<SearchRequest>(empty).unwrap(), SearchRequest::default());
    for text in [r#"{"startIndex":1.5}"#, r#"{"count":"ten"}"#, r#"{"count":1,"COUNT":2}"#, r#"{"count":[1]}"#, "[]"] {
        assert!(serde_json::from_str::<SearchRequest>(text).is_err(), "{text}");
    }
}

/// Whoever made it or left it out: a message says what it is, and a list that must be there is there (RFC 7644 §3.1).
#[test]
fn messages_are_written_with_what_they_must_have() {
    assert_eq!(
        serde_json::to_value(BulkRequest::default()).unwrap(),
        json!({"schemas": [BULK_REQUEST], "Operations": []})
    );
    assert_eq!(
        serde_json::to_value(BulkResponse::new(Vec::new())).unwrap(),
        json!({"schemas": [BULK_RESPONSE], "Operations": []})
    );
    let search: SearchRequest = serde_json::from_value(json!({"Filter": "active pr", "x": null})).unwrap();
    assert_eq!(
        serde_json::to_string(&search).unwrap(),
        format!(r#"{{"schemas":["{SEARCH_REQUEST}"],"filter":"active pr","x":null}}"#)
    );
    let none = serde_json::to_string(&SearchRequest::default()).unwrap();
    assert_eq!(none, format!(r#"{{"schemas":["{SEARCH_REQUEST}"]}}"#));
    let own: SearchRequest = serde_json::from_value(json!({"schemas": ["urn:x:y"]})).unwrap();
    assert_eq!(serde_json::to_value(&own).unwrap(), json!({"schemas": ["urn:x:y"]}));
}

#[test]
fn lists_are_sorted_by_type_case_and_primary_value() {
    #[track_caller]
    fn sorted(by: &str, resources: &[Value], ascending: &[usize]) {
        let expected: Vec<&Value> = ascending.iter().map(|at| &resources[*at]).collect();
        for (order, reversed) in [(SortOrder::Ascending, false), (SortOrder::Descending, true)] {
            let mut list = resources.to_vec();
            Sort::new(by, &order, &ResourceSchemas::user()).unwrap().sort(&mut list);
            if reversed {
                list.reverse();
            }
            assert_eq!(list.iter().collect::<Vec<_>>(), expected, "{by} {order}");
        }
    }
    let names = [
        json!({"userName": "b"}),
        json!({"USERNAME": "C"}),
        json!({}),
        json!({"userName": "Ä"}),
        json!({"userName": "A"}),
    ];
    sorted("userName", &names, &[4, 0, 1, 3, 2]);
    // `id` is caseExact: capitals first.
    sorted("id", &[json!({"id": "b"}), json!({"id": "C"}), json!({"id": "a"})], &[1, 2, 0]);
    let emails = [
        json!({"emails": [{"value": "z"}, {"value": "a", "primary": true}]}),
        json!({"emails": [{"value": "b"}, {"value": "a"}]}),
        json!({"emails": []}),
    ];
    sorted("emails", &emails, &[0, 1, 2]);
    sorted("emails.value", &emails, &[0, 1, 2]);
    let dates = [
        json!({"meta": {"created": "2026-01-01T00:30:00+01:00"}}),
        json!({"meta": {"created": "2025-12-31T23:00:00Z"}}),
        json!({"meta": {"created": "2026-01-01T00:00:00Z"}}),
    ];
    sorted("meta.created", &dates, &[1, 0, 2]);
    sorted("active", &[json!({"active": true}), json!({}), json!({"active": false})], &[2, 0, 1]);
    let departments = [json!({ENTERPRISE: {"department": "b"}}), json!({ENTERPRISE: {"Department": "A"}})];
    sorted("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", &departments, &[1, 0]);
}

#[test]
fn equal_resources_keep_their_order_and_strange_keys_are_refused() {
    let mut list: Vec<Value> = (0..50).map(|at| json!({"userName": "same", "title": at.to_string()})).collect();
    let before = list.clone();
    for order in [SortOrder::Ascending, SortOrder::Descending] {
        Sort::new("userName", &order, &ResourceSchemas::user()).unwrap().sort(&mut list);
        assert_eq!(list, before);
    }
    for by in ["", "password", "nothing", "name", "a b", "urn:x:Y:z", "emails[type eq \"work\"]"] {
        let error = Sort::new(by, &SortOrder::Ascending, &ResourceSchemas::user()).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidValue), "{by}");
    }
}
