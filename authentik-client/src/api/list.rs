use std::marker::PhantomData;

use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::Method;
use scim_core::transport::Operation;
use serde::de::DeserializeOwned;

use crate::call::{Call, Core};
use crate::error::{Error, ErrorKind};
use crate::model::Page;

/// authentik clamps larger pages to this (G15).
const PAGE_SIZE: u32 = 100;
/// No list has more pages than this.
const MAX_PAGES: u64 = 100_000;

/// A list to be read: filters, order, and then pages or everything.
///
/// A list is complete or an error.
#[derive(Debug, Clone)]
#[must_use]
pub struct List<T> {
    core: Core,
    path: Vec<String>,
    query: Vec<(String, String)>,
    page_size: u32,
    item: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + Send + 'static> List<T> {
    pub(super) fn new(core: Core, path: Vec<String>) -> Self {
        Self { core, path, query: Vec::new(), page_size: PAGE_SIZE, item: PhantomData }
    }

    /// Adds a filter of the API by its name. authentik ignores parameters that it does not know.
    pub fn filter(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// Orders by a member; `-` in front for descending.
    pub fn ordering(self, member: &str) -> Self {
        self.filter("ordering", member)
    }

    /// How many objects a page has; authentik clamps it to 100. Default 100.
    pub fn page_size(mut self, size: u32) -> Self {
        self.page_size = size;
        self
    }

    /// One page, from 1.
    ///
    /// # Errors
    /// See [`Error`]; a page beyond the end is "not found".
    pub async fn page(&self, number: u64) -> Result<Page<T>, Error> {
        let mut query = self.query.clone();
        query.push(("page".to_owned(), number.to_string()));
        query.push(("page_size".to_owned(), self.page_size.to_string()));
        self.core.read(Call::new(self.operation(), Method::GET, self.path.clone()).query(&query)).await
    }

    /// Every object, page after page.
    pub fn stream(self) -> BoxStream<'static, Result<T, Error>> {
        stream::try_unfold((self, Some(1)), |(list, number)| async move {
            let Some(number) = number else { return Ok(None) };
            let page = list.page(number).await?;
            let next = match page.pagination.next {
                0 => None,
                next if next == number + 1 && next <= MAX_PAGES => Some(next),
                next => {
                    let detail = format!("page {number} names page {next} as the next one");
                    return Err(Error::new(list.operation(), ErrorKind::InconsistentList).with_detail(detail));
                }
            };
            if next.is_some() && page.results.is_empty() {
                let detail = format!("page {number} is empty but not the last one");
                return Err(Error::new(list.operation(), ErrorKind::InconsistentList).with_detail(detail));
            }
            Ok(Some((stream::iter(page.results.into_iter().map(Ok)), (list, next))))
        })
        .try_flatten()
        .boxed()
    }

    /// Every object, in one vector.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn all(self) -> Result<Vec<T>, Error> {
        self.stream().try_collect().await
    }

    /// The only object, or none.
    pub(super) async fn only(self, is_it: impl Fn(&T) -> bool) -> Result<Option<T>, Error> {
        Ok(self.all().await?.into_iter().find(is_it))
    }

    fn operation(&self) -> Operation {
        Operation::new("list", self.path.join("/"))
    }
}
