//! Right sides of comparisons.

use crate::error::ParseErrorKind as Kind;
use crate::filter::literal::{Number, is_json_number};
use crate::filter::parse::scan::Parser;
use crate::filter::parse::{Failure, fail};
use crate::filter::{CompareOp, Literal};
use crate::quirk::Quirk;
use crate::schema::boolean_in;
use crate::text::Text;

impl<const LENIENT: bool> Parser<'_, LENIENT> {
    pub(super) fn literal(&mut self) -> Result<Literal, Failure> {
        if self.peek() == Some(b'"') {
            return self.string().map(Literal::String);
        }
        let word = self.word();
        let span = self.at..self.at + word.len();
        let value = match word {
            "" => return self.fail_here(Kind::InvalidValue),
            "true" => Literal::Boolean(true),
            "false" => Literal::Boolean(false),
            "null" => Literal::Null,
            _ => match Number::read(word) {
                Some(number) => Literal::Number(number),
                None if self.quirks.contains(Quirk::UnquotedFilterValue) => match bare_word(word) {
                    Some(value) => {
                        self.fired = self.fired.with(Quirk::UnquotedFilterValue);
                        value
                    }
                    None => return fail(Kind::InvalidValue, span),
                },
                None => return fail(Kind::InvalidValue, span),
            },
        };
        self.at = span.end;
        Ok(value)
    }

    /// A JSON string, the quote included.
    fn string(&mut self) -> Result<Text, Failure> {
        let open = self.at;
        let start = open + 1;
        let bytes = self.text.as_bytes();
        let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
        let rest = bytes.get(start..).unwrap_or_default();
        let mut at = start + rest.iter().position(special).unwrap_or(rest.len());
        match bytes.get(at) {
            Some(b'"') => {
                self.at = at + 1;
                return Ok(self.text.get(start..at).unwrap_or_default().into());
            }
            Some(b'\\') => {}
            Some(_) => return fail(Kind::InvalidString, at..at + 1),
            None => return fail(Kind::InvalidString, open..self.text.len()),
        }
        let mut out = self.text.get(start..at).unwrap_or_default().to_owned();
        loop {
            let plain = at;
            while matches!(bytes.get(at), Some(&b) if b >= 0x20 && b != b'"' && b != b'\\') {
                at += 1;
            }
            out.push_str(self.text.get(plain..at).unwrap_or_default());
            match bytes.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(out.into());
                }
                Some(b'\\') => match escape(bytes.get(at + 1..).unwrap_or_default()) {
                    Some((c, length)) => {
                        out.push(c);
                        at += 1 + length;
                    }
                    None => return fail(Kind::InvalidString, at..(at + 2).min(self.text.len())),
                },
                Some(_) => return fail(Kind::InvalidString, at..at + 1),
                None => return fail(Kind::InvalidString, open..self.text.len()),
            }
        }
    }
}

/// The character of an escape and its length after the backslash.
fn escape(after: &[u8]) -> Option<(char, usize)> {
    let plain = match after.first()? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let unit = hex(after.get(1..5)?)?;
            if let Some(c) = char::from_u32(unit) {
                return Some((c, 5));
            }
            // A high surrogate: the low one must follow.
            let low = hex(after.get(5..)?.strip_prefix(b"\\u")?.get(..4)?)?;
            if !(0xD800..0xDC00).contains(&unit) || !(0xDC00..0xE000).contains(&low) {
                return None;
            }
            return char::from_u32(0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00)).map(|c| (c, 11));
        }
        _ => return None,
    };
    Some((plain, 1))
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |sum, &digit| Some(sum * 16 + char::from(digit).to_digit(16)?))
}

/// A string without quotes: letters, digits and `- _ . @ :`, with a letter; no operator, no logical word, no
/// number or beginning of one. `True` and `TRUE` are booleans.
fn bare_word(word: &str) -> Option<Literal> {
    if let Some(boolean) = boolean_in(word) {
        return Some(Literal::Boolean(boolean));
    }
    let allowed = word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.@:".contains(&b));
    let has_letter = word.bytes().any(|b| b.is_ascii_alphabetic());
    let reserved =
        ["and", "or", "not", "pr"].iter().any(|w| word.eq_ignore_ascii_case(w)) || CompareOp::read(word).is_some();
    (allowed && has_letter && !reserved && !begins_number(word)).then(|| Literal::String(word.into()))
}

/// Whether the word is a number, a malformed one such as `01`, or breaks off inside one, such as `1e`.
fn begins_number(word: &str) -> bool {
    let unsigned = word.trim_start_matches(['-', '+']);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let mantissa_like = mantissa.bytes().any(|b| b.is_ascii_digit())
        && mantissa.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && mantissa.matches('.').count() <= 1;
    let exponent_like = exponent.is_none_or(|e| digits(e.trim_start_matches(['-', '+'])));
    is_json_number(word.as_bytes()) || (mantissa_like && exponent_like)
}
