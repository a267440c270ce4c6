//! From a body to a [`PatchOp`]: what each member of the message means.
//!
//! JSON text and JSON values have a front each (`scan`, [`PatchOp::read`]); both fill a message and drafts of operations,
//! so that they read alike. Mistakes are kept until the end: which one is told does not depend on the order of the
//! members.

use serde_json::Value;

use crate::message::PATCH_OP;
use crate::patch::draft::{Draft, is_lenient, too_deep_error};
use crate::patch::names::{self, Names};
use crate::patch::{Operation, PatchError, PatchOp, PatchOptions};
use crate::quirk::Quirks;
use crate::resource::wire::Checked;
use crate::text::same_name;

impl PatchOp {
    /// Reads a message. Of a name that stood twice in the text a [`Value`] has the last one only: where there is text,
    /// [`from_json`](Self::from_json) refuses it.
    ///
    /// # Errors
    /// The message is malformed, or an object has two spellings of one name: `invalidSyntax`; a value is missing, too deep,
    /// or without a path no object: `invalidValue`; `remove` has no path: `noTarget`; a path cannot be read: `invalidPath` or
    /// `invalidFilter`.
    pub fn read(body: &Value, options: &PatchOptions) -> Result<Self, PatchError> {
        let mut message = Message::new(options);
        match body {
            Value::Object(members) => {
                for (name, value) in members {
                    match message.names.of_message(name) {
                        Some(names::SCHEMAS) => message.schemas = Schemas::of(value),
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
                self.push(&mut Draft::of(operation, self.options));
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
    pub(super) fn push(&mut self, draft: &mut Draft) {
        if self.operations.is_empty() {
            self.operations.reserve_exact(1);
        }
        match draft.finish(self.options, &mut self.operations) {
            Ok(fired) => self.fired = self.fired.union(fired),
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
