//! Who one is, users, groups, tokens.

use authentik_client::id::{GroupUuid, UserPk};
use authentik_client::model::{GroupPatch, NewGroup, NewToken, NewUser, TokenIntent, UserPatch, UserType};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::calls::{UUID, at, recorded, sends, uuid, with};
use crate::support;

#[tokio::test]
async fn who_and_what() {
    let version = sends(
        recorded("GET", at("admin/version/")),
        |it| async move { it.version().await },
        "GET admin/version/",
        Value::Null,
    );
    assert_eq!(version.await.version_current, "2026.8.0-rc1");
    let me = sends(
        recorded("GET", at("core/users/me/")),
        |it| async move { it.me().await },
        "GET core/users/me/",
        Value::Null,
    )
    .await;
    assert!(me.user.is_superuser);
}

#[tokio::test]
async fn groups_and_users() {
    let group = || recorded("POST", at("core/groups/"));
    let user = || recorded("POST", at("core/users/"));
    sends(
        group(),
        |it| async move { it.groups().create(&NewGroup::new("staff")).await },
        "POST core/groups/",
        json!({"name": "staff"}),
    )
    .await;
    sends(
        group(),
        |it| async move {
            let patch = with(GroupPatch::default(), |patch| patch.users = Some(vec![UserPk::new(1)]));
            it.groups().update(&uuid(), &patch).await
        },
        &format!("PATCH core/groups/{UUID}/"),
        json!({"users": [1]}),
    )
    .await;
    for (name, add) in [("add_user", true), ("remove_user", false)] {
        sends(
            Value::Null,
            |it| async move {
                let group: GroupUuid = uuid();
                let user = UserPk::new(7);
                if add { it.groups().add_user(&group, user).await } else { it.groups().remove_user(&group, user).await }
            },
            &format!("POST core/groups/{UUID}/{name}/"),
            json!({"pk": 7}),
        )
        .await;
    }
    sends(
        support::page(&[]),
        |it| async move { it.groups().list().with_member(UserPk::new(7)).without_user_objects().all().await },
        "GET core/groups/?members_by_pk=7&include_users=false&page=1&page_size=100",
        Value::Null,
    )
    .await;
    sends(
        user(),
        |it| async move { it.users().create(&NewUser::new("ada", "Ada").email("ada@x.test")).await },
        "POST core/users/",
        json!({"username": "ada", "name": "Ada", "email": "ada@x.test", "is_active": true, "type": "internal"}),
    )
    .await;
    sends(
        user(),
        |it| async move {
            let patch = with(UserPatch::default(), |patch| patch.is_active = Some(false));
            it.users().update(&UserPk::new(7), &patch).await
        },
        "PATCH core/users/7/",
        json!({"is_active": false}),
    )
    .await;
    sends(
        support::page(&[]),
        |it| async move {
            let list = it.users().list().in_group(&uuid()).active(true).of_type(&UserType::ServiceAccount);
            list.without_group_objects().ordering("-pk").page_size(20).all().await
        },
        &format!(
            "GET core/users/?groups_by_pk={UUID}&is_active=true&type=service_account&include_groups=false&ordering=-pk&page=1&page_size=20"
        ),
        Value::Null,
    )
    .await;
    sends(
        support::page(&[]),
        |it| async move { it.users().find("o'brien +&=é@x").await },
        "GET core/users/?username=o%27brien%20%2B%26%3D%C3%A9%40x&page=1&page_size=100",
        Value::Null,
    )
    .await;
}

#[tokio::test]
async fn tokens() {
    let created =
        sends(
            recorded("POST", at("core/tokens/")),
            |it| async move {
                it.tokens().create(&NewToken::api("svc-plain-forever".parse().unwrap(), UserPk::new(19))).await
            },
            "POST core/tokens/",
            json!({"identifier": "svc-plain-forever", "user": 19, "intent": "api", "expiring": false}),
        )
        .await;
    assert_eq!((created.identifier.as_str(), created.intent), ("svc-scim-api", TokenIntent::Api));
    let of_user = |user| {
        sends(
            recorded("GET", at("core/tokens/")),
            move |it| async move { it.tokens().of_user(UserPk::new(user)).await },
            "GET core/tokens/?ordering=identifier&page=1&page_size=100",
            Value::Null,
        )
    };
    let own = of_user(19).await;
    assert!(own.iter().any(|token| token.intent == TokenIntent::Api && !token.expiring));
    assert!(own.iter().any(|token| token.intent == TokenIntent::AppPassword));
    assert!(of_user(20).await.is_empty());
    let key = sends(
        json!({"key": "the-key"}),
        |it| async move { it.tokens().key(&"svc-plain-api".parse().unwrap()).await },
        "GET core/tokens/svc-plain-api/view_key/",
        Value::Null,
    )
    .await;
    assert_eq!(key.expose_secret(), "the-key");
    assert!(!format!("{key:?}").contains("the-key"));
    sends(
        Value::Null,
        |it| async move { it.tokens().delete(&"svc-plain-api".parse().unwrap()).await },
        "DELETE core/tokens/svc-plain-api/",
        Value::Null,
    )
    .await;
}
