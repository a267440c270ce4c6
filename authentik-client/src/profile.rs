//! What differs between authentik's versions (facts/authentik.md §8), decided in one place.

use std::fmt;

/// How authentik looks for what a SCIM server holds already before it syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Discovery {
    /// It does not look: a resource is adopted only when creating it is answered 409.
    Absent,
    /// In every page of users, and one odd resource in the list stops it (2026.8.0-rc1, recorded in H100 to H106).
    Strict,
    /// Odd resources are passed over.
    Tolerant,
}

/// A version with what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// The version as authentik writes it.
    pub version: String,
    /// Whether this crate knows the version; a newer one is treated as the newest known.
    pub known: bool,
    /// How it looks for what the server holds already.
    pub discovery: Discovery,
    /// Whether `group_filters` exists (since 2026.2); `filter_group` before limited users.
    pub group_filters: bool,
    /// Whether a full sync deletes what has left the scope (since 2026.2.1).
    pub cleans_up: bool,
    /// Whether a task's `aggregated_status` tells of warnings (since 2026.8.0).
    pub status_from_logs: bool,
    /// Whether it removes members by `members[value eq "id"]` (since 2026.5.6) instead of by a value list.
    pub removes_members_by_path: bool,
    /// Whether a provider's answers show its token (until 2026.2.7, 2026.5.7, 2026.8.2). Where they do
    /// not, a token that differs cannot be found by comparing.
    pub echoes_token: bool,
    /// Whether a flag decides whom an application without enabled bindings lets pass (since 2026.5); before,
    /// everybody passes.
    pub default_access_is_a_flag: bool,
    /// Whether a change inside a nested member (`name.familyName`) is written by itself (since 2026.8.0).
    pub sees_nested_changes: bool,
}

impl Profile {
    /// The profile of a `version_current`.
    pub fn of(version: &str) -> Self {
        let (numbers, suffix) = version.split_once('-').unwrap_or((version, ""));
        let mut numbers = numbers.split('.').map(|part| part.parse::<u32>().ok());
        let mut next = || numbers.next().flatten();
        // What cannot be read is taken for the newest: that one looks for what a server holds.
        let mut at = (next().unwrap_or(u32::MAX), next().unwrap_or(0), next().unwrap_or(0));
        let known = ((2025, 10, 0)..(2026, 9, 0)).contains(&at);
        // rc1 was cut before 2026.5.4's fixes and after discovery was switched on.
        let recorded = at == (2026, 8, 0) && suffix.starts_with("rc");
        if recorded {
            at = (2026, 5, 3);
        }
        let discovery = match at {
            _ if recorded => Discovery::Strict,
            at if at >= (2026, 5, 4) => Discovery::Tolerant,
            _ => Discovery::Absent,
        };
        Self {
            version: version.to_owned(),
            known,
            discovery,
            group_filters: at >= (2026, 2, 0),
            cleans_up: at >= (2026, 2, 1),
            status_from_logs: at >= (2026, 8, 0),
            removes_members_by_path: at >= (2026, 5, 6),
            echoes_token: match at {
                (2026, 2 | 5, patch) => patch < 7,
                (2026, 8, patch) => patch < 2,
                at => at < (2026, 8, 0),
            },
            default_access_is_a_flag: at >= (2026, 5, 0),
            sees_nested_changes: at >= (2026, 8, 0),
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "authentik {}", self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_differ_where_the_facts_say() {
        let of = |version| {
            let it = Profile::of(version);
            (it.discovery, it.group_filters, it.status_from_logs, it.removes_members_by_path)
        };
        assert_eq!(of("2025.12.1"), (Discovery::Absent, false, false, false));
        assert_eq!(of("2026.5.3"), (Discovery::Absent, true, false, false));
        assert_eq!(of("2026.8.0-rc1"), (Discovery::Strict, true, false, false));
        assert_eq!(of("2026.5.6"), (Discovery::Tolerant, true, false, true));
        assert_eq!(of("2026.8.3"), (Discovery::Tolerant, true, true, true));
        assert!(!Profile::of("2026.2.0").cleans_up && Profile::of("2026.2.1").cleans_up);
        assert!(Profile::of("2026.8.3").known);
        let echoing = ["2025.12.4", "2026.2.6", "2026.5.6", "2026.8.0-rc1", "2026.8.1"];
        assert!(echoing.iter().all(|version| Profile::of(version).echoes_token));
        let silent = ["2026.2.7", "2026.5.7", "2026.8.2", "2026.11.0", "2027.2.0"];
        assert!(silent.iter().all(|version| !Profile::of(version).echoes_token));
        assert!(Profile::of("2026.8.0").sees_nested_changes && !Profile::of("2026.8.0-rc1").sees_nested_changes);
        assert!(Profile::of("2026.5.0").default_access_is_a_flag && !Profile::of("2026.2.3").default_access_is_a_flag);
        assert!(!Profile::of("2027.2.0").known && !Profile::of("who knows").known);
        for newer in ["2027.2.0", "who knows", "v2026.8.1", ""] {
            let it = Profile::of(newer);
            let newest = Profile { version: newer.to_owned(), known: false, ..Profile::of("2026.8.3") };
            assert_eq!(it, newest, "{newer:?}");
        }
    }
}
