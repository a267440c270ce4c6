//! Gives the synchronised groups their rights.

use super::Run;
use crate::error::Error;
use crate::finding::Finding;
use crate::observe::Observed;
use crate::plan::{Change, Outlook};
use crate::report::Outcome;
use crate::verify;

/// Findings that say that somebody is in a group who should not be, or may be.
const OTHERS_IN_IT: [&str; 3] = ["extra_membership", "unknown_member", "views_differ"];

impl Run {
    pub(super) async fn assign_policies(
        &mut self,
        mut observed: Observed,
        outlook: &Outlook,
    ) -> Result<Observed, Error> {
        let step = self.begin("assign the policies").await;
        let cloudflare = self.with.cloudflare.clone();
        let mut written = 0;
        let mut held = Vec::new();
        for planned in &outlook.plan.changes {
            let Change::SetPolicies { group } = &planned.change else { continue };
            // Rights for a group with people in it who should not be there would be theirs too.
            let quoted = format!("group {group:?}");
            let others = |it: &Finding| OTHERS_IN_IT.contains(&it.code.as_str()) && it.resource.ends_with(&quoted);
            if self.report.findings.iter().chain(&outlook.verification.findings).any(others) {
                held.push(group.clone());
                continue;
            }
            let Some(user_group) = verify::user_group(&observed.cloudflare, group) else { continue };
            let Ok(policies) = verify::wanted_policies(&self.spec, &observed.cloudflare, group) else { continue };
            match cloudflare.user_groups().set_policies(&user_group.id, &policies).await {
                Ok(_) => written += 1,
                Err(error) => {
                    let error = Error::from(error);
                    self.end(step, Outcome::Failed, error.to_string());
                    return Err(error);
                }
            }
        }
        if written > 0 {
            // What was written is not what is there: it is read anew.
            observed.cloudflare.user_groups = match cloudflare.user_groups().list().all().await {
                Ok(groups) => groups,
                Err(error) => {
                    let error = Error::from(error);
                    self.end(step, Outcome::Failed, error.to_string());
                    return Err(error);
                }
            };
        }
        let (outcome, text) = match (written, held.is_empty()) {
            (_, false) => (Outcome::Found, format!("held back while others are in the group: {}", held.join(", "))),
            (0, true) => (Outcome::Unchanged, String::new()),
            (n, true) => (Outcome::Updated, format!("{n} groups")),
        };
        self.end(step, outcome, text);
        Ok(observed)
    }
}
