//! The parser of filters and PATCH paths: one pass, an explicit stack in place of recursion, limits
//! charged while it reads.

mod expression;
mod level;
mod quick_filter;
mod quick_path;
mod scan;
mod value;

use std::ops::Range;

use crate::error::{Grammar, ParseError, ParseErrorKind as Kind};
use crate::filter::Filter;
use crate::limits::Limits;
use crate::path::PatchPath;
use crate::quirk::Quirks;
pub(crate) use quick_path::{FoundPath, quick_json_path};
use scan::Parser;
pub(crate) use scan::plain_string;

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
    if let Some(value) = quick_filter::quick_filter(text, options.limits) {
        return Ok(Parsed { value, quirks: Quirks::STRICT });
    }
    read(text, options, Grammar::Filter, |parser| parser.expression(None), |parser| parser.expression(None))
}

pub(crate) fn patch_path(text: &str, options: &ParseOptions) -> Result<Parsed<PatchPath>, ParseError> {
    if let Some(value) = quick_path::quick_path(text, options.limits) {
        return Ok(Parsed { value, quirks: Quirks::STRICT });
    }
    read(text, options, Grammar::Path, Parser::patch_path, Parser::patch_path)
}

/// The strict reading first: leniency never changes the meaning of what the letter accepts.
#[inline]
fn read<'a, T>(
    text: &'a str,
    options: &ParseOptions,
    grammar: Grammar,
    strict: impl FnOnce(&mut Parser<'a, false>) -> Result<T, Failure>,
    lenient: impl FnOnce(&mut Parser<'a, true>) -> Result<T, Failure>,
) -> Result<Parsed<T>, ParseError> {
    let limit = options.limits.bytes();
    if text.len() > limit {
        return Err(ParseError::new(Kind::TooLong, grammar, false, beyond(text, limit), text));
    }
    let mut parser = Parser::new(text, Quirks::STRICT, options.limits);
    match strict(&mut parser) {
        Ok(value) => Ok(Parsed { value, quirks: Quirks::STRICT }),
        Err(failure) if options.quirks.is_empty() => Err(parser.explain(failure, grammar)),
        Err(_) => {
            let mut parser = Parser::new(text, options.quirks, options.limits);
            match lenient(&mut parser) {
                Ok(value) => Ok(Parsed { value, quirks: parser.fired() }),
                Err(failure) => Err(parser.explain(failure, grammar)),
            }
        }
    }
}

/// What is beyond the limit, from the beginning of a character.
pub(crate) fn beyond(text: &str, limit: usize) -> Range<usize> {
    let begins = (0..=limit).rev().find(|at| text.is_char_boundary(*at));
    begins.unwrap_or_default()..text.len()
}

struct Failure {
    kind: Kind,
    span: Range<usize>,
}

fn fail<T>(kind: Kind, span: Range<usize>) -> Result<T, Failure> {
    Err(Failure { kind, span })
}
