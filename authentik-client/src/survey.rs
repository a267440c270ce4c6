//! Who is sent, by what, and what has been sent; and what the first real sync would do to what the SCIM
//! server holds already.
//!
//! [`scope`] computes both from data; this reads the data.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::Authentik;
use crate::doctor::RemoteView;
use crate::error::Error;
use crate::id::{BindingUuid, GroupUuid, ProviderPk, UserPk};
use crate::model::{Application, Group, PolicyBinding, ScimGroupLink, ScimProvider, ScimUserLink, User};
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
    /// five more.
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
            Some(application) => scope::of_provider(&profile, &provider, application, &bindings, &users, &groups),
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
    /// Users that are created: in scope, not linked, and nobody on the server is taken for them. Whom the
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

    /// Users in scope that are not linked: the next full sync sends them.
    pub fn to_be_linked(&self) -> Vec<UserPk> {
        let linked: BTreeSet<UserPk> = self.user_links.iter().map(|link| link.user).collect();
        let open = self.scope.iter().filter(|(pk, reason)| reason.is_in() && !linked.contains(*pk));
        open.map(|(pk, _)| *pk).collect()
    }

    /// Links of users that are out of scope: the next full sync deletes them on the server.
    pub fn to_be_deleted(&self) -> Vec<&ScimUserLink> {
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
        let (user_verdicts, group_verdicts) = if scope::discovers(&self.profile, &self.provider) {
            let all: Vec<ScopeUser> = self.users.iter().map(ScopeUser::from).collect();
            let filters: BTreeSet<GroupUuid> = self.provider.group_filters.iter().flatten().cloned().collect();
            let known: Vec<ScopeGroup> = self.groups.iter().map(ScopeGroup::from).collect();
            (scope::first_sync_users(&users, &all, &self.scope), scope::first_sync_groups(&groups, &known, &filters))
        } else {
            (vec![Verdict::Untouched; users.len()], vec![Verdict::Untouched; groups.len()])
        };
        let adopted = |verdict: &Verdict<UserPk>| match verdict {
            Verdict::Adopted { twin } | Verdict::Uncertain { twin } => Some(*twin),
            _ => None,
        };
        let taken: BTreeSet<UserPk> = user_verdicts.iter().filter_map(adopted).collect();
        let created_users = self.to_be_linked().into_iter().filter(|pk| !taken.contains(pk)).collect();
        let adopted = |verdict: &Verdict<GroupUuid>| match verdict {
            Verdict::Adopted { twin } => Some(twin.clone()),
            _ => None,
        };
        let mut taken: BTreeSet<GroupUuid> = group_verdicts.iter().filter_map(adopted).collect();
        taken.extend(self.group_links.iter().map(|link| link.group.clone()));
        let sent = self.groups.iter().map(|group| &group.pk).filter(|pk| self.sends_group(pk));
        let created_groups = sent.filter(|pk| !taken.contains(*pk)).cloned().collect();
        FirstSync {
            users: users.into_iter().zip(user_verdicts).collect(),
            groups: groups.into_iter().zip(group_verdicts).collect(),
            created_users,
            created_groups,
        }
    }
}
