//! Cursors of RFC 9865: where to resume, made opaque. A cursor grants nothing: whoever makes one up
//! gets a page of a list that they may read anyway.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::message::{ScimError, ScimType};
use crate::provider::query::Parameters;
use crate::provider::refusal::bad;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) resume: Resume,
    pub(super) count: usize,
    /// Milliseconds since 1970.
    pub(super) issued: u64,
    /// Of the query that it continues.
    pub(super) fingerprint: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resume {
    /// After that position of that kind.
    After { kind: usize, position: u64 },
    /// After that many resources of a sorted list.
    Offset(u64),
}

impl Cursor {
    /// What a query must repeat unchanged from page to page: everything but cursor and count.
    pub(super) fn fingerprint(kinds: &[usize], parameters: &Parameters) -> u64 {
        // The hasher has fixed keys: a cursor outlives the provider's process.
        let mut hasher = DefaultHasher::new();
        kinds.hash(&mut hasher);
        parameters.hash_query(&mut hasher);
        hasher.finish()
    }

    /// Reads a cursor that must belong to the query with that fingerprint.
    pub(super) fn read(text: &str, fingerprint: u64) -> Result<Self, ScimError> {
        let foreign = || bad(ScimType::InvalidCursor, "the cursor is not one of this query's");
        let cursor = Self::parse(text).ok_or_else(foreign)?;
        if cursor.fingerprint == fingerprint { Ok(cursor) } else { Err(foreign()) }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let how = parts.next()?;
        let mut numbers = [0_u64; 5];
        for number in &mut numbers {
            *number = u64::from_str_radix(parts.next()?, 16).ok()?;
        }
        let [kind, place, count, issued, fingerprint] = numbers;
        let resume = match how {
            "p" => Resume::After { kind: usize::try_from(kind).ok()?, position: place },
            "o" => Resume::Offset(place),
            _ => return None,
        };
        let cursor = Self { resume, count: usize::try_from(count).ok()?, issued, fingerprint };
        parts.next().is_none().then_some(cursor)
    }
}

/// Unreserved URL characters only (RFC 9865 §2).
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (how, kind, place) = match self.resume {
            Resume::After { kind, position } => ("p", kind, position),
            Resume::Offset(offset) => ("o", 0, offset),
        };
        let Self { count, issued, fingerprint, .. } = self;
        write!(f, "{how}-{kind:x}-{place:x}-{count:x}-{issued:x}-{fingerprint:x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_does() {
        for resume in [Resume::After { kind: 1, position: u64::MAX }, Resume::Offset(7)] {
            let cursor = Cursor { resume, count: 10, issued: 5, fingerprint: 9 };
            assert_eq!(Cursor::read(&cursor.to_string(), 9), Ok(cursor));
            assert!(Cursor::read(&cursor.to_string(), 8).is_err());
        }
        for garbage in
            ["", "x", "p", "p-1-1-1-1", "p-1-1-1-1-9-1", "z-1-1-1-1-9", "p-é-1-1-1-9", "p-1-fffffffffffffffff-1-1-9"]
        {
            assert!(Cursor::read(garbage, 9).is_err(), "{garbage}");
        }
    }
}
