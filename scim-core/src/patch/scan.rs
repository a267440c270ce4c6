//! The front for JSON text: a message is read in one pass. Names are looked at and paths are parsed where they stand;
//! only the values of operations become JSON values, by serde_json.
//!
//! Whatever is not an everyday message (no JSON, escapes in a name, a name that no message has) gives `None`: it is
//! then read as a JSON value, which says what is wrong.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::filter::parse::{FoundPath, plain_string, quick_json_path};
use crate::patch::PatchOptions;
use crate::patch::draft::{Draft, Said};
use crate::patch::names::{self, Names};
use crate::patch::read::{Message, Schemas, is_ours};
use crate::resource::wire::Checked;

pub(super) fn read(body: &[u8], message: &mut Message<'_>) -> Option<()> {
    let mut scanner = Scanner { text: std::str::from_utf8(body).ok()?, at: 0 };
    scanner.message(message)?;
    scanner.peek().is_none().then_some(())
}

/// What nearly every message has as `schemas`.
const SCHEMAS: &[u8; 49] = br#"["urn:ietf:params:scim:api:messages:2.0:PatchOp"]"#;

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

    /// Steps over those bytes if they come next.
    #[inline]
    fn skip<const N: usize>(&mut self, bytes: &[u8; N]) -> bool {
        let comes = self.text.as_bytes().get(self.at..).and_then(<[u8]>::first_chunk) == Some(bytes);
        self.at += if comes { N } else { 0 };
        comes
    }

    /// The name of a member, without escapes, and the colon after it.
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
        self.at -= 1;
        self.json::<String>().map(|text| take(&text))
    }

    /// Any value, by serde_json.
    fn json<T: DeserializeOwned>(&mut self) -> Option<T> {
        self.try_json()?.ok()
    }

    fn try_json<T: DeserializeOwned>(&mut self) -> Option<Result<T, serde_json::Error>> {
        let mut values = serde_json::Deserializer::from_str(self.text.get(self.at..)?).into_iter::<T>();
        let value = values.next()?;
        if value.is_ok() {
            self.at += values.byte_offset();
        }
        Some(value)
    }

    fn skip_json(&mut self) -> Option<()> {
        self.json::<IgnoredAny>().map(drop)
    }

    /// The value of an operation. Where one of its objects names a member twice, the draft hears of it and the scan goes
    /// on, so that the operation at fault is told.
    fn value(&mut self, draft: &mut Draft, options: &PatchOptions) -> Option<()> {
        if self.peek()? == b'"' {
            let text = self.string(|text| Value::from(text))?;
            draft.value(text, options);
            return Some(());
        }
        match self.try_json::<Checked>()? {
            Ok(Checked(value)) => draft.value(value, options),
            Err(error) if error.is_data() => {
                self.skip_json()?;
                draft.names_twice(&error);
            }
            Err(_) => return None,
        }
        Some(())
    }

    /// A member that must be a text.
    #[inline]
    fn said(&mut self, take: impl FnOnce(&Said<'_>)) -> Option<()> {
        match self.peek()? {
            b'"' => self.string(|text| take(&Said::Text(text)))?,
            b'n' => take(&self.json::<()>().map(|()| Said::Nothing)?),
            _ => take(&self.skip_json().map(|()| Said::Other)?),
        }
        Some(())
    }

    /// A name and its colon; those that are expected take one step.
    #[inline]
    fn name_in_message(&mut self, names: &mut Names) -> Option<usize> {
        match self.peek()? {
            _ if self.skip(b"\"schemas\":") => Some(names.meet_in_message(names::SCHEMAS)),
            _ if self.skip(b"\"Operations\":") => Some(names.meet_in_message(names::OPERATIONS)),
            _ => names.of_message(self.name()?),
        }
    }

    /// As [`name_in_message`](Self::name_in_message).
    #[inline]
    fn name_in_operation(&mut self, names: &mut Names) -> Option<usize> {
        match self.peek()? {
            _ if self.skip(b"\"op\":") => Some(names.meet_in_operation(names::OP)),
            _ if self.skip(b"\"path\":") => Some(names.meet_in_operation(names::PATH)),
            _ if self.skip(b"\"value\":") => Some(names.meet_in_operation(names::VALUE)),
            _ => names.of_operation(self.name()?),
        }
    }

    /// A path that needs no parser; nothing is read of any other.
    #[inline]
    fn everyday_path(&mut self, options: &PatchOptions) -> Option<FoundPath<'t>> {
        self.peek()?;
        let path = quick_json_path(self.text.get(self.at..)?.strip_prefix('"')?, options.limits())?;
        self.at += 1 + path.length;
        Some(path)
    }

    fn message(&mut self, message: &mut Message<'_>) -> Option<()> {
        self.each(b'{', b'}', |this| {
            match this.name_in_message(&mut message.names)? {
                _ if message.names.is_twice() => this.skip_json()?,
                names::SCHEMAS => message.schemas = this.schemas()?,
                _ if this.peek() == Some(b'[') => {
                    message.is_list = true;
                    this.each(b'[', b']', |this| this.operation(message))?;
                }
                _ => this.skip_json()?,
            }
            Some(())
        })
    }

    fn schemas(&mut self) -> Option<Schemas> {
        if self.peek() != Some(b'[') {
            return self.json().map(|value: Value| Schemas::of(&value));
        }
        if self.skip(SCHEMAS) {
            return Some(Schemas::List { is_empty: false, has_ours: true });
        }
        let (mut is_empty, mut has_ours) = (true, false);
        self.each(b'[', b']', |this| {
            is_empty = false;
            // What is no text is read with care for its names, elsewhere.
            (this.peek() == Some(b'"')).then_some(())?;
            has_ours |= this.string(is_ours)?;
            Some(())
        })?;
        Some(Schemas::List { is_empty, has_ours })
    }

    fn operation(&mut self, message: &mut Message<'_>) -> Option<()> {
        if !message.wants_more() {
            self.skip_json()?;
            message.skip();
            return Some(());
        }
        if self.peek() != Some(b'{') {
            self.skip_json()?;
            message.push(&mut Draft::of_other());
            return Some(());
        }
        let options: &PatchOptions = message.options;
        let mut draft = Draft::default();
        self.each(b'{', b'}', |this| {
            match this.name_in_operation(&mut draft.names)? {
                _ if draft.names.is_twice() => this.skip_json()?,
                names::OP => this.said(|said| draft.op(said, options))?,
                names::PATH => match this.everyday_path(options) {
                    Some(path) => draft.path = Some(path.path()),
                    None => this.said(|said| draft.path(said, options))?,
                },
                _ => this.value(&mut draft, options)?,
            }
            Some(())
        })?;
        message.push(&mut draft);
        Some(())
    }
}
