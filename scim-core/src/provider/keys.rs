use http::HeaderMap;
use http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// Bearer tokens (RFC 6750 §2.1), and what each of them opens.
#[derive(Debug)]
pub(super) struct Keys<V>(Vec<(SecretString, V)>);

impl<V> Keys<V> {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn add(&mut self, token: SecretString, opens: V) {
        self.0.push((token, opens));
    }

    /// What the token of a request opens.
    pub(super) fn opened_by(&self, headers: &HeaderMap) -> Option<&V> {
        let header = headers.get(AUTHORIZATION)?.as_bytes();
        let (scheme, given) = header.split_at_checked(7)?;
        if scheme.eq_ignore_ascii_case(b"bearer ") { self.find(given) } else { None }
    }

    /// Whether a token is known.
    pub(super) fn contains(&self, token: &SecretString) -> bool {
        self.find(token.expose_secret().as_bytes()).is_some()
    }

    fn find(&self, given: &[u8]) -> Option<&V> {
        // No early end: how long it takes says nothing about which token is nearly right.
        let same = |(token, _): &&(SecretString, V)| bool::from(token.expose_secret().as_bytes().ct_eq(given));
        let found = self.0.iter().filter(same).fold(None, |_, (_, opens)| Some(opens));
        // Whoever forgot to configure a token has not opened the door.
        found.filter(|_| !given.is_empty())
    }
}
