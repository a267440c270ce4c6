use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::BoxStream;
use futures_util::stream::TryStreamExt;
use serde::de::DeserializeOwned;

use crate::call::Call;
use crate::envelope::ResultInfo;
use crate::{Cloudflare, Error};

/// No list has more pages than this: beyond it the server is lying.
const PAGES: u32 = 10_000;

/// Something that lists hold.
pub trait Entry: DeserializeOwned + Send + 'static {
    /// By what an entry is known again when a page repeats it.
    fn key(&self) -> Option<Cow<'_, str>>;
}

/// How a list is cut into pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paging {
    /// `page` and `per_page`.
    Numbers { per_page: u32 },
    /// `cursor`.
    Cursor,
    /// Everything in one answer, whatever is asked.
    Single,
}

/// A list before it is read: options first, then [`stream`](Self::stream), [`all`](Self::all) or
/// [`first_page`](Self::first_page).
///
/// Reading ends for every server: at the last page by the server's own numbers, at an empty page, at
/// a page that brings nothing new (a server that ignores `page`), and after 10,000 pages. A list
/// that ends before the number that the server announced is an error
/// ([`ErrorKind::Incomplete`](crate::ErrorKind::Incomplete)), never a shorter list. Entries that two
/// pages share are given once.
#[must_use = "a list is not read until `all`, `stream` or `first_page`"]
pub struct List<T> {
    client: Cloudflare,
    call: Call,
    paging: Paging,
    /// `total_count` may leave filters out of account, so with one it is not believed.
    filtered: bool,
    entry: PhantomData<fn() -> T>,
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        Self { client: self.client.clone(), call: self.call.clone(), entry: PhantomData, ..*self }
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List")
            .field("operation", &self.call.operation)
            .field("paging", &self.paging)
            .finish_non_exhaustive()
    }
}

/// The entries of a list as a stream; ends after its first error.
pub struct Entries<T>(BoxStream<'static, Result<T, Error>>);

impl<T> Entries<T> {
    pub(crate) fn from_stream(stream: BoxStream<'static, Result<T, Error>>) -> Self {
        Self(stream)
    }
}

impl<T> fmt::Debug for Entries<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entries")
    }
}

impl<T> Stream for Entries<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl<T: Entry> List<T> {
    pub(crate) fn new(client: &Cloudflare, call: Call, paging: Paging) -> Self {
        Self { client: client.clone(), call, paging, filtered: false, entry: PhantomData }
    }

    /// Adds a filter of the server's.
    pub(crate) fn filter(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.call = self.call.query(name, value);
        self.filtered = true;
        self
    }

    /// Says that the call has filters already.
    pub(crate) fn narrowed(mut self, filtered: bool) -> Self {
        self.filtered |= filtered;
        self
    }

    /// Sets an option that leaves the number of entries alone.
    pub(crate) fn option(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.call = self.call.set_query(name, value);
        self
    }

    pub(crate) fn with_per_page(mut self, entries: u32) -> Self {
        if let Paging::Numbers { per_page } = &mut self.paging {
            *per_page = entries;
        }
        self
    }

    /// Every entry, page by page, each page read when it is needed.
    pub fn stream(self) -> Entries<T> {
        let state = (self, Some(Position::start()));
        let pages = futures_util::stream::try_unfold(state, |(list, position)| async move {
            let Some(mut position) = position else { return Ok(None) };
            let (entries, _, more) = list.read(&mut position).await?;
            let fresh = futures_util::stream::iter(entries.into_iter().map(Ok));
            Ok::<_, Error>(Some((fresh, (list, more.then_some(position)))))
        });
        Entries(Box::pin(pages.try_flatten()))
    }

    /// Every entry.
    ///
    /// # Errors
    /// The first failure on the way, or `Incomplete`.
    pub async fn all(self) -> Result<Vec<T>, Error> {
        Ok(self.all_with_info().await?.0)
    }

    /// Every entry, and what the first page said of the list.
    pub(crate) async fn all_with_info(self) -> Result<(Vec<T>, ResultInfo), Error> {
        let mut position = Position::start();
        let (mut out, first, mut more) = self.read(&mut position).await?;
        while more {
            let (entries, _, further) = self.read(&mut position).await?;
            out.extend(entries);
            more = further;
        }
        Ok((out, first))
    }

    /// The first page alone: an answer to "is there one", not a list.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn first_page(&self) -> Result<Vec<T>, Error> {
        Ok(self.read(&mut Position::start()).await?.0)
    }

    /// Reads the page at `position` and moves on; says whether there is another.
    async fn read(&self, position: &mut Position) -> Result<(Vec<T>, ResultInfo, bool), Error> {
        let mut call = self.call.clone();
        match (self.paging, &position.cursor) {
            (Paging::Numbers { per_page }, _) => {
                call = call.query("page", position.page.to_string()).query("per_page", per_page.to_string());
            }
            (Paging::Cursor, Some(cursor)) => call = call.set_query("cursor", cursor.clone()),
            (Paging::Cursor, None) | (Paging::Single, _) => {}
        }
        let envelope = self.client.envelope::<Vec<T>>(&call).await?;
        let entries = envelope.result.unwrap_or_default();
        let page = Page { length: entries.len() as u64, fresh: 0, info: envelope.result_info.unwrap_or_default() };
        let entries: Vec<T> = entries.into_iter().filter(|entry| position.is_new(entry.key())).collect();
        let page = Page { fresh: entries.len() as u64, ..page };
        let more = position
            .advance(self.paging, self.filtered, &page)
            .map_err(|why| Error::incomplete(&self.call.operation, why))?;
        Ok((entries, page.info, more))
    }
}

/// What a page says about the list.
#[derive(Debug)]
struct Page {
    length: u64,
    fresh: u64,
    info: ResultInfo,
}

/// How far a list has been read.
#[derive(Debug)]
struct Position {
    page: u64,
    cursor: Option<String>,
    pages: u32,
    seen: HashSet<String>,
    unnamed: u64,
}

impl Position {
    fn start() -> Self {
        Self { page: 1, cursor: None, pages: 0, seen: HashSet::new(), unnamed: 0 }
    }

    fn is_new(&mut self, key: Option<Cow<'_, str>>) -> bool {
        if let Some(key) = key {
            self.seen.insert(key.into_owned())
        } else {
            self.unnamed += 1;
            true
        }
    }

    fn count(&self) -> u64 {
        self.seen.len() as u64 + self.unnamed
    }

    /// Decides whether another page is to be read; `Err` if the list ended too early.
    fn advance(&mut self, paging: Paging, filtered: bool, page: &Page) -> Result<bool, String> {
        self.pages += 1;
        match paging {
            Paging::Single => Ok(false),
            Paging::Cursor => self.advance_cursor(page),
            Paging::Numbers { per_page } => self.advance_number(u64::from(per_page), filtered, page),
        }
    }

    fn advance_number(&mut self, asked: u64, filtered: bool, page: &Page) -> Result<bool, String> {
        let announced = if filtered { None } else { page.info.total_count };
        let short = |this: &Self| match announced {
            Some(total) if this.count() < total => {
                Err(format!("the server announced {total} entries and delivered {}", this.count()))
            }
            _ => Ok(false),
        };
        if page.length == 0 {
            return short(self);
        }
        if page.fresh == 0 {
            // The same page again: the server ignores `page`. Fine if it has said nothing of more pages.
            return match page.info.total_pages {
                Some(pages) if pages > self.page => {
                    Err(format!("the server announced {pages} pages and sends the same one again"))
                }
                _ => short(self),
            };
        }
        let last = match (page.info.total_pages, announced) {
            (Some(pages), _) => self.page >= pages,
            (None, Some(total)) => self.count() >= total,
            // A server may cut pages shorter than asked, and says so in `per_page`.
            (None, None) => page.length < page.info.per_page.unwrap_or(asked).min(asked),
        };
        if last {
            return short(self);
        }
        if self.pages >= PAGES {
            return Err(format!("more than {PAGES} pages"));
        }
        self.page += 1;
        Ok(true)
    }

    fn advance_cursor(&mut self, page: &Page) -> Result<bool, String> {
        let Some(next) = page.info.next_cursor() else { return Ok(false) };
        if page.length == 0 {
            return Ok(false);
        }
        if page.fresh == 0 || self.cursor.as_deref() == Some(next) {
            return Err("the server announces a next page and sends the same one again".into());
        }
        if self.pages >= PAGES {
            return Err(format!("more than {PAGES} pages"));
        }
        self.cursor = Some(next.to_owned());
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a list whose pages hold the entries `(first, last)`, and says how it ended.
    fn play(filtered: bool, pages: &[(std::ops::Range<u32>, &str)]) -> (usize, Result<u64, String>) {
        let mut position = Position::start();
        for (index, (entries, info)) in pages.iter().enumerate() {
            let fresh = entries.clone().filter(|n| position.is_new(Some(n.to_string().into()))).count() as u64;
            let info = serde_json::from_str(info).unwrap();
            let page = Page { length: entries.len() as u64, fresh, info };
            let paging = if page.info.cursor.is_some() { Paging::Cursor } else { Paging::Numbers { per_page: 5 } };
            match position.advance(paging, filtered, &page) {
                Ok(true) => {}
                Ok(false) => return (index + 1, Ok(position.count())),
                Err(why) => return (index + 1, Err(why)),
            }
        }
        panic!("wants more than {} pages", pages.len());
    }

    #[test]
    fn no_request_more_than_the_numbers_ask_for() {
        let info = r#"{"page":1,"per_page":5,"total_count":10,"total_pages":2}"#;
        assert_eq!(play(false, &[(0..5, info), (5..10, info)]), (2, Ok(10)));
        // Without total_pages (members), by the count.
        let info = r#"{"page":1,"per_page":5,"total_count":10}"#;
        assert_eq!(play(false, &[(0..5, info), (5..10, info)]), (2, Ok(10)));
        // Without any number, by the short page.
        assert_eq!(play(false, &[(0..5, "{}"), (5..8, "{}")]), (2, Ok(8)));
        assert_eq!(play(false, &[(0..0, "{}")]), (1, Ok(0)));
    }

    #[test]
    fn a_server_that_cuts_pages_shorter_than_asked_is_read_to_its_end() {
        let info = r#"{"per_page":2}"#;
        assert_eq!(play(false, &[(0..2, info), (2..4, info), (4..5, info)]), (3, Ok(5)));
        // A short page in the middle is not the end where the server numbers its pages.
        let info = r#"{"per_page":5,"total_pages":3,"total_count":9}"#;
        assert_eq!(play(false, &[(0..5, info), (5..7, info), (7..9, info)]), (3, Ok(9)));
    }

    #[test]
    fn a_server_that_ignores_page_costs_one_request_more_at_most() {
        assert_eq!(play(false, &[(0..5, "{}"), (0..5, "{}")]), (2, Ok(5)));
        assert_eq!(play(false, &[(0..9, r#"{"total_pages":1}"#)]), (1, Ok(9)));
        assert_eq!(play(false, &[(0..9, r#"{"total_count":9}"#)]), (1, Ok(9)));
        let (requests, end) = play(false, &[(0..5, r#"{"total_pages":9}"#), (0..5, r#"{"total_pages":9}"#)]);
        assert_eq!(requests, 2);
        assert!(end.unwrap_err().contains("9 pages"));
    }

    #[test]
    fn a_list_that_ends_early_is_an_error_unless_the_number_ignores_the_filter() {
        let info = r#"{"total_count":10,"per_page":5}"#;
        assert!(play(false, &[(0..5, info), (0..0, info)]).1.is_err());
        assert_eq!(play(true, &[(0..3, info)]), (1, Ok(3)));
        // Entries that a shifted page repeats count once.
        assert!(play(false, &[(0..5, info), (4..9, info), (0..0, info)]).1.is_err());
    }

    #[test]
    fn cursors_end() {
        assert_eq!(play(false, &[(0..5, r#"{"cursor":"a"}"#), (5..6, r#"{"cursor":""}"#)]), (2, Ok(6)));
        assert!(play(false, &[(0..5, r#"{"cursor":"a"}"#), (5..6, r#"{"cursor":"a"}"#)]).1.is_err());
        assert!(play(false, &[(0..5, r#"{"cursor":"a"}"#), (0..5, r#"{"cursor":"b"}"#)]).1.is_err());
        assert_eq!(play(false, &[(0..5, r#"{"cursor":"a"}"#), (0..0, r#"{"cursor":"b"}"#)]), (2, Ok(5)));
    }
}
