//! Carries the planned changes of authentik's side out: each one looks, compares and writes only what
//! differs, so that a run that was cut off can be started again.

use std::collections::BTreeMap;

use authentik_client::Authentik;
use authentik_client::ensure::{Change as Made, Ensured};
use authentik_client::id::UserPk;
use authentik_client::mapping::CLOUDFLARE_USER;
use authentik_client::model::{
    Application, Group, NewApplication, NewGroup, NewScimMapping, NewUser, ScimMapping, User,
};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::error::Error;
use crate::observe::mapping_name;
use crate::plan::{Change, Plan, new_user};
use crate::spec::{Person, Spec};

/// How many writes are under way at once.
const WRITES_AT_ONCE: usize = 8;

/// How much a step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) created: usize,
    pub(crate) updated: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, made: Made) {
        match made {
            Made::Created => self.created += 1,
            Made::Updated => self.updated += 1,
            Made::Unchanged => {}
        }
    }
}

fn wants(plan: &Plan, person: &str) -> bool {
    plan.has(|change| matches!(change, Change::CreateUser { username } | Change::UpdateUser { username } if username == person))
}

/// The users of the spec's directory, by username.
pub(crate) async fn users(
    authentik: &Authentik,
    spec: &Spec,
    plan: &Plan,
    known: &[User],
) -> Result<(Tally, BTreeMap<String, UserPk>), Error> {
    let mut pks: BTreeMap<String, UserPk> = known.iter().map(|user| (user.username.clone(), user.pk)).collect();
    let people = spec.directory.users.iter().filter(|person| wants(plan, &person.username));
    let is_known = |person: &&Person| known.iter().any(|user| user.username == person.username);
    let writes: Vec<_> = people.map(|it| put_user(authentik.clone(), new_user(it), is_known(&it))).collect();
    let made: Vec<_> = stream::iter(writes).buffered(WRITES_AT_ONCE).try_collect().await?;
    let mut tally = Tally::default();
    for user in made {
        tally.add(user.change);
        pks.insert(user.value.username, user.value.pk);
    }
    Ok((tally, pks))
}

/// Creates a user who was not there when both sides were read, without looking again first.
async fn put_user(authentik: Authentik, wanted: NewUser, known: bool) -> Result<Ensured<User>, Error> {
    if !known {
        match authentik.users().create(&wanted).await {
            Ok(value) => return Ok(Ensured { change: Made::Created, value }),
            // Somebody else was quicker.
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(authentik.ensure_user(&wanted).await?)
}

async fn ensure_member(authentik: Authentik, group: Group, user: UserPk) -> Result<Made, Error> {
    Ok(authentik.ensure_member(&group, user).await?)
}

/// The groups of the spec's directory, and those that it names.
pub(crate) async fn groups(authentik: &Authentik, spec: &Spec, known: &[Group]) -> Result<(Tally, Vec<Group>), Error> {
    let mut groups = known.to_vec();
    let mut tally = Tally::default();
    for team in &spec.directory.groups {
        if !groups.iter().any(|group| group.name == team.name) {
            groups.push(authentik.groups().create(&NewGroup::new(&team.name)).await?);
            tally.created += 1;
        }
    }
    for name in &spec.groups {
        if !groups.iter().any(|group| group.name == *name) {
            return Err(Error::Precondition(format!(
                "authentik has no group {name:?}: create it, or take it out of the job"
            )));
        }
    }
    Ok((tally, groups))
}

/// The memberships of the spec's directory.
pub(crate) async fn memberships(
    authentik: &Authentik,
    spec: &Spec,
    pks: &BTreeMap<String, UserPk>,
    groups: &[Group],
) -> Result<Tally, Error> {
    let mut writes = Vec::new();
    for team in &spec.directory.groups {
        let Some(group) = groups.iter().find(|group| group.name == team.name) else { continue };
        for username in &team.members {
            let pk = pks.get(username).ok_or_else(|| {
                Error::Precondition(format!("authentik has no user {username:?}, whom the group {:?} names", team.name))
            })?;
            if !group.users.contains(pk) {
                writes.push(ensure_member(authentik.clone(), group.clone(), *pk));
            }
        }
    }
    let made: Vec<Made> = stream::iter(writes).buffered(WRITES_AT_ONCE).try_collect().await?;
    let mut tally = Tally::default();
    for made in made {
        tally.add(made);
    }
    Ok(tally)
}

pub(crate) async fn application(
    authentik: &Authentik,
    spec: &Spec,
    known: Option<&Application>,
) -> Result<(Made, Application), Error> {
    if let Some(application) = known.filter(|application| application.name == spec.name) {
        return Ok((Made::Unchanged, application.clone()));
    }
    let slug = spec.slug.parse().map_err(|_| Error::Spec(vec![format!("{:?} is no slug", spec.slug)]))?;
    let made = authentik.ensure_application(&NewApplication::new(&spec.name, slug)).await?;
    Ok((made.change, made.value))
}

/// Bindings of the groups in scope. The first one has to exist before the provider is attached: an
/// application without bindings means everybody.
pub(crate) async fn bindings(
    authentik: &Authentik,
    spec: &Spec,
    application: &Application,
    groups: &[Group],
) -> Result<Tally, Error> {
    let mut tally = Tally::default();
    let mut existing = authentik.policy_bindings().of(&application.pk).all().await?;
    for name in &spec.groups {
        let Some(group) = groups.iter().find(|group| group.name == *name) else { continue };
        let made = authentik.ensure_group_binding(&existing, &application.pk, &group.pk).await?;
        tally.add(made);
        if made != Made::Unchanged {
            existing = authentik.policy_bindings().of(&application.pk).all().await?;
        }
    }
    Ok(tally)
}

pub(crate) async fn mapping(
    authentik: &Authentik,
    spec: &Spec,
    known: Option<&ScimMapping>,
) -> Result<(Made, ScimMapping), Error> {
    if let Some(mapping) = known.filter(|mapping| mapping.expression.trim() == CLOUDFLARE_USER.trim()) {
        return Ok((Made::Unchanged, mapping.clone()));
    }
    let made = authentik.ensure_mapping(&NewScimMapping::new(mapping_name(spec), CLOUDFLARE_USER)).await?;
    Ok((made.change, made.value))
}
