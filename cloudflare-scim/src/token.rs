use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// An API token. Its text is never printed: `Debug` shows the kind alone.
///
/// ```
/// use cloudflare_scim::{Token, TokenKind};
///
/// let token = Token::new("cfat_0123456789abcdefghij");
/// assert_eq!(token.kind(), TokenKind::Account);
/// assert_eq!(format!("{token:?}"), "Token(cfat_[redacted])");
/// ```
#[derive(Clone)]
pub struct Token(SecretString);

/// What a token's prefix says (Cloudflare's "Token formats", since 2026).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenKind {
    /// `cfut_`: belongs to a user and ends with that user's access.
    User,
    /// `cfat_`: belongs to the account; what Cloudflare recommends for SCIM.
    Account,
    /// `cfk_`: a user's global API key. The SCIM endpoint does not take it.
    GlobalKey,
    /// `cfoat_`: an OAuth access token.
    OAuth,
    /// No known prefix: a token from before 2026.
    Unknown,
}

impl TokenKind {
    const PREFIXES: [(&'static str, Self); 4] =
        [("cfut_", Self::User), ("cfat_", Self::Account), ("cfk_", Self::GlobalKey), ("cfoat_", Self::OAuth)];

    /// The prefix of such tokens; empty for [`Unknown`](Self::Unknown).
    pub fn prefix(self) -> &'static str {
        Self::PREFIXES.iter().find(|(_, kind)| *kind == self).map_or("", |(prefix, _)| prefix)
    }

    fn of(text: &str) -> Self {
        Self::PREFIXES.iter().find(|(prefix, _)| text.starts_with(prefix)).map_or(Self::Unknown, |(_, kind)| *kind)
    }
}

impl Token {
    /// A token from its text; blanks around it (a line end from a file) are cut off.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self(SecretString::from(text.trim()))
    }

    /// What its prefix says.
    pub fn kind(&self) -> TokenKind {
        TokenKind::of(self.0.expose_secret())
    }

    /// The text itself, to be handed to whom it is meant for.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The token as scim-core's clients take it.
    pub fn secret(&self) -> SecretString {
        self.0.clone()
    }

    /// `Authorization: Bearer …`, marked sensitive; `None` if the text cannot stand in a header.
    pub(crate) fn header(&self) -> Option<http::HeaderValue> {
        let text = self.0.expose_secret();
        if text.is_empty() || text.bytes().any(|byte| !byte.is_ascii_graphic()) {
            return None;
        }
        let mut value = http::HeaderValue::try_from(format!("Bearer {text}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}[redacted])", self.kind().prefix())
    }
}

impl From<SecretString> for Token {
    fn from(secret: SecretString) -> Self {
        Self(secret)
    }
}

impl From<String> for Token {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Token {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_sensitive_and_odd_texts_have_none() {
        let header = Token::new(" abc\n").header().unwrap();
        assert!(header.is_sensitive());
        assert_eq!(header, "Bearer abc");
        for odd in ["", "a b", "a\u{0}b", "tökn"] {
            assert!(Token::new(odd).header().is_none(), "{odd:?}");
        }
    }

    #[test]
    fn every_kind_is_known_by_its_prefix() {
        for (prefix, kind) in TokenKind::PREFIXES {
            assert_eq!(Token::new(format!("{prefix}x")).kind(), kind);
            assert_eq!(kind.prefix(), prefix);
        }
        assert_eq!(Token::new("YQSn-xWAQiiEh9qM58wZNnyQS7FUdoqGIUAbrh7T").kind(), TokenKind::Unknown);
    }
}
