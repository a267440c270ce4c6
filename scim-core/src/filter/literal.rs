use std::cmp::Ordering;

use crate::text::Text;

/// Right side of a comparison: a JSON string, number, boolean or null.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// Text.
    String(Text),
    /// Number.
    Number(Number),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`.
    Null,
}

/// A JSON number in the spelling in which it was written, so that it prints as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Number(Text);

impl Number {
    /// Reads a JSON number.
    pub(crate) fn read(text: &str) -> Option<Self> {
        is_json_number(text.as_bytes()).then(|| Self(text.into()))
    }

    /// The spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn value(&self) -> Numeric {
        Numeric::of_text(&self.0)
    }
}

/// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
pub(crate) fn is_json_number(text: &[u8]) -> bool {
    fn digits(text: &[u8]) -> Option<&[u8]> {
        let count = text.iter().take_while(|b| b.is_ascii_digit()).count();
        if count == 0 { None } else { text.get(count..) }
    }
    let rest = text.strip_prefix(b"-").unwrap_or(text);
    let after_integer = match rest.strip_prefix(b"0") {
        Some(rest) => Some(rest),
        None => digits(rest),
    };
    let Some(mut rest) = after_integer else {
        return false;
    };
    if let Some(fraction) = rest.strip_prefix(b".") {
        let Some(after) = digits(fraction) else {
            return false;
        };
        rest = after;
    }
    if let Some((b'e' | b'E', exponent)) = rest.split_first() {
        let unsigned = exponent.strip_prefix(b"-").or_else(|| exponent.strip_prefix(b"+")).unwrap_or(exponent);
        let Some(after) = digits(unsigned) else {
            return false;
        };
        rest = after;
    }
    rest.is_empty()
}

/// A number as it compares: whole numbers exactly, however they are written, others as floating point.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Numeric {
    Whole(i128),
    Float(f64),
}

impl Numeric {
    pub(crate) fn of_text(text: &str) -> Self {
        // Beyond 2^53 floating point would round `….0`.
        let whole = match text.split_once('.') {
            Some((whole, fraction)) if fraction.bytes().all(|b| b == b'0') => whole,
            _ => text,
        };
        match whole.parse() {
            Ok(whole) => Self::Whole(whole),
            Err(_) => Self::of_float(text.parse().unwrap_or(f64::NAN)),
        }
    }

    pub(crate) fn of_json(number: &serde_json::Number) -> Self {
        match number.as_i128() {
            Some(whole) => Self::Whole(whole),
            None => Self::of_float(number.as_f64().unwrap_or(f64::NAN)),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
    fn of_float(float: f64) -> Self {
        if float.fract() == 0.0 && float.abs() < 1e38 { Self::Whole(float as i128) } else { Self::Float(float) }
    }

    #[expect(clippy::cast_precision_loss, reason = "only beside a fraction, where floating point decides")]
    fn as_f64(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Float(float) => float,
        }
    }

    pub(crate) fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Some(a.cmp(&b)),
            (a, b) => a.as_f64().partial_cmp(&b.as_f64()),
        }
    }
}

impl From<&str> for Literal {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Literal {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<&String> for Literal {
    fn from(text: &String) -> Self {
        Self::String(text.as_str().into())
    }
}

impl From<&crate::resource::ResourceId> for Literal {
    fn from(id: &crate::resource::ResourceId) -> Self {
        Self::String(id.as_str().into())
    }
}

impl From<bool> for Literal {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i64> for Literal {
    fn from(value: i64) -> Self {
        Self::Number(Number(value.to_string().into()))
    }
}

/// JSON has no infinities and no NaN: they become `null`.
impl From<f64> for Literal {
    fn from(value: f64) -> Self {
        serde_json::Number::from_f64(value).map_or(Self::Null, |n| Self::Number(Number(n.to_string().into())))
    }
}
