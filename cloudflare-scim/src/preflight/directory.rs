//! Checks on names, people and rights: pure functions.

use std::collections::{BTreeSet, HashMap};

use super::PreflightRequest;
use super::finding::{Finding, FindingCode};
use crate::{Access, Directory, MemberStatus, RoleId};

/// What is wrong with what is to be provisioned, whatever the account.
pub(super) fn planned(request: &PreflightRequest, findings: &mut Vec<Finding>) {
    for name in &request.groups {
        if name.starts_with("CF") {
            let cure = "rename it at the identity provider (`Cloudflare …` is allowed), or leave it out";
            let message = "its name begins with CF, which is reserved for system groups";
            findings.push(Finding::new(FindingCode::GroupNameReserved, message, cure).about(name));
        }
    }
    let mapping = "map userName and the one primary work address to the lower-cased e-mail address";
    let mut seen: HashMap<String, u32> = HashMap::new();
    for (user_name, email) in &request.users {
        let subject = if email.is_empty() { user_name } else { email };
        if !user_name.contains('@') {
            let message = format!("the userName `{user_name}` is no e-mail address");
            findings.push(Finding::new(FindingCode::UserNameNoEmail, message, mapping).about(subject));
        } else if user_name.to_lowercase() != email.to_lowercase() {
            findings.push(differing(user_name, email).about(subject));
        }
        *seen.entry(user_name.to_lowercase()).or_default() += 1;
    }
    let mut twice: Vec<_> = seen.into_iter().filter(|(_, times)| *times > 1).collect();
    twice.sort();
    for (user_name, times) in twice {
        let message = format!("{times} people have this userName");
        let cure = "give each their own address, or leave all but one out";
        findings.push(Finding::new(FindingCode::UserNameTwice, message, cure).about(user_name));
    }
}

fn differing(user_name: &str, email: &str) -> Finding {
    let message = format!("the e-mail address `{email}` differs from the userName `{user_name}`");
    let cure = "Cloudflare demands that both are the same: correct the mapping or the address";
    Finding::new(FindingCode::EmailDiffersFromUserName, message, cure)
}

/// What is wrong with what the account holds.
pub(super) fn existing(directory: &Directory, request: &PreflightRequest, findings: &mut Vec<Finding>) {
    administrators(directory, findings);
    let wanted: BTreeSet<&str> = request.groups.iter().map(String::as_str).collect();
    for group in directory.groups.values() {
        let meant = wanted.is_empty() || wanted.contains(group.name.as_str());
        if meant && group.policies.is_empty() {
            let message = "it has no policy: it gives no rights, and members who have no others may not get in";
            let cure = "set its policies (`UserGroups::set_policies`), which stay editable on synchronised groups";
            findings.push(Finding::new(FindingCode::GroupWithoutPolicy, message, cure).about(&group.name));
        }
    }
    for person in &directory.people {
        let Some(user) = &person.user else { continue };
        let user_name = user.user_name.as_deref().unwrap_or_default();
        let primary = user.emails.iter().find(|email| email.primary == Some(true)).or_else(|| user.emails.first());
        let scim = primary.and_then(|email| email.value.as_deref());
        let v4 = person.member.as_ref().and_then(|member| member.email());
        let other = [scim, v4].into_iter().flatten().find(|email| email.to_lowercase() != user_name.to_lowercase());
        if let Some(email) = other {
            findings.push(differing(user_name, email).about(user_name));
        }
    }
}

fn administrators(directory: &Directory, findings: &mut Vec<Finding>) {
    let role = RoleId::super_administrator();
    let holds = |person: &&crate::DirectoryPerson| {
        let member = person.member.as_ref();
        let accepted = member.is_some_and(|member| member.status == Some(MemberStatus::Accepted));
        let by_role = member.is_some_and(|member| member.has_role(&role));
        // The permission group bears the id of the role.
        let by_policy = directory.policies(person).any(|(_, policy)| {
            policy.access == Access::Allow
                && policy.permission_groups.iter().any(|group| group.id.as_str() == role.as_str())
        });
        accepted && (by_role || by_policy)
    };
    let mut all = directory.people.iter().filter(holds);
    match (all.next(), all.next()) {
        (None, _) => {
            let message = "no accepted member is Super Administrator";
            let cure =
                format!("make somebody one: PUT the role {role} with `Members::update`, which the SCIM token may do");
            findings.push(Finding::new(FindingCode::NoSuperAdministrator, message, cure));
        }
        (Some(only), None) => {
            let message = "this person alone is Super Administrator: Cloudflare refuses to deprovision the last one";
            let cure = "make a second person Super Administrator, outside what the identity provider manages";
            findings.push(
                Finding::new(FindingCode::LastSuperAdministrator, message, cure)
                    .about(only.email().unwrap_or_default()),
            );
        }
        _ => {}
    }
}
