//! Making what a series of recordings presupposes: users, groups, an application, a provider, links.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::replay::Replay;

/// An application with a provider, synced before the first file begins.
pub(crate) struct Attached<'a> {
    /// Of provider and application, which is the slug too.
    pub(crate) name: &'a str,
    /// The provider's recorded pk.
    pub(crate) pk: i64,
    /// The groups bound to the application, which are the provider's filter too.
    pub(crate) bound: &'a [&'a str],
    /// Members of the provider that differ.
    pub(crate) extra: Value,
}

impl Replay {
    /// A user with the ids that the files show; its address is `name@example.test`.
    pub(crate) async fn user(&self, username: &str, name: &str) -> i64 {
        self.user_with(json!({"username": username, "name": name})).await
    }

    pub(crate) async fn user_with(&self, mut body: Value) -> i64 {
        let username = body["username"].as_str().unwrap().to_owned();
        if body["email"].is_null() {
            body["email"] = format!("{username}@example.test").into();
        }
        let known = self.server.lock().known.user(&username);
        let recorded = json!({"pk": known["pk"], "uid": known["uid"], "uuid": known["uuid"]});
        self.create("core/users/", body, &recorded).await["pk"].as_i64().unwrap()
    }

    /// `count` users `<prefix>-u0` and so on, named `First0 Last0`.
    pub(crate) async fn users(&self, prefix: &str, count: usize) -> Vec<i64> {
        let mut pks = Vec::new();
        for index in 0..count {
            pks.push(self.user(&format!("{prefix}-u{index}"), &format!("First{index} Last{index}")).await);
        }
        pks
    }

    /// A group with members; its uuid.
    pub(crate) async fn group(&self, name: &str, users: &[i64], parents: &[&str]) -> String {
        let known = self.server.lock().known.group(name);
        let body = json!({"name": name, "users": users, "parents": parents});
        let ours = self.create("core/groups/", body, &json!({"pk": known["pk"]})).await;
        ours["pk"].as_str().unwrap().to_owned()
    }

    /// Somebody who is in no bound group, for changes that other laboratories made meanwhile.
    pub(crate) async fn make_bystander(&mut self) {
        let body = json!({"username": "bystander", "name": "Somebody Else", "email": "", "type": "external"});
        self.bystander = self.create("core/users/", body, &Value::Null).await["pk"].as_i64().unwrap();
    }

    /// A managed mapping by what it is for.
    pub(crate) fn managed_mapping(&self, kind: &str) -> Value {
        let recorded = match kind {
            "user" => "a708568d-3f6c-46bc-b98f-255a39d5f718",
            _ => "c14f71b7-8473-4be3-9d50-2471179ed522",
        };
        self.server.lock().ids.to_ours(recorded).into()
    }

    /// Application, bindings and provider, and their first syncs: that of the creation and the spare one.
    pub(crate) async fn attach(&self, wanted: Attached<'_>) {
        self.attach_now(&wanted).await;
        tokio::time::sleep(Duration::from_secs(61)).await;
        self.settle().await;
    }

    /// The same without the spare sync, which comes with the next tick.
    pub(crate) async fn attach_now(&self, wanted: &Attached<'_>) {
        self.authentik.set_switch("first_sync", "late").unwrap();
        let known = self.server.lock().known.application(wanted.name);
        let body = json!({"name": wanted.name, "slug": wanted.name});
        let application = self.create("core/applications/", body, &json!({"pk": known})).await;
        for group in wanted.bound {
            let binding = json!({"target": application["pk"], "group": group, "order": 0});
            self.create("policies/bindings/", binding, &Value::Null).await;
        }
        let mut body = json!({"name": wanted.name, "url": "http://127.0.0.1:9020/v2", "token": "t",
            "property_mappings": [self.managed_mapping("user")],
            "property_mappings_group": [self.managed_mapping("group")],
            "group_filters": wanted.bound, "exclude_users_service_account": true});
        body.as_object_mut().unwrap().extend(wanted.extra.as_object().cloned().unwrap_or_default());
        let recorded = json!({"pk": wanted.pk, "meta_model_name": "x"});
        let provider = self.create("providers/scim/", body, &recorded).await;
        let path = format!("core/applications/{}/", wanted.name);
        let (status, answer) = self.raw("PATCH", &path, &json!({"backchannel_providers": [provider["pk"]]})).await;
        assert_eq!(status, 200, "{answer}");
        self.settle().await;
    }

    /// Waits until so many seconds before the first file.
    pub(crate) async fn until_before_start(&self, seconds: i64) {
        let start = self.server.lock().windows[0].0;
        self.server.until(start - SignedDuration::from_secs(seconds)).await;
    }

    /// A token that is expired when the first file begins, and one of an inactive owner.
    pub(crate) async fn make_bad_tokens(&mut self) {
        let owner = json!({"username": "bad", "name": "bad", "type": "service_account"});
        let owner = self.create("core/users/", owner, &Value::Null).await["pk"].clone();
        let off = json!({"username": "off", "name": "off", "is_active": false});
        let off = self.create("core/users/", off, &Value::Null).await["pk"].clone();
        for (name, user, expiring) in [("expired", owner, true), ("off", off, false)] {
            let token = json!({"identifier": name, "user": user, "intent": "api", "expiring": expiring});
            self.create("core/tokens/", token, &Value::Null).await;
            let key = self.get(&format!("core/tokens/{name}/view_key/")).await["key"].as_str().unwrap().to_owned();
            self.bad_tokens.push(key);
        }
    }

    /// The credentials that G10 calls by name, some from G30.
    pub(crate) async fn bad_credentials(&self) -> Vec<(&'static str, Option<String>)> {
        let app_password = self.get("core/tokens/svc-plain-app/view_key/").await["key"].as_str().unwrap().to_owned();
        let bearer = |key: &str| Some(format!("Bearer {key}"));
        let [expired, off] = &self.bad_tokens[..] else { panic!("make_bad_tokens first") };
        vec![
            ("none", None),
            ("wrong", bearer("wrong")),
            ("empty", bearer("")),
            ("basic", Some("Basic YTpi".to_owned())),
            ("lower", Some("bearer wrong".to_owned())),
            ("expired", bearer(expired)),
            ("app-password", bearer(&app_password)),
            ("app-password-of-service-account", bearer(&app_password)),
            ("inactive", bearer(off)),
            ("garbage", bearer("two words")),
        ]
    }
}
