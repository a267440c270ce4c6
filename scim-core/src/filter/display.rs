use std::fmt::{self, Display, Write};

use crate::filter::{Comparison, Filter, Literal, ValuePath};

/// Prints by the letter of RFC 7644 Figure 1, one space between the parts.
impl Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(f, 0)
    }
}

impl Filter {
    /// `binding`: 0 nothing around, 1 inside `or`, 2 inside `and`.
    fn print(&self, f: &mut fmt::Formatter<'_>, binding: u8) -> fmt::Result {
        match self {
            Self::And(list) => chain(f, list, " and ", 2, binding >= 2 && list.len() > 1),
            Self::Or(list) => chain(f, list, " or ", 1, binding >= 1 && list.len() > 1),
            Self::Not(inner) => {
                f.write_str("not (")?;
                inner.print(f, 0)?;
                f.write_str(")")
            }
            Self::Compare(comparison) => comparison.fmt(f),
            Self::Present(path) => {
                path.fmt(f)?;
                f.write_str(" pr")
            }
            Self::ValuePath(value_path) => value_path.fmt(f),
        }
    }
}

fn chain(f: &mut fmt::Formatter<'_>, list: &[Filter], word: &str, binding: u8, group: bool) -> fmt::Result {
    if group {
        f.write_str("(")?;
    }
    for (at, filter) in list.iter().enumerate() {
        if at > 0 {
            f.write_str(word)?;
        }
        filter.print(f, binding)?;
    }
    f.write_str(if group { ")" } else { "" })
}

impl Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)?;
        f.write_char(' ')?;
        f.write_str(self.op.as_str())?;
        f.write_char(' ')?;
        self.value.fmt(f)
    }
}

impl Display for ValuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)?;
        f.write_char('[')?;
        self.filter.print(f, 0)?;
        f.write_str("]")
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => quoted(f, text),
            Self::Number(number) => f.write_str(number.as_str()),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Null => f.write_str("null"),
        }
    }
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '\\' || c < ' ') {
        let (plain, special) = rest.split_at(at);
        f.write_str(plain)?;
        let mut chars = special.chars();
        match chars.next() {
            Some(c @ ('"' | '\\')) => write!(f, "\\{c}")?,
            Some('\n') => f.write_str("\\n")?,
            Some('\r') => f.write_str("\\r")?,
            Some('\t') => f.write_str("\\t")?,
            Some(c) => write!(f, "\\u{:04x}", u32::from(c))?,
            None => {}
        }
        rest = chars.as_str();
    }
    f.write_str(rest)?;
    f.write_char('"')
}
