//! Levels of nesting, and the terms that wait for the rest of their chains.

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

/// One level. `and` binds tighter than `or`: of the waiting terms, those from `ands` on are joined by `and`, those from
/// `ors` up to there by `or`.
#[derive(Clone, Copy)]
pub(super) struct Level {
    pub(super) open: Open,
    /// Where it was opened.
    pub(super) at: usize,
    ors: usize,
    ands: usize,
}

impl Level {
    #[inline]
    pub(super) fn new(open: Open, at: usize, waiting: &Waiting) -> Self {
        Self { open, at, ors: waiting.count(), ands: waiting.count() }
    }

    /// `term or`, with `left` bytes of text to come.
    #[inline]
    pub(super) fn or(&mut self, term: Filter, waiting: &mut Waiting, left: usize) {
        let whole = self.close_and(term, waiting);
        waiting.or(whole, left);
        self.ands = waiting.count();
    }

    #[inline]
    fn close_and(&self, term: Filter, waiting: &mut Waiting) -> Filter {
        if waiting.count() == self.ands {
            return term;
        }
        waiting.and(term, 0);
        Filter::And(waiting.take(self.ands))
    }

    /// Whether a term waits for what follows it on this level. To ask is cheaper than to move a term through
    /// [`close`](Self::close).
    #[inline]
    pub(super) fn is_chain(&self, waiting: &Waiting) -> bool {
        waiting.count() > self.ors
    }

    /// The whole level, its last term included.
    pub(super) fn close(&self, term: Filter, waiting: &mut Waiting) -> Filter {
        let whole = self.close_and(term, waiting);
        if waiting.count() == self.ors {
            return whole;
        }
        waiting.or(whole, 0);
        Filter::Or(waiting.take(self.ors))
    }
}

/// The terms of all chains that are not complete, those of the innermost last.
pub(super) struct Waiting {
    terms: Vec<Filter>,
    /// Bytes of the whole text.
    text: usize,
}

impl Waiting {
    #[inline]
    pub(super) fn new(text: usize) -> Self {
        Self { terms: Vec::new(), text }
    }

    #[inline]
    pub(super) fn count(&self) -> usize {
        self.terms.len()
    }

    /// One more of an `and`, with `left` bytes of text to come. An `and` is taken apart, so that chains stay flat.
    #[inline]
    pub(super) fn and(&mut self, term: Filter, left: usize) {
        match term {
            Filter::And(terms) => self.terms.extend(terms),
            term => self.push(term, left),
        }
    }

    /// As [`and`](Self::and), of an `or`.
    #[inline]
    fn or(&mut self, term: Filter, left: usize) {
        match term {
            Filter::Or(terms) => self.terms.extend(terms),
            term => self.push(term, left),
        }
    }

    /// One more, with `left` bytes of text to come.
    #[inline]
    pub(super) fn push(&mut self, term: Filter, left: usize) {
        if self.terms.len() == self.terms.capacity() {
            self.grow(left);
        }
        self.terms.push(term);
    }

    /// Most chains have two terms. Those of three are lists as a rule: room for what the rest holds if it goes on like
    /// what was read, up to as many terms as a filter has by default.
    fn grow(&mut self, left: usize) {
        let length = self.terms.len();
        if length == 0 {
            self.terms = Vec::with_capacity(2);
            return;
        }
        let term = self.text.saturating_sub(left) / (length + 1);
        let room = (left / term.max(1)).min(1024) + 2;
        self.terms.reserve_exact(room.max(length));
    }

    /// Those from there on: a chain that is complete. It keeps no more than twice the room that it needs.
    #[inline]
    pub(super) fn take(&mut self, from: usize) -> Vec<Filter> {
        if from > 0 {
            return self.terms.split_off(from);
        }
        let mut all = std::mem::take(&mut self.terms);
        if all.len() < all.capacity() / 2 {
            all.shrink_to_fit();
        }
        all
    }

    /// Forgets those from there on.
    pub(super) fn forget(&mut self, from: usize) {
        self.terms.truncate(from);
    }
}
