use std::fmt;

use serde_json::{Map, Value};

use super::get_folded;
use crate::text::same_name;

/// Whether that names a password: alone, with the URI of a schema, or as part of a path.
pub(crate) fn is_secret(name: &str) -> bool {
    name.split([':', '.', '[']).any(|part| same_name(part.trim(), "password"))
}

/// Whether a text may tell a password.
pub(crate) fn may_be_secret(text: &str) -> bool {
    text.to_ascii_lowercase().contains("password")
}

/// JSON as `Debug` may show it: as ever, but for the passwords, at whatever depth.
pub(crate) struct Shown<'a>(pub(crate) &'a Value);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Object(map) => {
                f.write_str("Object ")?;
                show_members(map, f)
            }
            Value::Array(list) => {
                f.write_str("Array ")?;
                f.debug_list().entries(list.iter().map(Shown)).finish()
            }
            simple => fmt::Debug::fmt(simple, f),
        }
    }
}

/// The members of an object, without its passwords.
pub(crate) fn show_members(members: &Map<String, Value>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    // An operation of a PATCH says elsewhere what its value is.
    let of_secret = get_folded(members, "path").and_then(Value::as_str).is_some_and(is_secret);
    let mut map = f.debug_map();
    for (name, value) in members {
        if is_secret(name) || (of_secret && same_name(name, "value")) {
            map.entry(name, &Stars);
        } else {
            map.entry(name, &Shown(value));
        }
    }
    map.finish()
}

/// The value of a secret in place of itself.
pub(crate) struct Stars;

impl fmt::Debug for Stars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"***\"")
    }
}

/// Something, unless it is secret.
pub(crate) struct Unless<'a, T>(pub(crate) bool, pub(crate) &'a T);

impl<T: fmt::Debug> fmt::Debug for Unless<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 { Stars.fmt(f) } else { self.1.fmt(f) }
    }
}
