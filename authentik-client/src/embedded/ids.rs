//! Ids as authentik makes them, from seeded randomness so that a run can be repeated.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// The source of ids and of the retry delays' randomness.
#[derive(Debug, Clone)]
pub(crate) struct Ids {
    random: fastrand::Rng,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed) }
    }

    /// A random UUID of version 4.
    pub(crate) fn uuid(&mut self) -> String {
        let bits = (self.random.u128(..) & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
        let hex = format!("{bits:032x}");
        canonical_uuid(&hex)
    }

    /// 32 hex digits: `X-authentik-id`.
    pub(crate) fn hex32(&mut self) -> String {
        format!("{:032x}", self.random.u128(..))
    }

    /// A token's key: 60 letters and digits.
    pub(crate) fn key(&mut self) -> String {
        std::iter::repeat_with(|| self.random.alphanumeric()).take(60).collect()
    }

    /// A group's second number: five digits in most recordings.
    pub(crate) fn num_pk(&mut self) -> i64 {
        self.random.i64(10_000..99_999)
    }

    /// Uniform in `low..=high`.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        self.random.u64(low..=high)
    }
}

/// A user's `uid`: 64 hex digits from the pk and the installation.
pub(crate) fn uid(pk: i64, installation: &str) -> String {
    hash(&format!("{pk}-{installation}"))
}

/// The minute of a provider's crontab, fixed per pk.
pub(crate) fn minute(pk: i64) -> u8 {
    let digest = Sha256::digest(format!("embedded-authentik-{pk}"));
    digest.first().map_or(0, |byte| byte % 60)
}

fn hash(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text) {
        let _infallible = write!(hex, "{byte:02x}");
    }
    hex
}

/// Whether `text` is a UUID as Django reads it: 32 hex digits, hyphens anywhere.
pub(crate) fn is_uuid(text: &str) -> bool {
    let digits = text.chars().filter(|c| *c != '-');
    text.len() <= 64 && digits.clone().count() == 32 && digits.clone().all(|c| c.is_ascii_hexdigit())
}

/// The usual spelling of a UUID: lower case, hyphens at 8-4-4-4-12.
pub(crate) fn canonical_uuid(text: &str) -> String {
    let hex: String = text.chars().filter(char::is_ascii_hexdigit).map(|c| c.to_ascii_lowercase()).collect();
    let mut out = String::with_capacity(36);
    for (index, c) in hex.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_shape_of_the_real_ones() {
        let mut ids = Ids::new(1);
        let uuid = ids.uuid();
        assert!(is_uuid(&uuid) && uuid.len() == 36 && uuid.as_bytes()[14] == b'4', "{uuid}");
        assert_eq!(canonical_uuid(&uuid.replace('-', "").to_uppercase()), uuid);
        assert_eq!(uid(3, "x").len(), 64);
        assert_ne!(uid(3, "x"), uid(4, "x"));
        assert!(!is_uuid("zzz"));
    }
}
