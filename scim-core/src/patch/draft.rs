//! One operation as far as it has been read, and in which order its mistakes are told.

use serde_json::Value;

use crate::limits::too_deep;
use crate::patch::names::{self, Names};
use crate::patch::{Op, Operation, PatchError, PatchOptions};
use crate::path::PatchPath;
use crate::quirk::{Quirk, Quirks};
use crate::resource::wire::check_all_spellings;

pub(super) fn is_lenient(options: &PatchOptions) -> bool {
    !options.quirks().is_empty()
}

/// A member that must be a text.
pub(super) enum Said<'t> {
    /// Absent or null.
    Nothing,
    Text(&'t str),
    Other,
}

impl<'t> Said<'t> {
    fn of(value: &'t Value) -> Self {
        match value {
            Value::Null => Self::Nothing,
            Value::String(text) => Self::Text(text),
            _ => Self::Other,
        }
    }
}

/// One operation as far as it has been read.
#[derive(Default)]
pub(super) struct Draft {
    is_other: bool,
    pub(super) names: Names,
    op: Option<Op>,
    pub(super) path: Option<PatchPath>,
    value: Option<Value>,
    fired: Quirks,
    mistakes: Mistakes,
}

/// What is wrong with the members of an operation.
#[derive(Default)]
struct Mistakes {
    op: Option<PatchError>,
    path: Option<PatchError>,
    value: Option<PatchError>,
    /// A name that stands twice in the value.
    value_names: Option<PatchError>,
    /// The first in the order of the alphabet, so that one mistake is told whatever the order of the members.
    unknown: Option<String>,
}

impl Draft {
    pub(super) fn of(operation: &Value, options: &PatchOptions) -> Self {
        let Value::Object(members) = operation else {
            return Self::of_other();
        };
        let mut draft = Self::default();
        for (name, value) in members {
            match draft.names.of_operation(name) {
                Some(names::OP) => draft.op(&Said::of(value), options),
                Some(names::PATH) => draft.path(&Said::of(value), options),
                Some(_) if too_deep(value, options.limits().depth()) => draft.mistakes.value = Some(too_deep_error()),
                Some(_) => match check_all_spellings::<serde_json::Error>(value) {
                    Ok(()) => draft.value = Some(value.clone()),
                    Err(error) => draft.names_twice(&error),
                },
                None => draft.unknown(name),
            }
        }
        draft
    }

    /// What is no object.
    pub(super) fn of_other() -> Self {
        Self { is_other: true, ..Self::default() }
    }

    #[inline]
    pub(super) fn op(&mut self, said: &Said<'_>, options: &PatchOptions) {
        let Said::Text(word) = *said else {
            self.mistakes.op = Some(PatchError::syntax(NO_OP));
            return;
        };
        let known = [Op::Add, Op::Replace, Op::Remove];
        let exact = known.into_iter().find(|op| word == op.as_str());
        let found = exact.or_else(|| {
            let folded = known.into_iter().find(|op| word.eq_ignore_ascii_case(op.as_str()));
            folded.filter(|_| options.quirks().contains(Quirk::OpCase)).inspect(|_| {
                self.fired = self.fired.with(Quirk::OpCase);
            })
        });
        self.op = found;
        if found.is_none() {
            let word: String = word.chars().take(50).collect();
            self.mistakes.op = Some(PatchError::syntax(format!("{NO_OP}, not `{word}`")));
        }
    }

    #[inline]
    pub(super) fn path(&mut self, said: &Said<'_>, options: &PatchOptions) {
        match *said {
            Said::Nothing => {}
            Said::Text("") if is_lenient(options) => {}
            Said::Text(text) => match PatchPath::parse_with(text, &options.parse()) {
                Ok(parsed) => {
                    self.fired = self.fired.union(parsed.quirks);
                    self.path = Some(parsed.value);
                }
                Err(error) => self.mistakes.path = Some(PatchError::from(error).on(text)),
            },
            Said::Other => self.mistakes.path = Some(PatchError::syntax("`path` must be a string")),
        }
    }

    #[inline]
    pub(super) fn value(&mut self, value: Value, options: &PatchOptions) {
        if too_deep(&value, options.limits().depth()) {
            self.mistakes.value = Some(too_deep_error());
        } else {
            self.value = Some(value);
        }
    }

    /// The value has an object that names a member twice.
    #[cold]
    pub(super) fn names_twice(&mut self, error: &serde_json::Error) {
        self.mistakes.value_names = Some(PatchError::of_names(error));
    }

    #[cold]
    fn unknown(&mut self, name: &str) {
        let name: String = name.chars().take(100).collect();
        match &self.mistakes.unknown {
            Some(first) if *first <= name => {}
            _ => self.mistakes.unknown = Some(name),
        }
    }

    /// The operation behind the others, and the quirks that it showed.
    #[inline]
    pub(super) fn finish(
        &mut self,
        options: &PatchOptions,
        operations: &mut Vec<Operation>,
    ) -> Result<Quirks, PatchError> {
        let op = self.check(options)?;
        operations.push(Operation { op, path: self.path.take(), value: self.value.take() });
        Ok(self.fired)
    }

    /// The first mistake, in an order that is not that of the members.
    fn check(&mut self, options: &PatchOptions) -> Result<Op, PatchError> {
        if self.is_other {
            return Err(PatchError::syntax("an operation must be a JSON object"));
        }
        self.names.check()?;
        let Mistakes { op, path, value, value_names, unknown } = std::mem::take(&mut self.mistakes);
        if let Some(mistake) = value_names.or(op) {
            return Err(mistake);
        }
        let op = self.op.ok_or_else(|| PatchError::syntax(NO_OP))?;
        if let Some(name) = unknown {
            if !options.quirks().contains(Quirk::UnknownSubattr) {
                return Err(PatchError::value(format!("an operation has no member `{name}`")));
            }
            self.fired = self.fired.with(Quirk::UnknownSubattr);
        }
        if let Some(mistake) = path.or(value) {
            return Err(mistake);
        }
        check_shape(op, self.path.as_ref(), self.value.as_ref())?;
        Ok(op)
    }
}

/// What an operation must have, whatever the resource is (RFC 7644 §3.5.2.1 to §3.5.2.3).
pub(super) fn check_shape(op: Op, path: Option<&PatchPath>, value: Option<&Value>) -> Result<(), PatchError> {
    match (op, path, value) {
        (Op::Remove, None, _) => Err(PatchError::no_target("`remove` needs a path")),
        (Op::Add | Op::Replace, _, None) => Err(PatchError::value(format!("`{op}` needs a value"))),
        (Op::Add | Op::Replace, None, Some(value)) if !value.is_object() => {
            Err(PatchError::value("without `path` the value must be an object of attributes"))
        }
        _ => Ok(()),
    }
}

const NO_OP: &str = "`op` must be add, remove or replace";

pub(super) fn too_deep_error() -> PatchError {
    PatchError::value("the value is nested too deeply")
}
