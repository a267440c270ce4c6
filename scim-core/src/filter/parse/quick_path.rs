//! The everyday PATCH paths in one pass.

use crate::filter::parse::scan::{name, special};
use crate::filter::{CompareOp, Comparison, Filter, Literal};
use crate::limits::Limits;
use crate::path::{AttributePath, PatchPath};
use crate::text::Text;

/// The whole text as a path; `None` leaves everything else to the parser.
#[inline]
pub(super) fn quick_path(text: &str, limits: Limits) -> Option<PatchPath> {
    read::<false>(text, limits).map(|(path, _)| path)
}

/// A path as it stands in JSON, from behind its opening quote, and the bytes that it takes, the closing quote included.
#[inline]
pub(crate) fn quick_json_path(text: &str, limits: Limits) -> Option<(PatchPath, usize)> {
    read::<true>(text, limits)
}

/// `name`, `name.sub`, `name[sub op "text"]` and `name[sub op "text"].sub` by the letter, up to the end of the text or of
/// the JSON string that it stands in, where quotes are escaped.
#[inline]
fn read<const IN_JSON: bool>(text: &str, limits: Limits) -> Option<(PatchPath, usize)> {
    let bytes = text.as_bytes();
    let end = name(bytes, 0, true)?;
    let names = text.get(..end)?;
    let complete = |filter, after, rest: &[u8]| {
        let length = match rest {
            [] if !IN_JSON => text.len(),
            [b'"', ..] if IN_JSON => text.len() - rest.len() + 1,
            _ => return None,
        };
        if length > limits.bytes() {
            return None;
        }
        Some((PatchPath { attribute: AttributePath::of(None, names), filter, after }, length))
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
            (Some(Text::from(text.get(start..start + length)?)), sub.get(length..)?)
        }
        rest => (None, rest),
    };
    if limits.terms() == 0 {
        return None;
    }
    let filter = Filter::Compare(Comparison {
        path: AttributePath::of(None, text.get(end + 1..end + 1 + length)?),
        op,
        value: Literal::String(text.get(from..from + value)?.into()),
    });
    complete(Some(filter), after, rest)
}
