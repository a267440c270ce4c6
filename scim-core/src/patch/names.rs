//! The names that a message and its operations have.

use crate::patch::PatchError;
use crate::text::same_name;

const MESSAGE: [&str; 2] = ["schemas", "Operations"];
const OPERATION: [&str; 3] = ["op", "path", "value"];

#[cold]
fn other_spelling(name: &str, known: &[&str]) -> Option<usize> {
    known.iter().position(|known| same_name(known, name))
}

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
        let at = match name {
            "schemas" => 0,
            "Operations" => 1,
            _ => other_spelling(name, &MESSAGE)?,
        };
        self.note(at, &MESSAGE);
        Some(at)
    }

    /// The place of a name among those that an operation has.
    #[inline]
    pub(super) fn of_operation(&mut self, name: &str) -> Option<usize> {
        let at = match name {
            "op" => 0,
            "path" => 1,
            "value" => 2,
            _ => other_spelling(name, &OPERATION)?,
        };
        self.note(at, &OPERATION);
        Some(at)
    }

    #[inline]
    fn note(&mut self, at: usize, names: &[&'static str]) {
        if self.met & (1 << at) != 0 {
            self.twice =
                names.get(at).copied().filter(|name| self.twice.is_none_or(|other| *name < other)).or(self.twice);
        }
        self.met |= 1 << at;
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
