//! A provider that has sent two users, the server behind it, and a witness before authentik.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::lab::Lab;
use async_trait::async_trait;
use authentik_client::Authentik;
use authentik_client::doctor::RemoteView;
use authentik_client::embedded::{EmbeddedAuthentik, Profile};
use authentik_client::id::ProviderPk;
use authentik_client::withdrawal::{Afterwards, WithdrawalOptions, WithdrawalReport};
use bytes::Bytes;
use http::Method;
use scim_core::provider::{MemoryStore, ServiceProvider};
use scim_core::transport::{Transport, TransportError};
use serde_json::{Value, json};

pub(crate) type Refusal = Box<dyn FnMut(&str) -> bool + Send>;

/// The SCIM server: refuses DELETEs when it is told to.
pub(crate) struct Scim {
    pub(crate) service: ServiceProvider<MemoryStore>,
    pub(crate) refuses: Mutex<Option<Refusal>>,
    /// Answers its ServiceProviderConfig 429.
    pub(crate) busy: AtomicBool,
}

impl Scim {
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = http::Request::builder().method(method).uri(path).body(body).unwrap();
        let answer = self.service.handle(request);
        serde_json::from_slice(answer.body()).unwrap_or_default()
    }

    pub(crate) fn names(&self, kind: &str, name: &str) -> Vec<String> {
        let list = self.ask("GET", &format!("/v2/{kind}"), &Value::Null);
        let mut names: Vec<String> = list["Resources"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|resource| resource[name].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn users(&self) -> Vec<String> {
        self.names("Users", "userName")
    }

    pub(crate) fn groups(&self) -> Vec<String> {
        self.names("Groups", "displayName")
    }

    pub(crate) fn add_user(&self, name: &str) {
        let emails = json!([{"value": format!("{name}@elsewhere.test"), "type": "work"}]);
        let schema = "urn:ietf:params:scim:schemas:core:2.0:User";
        self.ask("POST", "/v2/Users", &json!({"schemas": [schema], "userName": name, "emails": emails}));
    }

    pub(crate) fn refuse(&self, refusal: impl FnMut(&str) -> bool + Send + 'static) {
        *self.refuses.lock().unwrap() = Some(Box::new(refusal));
    }

    pub(crate) fn view(&self) -> RemoteView {
        let users = self.ask("GET", "/v2/Users", &Value::Null)["Resources"].clone();
        let groups = self.ask("GET", "/v2/Groups", &Value::Null)["Resources"].clone();
        RemoteView::new(serde_json::from_value(users).unwrap(), serde_json::from_value(groups).unwrap())
    }
}

impl std::fmt::Debug for Scim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scim")
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Wire(Arc<Scim>);

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        tokio::time::sleep(Duration::from_millis(5)).await;
        if request.uri().path().ends_with("ServiceProviderConfig") && self.0.busy.load(Ordering::SeqCst) {
            return Ok(http::Response::builder().status(429).body(Bytes::new()).unwrap());
        }
        if request.method() == Method::DELETE {
            let path = request.uri().path().to_owned();
            if self.0.refuses.lock().unwrap().as_mut().is_some_and(|refuses| refuses(&path)) {
                let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "405"});
                return Ok(http::Response::builder().status(405).body(Bytes::from(body.to_string())).unwrap());
            }
        }
        self.0.service.send(request).await
    }
}

/// In front of authentik: remembers every write, and looks after each whether some provider belongs to an
/// application that lets everybody pass.
#[derive(Debug)]
pub(crate) struct Witness {
    pub(crate) authentik: EmbeddedAuthentik,
    pub(crate) writes: Mutex<Vec<String>>,
    /// What `admin/version/` says instead of the truth.
    pub(crate) version: Option<&'static str>,
    /// The application that it says everybody may open.
    pub(crate) passing: Mutex<Option<String>>,
    /// Whether somebody else starts a sync between the look at the links and the next sync.
    pub(crate) rival: AtomicBool,
    pub(crate) last: Mutex<String>,
}

impl Witness {
    pub(crate) async fn get(&self, path: &str) -> Value {
        let request = http::Request::get(format!("http://authentik/api/v3/{path}"))
            .header("authorization", format!("Bearer {}", self.authentik.token()));
        let answer = self.authentik.send(request.body(Bytes::new()).unwrap()).await.unwrap();
        serde_json::from_slice(answer.body()).unwrap()
    }

    pub(crate) async fn nobody_is_unbound(&self, after: &str) {
        for provider in self.get("providers/scim/").await["results"].as_array().unwrap() {
            let Some(slug) = provider["assigned_backchannel_application_slug"].as_str() else { continue };
            let application = self.get(&format!("core/applications/{slug}/")).await;
            let bindings =
                self.get(&format!("policies/bindings/?target={}", application["pk"].as_str().unwrap())).await;
            let bound = bindings["results"].as_array().unwrap().iter().any(|binding| binding["enabled"] == true);
            assert!(bound, "{slug} has the provider and no enabled binding after {after}");
        }
    }
}

#[async_trait]
impl Transport for Witness {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let path = request.uri().path().trim_start_matches("/api/v3/").to_owned();
        if let (Some(version), "admin/version/") = (self.version, path.as_str()) {
            return Ok(http::Response::new(Bytes::from(json!({"version_current": version}).to_string())));
        }
        if self.passing.lock().unwrap().as_ref().is_some_and(|slug| path.contains(slug))
            && path.contains("check_access")
        {
            return Ok(http::Response::new(Bytes::from(json!({"passing": true}).to_string())));
        }
        let last = std::mem::replace(&mut *self.last.lock().unwrap(), path.clone());
        let between = last == "providers/scim_users/" && path == "tasks/schedules/";
        if between && self.rival.swap(false, Ordering::SeqCst) {
            let schedule = self.get("tasks/schedules/").await["results"][0]["id"].clone();
            let send = format!("http://authentik/api/v3/tasks/schedules/{}/send/", schedule.as_str().unwrap());
            let send = http::Request::post(send).header("authorization", format!("Bearer {}", self.authentik.token()));
            self.authentik.send(send.body(Bytes::new()).unwrap()).await?;
            assert!(self.authentik.idle(Duration::from_secs(20)).await);
        }
        let write = (!request.method().is_safe()).then(|| {
            let body = std::str::from_utf8(request.body()).unwrap();
            format!("{} {path} {body}", request.method()).trim_end().to_owned()
        });
        let answer = self.authentik.send(request).await;
        if let Some(write) = write {
            self.nobody_is_unbound(&write).await;
            self.writes.lock().unwrap().push(write);
        }
        answer
    }
}

/// Ada and Ben in a bound group and sent, Eve out of scope; a foreign user on the server.
pub(crate) struct Scene {
    pub(crate) lab: Lab,
    pub(crate) scim: Arc<Scim>,
    pub(crate) witness: Arc<Witness>,
    pub(crate) client: Authentik,
    pub(crate) provider: ProviderPk,
    pub(crate) staff: String,
    pub(crate) ada: i64,
    pub(crate) ben: i64,
}

impl Scene {
    pub(crate) async fn new(profile: Profile) -> Self {
        Self::with(profile, json!({}), None).await
    }

    pub(crate) async fn with(profile: Profile, extra: Value, version: Option<&'static str>) -> Self {
        let scim = Arc::new(Scim {
            service: ServiceProvider::in_memory("/v2"),
            refuses: Mutex::new(None),
            busy: AtomicBool::new(false),
        });
        scim.add_user("foreign");
        let authentik = EmbeddedAuthentik::builder(Arc::new(Wire(Arc::clone(&scim)))).profile(profile).seed(1).build();
        authentik.set_switch("first_sync", "late").unwrap();
        let lab = Lab::of(authentik.clone()).await;
        let (ada, ben) = (lab.user("ada").await, lab.user("ben").await);
        lab.user("eve").await;
        let staff = lab.group("staff", &[ada, ben]).await;
        let provider = ProviderPk::new(lab.provider(&[&staff], extra).await);
        let witness = Arc::new(Witness {
            authentik,
            writes: Mutex::default(),
            version,
            passing: Mutex::default(),
            rival: AtomicBool::new(false),
            last: Mutex::default(),
        });
        let client =
            Authentik::builder("http://authentik.test".parse().unwrap(), lab.authentik.token().to_owned().into())
                .transport(Arc::clone(&witness) as Arc<dyn Transport>)
                .build()
                .unwrap();
        let scene = Self { lab, scim, witness, client, provider, staff, ada, ben };
        scene.settled().await;
        // The spare sync of a new schedule.
        tokio::time::sleep(Duration::from_secs(120)).await;
        scene.settled().await;
        scene
    }

    pub(crate) fn client_as(&self, token: &str) -> Authentik {
        Authentik::builder("http://authentik.test".parse().unwrap(), token.to_owned().into())
            .transport(Arc::clone(&self.witness) as Arc<dyn Transport>)
            .build()
            .unwrap()
    }

    pub(crate) async fn settled(&self) {
        assert!(self.lab.authentik.idle(Duration::from_secs(600)).await);
    }

    pub(crate) async fn run(&self, options: WithdrawalOptions) -> WithdrawalReport {
        self.client.withdrawal(self.provider, options).await.unwrap().run().await
    }

    /// The writes since the last look.
    pub(crate) fn writes(&self) -> Vec<String> {
        std::mem::take(&mut self.witness.writes.lock().unwrap())
    }

    pub(crate) async fn patch_provider(&self, body: Value) {
        self.lab.patch(&format!("providers/scim/{}/", self.provider), body).await;
        self.settled().await;
    }

    pub(crate) async fn provider_now(&self) -> Option<Value> {
        let got = self.lab.call("GET", &format!("providers/scim/{}/", self.provider), Value::Null).await;
        (got.status == 200).then(|| got.json())
    }

    pub(crate) async fn has_application(&self, slug: &str) -> bool {
        self.lab.call("GET", &format!("core/applications/{slug}/"), Value::Null).await.status == 200
    }

    pub(crate) async fn linked(&self) -> Vec<String> {
        let links = self.lab.get(&format!("providers/scim_users/?provider__id={}", self.provider)).await;
        links["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|link| link["user_obj"]["username"].as_str().unwrap().to_owned())
            .collect()
    }
}

pub(crate) fn delete_provider() -> WithdrawalOptions {
    WithdrawalOptions::default().afterwards(Afterwards::DeleteProvider)
}

pub(crate) fn usernames(links: &[authentik_client::model::ScimUserLink]) -> Vec<&str> {
    links.iter().map(|link| link.extra["user_obj"]["username"].as_str().unwrap()).collect()
}
