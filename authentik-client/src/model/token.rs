use serde::{Deserialize, Serialize};

use super::{Extra, open_enum};
use crate::id::{TokenIdentifier, UserPk};

open_enum! {
    /// What a token is good for.
    TokenIntent {
        /// Calls of the API: the only kind that this crate can work with.
        Api = "api",
        /// A password for programs that sign in; the API refuses it (G10).
        AppPassword = "app_password",
        /// Verification of an address.
        Verification = "verification",
        /// Recovery of an account.
        Recovery = "recovery",
    }
}

/// A token (`/core/tokens/`), without its key: see [`ApiTokens::key`](crate::ApiTokens::key).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Token {
    /// The id in URLs; unique.
    pub identifier: TokenIdentifier,
    /// What it is good for.
    pub intent: TokenIntent,
    /// The owner, whose permissions it has.
    pub user: UserPk,
    /// Whether it expires. One that does dies after 30 minutes, whatever `expires` asked for (G30).
    #[serde(default)]
    pub expiring: bool,
    /// When it expires, RFC 3339; without meaning where `expiring` is false.
    #[serde(default)]
    pub expires: Option<String>,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Everything else (`user_obj`).
    #[serde(flatten)]
    pub extra: Extra,
}

/// The body that creates a token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NewToken {
    /// The id in URLs.
    pub identifier: TokenIdentifier,
    /// The owner. Only superusers may name another one than themselves; authentik ignores it from others.
    pub user: UserPk,
    /// What it is good for.
    pub intent: TokenIntent,
    /// Whether it expires.
    pub expiring: bool,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

impl NewToken {
    /// A token for the API that does not expire: one that does is dead after 30 minutes (G30).
    pub fn api(identifier: TokenIdentifier, user: UserPk) -> Self {
        Self { identifier, user, intent: TokenIntent::Api, expiring: false, description: String::new() }
    }
}
