//! Lists: complete or an error, in a bounded number of requests.

use scim_core::client::ErrorKind;
use scim_core::filter::attr;
use scim_core::message::SortOrder;
use serde_json::{Value, json};

use crate::support::{body, client, full_client, lines, provider_client, response, text_client, users};

#[tokio::test]
async fn pages_advance_by_what_came() {
    // Asked for 100, the server sends 2, 2, 1.
    let (scim, seen) = client(|n| {
        let page = users(n * 2 + 1..(n * 2 + 3).min(6));
        (200, json!({"totalResults": 5, "Resources": page}))
    });
    let all = scim.users().list().count(100).all().await.unwrap();
    assert_eq!(all.len(), 5);
    let queries: Vec<_> = seen.lock().unwrap().iter().map(|r| r.uri().query().unwrap().to_owned()).collect();
    assert_eq!(queries, ["count=100", "startIndex=3&count=100", "startIndex=5&count=100"]);
}

#[tokio::test]
async fn a_page_that_comes_again_is_an_error_in_two_requests() {
    let (scim, seen) = client(|_| (200, json!({"totalResults": 1000, "Resources": users(1..3)})));
    let error = scim.users().list().all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InconsistentList);
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn an_empty_page_before_the_end_is_an_error() {
    let (scim, _) = client(|n| {
        let page = if n == 0 { users(1..3) } else { Vec::new() };
        (200, json!({"totalResults": 5, "Resources": page}))
    });
    let error = scim.users().list().all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InconsistentList);
    assert!(error.to_string().contains("2 resources came of 5"), "{error}");
}

#[tokio::test]
async fn a_count_that_is_too_small_does_not_cut_the_list() {
    let (scim, seen) = client(|n| {
        let page = if n < 3 { users(n * 2 + 1..n * 2 + 3) } else { Vec::new() };
        (200, json!({"totalResults": 0, "Resources": page}))
    });
    assert_eq!(scim.users().list().all().await.unwrap().len(), 6);
    assert_eq!(seen.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn cursors_are_followed_and_a_stuck_one_is_an_error() {
    let (scim, seen) = client(|n| match n {
        0 => (200, json!({"nextCursor": "b c", "Resources": users(1..3)})),
        _ => (200, json!({"Resources": users(3..4)})),
    });
    assert_eq!(scim.users().list().all().await.unwrap().len(), 3);
    assert_eq!(seen.lock().unwrap()[1].uri().query(), Some("cursor=b%20c"));

    let (scim, seen) = client(|n| (200, json!({"nextCursor": "same", "Resources": users(n * 2 + 1..n * 2 + 3)})));
    let error = scim.users().list().all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InconsistentList);
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn no_match_answered_404_is_an_empty_list_but_a_missing_endpoint_is_not() {
    let scim_404 = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": 404, "detail": "none"});
    let (scim, _) = client(move |_| (404, scim_404.clone()));
    assert!(scim.users().find(attr("userName").eq("x")).await.unwrap().is_empty());
    assert_eq!(scim.users().list().all().await.unwrap_err().kind(), ErrorKind::NotFound);

    let (scim, _) = text_client(|_| (404, "<html>no such page</html>".to_owned()));
    let error = scim.users().find(attr("userName").eq("x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(!error.is_not_found(), "a page of HTML says nothing of a resource");
}

#[tokio::test]
async fn a_list_that_shrinks_while_it_is_read_is_an_error() {
    let (scim, seen) = client(|n| (200, json!({"totalResults": 6 - n, "Resources": users(n * 2 + 1..n * 2 + 3)})));
    let error = scim.users().list().all().await.unwrap_err();
    assert!(error.to_string().contains("counted 6 resources and then 5"), "{error}");
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_list_that_grows_is_read_to_its_end() {
    let (scim, _) = client(|n| {
        let page = users(n * 2 + 1..(n * 2 + 3).min(6));
        (200, json!({"totalResults": if n == 0 { 4 } else { 5 }, "Resources": page}))
    });
    assert_eq!(scim.users().list().all().await.unwrap().len(), 5);
}

#[tokio::test]
async fn a_count_of_the_page_is_not_taken_for_that_of_the_list() {
    let page = |n: usize| users(n * 2 + 1..(n * 2 + 3).min(6));
    let (scim, seen) = client(move |n| (200, json!({"totalResults": page(n).len(), "Resources": page(n)})));
    assert_eq!(scim.users().list().count(2).all().await.unwrap().len(), 5);
    assert_eq!(seen.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn a_server_without_paging_is_believed() {
    // It ignores startIndex: what should not exist is the first page again.
    let (scim, seen) = client(|_| (200, json!({"totalResults": 2, "Resources": users(1..3)})));
    assert_eq!(scim.users().list().count(2).all().await.unwrap().len(), 2);
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_list_without_a_count_goes_on_while_its_pages_are_full() {
    let (scim, seen) = client(|n| (200, json!({"Resources": users(n * 2 + 1..(n * 2 + 3).min(6))})));
    assert_eq!(scim.users().list().count(2).all().await.unwrap().len(), 5);
    assert_eq!(seen.lock().unwrap().len(), 3);
    let (scim, _) = client(|_| (200, json!({"Resources": users(1..3)})));
    assert_eq!(scim.users().list().all().await.unwrap().len(), 2);
}

#[tokio::test]
async fn every_lie_about_the_count_ends() {
    // Five resources, then nothing.
    for total in [json!(6), json!(9_223_372_036_854_775_807_u64), json!(-1), json!("many"), json!(1e300)] {
        let (scim, seen) =
            client(move |n| (200, json!({"totalResults": total, "Resources": users(n + 1..(n + 2).min(6))})));
        let error = scim.users().list().all().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InconsistentList | ErrorKind::UnreadableBody), "{error}");
        assert!(seen.lock().unwrap().len() <= 6);
    }
    // New resources for ever, though the server counts none.
    let (scim, seen) = client(|n| (200, json!({"totalResults": 0, "Resources": users(n + 1..n + 2)})));
    let error = scim.users().list().all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InconsistentList);
    assert!(seen.lock().unwrap().len() <= 1_002);
}

#[tokio::test]
async fn empty_pages_with_cursors_and_circles_of_cursors_end() {
    let (scim, seen) = client(|n| (200, json!({"nextCursor": format!("c{n}"), "Resources": []})));
    assert_eq!(scim.users().list().all().await.unwrap_err().kind(), ErrorKind::InconsistentList);
    assert_eq!(seen.lock().unwrap().len(), 11);

    let (scim, seen) =
        client(|n| (200, json!({"nextCursor": format!("c{}", n % 3), "Resources": users(n * 2 + 1..n * 2 + 3)})));
    assert_eq!(scim.users().list().all().await.unwrap_err().kind(), ErrorKind::InconsistentList);
    assert_eq!(seen.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn a_walk_by_cursor_repeats_everything_else() {
    let (scim, seen) = client(|n| match n {
        0 => (200, json!({"nextCursor": "b", "totalResults": 3, "Resources": users(1..3)})),
        _ => (200, json!({"totalResults": 3, "Resources": users(3..4)})),
    });
    let list = scim.users().list().filter(attr("active").eq(true)).sort_by("userName", SortOrder::Descending);
    assert_eq!(list.count(2).by_cursor().all().await.unwrap().len(), 3);
    let rest = "filter=active%20eq%20true&sortBy=userName&sortOrder=descending";
    assert_eq!(
        lines(&seen),
        [format!("GET Users?{rest}&cursor=&count=2"), format!("GET Users?{rest}&cursor=b&count=2"),]
    );
    // The last page came and the count is not reached.
    let (scim, _) = client(|n| match n {
        0 => (200, json!({"nextCursor": "b", "totalResults": 4, "Resources": users(1..3)})),
        _ => (200, json!({"totalResults": 4, "Resources": users(3..4)})),
    });
    assert_eq!(scim.users().list().by_cursor().all().await.unwrap_err().kind(), ErrorKind::InconsistentList);
    // Asked for cursors, a server that has none pages by index.
    let (scim, seen) = client(|n| (200, json!({"totalResults": 3, "Resources": users(n * 2 + 1..(n * 2 + 3).min(4))})));
    assert_eq!(scim.users().list().by_cursor().all().await.unwrap().len(), 3);
    assert_eq!(lines(&seen), ["GET Users?cursor=", "GET Users?startIndex=3"]);
}

#[tokio::test]
async fn an_expired_cursor_is_told() {
    let (scim, _) = client(|n| match n {
        0 => (200, json!({"nextCursor": "b", "Resources": users(1..3)})),
        _ => (400, json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "scimType": "expiredCursor"})),
    });
    let error = scim.users().list().all().await.unwrap_err();
    assert_eq!(error.scim_type(), Some(&scim_core::message::ScimType::ExpiredCursor));
}

#[tokio::test]
async fn what_is_no_list_is_no_empty_list() {
    for text in [
        "{}",
        r#"{"id":"1","userName":"x"}"#,
        r#"{"success":true,"errors":[],"result":[]}"#,
        r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"500","detail":"x"}"#,
        "",
        "[]",
        "<html>",
    ] {
        let (scim, seen) = text_client(move |_| (200, text.to_owned()));
        let error = scim.users().list().all().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InconsistentList | ErrorKind::UnreadableBody), "{text}: {error}");
        assert_eq!(seen.lock().unwrap().len(), 1);
    }
    for text in [r#"{"totalResults":0}"#, r#"{"Resources":[]}"#, r#"{"totalResults":"0","resources":null}"#] {
        let (scim, _) = text_client(move |_| (200, text.to_owned()));
        assert!(scim.users().list().all().await.unwrap().is_empty(), "{text}");
    }
}

#[tokio::test]
async fn a_search_by_post_keeps_the_filter_out_of_the_url() {
    let (scim, seen) = client(|n| (200, json!({"totalResults": 3, "Resources": users(n * 2 + 1..(n * 2 + 3).min(4))})));
    let scim = scim.with_search_by_post();
    let found =
        scim.users().attributes(["userName"]).list().filter(attr("userName").sw("planted")).count(2).all().await;
    assert_eq!(found.unwrap().len(), 3);
    assert_eq!(lines(&seen), ["POST Users/.search", "POST Users/.search"]);
    let schema = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
    let search = |index: Value| {
        let mut body = json!({"schemas": [schema], "attributes": ["userName"],
            "filter": "userName sw \"planted\"", "count": 2});
        if !index.is_null() {
            body["startIndex"] = index;
        }
        body
    };
    assert_eq!(body(&seen, 0), search(Value::Null));
    assert_eq!(body(&seen, 1), search(json!(3)));
}

#[tokio::test]
async fn a_server_that_minds_personal_data_in_urls_gets_none_any_more() {
    let sensitive =
        r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"scimType":"sensitive","status":"403"}"#;
    let (scim, seen) = full_client(move |_, request| {
        Ok(match request.method().as_str() {
            "GET" => response(403, &[], sensitive),
            _ => response(200, &[], r#"{"totalResults":0}"#),
        })
    });
    for _ in 0..2 {
        assert!(scim.users().find(attr("userName").eq("planted")).await.unwrap().is_empty());
    }
    assert_eq!(lines(&seen)[1..], ["POST Users/.search", "POST Users/.search"]);
}

#[tokio::test]
async fn a_real_provider_answers_every_way_of_asking() {
    let (scim, _) = provider_client(|_, _, _| None);
    for n in 0..25 {
        scim.users().create(&scim_core::resource::User::new(format!("u{n:02}"))).await.unwrap();
    }
    let list = || scim.users().list().count(10).sort_by("userName", SortOrder::Descending);
    for all in [list().all().await, list().by_post().all().await, list().by_cursor().all().await] {
        let names: Vec<_> = all.unwrap().into_iter().filter_map(|user| user.user_name).collect();
        assert_eq!(names.len(), 25);
        assert_eq!(names[0], "u24");
    }
    let page = list().page(21).await.unwrap();
    assert_eq!((page.total_results, page.resources.len()), (Some(25), 5));
    let found = scim.search(&scim_core::message::SearchRequest::new()).await.unwrap();
    assert_eq!(found.resources.len(), 25);
}
