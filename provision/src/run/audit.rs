//! Finds the writes of a run in Cloudflare's audit log.

use std::collections::BTreeSet;
use std::time::Duration;

use cloudflare_scim::{AuditField, AuditQuery};
use jiff::{SignedDuration, Timestamp};
use scim_core::resource::Group;
use tokio::time::Instant;

use super::Run;
use crate::error::Error;
use crate::finding::Finding;
use crate::observe::CloudflareSide;
use crate::report::Outcome;

impl Run {
    /// Finds the writes of this run in Cloudflare's audit log.
    pub(super) async fn audit(
        &mut self,
        before: &CloudflareSide,
        after: &CloudflareSide,
        seen_writes: &mut u64,
    ) -> Result<(), Error> {
        let new = |after: BTreeSet<String>, before: BTreeSet<String>| after.difference(&before).count();
        let users = new(after.user_ids(), before.user_ids());
        let groups = new(after.group_ids(), before.group_ids());
        let gone = new(before.user_ids(), after.user_ids());
        let changed = changed_groups(before, after);
        let step = self.begin("find the writes in the audit log").await;
        let deadline = Instant::now() + self.spec.timing.audit_deadline;
        // Two clocks: a minute of grace on either side.
        let grace = SignedDuration::from_secs(60);
        let since = self.began.checked_sub(grace).unwrap_or(self.began);
        let pause = self.spec.timing.poll_interval.max(Duration::from_millis(100));
        loop {
            let now = Timestamp::now();
            let mut query = AuditQuery::between(since, now.checked_add(grace).unwrap_or(now)).limit(1000);
            if let Some(token) = &self.scim_token {
                query = query.only(AuditField::ActorTokenId, token.as_str());
            }
            let entries = match self.with.cloudflare.audit_logs().list(&query).all().await {
                Ok(entries) => entries,
                Err(error) => {
                    let error = Error::from(error);
                    self.end(step, Outcome::Failed, error.to_string());
                    return Err(error);
                }
            };
            let scim: Vec<_> = entries.iter().filter(|it| it.is_scim() && it.succeeded() != Some(false)).collect();
            *seen_writes = entries.iter().filter(|it| it.is_scim()).count() as u64;
            let count = |words: &[&str]| {
                scim.iter().filter(|it| it.description().is_some_and(|text| words.contains(&text))).count()
            };
            let found = (
                count(&["Create SCIM User"]),
                count(&["Create SCIM Group"]),
                count(&["Delete SCIM User", "Replace SCIM User", "Update SCIM User"]),
                count(&["Update SCIM Group"]),
            );
            if found.0 >= users && found.1 >= groups && found.2 >= gone && found.3 >= changed {
                self.end(step, Outcome::Done, format!("{} entries of SCIM writes", scim.len()));
                return Ok(());
            }
            if Instant::now() + pause > deadline {
                self.end(step, Outcome::Found, format!("{} entries of SCIM writes", scim.len()));
                let missing = format!(
                    "shows {} of {users} created users, {} of {groups} created groups, {} of {gone} removals and {} of {changed} changed groups after {} s",
                    found.0.min(users),
                    found.1.min(groups),
                    found.2.min(gone),
                    found.3.min(changed),
                    self.spec.timing.audit_deadline.as_secs()
                );
                self.find([Finding::warning(
                    "audit_incomplete",
                    "audit log",
                    missing,
                    "Entries can come late: look at the audit log again in a while.",
                )]);
                return Ok(());
            }
            tokio::time::sleep(pause).await;
        }
    }
}

/// How many groups have other members than before; a new one without members has not.
fn changed_groups(before: &CloudflareSide, after: &CloudflareSide) -> usize {
    let members = |group: &Group| -> BTreeSet<String> {
        group.members.iter().flatten().filter_map(|member| member.value.as_ref()).map(ToString::to_string).collect()
    };
    let then = |group: &Group| before.custom_groups().find(|it| it.id == group.id).map(members).unwrap_or_default();
    after.custom_groups().filter(|group| members(group) != then(group)).count()
}
