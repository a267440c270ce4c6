//! What the client learns about a server, for how long it believes it; and `/Me`.

use std::time::Duration;

use scim_core::client::{Capabilities, ErrorKind};
use scim_core::resource::User;
use serde_json::json;

use crate::support::{client, full_client, id, lines, provider_client, response, text_client};

#[tokio::test(start_paused = true)]
async fn discovery_is_read_once_in_its_lifetime() {
    let (scim, seen) = client(|_| (200, json!({"patch": {"supported": true}, "filter": {"maxResults": "200"}})));
    let scim = scim.with_discovery_lifetime(Duration::from_secs(60));
    let requests = || seen.lock().unwrap().len();
    let known = scim.capabilities().await.unwrap();
    assert_eq!((known.patch, known.max_results, known.bulk), (Some(true), Some(200), None));
    scim.service_provider_config().await.unwrap();
    scim.clone().capabilities().await.unwrap();
    assert_eq!(requests(), 1);
    tokio::time::advance(Duration::from_secs(61)).await;
    scim.capabilities().await.unwrap();
    assert_eq!(requests(), 2);
    scim.forget_discovery();
    scim.capabilities().await.unwrap();
    assert_eq!(requests(), 3);
}

#[tokio::test(start_paused = true)]
async fn no_discovery_is_no_knowledge_and_not_asked_again() {
    for (status, body) in [(404, ""), (403, ""), (501, ""), (200, "<html>"), (301, "")] {
        let (scim, seen) = text_client(move |_| (status, body.to_owned()));
        for _ in 0..3 {
            assert_eq!(scim.capabilities().await.unwrap(), Capabilities::default());
        }
        assert_eq!(seen.lock().unwrap().len(), 1, "{status}");
        assert!(scim.service_provider_config().await.is_err());
    }
    // What may pass is no answer.
    for status in [401, 429, 503] {
        let (scim, seen) = text_client(move |_| (status, String::new()));
        assert!(scim.capabilities().await.is_err());
        assert!(scim.capabilities().await.is_err());
        assert_eq!(seen.lock().unwrap().len(), 2, "{status}");
    }
}

#[tokio::test]
async fn schemas_and_types_come_in_several_shapes() {
    let schema = json!({"id": "urn:x", "name": "X"});
    for body in [json!({"totalResults": 1, "Resources": [schema]}), json!({"resources": [schema]}), json!([schema])] {
        let (scim, seen) = client(move |_| (200, body.clone()));
        for _ in 0..2 {
            assert_eq!(scim.schemas().await.unwrap()[0].id(), "urn:x");
        }
        assert_eq!(lines(&seen), ["GET Schemas"]);
    }
    let (scim, _) = client(|_| (200, json!({"id": "urn:x"})));
    assert_eq!(scim.resource_types().await.unwrap_err().kind(), ErrorKind::UnreadableBody);

    let (scim, _) = provider_client(|_, _, _| None);
    assert!(scim.schemas().await.unwrap().len() >= 3);
    assert_eq!(scim.resource_types().await.unwrap().len(), 2);
    assert!(scim.service_provider_config().await.unwrap().supports_patch());
}

#[tokio::test]
async fn me_is_served_redirected_or_missing() {
    let (scim, _) = client(|_| (200, json!({"id": "7", "userName": "me"})));
    assert_eq!(scim.me::<User>().get().await.unwrap().id, Some(id("7")));

    let (scim, seen) = full_client(|n, _| {
        Ok(match n {
            0 | 2 => response(308, &[("location", "https://scim.example.com/scim/v2/Users/7")], ""),
            1 => response(200, &[], r#"{"id":"7","userName":"me"}"#),
            _ => response(204, &[], ""),
        })
    });
    assert_eq!(scim.me::<User>().get().await.unwrap().user_name.as_deref(), Some("me"));
    scim.me::<User>().delete().await.unwrap();
    assert_eq!(lines(&seen), ["GET Me", "GET Users/7", "DELETE Me", "DELETE Users/7"]);

    let (scim, seen) = full_client(|_, _| Ok(response(308, &[("location", "https://evil.example/Users/7")], "")));
    assert_eq!(scim.me::<User>().get().await.unwrap_err().kind(), ErrorKind::UnexpectedStatus);
    assert_eq!(lines(&seen), ["GET Me"]);

    let (scim, _) = text_client(|_| (501, String::new()));
    let error = scim.me::<User>().replace(&User::new("me")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(!error.may_have_been_applied());
}
