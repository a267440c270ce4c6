//! A provider with two users in one bound group, its doctor, and what the server holds.

use std::sync::Arc;
use std::time::Duration;

use authentik_client::Authentik;
use authentik_client::doctor::{Code, Finding, RemoteView};
use authentik_client::embedded::{EmbeddedAuthentikBuilder, Profile};
use authentik_client::id::ProviderPk;
use serde_json::{Value, json};

use crate::lab::Lab;

pub(crate) struct Clinic {
    pub(crate) lab: Lab,
    pub(crate) authentik: Authentik,
    pub(crate) provider: ProviderPk,
    pub(crate) ada: i64,
    pub(crate) staff: String,
}

impl Clinic {
    /// Set up and synced.
    pub(crate) async fn new(profile: Profile) -> Self {
        Self::with(|builder| builder.profile(profile), json!({})).await
    }

    pub(crate) async fn rc1() -> Self {
        Self::new(Profile::Rc1).await
    }

    pub(crate) async fn with(
        set: impl FnOnce(EmbeddedAuthentikBuilder) -> EmbeddedAuthentikBuilder,
        provider: Value,
    ) -> Self {
        let lab = Lab::with(set).await;
        let (ada, ben) = (lab.user("ada").await, lab.user("ben").await);
        let staff = lab.group("staff", &[ada, ben]).await;
        let provider = ProviderPk::new(lab.provider(&[&staff], provider).await);
        lab.settled().await;
        // The spare sync of a new schedule.
        tokio::time::sleep(Duration::from_secs(120)).await;
        lab.settled().await;
        let authentik = client(&lab, lab.authentik.token());
        Self { lab, authentik, provider, ada, staff }
    }

    pub(crate) fn view(&self) -> RemoteView {
        self.lab.shelf(|shelf| {
            let users = shelf.users.iter().map(|user| serde_json::from_value(user.clone()).unwrap());
            let groups = shelf.groups.iter().map(|group| serde_json::from_value(group.clone()).unwrap());
            RemoteView::new(users.collect(), groups.collect())
        })
    }

    pub(crate) async fn findings(&self) -> Vec<Finding> {
        self.authentik.doctor(self.provider, &self.view()).await.unwrap()
    }

    pub(crate) async fn codes(&self) -> Vec<Code> {
        self.findings().await.iter().map(|finding| finding.code).collect()
    }

    /// The one finding there is.
    pub(crate) async fn only(&self, code: Code) -> Finding {
        let mut findings = self.findings().await;
        let all: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(findings.len(), 1, "{code}: {all:#?}");
        let finding = findings.remove(0);
        assert_eq!(finding.code, code, "{finding}");
        sound(&finding);
        finding
    }

    /// The one finding of this code among others.
    pub(crate) async fn one_of(&self, code: Code) -> Finding {
        let mut findings = self.findings().await;
        let all: Vec<String> = findings.iter().map(ToString::to_string).collect();
        findings.retain(|finding| finding.code == code);
        assert_eq!(findings.len(), 1, "{code}: {all:#?}");
        let finding = findings.remove(0);
        sound(&finding);
        finding
    }

    /// Runs the finding's cure, lets the queue settle, and is well again.
    pub(crate) async fn cured(&self, finding: &Finding) {
        let cure = finding.cure().unwrap_or_else(|| panic!("no cure: {finding}"));
        let plan = cure.plan();
        assert!(!plan.is_empty());
        let report = cure.run().await;
        assert!(report.is_complete(), "{finding}: {:?}", report.failed);
        assert_eq!(report.done, plan);
        self.lab.settled().await;
        let left: Vec<String> = self.findings().await.iter().map(ToString::to_string).collect();
        assert!(left.is_empty(), "{}: {left:#?}", finding.code);
    }

    pub(crate) async fn patch_provider(&self, body: Value) {
        self.lab.patch(&format!("providers/scim/{}/", self.provider), body).await;
        self.lab.settled().await;
    }

    pub(crate) async fn add(&self, group: &str, user: i64) {
        self.lab.post(&format!("core/groups/{group}/add_user/"), json!({"pk": user})).await;
        self.lab.settled().await;
    }

    pub(crate) async fn remove(&self, group: &str, user: i64) {
        self.lab.post(&format!("core/groups/{group}/remove_user/"), json!({"pk": user})).await;
        self.lab.settled().await;
    }

    /// The server's user of this name.
    pub(crate) fn remote(&self, name: &str) -> Value {
        self.lab.shelf(|shelf| shelf.users.iter().find(|user| user["userName"] == name).cloned().unwrap_or_default())
    }

    pub(crate) fn change_remote(&self, name: &str, change: impl FnOnce(&mut Value)) {
        self.lab.shelf(|shelf| change(shelf.users.iter_mut().find(|user| user["userName"] == name).unwrap()));
    }

    /// Refuses matching requests until it is told otherwise.
    pub(crate) fn refuse(&self, method: &'static str, path: &'static str, status: u16) {
        let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": status.to_string(),
            "detail": "refused by the test"});
        self.lab.shelf(|shelf| {
            shelf.fault = Some(Box::new(move |found, target| {
                (found == method && target.starts_with(path)).then(|| Some((status, body.clone())))
            }));
        });
    }

    pub(crate) fn allow_all(&self) {
        self.lab.shelf(|shelf| shelf.fault = None);
    }
}

/// Every finding says what was seen and what to do.
fn sound(finding: &Finding) {
    assert!(!finding.evidence.is_empty() && finding.evidence.iter().all(|it| !it.is_empty()), "{finding}");
    assert!(finding.advice.ends_with('.'), "{finding}");
    assert!(!finding.message.ends_with('.'), "{finding}");
}

pub(crate) fn client(lab: &Lab, token: &str) -> Authentik {
    Authentik::builder("http://authentik.test".parse().unwrap(), token.to_owned().into())
        .transport(Arc::new(lab.authentik.clone()))
        .build()
        .unwrap()
}
