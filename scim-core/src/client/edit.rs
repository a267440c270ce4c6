use serde_json::Value;

use super::settle::holds;
use super::{Endpoint, Error, ErrorKind, Version, Versioned};
use crate::patch::{DiffOptions, PatchError, PatchOp, PatchOptions, diff};
use crate::resource::{ResourceId, ScimResource};
use crate::transport::Operation;

/// A resource after an [`edit`](Endpoint::edit).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Edited<R> {
    /// The resource as the server has it now, or as it was to be where the server did not say.
    pub resource: R,
    /// Whether anything was sent: `false` if the resource was as wanted.
    pub changed: bool,
}

/// How often a change is tried on a fresh copy: the first time, and once more after a clash.
const TRIES: u32 = 2;

impl<R: ScimResource> Endpoint<R> {
    /// Reads a resource, lets `change` change it, and sends the difference as PATCH, or the whole by
    /// PUT where the server has no PATCH. Nothing is sent if nothing differs.
    ///
    /// The write is bound to the version that was read, where the server has versions. If somebody
    /// else was faster (412, or 409 for a version), the resource is read again and `change` runs once
    /// more, on the fresh copy. If the answer is lost, the resource is read again to see whether it
    /// took effect. `id`, `meta` and other readOnly attributes are the server's: changes to them are
    /// not sent.
    ///
    #[cfg_attr(feature = "provider", doc = "```")]
    #[cfg_attr(not(feature = "provider"), doc = "```ignore")]
    /// # use scim_core::{client::ScimClient, provider::ServiceProvider, resource::User, transport::TransportExt};
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    /// # runtime.block_on(async {
    /// # let transport = ServiceProvider::in_memory("/scim/v2").shared();
    /// let scim = ScimClient::new("https://scim.example.com/scim/v2".parse()?, None, transport);
    /// let id = scim.users().create(&User::new("bjensen")).await?.id.unwrap_or_else(|| unreachable!());
    /// let edited = scim.users().edit(&id, |user| user.active = Some(false)).await?;
    /// assert!(edited.changed && edited.resource.active == Some(false));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// See [`Error`]; [`ErrorKind::InvalidRequest`] if the difference cannot be written as PATCH: a
    /// required attribute taken away, or what no schema of the type knows where the client sends only what they know
    /// ([`DiffOptions::with_only_known`]).
    pub async fn edit(&self, id: &ResourceId, mut change: impl FnMut(&mut R) + Send) -> Result<Edited<R>, Error> {
        let capabilities = self.client().capabilities().await?;
        let mut clash = None;
        for _ in 0..TRIES {
            let Versioned { resource, version } = self.get_versioned(id).await?;
            let version = version.filter(|_| capabilities.etag != Some(false));
            let attempt = Attempt::of(self, id, &resource, &mut change)?;
            if attempt.patches.is_empty() {
                return Ok(Edited { resource, changed: false });
            }
            let outcome = if capabilities.patch == Some(false) {
                self.put_whole(id, &attempt.wanted, version.as_ref()).await
            } else {
                self.send(id, &attempt, version).await
            };
            let error = match outcome {
                Ok(resource) => return Ok(Edited { resource: resource.unwrap_or(attempt.wanted), changed: true }),
                Err(error) if clashed(&error) || error.may_have_been_applied() => error,
                Err(error) => return Err(error),
            };
            match self.settled(id, &attempt).await {
                Some(resource) => return Ok(Edited { resource, changed: true }),
                None if clashed(&error) => clash = Some(error),
                None => return Err(error),
            }
        }
        let lost =
            || Error::own(Self::one("edit a resource", id), ErrorKind::PreconditionFailed, "the version changed");
        Err(clash.unwrap_or_else(lost).with_finding("it changed again while the change was repeated"))
    }

    /// Sends the messages one after the other, each bound to the version that the one before left.
    async fn send(
        &self,
        id: &ResourceId,
        attempt: &Attempt<R>,
        mut version: Option<Version>,
    ) -> Result<Option<R>, Error> {
        let mut last = None;
        for (done, patch) in attempt.patches.iter().enumerate() {
            match self.patch_under(id, patch, version.as_ref()).await {
                Ok((resource, after)) => (last, version) = (resource, after),
                Err(error) if error.kind() == ErrorKind::Unsupported && done == 0 => {
                    return self.put_whole(id, &attempt.wanted, version.as_ref()).await;
                }
                Err(error) if done > 0 => return Err(error.after_open().with_completed(done)),
                Err(error) => return Err(error),
            }
        }
        // Some servers show the resource as it was before the PATCH.
        Ok(last.filter(|resource| attempt.is_reached(resource)))
    }

    async fn put_whole(&self, id: &ResourceId, wanted: &R, version: Option<&Version>) -> Result<Option<R>, Error> {
        if self.is_partial() {
            let why = "the server has no PATCH, and a resource that was read in part cannot be replaced whole";
            return Err(Error::own(Self::one("edit a resource", id), ErrorKind::InvalidRequest, why));
        }
        let endpoint = match version {
            Some(version) => self.clone().if_match(version.clone()),
            None => self.clone(),
        };
        endpoint.replace(id, wanted).await
    }

    /// The resource, if a look shows that the change took effect.
    async fn settled(&self, id: &ResourceId, attempt: &Attempt<R>) -> Option<R> {
        let now = self.get(id).await.ok()?;
        attempt.is_reached(&now).then_some(now)
    }
}

/// One change of one copy.
struct Attempt<R> {
    wanted: R,
    after: Value,
    patches: Vec<PatchOp>,
}

impl<R: ScimResource> Attempt<R> {
    fn of(
        endpoint: &Endpoint<R>,
        id: &ResourceId,
        resource: &R,
        change: &mut (impl FnMut(&mut R) + Send),
    ) -> Result<Self, Error> {
        let operation = || Endpoint::<R>::one("edit a resource", id);
        let invalid = |error: serde_json::Error| Error::invalid_request(operation(), error);
        let before = serde_json::to_value(resource).map_err(invalid)?;
        let mut wanted: R = serde_json::from_value(before.clone()).map_err(invalid)?;
        change(&mut wanted);
        let after = serde_json::to_value(&wanted).map_err(invalid)?;
        let options = endpoint.client().diff_options();
        let patches = differences::<R>(operation, &before, &after, &options)?;
        Ok(Self { wanted, after, patches })
    }

    /// Whether `now` needs no change any more. Attributes that the server alone writes say nothing.
    fn is_reached(&self, now: &R) -> bool {
        let same = serde_json::to_value(now)
            .ok()
            .and_then(|now| diff(&now, &self.after, &R::resource_schemas(), &DiffOptions::new()).ok())
            .is_some_and(|rest| rest.is_empty());
        // A server may add values of its own, but what is gone must be gone: `diff` sees both, `holds` one.
        same && holds(now, &self.after)
    }
}

fn differences<R: ScimResource>(
    operation: impl Fn() -> Operation,
    before: &Value,
    after: &Value,
    options: &DiffOptions,
) -> Result<Vec<PatchOp>, Error> {
    let schemas = R::resource_schemas();
    let invalid = |error: PatchError| Error::invalid_request(operation(), error);
    let patches = diff(before, after, &schemas, options).map_err(invalid)?;
    if options.only_known {
        // What is left out must not look like what is done.
        let mut reached = before.clone();
        for patch in &patches {
            patch.apply(&mut reached, &schemas, &PatchOptions::lenient()).map_err(invalid)?;
        }
        let rest = diff(&reached, after, &schemas, &DiffOptions::new()).map_err(invalid)?;
        if let Some(left_out) = rest.iter().flat_map(|patch| &patch.operations).next() {
            let what = left_out.path.as_ref().map_or_else(|| "a member".to_owned(), |path| format!("`{path}`"));
            let why = format!("{what} is in none of the type's schemas, and the client is set to send nothing else");
            return Err(Error::own(operation(), ErrorKind::InvalidRequest, why));
        }
    }
    Ok(patches)
}

/// Somebody else was faster: 412, or 409 where no value is taken.
fn clashed(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::PreconditionFailed => true,
        ErrorKind::Conflict => error.scim_type().is_none(),
        _ => false,
    }
}
