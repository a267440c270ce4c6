use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use scim_core::serve::{ServeOptions, Server, serve};
use scim_core::transport::{BaseUrl, Transport, TransportError, TransportErrorKind};

use super::catalogue::SUPER_ADMINISTRATOR;
use super::people::NewPerson;
use super::state::State;
use super::{Clock, FaultRule, Permission, RequestRecord, Switches, SystemClock, UnknownSwitch, router};
use crate::{AccountId, Cloudflare, Error, MemberStatus, MembershipId, Token, TokenKind, UserGroupId, UserTag};

/// An Enterprise account on loopback. Clones share one state.
///
/// A fresh one holds one accepted member, who is its only Super Administrator
/// (`admin@example.com`), the system groups, and no custom group.
#[derive(Clone)]
pub struct EmbeddedAccount {
    state: Arc<Mutex<State>>,
    account: AccountId,
    tokens: Tokens,
}

/// The tokens of a fresh account.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Tokens {
    /// An account token with `SCIM Provisioning` alone.
    pub scim: Token,
    /// An account token that may do all of v4, audit logs included.
    pub api: Token,
}

/// Options of an [`EmbeddedAccount`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct EmbeddedAccountBuilder {
    account: Option<AccountId>,
    seed: Option<u64>,
    clock: Arc<dyn Clock>,
    switches: Switches,
    administrator: String,
}

impl EmbeddedAccountBuilder {
    /// The account's id. Default: a random one.
    pub fn account_id(mut self, account: AccountId) -> Self {
        self.account = Some(account);
        self
    }

    /// Makes ids, tokens and ray ids the same in every run.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// What time it is. Default: the machine's clock.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How it behaves where the facts leave it open.
    pub fn switches(mut self, switches: Switches) -> Self {
        self.switches = switches;
        self
    }

    /// The e-mail address of the one member. Default `admin@example.com`.
    pub fn administrator(mut self, email: impl Into<String>) -> Self {
        self.administrator = email.into();
        self
    }

    /// Makes the account.
    pub fn build(self) -> EmbeddedAccount {
        let mut random = self.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        let account = self.account.unwrap_or_else(|| random_account(&mut random));
        let mut state = State::new(account.clone(), self.clock, random);
        state.switches = self.switches;
        let administrator = NewPerson {
            email: self.administrator,
            given_name: Some("Ada".to_owned()),
            family_name: Some("Administrator".to_owned()),
            ..NewPerson::default()
        };
        // Nobody is there yet whom it could collide with.
        if let Ok(tag) = state.enrol(administrator, MemberStatus::Accepted) {
            make_admin(&mut state, &tag);
        }
        let tokens = Tokens {
            scim: state.create_token("SCIM provisioning", TokenKind::Account, &[Permission::ScimProvisioning], None),
            api: state.create_token("API", TokenKind::Account, Permission::ALL, None),
        };
        EmbeddedAccount { state: Arc::new(Mutex::new(state)), account, tokens }
    }
}

fn random_account(random: &mut fastrand::Rng) -> AccountId {
    loop {
        // 32 hexadecimal digits are an account id.
        if let Ok(account) = format!("{:032x}", random.u128(..)).parse() {
            return account;
        }
    }
}

fn make_admin(state: &mut State, tag: &UserTag) {
    let policy = state.account_policy([SUPER_ADMINISTRATOR]);
    if let Some(member) = state.membership_of_mut(tag) {
        member.policies = vec![policy];
    }
}

impl EmbeddedAccount {
    /// A fresh account with the defaults.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Begins to make one with options.
    pub fn builder() -> EmbeddedAccountBuilder {
        EmbeddedAccountBuilder {
            account: None,
            seed: None,
            clock: Arc::new(SystemClock),
            switches: Switches::default(),
            administrator: "admin@example.com".to_owned(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account's id.
    pub fn account_id(&self) -> &AccountId {
        &self.account
    }

    /// The two tokens that it came with.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// The host by which a [`HostRouter`](scim_core::transport::HostRouter) may know it.
    pub fn authority(&self) -> String {
        format!("{}.cloudflare.embedded", self.account)
    }

    /// A client that talks to this account without a socket, with both of its tokens.
    ///
    /// # Errors
    /// None that this account brings about.
    pub fn client(&self) -> Result<Cloudflare, Error> {
        let base: BaseUrl = format!("http://{}/client/v4", self.authority())
            .parse()
            .map_err(|_| Error::request(&scim_core::transport::Operation::new("set up the client", ""), "no URL"))?;
        Cloudflare::builder(self.account.clone())
            .base_url(base)
            .api_token(self.tokens.api.clone())
            .scim_token(self.tokens.scim.clone())
            .transport(Arc::new(self.clone()))
            .build()
    }

    /// Serves it over HTTP; the base URL is `<origin>/client/v4`.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub async fn serve(&self, address: SocketAddr) -> std::io::Result<Server> {
        serve(address, Arc::new(self.clone()), ServeOptions::default()).await
    }

    // Behaviour.

    /// How it behaves now.
    pub fn switches(&self) -> Switches {
        self.state().switches
    }

    /// Changes how it behaves from the next request on.
    pub fn update_switches(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.state().switches);
    }

    /// Sets one switch by name.
    ///
    /// # Errors
    /// If there is no such switch or value.
    pub fn set_switch(&self, name: &str, value: &str) -> Result<(), UnknownSwitch> {
        self.state().switches.set(name, value)
    }

    /// Turns the documented rate limits on or off. The headers are sent either way.
    pub fn set_rate_limit(&self, on: bool) {
        let value = if on { super::RateLimitSwitch::On } else { super::RateLimitSwitch::Off };
        self.state().switches.rate_limit = value;
    }

    /// Makes requests go wrong.
    pub fn inject(&self, rule: FaultRule) {
        self.state().faults.add(rule);
    }

    /// Forgets every rule that [`inject`](Self::inject) added.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// Whether this is one of its tokens, usable or not.
    pub(super) fn knows(&self, token: &str) -> bool {
        self.state().token(token).is_some()
    }

    // What was asked of it.

    /// The requests that it has answered, oldest first; at most the last 50,000.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.state().log.records()
    }

    /// How many requests it has answered.
    pub fn request_count(&self) -> u64 {
        self.state().log.total
    }

    /// How many of them could change something (POST, PUT, PATCH, DELETE).
    pub fn mutation_count(&self) -> u64 {
        self.state().log.mutations
    }

    /// Forgets the requests; counting begins at zero.
    pub fn clear_requests(&self) {
        self.state().log.clear();
    }

    // Behind the scenes: changes that no API was asked for, so that tests find what they look for.

    /// Makes a token.
    pub fn create_token(&self, name: &str, permissions: &[Permission]) -> Token {
        self.state().create_token(name, TokenKind::Account, permissions, None)
    }

    /// Makes a token of a user's.
    pub fn create_user_token(&self, name: &str, owner: &UserTag, permissions: &[Permission]) -> Token {
        self.state().create_token(name, TokenKind::User, permissions, Some(owner.clone()))
    }

    /// Switches a token off; says whether there is such a token.
    pub fn disable_token(&self, token: &Token) -> bool {
        self.state().token_mut(token.expose()).map(|token| token.disabled = true).is_some()
    }

    /// Lets a token end after `after` from now; says whether there is such a token.
    pub fn expire_token(&self, token: &Token, after: Duration) -> bool {
        let mut state = self.state();
        let end = state.now().saturating_add(after).ok();
        state.token_mut(token.expose()).map(|token| token.expires_on = end).is_some()
    }

    /// Makes somebody a member, as if invited and accepted in the dashboard; `None` if one has the
    /// address already.
    pub fn add_member(&self, email: &str) -> Option<UserTag> {
        let person = NewPerson { email: email.to_owned(), ..NewPerson::default() };
        self.state().enrol(person, MemberStatus::Accepted).ok()
    }

    /// Makes somebody a Super Administrator, and a member before if need be.
    pub fn add_super_administrator(&self, email: &str) -> Option<UserTag> {
        let mut state = self.state();
        let known = state.member_by_email(email).map(|(person, _)| person.tag.clone());
        let tag = if let Some(tag) = known {
            tag
        } else {
            let person = NewPerson { email: email.to_owned(), ..NewPerson::default() };
            state.enrol(person, MemberStatus::Accepted).ok()?
        };
        make_admin(&mut state, &tag);
        Some(tag)
    }

    /// Ends the membership of the member with this address, the last Super Administrator's too; says
    /// whether there was one.
    pub fn end_membership(&self, email: &str) -> bool {
        let mut state = self.state();
        let tag = state.member_by_email(email).map(|(person, _)| person.tag.clone());
        if let Some(tag) = &tag {
            state.expel_anyway(tag);
        }
        tag.is_some()
    }

    /// Makes a group, as if in the dashboard; `None` if one has the name already.
    pub fn add_dashboard_group(&self, name: &str) -> Option<UserGroupId> {
        self.state().create_group(name, Vec::new()).ok()
    }

    /// Takes the member with this address out of the group of this name; says whether it was in it.
    pub fn drop_membership(&self, email: &str, group: &str) -> bool {
        self.with_both(email, group, |state, tag, group| state.leave(group, tag))
    }

    /// Puts the member with this address into the group of this name; says whether that changed
    /// anything.
    pub fn add_membership(&self, email: &str, group: &str) -> bool {
        self.with_both(email, group, |state, tag, group| {
            let now = state.now();
            state.join(group, tag, now)
        })
    }

    fn with_both(
        &self,
        email: &str,
        group: &str,
        act: impl FnOnce(&mut State, &UserTag, &UserGroupId) -> bool,
    ) -> bool {
        let mut state = self.state();
        let tag = state.member_by_email(email).map(|(person, _)| person.tag.clone());
        let group = state.group_by_name(group).map(|group| group.id.clone());
        match (tag, group) {
            (Some(tag), Some(group)) => act(&mut state, &tag, &group),
            _ => false,
        }
    }

    /// Takes all policies of the group of this name away; says whether there is such a group.
    pub fn drop_policies(&self, group: &str) -> bool {
        let mut state = self.state();
        let id = state.group_by_name(group).map(|group| group.id.clone());
        id.and_then(|id| state.group_mut(&id).map(|group| group.policies.clear())).is_some()
    }

    // What it holds.

    /// The tag and membership of the member with this address.
    pub fn member(&self, email: &str) -> Option<(UserTag, MembershipId)> {
        let state = self.state();
        let (person, membership) = state.member_by_email(email)?;
        Some((person.tag.clone(), membership.id.clone()))
    }

    /// The addresses of all members, in the order of joining.
    pub fn member_emails(&self) -> Vec<String> {
        let state = self.state();
        let people = state.members.values().filter_map(|member| state.person(&member.tag));
        people.map(|person| person.email.clone()).collect()
    }

    /// The custom groups by name, each with the addresses of its members, sorted.
    pub fn group_members(&self) -> std::collections::BTreeMap<String, Vec<String>> {
        let state = self.state();
        let emails = |group: &super::state::Group| {
            let people = group.members.keys().filter_map(|tag| state.person(tag));
            let mut emails: Vec<String> = people.map(|person| person.email.clone()).collect();
            emails.sort();
            emails
        };
        state.groups.values().map(|group| (group.name.clone(), emails(group))).collect()
    }
}

impl Default for EmbeddedAccount {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for EmbeddedAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedAccount").field("account", &self.account).finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for EmbeddedAccount {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let outcome = router::handle(&mut self.state(), &self.tokens, request);
        if !outcome.delay.is_zero() {
            tokio::time::sleep(outcome.delay).await;
        }
        outcome.response.ok_or_else(|| {
            TransportError::new(TransportErrorKind::Interrupted)
                .with_detail("the connection was cut, as a fault asked for")
        })
    }
}
