//! The everyday PATCH paths in one pass.

use crate::filter::parse::scan::{name, plain_string};
use crate::filter::{CompareOp, Comparison, Filter, Literal};
use crate::limits::Limits;
use crate::path::{AttributePath, PatchPath};
use crate::text::Text;

/// `name`, `name.sub`, `name[sub op "text"]` and `name[sub op "text"].sub` by the letter; `None` leaves everything else
/// to the parser.
#[inline]
pub(super) fn quick_path(text: &str, limits: Limits) -> Option<PatchPath> {
    let bytes = text.as_bytes();
    let (dot, end) = name(bytes, 0, true)?;
    let (attribute, sub) = match dot {
        0 => (text.get(..end)?, None),
        dot => (text.get(..dot)?, Some(text.get(dot + 1..end)?)),
    };
    let path = |filter, after| PatchPath { attribute: AttributePath::of(None, attribute, sub), filter, after };
    if end == bytes.len() {
        return Some(path(None, None));
    }
    let [b'[', inside @ ..] = bytes.get(end..)? else {
        return None;
    };
    let (_, length) = name(inside, 0, false)?;
    let [b' ', a, b, b' ', b'"', rest @ ..] = inside.get(length..)? else {
        return None;
    };
    let op = CompareOp::of_bytes(*a, *b)?;
    let (from, value) = (end + 1 + length + 5, plain_string(rest)?);
    let after = match rest.get(value + 1..)? {
        [b']'] => None,
        [b']', b'.', sub @ ..] => {
            let (_, length) = name(sub, 0, false)?;
            (length == sub.len()).then_some(())?;
            Some(Text::from(text.get(text.len() - length..)?))
        }
        _ => return None,
    };
    if limits.terms() == 0 {
        return None;
    }
    let filter = Filter::Compare(Comparison {
        path: AttributePath::of(None, text.get(end + 1..end + 1 + length)?, None),
        op,
        value: Literal::String(text.get(from..from + value)?.into()),
    });
    Some(path(Some(filter), after))
}
