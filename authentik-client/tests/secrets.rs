//! No secret leaves by a way that is printed.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use authentik_client::Authentik;
use authentik_client::id::ProviderPk;
use authentik_client::model::{NewScimProvider, ScimProvider, ScimProviderPatch};
use authentik_client::sync::WatchOptions;
use serde_json::{Value, json};
use support::{TOKEN, answer, page, scripted};

const SCIM_TOKEN: &str = "planted-scim-token-0815";

#[tokio::test]
async fn nothing_that_is_printed_holds_a_token() {
    let builder = Authentik::builder("http://authentik.test".parse().unwrap(), TOKEN.to_owned().into());
    let (client, _) = scripted(|asked| match asked.path.as_str() {
        "tasks/schedules/" => answer(
            200,
            &page(&[json!({"id": "09e8b9d9-8d7b-4075-a90c-9ff885f4d8a6", "actor_name": "x", "rel_obj_id": "1",
                "crontab": "* * * * *", "next_run": "2026-01-01T00:00:00Z"})]),
        ),
        "tasks/tasks/" => answer(200, &page(&[])),
        path if path.ends_with("/send/") => answer(200, &json!({})),
        _ => answer(500, &Value::Null),
    });
    let provider: ScimProvider =
        serde_json::from_value(json!({"pk": 1, "name": "p", "url": "https://x", "token": SCIM_TOKEN,
            "auth_oauth_params": {"client_secret": SCIM_TOKEN}, "unknown_secret": SCIM_TOKEN}))
        .unwrap();
    let new = NewScimProvider::new("p", "https://x", SCIM_TOKEN.to_owned().into());
    let mut patch = ScimProviderPatch::default();
    patch.token = Some(SCIM_TOKEN.to_owned().into());
    let watch = client.start_sync(ProviderPk::new(1), WatchOptions::default()).await.unwrap();
    let printed = [
        format!("{builder:?}"),
        format!("{client:?}"),
        format!("{:?}", client.scim_providers()),
        format!("{:?}", client.users().list().username("ada")),
        format!("{provider:?}"),
        format!("{new:?}"),
        format!("{patch:?}"),
        format!("{watch:?}"),
    ];
    for text in printed {
        assert!(!text.contains("planted"), "{text}");
    }
    // On the wire it is there.
    assert_eq!(serde_json::to_value(&new).unwrap()["token"], SCIM_TOKEN);
    assert_eq!(serde_json::to_value(&patch).unwrap(), json!({"token": SCIM_TOKEN}));
    assert_eq!(serde_json::to_value(&provider).unwrap()["token"], SCIM_TOKEN);
}

#[tokio::test]
async fn a_server_that_shows_the_header_does_not_get_the_token_printed() {
    for (status, body) in [
        (400, json!({"name": [format!("odd: {TOKEN}")]})),
        (403, json!({"detail": format!("Bearer {TOKEN} is not known")})),
        (500, json!({"headers": {"authorization": format!("Bearer {TOKEN}")}})),
    ] {
        let (client, _) = scripted(move |_| answer(status, &body));
        let error = client.version().await.unwrap_err();
        let shown = format!("{error} {error:?} {:?}", error.field_errors());
        assert!(!shown.contains("planted") && shown.contains("(the token)"), "{shown}");
    }
}

#[tokio::test]
async fn a_token_that_no_header_carries_is_refused_without_being_shown() {
    let (_, log) = scripted(|_| answer(200, &json!({})));
    let transport = scim_core::transport::from_fn(|_| async { panic!("nothing is sent") });
    let client = Authentik::builder("http://authentik.test".parse().unwrap(), format!("{TOKEN}\nx").into())
        .transport(scim_core::transport::TransportExt::shared(transport))
        .build()
        .unwrap();
    let error = client.version().await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("planted"));
    assert!(log.all().is_empty());
}
