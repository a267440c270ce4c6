use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::error::{Grammar, ParseError, ParseErrorKind};
use crate::limits::Limits;
use crate::resource::secret::is_secret;
use crate::schema::{ENTERPRISE_USER, GROUP, USER};
use crate::text::{Text, same_name};

/// The path of an attribute or sub-attribute: `[URN ":"] name ["." sub]` (RFC 7644 Figure 1).
///
/// Spelling is kept; [`matches`](Self::matches) compares as the RFC does, without case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttributePath {
    urn: Option<Text>,
    /// `name` or `name.sub`: one text, because both fit in place as a rule.
    names: Text,
}

/// Known URNs are not copied.
fn urn_text(urn: &str) -> Text {
    for known in [USER, ENTERPRISE_USER, GROUP] {
        if known == urn {
            return Text::constant(known);
        }
    }
    Text::from(urn)
}

/// A letter, then letters, digits, `-`, `_` and `$` (RFC 7643 §2.1); only `$ref` begins with the dollar (erratum 8924).
pub(crate) fn is_name(text: &str) -> bool {
    if text.starts_with('$') {
        return same_name(text, "$ref");
    }
    let rest = text.as_bytes();
    rest.first().is_some_and(u8::is_ascii_alphabetic)
        && rest.iter().all(|&b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'$'))
}

/// `urn:` with a namespace, or another URI with a scheme; ASCII without blanks and brackets.
fn is_urn(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let namespace = rest.split(':').next().unwrap_or_default();
    scheme.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        && !namespace.is_empty()
        && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b":._-~%+=@$!*/,;&?#'".contains(&b))
}

impl AttributePath {
    /// Reads a path of at most 65,536 bytes, the default of [`Limits::bytes`].
    ///
    /// # Errors
    /// The text is no path, with `invalidPath` as keyword.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let limit = Limits::default().bytes();
        let fail = |kind, at: usize, end: usize| ParseError::new(kind, Grammar::Path, false, at..end, text);
        if text.len() > limit {
            let Range { start, end } = crate::filter::parse::beyond(text, limit);
            return Err(fail(ParseErrorKind::TooLong, start, end));
        }
        Self::read(text).map_err(|(kind, at)| fail(kind, at, text.len()))
    }

    /// Reads a path without limits; the error has the byte at which it happened.
    pub(crate) fn read(text: &str) -> Result<Self, (ParseErrorKind, usize)> {
        let (urn, rest, at) = match text.rfind(':') {
            Some(colon) => {
                let (urn, rest) = (text.get(..colon).unwrap_or_default(), text.get(colon + 1..).unwrap_or_default());
                if !is_urn(urn) {
                    return Err((ParseErrorKind::InvalidName, 0));
                }
                (Some(urn), rest, colon + 1)
            }
            None => (None, text, 0),
        };
        let (name, sub) = match rest.split_once('.') {
            Some((name, sub)) => (name, Some(sub)),
            None => (rest, None),
        };
        if !is_name(name) {
            return Err((ParseErrorKind::InvalidName, at));
        }
        if let Some(sub) = sub
            && !is_name(sub)
        {
            let kind = if sub.contains('.') { ParseErrorKind::Nested } else { ParseErrorKind::InvalidName };
            return Err((kind, at + name.len() + 1));
        }
        Ok(Self::of(urn, rest))
    }

    /// `urn:…:2.0:User.manager.value`: a dot after a schema URN that ends in a version and a name. With one
    /// name after the dot the text has a strict reading, and only the schemas show what was meant.
    pub(crate) fn read_dotted_urn(text: &str) -> Option<Self> {
        let (urn, rest) = text.rsplit_once(':')?;
        let (resource, path) = rest.split_once('.')?;
        let version = urn.rsplit(':').next()?;
        let is_version = version.contains('.') && version.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if !is_version || !is_urn(urn) || !is_name(resource) {
            return None;
        }
        let (name, sub) = path.split_once('.')?;
        (is_name(name) && is_name(sub)).then(|| Self::of(Some(&format!("{urn}:{resource}")), path))
    }

    /// A path of trusted parts; `names` is `name` or `name.sub`.
    #[inline]
    pub(crate) fn of(urn: Option<&str>, names: &str) -> Self {
        Self { urn: urn.map(urn_text), names: names.into() }
    }

    /// A path that the program itself spells.
    pub(crate) fn constant(text: &'static str) -> Self {
        let read = Self::read(text);
        debug_assert!(read.is_ok(), "`{text}` is no attribute path");
        read.unwrap_or_else(|_| Self { urn: None, names: Text::constant(text) })
    }

    /// Schema URN in front of the name.
    pub fn urn(&self) -> Option<&str> {
        self.urn.as_deref()
    }

    /// Name of the attribute.
    pub fn name(&self) -> &str {
        self.parts().0
    }

    /// Name of the sub-attribute.
    pub fn sub(&self) -> Option<&str> {
        self.parts().1
    }

    /// Name and sub-attribute; a loop over so few bytes is faster than a search.
    pub(crate) fn parts(&self) -> (&str, Option<&str>) {
        let names = self.names.as_str();
        match names.bytes().position(|byte| byte == b'.') {
            Some(dot) => (names.get(..dot).unwrap_or_default(), names.get(dot + 1..)),
            None => (names, None),
        }
    }

    /// The same attribute without the sub-attribute.
    pub fn without_sub(&self) -> Self {
        Self { urn: self.urn.clone(), names: self.name().into() }
    }

    /// A sub-attribute of this attribute.
    pub(crate) fn with_sub(&self, sub: &str) -> Self {
        Self { urn: self.urn.clone(), names: format!("{}.{sub}", self.name()).into() }
    }

    /// URN and name joined: what the path is if it was meant as a schema URN.
    pub(crate) fn as_urn(&self) -> Option<String> {
        self.urn.as_ref().map(|urn| format!("{urn}:{}", self.name()))
    }

    /// `urn:…:2.0:User.department`, where the letter reads an attribute `User` of the schema `urn:…:2.0`, with a colon in place
    /// of the dot.
    pub(crate) fn with_colon(&self) -> Option<Self> {
        Some(Self::of(Some(&self.as_urn()?), self.sub()?))
    }

    /// As `Display`, to the end of a text.
    #[inline]
    pub(crate) fn print(&self, out: &mut String) {
        if let Some(urn) = &self.urn {
            out.push_str(urn);
            out.push(':');
        }
        out.push_str(&self.names);
    }

    /// Whether it names a password, or something of one.
    pub(crate) fn is_secret(&self) -> bool {
        is_secret(&self.names)
    }

    /// Whether both name the same, in any case.
    pub fn matches(&self, other: &Self) -> bool {
        let same = |a: Option<&str>, b: Option<&str>| match (a, b) {
            (Some(a), Some(b)) => same_name(a, b),
            (None, None) => true,
            _ => false,
        };
        same_name(&self.names, &other.names) && same(self.urn(), other.urn())
    }
}

impl FromStr for AttributePath {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = &self.urn {
            f.write_str(urn)?;
            f.write_str(":")?;
        }
        f.write_str(&self.names)
    }
}
