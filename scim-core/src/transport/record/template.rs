//! Text with holes: what a recording holds in place of secrets and personal data.
//!
//! A hole is written `{{person-1}}`. Two braces that stood in the recorded text itself are written
//! `{{open}}`, so no recorded text can be taken for a hole.

use std::collections::HashMap;

use serde_json::{Number, Value};

/// How two literal opening braces are written.
const OPEN: &str = "{{open}}";
/// A comparison of one text ends after so many steps, as a mismatch.
const STEPS: u32 = 10_000;

/// Writes a text that holds no hole.
pub(super) fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        out.push_str(rest.get(..at).unwrap_or_default());
        out.push_str(OPEN);
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    out.push_str(rest);
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Hole(String),
}

/// A recorded text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

impl Template {
    /// Reads a recorded text. Total: what is no hole is literal.
    pub(super) fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("{{") {
            let (before, from) = rest.split_at(at);
            literal.push_str(before);
            if let Some(name) = hole(from) {
                rest = from.get(name.len() + 4..).unwrap_or_default();
                if name == "open" {
                    literal.push_str("{{");
                    continue;
                }
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                parts.push(Part::Hole(name.to_owned()));
            } else {
                literal.push('{');
                rest = from.get(1..).unwrap_or_default();
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Self(parts)
    }

    /// The hole's name, if the text is nothing but one.
    pub(super) fn only_hole(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Part::Hole(name)] => Some(name),
            _ => None,
        }
    }

    /// Compares with a real text; what stands in a hole is kept in `bound`.
    pub(super) fn matches(&self, actual: &str, bound: &mut Bindings) -> bool {
        let before = bound.clone_new();
        let ok = walk(&self.0, actual, bound, &mut { STEPS });
        if !ok {
            bound.reset_new(before);
        }
        ok
    }

    /// The text with what is known of its holes; the others stay as they are written.
    pub(super) fn fill(&self, bound: &Bindings) -> String {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Hole(name) => match bound.get(name) {
                    Some(Value::String(text)) => out.push_str(text),
                    Some(other) => out.push_str(&other.to_string()),
                    None => {
                        out.push_str("{{");
                        out.push_str(name);
                        out.push_str("}}");
                    }
                },
            }
        }
        out
    }
}

/// The name of the hole at the beginning of the text: `person-12`, `open`.
fn hole(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix("{{")?.split_once("}}")?;
    let known = match name.split_once('-') {
        Some(("person" | "secret", number)) => !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()),
        Some(_) => false,
        None => name == "open",
    };
    known.then_some(name)
}

fn walk(parts: &[Part], actual: &str, bound: &mut Bindings, steps: &mut u32) -> bool {
    *steps = steps.saturating_sub(1);
    let Some((part, rest)) = parts.split_first() else { return actual.is_empty() };
    if *steps == 0 {
        return false;
    }
    let name = match part {
        Part::Literal(text) => {
            return actual.strip_prefix(text.as_str()).is_some_and(|left| walk(rest, left, bound, steps));
        }
        Part::Hole(name) => name,
    };
    if let Some(known) = bound.text(name) {
        return actual.strip_prefix(known.as_str()).is_some_and(|left| walk(rest, left, bound, steps));
    }
    if rest.is_empty() {
        return bound.bind(name, Value::String(actual.to_owned()));
    }
    for (at, c) in actual.char_indices() {
        let (here, left) = actual.split_at(at + c.len_utf8());
        let before = bound.clone_new();
        if bound.bind(name, Value::String(here.to_owned())) && walk(rest, left, bound, steps) {
            return true;
        }
        bound.reset_new(before);
        if *steps == 0 {
            return false;
        }
    }
    false
}

/// What real values the holes of a recording stand for, as the requests of the replay told.
///
/// One to one: a hole means one value, and two holes never mean the same.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    known: HashMap<String, Value>,
    /// Those found by the request that is being compared.
    new: Vec<(String, Value)>,
}

impl Bindings {
    fn get(&self, name: &str) -> Option<&Value> {
        self.known.get(name).or_else(|| self.new.iter().find(|(known, _)| known == name).map(|(_, value)| value))
    }

    fn text(&self, name: &str) -> Option<String> {
        Some(match self.get(name)? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    /// Lets a hole stand for a value: false if it stands for another, or if the value has a hole.
    fn bind(&mut self, name: &str, value: Value) -> bool {
        if let Some(known) = self.get(name) {
            return *known == value;
        }
        let taken = |known: &Value| *known == value;
        let empty = value.as_str() == Some("");
        if empty || self.known.values().any(taken) || self.new.iter().any(|(_, known)| taken(known)) {
            return false;
        }
        self.new.push((name.to_owned(), value));
        true
    }

    /// Lets a hole stand for a number.
    pub(super) fn bind_number(&mut self, name: &str, number: &Number) -> bool {
        self.bind(name, Value::Number(number.clone()))
    }

    fn clone_new(&self) -> usize {
        self.new.len()
    }

    fn reset_new(&mut self, len: usize) {
        self.new.truncate(len);
    }

    /// Keeps what the last comparison found.
    pub(super) fn commit(&mut self) {
        self.known.extend(self.new.drain(..));
    }

    /// Forgets what the last comparison found.
    pub(super) fn rollback(&mut self) {
        self.new.clear();
    }

    /// The value of a hole, for a JSON value that is nothing but one.
    pub(super) fn value(&self, name: &str) -> Option<Value> {
        self.get(name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut out = String::new();
        escape(text, &mut out);
        out
    }

    #[test]
    fn braces_in_the_data_are_no_holes() {
        for text in
            ["{{person-1}}", "{{{person-1}}}", "{{open}}", "{{", "{{{{", "{{{", "a{{b}}c", "{", "}}", "{{secret-1}}x"]
        {
            let template = Template::parse(&written(text));
            assert_eq!(template.fill(&Bindings::default()), text);
            assert!(template.matches(text, &mut Bindings::default()), "{text}");
            assert!(template.only_hole().is_none());
        }
    }

    #[test]
    fn a_hole_means_one_value_and_two_holes_never_the_same() {
        let mut bound = Bindings::default();
        let matches =
            |template: &str, actual: &str, bound: &mut Bindings| Template::parse(template).matches(actual, bound);
        assert!(matches("userName eq \"{{person-1}}\"", "userName eq \"ann\"", &mut bound));
        assert!(!matches("{{person-1}}", "bob", &mut bound));
        assert!(!matches("{{person-2}}", "ann", &mut bound));
        assert!(matches("{{person-2}}, {{person-1}}", "bob, ann", &mut bound));
        assert!(!matches("{{person-3}}", "", &mut bound));
        // Nothing of a failed comparison stays.
        assert!(!matches("{{person-4}} is {{person-1}}", "cat is bob", &mut bound));
        assert!(matches("{{person-4}}{{person-5}}!", "dd!!", &mut bound) || bound.get("person-4").is_some());
    }

    #[test]
    fn a_comparison_ends() {
        let template = "{{person-1}}a{{person-2}}a{{person-3}}a{{person-4}}a{{person-5}}b".to_owned();
        let mut bound = Bindings::default();
        assert!(!Template::parse(&template).matches(&"a".repeat(100_000), &mut bound));
    }
}
