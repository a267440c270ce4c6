//! RFC 7644 §3.4.2, §3.4.3 and §3.9, RFC 9865: filter, sort, page, project, search.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use scim_core::message::Projection;
use scim_core::provider::{Behaviour, Clock, Engine, Kind, MemoryStore, ServiceProvider};
use scim_core::schema::ResourceSchemas;
use serde_json::json;

use crate::support::{BASE, ENTERPRISE, GROUP, LIST, PATCH_OP, SEARCH, Service, USER, encode};

fn company() -> Service {
    let service = Service::new();
    for (name, title, age, department) in [
        ("dave", Some("Boss"), 3, "R"),
        ("alice", None, 1, "S"),
        ("Bob", Some("aide"), 2, "R"),
        ("carol", Some("Clerk"), 9, ""),
    ] {
        let mut body = json!({
            "schemas": [USER], "userName": name, "externalId": format!("E{age}"), "active": age != 9,
            "emails": [{"value": format!("{name}@z.example"), "type": "home"}, {"value": format!("{age}@x"), "primary": true}],
        });
        if let Some(title) = title {
            body["title"] = title.into();
        }
        if !department.is_empty() {
            body[ENTERPRISE] = json!({"department": department});
        }
        service.send("POST", "/Users", &body).expect(201);
    }
    service
}

/// One rule says what names select: that of `Projection`.
#[test]
fn answers_are_projected_as_messages_are() {
    let service = company();
    let id = service.find("Users", "userName eq \"dave\"").expect(200).body["Resources"][0]["id"].clone();
    let path = format!("/Users/{}", id.as_str().unwrap());
    let whole = service.get(&path).expect(200).body;
    let department = format!("{ENTERPRISE}:department");
    for names in [
        vec!["userName"],
        vec!["TITLE", "nosuch", "nosuch.x", "urn:x:y", "a.b.c"],
        vec!["emails.type", "meta.version"],
        vec![USER],
        vec![USER, "emails.value"],
        vec![ENTERPRISE],
        vec![department.as_str()],
        vec!["department"],
        vec!["id", "schemas", "password"],
    ] {
        for parameter in ["attributes", "excludedAttributes"] {
            let answer = service.get(&format!("{path}?{parameter}={}", names.join(","))).expect(200).body;
            let (only, without) = if parameter == "attributes" { (&names[..], &[][..]) } else { (&[][..], &names[..]) };
            let projection = Projection::new(only, without, &ResourceSchemas::user()).unwrap();
            assert_eq!(answer, projection.apply(&whole), "{parameter}={names:?}");
        }
    }
}

/// What the provider itself adds to an answer is there for filters and orders too.
#[test]
fn what_answers_add_can_be_asked_for() {
    let service = company();
    let users = service.get("/Users?sortBy=userName").expect(200).body["Resources"].clone();
    let location = |at: usize| users[at]["meta"]["location"].as_str().unwrap();
    let members = json!([{"value": users[0]["id"]}, {"value": users[1]["id"]}]);
    let group = json!({"schemas": [GROUP], "displayName": "g", "members": members});
    let group = service.send("POST", "/Groups", &group).expect(201).body;
    let (alice, bob) = (location(0), location(1));
    let of_group = group["meta"]["location"].as_str().unwrap();
    assert_eq!(group["members"][1]["$ref"], bob);
    let managed = json!({"op": "replace", "path": format!("{ENTERPRISE}:manager.value"), "value": users[1]["id"]});
    let carol = format!("/Users/{}", users[2]["id"].as_str().unwrap());
    service.send("PATCH", &carol, &json!({"schemas": [PATCH_OP], "Operations": [managed]})).expect(200);
    for (filter, names) in [
        (format!("meta.location eq \"{alice}\""), &["alice"][..]),
        (format!("userName eq \"alice\" and meta.location eq \"{alice}\""), &["alice"]),
        (format!("meta[location eq \"{bob}\" and resourceType eq \"User\"]"), &["Bob"]),
        ("meta.location eq null or not (meta[location pr])".to_owned(), &[]),
        ("groups.$ref pr".to_owned(), &["alice", "Bob"]),
        (format!("groups[type eq \"direct\" and $ref eq \"{of_group}\"]"), &["alice", "Bob"]),
        (format!("{ENTERPRISE}:manager.$ref eq \"{bob}\""), &["carol"]),
        ("title pr and meta.location pr".to_owned(), &["dave", "Bob", "carol"]),
    ] {
        let found = service.find("Users", &filter).expect(200);
        assert_eq!(found.each("userName"), names, "{filter}");
        assert_eq!(found.body["totalResults"], names.len(), "{filter}");
        let page = service.get(&format!("/Users?cursor=&filter={}", encode(&filter))).expect(200);
        assert_eq!(page.body["Resources"].as_array().unwrap().len(), names.len(), "{filter}");
    }
    for (filter, found) in
        [(format!("members.$ref eq \"{bob}\""), 1), (format!("members[not ($ref sw \"{BASE}\")]"), 0)]
    {
        assert_eq!(service.find("Groups", &filter).expect(200).body["totalResults"], found, "{filter}");
    }
    let all = service.find("", &format!("meta.location eq \"{of_group}\" or meta.location eq \"{alice}\"")).expect(200);
    assert_eq!(all.body["totalResults"], 2);
    let mut locations: Vec<&str> = (0..4).map(location).collect();
    locations.sort_unstable();
    let sorted = service.get("/Users?sortBy=meta.location").expect(200).body;
    let sorted: Vec<_> = sorted["Resources"].as_array().unwrap().iter().map(|user| &user["meta"]["location"]).collect();
    assert_eq!(sorted, locations);

    // What is not shown is not there.
    let mut behaviour = Behaviour::default();
    behaviour.meta.location = false;
    let service = Service::with(behaviour);
    service.send("POST", "/Users", &json!({"schemas": [USER], "userName": "a"})).expect(201);
    assert_eq!(service.find("Users", "meta.location pr or groups.$ref pr").expect(200).body["totalResults"], 0);
}

#[test]
fn filters_find_and_only_find() {
    let service = company();
    for (filter, names) in [
        ("userName eq \"ALICE\"", &["alice"][..]),
        ("USERNAME eq \"alice\" and externalId eq \"E1\"", &["alice"]),
        ("externalId eq \"E1\" and userName eq \"bob\"", &[]),
        ("id eq \"nobody\"", &[]),
        ("title pr and not (title co \"l\")", &["dave", "Bob"]),
        ("active eq false or userName sw \"d\"", &["dave", "carol"]),
        ("emails[primary eq true and value eq \"2@x\"]", &["Bob"]),
        ("emails co \"alice@\"", &["alice"]),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"r\"", &["dave", "Bob"]),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"bob\"", &["Bob"]),
        ("schemas eq \"urn:ietf:params:scim:schemas:core:2.0:User\" and userName gt \"c\"", &["dave", "carol"]),
        (
            "meta.resourceType eq \"User\" and meta.lastModified gt \"2011-05-13T04:42:34Z\" and userName ew \"e\"",
            &["dave", "alice"],
        ),
        ("meta.created lt \"2011-05-13T04:42:34Z\"", &[]),
        ("nosuch eq \"x\"", &[]),
    ] {
        let found = service.find("Users", filter).expect(200);
        assert_eq!(found.each("userName"), names, "{filter}");
        assert_eq!(found.body["totalResults"], names.len(), "{filter}");
        assert_eq!(found.body["schemas"], json!([LIST]));
    }
}

#[test]
fn filters_that_are_none_are_refused() {
    let service = company();
    for filter in [
        "",
        "userName",
        "userName zz \"x\"",
        "userName eq",
        "userName eq x",
        "active gt true",
        "userName eq \"a\" x",
        "(userName pr",
    ] {
        service.find("Users", filter).expect_error(400, "invalidFilter");
    }
    let long = format!("userName eq \"{}\"", "a".repeat(70_000));
    service
        .send("POST", "/Users/.search", &json!({"schemas": [SEARCH], "filter": long}))
        .expect_error(400, "invalidFilter");
    let mut behaviour = Behaviour::default();
    behaviour.set("filter", "off").unwrap();
    Service::with(behaviour).find("Users", "userName eq \"a\"").expect_error(400, "invalidFilter");
}

#[test]
fn nothing_found_is_an_empty_list() {
    let none = Service::new().get("/Users").expect(200);
    assert_eq!(none.body["totalResults"], 0);
    assert_eq!(none.body["Resources"], json!([]));
}

#[test]
fn sorting_follows_type_and_case() {
    let service = company();
    for (query, names) in [
        ("sortBy=userName", ["alice", "Bob", "carol", "dave"]),
        ("sortBy=userName&sortOrder=descending", ["dave", "carol", "Bob", "alice"]),
        ("sortBy=title", ["Bob", "dave", "carol", "alice"]),
        ("sortBy=title&sortOrder=descending", ["alice", "carol", "dave", "Bob"]),
        ("sortBy=emails", ["alice", "Bob", "dave", "carol"]),
        ("sortBy=emails.value&sortOrder=ascending", ["alice", "Bob", "dave", "carol"]),
        ("sortBy=externalId", ["alice", "Bob", "dave", "carol"]),
        ("sortBy=active", ["carol", "dave", "alice", "Bob"]),
        ("sortBy=nosuch", ["dave", "alice", "Bob", "carol"]),
        ("sortBy=meta.created", ["dave", "alice", "Bob", "carol"]),
    ] {
        assert_eq!(service.get(&format!("/Users?{query}")).expect(200).each("userName"), names, "{query}");
    }
    let page = service.get("/Users?sortBy=userName&startIndex=2&count=2").expect(200);
    assert_eq!(page.each("userName"), ["Bob", "carol"]);
    assert_eq!(page.body["totalResults"], 4);
    service.get("/Users?sortBy=userName&sortOrder=up").expect_error(400, "invalidValue");
    service.get("/Users?sortBy=a.b.c").expect_error(400, "invalidValue");
}

#[test]
fn pages_by_index() {
    let service = company();
    for (query, names, start) in [
        ("startIndex=1&count=2", &["dave", "alice"][..], 1),
        ("startIndex=3&count=2", &["Bob", "carol"], 3),
        ("startIndex=4", &["carol"], 4),
        ("startIndex=99", &[], 99),
        ("startIndex=0&count=1", &["dave"], 1),
        ("startIndex=-5&count=1", &["dave"], 1),
        ("count=0", &[], 1),
        ("count=-1", &[], 1),
    ] {
        let page = service.get(&format!("/Users?{query}")).expect(200);
        assert_eq!(page.each("userName"), names, "{query}");
        assert_eq!(page.body["totalResults"], 4, "{query}");
        assert_eq!(page.body["startIndex"], start, "{query}");
        assert_eq!(page.body["itemsPerPage"], names.len(), "{query}");
    }
    let found = service.get(&format!("/Users?filter={}&startIndex=2&count=1", encode("title pr"))).expect(200);
    assert_eq!((found.each("userName"), &found.body["totalResults"]), (vec!["Bob"], &json!(3)));
    service.get("/Users?count=many").expect_error(400, "invalidValue");
    service.get("/Users?startIndex=1.5").expect_error(400, "invalidValue");
}

#[test]
fn pages_are_no_larger_than_the_service_allows() {
    let mut behaviour = Behaviour::default();
    behaviour.set("max_page_size", "2").unwrap();
    behaviour.set("default_page_size", "1").unwrap();
    let service = Service::with(behaviour);
    for name in ["a", "b", "c"] {
        service.user(name);
    }
    assert_eq!(service.get("/Users?count=100").body["itemsPerPage"], 2);
    assert_eq!(service.get("/Users").body["itemsPerPage"], 1);
    assert_eq!(service.get("/ServiceProviderConfig").body["filter"]["maxResults"], 2);
}

/// Follows cursors to the end and returns what was listed.
fn walk(service: &Service, query: &str, mut between: impl FnMut(usize)) -> Vec<String> {
    let mut cursor = String::new();
    let mut seen = Vec::new();
    for page in 0..20 {
        let answer = service.get(&format!("/Users?{query}&cursor={cursor}")).expect(200);
        assert!(answer.body.get("startIndex").is_none());
        seen.extend(answer.each("userName").into_iter().map(str::to_owned));
        match answer.body.get("nextCursor") {
            None => return seen,
            Some(next) => next.as_str().unwrap().clone_into(&mut cursor),
        }
        assert!(cursor.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)), "{cursor}");
        between(page);
    }
    panic!("the list does not end");
}

#[test]
fn pages_by_cursor() {
    let service = company();
    assert_eq!(walk(&service, "count=3", |_| {}), ["dave", "alice", "Bob", "carol"]);
    assert_eq!(walk(&service, "count=2", |_| {}), ["dave", "alice", "Bob", "carol"]);
    assert_eq!(walk(&service, "count=1&sortBy=userName", |_| {}), ["alice", "Bob", "carol", "dave"]);
    let filter = encode("title pr");
    assert_eq!(walk(&service, &format!("count=1&filter={filter}"), |_| {}), ["dave", "Bob", "carol"]);
    assert_eq!(service.get("/Users?cursor=&count=2").body["totalResults"], 4);
}

#[test]
fn an_index_changes_no_answer() {
    let service = Service::new();
    for n in 0..7 {
        let body = json!({"schemas": [USER], "userName": format!("u{}", 9 - n), "displayName": if n == 3 { "Other" } else { "Team" }});
        service.send("POST", "/Users", &body).expect(201);
    }
    // The first of each pair is answered by an index, the second by looking at everybody.
    for (indexed, scanned) in [
        ("displayName eq \"team\"", "not (displayName ne \"team\")"),
        ("userName pr and displayName eq \"team\"", "displayName sw \"team\""),
        ("userName eq \"U9\"", "userName sw \"u9\""),
        ("userName eq \"nobody\"", "userName sw \"nobody\""),
    ] {
        let (indexed, scanned) = (encode(indexed), encode(scanned));
        for query in [
            "count=2",
            "count=6",
            "count=100",
            "count=2&sortBy=userName",
            "count=100&sortBy=userName&sortOrder=descending",
        ] {
            let cursor = |filter: &str| walk(&service, &format!("{query}&filter={filter}"), |_| {});
            assert_eq!(cursor(&indexed), cursor(&scanned), "{query}");
            for start in [1, 2, 9] {
                let page =
                    |filter: &str| service.get(&format!("/Users?{query}&startIndex={start}&filter={filter}")).body;
                assert_eq!(page(&indexed), page(&scanned), "{query}");
            }
        }
    }
}

#[test]
fn a_cursor_neither_repeats_nor_skips_while_resources_come_and_go() {
    let service = company();
    let ids = service.get("/Users").each("id").into_iter().map(str::to_owned).collect::<Vec<_>>();
    let seen = walk(&service, "count=1", |page| match page {
        0 => drop(service.delete(&format!("/Users/{}", ids[0])).expect(204)),
        1 => drop(service.delete(&format!("/Users/{}", ids[1])).expect(204)),
        2 => drop(service.user("eve")),
        _ => {}
    });
    assert_eq!(seen, ["dave", "alice", "Bob", "carol", "eve"]);
}

#[test]
fn cursors_belong_to_their_query() {
    let service = company();
    let next = service.get("/Users?cursor&count=1").expect(200).body["nextCursor"].as_str().unwrap().to_owned();
    service.get(&format!("/Users?cursor={next}&count=1")).expect(200);
    service.get(&format!("/Users?cursor={next}&count=2")).expect_error(400, "invalidCount");
    service.get(&format!("/Users?cursor={next}&count=1&sortBy=userName")).expect_error(400, "invalidCursor");
    service.get(&format!("/Groups?cursor={next}&count=1")).expect_error(400, "invalidCursor");
    service.get("/Users?cursor=garbage").expect_error(400, "invalidCursor");
    service.get("/Users?cursor=&count=1001").expect_error(400, "invalidCount");
    service.get("/Users?cursor=&count=-1").expect_error(400, "invalidCount");
}

#[test]
fn cursors_grow_old() {
    let seconds = Arc::new(AtomicU64::new(1_000_000));
    let clock = {
        let seconds = Arc::clone(&seconds);
        Clock::new(move || UNIX_EPOCH + Duration::from_secs(seconds.load(Ordering::Relaxed)))
    };
    let mut behaviour = Behaviour::default();
    behaviour.cursor_lifetime = Some(Duration::from_secs(60));
    let engine = Engine::new("/scim/v2").with_behaviour(behaviour).with_clock(clock.clone());
    let service = Service { provider: ServiceProvider::new(engine, MemoryStore::new().with_clock(clock)) };
    service.user("a");
    service.user("b");
    let next = service.get("/Users?cursor=&count=1").body["nextCursor"].as_str().unwrap().to_owned();
    seconds.fetch_add(60, Ordering::Relaxed);
    service.get(&format!("/Users?cursor={next}&count=1")).expect(200);
    seconds.fetch_add(1, Ordering::Relaxed);
    service.get(&format!("/Users?cursor={next}&count=1")).expect_error(400, "expiredCursor");
}

#[test]
fn attributes_replace_and_subtract() {
    let service = company();
    let alice = service.find("Users", "userName eq \"alice\"").body["Resources"][0]["id"].as_str().unwrap().to_owned();
    for path in [
        format!("/Users/{alice}?attributes=userName,emails.value"),
        "/Users?attributes=USERNAME,emails.value&count=1&startIndex=2".to_owned(),
    ] {
        let body = service.get(&path).expect(200).body;
        let user = if body["Resources"].is_array() { body["Resources"][0].clone() } else { body };
        assert_eq!(
            user,
            json!({
                "schemas": [USER, ENTERPRISE], "id": alice, "userName": "alice",
                "emails": [{"value": "alice@z.example"}, {"value": "1@x"}],
            })
        );
    }
    let user = service
        .get(&format!("/Users/{alice}?excludedAttributes=emails,meta,externalId,active,id,{ENTERPRISE}"))
        .expect(200)
        .body;
    assert_eq!(user, json!({"schemas": [USER, ENTERPRISE], "id": alice, "userName": "alice"}));
    service.get(&format!("/Users/{alice}?attributes=a&excludedAttributes=b")).expect_error(400, "invalidValue");
    let body = json!({"schemas": [USER], "userName": "zoe", "title": "Z"});
    let made = service.send("POST", "/Users?attributes=title", &body).expect(201);
    assert!(made.body.get("userName").is_none() && made.body["title"] == "Z");
    assert!(made.header("location").contains("/Users/"));
}

#[test]
fn searches_by_post_keep_the_query_out_of_the_url() {
    let service = company();
    let search = json!({
        "schemas": [SEARCH], "filter": "title pr", "sortBy": "userName", "sortOrder": "descending",
        "startIndex": 1, "count": 2, "attributes": ["userName"],
    });
    let found = service.send("POST", "/Users/.search", &search).expect(200);
    assert_eq!(found.each("userName"), ["dave", "carol"]);
    assert_eq!(found.body["totalResults"], 3);
    assert!(found.body["Resources"][0].get("emails").is_none());
    service.send("POST", "/Users/.search", &json!({"filter": "title pr"})).expect_error(400, "invalidSyntax");
    service
        .send("POST", "/Users/.search", &json!({"schemas": [SEARCH], "filter": 5}))
        .expect_error(400, "invalidSyntax");
    service
        .send("POST", "/Users/.search", &json!({"schemas": [SEARCH], "filter": "password pr"}))
        .expect_error(400, "invalidFilter");
    // What holds nothing is not said (RFC 7643 §2.5).
    for nothing in [json!(null), json!([])] {
        let search = json!({"schemas": [SEARCH], "filter": "title pr", "sortBy": nothing, "startIndex": nothing,
            "count": nothing, "cursor": nothing, "attributes": nothing});
        assert_eq!(service.send("POST", "/Users/.search", &search).expect(200).each("userName").len(), 3);
    }
    service.get("/Users/.search").expect(405);
}

#[test]
fn the_base_url_searches_all_types() {
    let service = company();
    service.group("Alice's", &[]);
    let all = service.get("/?count=10").expect(200);
    assert_eq!(all.body["totalResults"], 5);
    let filter = encode("meta.resourceType eq \"Group\" or userName eq \"alice\"");
    let some = service.get(&format!("?filter={filter}")).expect(200);
    assert_eq!(some.body["totalResults"], 2);
    assert_eq!(some.body["Resources"][1]["displayName"], "Alice's");
    let search = json!({"schemas": [SEARCH], "filter": "displayName pr", "startIndex": 1, "count": 10});
    assert_eq!(service.send("POST", "/.search", &search).expect(200).body["totalResults"], 1);
    let page = service.get("/?startIndex=5&count=3").expect(200);
    assert_eq!((page.each("displayName"), &page.body["totalResults"]), (vec!["Alice's"], &json!(5)));
    let page = service.get("/?cursor=&count=4").expect(200);
    let next = page.body["nextCursor"].as_str().unwrap();
    assert_eq!(service.get(&format!("/?cursor={next}&count=4")).expect(200).each("displayName"), ["Alice's"]);
}

#[test]
fn unknown_parameters_are_ignored_and_known_ones_stand_once() {
    let service = company();
    assert_eq!(service.get("/Users?foo=bar&&=x&attributes=").expect(200).body["totalResults"], 4);
    service.get("/Users?filter=a&filter=b").expect_error(400, "invalidValue");
}

#[test]
fn filters_can_be_restricted_by_kind() {
    let kinds = vec![Kind::user().with_filters_on(["userName"]), Kind::group().with_filters_on(["displayName"])];
    let service = Service::of(Engine::new("/scim/v2").with_kinds(kinds));
    service.user("a");
    assert_eq!(service.find("Users", "USERNAME EQ \"A\"").expect(200).body["totalResults"], 1);
    for other in [
        "userName sw \"a\"",
        "externalId eq \"a\"",
        "userName eq \"a\" and active eq true",
        "userName pr",
        "userName eq true",
    ] {
        service.find("Users", other).expect_error(400, "invalidFilter");
    }
    service.find("Groups", "displayName eq \"a\"").expect(200);
}

/// What a sender means and the letter has no type for would find nobody, or everybody.
#[test]
fn filters_are_taken_as_meant_where_the_quirk_is_tolerated() {
    let urn = "urn:ietf:params:scim:schemas:core:2.0:User";
    let cases = [
        ("active eq \"True\"".to_owned(), 1, 0),
        ("active ne \"True\"".to_owned(), 1, 2),
        ("emails[primary eq \"true\"]".to_owned(), 1, 0),
        ("not (active eq \"FALSE\")".to_owned(), 1, 2),
        (format!("{urn}.userName eq \"in\""), 1, 0),
    ];
    let mut tolerant = Behaviour::default();
    tolerant.quirks = scim_core::quirk::Quirks::LENIENT;
    let mut strict = Behaviour::default();
    strict.quirks = scim_core::quirk::Quirks::STRICT;
    for (behaviour, is_tolerant) in [(tolerant, true), (strict, false)] {
        let service = Service::with(behaviour);
        for (name, active) in [("in", true), ("out", false)] {
            let emails = json!([{"value": "a@example.com", "primary": active}]);
            let user = json!({"schemas": [USER], "userName": name, "active": active, "emails": emails});
            service.send("POST", "/Users", &user).expect(201);
        }
        for (filter, meant, letter) in &cases {
            let total = if is_tolerant { meant } else { letter };
            assert_eq!(service.find("Users", filter).body["totalResults"], *total, "{filter}");
        }
    }
}
