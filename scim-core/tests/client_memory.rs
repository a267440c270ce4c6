//! A list of 100,000 users is streamed in bounded memory: one page, and eight bytes for each id seen.
//! Alone in its process, because the peak of the whole process is measured.
#![cfg(all(feature = "client", target_os = "linux"))]
#![allow(clippy::unwrap_used)] // a failing set-up is a failing test

use std::fmt::Write as _;

use bytes::Bytes;
use futures_util::TryStreamExt;
use scim_core::client::ScimClient;
use scim_core::transport::{TransportExt, from_fn};

const USERS: u64 = 100_000;
const PAGE: u64 = 500;

/// Users as wide as those of a directory: about a kilobyte each.
fn page(first: u64, total: u64) -> String {
    let mut body = format!(r#"{{"totalResults":{total},"startIndex":{first},"Resources":["#);
    for n in first..(first + PAGE).min(total + 1) {
        let comma = if n == first { "" } else { "," };
        write!(
            body,
            r#"{comma}{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"2819c223-7f76-453a-919d-{n:012}",
            "externalId":"person-{n}@directory.example.com","userName":"person.number.{n}@example.com",
            "name":{{"formatted":"Ms. Person Number {n}, III","familyName":"Number-{n}-of-the-directory","givenName":"Person"}},
            "displayName":"Person Number {n} of the directory","title":"Guide of the department of tours","active":true,
            "emails":[{{"value":"person.number.{n}@example.com","type":"work","primary":true}},
            {{"value":"person.number.{n}@home.example.org","type":"home"}}],
            "phoneNumbers":[{{"value":"tel:+1-555-555-{n:06}","type":"work"}}],
            "meta":{{"resourceType":"User","created":"2010-01-23T04:56:22Z","lastModified":"2011-05-13T04:42:34Z",
            "version":"W/\"a330bc54f0671c9{n}\"","location":"https://example.com/v2/Users/2819c223-7f76-453a-{n:012}"}}}}"#
        )
        .unwrap();
    }
    body.push_str("]}");
    body
}

/// Streams a list of that many users; how many came.
async fn stream(total: u64) -> u64 {
    let transport = from_fn(move |request: http::Request<Bytes>| async move {
        let query = request.uri().query().unwrap_or_default();
        let first =
            query.split('&').find_map(|pair| pair.strip_prefix("startIndex=")).map_or(1, |n| n.parse().unwrap());
        Ok(http::Response::new(Bytes::from(page(first, total))))
    });
    let scim = ScimClient::new("https://scim.example.com/scim/v2".parse().unwrap(), None, transport.shared());
    scim.users().list().stream().try_fold(0, |seen, _| async move { Ok(seen + 1) }).await.unwrap()
}

/// The peak of the process in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_hundred_thousand_users_are_streamed_in_bounded_memory() {
    // Two pages warm up: what the process needs anyway.
    assert_eq!(stream(2 * PAGE).await, 2 * PAGE);
    let before = peak();
    assert_eq!(stream(USERS).await, USERS);
    let grown = peak() - before;
    let json = page(1, USERS).len() as u64 * (USERS / PAGE) / 1024;
    println!("peak: {} KiB; {grown} KiB of it for {USERS} users, who are {json} KiB of JSON", peak());
    // The users themselves take more than a hundred megabytes.
    assert!(grown < 16 * 1024, "{grown} KiB more");
}
