//! Who is sent, computed by the client and done by the embedded authentik, which was written apart
//! from it: the two must agree on anything.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use authentik_client::Authentik;
use authentik_client::embedded::EmbeddedAuthentik;
use authentik_client::id::UserPk;
use authentik_client::mapping::{MANAGED_GROUP, MANAGED_USER};
use authentik_client::model::{
    BindingSubject, Group, GroupPatch, NewApplication, NewGroup, NewPolicyBinding, NewScimProvider, NewUser,
    PolicyEngineMode, User, UserType,
};
use authentik_client::scope::{self, ScopeBinding, ScopeGroup, ScopeUser};
use authentik_client::sync::{SyncOutcome, WatchOptions};

/// A small generator: the same numbers for the same seed, everywhere.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

async fn people(authentik: &Authentik, numbers: &mut Numbers) -> (Vec<User>, Vec<Group>) {
    let mut groups = Vec::new();
    for number in 0..6 {
        groups.push(authentik.groups().create(&NewGroup::new(format!("g{number}"))).await.unwrap());
    }
    // Parents at random: children, grandchildren and loops.
    for group in &groups {
        if numbers.one_in(2) {
            let mut patch = GroupPatch::default();
            patch.parents = Some(vec![groups[numbers.below(6)].pk.clone()]);
            authentik.groups().update(&group.pk, &patch).await.unwrap();
        }
    }
    for number in 0..12 {
        let kinds =
            [UserType::Internal, UserType::External, UserType::ServiceAccount, UserType::InternalServiceAccount];
        let new = NewUser::new(format!("u{number}"), "U")
            .email(format!("u{number}@x.test"))
            .active(!numbers.one_in(4))
            .user_type(kinds[numbers.below(4)].clone());
        let user = authentik.users().create(&new).await.unwrap();
        for group in &groups {
            if numbers.one_in(4) {
                authentik.groups().add_user(&group.pk, user.pk).await.unwrap();
            }
        }
    }
    let users = authentik.users().list().ordering("pk").all().await.unwrap();
    let groups = authentik.groups().list().all().await.unwrap();
    (users, groups)
}

#[tokio::test(start_paused = true)]
async fn client_and_server_agree_on_who_is_sent() {
    let mut somebody_out = 0;
    for seed in 0..24 {
        let numbers = &mut Numbers(seed);
        let server = EmbeddedAuthentik::builder(support::scim_sink()).seed(seed).build();
        let token = server.token().to_owned();
        let authentik = Authentik::builder("http://authentik.test".parse().unwrap(), token.into())
            .transport(Arc::new(server.clone()))
            .build()
            .unwrap();
        let (users, groups) = people(&authentik, numbers).await;
        let mut application = NewApplication::new("CF", "cf".parse().unwrap());
        let mode = if numbers.one_in(2) { PolicyEngineMode::All } else { PolicyEngineMode::Any };
        application.policy_engine_mode = Some(mode.clone());
        let application = authentik.applications().create(&application).await.unwrap();
        for order in 0..numbers.below(4) {
            let subject = if numbers.one_in(4) {
                BindingSubject::User(users[numbers.below(users.len())].pk)
            } else {
                BindingSubject::Group(groups[numbers.below(groups.len())].pk.clone())
            };
            let mut binding = NewPolicyBinding::new(application.pk.clone(), subject)
                .enabled(!numbers.one_in(4))
                .negate(numbers.one_in(4));
            binding.order = i64::try_from(order).unwrap();
            authentik.policy_bindings().create(&binding).await.unwrap();
        }
        let exclude = numbers.one_in(2);
        let mut provider = NewScimProvider::new("cf", "https://scim.test/scim/v2", "t".to_owned().into());
        provider.exclude_users_service_account = exclude;
        provider.dry_run = false;
        provider.property_mappings = vec![authentik.scim_mappings().managed(MANAGED_USER).await.unwrap().pk];
        provider.property_mappings_group = vec![authentik.scim_mappings().managed(MANAGED_GROUP).await.unwrap().pk];
        let provider = authentik.scim_providers().create(&provider).await.unwrap();
        authentik.ensure_attached(&application, provider.pk).await.unwrap();

        let watch = authentik.start_sync(provider.pk, WatchOptions::default()).await.unwrap();
        let report = watch.finished(Duration::from_secs(600)).await.unwrap();
        assert_eq!(report.outcome, SyncOutcome::Succeeded, "seed {seed}: {:?}", report.complaints);

        let links = authentik.scim_user_links().of(provider.pk).all().await.unwrap();
        let sent: BTreeSet<UserPk> = links.iter().map(|link| link.user).collect();
        let bindings = authentik.policy_bindings().of(&application.pk).all().await.unwrap();
        let reasons = scope::users(
            &users.iter().map(ScopeUser::from).collect::<Vec<_>>(),
            &groups.iter().map(ScopeGroup::from).collect::<Vec<_>>(),
            &bindings.iter().map(ScopeBinding::from).collect::<Vec<_>>(),
            &mode,
            exclude,
        );
        let computed: BTreeSet<UserPk> =
            reasons.iter().filter(|(_, reason)| reason.is_in()).map(|(pk, _)| *pk).collect();
        assert_eq!(computed, sent, "seed {seed}: {reasons:?} {bindings:?}");
        somebody_out += reasons.len() - computed.len();
    }
    // The cases are not all trivial.
    assert!(somebody_out > 50, "{somebody_out}");
}
