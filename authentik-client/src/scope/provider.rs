//! Whom a provider sends: what that hangs on differs between versions.

use std::collections::BTreeMap;

use super::{Reason, ScopeBinding, ScopeGroup, ScopeUser, users};
use crate::api::Authentik;
use crate::error::Error;
use crate::id::UserPk;
use crate::model::{Application, Group, PolicyBinding, ScimProvider, User};
use crate::profile::Profile;

/// Who is sent by a provider and who is not, each with the reason; see [`with_default_access`] for an
/// application without enabled bindings.
///
/// Since 2026.2 the application's bindings decide. Before, they meant nothing: the members of
/// `filter_group` were sent, or everybody where there was none (facts/authentik.md §3 and §8).
pub fn of_provider(
    profile: &Profile,
    provider: &ScimProvider,
    application: &Application,
    bindings: &[PolicyBinding],
    all: &[User],
    groups: &[Group],
) -> BTreeMap<UserPk, Reason> {
    let exclude = provider.exclude_users_service_account;
    if profile.group_filters {
        return users(
            &all.iter().map(ScopeUser::from).collect::<Vec<_>>(),
            &groups.iter().map(ScopeGroup::from).collect::<Vec<_>>(),
            &bindings.iter().map(ScopeBinding::from).collect::<Vec<_>>(),
            &application.policy_engine_mode,
            exclude,
        );
    }
    let filter = provider.filter_group();
    let reason = |user: &User| match &filter {
        _ if exclude && user.user_type.is_service_account() => Reason::ServiceAccount,
        None => Reason::NoBindings,
        Some(group) if user.groups.contains(group) => Reason::Bound,
        Some(_) => Reason::NotBound,
    };
    all.iter().map(|user| (user.pk, reason(user))).collect()
}

/// Asks authentik whom an application without an enabled binding lets pass: everybody, or, where the flag
/// `core_default_app_access` is off (since 2026.5), nobody. Bindings do not show that, and whoever is
/// adopted while nobody is in scope is deleted.
///
/// One or two requests, none where a binding is enabled.
///
/// # Errors
/// See [`Error`].
pub async fn with_default_access(
    authentik: &Authentik,
    profile: &Profile,
    application: &Application,
    mut scope: BTreeMap<UserPk, Reason>,
) -> Result<BTreeMap<UserPk, Reason>, Error> {
    let by_default = |reason: &Reason| *reason == Reason::NoBindings;
    if !profile.default_access_is_a_flag || !scope.values().any(by_default) {
        return Ok(scope);
    }
    // The answer is the same for everybody, so it does not matter that only superusers may ask about others.
    let caller = authentik.me().await?.user.pk;
    if !authentik.applications().check_access(&application.slug, caller).await?.passing {
        scope.values_mut().filter(|reason| by_default(reason)).for_each(|reason| *reason = Reason::NoDefaultAccess);
    }
    Ok(scope)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn before_2026_2_a_group_of_the_provider_decides_and_bindings_do_not() {
        let id = |n: u8| format!("00000000-0000-0000-0000-0000000000{n:02x}");
        let user = |pk: i64, groups: &[u8], kind: &str| -> User {
            let groups: Vec<String> = groups.iter().map(|n| id(*n)).collect();
            let uid = format!("{pk:064x}");
            serde_json::from_value(json!({"pk": pk, "username": "u", "uid": uid, "groups": groups, "type": kind}))
                .unwrap()
        };
        let all = [user(1, &[1], "internal"), user(2, &[2], "internal"), user(3, &[1], "service_account")];
        let application: Application = serde_json::from_value(json!({"pk": id(9), "name": "a", "slug": "a"})).unwrap();
        let binding = json!({"pk": id(8), "target": id(9), "group": id(2), "enabled": true, "order": 0});
        let bindings: [PolicyBinding; 1] = [serde_json::from_value(binding).unwrap()];
        let sent = |version: &str, filter: Option<u8>| -> Vec<i64> {
            let provider = json!({"pk": 1, "name": "p", "url": "http://x", "filter_group": filter.map(id),
                "exclude_users_service_account": true});
            let provider = serde_json::from_value(provider).unwrap();
            let scope = of_provider(&Profile::of(version), &provider, &application, &bindings, &all, &[]);
            scope.iter().filter(|(_, reason)| reason.is_in()).map(|(pk, _)| pk.get()).collect()
        };
        assert_eq!(sent("2025.12.4", Some(1)), [1]);
        assert_eq!(sent("2025.12.4", None), [1, 2]);
        assert_eq!(sent("2026.2.0", Some(1)), [2]);
    }
}
