//! The names that a message and its operations have.

use crate::patch::PatchError;
use crate::text::same_name;

const MESSAGE: &[&str] = &["schemas", "Operations"];
const OPERATION: &[&str] = &["op", "path", "value"];

// Places among them.
pub(super) const SCHEMAS: usize = 0;
pub(super) const OPERATIONS: usize = 1;
pub(super) const OP: usize = 0;
pub(super) const PATH: usize = 1;
pub(super) const VALUE: usize = 2;

/// Which members of an object have been met; names fold case, and two spellings of one are a mistake.
#[derive(Debug, Default)]
pub(super) struct Names {
    met: u8,
    twice: Option<&'static str>,
}

impl Names {
    /// The place of a name among those that a message has.
    #[inline]
    pub(super) fn of_message(&mut self, name: &str) -> Option<usize> {
        self.place(name, MESSAGE)
    }

    /// The place of a name among those that an operation has.
    #[inline]
    pub(super) fn of_operation(&mut self, name: &str) -> Option<usize> {
        self.place(name, OPERATION)
    }

    /// A name that a message has, by its place.
    #[inline]
    pub(super) fn meet_in_message(&mut self, at: usize) -> usize {
        self.meet(at, MESSAGE)
    }

    /// A name that an operation has, by its place.
    #[inline]
    pub(super) fn meet_in_operation(&mut self, at: usize) -> usize {
        self.meet(at, OPERATION)
    }

    fn place(&mut self, name: &str, known: &[&'static str]) -> Option<usize> {
        let exact = known.iter().position(|known| *known == name);
        let at = exact.or_else(|| known.iter().position(|known| same_name(known, name)))?;
        Some(self.meet(at, known))
    }

    #[inline]
    fn meet(&mut self, at: usize, known: &[&'static str]) -> usize {
        if self.met & (1 << at) != 0 {
            let first = |name: &&str| self.twice.is_none_or(|other| *name < other);
            self.twice = known.get(at).copied().filter(first).or(self.twice);
        }
        self.met |= 1 << at;
        at
    }

    pub(super) fn is_twice(&self) -> bool {
        self.twice.is_some()
    }

    pub(super) fn check(&self) -> Result<(), PatchError> {
        match self.twice {
            Some(name) => Err(PatchError::syntax(format!("`{name}` is named twice"))),
            None => Ok(()),
        }
    }
}
