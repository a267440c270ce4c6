//! Reads both sides, whole: every list is complete or an error.

use std::collections::{BTreeMap, BTreeSet};

use authentik_client::Authentik;
use authentik_client::mapping::{MANAGED_GROUP, MANAGED_USER};
use authentik_client::model::{
    Application, Group, PolicyBinding, ScimGroupLink, ScimMapping, ScimProvider, ScimUserLink, User,
};
use authentik_client::profile::Profile;
use cloudflare_scim::{
    Cloudflare, GroupMember, Member, MembershipId, PermissionGroup, ResourceGroup, ResourceGroupId, UserGroup,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use scim_core::resource;

use crate::error::Error;
use crate::spec::Spec;

/// How many reads are under way at once: Cloudflare's limit counts requests, not their pace.
const READS_AT_ONCE: usize = 4;

/// Both sides as they are.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Observed {
    /// authentik's side.
    pub authentik: AuthentikSide,
    /// Cloudflare's side.
    pub cloudflare: CloudflareSide,
}

/// What authentik holds.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AuthentikSide {
    /// The version, and what follows from it.
    pub profile: Profile,
    /// Every user.
    pub users: Vec<User>,
    /// Every group.
    pub groups: Vec<Group>,
    /// The job's application, by slug.
    pub application: Option<Application>,
    /// Its bindings.
    pub bindings: Vec<PolicyBinding>,
    /// The job's SCIM provider, by name.
    pub provider: Option<ScimProvider>,
    /// Other providers that send to the same URL, by name.
    pub rivals: Vec<String>,
    /// The job's mapping of users, by name.
    pub user_mapping: Option<ScimMapping>,
    /// authentik's own mapping of groups.
    pub group_mapping: ScimMapping,
    /// authentik's own mapping of users, which must not be attached.
    pub default_user_mapping: ScimMapping,
    /// Which user became which SCIM user.
    pub user_links: Vec<ScimUserLink>,
    /// Which group became which SCIM group.
    pub group_links: Vec<ScimGroupLink>,
}

/// What Cloudflare holds.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CloudflareSide {
    /// Every SCIM user.
    pub users: Vec<resource::User>,
    /// Every SCIM group; custom ones with their members.
    pub groups: Vec<resource::Group>,
    /// Every member of the account.
    pub members: Vec<Member>,
    /// Every user group.
    pub user_groups: Vec<UserGroup>,
    /// Every permission group.
    pub permission_groups: Vec<PermissionGroup>,
    /// Every resource group.
    pub resource_groups: Vec<ResourceGroup>,
    /// The one that stands for the whole account.
    pub account_wide: Option<ResourceGroupId>,
    /// Which SCIM group authentik says is which of its groups: name to id.
    pub(crate) linked_groups: BTreeMap<String, String>,
}

/// The name of the job's mapping of users.
pub(crate) fn mapping_name(spec: &Spec) -> String {
    format!("{}: users for Cloudflare", spec.name)
}

pub(crate) async fn both(authentik: &Authentik, cloudflare: &Cloudflare, spec: &Spec) -> Result<Observed, Error> {
    let authentik = authentik_side(authentik, cloudflare, spec).await?;
    let mut cloudflare = cloudflare_side(cloudflare).await?;
    for link in &authentik.group_links {
        if let Some(group) = authentik.groups.iter().find(|group| group.pk == link.group) {
            cloudflare.linked_groups.insert(group.name.clone(), link.scim_id.clone());
        }
    }
    Ok(Observed { authentik, cloudflare })
}

pub(crate) async fn authentik_side(
    authentik: &Authentik,
    cloudflare: &Cloudflare,
    spec: &Spec,
) -> Result<AuthentikSide, Error> {
    let profile = Profile::of(&authentik.version().await?.version_current);
    let slug = spec.slug.parse().map_err(|_| Error::Spec(vec![format!("{:?} is no slug", spec.slug)]))?;
    let application = authentik.applications().get_opt(&slug).await?;
    let bindings = match &application {
        Some(application) => authentik.policy_bindings().of(&application.pk).all().await?,
        None => Vec::new(),
    };
    let providers = authentik.scim_providers().list().all().await?;
    let url = cloudflare.scim_base_url().to_string();
    let rivals = providers.iter().filter(|it| it.name != spec.name && it.url.trim_end_matches('/') == url);
    let rivals = rivals.map(|it| it.name.clone()).collect();
    let provider = providers.into_iter().find(|provider| provider.name == spec.name);
    let (user_links, group_links) = match &provider {
        Some(provider) => (
            authentik.scim_user_links().of(provider.pk).all().await?,
            authentik.scim_group_links().of(provider.pk).all().await?,
        ),
        None => (Vec::new(), Vec::new()),
    };
    let mappings = authentik.scim_mappings().list().all().await?;
    let managed = |name: &str| mappings.iter().find(|mapping| mapping.managed.as_deref() == Some(name)).cloned();
    let missing = |name: &str| {
        Error::Precondition(format!(
            "authentik lacks its own SCIM mapping {name}: let its blueprints run (System > Blueprints), then try again"
        ))
    };
    Ok(AuthentikSide {
        profile,
        users: authentik.users().list().ordering("pk").filter("include_groups", false).all().await?,
        groups: authentik.groups().list().ordering("name").filter("include_users", true).all().await?,
        user_mapping: mappings.iter().find(|mapping| mapping.name == mapping_name(spec)).cloned(),
        group_mapping: managed(MANAGED_GROUP).ok_or_else(|| missing(MANAGED_GROUP))?,
        default_user_mapping: managed(MANAGED_USER).ok_or_else(|| missing(MANAGED_USER))?,
        application,
        bindings,
        provider,
        rivals,
        user_links,
        group_links,
    })
}

pub(crate) async fn cloudflare_side(cloudflare: &Cloudflare) -> Result<CloudflareSide, Error> {
    let users = cloudflare.scim().users().list().all().await?;
    let listed = cloudflare.scim().groups().list().all().await?;
    // A list shows no members; only a group read by itself does, and only a custom one.
    let reads: Vec<_> = listed.into_iter().map(|group| with_members(cloudflare.clone(), group)).collect();
    let groups = stream::iter(reads).buffered(READS_AT_ONCE).try_collect().await?;
    let resource_groups = cloudflare.resource_groups().list().all().await?;
    let account = cloudflare.account_id();
    let account_wide = resource_groups.iter().find(|group| group.is_account_wide(account));
    Ok(CloudflareSide {
        account_wide: account_wide.and_then(|group| group.id.clone()),
        linked_groups: BTreeMap::new(),
        users,
        groups,
        members: cloudflare.members().list().all().await?,
        user_groups: cloudflare.user_groups().list().all().await?,
        permission_groups: cloudflare.permission_groups().list().all().await?,
        resource_groups,
    })
}

async fn with_members(cloudflare: Cloudflare, group: resource::Group) -> Result<resource::Group, Error> {
    match &group.id {
        Some(id) if !is_system_group(id.as_str()) => Ok(cloudflare.scim().groups().get(id).await?),
        _ => Ok(group),
    }
}

/// Who v4 says is in a user group, by lower-cased address: what both id spaces share. Membership ids are
/// joined over the account's members; an invitation not yet taken up has only its address.
pub(crate) async fn v4_members(
    cloudflare: &Cloudflare,
    side: &CloudflareSide,
    group: &UserGroup,
) -> Result<BTreeSet<String>, Error> {
    let shown = cloudflare.user_groups().members(&group.id).list().all().await?;
    let address = |id: &MembershipId| side.members.iter().find(|it| it.id == *id).and_then(Member::email);
    let name = |it: &GroupMember| address(&it.id).or(it.email.as_deref()).unwrap_or(it.id.as_str()).to_lowercase();
    Ok(shown.iter().map(name).collect())
}

/// Whether a SCIM group is one of Cloudflare's own, which stand for permission groups.
pub(crate) fn is_system_group(id: &str) -> bool {
    id.starts_with("cloudflare-v1-")
}

impl CloudflareSide {
    /// The custom SCIM groups: those that an identity provider can manage.
    pub fn custom_groups(&self) -> impl Iterator<Item = &resource::Group> {
        self.groups.iter().filter(|group| !group.id.as_ref().is_some_and(|id| is_system_group(id.as_str())))
    }

    /// Whether a listed user shows its groups as plain strings, which stops some versions of authentik
    /// (H100).
    pub fn shows_groups_as_strings(&self) -> bool {
        self.users.iter().any(|user| user.groups.iter().any(resource::GroupRef::is_plain))
    }

    /// The ids of the SCIM users.
    pub(crate) fn user_ids(&self) -> BTreeSet<String> {
        self.users.iter().filter_map(|user| user.id.as_ref()).map(ToString::to_string).collect()
    }

    /// The ids of the custom SCIM groups.
    pub(crate) fn group_ids(&self) -> BTreeSet<String> {
        self.custom_groups().filter_map(|group| group.id.as_ref()).map(ToString::to_string).collect()
    }
}
