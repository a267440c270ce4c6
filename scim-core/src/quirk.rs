//! Named deviations from the RFC, and sets of them.
//!
//! A [`Quirk`] is one thing that some peer sends although the letter of RFC 7643 or RFC 7644 has
//! another form for it (filters §3.4.2.2, PATCH §3.5.2). The readers of filters, paths and PATCH bodies take a [`Quirks`]
//! set that says which ones to tolerate, and report the ones that they met, so that a service can log *which* peculiarity
//! of a peer it just relied on. Resources and answers are read with every tolerance and written by the letter. The empty set, [`Quirks::STRICT`], is the reading by the letter.
//! Leniency never changes what the strict reading accepts.
//!
//! ```
//! use scim_core::quirk::{Quirk, Quirks};
//! let entra = Quirks::ENTRA;
//! assert!(entra.contains(Quirk::OpCase));
//! assert_eq!(Quirk::OpCase.name(), "op-case");
//! assert!(Quirks::STRICT.is_empty());
//! ```

use std::fmt;
use std::str::FromStr;

macro_rules! quirks {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// One deviation from the letter of the RFC that a peer is known for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Quirk {
            $($(#[$doc])* $variant,)*
        }

        impl Quirk {
            /// Every quirk, in the order of `docs/deviations.md`.
            pub const ALL: &[Quirk] = &[$(Quirk::$variant,)*];

            /// The name in reports and configuration, for example `op-case`.
            pub fn name(self) -> &'static str {
                match self { $(Quirk::$variant => $name,)* }
            }
        }
    };
}

quirks! {
    /// `"op":"Replace"`: the operation word in any case (RFC 7644 §3.5.2 prints lower case).
    OpCase = "op-case",
    /// `"active":"False"`: a boolean as text, in any case; never 0, 1 or "yes".
    BoolString = "bool-string",
    /// `roles[primary eq "True"]`: a boolean literal in quotes.
    BoolStringInFilter = "bool-string-in-filter",
    /// `"12.5"` for a decimal: text that is a JSON number of the attribute's type.
    NumberString = "number-string",
    /// `{"name.givenName":"K"}` without `path`: a key that is an attribute path.
    DottedKeys = "dotted-keys",
    /// `{"phoneNumbers[type eq \"work\"].value":"1"}`: a key that is a PATCH path.
    PathKeys = "path-keys",
    /// `remove` with a value list: takes away the elements that agree with it, never all.
    RemoveWithValue = "remove-with-value",
    /// `emails[type eq "home"].value` without such an element: makes one from the filter.
    CreateOnUnmatchedFilter = "create-on-unmatched-filter",
    /// A complex attribute with a `value` sub-attribute given as plain text.
    ComplexAsString = "complex-as-string",
    /// A simple attribute given as `{"value":"x"}` or as a list of one such object.
    WrappedScalar = "wrapped-scalar",
    /// `members[value eq 123abc]`: a string literal without quotes.
    UnquotedFilterValue = "unquoted-filter-value",
    /// `[{"$ref":null,"value":"u1"}]`: null members inside an element.
    NullSubattr = "null-subattr",
    /// A path-less value that holds readOnly attributes: they are skipped.
    ReadonlyInValueIgnored = "readonly-in-value-ignored",
    /// The resource's `id` inside a path-less value.
    OktaIdInValue = "okta-id-in-value",
    /// `urn:…:2.0:User.department`: a dot after the schema URN.
    UrnDotNotation = "urn-dot-notation",
    /// A value that is JSON inside a string: stored as the text that it is.
    JsonInString = "json-in-string",
    /// A sub-attribute or operation member that no schema knows: dropped.
    UnknownSubattr = "unknown-subattr",
    /// `[{"value":""}]` clears the attribute; only where asked for.
    EmptyValueClears = "empty-value-clears",
    /// `""` for a complex attribute unassigns it.
    EmptyStringClears = "empty-string-clears",
    /// Adding a member whose `value` is there already, with other sub-attributes.
    MemberIdentity = "member-identity",
    /// `remove` of `members` with `{"members":[…]}` as value.
    SalesforceNestedMembers = "salesforce-nested-members",
}

impl fmt::Display for Quirk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text is not the name of a quirk or of a preset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown quirk `{0}`; the names are listed by `Quirk::ALL`")]
pub struct UnknownQuirk(String);

impl FromStr for Quirk {
    type Err = UnknownQuirk;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().find(|q| q.name().eq_ignore_ascii_case(name));
        found.copied().ok_or_else(|| UnknownQuirk(name.chars().take(64).collect()))
    }
}

/// A set of [`Quirk`]s: what a reader tolerates, or what it met.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Quirks(u32);

impl Quirks {
    /// None: the letter of the RFC.
    pub const STRICT: Quirks = Quirks(0);
    /// All but [`Quirk::EmptyValueClears`], which changes a message that strict accepts.
    pub const LENIENT: Quirks = Quirks::all_of(Quirk::ALL).without(Quirk::EmptyValueClears);
    /// Microsoft Entra ID as it is by default.
    pub const ENTRA: Quirks = Quirks::all_of(&[
        Quirk::OpCase,
        Quirk::BoolString,
        Quirk::BoolStringInFilter,
        Quirk::RemoveWithValue,
        Quirk::CreateOnUnmatchedFilter,
        Quirk::ComplexAsString,
        Quirk::WrappedScalar,
        Quirk::UnquotedFilterValue,
        Quirk::NullSubattr,
        Quirk::UrnDotNotation,
        Quirk::JsonInString,
        Quirk::UnknownSubattr,
        Quirk::EmptyStringClears,
        Quirk::MemberIdentity,
    ]);
    /// Microsoft Entra ID with `aadOptscim062020` in the tenant URL.
    pub const ENTRA_RFC: Quirks = Quirks::all_of(&[
        Quirk::BoolStringInFilter,
        Quirk::CreateOnUnmatchedFilter,
        Quirk::DottedKeys,
        Quirk::PathKeys,
        Quirk::MemberIdentity,
    ]);
    /// Okta.
    pub const OKTA: Quirks =
        Quirks::all_of(&[Quirk::ReadonlyInValueIgnored, Quirk::OktaIdInValue, Quirk::MemberIdentity]);
    /// authentik.
    pub const AUTHENTIK: Quirks = Quirks::all_of(&[
        Quirk::RemoveWithValue,
        Quirk::ReadonlyInValueIgnored,
        Quirk::OktaIdInValue,
        Quirk::MemberIdentity,
    ]);
    /// Salesforce and clients that write like it.
    pub const SALESFORCE: Quirks =
        Quirks::all_of(&[Quirk::RemoveWithValue, Quirk::SalesforceNestedMembers, Quirk::MemberIdentity]);
    /// JumpCloud, as far as integrators report it: Entra-like removal of members.
    pub const JUMPCLOUD: Quirks = Quirks::all_of(&[Quirk::RemoveWithValue, Quirk::MemberIdentity]);
    /// OneLogin: nothing beyond the letter is known for sure.
    pub const ONELOGIN: Quirks = Quirks::all_of(&[Quirk::MemberIdentity]);
    /// Cloudflare as a service provider: what its SCIM endpoint takes from the providers that it supports.
    pub const CLOUDFLARE: Quirks = Quirks::ENTRA.union(Quirks::OKTA).union(Quirks::AUTHENTIK);

    const fn bit(quirk: Quirk) -> u32 {
        1 << quirk as u32
    }

    const fn all_of(quirks: &[Quirk]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < quirks.len() {
            bits |= Self::bit(quirks[at]);
            at += 1;
        }
        Self(bits)
    }

    /// Whether the quirk is in the set.
    pub const fn contains(self, quirk: Quirk) -> bool {
        self.0 & Self::bit(quirk) != 0
    }

    /// The set with the quirk in it.
    pub const fn with(self, quirk: Quirk) -> Self {
        Self(self.0 | Self::bit(quirk))
    }

    /// The set without the quirk.
    pub const fn without(self, quirk: Quirk) -> Self {
        Self(self.0 & !Self::bit(quirk))
    }

    /// What is in either set.
    pub const fn union(self, other: Quirks) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether nothing is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The quirks of the set, in the order of [`Quirk::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Quirk> {
        Quirk::ALL.iter().copied().filter(move |q| self.contains(*q))
    }

    /// The preset of that name: `strict`, `lenient`, `entra`, `entra-rfc`, `okta`, `authentik`,
    /// `salesforce`, `jumpcloud`, `onelogin` or `cloudflare`.
    pub fn preset(name: &str) -> Option<Self> {
        Some(match name {
            "strict" => Self::STRICT,
            "lenient" => Self::LENIENT,
            "entra" => Self::ENTRA,
            "entra-rfc" => Self::ENTRA_RFC,
            "okta" => Self::OKTA,
            "authentik" => Self::AUTHENTIK,
            "salesforce" => Self::SALESFORCE,
            "jumpcloud" => Self::JUMPCLOUD,
            "onelogin" => Self::ONELOGIN,
            "cloudflare" => Self::CLOUDFLARE,
            _ => return None,
        })
    }
}

impl FromIterator<Quirk> for Quirks {
    fn from_iter<I: IntoIterator<Item = Quirk>>(quirks: I) -> Self {
        quirks.into_iter().fold(Self::STRICT, Self::with)
    }
}

impl fmt::Debug for Quirks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Quirk::name)).finish()
    }
}

impl fmt::Display for Quirks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, quirk) in self.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            f.write_str(quirk.name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_are_twenty_one() {
        assert_eq!(Quirk::ALL.len(), 21);
        for &quirk in Quirk::ALL {
            assert_eq!(quirk.name().parse(), Ok(quirk));
        }
        assert!("no-such".parse::<Quirk>().is_err());
    }

    #[test]
    fn lenient_holds_every_provider_preset() {
        for name in ["entra", "entra-rfc", "okta", "authentik", "salesforce", "jumpcloud", "onelogin", "cloudflare"] {
            let preset = Quirks::preset(name).unwrap();
            assert_eq!(preset.union(Quirks::LENIENT), Quirks::LENIENT, "{name}");
        }
        assert_eq!(Quirks::OKTA.to_string(), "readonly-in-value-ignored, okta-id-in-value, member-identity");
    }
}
