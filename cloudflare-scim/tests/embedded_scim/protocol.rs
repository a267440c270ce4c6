//! What holds for the whole endpoint: discovery, media types, lists, tokens, the audit log.

use cloudflare_scim::embedded::*;
use cloudflare_scim::*;
use serde_json::json;

use super::support::*;

#[tokio::test]
async fn discovery_says_what_the_document_says() {
    let account = EmbeddedAccount::new();
    let config = get(&account, "ServiceProviderConfig").await;
    assert_eq!(config.is(200).media, "application/scim+json");
    assert_eq!(config.body["patch"], json!({"supported": true}));
    assert_eq!(config.body["bulk"], json!({"supported": false, "maxOperations": 0, "maxPayloadSize": 0}));
    assert_eq!(config.body["filter"], json!({"supported": true, "maxResults": 100}));
    assert_eq!(config.body["authenticationSchemes"][0]["type"], "oauthbearertoken");
    for feature in ["sort", "etag", "changePassword"] {
        assert_eq!(config.body[feature], json!({"supported": false}));
    }

    let types = get(&account, "ResourceTypes").await;
    assert_eq!(
        (types.body["totalResults"].clone(), types.body["Resources"][1]["id"].clone()),
        (json!(2), json!("Group"))
    );
    assert_eq!(get(&account, "ResourceTypes/User").await.is(200).body["endpoint"], "/Users");
    let schemas = get(&account, "Schemas").await;
    assert_eq!(schemas.body["totalResults"], 2);
    let schema = get(&account, &format!("Schemas/{USER}")).await;
    let names: Vec<&str> =
        schema.is(200).body["attributes"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["userName", "name", "displayName", "active", "emails", "groups"]);

    for unknown in ["ResourceTypes/Device", "Schemas/urn:x", "ServiceProviderConfig/x"] {
        get(&account, unknown).await.refused(404, None);
    }
    scim(&account, "POST", "Schemas", None).await.refused(405, None);
    get(&account, "Schemas?count=1").await.is(200);
    account.set_switch("discovery_query", "refuse").unwrap();
    get(&account, "Schemas?count=1").await.refused(400, Some("invalidValue"));

    // What is no route is answered by the gateway.
    for path in ["Me", "Bulk", "Users/a/b", ""] {
        let answer = get(&account, path).await;
        assert_eq!((answer.status, answer.body["errors"][0]["code"].clone()), (404, json!(7003)), "{path}");
    }
}

#[tokio::test]
async fn what_no_document_shows_of_discovery() {
    let account = EmbeddedAccount::new();
    account.set_switch("unnamed_features", "absent").unwrap();
    let config = get(&account, "ServiceProviderConfig").await;
    for feature in ["sort", "etag", "changePassword"] {
        assert!(config.is(200).body.get(feature).is_none(), "{feature}");
    }
    assert_eq!(config.body["patch"], json!({"supported": true}));

    account.set_switch("unknown_document", "envelope").unwrap();
    for unknown in ["ResourceTypes/Device", "Schemas/urn:x"] {
        let answer = get(&account, unknown).await;
        assert_eq!((answer.status, answer.body["errors"][0]["code"].clone()), (404, json!(7003)), "{unknown}");
    }
    get(&account, "ResourceTypes/User").await.is(200);
}

#[tokio::test]
async fn media_types() {
    let account = EmbeddedAccount::new();
    send(&account, "POST", "Users", "application/json; charset=utf-8", Some(user("a@b.cd"))).await.is(201);
    send(&account, "POST", "Users", "text/plain", Some(user("b@b.cd"))).await.refused(415, None);
    account.set_switch("json_requests", "refuse").unwrap();
    send(&account, "POST", "Users", "application/json", Some(user("b@b.cd"))).await.refused(415, None);
    scim(&account, "POST", "Users", Some(user("b@b.cd"))).await.is(201);
}

#[tokio::test]
async fn lists_have_pages_and_one_filter() {
    let account = EmbeddedAccount::new();
    for n in 0..120 {
        add_user(&account, &format!("user{n:03}@example.com")).await;
    }
    let page = async |query: &str| {
        let body = get(&account, &format!("Users{query}")).await.is(200).body.clone();
        let numbers = ["totalResults", "startIndex", "itemsPerPage"].map(|name| body[name].as_u64().unwrap());
        (numbers, body["Resources"].as_array().unwrap().len())
    };
    assert_eq!(page("").await, ([121, 1, 100], 100));
    assert_eq!(page("?startIndex=101").await, ([121, 101, 21], 21));
    assert_eq!(page("?startIndex=-5&count=3").await, ([121, 1, 3], 3));
    assert_eq!(page("?count=0").await, ([121, 1, 0], 0));
    assert_eq!(page("?count=-1").await, ([121, 1, 0], 0));
    assert_eq!(page("?count=1000").await, ([121, 1, 100], 100));
    assert_eq!(page("?startIndex=500").await, ([121, 500, 0], 0));
    get(&account, "Users?count=x").await.refused(400, Some("invalidValue"));

    assert_eq!(page("?filter=userName%20eq%20%22USER007@example.com%22").await, ([1, 1, 1], 1));
    assert_eq!(page("?filter=USERNAME+EQ+%22user007%40example.com%22").await, ([1, 1, 1], 1));
    assert_eq!(page("?filter=userName%20eq%20%22nobody@example.com%22").await, ([0, 1, 0], 0));
    for filter in [
        "userName co \"a\"",
        "displayName eq \"a\"",
        "userName eq \"a\" or userName eq \"b\"",
        "userName pr",
        "userName eq",
        "",
        "userName eq 1",
        "not (userName eq \"a\")",
    ] {
        let filter: String = filter.bytes().fold(String::new(), |out, byte| out + &format!("%{byte:02X}"));
        get(&account, &format!("Users?filter={filter}")).await.refused(400, Some("invalidFilter"));
    }

    // A server that does not look at other filters lists everybody; one that it has still holds.
    account.set_switch("unsupported_filter", "ignore").unwrap();
    assert_eq!(page("?count=1&filter=displayName%20eq%20%22a%22").await, ([121, 1, 1], 1));
    assert_eq!(page("?filter=userName%20pr&count=2").await, ([121, 1, 2], 2));
    assert_eq!(page("?filter=userName%20eq%20%22user007@example.com%22").await, ([1, 1, 1], 1));
    account.set_switch("unsupported_filter", "refuse").unwrap();

    let users = account.client().unwrap().scim().users();
    for (value, requests) in [("100", 2), ("20", 7), ("5", 25)] {
        account.set_switch("scim_page", value).unwrap();
        account.clear_requests();
        assert_eq!(users.list().all().await.unwrap().len(), 121);
        assert_eq!(account.request_count(), requests);
    }
}

#[tokio::test]
async fn every_scim_write_is_in_the_audit_log() {
    let clock = ManualClock::default();
    let account = EmbeddedAccount::builder().clock(clock.clone()).build();
    let cloudflare = account.client().unwrap();
    let since = clock.now();
    let id = add_user(&account, "a@b.cd").await;
    let group = add_group(&account, "Ops").await;
    let (user_path, group_path) = (format!("Users/{id}"), format!("Groups/{group}"));
    scim(&account, "PUT", &user_path, Some(user("a@b.cd"))).await.is(200);
    scim(&account, "PATCH", &user_path, operations(&json!([{"op": "replace", "path": "active", "value": true}])))
        .await
        .is(200);
    scim(&account, "PATCH", &group_path, operations(&json!([{"op": "remove", "path": "members"}]))).await.is(200);
    scim(&account, "POST", "Users", Some(user("a@b.cd"))).await.refused(409, Some("uniqueness"));
    get(&account, &user_path).await.is(200);
    scim(&account, "DELETE", &user_path, None).await.is(204);
    scim(&account, "DELETE", &group_path, None).await.is(204);
    clock.advance(std::time::Duration::from_secs(1));
    let query = AuditQuery::between(since, clock.now()).direction(Direction::Ascending);
    let entries = cloudflare.audit_logs().list(&query).all().await.unwrap();
    let words: Vec<_> = entries.iter().map(|it| (it.description().unwrap(), it.kind().unwrap().as_str())).collect();
    assert_eq!(
        words,
        [
            ("Create SCIM User", "create"),
            ("Create SCIM Group", "create"),
            ("Replace SCIM User", "update"),
            ("Update SCIM User", "update"),
            ("Update SCIM Group", "update"),
            ("Create SCIM User", "create"),
            ("Delete SCIM User", "delete"),
            ("Delete SCIM Group", "delete"),
        ]
    );
    assert!(entries.iter().all(AuditEntry::is_scim));
    assert_eq!(entries.iter().filter(|it| it.succeeded() == Some(false)).count(), 1);
    assert_eq!(entries[0].resource.as_ref().unwrap().id.as_deref(), Some(id.as_str()));
    let token = cloudflare.tokens().verify_scim_token().await.unwrap();
    let actor = entries[0].actor.as_ref().unwrap();
    assert_eq!((actor.token_id.as_ref(), actor.kind.as_deref()), (Some(&token.id), Some("account")));
    assert_eq!(entries[0].raw.as_ref().unwrap().status_code, Some(201));
}

#[tokio::test]
async fn tokens_of_scim() {
    let account = EmbeddedAccount::new();
    let with_token = |token: &Token| {
        Cloudflare::builder(account.account_id().clone())
            .scim_token(token.clone())
            .transport(std::sync::Arc::new(account.clone()))
            .build()
            .unwrap()
            .scim()
    };
    let reader = with_token(&account.create_token("r", &[Permission::AccountSettingsRead]));
    reader.users().list().all().await.unwrap();
    let error = reader.users().create(&NewUser::new("a@b.cd")).await.unwrap_err();
    assert!(error.is_permission_missing() && error.to_string().contains("SCIM Provisioning"), "{error}");
    let writer = with_token(&account.create_token("w", &[Permission::AccountSettingsWrite]));
    writer.users().create(&NewUser::new("a@b.cd")).await.unwrap();
    let nobody = with_token(&Token::new("cfat_unknown"));
    for shape in ["envelope", "scim"] {
        account.set_switch("gateway_errors", shape).unwrap();
        let error = nobody.users().list().all().await.unwrap_err();
        assert!(error.is_unauthorized() && !error.is_permission_missing(), "{error}");
        assert_eq!(error.scim().is_some(), shape == "scim");
    }
}
