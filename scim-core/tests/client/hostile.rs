//! Hostile URLs and ids from servers: none is followed, none leaves its place in the path.

use scim_core::client::{Error, ScimClient};
use scim_core::resource::{Group, ResourceId, User};
use serde_json::json;

use crate::support::{Seen, full_client, id, response};

/// 1,000 URLs that a hostile server could send, none of them this server's.
fn urls() -> Vec<String> {
    let schemes = ["http", "https", "HTTP", "ftp", "file", "gopher", "javascript", "data", "jar", "ldap"];
    let hosts = [
        "evil.example",
        "169.254.169.254",
        "[::1]",
        "127.0.0.1:1",
        "scim.example.com.evil.example",
        "scim.example.com@evil.example",
        "scim.example.com:81",
        "localhost",
        "0x7f000001",
        "evil.example\\@scim.example.com",
    ];
    let paths = [
        "scim/v2/Users/1",
        "scim/v2/Users/..%2f..%2fadmin",
        "",
        "latest/meta-data/",
        "scim/v2/Users/1?x=https://scim.example.com",
        "%0d%0aHost:%20evil",
        "../../../etc/passwd",
        "scim/v2/Users/1#https://scim.example.com/scim/v2",
        "scim/v2//evil.example/Users",
        "Users/\u{202e}1",
    ];
    let mut urls = Vec::new();
    for scheme in schemes {
        for host in hosts {
            urls.extend(paths.map(|path| format!("{scheme}://{host}/{path}")));
        }
    }
    urls
}

/// Every call that reads answers, once. What it ends with does not matter here.
async fn call_everything(scim: &ScimClient) -> Vec<Error> {
    let one: ResourceId = id("1");
    let users = scim.users();
    let mut errors = Vec::new();
    errors.extend(users.get(&one).await.err());
    errors.extend(users.create(&User::new("x")).await.err());
    errors.extend(users.replace(&one, &User::new("x")).await.err());
    errors.extend(users.edit(&one, |user| user.title = Some("t".into())).await.err());
    errors.extend(users.list().all().await.err());
    errors.extend(scim.members(&one).remove(["1"]).await.err());
    errors.extend(scim.groups().create(&Group::new("x")).await.err());
    errors.extend(scim.me::<User>().get().await.err());
    errors.extend(scim.schemas().await.err());
    let mut bulk = scim.bulk();
    bulk.create(&User::new("x"));
    errors.extend(bulk.send().await.err());
    errors.extend(users.delete(&one).await.err());
    errors
}

fn hostile(url: String, status: u16) -> (ScimClient, Seen) {
    full_client(move |_, request| {
        let resource = json!({
            "id": "1", "userName": "x", "displayName": "x",
            "meta": {"location": url, "version": "W/\"1\""},
            "members": [{"value": "1", "$ref": url}],
            "groups": [{"value": "1", "$ref": url}],
            "profileUrl": url,
        });
        let list =
            json!({"totalResults": 1, "next": url, "nextLink": url, "links": {"next": url}, "Resources": [resource]});
        let bulk = json!({"Operations": [{"bulkId": "b1", "method": "POST", "status": "201", "location": url}]});
        let path = request.uri().path();
        let is_list = request.method() == "GET" && (path.ends_with("/Users") || path.ends_with("/Schemas"));
        let body = if is_list {
            list
        } else if path.ends_with("/Bulk") {
            bulk
        } else {
            resource
        };
        let body = if status == 200 { body.to_string() } else { String::new() };
        let mut response = response(status, &[], &body);
        for name in ["location", "content-location", "refresh", "link"] {
            if let Ok(value) = http::HeaderValue::from_bytes(url.as_bytes()) {
                response.headers_mut().insert(name, value);
            }
        }
        Ok(response)
    })
}

#[tokio::test]
async fn no_url_that_a_server_sends_is_followed() {
    let urls = urls();
    assert_eq!(urls.len(), 1_000);
    for (n, url) in urls.into_iter().enumerate() {
        let status = [200, 200, 201, 202, 301, 302, 307, 308][n % 8];
        let (scim, seen) = hostile(url.clone(), status);
        for error in call_everything(&scim).await {
            assert!(!format!("{error} {error:?}").contains("evil"), "{url}: {error}");
        }
        for request in seen.lock().unwrap().iter() {
            let asked = request.uri().to_string();
            assert!(asked.starts_with("https://scim.example.com/scim/v2/"), "{url}: {asked}");
            let rest = asked.strip_prefix("https://scim.example.com/scim/v2/").unwrap();
            let own = ["Users", "Groups", "Me", "Schemas", "Bulk", "ServiceProviderConfig"];
            let (first, id) = rest.split('?').next().unwrap().split_once('/').unwrap_or((rest, ""));
            assert!(own.contains(&first.split('?').next().unwrap()) && (id.is_empty() || id == "1"), "{url}: {asked}");
        }
    }
}

#[tokio::test]
async fn ids_keep_their_place_in_the_path_or_are_refused() {
    for (text, path) in [
        ("../x", "..%2Fx"),
        ("a%2Fb", "a%252Fb"),
        ("?", "%3F"),
        ("a?b=c#d", "a%3Fb%3Dc%23d"),
        ("\0", "%00"),
        ("\r\nHost: evil", "%0D%0AHost%3A%20evil"),
        ("a b", "a%20b"),
        ("é", "%C3%A9"),
        ("bulkId:x", "bulkId%3Ax"),
        ("https://evil.example/", "https%3A%2F%2Fevil.example%2F"),
    ] {
        let (scim, seen) = full_client(move |_, _| Ok(response(204, &[], "")));
        scim.users().delete(&id(text)).await.unwrap();
        scim.members(&id(text)).add(["m"]).await.unwrap();
        let seen = seen.lock().unwrap();
        assert_eq!(seen[0].uri().to_string(), format!("https://scim.example.com/scim/v2/Users/{path}"));
        assert_eq!(seen[1].uri().to_string(), format!("https://scim.example.com/scim/v2/Groups/{path}"));
    }
    for text in [".", ".."] {
        let (scim, seen) = full_client(|_, _| Ok(response(204, &[], "")));
        assert!(scim.users().delete(&id(text)).await.is_err(), "{text:?}");
        assert!(scim.groups().get(&id(text)).await.is_err());
        assert!(seen.lock().unwrap().is_empty(), "{text:?} was sent");
    }
    assert!("".parse::<ResourceId>().is_err());
}

#[tokio::test]
async fn an_id_in_a_filter_or_a_path_stays_a_value() {
    let (scim, seen) = full_client(|_, _| Ok(response(204, &[], "")));
    let hostile = "1\"] or members[value pr";
    scim.members(&id("g")).remove([hostile]).await.unwrap();
    let sent: serde_json::Value = serde_json::from_slice(seen.lock().unwrap()[0].body()).unwrap();
    let path = sent["Operations"][0]["path"].as_str().unwrap();
    assert_eq!(path, r#"members[value eq "1\"] or members[value pr"]"#);
    let parsed = scim_core::path::PatchPath::parse(path).unwrap();
    assert_eq!(parsed.attribute().name(), "members");
}
