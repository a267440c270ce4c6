//! The parser of filters and PATCH paths: one pass, an explicit stack in place of recursion, limits
//! charged while it reads.

use std::ops::Range;

use crate::error::{Grammar, ParseError, ParseErrorKind as Kind};
use crate::filter::literal::{Number, is_json_number};
use crate::filter::{CompareOp, Comparison, Filter, Literal, ValuePath};
use crate::limits::Limits;
use crate::path::{AttributePath, PatchPath};
use crate::quirk::{Quirk, Quirks};
use crate::text::Text;

/// How to read a filter or path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ParseOptions {
    quirks: Quirks,
    limits: Limits,
}

impl ParseOptions {
    /// By the letter, with the default limits.
    pub fn strict() -> Self {
        Self::default()
    }

    /// With every tolerance and the default limits.
    pub fn lenient() -> Self {
        Self::new(Quirks::LENIENT)
    }

    /// With those tolerances. Any tolerance at all also takes runs of blanks, `not` without
    /// parentheses and `attr[…].sub op value`, which no quirk names.
    pub fn new(quirks: Quirks) -> Self {
        Self { quirks, limits: Limits::default() }
    }

    /// Sets the limits.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

/// What was read, and the tolerances that it took.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Parsed<T> {
    /// What was read.
    pub value: T,
    /// The quirks that the text showed; empty if the strict reading takes it.
    pub quirks: Quirks,
}

pub(crate) fn filter(text: &str, options: &ParseOptions) -> Result<Parsed<Filter>, ParseError> {
    // One comparison is what most filters are.
    if text.len() <= options.limits.bytes() {
        let mut parser = Parser::new(text, Quirks::STRICT, options.limits);
        if let Some(value) = parser.quick_term()
            && parser.at == text.len()
        {
            return Ok(Parsed { value, quirks: Quirks::STRICT });
        }
    }
    read(text, options, Grammar::Filter, |parser| parser.expression(None))
}

pub(crate) fn patch_path(text: &str, options: &ParseOptions) -> Result<Parsed<PatchPath>, ParseError> {
    read(text, options, Grammar::Path, Parser::patch_path)
}

/// The strict reading first: leniency never changes the meaning of what the letter accepts.
fn read<'a, T>(
    text: &'a str,
    options: &ParseOptions,
    grammar: Grammar,
    production: impl Fn(&mut Parser<'a>) -> Result<T, Failure>,
) -> Result<Parsed<T>, ParseError> {
    let attempt = |quirks: Quirks| {
        let mut parser = Parser::new(text, quirks, options.limits);
        let outcome = if text.len() > options.limits.bytes() {
            Err(Failure { kind: Kind::TooLong, span: options.limits.bytes()..text.len() })
        } else {
            production(&mut parser)
        };
        match outcome {
            Ok(value) => Ok(Parsed { value, quirks: parser.fired }),
            Err(Failure { kind, span }) => Err(ParseError::new(kind, grammar, parser.in_brackets, span, text)),
        }
    };
    match attempt(Quirks::STRICT) {
        Err(_) if !options.quirks.is_empty() => attempt(options.quirks),
        outcome => outcome,
    }
}

struct Failure {
    kind: Kind,
    span: Range<usize>,
}

fn fail<T>(kind: Kind, span: Range<usize>) -> Result<T, Failure> {
    Err(Failure { kind, span })
}

enum Open {
    /// The whole text.
    Text,
    /// `(`
    Group,
    /// `not (`
    Not,
    /// `not ` before a bare expression, a tolerance.
    Prefix,
    /// `attribute[`
    Brackets(AttributePath),
}

/// One level of nesting: the terms so far.
struct Level {
    open: Open,
    at: usize,
    ors: Vec<Filter>,
    ands: Vec<Filter>,
}

/// Most chains have two terms; the first allocation is made for them.
fn push(list: &mut Vec<Filter>, term: Filter) {
    if list.capacity() == 0 {
        list.reserve_exact(2);
    }
    list.push(term);
}

impl Level {
    fn new(open: Open, at: usize) -> Self {
        Self { open, at, ors: Vec::new(), ands: Vec::new() }
    }

    fn and(&mut self, term: Filter) {
        match term {
            Filter::And(list) if self.ands.is_empty() => self.ands = list,
            Filter::And(list) => self.ands.extend(list),
            term => push(&mut self.ands, term),
        }
    }

    fn or(&mut self, term: Filter) {
        let term = self.close_and(term);
        match term {
            Filter::Or(list) if self.ors.is_empty() => self.ors = list,
            Filter::Or(list) => self.ors.extend(list),
            term => push(&mut self.ors, term),
        }
    }

    fn close_and(&mut self, last: Filter) -> Filter {
        if self.ands.is_empty() {
            return last;
        }
        self.and(last);
        Filter::And(std::mem::take(&mut self.ands))
    }

    fn close(mut self, last: Filter) -> (Open, Filter) {
        let last = self.close_and(last);
        if self.ors.is_empty() {
            return (self.open, last);
        }
        match last {
            Filter::Or(more) => self.ors.extend(more),
            term => self.ors.push(term),
        }
        (self.open, Filter::Or(self.ors))
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    quirks: Quirks,
    lenient: bool,
    limits: Limits,
    terms: usize,
    fired: Quirks,
    in_brackets: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, quirks: Quirks, limits: Limits) -> Self {
        let lenient = !quirks.is_empty();
        Self { text, at: 0, quirks, lenient, limits, terms: 0, fired: Quirks::STRICT, in_brackets: false }
    }

    // ---- small steps

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// An error at the next part of the text.
    fn fail_here<T>(&self, kind: Kind) -> Result<T, Failure> {
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

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Blanks that only the tolerant reading knows.
    fn extra_blanks(&mut self) {
        while self.lenient && matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    /// The blank between two parts: exactly one space by the letter.
    fn blank(&mut self) -> Result<(), Failure> {
        let before = self.at;
        if self.lenient {
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
    fn word(&self) -> &'a str {
        let rest = self.rest();
        let stop = rest.bytes().position(|b| matches!(b, b' ' | b'\t' | b'(' | b')' | b'[' | b']' | b'"'));
        rest.get(..stop.unwrap_or(rest.len())).unwrap_or_default()
    }

    fn attribute(&mut self) -> Result<AttributePath, Failure> {
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

    /// `name op "text"` and `name pr` by the letter, in one pass; `None` leaves everything else to the general way.
    #[inline]
    fn quick_term(&mut self) -> Option<Filter> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut at = start;
        let mut dot = 0;
        while let Some(&byte) = bytes.get(at) {
            match CLASS[usize::from(byte)] {
                NAME => at += 1,
                DOT if dot == 0 && !self.in_brackets => {
                    dot = at;
                    at += 1;
                }
                _ => break,
            }
        }
        let begins = |place: usize| bytes.get(place).is_some_and(u8::is_ascii_alphabetic);
        if !begins(start) || (dot > 0 && !begins(dot + 1)) {
            return None;
        }
        let (name, sub) = match dot {
            0 => (self.text.get(start..at), None),
            dot => (self.text.get(start..dot), self.text.get(dot + 1..at)),
        };
        let path = |name: Option<&str>| AttributePath::of(None, name.unwrap_or_default(), sub);
        let Some(&[b' ', a, b, ref rest @ ..]) = bytes.get(at..) else {
            return None;
        };
        if self.terms >= self.limits.terms() {
            return None;
        }
        if matches!((a, b), (b'p' | b'P', b'r' | b'R')) && matches!(rest.first(), None | Some(b' ' | b')' | b']')) {
            self.terms += 1;
            self.at = at + 3;
            return Some(Filter::Present(path(name)));
        }
        let (Some(op), [b' ', b'"', text @ ..]) = (CompareOp::of_bytes(a, b), rest) else {
            return None;
        };
        let length = text.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ');
        let begin = at + 5;
        match length {
            Some(length) if text.get(length) == Some(&b'"') => {
                self.terms += 1;
                self.at = begin + length + 1;
                let value = Literal::String(self.text.get(begin..begin + length).unwrap_or_default().into());
                Some(Filter::Compare(Comparison { path: path(name), op, value }))
            }
            _ => None,
        }
    }

    // ---- productions

    fn patch_path(&mut self) -> Result<PatchPath, Failure> {
        self.extra_blanks();
        let attribute = self.attribute()?;
        let mut path = PatchPath::of(attribute);
        self.extra_blanks();
        if self.peek() == Some(b'[') {
            let open = self.at;
            self.at += 1;
            self.in_brackets = true;
            path.filter = Some(self.expression(Some(open))?);
            self.in_brackets = false;
            if self.eat(b'.') {
                path.after = Some(self.sub_attribute()?);
            }
        }
        self.extra_blanks();
        if self.at < self.text.len() {
            return self.fail_here(Kind::UnexpectedText);
        }
        Ok(path)
    }

    fn sub_attribute(&mut self) -> Result<Text, Failure> {
        let word = self.word();
        let span = self.at..self.at + word.len();
        if !crate::path::is_name(word) {
            let kind = match word {
                "" if span.start >= self.text.len() => Kind::UnexpectedEnd,
                _ if word.contains('.') => Kind::Nested,
                _ => Kind::InvalidName,
            };
            return fail(kind, span);
        }
        self.at = span.end;
        Ok(word.into())
    }

    /// A filter: the whole text, or what stands between the brackets of a path (`brackets` is where they opened).
    fn expression(&mut self, brackets: Option<usize>) -> Result<Filter, Failure> {
        let mut stack: Vec<Level> = Vec::new();
        let deeper = |stack: &mut Vec<Level>, level: Level| {
            if stack.capacity() == 0 {
                stack.reserve_exact(2);
            }
            stack.push(level);
        };
        let mut level = Level::new(Open::Text, brackets.unwrap_or(0));
        loop {
            self.extra_blanks();
            let mut term;
            if stack.len() > self.limits.depth() {
                return fail(Kind::TooDeep, self.at..self.at);
            }
            let start = self.at;
            if self.eat(b'(') {
                deeper(&mut stack, std::mem::replace(&mut level, Level::new(Open::Group, start)));
                continue;
            }
            if let Some(open) = self.negation() {
                deeper(&mut stack, std::mem::replace(&mut level, Level::new(open, start)));
                continue;
            }
            if let Some(quick) = self.quick_term() {
                term = quick;
            } else {
                let path = self.attribute()?;
                if self.lenient {
                    let blanks = self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
                    if self.rest().as_bytes().get(blanks) == Some(&b'[') {
                        self.at += blanks;
                    }
                }
                if self.peek() == Some(b'[') {
                    if self.in_brackets {
                        return fail(Kind::Nested, start..self.at + 1);
                    }
                    let open = self.at;
                    self.at += 1;
                    self.in_brackets = true;
                    deeper(&mut stack, std::mem::replace(&mut level, Level::new(Open::Brackets(path), open)));
                    continue;
                }
                term = self.comparison(path)?;
            }

            // The term is complete: close what it ends, then look for the next one.
            loop {
                if matches!(level.open, Open::Prefix) {
                    term = term.not();
                    level = Self::pop(&mut stack, level.at)?;
                    continue;
                }
                let before = self.at;
                self.extra_blanks();
                match self.peek() {
                    None => {
                        if stack.is_empty() && brackets.is_none() {
                            return Ok(level.close(term).1);
                        }
                        let open = level.at;
                        return fail(Kind::Unbalanced, open..open + 1);
                    }
                    Some(b')') => {
                        if !matches!(level.open, Open::Group | Open::Not) {
                            return fail(Kind::Unbalanced, self.at..self.at + 1);
                        }
                        self.at += 1;
                        let opened = level.at;
                        let (open, inner) = level.close(term);
                        term = if matches!(open, Open::Not) { inner.not() } else { inner };
                        level = Self::pop(&mut stack, opened)?;
                    }
                    Some(b']') => {
                        self.at += 1;
                        let opened = level.at;
                        match level.close(term) {
                            (Open::Brackets(path), inner) => {
                                self.in_brackets = false;
                                term = self.after_brackets(path, inner)?;
                                level = Self::pop(&mut stack, opened)?;
                            }
                            (Open::Text, inner) if brackets.is_some() => return Ok(inner),
                            _ => return fail(Kind::Unbalanced, self.at - 1..self.at),
                        }
                    }
                    Some(_) => {
                        self.at = before;
                        self.connective(&mut level, term)?;
                        break;
                    }
                }
            }
        }
    }

    fn pop(stack: &mut Vec<Level>, opened: usize) -> Result<Level, Failure> {
        match stack.pop() {
            Some(level) => Ok(level),
            None => fail(Kind::Unbalanced, opened..opened + 1),
        }
    }

    /// ` and ` or ` or ` after a term.
    fn connective(&mut self, level: &mut Level, term: Filter) -> Result<(), Failure> {
        self.blank()?;
        let word = self.word();
        let is_and = word.eq_ignore_ascii_case("and");
        if !is_and && !word.eq_ignore_ascii_case("or") {
            return self.fail_here(Kind::UnexpectedText);
        }
        self.at += word.len();
        if self.at >= self.text.len() {
            return self.fail_here(Kind::UnexpectedEnd);
        }
        self.blank()?;
        if is_and {
            level.and(term);
        } else {
            level.or(term);
        }
        Ok(())
    }

    /// `not(` or `not (`; leniently also `not` before a bare expression. An attribute may be called `not` too.
    fn negation(&mut self) -> Option<Open> {
        if !matches!(self.peek(), Some(b'n' | b'N')) {
            return None;
        }
        let rest = self.rest();
        if !rest.get(..3)?.eq_ignore_ascii_case("not") {
            return None;
        }
        let after = rest.get(3..)?;
        let next =
            if self.lenient { after.trim_start_matches([' ', '\t']) } else { after.strip_prefix(' ').unwrap_or(after) };
        if next.starts_with('(') {
            self.at += rest.len() - next.len() + 1;
            return Some(Open::Not);
        }
        // `not eq "x"` and `not pr` are comparisons of an attribute called `not`.
        let word = next.split([' ', '\t', ')', ']', '"']).next().unwrap_or_default();
        let named_not = CompareOp::read(word).is_some() || word.eq_ignore_ascii_case("pr");
        if !self.lenient || named_not || after.len() == next.len() {
            return None;
        }
        self.at += rest.len() - next.len();
        Some(Open::Prefix)
    }

    /// The rest of `attribute pr` or `attribute op value`.
    fn comparison(&mut self, path: AttributePath) -> Result<Filter, Failure> {
        self.terms += 1;
        if self.terms > self.limits.terms() {
            return fail(Kind::TooManyTerms, self.at..self.at);
        }
        self.blank()?;
        let word = self.word();
        if word.eq_ignore_ascii_case("pr") {
            self.at += 2;
            return Ok(Filter::Present(path));
        }
        let Some(op) = CompareOp::read(word) else {
            return self.fail_here(if word.is_empty() { Kind::UnexpectedText } else { Kind::UnknownOperator });
        };
        self.at += 2;
        if self.at >= self.text.len() {
            return self.fail_here(Kind::UnexpectedEnd);
        }
        self.blank()?;
        Ok(Filter::Compare(Comparison { path, op, value: self.literal()? }))
    }

    /// What follows `attribute[filter]` in a filter: nothing by the letter; `.sub op value` is Entra's way to
    /// say that the same element meets that too.
    fn after_brackets(&mut self, path: AttributePath, inner: Filter) -> Result<Filter, Failure> {
        if !self.lenient || !self.eat(b'.') {
            return Ok(Filter::ValuePath(ValuePath { path, filter: Box::new(inner) }));
        }
        let sub = self.sub_attribute()?;
        let more = self.comparison(AttributePath::of(None, &sub, None))?;
        Ok(Filter::ValuePath(ValuePath { path, filter: Box::new(inner.and(more)) }))
    }

    fn literal(&mut self) -> Result<Literal, Failure> {
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
    for (text, value) in [("true", true), ("false", false)] {
        if word.eq_ignore_ascii_case(text) {
            return Some(Literal::Boolean(value));
        }
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
