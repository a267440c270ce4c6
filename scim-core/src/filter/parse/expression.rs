//! The productions: expressions, terms, PATCH paths.

use crate::error::ParseErrorKind as Kind;
use crate::filter::parse::level::{Level, Open};
use crate::filter::parse::scan::Parser;
use crate::filter::parse::{Failure, fail};
use crate::filter::{CompareOp, Comparison, Filter, ValuePath};
use crate::path::{AttributePath, PatchPath};
use crate::text::Text;

/// What stands where a term is expected.
pub(super) enum Start {
    /// `attribute op value` or `attribute pr`.
    Term(Filter),
    /// `attribute[`
    Brackets(AttributePath),
}

impl<const LENIENT: bool> Parser<'_, LENIENT> {
    pub(super) fn patch_path(&mut self) -> Result<PatchPath, Failure> {
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
    pub(super) fn expression(&mut self, brackets: Option<usize>) -> Result<Filter, Failure> {
        let mut outer = Vec::new();
        let mut level = Level::new(Open::Text, brackets.unwrap_or(0), &self.waiting);
        // Value paths do not nest: at most one is open.
        let mut attribute: Option<AttributePath> = None;
        loop {
            self.extra_blanks();
            if outer.len() > self.limits.depth() {
                return fail(Kind::TooDeep, self.at..self.at);
            }
            let start = self.at;
            let opened = match self.peek() {
                Some(b'(') => {
                    self.at += 1;
                    Some(Open::Group)
                }
                Some(b'n' | b'N') => self.negation(),
                _ => None,
            };
            let mut term = match opened {
                Some(open) => {
                    let quick = if open == Open::Prefix { None } else { self.quick_inside(b')', outer.len()) };
                    let Some(inner) = quick else {
                        outer.push(level);
                        level = Level::new(open, start, &self.waiting);
                        continue;
                    };
                    if open == Open::Not { inner.not() } else { inner }
                }
                None => match self.quick_term().map_or_else(|| self.term(), Ok)? {
                    Start::Term(term) => term,
                    Start::Brackets(path) => {
                        self.in_brackets = true;
                        let Some(inner) = self.quick_inside(b']', outer.len()) else {
                            outer.push(level);
                            level = Level::new(Open::Brackets, self.at - 1, &self.waiting);
                            attribute = Some(path);
                            continue;
                        };
                        self.in_brackets = false;
                        self.after_brackets(path, inner)?
                    }
                },
            };

            // The term is complete: close what it ends, then look for the next one.
            loop {
                if LENIENT && level.open == Open::Prefix {
                    term = term.not();
                    level = around(&mut outer, level.at)?;
                    continue;
                }
                let before = self.at;
                self.extra_blanks();
                match self.peek() {
                    Some(b')') => {
                        if !matches!(level.open, Open::Group | Open::Not) {
                            return fail(Kind::Unbalanced, self.at..self.at + 1);
                        }
                        self.at += 1;
                        if level.is_chain(&self.waiting) {
                            term = level.close(term, &mut self.waiting);
                        }
                        if level.open == Open::Not {
                            term = term.not();
                        }
                        level = around(&mut outer, level.at)?;
                    }
                    Some(b']') => {
                        self.at += 1;
                        match (level.open, attribute.take()) {
                            (Open::Brackets, Some(path)) => {
                                self.in_brackets = false;
                                let inner = level.close(term, &mut self.waiting);
                                term = self.after_brackets(path, inner)?;
                                level = around(&mut outer, level.at)?;
                            }
                            (Open::Text, _) if brackets.is_some() => return Ok(level.close(term, &mut self.waiting)),
                            _ => return fail(Kind::Unbalanced, self.at - 1..self.at),
                        }
                    }
                    Some(_) => {
                        self.at = before;
                        let is_and = self.connective()?;
                        let left = self.text.len() - self.at;
                        if is_and {
                            self.waiting.and(term, left);
                        } else {
                            level.or(term, &mut self.waiting, left);
                        }
                        break;
                    }
                    None => {
                        if outer.is_empty() && brackets.is_none() {
                            return Ok(level.close(term, &mut self.waiting));
                        }
                        return fail(Kind::Unbalanced, level.at..level.at + 1);
                    }
                }
            }
        }
    }

    /// ` and ` (`true`) or ` or ` after a term.
    #[inline]
    fn connective(&mut self) -> Result<bool, Failure> {
        match self.quick_connective() {
            Some(is_and) => Ok(is_and),
            None => self.any_connective(),
        }
    }

    #[cold]
    fn any_connective(&mut self) -> Result<bool, Failure> {
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
        Ok(is_and)
    }

    /// `not(` or `not (`; leniently also `not` before a bare expression. An attribute may be called `not` too.
    #[inline]
    fn negation(&mut self) -> Option<Open> {
        let length = match self.text.as_bytes().get(self.at..)? {
            [b'n' | b'N', b'o' | b'O', b't' | b'T', b'(', ..] => 4,
            [b'n' | b'N', b'o' | b'O', b't' | b'T', b' ', b'(', ..] => 5,
            [b'n' | b'N', b'o' | b'O', b't' | b'T', b' ' | b'\t', ..] if LENIENT => return self.loose_negation(),
            _ => return None,
        };
        self.at += length;
        Some(Open::Not)
    }

    /// `not` with more than one blank after it, or before a bare expression.
    #[cold]
    fn loose_negation(&mut self) -> Option<Open> {
        let next = self.rest().get(3..)?.trim_start_matches([' ', '\t']);
        // `not eq "x"` and `not pr` are comparisons of an attribute called `not`.
        let word = next.split([' ', '\t', ')', ']', '"']).next().unwrap_or_default();
        if CompareOp::read(word).is_some() || word.eq_ignore_ascii_case("pr") {
            return None;
        }
        self.at = self.text.len() - next.len();
        Some(if self.eat(b'(') { Open::Not } else { Open::Prefix })
    }

    /// Any term, and the errors in it.
    fn term(&mut self) -> Result<Start, Failure> {
        let start = self.at;
        let path = self.attribute()?;
        if LENIENT {
            let blanks = self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
            if self.rest().as_bytes().get(blanks) == Some(&b'[') {
                self.at += blanks;
            }
        }
        if self.peek() != Some(b'[') {
            return self.comparison(path).map(Start::Term);
        }
        self.at += 1;
        if self.in_brackets {
            return fail(Kind::Nested, start..self.at);
        }
        Ok(Start::Brackets(path))
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
        if !LENIENT || !self.eat(b'.') {
            return Ok(Filter::ValuePath(ValuePath { path, filter: Box::new(inner) }));
        }
        let sub = self.sub_attribute()?;
        let more = self.comparison(AttributePath::of(None, &sub))?;
        Ok(Filter::ValuePath(ValuePath { path, filter: Box::new(inner.and(more)) }))
    }
}

fn around(outer: &mut Vec<Level>, opened: usize) -> Result<Level, Failure> {
    match outer.pop() {
        Some(level) => Ok(level),
        None => fail(Kind::Unbalanced, opened..opened + 1),
    }
}
