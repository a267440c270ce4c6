//! How fast a provider answers in the same process: bytes in, bytes out, one thread.
//!
//! ```text
//! cargo bench -p scim-core --features provider --bench provider
//! ```

#![allow(clippy::unwrap_used, missing_docs, reason = "a bench that cannot set itself up has nothing to measure")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use scim_core::provider::{MemoryStore, ServiceProvider};
use serde_json::{Value, json};

const USERS: usize = 100_000;
const MEMBERS: usize = 10_000;
const ROUNDS: usize = 9;

type Provider = ServiceProvider<MemoryStore>;

fn request(method: Method, path: &str, body: Option<&Value>) -> Request<Bytes> {
    let body = body.map(|body| Bytes::from(serde_json::to_vec(body).unwrap())).unwrap_or_default();
    Request::builder().method(method).uri(format!("http://localhost/scim/v2{path}")).body(body).unwrap()
}

fn create(provider: &Provider, path: &str, body: &Value) -> String {
    let response = provider.handle(request(Method::POST, path, Some(body)));
    assert_eq!(response.status(), StatusCode::CREATED);
    serde_json::from_slice::<Value>(response.body()).unwrap()["id"].as_str().unwrap().to_owned()
}

fn user(n: usize) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "userName": format!("user{n}@example.com"), "externalId": format!("e{n}"), "displayName": format!("User {n}"), "active": true,
        "name": {"givenName": format!("Given{n}"), "familyName": format!("Family{n}")},
        "emails": [{"value": format!("user{n}@example.com"), "type": "work", "primary": true}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": format!("D{}", n % 50)},
    })
}

/// Median time of one call, over several rounds of `calls` calls each.
fn measure(calls: usize, mut call: impl FnMut(usize)) -> Duration {
    let mut rounds: Vec<Duration> = (0..ROUNDS)
        .map(|round| {
            let begin = Instant::now();
            (0..calls).for_each(|n| call(round * calls + n));
            begin.elapsed() / u32::try_from(calls).unwrap()
        })
        .collect();
    rounds.sort_unstable();
    rounds[ROUNDS / 2]
}

fn main() {
    let provider = ServiceProvider::in_memory("/scim/v2");
    let begin = Instant::now();
    let users: Vec<String> = (0..USERS).map(|n| create(&provider, "/Users", &user(n))).collect();
    let made = begin.elapsed() / u32::try_from(USERS).unwrap();
    let members: Vec<Value> = users.iter().take(MEMBERS).map(|id| json!({"value": id})).collect();
    let group =
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "G", "members": members});
    let group = create(&provider, "/Groups", &group);

    let mut table = String::new();
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let wanted = |what: &str| what.contains(&only);
    let mut row = |what: &str, measured: &mut dyn FnMut() -> Duration| {
        if !wanted(what) {
            return;
        }
        let time = measured();
        let per_second = 1.0 / time.as_secs_f64();
        writeln!(table, "{what:<58} {:>10.2} µs {per_second:>12.0}/s", time.as_secs_f64() * 1e6).unwrap();
    };
    row("create a user, among up to 100,000", &mut || made);

    let expect = |request: Request<Bytes>, status: StatusCode| {
        let response = provider.handle(request);
        assert_eq!(response.status(), status, "{:?}", response.body());
        response
    };
    let find = |n: usize| format!("/Users?filter=userName%20eq%20%22user{}%40example.com%22", n * 7919 % USERS);
    let found: Value =
        serde_json::from_slice(expect(request(Method::GET, &find(1), None), StatusCode::OK).body()).unwrap();
    assert_eq!(found["totalResults"], 1);
    // Every user is asked for once: each answer is written anew. Then the same 10,000 in every round.
    row("find a user by userName, 100,000 users, not shown before", &mut || {
        measure(10_000, |n| drop(expect(request(Method::GET, &find(n), None), StatusCode::OK)))
    });
    row("find a user by userName, 100,000 users, shown before", &mut || {
        measure(10_000, |n| drop(expect(request(Method::GET, &find(n % 10_000), None), StatusCode::OK)))
    });
    row("get a user by id", &mut || {
        measure(10_000, |n| {
            drop(expect(request(Method::GET, &format!("/Users/{}", users[n * 7919 % USERS]), None), StatusCode::OK));
        })
    });
    let patch = |operation: Value| json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]});
    let quiet = format!("/Groups/{group}?excludedAttributes=members");
    row("add and remove a member of 10,000, each PATCH, no members shown", &mut || {
        measure(1_000, |n| {
            let id = &users[MEMBERS + n % MEMBERS];
            let add = patch(json!({"op": "add", "path": "members", "value": [{"value": id}]}));
            expect(request(Method::PATCH, &quiet, Some(&add)), StatusCode::OK);
            let remove = patch(json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")}));
            expect(request(Method::PATCH, &quiet, Some(&remove)), StatusCode::OK);
        }) / 2
    });
    row("rename a group of 10,000, no members shown", &mut || {
        measure(1_000, |n| {
            let rename = patch(json!({"op": "replace", "path": "displayName", "value": format!("G{n}")}));
            expect(request(Method::PATCH, &quiet, Some(&rename)), StatusCode::OK);
        })
    });
    row("list 100 users, first page", &mut || {
        measure(200, |_| drop(expect(request(Method::GET, "/Users?count=100", None), StatusCode::OK)))
    });
    row("list 100 users from the 99,901st on, by index", &mut || {
        measure(50, |_| drop(expect(request(Method::GET, "/Users?startIndex=99901&count=100", None), StatusCode::OK)))
    });
    row("filter without an index, 100,000 users", &mut || {
        measure(3, |_| {
            let url = "/Users?count=1&filter=name.familyName%20ew%20%22y99999%22";
            drop(expect(request(Method::GET, url, None), StatusCode::OK));
        })
    });
    row("the group with its 10,000 members", &mut || {
        measure(10, |_| drop(expect(request(Method::GET, &format!("/Groups/{group}"), None), StatusCode::OK)))
    });
    std::io::stdout().write_all(table.as_bytes()).unwrap();
}
