//! One comparison against one value, prepared so that nothing is folded or parsed twice.

use std::cmp::Ordering;

use serde_json::Value;

use crate::date::DateTime;
use crate::filter::literal::Numeric;
use crate::filter::place::MemberName;
use crate::filter::{CompareOp, Literal};
use crate::resource::{get_folded, is_unassigned};
use crate::schema::AttributeType;
use crate::text::{self, Lengths, Text, same_name};

#[derive(Debug, Clone)]
pub(crate) enum Check {
    Present,
    /// `eq null` (`true`) or `ne null` (`false`).
    Unassigned(bool),
    Text(TextCheck),
    /// An instant; the text decides where a value is no date.
    Date {
        op: CompareOp,
        date: DateTime,
        /// The literal, if it has the form in which texts sort like instants.
        plain: Option<Text>,
        text: TextCheck,
    },
    /// `eq` to one of several texts: a chain of `or` on one attribute. Sorted, and folded unless exact.
    OneOf {
        needles: Vec<Text>,
        exact: bool,
    },
    Number {
        op: CompareOp,
        number: Numeric,
    },
    Boolean {
        op: CompareOp,
        value: bool,
    },
    /// An operator that does not go with the value: matches nothing.
    Never,
}

#[derive(Debug, Clone)]
pub(crate) struct TextCheck {
    op: CompareOp,
    /// Folded unless `exact`.
    needle: Text,
    exact: bool,
    /// Of a text that folds to the needle: others are told apart without a look at their bytes.
    lengths: Lengths,
}

impl Check {
    pub(crate) fn new(op: CompareOp, value: &Literal, kind: Option<&AttributeType>, exact: bool) -> Self {
        match value {
            Literal::Null => match op {
                CompareOp::Eq => Self::Unassigned(true),
                CompareOp::Ne => Self::Unassigned(false),
                _ => Self::Never,
            },
            Literal::Boolean(value) => match op {
                CompareOp::Eq | CompareOp::Ne => Self::Boolean { op, value: *value },
                _ => Self::Never,
            },
            Literal::Number(number) => match op {
                CompareOp::Co | CompareOp::Sw | CompareOp::Ew => Self::Never,
                _ => Self::Number { op, number: number.value() },
            },
            Literal::String(literal) => {
                let needle = if exact { literal.clone() } else { folded(literal) };
                let lengths = Lengths::of_folded(&needle);
                let text = TextCheck { op, needle, exact, lengths };
                let is_date = matches!(kind, None | Some(AttributeType::DateTime));
                match DateTime::read(literal) {
                    Some(date) if is_date && !matches!(op, CompareOp::Co | CompareOp::Sw | CompareOp::Ew) => {
                        Self::Date { op, date, plain: is_plain_utc(literal).then(|| literal.clone()), text }
                    }
                    _ => Self::Text(text),
                }
            }
        }
    }

    /// Whether an attribute meets the check: any of its values. `sub` selects a sub-attribute of each.
    pub(crate) fn holds(&self, value: Option<&Value>, sub: Option<&MemberName>) -> bool {
        let mut seen = false;
        let mut met = false;
        match value {
            None => {}
            Some(Value::Array(list)) => {
                for element in list {
                    if self.visit(element, sub, &mut seen) {
                        met = true;
                        break;
                    }
                }
            }
            Some(single) => met = self.visit(single, sub, &mut seen),
        }
        if seen { met } else { self.holds_unassigned() }
    }

    /// The unassigned state is not identical to any value, and identical to null.
    pub(crate) fn holds_unassigned(&self) -> bool {
        match self {
            Self::Unassigned(wanted) => *wanted,
            Self::Text(TextCheck { op, .. })
            | Self::Date { op, .. }
            | Self::Number { op, .. }
            | Self::Boolean { op, .. } => *op == CompareOp::Ne,
            Self::Present | Self::OneOf { .. } | Self::Never => false,
        }
    }

    #[inline]
    fn visit(&self, element: &Value, sub: Option<&MemberName>, seen: &mut bool) -> bool {
        let value = match (element, sub) {
            (Value::Object(map), Some(sub)) => sub.find(map),
            (Value::Object(map), None) if !matches!(self, Self::Present | Self::Unassigned(_)) => {
                get_folded(map, "value")
            }
            (bare, Some(sub)) => same_name(sub, "value").then_some(bare),
            (whole, None) => Some(whole),
        };
        match value {
            Some(value) if !is_unassigned(value) => {
                *seen = true;
                self.accepts(value)
            }
            _ => false,
        }
    }

    fn accepts(&self, value: &Value) -> bool {
        match self {
            Self::Present => is_present(value),
            Self::Unassigned(wanted) => !*wanted,
            Self::Text(check) => match value {
                Value::String(text) => check.accepts(text),
                _ => check.op == CompareOp::Ne,
            },
            Self::Date { text: check, .. } => match value {
                Value::String(text) => self.accepts_text(text),
                _ => check.op == CompareOp::Ne,
            },
            Self::OneOf { .. } => value.as_str().is_some_and(|text| self.accepts_text(text)),
            Self::Number { op, number } => match value {
                Value::Number(value) => {
                    Numeric::of_json(value).compare(*number).map_or(*op == CompareOp::Ne, |order| ordered(*op, order))
                }
                _ => *op == CompareOp::Ne,
            },
            Self::Boolean { op, .. } => match value {
                Value::Bool(value) => self.accepts_bool(*value),
                _ => *op == CompareOp::Ne,
            },
            Self::Never => false,
        }
    }

    #[inline]
    pub(crate) fn accepts_text(&self, value: &str) -> bool {
        match self {
            Self::Text(TextCheck { op: CompareOp::Eq, needle, exact: false, lengths }) => {
                lengths.fit(value) && text::eq_folded(value, needle)
            }
            Self::Present => !value.is_empty(),
            _ => self.accepts_text_otherwise(value),
        }
    }

    fn accepts_text_otherwise(&self, value: &str) -> bool {
        match self {
            Self::Present => !value.is_empty(),
            Self::Unassigned(wanted) => !*wanted,
            Self::Text(check) => check.accepts(value),
            Self::OneOf { needles, exact } => {
                let value = if *exact { std::borrow::Cow::Borrowed(value) } else { text::fold(value) };
                needles.binary_search_by(|needle| (**needle).cmp(&*value)).is_ok()
            }
            Self::Date { op, plain: Some(plain), .. } if is_plain_utc(value) => ordered(*op, value.cmp(plain)),
            Self::Date { op, date, text, .. } => match DateTime::read(value) {
                Some(value) => ordered(*op, value.cmp(date)),
                None => text.accepts(value),
            },
            Self::Number { op, .. } | Self::Boolean { op, .. } => *op == CompareOp::Ne,
            Self::Never => false,
        }
    }

    /// A number of the crate's own types, none of which RFC 7643 gives a user or group.
    pub(crate) fn accepts_number(&self, value: u64) -> bool {
        self.accepts(&Value::from(value))
    }

    /// Whether an object as a whole is looked at, not its `value`.
    pub(crate) fn is_about_presence(&self) -> bool {
        matches!(self, Self::Present | Self::Unassigned(_))
    }

    pub(crate) fn accepts_json(&self, value: &Value) -> bool {
        self.accepts(value)
    }

    pub(crate) fn accepts_bool(&self, value: bool) -> bool {
        match self {
            Self::Present => true,
            Self::Unassigned(wanted) => !*wanted,
            Self::Boolean { op, value: wanted } => (value == *wanted) == (*op == CompareOp::Eq),
            Self::Text(TextCheck { op, .. }) | Self::Date { op, .. } | Self::Number { op, .. } => *op == CompareOp::Ne,
            Self::OneOf { .. } | Self::Never => false,
        }
    }
}

/// `2011-05-13T04:42:34Z`: such texts are in the order of their instants.
fn is_plain_utc(text: &str) -> bool {
    const SHAPE: &[u8; 20] = b"0000-00-00T00:00:00Z";
    let bytes = text.as_bytes();
    bytes.len() == SHAPE.len()
        && bytes.iter().zip(SHAPE).all(|(byte, shape)| if *shape == b'0' { byte.is_ascii_digit() } else { byte == shape })
        // The end of a day and a leap second have two spellings.
        && bytes.get(11..13) != Some(b"24")
        && bytes.get(17) != Some(&b'6')
}

fn folded(literal: &Text) -> Text {
    match text::fold(literal) {
        std::borrow::Cow::Borrowed(_) => literal.clone(),
        std::borrow::Cow::Owned(folded) => folded.into(),
    }
}

/// `pr`: not null, not empty, and a complex value holds at least one value (RFC 7644 Table 3).
pub(crate) fn is_present(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        // JSON that arrived as text is at most 128 deep, and values that are built deeper were checked before.
        Value::Object(map) => map.values().any(is_present),
        Value::Array(list) => list.iter().any(is_present),
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn ordered(op: CompareOp, order: Ordering) -> bool {
    match op {
        CompareOp::Eq => order.is_eq(),
        CompareOp::Ne => order.is_ne(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::Ge => order.is_ge(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::Le => order.is_le(),
        CompareOp::Co | CompareOp::Sw | CompareOp::Ew => false,
    }
}

impl TextCheck {
    /// The parts of an `eq`, to be joined with others in [`Check::OneOf`].
    pub(crate) fn equality(&self) -> Option<(&Text, bool)> {
        (self.op == CompareOp::Eq).then_some((&self.needle, self.exact))
    }

    #[inline]
    fn accepts(&self, value: &str) -> bool {
        let needle = &*self.needle;
        if self.exact {
            return match self.op {
                CompareOp::Co => value.contains(needle),
                CompareOp::Sw => value.starts_with(needle),
                CompareOp::Ew => value.ends_with(needle),
                op => ordered(op, value.cmp(needle)),
            };
        }
        match self.op {
            CompareOp::Eq => text::eq_folded(value, needle),
            CompareOp::Ne => !text::eq_folded(value, needle),
            CompareOp::Co => text::contains_folded(value, needle),
            CompareOp::Sw => text::starts_with_folded(value, needle),
            CompareOp::Ew => text::ends_with_folded(value, needle),
            op => ordered(op, text::cmp_folded(value, needle)),
        }
    }
}
