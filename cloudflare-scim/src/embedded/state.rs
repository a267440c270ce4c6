//! What an embedded account holds, and the look-ups on it. The rules stand beside: `people`,
//! `groups`, `policies`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use scim_core::provider::KeptText;

use super::audit::AuditLog;
use super::clock::Clock;
use super::fault::Faults;
use super::limiter::Limiter;
use super::log::RequestLog;
use super::scim::Engines;
use super::switches::{Switches, UsernameCase};
use super::tokens::TokenRecord;
use crate::{
    Access, AccountId, MemberStatus, MembershipId, PermissionGroupId, PolicyId, ResourceGroupId, Scope, UserGroupId,
    UserTag,
};

/// A person, known beyond the end of a membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) tag: UserTag,
    /// The e-mail address with the case it was sent in; also the userName.
    pub(super) email: String,
    pub(super) given_name: Option<String>,
    pub(super) family_name: Option<String>,
    pub(super) display_name: Option<String>,
    pub(super) external_id: Option<String>,
}

impl Person {
    /// The full name, made of its parts.
    pub(super) fn formatted(&self) -> Option<String> {
        let parts: Vec<&str> = [&self.given_name, &self.family_name]
            .into_iter()
            .filter_map(|part| part.as_deref())
            .filter(|part| !part.is_empty())
            .collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

#[derive(Debug, Clone)]
pub(super) struct Membership {
    pub(super) id: MembershipId,
    pub(super) tag: UserTag,
    pub(super) status: MemberStatus,
    pub(super) policies: Vec<StoredPolicy>,
    /// The permission groups whose system group SCIM has put the person into.
    pub(super) granted: BTreeSet<&'static str>,
}

#[derive(Debug, Clone)]
pub(super) struct StoredPolicy {
    pub(super) id: PolicyId,
    pub(super) access: Access,
    pub(super) permission_groups: BTreeSet<PermissionGroupId>,
    pub(super) resource_groups: BTreeSet<ResourceGroupId>,
}

#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) id: UserGroupId,
    pub(super) name: String,
    pub(super) external_id: Option<String>,
    /// Whether an identity provider manages it: v4 may then change nothing but its policies.
    pub(super) managed: bool,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    pub(super) policies: Vec<StoredPolicy>,
    /// With the time of joining.
    pub(super) members: BTreeMap<UserTag, Timestamp>,
}

#[derive(Debug, Clone)]
pub(super) struct StoredResourceGroup {
    pub(super) id: ResourceGroupId,
    pub(super) name: String,
    pub(super) scope: Scope,
    pub(super) editable: bool,
}

/// Why the account does not do something. Which status and words that becomes is up to the API that
/// was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    NotFound,
    /// The last Super Administrator stays.
    LastAdmin,
    /// A member has this e-mail address already.
    EmailTaken,
    /// A group that SCIM manages has this name already.
    NameTaken,
    /// An identity provider manages the group.
    Managed,
    /// System groups have members, and nothing else about them can change.
    SystemGroup,
    /// No member has this id.
    UnknownMember(String),
    /// The content is not acceptable.
    Invalid(String),
}

pub(super) struct State {
    pub(super) account: AccountId,
    pub(super) account_name: String,
    pub(super) switches: Switches,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: fastrand::Rng,
    people: HashMap<UserTag, Person>,
    /// By the address in lower case: several where case matters.
    by_email: HashMap<String, Vec<UserTag>>,
    /// By the order of joining.
    pub(super) members: BTreeMap<u64, Membership>,
    /// The keys of `members`, so that a page is found wherever it begins.
    joined: Vec<u64>,
    /// How SCIM shows each member, by the tag, until something of it changes.
    texts: HashMap<String, KeptText>,
    by_membership: HashMap<MembershipId, u64>,
    by_tag: HashMap<UserTag, u64>,
    /// By the order of making.
    pub(super) groups: BTreeMap<u64, Group>,
    by_group: HashMap<UserGroupId, u64>,
    by_name: HashMap<String, u64>,
    groups_of: HashMap<UserTag, BTreeSet<u64>>,
    /// The resource group of the whole account.
    pub(super) account_wide: ResourceGroupId,
    pub(super) resource_groups: Vec<StoredResourceGroup>,
    pub(super) tokens: Vec<TokenRecord>,
    pub(super) audit: AuditLog,
    pub(super) limiter: Limiter,
    pub(super) faults: Faults,
    pub(super) log: RequestLog,
    /// Made anew when a switch changes.
    pub(super) engines: Option<(Switches, Arc<Engines>)>,
    next: u64,
}

/// The key of the whole account: `com.cloudflare.api.account.<account id>`.
fn account_key(account: &AccountId) -> String {
    format!("com.cloudflare.api.account.{account}")
}

fn new_id<T: std::str::FromStr<Err = crate::InvalidId>>(random: &mut fastrand::Rng) -> T {
    loop {
        let text = format!("{:032x}", random.u128(..));
        // Hexadecimal digits are an id of every kind.
        if let Ok(id) = text.parse() {
            return id;
        }
    }
}

impl State {
    pub(super) fn new(account: AccountId, clock: Arc<dyn Clock>, random: fastrand::Rng) -> Self {
        let mut random = random;
        let account_wide: ResourceGroupId = new_id(&mut random);
        let key = account_key(&account);
        let whole = StoredResourceGroup {
            id: account_wide.clone(),
            name: key.clone(),
            scope: Scope::new(key, ["*"]),
            editable: false,
        };
        Self {
            account_name: "Embedded Account".to_owned(),
            switches: Switches::default(),
            clock,
            random,
            people: HashMap::new(),
            by_email: HashMap::new(),
            members: BTreeMap::new(),
            joined: Vec::new(),
            texts: HashMap::new(),
            by_membership: HashMap::new(),
            by_tag: HashMap::new(),
            groups: BTreeMap::new(),
            by_group: HashMap::new(),
            by_name: HashMap::new(),
            groups_of: HashMap::new(),
            account_wide,
            resource_groups: vec![whole],
            tokens: Vec::new(),
            audit: AuditLog::default(),
            limiter: Limiter::default(),
            faults: Faults::default(),
            log: RequestLog::default(),
            engines: None,
            next: 1,
            account,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// 32 hexadecimal digits, as an id of whatever kind.
    pub(super) fn new_id<T: std::str::FromStr<Err = crate::InvalidId>>(&mut self) -> T {
        new_id(&mut self.random)
    }

    /// A UUID of random digits, as audit entries have.
    pub(super) fn new_uuid(&mut self) -> String {
        let bits = self.random.u128(..);
        let text = format!("{bits:032x}");
        let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default().to_owned();
        [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
    }

    pub(super) fn sequence(&mut self) -> u64 {
        let this = self.next;
        self.next += 1;
        this
    }

    // People and memberships.

    pub(super) fn person(&self, tag: &UserTag) -> Option<&Person> {
        self.people.get(tag)
    }

    /// The room for the text by which SCIM shows a member.
    pub(super) fn text(&self, tag: &str) -> Option<&KeptText> {
        self.texts.get(tag)
    }

    /// Something has changed, or is about to, of how SCIM shows a member.
    fn shown_anew(&mut self, tag: &UserTag) {
        if let Some(text) = self.texts.get_mut(tag.as_str()) {
            text.clear();
        }
    }

    /// The same for every member.
    pub(super) fn all_shown_anew(&mut self) {
        self.texts.values_mut().for_each(KeptText::clear);
    }

    pub(super) fn person_mut(&mut self, tag: &UserTag) -> Option<&mut Person> {
        self.shown_anew(tag);
        self.people.get_mut(tag)
    }

    pub(super) fn put_person(&mut self, person: Person) {
        self.by_email.entry(person.email.to_lowercase()).or_default().push(person.tag.clone());
        self.shown_anew(&person.tag);
        self.people.insert(person.tag.clone(), person);
    }

    pub(super) fn forget_person(&mut self, tag: &UserTag) {
        if let Some(person) = self.people.remove(tag) {
            self.unlist_email(&person.email, tag);
        }
    }

    pub(super) fn change_email(&mut self, tag: &UserTag, email: &str) {
        self.shown_anew(tag);
        let Some(person) = self.people.get_mut(tag) else { return };
        let old = std::mem::replace(&mut person.email, email.to_owned());
        self.unlist_email(&old, tag);
        self.by_email.entry(email.to_lowercase()).or_default().push(tag.clone());
    }

    fn unlist_email(&mut self, email: &str, tag: &UserTag) {
        if let Some(tags) = self.by_email.get_mut(&email.to_lowercase()) {
            tags.retain(|other| other != tag);
        }
    }

    /// Whether two addresses are the same, by the switch.
    pub(super) fn same_email(&self, a: &str, b: &str) -> bool {
        match self.switches.username_case {
            UsernameCase::Insensitive => a.to_lowercase() == b.to_lowercase(),
            UsernameCase::Sensitive => a == b,
        }
    }

    /// The person with this address, member or not.
    pub(super) fn person_by_email(&self, email: &str) -> Option<&Person> {
        let tags = self.by_email.get(&email.to_lowercase())?;
        tags.iter().filter_map(|tag| self.people.get(tag)).find(|person| self.same_email(&person.email, email))
    }

    pub(super) fn put_membership(&mut self, membership: Membership) {
        let sequence = self.sequence();
        self.by_membership.insert(membership.id.clone(), sequence);
        self.by_tag.insert(membership.tag.clone(), sequence);
        self.joined.push(sequence);
        self.texts.insert(membership.tag.to_string(), KeptText::new());
        self.members.insert(sequence, membership);
    }

    pub(super) fn take_membership(&mut self, tag: &UserTag) -> Option<Membership> {
        let sequence = self.by_tag.remove(tag)?;
        let membership = self.members.remove(&sequence)?;
        self.by_membership.remove(&membership.id);
        self.texts.remove(tag.as_str());
        // Sequences grow: the list is in order.
        if let Ok(at) = self.joined.binary_search(&sequence) {
            self.joined.remove(at);
        }
        Some(membership)
    }

    pub(super) fn membership_of(&self, tag: &UserTag) -> Option<&Membership> {
        self.members.get(self.by_tag.get(tag)?)
    }

    /// The key before that of the member who comes when `skip` members are passed over.
    pub(super) fn before_member(&self, skip: usize) -> u64 {
        skip.checked_sub(1).map_or(0, |last| self.joined.get(last).copied().unwrap_or(u64::MAX))
    }

    pub(super) fn membership_of_mut(&mut self, tag: &UserTag) -> Option<&mut Membership> {
        self.shown_anew(tag);
        self.members.get_mut(self.by_tag.get(tag)?)
    }

    pub(super) fn membership(&self, id: &str) -> Option<&Membership> {
        self.members.get(self.by_membership.get(&id.parse::<MembershipId>().ok()?)?)
    }

    /// The member with this address.
    pub(super) fn member_by_email(&self, email: &str) -> Option<(&Person, &Membership)> {
        let tags = self.by_email.get(&email.to_lowercase())?;
        tags.iter()
            .filter_map(|tag| Some((self.people.get(tag)?, self.membership_of(tag)?)))
            .find(|(person, _)| self.same_email(&person.email, email))
    }

    // Groups.

    pub(super) fn put_group(&mut self, group: Group) {
        let sequence = self.sequence();
        self.by_group.insert(group.id.clone(), sequence);
        self.by_name.insert(group.name.clone(), sequence);
        self.groups.insert(sequence, group);
    }

    pub(super) fn take_group(&mut self, id: &UserGroupId) -> Option<Group> {
        let sequence = self.by_group.remove(id)?;
        let group = self.groups.remove(&sequence)?;
        if self.by_name.get(&group.name) == Some(&sequence) {
            self.by_name.remove(&group.name);
        }
        for tag in group.members.keys() {
            if let Some(groups) = self.groups_of.get_mut(tag) {
                groups.remove(&sequence);
            }
            self.shown_anew(tag);
        }
        Some(group)
    }

    pub(super) fn group(&self, id: &str) -> Option<&Group> {
        self.groups.get(self.by_group.get(&id.parse::<UserGroupId>().ok()?)?)
    }

    pub(super) fn group_mut(&mut self, id: &UserGroupId) -> Option<&mut Group> {
        self.groups.get_mut(self.by_group.get(id)?)
    }

    pub(super) fn group_by_name(&self, name: &str) -> Option<&Group> {
        self.groups.get(self.by_name.get(name)?)
    }

    pub(super) fn rename_group(&mut self, id: &UserGroupId, name: &str) {
        let Some(sequence) = self.by_group.get(id).copied() else { return };
        let Some(group) = self.groups.get_mut(&sequence) else { return };
        let old = std::mem::replace(&mut group.name, name.to_owned());
        let members: Vec<UserTag> = group.members.keys().cloned().collect();
        for tag in &members {
            self.shown_anew(tag);
        }
        if self.by_name.get(&old) == Some(&sequence) {
            self.by_name.remove(&old);
        }
        self.by_name.insert(name.to_owned(), sequence);
    }

    /// Makes `tag` a member; says whether it was none.
    pub(super) fn join(&mut self, id: &UserGroupId, tag: &UserTag, now: Timestamp) -> bool {
        let Some(sequence) = self.by_group.get(id).copied() else { return false };
        let Some(group) = self.groups.get_mut(&sequence) else { return false };
        if group.members.contains_key(tag) {
            return false;
        }
        group.members.insert(tag.clone(), now);
        self.shown_anew(tag);
        self.groups_of.entry(tag.clone()).or_default().insert(sequence);
        true
    }

    /// Ends `tag`'s membership of the group; says whether it was one.
    pub(super) fn leave(&mut self, id: &UserGroupId, tag: &UserTag) -> bool {
        let Some(sequence) = self.by_group.get(id).copied() else { return false };
        let Some(group) = self.groups.get_mut(&sequence) else { return false };
        let was = group.members.remove(tag).is_some();
        if let Some(groups) = self.groups_of.get_mut(tag) {
            groups.remove(&sequence);
        }
        self.shown_anew(tag);
        was
    }

    /// The groups that a person is in.
    pub(super) fn groups_of(&self, tag: &UserTag) -> impl Iterator<Item = &Group> {
        self.groups_of.get(tag).into_iter().flatten().filter_map(|sequence| self.groups.get(sequence))
    }
}
