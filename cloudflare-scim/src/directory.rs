use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use scim_core::resource::User;

use crate::{
    Access, Cloudflare, Error, GroupId, Member, MembershipId, PermissionGroupId, Policy, UserGroup, UserGroupId,
    UserTag,
};

/// Groups whose members are read at once.
const AT_ONCE: usize = 8;

/// The people of an account joined over both id spaces: SCIM goes by user tags, v4 by membership ids.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Directory {
    /// Everybody whom either side shows, in SCIM's order, then those whom v4 alone shows.
    pub people: Vec<DirectoryPerson>,
    /// The user groups, by id.
    pub groups: BTreeMap<UserGroupId, UserGroup>,
}

/// Somebody, as both sides show the person.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DirectoryPerson {
    /// What SCIM goes by.
    pub tag: Option<UserTag>,
    /// What SCIM shows.
    pub user: Option<User>,
    /// What v4 shows; its id is what v4 goes by.
    pub member: Option<Member>,
    /// The user groups that the person is in.
    pub groups: BTreeSet<UserGroupId>,
}

/// Where somebody's policy comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicySource<'a> {
    /// Given to the person.
    Direct,
    /// Given to a group that the person is in.
    Group(&'a UserGroupId),
}

impl DirectoryPerson {
    /// The e-mail address.
    pub fn email(&self) -> Option<&str> {
        let user_name = self.user.as_ref().and_then(|user| user.user_name.as_deref());
        user_name.or_else(|| self.member.as_ref()?.email())
    }

    /// The SCIM groups that the person is in, system groups included: what `groups` of the SCIM user says, in
    /// whichever shape.
    pub fn scim_groups(&self) -> impl Iterator<Item = GroupId> {
        let groups = self.user.iter().flat_map(|user| &user.groups);
        groups.filter_map(|group| group.value.as_ref()?.as_str().parse().ok())
    }

    /// What v4 goes by.
    pub fn membership(&self) -> Option<&MembershipId> {
        self.member.as_ref().map(|member| &member.id)
    }
}

impl Directory {
    /// The person of this tag.
    pub fn by_tag(&self, tag: &UserTag) -> Option<&DirectoryPerson> {
        self.people.iter().find(|person| person.tag.as_ref() == Some(tag))
    }

    /// The person with this address, compared without case.
    pub fn by_email(&self, email: &str) -> Option<&DirectoryPerson> {
        let email = email.to_lowercase();
        self.people.iter().find(|person| person.email().is_some_and(|own| own.to_lowercase() == email))
    }

    /// Everything that counts for somebody, with where it comes from. The members view of Cloudflare
    /// shows the direct ones alone; the effective rights are the union.
    pub fn policies<'a>(&'a self, person: &'a DirectoryPerson) -> impl Iterator<Item = (PolicySource<'a>, &'a Policy)> {
        let direct = person.member.iter().flat_map(|member| &member.policies);
        let groups = person.groups.iter().filter_map(|id| self.groups.get_key_value(id));
        let inherited =
            groups.flat_map(|(id, group)| group.policies.iter().map(move |policy| (PolicySource::Group(id), policy)));
        direct.map(|policy| (PolicySource::Direct, policy)).chain(inherited)
    }

    /// Whether some policy of somebody's allows a permission group and none denies it, whatever the
    /// resources.
    pub fn holds(&self, person: &DirectoryPerson, permission: &PermissionGroupId) -> bool {
        let mut allowed = false;
        for (_, policy) in self.policies(person) {
            if policy.permission_groups.iter().any(|group| &group.id == permission) {
                match policy.access {
                    Access::Deny => return false,
                    _ => allowed = true,
                }
            }
        }
        allowed
    }
}

impl Cloudflare {
    /// Reads everybody, joined over both id spaces, with the groups and policies that give them their
    /// rights. As many requests as the lists have pages, and one for each group (more where a group
    /// has over 500 members).
    ///
    /// # Errors
    /// The first call that fails; a list that cannot be read to its end is an error.
    pub async fn directory(&self) -> Result<Directory, Error> {
        let users = self.scim().users().list().all().await?;
        let members = self.members().list().all().await?;
        let groups = self.user_groups().list().all().await?;
        let in_groups: Vec<(UserGroupId, Vec<MembershipId>)> = stream::iter(&groups)
            .map(|group| async move {
                let members = self.user_groups().members(&group.id).list().all().await?;
                Ok::<_, Error>((group.id.clone(), members.into_iter().map(|member| member.id).collect()))
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(join(users, members, groups, in_groups))
    }
}

fn join(
    users: Vec<User>,
    members: Vec<Member>,
    groups: Vec<UserGroup>,
    in_groups: Vec<(UserGroupId, Vec<MembershipId>)>,
) -> Directory {
    let mut groups_of: HashMap<MembershipId, BTreeSet<UserGroupId>> = HashMap::new();
    for (group, ids) in in_groups {
        for id in ids {
            groups_of.entry(id).or_default().insert(group.clone());
        }
    }
    // An invitation that nobody has taken up has no user id: it is known by its address.
    let mut by_tag: HashMap<UserTag, usize> = HashMap::new();
    let mut by_email: HashMap<String, usize> = HashMap::new();
    for (at, member) in members.iter().enumerate() {
        if let Some(tag) = member.user_tag() {
            by_tag.insert(tag.clone(), at);
        } else if let Some(email) = member.email() {
            by_email.insert(email.to_lowercase(), at);
        }
    }
    let mut members: Vec<Option<Member>> = members.into_iter().map(Some).collect();
    let mut take = |at: Option<usize>| at.and_then(|at| members.get_mut(at)?.take());
    let mut people = Vec::with_capacity(users.len());
    let mut person = |tag: Option<UserTag>, user: Option<User>, member: Option<Member>| {
        let groups = member.as_ref().and_then(|member| groups_of.remove(&member.id)).unwrap_or_default();
        people.push(DirectoryPerson { tag, user, member, groups });
    };
    for user in users {
        let tag = UserTag::of(&user).ok();
        let same_tag = tag.as_ref().and_then(|tag| by_tag.get(tag));
        let same_email = || by_email.get(&user.user_name.as_deref()?.to_lowercase());
        let member = take(same_tag.or_else(same_email).copied());
        person(tag, Some(user), member);
    }
    for member in members.into_iter().flatten() {
        person(member.user_tag().cloned(), None, Some(member));
    }
    Directory { people, groups: groups.into_iter().map(|group| (group.id.clone(), group)).collect() }
}
