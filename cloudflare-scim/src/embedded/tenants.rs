use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use scim_core::serve::{ServeOptions, Server, serve};
use scim_core::transport::{Transport, TransportError};

use super::EmbeddedAccount;
use super::tokens::{Credentials, credentials};
use crate::AccountId;

/// Several embedded accounts behind one address, as the real API has them: kept apart by the account id of
/// the path, each with its own people, tokens, limits and faults.
///
/// ```
/// use cloudflare_scim::embedded::{EmbeddedAccount, EmbeddedAccounts};
/// use cloudflare_scim::Cloudflare;
/// use scim_core::transport::TransportExt;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let (one, two) = (EmbeddedAccount::new(), EmbeddedAccount::new());
/// let both = EmbeddedAccounts::from_iter([one.clone(), two.clone()]);
/// let client = |of: &EmbeddedAccount, token: &EmbeddedAccount| {
///     let builder = Cloudflare::builder(of.account_id().clone()).api_token(token.tokens().api.clone());
///     builder.transport(both.clone().shared()).build()
/// };
/// assert_eq!(client(&one, &one)?.members().list().all().await?.len(), 1);
/// assert!(client(&one, &two)?.members().list().all().await.unwrap_err().is_unauthorized());
/// # Ok::<(), cloudflare_scim::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct EmbeddedAccounts {
    accounts: Arc<HashMap<AccountId, EmbeddedAccount>>,
    /// Who answers what belongs to no account.
    first: EmbeddedAccount,
}

impl FromIterator<EmbeddedAccount> for EmbeddedAccounts {
    /// Accounts behind one address; of two with the same id the later counts. Without any there is a fresh one.
    fn from_iter<I: IntoIterator<Item = EmbeddedAccount>>(accounts: I) -> Self {
        let mut accounts = accounts.into_iter().peekable();
        let first = accounts.peek().cloned().unwrap_or_default();
        let accounts = accounts.map(|account| (account.account_id().clone(), account)).collect();
        Self { accounts: Arc::new(accounts), first }
    }
}

impl EmbeddedAccounts {
    /// The account of this id.
    pub fn get(&self, id: &AccountId) -> Option<&EmbeddedAccount> {
        self.accounts.get(id)
    }

    /// Serves them over HTTP; the base URL of all is `<origin>/client/v4`.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub async fn serve(&self, address: SocketAddr) -> std::io::Result<Server> {
        serve(address, Arc::new(self.clone()), ServeOptions::default()).await
    }

    /// The account of the path; where the path names none (`/user/…`), the one that knows the token.
    fn account_of(&self, request: &http::Request<Bytes>) -> &EmbeddedAccount {
        let segments: Vec<&str> = request.uri().path().split('/').filter(|it| !it.is_empty()).collect();
        let named = match segments.as_slice() {
            ["client", "v4", "accounts", id, ..] => id.parse().ok().and_then(|id: AccountId| self.get(&id)),
            _ => match credentials(request.headers()) {
                Credentials::Bearer(token) => self.accounts.values().find(|account| account.knows(token)),
                Credentials::Missing | Credentials::Malformed => None,
            },
        };
        named.unwrap_or(&self.first)
    }
}

#[async_trait]
impl Transport for EmbeddedAccounts {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        self.account_of(&request).send(request).await
    }
}
