//! Recording and replay: what a file holds, and that a program notices no difference.
#![cfg(all(feature = "client", feature = "test-util"))]
#![allow(clippy::unwrap_used)] // a failing set-up is a failing test

use std::io::Write;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use proptest::prelude::*;
use scim_core::transport::{Redaction, Replay, Transport, TransportError, TransportErrorKind, TransportExt, from_fn};
use serde_json::{Value, json};

/// A file in memory.
#[derive(Clone, Default)]
struct File(Arc<Mutex<Vec<u8>>>);

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl File {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn request(method: &str, uri: &str, body: &str) -> http::Request<Bytes> {
    let mut token = http::HeaderValue::from_static("Bearer planted-token-1");
    token.set_sensitive(true);
    http::Request::builder()
        .method(method)
        .uri(format!("https://scim.example.com{uri}"))
        .header("authorization", token)
        .header("x-unknown", "anything")
        .body(Bytes::from(body.to_owned()))
        .unwrap()
}

fn answer(status: u16, body: &str) -> http::Response<Bytes> {
    let mut answer = http::Response::new(Bytes::from(body.to_owned()));
    *answer.status_mut() = http::StatusCode::from_u16(status).unwrap();
    answer
}

/// Records these exchanges and gives the file.
async fn record(redaction: Redaction, exchanges: &[(http::Request<Bytes>, http::Response<Bytes>)]) -> String {
    let file = File::default();
    let answers: Vec<_> = exchanges
        .iter()
        .map(|(_, answer)| (answer.status(), answer.headers().clone(), answer.body().clone()))
        .collect();
    let at = Mutex::new(0);
    let server = from_fn(move |_| {
        let mut at = at.lock().unwrap();
        let (status, headers, body) = answers[*at].clone();
        *at += 1;
        let mut answer = http::Response::new(body);
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        async move { Ok(answer) }
    });
    let transport = server.record(file.clone(), redaction);
    for (request, _) in exchanges {
        transport.send(request.clone()).await.unwrap();
    }
    assert_eq!(transport.failure(), None);
    file.text()
}

fn line(text: &str, n: usize) -> Value {
    serde_json::from_str(text.lines().nth(n).unwrap()).unwrap()
}

#[tokio::test]
async fn a_recording_can_be_read_and_holds_no_secret() {
    let text = record(
        Redaction::secrets().secret("named-secret".into()),
        &[(
            request(
                "POST",
                "/Users?note=planted-token-1",
                r#"{"userName":"ann@example.com","password":"pass-word","note":"a named-secret and planted-token-1"}"#,
            ),
            answer(201, r#"{"id":"1","token":"fresh-token","echo":"fresh-token pass-word"}"#),
        )],
    )
    .await;
    assert_eq!(line(&text, 0), json!({"exchanges": 1}));
    assert_eq!(
        line(&text, 1),
        json!({
            "request": {
                "method": "POST",
                "host": "scim.example.com",
                "path": "/Users",
                "query": [["note", "{{secret-2}}"]],
                "headers": {"authorization": "Bearer {{secret-2}}"},
                "body": {"json": {
                    "userName": "ann@example.com",
                    "password": "{{secret-3}}",
                    "note": "a {{secret-1}} and {{secret-2}}"
                }}
            },
            "response": {
                "status": 201,
                "body": {"json": {"id": "1", "token": "{{secret-4}}", "echo": "{{secret-4}} {{secret-3}}"}}
            }
        })
    );
}

#[tokio::test]
async fn tokens_that_are_made_or_shown_and_sessions_are_secrets_too() {
    let mut shown = answer(200, r#"{"result":{"id":"t1","value":"planted-new-token"},"csrf":"planted-session-77"}"#);
    shown.headers_mut().insert("set-cookie", "session=planted-session-77; Path=/".parse().unwrap());
    let text = record(
        Redaction::secrets(),
        &[
            (request("POST", "/client/v4/accounts/a/tokens", r#"{"name":"n"}"#), shown),
            (
                request("GET", "/api/v3/core/tokens/x/view_key/?access_token=planted-in-url", ""),
                answer(200, r#"{"key":"planted-key"}"#),
            ),
            (request("GET", "/x", ""), answer(200, r#"{"key":"kept","value":"planted-key planted-in-url"}"#)),
        ],
    )
    .await;
    assert!(!text.contains("planted"), "{text}");
    assert!(text.contains("\"key\":\"kept\""), "{text}");
}

#[cfg(feature = "provider")]
#[tokio::test]
async fn a_lifecycle_recorded_for_one_person_plays_back_for_another() {
    use scim_core::client::ScimClient;
    use scim_core::filter::attr;
    use scim_core::provider::ServiceProvider;
    use scim_core::resource::User;

    let life = async |transport: Arc<dyn Transport>, name: &str| {
        let base = "https://scim.example.com/scim/v2".parse().unwrap();
        let scim = ScimClient::new(base, Some("planted-token-2".into()), transport);
        scim.users().create(&User::new(name)).await.unwrap();
        let found = scim.users().find(attr("userName").eq(name)).await.unwrap();
        assert_eq!(found[0].user_name.as_deref(), Some(name));
        let id = found[0].id.clone().unwrap();
        scim.users().delete(&id).await.unwrap();
        assert!(scim.users().get_opt(&id).await.unwrap().is_none());
    };
    let file = File::default();
    let provider = ServiceProvider::in_memory("/scim/v2").record(file.clone(), Redaction::secrets().personal_data());
    life(provider.shared(), "ann.smith@example.com").await;
    let text = file.text();
    assert!(!text.contains("ann.smith") && !text.contains("planted-token"), "{text}");
    let replay = Arc::new(Replay::parse(&text).unwrap());
    life(Arc::clone(&replay) as Arc<dyn Transport>, "bob").await;
    assert_eq!(replay.unused(), [] as [usize; 0]);
}

#[tokio::test]
async fn personal_data_is_replaced_wherever_it_stands_and_always_by_the_same() {
    let user = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"Ann.Smith",
        "name":{"givenName":"Ann","familyName":"Smith"},"emails":[{"value":"ann@corp.example","type":"work"}],
        "active":true,"externalId":"4711","x:ann@corp.example":"key"}"#;
    let mut created =
        answer(201, r#"{"id":"77","userName":"Ann.Smith","meta":{"location":"https://h/Users/ann%40corp.example"}}"#);
    created.headers_mut().insert("location", "https://h/Users/ann%40corp.example".parse().unwrap());
    let text = record(
        Redaction::secrets().personal_data(),
        &[
            // Before anything is known of her but what the filter itself says.
            (
                request(
                    "GET",
                    "/Users?filter=userName%20eq%20%22Ann.Smith%22%20and%20id%20ne%20%22x%22&count=4711",
                    "",
                ),
                answer(404, r#"{"detail":"nobody is called Ann.Smith or ANN.SMITH, ask bob@corp.example"}"#),
            ),
            (request("POST", "/Users", user), created),
            (
                request(
                    "PATCH",
                    "/Users/ann%40corp.example",
                    r#"{"Operations":[
                        {"op":"replace","path":"name.familyName","value":"Jones"},
                        {"op":"remove","path":"emails[value eq \"old@corp.example\"]"},
                        {"op":"replace","path":"phoneNumbers[type eq \"work\"].value","value":4930},
                        {"op":"replace","path":"active","value":"False"}]}"#,
                ),
                answer(400, "<p>Smith &lt;ann@corp.example&gt; may not become Jones</p>"),
            ),
        ],
    )
    .await;
    for personal in ["ann", "smith", "jones", "bob", "old@", "4930", "corp.example"] {
        assert!(!text.to_lowercase().contains(personal), "{personal} in {text}");
    }
    // One placeholder for one value: the name in the filter, the error and the user.
    let filter = &line(&text, 1)["request"]["query"][0][1];
    assert_eq!(*filter, r#"userName eq "{{person-1}}" and id ne "x""#);
    assert!(line(&text, 1)["response"]["body"]["json"]["detail"].as_str().unwrap().contains("{{person-1}} or"));
    assert_eq!(line(&text, 2)["request"]["body"]["json"]["userName"], "{{person-1}}");
    assert_eq!(line(&text, 2)["response"]["body"]["json"]["userName"], "{{person-1}}");
    // What only steers or classifies stays, whatever person it is equal to.
    assert_eq!(line(&text, 1)["request"]["query"][1], json!(["count", "4711"]));
    let operations = &line(&text, 3)["request"]["body"]["json"]["Operations"];
    assert_eq!(operations[2]["path"], r#"phoneNumbers[type eq "work"].value"#);
    assert_eq!(operations[3]["value"], "False");
}

#[tokio::test]
async fn a_replay_answers_in_the_values_of_the_one_who_asks() {
    let text = record(
        Redaction::secrets().personal_data(),
        &[
            (
                request("POST", "/Users", r#"{"userName":"ann","emails":[{"value":"ann@a.example"}],"employeeNumber":17}"#),
                answer(201, r#"{"id":"1","userName":"ann","employeeNumber":17,"displayName":"Ann Other"}"#),
            ),
            (
                request("GET", "/Users?filter=userName+eq+%22ann%22&count=1", ""),
                answer(200, r#"{"totalResults":1,"Resources":[{"id":"1","userName":"ann","emails":[{"value":"ann@a.example"}]}]}"#),
            ),
        ],
    )
    .await;
    let replay = Replay::parse(&text).unwrap();
    assert_eq!(replay.unused(), [2, 3]);
    let sent = r#"{"employeeNumber":99,"emails":[{"value":"robert@b.example"}],"userName":"robert"}"#;
    let created = replay.send(request("POST", "/Users", sent)).await.unwrap();
    assert_eq!(created.status(), 201);
    let created: Value = serde_json::from_slice(created.body()).unwrap();
    // A number stays one; whom no request named keeps the placeholder.
    assert_eq!(created, json!({"id": "1", "userName": "robert", "employeeNumber": 99, "displayName": "{{person-4}}"}));

    // The same person must be asked for, in any order of parameters.
    let other = replay.send(request("GET", "/Users?count=1&filter=userName+eq+%22carol%22", "")).await.unwrap_err();
    assert_eq!(other.kind(), TransportErrorKind::Request);
    let listed = replay.send(request("GET", "/Users?count=1&filter=userName%20eq%20%22robert%22", "")).await.unwrap();
    let listed: Value = serde_json::from_slice(listed.body()).unwrap();
    assert_eq!(listed["Resources"][0]["emails"][0]["value"], "robert@b.example");
    assert!(replay.unused().is_empty());
}

#[tokio::test]
async fn an_unmatched_request_is_told_what_comes_closest_and_no_value() {
    let text = record(
        Redaction::secrets(),
        &[
            (request("GET", "/Users/1", ""), answer(200, "{}")),
            (request("POST", "/Users", r#"{"userName":"ann","emails":[{"value":"a"}]}"#), answer(201, "{}")),
            (request("GET", "/Users?filter=a&count=5", ""), answer(200, "{}")),
        ],
    )
    .await;
    let replay = Replay::parse(&text).unwrap();
    let unmatched = async |method: &str, uri: &str, body: &str| {
        let error = replay.send(request(method, uri, body)).await.unwrap_err();
        assert!(!error.may_have_been_applied());
        error.to_string()
    };
    for (method, uri, body, expected) in [
        (
            "POST",
            "/Users",
            r#"{"userName":"planted","emails":[{"value":"a"}]}"#,
            "line 3 comes closest, but its body differs at $.userName",
        ),
        (
            "POST",
            "/Users",
            r#"{"userName":"ann","emails":[{"value":"planted"}]}"#,
            "its body differs at $.emails[0].value",
        ),
        ("POST", "/Users", r#"{"userName":"ann","emails":[]}"#, "$.emails: 0 elements came instead of 1"),
        ("POST", "/Users", r#"{"userName":"ann","emails":[{"value":"a"}],"planted":1}"#, "$: a member too many came"),
        ("POST", "/Users", "planted", "its body differs at $: no JSON came"),
        ("GET", "/Users?filter=planted&count=5", "", "line 4 comes closest, but its query differs at `filter`"),
        ("GET", "/Users/planted", "", "line 2 comes closest, but its path differs"),
        ("DELETE", "/Users/1", "", "the recording answers no such DELETE"),
    ] {
        let error = unmatched(method, uri, body).await;
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("planted"), "{error}");
    }
    replay.send(request("GET", "/Users/1", "")).await.unwrap();
    let error = unmatched("GET", "/Users/1", "").await;
    assert!(error.contains("line 2 does, but has been used") && error.contains("2 of 3 exchanges are left"), "{error}");
}

#[tokio::test]
async fn failures_and_bodies_of_every_kind_come_back_as_they_were() {
    let file = File::default();
    let bodies: Vec<Result<Bytes, TransportErrorKind>> = vec![
        Err(TransportErrorKind::Timeout),
        Ok(Bytes::from_static(b"<html>no</html>")),
        Ok(Bytes::from_static(b"{\"a\":[1,2.5,null,true,\"x\"]}")),
        Ok(Bytes::new()),
        Ok(Bytes::from_static(&[0xff, 0xfe])),
        Err(TransportErrorKind::Connect),
    ];
    let script = bodies.clone();
    let at = Mutex::new(0);
    let server = from_fn(move |_| {
        let mut at = at.lock().unwrap();
        let body = script[*at].clone();
        *at += 1;
        async move { body.map(http::Response::new).map_err(TransportError::new) }
    });
    let recording = server.record(file.clone(), Redaction::default());
    let ask = || {
        http::Request::post("https://h/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from_static(b"grant_type=client_credentials&client_secret=planted-one"))
            .unwrap()
    };
    for _ in &bodies {
        let _outcome = recording.send(ask()).await;
    }
    assert!(!file.text().contains("planted-one"), "{}", file.text());
    let replay = Replay::parse(&file.text()).unwrap();
    for body in &bodies {
        let outcome = replay.send(ask()).await;
        match (body, outcome) {
            (Ok(body), Ok(answer)) if std::str::from_utf8(body).is_ok() => assert_eq!(answer.body(), body),
            // What is not text is not kept: its length is.
            (Ok(body), Ok(answer)) => assert_eq!(answer.body().len(), body.len()),
            (Err(kind), Err(error)) => assert_eq!(error.kind(), *kind),
            (body, outcome) => panic!("{body:?} became {outcome:?}"),
        }
    }
    assert!(replay.unused().is_empty());
}

#[test]
fn what_is_no_recording_is_refused_with_the_line() {
    for (text, line, reason) in [
        ("", 1, "empty"),
        ("{}", 1, "must begin with"),
        ("{\"exchanges\":2}", 1, "version 2"),
        ("{\"exchanges\":1}\n\n{\"request\":1}", 3, "line 3"),
        ("{\"exchanges\":1}\n[[[", 2, "line 2"),
    ] {
        let error = Replay::parse(text).unwrap_err();
        assert_eq!(error.line(), line);
        assert!(error.to_string().contains(reason), "{error}");
    }
}

/// Values as they come, and those that look like the placeholders.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9 .@_-]{5,20}",
        "\\PC{5,12}",
        Just("{{person-1}}".to_owned()),
        Just("{{secret-1}}".to_owned()),
        Just("{{open}}".to_owned()),
        "\\{\\{person-[0-9]\\}\\} ?[a-z]{5,9}",
        "[a-z]{5,9}\\{\\{\\{person-[0-9]\\}\\}",
    ]
}

proptest! {
    /// Whatever the values are, braces included: none stands in the file, and the replay takes the same
    /// requests and gives the same answers.
    #[test]
    fn no_value_leaks_and_none_is_mixed_up(names in proptest::collection::vec(value(), 1..6), note in value()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let exchanges: Vec<_> = names.iter().map(|name| {
            let user = json!({"userName": name, "note": note}).to_string();
            let found = json!({"Resources": [{"userName": name, "note": note}], "detail": format!("not {name}")});
            (request("POST", "/Users", &user), answer(200, &found.to_string()))
        }).collect();
        let text = runtime.block_on(record(Redaction::secrets().personal_data(), &exchanges));
        // The note is nobody's data unless it is somebody's name.
        let decoded: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for name in &names {
            // A value that is made of a placeholder's letters alone cannot be told from one.
            let looks = name.trim_matches(|c: char| "{}".contains(c));
            if looks.starts_with("person-") && looks.len() < 10 || looks.starts_with("secret-") || looks == "open" {
                continue;
            }
            for line in &decoded {
                prop_assert!(!strings(line).iter().any(|text| text.contains(name.as_str()) && !note.contains(name.as_str())),
                    "{name:?} in {line}");
            }
        }
        let replay = Replay::parse(&text).unwrap();
        for (request, answer) in &exchanges {
            let played = runtime.block_on(replay.send(request.clone())).unwrap();
            let (played, recorded): (Value, Value) =
                (serde_json::from_slice(played.body()).unwrap(), serde_json::from_slice(answer.body()).unwrap());
            prop_assert_eq!(played, recorded);
        }
    }

    /// Any text is a recording or an error, and any request an answer or an error.
    #[test]
    fn a_hostile_file_does_no_harm(text in "\\PC{0,80}", body in "(\\{\\{(person-[12]|open)\\}\\}|a|\\{|\"){0,12}") {
        let _invalid = Replay::parse(&text);
        let exchange = json!({"request": {"method": "POST", "path": body, "query": [[body, body]], "body": {"json": {"a": body}}},
                              "response": {"status": 7, "headers": {"a b": body}, "body": {"text": body}}});
        let replay = Replay::parse(&format!("{{\"exchanges\":1}}\n{exchange}\n")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _outcome = runtime.block_on(replay.send(request("POST", "/x", &json!({"a": body}).to_string())));
    }
}

fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().flat_map(strings).collect(),
        Value::Object(object) => {
            object.iter().flat_map(|(key, value)| std::iter::once(key.as_str()).chain(strings(value))).collect()
        }
        _ => Vec::new(),
    }
}
