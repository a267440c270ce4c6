//! From a body to a [`PatchOp`].

use serde_json::{Map, Value};

use crate::message::PATCH_OP;
use crate::patch::{Op, Operation, PatchError, PatchOp, PatchOptions};
use crate::path::PatchPath;
use crate::quirk::{Quirk, Quirks};
use crate::text::same_name;

impl PatchOp {
    /// Reads a message.
    ///
    /// # Errors
    /// The message is malformed: `invalidSyntax`; a value is missing or too deep: `invalidValue`; a path cannot
    /// be read: `invalidPath` or `invalidFilter`.
    pub fn read(body: &Value, options: &PatchOptions) -> Result<Self, PatchError> {
        let mut reader = Reader { options, fired: Quirks::STRICT };
        let operations = reader.message(body)?;
        Ok(Self { operations, quirks: reader.fired })
    }

    /// Reads a message from JSON text.
    ///
    /// # Errors
    /// No JSON: `invalidSyntax`; otherwise as [`read`](Self::read).
    pub fn from_json(body: &[u8], options: &PatchOptions) -> Result<Self, PatchError> {
        let value = serde_json::from_slice(body).map_err(|error| {
            if too_deep_to_read(body) {
                return PatchError::value("the value is nested too deeply");
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

struct Reader<'a> {
    options: &'a PatchOptions,
    fired: Quirks,
}

/// The member of that name in any case; two spellings are an error.
fn member<'v>(map: &'v Map<String, Value>, name: &str) -> Result<Option<&'v Value>, PatchError> {
    let mut found = None;
    for (key, value) in map {
        if same_name(key, name) && found.replace(value).is_some() {
            return Err(PatchError::syntax(format!("`{name}` is named twice")));
        }
    }
    Ok(found.filter(|value| !value.is_null()))
}

impl Reader<'_> {
    fn tolerates(&mut self, quirk: Quirk) -> bool {
        let tolerated = self.options.quirks().contains(quirk);
        if tolerated {
            self.fired = self.fired.with(quirk);
        }
        tolerated
    }

    fn is_lenient(&self) -> bool {
        !self.options.quirks().is_empty()
    }

    fn message(&mut self, body: &Value) -> Result<Vec<Operation>, PatchError> {
        let Value::Object(body) = body else {
            return Err(PatchError::syntax("a PatchOp must be a JSON object"));
        };
        self.schemas(member(body, "schemas")?)?;
        let Some(Value::Array(operations)) = member(body, "Operations")? else {
            return Err(PatchError::syntax("`Operations` must be a list"));
        };
        if operations.is_empty() {
            return Err(PatchError::syntax("`Operations` is empty"));
        }
        let limit = self.options.limits().operations();
        if operations.len() > limit {
            return Err(PatchError::value(format!("more than {limit} operations")));
        }
        operations.iter().enumerate().map(|(at, operation)| self.operation(operation).map_err(|e| e.at(at))).collect()
    }

    fn schemas(&self, schemas: Option<&Value>) -> Result<(), PatchError> {
        let is_ours = |uri: &Value| uri.as_str().is_some_and(|uri| same_name(uri, PATCH_OP));
        let fits = match schemas {
            Some(Value::Array(uris)) if !uris.is_empty() => uris.iter().any(is_ours),
            Some(text @ Value::String(_)) if self.is_lenient() => is_ours(text),
            None | Some(Value::Array(_)) => self.is_lenient(),
            Some(_) => false,
        };
        if fits { Ok(()) } else { Err(PatchError::syntax(format!("`schemas` must be [\"{PATCH_OP}\"]"))) }
    }

    fn operation(&mut self, operation: &Value) -> Result<Operation, PatchError> {
        let Value::Object(map) = operation else {
            return Err(PatchError::syntax("an operation must be a JSON object"));
        };
        let op = self.op(member(map, "op")?)?;
        for key in map.keys() {
            let known = ["op", "path", "value"].iter().any(|name| same_name(name, key));
            if !known && !self.tolerates(Quirk::UnknownSubattr) {
                let key: String = key.chars().take(100).collect();
                return Err(PatchError::value(format!("an operation has no member `{key}`")));
            }
        }
        let path = match member(map, "path")? {
            None => None,
            Some(Value::String(text)) if text.is_empty() && self.is_lenient() => None,
            Some(Value::String(text)) => {
                let parsed =
                    PatchPath::parse_with(text, &self.options.parse()).map_err(|e| PatchError::from(e).on(text))?;
                self.fired = self.fired.union(parsed.quirks);
                Some(parsed.value)
            }
            Some(_) => return Err(PatchError::syntax("`path` must be a string")),
        };
        // A null is a value: it unassigns. Only absence is none.
        let value = map.get("value").or_else(|| map.iter().find(|(key, _)| same_name(key, "value")).map(|(_, v)| v));
        member(map, "value")?;
        match value {
            None if op != Op::Remove => Err(PatchError::value(format!("`{op}` needs a value"))),
            Some(value) if too_deep(value, self.options.limits().depth()) => {
                Err(PatchError::value("the value is nested too deeply"))
            }
            value => Ok(Operation { op, path, value: value.cloned() }),
        }
    }

    fn op(&mut self, op: Option<&Value>) -> Result<Op, PatchError> {
        let Some(Value::String(word)) = op else {
            return Err(PatchError::syntax("`op` must be add, remove or replace"));
        };
        for op in [Op::Add, Op::Replace, Op::Remove] {
            if word == op.as_str() || (word.eq_ignore_ascii_case(op.as_str()) && self.tolerates(Quirk::OpCase)) {
                return Ok(op);
            }
        }
        let word: String = word.chars().take(50).collect();
        Err(PatchError::syntax(format!("`op` must be add, remove or replace, not `{word}`")))
    }
}

/// Whether lists and objects nest deeper than `limit`; looks no deeper than that.
pub(super) fn too_deep(value: &Value, limit: usize) -> bool {
    match value {
        Value::Array(list) => limit == 0 || list.iter().any(|v| too_deep(v, limit - 1)),
        Value::Object(map) => limit == 0 || map.values().any(|v| too_deep(v, limit - 1)),
        _ => false,
    }
}
