//! Two embedded servers without a socket, and a job between them.
// Each test file uses its part of it; a failing set-up is a failing test.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use authentik_client::Authentik;
use authentik_client::embedded::{EmbeddedAuthentik, Profile};
use bytes::Bytes;
use cloudflare_scim::embedded::EmbeddedAccount;
use cloudflare_scim::{Cloudflare, Token};
use futures_util::StreamExt;
use provision::{Counters, Directory, Event, Finding, GroupPolicy, Mode, Person, Provisioner, Report, Spec, Team};
use scim_core::transport::{HostRouter, Transport, TransportError, TransportErrorKind, TransportExt};

/// A wire that can be cut: after so many requests, nothing answers any more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wire(Arc<Mutex<Option<u64>>>);

impl Wire {
    pub(crate) fn cut_after(&self, requests: u64) {
        *self.0.lock().unwrap() = Some(requests);
    }
}

#[derive(Debug)]
struct Cuttable {
    wire: Wire,
    inner: EmbeddedAccount,
}

#[async_trait]
impl Transport for Cuttable {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        {
            let mut left = self.wire.0.lock().unwrap();
            match left.as_mut() {
                Some(0) => return Err(TransportError::new(TransportErrorKind::Connect)),
                Some(left) => *left -= 1,
                None => {}
            }
        }
        self.inner.send(request).await
    }
}

pub(crate) struct Stage {
    pub(crate) account: EmbeddedAccount,
    pub(crate) authentik: EmbeddedAuthentik,
    pub(crate) job: Provisioner,
    pub(crate) counters: Counters,
    pub(crate) wire: Wire,
    cloudflare_wire: Arc<dyn Transport>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(Profile::V2026_8)
    }

    pub(crate) fn with(profile: Profile) -> Self {
        let account = EmbeddedAccount::builder().administrator("founder@acme.example").seed(7).build();
        account.set_switch("audit_delay", "0").unwrap();
        let wire = Wire::default();
        let cloudflare_wire: Arc<dyn Transport> = Arc::new(
            HostRouter::new()
                .route(account.authority(), Arc::new(Cuttable { wire: wire.clone(), inner: account.clone() })),
        );
        let authentik = EmbeddedAuthentik::builder(Arc::clone(&cloudflare_wire)).profile(profile).seed(7).build();
        let counters = Counters::default();
        let mut stage = Self {
            job: Provisioner::new(
                client_of(&authentik, authentik.token(), &counters),
                cloudflare_of(&account, &cloudflare_wire, &counters, None),
            ),
            account,
            authentik,
            counters,
            wire,
            cloudflare_wire,
        };
        stage.job = stage.job.with_counters(stage.counters.clone());
        stage
    }

    /// The same job with other tokens.
    pub(crate) fn with_tokens(&self, authentik: Option<&str>, api: Option<Token>) -> Provisioner {
        Provisioner::new(
            client_of(&self.authentik, authentik.unwrap_or(self.authentik.token()), &self.counters),
            cloudflare_of(&self.account, &self.cloudflare_wire, &self.counters, api),
        )
        .with_counters(self.counters.clone())
    }

    pub(crate) fn authentik_client(&self) -> Authentik {
        client_of(&self.authentik, self.authentik.token(), &Counters::default())
    }

    pub(crate) async fn run(&self, spec: Spec) -> Report {
        self.job.finish(spec, Mode::Apply).await
    }

    pub(crate) async fn plan(&self, spec: Spec) -> Report {
        self.job.finish(spec, Mode::Plan).await
    }

    /// Runs, and does something when a step has ended.
    pub(crate) async fn run_and(&self, spec: Spec, step: &str, act: impl Fn()) -> Report {
        let mut events = self.job.run(spec, Mode::Apply);
        while let Some(event) = events.next().await {
            match event {
                Event::StepFinished(it) if it.name == step => act(),
                Event::Finished(report) => return *report,
                _ => {}
            }
        }
        panic!("a run ends with a report");
    }

    /// Mutating requests so far: to authentik, and to Cloudflare by anybody.
    pub(crate) fn writes(&self) -> (u64, u64) {
        (self.counters.authentik.writes(), self.account.mutation_count())
    }
}

fn client_of(authentik: &EmbeddedAuthentik, token: &str, counters: &Counters) -> Authentik {
    let transport = authentik.clone().counted(Arc::clone(&counters.authentik)).shared();
    Authentik::builder("http://authentik.test".parse().unwrap(), token.to_owned().into())
        .transport(transport)
        .build()
        .unwrap()
}

fn cloudflare_of(
    account: &EmbeddedAccount,
    wire: &Arc<dyn Transport>,
    counters: &Counters,
    api: Option<Token>,
) -> Cloudflare {
    let base = account.client().unwrap().base_url().clone();
    Cloudflare::builder(account.account_id().clone())
        .api_token(api.unwrap_or_else(|| account.tokens().api.clone()))
        .scim_token(account.tokens().scim.clone())
        .base_url(base)
        .transport(Arc::clone(wire).counted(Arc::clone(&counters.cloudflare)).shared())
        .build()
        .unwrap()
}

pub(crate) fn person(username: &str, name: &str) -> Person {
    Person {
        username: username.to_owned(),
        name: name.to_owned(),
        email: format!("{username}@acme.example"),
        active: true,
        service_account: false,
    }
}

/// Six people in two groups: one in both, one inactive, one service account, one outsider.
pub(crate) fn company() -> Spec {
    let mut directory = Directory::default();
    directory.users = vec![
        person("ada", "Ada Lovelace"),
        person("miles", "Miles O'Brien"),
        person("zoe", "Zoë Müller-Łukaszewicz"),
        Person { active: false, ..person("left", "Long Gone") },
        Person { service_account: true, ..person("svc", "Backup") },
        person("outsider", "Out Sider"),
    ];
    let team = |name: &str, members: &[&str], out_of_scope| Team {
        name: name.to_owned(),
        members: members.iter().map(|it| (*it).to_owned()).collect(),
        out_of_scope,
    };
    directory.groups = vec![
        team("Engineers", &["ada", "miles", "left", "svc"], false),
        team("Auditors", &["ada", "zoe"], false),
        team("Alumni", &["outsider"], true),
    ];
    let mut spec = Spec::new("Cloudflare")
        .directory(directory)
        .policy(GroupPolicy::allow("Engineers", ["DNS"]))
        .policy(GroupPolicy::allow("Auditors", ["Audit Logs Viewer", "Administrator Read Only"]));
    spec.timing.poll_interval = Duration::from_millis(100);
    spec.timing.sync_deadline = Duration::from_secs(120);
    spec
}

pub(crate) fn find<'a>(report: &'a Report, code: &str) -> &'a Finding {
    let found = report.findings.iter().find(|finding| finding.code == code);
    found.unwrap_or_else(|| panic!("no finding {code} in {report:#?}"))
}

/// One call to authentik's API as the superuser.
pub(crate) async fn api(stage: &Stage, method: &str, path: &str, body: serde_json::Value) -> serde_json::Value {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("http://authentik.test/api/v3{path}"))
        .header("authorization", format!("Bearer {}", stage.authentik.token()))
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_string()))
        .unwrap();
    let answer = stage.authentik.send(request).await.unwrap();
    assert!(answer.status().is_success(), "{method} {path}: {answer:?}");
    serde_json::from_slice(answer.body()).unwrap_or_default()
}

/// The token of a service account with the role of facts/authentik.md §9 (recorded in G20).
pub(crate) async fn service_account_token(stage: &Stage) -> String {
    use serde_json::json;
    let user = json!({"username": "svc-scim", "name": "SCIM Service", "type": "service_account"});
    let user = api(stage, "POST", "/core/users/", user).await["pk"].clone();
    let role = api(stage, "POST", "/rbac/roles/", json!({"name": "scim provisioning"})).await;
    let role = role["pk"].as_str().unwrap().to_owned();
    let mut permissions: Vec<String> = Vec::new();
    let mut grant = |app: &str, actions: &[&str], models: &[&str]| {
        for action in actions {
            permissions.extend(models.iter().map(|model| format!("{app}.{action}_{model}")));
        }
    };
    let all = ["add", "view", "change", "delete"];
    grant("authentik_providers_scim", &all, &["scimprovider", "scimmapping"]);
    grant("authentik_providers_scim", &["add", "view", "delete"], &["scimprovideruser", "scimprovidergroup"]);
    grant("authentik_core", &all, &["user", "group", "application"]);
    grant("authentik_policies", &all, &["policybinding"]);
    grant("authentik_tasks_schedules", &["view", "change"], &["schedule"]);
    grant("authentik_tasks", &["view", "retry"], &["task"]);
    grant("authentik_events", &["view"], &["event"]);
    permissions
        .extend(["authentik_core.add_user_to_group", "authentik_core.remove_user_from_group"].map(str::to_owned));
    let assign = format!("/rbac/permissions/assigned_by_roles/{role}/assign/");
    api(stage, "POST", &assign, json!({"permissions": permissions})).await;
    api(stage, "POST", &format!("/rbac/roles/{role}/add_user/"), json!({"pk": user})).await;
    let token = json!({"identifier": "svc-scim-api", "user": user, "intent": "api", "expiring": false});
    api(stage, "POST", "/core/tokens/", token).await;
    let key = api(stage, "GET", "/core/tokens/svc-scim-api/view_key/", json!(null)).await;
    key["key"].as_str().unwrap().to_owned()
}
