//! Why the sides differ, as authentik's doctor sees it.

use authentik_client::doctor::{self, RemoteView};

use super::Run;
use crate::finding::Finding;
use crate::observe::{CloudflareSide, Observed};
use crate::report::Outcome;
use crate::verify::Verification;

/// How many findings stand for themselves: a dead server makes one per person.
const SHOWN: usize = 20;

impl Run {
    /// Names causes and cures after a verification that failed. What it finds explains the differences and
    /// adds none; a doctor that fails ends no run.
    pub(super) async fn diagnose(&mut self, observed: &Observed, verification: &Verification) {
        let Some(provider) = observed.authentik.provider.as_ref().filter(|_| !verification.synced()) else { return };
        let step = self.begin("ask authentik's doctor for the cause").await;
        match self.with.authentik.doctor(provider.pk, &view(&observed.cloudflare)).await {
            Ok(findings) => {
                let outcome = if findings.is_empty() { Outcome::Done } else { Outcome::Found };
                self.end(step, outcome, format!("{} findings", findings.len()));
                self.find(findings.iter().take(SHOWN).map(cause));
            }
            Err(error) => self.end(step, Outcome::Failed, error.to_string()),
        }
    }
}

/// What the SCIM side of the account holds; its own groups are none of authentik's business.
fn view(side: &CloudflareSide) -> RemoteView {
    RemoteView::new(side.users.clone(), side.custom_groups().cloned().collect())
}

fn cause(finding: &doctor::Finding) -> Finding {
    let evidence = match finding.evidence.as_slice() {
        [] => String::new(),
        evidence => format!(" ({})", evidence.join("; ")),
    };
    let calls = finding.cure().map(|cure| {
        let calls: Vec<String> = cure.plan().iter().map(ToString::to_string).collect();
        format!(" authentik's API can do it: {}.", calls.join(", then "))
    });
    Finding::warning(
        finding.code.as_str(),
        finding.resource.clone(),
        format!("{}{evidence}", finding.message),
        format!("{}{}", finding.advice, calls.unwrap_or_default()),
    )
}
