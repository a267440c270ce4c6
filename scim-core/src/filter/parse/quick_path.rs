//! The everyday PATCH paths in one pass.

use crate::filter::parse::scan::{name, special};
use crate::filter::{CompareOp, Comparison, Filter, Literal};
use crate::limits::Limits;
use crate::path::{AttributePath, PatchPath};
use crate::text::Text;

/// The parts of an everyday path. It is built where it is kept: its texts are costly to move.
pub(crate) struct FoundPath<'t> {
    names: &'t str,
    /// Name, operator and text between the brackets.
    filter: Option<(&'t str, CompareOp, &'t str)>,
    after: Option<&'t str>,
    /// Bytes that it takes; in JSON with the closing quote.
    pub(crate) length: usize,
}

impl FoundPath<'_> {
    #[inline]
    pub(crate) fn path(&self) -> PatchPath {
        PatchPath {
            attribute: AttributePath::of(None, self.names),
            filter: self.filter.map(|(name, op, text)| {
                let value = Literal::String(text.into());
                Filter::Compare(Comparison { path: AttributePath::of(None, name), op, value })
            }),
            after: self.after.map(Text::from),
        }
    }
}

/// The whole text as a path; `None` leaves everything else to the parser.
#[inline]
pub(super) fn quick_path(text: &str, limits: Limits) -> Option<PatchPath> {
    find::<false>(text, limits).map(|found| found.path())
}

/// A path as it stands in JSON, from behind its opening quote.
#[inline]
pub(crate) fn quick_json_path(text: &str, limits: Limits) -> Option<FoundPath<'_>> {
    find::<true>(text, limits)
}

/// `name`, `name.sub`, `name[sub op "text"]` and `name[sub op "text"].sub` by the letter, up to the end of the text or of
/// the JSON string that it stands in, where quotes are escaped.
#[inline]
fn find<const IN_JSON: bool>(text: &str, limits: Limits) -> Option<FoundPath<'_>> {
    let bytes = text.as_bytes();
    let end = name(bytes, 0, true)?;
    let names = text.get(..end)?;
    let complete = |filter, after, rest: &[u8]| {
        let length = match rest {
            [] if !IN_JSON => text.len(),
            [b'"', ..] if IN_JSON => text.len() - rest.len() + 1,
            _ => return None,
        };
        (length <= limits.bytes()).then_some(FoundPath { names, filter, after, length })
    };
    let inside = match bytes.get(end..)? {
        [b'[', inside @ ..] => inside,
        rest => return complete(None, None, rest),
    };
    let length = name(inside, 0, false)?;
    let [b' ', a, b, b' ', rest @ ..] = inside.get(length..)? else {
        return None;
    };
    let op = CompareOp::of_bytes(*a, *b)?;
    let quote: &[u8] = if IN_JSON { b"\\\"" } else { b"\"" };
    let rest = rest.strip_prefix(quote)?;
    let (from, value) = (text.len() - rest.len(), special(rest));
    let rest = rest.get(value..)?.strip_prefix(quote)?.strip_prefix(b"]")?;
    let (after, rest) = match rest {
        [b'.', sub @ ..] => {
            let length = name(sub, 0, false)?;
            let start = text.len() - sub.len();
            (Some(text.get(start..start + length)?), sub.get(length..)?)
        }
        rest => (None, rest),
    };
    if limits.terms() == 0 {
        return None;
    }
    let filter = (text.get(end + 1..end + 1 + length)?, op, text.get(from..from + value)?);
    complete(Some(filter), after, rest)
}
