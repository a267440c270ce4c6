//! Text by the letter of RFC 7644 Figure 1, one space between the parts. It is put together in a string of its own: a
//! filter has many short parts, and each would be a call through the formatter.

use std::fmt::{self, Display, Write};

use crate::filter::{Comparison, Filter, Literal, ValuePath};

impl Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        written(f, |out| self.print(out, 0))
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        written(f, |out| self.print(out))
    }
}

impl Display for ValuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        written(f, |out| self.print(out))
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        written(f, |out| self.print(out))
    }
}

fn written(f: &mut fmt::Formatter<'_>, print: impl FnOnce(&mut String)) -> fmt::Result {
    let mut out = String::with_capacity(64);
    print(&mut out);
    f.write_str(&out)
}

impl Filter {
    /// `binding`: 0 nothing around, 1 inside `or`, 2 inside `and`.
    fn print(&self, out: &mut String, binding: u8) {
        match self {
            Self::And(list) => chain(out, list, " and ", 2, binding >= 2 && list.len() > 1),
            Self::Or(list) => chain(out, list, " or ", 1, binding >= 1 && list.len() > 1),
            Self::Not(inner) => {
                out.push_str("not (");
                inner.print(out, 0);
                out.push(')');
            }
            Self::Compare(comparison) => comparison.print(out),
            Self::Present(path) => {
                path.print(out);
                out.push_str(" pr");
            }
            Self::ValuePath(value_path) => value_path.print(out),
        }
    }
}

fn chain(out: &mut String, list: &[Filter], word: &str, binding: u8, group: bool) {
    if group {
        out.push('(');
    }
    for (at, filter) in list.iter().enumerate() {
        if at > 0 {
            out.push_str(word);
        }
        filter.print(out, binding);
    }
    if group {
        out.push(')');
    }
}

impl Comparison {
    fn print(&self, out: &mut String) {
        self.path.print(out);
        out.push(' ');
        out.push_str(self.op.as_str());
        out.push(' ');
        self.value.print(out);
    }
}

impl ValuePath {
    fn print(&self, out: &mut String) {
        self.path.print(out);
        out.push('[');
        self.filter.print(out, 0);
        out.push(']');
    }
}

impl Literal {
    fn print(&self, out: &mut String) {
        match self {
            Self::String(text) => quoted(out, text),
            Self::Number(number) => out.push_str(number.as_str()),
            Self::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Null => out.push_str("null"),
        }
    }
}

fn quoted(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '\\' || c < ' ') {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = special.chars();
        match chars.next() {
            Some(c @ ('"' | '\\')) => out.extend(['\\', c]),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(c) => {
                // A string takes everything.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}
