//! A whole account of 10,000 people is read with one request for each page and each group, and no more.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod common;

use std::collections::BTreeMap;

use cloudflare_scim::PolicySource;
use common::large::{GROUPS, MEMBERS, PEOPLE, POLICIES, account};

#[tokio::test]
async fn requests_are_pages_and_groups() {
    let account = account().await;
    let directory = account.client().unwrap().directory().await.unwrap();
    let mut by_kind: BTreeMap<&str, u64> = BTreeMap::new();
    for request in account.requests() {
        assert_eq!((request.method.as_str(), request.status.as_u16()), ("GET", 200));
        let kind = match request.path.split('/').skip(5).collect::<Vec<_>>().as_slice() {
            ["scim", "v2", "Users"] => "pages of SCIM users",
            ["members"] => "pages of members",
            ["iam", "user_groups"] => "pages of user groups",
            ["iam", "user_groups", _, "members"] => "members of a group",
            other => panic!("{other:?}"),
        };
        *by_kind.entry(kind).or_default() += 1;
    }
    println!("{} requests: {by_kind:?}", account.request_count());
    assert_eq!(by_kind["pages of SCIM users"], PEOPLE.div_ceil(100));
    assert_eq!(by_kind["pages of members"], PEOPLE.div_ceil(50));
    assert_eq!(by_kind["pages of user groups"], GROUPS.div_ceil(500));
    assert_eq!(by_kind["members of a group"], GROUPS);

    assert_eq!(directory.people.len() as u64, PEOPLE);
    assert!(directory.people.iter().all(|person| person.user.is_some() && person.member.is_some()));
    let memberships: usize = directory.people.iter().map(|person| person.groups.len()).sum();
    assert_eq!(memberships as u64, GROUPS * MEMBERS);
    let inherited = directory.people.iter().flat_map(|person| directory.policies(person));
    let inherited = inherited.filter(|(source, _)| matches!(source, PolicySource::Group(_))).count();
    assert_eq!(inherited as u64, POLICIES * MEMBERS);
}
