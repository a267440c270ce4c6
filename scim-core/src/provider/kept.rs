use std::fmt;
use std::sync::OnceLock;

/// Room for the text of a resource, which a [`Store`](super::Store) keeps beside it: an answer that shows the
/// resource as it is then needs no writing of JSON, the greater part of the work of a look-up.
///
/// The engine fills it when the resource is shown first. The store [clears](Self::clear) it with every change of
/// the resource; where something of the resource comes from elsewhere (members, groups), it clears it with every
/// change there too, or does not [lend](super::Lent) it. Answers under another base URL or by an engine that behaves
/// differently are written anew each time.
#[derive(Default)]
pub struct KeptText(OnceLock<Box<Kept>>);

struct Kept {
    engine: u64,
    base: Box<str>,
    text: Box<[u8]>,
}

impl KeptText {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the text: the resource has changed.
    pub fn clear(&mut self) {
        self.0.take();
    }

    /// The text for an engine and a base URL, if it is written.
    pub(super) fn written(&self, engine: u64, base: &str) -> Option<&[u8]> {
        let kept = self.0.get()?;
        (kept.engine == engine && *kept.base == *base).then_some(&*kept.text)
    }

    /// The text for an engine and a base URL, written now if there is none; `None` if it is kept for others.
    pub(super) fn get(&self, engine: u64, base: &str, write: impl FnOnce() -> Vec<u8>) -> Option<&[u8]> {
        let kept = self.0.get_or_init(|| Box::new(Kept { engine, base: base.into(), text: write().into() }));
        (kept.engine == engine && *kept.base == *base).then_some(&*kept.text)
    }
}

/// Without the text: it holds personal data.
impl fmt::Debug for KeptText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptText").field("written", &self.0.get().is_some()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_serves_its_engine_and_base_until_it_is_cleared() {
        let mut kept = KeptText::new();
        assert_eq!(kept.written(1, "a"), None);
        let old = || b"old".to_vec();
        let new = || b"new".to_vec();
        assert_eq!(kept.get(1, "a", old), Some(&b"old"[..]));
        assert_eq!(kept.get(1, "a", new), Some(&b"old"[..]));
        assert_eq!((kept.get(2, "a", new), kept.get(1, "b", new)), (None, None));
        assert_eq!((kept.written(1, "a"), kept.written(2, "a")), (Some(&b"old"[..]), None));
        kept.clear();
        assert_eq!(kept.get(2, "b", new), Some(&b"new"[..]));
        assert!(!format!("{kept:?}").contains("new"));
    }
}
