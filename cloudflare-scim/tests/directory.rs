//! The join over both id spaces; what it costs is in `full_read`.
#![allow(clippy::unwrap_used, clippy::panic)]

use cloudflare_scim::embedded::EmbeddedAccount;
use cloudflare_scim::*;

async fn allow(cloudflare: &Cloudflare, label: &str) -> NewPolicy {
    let permission = cloudflare.permission_groups().by_label(label).await.unwrap().unwrap().id;
    NewPolicy::allow([permission], cloudflare.resource_groups().account_wide().await.unwrap().id)
}

#[tokio::test]
async fn everybody_with_what_counts_for_them() {
    let account = EmbeddedAccount::new();
    let cloudflare = account.client().unwrap();
    let scim = cloudflare.scim();
    let alice = UserTag::of(&scim.users().create(&NewUser::new("alice@example.com")).await.unwrap()).unwrap();
    let group = scim.groups().create(&NewGroup::new("Ops")).await.unwrap();
    let group = GroupId::of(&group).unwrap();
    scim.groups().add_members(&group, std::slice::from_ref(&alice)).await.unwrap();
    let ops = group.custom().unwrap();
    let dns = allow(&cloudflare, "dns").await;
    cloudflare.user_groups().set_policies(ops, std::slice::from_ref(&dns)).await.unwrap();
    let role: RoleId = dns.permission_groups().first().unwrap().as_str().parse().unwrap();
    cloudflare.members().create(&NewMember::with_roles("invited@example.com", [role])).await.unwrap();

    let directory = cloudflare.directory().await.unwrap();
    assert_eq!(directory.people.len(), 3);
    assert!(directory.people.iter().all(|person| person.user.is_some() && person.member.is_some()));
    let person = directory.by_tag(&alice).unwrap();
    assert_eq!(person.membership(), account.member("alice@example.com").map(|it| it.1).as_ref());
    assert_eq!(person.groups.iter().collect::<Vec<_>>(), [ops]);
    assert_eq!(person.scim_groups().collect::<Vec<_>>(), std::slice::from_ref(&group));
    let sources: Vec<PolicySource<'_>> = directory.policies(person).map(|(source, _)| source).collect();
    assert_eq!(sources, [PolicySource::Direct, PolicySource::Group(ops)]);
    let permission = dns.permission_groups().first().unwrap();
    assert!(directory.holds(person, permission));
    // An invitation that nobody has taken up is known by its address.
    let invited = directory.by_email("INVITED@example.com").unwrap();
    assert_eq!(invited.member.as_ref().unwrap().user_tag(), None);
    assert!(directory.holds(invited, permission));
    assert!(!directory.holds(directory.by_email("admin@example.com").unwrap(), permission));

    let deny = NewPolicy::deny(dns.permission_groups().clone(), dns.resource_groups().clone());
    cloudflare.user_groups().set_policies(ops, &[dns, deny]).await.unwrap();
    let directory = cloudflare.directory().await.unwrap();
    assert!(!directory.holds(directory.by_tag(&alice).unwrap(), &role_of(&directory, &alice)));
}

/// The permission group that Alice's group denies.
fn role_of(directory: &Directory, tag: &UserTag) -> PermissionGroupId {
    let person = directory.by_tag(tag).unwrap();
    let denied = directory.policies(person).find(|(_, policy)| policy.access == Access::Deny).unwrap().1;
    denied.permission_groups[0].id.clone()
}
