//! The account's API tokens and what they may do (rule 2).

use jiff::Timestamp;
use subtle::ConstantTimeEq;

use super::state::State;
use crate::{TokenId, TokenKind, TokenStatus, UserTag};

/// A permission of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Permission {
    /// `SCIM Provisioning: Edit`: SCIM, user groups, members, roles, resource groups; no audit logs.
    ScimProvisioning,
    /// `Account Settings: Read`.
    AccountSettingsRead,
    /// `Account Settings: Edit`.
    AccountSettingsWrite,
}

impl Permission {
    /// Every permission.
    pub const ALL: &[Self] = &[Self::ScimProvisioning, Self::AccountSettingsRead, Self::AccountSettingsWrite];
}

#[derive(Clone)]
pub(super) struct TokenRecord {
    pub(super) id: TokenId,
    pub(super) name: String,
    pub(super) secret: crate::Token,
    pub(super) permissions: Vec<Permission>,
    /// The user whose token it is; `None`: the account's.
    pub(super) owner: Option<UserTag>,
    pub(super) disabled: bool,
    pub(super) not_before: Option<Timestamp>,
    pub(super) expires_on: Option<Timestamp>,
}

impl TokenRecord {
    pub(super) fn status(&self, now: Timestamp) -> TokenStatus {
        if self.disabled {
            TokenStatus::Disabled
        } else if self.expires_on.is_some_and(|end| end <= now) {
            TokenStatus::Expired
        } else {
            TokenStatus::Active
        }
    }

    pub(super) fn is_usable(&self, now: Timestamp) -> bool {
        self.status(now) == TokenStatus::Active && self.not_before.is_none_or(|start| start <= now)
    }

    pub(super) fn may(&self, any_of: &[Permission]) -> bool {
        any_of.is_empty() || any_of.iter().any(|permission| self.permissions.contains(permission))
    }
}

/// What an `Authorization` header holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Credentials<'a> {
    Missing,
    Malformed,
    Bearer(&'a str),
}

/// Reads `Authorization` (RFC 6750 §2.1): the scheme in any case, then one b64token.
pub(super) fn credentials(headers: &http::HeaderMap) -> Credentials<'_> {
    let Some(value) = headers.get(http::header::AUTHORIZATION) else { return Credentials::Missing };
    let Some((scheme, token)) = value.to_str().ok().and_then(|text| text.split_once(' ')) else {
        return Credentials::Malformed;
    };
    let token = token.trim();
    let characters = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || !token.bytes().all(characters) {
        return Credentials::Malformed;
    }
    Credentials::Bearer(token)
}

impl State {
    pub(super) fn create_token(
        &mut self,
        name: &str,
        kind: TokenKind,
        permissions: &[Permission],
        owner: Option<UserTag>,
    ) -> crate::Token {
        let mut text = kind.prefix().to_owned();
        // 40 characters and a checksum, by the documents; its algorithm is not published.
        text.extend((0..48).map(|_| self.random.alphanumeric()));
        let secret = crate::Token::new(text);
        let id = self.new_id();
        self.tokens.push(TokenRecord {
            id,
            name: name.to_owned(),
            secret: secret.clone(),
            permissions: permissions.to_vec(),
            owner,
            disabled: false,
            not_before: None,
            expires_on: None,
        });
        secret
    }

    /// The token of this text, usable or not. Takes as long for a wrong one as for a right one.
    pub(super) fn token(&self, text: &str) -> Option<&TokenRecord> {
        let mut found = None;
        for token in &self.tokens {
            if bool::from(token.secret.expose().as_bytes().ct_eq(text.as_bytes())) {
                found = Some(token);
            }
        }
        found
    }

    pub(super) fn token_mut(&mut self, text: &str) -> Option<&mut TokenRecord> {
        self.tokens.iter_mut().find(|token| bool::from(token.secret.expose().as_bytes().ct_eq(text.as_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_bearer_token_is_malformed() {
        let read = |value: &str| {
            let mut headers = http::HeaderMap::new();
            headers.insert("authorization", value.parse().unwrap());
            format!("{:?}", credentials(&headers))
        };
        assert_eq!(read("Bearer cfat_1"), "Bearer(\"cfat_1\")");
        assert_eq!(read("bearer abc-1"), "Bearer(\"abc-1\")");
        for odd in ["abc", "Basic abc", "Bearer ", "Bearer a b", "Bearer"] {
            assert_eq!(read(odd), "Malformed", "{odd}");
        }
        assert_eq!(credentials(&http::HeaderMap::new()), Credentials::Missing);
    }
}
