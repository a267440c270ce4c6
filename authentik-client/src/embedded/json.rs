//! JSON whose members keep their order, written as authentik's two writers do.
//!
//! A request body that authentik sends and an answer of its API have a member order, and servers
//! that hash or sign bodies see it. `serde_json::Map` sorts, so both are built from [`Json`].

use std::fmt::Write as _;

use serde_json::Value;

/// A JSON document with ordered members.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    /// Anything whose own order does not matter.
    Plain(Value),
    /// An array.
    List(Vec<Json>),
    /// An object, members in the order in which they are written.
    Object(Vec<(String, Json)>),
}

/// Builds a [`Json::Object`] from `"name" => value` pairs.
macro_rules! object {
    ($($name:expr => $value:expr),* $(,)?) => {
        $crate::embedded::json::Json::Object(vec![$(($name.to_owned(), $crate::embedded::json::Json::from($value))),*])
    };
}
pub(crate) use object;

impl Json {
    pub(crate) const NULL: Self = Self::Plain(Value::Null);

    /// `null` for `None`.
    pub(crate) fn or_null<T: Into<Self>>(value: Option<T>) -> Self {
        value.map_or(Self::NULL, Into::into)
    }

    pub(crate) fn list<T: Into<Self>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }

    /// Adds a member at the end of an object; other values are left alone.
    pub(crate) fn push(&mut self, name: &str, value: impl Into<Self>) {
        if let Self::Object(members) = self {
            members.push((name.to_owned(), value.into()));
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Plain(value) => value.as_str(),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Plain(Value::Null))
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// The same document without an order.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Plain(value) => value.clone(),
            Self::List(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            Self::Object(members) => {
                Value::Object(members.iter().map(|(key, value)| (key.clone(), value.to_value())).collect())
            }
        }
    }

    /// A document as Postgres' `jsonb` gives it back: members by length of name, then by name.
    pub(crate) fn jsonb(value: &Value) -> Self {
        match value {
            Value::Object(members) => {
                let mut members: Vec<_> =
                    members.iter().map(|(name, value)| (name.clone(), Self::jsonb(value))).collect();
                members.sort_by(|(a, _), (b, _)| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
                Self::Object(members)
            }
            Value::Array(items) => Self::List(items.iter().map(Self::jsonb).collect()),
            plain => Self::Plain(plain.clone()),
        }
    }

    /// As authentik's API writes: no blanks, text as UTF-8.
    pub(crate) fn compact(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, &Style { comma: ",", colon: ":", ascii: false, indent: None }, 0);
        out
    }

    /// As Python's `json.dumps` writes, and so what goes to SCIM servers: `", "` and `": "`, text
    /// outside ASCII escaped.
    pub(crate) fn dumps(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, &Style { comma: ", ", colon: ": ", ascii: true, indent: None }, 0);
        out
    }

    /// `json.dumps(…, indent=4)`.
    pub(crate) fn dumps_indented(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, &Style { comma: ",", colon: ": ", ascii: true, indent: Some(4) }, 0);
        out
    }

    fn write(&self, out: &mut String, style: &Style, depth: usize) {
        match self {
            Self::Plain(value) => write_value(value, out, style, depth),
            Self::List(items) => {
                style.wrap(out, '[', ']', depth, items.iter(), |item, out, depth| item.write(out, style, depth));
            }
            Self::Object(members) => {
                style.wrap(out, '{', '}', depth, members.iter(), |(key, value), out, depth| {
                    write_text(key, out, style.ascii);
                    out.push_str(style.colon);
                    value.write(out, style, depth);
                });
            }
        }
    }
}

struct Style {
    comma: &'static str,
    colon: &'static str,
    ascii: bool,
    indent: Option<usize>,
}

impl Style {
    fn wrap<T>(
        &self,
        out: &mut String,
        open: char,
        close: char,
        depth: usize,
        items: impl Iterator<Item = T>,
        mut each: impl FnMut(T, &mut String, usize),
    ) {
        out.push(open);
        let mut empty = true;
        for item in items {
            if !empty {
                out.push_str(self.comma);
            }
            empty = false;
            self.line(out, depth + 1);
            each(item, out, depth + 1);
        }
        if !empty {
            self.line(out, depth);
        }
        out.push(close);
    }

    fn line(&self, out: &mut String, depth: usize) {
        if let Some(width) = self.indent {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', width * depth));
        }
    }
}

fn write_value(value: &Value, out: &mut String, style: &Style, depth: usize) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => {
            let _infallible = write!(out, "{number}");
        }
        Value::String(text) => write_text(text, out, style.ascii),
        Value::Array(items) => {
            style.wrap(out, '[', ']', depth, items.iter(), |item, out, depth| write_value(item, out, style, depth));
        }
        Value::Object(members) => style.wrap(out, '{', '}', depth, members.iter(), |(key, value), out, depth| {
            write_text(key, out, style.ascii);
            out.push_str(style.colon);
            write_value(value, out, style, depth);
        }),
    }
}

fn write_text(text: &str, out: &mut String, ascii: bool) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if u32::from(c) < 0x20 || (ascii && !c.is_ascii()) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    let _infallible = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Python's `repr` of a document: how error bodies appear in task logs.
pub(crate) fn python_repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => python_text(text),
        Value::Array(items) => format!("[{}]", items.iter().map(python_repr).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => format!(
            "{{{}}}",
            members
                .iter()
                .map(|(key, value)| format!("{}: {}", python_text(key), python_repr(value)))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}

fn python_text(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

/// Reads a document keeping the order of its members.
impl<'de> serde::Deserialize<'de> for Json {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OrderedVisitor)
    }
}

struct OrderedVisitor;

impl<'de> serde::de::Visitor<'de> for OrderedVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON document")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Plain(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Plain(serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::NULL)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut members: Vec<(String, Json)> = Vec::new();
        while let Some((key, value)) = access.next_entry::<String, Json>()? {
            // The last of two equal names wins, at the place of the first, as in a Python dict.
            match members.iter_mut().find(|(known, _)| *known == key) {
                Some(known) => known.1 = value,
                None => members.push((key, value)),
            }
        }
        Ok(Json::Object(members))
    }
}

/// Python's `repr` of an ordered document.
pub(crate) fn python_repr_ordered(value: &Json) -> String {
    match value {
        Json::Plain(value) => python_repr(value),
        Json::List(items) => format!("[{}]", items.iter().map(python_repr_ordered).collect::<Vec<_>>().join(", ")),
        Json::Object(members) => format!(
            "{{{}}}",
            members
                .iter()
                .map(|(key, value)| format!("{}: {}", python_text(key), python_repr_ordered(value)))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self::Plain(value)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Plain(Value::String(text.to_owned()))
    }
}

impl From<&String> for Json {
    fn from(text: &String) -> Self {
        Self::Plain(Value::String(text.clone()))
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Plain(Value::String(text))
    }
}

impl From<bool> for Json {
    fn from(flag: bool) -> Self {
        Self::Plain(Value::Bool(flag))
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::Plain(number.into())
    }
}

impl From<usize> for Json {
    fn from(number: usize) -> Self {
        Self::Plain(number.into())
    }
}

impl From<&serde_json::Map<String, Value>> for Json {
    fn from(map: &serde_json::Map<String, Value>) -> Self {
        Self::Plain(Value::Object(map.clone()))
    }
}

impl From<Vec<Json>> for Json {
    fn from(items: Vec<Json>) -> Self {
        Self::List(items)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bodies_are_written_as_python_writes_them() {
        let body = object! {
            "userName" => "zoë",
            "emails" => Json::list([object! { "value" => "a@b.test", "primary" => true }]),
            "none" => Json::List(Vec::new()),
        };
        assert_eq!(
            body.dumps(),
            r#"{"userName": "zo\u00eb", "emails": [{"value": "a@b.test", "primary": true}], "none": []}"#
        );
        assert_eq!(body.compact(), r#"{"userName":"zoë","emails":[{"value":"a@b.test","primary":true}],"none":[]}"#);
        assert_eq!(Json::from("😀").dumps(), r#""\ud83d\ude00""#);
    }

    #[test]
    fn error_bodies_appear_as_python_shows_them() {
        let body = json!({"detail": "it's", "n": [1, null, true], "q": "a\"b'c"});
        assert_eq!(python_repr(&body), r#"{'detail': "it's", 'n': [1, None, True], 'q': 'a"b\'c'}"#);
    }
}
