//! The everyday filters in one pass: terms by the letter under one operator. What is not one of them is left to the
//! productions, which read it from the start.

use crate::filter::parse::expression::Start;
use crate::filter::parse::scan::{self, Parser};
use crate::filter::{CompareOp, Comparison, Filter, Literal, ValuePath};
use crate::limits::Limits;
use crate::path::AttributePath;
use crate::quirk::Quirks;

/// The whole text as a filter.
#[inline]
pub(super) fn quick_filter(text: &str, limits: Limits) -> Option<Filter> {
    if text.len() > limits.bytes() {
        return None;
    }
    Parser::<false>::new(text, Quirks::STRICT, limits).terms_of_one_kind(None, 0)
}

/// Where the parts of a term stand. The term is built where it is kept: its texts are costly to move.
struct Found {
    start: usize,
    end: usize,
    what: What,
}

enum What {
    /// `attribute op "text"`, with the place and the length of the text.
    Compare(CompareOp, usize, usize),
    /// `attribute pr`
    Present,
    /// `attribute[`
    Brackets,
}

impl<const LENIENT: bool> Parser<'_, LENIENT> {
    /// A term by the letter or the beginning of a value path; `None` has read nothing.
    #[inline]
    pub(super) fn quick_term(&mut self) -> Option<Start> {
        let found = self.find_term()?;
        Some(match found.what {
            What::Brackets => Start::Brackets(self.path_of(&found)),
            _ => Start::Term(self.term_of(&found, None)),
        })
    }

    /// What stands between brackets or parentheses that opened at that depth, with what closes them; `None` has read
    /// nothing.
    #[inline]
    pub(super) fn quick_inside(&mut self, close: u8, depth: usize) -> Option<Filter> {
        if depth >= self.limits.depth() || !self.peek()?.is_ascii_alphabetic() {
            return None;
        }
        let (at, terms, waiting) = (self.at, self.terms, self.waiting.count());
        let inner = self.terms_of_one_kind(Some(close), depth + 1);
        if inner.is_none() {
            (self.at, self.terms) = (at, terms);
            self.waiting.forget(waiting);
        }
        inner
    }

    /// One operator between two single blanks; `None` has read nothing.
    #[inline]
    pub(super) fn quick_connective(&mut self) -> Option<bool> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let (length, is_and) = match rest {
            [b' ', b'a' | b'A', b'n' | b'N', b'd' | b'D', b' ', ..] => (5, true),
            [b' ', b'o' | b'O', b'r' | b'R', b' ', ..] => (4, false),
            _ => return None,
        };
        if matches!(rest.get(length), None | Some(b' ' | b'\t')) {
            return None;
        }
        self.at += length;
        Some(is_and)
    }

    /// Terms at that depth up to what closes them, which is read too, or to the end of the text.
    fn terms_of_one_kind(&mut self, close: Option<u8>, depth: usize) -> Option<Filter> {
        let first = self.waiting.count();
        let mut all = None;
        let (mut found, mut inner) = self.find_whole_term(depth)?;
        loop {
            if self.peek() == close {
                self.at += usize::from(close.is_some());
                let Some(is_and) = all else {
                    return Some(self.term_of(&found, inner));
                };
                self.waiting.push(self.term_of(&found, inner), 0);
                let terms = self.waiting.take(first);
                return Some(if is_and { Filter::And(terms) } else { Filter::Or(terms) });
            }
            let is_and = self.quick_connective()?;
            if *all.get_or_insert(is_and) != is_and {
                return None;
            }
            let left = self.text.len() - self.at;
            // Nothing is kept before the next term is there: a group or a `not` would throw it away.
            let next = self.find_whole_term(depth)?;
            self.waiting.push(self.term_of(&found, inner), left);
            (found, inner) = next;
        }
    }

    /// A term, with what stands between its brackets.
    #[inline]
    fn find_whole_term(&mut self, depth: usize) -> Option<(Found, Option<Box<Filter>>)> {
        let found = self.find_term()?;
        let inner = match found.what {
            What::Brackets => {
                self.in_brackets = true;
                let inner = self.quick_inside(b']', depth);
                self.in_brackets = false;
                Some(Box::new(inner?))
            }
            _ => None,
        };
        Some((found, inner))
    }

    #[inline]
    fn find_term(&mut self) -> Option<Found> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let end = scan::name(bytes, start, !self.in_brackets)?;
        let (a, b, rest) = match bytes.get(end..)? {
            [b' ', a, b, rest @ ..] => (*a, *b, rest),
            [b'[', ..] if !self.in_brackets => {
                self.at = end + 1;
                return Some(Found { start, end, what: What::Brackets });
            }
            _ => return None,
        };
        if self.terms >= self.limits.terms() {
            return None;
        }
        let what = if let [b' ', b'"', text @ ..] = rest {
            let op = CompareOp::of_bytes(a, b)?;
            let length = scan::plain_string(text)?;
            self.at = end + 5 + length + 1;
            What::Compare(op, end + 5, length)
        } else if matches!((a, b, rest), (b'p' | b'P', b'r' | b'R', [] | [b' ' | b')' | b']', ..])) {
            self.at = end + 3;
            What::Present
        } else {
            return None;
        };
        self.terms += 1;
        Some(Found { start, end, what })
    }

    #[inline]
    fn path_of(&self, found: &Found) -> AttributePath {
        AttributePath::of(None, self.text.get(found.start..found.end).unwrap_or_default())
    }

    #[inline]
    fn term_of(&self, found: &Found, inner: Option<Box<Filter>>) -> Filter {
        if let Some(filter) = inner {
            return Filter::ValuePath(ValuePath { path: self.path_of(found), filter });
        }
        match &found.what {
            What::Compare(op, from, length) => {
                let value = Literal::String(self.text.get(*from..from + length).unwrap_or_default().into());
                Filter::Compare(Comparison { path: self.path_of(found), op: *op, value })
            }
            _ => Filter::Present(self.path_of(found)),
        }
    }
}
