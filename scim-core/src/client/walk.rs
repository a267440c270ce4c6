use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use super::list::{ListRequest, Position};
use super::{Error, ErrorKind};
use crate::Text;
use crate::message::ListResponse;
use crate::resource::ScimResource;

/// No list has more pages than this: a server that goes on has a broken paging.
const MAX_PAGES: u32 = 100_000;
/// So many pages beyond what the server counts are read, since some count wrongly.
const MAX_PAGES_BEYOND: u32 = 1_000;
/// So many empty pages with a further cursor are read one after the other.
const MAX_EMPTY_PAGES: u32 = 10;

/// A walk through the pages of a list: where it stands, and what it has seen.
pub(super) struct Walk<R> {
    list: ListRequest<R>,
    position: Option<Position>,
    pages: u32,
    seen: u64,
    /// Hashes with a key of this walk: eight bytes a resource, and no server can aim at a collision.
    ids: HashSet<u64>,
    cursors: HashSet<u64>,
    hasher: RandomState,
    /// What the server counted last.
    total: Option<u64>,
    /// Whether each page so far counted itself instead of the list.
    counts_pages: bool,
    /// Whether the page asked for is one that should not exist.
    probing: bool,
    beyond: u32,
    empty: u32,
}

impl<R: ScimResource> Walk<R> {
    pub(super) fn new(list: ListRequest<R>) -> Self {
        Self {
            position: Some(list.first()),
            list,
            pages: 0,
            seen: 0,
            ids: HashSet::new(),
            cursors: HashSet::new(),
            hasher: RandomState::new(),
            total: None,
            counts_pages: true,
            probing: false,
            beyond: 0,
            empty: 0,
        }
    }

    pub(super) async fn next(&mut self) -> Result<Option<Vec<R>>, Error> {
        let Some(position) = self.position.take() else { return Ok(None) };
        let page = self.list.fetch(&position).await?;
        self.pages += 1;
        let came = page.resources.len() as u64;
        match self.note(&page.resources)? {
            // Asked for what should not exist, the server repeats itself: it has no paging at all, and
            // its count was right.
            (Some(_), 0) if self.probing => return Ok(None),
            (Some(id), _) => return Err(Self::lied(format!("page {} repeats the resource {id}", self.pages))),
            (None, _) => {}
        }
        self.probing = false;
        self.seen += came;
        self.compare_counts(&page, came)?;
        self.position = match page.next_cursor.filter(|cursor| !cursor.is_empty()) {
            Some(cursor) => Some(self.follow(cursor, came)?),
            None => self.by_index(&position, came)?,
        };
        if self.position.is_some() && self.pages >= MAX_PAGES {
            return Err(Self::lied(format!("no end after {MAX_PAGES} pages")));
        }
        Ok(Some(page.resources))
    }

    /// Remembers what came; the id of the first resource that had come before, and how many had not.
    fn note(&mut self, resources: &[R]) -> Result<(Option<String>, usize), Error> {
        let (mut again, mut fresh) = (None, 0);
        for resource in resources {
            let Some(id) = resource.id() else {
                if self.pages > 1 {
                    // Without ids a page that comes again cannot be told from a new one.
                    return Err(Self::lied(format!("a resource on page {} has no id", self.pages)));
                }
                continue;
            };
            if self.ids.insert(self.hasher.hash_one(id)) {
                fresh += 1;
            } else if again.is_none() {
                again = Some(id.to_string());
            }
        }
        Ok((again, fresh))
    }

    fn compare_counts(&mut self, page: &ListResponse<R>, came: u64) -> Result<(), Error> {
        self.counts_pages &= page.total_results == Some(came);
        if let (Some(before), Some(now)) = (self.total, page.total_results)
            && now < before
            && !self.counts_pages
        {
            let why = format!("the server counted {before} resources and then {now}: some may have been passed over");
            return Err(Self::lied(why));
        }
        self.total = page.total_results;
        Ok(())
    }

    fn follow(&mut self, cursor: Text, came: u64) -> Result<Position, Error> {
        if !self.cursors.insert(self.hasher.hash_one(&cursor)) {
            return Err(Self::lied("the next cursor has been used before".to_owned()));
        }
        self.empty = if came == 0 { self.empty + 1 } else { 0 };
        if self.empty > MAX_EMPTY_PAGES {
            return Err(Self::lied(format!("{} empty pages in a row, each with a further cursor", self.empty)));
        }
        Ok(Position::Cursor(cursor))
    }

    /// The next page of an answer that has no cursor.
    fn by_index(&mut self, position: &Position, came: u64) -> Result<Option<Position>, Error> {
        let is_full = self.list.count.is_some_and(|count| came >= u64::from(count) && came > 0);
        let next = Position::Index(self.seen + 1);
        // A server that was asked for cursors and gave none pages by index.
        let by_cursor = matches!(position, Position::Cursor(cursor) if !cursor.is_empty());
        match self.total {
            Some(total) if self.seen < total => {
                let short = || Self::lied(format!("{} resources came of {total} that the server counts", self.seen));
                if came == 0 || by_cursor { Err(short()) } else { Ok(Some(next)) }
            }
            // The last page of a walk by cursor is the one without a further cursor (RFC 9865 §2).
            _ if by_cursor => Ok(None),
            None if !is_full => Ok(None),
            Some(total) if self.seen == total && !(self.pages == 1 && is_full) => Ok(None),
            _ if came == 0 => Ok(None),
            // The count is missing or worthless, so only an empty page ends the list.
            _ => {
                self.probing = self.pages == 1;
                self.beyond += 1;
                if self.beyond > MAX_PAGES_BEYOND {
                    return Err(Self::lied(format!("no end {MAX_PAGES_BEYOND} pages after what the server counts")));
                }
                Ok(Some(next))
            }
        }
    }

    fn lied(detail: String) -> Error {
        Error::own(ListRequest::<R>::operation(), ErrorKind::InconsistentList, detail)
    }
}
