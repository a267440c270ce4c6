//! Short strings and the comparison rules of RFC 7643 §2.1 (names) and §2.2 (`caseExact`).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// A string that keeps up to 23 bytes in place: most values of a resource and an ordinary filter need no allocation.
///
/// Longer text is shared, so that a clone copies no characters. It cannot be changed; assign another one.
///
/// ```
/// use scim_core::Text;
/// let name: Text = "bjensen".into();
/// assert_eq!(name, "bjensen");
/// assert_eq!(name.to_uppercase(), "BJENSEN");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Text(smol_str::SmolStr);

/// The bytes that need no allocation; `SmolStr::new_inline` takes no more.
const IN_PLACE: usize = 23;

const SCHEMA_URIS: [&str; 4] =
    [crate::schema::USER, crate::schema::ENTERPRISE_USER, crate::schema::GROUP, crate::message::LIST_RESPONSE];

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The same text; the schema URIs of the RFCs, which every resource repeats, are not copied.
    #[inline]
    pub(crate) fn of_wire(text: &str) -> Self {
        if text.len() > IN_PLACE
            && text.starts_with("urn:")
            && let Some(known) = SCHEMA_URIS.iter().find(|known| **known == text)
        {
            return Self::constant(known);
        }
        text.into()
    }

    /// A text that lives in the program.
    pub(crate) const fn constant(text: &'static str) -> Self {
        Self(smol_str::SmolStr::new_static(text))
    }
}

impl std::ops::Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        self.0.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

impl std::borrow::Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self
    }
}

impl std::str::FromStr for Text {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.into())
    }
}

impl From<&str> for Text {
    #[inline]
    fn from(text: &str) -> Self {
        // Written in place, which is twice as fast as the copy by `SmolStr::new`.
        if text.len() <= IN_PLACE {
            return Self(smol_str::SmolStr::new_inline(text));
        }
        Self(smol_str::SmolStr::new(text))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<&Text> for Text {
    fn from(text: &Text) -> Self {
        text.clone()
    }
}

impl From<Cow<'_, str>> for Text {
    fn from(text: Cow<'_, str>) -> Self {
        Self(text.into())
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0.into()
    }
}

impl From<Text> for serde_json::Value {
    fn from(text: Text) -> Self {
        Self::String(text.into())
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Text {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<Text> for str {
    fn eq(&self, other: &Text) -> bool {
        self == other.as_str()
    }
}

impl PartialEq<Text> for &str {
    fn eq(&self, other: &Text) -> bool {
        *self == other.as_str()
    }
}

impl PartialEq<Text> for String {
    fn eq(&self, other: &Text) -> bool {
        self == other.as_str()
    }
}

impl serde::Serialize for Text {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

/// Reads JSON text only; the members of resources are read more leniently.
impl<'de> serde::Deserialize<'de> for Text {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Characters;
        impl serde::de::Visitor<'_> for Characters {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Text, E> {
                Ok(text.into())
            }
            fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Text, E> {
                Ok(text.into())
            }
        }
        deserializer.deserialize_str(Characters)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Attribute names, sub-attribute names and schema URNs compare without case; all of them are ASCII.
pub(crate) fn same_name(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.eq_ignore_ascii_case(b)
}

/// Unicode lower case after NFC, each character by itself: with the rule for a sigma at the end of a word, a part of a text
/// would not be found in it. ASCII text is only copied when it holds a capital.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Cow::Owned(text.to_ascii_lowercase());
        }
        return Cow::Borrowed(text);
    }
    if is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return Cow::Owned(lower(text.chars()));
    }
    Cow::Owned(lower(text.nfc()))
}

fn lower(characters: impl Iterator<Item = char>) -> String {
    characters.flat_map(|c| if c == 'ς' { 'σ' } else { c }.to_lowercase()).collect()
}

/// How many bytes a text has that is, without case, a certain one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lengths {
    least: usize,
    /// How many more there may be.
    spread: usize,
}

impl Lengths {
    /// Of the texts that [`fold`] makes `folded`. Few characters beyond ASCII become one of ASCII: the Kelvin sign, the Greek
    /// question mark and the Greek varia.
    pub(crate) fn of_folded(folded: &str) -> Self {
        if !folded.is_ascii() {
            return Self { least: 0, spread: usize::MAX };
        }
        let more = |byte| match byte {
            b'k' | b'`' => 2,
            b';' => 1,
            _ => 0,
        };
        Self { least: folded.len(), spread: folded.bytes().map(more).sum() }
    }

    /// Whether the text has such a length.
    #[inline]
    pub(crate) fn fit(self, text: &str) -> bool {
        text.len().wrapping_sub(self.least) <= self.spread
    }
}

/// Equality without case; `folded` has been through [`fold`] already.
///
/// Two texts that first differ in an ASCII character stay different under NFC and lower case: what composes with a
/// combining mark does not become ASCII.
#[inline]
pub(crate) fn eq_folded(text: &str, folded: &str) -> bool {
    let (a, b) = (text.as_bytes(), folded.as_bytes());
    let common = a.len().min(b.len());
    let mut at = 0;
    while at < common {
        let (x, y) = (a[at], b[at]);
        if x != y && x.to_ascii_lowercase() != y {
            return (x >= 0x80 || y >= 0x80) && eq_slowly(text, folded);
        }
        at += 1;
    }
    match (a.get(at), b.get(at)) {
        (None, None) => true,
        (Some(0x80..), _) | (_, Some(0x80..)) => eq_slowly(text, folded),
        _ => false,
    }
}

#[cold]
fn eq_slowly(text: &str, folded: &str) -> bool {
    fold(text) == folded
}

/// Order without case; `folded` has been through [`fold`] already.
pub(crate) fn cmp_folded(text: &str, folded: &str) -> Ordering {
    fold(text).as_ref().cmp(folded)
}

/// `co` without case; `folded` has been through [`fold`] already.
pub(crate) fn contains_folded(text: &str, folded: &str) -> bool {
    if !text.is_ascii() {
        return fold(text).contains(folded);
    }
    let (text, needle) = (text.as_bytes(), folded.as_bytes());
    let Some((&first, rest)) = needle.split_first() else {
        return true;
    };
    let Some(last_start) = text.len().checked_sub(needle.len()) else {
        return false;
    };
    let upper = first.to_ascii_uppercase();
    let starts = text.get(..=last_start).unwrap_or_default();
    for (at, &byte) in starts.iter().enumerate() {
        if (byte == first || byte == upper)
            && text.get(at + 1..at + needle.len()).is_some_and(|tail| tail.eq_ignore_ascii_case(rest))
        {
            return true;
        }
    }
    false
}

/// `sw` without case; `folded` has been through [`fold`] already.
pub(crate) fn starts_with_folded(text: &str, folded: &str) -> bool {
    if text.is_ascii() {
        return text.as_bytes().get(..folded.len()).is_some_and(|head| head.eq_ignore_ascii_case(folded.as_bytes()));
    }
    fold(text).starts_with(folded)
}

/// `ew` without case; `folded` has been through [`fold`] already.
pub(crate) fn ends_with_folded(text: &str, folded: &str) -> bool {
    if text.is_ascii() {
        let start = text.len().checked_sub(folded.len());
        return start
            .and_then(|at| text.as_bytes().get(at..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(folded.as_bytes()));
    }
    fold(text).ends_with(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_beyond_ascii_and_composes_first() {
        assert!(eq_folded("STRASSE", "strasse"));
        assert!(eq_folded("Ärger", &fold("ärger")));
        assert!(eq_folded("A\u{308}rger", &fold("Ärger")), "decomposed and composed text are the same");
        assert!(!eq_folded("abc", "abd"));
        assert_eq!(cmp_folded("B", "a"), Ordering::Greater);
    }

    #[test]
    fn no_text_is_too_long_or_short_for_what_it_folds_to() {
        for c in (0..=0x0010_FFFF).filter_map(char::from_u32) {
            for text in [c.to_string(), format!("a{c}")] {
                let folded = fold(&text);
                assert!(Lengths::of_folded(&folded).fit(&text), "{c:?} U+{:04X}", u32::from(c));
                assert!(eq_folded(&text, &folded), "{c:?} U+{:04X}", u32::from(c));
            }
        }
        assert!(Lengths::of_folded("work").fit("WOR\u{212A}") && !Lengths::of_folded("home").fit("homes"));
        assert!(!Lengths::of_folded("work").fit("wor") && !Lengths::of_folded("work").fit("workers"));
    }

    #[test]
    fn searches_without_case() {
        assert!(contains_folded("Hello World", "o w"));
        assert!(contains_folded("x", ""));
        assert!(!contains_folded("ab", "abc"));
        assert!(starts_with_folded("Ärger", "är") && ends_with_folded("ABC", "bc"));
        for part in ["Σ", "σ", "ς"] {
            assert!(ends_with_folded("ΑΣ", &fold(part)) && contains_folded("ΣΟΦΟΣ", &fold(part)), "{part}");
        }
        assert!(starts_with_folded("ΣΟΦΟΣΑ", &fold("ΣΟΦΟΣ")) && eq_folded("ΑΣ", &fold("ας")));
        assert!(!ends_with_folded("c", "bc"));
    }
}
