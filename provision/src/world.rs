//! authentik's directory as one picture, and what Cloudflare should hold because of it.
//!
//! The picture can be taken of what is, or of what will be once the spec's directory and bindings are
//! in place: a dry run then sees what a real one would.

use std::collections::{BTreeMap, BTreeSet};

use authentik_client::id::{GroupUuid, UserPk};
use authentik_client::mapping::{CloudflareUser, cloudflare_user};
use authentik_client::model::PolicyEngineMode;
use authentik_client::scope::{self, Reason, ScopeBinding, ScopeGroup, ScopeSubject, ScopeUser};

use crate::observe::AuthentikSide;
use crate::spec::Spec;

/// A user of authentik.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) scope: ScopeUser,
    pub(crate) name: String,
    pub(crate) active: bool,
    pub(crate) uid: Option<String>,
}

impl Account {
    fn planned(pk: UserPk, username: &str) -> Self {
        Self {
            scope: ScopeUser {
                pk,
                username: username.to_owned(),
                email: String::new(),
                service_account: false,
                groups: BTreeSet::new(),
            },
            name: String::new(),
            active: true,
            uid: None,
        }
    }
}

/// authentik's directory and the application's bindings.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) accounts: Vec<Account>,
    pub(crate) groups: Vec<ScopeGroup>,
    bindings: Vec<ScopeBinding>,
    mode: PolicyEngineMode,
}

/// A person whom Cloudflare should hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WantedPerson {
    /// The user in authentik; a negative number for one who is yet to be created.
    pub pk: UserPk,
    /// The username in authentik.
    pub username: String,
    /// What authentik's mapping makes of the person.
    pub mapped: CloudflareUser,
    /// authentik's `uid`, sent as `externalId`; unknown in a dry run for people yet to be created.
    pub uid: Option<String>,
}

/// What Cloudflare should hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wanted {
    /// The people by userName (their lower-cased e-mail address).
    pub people: BTreeMap<String, WantedPerson>,
    /// The groups by name.
    pub groups: BTreeSet<String>,
    /// Who is in which group: (userName, group name).
    pub memberships: BTreeSet<(String, String)>,
    /// People in scope who must not be in Cloudflare because their account is inactive: by userName.
    pub inactive: BTreeSet<String>,
    /// People in scope who cannot be sent: username, and why.
    pub unsendable: Vec<(String, String)>,
    /// Who of those are active: what Cloudflare holds of them stays as it is.
    pub kept: BTreeSet<UserPk>,
    /// Groups of the spec that authentik does not have.
    pub missing_groups: BTreeSet<String>,
    /// People whose scope only authentik can tell, because a policy decides.
    pub uncertain: Vec<String>,
}

impl World {
    /// What is.
    pub(crate) fn of(side: &AuthentikSide) -> Self {
        Self {
            accounts: side
                .users
                .iter()
                .map(|user| Account {
                    scope: user.into(),
                    name: user.name.clone(),
                    active: user.is_active,
                    uid: Some(user.uid.to_string()),
                })
                .collect(),
            groups: side.groups.iter().map(ScopeGroup::from).collect(),
            bindings: side.bindings.iter().map(ScopeBinding::from).collect(),
            mode: side.application.as_ref().map_or(PolicyEngineMode::Any, |it| it.policy_engine_mode.clone()),
        }
    }

    /// What will be once the spec's directory and bindings are in place.
    pub(crate) fn with(mut self, spec: &Spec) -> Self {
        for team in &spec.directory.groups {
            if self.group(&team.name).is_none() {
                self.groups.push(ScopeGroup {
                    pk: GroupUuid::from_number(self.groups.len() as u64),
                    name: team.name.clone(),
                    parents: Vec::new(),
                });
            }
        }
        for (index, person) in spec.directory.users.iter().enumerate() {
            // Negative: no pk of a real user.
            let pk = UserPk::new(-1 - i64::try_from(index).unwrap_or(0));
            let known = self.accounts.iter().position(|it| it.scope.username == person.username);
            let at = known.unwrap_or(self.accounts.len());
            if known.is_none() {
                self.accounts.push(Account::planned(pk, &person.username));
            }
            let account = &mut self.accounts[at];
            account.name.clone_from(&person.name);
            account.active = person.active;
            account.scope.email.clone_from(&person.email);
            account.scope.service_account = person.service_account;
        }
        for team in &spec.directory.groups {
            let Some(pk) = self.group(&team.name).map(|group| group.pk.clone()) else { continue };
            let members: BTreeSet<&str> = team.members.iter().map(String::as_str).collect();
            for account in self.accounts.iter_mut().filter(|it| members.contains(it.scope.username.as_str())) {
                account.scope.groups.insert(pk.clone());
            }
        }
        for name in &spec.groups {
            let Some(pk) = self.group(name).map(|group| group.pk.clone()) else { continue };
            let bound = |it: &ScopeBinding| it.subject == ScopeSubject::Group(pk.clone()) && it.enabled && !it.negate;
            if !self.bindings.iter().any(bound) {
                self.bindings.push(ScopeBinding { subject: ScopeSubject::Group(pk), negate: false, enabled: true });
            }
        }
        self
    }

    pub(crate) fn group(&self, name: &str) -> Option<&ScopeGroup> {
        self.groups.iter().find(|group| group.name == name)
    }

    pub(crate) fn account(&self, pk: UserPk) -> Option<&Account> {
        self.accounts.iter().find(|account| account.scope.pk == pk)
    }

    /// Who is sent and who is not, each with the reason.
    pub(crate) fn scope(&self) -> BTreeMap<UserPk, Reason> {
        let users: Vec<ScopeUser> = self.accounts.iter().map(|account| account.scope.clone()).collect();
        // The job's provider always leaves service accounts out.
        scope::users(&users, &self.groups, &self.bindings, &self.mode, true)
    }

    /// What Cloudflare should hold.
    pub(crate) fn wanted(&self, spec: &Spec) -> Wanted {
        let scope = self.scope();
        let mut wanted = Wanted::default();
        let mut names = BTreeMap::new();
        for name in &spec.groups {
            match self.group(name) {
                Some(group) => {
                    wanted.groups.insert(name.clone());
                    names.insert(group.pk.clone(), name.clone());
                }
                None => {
                    wanted.missing_groups.insert(name.clone());
                }
            }
        }
        for account in &self.accounts {
            let reason = scope.get(&account.scope.pk);
            if !reason.is_some_and(Reason::is_in) {
                continue;
            }
            let username = &account.scope.username;
            if !reason.is_some_and(Reason::is_certain) {
                wanted.uncertain.push(username.clone());
            }
            let mapped = cloudflare_user(&account.name, &account.scope.email);
            let Some(mapped) = mapped.filter(|it| is_address(&it.user_name)) else {
                if account.active {
                    let why = if account.scope.email.is_empty() {
                        "has no e-mail address"
                    } else {
                        "has an e-mail address that authentik refuses to send, skipping the rest of its page"
                    };
                    wanted.unsendable.push((username.clone(), why.to_owned()));
                    wanted.kept.insert(account.scope.pk);
                }
                continue;
            };
            let address = mapped.user_name.clone();
            if !account.active {
                wanted.inactive.insert(address);
                continue;
            }
            if let Some(other) = wanted.people.get(&address) {
                let why = format!("has the same e-mail address as {}", other.username);
                wanted.unsendable.push((username.clone(), why));
                wanted.kept.insert(account.scope.pk);
                continue;
            }
            for group in account.scope.groups.iter().filter_map(|pk| names.get(pk)) {
                wanted.memberships.insert((address.clone(), group.clone()));
            }
            let person =
                WantedPerson { pk: account.scope.pk, username: username.clone(), mapped, uid: account.uid.clone() };
            wanted.people.insert(address, person);
        }
        // An address that an active account has is not one to be taken away.
        wanted.inactive.retain(|user_name| !wanted.people.contains_key(user_name));
        wanted
    }
}

/// Whether a text can be an address at all: one `@`, something before it, a domain with a dot after it.
/// authentik validates addresses before it sends them, and skips the rest of a page over a bad one.
fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let dotted = domain.split('.').count() > 1 && domain.split('.').all(|label| !label.is_empty());
    !local.is_empty() && dotted && !domain.contains('@') && !text.contains(char::is_whitespace)
}
