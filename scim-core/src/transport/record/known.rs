//! The values that were found to be secret or personal, and where they occur in a text.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::template::escape;

/// Shorter values are replaced outside of their own member only where they stand as whole words: `Jo`
/// is a name, and a part of many words.
const SHORT: usize = 4;

/// Values with their placeholders.
#[derive(Debug, Default)]
pub(super) struct Known {
    secrets: Values,
    persons: Values,
}

#[derive(Default)]
struct Values {
    placeholders: HashMap<String, String>,
    /// The lengths of the long ones by their first bytes in lower case.
    lengths: HashMap<[u8; SHORT], BTreeSet<usize>>,
    /// The long ones in lower case.
    folded: HashSet<String>,
}

impl std::fmt::Debug for Values {
    // The values are what must not be shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} values", self.placeholders.len())
    }
}

impl Values {
    fn intern(&mut self, kind: &str, value: &str) -> &str {
        if !self.placeholders.contains_key(value) {
            let placeholder = format!("{{{{{kind}-{}}}}}", self.placeholders.len() + 1);
            if let Some(start) = start(value) {
                self.lengths.entry(start).or_default().insert(value.len());
                self.folded.insert(value.to_ascii_lowercase());
            }
            self.placeholders.insert(value.to_owned(), placeholder);
        }
        self.placeholders.get(value).map_or("", String::as_str)
    }

    /// How long the longest known value at the beginning of `text` is, letters' case aside.
    fn found(&self, text: &str) -> Option<usize> {
        let lengths = self.lengths.get(&start(text)?)?;
        let known = |len: &usize| text.get(..*len).is_some_and(|it| self.folded.contains(&it.to_ascii_lowercase()));
        lengths.iter().rev().copied().find(known)
    }
}

fn start(text: &str) -> Option<[u8; SHORT]> {
    let mut start: [u8; SHORT] = text.as_bytes().get(..SHORT)?.try_into().ok()?;
    start.make_ascii_lowercase();
    Some(start)
}

impl Known {
    /// The placeholder of a secret.
    pub(super) fn secret(&mut self, value: &str) -> String {
        self.secrets.intern("secret", value).to_owned()
    }

    /// The placeholder of something personal.
    pub(super) fn person(&mut self, value: &str) -> String {
        self.persons.intern("person", value).to_owned()
    }

    /// The text with every known value, and every e-mail address if `persons`, replaced.
    pub(super) fn replace(&mut self, text: &str, persons: bool) -> String {
        let mut out = String::with_capacity(text.len());
        let mut plain = 0;
        let mut at = 0;
        let mut in_word = false;
        while let Some(rest) = text.get(at..) {
            let Some(c) = rest.chars().next() else { break };
            let hit = self.hit(rest, persons, in_word);
            if let Some((len, secret)) = hit {
                escape(text.get(plain..at).unwrap_or_default(), &mut out);
                let value = rest.get(..len).unwrap_or_default();
                out.push_str(&if secret { self.secret(value) } else { self.person(value) });
                in_word = value.ends_with(char::is_alphanumeric);
                at += len;
                plain = at;
            } else {
                in_word = c.is_alphanumeric();
                at += c.len_utf8();
            }
        }
        escape(text.get(plain..).unwrap_or_default(), &mut out);
        out
    }

    /// The length of what is to be replaced at the beginning of `rest`, and whether it is a secret.
    fn hit(&self, rest: &str, persons: bool, in_word: bool) -> Option<(usize, bool)> {
        if let Some(len) = self.secrets.found(rest) {
            return Some((len, true));
        }
        let word = || {
            let len = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
            rest.get(..len).filter(|word| !word.is_empty() && len < SHORT && !in_word)
        };
        if word().is_some_and(|word| self.secrets.placeholders.contains_key(word)) {
            return word().map(|word| (word.len(), true));
        }
        if !persons {
            return None;
        }
        let known = self.persons.found(rest);
        let address = if in_word { None } else { email(rest) };
        if let Some(len) = known.max(address) {
            return Some((len, false));
        }
        // A short number is too often a count or a page.
        let name = word().filter(|word| !word.bytes().all(|byte| byte.is_ascii_digit()));
        name.filter(|word| self.persons.placeholders.contains_key(*word)).map(|word| (word.len(), false))
    }
}

/// The length of the e-mail address at the beginning of the text.
fn email(text: &str) -> Option<usize> {
    let local = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'' | '#' | '&' | '~');
    // RFC 5321 §4.5.3.1.1 allows 64; a bound keeps the search linear.
    let at = text.char_indices().take(65).find(|(_, c)| !local(*c)).map(|(at, _)| at).filter(|at| *at > 0)?;
    let domain = text.get(at..)?.strip_prefix('@')?;
    let len = domain.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-'))).unwrap_or(domain.len());
    let len = domain.get(..len)?.trim_end_matches(['.', '-']).len();
    (len > 0).then_some(at + 1 + len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_are_found_wherever_they_stand() {
        let mut known = Known::default();
        assert_eq!(known.secret("s3cr3t-token"), "{{secret-1}}");
        assert_eq!(known.person("Jo"), "{{person-1}}");
        assert_eq!(known.person("Joanna"), "{{person-2}}");
        for (text, expected) in [
            ("xs3cr3t-tokenx", "x{{secret-1}}x"),
            ("Jo and Joanna, Jonas", "{{person-1}} and {{person-2}}, Jonas"),
            ("JoannaJoanna", "{{person-2}}{{person-2}}"),
            ("{{person-1}} Jo", "{{open}}person-1}} {{person-1}}"),
            ("write to <a.b@example.com>.", "write to <{{person-3}}>."),
            // Another spelling is another value, so that a replay gives it back as it was.
            ("JOANNA", "{{person-4}}"),
            ("a @ b, @x, x@", "a @ b, @x, x@"),
        ] {
            assert_eq!(known.replace(text, true), expected, "{text}");
        }
        assert_eq!(known.replace("Joanna a@b.c s3cr3t-token", false), "Joanna a@b.c {{secret-1}}");
    }
}
