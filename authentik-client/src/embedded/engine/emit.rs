//! Which tasks a change of the data queues: authentik's signals, after the commit (facts §6).

use std::time::Duration;

use super::super::clock::Clock;
use super::super::scope;
use super::super::state::{ObjectPk, State};
use super::schedule;
use super::task::Job;

/// How long after its creation a provider's first full sync begins; recorded were 1 to 3 s (E03, D10, H50).
const FIRST_SYNC: Duration = Duration::from_secs(1);

impl State {
    /// The providers that hear of changes: those with an application.
    fn listeners(&self) -> Vec<i64> {
        let used = self.providers.values().filter(|provider| self.application_of(provider).is_some());
        used.map(|provider| provider.pk).collect()
    }

    /// A user or group was saved.
    pub(crate) fn object_saved(&mut self, clock: &Clock, object: &ObjectPk) {
        self.saved_with(clock, object, None);
    }

    /// A group was saved whose members are stored a moment later: its event still sees `members`.
    pub(crate) fn group_saved_before_members(&mut self, clock: &Clock, group: &str, members: &[i64]) {
        self.saved_with(clock, &ObjectPk::Group(group.to_owned()), Some(members));
    }

    fn saved_with(&mut self, clock: &Clock, object: &ObjectPk, members: Option<&[i64]>) {
        for pk in self.listeners() {
            // A worker is quick: what holds at the commit holds for it, unless it is busy.
            let at_commit = self.switches.value("event_scope") == "commit";
            let contains = |provider| scope::contains(self, provider, object);
            let in_scope = self.providers.get(&pk).filter(|_| at_commit).map(contains);
            self.enqueue(
                clock,
                pk,
                Job::Direct { object: object.clone(), in_scope, members: members.map(<[i64]>::to_vec) },
            );
        }
    }

    /// Users joined (or left) a group. `racing`: they were created in the same call.
    pub(crate) fn members_changed(&mut self, clock: &Clock, group: &str, add: bool, users: &[i64], racing: bool) {
        if users.is_empty() {
            return;
        }
        for pk in self.listeners() {
            let job = Job::Members { group: group.to_owned(), add, users: users.to_vec(), racing };
            self.enqueue(clock, pk, job);
        }
    }

    /// A user or group is being deleted: its links go with it, each with a DELETE.
    pub(crate) fn object_deleted(&mut self, clock: &Clock, object: &ObjectPk) {
        let links = self.links.remove_if(|link| link.object == *object);
        for link in links {
            let job = Job::Delete { kind: object.kind(), pk: object.to_string(), scim_id: link.scim_id };
            self.enqueue(clock, link.provider, job);
        }
    }

    /// A provider was created or saved: its schedule is brought up to date (and un-paused), the
    /// ServiceProviderConfig forgotten, and a full sync queued.
    pub(crate) fn provider_saved(&mut self, clock: &Clock, provider: i64, created: bool) {
        if let Some(provider) = self.providers.get_mut(&provider) {
            provider.config = None;
        }
        let id = self.ids.uuid();
        schedule::update(self, clock, provider, id);
        let first = if created { self.switches.value("first_sync") } else { "now" };
        match first {
            "blind" => {
                let attached = self.providers.get(&provider).is_some_and(|known| self.application_of(known).is_some());
                self.enqueue_later(clock, provider, if attached { Job::Full } else { Job::Unattached }, FIRST_SYNC);
            }
            "late" => self.enqueue_later(clock, provider, Job::Full, FIRST_SYNC),
            _ => {
                self.enqueue(clock, provider, Job::Full);
            }
        }
    }

    /// A provider goes: links, schedule, tasks with it; nothing is sent.
    pub(crate) fn provider_deleted(&mut self, provider: i64) {
        self.providers.remove(&provider);
        self.links.remove_if(|link| link.provider == provider);
        self.schedules.retain(|schedule| schedule.provider != provider);
        self.tasks.retain(|task| task.provider != provider);
        for application in &mut self.applications {
            if application.provider == Some(provider) {
                application.provider = None;
            }
        }
    }
}
