//! authentik's side, up to the provider that is linked and still in dry run.

use authentik_client::ensure::Change as Made;

use super::{Run, watch};
use crate::apply::{self, Tally};
use crate::error::Error;
use crate::event::Event;
use crate::observe::Observed;
use crate::plan::{self, Change, Plan};
use crate::report::Outcome;

impl Run {
    /// authentik's side, up to the provider that is linked and still in dry run. Says whether anything was
    /// written.
    pub(super) async fn set_up(&mut self, plan: &Plan, before: &Observed) -> Result<bool, Error> {
        let authentik = self.with.authentik.clone();
        let spec = self.spec.clone();
        let side = &before.authentik;
        let mut writes = 0;

        let step = self.begin("create the users in authentik").await;
        let result = apply::users(&authentik, &spec, plan, &side.users).await;
        let (tally, pks) = self.settle(step, result, |(tally, _)| tally_words(*tally, "users"))?;
        writes += tally.created + tally.updated;

        let step = self.begin("create the groups in authentik").await;
        let result = apply::groups(&authentik, &spec, &side.groups).await;
        let (tally, groups) = self.settle(step, result, |(tally, _)| tally_words(*tally, "groups"))?;
        writes += tally.created;

        let step = self.begin("put the users into the groups").await;
        let result = apply::memberships(&authentik, &spec, &pks, &groups).await;
        let tally = self.settle(step, result, |tally| tally_words(*tally, "memberships"))?;
        writes += tally.created;

        let step = self.begin("create the application").await;
        let result = apply::application(&authentik, &spec, side.application.as_ref()).await;
        let (made, application) = self.settle(step, result, |(made, it)| (outcome(*made), it.slug.to_string()))?;
        writes += usize::from(made != Made::Unchanged);

        let step = self.begin("bind the groups to the application").await;
        let needed = plan.has(|change| matches!(change, Change::BindGroup { .. }));
        let result =
            if needed { apply::bindings(&authentik, &spec, &application, &groups).await } else { Ok(Tally::default()) };
        let tally = self.settle(step, result, |tally| tally_words(*tally, "bindings"))?;
        writes += tally.created;

        let step = self.begin("create the property mapping").await;
        let result = apply::mapping(&authentik, &spec, side.user_mapping.as_ref()).await;
        let (made, mapping) = self.settle(step, result, |(made, it)| (outcome(*made), it.name.clone()))?;
        writes += usize::from(made != Made::Unchanged);

        let step = self.begin("create the SCIM provider").await;
        let needed = plan.has(|change| matches!(change, Change::CreateProvider | Change::UpdateProvider { .. }));
        let result = match &side.provider {
            Some(provider) if !needed => Ok((Made::Unchanged, provider.clone())),
            _ => {
                let mut now = before.clone();
                now.authentik.groups = groups;
                now.authentik.user_mapping = Some(mapping);
                let wanted = plan::new_provider(&spec, &self.with.cloudflare, &now);
                let made = authentik.ensure_scim_provider(&wanted).await;
                made.map(|made| (made.change, made.value)).map_err(Error::from)
            }
        };
        let (made, provider) = self.settle(step, result, |(made, it)| {
            let state = if it.dry_run { ", in dry run" } else { "" };
            (outcome(*made), format!("{} to {}{state}", it.name, it.url))
        })?;
        writes += usize::from(made != Made::Unchanged);
        if made == Made::Updated && !provider.dry_run {
            // Saving it has started a real sync: nothing is to be read while that runs.
            let step = self.begin("wait for the sync that this started").await;
            let timing = self.spec.timing.clone();
            let events = self.events.clone();
            let news = move |text: String| {
                let _unheard = events.send(Event::Progress { text });
            };
            let quiet = watch::quiet(&authentik, provider.pk, &self.with.cloudflare.clone(), &timing, &news).await;
            self.settle(step, quiet, |()| (Outcome::Done, String::new()))?;
        }

        let step = self.begin("link the provider to the application").await;
        let result = authentik.ensure_attached(&application, provider.pk).await.map_err(Error::from);
        let made = self.settle(step, result, |made| (outcome(*made), String::new()))?;
        writes += usize::from(made != Made::Unchanged);
        Ok(writes > 0)
    }
}

fn outcome(made: Made) -> Outcome {
    match made {
        Made::Created => Outcome::Created,
        Made::Updated => Outcome::Updated,
        Made::Unchanged => Outcome::Unchanged,
    }
}

fn tally_words(tally: Tally, what: &str) -> (Outcome, String) {
    match (tally.created, tally.updated) {
        (0, 0) => (Outcome::Unchanged, String::new()),
        (0, updated) => (Outcome::Updated, format!("{updated} {what} updated")),
        (created, 0) => (Outcome::Created, format!("{created} {what}")),
        (created, updated) => (Outcome::Created, format!("{created} {what}, {updated} updated")),
    }
}
