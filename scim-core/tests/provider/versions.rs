//! RFC 7644 §3.14: versions and preconditions.

use serde_json::json;

use crate::support::{Service, USER};

#[test]
fn a_version_is_an_entity_tag() {
    let service = Service::new();
    let path = format!("/Users/{}", service.user("a"));
    let read = service.get(&path).expect(200);
    let tag = read.header("etag").to_owned();
    assert!(tag.starts_with("W/\"") && tag.ends_with('"'), "{tag}");
    assert_eq!(read.body["meta"]["version"], tag);
    let changed = service.patch(&path, json!([{"op": "add", "path": "title", "value": "x"}])).expect(200);
    assert_ne!(changed.header("etag"), tag);
}

#[test]
fn if_match_guards_writes() {
    let service = Service::new();
    let path = format!("/Users/{}", service.user("a"));
    let old = service.get(&path).header("etag").to_owned();
    let patch = br#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"title","value":"x"}]}"#;
    let put = serde_json::to_vec(&json!({"schemas": [USER], "userName": "b"})).unwrap();
    let new = service.raw("PATCH", &path, &[("if-match", &old)], patch).expect(200).header("etag").to_owned();
    for (method, body) in [("PATCH", &patch[..]), ("PUT", &put), ("DELETE", b"")] {
        let refused = service.raw(method, &path, &[("if-match", &old)], body).expect(412);
        assert_eq!(refused.body["status"], "412");
    }
    assert_eq!(service.get(&path).header("etag"), new);
    let listed = format!("\"zzz\", {new}");
    service.raw("PUT", &path, &[("if-match", &listed)], &put).expect(200);
    // A strong tag of the same text is the same version.
    let strong = service.get(&path).header("etag").trim_start_matches("W/").to_owned();
    service.raw("PUT", &path, &[("if-match", &strong)], &put).expect(200);
    service.raw("DELETE", &path, &[("if-match", "*")], b"").expect(204);
    service.raw("DELETE", &path, &[("if-match", "*")], b"").expect(404);
}

#[test]
fn if_none_match_saves_a_body() {
    let service = Service::new();
    let path = format!("/Users/{}", service.user("a"));
    let tag = service.get(&path).header("etag").to_owned();
    let same = service.raw("GET", &path, &[("if-none-match", &tag)], b"").expect(304);
    assert!(same.body.is_null() && same.header("etag") == tag);
    service.raw("GET", &path, &[("if-none-match", "W/\"other\"")], b"").expect(200);
    service.raw("GET", &path, &[("if-none-match", "*")], b"").expect(304);
}

#[test]
fn without_versions_nothing_is_sent_or_obeyed() {
    let mut behaviour = scim_core::provider::Behaviour::default();
    behaviour.set("etag", "off").unwrap();
    let service = Service::with(behaviour);
    let path = format!("/Users/{}", service.user("a"));
    let read = service.raw("GET", &path, &[("if-none-match", "*")], b"").expect(200);
    assert!(read.header("etag").is_empty() && read.body["meta"].get("version").is_none());
    service.raw("DELETE", &path, &[("if-match", "\"x\"")], b"").expect(204);
    assert_eq!(service.get("/ServiceProviderConfig").body["etag"]["supported"], false);
}
