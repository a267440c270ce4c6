//! From a body to a [`PatchOp`]: what each member of the message means, and in which order its mistakes are told.
//!
//! JSON text and JSON values have a front each (`scan`, [`PatchOp::read`]); both fill the drafts below, so that they
//! read alike. Mistakes are kept until the end: which one is told does not depend on the order of the members.

use serde_json::Value;

use crate::message::PATCH_OP;
use crate::patch::{Op, Operation, PatchError, PatchOp, PatchOptions};
use crate::path::PatchPath;
use crate::quirk::{Quirk, Quirks};
use crate::resource::wire::{Checked, check_all_spellings, too_deep};
use crate::text::same_name;

impl PatchOp {
    /// Reads a message. Of a name that stood twice in the text a [`Value`] has the last one only: where there is text,
    /// [`from_json`](Self::from_json) refuses it.
    ///
    /// # Errors
    /// The message is malformed, or an object has two spellings of one name: `invalidSyntax`; a value is missing or too deep: `invalidValue`; a path cannot
    /// be read: `invalidPath` or `invalidFilter`.
    pub fn read(body: &Value, options: &PatchOptions) -> Result<Self, PatchError> {
        let mut message = Message::new(options);
        match body {
            Value::Object(members) => {
                for (name, value) in members {
                    match message.names.of_message(name) {
                        Some(0) => message.schemas = Schemas::of(value),
                        Some(_) => message.operations_of(value),
                        None => {}
                    }
                }
            }
            _ => message.is_object = false,
        }
        message.finish()
    }

    /// Reads a message from JSON text; an everyday one in a single pass, with nothing copied but the values.
    ///
    /// # Errors
    /// No JSON, or an object that names a member twice: `invalidSyntax`; otherwise as [`read`](Self::read).
    pub fn from_json(body: &[u8], options: &PatchOptions) -> Result<Self, PatchError> {
        let mut message = Message::new(options);
        if crate::patch::scan::read(body, &mut message).is_some() {
            return message.finish();
        }
        drop(message);
        let Checked(value) = serde_json::from_slice(body).map_err(|error| {
            if error.is_data() {
                return PatchError::of_names(&error);
            }
            if too_deep_to_read(body) {
                return too_deep_error();
            }
            PatchError::syntax(format!("the body is no JSON: {error}"))
        })?;
        Self::read(&value, options)
    }
}

/// Whether brackets nest beyond what the JSON reader takes (128), outside strings.
fn too_deep_to_read(body: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for &byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth >= 128 {
            return true;
        }
    }
    false
}

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

    fn check(&self) -> Result<(), PatchError> {
        match self.twice {
            Some(name) => Err(PatchError::syntax(format!("`{name}` is named twice"))),
            None => Ok(()),
        }
    }
}

/// What stands under `schemas`.
#[derive(Debug, Default, Clone, Copy)]
pub(super) enum Schemas {
    #[default]
    Absent,
    /// A list; whether it has elements, and whether one of them is the URI of the message.
    List {
        is_empty: bool,
        has_ours: bool,
    },
    /// One text; whether it is the URI of the message.
    Text(bool),
    Other,
}

impl Schemas {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Absent,
            Value::String(text) => Self::Text(is_ours(text)),
            Value::Array(list) => Self::List {
                is_empty: list.is_empty(),
                has_ours: list.iter().any(|uri| uri.as_str().is_some_and(is_ours)),
            },
            _ => Self::Other,
        }
    }
}

pub(super) fn is_ours(uri: &str) -> bool {
    same_name(uri, PATCH_OP)
}

/// A message as far as it has been read.
pub(super) struct Message<'o> {
    pub(super) options: &'o PatchOptions,
    fired: Quirks,
    is_object: bool,
    pub(super) names: Names,
    pub(super) schemas: Schemas,
    /// Whether `Operations` is a list.
    pub(super) is_list: bool,
    count: usize,
    operations: Vec<Operation>,
    /// The first mistake in an operation.
    mistake: Option<PatchError>,
}

impl<'o> Message<'o> {
    fn new(options: &'o PatchOptions) -> Self {
        Self {
            options,
            fired: Quirks::STRICT,
            is_object: true,
            names: Names::default(),
            schemas: Schemas::Absent,
            is_list: false,
            count: 0,
            operations: Vec::new(),
            mistake: None,
        }
    }

    fn operations_of(&mut self, value: &Value) {
        let Value::Array(list) = value else {
            self.is_list = false;
            return;
        };
        self.is_list = true;
        self.operations.reserve(list.len().min(self.options.limits().operations()));
        for operation in list {
            if self.wants_more() {
                self.push(Draft::of(operation, self.options));
            } else {
                self.skip();
            }
        }
    }

    /// Whether the next operation is to be read: none was wrong, and the limit is not reached.
    pub(super) fn wants_more(&self) -> bool {
        self.mistake.is_none() && self.count < self.options.limits().operations()
    }

    /// Counts an operation that is not looked at.
    pub(super) fn skip(&mut self) {
        self.count += 1;
    }

    #[inline]
    pub(super) fn push(&mut self, draft: Draft) {
        if self.operations.is_empty() {
            self.operations.reserve_exact(1);
        }
        match draft.finish(self.options, &mut self.fired) {
            Ok(operation) => self.operations.push(operation),
            Err(mistake) => self.mistake = Some(mistake.at(self.count)),
        }
        self.count += 1;
    }

    fn finish(self) -> Result<PatchOp, PatchError> {
        if !self.is_object {
            return Err(PatchError::syntax("a PatchOp must be a JSON object"));
        }
        self.names.check()?;
        let lenient = is_lenient(self.options);
        let fits = match self.schemas {
            Schemas::List { is_empty: false, has_ours } => has_ours,
            Schemas::Text(ours) => ours && lenient,
            Schemas::Absent | Schemas::List { .. } => lenient,
            Schemas::Other => false,
        };
        if !fits {
            return Err(PatchError::syntax(format!("`schemas` must be [\"{PATCH_OP}\"]")));
        }
        let limit = self.options.limits().operations();
        match self {
            Self { is_list: false, .. } => Err(PatchError::syntax("`Operations` must be a list")),
            Self { count: 0, .. } => Err(PatchError::syntax("`Operations` is empty")),
            Self { count, .. } if count > limit => Err(PatchError::value(format!("more than {limit} operations"))),
            Self { mistake: Some(mistake), .. } => Err(mistake),
            Self { operations, fired, .. } => Ok(PatchOp { operations, quirks: fired }),
        }
    }
}

fn is_lenient(options: &PatchOptions) -> bool {
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
    fn of(operation: &Value, options: &PatchOptions) -> Self {
        let Value::Object(members) = operation else {
            return Self::of_other();
        };
        let mut draft = Self::default();
        for (name, value) in members {
            match draft.names.of_operation(name) {
                Some(0) => draft.op(&Said::of(value), options),
                Some(1) => draft.path(&Said::of(value), options),
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
    fn finish(self, options: &PatchOptions, fired: &mut Quirks) -> Result<Operation, PatchError> {
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

fn too_deep_error() -> PatchError {
    PatchError::value("the value is nested too deeply")
}
