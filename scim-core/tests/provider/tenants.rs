//! Who gets in, and to whom.
#![cfg(feature = "client")]

use bytes::Bytes;
use http::{Method, Request};
use scim_core::provider::{BearerAuth, InvalidToken, ServiceProvider, Tenants};
use scim_core::transport::Transport;
use serde_json::{Value, json};

use crate::support::{BULK, USER};

async fn send(service: &dyn Transport, token: &str, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(serde_json::to_vec(body).unwrap()) };
    let request = Request::builder().method(method).uri(format!("https://h/scim/v2{path}"));
    let request = request.header("authorization", format!("Bearer {token}")).body(body).unwrap();
    let response = service.send(request).await.unwrap();
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default())
}

fn two() -> Tenants {
    let tenants = Tenants::new().with_tenant(ServiceProvider::in_memory("/scim/v2"), ["token-a".into()]).unwrap();
    tenants.with_tenant(ServiceProvider::in_memory("/scim/v2"), ["token-b".into(), "token-b2".into()]).unwrap()
}

#[tokio::test]
async fn tenants_see_nothing_of_each_other() {
    let tenants = two();
    let user = json!({"schemas": [USER], "userName": "alice"});
    let (status, made) = send(&tenants, "token-a", Method::POST, "/Users", &user).await;
    assert_eq!(status, 201);
    let id = made["id"].as_str().unwrap();
    for token in ["token-b", "token-b2"] {
        for path in ["/Users", "/", "/Users?filter=userName%20eq%20%22alice%22"] {
            assert_eq!(send(&tenants, token, Method::GET, path, &Value::Null).await.1["totalResults"], 0, "{path}");
        }
        for method in [Method::GET, Method::DELETE] {
            assert_eq!(send(&tenants, token, method, &format!("/Users/{id}"), &Value::Null).await.0, 404);
        }
        let bulk = json!({"schemas": [BULK], "Operations": [{"method": "DELETE", "path": format!("/Users/{id}")}]});
        let (_, answer) = send(&tenants, token, Method::POST, "/Bulk", &bulk).await;
        assert_eq!(answer["Operations"][0]["status"], "404");
    }
    // What is unique is so within a tenant.
    assert_eq!(send(&tenants, "token-b", Method::POST, "/Users", &user).await.0, 201);
    assert_eq!(send(&tenants, "token-b2", Method::POST, "/Users", &user).await.0, 409);
    assert_eq!(send(&tenants, "token-a", Method::GET, &format!("/Users/{id}"), &Value::Null).await.0, 200);
}

#[tokio::test]
async fn a_cursor_of_one_tenant_shows_another_only_its_own() {
    let tenants = two();
    for n in 0..3 {
        let user = json!({"schemas": [USER], "userName": format!("a{n}")});
        assert_eq!(send(&tenants, "token-a", Method::POST, "/Users", &user).await.0, 201);
    }
    let page = send(&tenants, "token-a", Method::GET, "/Users?cursor&count=1", &Value::Null).await.1;
    let next = format!("/Users?cursor={}&count=1", page["nextCursor"].as_str().unwrap());
    let stolen = send(&tenants, "token-b", Method::GET, &next, &Value::Null).await.1;
    assert!(!stolen.to_string().contains("userName"), "{stolen}");
}

#[tokio::test]
async fn only_the_whole_token_opens() {
    let tenants = two();
    let single = BearerAuth::new(ServiceProvider::in_memory("/scim/v2")).with_token("token-a".into());
    let forgotten = BearerAuth::new(ServiceProvider::in_memory("/scim/v2")).with_token("".into());
    for service in [&tenants as &dyn Transport, &single, &forgotten] {
        for wrong in ["", " ", "token", "token-", "token-aa", "Token-a", "token-a ", "token-a,token-b"] {
            let (status, error) = send(service, wrong, Method::GET, "/Users", &Value::Null).await;
            assert_eq!((status, &error["status"]), (401, &json!("401")), "{wrong:?}");
        }
        for header in ["token-a", "Basic token-a", "Bearertoken-a", "bearer"] {
            let request = Request::get("https://h/scim/v2/Users").header("authorization", header);
            let response = service.send(request.body(Bytes::new()).unwrap()).await.unwrap();
            assert_eq!(response.status(), 401, "{header}");
            assert!(response.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer "));
        }
    }
    assert_eq!(send(&tenants, "token-a", Method::GET, "/Users", &Value::Null).await.0, 200);
    assert_eq!(send(&single, "token-a", Method::GET, "/Users", &Value::Null).await.0, 200);
}

#[test]
fn a_token_opens_one_tenant() {
    let more = |tokens: Vec<&str>| {
        let tokens: Vec<_> = tokens.into_iter().map(Into::into).collect();
        two().with_tenant(ServiceProvider::in_memory("/scim/v2"), tokens).err()
    };
    assert_eq!(more(vec!["token-c"]), None);
    assert_eq!(more(vec!["token-b2"]), Some(InvalidToken::Taken));
    assert_eq!(more(vec!["token-c", "token-c"]), Some(InvalidToken::Taken));
    assert_eq!(more(vec![""]), Some(InvalidToken::Empty));
    let text = format!("{:?}", two());
    assert!(!text.contains("token-a") && !text.contains("token-b2"), "{text}");
}
