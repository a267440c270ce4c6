//! Where the parser is in the text, and the steps that every production takes.

use crate::error::{Grammar, ParseError, ParseErrorKind as Kind};
use crate::filter::parse::level::Waiting;
use crate::filter::parse::{Failure, fail};
use crate::limits::Limits;
use crate::path::AttributePath;
use crate::quirk::{Quirk, Quirks};

/// By the letter, or with tolerance: the letter is read without a look at any tolerance.
pub(super) struct Parser<'a, const LENIENT: bool> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) quirks: Quirks,
    pub(super) limits: Limits,
    pub(super) terms: usize,
    pub(super) waiting: Waiting,
    pub(super) fired: Quirks,
    pub(super) in_brackets: bool,
}

impl<'a, const LENIENT: bool> Parser<'a, LENIENT> {
    #[inline]
    pub(super) fn new(text: &'a str, quirks: Quirks, limits: Limits) -> Self {
        Self {
            text,
            at: 0,
            quirks,
            limits,
            terms: 0,
            waiting: Waiting::new(text.len()),
            fired: Quirks::STRICT,
            in_brackets: false,
        }
    }

    /// The tolerances that the text took.
    pub(super) fn fired(&self) -> Quirks {
        self.fired
    }

    #[cold]
    pub(super) fn explain(&self, failure: Failure, grammar: Grammar) -> ParseError {
        ParseError::new(failure.kind, grammar, self.in_brackets, failure.span, self.text)
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// An error at the next part of the text.
    pub(super) fn fail_here<T>(&self, kind: Kind) -> Result<T, Failure> {
        let end = self.text.len();
        if self.at >= end {
            let kind = if end == 0 { Kind::Empty } else { Kind::UnexpectedEnd };
            return fail(kind, end..end);
        }
        let word = self.rest().find([' ', '\t', '(', ')', '[', ']']).unwrap_or(end - self.at).max(1);
        let mut stop = (self.at + word).min(end);
        while !self.text.is_char_boundary(stop) {
            stop += 1;
        }
        fail(kind, self.at..stop)
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Blanks that only the tolerant reading knows.
    pub(super) fn extra_blanks(&mut self) {
        while LENIENT && matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    /// The blank between two parts: exactly one space by the letter.
    pub(super) fn blank(&mut self) -> Result<(), Failure> {
        let before = self.at;
        if LENIENT {
            self.extra_blanks();
            // RFC 7644 itself prints `eq"x"` (§3.5.2.2); every other part needs a blank before it.
            if self.at == before && self.peek() != Some(b'"') {
                return self.fail_here(Kind::UnexpectedText);
            }
            return Ok(());
        }
        if self.eat(b' ') {
            if matches!(self.peek(), Some(b' ' | b'\t')) {
                return fail(Kind::Spacing, before..self.at + 1);
            }
            return Ok(());
        }
        if self.peek() == Some(b'\t') {
            return fail(Kind::Spacing, before..before + 1);
        }
        self.fail_here(Kind::UnexpectedText)
    }

    /// The text up to the next blank, bracket, parenthesis or quote.
    pub(super) fn word(&self) -> &'a str {
        let rest = self.rest();
        let stop = rest.bytes().position(|b| matches!(b, b' ' | b'\t' | b'(' | b')' | b'[' | b']' | b'"'));
        rest.get(..stop.unwrap_or(rest.len())).unwrap_or_default()
    }

    pub(super) fn attribute(&mut self) -> Result<AttributePath, Failure> {
        let word = self.word();
        if word.is_empty() {
            if matches!(self.peek(), Some(b' ' | b'\t')) {
                return fail(Kind::Spacing, self.at..self.at + 1);
            }
            return self.fail_here(if matches!(self.peek(), Some(b')' | b']')) {
                Kind::Empty
            } else {
                Kind::InvalidName
            });
        }
        let start = self.at;
        match AttributePath::read(word) {
            Ok(path) if self.in_brackets && path.sub().is_some() => fail(Kind::Nested, start..start + word.len()),
            Ok(path) => {
                self.at += word.len();
                Ok(path)
            }
            // The dotted form always has a sub-attribute, which nothing between brackets can have.
            Err((Kind::Nested, _)) if !self.in_brackets && self.quirks.contains(Quirk::UrnDotNotation) => {
                match AttributePath::read_dotted_urn(word) {
                    Some(path) => {
                        self.fired = self.fired.with(Quirk::UrnDotNotation);
                        self.at += word.len();
                        Ok(path)
                    }
                    None => fail(Kind::Nested, start..start + word.len()),
                }
            }
            Err((kind, at)) => fail(kind, (start + at).min(self.text.len())..start + word.len()),
        }
    }
}

const OTHER: u8 = 0;
const NAME: u8 = 1;
const DOT: u8 = 2;

/// What a byte is in an attribute path.
#[expect(clippy::cast_possible_truncation, reason = "the loop stops at 128")]
const CLASS: [u8; 256] = {
    let mut table = [OTHER; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'$' => NAME,
            b'.' => DOT,
            _ => OTHER,
        };
        byte += 1;
    }
    table
};

/// Where `name` or, where `dotted`, `name.sub` at `start` ends.
#[inline]
pub(super) fn name(bytes: &[u8], start: usize, dotted: bool) -> Option<usize> {
    let begins = |place: usize| bytes.get(place).is_some_and(u8::is_ascii_alphabetic);
    let mut at = start;
    let mut dot = 0;
    while let Some(&byte) = bytes.get(at) {
        match CLASS[usize::from(byte)] {
            NAME => {}
            DOT if dot == 0 && dotted => dot = at,
            _ => break,
        }
        at += 1;
    }
    (begins(start) && (dot == 0 || begins(dot + 1))).then_some(at)
}

/// The length of a string without escapes, up to its closing quote; `None` if there is no such quote.
#[inline]
pub(crate) fn plain_string(text: &[u8]) -> Option<usize> {
    let at = special(text);
    (text.get(at) == Some(&b'"')).then_some(at)
}

/// The place of the first byte that cannot stand for itself in a string: quote, backslash, control character; the length
/// of the text if there is none.
#[inline]
pub(super) fn special(text: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES * 0x80;
    // Eight bytes at a time: those that are zero after the subtraction of the sought one, and those below a blank.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let mut at = 0;
    while let Some(chunk) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let found = zero(word ^ (ONES * u64::from(b'"'))) | zero(word ^ (ONES * u64::from(b'\\'))) | control;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while let Some(&byte) = text.get(at) {
        if matches!(byte, b'"' | b'\\' | 0..=0x1f) {
            break;
        }
        at += 1;
    }
    at
}
