//! The front for JSON text: a message is read in one pass. Names are looked at and paths are parsed where they stand;
//! only the values of operations become JSON values, by serde_json.
//!
//! Whatever is not an everyday message (no JSON, escapes in a name, a name twice) gives `None`: it is then read as a
//! JSON value, which says what is wrong.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::filter::parse::{plain_string, special};
use crate::patch::PatchOptions;
use crate::patch::read::{Draft, Message, Said, Schemas, is_ours};

pub(super) fn read(body: &[u8], message: &mut Message<'_>) -> Option<()> {
    let mut scanner = Scanner { text: std::str::from_utf8(body).ok()?, at: 0 };
    scanner.message(message)?;
    scanner.peek().is_none().then_some(())
}

/// Bytes of a string with escapes that need no allocation.
const SHORT: usize = 128;

struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scanner<'t> {
    /// The next byte that is no blank.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at)? {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return Some(*byte),
            }
        }
    }

    #[inline]
    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    #[inline]
    fn require(&mut self, byte: u8) -> Option<()> {
        self.eat(byte).then_some(())
    }

    /// The members of an object or the elements of a list, one call for each.
    #[inline]
    fn each(&mut self, open: u8, close: u8, mut one: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.require(open)?;
        if self.eat(close) {
            return Some(());
        }
        loop {
            one(self)?;
            if !self.eat(b',') {
                return self.require(close);
            }
        }
    }

    /// The name of a member, without escapes, and the colon after it.
    #[inline]
    fn name(&mut self) -> Option<&'t str> {
        self.require(b'"')?;
        let name = self.plain()?;
        self.require(b':')?;
        Some(name)
    }

    /// A string without escapes, after its opening quote.
    #[inline]
    fn plain(&mut self) -> Option<&'t str> {
        let length = plain_string(self.text.as_bytes().get(self.at..)?)?;
        let text = self.text.get(self.at..self.at + length)?;
        self.at += length + 1;
        Some(text)
    }

    /// A string, given to `take`.
    #[inline]
    fn string<T>(&mut self, take: impl FnOnce(&str) -> T) -> Option<T> {
        self.require(b'"')?;
        if let Some(text) = self.plain() {
            return Some(take(text));
        }
        let mut short = [0; SHORT];
        if let Some(length) = self.quoted_quotes(&mut short) {
            return std::str::from_utf8(short.get(..length)?).ok().map(take);
        }
        self.at -= 1;
        self.json::<String>().map(|text| take(&text))
    }

    /// A short string whose only escapes are quotes, as in paths with a filter: its length in `into`.
    fn quoted_quotes(&mut self, into: &mut [u8; SHORT]) -> Option<usize> {
        let mut rest = self.text.as_bytes().get(self.at..)?;
        let mut length = 0;
        loop {
            let plain = special(rest);
            into.get_mut(length..length + plain)?.copy_from_slice(rest.get(..plain)?);
            length += plain;
            match rest.get(plain..)? {
                [b'"', after @ ..] => {
                    self.at = self.text.len() - after.len();
                    return Some(length);
                }
                [b'\\', b'"', after @ ..] => {
                    *into.get_mut(length)? = b'"';
                    length += 1;
                    rest = after;
                }
                _ => return None,
            }
        }
    }

    /// Any value, by serde_json.
    fn json<T: DeserializeOwned>(&mut self) -> Option<T> {
        let mut values = serde_json::Deserializer::from_str(self.text.get(self.at..)?).into_iter::<T>();
        let value = values.next()?.ok()?;
        self.at += values.byte_offset();
        Some(value)
    }

    /// A member that must be a text.
    #[inline]
    fn said(&mut self, take: impl FnOnce(&Said<'_>)) -> Option<()> {
        match self.peek()? {
            b'"' => self.string(|text| take(&Said::Text(text)))?,
            b'n' => take(&self.json::<()>().map(|()| Said::Nothing)?),
            _ => take(&self.json::<IgnoredAny>().map(|_| Said::Other)?),
        }
        Some(())
    }

    fn message(&mut self, message: &mut Message<'_>) -> Option<()> {
        self.each(b'{', b'}', |this| {
            let at = message.names.of_message(this.name()?);
            if message.names.is_twice() {
                return None;
            }
            match at {
                Some(0) => message.schemas = this.schemas()?,
                Some(_) if this.peek() == Some(b'[') => {
                    message.is_list = true;
                    this.each(b'[', b']', |this| this.operation(message))?;
                }
                _ => drop(this.json::<IgnoredAny>()?),
            }
            Some(())
        })
    }

    fn schemas(&mut self) -> Option<Schemas> {
        if self.peek() != Some(b'[') {
            return self.json().map(|value: Value| Schemas::of(&value));
        }
        let (mut is_empty, mut has_ours) = (true, false);
        self.each(b'[', b']', |this| {
            is_empty = false;
            if this.peek() == Some(b'"') {
                has_ours |= this.string(is_ours)?;
            } else {
                this.json::<IgnoredAny>()?;
            }
            Some(())
        })?;
        Some(Schemas::List { is_empty, has_ours })
    }

    fn operation(&mut self, message: &mut Message<'_>) -> Option<()> {
        if !message.wants_more() {
            self.json::<IgnoredAny>()?;
            message.skip();
            return Some(());
        }
        if self.peek() != Some(b'{') {
            self.json::<IgnoredAny>()?;
            message.push(Draft::of_other());
            return Some(());
        }
        let options: &PatchOptions = message.options;
        let mut draft = Draft::default();
        self.each(b'{', b'}', |this| {
            let name = this.name()?;
            let at = draft.names.of_operation(name);
            if draft.names.is_twice() {
                return None;
            }
            match at {
                Some(0) => this.said(|said| draft.op(said, options))?,
                Some(1) => this.said(|said| draft.path(said, options))?,
                Some(_) => {
                    let value = match this.peek()? {
                        b'"' => this.string(|text| Value::from(text))?,
                        _ => this.json()?,
                    };
                    draft.value(value, options);
                }
                None => {
                    draft.unknown(name);
                    this.json::<IgnoredAny>()?;
                }
            }
            Some(())
        })?;
        message.push(draft);
        Some(())
    }
}
