use std::fmt;

use super::{Endpoint, Error, ErrorKind, ListRequest};
use crate::filter::Filter;
use crate::resource::ScimResource;

/// The resource that a filter names, there or not: made by [`Endpoint::entry`].
#[must_use = "an entry does nothing until `or_create` or `get`"]
pub struct Entry<'e, R> {
    endpoint: &'e Endpoint<R>,
    filter: Filter,
    edit: Option<Change<'e, R>>,
}

type Change<'e, R> = Box<dyn FnMut(&mut R) + Send + 'e>;

impl<R> fmt::Debug for Entry<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The filter may hold personal data.
        f.debug_struct("Entry").field("edits", &self.edit.is_some()).finish_non_exhaustive()
    }
}

/// What became of an [`Entry`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum EntryOutcome<R> {
    /// It was there, and as wanted.
    Found(R),
    /// It was there, and was changed.
    Edited(R),
    /// It was not there, and was made.
    Created(R),
}

impl<R> EntryOutcome<R> {
    /// The resource, however it came about.
    pub fn into_resource(self) -> R {
        match self {
            Self::Found(resource) | Self::Edited(resource) | Self::Created(resource) => resource,
        }
    }
}

impl<R: ScimResource> Endpoint<R> {
    /// The one resource that matches a filter: to be edited if it is there, created if not.
    ///
    #[cfg_attr(feature = "provider", doc = "```")]
    #[cfg_attr(not(feature = "provider"), doc = "```ignore")]
    /// # use scim_core::{client::ScimClient, provider::ServiceProvider, resource::User, transport::TransportExt};
    /// use scim_core::client::EntryOutcome;
    /// use scim_core::filter::attr;
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    /// # runtime.block_on(async {
    /// # let transport = ServiceProvider::in_memory("/scim/v2").shared();
    /// # let scim = ScimClient::new("https://scim.example.com/scim/v2".parse()?, None, transport);
    /// let users = scim.users();
    /// for round in 0..3 {
    ///     let outcome = users
    ///         .entry(attr("userName").eq("bjensen"))
    ///         .and_edit(|user| user.title = Some("Guide".into()))
    ///         .or_create(|| User::new("bjensen"))
    ///         .await?;
    ///     match round {
    ///         0 => assert!(matches!(outcome, EntryOutcome::Created(_))),
    ///         1 => assert!(matches!(outcome, EntryOutcome::Edited(_))),
    ///         _ => assert!(matches!(outcome, EntryOutcome::Found(_))),
    ///     }
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn entry(&self, filter: Filter) -> Entry<'_, R> {
        Entry { endpoint: self, filter, edit: None }
    }
}

impl<'e, R: ScimResource> Entry<'e, R> {
    /// Changes the resource if it is there: see [`Endpoint::edit`].
    pub fn and_edit(mut self, change: impl FnMut(&mut R) + Send + 'e) -> Self {
        self.edit = Some(Box::new(change));
        self
    }

    /// The resource, if it is there; no edit.
    ///
    /// # Errors
    /// See [`Error`]; [`ErrorKind::Ambiguous`] if several match.
    pub async fn get(self) -> Result<Option<R>, Error> {
        look(self.endpoint, &self.filter).await
    }

    /// Edits the resource if it is there; creates it if it is not.
    ///
    /// If the server refuses to create because the name is taken after all (somebody was faster, or
    /// the filter shows less than the server knows), it is looked for once more.
    ///
    /// # Errors
    /// See [`Error`]; [`ErrorKind::Ambiguous`] if several match; [`Error::is_conflict`] if the name
    /// is taken by something that the filter does not show.
    pub async fn or_create(mut self, make: impl FnOnce() -> R) -> Result<EntryOutcome<R>, Error> {
        let found = match look(self.endpoint, &self.filter).await? {
            Some(found) => found,
            None => match self.endpoint.create(&make()).await {
                Ok(created) => return Ok(EntryOutcome::Created(created)),
                Err(error) if error.is_conflict() => match look(self.endpoint, &self.filter).await? {
                    Some(found) => found,
                    None => return Err(error.with_finding("the filter shows no resource that has it")),
                },
                Err(error) => return Err(error),
            },
        };
        let (Some(id), Some(change)) = (found.id(), self.edit.as_mut()) else {
            return Ok(EntryOutcome::Found(found));
        };
        let edited = Box::pin(self.endpoint.edit(id, change)).await?;
        Ok(if edited.changed { EntryOutcome::Edited(edited.resource) } else { EntryOutcome::Found(edited.resource) })
    }
}

// Not a method: a borrow of the boxed closure could not move between threads.
async fn look<R: ScimResource>(endpoint: &Endpoint<R>, filter: &Filter) -> Result<Option<R>, Error> {
    let mut found = endpoint.find(filter.clone()).await?;
    if found.len() > 1 {
        let why = format!("{} resources match, one was expected", found.len());
        return Err(Error::own(ListRequest::<R>::operation(), ErrorKind::Ambiguous, why));
    }
    Ok(found.pop())
}
