//! Who is sent, by what, and what has been sent; and what the first real sync would do to what the SCIM
//! server holds already.
//!
//! [`scope`] computes both from data; this reads the data.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::api::Authentik;
use crate::doctor::RemoteView;
use crate::error::Error;
use crate::id::{BindingUuid, GroupUuid, ProviderPk, UserPk};
use crate::model::{
    Application, BindingSubject, Group, PolicyBinding, ScimGroupLink, ScimProvider, ScimUserLink, User,
};
use crate::profile::Profile;
use crate::scope::{self, Reason, RemoteGroup, RemoteUser, ScopeBinding, ScopeGroup, ScopeUser, Verdict};

/// One provider's side of authentik: everybody with the reason to be sent or not, and what is linked.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Survey {
    /// Which authentik it is.
    pub profile: Profile,
    /// The provider.
    pub provider: ScimProvider,
    /// The application that it belongs to. Without one nobody is sent.
    pub application: Option<Application>,
    /// The application's bindings.
    pub bindings: Vec<PolicyBinding>,
    /// Every user of authentik.
    pub users: Vec<User>,
    /// Every group of authentik.
    pub groups: Vec<Group>,
    /// What the provider has linked to users.
    pub user_links: Vec<ScimUserLink>,
    /// What the provider has linked to groups.
    pub group_links: Vec<ScimGroupLink>,
    /// Why each user is sent or not; empty without an application.
    pub scope: BTreeMap<UserPk, Reason>,
}

impl Authentik {
    /// Reads one provider's side of authentik whole: a request per hundred users, groups and links, and
    /// five more; two on top where no binding is enabled.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn survey(&self, provider: ProviderPk) -> Result<Survey, Error> {
        let profile = Profile::of(&self.version().await?.version_current);
        let provider = self.scim_providers().get(&provider).await?;
        let application = match &provider.assigned_backchannel_application_slug {
            Some(slug) => Some(self.applications().get(slug).await?),
            None => None,
        };
        let bindings = match &application {
            Some(application) => self.policy_bindings().of(&application.pk).all().await?,
            None => Vec::new(),
        };
        let users = self.users().list().ordering("pk").without_group_objects().all().await?;
        let groups = self.groups().list().without_user_objects().all().await?;
        let user_links = self.scim_user_links().of(provider.pk).all().await?;
        let group_links = self.scim_group_links().of(provider.pk).all().await?;
        let scope = match &application {
            Some(application) => {
                let scope = scope::of_provider(&profile, &provider, application, &bindings, &users, &groups);
                scope::with_default_access(self, &profile, application, scope).await?
            }
            None => BTreeMap::new(),
        };
        Ok(Survey { profile, provider, application, bindings, users, groups, user_links, group_links, scope })
    }
}

/// What the first real sync would do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FirstSync {
    /// Each remote user that is not linked yet, with what becomes of it.
    pub users: Vec<(RemoteUser, Verdict<UserPk>)>,
    /// Each remote group that is not linked yet, with what becomes of it.
    pub groups: Vec<(RemoteGroup, Verdict<GroupUuid>)>,
    /// Users that are created: in scope, not linked, and nobody on the server is taken for them or seems to be in
    /// the way ([`Verdict::OnConflict`]). Whom the
    /// mapping leaves out is not known here and counts as created.
    pub created_users: Vec<UserPk>,
    /// Groups that are created.
    pub created_groups: Vec<GroupUuid>,
}

impl FirstSync {
    /// Whether it deletes nobody, for certain.
    pub fn is_safe(&self) -> bool {
        !self.users.iter().any(|(_, verdict)| verdict.is_dangerous())
            && !self.groups.iter().any(|(_, verdict)| verdict.is_dangerous())
    }
}

impl Survey {
    /// Whether a group is sent.
    pub fn sends_group(&self, group: &GroupUuid) -> bool {
        let filters = self.provider.group_filters.as_deref().unwrap_or_default();
        self.application.is_some() && (filters.is_empty() || filters.contains(group))
    }

    /// The enabled bindings that let a user pass by themselves; none of a policy, which only authentik can
    /// evaluate.
    pub fn passes_by(&self, user: UserPk) -> Vec<&BindingUuid> {
        let Some(user) = self.users.iter().find(|it| it.pk == user).map(ScopeUser::from) else { return Vec::new() };
        let groups: Vec<ScopeGroup> = self.groups.iter().map(ScopeGroup::from).collect();
        let passes = |binding: &&PolicyBinding| {
            let one = [ScopeBinding::from(*binding)];
            let mode = crate::model::PolicyEngineMode::Any;
            let reasons = scope::users(std::slice::from_ref(&user), &groups, &one, &mode, false);
            binding.enabled && reasons.get(&user.pk) == Some(&Reason::Bound)
        };
        self.bindings.iter().filter(passes).map(|binding| &binding.pk).collect()
    }

    /// Why a user is sent or not, in words: `in scope: bound by group "staff"`, `out of scope: ...`.
    pub fn explain(&self, user: UserPk) -> String {
        let Some(reason) = self.scope.get(&user) else {
            return match (&self.application, self.users.iter().any(|known| known.pk == user)) {
                (None, _) => "out of scope: the provider belongs to no application".to_owned(),
                (Some(_), known) => format!("out of scope: {}", if known { "not examined" } else { "no such user" }),
            };
        };
        let by: Vec<String> = match reason {
            Reason::Bound if self.profile.group_filters => {
                self.passes_by(user).into_iter().filter_map(|pk| self.binding_in_words(pk)).collect()
            }
            _ => Vec::new(),
        };
        if by.is_empty() { reason.to_string() } else { format!("in scope: bound by {}", by.join(" and ")) }
    }

    fn binding_in_words(&self, pk: &BindingUuid) -> Option<String> {
        let binding = self.bindings.iter().find(|binding| binding.pk == *pk)?;
        let name = match binding.subject()? {
            BindingSubject::Group(group) => {
                let known = self.groups.iter().find(|known| known.pk == group);
                known.map_or_else(|| format!("group {group}"), |known| format!("group {:?}", known.name))
            }
            BindingSubject::User(_) => "name".to_owned(),
            BindingSubject::Policy(policy) => format!("policy {policy}"),
        };
        Some(if binding.negate { format!("not being of {name}") } else { name })
    }

    /// Groups that are sent and not linked: the next full sync sends them.
    pub fn groups_to_be_linked(&self) -> Vec<&GroupUuid> {
        let linked: BTreeSet<&GroupUuid> = self.group_links.iter().map(|link| &link.group).collect();
        let sent = self.groups.iter().map(|group| &group.pk);
        sent.filter(|pk| self.sends_group(pk) && !linked.contains(pk)).collect()
    }

    /// Links of groups that are not sent any more: the next full sync deletes them on the server.
    pub fn groups_to_be_deleted(&self) -> Vec<&ScimGroupLink> {
        let applies = self.application.is_some() && self.profile.cleans_up;
        self.group_links.iter().filter(|link| applies && !self.sends_group(&link.group)).collect()
    }

    /// Users in scope that are not linked: the next full sync sends them.
    pub fn to_be_linked(&self) -> Vec<UserPk> {
        let linked: BTreeSet<UserPk> = self.user_links.iter().map(|link| link.user).collect();
        let open = self.scope.iter().filter(|(pk, reason)| reason.is_in() && !linked.contains(*pk));
        open.map(|(pk, _)| *pk).collect()
    }

    /// Links of users that are out of scope: the next full sync deletes them on the server. None before
    /// 2026.2.1, which does not clean up.
    pub fn to_be_deleted(&self) -> Vec<&ScimUserLink> {
        if !self.profile.cleans_up {
            return Vec::new();
        }
        let out = |link: &&ScimUserLink| self.scope.get(&link.user).is_some_and(|reason| !reason.is_in());
        self.user_links.iter().filter(out).collect()
    }

    /// What the first real sync would do to what the server holds, inactive users too. authentik's dry run
    /// shows nothing of it (H10): look here before a provider leaves dry run.
    pub fn first_sync(&self, remote: &RemoteView) -> FirstSync {
        let linked: BTreeSet<&str> = self.user_links.iter().map(|link| link.scim_id.as_str()).collect();
        let users: Vec<RemoteUser> =
            remote.users.iter().map(RemoteUser::from).filter(|user| !linked.contains(user.id.as_str())).collect();
        let linked: BTreeSet<&str> = self.group_links.iter().map(|link| link.scim_id.as_str()).collect();
        let groups: Vec<RemoteGroup> =
            remote.groups.iter().map(RemoteGroup::from).filter(|group| !linked.contains(group.id.as_str())).collect();
        let (mut user_verdicts, mut group_verdicts) = if scope::discovers(&self.profile, &self.provider) {
            let all: Vec<ScopeUser> = self.users.iter().map(ScopeUser::from).collect();
            let filters: BTreeSet<GroupUuid> = self.provider.group_filters.iter().flatten().cloned().collect();
            let known: Vec<ScopeGroup> = self.groups.iter().map(ScopeGroup::from).collect();
            (scope::first_sync_users(&users, &all, &self.scope), scope::first_sync_groups(&groups, &known, &filters))
        } else {
            (vec![Verdict::Untouched; users.len()], vec![Verdict::Untouched; groups.len()])
        };
        let mut created_users = self.to_be_linked();
        let taken: BTreeSet<UserPk> = user_verdicts.iter().filter_map(Verdict::taken).copied().collect();
        created_users.retain(|pk| !taken.contains(pk));
        self.users_that_clash(&users, &mut user_verdicts, &mut created_users);
        let mut created_groups: Vec<GroupUuid> = self.groups_to_be_linked().into_iter().cloned().collect();
        let taken: BTreeSet<GroupUuid> = group_verdicts.iter().filter_map(Verdict::taken).cloned().collect();
        created_groups.retain(|pk| !taken.contains(pk));
        self.groups_that_clash(&groups, &mut group_verdicts, &mut created_groups);
        FirstSync {
            users: users.into_iter().zip(user_verdicts).collect(),
            groups: groups.into_iter().zip(group_verdicts).collect(),
            created_users,
            created_groups,
        }
    }

    /// Remote users that discovery does not see (it compares with case, or does not look at all) and that
    /// bear the username or the address of somebody who is about to be created.
    fn users_that_clash(&self, remote: &[RemoteUser], verdicts: &mut [Verdict<UserPk>], created: &mut Vec<UserPk>) {
        let open: BTreeSet<UserPk> = created.iter().copied().collect();
        let mut by_name = HashMap::new();
        for user in self.users.iter().filter(|user| open.contains(&user.pk)) {
            for name in [&user.username, &user.email].into_iter().filter(|name| !name.is_empty()) {
                by_name.entry(name.to_lowercase()).or_insert(user.pk);
            }
        }
        clash(remote.iter().map(|user| &user.user_name), verdicts, created, &by_name);
    }

    /// The same of groups.
    fn groups_that_clash(
        &self,
        remote: &[RemoteGroup],
        verdicts: &mut [Verdict<GroupUuid>],
        created: &mut Vec<GroupUuid>,
    ) {
        let open: BTreeSet<&GroupUuid> = created.iter().collect();
        let groups = self.groups.iter().filter(|group| open.contains(&group.pk));
        let by_name = groups.map(|group| (group.name.to_lowercase(), group.pk.clone())).collect();
        clash(remote.iter().map(|group| &group.display_name), verdicts, created, &by_name);
    }
}

fn clash<'a, Id: Clone + Ord>(
    remote: impl Iterator<Item = &'a String>,
    verdicts: &mut [Verdict<Id>],
    created: &mut Vec<Id>,
    by_name: &HashMap<String, Id>,
) {
    let mut met = BTreeSet::new();
    for (name, verdict) in remote.zip(verdicts) {
        if let (Verdict::Untouched, Some(twin)) = (&*verdict, by_name.get(&name.to_lowercase())) {
            met.insert(twin.clone());
            *verdict = Verdict::OnConflict { twin: twin.clone() };
        }
    }
    created.retain(|id| !met.contains(id));
}
