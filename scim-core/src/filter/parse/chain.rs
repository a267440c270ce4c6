//! One level of nesting: the terms that were read so far.

use crate::filter::Filter;

/// What opened a level.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Open {
    /// The whole text.
    Text,
    /// `(`
    Group,
    /// `not (`
    Not,
    /// `not ` before a bare expression, a tolerance.
    Prefix,
    /// `attribute[`
    Brackets,
}

/// `and` binds tighter than `or`: the terms of the `and` at hand, and what stands before it.
pub(super) struct Level {
    pub(super) open: Open,
    /// Where it was opened.
    pub(super) at: usize,
    ors: Chain,
    ands: Chain,
}

impl Level {
    #[inline]
    pub(super) fn new(open: Open, at: usize) -> Self {
        Self { open, at, ors: Chain::default(), ands: Chain::default() }
    }

    /// `term and`, with `left` bytes of text to come.
    #[inline]
    pub(super) fn and(&mut self, term: Filter, left: usize) {
        match term {
            Filter::And(list) => self.ands.extend(list),
            term => self.ands.push(term, left),
        }
    }

    /// `term or`, with `left` bytes of text to come.
    #[inline]
    pub(super) fn or(&mut self, term: Filter, left: usize) {
        match self.close_and(term) {
            Filter::Or(list) => self.ors.extend(list),
            term => self.ors.push(term, left),
        }
    }

    #[inline]
    fn close_and(&mut self, last: Filter) -> Filter {
        if self.ands.0.is_empty() {
            return last;
        }
        self.and(last, 0);
        Filter::And(std::mem::take(&mut self.ands.0))
    }

    /// The whole level, its last term included.
    #[inline]
    pub(super) fn close(&mut self, term: Filter) -> Filter {
        let whole = self.close_and(term);
        if self.ors.0.is_empty() {
            return whole;
        }
        match whole {
            Filter::Or(list) => self.ors.extend(list),
            term => self.ors.push(term, 0),
        }
        Filter::Or(std::mem::take(&mut self.ors.0))
    }
}

/// The levels around the one at hand, outermost first. Most filters have one at most: it needs no allocation.
#[derive(Default)]
pub(super) struct Outer {
    first: Option<Level>,
    rest: Vec<Level>,
}

impl Outer {
    /// Goes one level down.
    #[inline]
    pub(super) fn enter(&mut self, level: &mut Level, next: Level) {
        let outer = std::mem::replace(level, next);
        if self.first.is_none() {
            self.first = Some(outer);
        } else {
            self.rest.push(outer);
        }
    }

    /// The level around; `None` at the top.
    #[inline]
    pub(super) fn leave(&mut self) -> Option<Level> {
        if self.rest.is_empty() { self.first.take() } else { self.rest.pop() }
    }

    pub(super) fn depth(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }
}

/// The terms between operators of one kind; a term of that kind is taken apart, so that chains stay flat.
#[derive(Default)]
pub(super) struct Chain(Vec<Filter>);

impl Chain {
    #[inline]
    pub(super) fn terms(self) -> Vec<Filter> {
        self.0
    }

    /// One more, with `left` bytes of text to come.
    #[inline]
    pub(super) fn push(&mut self, term: Filter, left: usize) {
        if self.0.len() == self.0.capacity() {
            self.grow(left);
        }
        self.0.push(term);
    }

    /// Most chains have two terms. Those of three are lists of ids as a rule: room for what the rest can hold.
    fn grow(&mut self, left: usize) {
        const TERM_OF_A_LIST: usize = 40;
        if self.0.is_empty() {
            self.0 = Vec::with_capacity(2);
            return;
        }
        let room = (left / TERM_OF_A_LIST).min(64) + 1;
        self.0.reserve_exact(room.max(self.0.len() / 2));
    }

    fn extend(&mut self, list: Vec<Filter>) {
        if self.0.is_empty() {
            self.0 = list;
        } else {
            self.0.extend(list);
        }
    }
}
