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
    op: Option<Result<Op, PatchError>>,
    path: Option<Result<PatchPath, PatchError>>,
    value: Option<Result<Value, PatchError>>,
    /// A name that stands twice in the value.
    value_names: Option<PatchError>,
    /// The first in the order of the alphabet, so that one mistake is told whatever the order of the members.
    unknown: Option<String>,
    fired: Quirks,
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
                Some(_) if too_deep(value, options.limits().depth()) => draft.value = Some(Err(too_deep_error())),
                Some(_) => match check_all_spellings::<serde_json::Error>(value) {
                    Ok(()) => draft.value = Some(Ok(value.clone())),
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
            self.op = Some(Err(PatchError::syntax(NO_OP)));
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
        self.op = Some(found.ok_or_else(|| {
            let word: String = word.chars().take(50).collect();
            PatchError::syntax(format!("{NO_OP}, not `{word}`"))
        }));
    }

    #[inline]
    pub(super) fn path(&mut self, said: &Said<'_>, options: &PatchOptions) {
        self.path = match *said {
            Said::Nothing => None,
            Said::Text("") if is_lenient(options) => None,
            Said::Text(text) => Some(match PatchPath::parse_with(text, &options.parse()) {
                Ok(parsed) => {
                    self.fired = self.fired.union(parsed.quirks);
                    Ok(parsed.value)
                }
                Err(error) => Err(PatchError::from(error).on(text)),
            }),
            Said::Other => Some(Err(PatchError::syntax("`path` must be a string"))),
        };
    }

    #[inline]
    pub(super) fn read_path(&mut self, path: PatchPath) {
        self.path = Some(Ok(path));
    }

    pub(super) fn value(&mut self, value: Value, options: &PatchOptions) {
        let deep = too_deep(&value, options.limits().depth());
        self.value = Some(if deep { Err(too_deep_error()) } else { Ok(value) });
    }

    /// The value has an object that names a member twice.
    #[cold]
    pub(super) fn names_twice(&mut self, error: &serde_json::Error) {
        self.value_names = Some(PatchError::of_names(error));
    }

    #[cold]
    fn unknown(&mut self, name: &str) {
        let name: String = name.chars().take(100).collect();
        match &self.unknown {
            Some(first) if *first <= name => {}
            _ => self.unknown = Some(name),
        }
    }

    #[inline]
    pub(super) fn finish(self, options: &PatchOptions, fired: &mut Quirks) -> Result<Operation, PatchError> {
        if self.is_other {
            return Err(PatchError::syntax("an operation must be a JSON object"));
        }
        self.names.check()?;
        if let Some(twice) = self.value_names {
            return Err(twice);
        }
        let op = self.op.unwrap_or_else(|| Err(PatchError::syntax(NO_OP)))?;
        let mut used = self.fired;
        if let Some(name) = self.unknown {
            if !options.quirks().contains(Quirk::UnknownSubattr) {
                return Err(PatchError::value(format!("an operation has no member `{name}`")));
            }
            used = used.with(Quirk::UnknownSubattr);
        }
        let path = self.path.transpose()?;
        let value = self.value.transpose()?;
        check_shape(op, path.as_ref(), value.as_ref())?;
        *fired = fired.union(used);
        Ok(Operation { op, path, value })
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
