//! An account of 10,000 people, 500 groups of 40, and 20 policies.

use cloudflare_scim::NewUserGroup;
use cloudflare_scim::embedded::EmbeddedAccount;

/// People, the administrator included.
pub(crate) const PEOPLE: u64 = 10_000;
pub(crate) const GROUPS: u64 = 500;
/// Members of each group.
pub(crate) const MEMBERS: u64 = 40;
/// Groups with a policy.
pub(crate) const POLICIES: u64 = 20;

fn email(n: u64) -> String {
    format!("person-{n:05}@example.com")
}

pub(crate) async fn account() -> EmbeddedAccount {
    let account = EmbeddedAccount::builder().seed(7).build();
    let cloudflare = account.client().unwrap();
    let policy = cloudflare.policy_parts().await.unwrap().allow(["dns"]).unwrap();
    for n in 1..PEOPLE {
        account.add_member(&email(n)).unwrap();
    }
    for group in 0..GROUPS {
        let name = format!("group-{group:03}");
        let policies = (group < POLICIES).then(|| policy.clone());
        cloudflare.user_groups().create(&NewUserGroup::new(&name).with_policies(policies)).await.unwrap();
        for n in 0..MEMBERS {
            assert!(account.add_membership(&email(1 + (group * MEMBERS + n) % (PEOPLE - 1)), &name));
        }
    }
    account.clear_requests();
    account
}
