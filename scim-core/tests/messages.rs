//! Messages at the wire: lists, searches, errors, bulk, projection, sorting.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::collections::HashMap;

use scim_core::filter::Filter;
use scim_core::message::{
    BULK_REQUEST, BULK_RESPONSE, BulkOperation, BulkRequest, BulkResponse, BulkResult, BulkStatus, ERROR,
    LIST_RESPONSE, ListResponse, Projection, SEARCH_REQUEST, ScimError, ScimType, SearchRequest, Sort, SortOrder,
    resolve_bulk_ids,
};
use scim_core::patch::PatchOp;
use scim_core::path::PatchPath;
use scim_core::resource::view::UserView;
use scim_core::resource::{Group, Resource, User};
use scim_core::schema::{Attribute, AttributeType, Mutability, ResourceSchemas, Returned, Schema};
use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn figure(rfc: u64, section: &str, at: usize) -> Value {
    let figures: Vec<Value> = serde_json::from_str(include_str!("../../testdata/rfc/bodies.json")).unwrap();
    let mut of_section = figures.into_iter().filter(|it| it["rfc"] == rfc && it["section"] == section);
    of_section.nth(at).unwrap()["body"].take()
}

// Lists (RFC 7644 §3.4.2, RFC 9865 §2).

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

// Searches (RFC 7644 §3.4.3).

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

// Errors (RFC 7644 §3.12, RFC 9865 §3).

#[test]
fn every_scim_type_has_its_word_and_status() {
    for (kind, word, status) in [
        (ScimType::InvalidFilter, "invalidFilter", 400),
        (ScimType::TooMany, "tooMany", 400),
        (ScimType::Uniqueness, "uniqueness", 409),
        (ScimType::Mutability, "mutability", 400),
        (ScimType::InvalidSyntax, "invalidSyntax", 400),
        (ScimType::InvalidPath, "invalidPath", 400),
        (ScimType::NoTarget, "noTarget", 400),
        (ScimType::InvalidValue, "invalidValue", 400),
        (ScimType::InvalidVers, "invalidVers", 400),
        (ScimType::Sensitive, "sensitive", 403),
        (ScimType::InvalidCursor, "invalidCursor", 400),
        (ScimType::ExpiredCursor, "expiredCursor", 400),
        (ScimType::InvalidCount, "invalidCount", 400),
        (ScimType::Other("quotaExceeded".into()), "quotaExceeded", 400),
    ] {
        let error = ScimError::of_type(kind.clone(), "d");
        let body = serde_json::to_value(&error).unwrap();
        assert_eq!(body, json!({"schemas": [ERROR], "scimType": word, "detail": "d", "status": status.to_string()}));
        assert_eq!(serde_json::from_value::<ScimError>(body).unwrap(), error);
        assert_eq!(ScimType::from(word.to_uppercase().as_str()) == kind, !matches!(kind, ScimType::Other(_)));
        assert_eq!(error.to_string(), format!("{status} {word}: d"));
    }
}

#[test]
fn errors_are_recognised_among_other_bodies() {
    for (body, status) in [
        (figure(7644, "3.12", 0), Some(404)),
        (json!({"schemas": ERROR.to_uppercase(), "status": 409}), Some(409)),
        (json!({"Status": "429", "Detail": "slow down"}), Some(429)),
        (json!({"schemas": [ERROR], "status": {"code": "404"}}), Some(404)),
        (json!({"schemas": [ERROR], "detail": "no status"}), Some(0)),
        (json!({"success": false, "errors": [{"code": 1000}]}), None),
        (json!({"error": "invalid_token", "error_description": "x"}), None),
        (json!({"schemas": [ERROR], "status": "404 Not Found", "detail": "gone"}), Some(404)),
        (json!({"schemas": [ERROR], "status": "412.0"}), Some(412)),
        (json!({"schemas": [ERROR], "status": 412.0}), Some(412)),
        (json!({"status": "HTTP/1.1 404 Not Found", "detail": "gone"}), Some(404)),
        (json!({"status": {"code": "http/2 404"}, "detail": "gone"}), Some(404)),
        (json!({"schemas": [ERROR], "status": 412.5}), Some(0)),
        (json!({"schemas": [ERROR], "status": "HTTP/1.1"}), Some(0)),
        (json!({"schemas": [ERROR], "status": "HTTP 1.1 404"}), Some(0)),
        (json!({"schemas": [ERROR], "status": {"Code": 404}}), Some(404)),
        (json!({"schemas": [ERROR], "status": "", "detail": "no status"}), Some(0)),
        (json!({"schemas": [ERROR], "status": "4040"}), Some(0)),
        (json!({"schemas": [ERROR], "status": 70000}), Some(0)),
        (json!({"schemas": [ERROR], "status": 1000}), Some(0)),
        (json!({"status": 500}), None),
        (json!({"status": "error", "detail": "of somebody else"}), None),
        (json!("text"), None),
    ] {
        assert_eq!(ScimError::recognise(&body).map(|error| error.status), status, "{body}");
    }
    let error: ScimError =
        serde_json::from_value(json!({"status": 400, "detail": ["a"], "retry": true, "scimType": null})).unwrap();
    assert_eq!((error.extra["detail"].clone(), error.extra["retry"].clone()), (json!(["a"]), json!(true)));
    let error = ScimError::recognise(&json!({"schemas": [ERROR], "status": "soon", "detail": "why"})).unwrap();
    assert_eq!((error.detail.as_deref(), error.extra["status"].clone()), (Some("why"), json!("soon")));
    for text in [r#"{"status":400,"STATUS":400}"#, "[]"] {
        assert!(serde_json::from_str::<ScimError>(text).is_err(), "{text}");
    }
    let long = ScimError::new(500, format!("two\nlines\u{1b}[31m{}", "x".repeat(10_000))).to_string();
    assert!(long.len() < 600 && !long.chars().any(char::is_control), "{long}");
}

/// Two members of one name are no error body, nor any other.
#[test]
fn what_is_set_takes_the_place_of_what_could_not_be_read() {
    let mut error: ScimError =
        serde_json::from_value(json!({"Status": "soon", "detail": {"a": 1}, "scimType": 5, "retry": true})).unwrap();
    let before = serde_json::to_value(&error).unwrap();
    assert_eq!(before, json!({"schemas": [ERROR], "Status": "soon", "detail": {"a": 1}, "scimType": 5, "retry": true}));
    error.status = 502;
    error.detail = Some("gone".to_owned());
    let written = serde_json::to_string(&error.with_type(ScimType::TooMany)).unwrap();
    assert_eq!(written.to_ascii_lowercase().matches("status").count(), 1, "{written}");
    assert_eq!(
        serde_json::from_str::<Value>(&written).unwrap(),
        json!({"schemas": [ERROR], "status": "502", "detail": "gone", "scimType": "tooMany", "retry": true})
    );
    let read: ScimError = serde_json::from_str(&written).unwrap();
    assert_eq!((read.status, read.scim_type), (502, Some(ScimType::TooMany)));
}

#[test]
fn what_is_not_known_of_a_message_is_shown_without_passwords() {
    let body = json!({"schemas": [ERROR], "status": "400", "request": {"password": "hunter2", "userName": "u"}});
    let shown = format!("{:?}", ScimError::recognise(&body).unwrap());
    assert!(!shown.contains("hunter2") && shown.contains("userName"), "{shown}");
    let body = json!({"schemas": [LIST_RESPONSE], "Resources": [], "query": {"password": "hunter2", "count": 1}});
    let shown = format!("{:?}", serde_json::from_value::<ListResponse<User>>(body).unwrap());
    assert!(!shown.contains("hunter2") && shown.contains("count"), "{shown}");
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

// Bulk (RFC 7644 §3.7).

/// Runs the operations in order: each gets the id `ID-` and its name.
fn run(request: &BulkRequest) -> Vec<Value> {
    let mut ids: HashMap<String, String> = HashMap::new();
    let order = request.order();
    let mut sent = Vec::new();
    for at in order.order {
        let operation = &request.operations[at];
        let mut data = operation.data.clone().unwrap_or_default();
        let missing = resolve_bulk_ids(&mut data, &|name| ids.get(name).map(String::as_str));
        assert!(missing.is_empty(), "{missing:?} is used before it is made");
        if let Some(name) = &operation.bulk_id {
            ids.insert(name.to_string(), format!("ID-{name}"));
        }
        sent.push(data);
    }
    sent
}

#[test]
fn references_are_resolved_in_any_order() {
    let group = |name: &str, member: &str| json!({"method": "POST", "path": "/Groups", "bulkId": name, "data": {"members": [{"value": format!("bulkId:{member}")}]}});
    let user = json!({"method": "POST", "path": "/Users", "bulkId": "u", "data": {"userName": "u"}});
    let remove = json!({"method": "PATCH", "path": "/Groups/bulkId:c", "data": {"Operations": [
        {"op": "remove", "path": "members[value eq \"bulkId:u\"]"}, {"op": "add", "path": "members", "value": [{"value": "BULKID:b"}]}]}});
    let operations = [group("a", "b"), group("b", "c"), remove, group("c", "u"), user];
    // Every order of the five operations.
    let mut orders = vec![vec![]];
    for at in 0..operations.len() {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                (0..=order.len()).map(move |place| {
                    let mut longer = order.clone();
                    longer.insert(place, at);
                    longer
                })
            })
            .collect();
    }
    assert_eq!(orders.len(), 120);
    for order in orders {
        let list: Vec<&Value> = order.iter().map(|at| &operations[*at]).collect();
        let request: BulkRequest = serde_json::from_value(json!({"Operations": list})).unwrap();
        let plan = request.order();
        assert!(plan.cyclic.is_empty() && plan.unknown.is_empty());
        let sent = run(&request);
        let text = json!(sent).to_string();
        assert_eq!(sent.len(), 5);
        assert!(!text.to_lowercase().contains("bulkid:"), "{text}");
        assert!(text.contains(r#"members[value eq \"ID-u\"]"#) && text.contains(r#""value":"ID-b""#), "{text}");
    }
}

#[test]
fn circles_and_strangers_are_reported() {
    let circle: BulkRequest = serde_json::from_value(figure(7644, "3.7.1", 0)).unwrap();
    let order = circle.order();
    assert_eq!((order.order, order.cyclic), (vec![], vec![0, 1]), "the circle that RFC 7644 §3.7.1 prints");
    let request: BulkRequest = serde_json::from_value(json!({"Operations": [
        {"method": "POST", "bulkId": "self", "data": {"members": [{"value": "bulkId:self"}]}},
        {"method": "POST", "bulkId": "waits", "data": {"members": [{"value": "bulkId:self"}]}},
        {"method": "POST", "bulkId": "free", "data": {"members": [{"value": "bulkId:nobody"}]}},
        {"method": "DELETE", "path": "/Users/1"}
    ]}))
    .unwrap();
    let order = request.order();
    assert_eq!(order.order, [2, 3]);
    assert_eq!(order.cyclic, [0, 1], "what waits for a circle never runs");
    assert_eq!(order.unknown, [(2, "nobody".to_owned())]);
    let twice: BulkRequest = serde_json::from_value(json!({"Operations": [
        {"method": "POST", "bulkId": "u", "path": "/Users", "data": {"userName": "a"}},
        {"method": "POST", "bulkId": "u", "path": "/Users", "data": {"userName": "b"}},
        {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"members": [{"value": "bulkId:u"}]}}
    ]}))
    .unwrap();
    assert_eq!(twice.order().unknown, [(2, "u".to_owned())], "either could be meant");
    // A long chain, backwards, is no deep recursion and no quadratic wait.
    let chain: Vec<Value> = (0..20_000)
        .map(|at| json!({"method": "POST", "bulkId": format!("n{at}"), "data": {"of": format!("bulkId:n{}", at + 1)}}))
        .collect();
    let mut chain = json!({"Operations": chain});
    chain["Operations"][19_999]["data"] = json!({});
    let chain: BulkRequest = serde_json::from_value(chain).unwrap();
    assert_eq!(chain.order().order, (0..20_000).rev().collect::<Vec<_>>());
}

/// RFC 7644 §3.7: in the order given, except that what an operation needs goes before it.
#[test]
fn only_what_is_needed_is_pulled_forward() {
    let order = |operations: Value| {
        let request: BulkRequest = serde_json::from_value(json!({"Operations": operations})).unwrap();
        let order = request.order();
        assert_eq!(order.unknown, []);
        (order.order, order.cyclic)
    };
    let post = |name: &str, needs: &[&str]| {
        let members: Vec<Value> = needs.iter().map(|name| json!({"value": format!("bulkId:{name}")})).collect();
        json!({"method": "post", "path": "/Groups", "bulkId": name, "data": {"members": members}})
    };
    let patch = |path: &str, needs: &[&str]| {
        let members: Vec<Value> = needs.iter().map(|name| json!({"value": format!("bulkId:{name}")})).collect();
        json!({"method": "PATCH", "path": path, "data": {"Operations": [{"op": "add", "path": "members", "value": members}]}})
    };
    let delete = |path: &str| json!({"method": "DELETE", "path": path});
    assert_eq!(order(json!([patch("/Groups/G", &["u"]), delete("/Users/X"), post("u", &[])])), (vec![2, 0, 1], vec![]));
    assert_eq!(
        order(json!([
            post("g", &["w", "u"]),
            delete("/Users/bulkId:u"),
            post("u", &[]),
            post("x", &[]),
            post("w", &["x"])
        ])),
        (vec![2, 3, 4, 0, 1], vec![])
    );
    // One resource by two spellings of its name; what follows a circle's operation on it comes with the circle.
    assert_eq!(
        order(json!([
            patch("/Groups/bulkId:g", &["a"]),
            patch("Groups/BULKID:g?attributes=id", &[]),
            patch("/Groups/x", &[]),
            post("g", &[]),
            post("a", &["b"]),
            post("b", &["a"])
        ])),
        (vec![3, 2], vec![0, 1, 4, 5])
    );
    // What is no POST makes nothing.
    let mut put = patch("/Users/1", &[]);
    put["bulkId"] = json!("u");
    assert_eq!(order(json!([patch("/Groups/G", &["u"]), put, post("u", &[])])), (vec![2, 0, 1], vec![]));
}

#[test]
fn names_are_found_in_linear_time() {
    let started = std::time::Instant::now();
    let many = "bulkId:".repeat(20_000);
    for path in [many.clone(), format!("/Users/{many}"), format!("members[value eq \"{many}\"]"), ":".repeat(500_000)] {
        let mut data = json!({"path": path});
        assert!(resolve_bulk_ids(&mut data, &|_| None).len() <= 1);
        let request: BulkRequest = serde_json::from_value(json!({"Operations": [
            {"method": "PATCH", "path": path, "data": {"Operations": [{"op": "remove", "path": path}]}}]}))
        .unwrap();
        assert!(request.order().unknown.len() <= 2);
    }
    assert!(started.elapsed().as_secs() < 10, "quadratic");
}

/// An id may come from a stranger: it never says more than the value that it is.
#[test]
fn an_id_does_not_change_what_a_filter_asks() {
    let id = "x\" or value pr or value eq \"y\\";
    for path in
        ["members[value eq \"bulkId:u\"]", "members[value eq BULKID:u]", "members[(value eq bulkId:u) and type pr]"]
    {
        let mut data = json!({"Operations": [{"op": "remove", "path": path}], "x": ["bulkId:u", "bulkId:not a name"]});
        assert!(resolve_bulk_ids(&mut data, &|name| (name == "u").then_some(id)).is_empty());
        let wanted = path.replace("\"bulkId:u\"", "bulkId:u").replace("BULKID", "bulkId");
        let wanted = wanted.replace("bulkId:u", &json!(id).to_string());
        assert_eq!(data["Operations"][0]["path"], wanted);
        assert_eq!(data["x"], json!([id, "bulkId:not a name"]));
    }
}

#[test]
fn results_carry_their_status_in_any_form() {
    let response: BulkResponse = serde_json::from_value(figure(7644, "3.7.2", 1)).unwrap();
    assert_eq!(response.operations.iter().filter_map(BulkResult::code).collect::<Vec<_>>(), [201, 201]);
    let response: BulkResponse =
        serde_json::from_str(r#"{"operations":[{"status":204},{"status":"409"},{"status":"soon"}]}"#).unwrap();
    assert_eq!(response.operations.iter().map(BulkResult::code).collect::<Vec<_>>(), [Some(204), Some(409), None]);
    // One that says nothing is kept until there is another.
    let mut soon = response.operations[2].clone();
    assert_eq!(soon.extra["status"], "soon");
    assert_eq!(serde_json::to_value(&soon).unwrap(), json!({"status": "soon"}));
    soon.status = Some(BulkStatus(500));
    assert_eq!(serde_json::to_string(&soon).unwrap(), r#"{"status":"500"}"#);
    for nothing in [json!(null), json!([])] {
        let result: BulkResult = serde_json::from_value(json!({"status": nothing, "method": "PUT"})).unwrap();
        assert_eq!((result.status, result.extra.len()), (None, 0), "{nothing}");
    }
    let mut result = BulkResult::default();
    result.method = Some("DELETE".into());
    result.status = Some(BulkStatus(204));
    let written = serde_json::to_value(BulkResponse::new(vec![result])).unwrap();
    assert_eq!(written["Operations"], json!([{"method": "DELETE", "status": "204"}]));
    let mut operation = BulkOperation::default();
    operation.method = Some("POST".into());
    let mut request = BulkRequest::new(vec![operation]);
    request.fail_on_errors = Some(1);
    assert_eq!(
        serde_json::to_value(request).unwrap(),
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "failOnErrors": 1, "Operations": [{"method": "POST"}]
        })
    );
}

// Projection (RFC 7644 §3.9, RFC 7643 §7).

fn badge_schemas() -> ResourceSchemas {
    let with = |name: &str, returned| {
        let mut attribute = Attribute::new(name, AttributeType::String);
        attribute.returned = Some(returned);
        attribute
    };
    let mut holder = Attribute::new("holder", AttributeType::Complex);
    holder.sub_attributes =
        vec![with("key", Returned::Always), with("note", Returned::Request), with("pin", Returned::Never)];
    let attributes = vec![with("number", Returned::Always), with("history", Returned::Request), holder];
    ResourceSchemas::user().with_extension(Schema::new("urn:example:Badge", attributes))
}

#[test]
fn answers_hold_what_was_asked_for() {
    let user = json!({
        "schemas": ["urn:x"], "id": "1", "userName": "a", "password": "p", "title": "t",
        "name": {"givenName": "G", "familyName": "F"},
        "emails": [{"value": "v", "type": "work"}, {"value": "w"}],
        (ENTERPRISE): {"department": "d", "manager": {"value": "m", "displayName": "M"}},
        "urn:example:Badge": {"number": "7", "history": "h", "holder": {"key": "k", "note": "n", "pin": "s", "x": 1}},
    });
    let badge = json!({"number": "7"});
    let full_badge = json!({"number": "7", "holder": {"key": "k", "x": 1}});
    let base = |mut more: Value| {
        more["schemas"] = json!(["urn:x"]);
        more["id"] = json!("1");
        if more.get("urn:example:Badge").is_none() {
            more["urn:example:Badge"] = badge.clone();
        }
        more
    };
    let rows: Vec<(&[&str], &[&str], Value)> = vec![
        (&["userName"], &[], base(json!({"userName": "a"}))),
        (&["USERNAME", "unknown"], &[], base(json!({"userName": "a"}))),
        (&["password"], &[], base(json!({}))),
        (&["name.familyName"], &[], base(json!({"name": {"familyName": "F"}}))),
        (&["urn:ietf:params:scim:schemas:core:2.0:User:title"], &[], base(json!({"title": "t"}))),
        (
            &["history", "DEPARTMENT"],
            &[],
            base(json!({"urn:example:Badge": {"number": "7", "history": "h"}, ENTERPRISE: {"department": "d"}})),
        ),
        (
            &["urn:ietf:params:scim:schemas:core:2.0:user"],
            &[],
            base(json!({"userName": "a", "title": "t", "name": user["name"], "emails": user["emails"]})),
        ),
        (
            &[],
            &["urn:ietf:params:scim:schemas:core:2.0:User", "department", "manager.value"],
            base(json!({ENTERPRISE: {"manager": {"displayName": "M"}}, "urn:example:Badge": full_badge})),
        ),
        (
            &["urn:example:Badge:holder", "urn:example:Badge:holder.note"],
            &[],
            base(json!({"urn:example:Badge": {"number": "7", "holder": {"key": "k", "note": "n", "x": 1}}})),
        ),
        (&["emails.value"], &[], base(json!({"emails": [{"value": "v"}, {"value": "w"}]}))),
        (&["emails.type"], &[], base(json!({"emails": [{"type": "work"}]}))),
        (&["emails.display"], &[], base(json!({}))),
        (&[ENTERPRISE], &[], base(json!({ENTERPRISE: user[ENTERPRISE]}))),
        (
            &["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value"],
            &[],
            base(json!({ENTERPRISE: {"manager": {"value": "m"}}})),
        ),
        (&["urn:example:Badge:history"], &[], base(json!({"urn:example:Badge": {"number": "7", "history": "h"}}))),
        (
            &["urn:example:Badge:holder.note"],
            &[],
            base(json!({"urn:example:Badge": {"number": "7", "holder": {"key": "k", "note": "n"}}})),
        ),
        (
            &[],
            &["emails", "NAME", "title", ENTERPRISE, "id", "schemas"],
            base(json!({"userName": "a", "urn:example:Badge": full_badge})),
        ),
        (
            &[],
            &["emails.type", "name.givenName", "title", ENTERPRISE, "urn:example:Badge:holder.key"],
            base(json!({
                "userName": "a", "name": {"familyName": "F"}, "emails": [{"value": "v"}, {"value": "w"}],
                "urn:example:Badge": full_badge
            })),
        ),
    ];
    for (attributes, excluded, expected) in rows {
        let projection = Projection::new(attributes, excluded, &badge_schemas()).unwrap();
        assert_eq!(projection.apply(&user), expected, "{attributes:?} {excluded:?}");
    }
    let error = Projection::new(&["title"], &["emails"], &badge_schemas()).unwrap_err();
    assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidValue)));
    let all = Projection::new::<&str>(&[], &[], &badge_schemas()).unwrap().apply(&user);
    assert_eq!((all.get("password"), &all["urn:example:Badge"]), (None, &full_badge));
}

#[test]
fn hidden_parts_leave_with_no_attribute() {
    let mut card = Attribute::new("card", AttributeType::Complex);
    card.returned = Some(Returned::Always);
    let mut pin = Attribute::new("pin", AttributeType::String);
    pin.returned = Some(Returned::Never);
    let mut code = Attribute::new("code", AttributeType::String);
    code.mutability = Some(Mutability::WriteOnly);
    card.sub_attributes = vec![Attribute::new("number", AttributeType::String), pin, code.clone()];
    let schemas = ResourceSchemas::user().with_extension(Schema::new("urn:example:Card", vec![card, code]));
    let user = json!({"id": "1", "urn:example:Card": {"code": "c", "card": {"number": "7", "pin": "p", "code": "c"}}});
    let shown = json!({"id": "1", "urn:example:Card": {"card": {"number": "7"}}});
    let pin = "urn:example:Card:card.pin";
    for (attributes, excluded) in [
        (vec![], vec![]),
        (vec!["id", pin, "urn:example:Card:code"], vec![]),
        (vec![], vec!["urn:example:Card:card", "urn:example:Card:card.number"]),
    ] {
        let projection = Projection::new(&attributes, &excluded, &schemas).unwrap();
        assert_eq!(projection.apply(&user), shown, "{attributes:?} {excluded:?}");
    }
}

// Sorting (RFC 7644 §3.4.2.3).

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
