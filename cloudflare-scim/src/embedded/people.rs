//! Rules about people and memberships, whichever API asks.

use super::catalogue::{MINIMAL, SUPER_ADMINISTRATOR};
use super::state::{Membership, Person, Refusal, State};
use super::switches::ReturningUser;
use crate::{Access, MemberStatus, PermissionGroupId, UserTag};

/// What is known of somebody who becomes a member.
#[derive(Debug, Clone, Default)]
pub(super) struct NewPerson {
    pub(super) email: String,
    pub(super) given_name: Option<String>,
    pub(super) family_name: Option<String>,
    pub(super) display_name: Option<String>,
    pub(super) external_id: Option<String>,
}

impl State {
    /// Makes somebody a member with "Minimal Account Access". A person who was one before keeps the
    /// tag (by switch) and gets a new membership.
    pub(super) fn enrol(&mut self, new: NewPerson, status: MemberStatus) -> Result<UserTag, Refusal> {
        if self.member_by_email(&new.email).is_some() {
            return Err(Refusal::EmailTaken);
        }
        let known = self.person_by_email(&new.email).map(|person| person.tag.clone());
        if let Some(old) = &known {
            // What is known of the person is what was sent last.
            self.forget_person(old);
        }
        let tag = match (known, self.switches.returning_user) {
            (Some(tag), ReturningUser::SameTag) => tag,
            _ => self.new_id(),
        };
        self.put_person(Person {
            tag: tag.clone(),
            email: new.email,
            given_name: new.given_name,
            family_name: new.family_name,
            display_name: new.display_name,
            external_id: new.external_id,
        });
        let minimal = self.account_policy([MINIMAL]);
        let id = self.new_id();
        self.put_membership(Membership {
            id,
            tag: tag.clone(),
            status,
            policies: vec![minimal],
            granted: std::collections::BTreeSet::new(),
        });
        Ok(tag)
    }

    /// Ends a membership: group memberships and policies go with it.
    pub(super) fn expel(&mut self, tag: &UserTag) -> Result<(), Refusal> {
        if self.membership_of(tag).is_none() {
            return Err(Refusal::NotFound);
        }
        if self.is_last_admin(tag) {
            return Err(Refusal::LastAdmin);
        }
        self.expel_anyway(tag);
        Ok(())
    }

    pub(super) fn expel_anyway(&mut self, tag: &UserTag) {
        let groups: Vec<_> = self.groups_of(tag).map(|group| group.id.clone()).collect();
        for group in groups {
            self.leave(&group, tag);
        }
        self.take_membership(tag);
    }

    /// Whether somebody is Super Administrator, directly or through a group.
    pub(super) fn is_admin(&self, membership: &Membership) -> bool {
        let Ok(admin) = SUPER_ADMINISTRATOR.parse::<PermissionGroupId>() else { return false };
        let through_groups = self.groups_of(&membership.tag).flat_map(|group| &group.policies);
        membership
            .policies
            .iter()
            .chain(through_groups)
            .any(|policy| policy.access == Access::Allow && policy.permission_groups.contains(&admin))
    }

    fn is_last_admin(&self, tag: &UserTag) -> bool {
        let accepted = |member: &&Membership| member.status == MemberStatus::Accepted && self.is_admin(member);
        let mut admins = self.members.values().filter(accepted);
        match (admins.next(), admins.next()) {
            (Some(only), None) => &only.tag == tag,
            _ => false,
        }
    }
}
