//! Bulk (RFC 7644 §3.7): references, their order, results.

use std::collections::HashMap;

use scim_core::message::{BulkOperation, BulkRequest, BulkResponse, BulkResult, BulkStatus, resolve_bulk_ids};
use serde_json::{Value, json};

use crate::support::figure;

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
