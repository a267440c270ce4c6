//! Cloudflare's two views of a group, SCIM's and v4's, joined over user tag and membership id.

use std::collections::{BTreeMap, BTreeSet};

use super::Run;
use crate::error::Error;
use crate::finding::Finding;
use crate::observe::{CloudflareSide, v4_members};
use crate::report::Outcome;
use crate::verify;
use crate::world::Wanted;

impl Run {
    /// Rights follow v4's view, and the sync writes SCIM's: both have to name the same people.
    pub(super) async fn compare_views(&mut self, wanted: &Wanted, side: &CloudflareSide) -> Result<(), Error> {
        let step = self.begin("compare SCIM's view of the groups with v4's").await;
        let mut found = Vec::new();
        let mut groups = 0;
        let names: BTreeMap<&str, String> = side
            .users
            .iter()
            .filter_map(|user| Some((user.id.as_ref()?.as_str(), user.user_name.as_ref()?.to_lowercase())))
            .collect();
        for name in &wanted.groups {
            let (Some(scim), Some(group)) = (verify::scim_group(side, name), verify::user_group(side, name)) else {
                continue;
            };
            let by_v4 = match v4_members(&self.with.cloudflare, side, group).await {
                Ok(members) => members,
                Err(error) => return self.settle(step, Err(error), |()| (Outcome::Done, String::new())),
            };
            groups += 1;
            let tags = scim.members.iter().flatten().filter_map(|member| member.value.as_ref());
            let by_scim: BTreeSet<String> =
                tags.map(|tag| names.get(tag.as_str()).cloned().unwrap_or_else(|| tag.to_string())).collect();
            let differs = by_scim.symmetric_difference(&by_v4).count();
            if differs > 0 {
                found.push(Finding::difference(
                    "views_differ",
                    format!("group {name:?}"),
                    format!("SCIM and v4 disagree about {differs} of its members"),
                    "Look again in a minute; if it stays, tell Cloudflare's support.",
                ));
            }
        }
        let outcome = if found.is_empty() { Outcome::Done } else { Outcome::Found };
        self.end(step, outcome, format!("{groups} groups"));
        self.find(found);
        Ok(())
    }
}
