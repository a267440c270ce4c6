//! What should be: the input of the job.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What should be, on both sides.
///
/// ```
/// use provision::{GroupPolicy, Spec};
///
/// let spec = Spec::new("Cloudflare")
///     .group("cf-admins")
///     .group("cf-readers")
///     .policy(GroupPolicy::allow("cf-readers", ["Administrator Read Only"]));
/// assert_eq!(spec.slug, "cloudflare");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Spec {
    /// The name of authentik's SCIM provider and of its application. The provider is found again by it.
    pub name: String,
    /// The application's slug; found again by it.
    pub slug: String,
    /// The groups in scope, by name: they and their members arrive in Cloudflare, nobody else does.
    pub groups: Vec<String>,
    /// What the members of a group may do in the Cloudflare account. Groups without an entry keep
    /// the policies that they have.
    #[serde(default)]
    pub policies: Vec<GroupPolicy>,
    /// People and groups that authentik should hold before anything is sent. Empty: authentik's
    /// directory is taken as it is.
    #[serde(default)]
    pub directory: Directory,
    /// What the run refuses to do.
    #[serde(default)]
    pub safety: Safety,
    /// How long the run waits for what.
    #[serde(default)]
    pub timing: Timing,
}

impl Spec {
    /// A spec with a name for provider and application; the slug is made from it.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        let mut slug: String =
            name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        while slug.contains("--") {
            slug = slug.replace("--", "-");
        }
        Self {
            slug: slug.trim_matches('-').to_owned(),
            name,
            groups: Vec::new(),
            policies: Vec::new(),
            directory: Directory::default(),
            safety: Safety::default(),
            timing: Timing::default(),
        }
    }

    /// Puts a group in scope.
    #[must_use]
    pub fn group(mut self, name: impl Into<String>) -> Self {
        self.groups.push(name.into());
        self
    }

    /// Says what the members of a group may do.
    #[must_use]
    pub fn policy(mut self, policy: GroupPolicy) -> Self {
        self.policies.push(policy);
        self
    }

    /// Says whom authentik should hold; every group of it comes into scope unless it is
    /// [`out_of_scope`](Team::out_of_scope).
    #[must_use]
    pub fn directory(mut self, directory: Directory) -> Self {
        for team in &directory.groups {
            if !team.out_of_scope && !self.groups.contains(&team.name) {
                self.groups.push(team.name.clone());
            }
        }
        self.directory = directory;
        self
    }

    /// The contradictions in it, each as a sentence.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut check = |bad: bool, text: String| {
            if bad {
                problems.push(text);
            }
        };
        check(self.name.trim().is_empty(), "the name is empty".to_owned());
        let slug_ok = !self.slug.is_empty()
            && self.slug.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
            && !["authorize", "token", "device", "userinfo", "introspect", "revoke"].contains(&self.slug.as_str());
        check(!slug_ok, format!("the slug {:?} is not one that authentik takes", self.slug));
        // An application without bindings means everybody (facts/authentik.md §0.3).
        check(self.groups.is_empty(), "no group is in scope: name at least one".to_owned());
        let mut seen = BTreeSet::new();
        let names = self.groups.iter().chain(self.directory.groups.iter().map(|team| &team.name));
        for name in names.chain(self.directory.users.iter().map(|person| &person.username)) {
            // authentik trims names, and would not find this one again.
            check(name.trim() != name || name.is_empty(), format!("the name {name:?} begins or ends with a blank"));
        }
        for group in &self.groups {
            check(!seen.insert(group), format!("the group {group:?} is named twice"));
            check(
                group.starts_with("CF"),
                format!("the group {group:?}: Cloudflare refuses names that begin with CF; rename it in authentik"),
            );
        }
        for policy in &self.policies {
            check(
                !self.groups.contains(&policy.group),
                format!("a policy names the group {:?}, which is not in scope", policy.group),
            );
            check(
                policy.permissions.is_empty(),
                format!("the policy of the group {:?} names no permission", policy.group),
            );
        }
        let usernames: BTreeSet<&str> = self.directory.users.iter().map(|person| person.username.as_str()).collect();
        for team in &self.directory.groups {
            for member in &team.members {
                check(
                    !usernames.contains(member.as_str()),
                    format!("the group {:?} has a member {member:?} whom the directory does not hold", team.name),
                );
            }
        }
        problems
    }
}

/// People and groups that authentik should hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Directory {
    /// The people, each found again by username.
    pub users: Vec<Person>,
    /// The groups, each found again by name.
    pub groups: Vec<Team>,
}

/// A person (or a service account) in authentik.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The username; authentik compares it with case.
    pub username: String,
    /// The full name.
    pub name: String,
    /// The e-mail address; empty for none. Cloudflare's userName is made from it.
    pub email: String,
    /// Whether the account is active.
    pub active: bool,
    /// Whether it is a service account: never sent.
    pub service_account: bool,
}

impl Person {
    /// An active person.
    pub fn new(username: impl Into<String>, name: impl Into<String>, email: impl Into<String>) -> Self {
        Self { username: username.into(), name: name.into(), email: email.into(), active: true, service_account: false }
    }
}

/// A group in authentik.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// The name.
    pub name: String,
    /// The usernames of its direct members. Members that authentik has beyond these stay.
    pub members: Vec<String>,
    /// Whether it stays out of the job's scope.
    #[serde(default)]
    pub out_of_scope: bool,
}

impl Team {
    /// A group in scope with these members, by username.
    pub fn new<S: Into<String>>(name: impl Into<String>, members: impl IntoIterator<Item = S>) -> Self {
        Self { name: name.into(), members: members.into_iter().map(Into::into).collect(), out_of_scope: false }
    }
}

/// What the members of one group may do in the whole account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GroupPolicy {
    /// The group's name.
    pub group: String,
    /// Permission groups by label, name or id, as Cloudflare lists them.
    pub permissions: BTreeSet<String>,
}

impl GroupPolicy {
    /// Allows `permissions` to the members of `group`, in the whole account.
    pub fn allow<S: Into<String>>(group: impl Into<String>, permissions: impl IntoIterator<Item = S>) -> Self {
        Self { group: group.into(), permissions: permissions.into_iter().map(Into::into).collect() }
    }
}

/// What the run refuses to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Safety {
    /// Cloudflare users (userName) and groups (displayName) that a sync may delete although this
    /// job did not bring them: each one by name.
    #[serde(default)]
    pub allow_deletion: BTreeSet<String>,
    /// Users (userName) who must stay, whatever authentik says.
    #[serde(default)]
    pub protect: BTreeSet<String>,
    /// The largest share of the people of this job that one run may remove, in percent. Default 5.
    pub max_removals_percent: f64,
    /// The largest number of people that one run may remove. Default 25.
    pub max_removals: usize,
    /// Below this number of people the share does not count. Default 20.
    pub percent_from: usize,
}

impl Default for Safety {
    fn default() -> Self {
        Self {
            allow_deletion: BTreeSet::new(),
            protect: BTreeSet::new(),
            max_removals_percent: 5.0,
            max_removals: 25,
            percent_from: 20,
        }
    }
}

impl Safety {
    /// Whether removing `removed` of `all` people passes a limit: the rule in words, if so.
    pub fn limit_passed(&self, removed: usize, all: usize) -> Option<String> {
        if removed == 0 {
            return None;
        }
        if removed > 1 && removed == all {
            return Some(format!("all {all} people would lose access"));
        }
        if removed > self.max_removals {
            return Some(format!("{removed} people would lose access; the limit is {}", self.max_removals));
        }
        // Counts of people are far below the 52 bits that a double holds exactly.
        #[allow(clippy::cast_precision_loss)]
        let percent = removed as f64 * 100.0 / all.max(1) as f64;
        (all >= self.percent_from && percent > self.max_removals_percent).then(|| {
            format!(
                "{removed} of {all} people ({percent:.1} %) would lose access; the limit is {} %",
                self.max_removals_percent
            )
        })
    }
}

/// How long the run waits for what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Timing {
    /// For the end of a sync. Default 10 minutes.
    pub sync_deadline: Duration,
    /// Between two looks at a running sync; not below a second on a real authentik, whose sync the
    /// look itself can make skip (facts/authentik.md §5). Default 1 s.
    pub poll_interval: Duration,
    /// For audit entries to show. Default 30 s.
    pub audit_deadline: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            sync_deadline: Duration::from_secs(600),
            poll_interval: Duration::from_secs(1),
            audit_deadline: Duration::from_secs(30),
        }
    }
}

/// Policies by group, as the spec has them: the last entry of a group counts.
pub(crate) fn policies_by_group(spec: &Spec) -> BTreeMap<&str, &GroupPolicy> {
    spec.policies.iter().map(|policy| (policy.group.as_str(), policy)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradictions_are_named() {
        let spec = Spec::new("x");
        assert_eq!(spec.problems(), ["no group is in scope: name at least one"]);
        let spec = Spec::new("Cloud Flare!").group("CF-a").policy(GroupPolicy::allow("b", [""; 0]));
        assert_eq!(spec.slug, "cloud-flare");
        let problems = spec.problems().join("\n");
        for part in ["begin with CF", "\"b\", which is not in scope", "names no permission"] {
            assert!(problems.contains(part), "{part} in {problems}");
        }
    }

    #[test]
    fn removals_are_limited_by_number_and_by_share() {
        let safety = Safety::default();
        assert_eq!(safety.limit_passed(0, 0), None);
        assert!(safety.limit_passed(19, 19).unwrap().contains("all 19"), "an empty source");
        assert_eq!(safety.limit_passed(3, 10), None, "too few people for a share");
        assert!(safety.limit_passed(2, 20).unwrap().contains("10.0 %"));
        assert_eq!(safety.limit_passed(1, 20), None);
        assert!(safety.limit_passed(26, 10_000).unwrap().contains("limit is 25"));
    }
}
