use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::call::{Call, Needs};
use crate::{Cloudflare, Error, Token, TokenId, TokenKind};

words! {
    /// Whether a token works.
    TokenStatus {
        /// It does.
        Active = "active",
        /// It was switched off.
        Disabled = "disabled",
        /// Its time is over.
        Expired = "expired",
    }
}

/// Whose a token is: which of the two endpoints knew it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenOwner {
    /// The account's: what Cloudflare recommends for SCIM.
    Account,
    /// A user's: ends with that user's access.
    User,
}

/// What Cloudflare says of a token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenCheck {
    /// The token's id: the audit log names the actor by it.
    pub id: TokenId,
    /// Whether it works.
    pub status: TokenStatus,
    /// Since when, as the server writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// Until when, as the server writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<String>,
    /// Whose it is.
    #[serde(skip, default = "account")]
    pub owner: TokenOwner,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

fn account() -> TokenOwner {
    TokenOwner::Account
}

impl TokenCheck {
    /// Until when, as a time; `None` if the token does not expire or the text is unreadable.
    pub fn expires_at(&self) -> Option<jiff::Timestamp> {
        self.expires_on.as_deref()?.parse().ok()
    }
}

/// Checks tokens: `…/tokens/verify` for those of the account, `/user/tokens/verify` for a user's.
#[derive(Debug, Clone)]
pub struct Tokens(Cloudflare);

impl Cloudflare {
    /// Checks tokens.
    pub fn tokens(&self) -> Tokens {
        Tokens(self.clone())
    }
}

impl Tokens {
    /// Checks the token that v4 is called with.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub async fn verify_api_token(&self) -> Result<TokenCheck, Error> {
        self.verify(self.0.api_token()).await
    }

    /// Checks the token that SCIM is called with.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub async fn verify_scim_token(&self) -> Result<TokenCheck, Error> {
        self.verify(self.0.scim_token()).await
    }

    /// Checks a token at the endpoint that its prefix names; without a known prefix at the account's
    /// and, if that does not know it, at the user's.
    ///
    /// # Errors
    /// `Unauthorized` if neither knows it; any other failure of a call. A disabled or expired token
    /// may be either an error or an answer that says so.
    pub async fn verify(&self, token: &Token) -> Result<TokenCheck, Error> {
        match token.kind() {
            TokenKind::Account => self.verify_at(TokenOwner::Account, token).await,
            TokenKind::User | TokenKind::GlobalKey | TokenKind::OAuth => self.verify_at(TokenOwner::User, token).await,
            TokenKind::Unknown => match self.verify_at(TokenOwner::Account, token).await {
                Err(error) if error.status().is_some_and(|status| status.is_client_error() && status != 429) => {
                    // The first error tells more of an account's token; keep it if both fail.
                    self.verify_at(TokenOwner::User, token).await.map_err(|_| error)
                }
                outcome => outcome,
            },
        }
    }

    async fn verify_at(&self, owner: TokenOwner, token: &Token) -> Result<TokenCheck, Error> {
        let (name, segments): (_, &[&str]) = match owner {
            TokenOwner::Account => ("verify account token", &["accounts", self.0.account(), "tokens", "verify"]),
            TokenOwner::User => ("verify user token", &["user", "tokens", "verify"]),
        };
        let call = Call::new(Method::GET, name, Needs::Nothing, segments);
        let answer = self.0.send_as(&call, token).await?;
        let redact = |text: &str| self.0.redact(text).replace(token.expose(), "[redacted]");
        let check: TokenCheck = call.result(&answer, &redact)?;
        Ok(TokenCheck { owner, ..check })
    }
}
