use http::Method;
use secrecy::SecretString;
use serde::Deserialize;

use super::list::List;
use super::objects::{Objects, handle};
use crate::error::Error;
use crate::id::{TokenIdentifier, UserPk};
use crate::model::{NewToken, Token};

handle! {
    /// Tokens (`/core/tokens/`). Whoever lacks `authentik_core.view_token` sees the own ones only.
    ApiTokens, Token, TokenIdentifier, [get, delete]
}

#[derive(Deserialize)]
struct Key {
    key: SecretString,
}

impl ApiTokens {
    /// Creates one. Only superusers create them for somebody else.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::is_conflict`] when the identifier is taken.
    pub async fn create(&self, token: &NewToken) -> Result<Token, Error> {
        self.0.create(token).await
    }

    /// The tokens of one user, among those that the caller may see.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn of_user(&self, user: UserPk) -> Result<Vec<Token>, Error> {
        let all = self.list().ordering("identifier").all().await?;
        Ok(all.into_iter().filter(|token| token.user == user).collect())
    }

    /// The key itself: what goes into `Authorization`. authentik notes in its log that it was seen.
    ///
    /// # Errors
    /// See [`Error`]; forbidden for another user's token without `authentik_core.view_token_key`.
    pub async fn key(&self, id: &TokenIdentifier) -> Result<SecretString, Error> {
        let more = [id.to_string(), "view_key".to_owned()];
        let call = self.0.call("read the key of a token", Method::GET, &more);
        Ok(self.0.core.read::<Key>(call).await?.key)
    }
}
